"""Chats as they go on: what is said, typed and read, told to every open window of the chat.

One reader per process, however many windows are open: signals say which threads have something new, and what is new in all of
them is read in one statement from each window's mark, the position of the last message that it got. In a thread positions are
in the order of commits, so nothing is told twice, out of order or not at all; what a lost signal did not tell is found by a look
at the threads themselves every few seconds.
"""

import asyncio
import random
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import DateTime, Uuid

from aftercare.conversations.chat import (
    MOST_AT_ONCE,
    Place,
    Visitor,
    as_told,
    places_of,
    said_since,
)
from aftercare.conversations.events import MessagePosted
from aftercare.journal import SYSTEM, House, Work, begin, within
from aftercare.journal.signals import signals_of, tell_after
from aftercare.kit.json import to_json

log = structlog.get_logger()

SECONDS_BETWEEN_READS = 0.04
SECONDS_BETWEEN_LOOKS = 5.0
SECONDS_BETWEEN_BEATS = 25.0
SECONDS_TO_STAY = 3_600.0
"""A stream ends after this long; the window opens the next, and its token is looked at again."""
SECONDS_AWAY = 8.0
"""A window may be away this long (a new page of the shop, a tunnel) and its person counts as still there."""
SECONDS_SILENT = 35.0
"""What another process told of who is there is forgotten when it says nothing for so long."""
LINES_AT_ONCE = 500
LONGEST_QUEUE = 1_000_000
"""Bytes. A window that reads more slowly is cut off, comes again and goes on from its mark."""
MOST_LINES = 20_000
"""Of one process."""
THREADS_A_SIGNAL = 100

MOVED = text(
    """
    SELECT t.id, t.last_message_at FROM unnest(:threads, :lasts) AS known(id, last)
    JOIN thread t ON t.id = known.id AND t.last_message_at IS DISTINCT FROM known.last
    """
).bindparams(
    bindparam("threads", type_=ARRAY(Uuid())), bindparam("lasts", type_=ARRAY(DateTime(timezone=True)))
)


