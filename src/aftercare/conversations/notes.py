"""Notes that the system leaves for staff, many at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from aftercare.conversations.events import NoteWritten
from aftercare.conversations.model import LONGEST_BODY, Author, Channel, MessageKind
from aftercare.journal import Fact, Work
from aftercare.kit.text import clean


@dataclass(frozen=True, slots=True)
class Note:
    """`because`: the fact that made the system leave it, where a reaction follows from many."""

    shop_id: UUID
    thread_id: UUID
    case_id: UUID
    body: str
    because: Fact | None = None


LEAVE = text(
    """
    INSERT INTO message (id, shop_id, thread_id, author_kind, kind, channel, body, sent_at)
    SELECT n.id, n.shop_id, n.thread_id, :author, :kind, :channel, n.body, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:shops AS uuid[]), CAST(:threads AS uuid[]), CAST(:bodies AS text[]))
      AS n(id, shop_id, thread_id, body)
    """
)


async def leave_notes(work: Work, notes: Sequence[Note]) -> None:
    """Each in its thread. The turn in a thread, and what anybody has read of it, stays as it is. For the system."""
    if not notes:
        return
    work.require("conversations.write")
    ids = [work.new_id() for _ in notes]
    await work.session.execute(
        LEAVE,
        {
            "ids": ids,
            "shops": [note.shop_id for note in notes],
            "threads": [note.thread_id for note in notes],
            "bodies": [clean(note.body).strip()[:LONGEST_BODY] for note in notes],
            "author": Author.system.value,
            "kind": MessageKind.note.value,
            "channel": Channel.desk.value,
            "now": work.now,
        },
    )
    for note, message_id in zip(notes, ids, strict=True):
        work.record(
            NoteWritten(
                shop_id=note.shop_id, thread_id=note.thread_id, message_id=message_id, case_id=note.case_id
            ),
            because=note.because,
        )
