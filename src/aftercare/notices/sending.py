"""Sending: each planned notice is worded once and handed to the mail server until it takes it, always under the same
Message-ID. Who dies in between leaves it planned, and it is sent again."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, text

from aftercare.conversations import Channel, contact_of, note_bounced
from aftercare.identity import EntryCodeSpent
from aftercare.journal import SYSTEM, Fact, House, Work, begin
from aftercare.notices.events import NoticeFailed, NoticeSent, NoticeSuppressed
from aftercare.notices.model import Notice, NoticeState
from aftercare.notices.ports import Letter, MailRefused, MailSender
from aftercare.notices.rules import rule_of
from aftercare.notices.telling import Told, look_up
from aftercare.notices.templates import own_words
from aftercare.notices.wording import Words, render

log = structlog.get_logger()

ATTEMPT_LASTS = timedelta(minutes=2)
"""While one attempt runs nobody begins another; what is older died."""
SECONDS = 60
MOST_ATTEMPTS = 28
"""With the waits between them, a little more than a day."""

TAKE = text(
    """
    UPDATE notice SET attempts = attempts + 1, next_at = CAST(:until AS timestamptz)
    WHERE id = :id AND state = 'planned' AND next_at <= :now RETURNING id
    """
)


async def send_notice(house: House, notice_id: UUID) -> None:
    """One attempt, if it is due and nobody else is at it. Never raises for what the mail server says."""
    sender: MailSender | None = house.ports.get(MailSender)
    letter = await _prepare(house, notice_id, sender)
    if letter is None or sender is None:
        return
    try:
        async with asyncio.timeout(SECONDS):
            await sender.send(letter)
    except MailRefused as refused:
        await _finish(
            house, notice_id, NoticeState.bounced if refused.bounced else NoticeState.failed, refused.reason
        )
    except OSError as failure:
        async with begin(house, SYSTEM) as work:
            await _put_off(work, notice_id, failure)
    else:
        await _finish(house, notice_id, NoticeState.sent, None)


async def send_due(house: House, limit: int = 200) -> int:
    """Sends what waits for another attempt or was left by somebody who died; for the worker's tick. Returns how many were
    tried."""
    async with begin(house, SYSTEM) as work:
        due = (
            await work.session.scalars(
                select(Notice.id)
                .where(Notice.state == NoticeState.planned, Notice.next_at <= work.now)
                .order_by(Notice.next_at)
                .limit(limit)
            )
        ).all()
    for notice_id in due:
        await send_notice(house, notice_id)
    return len(due)


async def _prepare(house: House, notice_id: UUID, sender: MailSender | None) -> Letter | None:
    """The letter to be sent now; None when there is nothing to do."""
    async with begin(house, SYSTEM) as work:
        taken = await work.session.execute(
            TAKE, {"id": notice_id, "until": work.now + ATTEMPT_LASTS, "now": work.now}
        )
        if taken.one_or_none() is None:
            return None
        try:
            async with work.session.begin_nested():
                return await _word(work, notice_id, sender)
        except EntryCodeSpent:
            # Too late to be of use; a new one is asked for by whoever still wants in.
            await _settle(work, notice_id, NoticeState.failed, "entry_code_spent")
        except Exception as failure:
            log.warning("notice not worded", notice=str(notice_id), exc_info=failure)
            await _put_off(work, notice_id, failure)
    return None


async def _word(work: Work, notice_id: UUID, sender: MailSender | None) -> Letter | None:
    notice = await work.session.get_one(Notice, notice_id, populate_existing=True)
    told = await look_up(work, notice)
    secret = rule_of(notice.template).secret
    if notice.body is None or secret:
        words = await own_words(work, notice, told)
        notice.locale = told.locale
        if not secret:
            notice.subject, notice.body, notice.button = words.subject, words.body, words.button
    else:
        words = Words(notice.subject or "", notice.body, notice.button or "")
    notice.customer_id, notice.addressee, notice.address = told.customer_id, told.addressee, told.address
    await work.session.flush()
    if told.address is None:
        await _settle(work, notice_id, NoticeState.suppressed, None)
        return None
    if sender is None:
        # Nobody takes letters here (yet): it stands in the portal and waits.
        notice.attempts -= 1
        return None
    notice.message_id = notice.message_id or message_id(notice_id, sender.address)
    return _letter(notice, told, words, sender)


def _letter(notice: Notice, told: Told, words: Words, sender: MailSender) -> Letter:
    shop = told.fields.get("shop", "")
    reply_to = told.shop.support_email if told.shop else None
    rendered = render(
        words,
        locale=notice.locale or told.locale,
        shop=shop,
        customer=told.addressee,
        link=sender.portal_url + link_of(notice),
        answerable=reply_to is not None,
    )
    return Letter(
        message_id=notice.message_id or "",
        sender_name=shop,
        to=told.address or "",
        to_name=told.addressee,
        reply_to=reply_to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        locale=notice.locale or told.locale,
        date=notice.planned_at,
    )


def message_id(notice_id: UUID, address: str) -> str:
    return f"<notice.{notice_id.hex}@{address.rpartition('@')[2].rstrip('>') or 'localhost'}>"


def link_of(notice: Notice) -> str:
    """Where in the portal the button leads."""
    kind = rule_of(notice.template).link
    if kind == "entry":
        return f"/enter?code={notice.data['entry_code_id']}"
    if kind == "case" and notice.case_id is not None:
        return f"/cases/{notice.case_id}"
    if notice.claim_id is not None:
        return f"/claims/{notice.claim_id}"
    if "order_id" in notice.data:
        return f"/orders/{notice.data['order_id']}"
    return "/"


PUT_OFF = text(
    """
    UPDATE notice SET error = :error, next_at = CAST(:now AS timestamptz)
      + LEAST(interval '30 seconds' * power(4, LEAST(attempts, 6) - 1), interval '1 hour')
    WHERE id = :id AND state = 'planned' RETURNING attempts
    """
)


async def _put_off(work: Work, notice_id: UUID, failure: Exception) -> None:
    told = f"{type(failure).__name__}: {failure}"[:1_000]
    row = (
        await work.session.execute(PUT_OFF, {"id": notice_id, "error": told, "now": work.now})
    ).one_or_none()
    if row is not None and row.attempts >= MOST_ATTEMPTS:
        await _settle(work, notice_id, NoticeState.failed, told)


async def _finish(house: House, notice_id: UUID, state: NoticeState, error: str | None) -> None:
    async with begin(house, SYSTEM) as work:
        await _settle(work, notice_id, state, error)


SETTLE = text(
    """
    UPDATE notice SET error = :error,
      state = CASE WHEN read_at IS NOT NULL AND :state IN ('sent', 'suppressed') THEN 'read' ELSE CAST(:state AS text) END,
      sent_at = CASE WHEN CAST(:state AS text) = 'sent' THEN CAST(:now AS timestamptz) ELSE sent_at END
    WHERE id = :id AND state = 'planned' RETURNING id, shop_id, customer_id, claim_id, case_id, template
    """
)
ENDS: dict[NoticeState, type[Fact]] = {
    NoticeState.sent: NoticeSent,
    NoticeState.suppressed: NoticeSuppressed,
    NoticeState.failed: NoticeFailed,
    NoticeState.bounced: NoticeFailed,
}


async def _settle(work: Work, notice_id: UUID, state: NoticeState, error: str | None) -> None:
    row = (
        await work.session.execute(
            SETTLE, {"id": notice_id, "state": state.value, "error": error, "now": work.now}
        )
    ).one_or_none()
    if row is None:
        return
    about: dict[str, Any] = {
        "notice_id": row.id,
        "shop_id": row.shop_id,
        "customer_id": row.customer_id,
        "claim_id": row.claim_id,
        "case_id": row.case_id,
        "template": row.template,
    }
    if ENDS[state] is NoticeFailed:
        about["bounced"] = state is NoticeState.bounced
    work.record(ENDS[state](**about))


BOUNCED = text(
    """
    UPDATE notice SET state = 'bounced', error = :error
    WHERE id = :id AND state IN ('sent', 'read') AND sent_at IS NOT NULL
      AND (CAST(:anybody AS boolean) OR lower(address) = ANY(CAST(:recipients AS text[])))
    RETURNING id, shop_id, customer_id, claim_id, case_id, template, address
    """
)


async def note_bounce(work: Work, notice_id: UUID, *, recipients: Sequence[str], said: str) -> bool:
    """A letter that the mail server had taken has come back: the notice, and the address as a contact, are marked. With
    `recipients` only if it was for one of them. False when there is nothing to mark."""
    row = (
        await work.session.execute(
            BOUNCED,
            {
                "id": notice_id,
                "error": said[:1_000],
                "recipients": list(recipients),
                "anybody": not recipients,
            },
        )
    ).one_or_none()
    if row is None:
        return False
    work.record(
        NoticeFailed(
            notice_id=row.id,
            shop_id=row.shop_id,
            customer_id=row.customer_id,
            claim_id=row.claim_id,
            case_id=row.case_id,
            template=row.template,
            bounced=True,
        )
    )
    if row.shop_id is not None and row.address:
        contact = await contact_of(work, shop_id=row.shop_id, channel=Channel.email, address=row.address)
        await note_bounced(work, contact.id)
    return True
