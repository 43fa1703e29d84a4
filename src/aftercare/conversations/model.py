"""What was said and on which ways: threads, messages, files, drafts; channel accounts, contacts, sendings, pushes."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotAllowed, NotFound, Refusal
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
    wechat = "wechat"
    wecom = "wecom"
    whatsapp = "whatsapp"
    telegram = "telegram"
    webhook = "webhook"


LEAVING = frozenset(
    {
        Channel.email,
        Channel.sms,
        Channel.wechat,
        Channel.wecom,
        Channel.whatsapp,
        Channel.telegram,
        Channel.webhook,
    }
)
"""Channels on which an answer is handed to somebody else. What is said in the portal or the chat is read where it was said."""


class SendingState(StrEnum):
    planned = "planned"
    sent = "sent"
    """The other side's server has taken it."""
    delivered = "delivered"
    read = "read"
    failed = "failed"
    bounced = "bounced"
    """Failed because of the address."""


class Verified(StrEnum):
    """What shows that a contact is a customer."""

    signed_in = "signed_in"
    code = "code"
    order_contact = "order_contact"
    """It wrote from the address or number of the order's customer, and named the order."""
    hand = "hand"


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


class AccountNotFound(NotFound):
    """There is no such channel account, or it is not yours to see."""


class AccountTaken(Refusal):
    """This shop has an account of this kind with this address already."""


class SettingsNotPossible(Invalid):
    """These settings are too large, or not those that such an account has."""


class ContactNotFound(NotFound):
    """There is no such contact, or it is not yours to see."""


class ContactNotOfCase(Invalid):
    """This contact does not belong to the case: it neither wrote in it nor is it its customer's."""


class AddressNotPossible(Invalid):
    """This cannot be an address of this channel."""


class ContactJoinedAlready(Refusal):
    """This contact belongs to another customer; split it first."""


class ContactNotJoined(Refusal):
    """This contact belongs to no customer."""


class StarsNotPossible(Invalid):
    """A rating has one to five stars."""


