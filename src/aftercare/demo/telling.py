"""How a year is told in a minute: every story is a generator of steps, all steps stand in one queue by their own moments.

A window takes the steps of some hours. Those of one story run in order, stories run beside each other. When a window is
done, the clocks that came due in it ring at their own moments, and what follows from a fact happens a moment after it.

Shops have nothing to do with each other, so several tellers may tell one year, each its own shops. Row-level security keeps
them apart: none sees facts or clocks of another's.
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

from aftercare.assistant import Mind
from aftercare.claims import reconcile, unknown_refunds
from aftercare.conversations import ChannelSenders
from aftercare.demo.understudy import Script, TakesAll
from aftercare.journal import AFTER, FACTS, SYSTEM, Actor, Fact, House, Reaction, Work, begin
from aftercare.kit.errors import Refusal
from aftercare.notices import Letter, MailSender, NoticeSent
from aftercare.promises import fire_due, next_due, warn_due

log = structlog.get_logger()

WINDOW = timedelta(hours=8)
AT_ONCE = 6
LETTERS_KEPT = timedelta(days=3)
"""The letters of the last days are truly handed to the post."""
WORDS_KEPT = timedelta(days=14)
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
    """While it tells, the house goes by the story's clock and wakes nobody. Nobody else writes what it can see. `refused` are steps
    whose refusal their story did not expect."""

    def __init__(self, house: House, today: datetime) -> None:
        self.house, self.today = house, today
        self.refused: list[str] = []
        self.steps = self.reactions = self.rung = 0
        self._moment: ContextVar[datetime] = ContextVar("story_moment", default=today)
        self._queue: list[_Waiting] = []
        self._number = 0
        self._places = asyncio.Semaphore(AT_ONCE)
        self._unread = self._due_unknown = True
        self._due: datetime | None = None
        self._money_moves = False
        self._read_up_to: tuple[int, int] = (0, 0)
        self._listeners: dict[str, list[Reaction]] = {}
        for reaction in AFTER.values():
            for name in reaction.facts:
                self._listeners.setdefault(name, []).append(reaction)

    @contextmanager
    def in_the_story(self) -> Iterator[None]:
        """The ports of a house were given the house, so its own clock is turned back and forth."""
        clock, wake, ports = self.house.clock, self.house.wake, self.house.ports
        self.house.clock, self.house.wake = self._moment.get, self._heard
        post = PastPost(ports.get(MailSender), self.today - LETTERS_KEPT)
        mind = Mind("script", Script())
        self.house.ports = {**ports, MailSender: post, ChannelSenders: TakesAll(), Mind: mind}
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
        self._unread = self._due_unknown = True

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

    async def skip_what_was(self) -> None:
        """What has happened so far was followed by somebody else."""
        async with begin(self.house, SYSTEM) as work:
            last = (await work.session.execute(LAST_FACT)).one_or_none()
        self._read_up_to = (last.transaction, last.position) if last else (0, 0)

    async def _react(self) -> None:
        """All that follows within this house in one transaction, each reaction a moment after its fact; then what goes
        outside, side by side."""
        while self._unread:
            self._unread = False
            outside: list[tuple[Reaction, Fact, Any]] = []
            async with begin(self.house, SYSTEM) as work:
                recorded = -1
                while recorded < work.recorded:
                    recorded = work.recorded
                    letters: list[Any] = []
                    for row in await self._next_facts(work):
                        outside += await self._follow(work, row, letters)
                    await self._forget_old_letters(work, letters)
                self._due = await next_due(work)
            # What this work itself has said, it has heard.
            self._unread = self._due_unknown = False
            self._money_moves |= any(reaction.name == PAYS for reaction, _, _ in outside)
            lanes: dict[tuple[str, Any], list[tuple[Reaction, Fact, Any]]] = {}
            for one in outside:
                lanes.setdefault((one[0].name, one[1].subject(one[0].in_order_of)), []).append(one)
            await asyncio.gather(*(self._go_outside(lane) for lane in lanes.values()))

    async def _next_facts(self, work: Work) -> Sequence[Any]:
        """Those of this very transaction as well: nobody else writes them."""
        transaction, position = self._read_up_to
        rows = (
            await work.session.execute(
                NEXT_FACTS,
                {
                    "transaction": str(transaction),
                    "position": position,
                    "names": list(self._listeners),
                },
            )
        ).all()
        if rows:
            self._read_up_to = (rows[-1].transaction, rows[-1].position)
        return rows

    async def _follow(self, work: Work, row: Any, letters: list[Any]) -> list[tuple[Reaction, Fact, Any]]:
        """Runs what follows from a fact in this house; what goes outside is handed back, and letters of long ago are put aside."""
        fact = FACTS[row.name].read(row.data, row.shop_id)
        outside: list[tuple[Reaction, Fact, Any]] = []
        for reaction in self._listeners[row.name]:
            if reaction.when is not None and not reaction.when(fact):
                continue
            self.reactions += 1
            if reaction.name == LETTERS and row.at < self.today - WORDS_KEPT:
                letters.append(fact)
            elif reaction.outside:
                outside.append((reaction, fact, row))
            else:
                work.now = min(row.at + MOMENT, self.today)
                work.cause, work.request_id = row.position, row.request_id
                await reaction.run(work, fact)
                await work.write_facts()
                await work.session.flush()
        work.cause = work.request_id = None
        return outside

    async def _forget_old_letters(self, work: Work, letters: list[Any]) -> None:
        """Letters of long ago were sent; their words are not kept any more."""
        if not letters:
            return
        ids = [fact.notice_id for fact in letters]
        for row in (await work.session.execute(OLD_LETTERS, {"ids": ids, "moment": MOMENT})).all():
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

    async def _go_outside(self, lane: list[tuple[Reaction, Fact, Any]]) -> None:
        async with self._places:
            for reaction, fact, row in lane:
                with self._at(min(row.at + MOMENT, self.today)):
                    await reaction.run(self.house, fact)


NEXT_FACTS = text(
    """
    SELECT position, transaction::text::bigint AS transaction, at, name, shop_id, data, request_id FROM fact
    WHERE (transaction, position) > (CAST(CAST(:transaction AS text) AS xid8), :position) AND name = ANY(:names)
    ORDER BY fact.transaction, fact.position
    """
)
LAST_FACT = text(
    """
    SELECT position, transaction::text::bigint AS transaction FROM fact
    ORDER BY fact.transaction DESC, fact.position DESC LIMIT 1
    """
)
OLD_LETTERS = text(
    """
    UPDATE notice n SET state = 'sent', sent_at = n.planned_at + :moment, attempts = 1
    WHERE n.id = ANY(:ids) AND n.state = 'planned'
    RETURNING n.id, n.shop_id, n.customer_id, n.claim_id, n.case_id, n.template, n.sent_at
    """
)
