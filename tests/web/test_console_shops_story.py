"""A marketplace has more shops than a list can hold: the console finds them by a part of their name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from aftercare import identity
from aftercare.identity import CSRF_COOKIE, SESSION_COOKIE, NewAccount, NewShop, ShopView
from aftercare.identity.model import SessionKind
from aftercare.identity.sessions import open_session
from aftercare.journal import SYSTEM, House, begin
from tests.given.gateway import ToldGateway
from tests.identity.people import cheap_hash

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SELLERS = 60


async def sellers(house: House) -> list[ShopView]:
    async with begin(house, SYSTEM) as work:
        return [
            await identity.new_shop(
                work,
                NewShop(
                    code=f"seller-{n}", name=f"São Paulo {n:03}", market="BR", currency="BRL", locale="en"
                ),
            )
            for n in range(SELLERS)
        ]


@asynccontextmanager
async def owner(house: House, address: str, browser: Browser) -> AsyncIterator[Page]:
    async with begin(house, SYSTEM) as work:
        await identity.seed_roles(work)
        account = await identity.create_account(
            work,
            NewAccount(email="owner@example.com", name="沈月华", role="owner", shops=None),
            password_hash=cheap_hash(),
        )
        opened = await open_session(
            work, kind=SessionKind.staff, how="test", locale="zh-CN", account_id=account.id
        )
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, locale="zh-CN", base_url=address, service_workers="block"
    )
    context.set_default_timeout(60_000)
    await context.add_cookies(
        [
            {"name": SESSION_COOKIE, "value": opened.token, "url": address},
            {"name": CSRF_COOKIE, "value": opened.csrf, "url": address},
        ]
    )
    thrown: list[str] = []
    page = await context.new_page()
    page.on("pageerror", lambda error: thrown.append(str(error)))
    yield page
    await context.close()
    assert thrown == []


async def test_one_of_many_shops_is_found_by_typing_and_holds_on_every_page(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    wanted = (await sellers(own_house))[57]
    async with owner(own_house, address, browser) as page:
        await page.goto("/console/claims")
        shop = page.get_by_role("combobox", name="店铺")
        await expect(shop).to_have_value("全部店铺")

        await shop.click()
        options = page.get_by_role("listbox", name="店铺").get_by_role("option")
        await expect(options).to_have_count(50)
        await expect(page.get_by_text(f"还有 {SELLERS + 1 - 50} 家")).to_be_visible()
        await page.keyboard.type("sao 057")
        await expect(options).to_have_text([wanted.name])
        await page.keyboard.press("Enter")
        await expect(shop).to_have_value(wanted.name)

        await page.goto("/console/insight/costs")
        await expect(shop).to_have_value(wanted.name)
        await shop.click()
        await page.keyboard.type("nobody of that name")
        await expect(page.get_by_text("没有这个名字的店铺")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(shop).to_have_value(wanted.name)


async def test_several_of_many_shops_are_added_one_by_one_and_the_list_of_shops_is_searched(
    own_house: House, gateway: ToldGateway, address: str, browser: Browser
) -> None:
    shops = await sellers(own_house)
    async with owner(own_house, address, browser) as page:
        await page.goto("/console/users")
        await page.get_by_role("button", name="邀请成员").click()
        form = page.get_by_role("dialog", name="邀请成员")
        await form.get_by_label("邮箱").fill("new@example.com")
        await form.get_by_label("名称").fill("新同事")
        await form.get_by_label("全部店铺").uncheck()
        add = form.get_by_role("combobox", name="添加店铺")
        for words in ("paulo 003", "paulo 041", "paulo 007"):
            await add.click()
            await page.keyboard.type(words)
            await page.keyboard.press("Enter")
        await form.get_by_role("button", name="去掉São Paulo 041").click()
        await form.get_by_role("button", name="建立账号并取得链接").click()
        await expect(page.get_by_text("/console/password#")).to_be_visible()
        told = await (await page.request.get("/api/users?search=new@example.com")).json()
        assert [set(user["shops"]) for user in told["items"] if user["email"] == "new@example.com"] == [
            {str(shops[3].id), str(shops[7].id)}
        ]

        await page.goto("/console/shops")
        rows = page.get_by_role("table").get_by_role("row")
        await expect(rows).to_have_count(1 + 50)
        await page.get_by_label("店铺名称或代码").fill("seller-59")
        await expect(rows).to_have_count(1 + 1)
        await expect(rows.nth(1)).to_contain_text("São Paulo 059")
