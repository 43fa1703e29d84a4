"""A clock of a case that warns or runs out: more pressing, told to people, given to somebody else; once."""

from datetime import timedelta
from uuid import UUID

from aftercare.cases import Priority, Step, escalate, get_case, say
from aftercare.cases.reactions import press_on
from aftercare.cases.routing import find_owner
from aftercare.conversations import MessageKind, messages
from aftercare.journal import House, begin, drain
from aftercare.promises import ClockFired, ClockWarned, clocks_of, fire_due, warn_due
from tests.cases.given import World, a_case, a_world, at_work, facts
from tests.conftest import Clock


async def told(
    house: House, kind: type[ClockFired] | type[ClockWarned], clock: str
) -> ClockFired | ClockWarned:
    (data,) = [data for _, data in await facts(house, kind.name) if data["clock"] == clock]
    return kind.read(data, None)


async def notes(world: World, thread_id: UUID) -> list[str]:
    async with begin(world.house, world.boss) as work:
        page = await messages(work, thread_id)
        return [one.body for one in page.items if one.kind is MessageKind.note]


async def test_a_first_answer_that_is_late_is_urgent_and_given_to_somebody_else(
    house: House, clock: Clock
) -> None:
    world = await a_world(house)
    await at_work(world, world.mei, capacity=4)
    case = await a_case(world)
    await drain(house)
    await at_work(world, world.bo, capacity=4)

    async with begin(house) as work:
        (promised,) = [one for one in await clocks_of(work, [case.id]) if one.name == "case.first_answer"]
    assert promised.warn_at is not None
    clock.now = promised.warn_at
    async with begin(house) as work:
        assert await warn_due(work) == 1
    await drain(house)
    async with begin(house) as work:
        warned = await get_case(work, case.id)
    assert (warned.priority, warned.owner_id) == (Priority.high, world.mei.id)
    assert await notes(world, case.thread_id) == []

    clock.now = promised.due_at
    async with begin(house) as work:
        assert await fire_due(work) == 1
    await drain(house)
    async with begin(house) as work:
        late = await get_case(work, case.id)
    assert (late.priority, late.owner_id) == (Priority.urgent, world.bo.id)
    assert await notes(world, case.thread_id) == [
        "首次答复已超时（应在 2026-03-10 14:00 前答复）。已升为紧急，已退回公共队列。"
    ]
    escalated = [(data["step"], data["priority"]) for _, data in await facts(house, "case.escalated")]
    assert escalated == [("warned", "high"), ("broken", "urgent")]

    fact = await told(house, ClockFired, "case.first_answer")
    async with begin(house) as work:
        await press_on(work, [fact])
    assert len(await facts(house, "case.escalated")) == 2
    assert len(await notes(world, case.thread_id)) == 1


async def test_who_answered_in_time_is_not_pressed_by_a_late_reaction(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    await drain(house)
    async with begin(house) as work:
        (promised,) = [one for one in await clocks_of(work, [case.id]) if one.name == "case.first_answer"]
    assert promised.warn_at is not None
    clock.now = promised.warn_at
    async with begin(house) as work:
        await warn_due(work)
    fact = await told(house, ClockWarned, "case.first_answer")
    async with begin(house, world.mei) as work:
        await say(work, case.id, "您好，请问接头处有没有生料带？")
    async with begin(house) as work:
        await press_on(work, [fact])
        assert (await get_case(work, case.id)).priority is Priority.normal
    assert await facts(house, "case.escalated") == []


async def test_a_late_next_answer_keeps_its_owner(house: House, clock: Clock) -> None:
    world = await a_world(house)
    await at_work(world, world.mei)
    case = await a_case(world)
    await drain(house)
    async with begin(house, world.mei) as work:
        await say(work, case.id, "请拍一张照片")
    async with begin(house, world.customer) as work:
        await say(work, case.id, "拍好了")
    clock.now += timedelta(days=2)
    async with begin(house) as work:
        await fire_due(work)
    await drain(house)
    async with begin(house) as work:
        late = await get_case(work, case.id)
    assert (late.priority, late.owner_id) == (Priority.urgent, world.mei.id)
    assert [data["clock"] for _, data in await facts(house, "case.escalated")] == ["case.next_answer"]


async def test_an_urgent_case_stays_urgent_at_a_warning_and_a_closed_one_is_left_alone(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world, priority=Priority.urgent)
    async with begin(house) as work:
        assert await escalate(work, case.id, clock_id=case.id, clock="case.resolution", step=Step.warned)
        assert not await escalate(work, case.id, clock_id=case.id, clock="case.resolution", step=Step.warned)
        assert (await get_case(work, case.id)).priority is Priority.urgent
    assert [data for _, data in await facts(house, "case.priority_set")] == []


async def test_without_anybody_else_it_waits_in_the_shared_queue(house: House) -> None:
    world = await a_world(house)
    await at_work(world, world.mei)
    case = await a_case(world)
    async with begin(house) as work:
        assert await find_owner(work, case.id, not_to=world.mei.id) is None
        assert await find_owner(work, case.id) == world.mei.id
