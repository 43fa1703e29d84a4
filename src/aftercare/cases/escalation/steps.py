"""Steps: a clock that warns or breaks sets off those of its rule; each is taken once, at its hour, many at a time.

A step is a row from the moment that its clock sets it off, and taken in the transaction that states it: whoever crashes
half-way has taken none. All lock the cases first, in one order, so that two at once take each step once.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heapify, heapreplace
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare import identity
from aftercare.cases.escalation.model import Doing, Pressing, Whom
from aftercare.cases.escalation.rules import EscalationWish, rule_for
from aftercare.cases.escalation.words import LATE, SOON, done, note_language, sentence
from aftercare.cases.events import CaseEscalated, CasePrioritySet, CaseReleased, CaseStepTaken
from aftercare.cases.followers import Telling, follow_all, following, tell_all
from aftercare.cases.model import ACTIVE, NO_CLOCK, DeskKind, Priority, Status, Step
from aftercare.cases.routing import loads_of, of_other_shops
from aftercare.conversations import Note, leave_notes
from aftercare.journal import SYSTEM, Fact, House, Work, begin
from aftercare.kit.json import to_json
from aftercare.people import MemberView, at_work, available_members, next_shift
from aftercare.promises import ClockFired, ClockView, ClockWarned, add_working_time, open_clocks

PRIORITIES = list(Priority)
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class SetOff:
    """A clock has warned or broken for its case at `at`. `head`: what the thread is told of it before what was done; without
    one it is made from the clock. `because`: the fact that it follows from, where a reaction follows from many."""

    case_id: UUID
    shop_id: UUID
    clock_id: UUID
    clock: str
    step: Step
    at: datetime
    due_at: datetime
    head: str = ""
    because: Fact | None = None


LOCK = text(
    """
    SELECT id, shop_id, customer_id, status, priority, owner_id, thread_id, skill, locale, waiting_since, opened_at
    FROM service_case WHERE id = ANY(:ids) ORDER BY id FOR UPDATE
    """
)
PLAN = text(
    """
    INSERT INTO escalation_step (clock_id, step, nr, case_id, shop_id, clock, wish, due_at)
    SELECT t.clock_id, t.step, t.nr, t.case_id, t.shop_id, t.clock, CAST(t.wish AS jsonb), t.due_at
    FROM unnest(CAST(:clocks AS uuid[]), CAST(:steps AS text[]), CAST(:nrs AS int[]), CAST(:cases AS uuid[]),
      CAST(:shops AS uuid[]), CAST(:names AS text[]), CAST(:wishes AS text[]), CAST(:dues AS timestamptz[]))
      AS t(clock_id, step, nr, case_id, shop_id, clock, wish, due_at)
    ON CONFLICT (clock_id, step, nr) DO UPDATE SET due_at = excluded.due_at, waiting = false
      WHERE escalation_step.taken_at IS NULL
    """
)
DUE = """
    SELECT clock_id, step, nr, case_id, clock, wish, due_at FROM escalation_step
    WHERE taken_at IS NULL AND due_at <= :now AND {which}
    ORDER BY due_at, clock_id, step DESC, nr {how}
