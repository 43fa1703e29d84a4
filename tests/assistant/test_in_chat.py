"""The assistant in the chat of a shop's page: unknown visitors get what everybody may know, and what is theirs once a code has
shown who they are."""

from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy import text

from aftercare import assistant, cases, conversations
from aftercare.assistant.reactions import go_on_verified
from aftercare.cases.chat import verbs
from aftercare.cases.model import ServiceCase
from aftercare.cases.owners import give
from aftercare.cases.verbs import with_choices
from aftercare.conversations import Channel, ContactJoined, Verified, Visitor, visitor_of
from aftercare.identity import NewAccount, ShopView, create_account, entry_code_text, seed_roles
from aftercare.journal import NOBODY, House, begin, drain
from aftercare.knowledge import Audience, NewArticle, Words, new_article, publish
from tests.conversations.given import an_account, comes
from tests.given import AGENT, Bought, a_shop, an_order, staff

PERSON = {"label": "转人工", "value": "person", "url": None}
VERIFY = {"label": "验证我的订单", "value": "verify", "url": None}


@pytest_asyncio.fixture(loop_scope="session")
async def of(house: House) -> ShopView:
    made = await a_shop(house)
    async with begin(house) as work:
        await assistant.switch(work, made.id, active=True)
    return made


async def begun(house: House, of: ShopView) -> Visitor:
    told = await verbs.start_chat(house, NOBODY, shop_code=of.code)
    assert told.at_once is True
    return visitor_of(house, told.token, house.clock())


async def says(house: House, visitor: Visitor, body: str, locale: str = "zh-CN") -> dict[str, Any]:
    """What the visitor's window shows last, when everything has followed."""
    await verbs.say_in_chat(house, visitor, body=body, key=uuid4().hex, locale=locale)
    await drain(house)
    return await last(house, visitor)


async def last(house: House, visitor: Visitor) -> dict[str, Any]:
    found = await verbs.earlier_in_chat(house, visitor, 2**62)
    return found.messages[-1]


async def shows_who(house: House, visitor: Visitor, bought: Bought) -> None:
    """Gets the six digits at the contact of the order and gives them back."""
    async with begin(house) as work:
        contact = await work.session.scalar(
            text("SELECT email FROM customer WHERE id = :id"), {"id": bought.customer_id}
        )
    asked = await verbs.ask_code(
        house, visitor, order_number=bought.number, contact=str(contact), locale="zh-CN", address="test"
    )
    async with begin(house) as work:
        digits = await entry_code_text(work, asked.entry_id)
    assert digits is not None
    await verbs.confirm_code(house, visitor, asked.entry_id, digits)
    await drain(house)


async def test_a_visitor_is_greeted_and_told_what_everybody_may_know(house: House, of: ShopView) -> None:
    async with begin(house) as work:
        for audience, title, body in (
            (Audience.public, "净水器滤芯多久换一次", "净水器的滤芯建议每六个月更换一次。"),
            (Audience.staff, "净水器滤芯多久换一次（内部）", "滤芯进价三十元，可免费补寄一次。"),
        ):
            words = {"zh-CN": Words(title=title, body=body)}
            new = await new_article(work, NewArticle(shop_id=of.id, texts=words, audience=audience))
            await publish(work, new.id)
    visitor = await begun(house, of)
    hello = await says(house, visitor, "你好")
    assert hello["by"] == "system"
    assert hello["body"].startswith(f"您好，我是{of.name}的智能助手")
    assert hello["choices"][-1] == PERSON
    known = await says(house, visitor, "净水器滤芯多久换一次？")
    # The page shows the source as a link; the words need not name it again.
    assert known["body"] == "净水器的滤芯建议每六个月更换一次。"
    assert [one["title"] for one in known["sources"]] == ["净水器滤芯多久换一次"]
    assert known["choices"] == [PERSON]


async def test_who_asks_for_a_person_at_once_is_answered_in_the_language_of_the_page(
    house: House, of: ShopView
) -> None:
    told = await says(house, await begun(house, of), "找真人", "zh-TW")
    assert told["body"].startswith("好的，已為您轉接真人客服，")


async def test_a_letter_names_its_source_in_words(house: House, of: ShopView) -> None:
    async with begin(house) as work:
        await assistant.switch(work, of.id, active=True, channels=[Channel.email])
        words = {"zh-CN": Words(title="净水器滤芯多久换一次", body="净水器的滤芯建议每六个月更换一次。")}
        await publish(work, (await new_article(work, NewArticle(shop_id=of.id, texts=words))).id)
    await comes(house, await an_account(house, of.id), "li@example.com", "净水器滤芯多久换一次？")
    await drain(house)
    async with begin(house) as work:
        sent = await work.session.scalar(
            text("SELECT body FROM message ORDER BY sent_at DESC, position DESC LIMIT 1")
        )
    assert sent == ("净水器的滤芯建议每六个月更换一次。\n\n来自帮助中心《净水器滤芯多久换一次》\n1. 转人工")


async def test_a_visitor_is_asked_who_it_is_before_anything_of_an_order_is_said(
    house: House, of: ShopView
) -> None:
    bought = await an_order(house, of)
    visitor = await begun(house, of)
    asked = await says(house, visitor, f"订单{bought.number}到哪了")
    assert asked["body"].startswith("查询订单、办理售后前需要确认是您本人：")
    assert bought.number not in asked["body"]
    assert asked["choices"] == [VERIFY, PERSON]
    assert asked["sources"] == []


