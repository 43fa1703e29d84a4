from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from aftercare.identity import NewShop, new_shop
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, begin, timeline
from aftercare.promises import (
    CalendarHours,
    ClockNotRunning,
    ClockState,
    ClockTerms,
    ClockView,
    ExtensionUnusable,
    ExtensionUsedUp,
    NoSuchClock,
    NoTermsForClock,
    clocks_of,
    extend_clock,
    fire_due,
    make_calendar,
    next_due,
    pause_clocks,
    resume_clocks,
    start_clock,
    stop_clock,
    stop_clocks,
    warn_due,
)
from tests.conftest import NOON, Clock

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
WORKED = ClockTerms(length=4 * HOUR, business=True, warn_before=0.25, policy="shop v1")


def shanghai(day: int, hour: int, minute: int = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - 8 * HOUR


async def a_shop(house: House, code: str = "qinglan", market: str = "CN") -> UUID:
    async with begin(house, SYSTEM) as work:
        return (await new_shop(work, NewShop(code=code, name=code, market=market))).id


async def started(
    house: House, shop_id: UUID, name: str = "claim.ship", terms: ClockTerms | None = None
) -> tuple[UUID, UUID]:
    """(subject, clock)"""
    subject = uuid4()
    async with begin(house, SYSTEM) as work:
        clock_id = await start_clock(
            work, shop_id=shop_id, subject_kind="claim", subject_id=subject, name=name, terms=terms
        )
    return subject, clock_id


async def only(house: House, subject: UUID) -> ClockView:
    async with begin(house, SYSTEM) as work:
        (clock,) = await clocks_of(work, [subject], ended=True)
    return clock


async def facts(work: Work, subject: UUID) -> list[str]:
    return [entry.name for entry in reversed((await timeline(work, subject)).items)]


async def test_a_clock_runs_warns_and_fires_once(house: House, clock: Clock) -> None:
    shop_id = await a_shop(house)
    subject, clock_id = await started(house, shop_id)
    seen = await only(house, subject)
    assert (seen.id, seen.due_at, seen.warn_at) == (clock_id, NOON + 7 * DAY, NOON + 5 * DAY)
    assert (seen.state, seen.policy, seen.max_extensions) == (ClockState.running, "default", 1)
    clock.now = NOON + 5 * DAY - MINUTE
    async with begin(house, SYSTEM) as work:
        assert await next_due(work) == NOON + 5 * DAY
        assert (await warn_due(work), await fire_due(work)) == (0, 0)
    clock.now = NOON + 5 * DAY
    for expected in (1, 0):
        async with begin(house, SYSTEM) as work:
            assert (await warn_due(work), await fire_due(work)) == (expected, 0)
    clock.now = NOON + 7 * DAY
    for expected in (1, 0):
        async with begin(house, SYSTEM) as work:
            assert (await warn_due(work), await fire_due(work)) == (0, expected)
    async with begin(house, SYSTEM) as work:
        assert await facts(work, subject) == ["clock.started", "clock.warned", "clock.fired"]
        entry = (await timeline(work, subject, public=True)).items[0]
        assert entry.data == {
            "subject_id": str(subject),
            "clock_id": str(clock_id),
            "subject_kind": "claim",
            "clock": "claim.ship",
            "due_at": "2026-03-17T04:00:00Z",
            "policy": "default",
        }
        assert entry.shop_id == shop_id
        assert await next_due(work) is None
    seen = await only(house, subject)
    assert (seen.state, seen.settled_at, seen.met_at) == (ClockState.fired, None, None)


async def test_a_clock_that_was_missed_fires_without_a_late_warning(house: House, clock: Clock) -> None:
    await started(house, await a_shop(house))
    clock.now = NOON + 8 * DAY
    async with begin(house, SYSTEM) as work:
        assert (await warn_due(work), await fire_due(work)) == (0, 1)


async def test_a_clock_stops_kept_or_cancelled(house: House, clock: Clock) -> None:
    shop_id = await a_shop(house)
    kept, _ = await started(house, shop_id)
    dropped, _ = await started(house, shop_id)
    late, _ = await started(house, shop_id)
    clock.now = NOON + HOUR
    async with begin(house, SYSTEM) as work:
        assert await stop_clock(work, subject_id=kept, name="claim.ship")
        assert not await stop_clock(work, subject_id=kept, name="claim.ship")
        assert await stop_clocks(work, dropped, outcome="cancelled") == 1
    clock.now = NOON + 7 * DAY + HOUR
    async with begin(house, SYSTEM) as work:
        assert await stop_clocks(work, late, ["claim.ship", "claim.answer"]) == 1
        assert await fire_due(work) == 0
    async with begin(house, SYSTEM) as work:
        assert await facts(work, kept) == ["clock.started", "clock.kept"]
        assert await facts(work, dropped) == ["clock.started", "clock.cancelled"]
        assert [entry.data.get("late") for entry in (await timeline(work, late)).items] == [True, None]
        assert await clocks_of(work, [kept, dropped, late]) == []
        assert await clocks_of(work, []) == []
    assert (await only(house, kept)).met_at == NOON + HOUR
    assert (await only(house, dropped)).met_at is None


async def test_a_broken_promise_stays_open_until_it_is_settled(house: House, clock: Clock) -> None:
    shop_id = await a_shop(house)
    subject, _ = await started(house, shop_id)
    clock.now = NOON + 7 * DAY
    async with begin(house, SYSTEM) as work:
        await fire_due(work)
    clock.now = NOON + 9 * DAY
    async with begin(house, SYSTEM) as work:
        assert [clock.state for clock in await clocks_of(work, [subject])] == ["fired"]
        assert await stop_clocks(work, subject) == 1
        assert await clocks_of(work, [subject]) == []
    seen = await only(house, subject)
    assert (seen.state, seen.settled_at) == (ClockState.fired, NOON + 9 * DAY)
    async with begin(house, SYSTEM) as work:
        assert await facts(work, subject) == ["clock.started", "clock.fired", "clock.kept"]


async def test_starting_again_replaces(house: House, clock: Clock) -> None:
    shop_id = await a_shop(house)
    subject, first = await started(house, shop_id)
    clock.now = NOON + DAY
    async with begin(house, SYSTEM) as work:
        second = await start_clock(
            work, shop_id=shop_id, subject_kind="claim", subject_id=subject, name="claim.ship"
        )
        (open_now,) = await clocks_of(work, [subject])
        assert (open_now.id, open_now.due_at) == (second, NOON + 8 * DAY)
        ever = {view.id: view.state for view in await clocks_of(work, [subject], ended=True)}
        assert ever == {first: "cancelled", second: "running"}
    clock.now = NOON + 8 * DAY
    async with begin(house, SYSTEM) as work:
        assert await fire_due(work) == 1
        await start_clock(work, shop_id=shop_id, subject_kind="claim", subject_id=subject, name="claim.ship")
    async with begin(house, SYSTEM) as work:
        states = [view.state for view in await clocks_of(work, [subject], ended=True)]
        assert sorted(states) == ["cancelled", "fired", "running"]
        assert await facts(work, subject) == [
            "clock.started",
            "clock.cancelled",
            "clock.started",
            "clock.fired",
            "clock.started",
        ]


async def test_a_clock_may_start_in_the_past_and_be_due_at_once(house: House) -> None:
    shop_id, subject = await a_shop(house), uuid4()
    async with begin(house, SYSTEM) as work:
        await start_clock(
            work,
            shop_id=shop_id,
            subject_kind="claim",
            subject_id=subject,
            name="claim.receive",
            started_at=NOON - 11 * DAY,
        )
        assert await fire_due(work) == 1
    assert (await only(house, subject)).due_at == NOON - DAY


async def test_a_pause_keeps_what_is_left_of_real_time(house: House, clock: Clock) -> None:
    subject, _ = await started(house, await a_shop(house))
    clock.now = NOON + 2 * DAY
    async with begin(house, SYSTEM) as work:
        assert await pause_clocks(work, subject, ["claim.answer"]) == 0
        assert await pause_clocks(work, subject) == 1
        assert await pause_clocks(work, subject) == 0
    seen = await only(house, subject)
    assert (seen.state, seen.paused_at, seen.left_seconds) == (
        ClockState.paused,
        NOON + 2 * DAY,
        5 * 24 * 3600,
    )
    clock.now = NOON + 30 * DAY
    async with begin(house, SYSTEM) as work:
        assert (await warn_due(work), await fire_due(work)) == (0, 0)
        assert await resume_clocks(work, subject) == 1
        assert await resume_clocks(work, subject) == 0
    seen = await only(house, subject)
    assert (seen.due_at, seen.warn_at, seen.left_seconds) == (NOON + 35 * DAY, NOON + 33 * DAY, None)
    async with begin(house, SYSTEM) as work:
        assert await facts(work, subject) == ["clock.started", "clock.paused", "clock.resumed"]


async def test_a_pause_keeps_what_is_left_of_working_time(house: House, clock: Clock) -> None:
    # 12:00 on a Tuesday is lunch: four working hours end at 17:00, the warning comes with one hour left.
    subject, _ = await started(house, await a_shop(house), "case.next_answer", WORKED)
    seen = await only(house, subject)
    assert (seen.due_at, seen.warn_at) == (shanghai(10, 17), shanghai(10, 16))
    clock.now = shanghai(10, 15)
    async with begin(house, SYSTEM) as work:
        await pause_clocks(work, subject)
    assert (await only(house, subject)).left_seconds == 2 * 3600
    clock.now = shanghai(13, 17, 30)  # Friday
    async with begin(house, SYSTEM) as work:
        await resume_clocks(work, subject)
    seen = await only(house, subject)
    assert (seen.due_at, seen.warn_at) == (shanghai(16, 10, 30), shanghai(16, 9, 30))


async def test_a_warning_given_is_not_given_again_after_a_pause(house: House, clock: Clock) -> None:
    subject, _ = await started(house, await a_shop(house))
    clock.now = NOON + 6 * DAY
    async with begin(house, SYSTEM) as work:
        assert await warn_due(work) == 1
        await pause_clocks(work, subject)
    clock.now = NOON + 10 * DAY
    async with begin(house, SYSTEM) as work:
        await resume_clocks(work, subject)
        assert await warn_due(work) == 0
    assert (await only(house, subject)).due_at == NOON + 11 * DAY


async def test_a_pause_comes_too_late_for_a_clock_that_is_due(house: House, clock: Clock) -> None:
    subject, _ = await started(house, await a_shop(house))
    clock.now = NOON + 7 * DAY
    async with begin(house, SYSTEM) as work:
        assert await pause_clocks(work, subject) == 0
        assert await fire_due(work) == 1


async def test_a_deadline_is_extended_once_with_a_reason(house: House, clock: Clock) -> None:
    subject, clock_id = await started(house, await a_shop(house))
    clock.now = NOON + 6 * DAY
    async with begin(house, SYSTEM) as work:
        assert await warn_due(work) == 1
    async with begin(house, SYSTEM) as work:
        for by, reason in ((8 * DAY, "物流停运"), (timedelta(0), "物流停运"), (DAY, "  ")):
            with pytest.raises(ExtensionUnusable):
                await extend_clock(work, clock_id, by, reason)
        assert await extend_clock(work, clock_id, 3 * DAY, "物流停运") == NOON + 10 * DAY
        with pytest.raises(ExtensionUsedUp) as refused:
            await extend_clock(work, clock_id, DAY, "还是不行")
        assert refused.value.data == {"clock_id": clock_id, "allowed": 1}
        with pytest.raises(NoSuchClock):
            await extend_clock(work, uuid4(), DAY, "物流停运")
    seen = await only(house, subject)
    assert (seen.due_at, seen.warn_at, seen.extensions) == (NOON + 10 * DAY, NOON + 8 * DAY, 1)
    clock.now = NOON + 8 * DAY
    async with begin(house, SYSTEM) as work:
        assert await warn_due(work) == 1  # of the new deadline
        told = [entry for entry in (await timeline(work, subject)).items if entry.name == "clock.extended"]
        assert [(entry.data["before"], entry.data["due_at"]) for entry in told] == [
            ("2026-03-17T04:00:00Z", "2026-03-20T04:00:00Z")
        ]
        assert "物流停运" not in str(told[0].data)
    clock.now = NOON + 10 * DAY
    async with begin(house, SYSTEM) as work:
        with pytest.raises(ClockNotRunning):
            await extend_clock(work, clock_id, DAY, "太晚了")
        assert await fire_due(work) == 1


async def test_a_paused_deadline_is_extended_too(house: House, clock: Clock) -> None:
    subject, clock_id = await started(house, await a_shop(house), "case.next_answer", WORKED)
    clock.now = shanghai(10, 15)
    async with begin(house, SYSTEM) as work:
        await pause_clocks(work, subject)
        # One working hour after 17:00 is 18:00.
        assert await extend_clock(work, clock_id, HOUR, "等供应商") == shanghai(10, 18)
    assert (await only(house, subject)).left_seconds == 3 * 3600
    clock.now = shanghai(11, 9)
    async with begin(house, SYSTEM) as work:
        await resume_clocks(work, subject)
    seen = await only(house, subject)
    assert (seen.due_at, seen.warn_at) == (shanghai(11, 12), shanghai(11, 11))


async def test_three_working_days_over_the_spring_festival(house: House, clock: Clock) -> None:
    clock.now = shanghai(13, 16, month=2)  # Friday; Saturday is made up for, then closed until Tuesday 24
    subject, _ = await started(house, await a_shop(house), "case.resolution")
    seen = await only(house, subject)
    assert (seen.due_at, seen.warn_at) == (shanghai(25, 16, month=2), shanghai(24, 18, month=2))


async def test_a_shop_counts_by_its_own_calendar_and_else_by_that_of_the_house(house: House) -> None:
    one, two = await a_shop(house, "one"), await a_shop(house, "two")
    late = CalendarHours(week=[["09:00-21:00"]] * 7, country=None)
    night = CalendarHours(week=[["22:00-06:00"]] * 7, country=None)
    async with begin(house, SYSTEM) as work:
        await make_calendar(work, None, late)
        await make_calendar(work, one, night)
    mine, _ = await started(house, one, "case.next_answer")
    others, _ = await started(house, two, "case.next_answer")
    assert (await only(house, mine)).due_at == shanghai(11, 2)
    assert (await only(house, others)).due_at == shanghai(10, 16)


async def test_a_market_without_known_holidays_has_none(house: House) -> None:
    shop_id = await a_shop(house, "union", market="EU")
    subject, _ = await started(house, shop_id, "case.first_answer")
    assert (await only(house, subject)).due_at == shanghai(10, 14)


async def test_what_a_refused_start_leaves(house: House) -> None:
    shop_id, subject = await a_shop(house), uuid4()
    with pytest.raises(NoTermsForClock):
        async with begin(house, SYSTEM) as work:
            await start_clock(
                work, shop_id=shop_id, subject_kind="case", subject_id=subject, name="case.tea_break"
            )
    async with begin(house, SYSTEM) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM clock")) == 0
        assert await facts(work, subject) == []


async def test_clocks_of_another_shop_are_not_seen(house: House) -> None:
    one, two = await a_shop(house, "one"), await a_shop(house, "two")
    subject, clock_id = await started(house, one)
    stranger = Actor(kind=ActorKind.staff, shops=frozenset({two}), permissions=frozenset({"promises.write"}))
    async with begin(house, stranger) as work:
        assert await clocks_of(work, [subject]) == []
        assert await stop_clocks(work, subject) == 0
        with pytest.raises(NoSuchClock):
            await extend_clock(work, clock_id, DAY, "不该行")
