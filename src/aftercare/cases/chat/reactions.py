"""What windows of the chat hear of cases."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.cases.events import (
    CaseClosed,
    CaseEndingUndone,
    CaseMerged,
    CaseMoveUndone,
    CaseReopened,
    CaseSolved,
    CaseSplit,
)
from aftercare.cases.model import Status
from aftercare.conversations import ContactJoined, ContactSplit, pass_on
from aftercare.journal import Work, within
from aftercare.journal.signals import tell_after

THREAD = text("SELECT thread_id FROM service_case WHERE id = :id")
OF_CONTACT = text("SELECT shop_id, address FROM contact WHERE id = :id AND channel = 'chat'")


async def _tell(work: Work, case_id: UUID, name: str, data: Any) -> None:
    thread_id = await work.session.scalar(THREAD, {"id": case_id})
    if thread_id is not None:
        pass_on(work, UUID(str(thread_id)), name, data)


@within(CaseSolved, CaseClosed)
async def tell_the_end(work: Work, fact: CaseSolved | CaseClosed) -> None:
    await _tell(work, fact.case_id, "ended", {"on": True})


@within(CaseReopened, CaseEndingUndone)
async def tell_the_beginning(work: Work, fact: CaseReopened | CaseEndingUndone) -> None:
    if isinstance(fact, CaseReopened) or fact.status is not Status.solved:
        await _tell(work, fact.case_id, "ended", {"on": False})


@within(CaseMerged, CaseSplit, CaseMoveUndone)
async def tell_the_move(work: Work, fact: CaseMerged | CaseSplit | CaseMoveUndone) -> None:
    for name, case_id in fact.data().items():
        if name.endswith("case_id") and case_id is not None:
            await _tell(work, UUID(str(case_id)), "afresh", {})


@within(ContactJoined, ContactSplit)
async def tell_whose(work: Work, fact: ContactJoined | ContactSplit) -> None:
    row = (await work.session.execute(OF_CONTACT, {"id": fact.contact_id})).one_or_none()
    if row is not None:
        tell_after(work, "chat.afresh", [str(row.shop_id), row.address])
