"""Escalation as data: steps at exact hours, for who is at work, each once."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases import CaseView, NewOverflow, Priority, get_case, say, set_overflow
from aftercare.cases.escalation.model import Doing, Pressing, Whom
from aftercare.cases.escalation.rules import (
    EscalationWish,
    NewRule,
    rule_for,
    rules_in_shop,
    set_rule,
    withdraw_rule,
)
from aftercare.cases.escalation.steps import take_due_steps
from aftercare.cases.escalation.trial import Trying, try_rule
from aftercare.cases.model import Step
from aftercare.identity import NewShop, new_shop
from aftercare.journal import House, PermissionMissing, begin, drain
from aftercare.people import (
    MemberProfile,
    OffDay,
    ShiftTimes,
    WorkingHours,
    set_hours,
    set_profile,
    set_working,
)
from aftercare.promises import extend_clock, pause_clocks, resume_clocks, ring
from tests.cases.given import World, a_case, a_world, at_work, facts, scalar
from tests.conftest import Clock

W, B = Step.warned, Step.broken
TELL_OWNER = EscalationWish(when=W, do=Doing.tell, whom=Whom.owner)
URGENT = EscalationWish(when=B, do=Doing.press, to=Pressing.urgent)


def shanghai(at: str) -> datetime:
    return datetime.fromisoformat(f"{at}+08:00").astimezone(UTC)


async def supervised(world: World, **profile: Any) -> None:
    async with begin(world.house) as work:
        await work.session.execute(
            text("UPDATE membership SET role = 'supervisor' WHERE account_id = :id"), {"id": world.boss.id}
        )
    await at_work(world, world.boss, **profile)


async def ruled(world: World, *steps: EscalationWish, clock: str = "case.first_answer") -> None:
    async with begin(world.house) as work:
        await set_rule(work, NewRule(clock=clock, shop_id=world.shop_id, steps=steps))


async def shifts(
    world: World, account_id: UUID | None, *spans: tuple[int, int], off: Sequence[str] = ()
) -> None:
    """The same hours on every day of the week."""
    assert account_id
    hours = WorkingHours(
        shifts=[
            ShiftTimes(weekday=day, begins=time(begins), ends=time(ends))
            for day in range(1, 8)
            for begins, ends in spans
        ],
        days_off=[OffDay(off_on=date.fromisoformat(day)) for day in off],
    )
    async with begin(world.house, world.boss) as work:
        await set_hours(work, account_id, hours)


async def goes_on(world: World, clock: Clock, at: datetime) -> None:
    """All that the worker does by then."""
    clock.now = at
    await ring(world.house)
    await drain(world.house)
    await take_due_steps(world.house)
    await drain(world.house)


async def told(world: World) -> list[tuple[str, UUID]]:
    async with begin(world.house) as work:
        rows = await work.session.execute(
            text("SELECT kind, account_id FROM desk_notice ORDER BY told_at, id")
        )
        return [(row.kind, row.account_id) for row in rows]


async def taken(world: World) -> list[tuple[str, int, str]]:
    return [
        (data["step"], data["nr"], data["did"]) for _, data in await facts(world.house, "case.step_taken")
    ]


async def seen(world: World, case: CaseView) -> CaseView:
    async with begin(world.house) as work:
        return await get_case(work, case.id)


async def test_each_step_at_its_hour_of_working_time(house: House, clock: Clock) -> None:
    """Tuesday evening: a promise of one hour in a week of 9 to 18, an hour's work later a supervisor."""
    clock.now = shanghai("2026-03-10T16:30")
    world = await a_world(house)
    await at_work(world, world.mei)
    await supervised(world)
    await ruled(
        world,
        TELL_OWNER,
        URGENT,
        EscalationWish(when=B, do=Doing.tell, whom=Whom.team, after_minutes=20),
        EscalationWish(when=B, do=Doing.supervise, after_minutes=60),
    )
    case = await a_case(world)
    await drain(house)
    owner = (await seen(world, case)).owner_id
    assert owner is not None
    await goes_on(world, clock, shanghai("2026-03-10T17:14:59"))
    assert await taken(world) == []
    await goes_on(world, clock, shanghai("2026-03-10T17:15:00"))
    assert await taken(world) == [("warned", 0, "tell")]
    assert await told(world) == [("warned", owner)]
    await goes_on(world, clock, shanghai("2026-03-10T17:30"))
    assert (await seen(world, case)).priority is Priority.urgent
    await goes_on(world, clock, shanghai("2026-03-10T17:49:59"))
    assert len(await taken(world)) == 2
    await goes_on(world, clock, shanghai("2026-03-10T17:50"))
    assert (await taken(world))[2:] == [("broken", 2, "tell")]
    # Half an hour of the hour is left for the next morning.
    await goes_on(world, clock, shanghai("2026-03-11T09:29:59"))
    assert len(await taken(world)) == 3
    await goes_on(world, clock, shanghai("2026-03-11T09:30"))
    assert (await taken(world))[3:] == [("broken", 3, "supervise")]
    assert (
        await scalar(house, "SELECT count(*) FROM case_follower WHERE account_id = :id", id=world.boss.id)
        == 1
    )
    await goes_on(world, clock, shanghai("2026-03-12T09:30"))
    assert len(await taken(world)) == 4
    assert [data["step"] for _, data in await facts(house, "case.escalated")] == ["warned", "broken"]


