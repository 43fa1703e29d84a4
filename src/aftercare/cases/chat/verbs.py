"""What a visitor of the chat can do. Each takes the house: limits and uploads must not wait in an open transaction."""

from collections.abc import AsyncIterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare import identity, shop
from aftercare.cases.arrivals import Incoming, receive
from aftercare.conversations import (
    Channel,
    ChatAccount,
    ContactJoinedAlready,
    MessageEmpty,
    Place,
    Verified,
    Visitor,
    VisitorUnknown,
    answered_at_once,
    as_told,
    chats_of,
    contact_of,
    ensure_chat_account,
    file_pass,
    join_contact,
    new_visitor,
    places_of,
    rate,
    said_before,
    store_file,
    upload_handle,
    uploads_of,
    visitor_of,
    visitor_token,
)
from aftercare.journal import NOBODY, SYSTEM, Actor, ActorKind, House, Work, begin
from aftercare.journal.signals import signals_of, tell_after
from aftercare.kit.errors import NotFound, TooMany
from aftercare.kit.text import clean

FIRST_PAGE = 50
TALKS_AN_HOUR = 60
"""New talks from one address; many people may sit behind it."""
UPLOADS_AN_HOUR = 40
CODES_AN_HOUR = 60
LONGEST_CHAT = 4_000
MOST_CHAT_FILES = 10
BURST = 20
SECONDS_A_MESSAGE = 1.5
"""So fast one may go on writing, after a burst."""
MOST_REMEMBERED = 50_000
ACCOUNT_REMEMBERED = timedelta(seconds=10)


class ChatClosed(NotFound):
    """This shop has no chat."""


class Started(BaseModel):
    """`token` is the visitor's; `messages` are the last ones, `position` is where the live stream goes on, `before` the mark
    of earlier ones. `here`: whether somebody answers now; `at_once`: whether somebody does day and night."""

    token: str
    shop_name: str
    shop_locale: str
    customer_name: str | None
    known: bool
    here: bool
    at_once: bool
    messages: list[dict[str, Any]]
    position: int
    before: int | None
    read_at: datetime | None
    ended: bool
    stars: int | None


class Earlier(BaseModel):
    messages: list[dict[str, Any]]
    before: int | None


class Said(BaseModel):
    id: UUID | None
    again: bool


class Uploaded(BaseModel):
    """`handle` is named when the file is posted."""

    handle: str
    id: UUID
    name: str
    media_type: str
    bytes: int
    url: str


class Pace:
    """Of one process: how much each may write."""

    def __init__(self) -> None:
        self._left: dict[str, tuple[float, datetime]] = {}

    def use(self, key: str, now: datetime, *, burst: int, seconds: float) -> bool:
        left, since = self._left.get(key, (float(burst), now))
        left = min(float(burst), left + max(0.0, (now - since).total_seconds()) / seconds)
        if len(self._left) > MOST_REMEMBERED:
            self._left.clear()
        if left < 1:
            self._left[key] = (left, now)
            return False
        self._left[key] = (left - 1, now)
        return True


def _pace(house: House) -> Pace:
    if Pace not in house.kept:
        house.kept[Pace] = Pace()
    pace: Pace = house.kept[Pace]
    return pace


