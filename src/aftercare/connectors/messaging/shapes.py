"""What a form takes and gives: a request as it came, the events in it, and what each of them tells."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from aftercare.conversations import Account, CallEvent, Channel, Outgoing, SendingState, TryLater
from aftercare.kit.errors import Invalid, NotAllowed, NotFound

if TYPE_CHECKING:
    from aftercare.connectors.messaging.outside import Outside

SECONDS_OF_GRACE = 300
"""How far the time of a push may be from our clock, where the vendor signs a time."""


class SignatureWrong(NotAllowed):
    """This is not signed by who it says it is from, or not now."""


class PushUnreadable(Invalid):
    """This is signed, but its form is not the documented one."""


class FormUnknown(NotFound):
    """Nothing is taken in this form here."""


@dataclass(frozen=True)
class Asked:
    """A request as it came. `urls`: the addresses under which the other side may know us, for signatures over the address."""

    method: str
    urls: Sequence[str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    now: datetime


@dataclass(frozen=True)
class Event:
    """One event of a push, as it will be kept. `digest` names it for ever; what one `sender` sends stays in order."""

    body: bytes
    digest: str
    sender: str = ""
    about: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """What was verified: events to keep, and the answer that the other side expects. Without an answer it is told what was kept."""

    events: Sequence[Event] = ()
    answer: bytes | None = b""
    media_type: str = "text/plain"


@dataclass(frozen=True)
class Media:
    """Something that came with a message and is still to be fetched. `what` is understood by the form that made it; `data` is it already."""

    name: str
    what: str = ""
    data: bytes | None = None


@dataclass(frozen=True)
class Said:
    """Somebody wrote."""

    address: str
    external_id: str
    body: str = ""
    name: str = ""
    html: str | None = None
    subject: str = ""
    media: Sequence[Media] = ()
    references: Sequence[str] = ()
    thread_token: str | None = None
    order_numbers: Sequence[str] = ()
    locale: str | None = None
    sent_at: datetime | None = None
    automatic: bool = False


@dataclass(frozen=True)
class Reported:
    """What became of a message that we sent."""

    external_id: str
    state: SendingState
    said: str = ""


Told = Said | Reported | CallEvent | None
"""None: nothing that concerns us."""


class Form(Protocol):
    """One vendor's way to tell us things."""

    name: ClassVar[str]
    kinds: ClassVar[frozenset[Channel]]

    def take(self, account: Account, asked: Asked) -> Taken:
        """Verifies, then cuts. Refuses with SignatureWrong or PushUnreadable; reads no file and asks nobody."""
        ...

    def read(self, account: Account, body: bytes, about: Mapping[str, Any]) -> Told: ...

    async def fetch(self, outside: "Outside", account: Account, media: Media) -> bytes:
        """Raises OSError when it may be had later, GoneForGood when never."""
        ...


class GoneForGood(Exception):
    """This can never be fetched."""


def secret(account: Account, name: str) -> str:
    """For sending. Without it nothing leaves until somebody sets it: raises TryLater."""
    value = account.secrets.get(name)
    if not value:
        raise TryLater(f"the secret {name} of this channel account is not set")
    return value


def setting(account: Account, name: str, default: str | None = None) -> str:
    """The same for what is no secret."""
    value = account.settings.get(name, default)
    if value is None or value == "":
        raise TryLater(f"the setting {name} of this channel account is not set")
    return str(value)


def is_timely(timestamp: str, now: datetime, grace: int = SECONDS_OF_GRACE) -> bool:
    return timestamp.isdecimal() and abs(int(timestamp[:15]) - now.timestamp()) <= grace


def filled(wanted: Mapping[str, Any], outgoing: Outgoing) -> dict[str, str]:
    """The parameters of an approved template, each a sentence with {body}, {case_number}, {shop}, {name}, {subject}, {author}."""
    known = {
        "body": " ".join(outgoing.body.split()),
        "case_number": outgoing.case_number,
        "shop": outgoing.shop_name,
        "name": outgoing.contact_name,
        "subject": outgoing.subject,
        "author": outgoing.author_name or outgoing.shop_name,
    }
    return {name: fill(str(sentence), known) for name, sentence in wanted.items()}


def fill(sentence: str, known: Mapping[str, str]) -> str:
    """Plain replacing: what somebody writes into a template can reach nothing but these words."""
    for name, value in known.items():
        sentence = sentence.replace("{" + name + "}", value)
    return sentence


def parts_of(body: str, most: int, *, in_bytes: bool = False) -> list[str]:
    """The body in pieces that the other side takes, cut where lines or sentences end if there is such a place."""

    def size(piece: str) -> int:
        return len(piece.encode()) if in_bytes else len(piece)

    pieces: list[str] = []
    rest = body.strip()
    while size(rest) > most:
        end = min(most, len(rest))
        while size(rest[:end]) > most:
            end -= max(1, (size(rest[:end]) - most) // 4)
        cut = max(rest.rfind(mark, end // 2, end) + 1 for mark in ("\n", "。", "！", "？", ". ", " "))
        cut = cut or end
        pieces.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*pieces, rest] if rest else pieces