class PushTooLarge(Invalid):
    """This is too large to be a push."""

    status: ClassVar[int] = 413


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
        # A push that comes twice is one message; answers find what they answer.
        Index(
            "message_received_once_idx",
            "account_id",
            "external_id",
            unique=True,
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        Index(
            "message_contact_idx", "contact_id", "sent_at", postgresql_where=text("contact_id IS NOT NULL")
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
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("channel_account.id"))
    """By which account it came or leaves."""
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    """From whom it came, or to whom it leaves; None for what was said in the portal."""
    external_id: Mapped[str | None]
    """What the other side calls it, when it came from there."""
    offers: Mapped[dict[str, Any] | None]
    """Answers to press, and what the words rest on."""
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


class ChannelAccount(Base):
    """A mailbox, number, bot or app of a shop. `secrets` are sealed; `marks` say how far a connector has read."""

    __tablename__ = "channel_account"
    __table_args__ = (
        Index(
            "channel_account_address_idx",
            "shop_id",
            "kind",
            "address",
            unique=True,
            postgresql_where=text("active"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    kind: Mapped[Channel] = mapped_column(status_type(Channel, "an_account_is_of_a_known_channel"))
    name: Mapped[str]
    address: Mapped[str]
    settings: Mapped[dict[str, Any]]
    secrets: Mapped[bytes]
    marks: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    active: Mapped[bool]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime | None]
    """When the other side last answered or pushed."""
    last_error: Mapped[str | None]


class Contact(Base):
    """A way to reach somebody. It has a customer once that is verified, and only then."""

    __tablename__ = "contact"
    __table_args__ = (
        Index("contact_address_idx", "shop_id", "channel", "address", unique=True),
        Index("contact_customer_idx", "customer_id"),
        CheckConstraint(
            "(customer_id IS NULL) = (verified_at IS NULL) AND (verified_at IS NULL) = (verified_by IS NULL)",
            name="a_contact_has_a_customer_when_verified",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    channel: Mapped[Channel] = mapped_column(status_type(Channel, "a_contact_is_of_a_known_channel"))
    address: Mapped[str]
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("channel_account.id"))
    name: Mapped[str]
    verified_at: Mapped[datetime | None]
    verified_by: Mapped[Verified | None] = mapped_column(
        status_type(Verified, "a_contact_is_verified_in_a_known_way")
    )
    bounced_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class MessageSending(Base):
    """A message on its way out by a channel; planned in the transaction of the message itself."""

    __tablename__ = "message_sending"
    __table_args__ = (
        Index("message_sending_due_idx", "next_at", postgresql_where=text("state = 'planned'")),
        Index("message_sending_thread_idx", "thread_id", postgresql_where=text("state = 'planned'")),
        Index(
            "message_sending_external_idx",
            "account_id",
            "external_id",
            postgresql_where=text("external_id IS NOT NULL"),
        ),
        CheckConstraint(
            "state NOT IN ('sent', 'delivered', 'read') OR sent_at IS NOT NULL",
            name="a_sent_message_says_when",
        ),
    )

    message_id: Mapped[UUID] = mapped_column(ForeignKey("message.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("thread.id"))
    case_id: Mapped[UUID | None]
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_account.id"))
    state: Mapped[SendingState] = mapped_column(
        status_type(SendingState, "a_sending_is_in_a_known_state"), server_default="planned"
    )
    subject: Mapped[str]
    case_number: Mapped[str]
    external_id: Mapped[str | None]
    """What the other side calls it since it took it; of a mail its Message-ID."""
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime]
    """When it is tried next; while one attempt runs, when another may begin."""
    error: Mapped[str | None]
    planned_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    position: Mapped[int] = mapped_column(BigInteger, Identity())
    """What was planned first leaves first."""


class ChannelPush(Base):
    """What the outside told us, kept as it came, once, and worked off later."""

    __tablename__ = "channel_push"
    __table_args__ = (
        Index("channel_push_once_idx", "account_id", "digest", unique=True),
        Index("channel_push_received_idx", "received_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("channel_account.id"))
    digest: Mapped[str]
    received_at: Mapped[datetime]
    body: Mapped[bytes]
    about: Mapped[dict[str, Any]]
    """What came beside the body and is needed to read it: header lines, the envelope."""
    worked_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
    """In a word: received, again, bounce, own …"""


class ConversationRating(Base):
    """What whoever talked with us thought of it."""

    __tablename__ = "conversation_rating"
    __table_args__ = (
        Index("conversation_rating_shop_idx", "shop_id", "rated_at"),
        CheckConstraint("stars BETWEEN 1 AND 5", name="a_rating_has_one_to_five_stars"),
    )

    thread_id: Mapped[UUID] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    contact_id: Mapped[UUID | None] = mapped_column(ForeignKey("contact.id"))
    stars: Mapped[int]
    words: Mapped[str]
    rated_at: Mapped[datetime]


class AnswerTemplateNotFound(NotFound):
    """There is no such answer text, or it is not yours to see."""


class AnswerTemplateNameTaken(Refusal):
    """This shop has an answer text of this name already."""


class PhraseNotFound(NotFound):
    """There is no such phrase in this shop."""


class AnswerTemplate(Base):
    """Words that a shop answers with again and again, by language, with fields in `{{ }}`."""

    __tablename__ = "answer_template"
    __table_args__ = (Index("answer_template_name_idx", "shop_id", "name", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    folder: Mapped[str]
    name: Mapped[str]
    words: Mapped[dict[str, Any]]
    """By locale."""
    used: Mapped[int] = mapped_column(server_default=text("0"))
    used_at: Mapped[datetime | None]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]


class ForbiddenPhrase(Base):
    """What answers of this shop should not say, beside what none should."""

    __tablename__ = "forbidden_phrase"
    __table_args__ = (Index("forbidden_phrase_says_idx", "shop_id", "locale", "says", unique=True),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    locale: Mapped[str]
    says: Mapped[str]
    instead: Mapped[str]
    blocks: Mapped[bool]
    set_by: Mapped[UUID | None]
    set_at: Mapped[datetime]
