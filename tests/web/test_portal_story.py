"""A customer with a phone: from an order number to the money back."""

import re
from base64 import b64decode
from datetime import timedelta
from uuid import UUID

import pytest
from playwright.async_api import Browser, Page, expect
from sqlalchemy import text

from aftercare import claims
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason, RefundGateways
from aftercare.claims.returns import Graded
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.identity import entry_code_text
from aftercare.journal import SYSTEM, House, begin, drain
from aftercare.settings import Settings
from tests.given import AGENT, WAREHOUSE, Bought, Line, a_shop, an_order, staff
from tests.given.gateway import ToldGateway
from tests.web.windows import PHONE, patient, windows

pytestmark = pytest.mark.browser

PICTURE = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


async def digits_sent(house: House) -> str:
    async with begin(house, SYSTEM) as work:
        newest = await work.session.scalar(text("SELECT id FROM entry_code ORDER BY created_at DESC LIMIT 1"))
        return await entry_code_text(work, newest)


async def enter(page: Page, address: str, house: House, bought: Bought) -> None:
    await page.goto(address)
    await page.get_by_label("订单号").fill(bought.number.lower())
    await page.get_by_label("手机号或邮箱").fill("wang@example.test")
    await page.get_by_role("button", name="获取验证码").click()
    # One types at once; a screen reader says the page's title as the name of the box, then where the code went.
    box = page.get_by_role("textbox", name="输入六位验证码")
    await expect(box).to_be_focused()
    await expect(box).to_have_accessible_description(re.compile("wang@example.test 对得上"))
    code = await digits_sent(house)
    wrong = "000000" if code != "000000" else "111111"
    await box.fill(wrong)
    await expect(page.get_by_role("alert")).to_have_text("验证码不对，还可以试 4 次。")
    await box.fill(code)
    await expect(page.get_by_role("heading", name="我的售后")).to_be_visible()


async def test_a_faulty_blender_goes_back_and_the_money_comes(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    shop = await a_shop(own_house)
    bought = await an_order(
        own_house, shop, Line("破壁料理机 L18", 29_900), customer="wang", delivered=timedelta(days=2)
    )
    context = await patient(browser, PHONE, service_workers="block")
    page = await context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    await enter(page, address, own_house, bought)

    await page.get_by_role("link", name="破壁料理机 L18").click()
    await page.get_by_role("button", name=re.compile("退货退款")).click()
    await expect(page.get_by_role("dialog")).to_contain_text("7 天内")
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="申请售后").click()

    await expect(page.get_by_role("checkbox", name="破壁料理机 L18")).to_be_checked()
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_text("质量问题、坏了", exact=True).click()
    await page.get_by_label("说明").fill("按键没有反应")
    await page.locator("input[type=file]").first.set_input_files(
        {"name": "fault.png", "mimeType": "image/png", "buffer": PICTURE}
    )
    await expect(page.get_by_role("img", name="fault.png")).to_be_visible()
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("radio", name=re.compile("退货退款")).check()
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_text("退款 ¥299.00")).to_be_visible()
    await page.get_by_role("button", name="提交申请").click()

    await expect(page.get_by_role("heading", name="请寄回商品")).to_be_visible()
    await expect(page.get_by_text("曹安公路 4988 号")).to_be_visible()
    claim_id = UUID(page.url.rsplit("/", 1)[1])
    await page.get_by_role("button", name="我已寄出").click()
    form = page.get_by_role("dialog")
    await form.get_by_label("快递公司").select_option("shunfeng")
    await form.get_by_label("运单号").fill("SF1398273645127")
    await form.get_by_role("button", name="已寄出").click()
    await expect(page.get_by_role("heading", name="商品寄回中")).to_be_visible()

    async with begin(own_house, staff(shop, WAREHOUSE)) as work:
        await claims.inspect(
            work, claim_id, [Graded(order_line_id=bought.line_ids[0], quantity=1, grade="as_new")]
        )
    await drain(own_house)
    assert sum(gateway.paid.values()) == 29_900
    # Nobody touches the phone: the page hears of it by itself.
    await expect(page.get_by_role("heading", name="退款成功")).to_be_visible()
    await expect(page.get_by_text("已退款 ¥299.00")).to_be_visible()
    await page.wait_for_function("document.documentElement.scrollWidth <= innerWidth")
    assert broken == []
    await context.close()


