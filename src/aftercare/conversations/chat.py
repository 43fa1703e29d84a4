"""Chat: a visitor of a shop's page who writes, and what that visitor may read.

A **visitor** has no account, only a token that we signed. The contact (channel chat) is made with the first words. What a visitor
reads: with a verified contact the whole thread of that customer; else only the own words and what was answered by chat since.
"""

import base64
import binascii
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from aftercare.conversations.accounts import NewAccount, add_account
from aftercare.conversations.events import ConversationRated
from aftercare.conversations.model import Author, Channel, StarsNotPossible
from aftercare.journal import House, Work
from aftercare.kit.errors import NotSignedIn
from aftercare.kit.text import clean

STAYS = timedelta(days=90)
STAYS_SIGNED_IN = timedelta(hours=12)
FILE_STAYS = timedelta(days=2)
LONGEST_RATING = 2_000
NOBODY_YET = UUID(int=0)
MAC = 16


class VisitorUnknown(NotSignedIn):
    """This chat has run out; please start it again."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """`person` is made at random, or is the customer's id for one who is signed in (`signed_in`). `thread_id`: where the talk
    goes on, when that is known from the start."""

    shop_id: UUID
    person: UUID
    signed_in: bool
    thread_id: UUID | None
    until: datetime

    @property
    def address(self) -> str:
        """As the contact has it."""
        return f"{'customer' if self.signed_in else 'visitor'}-{self.person.hex}"


def new_visitor(
    shop_id: UUID, now: datetime, *, customer_id: UUID | None = None, thread_id: UUID | None = None
) -> Visitor:
    stays = STAYS if customer_id is None else STAYS_SIGNED_IN
    return Visitor(shop_id, customer_id or uuid4(), customer_id is not None, thread_id, now + stays)


def visitor_token(house: House, visitor: Visitor) -> str:
    """Letters, digits, `-` and `_`."""
    told = (
        visitor.shop_id.bytes
        + visitor.person.bytes
        + (visitor.thread_id or NOBODY_YET).bytes
        + bytes([visitor.signed_in])
        + int(visitor.until.timestamp()).to_bytes(5)
    )
    return base64.urlsafe_b64encode(told + _mac(house, b"visitor", told)).decode().rstrip("=")


def visitor_of(house: House, token: str, now: datetime) -> Visitor:
    """Refuses with VisitorUnknown what we did not sign, and what has run out."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise VisitorUnknown() from None
    told, mac = raw[:-MAC], raw[-MAC:]
    if len(told) != 54 or not hmac.compare_digest(mac, _mac(house, b"visitor", told)):
        raise VisitorUnknown()
    until = datetime.fromtimestamp(int.from_bytes(told[49:]), now.tzinfo)
    if until <= now:
        raise VisitorUnknown()
    thread_id = UUID(bytes=told[32:48])
    return Visitor(
        shop_id=UUID(bytes=told[:16]),
        person=UUID(bytes=told[16:32]),
        signed_in=bool(told[48]),
        thread_id=None if thread_id == NOBODY_YET else thread_id,
        until=until,
    )


def file_pass(house: House, file_id: UUID, now: datetime) -> str:
    """For an address under which a picture can be shown: a frame has no header to show a token in."""
    until = int((now + FILE_STAYS).timestamp())
    until += 3600 - until % 3600
    return f"{until:x}.{_mac(house, b'file', file_id.bytes + until.to_bytes(5)).hex()}"


def file_pass_is_good(house: House, file_id: UUID, given: str, now: datetime) -> bool:
    until_text, _, mac = given.partition(".")
    try:
        until = int(until_text, 16)
        shown = bytes.fromhex(mac)
        good = _mac(house, b"file", file_id.bytes + until.to_bytes(5))
    except (ValueError, OverflowError):
        return False
    return until > now.timestamp() and hmac.compare_digest(shown, good)


def upload_handle(house: House, visitor: Visitor, file_id: UUID) -> str:
    """Names an upload so that only who sent it can post it."""
    return f"{file_id}.{_mac(house, b'upload', file_id.bytes + visitor.person.bytes).hex()}"


def uploads_of(house: House, visitor: Visitor, handles: Sequence[str]) -> list[UUID]:
    """Refuses with VisitorUnknown another's."""
    found = []
    for handle in handles:
        name = handle.partition(".")[0]
        try:
            file_id = UUID(name)
        except ValueError:
            raise VisitorUnknown() from None
        if not hmac.compare_digest(handle.encode(), upload_handle(house, visitor, file_id).encode()):
            raise VisitorUnknown()
        found.append(file_id)
    return found


def _mac(house: House, purpose: bytes, told: bytes) -> bytes:
    return hmac.new(house.secret, b"chat " + purpose + b"\x00" + told, sha256).digest()[:MAC]


# Who answers when no one is there