"""
DUE_CASES = text(
    DUE.format(which="(CAST(:clocks AS uuid[]) IS NULL OR clock_id = ANY(:clocks))", how="LIMIT :limit")
)
DUE_STEPS = text(
    DUE.format(
        which="case_id = ANY(:cases) AND (CAST(:clocks AS uuid[]) IS NULL OR clock_id = ANY(:clocks))",
        how="FOR UPDATE",
    )
)
KEYS = "unnest(CAST(:clocks AS uuid[]), CAST(:steps AS text[]), CAST(:nrs AS int[])) AS k(clock_id, step, nr)"
SAME = "s.clock_id = k.clock_id AND s.step = k.step AND s.nr = k.nr"
TAKEN = text(f"UPDATE escalation_step s SET taken_at = :now, waiting = false FROM {KEYS} WHERE {SAME}")  # noqa: S608
FALLEN_AWAY = text(f"DELETE FROM escalation_step s USING {KEYS} WHERE {SAME}")  # noqa: S608
PUT_OFF = text(
    f"UPDATE escalation_step s SET due_at = :due, waiting = :waiting FROM {KEYS} WHERE {SAME}"  # noqa: S608
)
FIRST = text(
    """
    INSERT INTO case_escalation (clock_id, step, case_id, shop_id, escalated_at)
    SELECT t.clock_id, t.step, c.id, c.shop_id, :now
    FROM unnest(CAST(:clocks AS uuid[]), CAST(:steps AS text[]), CAST(:cases AS uuid[])) AS t(clock_id, step, case_id)
    JOIN service_case c ON c.id = t.case_id
    ON CONFLICT DO NOTHING RETURNING clock_id, step
    """
)
PRESS = text(
    """
    UPDATE service_case c SET priority = p.priority, skill = coalesce(p.skill, c.skill),
      owner_id = CASE WHEN p.given_up THEN NULL ELSE c.owner_id END,
      assigned_at = CASE WHEN p.given_up THEN NULL ELSE c.assigned_at END, queued = c.queued OR p.given_up
    FROM unnest(CAST(:ids AS uuid[]), CAST(:priorities AS text[]), CAST(:skills AS text[]), CAST(:given_up AS bool[]))
      AS p(id, priority, skill, given_up)
    WHERE c.id = p.id
    """
)


async def escalate(
    work: Work, case_id: UUID, *, clock_id: UUID, clock: str, step: Step, note: str = ""
) -> bool:
    """For a clock of what the case is about, at which the system cannot act by itself: its rule's steps are set off, and
    `note` is left in the thread with what was done. False if that happened before, or the case is over. For the system, who
    sees every case."""
    await work.session.flush()
    case = (await work.session.execute(LOCK, {"ids": [case_id]})).one_or_none()
    if case is None or Status(case.status) not in ACTIVE:
        return False
    found = (await open_clocks(work, [clock_id])).get(clock_id)
    due = work.now if found is None else found.due_at
    begun = SetOff(case_id, case.shop_id, clock_id, clock, step, min(due, work.now), due, note)
    key = (clock_id, step)
    first = await _note_first(work, {key: case_id})
    if not first:
        return False
    await _plan(work, [begun])
    taking = _Taking(work, {case.id: case}, {key: begun})
    # Whoever calls knows that the clock still matters, and the note is left whatever is done.
    taking.said[key] = []
    await taking.take(await _due_steps(work, [case_id], [clock_id]), None)
    await taking.write(first)
    return True


async def set_off(
    work: Work, facts: Sequence[ClockWarned | ClockFired], case_of: Mapping[UUID, UUID]
) -> None:
    """What follows for cases from clocks that warned or broke, unless what they wait for has happened since. `case_of`: by
    subject."""
    clocks = await open_clocks(work, [fact.clock_id for fact in facts])
    begun = {}
    for fact in facts:
        clock = clocks.get(fact.clock_id)
        if clock is None or fact.subject_id not in case_of:
            continue
        step = Step.broken if isinstance(fact, ClockFired) else Step.warned
        at = clock.due_at if step is Step.broken else min(clock.warn_at or work.now, work.now)
        begun[clock.id, step] = SetOff(
            case_of[fact.subject_id],
            clock.shop_id,
            clock.id,
            clock.name,
            step,
            at,
            clock.due_at,
            because=fact,
        )
    if begun:
        await _plan(work, list(begun.values()))
        await _take(work, {clock_id for clock_id, _ in begun}, begun)


async def take_due_steps(house: House, *, limit: int = AT_A_TIME) -> int:
    """How many steps were looked at: all that are due, each batch in a Work of its own. What the worker calls."""
    looked_at = 0
    while True:
        async with begin(house, SYSTEM) as work:
            now = await _take(work, None, {}, limit)
        looked_at += now
        if now < limit:
            return looked_at


async def wake_steps(work: Work, *, clocks: Collection[UUID] = (), waiting: bool = False) -> None:
    """Clocks go on, or somebody has come to work: what stood still for that is due now."""
    await work.session.execute(
        text(
            "UPDATE escalation_step SET due_at = :now WHERE taken_at IS NULL AND due_at > :now AND"
            " (waiting AND :waiting OR clock_id = ANY(:clocks) AND due_at = :never)"
        ),
        {"now": work.now, "waiting": waiting, "clocks": list(clocks), "never": NO_CLOCK},
    )


async def forget_steps(work: Work) -> None:
    """What cases that are over have left untaken."""
    await work.session.execute(
        text(
            "DELETE FROM escalation_step s USING service_case c WHERE s.taken_at IS NULL AND c.id = s.case_id"
            " AND c.status IN ('solved', 'closed')"
        )
    )


async def _plan(work: Work, begun: Sequence[SetOff]) -> None:
    rows: list[tuple[SetOff, int, EscalationWish, datetime]] = []
    for one in begun:
        rule = await rule_for(work, one.shop_id, one.clock)
        for nr, wish in enumerate(rule.steps):
            if wish.when is one.step:
                later = timedelta(minutes=wish.after_minutes)
                rows.append((one, nr, wish, await add_working_time(work, one.shop_id, one.at, later)))
    if rows:
        await work.session.execute(
            PLAN,
            {
                "clocks": [one.clock_id for one, *_ in rows],
                "steps": [one.step.value for one, *_ in rows],
                "nrs": [nr for _, nr, *_ in rows],
                "cases": [one.case_id for one, *_ in rows],
                "shops": [one.shop_id for one, *_ in rows],
                "names": [one.clock for one, *_ in rows],
                "wishes": [
                    to_json(wish.model_dump(mode="json", exclude_none=True)) for _, _, wish, _ in rows
                ],
                "dues": [due for *_, due in rows],
            },
        )


async def _due_steps(work: Work, cases: Collection[UUID], clocks: Collection[UUID] | None) -> Sequence[Any]:
    values = {"now": work.now, "cases": list(cases), "clocks": None if clocks is None else list(clocks)}
    return (await work.session.execute(DUE_STEPS, values)).all()


async def _take(
    work: Work,
    clocks: Collection[UUID] | None,
    begun: Mapping[tuple[UUID, Step], SetOff],
    limit: int = 100 * AT_A_TIME,
) -> int:
    await work.session.flush()
    values = {"now": work.now, "clocks": None if clocks is None else list(clocks), "limit": limit}
    due = (await work.session.execute(DUE_CASES, values)).all()
    if not due:
        return 0
    cases = {
        row.id: row for row in await work.session.execute(LOCK, {"ids": list({row.case_id for row in due})})
    }
    steps = await _due_steps(work, cases, clocks)
    taking = _Taking(work, cases, begun)
    await taking.take(steps, await open_clocks(work, {step.clock_id for step in steps}))
    await taking.write(await _note_first(work, {key: taking.case_of[key] for key in taking.said}))
    return len(due)


async def _note_first(work: Work, pressed: Mapping[tuple[UUID, Step], UUID]) -> set[tuple[UUID, Step]]:
    """Those of which it is the first time that their clock presses its case so."""
    if not pressed:
        return set()
    new = await work.session.execute(
        FIRST,
        {
            "clocks": [clock_id for clock_id, _ in pressed],
            "steps": [step.value for _, step in pressed],
            "cases": list(pressed.values()),
            "now": work.now,
        },
    )
    return {(row.clock_id, Step(row.step)) for row in new}


class _Taking:
    """What a batch of steps makes of its cases: first thought out, then written at once."""

    def __init__(
        self, work: Work, cases: Mapping[UUID, Any], begun: Mapping[tuple[UUID, Step], SetOff]
    ) -> None:
        self.work, self.cases, self.begun = work, cases, begun
        self.people = _AtHand(work)
        self.said: dict[tuple[UUID, Step], list[tuple[str, str]]] = {}
        self.clock: dict[tuple[UUID, Step], tuple[str, datetime]] = {
            key: (one.clock, one.due_at) for key, one in begun.items()
        }
        self.case_of: dict[tuple[UUID, Step], UUID] = {key: one.case_id for key, one in begun.items()}
        self.priorities: dict[UUID, Priority] = {}
        self.skills: dict[UUID, str] = {}
        self.given_up: dict[UUID, Fact | None] = {}
        self.tellings: list[Telling] = []
        self.following: list[tuple[UUID, UUID, UUID]] = []
        self.taken: list[Any] = []
        self.fallen_away: list[Any] = []
        self.put_off: dict[tuple[datetime, bool], list[Any]] = {}

    async def take(self, steps: Sequence[Any], open_clocks: Mapping[UUID, ClockView] | None) -> None:
        """Those whose clock is settled by now fall away; without `open_clocks` all are taken."""
        clocks = open_clocks or {}
        await self.people.look([self.cases[step.case_id] for step in steps])
        for step in steps:
            case = self.cases[step.case_id]
            if Status(case.status) not in ACTIVE or (open_clocks is not None and step.clock_id not in clocks):
                self.fallen_away.append(step)
                continue
            clock = clocks.get(step.clock_id)
            if clock is not None and (
                clock.paused_at is not None
                or (
                    Step(step.step) is Step.warned
                    and clock.warn_at is not None
                    and clock.warn_at > self.work.now
                )
            ):
                # It goes on with its clock; one that was extended warns anew.
                self.put_off.setdefault((NO_CLOCK, False), []).append(step)
                continue
            key = (step.clock_id, Step(step.step))
            if clock is not None:
                self.clock.setdefault(key, (clock.name, clock.due_at))
            self.case_of[key] = step.case_id
            await self._one(step, case, EscalationWish.model_validate(step.wish), key)

    async def _one(self, step: Any, case: Any, wish: EscalationWish, key: tuple[UUID, Step]) -> None:
        because = self.begun[key].because if key in self.begun else None
        told: list[UUID] = []
        stand_in = False
        if wish.do is Doing.press and wish.to is not None:
            self._press(case, wish.to, because)
        elif wish.do is Doing.reassign:
            if wish.skill is not None:
                self.skills[case.id] = wish.skill
            self.given_up.setdefault(case.id, because)
        else:
            whom = Whom.supervisors if wish.do is Doing.supervise else wish.whom or Whom.owner
            told, stand_in = await self.people.who(case, whom)
            if not told:
                opens = await self.people.next_hour(case, whom)
                self.put_off.setdefault((opens or NO_CLOCK, True), []).append(step)
                return
            if wish.do is Doing.supervise:
                self.following += [(case.shop_id, case.id, account_id) for account_id in told]
            kind = DeskKind.escalated if key[1] is Step.broken else DeskKind.warned
            self.tellings += [
                Telling(case.shop_id, case.id, kind, account_id, because) for account_id in told
            ]
        self.taken.append(step)
        said = self.said.setdefault(key, [])
        said.append(done(wish.do, whom=wish.whom, to=wish.to, skill=wish.skill, stand_in=stand_in))
        self.work.record(
            CaseStepTaken(
                shop_id=case.shop_id,
                case_id=case.id,
                clock_id=step.clock_id,
                clock=step.clock,
                step=key[1],
                nr=step.nr,
                did=wish.do,
                told=len(told),
            ),
            because=because,
        )

    def _press(self, case: Any, to: Pressing, because: Fact | None) -> None:
        before = self.priorities.get(case.id, Priority(case.priority))
        now = PRIORITIES.index(before)
        most = (
            min(now + 1, PRIORITIES.index(Priority.high))
            if to is Pressing.next
            else PRIORITIES.index(Priority(to.value))
        )
        wanted = PRIORITIES[max(now, most)]
        if wanted is not before:
            self.priorities[case.id] = wanted
            self.work.record(
                CasePrioritySet(shop_id=case.shop_id, case_id=case.id, priority=wanted, before=before),
                because=because,
            )

    async def write(self, first: Collection[tuple[UUID, Step]]) -> None:
        """`first`: what presses its case so for the first time."""
        await self._mark()
        work, cases = self.work, self.cases
        changed = {*self.priorities, *self.skills, *self.given_up}
        if changed:
            await work.session.execute(
                PRESS,
                {
                    "ids": list(changed),
                    "priorities": [
                        self.priorities.get(one, Priority(cases[one].priority)).value for one in changed
                    ],
                    "skills": [self.skills.get(one) for one in changed],
                    "given_up": [one in self.given_up for one in changed],
                },
            )
        for case_id, because in self.given_up.items():
            case = cases[case_id]
            if case.owner_id is not None:
                work.record(
                    CaseReleased(shop_id=case.shop_id, case_id=case_id, account_id=case.owner_id),
                    because=because,
                )
        for clock_id, step in self.said:
            if (clock_id, step) in first:
                self._state(clock_id, step)
        await follow_all(work, self.following)
        # Whoever follows hears of a broken promise from the fact itself.
        stated = {self.case_of[key] for key in first if key[1] is Step.broken and key in self.said}
        hears = await following(work, stated)
        await tell_all(
            work, [one for one in self.tellings if one.account_id not in hears.get(one.case_id, ())]
        )
        await leave_notes(work, [note for key in self.said if (note := await self._note(key)) is not None])

    def _state(self, clock_id: UUID, step: Step) -> None:
        case = self.cases[self.case_of[clock_id, step]]
        begun = self.begun.get((clock_id, step))
        self.work.record(
            CaseEscalated(
                case_id=case.id,
                clock_id=clock_id,
                shop_id=case.shop_id,
                clock=self.clock[clock_id, step][0],
                step=step,
                priority=self.priorities.get(case.id, Priority(case.priority)),
            ),
            because=begun.because if begun else None,
        )

    async def _note(self, key: tuple[UUID, Step]) -> Note | None:
        """A warning is noted only where the case changes hands or somebody comes to it."""
        said, step = self.said[key], key[1]
        if step is Step.warned and not any(word.startswith(("reassign", "supervise")) for word, _ in said):
            return None
        case, begun = self.cases[self.case_of[key]], self.begun.get(key)
        shop = await identity.get_shop(self.work, case.shop_id)
        locale = note_language(shop)
        head = begun.head if begun else ""
        if not head:
            name, due_at = self.clock[key]
            words = LATE[locale].get(name, LATE[locale][""]) if step is Step.broken else SOON[locale]
            head = words.format(due=due_at.astimezone(shop.zone).strftime("%Y-%m-%d %H:%M"))
        return Note(
            shop_id=case.shop_id,
            thread_id=case.thread_id,
            case_id=case.id,
            body=sentence(locale, head, said),
            because=begun.because if begun else None,
        )

    async def _mark(self) -> None:
        for statement, steps in ((TAKEN, self.taken), (FALLEN_AWAY, self.fallen_away)):
            if steps:
                await self.work.session.execute(statement, _keys(steps) | {"now": self.work.now})
        for (due, waiting), steps in self.put_off.items():
            await self.work.session.execute(PUT_OFF, _keys(steps) | {"due": due, "waiting": waiting})


def _keys(steps: Sequence[Any]) -> dict[str, Any]:
    return {
        "clocks": [step.clock_id for step in steps],
        "steps": [step.step for step in steps],
        "nrs": [step.nr for step in steps],
    }


@dataclass
class _Group:
    """Those who take one kind of case and are at work, who carries least at the front."""

    accounts: list[UUID]
    turn: list[tuple[float, UUID, int, int]] = field(default_factory=list)

    def least(self) -> UUID:
        _, account_id, load, capacity = self.turn[0]
        heapreplace(self.turn, ((load + 1) / capacity, account_id, load + 1, capacity))
        return account_id


class _AtHand:
    """Who could be told now; each question is asked once for all the steps of a batch."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.here: dict[UUID, bool] = {}
        self.groups: dict[tuple[Any, ...], _Group] = {}
        self.supervisors: dict[UUID, list[UUID]] = {}

    async def look(self, cases: Sequence[Any]) -> None:
        self.here = await at_work(self.work, {case.owner_id for case in cases if case.owner_id is not None})

    async def who(self, case: Any, whom: Whom) -> tuple[list[UUID], bool]:
        """The accounts, and whether somebody stands in for the owner."""
        if whom is Whom.supervisors:
            return await self._supervisors(case), False
        if whom is Whom.owner and case.owner_id is not None and self.here.get(case.owner_id, True):
            return [case.owner_id], False
        group = await self._group(case)
        if whom is Whom.team or not group.accounts:
            return group.accounts, False
        return [group.least()], case.owner_id is not None

    async def next_hour(self, case: Any, whom: Whom) -> datetime | None:
        if whom is Whom.supervisors:
            ids = await identity.members_of(self.work, case.shop_id, "promises.write")
        else:
            members = await available_members(self.work, case.shop_id, case.skill, case.locale, off_too=True)
            ids = [member.account_id for member in members]
            ids += [case.owner_id] if case.owner_id is not None else []
        return await next_shift(self.work, ids)

    async def _group(self, case: Any) -> _Group:
        key = (case.shop_id, case.skill, case.locale.split("-")[0])
        if key not in self.groups:
            self.groups[key] = await self._gather(
                await available_members(self.work, case.shop_id, case.skill, case.locale)
            )
        if self.groups[key].accounts:
            return self.groups[key]
        return await self._gather(await of_other_shops(self.work, case))

    async def _gather(self, members: Sequence[MemberView]) -> _Group:
        accounts = [member.account_id for member in members]
        loads = await loads_of(self.work, accounts) if accounts else {}
        group = _Group(accounts)
        for member in members:
            load = loads[member.account_id][0]
            group.turn.append((load / member.capacity, member.account_id, load, member.capacity))
        heapify(group.turn)
        return group

    async def _supervisors(self, case: Any) -> list[UUID]:
        """Those who are known to be at work; if nobody is, those of whom nobody knows when they work."""
        if case.shop_id not in self.supervisors:
            found = await identity.members_of(self.work, case.shop_id, "promises.write")
            here = await at_work(self.work, found)
            present = [account_id for account_id in found if here.get(account_id)]
            self.supervisors[case.shop_id] = present or [one for one in found if one not in here]
        return self.supervisors[case.shop_id]
