"""Cases: opening, talking, owning, moving, closing."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import text

from aftercare.cases import (
    AnswerFirst,
    CaseNotFound,
    CaseTakenAlready,
    Closing,
    MoveNotPossible,
    NewCase,
    NotClosedBySilence,
    OwnerNotFound,
    Priority,
    Stage,
    StageNotPossible,
    Status,
    advance,
    assign,
    close_case,
    get_case,
    hand_over,
    link,
    open_case,
    release,
    reopen,
    say,
    set_priority,
    set_stage,
    set_tags,
    snooze,
    solve,
    take,
)
from aftercare.cases.model import NO_CLOCK
from aftercare.conversations import MessageKind
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin
from aftercare.kit.ids import new_id
from aftercare.promises import ClockTerms, fire_due, start_clock
from tests.cases.given import a_case, a_world, buyer, clocks, facts, names, scalar, staff
from tests.conftest import Clock


async def test_a_customer_opens_a_case_with_a_first_message_and_two_clocks(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    number = await scalar(house, "SELECT last_value FROM service_case_number")
    assert case.number == f"AC-2603-{number:06d}"
    assert (case.status, case.stage, case.owner_id) == (Status.open, Stage.consulted, None)
    assert case.waiting_since == house.clock()
    assert await clocks(house, case.id) == {"case.first_answer": "running", "case.resolution": "running"}
    told = await facts(house, "case.", "message.")
    assert names(told) == ["case.opened", "message.posted"]
    assert told[0][1] == {
        "case_id": str(case.id),
        "thread_id": str(case.thread_id),
        "customer_id": str(world.customer_id),
        "order_id": str(world.order_id),
        "channel": "portal",
        "number": case.number,
    }
    assert (told[1][1]["case_id"], told[1][1]["author_kind"]) == (str(case.id), "customer")


async def test_nobody_opens_a_case_for_another_customer_or_with_a_strangers_order(house: House) -> None:
    world = await a_world(house)
    _, other_id, other_order = await buyer(house, world.shop_id, "x-2", "李强", "+8613900139000")
    for customer_id, order_id in ((other_id, None), (world.customer_id, other_order), (None, None)):
        with pytest.raises(CaseNotFound):
            async with begin(house, world.customer) as work:
                await open_case(
                    work,
                    NewCase(shop_id=world.shop_id, customer_id=customer_id, order_id=order_id, title="x"),
                )
    assert await facts(house, "case.") == []
    assert await scalar(house, "SELECT count(*) FROM thread") == 0


async def test_who_waits_for_whom_and_the_clocks_follow_the_talk(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    clock.now += timedelta(minutes=10)
    async with begin(house, world.mei) as work:
        await say(work, case.id, "内部：先查批次", kind=MessageKind.note)
    async with begin(house, world.mei) as work:
        assert (await get_case(work, case.id)).status is Status.open
        await say(work, case.id, "您好，请发一张接头照片")
    async with begin(house, world.mei) as work:
        seen = await get_case(work, case.id)
    assert (seen.status, seen.answered_at, seen.waiting_since) == (Status.waiting_customer, clock.now, None)
    assert await clocks(house, case.id) == {"case.first_answer": "kept", "case.resolution": "paused"}
    assert await scalar(house, "SELECT due_at FROM service_case") == NO_CLOCK

    clock.now += timedelta(minutes=10)
    async with begin(house, world.customer) as work:
        await say(work, case.id, "照片在这里")
    clock.now += timedelta(minutes=10)
    async with begin(house, world.customer) as work:
        await say(work, case.id, "还有一张")
    async with begin(house, world.mei) as work:
        seen = await get_case(work, case.id)
    assert (seen.status, seen.waiting_since) == (Status.waiting_shop, clock.now - timedelta(minutes=10))
    assert await clocks(house, case.id) == {
        "case.first_answer": "kept",
        "case.next_answer": "running",
        "case.resolution": "running",
    }
    due = await scalar(house, "SELECT min(due_at) FROM clock WHERE settled_at IS NULL AND state = 'running'")
    assert await scalar(house, "SELECT due_at FROM service_case") == due
    assert await scalar(house, "SELECT last_words FROM service_case") == "还有一张"


async def test_solved_is_not_said_while_the_customer_waits_and_a_word_reopens(
    house: House, clock: Clock
) -> None:
    world = await a_world(house)
    case = await a_case(world)
    with pytest.raises(AnswerFirst):
        async with begin(house, world.mei) as work:
            await solve(work, case.id)
    async with begin(house, world.mei) as work:
        await say(work, case.id, "已为您更换接头")
    async with begin(house, world.mei) as work:
        solved = await solve(work, case.id)
    assert (solved.status, solved.solved_at) == (Status.solved, clock.now)
    assert (await clocks(house, case.id))["case.resolution"] == "kept"
    clock.now += timedelta(hours=1)
    async with begin(house, world.customer) as work:
        await say(work, case.id, "又漏了")
    async with begin(house, world.mei) as work:
        again = await get_case(work, case.id)
    assert (again.status, again.solved_at) == (Status.waiting_shop, None)
    assert (await clocks(house, case.id))["case.resolution"] == "running"
    assert (await facts(house, "case.reopened"))[0][1]["before"] == "solved"


async def test_nothing_is_closed_by_silence(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    for actor in (world.mei, None):
        with pytest.raises(NotClosedBySilence):
            async with begin(house, *([actor] if actor else [])) as work:
                await close_case(work, case.id, Closing.followed_up)
    with pytest.raises(MoveNotPossible):
        async with begin(house, world.customer) as work:
            await close_case(work, case.id, Closing.spam)
    async with begin(house, world.mei) as work:
        await set_stage(work, case.id, Stage.followed_up)
        closed = await close_case(work, case.id, Closing.followed_up)
    assert (closed.status, closed.closing, closed.closed_at) == (
        Status.closed,
        Closing.followed_up,
        house.clock(),
    )
    assert await clocks(house, case.id) == {"case.first_answer": "cancelled", "case.resolution": "kept"}
    with pytest.raises(MoveNotPossible):
        async with begin(house, world.mei) as work:
            await close_case(work, case.id, Closing.confirmed)
    async with begin(house, world.mei) as work:
        assert (await reopen(work, case.id)).status is Status.waiting_shop
    async with begin(house, world.customer) as work:
        assert (await close_case(work, case.id, Closing.confirmed)).closing is Closing.confirmed


async def test_stages_go_forward_and_back_only_with_a_reason(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    async with begin(house, world.mei) as work:
        await set_stage(work, case.id, Stage.offered)
        await advance(work, case.id, Stage.diagnosed)
        assert (await get_case(work, case.id)).stage is Stage.offered
        await advance(work, case.id, Stage.carried_out)
    with pytest.raises(StageNotPossible):
        async with begin(house, world.mei) as work:
            await set_stage(work, case.id, Stage.diagnosed)
    async with begin(house, world.mei) as work:
        await set_stage(work, case.id, Stage.diagnosed, "换件后仍漏，重新诊断")
    assert [(data["before"], data["stage"]) for _, data in await facts(house, "case.stage_set")] == [
        ("consulted", "offered"),
        ("offered", "carried_out"),
        ("carried_out", "diagnosed"),
    ]
    assert await scalar(house, "SELECT body FROM message WHERE kind = 'note'") == "换件后仍漏，重新诊断"


async def test_taking_assigning_handing_over_and_putting_back(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    assert world.bo.id
    assert world.mei.id
    async with begin(house, world.mei) as work:
        assert (await take(work, case.id)).owner_id == world.mei.id
        await take(work, case.id)
    with pytest.raises(CaseTakenAlready):
        async with begin(house, world.bo) as work:
            await take(work, case.id)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.bo) as work:
            await assign(work, case.id, world.bo.id)
    with pytest.raises(PermissionMissing):
        async with begin(house, world.bo) as work:
            await hand_over(work, case.id, world.bo.id, "")
    async with begin(house, world.mei) as work:
        await hand_over(work, case.id, world.bo.id, "等客户照片")
    async with begin(house, world.boss) as work:
        await assign(work, case.id, world.mei.id)
    stranger = await staff(
        house, "x@else.example", "x", (await a_world(house, "yunshu")).shop_id, frozenset()
    )
    assert stranger.id
    with pytest.raises(OwnerNotFound):
        async with begin(house, world.boss) as work:
            await assign(work, case.id, stranger.id)
    async with begin(house, world.mei) as work:
        assert (await release(work, case.id)).owner_id is None
    assert [
        (name, data.get("how")) for name, data in await facts(house, "case.assigned", "case.released")
    ] == [
        ("case.assigned", "taken"),
        ("case.assigned", "handed_over"),
        ("case.assigned", "assigned"),
        ("case.released", None),
    ]


async def test_two_who_take_the_same_case_at_once(own_house: House) -> None:
    world = await a_world(own_house)
    case = await a_case(world)

    async def taking(actor: Actor) -> str:
        try:
            async with begin(own_house, actor) as work:
                await take(work, case.id)
        except CaseTakenAlready:
            return "too late"
        return "mine"

    outcomes = await asyncio.gather(*(taking(actor) for actor in (world.mei, world.bo) * 4))
    winners = {"mine": outcomes.count("mine"), "too late": outcomes.count("too late")}
    assert winners == {"mine": 4, "too late": 4}
    assert len(await facts(own_house, "case.assigned")) == 1


async def test_opening_again_with_the_same_key_opens_once(own_house: House) -> None:
    world = await a_world(own_house)
    cases = await asyncio.gather(*(a_case(world, client_key="phone-1-1") for _ in range(8)))
    assert len({case.id for case in cases}) == 1
    assert [
        await scalar(own_house, f"SELECT count(*) FROM {table}")
        for table in ("service_case", "thread", "message", "clock")
    ] == [1, 1, 1, 2]
    assert len(await facts(own_house, "case.opened")) == 1


async def test_sixteen_words_at_once_start_one_clock(own_house: House) -> None:
    world = await a_world(own_house)
    case = await a_case(world)
    async with begin(own_house, world.mei) as work:
        await say(work, case.id, "您好")

    async def saying(number: int) -> None:
        async with begin(own_house, world.customer) as work:
            await say(work, case.id, f"第 {number} 句")

    await asyncio.gather(*(saying(number) for number in range(16)))
    assert (
        await scalar(own_house, "SELECT count(*) FROM clock WHERE name = 'case.next_answer'"),
        await scalar(own_house, "SELECT count(*) FROM message"),
        await scalar(own_house, "SELECT status FROM service_case"),
    ) == (1, 18, "waiting_shop")


async def test_priority_tags_and_snooze(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world, tags=["漏水"])
    async with begin(house, world.mei) as work:
        await set_priority(work, case.id, Priority.urgent)
        await set_priority(work, case.id, Priority.urgent)
        changed = await set_tags(work, case.id, [" VIP ", "vip", "净水器"])
        await snooze(work, case.id, clock.now + timedelta(days=1))
    assert changed.tags == ["vip", "净水器"]
    assert names(await facts(house, "case.priority", "case.tagged", "case.snoozed")) == [
        "case.priority_set",
        "case.tagged",
        "case.snoozed",
    ]
    assert (await facts(house, "case.tagged"))[0][1] == {
        "case_id": str(case.id),
        "added": ["vip", "净水器"],
        "removed": ["漏水"],
    }
    async with begin(house, world.customer) as work:
        await say(work, case.id, "在吗")
    assert await scalar(house, "SELECT snoozed_until FROM service_case") is None


async def test_the_clock_of_what_is_linked_counts_in_the_ring(house: House, clock: Clock) -> None:
    world = await a_world(house)
    case = await a_case(world)
    claim = new_id()
    before = await scalar(house, "SELECT due_at FROM service_case")
    async with begin(house) as work:
        await link(work, case.id, "claim", claim)
        await link(work, case.id, "claim", claim)
        await start_clock(
            work,
            shop_id=world.shop_id,
            subject_kind="claim",
            subject_id=claim,
            name="claim.ship",
            terms=ClockTerms(length=timedelta(minutes=5)),
        )
    assert await scalar(house, "SELECT due_at FROM service_case") == clock.now + timedelta(minutes=5) < before
    assert names(await facts(house, "case.linked")) == ["case.linked"]
    clock.now += timedelta(minutes=6)
    async with begin(house) as work:
        assert await fire_due(work) == 1
    assert await scalar(house, "SELECT due_at FROM service_case") == clock.now - timedelta(minutes=1)


async def test_who_may_see_a_case(house: House) -> None:
    world, elsewhere = await a_world(house), await a_world(house, "yunshu")
    case = await a_case(world)
    other, _, _ = await buyer(house, world.shop_id, "x-2", "李强", "+8613900139000")
    warehouse = Actor(ActorKind.staff, world.mei.id, world.mei.shops, frozenset({"logistics.write"}))
    for stranger in (elsewhere.mei, elsewhere.customer, other, warehouse):
        with pytest.raises(CaseNotFound):
            async with begin(house, stranger) as work:
                await get_case(work, case.id)
        with pytest.raises((CaseNotFound, PermissionMissing)):
            async with begin(house, stranger) as work:
                await say(work, case.id, "hello")
        with pytest.raises((CaseNotFound, PermissionMissing)):
            async with begin(house, stranger) as work:
                await close_case(work, case.id, Closing.withdrawn)
    async with begin(house, world.customer) as work:
        assert (await get_case(work, case.id)).id == case.id
        assert (await work.session.execute(text("SELECT count(*) FROM service_case"))).scalar_one() == 1
