"""Calendars: when a shop works. Changing one moves no deadline that was already told; it counts from the next start, pause,
resume or extension on."""

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, StringConstraints, field_validator
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from aftercare.identity import get_shop
from aftercare.journal import Memory, Work
from aftercare.kit.calendars import (
    SPAN_PATTERN,
    Hours,
    WorkingCalendar,
    calendar_of,
    holidays_known,
    span_text,
    spans,
    special_names,
    week_of,
)
from aftercare.kit.errors import NotAllowed
from aftercare.kit.json import to_json
from aftercare.promises.events import CalendarChanged, CalendarMade, CalendarRemoved
from aftercare.promises.model import (
    CalendarChangedMeanwhile,
    CalendarInUse,
    CalendarNameTaken,
    HoursUnusable,
    NoSuchCalendar,
)
from aftercare.promises.terms import Words

STANDARD = "standard"
"""The name of the calendar by which a shop's business time is counted when the terms name no other."""

USUAL_WEEK = week_of(["09:00-12:00", "13:00-18:00"])
"""The week of a shop that has told us none."""

COUNTRY_OF_MARKET = {"UK": "GB"}


SpanText = Annotated[str, StringConstraints(pattern=SPAN_PATTERN)]


class CalendarHours(BaseModel):
    """`week`: seven lists of spans ("09:00-12:00", "22:00-06:00"), Monday first. `country` and `subdivision` (ISO 3166) say
    whose public holidays are kept; without a country none."""

    name: Words = Field(default=STANDARD, min_length=1, max_length=80)
    time_zone: str = "Asia/Shanghai"
    country: str | None = Field(default="CN", pattern=r"^[A-Z]{2}$")
    subdivision: str | None = Field(default=None, pattern=r"^[A-Za-z0-9-]{1,10}$")
    week: list[list[SpanText]] = Field(min_length=7, max_length=7)

    @field_validator("week")
    @classmethod
    def _spans_are_in_order(cls, week: list[list[str]]) -> list[list[str]]:
        return [[span_text(span) for span in spans(*day)] for day in week]

    def hours(self, days: Mapping[date, bool]) -> Hours:
        """Refuses with HoursUnusable."""
        try:
            return Hours(
                week=tuple(spans(*day) for day in self.week),
                time_zone=self.time_zone,
                country=self.country,
                subdivision=self.subdivision,
                closed_on=frozenset(on for on, is_open in days.items() if not is_open),
                open_on=frozenset(on for on, is_open in days.items() if is_open),
            )
        except ValueError as wrong:
            raise HoursUnusable(reason=str(wrong)) from wrong


class ExceptionalDay(BaseModel):
    on: date
    open: bool
    note: str


class CalendarView(BaseModel):
    id: UUID
    shop_id: UUID | None
    name: str
    time_zone: str
    country: str | None
    subdivision: str | None
    week: list[list[str]]
    days: list[ExceptionalDay]
    known_until: date | None
    """Until when the public holidays are announced; after it they are reckoned."""
    version: int
    changed_at: datetime

    @property
    def calendar(self) -> WorkingCalendar:
        return calendar_of(
            Hours(
                week=tuple(spans(*day) for day in self.week),
                time_zone=self.time_zone,
                country=self.country,
                subdivision=self.subdivision,
                closed_on=frozenset(day.on for day in self.days if not day.open),
                open_on=frozenset(day.on for day in self.days if day.open),
            )
        )


class CalendarDate(BaseModel):
    """One day of a year that is not like its weekday: a public holiday, a make-up working day, or the shop's own exception."""

    on: date
    open: bool
    name: str
    own: bool
    hours: list[str]


SELECT = """
    SELECT c.id, c.shop_id, c.name, c.time_zone, c.country, c.subdivision, c.week, c.version, c.changed_at,
      coalesce((SELECT jsonb_agg(jsonb_build_object('on', d.day_on, 'open', d.open, 'note', d.note) ORDER BY d.day_on)
                FROM calendar_day d WHERE d.calendar_id = c.id), '[]') AS days
    FROM business_calendar c
"""

# What starting a clock needs of a calendar, as text, so that what is in it is parsed once and not per clock.
SELECT_HOURS = """
    SELECT c.id, c.name, c.time_zone, c.country, c.subdivision, CAST(c.week AS text) AS week,
      CAST(coalesce((SELECT jsonb_agg(jsonb_build_array(d.day_on, d.open) ORDER BY d.day_on)
                     FROM calendar_day d WHERE d.calendar_id = c.id), '[]') AS text) AS days
    FROM business_calendar c
"""
CALENDARS_OF_SHOP = text(
    SELECT_HOURS + " WHERE c.shop_id = :shop OR c.shop_id IS NULL ORDER BY c.shop_id NULLS FIRST"
)
CALENDARS_BY_ID = text(SELECT_HOURS + " WHERE c.id = ANY(:ids)")


