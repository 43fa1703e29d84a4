"""Answers that are sent later; colleagues who follow and are named."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest

from aftercare.cases import (
    AnswerHeldBack,
    CaseView,
    NewPlanned,
    cancel_planned,
    change_planned,
    desk_notices,
    follow,
    followers_of,
    get_case,
    plan_message,
    planned_in,
    say,
    send_planned,
    solve,
    unfollow,
    unread,
    write_note,
)
from aftercare.cases.followers import named_in, read_notices
from aftercare.cases.model import PlannedInThePast, PlannedMessageOver, PlannedState, Status
from aftercare.conversations import messages
from aftercare.journal import Actor, House, PermissionMissing, begin, drain
from aftercare.kit.errors import Refusal
from aftercare.kit.ids import new_id
from tests.cases.given import World, a_case, a_world, facts, names
from tests.conftest import Clock


async def planned(
    world: World, case: CaseView, clock: Clock, body: str = "明天再联系您", in_any_case: bool = False
) -> UUID:
    async with begin(world.house, world.mei) as work:
        new = NewPlanned(body=body, send_at=clock.now + timedelta(hours=2), in_any_case=in_any_case)
        return (await plan_message(work, case.id, new)).id


async def said_in(world: World, case: CaseView) -> list[tuple[str, str, UUID | None]]:
    async with begin(world.house, world.boss) as work:
        return [
            (one.author_kind.value, one.body, one.author_id)
            for one in (await messages(work, case.thread_id)).items
        ]


async def heard(world: World, actor: Actor) -> list[tuple[str, str | None, str]]:
    async with begin(world.house, actor) as work:
        return [(one.kind.value, one.by, one.words) for one in (await desk_notices(work)).items]


async def test_it_is_sent_at_its_time_in_the_name_of_its_author(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    await planned(world, case, clock)
    assert await send_planned(house) == 0
    clock.now += timedelta(hours=2)
    assert await send_planned(house) == 1
    assert await send_planned(house) == 0
    assert (await said_in(world, case))[1:] == [("staff", "明天再联系您", world.mei.id)]
    async with begin(house, world.mei) as work:
        assert (await get_case(work, case.id)).status is Status.waiting_customer
        assert await planned_in(work, case.id) == []
    assert names(await facts(house, "message.plan")) == ["message.planned", "message.plan_sent"]


async def test_it_is_held_when_the_customer_has_written_unless_told(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    held, sure = await planned(world, case, clock), await planned(world, case, clock, "祝好", True)
    clock.now += timedelta(hours=1)
    async with begin(house, world.customer) as work:
        await say(work, case.id, "不用了，已经好了")
    clock.now += timedelta(hours=1)
    assert await send_planned(house) == 1
    assert [body for _, body, _ in await said_in(world, case)][1:] == ["不用了，已经好了", "祝好"]
    async with begin(house, world.mei) as work:
        (still,) = await planned_in(work, case.id)
        assert (still.id, still.state, still.held) == (held, PlannedState.held, "customer_wrote")
    assert await heard(world, world.mei) == [("held", None, "")]
    with pytest.raises(PlannedMessageOver):
        async with begin(house, world.mei) as work:
            await cancel_planned(work, sure)

    # Its author has read the answer and plans it anew.
    async with begin(house, world.mei) as work:
        again = NewPlanned(body="好的，祝您愉快", send_at=clock.now + timedelta(hours=1))
        assert (await change_planned(work, held, again)).state is PlannedState.planned
    clock.now += timedelta(hours=1)
    assert await send_planned(house) == 1
    assert (await said_in(world, case))[-1][1] == "好的，祝您愉快"


async def test_it_can_be_cancelled_by_its_author_and_by_who_gives_out_cases(
    house: House, clock: Clock
) -> None:
    world = await a_world(house)
    case = await a_case(world)
    first, second = await planned(world, case, clock), await planned(world, case, clock)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.bo) as work:
            await cancel_planned(work, first)
    async with begin(house, world.mei) as work:
        await cancel_planned(work, first)
    async with begin(house, world.boss) as work:
        await cancel_planned(work, second)
    clock.now += timedelta(hours=2)
    assert await send_planned(house) == 0
    with pytest.raises(PlannedInThePast):
        async with begin(house, world.mei) as work:
            await plan_message(work, case.id, NewPlanned(body="好", send_at=clock.now))
    with pytest.raises(AnswerHeldBack):
        async with begin(house, world.mei) as work:
            new = NewPlanned(body="{{ customer }}", send_at=clock.now + timedelta(hours=1))
            await plan_message(work, case.id, new)


async def test_two_workers_at_once_send_it_once_and_a_cancelling_beside_them_is_whole(
    own_house: House, clock: Clock
) -> None:
    world = await a_world(own_house)
    cases = [await a_case(world, f"第 {number} 件") for number in range(6)]
    plans = [await planned(world, case, clock) for case in cases]
    own_house.clock = clock
    clock.now += timedelta(hours=3)

    async def cancel(plan: UUID) -> bool:
        try:
            async with begin(own_house, world.mei) as work:
                await cancel_planned(work, plan)
        except Refusal:
            return False
        return True

    *sent, first, last = await asyncio.gather(
        send_planned(own_house), send_planned(own_house), cancel(plans[0]), cancel(plans[-1])
    )
    assert sum(sent) + first + last == 6
    said = [len(await said_in(world, case)) - 1 for case in cases]
    assert said == [1 - first, 1, 1, 1, 1, 1 - last]


def test_names_in_a_note() -> None:
    mei, bo, bolin = new_id(), new_id(), new_id()
    colleagues = {mei: "梅姐", bo: "Bo", bolin: "Bo Lin"}
    assert named_in("@梅姐 帮看一下，＠bo lin 也来", colleagues) == {mei, bolin}
    assert named_in("写信给 bo@example.com", colleagues) == set()
    assert named_in("@Bo，谢谢", colleagues) == {bo}


async def test_who_is_named_follows_and_is_told(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    await drain(house)
    for _ in range(2):
        async with begin(house, world.mei) as work:
            await write_note(work, case.id, "@bo 麻烦看一下配件", client_key="note-1")
    assert await heard(world, world.bo) == [("mentioned", "mei", "@bo 麻烦看一下配件")]
    async with begin(house, world.bo) as work:
        assert (await unread(work)).unread == 1
        assert [one.name for one in await followers_of(work, case.id)] == ["bo"]
        await read_notices(work)
        assert (await unread(work)).unread == 0
    async with begin(house, world.boss) as work:
        await follow(work, case.id)
        await follow(work, case.id)
    await drain(house)
    clock.now += timedelta(minutes=5)
    async with begin(house, world.customer) as work:
        await say(work, case.id, "还在漏")
    await drain(house)
    assert (await heard(world, world.bo))[0] == ("replied", None, "还在漏")
    assert await heard(world, world.boss) == [("replied", None, "还在漏")]
    async with begin(house, world.boss) as work:
        await unfollow(work, case.id)
    clock.now += timedelta(minutes=5)
    async with begin(house, world.mei) as work:
        await say(work, case.id, "已换新")
        await solve(work, case.id)
    await drain(house)
    assert [kind for kind, _, _ in await heard(world, world.bo)] == ["solved", "replied", "mentioned"]
    assert len(await heard(world, world.boss)) == 1
    assert names(await facts(house, "case.followed", "case.unfollowed", "case.mentioned")) == [
        "case.followed",
        "case.mentioned",
        "case.followed",
        "case.unfollowed",
    ]
