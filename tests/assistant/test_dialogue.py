"""Talking with the assistant: what it finds out, asks, does, and hands over; exact words where they matter."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare import assistant, cases, claims, conversations, logistics
from aftercare.assistant import NewTurn, Outcome, Reply
from aftercare.cases import NewCase
from aftercare.journal import Actor, ActorKind, House, begin, drain
from aftercare.kit.ids import new_id
from tests.given import AGENT, Bought, Line, a_shop, an_order, staff


async def say(
    house: House,
    bought: Bought,
    words: str = "",
    *,
    choice: str | None = None,
    talk_id: UUID | None = None,
    actor: Actor | None = None,
) -> Reply:
    async with begin(house, actor or bought.buyer) as work:
        return await assistant.talk(
            work, NewTurn(shop_id=bought.shop.id, talk_id=talk_id, text=words, choice=choice)
        )


async def count(house: House, table: str) -> int:
    async with begin(house) as work:
        return int(await work.session.scalar(text(f"SELECT count(*) FROM {table}")))


async def test_a_parcel_is_found_and_told_with_its_source(house: House) -> None:
    bought = await an_order(house, await a_shop(house), delivered=None)
    async with begin(house) as work:
        await logistics.announce_shipment(
            work,
            logistics.NewShipment(
                shop_id=bought.shop.id,
                direction=logistics.Direction.outbound,
                order_id=bought.order_id,
                carrier="顺丰",
                tracking_number="SF1234567890123",
            ),
        )
    reply = await say(house, bought, "我的快递到哪了")
    assert reply.text.splitlines()[0] == (
        f"订单 {bought.number}（破壁料理机 L18）的包裹由顺丰速运配送，单号 SF1234567890123，目前：待揽收。"
    )
    assert (reply.intent, reply.outcome) == ("parcel_status", Outcome.answered)
    assert [source.kind for source in reply.sources] == ["order", "parcel"]
    assert (reply.person.label, reply.person.value) == ("转人工", "person")


async def test_a_return_is_started_only_after_a_yes(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    asked = await say(house, bought, "我想退货")
    assert asked.outcome is Outcome.asked
    assert "退款：¥299.00" in asked.text
    assert [choice.value for choice in asked.choices] == ["yes", "no"]
    assert await count(house, "claim") == 0

    done = await say(house, bought, "好的", talk_id=asked.talk_id)
    assert done.outcome is Outcome.acted
    async with begin(house, bought.buyer) as work:
        found = (await claims.claim_list(work, claims.ClaimFilter())).items
    assert [(one.kind.value, one.requested_cents, one.quantity) for one in found] == [
        ("return_refund", 29_900, 1)
    ]
    assert done.text.startswith(f"已提交，售后单号 {found[0].number}")

    again = await say(house, bought, "是的", talk_id=asked.talk_id)
    assert again.outcome is not Outcome.acted
    assert await count(house, "claim") == 1


async def test_a_claim_is_told_in_the_words_about_it_not_in_the_whole_chat(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    talk: UUID | None = None
    for words in ("你好", "我的快递到哪了", "我想退货", "好的"):
        reply = await say(house, bought, words, talk_id=talk)
        talk = reply.talk_id
    assert reply.outcome is Outcome.acted
    async with begin(house, bought.buyer) as work:
        (found,) = (await claims.claim_list(work, claims.ClaimFilter())).items
        assert (await claims.claim_page(work, found.id)).description == "我想退货"


async def test_a_no_leaves_nothing(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    asked = await say(house, bought, "我要退货")
    reply = await say(house, bought, "算了", talk_id=asked.talk_id)
    assert reply.text == "好的，没有提交任何申请。还需要我做什么吗？"
    assert await count(house, "claim") == 0


async def test_what_is_missing_is_asked_for_one_by_one(house: House) -> None:
    of = await a_shop(house)
    first = await an_order(
        house, of, Line(title="纯棉四件套", quantity=3), Line(title="乳胶枕"), customer="li"
    )
    await an_order(house, of, Line(title="电热水壶"), customer="li")
    which = await say(house, first, "想退货")
    assert which.text == "请问是哪个订单？"
    assert len(which.choices) == 2
    goods = await say(house, first, f"订单{first.number}", talk_id=which.talk_id)
    assert goods.text == "请问是订单里的哪件商品？"
    assert [choice.label for choice in goods.choices] == ["纯棉四件套 × 3", "乳胶枕 × 1", "全部商品"]
    many = await say(house, first, "四件套", talk_id=which.talk_id)
    assert many.text == "纯棉四件套 一共买了 3 件，您要办理几件？"
    check = await say(house, first, "两件", talk_id=which.talk_id)
    assert "纯棉四件套 × 2" in check.text
    assert "退款：¥598.00" in check.text


async def test_english_is_answered_in_english(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "I want to return this item")
    assert reply.locale == "en"
    assert reply.text.startswith("Let me check with you:\nItem: 破壁料理机 L18 × 1\nHow: Return and refund\n")
    assert reply.person.label == "Talk to a person"


async def test_traditional_characters_are_answered_in_kind(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "請問退款什麼時候會入帳")
    assert (reply.locale, reply.intent, reply.text) == (
        "zh-TW",
        "refund_status",
        "查不到正在辦理的退款。如果想申請，可以點下面的按鈕：",
    )


async def test_what_is_not_open_is_explained(house: House) -> None:
    bought = await an_order(
        house,
        await a_shop(house),
        delivered=timedelta(days=60),
        shipped=timedelta(days=62),
        paid=timedelta(days=63),
    )
    reply = await say(house, bought, "我要退货")
    assert reply.text.startswith("破壁料理机 L18 目前不能办理退货退款：")
    assert reply.sources[-1].kind == "rule"
    assert await count(house, "claim") == 0


async def test_what_is_entitled_is_listed_with_the_rule(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "这个还能退吗")
    assert reply.intent == "entitlement"
    assert reply.text.startswith(f"破壁料理机 L18（订单 {bought.number}）可以办理：\n· ")
    assert "退货退款" in reply.text
    # The rule's sentence names the end; it is not said before it as well.
    assert "截止" in reply.text
    assert "日前：" not in reply.text


async def test_an_order_of_somebody_else_is_not_found(house: House) -> None:
    of = await a_shop(house)
    mine, other = await an_order(house, of), await an_order(house, of)
    reply = await say(house, mine, f"我的快递到哪了，订单{other.number}")
    assert reply.text == f"没有查到订单 {other.number}。请核对一下单号，或从您的订单里选："
    assert [choice.value for choice in reply.choices] == [f"order:{mine.order_id}"]
    forged = await say(house, mine, choice=f"order:{other.order_id}", talk_id=reply.talk_id)
    assert other.number not in forged.text
    assert "王小明" not in forged.text


async def test_a_talk_of_somebody_else_is_not_found(house: House) -> None:
    of = await a_shop(house)
    mine, other = await an_order(house, of), await an_order(house, of)
    reply = await say(house, mine, "你好")
    with pytest.raises(assistant.TalkNotFound):
        await say(house, other, "你好", talk_id=reply.talk_id)


async def test_a_talk_of_somebody_else_is_not_found_through_its_case_either(house: House) -> None:
    of = await a_shop(house)
    mine, other = await an_order(house, of), await an_order(house, of)
    reply = await say(house, mine, "转人工")
    assert reply.case_id is not None
    with pytest.raises(cases.CaseNotFound):
        async with begin(house, other.buyer) as work:
            await assistant.talk(work, NewTurn(shop_id=of.id, case_id=reply.case_id, text="我说了什么"))


async def test_a_guest_is_asked_to_sign_in_before_anything_is_shown(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    guest = Actor(kind=ActorKind.customer, shops=frozenset({bought.shop.id}), session_id=new_id())
    reply = await say(house, bought, f"订单{bought.number}到哪了", actor=guest)
    assert bought.number not in reply.text
    assert [(choice.value, choice.url) for choice in reply.choices] == [("sign_in", "/sign-in")]
    stranger = Actor(kind=ActorKind.customer, shops=frozenset({bought.shop.id}), session_id=new_id())
    with pytest.raises(assistant.TalkNotFound):
        await say(house, bought, "然后呢", actor=stranger, talk_id=reply.talk_id)


async def test_a_person_is_called_with_all_that_was_collected(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    asked = await say(house, bought, "我要退货，昨天收到的")
    reply = await say(house, bought, "转人工", talk_id=asked.talk_id)
    assert reply.outcome is Outcome.handed_over
    assert reply.case_id is not None
    await drain(house)
    async with begin(house, staff(bought.shop, AGENT)) as work:
        case = await cases.get_case(work, reply.case_id)
        said = (await conversations.messages(work, case.thread_id)).items
        talked = await assistant.talk_of_case(work, reply.case_id)
    assert case.tags == ["assistant", "return_goods"]
    note = next(one for one in said if one.kind.value == "note")
    assert note.body.startswith("智能助手转人工\n客户想要：退货\n原因：客户要求\n心情：平静\n")
    assert f"order {bought.number}" in note.body
    assert "day 2026-03-09" in note.body
    assert talked is not None
    assert [turn.intent for turn in talked.turns] == ["return_goods", "person"]
    assert talked.turns[0].why["guess"]["intent"] == "return_goods"
    assert {call["tool"] for call in talked.turns[0].why["calls"]} == {"orders_of", "get_order", "options"}
    silent = await say(house, bought, "在吗", talk_id=asked.talk_id)
    assert silent.outcome is Outcome.silent


async def test_anger_and_danger_go_to_people_with_priority(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    angry = await say(house, bought, "太差了，我要投诉你们")
    danger = await say(house, bought, "这个机器冒烟了")
    await drain(house)
    async with begin(house, staff(bought.shop, AGENT)) as work:
        found = [
            (await cases.get_case(work, reply.case_id)).priority.value
            for reply in (angry, danger)
            if reply.case_id
        ]
    assert found == ["high", "urgent"]


async def test_what_is_not_understood_is_asked_back_and_then_handed_over(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    first = await say(house, bought, "讲个笑话吧 今天股票涨了吗")
    assert first.outcome is Outcome.asked
    second = await say(house, bought, "阿巴阿巴", talk_id=first.talk_id)
    third = await say(house, bought, "呜呼哎嘿", talk_id=first.talk_id)
    assert [second.outcome, third.outcome] == [Outcome.asked, Outcome.handed_over]


async def test_a_claim_is_withdrawn_after_a_yes(house: House) -> None:
    bought = await an_order(house, await a_shop(house), delivered=timedelta(days=2))
    asked = await say(house, bought, "我要退货")
    await say(house, bought, choice="yes", talk_id=asked.talk_id)
    check = await say(house, bought, "我想取消退货申请")
    assert check.intent == "claim_cancel"
    async with begin(house, bought.buyer) as work:
        number = (await claims.claim_list(work, claims.ClaimFilter())).items[0].number
    assert check.text.startswith(f"要撤销售后单 {number}（退货退款，破壁料理机 L18）吗？")
    done = await say(house, bought, "确认", talk_id=check.talk_id)
    assert done.text == f"已撤销售后单 {number}。"


async def test_another_matter_drops_what_was_pending(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    asked = await say(house, bought, "我要退货")
    other = await say(house, bought, "退款进度查一下", talk_id=asked.talk_id)
    assert other.intent == "refund_status"
    late = await say(house, bought, choice="yes", talk_id=asked.talk_id)
    assert late.outcome is not Outcome.acted
    assert await count(house, "claim") == 0


async def test_customers_see_no_reasons(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "你好")
    async with begin(house, bought.buyer) as work:
        talk = await assistant.get_talk(work, reply.talk_id)
    assert [(turn.why, turn.model) for turn in talk.turns] == [({}, "")]


async def test_a_message_in_a_thread_is_answered_once_as_the_machine(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    supervisor = staff(bought.shop, AGENT | {"policies.write"})
    async with begin(house, bought.buyer) as work:
        case = await cases.open_case(
            work, NewCase(shop_id=bought.shop.id, title="问", customer_id=bought.customer_id, body="你好")
        )
    await drain(house)
    async with begin(house, bought.buyer) as work:
        before = (await conversations.messages(work, case.thread_id)).items
    assert len(before) == 1
    async with begin(house, supervisor) as work:
        await assistant.switch(work, bought.shop.id, active=True)
    async with begin(house, bought.buyer) as work:
        await cases.say(work, case.id, "这个还能退吗")
    await drain(house)
    await drain(house)
    async with begin(house, bought.buyer) as work:
        said = (await conversations.messages(work, case.thread_id)).items
    assert [one.author_kind.value for one in said] == ["customer", "customer", "system"]
    assert said[-1].body.startswith(f"破壁料理机 L18（订单 {bought.number}）可以办理：")


async def test_where_a_colleague_has_the_case_the_assistant_is_silent(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    agent = staff(bought.shop, AGENT | {"policies.write"})
    async with begin(house, agent) as work:
        await assistant.switch(work, bought.shop.id, active=True)
    async with begin(house, bought.buyer) as work:
        case = await cases.open_case(
            work, NewCase(shop_id=bought.shop.id, title="问", customer_id=bought.customer_id)
        )
    async with begin(house, agent) as work:
        await cases.say(work, case.id, "您好，我来帮您")
    async with begin(house, bought.buyer) as work:
        await cases.say(work, case.id, "我想退货")
    await drain(house)
    async with begin(house, bought.buyer) as work:
        said = (await conversations.messages(work, case.thread_id)).items
    assert [one.author_kind.value for one in said] == ["staff", "customer"]


async def test_a_draft_rests_on_sources_and_leaves_no_trace(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    async with begin(house, bought.buyer) as work:
        case = await cases.open_case(
            work,
            NewCase(shop_id=bought.shop.id, title="问", customer_id=bought.customer_id, body="这个还能退吗"),
        )
    draft = await assistant.draft_reply(house, staff(bought.shop, AGENT), case.id)
    assert draft.text.startswith(f"您好王小明，破壁料理机 L18（订单 {bought.number}）可以办理：")
    assert (draft.intent, draft.sure) == ("entitlement", True)
    assert await count(house, "assistant_turn") == 0
    assert await count(house, "assistant_talk") == 0


async def test_of_a_fallen_price_the_difference_is_proposed(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    async with begin(house) as work:
        await work.session.execute(text("UPDATE product SET price_cents = 27850"))
    asked = await say(house, bought, "刚买就降价了，能退差价吗")
    assert "¥20.50" in asked.text
    await say(house, bought, "好的", talk_id=asked.talk_id)
    async with begin(house, bought.buyer) as work:
        (row,) = (await claims.claim_list(work, claims.ClaimFilter())).items
    assert (row.kind.value, row.requested_cents) == ("compensation", 2_050)


@pytest.mark.parametrize("which", ["四件套，到手就破了", "四件套 开线了，坏的"])
async def test_a_fault_told_beside_the_goods_is_not_lost(house: House, which: str) -> None:
    of = await a_shop(house)
    bought = await an_order(house, of, Line(title="纯棉四件套"), Line(title="乳胶枕"))
    goods = await say(house, bought, "想退货")
    assert goods.text == "请问是订单里的哪件商品？"
    check = await say(house, bought, which, talk_id=goods.talk_id)
    # Who pays the freight hangs on it.
    assert "方式：退货退款\n原因：" in check.text
    assert "七天无理由" not in check.text
    await say(house, bought, "好的", talk_id=goods.talk_id)
    async with begin(house, bought.buyer) as work:
        (row,) = (await claims.claim_list(work, claims.ClaimFilter())).items
        assert (await claims.claim_page(work, row.id)).description == f"想退货\n{which}"
    assert row.reason in ("damaged", "defective")


async def test_goods_named_with_a_please_are_no_fault(house: House) -> None:
    bought = await an_order(house, await a_shop(house), Line(title="纯棉四件套"), Line(title="乳胶枕"))
    goods = await say(house, bought, "想退货")
    await say(house, bought, "就是那个四件套，谢谢", talk_id=goods.talk_id)
    await say(house, bought, "好的", talk_id=goods.talk_id)
    async with begin(house, bought.buyer) as work:
        (row,) = (await claims.claim_list(work, claims.ClaimFilter())).items
        assert (await claims.claim_page(work, row.id)).description == "想退货"
    assert row.reason == "no_reason"
