"""How a year is told in a minute: every story is a generator of steps, all steps stand in one queue by their own moments.

A window takes the steps of some hours. Those of one story run in order, stories run beside each other. When a window is
done, the clocks that came due in it ring at their own moments, and what follows from a fact happens a moment after it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any, TypeAlias

import structlog
from sqlalchemy import text

from aftercare.claims import reconcile, unknown_refunds
from aftercare.journal import SYSTEM, Actor, House, Lane, Work, begin, relay, run_lane
from aftercare.kit.errors import Refusal
from aftercare.promises import fire_due, next_due, warn_due

log = structlog.get_logger()

WINDOW = timedelta(hours=6)
AT_ONCE = 6
PAYS = "claims.pay_refund"
MOMENT = timedelta(seconds=2)
"""How long a reaction takes in the story."""


@dataclass(frozen=True)
class Step:
    """One actor doing one thing. `settled`: only after everything before it, and what follows from that, has happened."""

    when: datetime
    actor: Actor
    do: Callable[[Work], Awaitable[Any]]
    settled: bool = False


Story: TypeAlias = Generator[Step, Any, Any]
"""Yields steps and gets what each returned; a refusal is raised inside it."""


@dataclass(order=True)
class _Waiting:
    when: datetime
    number: int
    step: Step = field(compare=False)
    story: Story = field(compare=False)
    first: bool = field(compare=False)


class Teller:
    """While it tells, the house goes by the story's clock and wakes nobody. `refused` are steps whose refusal their story
    did not expect."""

    def __init__(self, house: House, today: datetime) -> None:
        self.house, self.today = house, today
        self.refused: list[str] = []
        self.steps = self.reactions = self.rung = 0
        self._moment: ContextVar[datetime] = ContextVar("story_moment", default=today)
        self._queue: list[_Waiting] = []
        self._number = 0
        self._places = asyncio.Semaphore(AT_ONCE)
        self._unrelayed = self._due_unknown = True
        self._due: datetime | None = None
        self._money_moves = False

    @contextmanager
    def in_the_story(self) -> Iterator[None]:
        """The ports of a house were given the house, so its own clock is turned back and forth."""
        clock, wake = self.house.clock, self.house.wake
        self.house.clock, self.house.wake = self._moment.get, self._heard
        try:
            yield
        finally:
            self.house.clock, self.house.wake = clock, wake

    @contextmanager
    def _at(self, moment: datetime) -> Iterator[None]:
        token = self._moment.set(moment)
        try:
            yield
        finally:
            self._moment.reset(token)

    def add(self, story: Story, *, first: bool = False) -> None:
        """`first`: in each window before all others, which build upon it."""
        self._number += 1
        step = self._go_on(story, None, None)
        if step is not None:
            heappush(self._queue, _Waiting(step.when, self._number, step, story, first))

    def _go_on(self, story: Story, given: Any, refusal: Refusal | None) -> Step | None:
        try:
            return story.send(given) if refusal is None else story.throw(refusal)
        except StopIteration:
            return None
        except Refusal as unexpected:
            self.refused.append(f"{story.__name__}: {type(unexpected).__name__} {unexpected.data}")
            return None

    async def tell(self, progress: Callable[[datetime], None]) -> None:
        """Everything up to today."""
        while (begins := await self._next_moment()) is not None and begins <= self.today:
            ends = min(begins + WINDOW, self.today)
            await self._window(ends)
            progress(ends)
        await self.settle(self.today)

    async def _next_moment(self) -> datetime | None:
        due = await self._next_due()
        moments = [moment for moment in (due, self._queue[0].when if self._queue else None) if moment]
        return min(moments) if moments else None

    async def _next_due(self) -> datetime | None:
        """Asked only when something has happened since."""
        if self._due_unknown:
            async with begin(self.house, SYSTEM) as work:
                self._due = await next_due(work)
            self._due_unknown = False
        return self._due

    def _heard(self) -> None:
        """Facts were committed."""
        self._unrelayed = self._due_unknown = True

    async def _window(self, ends: datetime) -> None:
        chains: list[_Waiting] = []
        while self._queue and self._queue[0].when <= ends:
            chains.append(heappop(self._queue))
        for chain in chains:
            if chain.first:
                await self._run(chain, ends)
        await asyncio.gather(*(self._run(chain, ends) for chain in chains if not chain.first))
        await self.settle(ends)

    async def _run(self, waiting: _Waiting, ends: datetime) -> None:
        """The steps of one story, as far as this window goes."""
        async with self._places:
            step: Step | None = waiting.step
            while step is not None:
                given: Any = None
                refusal: Refusal | None = None
                try:
                    given = await self.do(step)
                except Refusal as refused:
                    refusal = refused
                step = self._go_on(waiting.story, given, refusal)
                if step is not None and (step.settled or step.when > ends):
                    heappush(
                        self._queue, _Waiting(step.when, waiting.number, step, waiting.story, waiting.first)
                    )
                    return

    async def do(self, step: Step) -> Any:
        self.steps += 1
        with self._at(step.when):
            async with begin(self.house, step.actor, now=step.when) as work:
                return await step.do(work)

    async def settle(self, until: datetime) -> None:
        """Rings what is due by then and lets happen what follows, until nothing follows any more."""
        await self._react()
        while await self._ring(until):
            await self._react()
        if self._money_moves and await self._ask_gateways(until):
            await self._react()

    async def _ring(self, until: datetime) -> int:
        rung = 0
        while (due := await self._next_due()) is not None and due <= until:
            async with begin(self.house, SYSTEM, now=due) as work:
                rung += await warn_due(work) + await fire_due(work)
            self._due_unknown = True
        self.rung += rung
        return rung

    async def _ask_gateways(self, until: datetime) -> int:
        """A gateway that did not answer, or only 'later', is asked after, as the worker does."""
        with self._at(until):
            async with begin(self.house, SYSTEM) as work:
                unknown = await unknown_refunds(work)
            for refund_id in unknown:
                await reconcile(self.house, refund_id)
        self._money_moves = bool(unknown)
        return len(unknown)

    async def _react(self) -> None:
        while self._unrelayed:
            self._unrelayed = False
            async with begin(self.house, SYSTEM) as work:
                relayed = await relay(work, only_writer=True)
                rows = (await work.session.execute(WAITING)).all() if relayed.lanes else []
            self._money_moves |= any(row.reaction == PAYS for row in rows)
            await asyncio.gather(*(self._follow(Lane(row.reaction, row.lane), row.at) for row in rows))

    async def _follow(self, lane: Lane, at: datetime) -> None:
        async with self._places:
            with self._at(min(at + MOMENT, self.today)):
                self.reactions += (await run_lane(self.house, lane)).ran


WAITING = text(
    "SELECT reaction, lane, max(at) AS at FROM delivery WHERE state = 'waiting' GROUP BY reaction, lane ORDER BY max(at)"
)