async def test_nobody_is_told_who_is_off_and_the_next_on_shift_is(house: House, clock: Clock) -> None:
    """A split shift: 9 to 12 and 14 to 18; the promise warns in the long lunch."""
    clock.now = shanghai("2026-03-10T11:40")
    world = await a_world(house)
    await at_work(world, world.mei)
    await ruled(world, TELL_OWNER)
    case = await a_case(world)
    await drain(house)
    assert (await seen(world, case)).owner_id == world.mei.id
    await shifts(world, world.mei.id, (9, 12), (14, 18))
    await goes_on(world, clock, shanghai("2026-03-10T13:25"))
    assert await told(world) == []
    assert await scalar(house, "SELECT due_at FROM escalation_step") == shanghai("2026-03-10T14:00")
    await goes_on(world, clock, shanghai("2026-03-10T13:59:59"))
    assert await told(world) == []
    await goes_on(world, clock, shanghai("2026-03-10T14:00"))
    assert await told(world) == [("warned", world.mei.id)]


async def test_a_colleague_at_work_stands_in_for_an_owner_who_is_off(house: House, clock: Clock) -> None:
    clock.now = shanghai("2026-03-10T11:40")
    world = await a_world(house)
    await at_work(world, world.mei)
    await ruled(world, TELL_OWNER)
    await a_case(world)
    await drain(house)
    await shifts(world, world.mei.id, (9, 12))
    await at_work(world, world.bo)
    await goes_on(world, clock, shanghai("2026-03-10T13:25"))
    assert await told(world) == [("warned", world.bo.id)]


async def test_a_day_off_is_off_and_who_comes_by_hand_is_told_at_once(house: House, clock: Clock) -> None:
    clock.now = shanghai("2026-03-10T09:00")
    world = await a_world(house)
    await supervised(world)
    await shifts(world, world.boss.id, (9, 18), off=("2026-03-10", "2026-03-11"))
    await ruled(world, EscalationWish(when=B, do=Doing.tell, whom=Whom.supervisors))
    await a_case(world)
    await goes_on(world, clock, shanghai("2026-03-10T10:00"))
    assert await told(world) == []
    assert await scalar(house, "SELECT due_at FROM escalation_step") == shanghai("2026-03-12T09:00")
    clock.now = shanghai("2026-03-10T10:30")
    await shifts(world, world.boss.id, (9, 18))
    await goes_on(world, clock, clock.now)
    assert await told(world) == [("escalated", world.boss.id)]


async def test_a_public_holiday_of_the_shop_is_no_working_time(house: House, clock: Clock) -> None:
    """The last afternoon before the Qingming festival of 2026 (4 to 6 April): the hour ends on the 7th."""
    clock.now = shanghai("2026-04-03T16:45")
    world = await a_world(house)
    await supervised(world)
    await ruled(world, EscalationWish(when=B, do=Doing.supervise, after_minutes=60))
    await a_case(world)
    await goes_on(world, clock, shanghai("2026-04-03T17:45"))
    assert await scalar(house, "SELECT due_at FROM escalation_step") == shanghai("2026-04-07T09:45")
    await goes_on(world, clock, shanghai("2026-04-07T09:44:59"))
    assert await taken(world) == []
    await goes_on(world, clock, shanghai("2026-04-07T09:45"))
    assert await told(world) == [("escalated", world.boss.id)]


