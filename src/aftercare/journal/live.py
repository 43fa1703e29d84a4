"""Live: facts told to whoever looks on, as they are committed.

One reader per process follows the journal by the cursor that loses nothing, however many look on, and hands each fact to those
who may see it. Who reconnects says where they were and gets what they missed; who reads too slowly, or was away too long, is
told to load afresh.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from aftercare.journal.actors import Actor, ActorKind
from aftercare.journal.facts import FACTS
from aftercare.journal.signals import signals_of
from aftercare.journal.work import House, Work, begin
from aftercare.kit.json import to_json

log = structlog.get_logger()

SECONDS_BETWEEN_READS = 0.25
SECONDS_BETWEEN_BEATS = 20.0
SECONDS_BETWEEN_DOUBTS = 60.0
"""A stream whose session was closed ends, and rights that were taken away are gone from it, after at most this long (and what
identity remembers a sign-in for)."""
SECONDS_TO_STAY = 600.0
"""A stream ends after this long and the browser opens the next."""
LONGEST_QUEUE = 500
MOST_MISSED = 1_000

# What a member of staff must be allowed to read to be told of it, by the first word of a fact's name.
READS = {
    "case": "cases.read",
    "message": "cases.read",
    "note": "cases.read",
    "call": "cases.read",
    "clock": "cases.read",
    "claim": "claims.read",
    "offer": "claims.read",
    "evidence": "claims.read",
    "inspection": "claims.read",
    "dispute": "claims.read",
    "refund": "refunds.read",
    "order": "orders.read",
    "shipment": "orders.read",
    "parcel": "orders.read",
    "stock": "orders.read",
    "notice": "notices.read",
}
# Kinds of objects that belong to one customer: knowing that one is theirs, they may hear what is public about it.
OWN_KINDS = ("case", "thread", "claim", "shipment", "refund", "order", "sales_order")

Cursor = tuple[int, int]
Still = Callable[[], Awaitable[Actor | None]]
"""Who listens, looked up again; None when the session or token opens nothing any more."""
Owner = Callable[[Work, Iterable[UUID]], Awaitable[Iterable[UUID]]]
_OWNERS: list[Owner] = []


def owns(function: Owner) -> Owner:
    """Registers who can tell the ids of a customer's objects, given the customer's ids."""
    _OWNERS.append(function)
    return function


@dataclass(frozen=True, slots=True)
class Told:
    """One fact as the stream tells it."""

    cursor: Cursor
    at: datetime
    name: str
    shop_id: UUID | None
    data: dict[str, Any]
    objects: dict[str, str]

    def event(self) -> bytes:
        data = {"name": self.name, "at": self.at, "shop_id": self.shop_id, "objects": self.objects}
        return f"id: {mark(self.cursor)}\nevent: {self.name}\ndata: {to_json(data)}\n\n".encode()


@dataclass(frozen=True, slots=True)
class Passing:
    """What staff see only now (somebody types, somebody looks on): it is in no journal and nobody gets it later."""

    name: str
    shop_id: UUID
    data: dict[str, Any]

    def event(self) -> bytes:
        data = {"name": self.name, "shop_id": self.shop_id, **self.data}
        return f"event: {self.name}\ndata: {to_json(data)}\n\n".encode()


def mark(cursor: Cursor) -> str:
    return f"{cursor[0]}-{cursor[1]}"


def read_mark(given: str | None) -> Cursor | None:
    """Where a browser says it was; None when it says nothing that we could have said."""
    found = re.fullmatch(r"(\d{1,18})-(\d{1,18})", given or "")
    return (int(found[1]), int(found[2])) if found else None


@dataclass(eq=False)
class Listener:
    """One stream: who listens, what is theirs, and what waits to be sent. `full` when it was too slow."""

    actor: Actor
    own: set[str] = field(default_factory=set)
    waiting: asyncio.Queue[Told | Passing | None] = field(
        default_factory=lambda: asyncio.Queue(LONGEST_QUEUE)
    )
    full: bool = False

    def may_hear(self, told: Told) -> bool:
        actor = self.actor
        if told.shop_id is not None and not actor.sees(told.shop_id):
            return False
        if actor.kind is not ActorKind.customer:
            if told.shop_id is None and actor.shops is not None:
                return False
            needs = READS.get(told.name.split(".")[0])
            return actor.may(needs or "journal.read")
        fact = FACTS.get(told.name)
        if fact is None or not fact.public:
            return False
        mine = {str(customer) for customer in actor.customers}
        if told.objects.get("customer_id") in mine or told.data.get("subject_id") in self.own:
            self.own.update(told.objects[f"{kind}_id"] for kind in OWN_KINDS if f"{kind}_id" in told.objects)
            return True
        return any(told.objects.get(f"{kind}_id") in self.own for kind in OWN_KINDS)

    def tell(self, told: Told) -> None:
        if self.full or not self.may_hear(told):
            return
        try:
            self.waiting.put_nowait(told)
        except asyncio.QueueFull:
            self.full = True

    def pass_on(self, passing: Passing) -> None:
        actor = self.actor
        if actor.kind is ActorKind.staff and actor.sees(passing.shop_id) and actor.may("cases.read"):
            with suppress(asyncio.QueueFull):
                self.waiting.put_nowait(passing)


READ = """
    SELECT position, transaction::text::bigint AS transaction, at, name, shop_id, data FROM fact
    WHERE (transaction, position) > (CAST(CAST(:transaction AS text) AS xid8), :position) {until}
      AND transaction < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY fact.transaction, fact.position LIMIT :limit