STANDS = text(
    """
    SELECT t.shop_read_at, r.stars, c.status IN ('solved', 'closed') AS ended, c.id AS case_id
    FROM thread t LEFT JOIN conversation_rating r ON r.thread_id = t.id LEFT JOIN service_case c ON c.thread_id = t.id
    WHERE t.id = :id LIMIT 1
    """
)
# One person may be several customers of a shop: the one that is spoken of, else the newest.
CUSTOMERS = text(
    """
    SELECT id, name FROM customer u WHERE shop_id = :shop_id AND id = ANY(:ids)
    ORDER BY EXISTS (SELECT FROM sales_order o WHERE o.id = CAST(:about AS uuid) AND o.customer_id = u.id)
      OR EXISTS (SELECT FROM service_case c WHERE c.customer_id = u.id AND (c.id = CAST(:about AS uuid) OR EXISTS (
        SELECT FROM case_link l WHERE l.case_id = c.id AND l.object_id = CAST(:about AS uuid)))) DESC, since DESC, id
    LIMIT 1
    """
)
# The case that is asked for by its own id or that of its claim or order, or else the matter that goes on.
MATTER = text(
    """
    SELECT thread_id FROM (
      SELECT thread_id, last_message_at, id, coalesce(id = CAST(:about AS uuid) OR order_id = CAST(:about AS uuid)
          OR EXISTS (SELECT FROM case_link l WHERE l.case_id = c.id AND l.object_id = CAST(:about AS uuid)), false) AS meant,
        status IN ('open', 'waiting_shop', 'waiting_customer') OR status = 'solved' AND solved_at > :recently AS goes_on
      FROM service_case c WHERE shop_id = :shop_id AND customer_id = :customer_id
    ) c WHERE meant OR goes_on AND NOT :elsewhere
    ORDER BY meant DESC, last_message_at DESC, id DESC LIMIT 1
    """
)
# Of which shop's matter somebody signed in speaks who names none.
WHOSE = text(
    """
    SELECT s.code FROM (
      SELECT shop_id, 0 AS place, last_message_at AS at FROM service_case c
      WHERE customer_id = ANY(:ids) AND (id = CAST(:about AS uuid) OR EXISTS (
        SELECT FROM case_link l WHERE l.case_id = c.id AND l.object_id = CAST(:about AS uuid)))
      UNION ALL SELECT shop_id, 1, placed_at FROM sales_order WHERE customer_id = ANY(:ids) AND id = CAST(:about AS uuid)
      UNION ALL SELECT shop_id, 2, last_message_at FROM service_case WHERE customer_id = ANY(:ids)
        AND status IN ('open', 'waiting_shop', 'waiting_customer')
      UNION ALL SELECT shop_id, 3, since FROM customer WHERE id = ANY(:ids)
    ) found JOIN shop s ON s.id = found.shop_id AND s.active ORDER BY place, at DESC LIMIT 1
    """
)
ONLY_SHOP = text("SELECT min(code) FROM shop WHERE active HAVING count(*) = 1")
ORDER = text("SELECT true FROM sales_order WHERE id = CAST(:about AS uuid) AND customer_id = :customer_id")
SOMEBODY = text(
    """
    SELECT EXISTS (SELECT FROM member m JOIN member_shop s ON s.account_id = m.account_id AND s.shop_id = :shop_id
      JOIN account a ON a.id = m.account_id WHERE m.working AND m.capacity > 0 AND a.active)
    """
)


async def start_chat(
    house: House,
    actor: Actor,
    *,
    shop_code: str | None,
    token: str | None = None,
    about: UUID | None = None,
) -> Started:
    """A window opens, or opens again. Somebody unknown goes on with the token of before, if it still holds; a customer who is
    signed in goes on with the matter asked for (`about`: its case, claim or order), or with the open one. Without a shop's
    code it is that of the matter, or the only one there is. Writes nothing but a chat account for a shop that never had any.
    Refuses with NotFound, ChatClosed."""
    async with begin(house, SYSTEM) as work:
        place = await identity.find_shop(work, shop_code or await _usual_shop(work, actor, about))
        account = await ensure_chat_account(work, place.id, place.name)
        if account is None:
            raise ChatClosed(shop=shop_code)
        before = _known(house, token, work.now)
        if before is not None and before.shop_id != place.id:
            before = None
        customer = await _customer(work, actor, place.id, about)
        if customer is not None:
            visitor = await _as_customer(work, place.id, customer.id, about, before)
        elif before is not None and not before.signed_in:
            visitor = Visitor(
                before.shop_id, before.person, False, before.thread_id, new_visitor(place.id, work.now).until
            )
        else:
            visitor = new_visitor(place.id, work.now)
        where = (await places_of(work, [visitor]))[0]
        said = await said_before(work, where, None, FIRST_PAGE)
        stands = (
            (await work.session.execute(STANDS, {"id": where.thread_id})).one_or_none()
            if where.thread_id
            else None
        )
        return Started(
            token=visitor_token(house, visitor),
            shop_name=place.name,
            shop_locale=place.locale,
            customer_name=None if customer is None else customer.name,
            known=where.whole or customer is not None,
            here=bool(await work.session.scalar(SOMEBODY, {"shop_id": place.id})),
            at_once=await answered_at_once(work, place.id),
            messages=[as_told(house, row, work.now) for row in said],
            position=said[-1].position if said else 0,
            before=said[0].position if len(said) == FIRST_PAGE else None,
            read_at=None if stands is None else stands.shop_read_at,
            ended=bool(stands and stands.ended),
            stars=None if stands is None else stands.stars,
        )


async def usual_shop(house: House) -> str:
    """The code of the only shop there is. Refuses with NotFound."""
    async with begin(house, SYSTEM) as work:
        return await _usual_shop(work, NOBODY, None)


async def _usual_shop(work: Work, actor: Actor, about: UUID | None) -> str:
    code = None
    if actor.kind is ActorKind.customer and actor.customers:
        code = await work.session.scalar(WHOSE, {"ids": list(actor.customers), "about": about})
    code = code or await work.session.scalar(ONLY_SHOP)
    if code is None:
        raise NotFound()
    return str(code)


def _known(house: House, token: str | None, now: datetime) -> Visitor | None:
    try:
        return visitor_of(house, token, now) if token else None
    except VisitorUnknown:
        return None


