"""What an agent does in a hurry: solutions stand beside the case, slips are taken back, words survive the browser."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from aftercare import cases
from aftercare.cases import NewMacro
from aftercare.claims import ClaimKind, Reason
from aftercare.conversations import (
    CallEvent,
    CallHappening,
    Channel,
    Direction,
    NewAnswerTemplate,
    note_call,
    set_answer_template,
)
from aftercare.journal import SYSTEM, Actor, ActorKind, House, begin, drain
from aftercare.knowledge import NewSolution, keep_solution
from tests.conversations.given import an_account
from tests.given import AGENT, Line, a_shop, an_order
from tests.given.gateway import ToldGateway
from tests.web.test_desk_story import applied, do
from tests.web.windows import Windows, windows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

STOOD = "SELECT status, closing, priority, tags, owner_id, snoozed_until, solved_at FROM service_case WHERE id = :id"


async def a_case(desk: Windows, title: str) -> tuple[Page, UUID]:
    """Open before the agent, the customer's claim undecided."""
    bought = await an_order(desk.house, desk.shop, Line(title, 80_000))
    claim = await applied(desk.house, bought, ClaimKind.refund_only, Reason.defective)
    await drain(desk.house)
    page = await desk.case_of("agent", claim)
    found = await desk.row("SELECT case_id FROM claim WHERE id = :id", id=claim)
    return page, found.case_id


async def stood(desk: Windows, case_id: UUID) -> tuple[Any, ...]:
    return tuple(await desk.row(STOOD, id=case_id))


async def undoing(page: Page) -> Locator:
    """The offer to take back what was done last, which stays as long as the mouse is on it."""
    offer = page.locator(".toast").last.get_by_role("button", name="撤销")
    await offer.hover()
    return offer


