"""Every form of the desk, filled in and sent in a browser; what it did is read from the rows."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect

from aftercare import claims
from aftercare.claims import AskedLine, ClaimKind, Graded, NewClaim, Reason, WayBack
from aftercare.journal import House, begin, drain
from tests.api.world import PNG
from tests.given import AGENT, WAREHOUSE, Bought, Line, a_shop, an_order, staff
from tests.given.gateway import ToldGateway
from tests.web.windows import NAMES, Windows, finish, start, windows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PHOTO: Any = {"name": "凭证.png", "mimeType": "image/png", "buffer": PNG}


async def applied(house: House, bought: Bought, kind: ClaimKind, reason: Reason, **more: Any) -> UUID:
    new_product = more.pop("new_product", None)
    quantity = more.pop("quantity", 1)
    async with begin(house, bought.buyer) as work:
        line = AskedLine(order_line_id=bought.line_ids[0], quantity=quantity, new_product_id=new_product)
        claim = await claims.apply(work, NewClaim(kind=kind, lines=[line], reason=reason, **more))
        return claim.id


async def on_its_way_back(house: House, bought: Bought, claim: UUID, number: str) -> None:
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number=number))


async def pick_up_asked_by_the_agent(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("折叠自行车", 29_900))
    claim = await applied(desk.house, bought, ClaimKind.return_refund, Reason.no_reason)
    page = await desk.case_of("agent", claim)
    form = await start(page, "登记退货运单")
    await form.get_by_text("上门取件", exact=True).click()
    await form.get_by_label("取件日期").fill(str((desk.house.clock() + timedelta(days=2)).date()))
    await form.get_by_label("时段").select_option("15:00-18:00")
    await form.get_by_label("取件地址").fill("上海市静安区南京西路 1266 号 18 楼")
    await form.get_by_label("联系电话").fill("13800000000")
    await finish(form, "登记退货运单")
    assert await desk.state_of(claim) == "in_transit_back"

    await page.goto("/desk/pickups")
    row = page.get_by_role("row").filter(has_text="南京西路 1266 号")
    await expect(row).to_contain_text("15:00-18:00")
    await row.get_by_role("button", name="已取件").click()
    form = page.get_by_role("dialog", name="已取件")
    await form.get_by_label("承运商").fill("顺丰速运")
    await form.get_by_label("运单号").fill("SF1398273645200")
    await finish(form, "已取件")
    parcel = await desk.row(
        "SELECT s.carrier, s.tracking_number, p.status FROM shipment s JOIN pickup_request p ON p.shipment_id = s.id"
        " WHERE s.claim_id = :id",
        id=claim,
    )
    assert (parcel.carrier, parcel.tracking_number, parcel.status) == (
        "shunfeng",
        "SF1398273645200",
        "collected",
    )


async def offer_refused_then_another_accepted(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("羊毛地毯", 80_000))
    claim = await applied(desk.house, bought, ClaimKind.refund_only, Reason.not_as_described)
    phone = await desk.customer(bought)
    page = await desk.case_of("agent", claim)
    for amount, answer in (("100", "不接受"), ("300", "接受方案")):
        form = await start(page, "协商方案")
        await form.get_by_role("textbox", name="金额").fill("900")
        await expect(form.get_by_text("请填 0 到 ¥800.00 之间的金额。")).to_be_visible()
        await expect(form.get_by_role("button", name="协商方案")).to_be_disabled()
        await form.get_by_role("textbox", name="金额").fill(amount)
        await form.get_by_label("对客户说").fill("颜色有色差，部分退款，您留着用")
        await finish(form, "协商方案")
        assert await desk.state_of(claim) == "negotiating"
        await phone.goto(f"/claims/{claim}")
        await expect(phone.get_by_text(f"商家提议退 ¥{amount}.00").first).to_be_visible()
        form = await start(phone, answer)
        await finish(form, answer)
        await desk.state_of(claim)
        if answer == "不接受":
            await expect(page.locator(".next-bar")).to_contain_text("待处理")
    # Nothing is left to do: the bar goes, the claim tells how it ended.
    await expect(page.get_by_text("退款成功").first).to_be_visible()
    assert await desk.state_of(claim) == "refunded"
    assert (
        await desk.row("SELECT sum(amount_cents) AS cents FROM refund WHERE claim_id = :id", id=claim)
    ).cents == 30_000


async def a_colleague_is_quicker(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("空气炸锅", 80_000))
    claim = await applied(desk.house, bought, ClaimKind.refund_only, Reason.not_as_described)
    form = await start(await desk.case_of("agent", claim), "协商方案")
    await form.get_by_role("textbox", name="金额").fill("100")
    await form.get_by_label("对客户说").fill("补偿您一百元，可以吗？")
    await finish(await start(await desk.case_of("supervisor", claim), "同意申请"), "同意申请")
    assert await desk.state_of(claim) == "refunded"
    send = form.get_by_role("button", name="协商方案", exact=True)
    await send.click()
    await expect(form.get_by_role("alert")).to_contain_text("售后单现在是“退款成功”")
    # The form is still called what it was, keeps what was written, and offers nothing that cannot be.
    await expect(form.get_by_label("对客户说")).to_have_value("补偿您一百元，可以吗？")
    await expect(send).to_be_disabled()


async def another_kind_offered(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("落地灯", 80_000))
    claim = await applied(desk.house, bought, ClaimKind.refund_only, Reason.defective)
    page = await desk.case_of("agent", claim)
    form = await start(page, "协商方案")
    await form.get_by_role("radio", name=re.compile("换一种方式")).check()
    await form.get_by_role("combobox", name="改为").select_option("exchange")
    await finish(form, "协商方案")
    row = await desk.row("SELECT asks, kind FROM claim_offer WHERE claim_id = :id", id=claim)
    assert (row.asks, row.kind) == ("other_kind", "exchange")


async def proof_asked_and_given(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("电水壶", 80_000))
    claim = await applied(desk.house, bought, ClaimKind.refund_only, Reason.defective)
    page = await desk.case_of("agent", claim)
    form = await start(page, "协商方案")
    await form.get_by_role("radio", name=re.compile("请补充凭证")).check()
    send = form.get_by_role("button", name="协商方案", exact=True)
    await expect(send).to_be_disabled()
    await form.get_by_label("对客户说").fill("请拍一下壶底的型号")
    await finish(form, "协商方案")
    phone = await desk.customer(bought)
    await phone.goto(f"/claims/{claim}")
    await expect(phone.get_by_text("请拍一下壶底的型号").first).to_be_visible()
    # There is nothing to accept, so nobody is asked to.
    await expect(phone.get_by_text("接受方案", exact=True)).to_have_count(0)
    form = await start(phone, "补充凭证")
    await form.locator("input[type=file]").first.set_input_files(PHOTO)
    await expect(form.get_by_role("img", name="凭证.png")).to_be_visible()
    await finish(form, "提交")
    form = await start(phone, "已补充，请商家继续")
    await finish(form, "已补充，请商家继续")
    assert await desk.state_of(claim) == "pending_merchant"


async def rejected_with_a_reason_and_proof(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("咖啡机", 80_000))
    claim = await applied(desk.house, bought, ClaimKind.refund_only, Reason.not_as_described)
    await reject(await desk.case_of("agent", claim), "与页面描述一致，附出库照片")
    assert await desk.state_of(claim) == "rejected"


async def reject(page: Page, why: str) -> None:
    form = await start(page, "拒绝申请")
    send = form.get_by_role("button", name="拒绝申请", exact=True)
    await form.get_by_label("理由").fill(why)
    await expect(send).to_be_disabled()
    await form.locator("input[type=file]").first.set_input_files(PHOTO)
    await expect(send).to_be_enabled()
    await finish(form, "拒绝申请")


async def exchanged_after_the_difference(desk: Windows) -> None:
    dearer = await an_order(desk.house, desk.shop, Line("破壁料理机 L20", 39_900))
    bought = await an_order(desk.house, desk.shop, Line("破壁料理机 L18", 29_900))
    claim = await applied(
        desk.house, bought, ClaimKind.exchange, Reason.defective, new_product=dearer.product_ids[0]
    )
    if await desk.state_of(claim) == "pending_merchant":
        async with begin(desk.house, staff(desk.shop, AGENT)) as work:
            await claims.approve(work, claim)
    await on_its_way_back(desk.house, bought, claim, "SF1398273645201")
    async with begin(desk.house, staff(desk.shop, WAREHOUSE)) as work:
        await claims.inspect(
            work, claim, [Graded(order_line_id=bought.line_ids[0], quantity=1, grade=claims.Grade.damaged)]
        )
    assert await desk.state_of(claim) == "awaiting_reship"
    hands = await desk.case_of("warehouse", claim)
    form = await start(hands, "发货")
    await form.get_by_label("承运商").fill("顺丰速运")
    await form.get_by_label("运单号").fill("SF1398273645202")
    await form.get_by_role("button", name="发货", exact=True).click()
    await expect(form.get_by_role("alert")).to_contain_text("换货差价还没补齐，暂时不能发货。")

    till = await desk.case_of("finance", claim)
    paid = await start(till, "差价已补")
    await finish(paid, "差价已补")
    await form.get_by_role("button", name="发货", exact=True).click()
    await expect(form).to_be_hidden()
    assert await desk.state_of(claim) == "reshipped"
    row = await desk.row(
        "SELECT carrier, tracking_number FROM shipment WHERE claim_id = :id AND direction = 'reship'",
        id=claim,
    )
    assert (row.carrier, row.tracking_number) == ("shunfeng", "SF1398273645202")


async def refused_and_sent_back(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("蓝牙耳机", 29_900))
    claim = await applied(desk.house, bought, ClaimKind.return_refund, Reason.no_reason)
    await on_its_way_back(desk.house, bought, claim, "SF1398273645203")
    page = await desk.staff("warehouse")
    await scan(page, "SF1398273645203")
    await press(page, "5")
    await page.get_by_label("差异说明").fill("收到的是另一副耳机")
    await page.locator("input[type=file]").first.set_input_files(PHOTO)
    confirm = page.get_by_role("button", name=re.compile("确认"))
    await expect(confirm).to_be_enabled()
    await page.get_by_label("差异说明").press("Control+Enter")
    await expect(confirm).to_be_hidden()
    assert await desk.state_of(claim) == "receipt_refused"

    page = await desk.case_of("warehouse", claim)
    form = await start(page, "退回买家")
    await form.get_by_label("承运商").fill("中通快递")
    await form.get_by_label("运单号").fill("75312345678901")
    await finish(form, "退回买家")
    assert await desk.state_of(claim) == "sending_back"


async def a_part_is_received(desk: Windows) -> None:
    bought = await an_order(desk.house, desk.shop, Line("骨瓷餐盘", 9_900, quantity=3))
    claim = await applied(desk.house, bought, ClaimKind.return_refund, Reason.no_reason, quantity=3)
    await on_its_way_back(desk.house, bought, claim, "SF1398273645204")
    page = await desk.staff("warehouse")
    await scan(page, "SF1398273645204")
    await press(page, "-", "2", "r", "Enter")
    await expect(page.get_by_role("heading", name=re.compile("已验收"))).to_be_visible()
    assert await desk.state_of(claim) == "partly_accepted"
    row = await desk.row(
        "SELECT quantity, grade, disposition, accepted FROM claim_finding WHERE claim_id = :id", id=claim
    )
    assert tuple(row) == (2, "opened", "restock", True)
    phone = await desk.customer(bought)
    await phone.goto(f"/claims/{claim}")
    form = await start(phone, "同意部分通过")
    await expect(form).to_contain_text("3 件中商家收下了 2 件，退款 ¥198.00。")
    await finish(form, "同意")
    assert await desk.state_of(claim) == "refunded"


async def scan(page: Page, code: str) -> None:
    """As a scanner does: the code at once, then Enter."""
    await page.goto("/desk/warehouse")
    await expect(page.get_by_label("扫描或输入编号")).to_be_focused()
    await page.keyboard.type(code)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("group", name="等级")).to_be_visible()


async def press(page: Page, *keys: str) -> None:
    """By hand."""
    for key in keys:
        await page.wait_for_timeout(120)
        await page.keyboard.press(key)
    await page.wait_for_timeout(120)


STEPS: list[Callable[[Windows], Awaitable[None]]] = [
    pick_up_asked_by_the_agent,
    offer_refused_then_another_accepted,
    a_colleague_is_quicker,
    another_kind_offered,
    proof_asked_and_given,
    rejected_with_a_reason_and_proof,
    exchanged_after_the_difference,
    refused_and_sent_back,
    a_part_is_received,
]


async def test_the_forms_of_a_claim(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        failed = []
        for step in STEPS:
            try:
                await step(desk)
            except Exception as wrong:  # the rest is worth knowing too
                wrong.add_note(step.__name__)
                failed.append(wrong)
        if failed:
            raise ExceptionGroup("forms of the desk", failed)


async def test_a_dispute_is_ruled_appealed_and_ruled_again(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        bought = await an_order(own_house, desk.shop, Line("真丝围巾", 80_000))
        claim = await applied(own_house, bought, ClaimKind.refund_only, Reason.not_as_described)
        await reject(await desk.case_of("agent", claim), "商品与描述一致")
        phone = await desk.customer(bought)
        await phone.goto(f"/claims/{claim}")
        form = await start(phone, "申请平台介入")
        await form.get_by_label("为什么不同意").fill("颜色完全不同")
        await finish(form, "申请平台介入")

        bench = await desk.staff("arbiter")
        await bench.goto("/desk")
        # Who only judges begins at the disputes, the most urgent one open.
        await expect(bench).to_have_url(re.compile("/desk/disputes"))
        sides = bench.get_by_role("region", name="客户一方")
        await expect(sides).to_contain_text("颜色完全不同")
        await expect(bench.get_by_role("region", name="商家一方")).to_contain_text("商品与描述一致")
        # However low the window, the panes scroll and the page does not.
        await bench.set_viewport_size({"width": 1440, "height": 480})
        assert await bench.evaluate("document.documentElement.scrollHeight <= innerHeight")
        await bench.set_viewport_size({"width": 1440, "height": 900})
        form = await start(bench, "要求举证")
        await form.get_by_label("请双方补充什么").fill("请双方上传实物照片")
        await finish(form, "要求举证")
        await expect(phone.get_by_text("请双方上传实物照片").first).to_be_visible()
        await bench.locator(".next-bar").get_by_role("button", name="进入判定").click()
        await expect(bench.locator(".next-bar")).to_contain_text("平台判定中")
        form = await start(bench, "支持买家")
        # There is nothing to send back.
        await expect(form.get_by_text("客户不用寄回商品")).to_have_count(0)
        await form.get_by_label("退款金额").fill("500")
        await form.get_by_label("理由").fill("描述与实物不符")
        await finish(form, "支持买家")
        assert await desk.state_of(claim) == "ruled_customer"

        page = await desk.case_of("agent", claim)
        form = await start(page, "申诉")
        await form.get_by_label("理由").fill("出库时拍了照片")
        send = form.get_by_role("button", name="申诉", exact=True)
        await expect(send).to_be_disabled()
        await form.locator("input[type=file]").first.set_input_files(PHOTO)
        await expect(send).to_be_enabled()
        await finish(form, "申诉")
        assert await desk.state_of(claim) == "judging"
        await bench.reload()
        await expect(bench.get_by_text("出库时拍了照片").first).to_be_visible()
        form = await start(bench, "支持买家")
        await form.get_by_label("退款金额").fill("400")
        await form.get_by_label("理由").fill("照片只说明了一部分")
        await finish(form, "支持买家")
        # No second appeal: the arbiter has it carried out at once.
        assert await desk.state_of(claim) == "ruled_customer"
        await finish(await start(bench, "执行"), "执行")
        assert await desk.state_of(claim) == "refunded"
        await expect(phone.get_by_text("已退款 ¥400.00").first).to_be_visible()


async def test_failed_refunds_are_retried_or_paid_by_hand(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        numbers = []
        for title in ("保温杯", "雨伞"):
            gateway.next = ["fail"]
            bought = await an_order(own_house, desk.shop, Line(title, 5_900), delivered=None, shipped=None)
            claim = await applied(own_house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
            assert await desk.state_of(claim) == "refund_failed"
            row = await desk.row("SELECT number FROM claim WHERE id = :id", id=claim)
            numbers.append((claim, row.number, bought))
        till = await desk.staff("finance")
        await till.goto("/desk")
        await expect(till.get_by_text("有 2 笔退款失败，需要处理。")).to_be_visible()
        (retried, number, _), (by_hand, other, buyer) = numbers
        await till.get_by_role("row").filter(has_text=number).get_by_role("button", name="重试").click()
        await expect(till.get_by_text(f"{number}：")).to_be_visible()
        assert await desk.state_of(retried) == "refunded"
        assert list(gateway.paid.values()) == [5_900]

        row = till.get_by_role("row").filter(has_text=other)
        await row.get_by_role("button", name="更多").click()
        await till.get_by_role("menuitem", name="线下退款凭证").click()
        form = till.get_by_role("dialog", name="线下退款")
        await expect(form.get_by_role("button", name="线下退款", exact=True)).to_be_disabled()
        await form.locator("input[type=file]").first.set_input_files(PHOTO)
        await expect(form.get_by_role("button", name="线下退款", exact=True)).to_be_enabled()
        await finish(form, "线下退款")
        assert await desk.state_of(by_hand) == "offline_refund"
        phone = await desk.customer(buyer)
        await phone.goto(f"/claims/{by_hand}")
        form = await start(phone, "确认已收到退款")
        await expect(form).to_contain_text("确认 ¥59.00 已经到账。")
        await finish(form, "已收到")
        assert await desk.state_of(by_hand) == "refunded"
        assert list(gateway.paid.values()) == [5_900]
        await till.get_by_role("tab", name=re.compile("已到账")).click()
        await expect(till.get_by_role("row").filter(has_text=other)).to_contain_text("线下转账")


async def test_a_case_is_put_off_given_away_found_and_kept_in_a_view(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        made = {}
        await desk.staff("supervisor")
        for title, said in (
            ("Desk lamp", "We shall look at the broken switch"),
            ("破壁料理机", "我们看看杯盖为什么漏水"),
        ):
            bought = await an_order(own_house, desk.shop, Line(title, 80_000))
            made[title] = await applied(own_house, bought, ClaimKind.refund_only, Reason.defective)
            page = await desk.case_of("agent", made[title])
            await page.keyboard.press("e")
            await page.get_by_label(re.compile("^回复 ")).fill(said)
            await page.keyboard.press("Control+Enter")
            await expect(page.get_by_role("list", name="经过")).to_contain_text(said)
        case = (await desk.row("SELECT case_id FROM claim WHERE id = :id", id=made["破壁料理机"])).case_id

        await do(page, "稍后处理")
        await page.get_by_role("dialog", name="稍后处理").get_by_role("button", name="明天早上").click()
        await expect(page.get_by_text(re.compile("^推迟到"))).to_be_visible()
        await expect(page.get_by_text(re.compile("^已推迟到"))).to_be_visible()
        put_off = "SELECT snoozed_until, owner_id, priority, tags FROM service_case WHERE id = :id"
        assert (await desk.row(put_off, id=case)).snoozed_until > own_house.clock()
        await page.get_by_role("button", name="现在恢复").click()
        await expect(page.get_by_text("已恢复").first).to_be_visible()
        await expect(page.get_by_text(re.compile("^已推迟到"))).to_be_hidden()
        assert (await desk.row(put_off, id=case)).snoozed_until is None

        await do(page, "分配给同事")
        form = page.get_by_role("dialog", name="分配给同事")
        colleague = form.get_by_role("option").filter(has_text=NAMES["supervisor"])
        await form.get_by_label("同事").select_option(label=await colleague.text_content())
        await finish(form, "分配给同事")
        await expect(page.get_by_text(f"已交给{NAMES['supervisor']}")).to_be_visible()
        owner = (await desk.row(put_off, id=case)).owner_id
        name = await desk.row("SELECT name FROM account WHERE id = :id", id=owner)
        assert name.name == NAMES["supervisor"]

        await do(page, "优先级：紧急")
        await expect(page.get_by_text("优先级改为紧急")).to_be_visible()
        assert (await desk.row(put_off, id=case)).priority == "urgent"
        await do(page, "标签")
        form = page.get_by_role("dialog", name="标签")
        await form.get_by_label("加标签").fill("漏水")
        await finish(form, "保存标签")
        await expect(page.get_by_text("标签已更新").first).to_be_visible()
        assert "漏水" in (await desk.row(put_off, id=case)).tags

        await drain(own_house)
        await page.goto("/desk")
        box = page.get_by_role("searchbox", name="搜索个案")
        queue = page.get_by_role("list", name="队列").get_by_role("listitem")
        for typed, found in (("漏水", "破壁料理机"), ("switch", "Desk lamp"), ("破壁", "破壁料理机")):
            await box.fill(typed)
            await expect(queue).to_have_count(1)
            await expect(queue).to_contain_text(found)
        await box.fill("没有这回事")
        await expect(page.get_by_text("没有符合的个案")).to_be_visible()

        await box.fill("switch")
        await expect(queue).to_contain_text("Desk lamp")
        await page.get_by_role("button", name="全部").click()
        await page.get_by_role("menuitem", name="保存当前视图").click()
        form = page.get_by_role("dialog", name="保存当前视图")
        await form.get_by_label("名字").fill("开关问题")
        await finish(form, "保存")
        await page.goto("/desk")
        await expect(page.get_by_role("heading", name="等我们回复")).to_be_visible()
        await page.get_by_role("button", name="等我们回复").click()
        await page.get_by_role("menuitemradio", name="开关问题").click()
        await expect(page.get_by_role("heading", name="开关问题")).to_be_visible()
        await expect(queue).to_have_count(1)
        await expect(queue).to_contain_text("Desk lamp")


async def do(page: Page, what: str) -> None:
    """From the menu of the case."""
    await page.get_by_role("button", name="个案操作").click()
    await page.get_by_role("menu", name="个案操作").get_by_text(what, exact=True).click()


async def test_the_whole_desk_by_keyboard(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        titles = ("咖啡机", "落地灯", "书架")
        made = []
        for title in titles:
            bought = await an_order(own_house, desk.shop, Line(title, 80_000))
            made.append(await applied(own_house, bought, ClaimKind.refund_only, Reason.defective))
        page = await desk.staff("agent")
        await page.goto("/desk")
        rows = page.get_by_role("list", name="队列").get_by_role("listitem")
        await expect(rows).to_have_count(3)
        order = [next(title for title in titles if title in text) for text in await rows.all_inner_texts()]
        open_case = page.get_by_role("main").get_by_role("heading", level=2)
        for key, at in (("j", 0), ("j", 1), ("j", 2), ("k", 1)):
            await page.keyboard.press(key)
            await expect(open_case.first).to_have_text(order[at])
        await page.keyboard.press("e")
        box = page.get_by_label(re.compile("^回复 "))
        await expect(box).to_be_focused()
        # While one writes, letters are letters.
        await page.keyboard.type("您好，jka 已收到")
        await expect(box).to_have_value("您好，jka 已收到")
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_role("list", name="经过")).to_contain_text("您好，jka 已收到")
        await page.keyboard.press("a")
        form = page.get_by_role("dialog", name="同意申请")
        await expect(form.get_by_label("同意金额")).to_be_focused()
        await page.keyboard.press("Control+Enter")
        await expect(form).to_be_hidden()
        assert await desk.state_of(made[titles.index(order[1])]) == "refunded"

        await page.keyboard.press("Control+k")
        find = page.get_by_role("combobox", name="搜索与命令")
        await expect(find).to_be_focused()
        await page.keyboard.type(order[2])
        await expect(page.get_by_role("option").first).to_contain_text(order[2])
        await page.keyboard.press("Enter")
        await expect(find).to_be_hidden()
        await expect(open_case.first).to_have_text(order[2])
        await page.keyboard.press("?")
        keys = page.get_by_role("dialog", name="快捷键")
        for label in ("下一件", "上一件", "回复客户", "同意申请", "搜索与命令", "显示快捷键"):
            await expect(keys.get_by_text(label, exact=True)).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(keys).to_be_hidden()


async def test_a_page_that_a_role_may_not_open_says_so(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        page = await desk.staff("warehouse")
        refused: list[str] = []
        page.on("response", lambda answer: refused.extend([answer.url] if answer.status == 403 else []))
        for closed in ("/desk/finance", "/console/users", "/console/macros"):
            await page.goto(closed)
            await expect(page.get_by_role("heading", name="您的角色不能打开这个页面")).to_be_visible()
        await page.goto("/desk/nowhere")
        await expect(page.get_by_role("heading", name="没有找到这个页面")).to_be_visible()
        await page.get_by_role("button", name=NAMES["warehouse"]).click()
        await page.get_by_role("menuitem", name="我的账号").click()
        await expect(page).to_have_url(re.compile("/console/account$"))
        await expect(page.get_by_role("heading", name="两步验证", exact=True)).to_be_visible()
        # Nothing was asked for that this role may not read.
        assert refused == []


async def test_broken_words_of_a_notice_say_what_is_wrong_with_them(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        page = await desk.staff("supervisor")
        await page.goto("/console/templates")
        await page.get_by_label("正文").fill("您好 {{ number }")
        await expect(page.get_by_role("alert")).to_contain_text("花括号要成对")
        await expect(page.get_by_role("button", name="保存")).to_be_disabled()
        await page.get_by_label("正文").fill("您好 {{ number }}")
        await expect(page.locator("iframe.letter")).to_be_visible()


async def test_a_long_name_of_a_view_leaves_the_rest_of_the_head_in_reach(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        page = await desk.staff("agent")
        await page.goto("/desk")
        await page.get_by_role("button", name="等我们回复").click()
        await page.get_by_role("menuitem", name="保存当前视图").click()
        await page.get_by_label("名字").fill("双十一期间买了大件还没有拆封就想退货的客户先看这里" * 2)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="双十一期间")).to_be_visible()
        pane, tool = [
            await place.bounding_box()
            for place in (page.get_by_label("搜索个案"), page.get_by_role("button", name="筛选"))
        ]
        assert pane is not None
        assert tool is not None
        assert tool["x"] + tool["width"] <= pane["x"] + pane["width"] + 1 <= 460