async def test_once_a_code_has_shown_who_it_is_the_matter_goes_on_by_itself(
    house: House, of: ShopView
) -> None:
    bought = await an_order(house, of)
    await an_order(house, of)
    visitor = await begun(house, of)
    await says(house, visitor, f"我想退货，{bought.number}")
    await shows_who(house, visitor, bought)
    check = await last(house, visitor)
    assert check["body"].startswith("为您核对一下：\n商品：破壁料理机 L18 × 1\n方式：退货退款\n")
    assert [choice["value"] for choice in check["choices"]] == ["yes", "no", "person"]
    # The words of the button are sent as they stand.
    done = await says(house, visitor, "确认办理")
    assert done["body"].startswith("已提交，售后单号 ")
    async with begin(house) as work:
        claimed = (await work.session.execute(text("SELECT customer_id, case_id FROM claim"))).one()
        case = await work.session.scalar(
            text(
                "SELECT c.id FROM service_case c JOIN message m USING (thread_id) JOIN contact k ON k.id = m.contact_id"
                " WHERE k.address = :address LIMIT 1"
            ),
            {"address": visitor.address},
        )
    assert (claimed.customer_id, claimed.case_id) == (bought.customer_id, case)


async def test_knowing_who_it_is_twice_says_it_once(house: House, of: ShopView) -> None:
    bought = await an_order(house, of)
    visitor = await begun(house, of)
    await says(house, visitor, "我的快递到哪了")
    await shows_who(house, visitor, bought)
    async with begin(house) as work:
        contact_id = UUID(
            str(await work.session.scalar(text("SELECT id FROM contact WHERE channel = 'chat'")))
        )
        before = await work.session.scalar(text("SELECT count(*) FROM message"))
    await go_on_verified(
        house,
        ContactJoined(
            shop_id=of.id, contact_id=contact_id, customer_id=bought.customer_id, how=Verified.code
        ),
    )
    async with begin(house) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM message")) == before


async def test_a_visitor_who_wants_a_person_gets_one_and_is_asked_how_to_be_reached(
    house: House, of: ShopView
) -> None:
    visitor = await begun(house, of)
    answer = await says(house, visitor, "转人工")
    assert answer["body"].endswith("如果您要先离开，请留下手机号或邮箱，方便同事联系您。")
    assert answer["choices"] == []
    async with begin(house, staff(of, AGENT)) as work:
        row = (
            await work.session.execute(text("SELECT id, thread_id, customer_id, tags FROM service_case"))
        ).one()
        said = (await conversations.messages(work, row.thread_id)).items
    assert (row.customer_id, row.tags) == (None, ["assistant"])
    assert [one.kind.value for one in said] == ["message", "message", "note"]
    # From now on a person has it.
    assert (await says(house, visitor, "在吗"))["by"] == "me"


async def test_a_visitor_whom_people_put_into_a_customers_case_hears_nothing_of_it(
    house: House, of: ShopView
) -> None:
    bought = await an_order(house, of)
    visitor = await begun(house, of)
    await says(house, visitor, "你好")
    async with begin(house, bought.buyer) as work:
        theirs = await cases.open_case(
            work,
            cases.NewCase(
                shop_id=of.id,
                customer_id=bought.customer_id,
                order_id=bought.order_id,
                title="退货",
                body="我要退货",
            ),
        )
    await drain(house)
    async with begin(house) as work:
        mine = await work.session.scalar(
            text("SELECT id FROM service_case WHERE customer_id IS NULL"),
        )
        await cases.merge(work, UUID(str(mine)), theirs.id)
    answer = await says(house, visitor, "确认办理")
    assert [choice["value"] for choice in answer["choices"] if choice["value"] in ("yes", "no")] == []
    async with begin(house) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM claim")) == 0
    assert bought.number not in str((await verbs.earlier_in_chat(house, visitor, 2**62)).messages)


async def test_where_nothing_can_be_pressed_choices_are_numbered(house: House) -> None:
    offers = conversations.Offers(
        choices=[
            conversations.OfferedChoice(label="退货", value="kind:return_refund"),
            conversations.OfferedChoice(label="登录", value="sign_in", url="/sign-in"),
            conversations.OfferedChoice(label="换货", value="kind:exchange"),
        ],
        sources=[],
    )
    assert with_choices("您想要哪一种？", offers) == "您想要哪一种？\n1. 退货\n2. 换货"
    assert with_choices("好的", None) == "好的"


async def test_people_get_the_case_when_they_are_needed_and_not_before(house: House, of: ShopView) -> None:
    async def stands() -> tuple[str, bool, bool]:
        async with begin(house) as work:
            row = (
                await work.session.execute(
                    text("SELECT status, queued, answered_at IS NOT NULL AS answered FROM service_case")
                )
            ).one()
        return row.status, row.queued, row.answered

    visitor = await begun(house, of)
    await says(house, visitor, "你好")
    assert await stands() == ("waiting_customer", False, True)
    await says(house, visitor, "转人工")
    assert await stands() == ("waiting_shop", True, True)


async def test_who_is_given_the_case_by_itself_does_not_silence_the_assistant_but_who_takes_it_does(
    house: House, of: ShopView
) -> None:
    visitor = await begun(house, of)
    await says(house, visitor, "你好")
    async with begin(house) as work:
        await seed_roles(work)
        account_id = (
            await create_account(
                work,
                NewAccount(email="mei@example.com", name="小梅", role="agent", shops=[of.id]),
                password_hash="x",
            )
        ).id
        case_id = UUID(str(await work.session.scalar(text("SELECT id FROM service_case"))))
        given = await work.session.get_one(ServiceCase, case_id)
        give(work, given, account_id, "automatic")
    assert (await says(house, visitor, "谢谢"))["by"] == "system"
    async with begin(house) as work:
        given = await work.session.get_one(ServiceCase, case_id)
        give(work, given, account_id, "taken")
    assert (await says(house, visitor, "谢谢"))["by"] == "me"
