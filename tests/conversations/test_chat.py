"""The chat of a shop's page: who a visitor is, what a visitor reads, and that every window gets every word once and in order."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text

from aftercare.cases import get_case, merge, reopen, say, solve
from aftercare.cases.chat import verbs
from aftercare.cases.chat.leaving import Unreachable, leave_words
from aftercare.cases.chat.policy import frame_headers
from aftercare.cases.chat.presence import Doing, look_at
from aftercare.conversations import (
    AccountChange,
    Channel,
    MessageEmpty,
    NewAccount,
    StarsNotPossible,
    Visitor,
    VisitorUnknown,
    add_account,
    answers_chats,
    change_account,
    chats_of,
    close_chats,
    file_pass,
    file_pass_is_good,
    mark_read,
    visitor_of,
    visitor_token,
)
from aftercare.conversations import chat as chat_module
from aftercare.conversations.chat_live import Line
from aftercare.journal import NOBODY, Actor, House, begin
from aftercare.journal.signals import Signals, signals_of
from aftercare.kit.errors import NotFound, TooMany
from aftercare.kit.files import Files
from tests.api.world import PNG
from tests.cases.given import World, a_case, a_world, at_work, buyer, facts, names, scalar
from tests.conftest import NOON, Clock
from tests.conversations.given import an_account


async def started(world: World, actor: Actor = NOBODY, **more: Any) -> tuple[verbs.Started, Visitor]:
    told = await verbs.start_chat(world.house, actor, **{"shop_code": "qinglan", **more})
    return told, visitor_of(world.house, told.token, world.house.clock())


async def says(world: World, visitor: Visitor, body: str, key: str | None = None, **more: Any) -> verbs.Said:
    return await verbs.say_in_chat(world.house, visitor, body=body, key=key or uuid4().hex, **more)


async def case_of(world: World, visitor: Visitor) -> UUID:
    return UUID(
        str(
            await scalar(
                world.house,
                "SELECT c.id FROM contact k JOIN message m ON m.contact_id = k.id JOIN service_case c ON c.thread_id ="
                " m.thread_id WHERE k.address = :address ORDER BY m.sent_at DESC, m.position DESC LIMIT 1",
                address=visitor.address,
            )
        )
    )


async def answers(world: World, case_id: UUID, body: str) -> None:
    async with begin(world.house, world.mei) as work:
        await say(work, case_id, body)


def told(pieces: bytes) -> list[tuple[str, Any]]:
    """The events of a stream: (name, data)."""
    return [
        (name.decode(), json.loads(data))
        for name, data in re.findall(rb"event: (\S+)\ndata: (.*)\n\n", pieces)
    ]


def words(pieces: bytes) -> list[tuple[str, str]]:
    return [(data["by"], data["body"]) for name, data in told(pieces) if name == "message"]


class Window:
    """A window that reads until it has as much as is expected."""

    def __init__(self, house: House, visitor: Visitor, since: int = 0) -> None:
        self.live = chats_of(house)
        self.line: Line = self.live.join(visitor, since)
        self.came = b""

    async def until(self, expected: str) -> bytes:
        async with asyncio.timeout(60):
            while expected.encode() not in self.came:
                self.came += await self.line.taken()
        return self.came

    def close(self) -> None:
        self.live.leave(self.line)


@pytest_asyncio.fixture(loop_scope="session")
async def world(own_house: House) -> AsyncIterator[World]:
    yield await a_world(own_house)
    await close_chats(own_house)


async def test_a_visitor_and_an_agent_talk_in_one_case(world: World) -> None:
    begun, visitor = await started(world)
    assert (begun.shop_name, begun.messages, begun.position, begun.known, begun.here) == (
        "青岚家电",
        [],
        0,
        False,
        False,
    )
    window = Window(world.house, visitor)
    await says(world, visitor, "净水器漏水了怎么办", "key-0001")
    await window.until("净水器漏水了怎么办")
    case_id = await case_of(world, visitor)
    async with begin(world.house, world.mei) as work:
        case = await get_case(work, case_id)
    assert (case.title, case.channel, case.customer_id, case.locale) == (
        "净水器漏水了怎么办",
        "chat",
        None,
        "zh-CN",
    )
    await answers(world, case_id, "您好，请先关闭进水阀")
    came = await window.until("请先关闭进水阀")
    assert words(came) == [("me", "净水器漏水了怎么办"), ("staff", "您好，请先关闭进水阀")]
    assert [data.get("key") for name, data in told(came) if name == "message"] == ["key-0001", None]
    assert [data["name"] for name, data in told(came) if name == "message"] == [None, "mei"]
    window.close()
    # A new page of the shop: the same token finds the same talk.
    again, same = await started(world, token=begun.token)
    assert same.address == visitor.address
    assert [(one["by"], one["body"]) for one in again.messages] == words(came)
    assert again.position == again.messages[-1]["position"]


async def test_the_same_sending_twice_is_one_message(world: World) -> None:
    _, visitor = await started(world)
    first = await says(world, visitor, "在吗", "key-0001")
    again = await says(world, visitor, "在吗", "key-0001")
    assert (first.again, again.again, again.id) == (False, True, first.id)
    assert await scalar(world.house, "SELECT count(*) FROM message") == 1


async def test_a_window_that_was_away_gets_what_it_missed_once_and_in_order(world: World) -> None:
    _, visitor = await started(world)
    await says(world, visitor, "第一句")
    case_id = await case_of(world, visitor)
    window = Window(world.house, visitor)
    await window.until("第一句")
    mark = window.line.mark
    window.close()
    for number in range(5):
        await answers(world, case_id, f"回答 {number}")
    again = Window(world.house, visitor, mark)
    came = await again.until("回答 4")
    assert words(came) == [("staff", f"回答 {number}") for number in range(5)]


async def test_words_of_many_at_once_come_in_the_order_of_their_positions(world: World) -> None:
    _, visitor = await started(world)
    await says(world, visitor, "开始")
    case_id = await case_of(world, visitor)
    windows = [Window(world.house, visitor) for _ in range(3)]
    await asyncio.gather(*(answers(world, case_id, f"并发 {number}") for number in range(30)))
    for window in windows:
        while len(words(window.came)) < 31:
            async with asyncio.timeout(60):
                window.came += await window.line.taken()
        positions = [data["position"] for name, data in told(window.came) if name == "message"]
        assert positions == sorted(set(positions))
        assert len(positions) == 31


async def test_what_no_signal_told_of_is_found_by_looking(world: World, clock: Clock) -> None:
    _, visitor = await started(world)
    await says(world, visitor, "有人吗")
    case_id = await case_of(world, visitor)
    window = Window(world.house, visitor)
    await window.until("有人吗")
    live = chats_of(world.house)
    signals_of(world.house).off("said", live._said)
    clock.now += timedelta(seconds=1)
    await answers(world, case_id, "在的")
    await asyncio.sleep(0.1)
    assert "在的".encode() not in window.came
    await live.look()
    await window.until("在的")


async def test_two_processes_tell_each_other(world: World) -> None:
    """A second house on the same database, as a second process has it."""
    other = House(world.house.database, clock=world.house.clock, secret=world.house.secret)
    running = [
        asyncio.create_task(signals_of(house).run(world.house.database.url)) for house in (world.house, other)
    ]
    try:
        heard: list[Any] = []
        signals_of(world.house).on("ready", heard.append)
        async with asyncio.timeout(60):
            while not heard:
                signals_of(other).tell("ready", "yes")
                await asyncio.sleep(0.02)
        _, visitor = await started(world)
        await says(world, visitor, "您好")
        case_id = await case_of(world, visitor)
        window = Window(world.house, visitor)
        await window.until("您好")
        async with begin(other, world.mei) as work:
            await say(work, case_id, "从另一个进程回答")
            thread_id = (await get_case(work, case_id)).thread_id
        await window.until("从另一个进程回答")
        async with asyncio.timeout(60):
            while not chats_of(other).is_online(thread_id):  # noqa: ASYNC110  # another connection tells it
                await asyncio.sleep(0.02)
        window.close()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await close_chats(other)


async def test_a_forged_or_outdated_token_opens_nothing(world: World, clock: Clock) -> None:
    begun, visitor = await started(world)
    other_end = "AA" if not begun.token.endswith("AA") else "BA"
    for forged in (begun.token[:-2] + other_end, "", "A", "é" * 50, begun.token + "A" * 50, "A" * 94):
        with pytest.raises(VisitorUnknown):
            visitor_of(world.house, forged, NOON)
    assert visitor_of(world.house, begun.token, NOON + timedelta(days=89)) == visitor
    with pytest.raises(VisitorUnknown):
        visitor_of(world.house, begun.token, NOON + timedelta(days=91))
    elsewhere = House(world.house.database, clock=clock, secret=b"another secret")
    with pytest.raises(VisitorUnknown):
        visitor_of(elsewhere, begun.token, NOON)
    # A token of another shop begins anew here.
    foreign = visitor_token(world.house, replace(visitor, shop_id=uuid4()))
    _, fresh = await started(world, token=foreign)
    assert fresh.person != visitor.person


async def test_a_file_is_posted_by_who_sent_it_and_read_with_its_pass(world: World, tmp_path: Any) -> None:
    world.house.ports = {Files: Files(str(tmp_path), largest=1_000_000)}

    async def source() -> AsyncIterator[bytes]:
        yield PNG

    _, visitor = await started(world)
    _, stranger = await started(world)
    sent = await verbs.upload_in_chat(world.house, visitor, source(), "漏水.png", "203.0.113.5")
    assert (sent.name, sent.media_type, sent.bytes) == ("漏水.png", "image/png", len(PNG))
    with pytest.raises(VisitorUnknown):
        await says(world, stranger, "看图", handles=[sent.handle])
    await says(world, visitor, "", handles=[sent.handle])
    window = Window(world.house, visitor)
    came = await window.until("漏水.png")
    (file,) = next(data["files"] for name, data in told(came) if name == "message")
    given = file["url"].partition("pass=")[2]
    assert file_pass_is_good(world.house, sent.id, given, NOON)
    assert not file_pass_is_good(world.house, uuid4(), given, NOON)
    assert not file_pass_is_good(world.house, sent.id, given, NOON + timedelta(days=3))
    for forged in ("", "x.y", "ffffffffffffffffff.00", file_pass(world.house, uuid4(), NOON)):
        assert not file_pass_is_good(world.house, sent.id, forged, NOON)


async def test_a_signed_in_customer_goes_on_with_the_open_matter(world: World) -> None:
    case = await a_case(world)
    begun, visitor = await started(world, world.customer)
    assert (begun.customer_name, begun.known, [one["body"] for one in begun.messages]) == (
        "王晓梅",
        True,
        ["接头处一直滴水"],
    )
    await says(world, visitor, "还在漏")
    assert await case_of(world, visitor) == case.id
    assert names(await facts(world.house, "contact.joined")) == ["contact.joined"]
    await answers(world, case.id, "马上安排")
    again, _ = await started(world, world.customer, shop_code=None, about=case.id)
    assert [(one["by"], one["body"]) for one in again.messages] == [
        ("me", "接头处一直滴水"),
        ("me", "还在漏"),
        ("staff", "马上安排"),
    ]
    # Another order is another matter.
    _, other_order, order_id = await buyer(world.house, world.shop_id, "qinglan-2", "李雷", "+8613900139000")
    both = replace(world.customer, customers=world.customer.customers | {other_order})
    assert (await started(world, both, shop_code=None, about=order_id))[0].messages == []
    # Who has signed out is somebody new: the token of the customer opens nothing at the next start.
    begun_out, out = await started(world, NOBODY, token=begun.token)
    assert (begun_out.messages, out.signed_in) == ([], False)


async def test_what_was_said_before_signing_in_is_the_customers(world: World) -> None:
    guest, visitor = await started(world)
    await says(world, visitor, "净水器漏水")
    case_id = await case_of(world, visitor)
    begun, _ = await started(world, world.customer, token=guest.token)
    assert [one["body"] for one in begun.messages] == ["净水器漏水"]
    async with begin(world.house, world.mei) as work:
        assert (await get_case(work, case_id)).customer_id == world.customer_id


async def test_a_stranger_merged_into_a_customers_case_reads_only_what_is_said_to_the_stranger(
    world: World,
) -> None:
    case = await a_case(world, body="我的身份证号是秘密")
    async with begin(world.house, world.mei) as work:
        await say(work, case.id, "只给王女士看的回答")
    _, visitor = await started(world)
    await says(world, visitor, "我也漏水")
    window = Window(world.house, visitor)
    await window.until("我也漏水")
    async with begin(world.house, world.mei) as work:
        await merge(work, await case_of(world, visitor), case.id)
    await window.until("event: afresh")
    await answers(world, case.id, "已安排上门")
    await window.until("已安排上门")
    async with begin(world.house, world.customer) as work:
        await say(work, case.id, "王女士又写了一句")
    await answers(world, case.id, "还是只给王女士看")
    begun, _ = await started(world, token=visitor_token(world.house, visitor))
    assert [(one["by"], one["body"]) for one in begun.messages] == [
        ("me", "我也漏水"),
        ("staff", "已安排上门"),
    ]
    # What the stranger says next is a matter of its own again.
    await says(world, visitor, "还有一件事")
    assert await case_of(world, visitor) != case.id


async def test_notes_are_never_told(world: World) -> None:
    _, visitor = await started(world)
    await says(world, visitor, "您好")
    case_id = await case_of(world, visitor)
    window = Window(world.house, visitor)
    async with begin(world.house, world.mei) as work:
        await say(work, case_id, "内部：这是老客户", kind=chat_note())
    await answers(world, case_id, "您好呀")
    came = await window.until("您好呀")
    assert words(came) == [("me", "您好"), ("staff", "您好呀")]


def chat_note() -> Any:
    from aftercare.conversations import MessageKind

    return MessageKind.note


async def test_typing_reading_and_ending_are_seen_by_the_other_side(world: World) -> None:
    _, visitor = await started(world)
    await says(world, visitor, "您好")
    case_id = await case_of(world, visitor)
    window = Window(world.house, visitor)
    await window.until("您好")
    staff_heard: list[Any] = []
    signals_of(world.house).on("staff", staff_heard.append)
    async with begin(world.house, world.mei) as work:
        seen = await look_at(work, case_id, Doing.typing)
        thread_id = (await get_case(work, case_id)).thread_id
        await mark_read(work, thread_id)
    assert (seen.others, seen.customer_online) == ([], True)
    async with begin(world.house, world.bo) as work:
        assert [(one.name, one.doing) for one in (await look_at(work, case_id, Doing.looking)).others] == [
            ("mei", Doing.typing)
        ]
    await verbs.type_in_chat(world.house, visitor, True)
    await verbs.mark_seen(world.house, visitor)
    await answers(world, case_id, "好了")
    async with begin(world.house, world.mei) as work:
        await solve(work, case_id)
    came = await window.until("event: ended")
    assert [(name, data) for name, data in told(came) if name != "message"] == [
        ("typing", {"on": True}),
        ("read", {"at": NOON.isoformat()}),
        ("typing", {"on": False}),
        ("ended", {"on": True}),
    ]
    assert [one[0] for one in staff_heard] == ["case.looked", "case.looked", "chat.typing", "chat.read"]
    async with begin(world.house, world.mei) as work:
        await look_at(work, case_id, Doing.gone)
        await reopen(work, case_id)
    await window.until('{"on":false}')
    async with begin(world.house, world.bo) as work:
        assert (await look_at(work, case_id, Doing.looking)).others == []


async def test_a_talk_is_rated_once_and_the_last_stars_count(world: World) -> None:
    _, visitor = await started(world)
    with pytest.raises(VisitorUnknown):
        await verbs.rate_chat(world.house, visitor, 5, "")
    await says(world, visitor, "您好")
    with pytest.raises(StarsNotPossible):
        await verbs.rate_chat(world.house, visitor, 6, "")
    await verbs.rate_chat(world.house, visitor, 2, "太慢")
    await verbs.rate_chat(world.house, visitor, 5, "后来很好")
    async with begin(world.house) as work:
        rows = (await work.session.execute(text("SELECT stars, words FROM conversation_rating"))).all()
    assert [(row.stars, row.words) for row in rows] == [(5, "后来很好")]
    assert [data["stars"] for _, data in await facts(world.house, "conversation.rated")] == [2, 5]
    begun, _ = await started(world, token=visitor_token(world.house, visitor))
    assert begun.stars == 5


async def test_words_left_when_nobody_is_there_are_answered_by_mail_and_show_nothing(world: World) -> None:
    async with begin(world.house) as work:
        await work.session.execute(text("UPDATE customer SET email = 'xiaomei@example.com'"))
    await an_account(world.house, world.shop_id, Channel.email)
    known = await a_case(world)
    _, visitor = await started(world)
    left = {
        "name": "小梅",
        "contact": "XiaoMei@example.com",
        "body": "订单 qinglan-1 漏水",
        "locale": "zh-CN",
    }
    for _ in range(2):
        await leave_words(world.house, visitor, key="left-0001", **left)
    async with begin(world.house) as work:
        row = (
            await work.session.execute(
                text(
                    "SELECT c.customer_id, c.id, m.body, k.channel, k.address, k.customer_id AS of FROM service_case c"
                    " JOIN message m ON m.thread_id = c.thread_id JOIN contact k ON k.id = m.contact_id WHERE c.id <> :id"
                ),
                {"id": known.id},
            )
        ).one()
    assert (row.customer_id, row.of, row.channel, row.address) == (None, None, "email", "xiaomei@example.com")
    assert row.body == "〔离线留言〕小梅 xiaomei@example.com\n订单 qinglan-1 漏水"
    await answers(world, UUID(str(row.id)), "明天上门")
    assert (
        await scalar(
            world.house, "SELECT k.address FROM message_sending s JOIN contact k ON k.id = s.contact_id"
        )
        == "xiaomei@example.com"
    )
    with pytest.raises(Unreachable):
        await leave_words(world.house, visitor, key="left-0002", **{**left, "contact": "nirgendwo"})


async def test_somebody_is_here_when_a_member_works_or_an_assistant_answers(world: World) -> None:
    assert (await started(world))[0].here is False
    await at_work(world, world.mei)
    begun = (await started(world))[0]
    assert (begun.here, begun.at_once) == (True, False)

    async def always(work: object, shop_id: UUID, channel: Channel) -> bool:
        return shop_id == world.shop_id

    answers_chats(always)
    try:
        assert (await started(world))[0].at_once is True
    finally:
        chat_module._ANSWERING.remove(always)


async def test_a_flood_is_held_back(world: World) -> None:
    _, visitor = await started(world)
    for number in range(verbs.BURST):
        await says(world, visitor, f"第 {number} 句")
    with pytest.raises(TooMany):
        await says(world, visitor, "太多了")
    with pytest.raises(MessageEmpty):
        await says(world, (await started(world))[1], "  \n ")


async def test_only_the_shops_own_pages_may_frame_the_chat(world: World) -> None:
    async def ancestors(code: str) -> str:
        ((_, policy),) = await frame_headers(world.house, code)
        return policy.decode().partition("frame-ancestors ")[2].partition(";")[0]

    assert await ancestors("qinglan") == "'self'"
    async with begin(world.house) as work:
        account = await add_account(
            work,
            NewAccount(
                shop_id=world.shop_id,
                kind=Channel.chat,
                name="网页客服",
                address="web",
                settings={
                    "origins": [
                        "https://shop.example",
                        "https://*.shop.example/",
                        "http://127.0.0.1:8230",
                        "https://evil.example; script-src *",
                        "javascript:alert(1)",
                        7,
                    ]
                },
            ),
        )
    assert (
        await ancestors("qinglan")
        == "'self' https://shop.example https://*.shop.example http://127.0.0.1:8230"
    )
    assert await ancestors("nobody") == "'self'"
    async with begin(world.house) as work:
        await change_account(work, account.id, AccountChange(active=False))
    with pytest.raises(verbs.ChatClosed):
        await started(world)
    with pytest.raises(NotFound):
        await verbs.start_chat(world.house, NOBODY, shop_code="nobody")


async def test_a_slow_window_is_cut_off_and_a_closing_process_ends_all(world: World) -> None:
    _, visitor = await started(world)
    live = chats_of(world.house)
    slow, other = live.join(visitor, 0), live.join(visitor, 0)
    slow.push(b"x" * 1_000_001)
    assert [slow.gone, other.gone] == [True, False]
    await close_chats(world.house)
    assert [slow.gone, other.gone] == [True, True]
    assert live.is_full
    live.leave(slow)
    live.leave(other)
    assert live.open_lines == 0


async def test_a_signal_too_long_for_the_line_stays_here(world: World) -> None:
    signals = Signals()
    heard: list[Any] = []
    signals.on("big", heard.append)
    signals.tell("big", "x" * 10_000)
    for number in range(1_000):
        signals.tell("small", number)
    assert heard == ["x" * 10_000]
    payloads = signals._payloads()
    assert all(len(one) < 8_000 for one in payloads)
    assert sum(len(json.loads(one)) - 1 for one in payloads) == 1_000
