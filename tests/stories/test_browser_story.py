"""The return as people do it: in a real browser, the customer on a phone, on an imported order."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.api.world import PNG
from tests.faults.installed import rows_of
from tests.identity.people import PASSWORD
from tests.stories.browsers import DESK, PATIENCE, PHONE, WHY_NOT, Scene, a_scene, shoot

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
]
expect.set_options(timeout=PATIENCE)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def scene(tmp_path_factory: pytest.TempPathFactory, shared_data: Path) -> AsyncIterator[Scene]:
    async with a_scene(tmp_path_factory.mktemp("story"), shared_data / "orders_olist") as found:
        yield found


async def enter(page: Page, scene: Scene, words: dict[str, str]) -> None:
    await page.goto("/")
    await page.get_by_label(words["number"]).fill(scene.bought.number)
    await page.get_by_label(words["contact"]).fill(scene.bought.email)
    await shoot(page, f"portal-enter-{words['locale']}")
    await page.get_by_role("button", name=words["send"]).click()
    code = page.get_by_label(words["code"])
    await expect(code).to_be_visible()
    await code.press_sequentially(await scene.code_for(scene.bought.email))
    await expect(page.get_by_role("heading", name=words["home"])).to_be_visible()
    await shoot(page, f"portal-home-{words['locale']}")


CHINESE = {
    "locale": "zh-CN",
    "number": "订单号",
    "contact": "手机号或邮箱",
    "send": "获取验证码",
    "code": "六位验证码",
    "home": "我的售后",
}


async def test_a_return_by_telephone_seen_at_the_desk(scene: Scene) -> None:
    async with scene.page(PHONE) as page:
        await enter(page, scene, CHINESE)
        await page.get_by_role("link", name=re.compile(re.escape(scene.bought.title))).first.click()
        await page.get_by_role("button", name="申请售后").first.click()
        await expect(page.get_by_role("heading", name="哪件商品？")).to_be_visible()
        goods = page.get_by_role("checkbox", name=scene.bought.title)
        if not await goods.is_checked():
            await goods.check(force=True)
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_role("radio", name="不想要了").check(force=True)
        await page.locator('input[type="file"]').first.set_input_files(
            {"name": "照片.png", "mimeType": "image/png", "buffer": PNG}
        )
        await shoot(page, "portal-apply-why")
        await page.get_by_role("button", name="下一步").click()
        await page.get_by_role("radio", name=re.compile("退货退款")).check(force=True)
        await shoot(page, "portal-apply-wish")
        await page.get_by_role("button", name="下一步").click()
        await expect(page.get_by_role("heading", name="确认后提交")).to_be_visible()
        await page.get_by_role("button", name="提交申请").click()
        await expect(page).to_have_url(re.compile(r"/claims/[0-9a-f-]{36}"))
        await expect(page.get_by_text("寄回到").first).to_be_visible()
        await shoot(page, "portal-claim")
    (claim,) = await rows_of(scene.there.house, "SELECT number, state FROM claim")
    assert claim.state == "awaiting_return"
    async with scene.page(DESK) as page:
        await page.goto("/desk")
        await page.get_by_label("邮箱").fill("agent@example.com")
        await page.get_by_label("密码", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="登录").click()
        # Approved by policy it waits for the customer, not for us: it stands among all cases.
        await expect(page.get_by_role("heading", name="等我们回复")).to_be_visible()
        await page.goto("/desk/?view=all")
        await expect(page.get_by_text(scene.bought.title).first).to_be_visible()
        await shoot(page, "desk-queue")


async def test_entering_in_english(scene: Scene) -> None:
    async with scene.page(PHONE, "en-GB") as page:
        await page.goto("/")
        await expect(page.get_by_label("Order number")).to_be_visible()
        await expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
        await shoot(page, "portal-enter-en")
        await page.get_by_label("Order number").fill("no such order")
        await page.get_by_label("E-mail or phone").fill("nobody@example.test")
        await page.get_by_role("button", name="Send me a code").click()
        await expect(page.get_by_label("Six-digit code")).to_be_visible()