async def _customer(work: Work, actor: Actor, shop_id: UUID, about: UUID | None) -> Any:
    if actor.kind is not ActorKind.customer or not actor.customers:
        return None
    rows = await work.session.execute(
        CUSTOMERS, {"shop_id": shop_id, "ids": list(actor.customers), "about": about}
    )
    return rows.one_or_none()


async def _as_customer(
    work: Work, shop_id: UUID, customer_id: UUID, about: UUID | None, before: Visitor | None
) -> Visitor:
    # An order without a case begins a matter of its own, and does not go on with another's.
    elsewhere = about is not None and await work.session.scalar(
        ORDER, {"about": about, "customer_id": customer_id}
    )
    thread_id = await work.session.scalar(
        MATTER,
        {
            "shop_id": shop_id,
            "customer_id": customer_id,
            "about": about,
            "elsewhere": bool(elsewhere),
            "recently": work.now - timedelta(days=7),
        },
    )
    if before is not None and not before.signed_in:
        # What was said before signing in is this customer's too.
        where = (await places_of(work, [before]))[0]
        if where.contact_id is not None and not where.whole:
            try:
                await join_contact(work, where.contact_id, customer_id, Verified.signed_in)
                thread_id = thread_id or where.thread_id
            except ContactJoinedAlready:
                pass
    return new_visitor(shop_id, work.now, customer_id=customer_id, thread_id=thread_id)


async def earlier_in_chat(house: House, visitor: Visitor, before: int) -> Earlier:
    async with begin(house, SYSTEM) as work:
        where = (await places_of(work, [visitor]))[0]
        said = await said_before(work, where, before, FIRST_PAGE)
        return Earlier(
            messages=[as_told(house, row, work.now) for row in said],
            before=said[0].position if len(said) == FIRST_PAGE else None,
        )


async def say_in_chat(
    house: House,
    visitor: Visitor,
    *,
    body: str,
    handles: Sequence[str] = (),
    key: str,
    locale: str | None = None,
    address: str = "",
) -> Said:
    """The same `key` again is the same message. Refuses with TooMany, MessageEmpty, VisitorUnknown (another's file)."""
    if not _pace(house).use(visitor.address, house.clock(), burst=BURST, seconds=SECONDS_A_MESSAGE):
        raise TooMany(retry_after=2)
    body = clean(body).strip()[:LONGEST_CHAT]
    file_ids = uploads_of(house, visitor, handles[:MOST_CHAT_FILES])
    if not body and not file_ids:
        raise MessageEmpty()
    where = chats_of(house).place_of(visitor) or await _place(house, visitor)
    if where.contact_id is None:
        await identity.limit(house, f"chat:{address}", TALKS_AN_HOUR, timedelta(hours=1))
    async with begin(house, SYSTEM) as work:
        account = await chat_account(work, visitor)
        if visitor.signed_in:
            await _join_signed_in(work, visitor, account)
        received = await receive(
            work,
            Incoming(
                account_id=account.id,
                address=visitor.address,
                body=body,
                file_ids=file_ids,
                external_id=f"{visitor.address}:{key}",
                thread_id=visitor.thread_id,
                locale=locale,
            ),
        )
        if where.thread_id is None or received.opened:
            tell_after(work, "chat.placed", [str(visitor.shop_id), visitor.address])
    return Said(id=received.message_id, again=received.again)


async def chat_account(work: Work, visitor: Visitor) -> ChatAccount:
    """As it was at most ten seconds ago: every message asks."""
    known: dict[UUID, tuple[datetime, ChatAccount]] = work.house.kept.setdefault(ChatAccount, {})
    at, account = known.get(visitor.shop_id, (None, None))
    if at is None or account is None or not timedelta(0) <= work.now - at < ACCOUNT_REMEMBERED:
        account = await ensure_chat_account(work, visitor.shop_id, "")
        if account is None:
            known.pop(visitor.shop_id, None)
            raise ChatClosed()
        known[visitor.shop_id] = (work.now, account)
    return account


async def _join_signed_in(work: Work, visitor: Visitor, account: ChatAccount) -> None:
    contact = await contact_of(
        work,
        shop_id=visitor.shop_id,
        channel=Channel.chat,
        address=visitor.address,
        account_id=account.id,
    )
    if contact.customer_id is None:
        await join_contact(work, contact.id, visitor.person, Verified.signed_in)


async def _place(house: House, visitor: Visitor) -> Place:
    async with begin(house, SYSTEM) as work:
        return (await places_of(work, [visitor]))[0]


async def type_in_chat(house: House, visitor: Visitor, typing: bool) -> None:
    """Staff who have the case open see it. It is written nowhere."""
    if not _pace(house).use(f"typing {visitor.address}", house.clock(), burst=10, seconds=1):
        return
    where = chats_of(house).place_of(visitor) or await _place(house, visitor)
    if where.thread_id is not None:
        signals_of(house).tell(
            "staff",
            ["chat.typing", str(visitor.shop_id), {"thread_id": str(where.thread_id), "typing": typing}],
        )


