"""The forms of the console in a real browser: each sent with wrong input and with right, and what it says looked at."""

import re
from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import Locator, Page, expect
from sqlalchemy import text

from aftercare.journal import SYSTEM, begin
from tests.stories.browsers import A_STORY, DESK, Scene
from tests.stories.whole_job import Job
from tests.stories.words import Words

pytestmark = A_STORY


async def cannot(button: Locator, because: str) -> None:
    """The button waits, and says beside it for what."""
    await expect(button).to_be_disabled()
    await expect(button).to_have_accessible_description(because)


async def told(page: Page, words: str) -> None:
    await expect(page.get_by_role("status").filter(has_text=words).first).to_be_visible()


async def a_role_comes_and_goes(page: Page) -> None:
    await page.goto("/console/roles")
    await page.get_by_role("button", name="新建角色").click()
    form = page.get_by_role("dialog", name="新建角色")
    make = form.get_by_role("button", name="新建", exact=True)
    await cannot(make, "还差：角色名")
    await form.get_by_label("角色名").fill("owner")
    await make.click()
    await expect(form.get_by_role("alert").first).to_be_visible()
    await form.get_by_label("角色名").fill("夜班组长")
    await make.click()
    await expect(page.get_by_role("columnheader", name="夜班组长")).to_be_visible()
    cell = page.get_by_role("checkbox", name=re.compile("^夜班组长: ")).first
    await cell.click()
    await page.get_by_role("button", name=re.compile("^保存 1 个角色")).click()
    await told(page, "夜班组长的权限已更新")
    await page.get_by_role("button", name="删除夜班组长").click()
    await page.get_by_role("dialog").get_by_role("button", name="删除", exact=True).click()
    await expect(page.get_by_role("columnheader", name="夜班组长")).to_have_count(0)


async def a_webhook_is_added(page: Page) -> None:
    await page.goto("/console/insight/sharing")
    await page.get_by_role("button", name="添加推送").click()
    form = page.get_by_role("dialog", name="添加推送")
    add = form.get_by_role("button", name="添加推送")
    await cannot(add, "还差：名称和地址")
    await form.get_by_label("名称", exact=True).fill("仓库系统")
    await form.get_by_label("地址", exact=True).fill("http://127.0.0.1/x")
    await add.click()
    await expect(form.get_by_role("alert").first).to_be_visible()
    await form.get_by_label("地址", exact=True).fill("https://wms.example.com/aftercare")
    await add.click()
    await expect(form.get_by_text("这是签名密钥，只显示这一次")).to_be_visible()
    await form.get_by_role("button", name="完成").click()
    await expect(page.get_by_role("cell", name=re.compile("仓库系统"))).to_be_visible()


async def an_export_is_planned(page: Page) -> None:
    await page.goto("/console/insight/sharing")
    await page.get_by_role("button", name="添加导出").click()
    form = page.get_by_role("dialog", name="添加导出")
    add = form.get_by_role("button", name="添加导出")
    await cannot(add, "还差：名称")
    await form.get_by_label("名称", exact=True).fill("给市场部的周报")
    await add.click()
    row = page.get_by_role("row").filter(has_text="给市场部的周报")
    await expect(row).to_be_visible()
    await row.get_by_role("button", name="删除").click()
    await expect(row).to_have_count(0)


async def a_template_is_mended(page: Page) -> None:
    await page.goto("/console/templates")
    title = page.get_by_label("标题")
    save = page.get_by_role("button", name="保存", exact=True)
    await expect(title).to_be_visible()
    was = await title.input_value()
    await cannot(save, "还没有改动")
    await title.fill("您好 {{ nobody_knows_it }}")
    await cannot(save, "请先改正预览里指出的问题")
    await title.fill(was + "。")
    await expect(save).to_be_enabled()
    await save.click()
    await told(page, "模板已保存")
    await page.get_by_role("button", name="恢复自带文字").click()
    await page.get_by_role("dialog").get_by_role("button", name="恢复自带文字").click()
    await told(page, "已恢复自带文字")


async def a_calendar_has_a_day_off(page: Page) -> None:
    await page.goto("/console/calendars")
    monday = page.get_by_label("周一")
    save = page.get_by_role("button", name="保存", exact=True)
    await expect(monday).to_be_visible()
    was = await monday.input_value()
    await cannot(save, "还没有改动")
    await monday.fill("九点到十八点")
    await cannot(save, "周一的时段写法不对")
    await monday.fill("10:00-16:00")
    await save.click()
    await told(page, "日历已保存")
    await monday.fill(was)
    await save.click()
    # What was said of the first saving still stands there; that nothing is left to save is of the second.
    await cannot(save, "还没有改动")
    day = page.locator("button.day").nth(40)
    await day.click()
    form = page.get_by_role("dialog")
    await form.get_by_text("休息", exact=True).click()
    await expect(form.get_by_label("休息")).to_be_checked()
    await form.get_by_role("button", name="保存").click()
    await expect(page.locator("button.day.is-own")).to_have_count(1)


async def a_policy_is_tried(page: Page) -> None:
    await page.goto("/console/policies")
    await page.get_by_role("button", name="用过去的售后单试算").click()
    await expect(page.get_by_text(re.compile("用过去一年的 .* 条申请重算"))).to_be_visible()


