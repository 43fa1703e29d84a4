"""Pushes: what comes from outside is kept as it is, once, and answered at once; a reaction works it off afterwards. So a push
is neither lost when reading it fails, nor counted twice when it comes twice."""

from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.conversations.events import ChannelPushed
from aftercare.conversations.model import AccountNotFound, Channel, ChannelPush, PushTooLarge
from aftercare.journal import Work
from aftercare.kit.json import to_json

LARGEST = 1024 * 1024
KEPT_FOR = timedelta(days=30)
_SENDERS = UUID("0198c0de-5e1f-7a00-8000-c0a7ac7000de")


class PushKept(BaseModel):
    """`again`: the same push had come before; nothing happened this time."""

    push_id: UUID
    again: bool


class Push(BaseModel):
    id: UUID
    shop_id: UUID
    account_id: UUID
    body: bytes
    about: dict[str, Any]


KEEP = text(
    """
    WITH kept AS (
      INSERT INTO channel_push (id, shop_id, account_id, digest, received_at, body, about)
      SELECT CAST(:id AS uuid), shop_id, id, CAST(:digest AS text), CAST(:now AS timestamptz), CAST(:body AS bytea),
        CAST(:about AS jsonb) FROM channel_account
      WHERE id = :account_id AND active
      ON CONFLICT (account_id, digest) DO NOTHING RETURNING id
    )
    SELECT a.shop_id, a.kind, (SELECT id FROM kept) AS kept,
      (SELECT id FROM channel_push WHERE account_id = a.id AND digest = :digest) AS earlier
    FROM channel_account a WHERE a.id = :account_id AND a.active
    """
)


def sender_id(account_id: UUID, sender: str) -> UUID:
    """As the journal calls one who pushes by this account."""
    return uuid5(_SENDERS, f"{account_id}\x00{sender}")


async def keep_push(
    work: Work,
    account_id: UUID,
    body: bytes,
    *,
    digest: str | None = None,
    sender: str = "",
    about: dict[str, Any] | None = None,
    largest: int = LARGEST,
) -> PushKept:
    """Keeps what was pushed, and marks the account as seen. The caller has verified who pushes. Two pushes are the same when
    their `digest` is: that of the body unless something better is known (an event's id). `sender`: pushes of one sender are
    worked off in order. Refuses with AccountNotFound, PushTooLarge."""
    if len(body) > largest:
        raise PushTooLarge(largest_bytes=largest)
    push_id = work.new_id()
    row = (
        await work.session.execute(
            KEEP,
            {
                "id": push_id,
                "account_id": account_id,
                "digest": digest or sha256(body).hexdigest(),
                "now": work.now,
                "body": body,
                "about": to_json(about or {}),
            },
        )
    ).one_or_none()
    if row is None:
        raise AccountNotFound(account_id=account_id)
    if row.kept is None:
        return PushKept(push_id=row.earlier or push_id, again=True)
    await work.session.execute(
        text("UPDATE channel_account SET last_seen_at = :now, last_error = NULL WHERE id = :id"),
        {"id": account_id, "now": work.now},
    )
    work.record(
        ChannelPushed(
            shop_id=row.shop_id,
            push_id=push_id,
            sender_id=sender_id(account_id, sender) if sender else None,
            channel_account_id=account_id,
            kind=Channel(row.kind),
        )
    )
    return PushKept(push_id=push_id, again=False)


async def read_push(work: Work, push_id: UUID) -> Push | None:
    """None when it was worked off already or forgotten."""
    row = await work.session.get(ChannelPush, push_id, populate_existing=True)
    if row is None or row.worked_at is not None:
        return None
    return Push.model_validate(row, from_attributes=True)


async def push_worked(work: Work, push_id: UUID, outcome: str) -> None:
    """In the Work of what it caused. `outcome` in a word, for people who look."""
    await work.session.execute(
        text("UPDATE channel_push SET worked_at = :now, outcome = :outcome WHERE id = :id"),
        {"id": push_id, "now": work.now, "outcome": outcome[:200]},
    )


async def forget_pushes(work: Work) -> int:
    """Those worked off a month ago or longer; for the worker's tick. Returns how many went."""
    gone: Any = await work.session.execute(
        text("DELETE FROM channel_push WHERE received_at < :before AND worked_at IS NOT NULL"),
        {"before": work.now - KEPT_FOR},
    )
    return int(gone.rowcount)
