from datetime import date, timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import ValidationError

from aftercare.identity import NewShop, new_shop
from aftercare.journal import SYSTEM, Actor, ActorKind, House, PermissionMissing, begin
from aftercare.kit.errors import NotAllowed, NotFound
from aftercare.promises import (
    CalendarHours,
    ClockTerms,
    NoSuchCalendar,
    make_calendar,
    preview_due,
    set_day,
    start_clock,
)
from aftercare.promises.calendars import (
    change_hours,
    clear_day,
    get_calendar,
    list_calendars,
    remove_calendar,
    year_of,
)
from aftercare.promises.model import (
    CalendarChangedMeanwhile,
    CalendarInUse,
    CalendarNameTaken,
    HoursUnusable,
)
from tests.conftest import NOON

OFFICE = [["09:00-12:00", "13:00-18:00"]] * 5 + [[], []]
BOTH = frozenset({"promises.read", "promises.write"})


async def a_shop(house: House, code: str = "qinglan") -> UUID:
    async with begin(house, SYSTEM) as work:
        return (await new_shop(work, NewShop(code=code, name=code))).id


def staff_of(shop_id: UUID, permissions: frozenset[str] = BOTH) -> Actor:
    return Actor(kind=ActorKind.staff, shops=frozenset({shop_id}), permissions=permissions)


async def test_a_calendar_is_made_changed_and_removed(house: House) -> None:
    shop_id = await a_shop(house)
    async with begin(house, staff_of(shop_id)) as work:
        made = await make_calendar(work, shop_id, CalendarHours(week=[["13:00-18:00", "09:00-12:00"]] * 7))
        assert (made.name, made.version, made.known_until) == ("standard", 1, date(2026, 12, 31))
        assert made.week[6] == ["09:00-12:00", "13:00-18:00"]
        with pytest.raises(CalendarNameTaken):
            await make_calendar(work, shop_id, CalendarHours(week=OFFICE))
    async with begin(house, staff_of(shop_id)) as work:
        changed = await change_hours(work, made.id, CalendarHours(week=OFFICE, name="office"), 1)
        assert (changed.name, changed.version, changed.week) == ("office", 2, OFFICE)
        with pytest.raises(CalendarChangedMeanwhile) as refused:
            await change_hours(work, made.id, CalendarHours(week=OFFICE), 1)
        assert refused.value.data == {"version": 2}
        with pytest.raises(HoursUnusable):
            await change_hours(work, made.id, CalendarHours(week=OFFICE, country="EU"), 2)
        await remove_calendar(work, made.id)
        with pytest.raises(NoSuchCalendar):
            await get_calendar(work, made.id)


@pytest.mark.parametrize("span", ["9-12", "09:00", "25:00-26:00"])
def test_a_span_that_is_none(span: str) -> None:
    with pytest.raises(ValidationError):
        CalendarHours(week=[[span]] * 7)


async def test_days_closed_and_opened_by_exception(house: House) -> None:
    shop_id = await a_shop(house)
    hours = ClockTerms(length=timedelta(hours=8), business=True)
    async with begin(house, staff_of(shop_id)) as work:
        made = await make_calendar(work, shop_id, CalendarHours(week=OFFICE))
        await set_day(work, made.id, date(2026, 3, 11), open=True, note="typo")
        await set_day(work, made.id, date(2026, 3, 11), open=False, note="盘点")
        shown = await set_day(work, made.id, date(2026, 3, 14), open=True, note="大促")
        assert shown.version == 4
        assert [(str(day.on), day.open, day.note) for day in shown.days] == [
            ("2026-03-11", False, "盘点"),
            ("2026-03-14", True, "大促"),
        ]
        # Tuesday noon, eight hours: five today, three on Thursday.
        due = await preview_due(work, shop_id, hours, NOON)
        assert due.due_at == NOON + timedelta(days=2)
        year = {str(day.on): day for day in await year_of(work, made.id, 2026)}
        assert (year["2026-03-11"].open, year["2026-03-11"].own, year["2026-03-11"].hours) == (
            False,
            True,
            [],
        )
        assert (year["2026-02-14"].open, year["2026-02-14"].own) == (True, False)
        assert year["2026-02-14"].hours == OFFICE[0]
        assert year["2026-10-01"].name == "国庆节"
        await clear_day(work, made.id, date(2026, 3, 11))
        assert (await clear_day(work, made.id, date(2026, 3, 11))).version == 5
        assert (await preview_due(work, shop_id, hours, NOON)).due_at == NOON + timedelta(hours=24)


async def test_a_calendar_in_use_stays(house: House) -> None:
    shop_id = await a_shop(house)
    async with begin(house, SYSTEM) as work:
        made = await make_calendar(work, shop_id, CalendarHours(week=OFFICE))
        await start_clock(
            work, shop_id=shop_id, subject_kind="case", subject_id=uuid4(), name="case.first_answer"
        )
        with pytest.raises(CalendarInUse):
            await remove_calendar(work, made.id)


async def test_hours_so_rare_that_nothing_is_ever_due(house: House) -> None:
    shop_id = await a_shop(house)
    async with begin(house, SYSTEM) as work:
        await make_calendar(work, shop_id, CalendarHours(week=[["09:00-09:01"], *([[]] * 6)]))
        with pytest.raises(HoursUnusable):
            await preview_due(work, shop_id, ClockTerms(length=timedelta(days=30), business=True), NOON)
        with pytest.raises(NoSuchCalendar):
            await preview_due(
                work, shop_id, ClockTerms(length=timedelta(days=1), business=True, calendar="night"), NOON
            )


async def test_who_may_change_which_calendar(house: House) -> None:
    one, two = await a_shop(house, "one"), await a_shop(house, "two")
    async with begin(house, SYSTEM) as work:
        common = await make_calendar(work, None, CalendarHours(week=OFFICE, name="common"))
        own = await make_calendar(work, one, CalendarHours(week=OFFICE, name="own"))
        assert len(await list_calendars(work)) == 2
    async with begin(house, staff_of(two)) as work:
        assert [view.name for view in await list_calendars(work)] == ["common"]
        with pytest.raises(NoSuchCalendar):
            await set_day(work, own.id, date(2026, 3, 11), open=False)
        with pytest.raises(NotAllowed):
            await set_day(work, common.id, date(2026, 3, 11), open=False)
        with pytest.raises(NotAllowed):
            await make_calendar(work, None, CalendarHours(week=OFFICE))
        with pytest.raises(NotFound):
            await make_calendar(work, one, CalendarHours(week=OFFICE))
    async with begin(house, staff_of(one, frozenset({"promises.read"}))) as work:
        assert [view.name for view in await list_calendars(work)] == ["common", "own"]
        with pytest.raises(PermissionMissing):
            await set_day(work, own.id, date(2026, 3, 11), open=False)
    async with begin(house, staff_of(one, frozenset())) as work:
        with pytest.raises(PermissionMissing):
            await list_calendars(work)
