from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from aftercare.identity import NewShop, new_shop
from aftercare.journal import SYSTEM, Actor, ActorKind, House, PermissionMissing, begin
from aftercare.promises import (
    ClockTerms,
    PromiseDay,
    PromiseNow,
    broken_clocks,
    fire_due,
    pause_clocks,
    promise_board,
    running_clocks,
    start_clock,
    stop_clocks,
    warn_due,
)
from aftercare.promises.queries import PeriodUnusable
from tests.conftest import NOON, Clock

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


async def a_shop(house: House, code: str) -> UUID:
    async with begin(house, SYSTEM) as work:
        return (await new_shop(work, NewShop(code=code, name=code))).id


async def started(house: House, shop_id: UUID, hours: int, name: str = "claim.ship") -> UUID:
    subject = uuid4()
    async with begin(house, SYSTEM) as work:
        await start_clock(
            work,
            shop_id=shop_id,
            subject_kind="claim",
            subject_id=subject,
            name=name,
            terms=ClockTerms(length=hours * HOUR),
        )
    return subject


def staff_of(shop_id: UUID) -> Actor:
    return Actor(kind=ActorKind.staff, shops=frozenset({shop_id}), permissions=frozenset({"promises.read"}))


async def test_the_board_tells_how_promises_stand_and_how_they_ended(house: House, clock: Clock) -> None:
    one, two = await a_shop(house, "one"), await a_shop(house, "two")
    await started(house, one, 100)
    for hours in (24, 25):
        await started(house, one, hours)
    paused = await started(house, one, 30)
    broken = await started(house, one, 14)  # due at 02:00 on the 11th in Shanghai
    kept, late = await started(house, one, 50), await started(house, one, 13)
    other = await started(house, two, 100, "claim.answer")
    clock.now = NOON + 3 * HOUR
    async with begin(house, SYSTEM) as work:
        await pause_clocks(work, paused)
        await stop_clocks(work, kept)
        await stop_clocks(work, other, outcome="cancelled")
    clock.now = NOON + 18 * HOUR
    async with begin(house, SYSTEM) as work:
        await stop_clocks(work, late)
        assert await warn_due(work, limit=1) == 1
    async with begin(house, staff_of(one)) as work:
        board = await promise_board(work, NOON - DAY, NOON + DAY)
    assert board.now == [
        PromiseNow(
            shop_id=one,
            name="claim.ship",
            on_time=2,
            at_risk=1,
            paused=1,
            broken=1,
            next_due_at=NOON + 24 * HOUR,
        )
    ]
    clock.now = NOON + 19 * HOUR
    async with begin(house, SYSTEM) as work:
        assert await fire_due(work) == 1
    async with begin(house, SYSTEM) as work:
        board = await promise_board(work, NOON - DAY, NOON + DAY)
        only_two = await promise_board(work, NOON - DAY, NOON + DAY, shop_id=two)
    assert board.now == [
        PromiseNow(
            shop_id=one,
            name="claim.ship",
            on_time=1,
            at_risk=2,
            paused=1,
            broken=1,
            next_due_at=NOON + 24 * HOUR,
        )
    ]
    assert board.days == [
        PromiseDay(day=date(2026, 3, 10), shop_id=two, name="claim.answer", kept=0, broken=0, cancelled=1),
        PromiseDay(day=date(2026, 3, 10), shop_id=one, name="claim.ship", kept=1, broken=0, cancelled=0),
        PromiseDay(day=date(2026, 3, 11), shop_id=one, name="claim.ship", kept=0, broken=2, cancelled=0),
    ]
    assert (only_two.now, [day.shop_id for day in only_two.days]) == ([], [two])
    async with begin(house, staff_of(one)) as work:
        first = await broken_clocks(work, NOON - DAY, NOON + DAY, name="claim.ship", limit=1)
        second = await broken_clocks(work, NOON - DAY, NOON + DAY, shop_id=one, after=first.next, limit=1)
        assert [clock.subject_id for clock in (*first.items, *second.items)] == [late, broken]
        assert (first.items[0].state, second.items[0].state, second.next) == ("kept", "fired", None)
        assert (await broken_clocks(work, NOON - DAY, NOON + 14 * HOUR)).items == []
    async with begin(house, SYSTEM) as work:
        await stop_clocks(work, broken)
        board = await promise_board(work, NOON - DAY, NOON + DAY, time_zone="UTC")
        assert board.now[0].broken == 0
        assert [(str(day.day), day.broken) for day in board.days if day.broken] == [("2026-03-10", 2)]


async def test_a_period_that_is_none(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        for since, until, time_zone in (
            (NOON, NOON, "UTC"),
            (NOON, NOON + 800 * DAY, "UTC"),
            (NOON, NOON + DAY, "Asia/Atlantis"),
            (NOON, datetime.max.replace(tzinfo=UTC), "UTC"),
        ):
            with pytest.raises(PeriodUnusable):
                await promise_board(work, since, until, time_zone=time_zone)


async def test_running_clocks_soonest_first_page_by_page(house: House) -> None:
    one, two = await a_shop(house, "one"), await a_shop(house, "two")
    subjects = [await started(house, one, hours) for hours in (5, 3, 4, 3, 1)]
    await started(house, two, 2, "claim.answer")
    async with begin(house, staff_of(one)) as work:
        seen: list[UUID] = []
        after, pages = None, 0
        while True:
            found = await running_clocks(work, after=after, limit=2)
            seen += [clock.subject_id for clock in found.items]
            pages += 1
            after = found.next
            if after is None:
                break
        assert pages == 3
        # Two are due at the same moment; their ids decide, and neither is lost at the turn of the page.
        assert (seen[0], set(seen[1:3]), seen[3:]) == (
            subjects[4],
            {subjects[1], subjects[3]},
            [subjects[2], subjects[0]],
        )
        assert (await running_clocks(work, shop_id=two)).items == []
        early = await running_clocks(work, name="claim.ship", due_before=NOON + 4 * HOUR, shop_id=one)
        assert [clock.subject_id for clock in early.items] == seen[:3]
    async with begin(house, SYSTEM) as work:
        assert len((await running_clocks(work)).items) == 6
    nobody = Actor(kind=ActorKind.staff, shops=frozenset({one}))
    async with begin(house, nobody) as work:
        with pytest.raises(PermissionMissing):
            await running_clocks(work)
        with pytest.raises(PermissionMissing):
            await promise_board(work, NOON, NOON + DAY)
