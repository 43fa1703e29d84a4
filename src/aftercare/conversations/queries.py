"""Reading what was said."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from aftercare.conversations.model import Author, Channel, MessageKind, SendingState
from aftercare.conversations.verbs import Offers, get_thread
from aftercare.journal import ActorKind, Work
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark


class MessageFileView(BaseModel):
    id: UUID
    name: str
    media_type: str
    bytes: int


class SendingView(BaseModel):
    """What became of a message that left by a channel; `error` in the words of the other side."""

    state: SendingState
    to: str
    error: str | None
    sent_at: datetime | None


class MessageView(BaseModel):
    """`seen`: whether the other side has read it. `sending`: only of what leaves by a channel."""

    id: UUID
    author_kind: Author
    author_id: UUID | None
    author_name: str | None
    kind: MessageKind
    channel: Channel
    body: str
    html: str | None
    sent_at: datetime
    seen: bool
    files: list[MessageFileView]
    contact_id: UUID | None
    sending: SendingView | None
    offers: Offers | None


_MESSAGES = """
    SELECT m.id, m.author_kind, m.author_id,
      CASE m.author_kind WHEN 'staff' THEN (SELECT name FROM account WHERE id = m.author_id)
        WHEN 'customer' THEN coalesce((SELECT name FROM customer WHERE id = t.customer_id),
          (SELECT coalesce(nullif(name, ''), address) FROM contact WHERE id = m.contact_id)) END AS author_name,
      m.contact_id, CASE WHEN m.contact_id IS NOT NULL AND m.author_kind <> 'customer' THEN
        (SELECT jsonb_build_object('state', s.state, 'to', c.address, 'error', s.error, 'sent_at', s.sent_at)
        FROM message_sending s JOIN contact c ON c.id = s.contact_id WHERE s.message_id = m.id) END AS sending,
      m.kind, m.channel, m.body, m.html, m.sent_at, m.position, m.offers,
      m.sent_at <= coalesce(CASE m.author_kind WHEN 'customer' THEN t.shop_read_at ELSE t.customer_read_at END,
        '-infinity') AS seen,
      coalesce((SELECT jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'media_type', f.media_type,
          'bytes', f.bytes) ORDER BY mf.position)
        FROM message_file mf JOIN file f ON f.id = mf.file_id WHERE mf.message_id = m.id), '[]') AS files
    FROM message m JOIN thread t ON t.id = m.thread_id
    WHERE m.thread_id = :thread_id {notes} {before}
    ORDER BY m.sent_at DESC, m.position DESC LIMIT :fetch
"""


async def messages(
    work: Work, thread_id: UUID, *, before: str | None = None, limit: int = 50
) -> Page[MessageView]:
    """The newest messages, the oldest of them first; `next` is the mark of what was said before them. A customer gets no
    notes. Refuses with ThreadNotFound."""
    await get_thread(work, thread_id)
    rows, following = await message_rows(work, thread_id, before=before, limit=limit)
    return Page(items=[MessageView.model_validate(row) for row in rows], next=following)


async def message_rows(
    work: Work, thread_id: UUID, *, before: str | None = None, limit: int = 50
) -> tuple[list[dict[str, Any]], str | None]:
    """As `messages`, for who has checked access already: bare columns and the mark."""
    begins = read_mark(before, (datetime, int))
    limit = min(limit, LARGEST_PAGE)
    sql = _MESSAGES.format(
        notes="AND m.kind = 'message'" if work.actor.kind is ActorKind.customer else "",
        before="AND (m.sent_at, m.position) < (:sent_at, :position)" if begins else "",
    )
    values = {"thread_id": thread_id, "fetch": limit + 1}
    if begins:
        values |= {"sent_at": begins[0], "position": begins[1]}
    rows = await work.read(sql, values)
    kept, following = page(rows, limit, lambda row: (row.sent_at, row.position))
    return [dict(row._mapping) for row in reversed(kept)], following
