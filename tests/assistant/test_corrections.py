"""What people do in talk that forms never see: they mean another order, wish two things at once, are polite, angry or slip."""

from datetime import timedelta

from aftercare import assistant, logistics
from aftercare.assistant import NewTurn, Outcome, Reply
from aftercare.assistant.wordage import respelt
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.ids import new_id
from tests.assistant.test_dialogue import say
from tests.given import Bought, Line, a_shop, an_order
from tests.knowledge.given import WRITES, World, an_article
from tests.knowledge.given import staff as known_staff


async def _two_orders(house: House) -> tuple[Bought, Bought]:
    of = await a_shop(house)
    older = await an_order(house, of, Line(title="电热水壶"), customer="li", paid=timedelta(days=6))
    newer = await an_order(house, of, Line(title="乳胶枕"), customer="li", paid=timedelta(days=4))
    return older, newer


def _labels(reply: Reply) -> list[str]:
    return [choice.label for choice in reply.choices]


async def test_the_second_one_is_the_second_that_was_shown(house: House) -> None:
    older, newer = await _two_orders(house)
    asked = await say(house, newer, "我要退货")
    assert [older.number in label for label in _labels(asked)] == [False, True]
    reply = await say(house, newer, "第二個", talk_id=asked.talk_id)
    assert "商品：电热水壶 × 1" in reply.text


async def test_not_this_one_the_other(house: House) -> None:
    _, newer = await _two_orders(house)
    asked = await say(house, newer, "我要退货")
    await say(house, newer, "乳胶枕", talk_id=asked.talk_id)
    reply = await say(house, newer, "不对，是另一个", talk_id=asked.talk_id)
    assert (reply.intent, reply.outcome) == ("return_goods", Outcome.asked)
    assert "商品：电热水壶 × 1" in reply.text


async def test_another_order_is_told_after_the_first_was_answered(house: House) -> None:
    older, newer = await _two_orders(house)
    first = await say(house, newer, "乳胶枕的快递到哪了")
    assert newer.number in first.text
    reply = await say(house, newer, "不是这个，我问的是另一个订单", talk_id=first.talk_id)
    assert (reply.intent, reply.outcome) == ("parcel_status", Outcome.answered)
    assert older.number in reply.text


async def test_another_item_of_the_same_order(house: House) -> None:
    bought = await an_order(house, await a_shop(house), Line(title="长袖衬衫"), Line(title="直筒休闲裤"))
    asked = await say(house, bought, "我要退货")
    chosen = await say(house, bought, "直筒裤", talk_id=asked.talk_id)
    assert "商品：直筒休闲裤 × 1" in chosen.text
    reply = await say(house, bought, "不是这件，是另一件", talk_id=asked.talk_id)
    assert "商品：长袖衬衫 × 1" in reply.text


