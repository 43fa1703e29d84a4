"""Who works when: split shifts, nights, days off, in the time zone of the member."""

from datetime import UTC, date, datetime, time

import pytest
from sqlalchemy import text

from aftercare.journal import House, PermissionMissing, begin
from aftercare.people import OffDay, ShiftNotPossible, ShiftTimes, WorkingHours, hours_of, set_hours
from aftercare.people.members import ON_SHIFT
from tests.cases.given import World, a_world, at_work
from tests.conftest import Clock


async def works(world: World, clock: Clock, *at: str) -> list[bool]:
    found = []
    for moment in at:
        clock.now = datetime.fromisoformat(moment).astimezone(UTC)
        async with begin(world.house) as work:
            here = text(f"SELECT {ON_SHIFT} FROM member m WHERE m.account_id = :id")
            found.append(await work.session.scalar(here, {"id": world.mei.id, "now": work.now}))
    return found


async def has(
    world: World, *shifts: tuple[int, int, int], zone: str = "Asia/Shanghai", off: str = ""
) -> None:
    assert world.mei.id
    hours = WorkingHours(
        time_zone=zone,
        shifts=[
            ShiftTimes(weekday=day, begins=time(begins), ends=time(ends)) for day, begins, ends in shifts
        ],
        days_off=[OffDay(off_on=date.fromisoformat(off), note="清明节")] if off else [],
    )
    async with begin(world.house, world.boss) as work:
        assert await set_hours(work, world.mei.id, hours) == hours
        assert await hours_of(work, world.mei.id) == hours


async def test_split_shifts_nights_and_days_off(house: House, clock: Clock) -> None:
    world = await a_world(house)
    await at_work(world, world.mei)
    assert await works(world, clock, "2026-03-11T03:00+08:00") == [True]
    # Wednesday with a long lunch, Sunday's night into Monday.
    await has(world, (3, 9, 12), (3, 14, 18), (7, 22, 6), off="2026-03-18")
    assert await works(
        world,
        clock,
        "2026-03-11T08:59+08:00",
        "2026-03-11T09:00+08:00",
        "2026-03-11T12:00+08:00",
        "2026-03-11T14:00+08:00",
        "2026-03-11T18:00+08:00",
        "2026-03-15T23:00+08:00",
        "2026-03-16T05:59+08:00",
        "2026-03-16T06:00+08:00",
        "2026-03-18T10:00+08:00",
    ) == [False, True, False, True, False, True, True, False, False]
    # A night that begins on a day off is off as a whole; summer time is the zone's.
    await has(world, (7, 22, 6), zone="Europe/Berlin", off="2026-04-05")
    assert await works(
        world, clock, "2026-03-30T03:59+00:00", "2026-03-30T04:00+00:00", "2026-04-06T01:00+00:00"
    ) == [True, False, False]


async def test_shifts_do_not_overlap_and_are_set_by_who_may(house: House) -> None:
    world = await a_world(house)
    await at_work(world, world.mei)
    for wrong in ([(1, 9, 12), (1, 11, 15)], [(7, 22, 6), (1, 5, 9)], [(2, 9, 9)]):
        with pytest.raises(ShiftNotPossible):
            await has(world, *wrong)
    assert world.mei.id
    with pytest.raises(PermissionMissing):
        async with begin(house, world.mei) as work:
            await set_hours(work, world.mei.id, WorkingHours())