async def test_slips_are_taken_back(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        page, case_id = await a_case(desk, "破壁料理机 L18")
        agent = (await desk.row("SELECT id FROM account WHERE email = 'agent@example.com'")).id
        actor = Actor(ActorKind.staff, agent, frozenset({desk.shop.id}), AGENT)
        async with begin(own_house, actor) as work:
            steps: list[Any] = [
                {"do": "priority", "priority": "urgent"},
                {"do": "tag", "add": ["漏水"]},
                {"do": "note", "words": "请主管看一下"},
                {"do": "give", "to": "me"},
                {"do": "snooze", "hours": 24},
            ]
            await cases.save_macro(
                work, desk.shop.id, NewMacro.model_validate({"name": "转主管关注", "steps": steps})
            )
        texts = NewAnswerTemplate.model_validate(
            {"name": "催办", "words": {"zh-CN": "已为您催办，有进展马上告诉您。"}}
        )
        async with begin(own_house, SYSTEM) as work:
            answer = await set_answer_template(work, desk.shop.id, texts)
        async with begin(own_house, actor) as work:
            says: list[Any] = [{"do": "answer", "template_id": answer.id}]
            await cases.save_macro(
                work, desk.shop.id, NewMacro.model_validate({"name": "催办回复", "steps": says})
            )
        await page.reload()
        before = await stood(desk, case_id)
        status = page.locator("header code + span")

        # Closed with the wrong reason.
        await do(page, "关闭个案")
        await page.get_by_role("dialog", name="关闭个案").get_by_role("button", name="垃圾信息").click()
        await expect(status).to_have_text("已关闭")
        back = await undoing(page)
        assert (await stood(desk, case_id))[:2] == ("closed", "spam")
        await back.click()
        await expect(status).not_to_have_text("已关闭")
        assert await stood(desk, case_id) == before

        # Nothing is not an answer.
        await page.get_by_role("button", name="快捷操作").click()
        await page.get_by_role("menuitem", name="催办回复").click()
        form = page.get_by_role("dialog", name="催办回复")
        words = form.get_by_label("发给客户的话")
        await expect(words).to_have_value("已为您催办，有进展马上告诉您。")
        await expect(form.get_by_role("button", name="执行")).to_be_enabled()
        await words.fill(" ")
        await expect(form.get_by_role("button", name="执行")).to_be_disabled()
        await page.keyboard.press("Escape")
        await expect(form).to_be_hidden()

        # Several actions at once, all of them taken back; what was written stays.
        await page.get_by_role("button", name="快捷操作").click()
        await page.get_by_role("menuitem", name="转主管关注").click()
        form = page.get_by_role("dialog", name="转主管关注")
        await expect(form.get_by_role("listitem")).to_have_count(5)
        await form.get_by_role("button", name="执行").click()
        await expect(form).to_be_hidden()
        await expect(page.get_by_text(re.compile("^已推迟到"))).to_be_visible()
        back = await undoing(page)
        done = await desk.row(STOOD, id=case_id)
        assert (done.priority, "漏水" in done.tags, done.owner_id) == ("urgent", True, agent)
        await back.click()
        await expect(page.get_by_text("已撤销", exact=True)).to_be_visible()
        assert await stood(desk, case_id) == before
        await expect(page.get_by_role("list", name="经过")).to_contain_text("请主管看一下")

        # A call back ticked off by mistake.
        line = await an_account(own_house, desk.shop.id, Channel.phone, "+8621555500")
        async with begin(own_house, SYSTEM) as work:
            missed = CallEvent(
                external_id="c-1",
                happening=CallHappening.missed,
                direction=Direction.inbound,
                them="+8613800138111",
                at=own_house.clock() - timedelta(minutes=2),
            )
            call = await note_call(work, line, missed)
        await drain(own_house)
        await page.reload()
        await page.get_by_role("button", name="1 个电话待回").click()
        owed = page.get_by_role("dialog", name="待回电")
        await expect(owed).to_contain_text("+8613800138111")
        for press, outcome in (("已回电", "done"), ("不用回", "not_needed")):
            await owed.get_by_role("button", name=press).click()
            await expect(owed.get_by_text("没有待回的电话")).to_be_visible()
            await page.keyboard.press("Escape")
            await expect(owed).to_be_hidden()
            back = await undoing(page)
            settled = await desk.row("SELECT call_back FROM call WHERE id = :id", id=call)
            assert settled.call_back == outcome
            await back.click()
            await page.get_by_role("button", name="1 个电话待回").click()
            await expect(owed).to_contain_text("+8613800138111")
        again = await desk.row("SELECT call_back, called_back_at FROM call WHERE id = :id", id=call)
        assert tuple(again) == ("due", None)


async def test_solutions_stand_beside_a_case_and_words_survive_the_browser(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    async with windows(own_house, address, browser, await a_shop(own_house)) as desk:
        async with begin(own_house, SYSTEM) as work:
            for problem, remedy in (
                ("破壁料理机杯盖漏水", "换密封圈，附更换视频"),
                ("破壁料理机有异响", "拧紧刀组再试"),
                ("破壁料理机不通电", "检查安全锁是否到位"),
                ("落地扇不转", "寄新电机"),
            ):
                new = NewSolution(shop_id=desk.shop.id, problem=problem, remedy=remedy)
                await keep_solution(work, new)
        page, case_id = await a_case(desk, "破壁料理机 L18")
        likely = page.get_by_role("region", name="相似的个案这样解决")
        await expect(likely.get_by_role("listitem")).to_have_count(3)
        await likely.get_by_role("button", name=re.compile("杯盖漏水")).click()
        solution = page.get_by_role("article").filter(has_text="杯盖漏水")
        await solution.get_by_role("button", name="采用并填入").click()
        box = page.get_by_label(re.compile("^回复 "))
        await expect(box).to_have_value("换密封圈，附更换视频")

        # The browser dies at the very key: what was typed is there again.
        await box.press_sequentially("。您先看看")
        context = page.context
        await page.close()
        page = await context.new_page()
        await page.goto(f"/desk?case={case_id}")
        await page.get_by_text(re.compile("^草稿：")).click()
        box = page.get_by_label(re.compile("^回复 "))
        await expect(box).to_have_value("换密封圈，附更换视频。您先看看")
        await expect(page.get_by_text("草稿已保存")).to_be_visible()
        kept = "SELECT body FROM draft WHERE account_id = (SELECT id FROM account WHERE email = 'agent@example.com')"
        assert (await desk.row(kept)).body == "换密封圈，附更换视频。您先看看"

        await box.press("Control+Enter")
        await expect(page.get_by_role("list", name="经过")).to_contain_text("您先看看")
        await page.reload()
        await expect(page.get_by_role("button", name=re.compile("^回复 "))).to_be_visible()
        # Answered: the customer's turn, and no draft left.
        await expect(page.get_by_text(re.compile("^草稿："))).to_be_hidden()
        await expect(page.get_by_role("region", name="相似的个案这样解决")).to_be_hidden()
