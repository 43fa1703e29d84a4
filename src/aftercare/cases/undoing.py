"""Taking back at once what a slip of the hand has ended."""

from uuid import UUID

from aftercare.cases.events import CaseEndingUndone
from aftercare.cases.merging import stand_as_said
from aftercare.cases.model import ACTIVE, EndedTooLongAgo, MoveNotPossible, Status
from aftercare.cases.solutions import TAKEN_BACK_WITHIN
from aftercare.cases.verbs import RESOLUTION, CaseView, case_row, get_case
from aftercare.journal import Work
from aftercare.promises import pause_clocks, start_clock, take_back_clock


async def undo_ending(work: Work, case_id: UUID, status: Status) -> CaseView:
    """The case was solved or closed by mistake moments ago: it stands again as it stood, `status` being what it was. Who waited
    for an answer waits again, since when they did; the clock of resolution goes on as if it had not been stopped. Needs
    `cases.write`. Refuses with MoveNotPossible, EndedTooLongAgo."""
    case = await case_row(work, case_id, lock=True)
    work.require("cases.write")
    ended = case.closed_at or case.solved_at
    if ended is None or (status not in ACTIVE and (status, case.status) != (Status.solved, Status.closed)):
        raise MoveNotPossible(verb="undo_ending", status=case.status.value)
    if status in ACTIVE:
        ended = case.solved_at or ended
    if work.now - ended > TAKEN_BACK_WITHIN:
        raise EndedTooLongAgo(minutes=int(TAKEN_BACK_WITHIN.total_seconds() // 60))
    case.status, case.closed_at, case.closing = status, None, None
    if status in ACTIVE:
        case.solved_at = None
    await work.session.flush()
    work.record(
        CaseEndingUndone(
            shop_id=case.shop_id,
            case_id=case_id,
            customer_id=case.customer_id,
            account_id=case.owner_id,
            status=status,
        )
    )
    await stand_as_said(work, case)
    case.status = status
    await work.session.flush()
    if status in ACTIVE and not await take_back_clock(work, subject_id=case_id, name=RESOLUTION, since=ended):
        await start_clock(
            work, shop_id=case.shop_id, subject_kind="case", subject_id=case_id, name=RESOLUTION
        )
    if status is Status.waiting_customer:
        await pause_clocks(work, case_id, names=[RESOLUTION])
    return await get_case(work, case_id)
