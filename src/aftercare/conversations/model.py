"""What was said: threads, messages, files, drafts."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotAllowed, NotFound
from aftercare.kit.tables import Base, status_type

LONGEST_BODY = 20_000
MOST_FILES = 20


class Author(StrEnum):
    customer = "customer"
    staff = "staff"
    system = "system"
    integration = "integration"


class MessageKind(StrEnum):
    message = "message"
    note = "note"
    """Among staff only; the customer never sees it."""


class Channel(StrEnum):
    portal = "portal"
    email = "email"
    api = "api"
    phone = "phone"
    chat = "chat"
    sms = "sms"
    social = "social"
    desk = "desk"


class ThreadNotFound(NotFound):
    """There is no such conversation, or it is not yours to see."""


class MessageEmpty(Invalid):
    """A message needs words or a file."""


class MessageTooLong(Invalid):
    """This message is too long."""


class TooManyFiles(Invalid):
    """A message carries at most twenty files."""


class FileNotFound(NotFound):
    """There is no such file, or it is not yours to see."""


class NotesAreForStaff(NotAllowed):
    """Only staff write internal notes."""


class Thread(Base):
    """One conversation between a customer and a shop."""

    __tablename__ = "thread"
    __table_args__ = (Index("thread_customer_idx", "customer_id", "opened_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    opened_at: Mapped[datetime]
    last_message_at: Mapped[datetime | None]
    customer_read_at: Mapped[datetime | None]
    shop_read_at: Mapped[datetime | None]


class Message(Base):
    __tablename__ = "message"
    __table_args__ = (
        Index("message_thread_idx", "thread_id", "sent_at", "position"),
        # A retry of the same sending finds the first one instead of doubling it.
        Index(
            "message_sent_once_idx",
            "thread_id",
            "client_key",
            unique=True,
            postgresql_where=text("client_key IS NOT NULL"),
        ),
        CheckConstraint("kind = 'message' OR author_kind <> 'customer'", name="a_customer_writes_no_notes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("thread.id"))
    author_kind: Mapped[Author] = mapped_column(
        status_type(Author, "a_message_is_by_a_customer_staff_or_a_machine")
    )
    author_id: Mapped[UUID | None]
    kind: Mapped[MessageKind] = mapped_column(status_type(MessageKind, "a_message_is_said_or_noted"))
    channel: Mapped[Channel] = mapped_column(status_type(Channel, "a_message_comes_by_a_known_channel"))
    body: Mapped[str]
    html: Mapped[str | None]
    """Cleaned before it was kept; safe to show."""
    sent_at: Mapped[datetime]
    client_key: Mapped[str | None]
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    """Keeps what was said at the same moment in order."""


class File(Base):
    """An upload: its bytes lie in the file store under `key`, once per content."""

    __tablename__ = "file"
    __table_args__ = (
        Index("file_customer_idx", "customer_id", "uploaded_at"),
        Index("file_uploaded_idx", "uploaded_at", "id"),
        # Whether other uploads have the same bytes.
        Index("file_key_idx", "key"),
        CheckConstraint("bytes > 0", name="a_file_has_bytes"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    """In whose matter it was uploaded."""
    shown_to_customer: Mapped[bool]
    name: Mapped[str]
    media_type: Mapped[str]
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str]
    key: Mapped[str]
    uploaded_by_kind: Mapped[Author] = mapped_column(
        status_type(Author, "a_file_is_by_a_customer_staff_or_a_machine")
    )
    uploaded_by_id: Mapped[UUID | None]
    uploaded_at: Mapped[datetime]


class MessageFile(Base):
    __tablename__ = "message_file"
    __table_args__ = (Index("message_file_file_idx", "file_id"),)

    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[UUID] = mapped_column(ForeignKey("file.id"))
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))


class Draft(Base):
    """What a member of staff has begun to write in a thread."""

    __tablename__ = "draft"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    kind: Mapped[MessageKind] = mapped_column(status_type(MessageKind, "a_draft_becomes_a_message_or_a_note"))
    body: Mapped[str]
    updated_at: Mapped[datetime]