async def test_the_difference_of_an_exchange_is_paid_on_the_phone(
    own_house: House,
    gateway: ToldGateway,
    address: str,
    browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AFTERCARE_BASE_URL", address)
    sandbox = ConfiguredGateways(Settings(sandbox_gateway=True), own_house)
    own_house.ports = {**own_house.ports, RefundGateways: sandbox, claims.PaymentGateways: sandbox}
    shop = await a_shop(own_house)
    dearer = await an_order(own_house, shop, Line("破壁料理机 L20", 39_900))
    bought = await an_order(own_house, shop, Line("破壁料理机 L18", 29_900), customer="wang")
    async with begin(own_house, bought.buyer) as work:
        line = AskedLine(order_line_id=bought.line_ids[0], quantity=1, new_product_id=dearer.product_ids[0])
        claim = await claims.apply(
            work, NewClaim(kind=ClaimKind.exchange, reason=Reason.wrong_size, lines=[line])
        )
    async with windows(own_house, address, browser, shop) as open_windows:
        page = await open_windows.customer(bought)
        await page.goto(f"/claims/{claim.id}")
        await expect(page.get_by_text("换的商品贵 ¥100.00，补完差价后发货。")).to_be_visible()
        await page.get_by_role("button", name="支付差价").click()
        await page.get_by_role("dialog", name="支付差价").get_by_role("button", name="支付 ¥100.00").click()
        # The sandbox's page of payment pays and sends one back.
        await expect(page).to_have_url(re.compile(f"/my/claims/{claim.id}$"))
        await expect(page.get_by_text("差价已付 ¥100.00")).to_be_visible()
        await expect(page.get_by_role("button", name="支付差价")).to_be_hidden()
        await expect(page.get_by_role("button", name="我已寄出")).to_be_visible()


async def test_a_claim_typed_without_a_line_is_kept_and_sent_once(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    shop = await a_shop(own_house)
    bought = await an_order(
        own_house, shop, Line("空气炸锅 F30", 39_900), customer="wang", delivered=None, shipped=None
    )
    context = await patient(browser, PHONE, service_workers="block")
    page = await context.new_page()
    await enter(page, address, own_house, bought)
    await page.goto(f"{address}/orders/{bought.order_id}/apply")
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_text("不想要了", exact=True).click()
    await page.get_by_role("button", name="下一步").click()
    await page.get_by_role("radio", name=re.compile("取消订单")).check()
    await page.get_by_role("button", name="下一步").click()
    await expect(page.get_by_text("退款 ¥399.00")).to_be_visible()
    await context.set_offline(True)
    await page.get_by_role("button", name="提交申请").click()
    await expect(page.get_by_role("alert")).to_contain_text("还没发出去")
    await context.set_offline(False)
    await page.goto(f"{address}/orders/{bought.order_id}/apply?step=check")
    await page.get_by_role("button", name="提交申请").click()
    await expect(page).to_have_url(re.compile("/claims/"))
    async with begin(own_house, staff(shop, AGENT)) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM claim")) == 1
    await context.close()


async def test_photos_taken_without_a_line_are_not_lost(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    shop = await a_shop(own_house)
    bought = await an_order(own_house, shop, Line("破壁料理机 L18", 29_900), customer="wang")
    async with windows(own_house, address, browser, shop) as open_windows:
        page = await open_windows.customer(bought)
        await page.goto(f"/orders/{bought.order_id}/apply")
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_text("质量问题、坏了", exact=True).click()
        picker = page.locator("input[type=file]").first
        # What is no photo is refused by name, and takes no place.
        await picker.set_input_files({"name": "a.exe", "mimeType": "image/png", "buffer": b"MZ" + b"0" * 99})
        await expect(page.get_by_role("alert")).to_have_text(
            "“a.exe”：这种文件不能上传，请用照片、视频或 PDF。"
        )
        await page.context.set_offline(True)
        await picker.set_input_files({"name": "crack.png", "mimeType": "image/png", "buffer": PICTURE})
        await expect(page.get_by_text("网络断开了")).to_be_visible()
        await page.context.set_offline(False)
        await page.reload()
        # It goes out by itself; the words and the step are where they were.
        await expect(page.get_by_text("1 / 9")).to_be_visible()
        await expect(page.locator("progress")).to_be_hidden()
        await expect(page.get_by_role("radio", name="质量问题、坏了")).to_be_checked()
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_role("radio", name=re.compile("仅退款")).check()
        await page.get_by_label("退款金额").fill("60,5")
        await page.get_by_role("button", name="下一步").click()
        await expect(page.get_by_text("退款 ¥60.50")).to_be_visible()
        await page.get_by_role("button", name="提交申请").click()
        await expect(page).to_have_url(re.compile("/claims/"))
        filed = await open_windows.row(
            "SELECT requested_cents, (SELECT count(*) FROM claim_evidence e WHERE e.claim_id = c.id) AS photos FROM claim c"
        )
        assert (filed.requested_cents, filed.photos) == (6_050, 1)


async def test_nothing_of_an_application_is_lost_without_a_word(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    shop = await a_shop(own_house)
    bought = await an_order(own_house, shop, Line("破壁料理机 L18", 29_900), customer="wang")
    async with windows(own_house, address, browser, shop) as open_windows:
        page = await open_windows.customer(bought)
        await page.goto(f"/orders/{bought.order_id}")
        await page.get_by_role("button", name="申请售后").click()
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_text("质量问题、坏了", exact=True).click()
        # The browser cuts off what is too long.
        await page.get_by_label("说明").fill("响" * 5_000)
        await expect(page.get_by_text("最多 4,000 字")).to_be_visible()
        await page.get_by_label("说明").fill("很响 🎉")
        await expect(page.get_by_text("最多 4,000 字")).to_be_hidden()
        # What an iPhone makes is a proof, whether this browser can draw it or not.
        picker = page.locator("input[type=file]").first
        heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"0" * 99
        await picker.set_input_files({"name": "IMG_1.heic", "mimeType": "image/heic", "buffer": heic})
        await expect(page.get_by_text("1 / 9")).to_be_visible()
        await expect(page.get_by_text("IMG_1.heic", exact=True)).to_be_visible()
        await page.get_by_role("button", name="移除 IMG_1.heic").click()
        # Picked without a line, and gone on from: it is sent when there is one, and asked for no more.
        await page.context.set_offline(True)
        await picker.set_input_files({"name": "crack.png", "mimeType": "image/png", "buffer": PICTURE})
        await expect(page.get_by_text("网络断开了")).to_be_visible()
        await page.get_by_role("button", name="下一步").click()
        await expect(page.get_by_role("heading", name="您希望怎么解决？")).to_be_visible()
        await page.context.set_offline(False)
        await page.get_by_role("radio", name=re.compile("仅退款")).check()
        await page.get_by_role("button", name="下一步").click()
        await expect(page.get_by_role("img", name="crack.png")).to_be_visible()
        await page.get_by_role("button", name="提交申请").click()
        await expect(page.get_by_role("heading", name="待商家处理")).to_be_visible()
        # What was asked is called as it was when it was chosen.
        await expect(page.get_by_text("质量问题、坏了", exact=True)).to_be_visible()
        # Who closes a form right after the last letter finds it again.
        await page.get_by_role("button", name="修改申请").click()
        form = page.get_by_role("dialog", name="修改申请")
        # What has come is not called 'never arrived'.
        reasons = "不想要了 尺码、规格不合适 质量问题、坏了 收到时就破了 发错了 少发了 和描述不一样 怀疑是假货 刚买就降价 和商家说好了 其他"
        await expect(form.get_by_label("原因").get_by_role("option")).to_have_text(reasons.split())
        await form.get_by_label("说明").fill("第一次用就这样")
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="修改申请").click()
        await expect(form.get_by_label("说明")).to_have_value("第一次用就这样")
        await page.keyboard.press("Escape")
        # The steps of what is sent are not gone back into.
        await page.go_back()
        await expect(page.get_by_role("heading", name="商品和您的权益")).to_be_visible()


async def test_an_offer_is_answered_with_another_amount(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    shop = await a_shop(own_house)
    bought = await an_order(own_house, shop, Line("扫拖机器人 S9", 280_000), customer="wang")
    async with begin(own_house, bought.buyer) as work:
        line = AskedLine(order_line_id=bought.line_ids[0], quantity=1)
        claim = await claims.apply(
            work, NewClaim(kind=ClaimKind.refund_only, reason=Reason.not_as_described, lines=[line])
        )
    async with begin(own_house, staff(shop, AGENT)) as work:
        offer = claims.NewOffer(asks="other_amount", amount_cents=10_000, words="补您 100 元可以吗？")
        await claims.offer(work, claim.id, offer)
    async with windows(own_house, address, browser, shop) as open_windows:
        page = await open_windows.customer(bought)
        await page.goto(f"/claims/{claim.id}")
        await page.get_by_role("button", name="不接受").click()
        form = page.get_by_role("dialog", name="不接受")
        await form.get_by_label("您希望退多少").fill("9999")
        await form.get_by_label("想对商家说的").fill("地毯模式不能用，800 可以接受")
        await form.get_by_role("button", name="不接受，发给商家").click()
        await expect(form.get_by_role("alert")).to_have_text(
            "请填大于 0、不超过 ¥2,800.00 的金额，例如 20.00。"
        )
        await form.get_by_label("您希望退多少").fill("800")
        # What was typed outlives a page that is loaded again.
        await page.reload()
        await page.get_by_role("button", name="不接受").click()
        await expect(form.get_by_label("您希望退多少")).to_have_value("800")
        await form.get_by_role("button", name="不接受，发给商家").click()
        await expect(page.get_by_role("heading", name="待商家处理")).to_be_visible()
        await expect(page.get_by_text("地毯模式不能用，800 可以接受")).to_be_visible()
        asked = await open_windows.row("SELECT requested_cents, edits FROM claim")
        assert (asked.requested_cents, asked.edits) == (80_000, 1)
