"""How a year is told in a minute: every story is a generator of steps, all steps stand in one queue by their own moments.

A window takes the steps of some hours. Those of one story run in order, stories run beside each other. When a window is
done, the clocks that came due in it ring at their own moments, and what follows from a fact happens a moment after it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import Any, TypeAlias

import structlog
from sqlalchemy import text

from aftercare.claims import reconcile, unknown_refunds
from aftercare.journal import AFTER, FACTS, SYSTEM, Actor, House, Lane, Work, begin, relay, run_lane
from aftercare.kit.errors import Refusal
from aftercare.notices import Letter, MailSender, NoticeSent
from aftercare.promises import fire_due, next_due, warn_due

log = structlog.get_logger()

WINDOW = timedelta(hours=8)
AT_ONCE = 6
LETTERS_KEPT = timedelta(days=3)
"""The letters of the last days are truly handed to the post."""
WORDS_KEPT = timedelta(days=40)
"""Notices keep their words so long; to word every letter of a year would take longer than the year itself."""
PAYS, LETTERS = "claims.pay_refund", "notices.send_planned"
MOMENT = timedelta(seconds=2)
"""How long a reaction takes in the story."""


class PastPost:
    """Letters of the story count as sent; only the last days' are truly handed on, if there is somebody to take them."""

    def __init__(self, real: MailSender | None, since: datetime) -> None:
        self._real, self._since = real, since
        self.address = real.address if real else "service@localhost"
        self.portal_url = real.portal_url if real else "http://localhost"

    async def send(self, letter: Letter) -> None:
        if self._real is not None and letter.date >= self._since:
            await self._real.send(letter)


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
        clock, wake, ports = self.house.clock, self.house.wake, self.house.ports
        self.house.clock, self.house.wake = self._moment.get, self._heard
        post = PastPost(ports.get(MailSender), self.today - LETTERS_KEPT)
        self.house.ports = {**ports, MailSender: post}
        try:
            yield
        finally:
            self.house.clock, self.house.wake, self.house.ports = clock, wake, ports

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
            self.refused.append(f"{type(unexpected).__name__} {unexpected.data}")
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
        """All that follows within this house in one transaction, each reaction a moment after its fact; then what goes
        outside, side by side. Nobody else writes meanwhile, so one transaction may read what it has just written."""
        while self._unrelayed:
            self._unrelayed = False
            async with begin(self.house, SYSTEM) as work:
                reactions: set[str] = set()
                told = -1
                while told < work.recorded:
                    told = work.recorded
                    lanes = (await relay(work, only_writer=True)).lanes
                    reactions |= {lane.reaction for lane in lanes}
                    if not all(AFTER[lane.reaction].outside for lane in lanes):
                        rows = (await work.session.execute(WAITING)).all()
                        await self._follow_within(
                            work, [row for row in rows if not AFTER[row.reaction].outside]
                        )
                    if LETTERS in reactions:
                        await self._forget_old_letters(work)
                rows = (await work.session.execute(WAITING)).all() if reactions else []
            outside = [(Lane(row.reaction, row.lane), row.at) for row in rows]
            self._due_unknown = True
            self._money_moves |= any(lane.reaction == PAYS for lane, _ in outside)
            await asyncio.gather(*(self._go_outside(lane, at) for lane, at in dict(outside).items()))

    async def _follow_within(self, work: Work, rows: Sequence[Any]) -> None:
        for row in rows:
            work.now = min(row.at + MOMENT, self.today)
            work.cause = row.position
            await AFTER[row.reaction].run(work, FACTS[row.name].read(row.data, row.shop_id))
            await work.write_facts()
            await work.session.flush()
        work.cause = None
        if rows:
            await work.session.execute(
                HAPPENED,
                {"reactions": [row.reaction for row in rows], "positions": [row.position for row in rows]},
            )
        self.reactions += len(rows)

    async def _forget_old_letters(self, work: Work) -> None:
        """Letters of long ago were sent; their words are not kept any more."""
        rows = (
            await work.session.execute(
                OLD_LETTERS, {"reaction": LETTERS, "before": self.today - WORDS_KEPT, "moment": MOMENT}
            )
        ).all()
        for row in rows:
            work.now = row.sent_at
            work.record(
                NoticeSent(
                    notice_id=row.id,
                    shop_id=row.shop_id,
                    customer_id=row.customer_id,
                    claim_id=row.claim_id,
                    case_id=row.case_id,
                    template=row.template,
                )
            )
            await work.write_facts()
        self.reactions += len(rows)

    async def _go_outside(self, lane: Lane, at: datetime) -> None:
        async with self._places:
            with self._at(min(at + MOMENT, self.today)):
                self.reactions += (await run_lane(self.house, lane)).ran


WAITING = text(
    """
    SELECT d.reaction, d.lane, d.at, d.position, f.name, f.shop_id, f.data FROM delivery d
    JOIN fact f ON f.at = d.at AND f.position = d.position WHERE d.state = 'waiting' ORDER BY d.transaction, d.position
    """
)
HAPPENED = text(
    """
    DELETE FROM delivery d USING unnest(CAST(:reactions AS text[]), CAST(:positions AS bigint[])) AS h(reaction, position)
    WHERE d.reaction = h.reaction AND d.position = h.position
    """
)
OLD_LETTERS = text(
    """
    WITH due AS (
      DELETE FROM delivery WHERE reaction = :reaction AND at < :before AND state = 'waiting' RETURNING lane
    )
    UPDATE notice n SET state = 'sent', sent_at = n.planned_at + :moment, attempts = 1 FROM due
    WHERE n.id = due.lane AND n.state = 'planned'
    RETURNING n.id, n.shop_id, n.customer_id, n.claim_id, n.case_id, n.template, n.sent_at
    """
)
