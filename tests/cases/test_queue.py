"""Queues, counts, search, the page of a case, saved views."""

from datetime import timedelta

import pytest

from aftercare.cases import (
    Filters,
    Priority,
    case_page,
    link,
    queue,
    say,
    set_priority,
    set_tags,
    snooze,
    take,
)
from aftercare.cases.model import ViewNotFound
from aftercare.cases.queries import Counts, QueueItem, Sort, View, case_timeline, cases_of, counts
from aftercare.cases.views import NewView, forget_view, my_views, save_view
from aftercare.conversations import MessageKind, keep_draft
from aftercare.journal import Actor, ActorKind, House, begin, drain
from aftercare.kit.ids import new_id
from tests.cases.given import AGENT, World, a_case, a_world, scalar
from tests.conftest import Clock


async def titles(world: World, actor: Actor, filters: Filters | None = None, **wishes: object) -> list[str]:
    async with begin(world.house, actor) as work:
        items, _ = await queue(work, filters or Filters.model_validate(wishes))
        return [QueueItem.model_validate(item).title for item in items]


async def test_the_views_hold_what_they_say(house: House, clock: Clock) -> None:
    world = await a_world(house)
    first = await a_case(world, "一")
    clock.now += timedelta(minutes=1)
    second = await a_case(world, "二")
    clock.now += timedelta(minutes=1)
    third = await a_case(world, "三")
    async with begin(house, world.mei) as work:
        await take(work, first.id)
        await say(work, second.id, "您好")
        await snooze(work, third.id, clock.now + timedelta(hours=1))
    found = {view: await titles(world, world.mei, view=view) for view in View}
    assert found == {
        View.mine: ["一"],
        View.unassigned: ["二"],
        View.waiting: ["一"],
        View.late: [],
        View.snoozed: ["三"],
        View.active: ["一", "三", "二"],
        View.all: ["三", "二", "一"],
    }
    clock.now += timedelta(hours=3)
    assert await titles(world, world.mei, view=View.late) == ["一", "三"]
    async with begin(house, world.mei) as work:
        assert await counts(work) == Counts(mine=1, unassigned=2, waiting=2, late=2, snoozed=0, active=3)


async def test_pages_follow_one_another_without_gap_or_double(house: House, clock: Clock) -> None:
    world, other = await a_world(house), await a_world(house, "yunshu")
    for number in range(12):
        clock.now += timedelta(minutes=number % 3)
        await a_case(world if number % 2 else other, str(number))
    both = Actor(ActorKind.staff, world.mei.id, frozenset({world.shop_id, other.shop_id}), AGENT)
    everybody = Actor(ActorKind.staff, world.mei.id, None, AGENT)
    for actor, expected in ((both, 12), (everybody, 12), (world.mei, 6)):
        for sort in Sort:
            seen: list[str] = []
            mark = None
            async with begin(house, actor) as work:
                while True:
                    items, mark = await queue(work, Filters(view=View.all, sort=sort), after=mark, limit=5)
                    seen += [item["title"] for item in items]
                    if mark is None:
                        break
            assert (len(seen), len(set(seen))) == (expected, expected)
            if sort is Sort.recent and actor is not world.mei:
                # Of the same moment, the newer id first.
                assert seen[-1] == "0"


async def test_filters(house: House, clock: Clock) -> None:
    world = await a_world(house)
    one = await a_case(world, "一")
    clock.now += timedelta(minutes=1)
    two = await a_case(world, "二", priority=Priority.low)
    claim = new_id()
    async with begin(house, world.mei) as work:
        await set_priority(work, one.id, Priority.urgent)
        await set_tags(work, two.id, ["vip"])
        await link(work, two.id, "claim", claim)
    assert await titles(world, world.mei, priority=Priority.urgent) == ["一"]
    assert await titles(world, world.mei, tag="vip") == ["二"]
    assert await titles(world, world.mei, linked="claim") == ["二"]
    assert await titles(world, world.mei, shop_id=world.shop_id, status="open") == ["一", "二"]
    assert await titles(world, world.mei, shop_id=new_id()) == []
    assert await titles(world, world.mei, channel="email") == []
    assert await titles(world, world.mei, customer_id=world.customer_id, order_id=world.order_id) == [
        "一",
        "二",
    ]