@lru_cache(maxsize=1024)
def _calendar(
    time_zone: str, country: str | None, subdivision: str | None, week: str, days: str
) -> WorkingCalendar:
    hours = CalendarHours(
        time_zone=time_zone, country=country, subdivision=subdivision, week=json.loads(week)
    )
    return calendar_of(hours.hours({date.fromisoformat(on): is_open for on, is_open in json.loads(days)}))


def _view(row: Any) -> CalendarView:
    view = CalendarView.model_validate({**row._mapping, "known_until": None})
    return view.model_copy(update={"known_until": view.calendar.known_until})


async def list_calendars(work: Work, shop_id: UUID | None = None) -> list[CalendarView]:
    """The house's and those of the shops that the actor sees, or of one shop. Needs `promises.read`."""
    work.require("promises.read")
    rows = await work.session.execute(
        text(
            SELECT
            + " WHERE CAST(:shop AS uuid) IS NULL OR c.shop_id = :shop OR c.shop_id IS NULL"
            + " ORDER BY c.shop_id NULLS FIRST, c.name"
        ),
        {"shop": shop_id},
    )
    return [_view(row) for row in rows]


async def get_calendar(work: Work, calendar_id: UUID) -> CalendarView:
    """Refuses with NoSuchCalendar."""
    row = (await work.session.execute(text(SELECT + " WHERE c.id = :id"), {"id": calendar_id})).one_or_none()
    if row is None:
        raise NoSuchCalendar(calendar_id=calendar_id)
    return _view(row)


async def usual_calendar(work: Work, shop_id: UUID) -> WorkingCalendar:
    """Of a shop without any calendar: the usual week in its time zone, with the public holidays of its market."""
    shop = await get_shop(work, shop_id)
    country: str | None = COUNTRY_OF_MARKET.get(shop.market, shop.market)
    if not holidays_known(country):
        country = None
    return calendar_of(Hours(USUAL_WEEK, shop.time_zone, country))


remembered: Memory[Any] = Memory()
"""The calendars and the policies of a shop. They are forgotten together: policies name calendars."""


async def _for_shop(work: Work, shop_id: UUID) -> dict[str, tuple[UUID, WorkingCalendar]]:
    """By name; the shop's own before the house's."""
    rows = await work.session.execute(CALENDARS_OF_SHOP, {"shop": shop_id})
    return {
        row.name: (row.id, _calendar(row.time_zone, row.country, row.subdivision, row.week, row.days))
        for row in rows
    }


async def calendar_named(work: Work, shop_id: UUID, name: str | None) -> tuple[UUID | None, WorkingCalendar]:
    """The shop's calendar of this name, else the house's, as it was at most ten seconds ago. Without a name the standard one, and the usual week where there is
    none; a name that nobody has given is refused with NoSuchCalendar."""
    key = ("calendars", shop_id, work.actor.sees(shop_id))
    known = await remembered.recall(work, key, lambda: _for_shop(work, shop_id))
    if (name or STANDARD) in known:
        return known[name or STANDARD]  # type: ignore[no-any-return]
    if name not in (None, STANDARD):
        raise NoSuchCalendar(calendar=name)
    return None, await usual_calendar(work, shop_id)


async def calendars_by_id(
    work: Work, wanted: Collection[tuple[UUID, UUID | None]]
) -> dict[tuple[UUID, UUID | None], WorkingCalendar]:
    """For pairs of shop and calendar id (none: the shop's usual week)."""
    ids = {calendar_id for _, calendar_id in wanted if calendar_id is not None}
    found: dict[UUID, WorkingCalendar] = {}
    if ids:
        rows = await work.session.execute(CALENDARS_BY_ID, {"ids": list(ids)})
        found = {
            row.id: _calendar(row.time_zone, row.country, row.subdivision, row.week, row.days) for row in rows
        }
    return {
        (shop_id, calendar_id): await usual_calendar(work, shop_id)
        if calendar_id is None
        else found[calendar_id]
        for shop_id, calendar_id in wanted
    }


def may_write(work: Work, shop_id: UUID | None) -> None:
    """Needs `promises.write`, in the shop, or in all of them for what holds for the house."""
    work.require("promises.write")
    if shop_id is None and work.actor.shops is not None:
        raise NotAllowed(needed="every shop")