AnswersAtOnce = Callable[[Work, UUID, Channel], Awaitable[bool]]
_ANSWERING: list[AnswersAtOnce] = []


def answers_chats(function: AnswersAtOnce) -> AnswersAtOnce:
    """Registers somebody who answers a shop (its id) on a channel day and night, if it says so, and calls people when they are
    needed."""
    _ANSWERING.append(function)
    return function


async def answered_at_once(work: Work, shop_id: UUID, channel: Channel = Channel.chat) -> bool:
    for answers in _ANSWERING:
        if await answers(work, shop_id, channel):
            return True
    return False


# The shop's chat account

FIND_ACCOUNT = text(
    """
    SELECT id, settings, active FROM channel_account WHERE shop_id = :shop_id AND kind = 'chat'
    ORDER BY active DESC, created_at DESC LIMIT 1
    """
)


@dataclass(frozen=True, slots=True)
class ChatAccount:
    """`origins`: the shop's pages that may frame the chat."""

    id: UUID
    origins: tuple[str, ...]
    settings: dict[str, Any]


async def chat_account(work: Work, shop_id: UUID) -> ChatAccount | None:
    """The shop's open chat; None when it has none, or has closed it. For the system."""
    row = (await work.session.execute(FIND_ACCOUNT, {"shop_id": shop_id})).one_or_none()
    if row is None or not row.active:
        return None
    return ChatAccount(row.id, origins_of(row.settings), row.settings)


async def ensure_chat_account(work: Work, shop_id: UUID, name: str) -> ChatAccount | None:
    """As `chat_account`; a shop that never had one gets one, which only our own pages may show."""
    row = (await work.session.execute(FIND_ACCOUNT, {"shop_id": shop_id})).one_or_none()
    if row is not None:
        return ChatAccount(row.id, origins_of(row.settings), row.settings) if row.active else None
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"chat account {shop_id}"}
    )
    found = await chat_account(work, shop_id)
    if found is not None:
        return found
    added = await add_account(
        work, NewAccount(shop_id=shop_id, kind=Channel.chat, name=name, address=f"chat-{shop_id.hex[-12:]}")
    )
    return ChatAccount(added.id, (), {})


def origins_of(settings: dict[str, Any]) -> tuple[str, ...]:
    """Only what is an origin and nothing else may enter a header."""
    given = settings.get("origins")
    return tuple(
        one.rstrip("/")
        for one in (given if isinstance(given, list) else [])
        if isinstance(one, str) and _is_origin(one)
    )[:50]


def _is_origin(one: str) -> bool:
    scheme, separator, host = one.rstrip("/").partition("://")
    return (
        scheme in ("http", "https")
        and bool(separator)
        and bool(host)
        and len(host) <= 260
        and all(character.isascii() and (character.isalnum() or character in "-.:*[]") for character in host)
    )


# What a visitor reads

_UUIDS: Any = ARRAY(Uuid())

WHERE = text(
    """
    SELECT want.n, c.id AS contact_id, t.id AS thread_id,
      coalesce(t.customer_id IN (c.customer_id, want.customer_id), false) AS whole
    FROM unnest(:shops, CAST(:addresses AS text[]), :pinned, :customers) WITH ORDINALITY
      AS want(shop_id, address, pinned, customer_id, n)
    LEFT JOIN contact c ON c.shop_id = want.shop_id AND c.channel = 'chat' AND c.address = want.address
    LEFT JOIN LATERAL (SELECT m.thread_id FROM message m WHERE m.thread_id = want.pinned LIMIT 1) p ON true
    LEFT JOIN LATERAL (
      SELECT m.thread_id FROM message m WHERE m.contact_id = c.id ORDER BY m.sent_at DESC, m.position DESC LIMIT 1) w ON true
    LEFT JOIN thread t ON t.id = coalesce(p.thread_id, w.thread_id) AND t.shop_id = want.shop_id
    ORDER BY want.n
    """
).bindparams(*(bindparam(name, type_=_UUIDS) for name in ("shops", "pinned", "customers")))

