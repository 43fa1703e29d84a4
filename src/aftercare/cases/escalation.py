"""Escalation: a clock that runs out makes its case more pressing, and people hear of it. Once per clock and step."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.cases.events import CaseEscalated, CasePrioritySet, CaseReleased
from aftercare.cases.model import ACTIVE, CaseEscalation, Priority, ServiceCase, Step
from aftercare.cases.routing import find_owner
from aftercare.cases.verbs import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION, case_row
from aftercare.conversations import Channel, MessageKind, NewMessage, post
from aftercare.identity import ShopView
from aftercare.journal import Work

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


async def escalate(
    work: Work, case_id: UUID, *, clock_id: UUID, clock: str, step: Step, note: str = ""
) -> bool:
    """One step for this clock: a warning raises the priority by one, up to high; a broken promise makes the case urgent and
    leaves `note` in its thread. False if it was taken before, or the case is over. For the system, who sees every case."""
    case = await case_row(work, case_id, lock=True)
    if case.status not in ACTIVE:
        return False
    taken = await work.session.execute(
        insert(CaseEscalation)
        .values(clock_id=clock_id, step=step, case_id=case.id, shop_id=case.shop_id, escalated_at=work.now)
        .on_conflict_do_nothing()
        .returning(CaseEscalation.clock_id)
    )
    if taken.one_or_none() is None:
        return False
    raise_priority(work, case, step)
    work.record(
        CaseEscalated(
            case_id=case.id,
            clock_id=clock_id,
            shop_id=case.shop_id,
            clock=clock,
            step=step,
            priority=case.priority,
        )
    )
    await work.session.flush()
    if step is Step.broken and note:
        await post(
            work,
            NewMessage(
                thread_id=case.thread_id,
                case_id=case.id,
                body=note,
                kind=MessageKind.note,
                channel=Channel.desk,
            ),
        )
    return True


def raise_priority(work: Work, case: ServiceCase, step: Step) -> None:
    now = PRIORITIES.index(case.priority)
    if step is Step.broken:
        wanted = Priority.urgent
    else:
        wanted = PRIORITIES[max(now, min(now + 1, PRIORITIES.index(Priority.high)))]
    if wanted is not case.priority:
        work.record(
            CasePrioritySet(shop_id=case.shop_id, case_id=case.id, priority=wanted, before=case.priority)
        )
        case.priority = wanted


async def escalate_late_answer(
    work: Work, case_id: UUID, *, clock_id: UUID, clock: str, step: Step, due_at: datetime
) -> None:
    """A clock of the case itself. Whoever has not even begun to answer loses the case to somebody who can."""
    case = await case_row(work, case_id)
    shop = await identity.get_shop(work, case.shop_id)
    words = NOTES[note_language(shop)].get(clock, "")
    due = due_at.astimezone(shop.zone).strftime("%Y-%m-%d %H:%M")
    if not await escalate(
        work, case_id, clock_id=clock_id, clock=clock, step=step, note=words.format(due=due)
    ):
        return
    if step is Step.broken and clock == FIRST_ANSWER and case.owner_id is not None:
        late = case.owner_id
        work.record(CaseReleased(shop_id=case.shop_id, case_id=case.id, account_id=late))
        case.owner_id = case.assigned_at = None
        case.queued = True
        await work.session.flush()
        await find_owner(work, case_id, not_to=late)
