"""Calendars, clock policies, running clocks and the promise board over HTTP, for staff."""

from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from aftercare.identity import get_shop
from aftercare.journal.http import InWork
from aftercare.kit.http import PlainJSON
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.promises import calendars, clocks, policies, queries
from aftercare.promises.calendars import CalendarDate, CalendarHours, CalendarView
from aftercare.promises.policies import NewPolicy, PolicyView, TermsView
from aftercare.promises.queries import ClockView, PromiseBoard
from aftercare.promises.terms import ClockTerms, Moment, Words

router = APIRouter(prefix="/promises", tags=["promises"])


class NewCalendar(CalendarHours):
    shop_id: UUID | None = None


class ChangedHours(CalendarHours):
    version: int


class DayWish(BaseModel):
    open: bool
    note: Words = Field(default="", max_length=200)


class NewShopPolicy(NewPolicy):
    shop_id: UUID | None = None


class PreviewWish(BaseModel):
    """Terms not given are those that hold for `name`."""

    shop_id: UUID
    name: Words | None = None
    terms: ClockTerms | None = None
    start: Moment | None = None


class DuePreview(BaseModel):
    start: datetime
    due_at: datetime
    warn_at: datetime | None
    length_seconds: int


class Extension(BaseModel):
    by_seconds: int = Field(gt=0, le=10 * 366 * 24 * 3600)
    reason: Words = Field(min_length=1)


class Extended(BaseModel):
    clock_id: UUID
    due_at: datetime


@router.get("/calendars")
async def list_calendars(work: InWork, shop_id: UUID | None = None) -> list[CalendarView]:
    """Needs `promises.read`."""
    return await calendars.list_calendars(work, shop_id)


@router.post("/calendars", status_code=201)
async def make_calendar(work: InWork, new: NewCalendar) -> CalendarView:
    """Needs `promises.write`; without a shop it is the house's, which takes one who sees all shops."""
    return await calendars.make_calendar(
        work, new.shop_id, CalendarHours.model_validate(new.model_dump(exclude={"shop_id"}))
    )


@router.put("/calendars/{calendar_id}")
async def change_hours(work: InWork, calendar_id: UUID, change: ChangedHours) -> CalendarView:
    """Needs `promises.write`."""
    hours = CalendarHours.model_validate(change.model_dump(exclude={"version"}))
    return await calendars.change_hours(work, calendar_id, hours, change.version)


@router.delete("/calendars/{calendar_id}", status_code=204)
async def remove_calendar(work: InWork, calendar_id: UUID) -> Response:
    """Needs `promises.write`."""
    await calendars.remove_calendar(work, calendar_id)
    return Response(status_code=204)


@router.get("/calendars/{calendar_id}/years/{year}")
async def calendar_year(
    work: InWork, calendar_id: UUID, year: Annotated[int, Path(ge=2000, le=2099)]
) -> list[CalendarDate]:
    """Needs `promises.read`."""
    return await calendars.year_of(work, calendar_id, year)


@router.put("/calendars/{calendar_id}/days/{on}")
async def set_calendar_day(work: InWork, calendar_id: UUID, on: date, wish: DayWish) -> CalendarView:
    """Needs `promises.write`."""
    return await calendars.set_day(work, calendar_id, on, open=wish.open, note=wish.note)


@router.delete("/calendars/{calendar_id}/days/{on}")
async def clear_calendar_day(work: InWork, calendar_id: UUID, on: date) -> CalendarView:
    """Needs `promises.write`."""
    return await calendars.clear_day(work, calendar_id, on)


@router.get("/policies")
async def list_clock_policies(
    work: InWork, shop_id: UUID | None = None, name: Words | None = None, history: bool = False
) -> list[PolicyView]:
    """Needs `promises.read`."""
    return await policies.list_policies(work, shop_id=shop_id, name=name, history=history)


@router.post("/policies", status_code=201)
async def set_clock_policy(work: InWork, new: NewShopPolicy) -> PolicyView:
    """Needs `promises.write`; without a shop it holds for the house, which takes one who sees all shops."""
    return await policies.set_policy(
        work, new.shop_id, NewPolicy.model_validate(new.model_dump(exclude={"shop_id"}))
    )


@router.delete("/policies", status_code=204)
async def withdraw_clock_policy(work: InWork, name: Words, shop_id: UUID | None = None) -> Response:
    """Needs `promises.write`."""
    await policies.withdraw_policy(work, shop_id, name)
    return Response(status_code=204)


@router.get("/terms")
async def clock_terms(work: InWork, shop_id: UUID) -> list[TermsView]:
    """What holds for every clock in the shop now. Needs `promises.read`."""
    return await policies.terms_in_shop(work, shop_id)


@router.post("/preview")
async def preview_clock(work: InWork, wish: PreviewWish) -> DuePreview:
    """When a clock would be due. Needs `promises.read`."""
    work.require("promises.read")
    await get_shop(work, wish.shop_id)
    start = wish.start or work.now
    terms = wish.terms or await policies.terms_for(work, wish.shop_id, wish.name or "")
    due = await policies.preview_due(work, wish.shop_id, terms, start)
    return DuePreview(
        start=start,
        due_at=due.due_at,
        warn_at=due.warn_at,
        length_seconds=int(due.length.total_seconds()),
    )


@router.get("/clocks", response_model=Page[ClockView])
async def running_clocks(
    work: InWork,
    shop_id: UUID | None = None,
    name: Words | None = None,
    due_before: Moment | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> PlainJSON:
    """Soonest first. Needs `promises.read`."""
    found = await queries.running_clocks(
        work, shop_id=shop_id, name=name, due_before=due_before, after=after, limit=limit
    )
    return PlainJSON({"items": [dict(clock) for clock in found.items], "next": found.next})


@router.post("/clocks/{clock_id}/extend")
async def extend_clock(work: InWork, clock_id: UUID, extension: Extension) -> Extended:
    """Needs `promises.write`."""
    work.require("promises.write")
    due_at = await clocks.extend_clock(
        work, clock_id, timedelta(seconds=extension.by_seconds), extension.reason
    )
    return Extended(clock_id=clock_id, due_at=due_at)


@router.get("/broken", response_model=Page[ClockView])
async def broken_promises(
    work: InWork,
    since: Moment,
    until: Moment,
    shop_id: UUID | None = None,
    name: Words | None = None,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> PlainJSON:
    """What the board counts as broken in the period, newest first. Needs `promises.read`."""
    found = await queries.broken_clocks(
        work, since, until, shop_id=shop_id, name=name, after=after, limit=limit
    )
    return PlainJSON({"items": [dict(clock) for clock in found.items], "next": found.next})


@router.get("/board")
async def promise_board(
    work: InWork,
    since: Moment,
    until: Moment,
    shop_id: UUID | None = None,
    time_zone: Words = "Asia/Shanghai",
) -> PromiseBoard:
    """Needs `promises.read`."""
    return await queries.promise_board(work, since, until, shop_id=shop_id, time_zone=time_zone)
