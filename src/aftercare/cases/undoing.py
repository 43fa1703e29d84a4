"""Taking back at once what a slip of the hand has ended."""

from uuid import UUID

from aftercare.cases.merging import stand_again
from aftercare.cases.model import ACTIVE, EndedTooLongAgo, MoveNotPossible, Status
from aftercare.cases.solutions import TAKEN_BACK_WITHIN
from aftercare.cases.verbs import CaseView, case_row, get_case
from aftercare.journal import Work


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
    await stand_again(work, case, status)
    return await get_case(work, case_id)
