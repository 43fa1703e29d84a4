"""What is told of conversations."""

from typing import ClassVar
from uuid import UUID

from aftercare.conversations.model import Author, Channel
from aftercare.journal import Fact


class MessagePosted(Fact):
    """Something was said between customer and shop. A note is not: it is `NoteWritten`."""

    name: ClassVar[str] = "message.posted"
    public: ClassVar[bool] = True
    thread_id: UUID
    message_id: UUID
    case_id: UUID | None = None
    customer_id: UUID | None = None
    author_kind: Author
    channel: Channel


class NoteWritten(Fact):
    name: ClassVar[str] = "note.written"
    thread_id: UUID
    message_id: UUID
    case_id: UUID | None = None
