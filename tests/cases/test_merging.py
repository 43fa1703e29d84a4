"""Cases merged and split, and both taken back."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases import (
    CaseMergedAlready,
    CasesDoNotFit,
    NothingToSplit,
    Stage,
    advance,
    case_page,
    count_as_answer,
    get_case,
    link,
    merge,
    moves_of,
    say,
    split,
    undo_move,
)
from aftercare.cases.merging import MoveView
from aftercare.conversations import OfferedChoice, Offers
from aftercare.journal import House, begin
from aftercare.kit.ids import new_id
from tests.cases.given import World, a_case, a_world, buyer, clocks, facts, names, scalar


async def said(world: World, case_id: UUID) -> list[str]:
    async with begin(world.house, world.mei) as work:
        return [message.body for message in (await case_page(work, case_id)).messages]


async def merged(world: World, case_id: UUID, into_id: UUID) -> MoveView:
    async with begin(world.house, world.mei) as work:
        return await merge(work, case_id, into_id)


async def test_merging_moves_words_and_links_and_closes_the_first(house: House) -> None:
    world = await a_world(house)
    first, second = await a_case(world, body="一"), await a_case(world, title="漏水", body="二")
    claim = new_id()
    async with begin(house, world.mei) as work:
        await link(work, first.id, "claim", claim)
    move = await merged(world, first.id, second.id)
    assert (move.kind, move.messages) == ("merged", 1)
    assert await said(world, first.id) == []
    assert await said(world, second.id) == ["一", "二"]
    async with begin(house, world.mei) as work:
        one, two = await get_case(work, first.id), await get_case(work, second.id)
        page = await case_page(work, second.id)
    assert (one.status, one.closing, two.status) == ("closed", "duplicate", "open")
    assert [found.object_id for found in page.links] == [claim]
    assert set((await clocks(house, first.id)).values()) == {"cancelled"}
    assert names(await facts(house, "case.merged", "case.link_moved")) == ["case.link_moved", "case.merged"]
    with pytest.raises(CaseMergedAlready):
        await merged(world, first.id, second.id)


async def test_a_merging_is_taken_back(house: House) -> None:
    world = await a_world(house)
    first, second = await a_case(world, body="一"), await a_case(world, title="漏水", body="二")
    claim = new_id()
    async with begin(house, world.mei) as work:
        await link(work, first.id, "claim", claim)
    move = await merged(world, first.id, second.id)
    async with begin(house, world.mei) as work:
        await undo_move(work, move.id)
    assert await said(world, first.id) == ["一"]
    assert await said(world, second.id) == ["二"]
    async with begin(house, world.mei) as work:
        one = await get_case(work, first.id)
        page = await case_page(work, first.id)
        (told,) = await moves_of(work, first.id)
    assert (one.status, one.closing) == ("open", None)
    assert [found.object_id for found in page.links] == [claim]
    assert told.undone_at is not None
    running = "SELECT count(*) FROM clock WHERE subject_id = :id AND name = 'case.first_answer' AND state = 'running'"
    assert await scalar(house, running, id=first.id) == 1


async def test_cases_keep_whose_turn_it_is_in_the_matter(house: House) -> None:
    """Nobody waits for words: whose turn it is came from the claims, and the words of neither case say otherwise."""
    world = await a_world(house)
    first, second = [await a_case(world, body="", expects_answer=False) for _ in range(2)]
    for case, ours in ((first, True), (second, False)):
        async with begin(house, world.mei) as work:
            await link(work, case.id, "claim", new_id())
            await advance(work, case.id, Stage.offered, shop_acts=ours)
    stood = (await turn(world, first.id), await turn(world, second.id))
    assert stood == ("waiting_shop", "waiting_customer")
    before = await clocks_in_full(house, first.id)
    move = await merged(world, first.id, second.id)
    assert (await turn(world, first.id), await turn(world, second.id)) == ("closed", "waiting_shop")
    async with begin(house, world.mei) as work:
        await undo_move(work, move.id)
    assert await turn(world, first.id) == "waiting_shop"
    assert await clocks_in_full(house, first.id) == before
    # A slip of the hand is no reopening.
    assert await facts(house, "case.reopened") == []
    move = await merged(world, second.id, first.id)
    assert await turn(world, first.id) == "waiting_shop"


async def turn(world: World, case_id: UUID) -> str:
    async with begin(world.house, world.mei) as work:
        return (await get_case(work, case_id)).status.value


async def clocks_in_full(house: House, case_id: UUID) -> list[tuple[Any, ...]]:
    async with begin(house) as work:
        rows = await work.session.execute(
            text(
                "SELECT id, name, state, due_at FROM clock WHERE subject_id = :id AND name = 'case.resolution'"
            ),
            {"id": case_id},
        )
        return [tuple(row) for row in rows]


async def test_what_a_machine_has_answered_stays_answered(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world, body="还能退吗？")
    offers = Offers(choices=[OfferedChoice(label="转人工", value="person")], sources=[])
    async with begin(house) as work:
        await say(work, case.id, "可以退，七天内。", offers=offers)
        await count_as_answer(work, case.id)
    async with begin(house, world.customer) as work:
        other = (await say(work, case.id, "另外想开发票")).message_id
    async with begin(house) as work:
        reply = (await say(work, case.id, "发票在订单页申请。", offers=offers)).message_id
        await count_as_answer(work, case.id)
    assert await turn(world, case.id) == "waiting_customer"
    stood = await clocks(house, case.id)
    async with begin(house, world.mei) as work:
        move = await split(work, case.id, [other, reply], "开发票")
    for one in (case.id, move.into_case_id):
        assert await turn(world, one) == "waiting_customer"
    async with begin(house, world.mei) as work:
        await undo_move(work, move.id)
    assert await turn(world, case.id) == "waiting_customer"
    assert await clocks(house, case.id) == stood
    # The words that called a person are no answer.
    async with begin(house, world.customer) as work:
        asked = (await say(work, case.id, "转人工")).message_id
    async with begin(house) as work:
        called = (await say(work, case.id, "请稍候。", offers=Offers(choices=[], sources=[]))).message_id
    async with begin(house, world.mei) as work:
        move = await split(work, case.id, [asked, called], "找人")
    assert await turn(world, case.id) == "waiting_customer"
    assert await turn(world, move.into_case_id) == "open"


async def test_what_went_on_into_a_third_case_is_taken_back_in_its_order(house: House) -> None:
    world = await a_world(house)
    first, second, third = [await a_case(world, title=one, body=one) for one in "一二三"]
    earlier = await merged(world, first.id, second.id)
    later = await merged(world, second.id, third.id)
    async with begin(house, world.mei) as work:
        page = await case_page(work, first.id)
    assert page.actions == []
    with pytest.raises(CaseMergedAlready):
        async with begin(house, world.mei) as work:
            await undo_move(work, earlier.id)
    for move in (later, earlier):
        async with begin(house, world.mei) as work:
            await undo_move(work, move.id)
    for case, words in ((first, "一"), (second, "二"), (third, "三")):
        assert await said(world, case.id) == [words]


async def test_cases_of_two_customers_do_not_fit(house: House) -> None:
    world = await a_world(house)
    first = await a_case(world)
    _, other_id, _ = await buyer(house, world.shop_id, "q-2", "李伟", "+8613900139000")
    second = await a_case(world, title="别的")
    async with begin(house) as work:
        await work.session.execute(
            text("UPDATE service_case SET customer_id = :other WHERE id = :id"),
            {"other": other_id, "id": second.id},
        )
    for into in (second.id, first.id):
        with pytest.raises(CasesDoNotFit):
            await merged(world, first.id, into)


async def test_splitting_makes_a_matter_of_its_own_and_is_taken_back(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world, body="漏水")
    async with begin(house, world.mei) as work:
        await say(work, case.id, "请拍照")
    async with begin(house, world.customer) as work:
        other = (await say(work, case.id, "另外想开发票")).message_id
    async with begin(house, world.mei) as work:
        move = await split(work, case.id, [other], "开发票")
    async with begin(house, world.mei) as work:
        old, new = await get_case(work, case.id), await get_case(work, move.into_case_id)
    assert (old.status, old.waiting_since) == ("waiting_customer", None)
    assert (new.title, new.status, new.customer_id) == ("开发票", "open", world.customer_id)
    assert (await clocks(house, new.id))["case.first_answer"] == "running"
    assert (await clocks(house, case.id))["case.next_answer"] != "running"
    assert await said(world, new.id) == ["另外想开发票"]
    async with begin(house, world.mei) as work:
        await undo_move(work, move.id)
    assert await said(world, case.id) == ["漏水", "请拍照", "另外想开发票"]
    async with begin(house, world.mei) as work:
        assert (await get_case(work, case.id)).status == "waiting_shop"
        assert (await get_case(work, new.id)).status == "closed"


async def test_not_everything_and_not_nothing_is_split(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    only = await scalar(house, "SELECT id FROM message")
    for chosen in ([], [only], [new_id()]):
        with pytest.raises(NothingToSplit):
            async with begin(house, world.mei) as work:
                await split(work, case.id, chosen, "别的")
