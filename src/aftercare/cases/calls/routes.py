"""Telephone calls over HTTP: who calls, notes, calling back and calling out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from aftercare.cases.calls import verbs
from aftercare.cases.calls.verbs import Pop
from aftercare.conversations import CallBack, CallView, list_calls, settle_call_back
from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.paging import LARGEST_PAGE
from aftercare.kit.text import clean, one_line

router = APIRouter(tags=["calls"])

Number = Annotated[str, Field(max_length=60), AfterValidator(one_line)]


class CallNoting(BaseModel):
    """Without a case it goes into the call's, else the caller's open one, else a new one."""

    body: Annotated[str, Field(min_length=1, max_length=20_000), AfterValidator(clean)]
    case_id: UUID | None = None


class CallPlacing(BaseModel):
    """Whom: a number (with its shop or case), a contact, or whoever made a call."""

    number: Number | None = None
    contact_id: UUID | None = None
    call_id: UUID | None = None
    case_id: UUID | None = None
    shop_id: UUID | None = None
    channel_account_id: UUID | None = None


class CallOfCase(BaseModel):
    case_id: UUID


class CallBackOutcome(BaseModel):
    outcome: CallBack = CallBack.done


@router.get("/calls")
async def read_calls(
    work: InWork,
    shop_id: UUID | None = None,
    contact_id: UUID | None = None,
    customer_id: UUID | None = None,
    case_id: UUID | None = None,
    call_back_due: bool = False,
    before: Annotated[AwareDatetime | None, Query(description="Started before")] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> list[CallView]:
    """The newest first; with `call_back_due` those who wait for a call back, the most pressing first. Needs `cases.read`."""
    moment: datetime | None = before
    return await list_calls(
        work,
        shop_id=shop_id,
        contact_id=contact_id,
        customer_id=customer_id,
        case_id=case_id,
        owed=call_back_due,
        before=moment,
        limit=limit,
    )


@router.get("/calls/{call_id}")
async def read_call(work: InWork, call_id: UUID) -> Pop:
    """The call, who calls, and which of their cases are open. Needs `cases.read`."""
    return await verbs.screen_pop(work, call_id)


@router.post("/calls", status_code=201)
async def call_somebody(house: InHouse, actor: ByActor, placing: CallPlacing) -> CallView:
    """Rings your telephone and connects it. Needs `conversations.write`."""
    return await verbs.place_call(house, actor, **placing.model_dump())


@router.post("/calls/{call_id}/notes", status_code=201)
async def note_what_was_said(work: InWork, call_id: UUID, noting: CallNoting) -> CallView:
    """Needs `cases.write`."""
    return await verbs.note_call_in_case(work, call_id, noting.body, noting.case_id)


@router.put("/calls/{call_id}/case")
async def put_call_in_case(work: InWork, call_id: UUID, wish: CallOfCase) -> CallView:
    """Needs `cases.write`."""
    return await verbs.put_call_in_case(work, call_id, wish.case_id)


@router.post("/calls/{call_id}/call-back")
async def settle_call_back_by_hand(work: InWork, call_id: UUID, wish: CallBackOutcome) -> CallView:
    """It was called back, or that is not needed; `due`: that was a mistake. Needs `cases.write`."""
    return await settle_call_back(work, call_id, wish.outcome)
