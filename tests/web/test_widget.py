"""A visitor on a shop's own page, of another origin, chats; an agent answers on the desk; the line breaks and comes again."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, BrowserContext, FrameLocator, Locator, Page, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from aftercare.cases import say, solve
from aftercare.conversations import Channel, NewAccount, add_account, close_chats
from aftercare.identity import ShopView
from aftercare.journal import House, begin, drain
from tests.api.world import PNG
from tests.given import AGENT, a_shop, staff
from tests.web.windows import DESK, PHONE, Windows, patient, windows

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><h1>{title}</h1><p><a href="/other">另一页</a> <button id="own">店铺自己的按钮</button></p>
<script src="{address}/widget.js" data-shop="{code}" async></script></html>"""
PHOTO: Any = {"name": "漏水.png", "mimeType": "image/png", "buffer": PNG}


@pytest_asyncio.fixture(loop_scope="session")
async def pages(address: str, own_house: House) -> AsyncIterator[tuple[str, ShopView]]:
    """The shop's own pages on another port, which is another origin; the content policy is as strict as a shop's may be."""
    shop = await a_shop(own_house)

    async def page(request: Request) -> HTMLResponse:
        title = "商品页" if request.url.path == "/" else "另一个商品"
        return HTMLResponse(
            PAGE.format(title=title, address=address, code=shop.code),
            headers={
                "Content-Security-Policy": f"default-src 'self'; script-src {address}; frame-src {address}"
            },
        )

    listening = socket.create_server(("localhost", 0))
    web = uvicorn.Server(
        uvicorn.Config(
            Starlette(routes=[Route("/{rest:path}", page)]),
            lifespan="off",
            log_config=None,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(web.serve(sockets=[listening]))
    origin = f"http://localhost:{listening.getsockname()[1]}"
    async with begin(own_house) as work:
        await add_account(
            work,
            NewAccount(
                shop_id=shop.id,
                kind=Channel.chat,
                name="网页客服",
                address="web",
                settings={"origins": [origin]},
            ),
        )
    yield origin, shop
    await close_chats(own_house)
    web.should_exit = True
    with suppress(asyncio.CancelledError):
        await serving


AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"


async def faults(page: Page) -> list[str]:
    """What a machine finds against the rules of accessibility."""
    if not AXE.is_file():
        pytest.skip("axe is not installed (npm ci)")
    await page.evaluate(AXE.read_text())
    found = await page.evaluate("axe.run()")
    return [f"{one['id']}: {one['nodes'][0]['html']}" for one in found["violations"]]


async def a_visitor(
    opened: Windows, size: dict[str, int], **more: Any
) -> tuple[BrowserContext, Page, FrameLocator]:
    context = await patient(opened.browser, size, **more)
    opened.stack.push_async_callback(context.close)
    page = await context.new_page()
    page.on("pageerror", lambda error: opened.thrown.append(str(error)))
    return context, page, page.frame_locator("aftercare-chat iframe")


async def types_on(page: Page, seen: Locator) -> None:
    """A sign goes on and off until the other side sees that somebody types: how late it hears of it, the line decides."""
    for _ in range(20):
        await page.keyboard.type("。")
        await page.keyboard.press("Backspace")
        with suppress(AssertionError):
            await expect(seen).to_be_visible(timeout=3_000)
            return
    raise AssertionError("nobody saw that somebody types")


async def test_a_visitor_chats_from_the_shops_page(
    own_house: House, pages: tuple[str, ShopView], address: str, browser: Browser
) -> None:
    origin, shop = pages
    agent = staff(shop, AGENT)
    async with windows(own_house, address, browser, shop) as opened:
        context, page, chat = await a_visitor(opened, DESK)
        await page.goto(origin)
        launcher = page.get_by_role("button", name="打开在线客服")
        await launcher.focus()
        await page.keyboard.press("Enter")
        # Nobody is there: the form comes first, and the visitor may write all the same.
        await expect(chat.get_by_role("heading", name="客服现在不在")).to_be_visible()
        await chat.get_by_role("button", name="直接在这里留言").click()
        box = chat.get_by_role("textbox", name="请输入您的问题…")
        await expect(box).to_be_focused()
        await box.fill("净水器接头漏水，怎么办？")
        await page.keyboard.press("Enter")
        log = chat.get_by_role("log")
        await expect(log).to_contain_text("净水器接头漏水，怎么办？")
        await expect(log).to_contain_text("已发送")

        # The agent finds it on the desk, sees that the customer is there, and answers.
        await drain(own_house)
        case = await opened.row("SELECT id, thread_id, channel, customer_id FROM service_case")
        assert (case.channel, case.customer_id) == ("chat", None)
        desk = await opened.staff("agent")
        await desk.goto(f"/desk?case={case.id}")
        await expect(desk.get_by_text("净水器接头漏水，怎么办？").first).to_be_visible()
        await expect(log).to_contain_text("已读")
        await expect(desk.get_by_text("客户在线")).to_be_visible()
        await box.press_sequentially("还有", delay=20)
        await types_on(page, desk.get_by_text("客户正在输入…"))
        await desk.keyboard.press("e")
        await expect(desk.get_by_label(re.compile("^回复 "))).to_be_focused()
        await desk.keyboard.type("您好，请先关闭进水阀，")
        await types_on(desk, chat.get_by_text("对方正在输入…"))
        await desk.keyboard.type("再拍一张照片给我。")
        # From wherever one stands in the editor.
        await desk.get_by_role("button", name="添加文件").focus()
        await desk.keyboard.press("Control+Enter")
        await expect(log).to_contain_text("再拍一张照片给我。")
        await expect(log).to_contain_text("周子航")

        # What was not sent yet is still there on the shop's next page; so is the talk.
        await page.get_by_role("link", name="另一页").click()
        await expect(page.get_by_role("heading", name="另一个商品")).to_be_visible()
        await expect(log).to_contain_text("再拍一张照片给我。")
        await expect(box).to_have_value("还有")

        # The line breaks; both write meanwhile; nothing is lost, nothing comes twice.
        await context.set_offline(True)
        await close_chats(own_house)
        own_house.kept.clear()
        await box.fill("我在电梯里")
        await box.press("Enter")
        async with begin(own_house, agent) as work:
            await say(work, case.id, "收到照片后为您安排上门")
        await asyncio.sleep(1)
        await context.set_offline(False)
        await expect(log).to_contain_text("收到照片后为您安排上门")
        await expect(log).to_contain_text("我在电梯里")
        await chat.locator("input[type=file]").set_input_files(PHOTO)
        await expect(chat.get_by_role("button", name="移除漏水.png")).to_be_visible()
        await chat.get_by_role("button", name="发送", exact=True).click()
        await expect(log.get_by_role("img", name="漏水.png")).to_be_visible()
        await expect(log).not_to_contain_text("发送中…")
        said = await opened.row(
            "SELECT array_agg(body ORDER BY position) AS bodies, count(DISTINCT thread_id) AS threads FROM message"
        )
        assert said.bodies == [
            "净水器接头漏水，怎么办？",
            "您好，请先关闭进水阀，再拍一张照片给我。",
            "收到照片后为您安排上门",
            "我在电梯里",
            "",
        ]
        assert said.threads == 1
        await expect(log.locator("li:not(.day) .text")).to_have_text([body for body in said.bodies if body])

        # Escape closes, the focus goes back to where it came from, and unread words are counted there.
        await box.press("Escape")
        await expect(page.locator("aftercare-chat section")).to_be_hidden()
        await expect(launcher).to_be_focused()
        async with begin(own_house, agent) as work:
            await say(work, case.id, "师傅明天上午到")
        await expect(page.get_by_role("button", name="打开在线客服 (1)")).to_be_visible()
        await launcher.click()
        await expect(log).to_contain_text("师傅明天上午到")

        # Solved: the visitor is asked how it was.
        async with begin(own_house, agent) as work:
            await solve(work, case.id)
        await expect(chat.get_by_role("heading", name="这次服务您满意吗？")).to_be_visible()
        await chat.get_by_title("5 星").click()
        await expect(chat.get_by_role("radio", name="5 星")).to_be_checked()
        await chat.get_by_label("说说您的感受（选填）").fill("很耐心")
        await chat.get_by_role("button", name="提交评价").click()
        await expect(chat.get_by_text("谢谢您的评价！")).to_be_visible()
        rated = await opened.row("SELECT stars, words, thread_id FROM conversation_rating")
        assert (rated.stars, rated.words, rated.thread_id) == (5, "很耐心", case.thread_id)


async def test_words_left_on_a_telephone_in_the_dark(
    own_house: House, pages: tuple[str, ShopView], address: str, browser: Browser
) -> None:
    origin, shop = pages
    async with windows(own_house, address, browser, shop) as opened:
        _, page, chat = await a_visitor(opened, PHONE, color_scheme="dark")
        await page.goto(origin)
        await page.get_by_role("button", name="打开在线客服").click()
        # It fills the screen, and the focus stays in it.
        box = await page.locator("aftercare-chat section").bounding_box()
        assert box is not None
        assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, PHONE["width"], PHONE["height"])
        await expect(chat.locator("html")).to_have_attribute("data-theme", "dark")
        question = chat.get_by_role("textbox", name="您的问题", exact=True)
        await expect(question).to_be_visible()
        for _ in range(12):
            await page.keyboard.press("Tab")
            inside = await page.evaluate(
                "document.activeElement === document.querySelector('aftercare-chat')"
            )
            assert inside
        await question.fill("充电器发热")
        await chat.get_by_label("邮箱或手机号").fill("不是地址")
        await chat.get_by_role("button", name="提交留言").click()
        await expect(chat.get_by_text("请填写可以联系到您的邮箱或手机号。")).to_be_visible()
        await chat.get_by_label("邮箱或手机号").fill("Li@Example.com")
        await chat.get_by_label("怎么称呼您（选填）").fill("小李")
        await chat.get_by_role("button", name="提交留言").click()
        await expect(chat.get_by_text("已收到您的留言，我们会通过 Li@Example.com 回复您。")).to_be_visible()
        row = await opened.row(
            "SELECT m.body, c.channel FROM message m JOIN service_case c ON c.thread_id = m.thread_id"
        )
        assert (row.body, row.channel) == ("〔离线留言〕小李 li@example.com\n充电器发热", "chat")
        await chat.get_by_role("button", name="关闭").first.click()


async def test_a_strange_page_cannot_frame_the_chat(
    own_house: House, pages: tuple[str, ShopView], address: str, browser: Browser
) -> None:
    origin, shop = pages
    async with windows(own_house, address, browser, shop) as opened:
        _, page, chat = await a_visitor(opened, DESK)
        # The same page under a name that the shop has not told us of.
        await page.goto(origin.replace("localhost", "127.0.0.1"))
        await page.get_by_role("button", name="打开在线客服").click()
        await asyncio.sleep(1)
        assert await chat.get_by_role("textbox").count() == 0


async def test_the_widget_is_read_by_a_machine_for_faults(
    own_house: House, pages: tuple[str, ShopView], address: str, browser: Browser
) -> None:
    _, shop = pages
    async with windows(own_house, address, browser, shop) as opened:
        for scheme in ("light", "dark"):
            _, page, _ = await a_visitor(opened, PHONE, color_scheme=scheme)
            await page.goto(f"{address}/chat/?shop={shop.code}")
            await expect(page.get_by_role("heading", name="客服现在不在")).to_be_visible()
            assert await faults(page) == []
            await page.get_by_role("button", name="直接在这里留言").click()
            await page.get_by_role("textbox").fill("您好")
            await page.keyboard.press("Enter")
            await expect(page.get_by_text("已发送")).to_be_visible()
            await page.get_by_role("button", name="更多").click()
            await expect(page.get_by_role("menu")).to_be_visible()
            assert await faults(page) == []
            await page.get_by_role("menuitem", name="评价这次服务").click()
            await expect(page.get_by_role("heading", name="这次服务您满意吗？")).to_be_visible()
            assert await faults(page) == []
