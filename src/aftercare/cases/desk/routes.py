"""The desk's conversation work over HTTP: answer texts, wording, macros, planned messages, followers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from aftercare.cases import answers, followers, macros, scheduled
from aftercare.cases.answers import Draft, Wording
from aftercare.cases.followers import DeskNoticeView, FollowerView, Unread
from aftercare.cases.macros import MacroPreview, MacroRan, MacroView, NewMacro
from aftercare.cases.routing import NewOverflow, overflow_of, set_overflow
from aftercare.cases.scheduled import NewPlanned, PlannedView
from aftercare.conversations import LONGEST_BODY
from aftercare.journal.http import InWork
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.kit.text import clean

router = APIRouter(tags=["cases"])

Locale = Annotated[str, Query(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]
Body = Annotated[str, Field(max_length=LONGEST_BODY), AfterValidator(clean)]
Key = Annotated[str, Field(min_length=8, max_length=70, pattern=r"^[A-Za-z0-9._:-]+$")]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
After = Annotated[str | None, Query(max_length=400)]


class Checking(BaseModel):
    body: Body


class MacroRunning(BaseModel):
    """`words` stand for the answer where it was changed; `override`: why it is sent although its wording would be held back."""

    key: Key
    words: Body | None = None
    override: Annotated[str, Field(max_length=1_000), AfterValidator(clean)] = ""


class Reading(BaseModel):
    """None: all of them."""

    notice_ids: Annotated[list[UUID], Field(max_length=200)] | None = None


@router.get("/cases/{case_id}/answer-templates/{template_id}")
async def fill_answer_template(
    work: InWork, case_id: UUID, template_id: UUID, locale: Locale | None = None
) -> Draft:
    """The text with what is true of the case, in the case's language or another."""
    return await answers.draft_from(work, case_id, template_id, locale)


@router.post("/cases/{case_id}/wording")
async def check_wording(work: InWork, case_id: UUID, checking: Checking) -> Wording:
    """What should not be said so in an answer to this customer."""
    return await answers.check_answer(work, case_id, checking.body)


@router.get("/macros")
async def list_macros(work: InWork, shop_id: UUID) -> list[MacroView]:
    """The shop's and one's own."""
    return await macros.macros_of(work, shop_id)


@router.post("/macros", status_code=201)
async def add_macro(work: InWork, shop_id: UUID, new: NewMacro) -> MacroView:
    return await macros.save_macro(work, shop_id, new)


@router.put("/macros/{macro_id}")
async def change_macro(work: InWork, macro_id: UUID, shop_id: UUID, new: NewMacro) -> MacroView:
    return await macros.save_macro(work, shop_id, new, macro_id)


@router.delete("/macros/{macro_id}", status_code=204)
async def remove_macro(work: InWork, macro_id: UUID) -> None:
    await macros.remove_macro(work, macro_id)


@router.get("/cases/{case_id}/macros/{macro_id}")
async def preview_macro(work: InWork, case_id: UUID, macro_id: UUID) -> MacroPreview:
    """What it would say to the customer here."""
    return await macros.preview_macro(work, macro_id, case_id)


@router.post("/cases/{case_id}/macros/{macro_id}")
async def run_macro(work: InWork, case_id: UUID, macro_id: UUID, running: MacroRunning) -> MacroRan:
    """All of its steps, or none."""
    return await macros.run_macro(
        work, macro_id, case_id, key=running.key, words=running.words, override=running.override
    )


@router.get("/cases/{case_id}/planned-messages")
async def list_planned_messages(work: InWork, case_id: UUID) -> list[PlannedView]:
    """What will be sent later, and what was held."""
    return await scheduled.planned_in(work, case_id)


@router.post("/cases/{case_id}/planned-messages", status_code=201)
async def plan_message(work: InWork, case_id: UUID, new: NewPlanned) -> PlannedView:
    return await scheduled.plan_message(work, case_id, new)


@router.put("/planned-messages/{planned_id}")
async def change_planned_message(work: InWork, planned_id: UUID, new: NewPlanned) -> PlannedView:
    return await scheduled.change_planned(work, planned_id, new)


@router.post("/planned-messages/{planned_id}/cancel")
async def cancel_planned_message(work: InWork, planned_id: UUID) -> PlannedView:
    return await scheduled.cancel_planned(work, planned_id)


@router.get("/cases/{case_id}/followers")
async def list_followers(work: InWork, case_id: UUID) -> list[FollowerView]:
    return await followers.followers_of(work, case_id)


@router.put("/cases/{case_id}/followers/me", status_code=204)
async def follow_case(work: InWork, case_id: UUID) -> None:
    """One hears at the desk of what the customer writes, and of escalations, from now on."""
    await followers.follow(work, case_id)


@router.delete("/cases/{case_id}/followers/me", status_code=204)
async def unfollow_case(work: InWork, case_id: UUID) -> None:
    await followers.unfollow(work, case_id)


@router.get("/desk/notices")
async def list_desk_notices(work: InWork, after: After = None, limit: Limit = 30) -> Page[DeskNoticeView]:
    """What one was told at the desk, the newest first."""
    return await followers.desk_notices(work, after=after, limit=limit)


@router.get("/desk/notices/unread")
async def count_unread_notices(work: InWork) -> Unread:
    return await followers.unread(work)


@router.post("/desk/notices/read", status_code=204)
async def read_desk_notices(work: InWork, reading: Reading) -> None:
    await followers.read_notices(work, reading.notice_ids)


@router.get("/routing/{shop_id}/overflow")
async def read_overflow(work: InWork, shop_id: UUID) -> NewOverflow | None:
    """Whose people take the shop's cases when its own have no time."""
    return await overflow_of(work, shop_id)


@router.put("/routing/{shop_id}/overflow", status_code=204)
async def change_overflow(work: InWork, shop_id: UUID, new: NewOverflow) -> None:
    """Needs `promises.write`."""
    await set_overflow(work, shop_id, new)


@router.delete("/routing/{shop_id}/overflow", status_code=204)
async def remove_overflow(work: InWork, shop_id: UUID) -> None:
    """Needs `promises.write`."""
    await set_overflow(work, shop_id, None)
