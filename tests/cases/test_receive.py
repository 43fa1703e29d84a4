"""What comes in by a channel finds its case, its customer, and never a robot to talk to."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare.cases import get_case, merge, say, solve
from aftercare.conversations import (
    Channel,
    ContactNotOfCase,
    Verified,
    contact_of,
    join_contact,
    signed_reply_token,
    split_contact,
)
from aftercare.journal import House, begin, drain
from tests.cases.given import World, a_case, a_world, clocks, facts, names, scalar
from tests.conftest import Clock
from tests.conversations.given import an_account, comes, with_carrier


async def a_mailbox(house: House) -> tuple[World, UUID]:
    world = await a_world(house)
    async with begin(house) as work:
        await work.session.execute(text("UPDATE customer SET email = 'xiaomei@example.com'"))
    return world, await an_account(house, world.shop_id)


async def test_a_first_message_opens_a_case_whose_clock_of_answer_runs(house: House) -> None:
    world, account_id = await a_mailbox(house)
    came = await comes(
        house,
        account_id,
        "Li@Example.com",
        "接头处一直滴水",
        subject="Re: 回复：净水器漏水",
        name="李伟",
        external_id="<1@a>",
    )
    assert came.case_id is not None
    assert (came.opened, came.again, came.quiet) == (True, False, False)
    async with begin(house, world.mei) as work:
        case = await get_case(work, came.case_id)
    assert (case.title, case.status, case.channel, case.customer_id, case.locale) == (
        "净水器漏水",
        "open",
        "email",
        None,
        "zh-CN",
    )
    assert await clocks(house, came.case_id) == {
        "case.first_answer": "running",
        "case.resolution": "running",
    }
    told = await facts(house, "case.opened", "message.posted")
    assert names(told) == ["case.opened", "message.posted"]
    assert told[1][1]["author_kind"] == "customer"


async def test_what_comes_twice_is_one_message(house: House) -> None:
    _, account_id = await a_mailbox(house)
    first = await comes(house, account_id, "li@example.com", "一", external_id="<1@a>")
    again = await comes(house, account_id, "li@example.com", "一", external_id="<1@a>")
    assert (again.case_id, again.message_id, again.again) == (first.case_id, first.message_id, True)
    assert await scalar(house, "SELECT count(*) FROM message") == 1


async def test_a_known_address_alone_proves_nothing_but_with_the_order_it_does(house: House) -> None:
    world, account_id = await a_mailbox(house)
    first = await comes(house, account_id, "xiaomei@example.com", "我的净水器漏水")
    assert await scalar(house, "SELECT customer_id FROM contact") is None
    second = await comes(house, account_id, "xiaomei@example.com", "订单号是 qinglan-1，谢谢")
    assert second.case_id == first.case_id
    assert await scalar(house, "SELECT customer_id FROM contact") == world.customer_id
    assert await scalar(house, "SELECT verified_by FROM contact") == "order_contact"
    assert await scalar(house, "SELECT customer_id FROM service_case") == world.customer_id
    assert await scalar(house, "SELECT customer_id FROM thread") == world.customer_id


async def test_somebody_elses_order_number_joins_nobody(house: House) -> None:
    _, account_id = await a_mailbox(house)
    await comes(house, account_id, "thief@example.com", "订单 QINGLAN-1 请退款")
    assert await scalar(house, "SELECT customer_id FROM contact") is None
    assert await scalar(house, "SELECT order_id FROM service_case") is None


async def test_an_open_matter_about_the_order_goes_on_whatever_the_channel(house: House) -> None:
    world, account_id = await a_mailbox(house)
    case = await a_case(world)
    came = await comes(house, account_id, "xiaomei@example.com", "关于订单 QINGLAN-1：还在滴")
    assert (came.case_id, came.opened) == (case.id, False)


async def test_answers_are_led_by_token_and_by_reference(house: House, clock: Clock) -> None:
    world, account_id = await a_mailbox(house)
    carrier = with_carrier(house)
    first = await comes(house, account_id, "li@example.com", "一", external_id="<1@a>")
    assert first.case_id is not None
    async with begin(house, world.mei) as work:
        await say(work, first.case_id, "请看")
        await solve(work, first.case_id)
    await drain(house)
    clock.now += timedelta(days=30)
    late = await comes(house, account_id, "li@example.com", "二", references=["<x@y>", "out-0"])
    assert late.case_id == first.case_id
    token = carrier.took[0].reply_token
    led = await comes(house, account_id, "li.work@example.com", "三", thread_token=token)
    assert led.case_id == first.case_id
    stranger = await comes(house, account_id, "eve@example.com", "四", references=["<1@a>", "out-0"])
    assert stranger.opened
    wrong = token[:-3] + ("aaa" if not token.endswith("aaa") else "baa")
    forged = await comes(house, account_id, "mallory@example.com", "五", thread_token=wrong)
    assert forged.opened


async def test_after_a_week_a_solved_matter_is_over(house: House, clock: Clock) -> None:
    world, account_id = await a_mailbox(house)
    first = await comes(house, account_id, "li@example.com", "一")
    assert first.case_id is not None
    async with begin(house, world.mei) as work:
        await say(work, first.case_id, "好了")
        await solve(work, first.case_id)
    clock.now += timedelta(days=6)
    assert (await comes(house, account_id, "li@example.com", "又坏了")).case_id == first.case_id
    async with begin(house, world.mei) as work:
        await say(work, first.case_id, "好了")
        await solve(work, first.case_id)
    clock.now += timedelta(days=8)
    assert (await comes(house, account_id, "li@example.com", "问别的")).opened


async def test_a_robot_opens_nothing_and_is_noted_where_it_answers(house: House) -> None:
    world, account_id = await a_mailbox(house)
    with_carrier(house)
    alone = await comes(house, account_id, "robot@example.com", "I am away", automatic=True)
    assert (alone.case_id, alone.message_id) == (None, None)
    first = await comes(house, account_id, "li@example.com", "一")
    assert first.case_id is not None
    async with begin(house, world.mei) as work:
        await say(work, first.case_id, "请看")
    await drain(house)
    away = await comes(house, account_id, "li@example.com", "我在休假", references=["out-0"], automatic=True)
    assert (away.case_id, away.quiet) == (first.case_id, True)
    async with begin(house, world.mei) as work:
        assert (await get_case(work, first.case_id)).status == "waiting_customer"
    assert await scalar(house, "SELECT kind FROM message WHERE id = :id", id=away.message_id) == "note"


async def test_what_comes_faster_than_people_write_is_kept_as_notes(house: House) -> None:
    _, account_id = await a_mailbox(house)
    for number in range(42):
        came = await comes(house, account_id, "loop@example.com", f"{number}")
    assert came.quiet
    assert await scalar(house, "SELECT count(*) FROM message WHERE kind = 'note'") == 2
    assert await scalar(house, "SELECT count(*) FROM service_case") == 1


async def test_a_contact_joined_by_hand_takes_its_cases_along_and_back(house: House) -> None:
    world, account_id = await a_mailbox(house)
    came = await comes(house, account_id, "li@example.com", "一")
    async with begin(house, world.mei) as work:
        await join_contact(work, came.contact_id, world.customer_id, Verified.hand)
    later = await comes(house, account_id, "li@example.com", "订单 QINGLAN-1")
    assert later.case_id == came.case_id
    async with begin(house, world.mei) as work:
        case = await get_case(work, came.case_id)  # type: ignore[arg-type]
        assert case.customer_id == world.customer_id
        await split_contact(work, came.contact_id)
    async with begin(house, world.mei) as work:
        assert (await get_case(work, came.case_id)).customer_id is None  # type: ignore[arg-type]
    assert await scalar(house, "SELECT customer_id FROM thread") is None


async def test_staff_choose_another_way_only_of_the_same_person(house: House) -> None:
    world, _ = await a_mailbox(house)
    carrier = with_carrier(house)
    sms = await an_account(house, world.shop_id, Channel.sms, "+8675512345678")
    case = await a_case(world)
    async with begin(house) as work:
        own = await contact_of(
            work, shop_id=world.shop_id, channel=Channel.sms, address="13800138000", account_id=sms
        )
        other = await contact_of(
            work, shop_id=world.shop_id, channel=Channel.sms, address="13900139000", account_id=sms
        )
        await join_contact(work, own.id, world.customer_id, Verified.hand)
    with pytest.raises(ContactNotOfCase):
        async with begin(house, world.mei) as work:
            await say(work, case.id, "您好", contact_id=other.id)
    async with begin(house, world.mei) as work:
        await say(work, case.id, "您好", contact_id=own.id)
        await say(work, case.id, "在门户")
    await drain(house)
    assert [(out.to, out.body) for out in carrier.took] == [("+8613800138000", "您好")]


async def test_an_answer_to_a_merged_case_arrives_in_the_other(house: House) -> None:
    world, account_id = await a_mailbox(house)
    first = await comes(house, account_id, "li@example.com", "一")
    second = await comes(house, account_id, "wei@example.com", "二")
    assert first.case_id is not None
    assert second.case_id is not None
    async with begin(house, world.mei) as work:
        token = signed_reply_token(house.secret, (await get_case(work, first.case_id)).thread_id)
        await merge(work, first.case_id, second.case_id)
    came = await comes(house, account_id, "li@example.com", "三", thread_token=token)
    assert came.case_id == second.case_id


async def test_a_number_on_file_without_its_country_is_the_same_number(house: House) -> None:
    """Shop systems write the numbers of their own country without its code."""
    world = await a_world(house)
    async with begin(world.house) as work:
        await work.session.execute(
            text("UPDATE customer SET phone = '13800138000' WHERE id = :id"), {"id": world.customer_id}
        )
    account = await an_account(world.house, world.shop_id, Channel.sms, "+8613900000000")
    received = await comes(world.house, account, "+86 138 0013 8000", "订单 qinglan-1 什么时候到？")
    async with begin(world.house) as work:
        whose = await work.session.scalar(
            text("SELECT customer_id FROM service_case WHERE id = :id"), {"id": received.case_id}
        )
    assert whose == world.customer_id