async def test_a_row_says_who_waits_and_carries_the_soonest_ring(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world, body="接头处\n  一直滴水")
    async with begin(house, world.mei) as work:
        (item,), mark = await queue(work, Filters())
    row = QueueItem.model_validate(item)
    assert mark is None
    assert row.ring is not None
    assert (row.ring.name, row.ring.state, row.ring.started_at) == (
        "case.first_answer",
        "running",
        house.clock(),
    )
    assert (row.customer_name, row.waiting_for, row.last_words, row.last_author) == (
        "王晓梅",
        "shop",
        "接头处 一直滴水",
        "customer",
    )
    assert row.id == case.id


async def test_search_in_chinese_and_english_by_number_name_order_and_what_was_said(
    house: House, clock: Clock
) -> None:
    world, other = await a_world(house), await a_world(house, "yunshu")
    leak = await a_case(world, "净水器漏水", body="接头处一直滴水 SN-88231-A")
    clock.now += timedelta(minutes=1)
    late = await a_case(world, "Late parcel", body="Where is my refund?")
    await a_case(other, "净水器漏水")
    await drain(house)
    async with begin(house, world.customer) as work:
        await say(work, late.id, "The courier lost it")
    async with begin(house, world.mei) as work:
        await say(work, late.id, "秘密备注", kind=MessageKind.note)
    await drain(house)
    for words, expected in {
        "净水器": ["净水器漏水"],
        "漏水 滴水": ["净水器漏水"],
        "COURIER": ["Late parcel"],
        leak.number: ["净水器漏水"],
        leak.number[:-3].lower(): ["Late parcel", "净水器漏水"],
        "SN-88231": ["净水器漏水"],
        "13800138000": ["Late parcel", "净水器漏水"],
        "qinglan-1": ["Late parcel", "净水器漏水"],
        "秘密": [],
        "refund 漏水": ["Late parcel", "净水器漏水"],
        "的": [],
        "' | \\ \x00": [],
    }.items():
        assert await titles(world, world.mei, words=words) == expected, words
    everybody = Actor(ActorKind.staff, world.mei.id, None, AGENT)
    assert await titles(world, everybody, words="净水器") == ["净水器漏水", "净水器漏水"]
    assert await titles(world, world.mei, words="净水器", priority=Priority.urgent) == []


async def test_a_word_is_found_in_old_and_new_blocks(house: House, clock: Clock) -> None:
    world = await a_world(house)
    old = await a_case(world, "旧 lantern")
    clock.now += timedelta(minutes=1)
    await a_case(world, "新 lantern")
    await drain(house)
    # As if many blocks had passed since.
    await scalar(house, "UPDATE case_words SET block = block - 5 WHERE case_id = :id RETURNING 1", id=old.id)
    assert await titles(world, world.mei, words="lantern") == ["新 lantern", "旧 lantern"]
    assert await titles(world, Actor(ActorKind.staff, None, None, AGENT), words="lantern") == [
        "新 lantern",
        "旧 lantern",
    ]


