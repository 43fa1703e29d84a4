"""Escalation: a clock that runs out makes its case more pressing, and people hear of it. Once per clock and step."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare import identity
from aftercare.cases.events import CaseEscalated, CasePrioritySet, CaseReleased
from aftercare.cases.model import ACTIVE, Priority, Status, Step
from aftercare.cases.verbs import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION
from aftercare.conversations import Note, leave_notes
from aftercare.identity import ShopView
from aftercare.journal import Fact, Work
from aftercare.promises import ClockFired, ClockWarned

PRIORITIES = list(Priority)

NOTES = {
    "zh-CN": {
        FIRST_ANSWER: "首次答复已超时（应在 {due} 前答复），已升为紧急并退回公共队列，请主管安排处理。",
        NEXT_ANSWER: "答复客户已超时（应在 {due} 前答复），已升为紧急，请尽快处理。",
        RESOLUTION: "解决时限已过（应在 {due} 前解决），已升为紧急，请主管跟进。",
    },
    "zh-TW": {
        FIRST_ANSWER: "首次回覆已逾時（應於 {due} 前回覆），已升為緊急並退回共用佇列，請主管安排處理。",
        NEXT_ANSWER: "回覆客戶已逾時（應於 {due} 前回覆），已升為緊急，請盡快處理。",
        RESOLUTION: "解決時限已過（應於 {due} 前解決），已升為緊急，請主管跟進。",
    },
    "en": {
        FIRST_ANSWER: "The first answer is late (due {due}). The case is urgent now and back in the shared queue; a supervisor should see to it.",
        NEXT_ANSWER: "The answer to the customer is late (due {due}). The case is urgent now.",
        RESOLUTION: "The case should have been resolved by {due}. It is urgent now; a supervisor should follow it up.",
    },
}


def note_language(shop: ShopView) -> str:
    """The language that staff of the shop are written to in."""
    if shop.locale.startswith("zh"):
        return "zh-TW" if shop.locale == "zh-TW" else "zh-CN"
    return "en"


@dataclass(frozen=True, slots=True)
class Late:
    """One step of a clock for its case. `note` is left in its thread when a promise was broken. `gives_up`: who has the case
    loses it. `because`: the fact that it follows from, where a reaction follows from many."""

    case_id: UUID
    clock_id: UUID
    clock: str
    step: Step
    note: str = ""
    gives_up: bool = False
    because: Fact | None = None


LOCK = text(
    """
    SELECT id, shop_id, status, priority, owner_id, thread_id FROM service_case WHERE id = ANY(:ids) ORDER BY id FOR UPDATE
    """
)
TAKE = text(
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
    UPDATE service_case c SET priority = p.priority,
      owner_id = CASE WHEN p.given_up THEN NULL ELSE c.owner_id END,
      assigned_at = CASE WHEN p.given_up THEN NULL ELSE c.assigned_at END, queued = c.queued OR p.given_up
    FROM unnest(CAST(:ids AS uuid[]), CAST(:priorities AS text[]), CAST(:given_up AS bool[])) AS p(id, priority, given_up)
    WHERE c.id = p.id
    """
)


async def escalate(
    work: Work, case_id: UUID, *, clock_id: UUID, clock: str, step: Step, note: str = ""
) -> bool:
    """One step for this clock: a warning raises the priority by one, up to high; a broken promise makes the case urgent and
    leaves `note` in its thread. False if it was taken before, or the case is over. For the system, who sees every case."""
    return bool(await escalate_all(work, [Late(case_id, clock_id, clock, step, note)]))


async def escalate_all(work: Work, steps: Sequence[Late]) -> list[Late]:
    """Those that were taken now; see `escalate`."""
    await work.session.flush()
    rows = await work.session.execute(LOCK, {"ids": list({late.case_id for late in steps})})
    cases = {row.id: row for row in rows if Status(row.status) in ACTIVE}
    steps = [late for late in steps if late.case_id in cases]
    if not steps:
        return []
    new = await work.session.execute(
        TAKE,
        {
            "clocks": [late.clock_id for late in steps],
            "steps": [late.step.value for late in steps],
            "cases": [late.case_id for late in steps],
            "now": work.now,
        },
    )
    first = {(row.clock_id, row.step): None for row in new}
    # Told twice in one go it counts once.
    taken = [late for late in steps if first.pop((late.clock_id, late.step.value), late) is None]
    priorities = {late.case_id: Priority(cases[late.case_id].priority) for late in taken}
    given_up: set[UUID] = set()
    for late in taken:
        _press(work, cases[late.case_id], late, priorities)
        if late.gives_up and cases[late.case_id].owner_id is not None:
            given_up.add(late.case_id)
    changed = [
        case_id
        for case_id, priority in priorities.items()
        if priority.value != cases[case_id].priority or case_id in given_up
    ]
    if changed:
        await work.session.execute(
            PRESS,
            {
                "ids": changed,
                "priorities": [priorities[case_id].value for case_id in changed],
                "given_up": [case_id in given_up for case_id in changed],
            },
        )
    await leave_notes(
        work,
        [
            Note(
                shop_id=cases[late.case_id].shop_id,
                thread_id=cases[late.case_id].thread_id,
                case_id=late.case_id,
                body=late.note,
                because=late.because,
            )
            for late in taken
            if late.note and late.step is Step.broken
        ],
    )
    return taken


def _press(work: Work, case: Any, late: Late, priorities: dict[UUID, Priority]) -> None:
    """States what the step makes of the case."""
    before = priorities[late.case_id]
    now = PRIORITIES.index(before)
    if late.step is Step.broken:
        wanted = Priority.urgent
    else:
        wanted = PRIORITIES[max(now, min(now + 1, PRIORITIES.index(Priority.high)))]
    if wanted is not before:
        priorities[late.case_id] = wanted
        work.record(
            CasePrioritySet(shop_id=case.shop_id, case_id=case.id, priority=wanted, before=before),
            because=late.because,
        )
    work.record(
        CaseEscalated(
            case_id=case.id,
            clock_id=late.clock_id,
            shop_id=case.shop_id,
            clock=late.clock,
            step=late.step,
            priority=wanted,
        ),
        because=late.because,
    )
    if late.gives_up and case.owner_id is not None:
        work.record(
            CaseReleased(shop_id=case.shop_id, case_id=case.id, account_id=case.owner_id),
            because=late.because,
        )


async def escalate_late_answers(work: Work, facts: Sequence[ClockWarned | ClockFired]) -> None:
    """Clocks of cases themselves. Whoever has not even begun to answer loses the case to somebody who can."""
    steps = []
    for fact in facts:
        broken = isinstance(fact, ClockFired)
        words = ""
        if broken and fact.shop_id is not None:
            shop = await identity.get_shop(work, fact.shop_id)
            due = fact.due_at.astimezone(shop.zone).strftime("%Y-%m-%d %H:%M")
            words = NOTES[note_language(shop)].get(fact.clock, "").format(due=due)
        steps.append(
            Late(
                fact.subject_id,
                fact.clock_id,
                fact.clock,
                Step.broken if broken else Step.warned,
                note=words,
                gives_up=broken and fact.clock == FIRST_ANSWER,
                because=fact,
            )
        )
    await escalate_all(work, steps)