async def make_calendar(work: Work, shop_id: UUID | None, new: CalendarHours) -> CalendarView:
    """Refuses with HoursUnusable, CalendarNameTaken; a shop that the actor does not see is NotFound."""
    may_write(work, shop_id)
    if shop_id is not None:
        await get_shop(work, shop_id)
    new.hours({})
    calendar_id = work.new_id()
    try:
        async with work.session.begin_nested():
            await work.session.execute(
                text(
                    "INSERT INTO business_calendar (id, shop_id, name, time_zone, country, subdivision, week, changed_at)"
                    " VALUES (:id, :shop, :name, :time_zone, :country, :subdivision, CAST(:week AS jsonb), :now)"
                ),
                {"id": calendar_id, "shop": shop_id, "now": work.now, **_columns(new)},
            )
    except IntegrityError:
        raise CalendarNameTaken(name=new.name) from None
    remembered.forget_with(work)
    work.record(CalendarMade(calendar_id=calendar_id, shop_id=shop_id))
    return await get_calendar(work, calendar_id)


async def change_hours(work: Work, calendar_id: UUID, change: CalendarHours, version: int) -> CalendarView:
    """`version` is the one that the change was made from. Refuses with CalendarChangedMeanwhile, HoursUnusable,
    CalendarNameTaken."""
    before = await _locked(work, calendar_id)
    if before.version != version:
        raise CalendarChangedMeanwhile(version=before.version)
    change.hours({})
    try:
        async with work.session.begin_nested():
            await work.session.execute(
                text(
                    "UPDATE business_calendar SET name = :name, time_zone = :time_zone, country = :country,"
                    " subdivision = :subdivision, week = CAST(:week AS jsonb) WHERE id = :id"
                ),
                {"id": calendar_id, **_columns(change)},
            )
    except IntegrityError:
        raise CalendarNameTaken(name=change.name) from None
    return await _changed(work, before)


async def set_day(work: Work, calendar_id: UUID, on: date, *, open: bool, note: str = "") -> CalendarView:
    """Closes or opens one day by exception."""
    before = await _locked(work, calendar_id)
    await work.session.execute(
        text(
            "INSERT INTO calendar_day (calendar_id, day_on, shop_id, open, note) VALUES (:id, :on, :shop, :open, :note)"
            " ON CONFLICT (calendar_id, day_on) DO UPDATE SET open = excluded.open, note = excluded.note"
        ),
        {"id": calendar_id, "on": on, "shop": before.shop_id, "open": open, "note": note},
    )
    return await _changed(work, before)


async def clear_day(work: Work, calendar_id: UUID, on: date) -> CalendarView:
    """The day is like every other again. Harmless when it was."""
    before = await _locked(work, calendar_id)
    if all(day.on != on for day in before.days):
        return before
    await work.session.execute(
        text("DELETE FROM calendar_day WHERE calendar_id = :id AND day_on = :on"),
        {"id": calendar_id, "on": on},
    )
    return await _changed(work, before)


async def remove_calendar(work: Work, calendar_id: UUID) -> None:
    """Refuses with CalendarInUse."""
    before = await _locked(work, calendar_id)
    try:
        async with work.session.begin_nested():
            await work.session.execute(
                text("DELETE FROM business_calendar WHERE id = :id"), {"id": calendar_id}
            )
    except IntegrityError:
        raise CalendarInUse(calendar_id=calendar_id) from None
    remembered.forget_with(work)
    work.record(CalendarRemoved(calendar_id=calendar_id, shop_id=before.shop_id))


async def year_of(work: Work, calendar_id: UUID, year: int) -> list[CalendarDate]:
    """The days of a year that are not like their weekday, in order. Needs `promises.read`."""
    work.require("promises.read")
    view = await get_calendar(work, calendar_id)
    own = {day.on: day for day in view.days if day.on.year == year}
    public = special_names(view.country, view.subdivision, year, work.actor.locale)
    return [
        CalendarDate(
            on=on,
            open=bool(hours := view.calendar.spans_on(on)),
            name=(own[on].note if on in own else "") or public.get(on, ""),
            own=on in own,
            hours=[span_text(span) for span in hours],
        )
        for on in sorted({*own, *public})
    ]


async def _locked(work: Work, calendar_id: UUID) -> CalendarView:
    row = (
        await work.session.execute(text(SELECT + " WHERE c.id = :id FOR UPDATE OF c"), {"id": calendar_id})
    ).one_or_none()
    if row is None:
        # A shop's own people may read the house's calendars but not lock them.
        may_write(work, (await get_calendar(work, calendar_id)).shop_id)
        raise NoSuchCalendar(calendar_id=calendar_id)
    may_write(work, row.shop_id)
    return _view(row)


async def _changed(work: Work, before: CalendarView) -> CalendarView:
    await work.session.execute(
        text("UPDATE business_calendar SET version = version + 1, changed_at = :now WHERE id = :id"),
        {"id": before.id, "now": work.now},
    )
    remembered.forget_with(work)
    work.record(CalendarChanged(calendar_id=before.id, version=before.version + 1, shop_id=before.shop_id))
    return await get_calendar(work, before.id)


def _columns(hours: CalendarHours) -> dict[str, Any]:
    columns = hours.model_dump()
    return columns | {"week": to_json(columns["week"])}