async def test_the_page_of_a_case_tells_staff_and_customer_what_is_theirs(house: House) -> None:
    world = await a_world(house)
    case = await a_case(world)
    async with begin(house, world.mei) as work:
        await take(work, case.id)
        await say(work, case.id, "内部", kind=MessageKind.note)
        await say(work, case.id, "您好")
        await link(work, case.id, "claim", new_id())
        await keep_draft(work, case.thread_id, "我再", MessageKind.message)
    async with begin(house, world.mei) as work:
        page = await case_page(work, case.id)
        assert [entry.name for entry in (await case_timeline(work, case.id)).items][-1] == "case.opened"
    assert [(said.kind, said.author_name, said.body) for said in page.messages] == [
        ("message", "王晓梅", "接头处一直滴水"),
        ("note", "mei", "内部"),
        ("message", "mei", "您好"),
    ]
    assert page.customer is not None
    assert (page.owner_name, page.customer.name, page.customer.cases) == ("mei", "王晓梅", 1)
    assert (page.order_ids, [one.object_kind for one in page.links]) == ([world.order_id], ["claim"])
    assert [one.name for one in page.clocks] == ["case.resolution"]
    assert page.draft is not None
    assert page.draft.body == "我再"
    assert page.actions == [
        "say", "note", "hand_over", "release", "solve", "set_stage", "set_priority", "set_tags", "snooze", "close",
    ]  # fmt: skip
    async with begin(house, world.customer) as work:
        mine = await case_page(work, case.id)
        public = [entry.name for entry in (await case_timeline(work, case.id)).items]
        assert [one.id for one in await cases_of(work, [world.customer_id])] == [case.id]
    assert [said.body for said in mine.messages] == ["接头处一直滴水", "您好"]
    assert (mine.draft, mine.actions) == (None, ["say", "close"])
    assert [name for name in public if name.startswith(("case", "message", "note"))] == [
        "message.posted",
        "message.posted",
        "case.opened",
    ]


async def test_views_are_kept_per_account(house: House) -> None:
    world = await a_world(house)
    async with begin(house, world.mei) as work:
        kept = await save_view(
            work, NewView(name="加急", filters=Filters(view=View.waiting, priority=Priority.urgent))
        )
        await save_view(work, NewView(name="加急漏水", position=2, filters=Filters(words="漏水")), kept.id)
    async with begin(house, world.mei) as work:
        (mine,) = await my_views(work)
        assert (mine.name, mine.filters) == ("加急漏水", Filters(words="漏水"))
    for verb in (forget_view, lambda work, view: save_view(work, NewView(name="x", filters=Filters()), view)):
        with pytest.raises(ViewNotFound):
            async with begin(house, world.bo) as work:
                assert await my_views(work) == []
                await verb(work, kept.id)
    async with begin(house, world.mei) as work:
        await forget_view(work, kept.id)
        assert await my_views(work) == []


async def test_queues_by_skill_and_language_go_on_page_by_page_and_are_kept_as_views(
    house: House, clock: Clock
) -> None:
    world = await a_world(house)
    for title, skill, locale in (
        ("一", "repair", "zh-CN"),
        ("二", "repair", "zh-TW"),
        ("三", None, "en"),
        ("四", "repair", "zh-CN"),
        ("五", "billing", "en-GB"),
    ):
        clock.now += timedelta(minutes=1)
        await a_case(world, title, skill=skill, locale=locale)

    async def paged(filters: Filters) -> list[str]:
        seen: list[str] = []
        mark = None
        async with begin(house, world.mei) as work:
            while True:
                items, mark = await queue(work, filters, after=mark, limit=1)
                seen += [item["title"] for item in items]
                if mark is None:
                    return seen

    assert await paged(Filters(skill="repair")) == ["一", "二", "四"]
    assert await paged(Filters(language="zh")) == ["一", "二", "四"]
    assert await paged(Filters(language="zh-CN")) == ["一", "四"]
    assert await paged(Filters(language="en")) == ["三", "五"]
    assert await paged(Filters(skill="repair", language="zh-TW", view=View.unassigned)) == ["二"]
    assert await paged(Filters(skill="welding")) == []
    kept = Filters(skill="repair", language="zh-CN")
    async with begin(house, world.mei) as work:
        await save_view(work, NewView(name="维修·简体", filters=kept))
        (mine,) = await my_views(work)
    assert mine.filters == kept
    assert await paged(mine.filters) == ["一", "四"]