"""
READ_ON = text(READ.format(until=""))
READ_MISSED = text(
    READ.format(
        until="AND (transaction, position) <= (CAST(CAST(:to_transaction AS text) AS xid8), :to_position)"
    )
)
HERE = text(
    """
    SELECT transaction::text::bigint AS transaction, position FROM fact
    WHERE transaction < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY fact.transaction DESC, fact.position DESC LIMIT 1
    """
)


def _told(row: Any) -> Told:
    objects = {name: value for name, value in row.data.items() if name.endswith("_id")}
    return Told((row.transaction, row.position), row.at, row.name, row.shop_id, row.data, objects)


class Live:
    """The one reader of a process and those who listen to it."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._listeners: set[Listener] = set()
        self._cursor: Cursor | None = None
        self._reader: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self._poked = asyncio.Event()
        self.closed = False
        signals_of(house).on("staff", self._pass_on)

    def _pass_on(self, data: Any) -> None:
        name, shop_id, told = data
        passing = Passing(name, UUID(str(shop_id)), told)
        for listener in self._listeners:
            listener.pass_on(passing)

    def poke(self) -> None:
        """Something was committed in this process: read now and not at the next turn."""
        self._poked.set()

    async def close(self) -> None:
        """Ends every stream; the browsers come again."""
        self.closed = True
        for listener in list(self._listeners):
            _end(listener)
        if self._reader is not None:
            self._reader.cancel()
            with suppress(asyncio.CancelledError):
                await self._reader
            self._reader = None

    async def _start(self) -> Cursor:
        async with self._starting:
            if self._cursor is None:
                async with begin(self._house) as work:
                    row = (await work.session.execute(HERE)).one_or_none()
                self._cursor = (0, 0) if row is None else (row.transaction, row.position)
            if self._reader is None or self._reader.done():
                self._reader = asyncio.create_task(self._read_on())
            return self._cursor

    async def _read_on(self) -> None:
        """Until nobody has listened for a while; the next listener starts at the end of the journal again."""
        while self._listeners:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), SECONDS_BETWEEN_READS)
            self._poked.clear()
            try:
                while await self.step() == MOST_MISSED:
                    pass
            except Exception as failure:
                log.warning("live reader stumbles", error=repr(failure))
                await asyncio.sleep(1)
        self._cursor = None

    async def step(self) -> int:
        """Reads what is new and hands it out; how many facts that were."""
        transaction, position = self._cursor or (0, 0)
        async with begin(self._house) as work:
            rows = (
                await work.session.execute(
                    READ_ON, {"transaction": str(transaction), "position": position, "limit": MOST_MISSED}
                )
            ).all()
        for row in rows:
            told = _told(row)
            for listener in self._listeners:
                listener.tell(told)
        if rows:
            self._cursor = (rows[-1].transaction, rows[-1].position)
        return len(rows)

    async def stream(
        self, actor: Actor, last: str | None, *, still: Still | None = None
    ) -> AsyncIterator[bytes]:
        """The events that the actor may see, from where `last` was; ends when `still` knows the actor no more."""
        listener = Listener(actor)
        if actor.kind is ActorKind.customer:
            async with begin(self._house, actor) as work:
                for owner in _OWNERS:
                    listener.own.update(str(identity) for identity in await owner(work, actor.customers))
        self._listeners.add(listener)
        try:
            here = await self._start()
            yield b"retry: 2000\n\n"
            seen = read_mark(last)
            if seen is not None and seen < here:
                missed = await self._missed(seen, here)
                if missed is None:
                    yield _afresh(here)
                else:
                    for told in missed:
                        if listener.may_hear(told):
                            yield told.event()
            yield f"id: {mark(here)}\n\n".encode()
            async for event in self._follow(listener, here, still):
                yield event
        finally:
            self._listeners.discard(listener)

    async def _follow(self, listener: Listener, here: Cursor, still: Still | None) -> AsyncIterator[bytes]:
        clock = asyncio.get_running_loop()
        ends = clock.time() + SECONDS_TO_STAY
        doubts = clock.time() + SECONDS_BETWEEN_DOUBTS
        while not self.closed and clock.time() < ends:
            if listener.full:
                while not listener.waiting.empty():
                    listener.waiting.get_nowait()
                listener.full = False
                here = self._cursor or here
                yield _afresh(here)
            if still is not None and clock.time() >= doubts:
                try:
                    actor = await still()
                except Exception as failure:
                    # What cannot be asked is not trusted; the browser comes again when the database has.
                    log.warning("live stream ends unsure who listens", error=repr(failure))
                    return
                if actor is None:
                    return
                listener.actor = actor
                doubts = clock.time() + SECONDS_BETWEEN_DOUBTS
            try:
                told = await asyncio.wait_for(
                    listener.waiting.get(), min(SECONDS_BETWEEN_BEATS, SECONDS_BETWEEN_DOUBTS)
                )
            except TimeoutError:
                yield b": still here\n\n"
                continue
            if told is None:
                return
            if isinstance(told, Passing):
                yield told.event()
            elif told.cursor > here:
                here = told.cursor
                yield told.event()

    async def _missed(self, seen: Cursor, here: Cursor) -> list[Told] | None:
        """What was told between the two; None when it was too much."""
        async with begin(self._house) as work:
            rows = (
                await work.session.execute(
                    READ_MISSED,
                    {
                        "transaction": str(seen[0]),
                        "position": seen[1],
                        "to_transaction": str(here[0]),
                        "to_position": here[1],
                        "limit": MOST_MISSED + 1,
                    },
                )
            ).all()
        return None if len(rows) > MOST_MISSED else [_told(row) for row in rows]


def _end(listener: Listener) -> None:
    with suppress(asyncio.QueueFull):
        listener.waiting.put_nowait(None)


def _afresh(here: Cursor) -> bytes:
    """Too much was missed to tell it: load afresh what is on the screen."""
    return f'id: {mark(here)}\nevent: afresh\ndata: {{"name":"afresh"}}\n\n'.encode()
