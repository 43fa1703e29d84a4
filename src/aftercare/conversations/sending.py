"""Sending: what was said is handed to the other side's server until it takes it; in one thread one after the other. Who dies
in between leaves it planned, and it is sent again under the same id."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, text

from aftercare.conversations.accounts import account
from aftercare.conversations.contacts import note_bounced
from aftercare.conversations.events import MessagePosted, MessageSent, MessageUndeliverable
from aftercare.conversations.model import (
    Author,
    ChannelAccount,
    File,
    MessageFile,
    MessageSending,
    SendingState,
)
from aftercare.conversations.ports import (
    Account,
    ChannelSender,
    ChannelSenders,
    NotDelivered,
    Outgoing,
    OutgoingFile,
    Sent,
    TryLater,
)
from aftercare.conversations.reply_tokens import signed_reply_token
from aftercare.journal import SYSTEM, House, Work, after, begin
from aftercare.kit.files import Files
from aftercare.kit.text import clean

log = structlog.get_logger()

ATTEMPT_LASTS = timedelta(minutes=3)
"""While one attempt runs nobody begins another; what is older died."""
SECONDS = 120
MOST_ATTEMPTS = 28
"""With the waits between them, a little more than a day."""
MOST_REFERENCES = 20
LONGEST_ERROR = 500

TAKE = text(
    """
    UPDATE message_sending s SET attempts = attempts + 1, next_at = CAST(:until AS timestamptz)
    WHERE s.message_id = :id AND s.state = 'planned' AND s.next_at <= :now
      AND NOT EXISTS (SELECT FROM message_sending e WHERE e.thread_id = s.thread_id AND e.state = 'planned'
        AND e.position < s.position)
    RETURNING s.message_id
    """
)
LOOK_UP = text(
    """
    SELECT m.body, m.html, m.sent_at, m.thread_id, s.subject, s.case_number, c.address AS to, c.name AS contact_name,
      c.channel, p.name AS shop_name, p.locale AS shop_locale, u.locale, s.account_id,
      CASE m.author_kind WHEN 'staff' THEN (SELECT name FROM account WHERE id = m.author_id) END AS author_name,
      (SELECT max(sent_at) FROM message WHERE contact_id = s.contact_id AND author_kind = 'customer') AS last_inbound_at
    FROM message_sending s JOIN message m ON m.id = s.message_id JOIN contact c ON c.id = s.contact_id
    JOIN shop p ON p.id = s.shop_id JOIN thread t ON t.id = s.thread_id LEFT JOIN customer u ON u.id = t.customer_id
    WHERE s.message_id = :id
    """
)
# What the other side can know of this thread: what it wrote by this account, and what we sent by it.
REFERENCES = text(
    """
    SELECT coalesce(m.external_id, s.external_id) AS external_id, m.external_id IS NOT NULL AND m.contact_id = :contact_id AS theirs
    FROM message m LEFT JOIN message_sending s ON s.message_id = m.id
    WHERE m.thread_id = :thread_id AND m.kind = 'message' AND m.account_id = :account_id
      AND (m.sent_at, m.position) < (SELECT sent_at, position FROM message WHERE id = :id)
      AND coalesce(m.external_id, s.external_id) IS NOT NULL
    ORDER BY m.sent_at DESC, m.position DESC LIMIT :most
    """
)


@after(
    MessagePosted,
    outside=True,
    when=lambda fact: fact.contact_id is not None and fact.author_kind is not Author.customer,
)
async def send_posted(house: House, fact: MessagePosted) -> None:
    await send_message(house, fact.message_id)


async def send_message(house: House, message_id: UUID) -> None:
    """One attempt, if it is due, nobody else is at it, and nothing earlier waits in its thread. Never raises for what the
    other side says."""
    senders: ChannelSenders | None = house.ports.get(ChannelSenders)
    prepared = await _prepare(house, message_id, senders)
    if prepared is None:
        return
    sender, outgoing = prepared
    try:
        async with asyncio.timeout(SECONDS):
            sent = await sender.send(outgoing)
    except NotDelivered as refused:
        async with begin(house, SYSTEM) as work:
            state = SendingState.bounced if refused.bounced else SendingState.failed
            await _fail(work, message_id, state, refused.said)
    except TryLater as later:
        async with begin(house, SYSTEM) as work:
            await _put_off(work, message_id, later.said, later.after)
    except Exception as failure:
        if not isinstance(failure, OSError):
            log.warning("message not sent", message=str(message_id), exc_info=failure)
        async with begin(house, SYSTEM) as work:
            await _put_off(work, message_id, f"{type(failure).__name__}: {failure}", None)
    else:
        async with begin(house, SYSTEM) as work:
            await _note_sent(work, message_id, sent)


async def send_due(house: House, limit: int = 200) -> int:
    """Sends what waits for another attempt or was left by somebody who died; for the worker's tick. Returns how many were
    tried."""
    async with begin(house, SYSTEM) as work:
        due = (
            await work.session.scalars(
                select(MessageSending.message_id)
                .where(MessageSending.state == SendingState.planned, MessageSending.next_at <= work.now)
                .order_by(MessageSending.position)
                .limit(limit)
            )
        ).all()
    for message_id in due:
        await send_message(house, message_id)
    return len(due)


async def _prepare(
    house: House, message_id: UUID, senders: ChannelSenders | None
) -> tuple[ChannelSender, Outgoing] | None:
    """Who sends and what; None when there is nothing to do now."""
    if senders is None:
        # Nobody takes messages here (yet): it waits.
        return None
    async with begin(house, SYSTEM) as work:
        taken = await work.session.execute(
            TAKE, {"id": message_id, "until": work.now + ATTEMPT_LASTS, "now": work.now}
        )
        if taken.one_or_none() is None:
            return None
        row = (await work.session.execute(LOOK_UP, {"id": message_id})).one()
        by = await work.session.get_one(ChannelAccount, row.account_id)
        sender = senders.sender(by.kind)
        if not by.active or sender is None:
            await _fail(
                work, message_id, SendingState.failed, "account_closed" if sender else "channel_not_connected"
            )
            return None
        try:
            return sender, await _word(work, message_id, row, account(house, by))
        except Exception as failure:
            log.warning("message not worded", message=str(message_id), exc_info=failure)
            await _put_off(work, message_id, f"{type(failure).__name__}: {failure}", None)
    return None


async def _word(work: Work, message_id: UUID, row: Any, by: Account) -> Outgoing:
    sending = await work.session.get_one(MessageSending, message_id)
    earlier = (
        await work.session.execute(
            REFERENCES,
            {
                "thread_id": row.thread_id,
                "account_id": by.id,
                "contact_id": sending.contact_id,
                "id": message_id,
                "most": MOST_REFERENCES,
            },
        )
    ).all()
    files = await work.session.scalars(
        select(File)
        .join(MessageFile, MessageFile.file_id == File.id)
        .where(MessageFile.message_id == message_id)
        .order_by(MessageFile.position)
    )
    return Outgoing(
        account=by,
        to=row.to,
        contact_name=row.contact_name,
        subject=row.subject,
        body=row.body,
        html=row.html,
        files=[_outgoing(work.house, file) for file in files],
        locale=row.locale or row.shop_locale,
        message_id=message_id,
        case_number=row.case_number,
        shop_name=row.shop_name,
        author_name=row.author_name,
        reply_token=signed_reply_token(work.house.secret, row.thread_id),
        in_reply_to=next((one.external_id for one in earlier if one.theirs), None),
        references=[one.external_id for one in reversed(earlier)],
        last_inbound_at=row.last_inbound_at,
        posted_at=row.sent_at,
    )


def _outgoing(house: House, file: File) -> OutgoingFile:
    key = file.key

    async def read() -> bytes:
        return b"".join([piece async for piece in await house.port(Files).read(key)])

    return OutgoingFile(name=file.name, media_type=file.media_type, size=file.bytes, read=read)


PUT_OFF = text(
    """
    UPDATE message_sending SET error = :error, next_at = CAST(:now AS timestamptz) + CASE
      WHEN CAST(:after AS double precision) IS NOT NULL THEN make_interval(secs => :after)
      ELSE LEAST(interval '10 seconds' * power(4, LEAST(attempts, 6) - 1), interval '1 hour') END
    WHERE message_id = :id AND state = 'planned' RETURNING attempts
    """
)


async def _put_off(work: Work, message_id: UUID, said: str, after_: timedelta | None) -> None:
    said = clean(said)[:LONGEST_ERROR]
    row = (
        await work.session.execute(
            PUT_OFF,
            {
                "id": message_id,
                "error": said,
                "now": work.now,
                "after": None if after_ is None else after_.total_seconds(),
            },
        )
    ).one_or_none()
    if row is not None and row.attempts >= MOST_ATTEMPTS:
        await _fail(work, message_id, SendingState.failed, said)


SENT = text(
    """
    UPDATE message_sending s SET state = CASE WHEN :delivered THEN 'delivered' ELSE 'sent' END, error = NULL,
      external_id = CAST(:external_id AS text), sent_at = CAST(:now AS timestamptz),
      delivered_at = CASE WHEN :delivered THEN CAST(:now AS timestamptz) END
    FROM contact c WHERE s.message_id = :id AND s.state = 'planned' AND c.id = s.contact_id
    RETURNING s.message_id, s.shop_id, s.thread_id, s.case_id, s.contact_id, c.channel
    """
)


async def _note_sent(work: Work, message_id: UUID, sent: Sent) -> None:
    row = (
        await work.session.execute(
            SENT,
            {
                "id": message_id,
                "external_id": sent.external_id,
                "delivered": sent.delivered,
                "now": work.now,
            },
        )
    ).one_or_none()
    if row is not None:
        work.record(MessageSent.model_validate(dict(row._mapping)))


FAIL = text(
    """
    UPDATE message_sending s SET state = CAST(:state AS text), error = :error
    FROM contact c WHERE s.message_id = :id AND s.state IN ('planned', 'sent') AND c.id = s.contact_id
    RETURNING s.message_id, s.shop_id, s.thread_id, s.case_id, s.contact_id, c.channel
    """
)


async def _fail(work: Work, message_id: UUID, state: SendingState, said: str) -> bool:
    row = (
        await work.session.execute(
            FAIL, {"id": message_id, "state": state.value, "error": clean(said)[:LONGEST_ERROR]}
        )
    ).one_or_none()
    if row is None:
        return False
    bounced = state is SendingState.bounced
    work.record(MessageUndeliverable.model_validate({**row._mapping, "bounced": bounced}))
    if bounced:
        await note_bounced(work, row.contact_id)
    return True


REPORTED = text(
    """
    UPDATE message_sending SET state = CAST(:state AS text),
      delivered_at = coalesce(delivered_at, CAST(:now AS timestamptz)),
      read_at = CASE WHEN CAST(:state AS text) = 'read' THEN CAST(:now AS timestamptz) ELSE read_at END
    WHERE message_id = :id AND state = ANY(CAST(:before AS text[]))
    """
)
_BEFORE = {SendingState.delivered: ["sent"], SendingState.read: ["sent", "delivered"]}


async def note_delivery(
    work: Work, account_id: UUID, external_id: str, state: SendingState, *, said: str = ""
) -> bool:
    """What the other side reports of a message it took: delivered, read, failed, bounced. Late and repeated reports change
    nothing. False for what is not ours."""
    message_id = await sent_as(work, account_id, external_id)
    if message_id is None:
        return False
    if state in _BEFORE:
        await work.session.execute(
            REPORTED, {"id": message_id, "state": state.value, "now": work.now, "before": _BEFORE[state]}
        )
    elif state in (SendingState.failed, SendingState.bounced):
        await _fail(work, message_id, state, said)
    return True


async def sent_as(work: Work, account_id: UUID, external_id: str) -> UUID | None:
    """The message that the other side knows under this name."""
    return await work.session.scalar(
        select(MessageSending.message_id).where(
            MessageSending.account_id == account_id, MessageSending.external_id == external_id
        )
    )


async def send_again(work: Work, message_id: UUID) -> None:
    """Staff want an undeliverable message to be tried once more, as after an address was mended. Needs
    `conversations.write`."""
    work.require("conversations.write")
    await work.session.execute(
        text(
            "UPDATE message_sending SET state = 'planned', attempts = 0, error = NULL, next_at = :now"
            " WHERE message_id = :id AND state IN ('failed', 'bounced')"
        ),
        {"id": message_id, "now": work.now},
    )
