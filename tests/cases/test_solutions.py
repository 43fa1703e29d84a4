"""A solved case becomes a solution, stands beside the next ones, and shows how often it held."""

from datetime import timedelta
from uuid import UUID

import pytest

from aftercare.cases import (
    SolvedAs,
    Status,
    apply_solution,
    get_case,
    reject_solution,
    reopen,
    say,
    solutions_beside,
    solve,
    solve_as,
    undo_ending,
)
from aftercare.cases.solutions import Beside
from aftercare.journal import Actor, House, PermissionMissing, begin, drain
from aftercare.knowledge import SolutionNotFound, TextMissing
from tests.cases.given import AGENT, World, a_case, a_world, buyer, facts, staff
from tests.conftest import NOON, Clock

REMEDY = "接头的密封圈老化，寄出新密封圈，附更换视频。"


async def a_place(house: House) -> World:
    world = await a_world(house)
    world.mei = await staff(house, "mei2@qinglan.example", "小美", world.shop_id, AGENT | {"knowledge.read"})
    return world


async def beside(world: World, case_id: UUID, by: Actor | None = None) -> Beside:
    async with begin(world.house, by or world.mei) as work:
        return await solutions_beside(work, case_id)


async def test_one_click_makes_a_solution_of_the_case(house: House) -> None:
    world = await a_place(house)
    case = await a_case(world)
    async with begin(house, world.mei) as work:
        with pytest.raises(TextMissing):
            await solve_as(work, case.id, SolvedAs())
        await say(work, case.id, REMEDY)
        kept = await solve_as(work, case.id, SolvedAs())
        assert (await get_case(work, case.id)).status is Status.solved
    assert (kept.problem, kept.remedy, kept.case_id) == ("净水器漏水", REMEDY, case.id)
    assert [name for name, _ in await facts(house, "solution.", "case.solution", "case.solved")] == [
        "solution.kept",
        "case.solution_applied",
        "case.solved",
    ]


async def test_the_likeliest_stand_beside_a_new_case_and_the_better_first(house: House, clock: Clock) -> None:
    world = await a_place(house)
    first = await a_case(world, "净水器漏水", "接头处一直滴水")
    second = await a_case(world, "净水器漏水", "滤芯盖漏水")
    await a_case(world, "发票开错了", "抬头不对")
    async with begin(house, world.mei) as work:
        await say(work, first.id, "换密封圈")
        washer = await solve_as(work, first.id, SolvedAs())
        await say(work, second.id, "拧紧滤芯盖")
        cover = await solve_as(work, second.id, SolvedAs())
    clock.now = NOON + timedelta(days=8)
    fresh, customer_id, order_id = await buyer(house, world.shop_id, "next-1", "李四", "+8613900139000")
    world.customer, world.customer_id, world.order_id = fresh, customer_id, order_id
    third = await a_case(world, "漏水", "净水器接头漏水")
    told = await beside(world, third.id)
    assert [(one.solution.id, one.tried, one.held) for one in told.solutions] == [
        (washer.id, 1, 1),
        (cover.id, 1, 1),
    ]
    # Two that failed with the first, one that held with the second: the other order.
    async with begin(house, world.mei) as work:
        await apply_solution(work, third.id, washer.id)
        await say(work, third.id, "请换密封圈")
        await solve(work, third.id)
        assert (await solutions_beside(work, third.id)).solutions[0].waiting == 1
    async with begin(house, world.customer) as work:
        await say(work, third.id, "还是漏")
    told = await beside(world, third.id)
    assert [(one.solution.id, one.tried, one.held, one.waiting) for one in told.solutions] == [
        (washer.id, 2, 1, 0),
        (cover.id, 1, 1, 0),
    ]
    async with begin(house, world.mei) as work:
        await reject_solution(work, third.id, washer.id)
    assert [one.solution.id for one in (await beside(world, third.id)).solutions] == [cover.id]
    assert (await facts(house, "case.solution_failed")) == [
        (
            "case.solution_failed",
            {"case_id": str(third.id), "solution_id": str(washer.id), "failing": "reopened"},
        )
    ]


async def test_asking_again_about_the_same_order_within_seven_days_is_failing(
    house: House, clock: Clock
) -> None:
    world = await a_place(house)
    case = await a_case(world)
    async with begin(house, world.mei) as work:
        await say(work, case.id, REMEDY)
        kept = await solve_as(work, case.id, SolvedAs())
    clock.now = NOON + timedelta(days=6)
    again = await a_case(world, "净水器又漏水", "换了还漏")
    await drain(house)
    assert [(one.tried, one.held) for one in (await beside(world, again.id)).solutions] == [(1, 0)]
    clock.now = NOON + timedelta(days=9)
    await a_case(world, "净水器再漏水", "第三次")
    await drain(house)
    assert await facts(house, "case.solution_failed") == [
        (
            "case.solution_failed",
            {"case_id": str(case.id), "solution_id": str(kept.id), "failing": "contacted_again"},
        )
    ]


async def test_opened_again_after_seven_days_it_has_held(house: House, clock: Clock) -> None:
    world = await a_place(house)
    case = await a_case(world)
    async with begin(house, world.mei) as work:
        await say(work, case.id, REMEDY)
        await solve_as(work, case.id, SolvedAs())
    clock.now = NOON + timedelta(days=8)
    async with begin(house, world.mei) as work:
        await reopen(work, case.id)
        told = await solutions_beside(work, case.id)
    assert [(one.tried, one.held) for one in told.solutions] == [(1, 1)]


async def test_what_was_called_solved_by_a_slip_has_not_failed(house: House, clock: Clock) -> None:
    world = await a_place(house)
    case = await a_case(world)
    async with begin(house, world.mei) as work:
        await say(work, case.id, REMEDY)
        await solve_as(work, case.id, SolvedAs())
    async with begin(house, world.mei) as work:
        await undo_ending(work, case.id, Status.waiting_customer)
    clock.now += timedelta(days=8)
    (one,) = (await beside(world, case.id)).solutions
    assert (one.tried, one.held, one.waiting) == (0, 0, 1)
    async with begin(house, world.mei) as work:
        await solve(work, case.id)
    clock.now += timedelta(days=8)
    (one,) = (await beside(world, case.id)).solutions
    assert (one.tried, one.held, one.waiting) == (1, 1, 0)


async def test_another_shops_solutions_are_not_offered_and_not_applied(house: House) -> None:
    world = await a_place(house)
    other = await a_world(house, "yunmu")
    other.mei = await staff(house, "mei2@yunmu.example", "云美", other.shop_id, AGENT | {"knowledge.read"})
    case = await a_case(other)
    async with begin(house, other.mei) as work:
        await say(work, case.id, REMEDY)
        theirs = await solve_as(work, case.id, SolvedAs())
    mine = await a_case(world)
    assert (await beside(world, mine.id)).solutions == []
    with pytest.raises(SolutionNotFound):
        async with begin(house, world.mei) as work:
            await apply_solution(work, mine.id, theirs.id)
    with pytest.raises(PermissionMissing):
        await beside(world, mine.id, by=world.bo)
