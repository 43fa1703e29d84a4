"""What is told of conversations."""

from typing import ClassVar
from uuid import UUID

from aftercare.conversations.model import Author, Channel, Verified
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
    contact_id: UUID | None = None
    """From whom it came by a channel, or to whom it leaves."""


class NoteWritten(Fact):
    name: ClassVar[str] = "note.written"
    thread_id: UUID
    message_id: UUID
    case_id: UUID | None = None


class MessageSent(Fact):
    """The other side's server has taken it."""

    name: ClassVar[str] = "message.sent"
    message_id: UUID
    thread_id: UUID
    contact_id: UUID
    case_id: UUID | None = None
    channel: Channel


class MessageUndeliverable(Fact):
    """It will not arrive by this channel unless somebody does something; `bounced`: because of the address."""

    name: ClassVar[str] = "message.undeliverable"
    message_id: UUID
    thread_id: UUID
    contact_id: UUID
    case_id: UUID | None = None
    channel: Channel
    bounced: bool


class ContactJoined(Fact):
    """From now on we know whose it is."""

    name: ClassVar[str] = "contact.joined"
    contact_id: UUID
    customer_id: UUID
    how: Verified


class ContactSplit(Fact):
    """It was not this customer's."""

    name: ClassVar[str] = "contact.split"
    contact_id: UUID
    customer_id: UUID


class ContactBounced(Fact):
    """Nothing arrives at this address any more."""

    name: ClassVar[str] = "contact.bounced"
    contact_id: UUID
    customer_id: UUID | None = None


class ConversationRated(Fact):
    """Whoever talked with us says how it was, in one to five stars; the words stay in their own table."""

    name: ClassVar[str] = "conversation.rated"
    thread_id: UUID
    case_id: UUID | None = None
    contact_id: UUID | None = None
    stars: int


class ChannelAdded(Fact):
    name: ClassVar[str] = "channel.added"
    channel_account_id: UUID
    kind: Channel


class ChannelChanged(Fact):
    name: ClassVar[str] = "channel.changed"
    channel_account_id: UUID
    kind: Channel
    active: bool


class ChannelPushed(Fact):
    """Something came from outside and was kept; it is worked off by a reaction."""

    name: ClassVar[str] = "channel.pushed"
    push_id: UUID
    sender_id: UUID | None = None
    """Made from the account and who sent it, where that is known at once: keeps one sender's pushes in order."""
    channel_account_id: UUID
    kind: Channel


class AnswerTemplateSet(Fact):
    name: ClassVar[str] = "answer_template.set"
    answer_template_id: UUID
    locales: list[str]


class AnswerTemplateRemoved(Fact):
    name: ClassVar[str] = "answer_template.removed"
    answer_template_id: UUID


class PhraseForbidden(Fact):
    name: ClassVar[str] = "phrase.forbidden"
    phrase_id: UUID
    locale: str
    blocks: bool


class PhraseAllowed(Fact):
    name: ClassVar[str] = "phrase.allowed"
    phrase_id: UUID
    locale: str


class WordingOverridden(Fact):
    """Something was sent although the check of wording would have held it back; the reason is a note in the thread."""

    name: ClassVar[str] = "wording.overridden"
    case_id: UUID
    message_id: UUID
    account_id: UUID | None = None
    flaws: list[str]