async def mark_seen(house: House, visitor: Visitor) -> None:
    """The visitor has the last words before the eyes."""
    if not _pace(house).use(f"seen {visitor.address}", house.clock(), burst=20, seconds=1):
        return
    async with begin(house, SYSTEM) as work:
        where = (await places_of(work, [visitor]))[0]
        if where.thread_id is None:
            return
        await work.session.execute(
            text("UPDATE thread SET customer_read_at = :now WHERE id = :id"),
            {"now": work.now, "id": where.thread_id},
        )
        tell_after(
            work,
            "staff",
            [
                "chat.read",
                str(visitor.shop_id),
                {"thread_id": str(where.thread_id), "at": work.now.isoformat()},
            ],
        )


async def rate_chat(house: House, visitor: Visitor, stars: int, said: str) -> None:
    """Refuses with VisitorUnknown when nothing was said yet, StarsNotPossible."""
    async with begin(house, SYSTEM) as work:
        where = (await places_of(work, [visitor]))[0]
        if where.thread_id is None:
            raise VisitorUnknown()
        stands = (await work.session.execute(STANDS, {"id": where.thread_id})).one()
        await rate(
            work,
            shop_id=visitor.shop_id,
            thread_id=where.thread_id,
            contact_id=where.contact_id,
            stars=stars,
            words=said,
            case_id=stands.case_id,
        )


async def upload_in_chat(
    house: House, visitor: Visitor, source: AsyncIterable[bytes], name: str, address: str
) -> Uploaded:
    """Refuses with TooMany, and as files are refused."""
    await identity.limit(house, f"chat files:{visitor.address}", UPLOADS_AN_HOUR, timedelta(hours=1))
    await identity.limit(house, f"chat files from:{address}", UPLOADS_AN_HOUR * 10, timedelta(hours=1))
    kept = await store_file(house, SYSTEM, source, name=name, shop_id=visitor.shop_id, customer_id=None)
    return Uploaded(
        handle=upload_handle(house, visitor, kept.id),
        id=kept.id,
        name=kept.name,
        media_type=kept.media_type,
        bytes=kept.bytes,
        url=f"/api/chat/files/{kept.id}?pass={file_pass(house, kept.id, house.clock())}",
    )


# Who the visitor is


class CodeAsked(BaseModel):
    """Looks the same whether there is such an order or not."""

    entry_id: UUID
    expires_at: datetime


async def ask_code(
    house: House, visitor: Visitor, *, order_number: str, contact: str, locale: str | None, address: str
) -> CodeAsked:
    """Six digits go to the contact of the order, if there is one. Refuses with TooMany."""
    await identity.limit(house, f"entry:{address}", CODES_AN_HOUR, timedelta(hours=1))
    async with begin(house, SYSTEM) as work:
        place = await identity.get_shop(work, visitor.shop_id)
        issued = await shop.ask_for_entry(work, order_number, contact, shop_code=place.code, locale=locale)
    return CodeAsked(entry_id=issued.entry_code_id, expires_at=issued.expires_at)


async def confirm_code(house: House, visitor: Visitor, entry_id: UUID, code: str) -> None:
    """With the six digits the visitor is the customer. Refuses with EntryCodeWrong, EntryCodeSpent, ContactJoinedAlready."""
    async with begin(house, SYSTEM) as work:
        to = await identity.entry_addressee(work, entry_id)
    opened = await identity.redeem_entry_code(house, entry_id, code)
    async with begin(house, SYSTEM) as work:
        # The digits were asked for a chat: nobody goes on with the session that came with them.
        await work.session.execute(
            text("UPDATE session SET closed_at = :now WHERE id = :id"),
            {"now": work.now, "id": opened.session_id},
        )
        customer_id = await work.session.scalar(
            text(
                "SELECT c.id FROM unnest(CAST(:ids AS uuid[])) WITH ORDINALITY AS given(id, n) JOIN customer c USING (id)"
                " WHERE c.shop_id = :shop_id ORDER BY n LIMIT 1"
            ),
            {"ids": [str(one) for one in to.customers], "shop_id": visitor.shop_id},
        )
        if customer_id is None:
            raise NotFound()
        account = await chat_account(work, visitor)
        contact = await contact_of(
            work,
            shop_id=visitor.shop_id,
            channel=Channel.chat,
            address=visitor.address,
            account_id=account.id,
        )
        await join_contact(work, contact.id, UUID(str(customer_id)), Verified.code)
        tell_after(work, "chat.placed", [str(visitor.shop_id), visitor.address])
