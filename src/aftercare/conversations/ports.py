"""What conversations need of the outside: somebody who hands a message over on each channel."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from aftercare.conversations.model import Channel
from aftercare.journal import House


class Account(BaseModel):
    """A channel account as a connector works with it. Never put into an answer or a log: only its `repr` is harmless."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    shop_id: UUID
    kind: Channel
    name: str
    address: str
    settings: dict[str, Any] = Field(repr=False)
    secrets: dict[str, str] = Field(repr=False)
    marks: dict[str, Any] = Field(default={}, repr=False)


@dataclass(frozen=True)
class OutgoingFile:
    name: str
    media_type: str
    size: int
    read: Callable[[], Awaitable[bytes]]


class Outgoing(BaseModel):
    """One message to be handed over. The same `message_id` may come again after a crash: where the other side knows
    idempotency keys it is one."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    account: Account
    to: str
    contact_name: str
    subject: str
    body: str = Field(repr=False)
    html: str | None = Field(repr=False)
    files: list[OutgoingFile]
    locale: str
    message_id: UUID
    case_number: str
    shop_name: str
    author_name: str | None
    reply_token: str
    """For addresses and links: leads the answer into this thread."""
    in_reply_to: str | None
    """What the other side calls the message that is answered."""
    references: list[str]
    """All of this thread that the other side can know, the oldest first."""
    last_inbound_at: datetime | None
    """When this contact last wrote; some channels answer only for a while after that."""
    posted_at: datetime


class Sent(BaseModel):
    """`external_id`: what the other side calls it, by which later reports find it."""

    external_id: str | None = None
    delivered: bool = False


class NotDelivered(Exception):
    """It will never be taken. `bounced`: because of the address. `said` is shown to staff."""

    def __init__(self, said: str, *, bounced: bool = False) -> None:
        super().__init__(said)
        self.said, self.bounced = said, bounced


class TryLater(Exception):
    """It may be taken later; `after` at the earliest, else as we think best."""

    def __init__(self, said: str, after: timedelta | None = None) -> None:
        super().__init__(said)
        self.said, self.after = said, after


class ChannelSender(Protocol):
    """`send` raises NotDelivered or TryLater; an OSError counts as the latter."""

    async def send(self, outgoing: Outgoing) -> Sent: ...


class ChannelSenders(Protocol):
    """The port."""

    def sender(self, kind: Channel) -> ChannelSender | None: ...


class Checked(BaseModel):
    """What a trial of an account showed: `found` in the words of the other side, `missing` the names of settings and secrets that it
    needs, `door` the address that the vendor is given."""

    good: bool
    found: list[str]
    missing: list[str]
    door: str | None


class ChannelChecks(Protocol):
    """The port. Nothing is read, sent or changed."""

    def not_understood(self, kind: Channel, settings: Mapping[str, Any]) -> list[str]:
        """Which of the settings are none, or not what they may be."""
        ...

    async def check(self, house: House, account_id: UUID) -> Checked: ...