async def test_another_shops_people_hear_of_what_overflows_to_them(house: House, clock: Clock) -> None:
    clock.now = shanghai("2026-03-10T11:00")
    world = await a_world(house)
    async with begin(house) as work:
        other = (await new_shop(work, NewShop(code="night", name="夜班组"))).id
        await set_overflow(work, world.shop_id, NewOverflow(after_minutes=30, to_shops=[other]))
        assert world.bo.id
        await set_profile(work, world.bo.id, MemberProfile(working=True, shop_ids=[other]))
    await ruled(world, EscalationWish(when=W, do=Doing.tell, whom=Whom.team))
    await a_case(world)
    await goes_on(world, clock, shanghai("2026-03-10T11:45"))
    assert await told(world) == [("warned", world.bo.id)]


async def test_a_step_falls_away_with_an_answer_and_stands_still_with_its_clock(
    house: House, clock: Clock
) -> None:
    clock.now = shanghai("2026-03-10T10:00")
    world = await a_world(house)
    await at_work(world, world.mei)
    await ruled(world, EscalationWish(when=W, do=Doing.tell, whom=Whom.owner, after_minutes=10))
    answered, paused = await a_case(world, "一"), await a_case(world, "二")
    await goes_on(world, clock, shanghai("2026-03-10T10:50"))
    async with begin(house, world.mei) as work:
        await say(work, answered.id, "您好")
    async with begin(house) as work:
        assert await pause_clocks(work, paused.id, names=["case.first_answer"]) == 1
    await goes_on(world, clock, shanghai("2026-03-10T10:55"))
    assert await taken(world) == []
    async with begin(house) as work:
        await resume_clocks(work, paused.id)
    await goes_on(world, clock, shanghai("2026-03-10T10:56"))
    assert await told(world) == [("warned", world.mei.id)]
    assert [data["case_id"] for _, data in await facts(house, "case.step_taken")] == [str(paused.id)]
    assert await scalar(house, "SELECT count(*) FROM escalation_step WHERE taken_at IS NULL") == 0


async def test_an_extended_clock_warns_anew_and_its_step_is_taken_once(house: House, clock: Clock) -> None:
    clock.now = shanghai("2026-03-10T10:00")
    world = await a_world(house)
    await at_work(world, world.mei)
    await ruled(world, EscalationWish(when=W, do=Doing.tell, whom=Whom.owner, after_minutes=10))
    case = await a_case(world)
    await goes_on(world, clock, shanghai("2026-03-10T10:50"))
    async with begin(house) as work:
        clock_id = await scalar(
            house, "SELECT id FROM clock WHERE subject_id = :id AND name = 'case.first_answer'", id=case.id
        )
        await extend_clock(work, clock_id, timedelta(minutes=60), "等厂家回复")
    await goes_on(world, clock, shanghai("2026-03-10T11:00"))
    assert await taken(world) == []
    for at in ("11:45", "11:54:59", "11:55", "11:56"):
        await goes_on(world, clock, shanghai(f"2026-03-10T{at}"))
    assert await taken(world) == [("warned", 0, "tell")]


async def test_passing_a_case_to_those_with_a_skill(house: House, clock: Clock) -> None:
    clock.now = shanghai("2026-03-10T10:00")
    world = await a_world(house)
    await at_work(world, world.mei)
    await ruled(world, EscalationWish(when=B, do=Doing.reassign, skill="水路"))
    case = await a_case(world)
    await drain(house)
    await at_work(world, world.bo, skills=["水路"])
    await goes_on(world, clock, shanghai("2026-03-10T11:00"))
    assert (await seen(world, case)).owner_id == world.bo.id
    assert await scalar(house, "SELECT skill FROM service_case") == "水路"


