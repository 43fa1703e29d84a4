"""What alarms need of the outside world: somebody who takes letters. Where there is none, people are told at the desk only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class AlarmLetter:
    """`key`: the same letter has the same, however often it is sent."""

    key: str
    to: str
    to_name: str
    locale: str
    subject: str
    text: str
    date: datetime


class AlarmPost(Protocol):
    """The port. `send` raises OSError when asking again may help."""

    @property
    def console_url(self) -> str:
        """Where the console is, without a slash at the end."""
        ...

    async def send(self, letter: AlarmLetter) -> None: ...
