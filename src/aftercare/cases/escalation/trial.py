"""What a rule would have done in the days before: counted on the clocks as they really ran."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import text

from aftercare.cases.escalation.rules import EscalationWish, NewRule, by_time
from aftercare.cases.model import Step
from aftercare.identity import get_shop
from aftercare.journal import Work
from aftercare.promises import ClockView, add_working_time, clocks_that_ran

EXAMPLES = 3
OWN_KINDS = ("case", "call")


class Trying(NewRule):
    days: int = Field(default=7, ge=1, le=31)


class TriedExample(BaseModel):
    case_id: UUID
    number: str
    at: datetime


class TriedStep(BaseModel):
    """How often the step would have been taken, and the last of them."""

    step: EscalationWish
    times: int
    cases: int
    examples: list[TriedExample]


class Tried(BaseModel):
    since: datetime
    until: datetime
    warned: int
    broken: int
    steps: list[TriedStep]


CASES = text(
    """
    SELECT s.id AS subject, c.id, c.number FROM unnest(CAST(:subjects AS uuid[])) AS s(id)
    LEFT JOIN case_link l ON l.object_id = s.id LEFT JOIN call k ON k.id = s.id
    JOIN service_case c ON c.id = coalesce(l.case_id, k.case_id, s.id)
    """
)
PRESSED = text("SELECT clock_id FROM case_escalation WHERE clock_id = ANY(:ids) AND step = 'broken'")


async def try_rule(work: Work, wish: Trying) -> Tried:
    """Needs `promises.read`. Who would have been at work is not asked: a step that finds nobody waits for the next shift."""
    work.require("promises.read")
    if wish.shop_id is not None:
        await get_shop(work, wish.shop_id)
    until, since = work.now, work.now - timedelta(days=wish.days)
    clocks = await clocks_that_ran(work, wish.clock, since, until, shop_id=wish.shop_id)
    begun = {
        Step.warned: [clock for clock in clocks if _warned(clock, since, until)],
        Step.broken: [clock for clock in clocks if _broken(clock, since, until)],
    }
    begun[Step.broken] = await _pressing(work, begun[Step.broken])
    subjects = list({clock.subject_id for these in begun.values() for clock in these})
    cases = {row.subject: row for row in await work.session.execute(CASES, {"subjects": subjects})}
    steps = []
    for step in by_time(wish.steps):
        taken: list[tuple[datetime, UUID]] = []
        for clock in begun[step.when]:
            at = clock.warn_at if step.when is Step.warned else clock.due_at
            if at is None or clock.subject_id not in cases:
                continue
            hour = await add_working_time(work, clock.shop_id, at, timedelta(minutes=step.after_minutes))
            if hour < until and (clock.settled_at is None or clock.settled_at > hour):
                taken.append((hour, clock.subject_id))
        taken.sort(reverse=True)
        steps.append(
            TriedStep(
                step=step,
                times=len(taken),
                cases=len({cases[subject].id for _, subject in taken}),
                examples=[
                    TriedExample(case_id=cases[subject].id, number=cases[subject].number, at=hour)
                    for hour, subject in taken[:EXAMPLES]
                ],
            )
        )
    counts = {step: len({clock.id for clock in these}) for step, these in begun.items()}
    return Tried(
        since=since, until=until, warned=counts[Step.warned], broken=counts[Step.broken], steps=steps
    )


def _warned(clock: ClockView, since: datetime, until: datetime) -> bool:
    at = clock.warn_at
    if at is None or not since <= at < until or (clock.paused_at is not None and clock.paused_at < at):
        return False
    return clock.settled_at is None or clock.settled_at > at


def _broken(clock: ClockView, since: datetime, until: datetime) -> bool:
    if not since <= clock.due_at < until or clock.paused_at is not None:
        return False
    return clock.settled_at is None or clock.settled_at > clock.due_at


async def _pressing(work: Work, clocks: list[ClockView]) -> list[ClockView]:
    """Without those at whose end the system acted by itself."""
    others = [clock.id for clock in clocks if clock.subject_kind not in OWN_KINDS]
    pressed = set(await work.session.scalars(PRESSED, {"ids": others})) if others else set()
    return [clock for clock in clocks if clock.subject_kind in OWN_KINDS or clock.id in pressed]