async def a_decision_begins_with_a_template(page: Page) -> None:
    await page.goto("/console/templates")
    title = page.get_by_label("标题")
    await expect(title).to_be_visible()
    await title.fill(await title.input_value() + "——我们马上办")
    await page.get_by_role("button", name="作为决策试行").click()
    form = page.get_by_role("dialog", name="新的决策")
    save = form.get_by_role("button", name="存为草稿")
    await cannot(save, "还差：假设和目标")
    await form.get_by_label("假设").fill("标题说清下一步，客户就不用再问。")
    await form.get_by_label(re.compile("^目标：")).fill("5")
    await save.click()
    await expect(page).to_have_url(re.compile(r"/insight/decisions/[0-9a-f-]{36}$"))
    await expect(page.get_by_text("草稿").first).to_be_visible()


async def a_decision_begins_with_a_rule_of_routing(page: Page) -> None:
    await page.goto("/console/people")
    part = page.locator("section").filter(has=page.get_by_role("heading", name="忙不过来时"))
    tick = part.get_by_role("checkbox").first
    await expect(tick).to_be_visible()
    if not await tick.is_checked():
        await cannot(part.get_by_role("button", name="保存", exact=True), "还差：交给这些店的人")
        await tick.check()
    await part.get_by_role("button", name="作为决策试行").click()
    form = page.get_by_role("dialog", name="新的决策")
    await expect(form.get_by_text("派单规则 · 忙不过来时")).to_be_visible()


async def a_decision_begins_with_a_policy(page: Page) -> None:
    await page.goto("/console/policies")
    days = page.get_by_role("spinbutton").first
    await expect(days).to_be_visible()
    await days.fill(str(int(await days.input_value()) + 1))
    await page.get_by_role("button", name="存为草稿").click()
    await told(page, "草稿已保存")
    await page.get_by_role("button", name="作为决策试行").click()
    form = page.get_by_role("dialog", name="新的决策")
    await expect(form.get_by_text("售后政策", exact=True)).to_be_visible()
    await cannot(form.get_by_role("button", name="存为草稿"), "还差：名称、假设和目标")


FORMS: list[Callable[[Page], Awaitable[None]]] = [
    a_role_comes_and_goes,
    a_webhook_is_added,
    an_export_is_planned,
    a_template_is_mended,
    a_calendar_has_a_day_off,
    a_policy_is_tried,
    a_decision_begins_with_a_template,
    a_decision_begins_with_a_rule_of_routing,
    a_decision_begins_with_a_policy,
]


@pytest.mark.parametrize("sent", FORMS)
async def test_a_form_takes_what_is_right_and_says_what_is_wrong(
    demo: Scene, sent: Callable[[Page], Awaitable[None]]
) -> None:
    async with demo.page(DESK) as page:
        await Job(demo, demo.bought[0], Words("zh-CN"), "console").sign_in(page, "owner", "/console")
        await expect(page.get_by_role("navigation").first).to_be_visible()
        await sent(page)


async def test_what_did_not_follow_is_retried_or_set_aside(demo: Scene) -> None:
    async with begin(demo.house, SYSTEM) as work:
        await work.session.execute(
            text(
                "INSERT INTO delivery (reaction, position, transaction, at, lane, state, attempts, next_at, error)"
                " SELECT 'cases.make_findable', position, transaction, at, gen_random_uuid(), 'failed', 8, now(),"
                " 'ConnectionError: nobody answers' FROM fact WHERE name = 'case.opened' LIMIT 2"
            )
        )
    async with demo.page(DESK) as page:
        await Job(demo, demo.bought[0], Words("zh-CN"), "console").sign_in(page, "owner", "/console")
        await expect(page.get_by_role("navigation").first).to_be_visible()
        await page.goto("/console/failed")
        rows = page.get_by_role("row").filter(has_text="让个案可以搜到")
        await expect(rows).to_have_count(2)
        await rows.first.get_by_role("button", name="重试").click()
        await told(page, "正在重试")
        await expect(rows).to_have_count(1)
        await rows.first.get_by_role("button", name="搁置").click()
        await page.get_by_role("dialog").get_by_role("button", name="搁置").click()
        await expect(rows.first.get_by_text("已搁置")).to_be_visible()


async def test_a_decision_begins_with_a_version_of_the_assistant(demo: Scene) -> None:
    async with begin(demo.house, SYSTEM) as work:
        await work.session.execute(
            text(
                "INSERT INTO assistant_model (id, name, version, digest, trained_on, examples, intents, scores, trained_at, state)"
                " VALUES (gen_random_uuid(), 'house', 7, '', '', 6177, 30, '{\"accuracy\": 0.9}', now(), 'candidate')"
            )
        )
    async with demo.page(DESK) as page:
        await Job(demo, demo.bought[0], Words("zh-CN"), "console").sign_in(page, "owner", "/console")
        await expect(page.get_by_role("navigation").first).to_be_visible()
        await page.goto("/console/assistant")
        row = page.get_by_role("row").filter(has_text="house 7")
        await row.get_by_role("button", name="作为决策试行").click()
        form = page.get_by_role("dialog", name="新的决策")
        await expect(form.get_by_text("智能助手版本 · house 7")).to_be_visible()
        await cannot(form.get_by_role("button", name="存为草稿"), "还差：假设和目标")
