"""Whose case it becomes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases import (
    Closing,
    NewOverflow,
    close_case,
    get_case,
    give_out_waiting,
    hand_over,
    overflow_of,
    release,
    say,
    set_overflow,
    solve,
)
from aftercare.cases.events import CaseOpened
from aftercare.cases.model import OverflowNotPossible
from aftercare.cases.reactions import assign_automatically, make_findable
from aftercare.cases.routing import find_owner
from aftercare.conversations import Channel
from aftercare.journal import House, begin, drain
from aftercare.people import ShiftTimes, WorkingHours, set_hours, set_working
from tests.cases.given import World, a_case, a_world, at_work, facts, scalar
from tests.conftest import Clock


async def owner(world: World, case_id: UUID) -> UUID | None:
    async with begin(world.house) as work:
        return (await get_case(work, case_id)).owner_id


async def test_cases_are_shared_out_fairly_up_to_capacity_and_the_rest_waits(house: House) -> None:
    world = await a_world(house)
    await at_work(world, world.mei, capacity=4)
    await at_work(world, world.bo, capacity=2)
    cases = [await a_case(world, f"第 {number} 件") for number in range(8)]
    await drain(house)
    owners = [await owner(world, case.id) for case in cases]
    assert (owners.count(world.mei.id), owners.count(world.bo.id), owners.count(None)) == (4, 2, 2)
    assert [data["how"] for _, data in await facts(house, "case.assigned")] == ["automatic"] * 6

    done = cases[owners.index(world.bo.id)]
    async with begin(house, world.bo) as work:
        await say(work, done.id, "您好，已解决")
        await solve(work, done.id)
    await drain(house)
    owners = [await owner(world, case.id) for case in cases]
    assert (owners.count(world.mei.id), owners.count(world.bo.id), owners.count(None)) == (4, 3, 1)
    async with begin(house, world.mei) as work:
        await close_case(work, cases[owners.index(world.mei.id)].id, Closing.spam)
    await drain(house)
    assert None not in [await owner(world, case.id) for case in cases]


async def test_who_has_a_hand_free_is_given_nothing_that_comes_later(house: House, clock: Clock) -> None:
    """A story of the past is told in strides: its later cases are there before its earlier ends are reacted to."""
    world = await a_world(house)
    await at_work(world, world.mei, capacity=1)
    first = await a_case(world)
    await drain(house)
    clock.now += timedelta(hours=2)
    later = await a_case(world, "第二件")
    await drain(house)
    clock.now -= timedelta(hours=1)
    async with begin(house, world.mei) as work:
        await say(work, first.id, "您好，已解决")
        await solve(work, first.id)
    await drain(house)
    assert await owner(world, later.id) is None
    assert await give_out_waiting(house) == 0
    clock.now += timedelta(hours=1)
    assert await give_out_waiting(house) == 1
    assert await owner(world, later.id) == world.mei.id


async def test_skill_and_language_decide_and_who_comes_to_work_gets_what_waits(house: House) -> None:
    world = await a_world(house)
    await at_work(world, world.mei, languages=["zh-CN"], skills=[])
    repair = await a_case(world, "压缩机", skill="fridge")
    english = await a_case(world, "hello", locale="en-GB")
    taiwanese = await a_case(world, "您好", locale="zh-TW")
    await drain(house)
    assert [await owner(world, case.id) for case in (repair, english, taiwanese)] == [
        None,
        None,
        world.mei.id,
    ]
    await at_work(world, world.bo, languages=["en"], skills=["fridge"])
    await drain(house)
    assert [await owner(world, case.id) for case in (repair, english)] == [None, world.bo.id]
    await at_work(world, world.boss, skills=["fridge"])
    await drain(house)
    assert await owner(world, repair.id) == world.boss.id


async def test_who_has_left_gets_none_and_a_case_put_back_by_hand_stays(house: House) -> None:
    world = await a_world(house)
    assert world.mei.id
    await at_work(world, world.mei)
    async with begin(house, world.mei) as work:
        await set_working(work, world.mei.id, False)
    case = await a_case(world)
    await drain(house)
    assert await owner(world, case.id) is None
    async with begin(house, world.mei) as work:
        await set_working(work, world.mei.id, True)
    await drain(house)
    assert await owner(world, case.id) == world.mei.id
    async with begin(house, world.mei) as work:
        await release(work, case.id)
    await at_work(world, world.bo)
    await drain(house)
    assert await owner(world, case.id) is None


async def test_handing_over_frees_a_hand(house: House) -> None:
    world = await a_world(house)
    assert world.bo.id
    await at_work(world, world.mei, capacity=1)
    first, second = await a_case(world, "一"), await a_case(world, "二")
    await drain(house)
    held = first if await owner(world, first.id) else second
    async with begin(house, world.mei) as work:
        await hand_over(work, held.id, world.bo.id, "")
    await drain(house)
    assert {await owner(world, first.id), await owner(world, second.id)} == {world.mei.id, world.bo.id}


async def test_each_reaction_runs_twice_and_happens_once(house: House) -> None:
    world = await a_world(house)
    await at_work(world, world.mei)
    case = await a_case(world)
    fact = CaseOpened(
        shop_id=world.shop_id,
        case_id=case.id,
        thread_id=case.thread_id,
        customer_id=world.customer_id,
        channel=Channel.portal,
        number=case.number,
    )
    for _ in range(2):
        async with begin(house) as work:
            await assign_automatically(work, fact)
            await make_findable(work, fact)
    assert len(await facts(house, "case.assigned")) == 1
    assert await scalar(house, "SELECT count(*) FROM case_words") == 1
    await drain(house)
    assert len(await facts(house, "case.assigned")) == 1


async def test_two_cases_at_once_do_not_take_the_same_last_hand(own_house: House) -> None:
    world = await a_world(own_house)
    await at_work(world, world.mei, capacity=1)
    cases = [await a_case(world, f"第 {number} 件") for number in range(6)]

    async def finding(case_id: UUID) -> UUID | None:
        async with begin(own_house) as work:
            return await find_owner(work, case_id)

    found = await asyncio.gather(*(finding(case.id) for case in cases))
    assert sorted(map(str, found)) == sorted([str(world.mei.id), *["None"] * 5])


async def test_among_equals_every_one_gets_the_same_however_they_come(house: House) -> None:
    world = await a_world(house)
    people = [world.mei, world.bo, world.boss]
    for actor in people:
        await at_work(world, actor, capacity=100)
    cases = [await a_case(world, f"第 {number} 件") for number in range(30)]
    await drain(house)
    owners = [await owner(world, case.id) for case in cases]
    assert [owners.count(actor.id) for actor in people] == [10, 10, 10]


async def test_shifts_decide_and_when_nobody_is_free_others_take_it_after_a_while(
    house: House, clock: Clock
) -> None:
    world = await a_world(house)
    other = await a_world(house, code="lisbon")
    async with begin(house) as work:
        await work.session.execute(
            text("UPDATE membership SET shop_id = NULL WHERE account_id = :id"), {"id": other.bo.id}
        )
    manager = replace(
        world.boss, shops=frozenset({world.shop_id, other.shop_id}),
        permissions=world.boss.permissions | {"promises.write", "promises.read"},
    )  # fmt: skip
    for actor in (other.mei, other.bo):
        await at_work(other, actor, languages=["zh"])
    await at_work(world, world.mei)
    assert world.mei.id
    hours = WorkingHours(shifts=[ShiftTimes(weekday=3, begins=time(9), ends=time(18))])
    async with begin(house, manager) as work:
        await set_hours(work, world.mei.id, hours)
        await set_overflow(work, world.shop_id, NewOverflow(after_minutes=30, to_shops=[other.shop_id]))
        assert await overflow_of(work, world.shop_id) == NewOverflow(
            after_minutes=30, to_shops=[other.shop_id]
        )
    # Tuesday noon: who works on Wednesdays is not there.
    case = await a_case(world)
    await drain(house)
    assert await give_out_waiting(house) == 0
    assert await owner(world, case.id) is None
    clock.now += timedelta(minutes=30)
    assert await give_out_waiting(house) == 1
    # Of the other shop's people only who may see this one.
    assert await owner(world, case.id) == other.bo.id

    clock.now = datetime(2026, 3, 11, 0, 50, tzinfo=UTC)
    late = await a_case(world, "第二件")
    await drain(house)
    assert await give_out_waiting(house) == 0
    clock.now = datetime(2026, 3, 11, 1, 0, tzinfo=UTC)
    assert await give_out_waiting(house) == 1
    assert await owner(world, late.id) == world.mei.id
    with pytest.raises(OverflowNotPossible):
        async with begin(house, manager) as work:
            await set_overflow(work, world.shop_id, NewOverflow(after_minutes=5, to_shops=[world.shop_id]))
