"""Slips and second thoughts: a mistyped search, an answer taken back, a refund that cannot be paid, a size that does not fit."""

import re
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser, expect

from aftercare import claims
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason
from aftercare.journal import House, begin, drain
from tests.given import Bought, Line, a_shop, an_order
from tests.given.gateway import ToldGateway
from tests.web.windows import PHONE, patient, windows

pytestmark = [pytest.mark.browser, pytest.mark.slow]


async def applied(house: House, bought: Bought, kind: ClaimKind, reason: Reason) -> UUID:
    async with begin(house, bought.buyer) as work:
        line = AskedLine(order_line_id=bought.line_ids[0], quantity=1)
        return (await claims.apply(work, NewClaim(kind=kind, lines=[line], reason=reason))).id


async def test_a_mistyped_search_offers_what_was_meant(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        for title in ("破壁料理机", "落地灯"):
            bought = await an_order(own_house, desk.shop, Line(title, 80_000))
            await applied(own_house, bought, ClaimKind.refund_only, Reason.defective)
        await drain(own_house)
        page = await desk.staff("agent")
        await page.goto("/desk")
        rows = page.get_by_role("list", name="队列").get_by_role("listitem")
        await expect(rows).to_have_count(2)
        await page.keyboard.press("/")
        search = page.get_by_label("搜索个案")
        await expect(search).to_be_focused()
        await page.keyboard.type("破壁料里机")
        await page.get_by_role("status").get_by_role("button", name="破壁料理机").click()
        await expect(search).to_have_value("破壁料理机")
        await expect(rows).to_have_count(1)
        await expect(page.get_by_text("您要找的是")).to_have_count(0)

        await page.keyboard.press("Control+k")
        await expect(page.get_by_role("combobox", name="搜索与命令")).to_be_focused()
        await page.keyboard.type("落地登")
        await expect(page.get_by_role("option", name="找“落地灯”")).to_be_visible()
        await page.keyboard.press("Enter")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("落地灯")


async def test_after_an_answer_the_next_case_takes_its_place_and_a_planned_answer_can_be_taken_back(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        titles = ("咖啡机", "落地灯", "书架")
        for title in titles:
            bought = await an_order(own_house, desk.shop, Line(title, 80_000))
            await applied(own_house, bought, ClaimKind.refund_only, Reason.defective)
        page = await desk.staff("agent")
        await page.goto("/desk")
        rows = page.get_by_role("list", name="队列").get_by_role("listitem")
        await expect(rows).to_have_count(3)
        order = [next(one for one in titles if one in told) for told in await rows.all_inner_texts()]
        shown = page.get_by_role("main").get_by_role("heading", level=2).first
        for at in (0, 1):
            await page.keyboard.press("j")
            await expect(shown).to_have_text(order[at])
        answer = page.get_by_label(re.compile("^回复 "))
        await page.keyboard.press("e")
        await expect(answer).to_be_focused()
        await page.keyboard.type("已经收到，今天给您结果")
        await page.keyboard.press("Control+Enter")
        await expect(rows).to_have_count(2)
        await page.keyboard.press("j")
        await expect(shown).to_have_text(order[2])

        await page.keyboard.press("e")
        await expect(answer).to_be_focused()
        await page.keyboard.type("明天早上给您答复")
        await page.get_by_role("button", name="更多", exact=True).last.click()
        await page.get_by_role("menuitem", name="定时发送").click()
        later = page.get_by_role("dialog", name="定时发送")
        await expect(later.get_by_role("button", name=re.compile("1 小时后"))).to_be_focused()
        await later.get_by_role("button", name=re.compile("明天早上")).click()
        await expect(later).to_be_hidden()
        await expect(page.get_by_role("button", name=re.compile("^回复 王小明"))).to_be_visible()
        # Whoever opens the case sees it without beginning to write.
        planned = page.get_by_role("list", name="定时发送的回复")
        await expect(planned).to_contain_text("明天早上给您答复")
        await planned.get_by_role("button", name="取消定时发送").click()
        await expect(planned).to_have_count(0)
        await page.get_by_role("button", name="撤销").click()
        await expect(planned).to_contain_text("明天早上给您答复")
        states = await desk.row(
            "SELECT array_agg(state ORDER BY state) AS told, count(DISTINCT send_at) AS times FROM planned_message"
        )
        assert (states.told, states.times) == (["cancelled", "planned"], 1)


async def test_why_a_refund_failed_is_said_with_what_helps(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        for told in ("closed", "fail"):
            gateway.next = [told]
            bought = await an_order(own_house, desk.shop, Line(told, 5_900), delivered=None, shipped=None)
            claim = await applied(own_house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
            assert await desk.state_of(claim) == "refund_failed"
        till = await desk.staff("finance")
        await till.goto("/desk")
        closed = till.get_by_role("row").filter(has_text="收款账户已失效")
        await expect(closed.get_by_role("button", name="线下退款凭证")).to_be_visible()
        await expect(closed.get_by_role("button", name="重试")).to_have_count(0)
        short = till.get_by_role("row").filter(has_text="商户余额不足")
        await expect(short.get_by_role("button", name="重试")).to_be_visible()
        assert "account_closed" not in await till.locator("main").inner_text()


async def test_a_wrong_size_goes_for_another_one(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        wanted = await an_order(own_house, desk.shop, Line("直筒休闲裤 卡其 32", 29_900))
        bought = await an_order(
            own_house, desk.shop, Line("直筒休闲裤 卡其 30", 27_900), delivered=timedelta(days=1)
        )
        phone = await desk.customer(bought)
        await phone.goto(f"/orders/{bought.order_id}/apply")
        forward = phone.get_by_role("button", name="下一步")
        await forward.click()
        await forward.click()
        wrong = phone.get_by_role("alert")
        await expect(wrong).to_be_visible()
        await phone.get_by_text("尺码、规格不合适", exact=True).click()
        # What was missing is there now: nothing goes on complaining.
        await expect(wrong).to_have_count(0)
        await phone.get_by_text("没拆封", exact=True).click()
        await forward.click()
        await phone.get_by_role("radio", name=re.compile("换货")).check()
        await forward.click()
        await expect(wrong).to_have_text("请选要换成的尺码或款式")
        other = phone.get_by_role("button", name=re.compile("直筒休闲裤 卡其 32"))
        await expect(phone.get_by_role("button", name=re.compile("直筒休闲裤 卡其 30"))).to_have_count(0)
        await other.click()
        await forward.click()
        await expect(phone.get_by_text(re.compile("直筒休闲裤 卡其 32 · .*¥20.00"))).to_be_visible()
        await phone.get_by_role("button", name="提交申请").click()
        await expect(phone).to_have_url(re.compile("/claims/"))
        row = await desk.row(
            "SELECT new_product_id FROM claim_line WHERE claim_id = :id",
            id=UUID(phone.url.rsplit("/", 1)[1]),
        )
        assert row.new_product_id == wanted.product_ids[0]

        await phone.get_by_role("button", name="为什么这样处理").click()
        why = phone.get_by_role("dialog")
        await expect(why).to_contain_text("签收次日起 7 天内")
        assert re.search(r"[a-z]+[._][a-z]+", await why.inner_text()) is None


async def test_a_tracking_link_that_leads_nowhere_leads_to_the_order(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    context = await patient(browser, PHONE)
    page = await context.new_page()
    await page.goto(f"{address}/track/not-a-secret-that-exists")
    await expect(page.get_by_role("heading", name="没有找到这个包裹")).to_be_visible()
    await page.get_by_role("link", name="用订单号查询").click()
    await expect(page.get_by_label("订单号")).to_be_visible()
    await context.close()