@dataclass(eq=False, slots=True)
class Line:
    """One open window. `mark`: the position of the last message that was handed to it."""

    visitor: Visitor
    mark: int
    ends: float
    beaten: float
    place: Place | None = None
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    gone: bool = False
    waits: "asyncio.Future[None] | None" = None

    def push(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.size += len(piece)
        if self.size > LONGEST_QUEUE:
            self.gone = True
        self.wake()

    def end(self) -> None:
        self.gone = True
        self.wake()

    def wake(self) -> None:
        if self.waits is not None and not self.waits.done():
            self.waits.set_result(None)

    async def taken(self) -> bytes:
        """What is to be sent next; nothing when the line has ended."""
        while not self.pieces and not self.gone:
            self.waits = asyncio.get_running_loop().create_future()
            await self.waits
        pieces, self.pieces, self.size = self.pieces, [], 0
        return b"".join(pieces)


def event(name: str, data: Any, mark: int | None = None) -> bytes:
    head = "" if mark is None else f"id: {mark}\n"
    return f"{head}event: {name}\ndata: {to_json(data)}\n\n".encode()


@dataclass(eq=False, slots=True)
class _Watched:
    lines: set[Line] = field(default_factory=set)
    last: datetime | None = None


class ChatLive:
    """The windows of one process, and who is there in all of them."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._signals = signals_of(house)
        self._lines: set[Line] = set()
        self._threads: dict[UUID, _Watched] = {}
        self._by_address: dict[tuple[UUID, str], set[Line]] = {}
        self._dirty: set[Line] = set()
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._leaving: dict[UUID, float] = {}
        self._here: set[UUID] = set()
        self._elsewhere: dict[str, tuple[float, set[UUID]]] = {}
        self.closed = False
        for kind, hears in (
            ("said", self._said),
            ("chat.placed", self._placed),
            ("chat.afresh", self._afresh),
            ("chat.passing", self._passing),
            ("chat.online", self._online_elsewhere),
            ("chat.who", self._who),
        ):
            self._signals.on(kind, hears)
        self._signals.tell("chat.who", self._signals.process)

    @property
    def open_lines(self) -> int:
        return len(self._lines)

    # Windows

    def join(self, visitor: Visitor, mark: int) -> Line:
        """A window opens; it is told what was said since its mark, and then what is said."""
        now = asyncio.get_running_loop().time()
        stays = SECONDS_TO_STAY * (0.8 + random.random() * 0.2)  # spreads the load
        line = Line(visitor, mark, now + stays, now)
        line.push(f"retry: {random.randint(300, 3_000)}\n: welcome\n\n".encode())
        self._lines.add(line)
        self._by_address.setdefault((visitor.shop_id, visitor.address), set()).add(line)
        self._mark_dirty([line])
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._read_on()), asyncio.create_task(self._look_on())]
        return line

    def leave(self, line: Line) -> None:
        line.gone = True
        self._lines.discard(line)
        self._dirty.discard(line)
        address = (line.visitor.shop_id, line.visitor.address)
        of_address = self._by_address.get(address)
        if of_address is not None:
            of_address.discard(line)
            if not of_address:
                del self._by_address[address]
        self._unplace(line)

    def place_of(self, visitor: Visitor) -> Place | None:
        """Where the talk is, if a window of this process knows it."""
        for line in self._by_address.get((visitor.shop_id, visitor.address), ()):
            if line.place is not None and line.place.thread_id is not None:
                return line.place
        return None

    @property
    def is_full(self) -> bool:
        return self.closed or len(self._lines) >= MOST_LINES

    async def close(self) -> None:
        """Ends every window's stream; they come again, to whoever serves then."""
        self.closed = True
        for line in list(self._lines):
            line.end()
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tasks = []

    # What signals tell

    def _said(self, data: Any) -> None:
        watched = self._threads.get(UUID(data))
        if watched is not None:
            self._mark_dirty(watched.lines)

    def _placed(self, data: Any) -> None:
        """A visitor's talk has begun, or is somewhere else now."""
        shop_id, address = data
        lines = self._by_address.get((UUID(shop_id), address), set())
        for line in lines:
            self._unplace(line)
        self._mark_dirty(lines)

    def _afresh(self, data: Any) -> None:
        """What the visitor may read is more now, or less."""
        shop_id, address = data
        for line in self._by_address.get((UUID(shop_id), address), ()):
            line.push(event("afresh", {}))
        self._placed(data)

    def _passing(self, data: Any) -> None:
        """Told to the windows of a thread as it is, without a mark: [thread, event, its data]."""
        thread_id, name, told = data
        watched = self._threads.get(UUID(thread_id))
        if watched is not None:
            piece = event(name, told)
            for line in watched.lines:
                line.push(piece)
            if name == "afresh":
                for line in list(watched.lines):
                    self._unplace(line)
                    self._mark_dirty([line])

    def _mark_dirty(self, lines: Iterable[Line]) -> None:
        self._dirty.update(lines)
        if self._dirty:
            self._woken.set()

    # Reading

    async def _read_on(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._dirty:
                lines = [self._dirty.pop() for _ in range(min(LINES_AT_ONCE, len(self._dirty)))]
                try:
                    await self.read([line for line in lines if not line.gone])
                except Exception as failure:
                    # Nothing is lost: their marks stand where they stood.
                    log.warning("chat reader stumbles", error=repr(failure))
                    self._dirty.update(lines)
                    await asyncio.sleep(1)
            await asyncio.sleep(SECONDS_BETWEEN_READS)

    async def read(self, lines: list[Line]) -> None:
        """Hands each of these windows what is new to it."""
        async with begin(self._house, SYSTEM) as work:
            homeless = [line for line in lines if line.place is None]
            for line, place in zip(
                homeless, await places_of(work, [line.visitor for line in homeless]), strict=True
            ):
                # Who has left meanwhile must not be remembered.
                if line in self._lines:
                    self._place(line, place)
            wanted = [
                (line, line.place)
                for line in lines
                if line.place is not None and line.place.thread_id is not None
            ]
            rows = await said_since(work, [(place, line.mark) for line, place in wanted]) if wanted else []
            now = work.now
        counts = [0] * len(wanted)
        for number, row in rows:
            line, place = wanted[number]
            counts[number] += 1
            if row.position > line.mark:
                line.mark = row.position
                line.push(event("message", as_told(self._house, row, now), row.position))
            watched = self._threads.get(place.thread_id) if place.thread_id else None
            if watched is not None and (watched.last is None or row.sent_at > watched.last):
                watched.last = row.sent_at
        self._mark_dirty(wanted[number][0] for number, count in enumerate(counts) if count == MOST_AT_ONCE)

    async def _look_on(self) -> None:
        """Finds what no signal told of, keeps lines warm, and tells who is there."""
        loop = asyncio.get_running_loop()
        turn = 0
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            turn += 1
            now = loop.time()
            for line in list(self._lines):
                if now > line.ends:
                    line.end()
                elif now - line.beaten >= SECONDS_BETWEEN_BEATS:
                    line.beaten = now
                    line.push(b": still here\n\n")
            self._tell_who_left(now)
            self._signals.tell("chat.online", [self._signals.process, [], []])
            try:
                await self.look()
            except Exception as failure:
                log.warning("chat reader cannot look", error=repr(failure))

    async def look(self) -> None:
        """Compares what was last said in each watched thread with what we know of."""
        known = list(self._threads.items())
        if not known:
            return
        async with begin(self._house, SYSTEM) as work:
            rows = await work.session.execute(
                MOVED,
                {
                    "threads": [thread_id for thread_id, _ in known],
                    "lasts": [watched.last for _, watched in known],
                },
            )
            for row in rows:
                watched = self._threads.get(row.id)
                if watched is not None:
                    watched.last = row.last_message_at
                    self._mark_dirty(watched.lines)

    def _place(self, line: Line, place: Place) -> None:
        line.place = place
        if place.thread_id is None:
            return
        self._threads.setdefault(place.thread_id, _Watched()).lines.add(line)
        self._leaving.pop(place.thread_id, None)
        if place.thread_id not in self._here:
            self._here.add(place.thread_id)
            self._tell_online([place.thread_id], [])

    def _unplace(self, line: Line) -> None:
        if line.place is None or line.place.thread_id is None:
            line.place = None
            return
        thread_id = line.place.thread_id
        line.place = None
        watched = self._threads.get(thread_id)
        if watched is not None:
            watched.lines.discard(line)
            if not watched.lines:
                del self._threads[thread_id]
                if not self.closed:
                    self._leaving[thread_id] = asyncio.get_running_loop().time() + SECONDS_AWAY

    # Who is there

    def is_online(self, thread_id: UUID) -> bool:
        """Whether the customer's window is open, in whichever process."""
        if thread_id in self._here:
            return True
        now = asyncio.get_running_loop().time()
        return any(
            thread_id in threads
            for heard, threads in self._elsewhere.values()
            if now - heard < SECONDS_SILENT
        )

    def _tell_who_left(self, now: float) -> None:
        left = [thread_id for thread_id, when in self._leaving.items() if now > when]
        for thread_id in left:
            del self._leaving[thread_id]
            if thread_id not in self._threads:
                self._here.discard(thread_id)
        self._tell_online([], [thread_id for thread_id in left if thread_id not in self._threads])

    def _tell_online(self, came: list[UUID], left: list[UUID]) -> None:
        for start in range(0, max(len(came), len(left)), THREADS_A_SIGNAL):
            part = slice(start, start + THREADS_A_SIGNAL)
            told = [[str(one) for one in threads[part]] for threads in (came, left)]
            self._signals.tell("chat.online", [self._signals.process, *told])

    def _online_elsewhere(self, data: Any) -> None:
        process, came, left = data
        if process == self._signals.process:
            return
        _, threads = self._elsewhere.get(process, (0.0, set()))
        threads.update(UUID(one) for one in came)
        threads.difference_update(UUID(one) for one in left)
        now = asyncio.get_running_loop().time()
        self._elsewhere[process] = (now, threads)
        for silent in [one for one, (heard, _) in self._elsewhere.items() if now - heard > SECONDS_SILENT]:
            del self._elsewhere[silent]

    def _who(self, process: Any) -> None:
        """A process that has just begun asks who is there."""
        if process != self._signals.process:
            self._tell_online(list(self._here), [])


def chats_of(house: House) -> ChatLive:
    """The windows of this process."""
    if ChatLive not in house.kept:
        house.kept[ChatLive] = ChatLive(house)
    return cast(ChatLive, house.kept[ChatLive])


async def close_chats(house: House) -> None:
    """The process ends."""
    found = house.kept.get(ChatLive)
    if found is not None:
        await found.close()


def pass_on(work: Work, thread_id: UUID, name: str, data: Any) -> None:
    """Tells the windows of a thread once the work has committed. It may be lost."""
    tell_after(work, "chat.passing", [str(thread_id), name, data])


@within(MessagePosted)
async def tell_windows(work: Work, fact: MessagePosted) -> None:
    tell_after(work, "said", str(fact.thread_id))