async def test_workers_beside_each_other_take_each_step_once_and_a_crash_takes_none(
    own_house: House, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.now = shanghai("2026-03-10T10:00")
    world = await a_world(own_house)
    await at_work(world, world.mei, capacity=300)
    await supervised(world, capacity=0)
    await ruled(
        world,
        EscalationWish(when=B, do=Doing.press, to=Pressing.urgent, after_minutes=5),
        EscalationWish(when=B, do=Doing.supervise, after_minutes=5),
    )
    for number in range(60):
        await a_case(world, f"第 {number} 件")
    await goes_on(world, clock, shanghai("2026-03-10T11:00"))
    assert await scalar(own_house, "SELECT count(*) FROM escalation_step") == 120
    clock.now = shanghai("2026-03-10T11:05")

    async def breaks(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr("aftercare.cases.escalation.steps.leave_notes", breaks)
        with pytest.raises(ZeroDivisionError):
            await take_due_steps(own_house)
    assert await taken(world) == []
    assert await scalar(own_house, "SELECT count(*) FROM desk_notice") == 0
    await asyncio.gather(*(take_due_steps(own_house, limit=17) for _ in range(4)))
    await drain(own_house)
    assert len(await taken(world)) == 120
    assert (
        await scalar(
            own_house, "SELECT count(DISTINCT data->>'case_id') FROM fact WHERE name = 'case.escalated'"
        )
        == 60
    )
    assert len(await facts(own_house, "case.escalated")) == 60
    assert (
        await scalar(own_house, "SELECT count(*) FROM message WHERE author_kind = 'system' AND kind = 'note'")
        == 60
    )
    assert await scalar(own_house, "SELECT count(*) FROM service_case WHERE priority = 'urgent'") == 60


async def test_the_shops_rule_comes_before_the_houses_and_the_default(house: House) -> None:
    world = await a_world(house)
    async with begin(house) as work:
        assert (await rule_for(work, world.shop_id, "case.first_answer")).source == "default"
        await set_rule(work, NewRule(clock="case.first_answer", steps=(URGENT,)))
        assert (await rule_for(work, world.shop_id, "case.first_answer")).source == "house"
        again = await set_rule(
            work, NewRule(clock="case.first_answer", shop_id=world.shop_id, steps=(URGENT, TELL_OWNER))
        )
        assert (again.source, again.version, again.steps) == ("shop", 1, (TELL_OWNER, URGENT))
        rules = await rules_in_shop(work, world.shop_id)
        assert [rule.clock for rule in rules][:4] == [
            "case.first_answer",
            "case.next_answer",
            "case.resolution",
            "call.back",
        ]
        await withdraw_rule(work, world.shop_id, "case.first_answer")
        assert (await rule_for(work, world.shop_id, "case.first_answer")).steps == (URGENT,)
    names = [name for name, _ in await facts(house, "escalation_rule")]
    assert names == ["escalation_rule.set", "escalation_rule.set", "escalation_rule.withdrawn"]
    with pytest.raises(PermissionMissing):
        async with begin(house, world.mei) as work:
            await set_rule(work, NewRule(clock="case.first_answer", shop_id=world.shop_id, steps=()))


async def test_trying_a_rule_tells_what_it_would_have_done(house: House, clock: Clock) -> None:
    clock.now = shanghai("2026-03-10T10:00")
    world = await a_world(house)
    await ruled(world)
    late, soon, quick = await a_case(world, "一"), await a_case(world, "二"), await a_case(world, "三")
    for at, answered in (("10:30", quick), ("10:50", soon), ("11:40", late)):
        clock.now = shanghai(f"2026-03-10T{at}")
        await ring(house)
        async with begin(house, world.mei) as work:
            await say(work, answered.id, "您好")
    clock.now = shanghai("2026-03-12T10:00")
    hour_later = EscalationWish(when=B, do=Doing.supervise, after_minutes=60)
    half = EscalationWish(when=B, do=Doing.supervise, after_minutes=30)
    async with begin(house) as work:
        tried = await try_rule(
            work,
            Trying(
                clock="case.first_answer", shop_id=world.shop_id, steps=(hour_later, TELL_OWNER, URGENT, half)
            ),
        )
    assert (tried.warned, tried.broken) == (2, 1)
    assert [(one.step.do, one.step.after_minutes, one.times) for one in tried.steps] == [
        (Doing.tell, 0, 2),
        (Doing.press, 0, 1),
        (Doing.supervise, 30, 1),
        (Doing.supervise, 60, 0),
    ]
    assert [(one.number, one.at) for one in tried.steps[2].examples] == [
        (late.number, shanghai("2026-03-10T11:30"))
    ]
    assert await facts(house, "case.step_taken") == []


async def test_who_has_not_come_is_told_when_coming(house: House, clock: Clock) -> None:
    clock.now = shanghai("2026-03-10T10:00")
    world = await a_world(house)
    assert world.mei.id
    await at_work(world, world.mei)
    await ruled(world, TELL_OWNER)
    await a_case(world)
    await drain(house)
    async with begin(house, world.mei) as work:
        await set_working(work, world.mei.id, False)
    await goes_on(world, clock, shanghai("2026-03-10T10:50"))
    assert await told(world) == []
    clock.now = shanghai("2026-03-10T11:00")
    async with begin(house, world.mei) as work:
        await set_working(work, world.mei.id, True)
    await drain(house)
    await take_due_steps(house)
    assert await told(world) == [("warned", world.mei.id)]