async def test_two_wishes_of_one_message_both_have_their_turn(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    asked = await say(house, bought, "我要退货，顺便问一下退货运费谁出")
    assert asked.intent == "return_goods"
    assert asked.text.endswith("您还问到“退货运费”，这件办好后接着为您处理。")
    done = await say(house, bought, "确认", talk_id=asked.talk_id)
    assert done.text.startswith("已提交，售后单号")
    assert "您还问到“退货运费”：\n" in done.text


async def test_two_questions_are_answered_at_once(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "查一下我的快递，另外我的退款到账了吗")
    assert reply.text.splitlines()[0].startswith(f"订单 {bought.number}")
    assert reply.text.endswith(
        "您还问到“查退款进度”：\n没有查到正在办理的退款。如果想申请，可以点下面的按钮："
    )


async def test_the_order_of_that_day_is_meant(house: House) -> None:
    older, newer = await _two_orders(house)
    reply = await say(house, newer, "六天前买的东西到哪了")
    assert older.number in reply.text
    assert reply.outcome is Outcome.answered


async def test_an_exchange_pays_no_money_and_is_for_the_size_only_if_one_was_spoken_of(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    asked = await say(house, bought, "我要换货")
    assert "方式：换货" in asked.text
    assert "退款：" not in asked.text
    assert "尺码" not in asked.text
    other = await say(house, bought, "买小了想换大一码")
    assert "原因：尺码或规格不合适" in other.text


async def test_who_is_angry_hears_that_we_are_sorry_once(house: House) -> None:
    _, newer = await _two_orders(house)
    asked = await say(house, newer, "用了两次就不转了，气死我了，给我退钱")
    assert asked.text == "非常抱歉给您添麻烦了。\n请问是哪个订单？"
    assert "抱歉" not in (await say(house, newer, "气死我了，乳胶枕", talk_id=asked.talk_id)).text


async def test_who_goes_to_the_authorities_gets_a_person_at_once(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "用了两天就坏了，客服也没人理，我要打12315")
    assert (reply.intent, reply.outcome) == ("complaint", Outcome.handed_over)


async def test_looking_at_an_order_is_not_cancelling_it(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    assert (await say(house, bought, "我要查订单")).intent == "parcel_status"
    assert (await say(house, bought, "where is my order")).intent == "parcel_status"
    assert (await say(house, bought, "我想查下訂單，謝謝")).intent == "parcel_status"


async def test_what_nobody_understands_is_not_called_beyond_us(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    slip = await say(house, bought, "asdfghjkl")
    assert slip.locale == "zh-CN"
    assert slip.text == "抱歉，我没太明白您的意思。您可以换个说法，或者选一项："
    beyond = await say(house, bought, "今天天气怎么样")
    assert beyond.text.startswith("这个问题超出了我能回答的范围")
    assert "没太明白" not in beyond.text


async def test_words_of_their_own_count_more_than_the_words_of_buttons(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    hello = await say(house, bought, "hi")
    assert "Where is my refund" in _labels(hello)
    reply = await say(house, bought, "i want a refund", talk_id=hello.talk_id)
    assert reply.intent == "return_goods"


async def test_a_no_to_nothing_is_no_thank_you(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    assert (await say(house, bought, "先不要")).text == "好的。还有别的问题随时说。"
    assert (
        await say(house, bought, "我要撤销售后申请")
    ).text == "您目前没有进行中的售后申请，不用撤销或修改。"


async def test_a_talk_stays_in_its_language_where_words_do_not_tell(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    first = await say(house, bought, "我想退貨")
    async with begin(house, bought.buyer) as work:
        reply = await assistant.talk(
            work, NewTurn(shop_id=bought.shop.id, talk_id=first.talk_id, choice="no", locale="zh-CN")
        )
    assert reply.locale == "zh-TW"


async def test_a_guest_who_asks_how_reads_it_and_may_go_on(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    editor = await known_staff(house, "editor@shop.example", "编辑", bought.shop.id, WRITES)
    await an_article(World(house, bought.shop, editor, editor), "怎么退货", "在订单里点“申请售后”，选退货。")
    guest = Actor(kind=ActorKind.customer, shops=frozenset({bought.shop.id}), session_id=new_id())
    reply = await say(house, bought, "你好，请问怎么退货", actor=guest)
    assert reply.text == "在订单里点“申请售后”，选退货。"
    assert [(choice.label, choice.url) for choice in reply.choices] == [("登录", "/sign-in")]


async def test_nobody_is_called_who_was_not_asked_for(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    assert (await say(house, bought, "有优惠券吗")).outcome is Outcome.asked
    assert (await say(house, bought, "有真人吗")).outcome is Outcome.handed_over


async def _four_orders(house: House) -> tuple[Bought, Bought, Bought, Bought]:
    """A blender and a jacket with a thermos that came, an air fryer that was not sent, headphones on their way."""
    of = await a_shop(house)
    day = timedelta(days=1)
    blender = await an_order(house, of, Line("破壁料理机 L18"), customer="li", paid=5 * day)
    jacket = await an_order(
        house,
        of,
        Line("轻薄羽绒服 黑色 M", 49_900, 2),
        Line("保温杯 500ml", 9_900),
        customer="li",
        paid=4 * day,
    )
    fryer = await an_order(
        house, of, Line("空气炸锅 K5"), customer="li", paid=day, shipped=None, delivered=None
    )
    phones = await an_order(
        house, of, Line("蓝牙耳机 E2"), customer="li", paid=3 * day, shipped=2 * day, delivered=None
    )
    return blender, jacket, fryer, phones


async def test_each_of_two_wishes_is_about_its_own_goods(house: House) -> None:
    blender, jacket, _, phones = await _four_orders(house)
    reply = await say(house, blender, "耳机到哪儿了，还有羽绒服能不能换大一码？")
    assert reply.text.startswith(f"订单 {phones.number}（蓝牙耳机 E2）目前是")
    assert "您还问到“换货”：\n轻薄羽绒服 黑色 M 一共买了 2 件" in reply.text
    reply = await say(house, blender, "耳機什麼時候到？順便問一下保溫杯可以退嗎")
    assert f"訂單 {phones.number}（蓝牙耳机 E2）" in reply.text
    assert f"保温杯 500ml（訂單 {jacket.number}）可以辦理：" in reply.text


async def test_what_is_wished_for_stands_beside_the_number_of_its_order(house: House) -> None:
    blender, _, fryer, _ = await _four_orders(house)
    reply = await say(house, blender, f"{blender.number} 想退，{fryer.number} 取消")
    assert "商品：破壁料理机 L18 × 1\n方式：退货退款" in reply.text
    assert f"您还问到“取消订单 {fryer.number}”，这件办好后接着为您处理。" in reply.text


async def test_goods_are_found_that_are_not_the_first_of_their_order(house: House) -> None:
    blender, *_ = await _four_orders(house)
    reply = await say(house, blender, "保温杯盖子裂了")
    assert reply.text == "保温杯 500ml 可以这样处理，您想要哪一种？"
    # How to put it right does not make another matter of it.
    reply = await say(house, blender, "只退钱可以吗", talk_id=reply.talk_id)
    assert "方式：仅退款\n原因：收到时已破损" in reply.text
    asked = await say(house, blender, "退货")
    reply = await say(house, blender, "保温杯的", talk_id=asked.talk_id)
    assert "商品：保温杯 500ml × 1" in reply.text


async def test_a_fault_told_beside_the_wish_decides_who_pays_the_freight(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "破壁机漏水了，我要退货")
    assert "原因：质量问题 / 性能故障" in reply.text
    assert "寄回运费：商家承担" in reply.text
    reply = await say(house, bought, "破壁机用了两天有异味，能退吗？退的话运费谁出？")
    assert reply.text.startswith("破壁料理机 L18：退货退款由商家承担寄回运费")


async def test_who_changes_his_mind_is_followed(house: House) -> None:
    blender, *_, phones = await _four_orders(house)
    asked = await say(house, blender, "查快递")
    reply = await say(house, blender, "不是炸锅，是耳机", talk_id=asked.talk_id)
    assert reply.text.startswith(f"订单 {phones.number}（蓝牙耳机 E2）")
    asked = await say(house, blender, "破壁机用了两天就坏了")
    reply = await say(house, blender, "换货吧，不对还是退款算了", talk_id=asked.talk_id)
    assert "方式：退货退款" in reply.text
    reply = await say(house, blender, "换货", talk_id=reply.talk_id)
    assert "商品：破壁料理机 L18 × 1\n方式：换货\n原因：质量问题 / 性能故障" in reply.text
    reply = await say(house, blender, "算了不换了，帮我看下耳机物流", talk_id=reply.talk_id)
    assert reply.text.startswith(f"刚才的申请没有提交，先说您现在问的。\n订单 {phones.number}")
    # 'No wait' is no refusal of anything.
    asked = await say(house, blender, "I'd like to send it back")
    reply = await say(house, blender, "the thermos... no wait, the jacket", talk_id=asked.talk_id)
    assert reply.choices == asked.choices


async def test_another_question_is_no_answer_though_it_names_goods(house: House) -> None:
    blender, *_, phones = await _four_orders(house)
    asked = await say(house, blender, "我想退货")
    reply = await say(house, blender, "算了，帮我查一下耳机到哪了", talk_id=asked.talk_id)
    assert reply.text.startswith(f"订单 {phones.number}（蓝牙耳机 E2）目前是")


async def test_goods_named_in_what_was_not_understood_are_kept(house: House) -> None:
    blender, *_ = await _four_orders(house)
    asked = await say(house, blender, "破壁机有点怪怪的")
    reply = await say(house, blender, "换货", talk_id=asked.talk_id)
    assert "商品：破壁料理机 L18 × 1\n方式：换货" in reply.text


async def test_a_parcel_that_is_called_an_order_is_found(house: House) -> None:
    blender, *_, phones = await _four_orders(house)
    async with begin(house) as work:
        await logistics.announce_shipment(
            work,
            logistics.NewShipment(
                shop_id=phones.shop.id,
                direction=logistics.Direction.outbound,
                order_id=phones.order_id,
                carrier="顺丰",
                tracking_number="SF1234567890123",
            ),
        )
    reply = await say(house, blender, "hello 我的 order 到哪了 sf1234567890123")
    assert reply.text.startswith(f"订单 {phones.number}（蓝牙耳机 E2）的包裹由顺丰速运配送")


async def test_of_goods_that_have_a_claim_that_is_told(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    asked = await say(house, bought, "我要换货")
    await say(house, bought, "确认办理", talk_id=asked.talk_id)
    for words in ("破壁机能办哪些售后", "破壁机保修多久", "退货运费谁出"):
        reply = await say(house, bought, words)
        assert reply.text.startswith("这笔订单已经有售后单 AS"), words
        assert "不能直接取消" not in reply.text
    assert reply.text.endswith("换货由您承担寄回运费")


async def test_who_swears_hears_that_we_are_sorry(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    reply = await say(house, bought, "傻逼客服")
    assert reply.text == (
        "非常抱歉给您添麻烦了。\n请告诉我遇到了什么问题，我来帮您处理；也可以选一项，或者转人工："
    )


async def test_a_title_that_is_typed_does_not_change_the_language(house: House) -> None:
    blender, *_ = await _four_orders(house)
    asked = await say(house, blender, "the blender leaks, I want my money back")
    assert asked.text == "Which order is it about?"
    reply = await say(house, blender, "破壁料理机 L18", talk_id=asked.talk_id)
    assert reply.text == "破壁料理机 L18: this is possible. Which would you like?"


async def test_the_little_words_of_a_question_press_no_button(house: House) -> None:
    bought = await an_order(house, await a_shop(house))
    hello = await say(house, bought, "hi")
    reply = await say(house, bought, "what can you do", talk_id=hello.talk_id)
    assert reply.text.startswith("Hello, I am the assistant of")


async def test_slips_of_the_keyboard_are_taken_back(house: House) -> None:
    _, _, fryer, _ = await _four_orders(house)
    reply = await say(house, fryer, f"cancle my ordr {fryer.number} pls")
    assert "How: Cancel before shipping" in reply.text
    assert respelt("wher is the Blendr, I recieved nothing", {"where", "blender", "received"}) == (
        "where is the blender, I received nothing"
    )
    # Of two that it may be, neither.
    assert respelt("caat", {"cat", "coat", "cart"}) == "caat"


async def test_who_waits_for_the_parcel_waits_for_all_of_it(house: House) -> None:
    blender, *_ = await _four_orders(house)
    reply = await say(house, blender, "物流显示签收了但我没收到羽绒服")
    assert reply.outcome is Outcome.handed_over


async def test_refusing_the_parcel_is_understood(house: House) -> None:
    blender, *_ = await _four_orders(house)
    reply = await say(house, blender, "耳机不要了，能拒收吗")
    assert "商品：蓝牙耳机 E2 × 1\n方式：拒收" in reply.text


async def _guest(house: House) -> tuple[Bought, Actor]:
    bought = await an_order(house, await a_shop(house))
    return bought, Actor(kind=ActorKind.customer, shops=frozenset({bought.shop.id}), session_id=new_id())


async def test_a_guest_in_danger_hears_first_what_to_do(house: House) -> None:
    bought, guest = await _guest(house)
    reply = await say(house, bought, "水壶冒烟了", actor=guest)
    assert reply.text.startswith("请先停止使用并确保人身安全。\n转人工前请先登录")
    reply = await say(house, bought, "my kettle is on fire", actor=guest)
    assert reply.text.startswith("Please stop using it and make sure that everybody is safe.\nPlease sign in")


async def test_a_guest_reads_how_long_a_refund_takes(house: House) -> None:
    bought, guest = await _guest(house)
    editor = await known_staff(house, "editor@shop.example", "编辑", bought.shop.id, WRITES)
    await an_article(
        World(house, bought.shop, editor, editor),
        "退款退到哪里，多久到账？",
        "退款原路退回。\n\n银行卡一到三个工作日到账。",
    )
    reply = await say(house, bought, "退款几天到账", actor=guest)
    assert [source.title for source in reply.sources] == ["退款退到哪里，多久到账？"]
    assert [choice.label for choice in reply.choices] == ["登录"]


async def test_an_article_that_shares_only_the_question_word_is_no_answer(house: House) -> None:
    bought, guest = await _guest(house)
    editor = await known_staff(house, "editor@shop.example", "编辑", bought.shop.id, WRITES)
    await an_article(
        World(house, bought.shop, editor, editor),
        "没有账号怎么查订单",
        "输入订单号和下单用的联系方式。\n\n同一联系方式下的订单都能看到，也可以联系我们。",
    )
    reply = await say(house, bought, "怎么联系你们", actor=guest)
    assert reply.sources == []
