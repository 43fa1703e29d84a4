"""What notices need of the outside world: somebody who takes letters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Letter:
    """One e-mail. `message_id` is the same however often it is sent. `sender_name` is the shop's; the address is the
    sender's own."""

    message_id: str
    sender_name: str
    to: str
    to_name: str
    reply_to: str | None
    subject: str
    text: str
    html: str
    locale: str
    date: datetime


class MailRefused(Exception):
    """The letter will never be taken. `bounced`: because of its addressee."""

    def __init__(self, reason: str, *, bounced: bool) -> None:
        super().__init__(reason)
        self.reason, self.bounced = reason, bounced


class MailSender(Protocol):
    """The port. `send` raises MailRefused, or OSError when asking again may help."""

    @property
    def address(self) -> str:
        """From which letters come; its domain is that of their Message-IDs."""
        ...

    @property
    def portal_url(self) -> str:
        """Where the customer's portal is, without a slash at the end."""
        ...

    async def send(self, letter: Letter) -> None: ...
