"""Threads, messages, notes, files, drafts."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from aftercare.conversations import (
    Author,
    FileNotFound,
    FileView,
    MessageEmpty,
    MessageKind,
    MessageTooLong,
    NewMessage,
    NotesAreForStaff,
    ThreadNotFound,
    keep_draft,
    mark_read,
    messages,
    open_file,
    open_thread,
    post,
    show_files,
    store_file,
)
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin
from aftercare.kit.files import Files
from aftercare.kit.ids import new_id
from tests.cases.given import World, a_world, buyer, facts, scalar
from tests.conftest import Clock
from tests.kit.test_files import PNG, pieces


async def a_thread(world: World) -> UUID:
    async with begin(world.house) as work:
        return await open_thread(work, shop_id=world.shop_id, customer_id=world.customer_id)


async def posting(world: World, actor: Actor, thread_id: UUID, body: str = "您好", **more: object) -> UUID:
    async with begin(world.house, actor) as work:
        new = NewMessage.model_validate({"thread_id": thread_id, "body": body, **more})
        return (await post(work, new)).message_id


async def said(world: World, actor: Actor, thread_id: UUID) -> list[str]:
    async with begin(world.house, actor) as work:
        return [message.body for message in (await messages(work, thread_id)).items]


async def test_what_is_said_is_told_without_its_words(house: House) -> None:
    world = await a_world(house)
    thread, case = await a_thread(world), new_id()
    first = await posting(world, world.customer, thread, "漏水了\x00 ", case_id=case)
    second = await posting(world, world.mei, thread, "请看", kind="note", case_id=case)
    assert await facts(house, "message.", "note.") == [
        (
            "message.posted",
            {
                "thread_id": str(thread),
                "message_id": str(first),
                "case_id": str(case),
                "customer_id": str(world.customer_id),
                "author_kind": "customer",
                "channel": "portal",
            },
        ),
        ("note.written", {"thread_id": str(thread), "message_id": str(second), "case_id": str(case)}),
    ]
    async with begin(house, world.mei) as work:
        customers, note = (await messages(work, thread)).items
    assert (customers.body, customers.author_kind, customers.author_id, customers.author_name) == (
        "漏水了",
        Author.customer,
        world.customer_id,
        "王晓梅",
    )
    assert (note.kind, note.author_name) == (MessageKind.note, "mei")


async def test_a_customer_never_sees_or_writes_a_note(house: House) -> None:
    world = await a_world(house)
    thread = await a_thread(world)
    await posting(world, world.customer, thread, "一")
    await posting(world, world.mei, thread, "内部", kind="note")
    await posting(world, world.mei, thread, "二")
    assert await said(world, world.customer, thread) == ["一", "二"]
    assert await said(world, world.mei, thread) == ["一", "内部", "二"]
    with pytest.raises(NotesAreForStaff):
        await posting(world, world.customer, thread, kind="note")


async def test_a_retry_never_doubles(own_house: House) -> None:
    world = await a_world(own_house)
    thread = await a_thread(world)

    async def once() -> tuple[UUID, bool]:
        async with begin(own_house, world.customer) as work:
            posted = await post(work, NewMessage(thread_id=thread, body="在吗", client_key="phone-1-77"))
            return posted.message_id, posted.again

    outcomes = await asyncio.gather(*(once() for _ in range(12)))
    assert len({message_id for message_id, _ in outcomes}) == 1
    assert sorted(again for _, again in outcomes) == [False, *[True] * 11]
    assert await scalar(own_house, "SELECT count(*) FROM message") == 1
    assert len(await facts(own_house, "message.")) == 1
    other = await a_thread(world)
    assert await posting(world, world.customer, other, client_key="phone-1-77") not in {
        message_id for message_id, _ in outcomes
    }


async def test_what_cannot_be_said(house: House) -> None:
    world = await a_world(house)
    thread = await a_thread(world)
    for body, refusal in ((" \n ", MessageEmpty), ("x" * 20_001, MessageTooLong)):
        with pytest.raises(refusal):
            await posting(world, world.customer, thread, body)
    stranger, _, _ = await buyer(house, world.shop_id, "x-2", "李强", "+8613900139000")
    silent = Actor(ActorKind.staff, world.mei.id, world.mei.shops, frozenset({"cases.read"}))
    elsewhere = await a_world(house, "yunshu")
    for actor, denied in (
        (stranger, ThreadNotFound),
        (elsewhere.mei, ThreadNotFound),
        (silent, PermissionMissing),
    ):
        with pytest.raises(denied):
            await posting(world, actor, thread)
    with pytest.raises(ThreadNotFound):
        await said(world, stranger, thread)
    assert await scalar(house, "SELECT count(*) FROM message") == 0
    assert await facts(house, "message.") == []


async def test_html_is_cleaned_before_it_is_kept(house: House) -> None:
    world = await a_world(house)
    thread = await a_thread(world)
    await posting(
        world,
        world.mei,
        thread,
        html='<p onclick="x()">您好 <script>alert(1)</script><img src="https://spy.example/1.gif">'
        '<a href="javascript:x()">a</a><a href="https://a.example">b</a></p>',
    )
    assert await scalar(house, "SELECT html FROM message") == (
        '<p>您好 <a rel="noopener noreferrer nofollow">a</a>'
        '<a href="https://a.example" rel="noopener noreferrer nofollow">b</a></p>'
    )


async def test_pages_of_a_long_thread(house: House, clock: Clock) -> None:
    world = await a_world(house)
    thread = await a_thread(world)
    for number in range(7):
        clock.now += timedelta(seconds=number % 2)
        await posting(world, world.customer, thread, str(number))
    seen: list[str] = []
    mark = None
    async with begin(house, world.customer) as work:
        while True:
            page = await messages(work, thread, before=mark, limit=3)
            seen = [message.body for message in page.items] + seen
            mark = page.next
            if mark is None:
                break
    assert seen == [str(number) for number in range(7)]


async def test_each_side_sees_what_the_other_has_read(house: House, clock: Clock) -> None:
    world = await a_world(house)
    thread = await a_thread(world)
    await posting(world, world.customer, thread, "一")
    clock.now += timedelta(minutes=1)

    async def seen(actor: Actor) -> list[bool]:
        async with begin(house, actor) as work:
            return [message.seen for message in (await messages(work, thread)).items]

    assert await seen(world.customer) == [False]
    async with begin(house, world.mei) as work:
        await mark_read(work, thread)
    assert await seen(world.customer) == [True]
    clock.now += timedelta(minutes=1)
    await posting(world, world.mei, thread, "二")
    assert await seen(world.mei) == [True, False]
    clock.now += timedelta(minutes=1)
    await posting(world, world.customer, thread, "三")
    assert await seen(world.mei) == [True, True, False]


async def test_drafts_are_kept_per_account(house: House) -> None:
    world = await a_world(house)
    thread = await a_thread(world)
    async with begin(house, world.mei) as work:
        await keep_draft(work, thread, "我想", MessageKind.message)
        await keep_draft(work, thread, "我想说", MessageKind.note)
    drafts = "SELECT coalesce(jsonb_agg(jsonb_build_array(account_id, body, kind)), '[]') FROM draft"
    assert await scalar(house, drafts) == [[str(world.mei.id), "我想说", "note"]]
    async with begin(house, world.mei) as work:
        await keep_draft(work, thread, " ", MessageKind.message)
    assert await scalar(house, drafts) == []


async def upload(world: World, actor: Actor) -> FileView:
    return await store_file(
        world.house, actor, pieces(PNG), name="漏.exe", shop_id=world.shop_id, customer_id=world.customer_id
    )


async def visible(world: World, actor: Actor, file_id: UUID) -> bool:
    try:
        async with begin(world.house, actor) as work:
            await open_file(work, file_id)
    except FileNotFound:
        return False
    return True


async def test_who_may_see_a_file(house: House, tmp_path: Path) -> None:
    house.ports = {Files: Files(str(tmp_path))}
    world = await a_world(house)
    thread = await a_thread(world)
    stranger, _, _ = await buyer(house, world.shop_id, "x-2", "李强", "+8613900139000")
    elsewhere = await a_world(house, "yunshu")
    own, answer, noted = (
        await upload(world, world.customer),
        await upload(world, world.mei),
        await upload(world, world.mei),
    )
    assert (own.name, own.media_type, own.bytes) == ("漏.png", "image/png", len(PNG))
    await posting(world, world.customer, thread, "", file_ids=[own.id])
    await posting(world, world.mei, thread, "内部", kind="note", file_ids=[noted.id])
    assert [await visible(world, world.customer, file.id) for file in (own, answer, noted)] == [
        True,
        False,
        False,
    ]
    await posting(world, world.mei, thread, "请看图", file_ids=[answer.id])
    assert [await visible(world, world.customer, file.id) for file in (own, answer, noted)] == [
        True,
        True,
        False,
    ]
    for actor in (stranger, elsewhere.mei, elsewhere.customer):
        assert [await visible(world, actor, file.id) for file in (own, answer, noted)] == [False] * 3
    assert [await visible(world, world.bo, file.id) for file in (own, answer, noted)] == [True] * 3
    async with begin(house, world.customer) as work:
        found = (await messages(work, thread)).items
    assert [[(one.id, one.name) for one in message.files] for message in found] == [
        [(own.id, "漏.png")],
        [(answer.id, "漏.png")],
    ]
    async with begin(house) as work:
        await show_files(work, [noted.id])
    assert await visible(world, world.customer, noted.id)


async def test_nobody_posts_another_ones_file(house: House, tmp_path: Path) -> None:
    house.ports = {Files: Files(str(tmp_path))}
    world = await a_world(house)
    thread = await a_thread(world)
    staffs = await upload(world, world.mei)
    other, other_id, _ = await buyer(house, world.shop_id, "x-2", "李强", "+8613900139000")
    others = await store_file(
        house, other, pieces(PNG), name="x", shop_id=world.shop_id, customer_id=other_id
    )
    for actor, file_id in (
        (world.customer, staffs.id),
        (world.customer, others.id),
        (world.customer, new_id()),
        (world.mei, others.id),
    ):
        with pytest.raises(FileNotFound):
            await posting(world, actor, thread, "x", file_ids=[file_id])
    assert await scalar(house, "SELECT count(*) FROM message") == 0
    assert await scalar(house, "SELECT count(*) FROM file WHERE shown_to_customer") == 1