_WORDS = """
    SELECT want.n, m.* FROM unnest(:threads, :contacts, CAST(:wholes AS bool[]), CAST(:marks AS bigint[])) WITH ORDINALITY
      AS want(thread_id, contact_id, whole, mark, n)
    CROSS JOIN LATERAL (
      SELECT m.id, m.position, m.author_kind, m.body, m.sent_at, m.offers, m.contact_id IS NOT DISTINCT FROM want.contact_id
          AND m.author_kind = 'customer' AS mine, m.external_id,
        CASE m.author_kind WHEN 'staff' THEN (SELECT name FROM account WHERE id = m.author_id) END AS author_name,
        (SELECT jsonb_agg(jsonb_build_object('id', f.id, 'name', f.name, 'media_type', f.media_type, 'bytes', f.bytes)
            ORDER BY mf.position)
          FROM message_file mf JOIN file f ON f.id = mf.file_id WHERE mf.message_id = m.id) AS files
      FROM message m
      WHERE m.thread_id = want.thread_id AND m.kind = 'message' AND m.position {beyond} want.mark
        AND (want.whole OR m.contact_id = want.contact_id OR m.channel = 'chat' AND m.author_kind <> 'customer'
          AND EXISTS (SELECT FROM message o WHERE o.thread_id = m.thread_id AND o.contact_id = want.contact_id
            AND o.position < m.position))
      ORDER BY m.position {order} LIMIT :most
    ) m ORDER BY m.position
"""
_TYPES = (bindparam("threads", type_=_UUIDS), bindparam("contacts", type_=_UUIDS))
SINCE = text(_WORDS.format(beyond=">", order="")).bindparams(*_TYPES)
BEFORE = text(_WORDS.format(beyond="<", order="DESC")).bindparams(*_TYPES)
MOST_AT_ONCE = 200
LATEST = 2**62


@dataclass(slots=True)
class Place:
    """Where a visitor's talk is: None until the first words."""

    contact_id: UUID | None
    thread_id: UUID | None
    whole: bool


async def places_of(work: Work, visitors: Sequence[Visitor]) -> list[Place]:
    """Many at once, in one statement."""
    if not visitors:
        return []
    rows = await work.session.execute(
        WHERE,
        {
            "shops": [one.shop_id for one in visitors],
            "addresses": [one.address for one in visitors],
            "pinned": [one.thread_id for one in visitors],
            "customers": [one.person if one.signed_in else None for one in visitors],
        },
    )
    return [Place(row.contact_id, row.thread_id, bool(row.whole)) for row in rows]


async def said_since(work: Work, wanted: Sequence[tuple[Place, int]]) -> list[tuple[int, Any]]:
    """What was said since each mark (a position), in order, at most MOST_AT_ONCE of each; (which of the wanted, its row). One
    statement."""
    rows = await work.session.execute(SINCE, _wanted(wanted) | {"most": MOST_AT_ONCE})
    return [(row.n - 1, row) for row in rows]


async def said_before(work: Work, place: Place, mark: int | None, most: int) -> list[Any]:
    """The last so many before the mark, the oldest first."""
    if place.thread_id is None:
        return []
    rows = await work.session.execute(
        BEFORE, _wanted([(place, LATEST if mark is None else mark)]) | {"most": most}
    )
    return list(rows)


def _wanted(wanted: Sequence[tuple[Place, int]]) -> dict[str, Any]:
    return {
        "threads": [place.thread_id for place, _ in wanted],
        "contacts": [place.contact_id for place, _ in wanted],
        "wholes": [place.whole for place, _ in wanted],
        "marks": [mark for _, mark in wanted],
    }


def as_told(house: House, row: Any, now: datetime) -> dict[str, Any]:
    """A message as the visitor's page gets it. `key` is what the page itself called it."""
    by = "me" if row.mine or row.author_kind == Author.customer else str(row.author_kind)
    told: dict[str, Any] = {
        "id": row.id,
        "position": row.position,
        "by": by,
        "name": row.author_name,
        "body": row.body,
        "at": row.sent_at,
    }
    if row.mine and row.external_id:
        told["key"] = row.external_id.rpartition(":")[2]
    if row.offers:
        told |= row.offers
    if row.files:
        told["files"] = [
            {**file, "url": f"/api/chat/files/{file['id']}?pass={file_pass(house, UUID(file['id']), now)}"}
            for file in row.files
        ]
    return told


# Ratings

RATE = text(
    """
    INSERT INTO conversation_rating (thread_id, shop_id, contact_id, stars, words, rated_at)
    VALUES (:thread_id, :shop_id, :contact_id, :stars, :words, :now)
    ON CONFLICT (thread_id) DO UPDATE SET stars = excluded.stars, words = excluded.words, rated_at = excluded.rated_at,
      contact_id = excluded.contact_id
    """
)


async def rate(
    work: Work,
    *,
    shop_id: UUID,
    thread_id: UUID,
    contact_id: UUID | None,
    stars: int,
    words: str = "",
    case_id: UUID | None = None,
) -> None:
    """How the talk was, in one to five stars; given again, the last counts. Whoever calls has shown that it is theirs to
    rate. Refuses with StarsNotPossible."""
    if not 1 <= stars <= 5:
        raise StarsNotPossible(stars=stars)
    await work.session.execute(
        RATE,
        {
            "thread_id": thread_id,
            "shop_id": shop_id,
            "contact_id": contact_id,
            "stars": stars,
            "words": clean(words).strip()[:LONGEST_RATING],
            "now": work.now,
        },
    )
    work.record(
        ConversationRated(
            shop_id=shop_id, thread_id=thread_id, case_id=case_id, contact_id=contact_id, stars=stars
        )
    )
