"""Windows onto the faces for whoever a test needs, already signed in: typing passwords is a story of its own."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from playwright.async_api import Browser, BrowserContext, Locator, Page, expect
from sqlalchemy import text

from aftercare import identity, people
from aftercare.identity import CSRF_COOKIE, SESSION_COOKIE, NewAccount, ShopView
from aftercare.identity.model import SessionKind
from aftercare.identity.sessions import open_session
from aftercare.journal import SYSTEM, House, begin, drain
from tests.given import Bought
from tests.identity.people import cheap_hash

PATIENCE = 60_000
"""Milliseconds that a page may take: other tests use the same processors."""
DESK = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
NAMES = {
    "agent": "周子航",
    "warehouse": "罗大勇",
    "finance": "钱守正",
    "arbiter": "郑平",
    "supervisor": "林若溪",
}


@dataclass
class Windows:
    """Each member of staff has one, and keeps it; a page whose code throws fails the test."""

    house: House
    address: str
    browser: Browser
    shop: ShopView
    stack: AsyncExitStack
    thrown: list[str] = field(default_factory=list)
    _open: dict[str, Page] = field(default_factory=dict)

    async def staff(self, role: str) -> Page:
        if role not in self._open:
            async with begin(self.house, SYSTEM) as work:
                await identity.seed_roles(work)
                account = await identity.create_account(
                    work,
                    NewAccount(
                        email=f"{role}@example.com", name=NAMES[role], role=role, shops=[self.shop.id]
                    ),
                    password_hash=cheap_hash(),
                )
                takes = people.MemberProfile(shop_ids=[self.shop.id], languages=["zh"])
                await people.set_profile(work, account.id, takes)
                opened = await open_session(
                    work, kind=SessionKind.staff, how="test", locale="zh-CN", account_id=account.id
                )
            self._open[role] = await self._page(DESK, opened)
        return self._open[role]

    async def customer(self, bought: Bought) -> Page:
        async with begin(self.house, SYSTEM) as work:
            opened = await identity.open_customer_session(
                work, customers=[bought.customer_id], shops=[bought.shop.id], contact="wang@example.test"
            )
        return await self._page(PHONE, opened)

    async def _page(self, size: dict[str, int], opened: Any) -> Page:
        context = await patient(self.browser, size, base_url=self.address, service_workers="block")
        self.stack.push_async_callback(context.close)
        await context.add_cookies(
            [
                {"name": SESSION_COOKIE, "value": opened.token, "url": self.address},
                {"name": CSRF_COOKIE, "value": opened.csrf, "url": self.address},
            ]
        )
        page = await context.new_page()
        page.on("pageerror", lambda error: self.thrown.append(str(error)))
        return page

    async def case_of(self, role: str, claim_id: UUID) -> Page:
        """The desk with the case of this claim open, found by the claim's own address."""
        page = await self.staff(role)
        await page.goto(f"/desk/claims/{claim_id}")
        await expect(page.locator(".next-bar")).to_be_visible()
        return page

    async def state_of(self, claim_id: UUID) -> str:
        """After all that follows has followed."""
        await drain(self.house)
        return str((await self.row("SELECT state FROM claim WHERE id = :id", id=claim_id)).state)

    async def row(self, statement: str, **values: Any) -> Any:
        async with begin(self.house, SYSTEM) as work:
            return (await work.session.execute(text(statement), values)).one()


@asynccontextmanager
async def windows(house: House, address: str, browser: Browser, shop: ShopView) -> AsyncIterator[Windows]:
    async with AsyncExitStack() as stack:
        opened = Windows(house, address, browser, shop, stack)
        yield opened
        assert opened.thrown == []


async def patient(browser: Browser, size: dict[str, int], **more: Any) -> BrowserContext:
    """A Chinese reader's browser, which waits as long as a slow machine takes."""
    context = await browser.new_context(
        viewport={"width": size["width"], "height": size["height"]}, locale="zh-CN", **more
    )
    context.set_default_timeout(PATIENCE)
    return context


async def start(page: Page, verb: str) -> Locator:
    """Presses the verb, wherever the bar keeps it, and gives the form that opens."""
    bar = page.locator(".next-bar")
    front = bar.get_by_role("button", name=verb, exact=True)
    more = bar.get_by_role("button", name="更多")
    await expect(front.or_(more).first).to_be_visible()
    if await front.count():
        await front.click()
    else:
        await more.click()
        await page.get_by_role("menuitem", name=verb, exact=True).click()
    return page.get_by_role("dialog", name=verb)


async def finish(form: Locator, verb: str) -> None:
    await form.get_by_role("button", name=verb, exact=True).click()
    await expect(form).to_be_hidden()
