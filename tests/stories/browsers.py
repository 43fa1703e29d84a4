"""A live installation with an imported order of the marketplace, and a real browser in front of it."""

import email
import os
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.policy import SMTP
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import text

from aftercare import identity
from aftercare.app import WEB
from aftercare.connectors.olist import import_olist
from aftercare.identity import NewAccount, ShopChange, ShopView
from aftercare.journal import SYSTEM, begin
from tests.connectors.test_olist import cut
from tests.faults.installed import Installed, installed, rows_of, until
from tests.faults.processes import ROOT
from tests.given import ADDRESS
from tests.identity.people import cheap_hash

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
PICTURES = ROOT / "var" / "screens"
PATIENCE = 60_000
"""Milliseconds that a page may take: other tests use the same processors."""

WHY_NOT = (
    "no Chromium on this machine"
    if CHROMIUM is None
    else "the web front end is not built: npm run build in web/"
    if not (WEB / "portal.html").is_file()
    else None
)


@dataclass
class Bought:
    number: str
    email: str
    title: str
    shop: ShopView


@dataclass
class Scene:
    """Live at `url`; everybody of the staff signs in as ROLE@example.com with PASSWORD."""

    there: Installed
    url: str
    bought: Bought
    browser: Browser

    @asynccontextmanager
    async def page(self, size: dict[str, int], locale: str = "zh-CN") -> AsyncIterator[Page]:
        """A fresh browser window; fails the test when the page's own code throws."""
        context = await self.browser.new_context(
            base_url=self.url,
            viewport={"width": size["width"], "height": size["height"]},
            locale=locale,
            has_touch=size is PHONE,
        )
        context.set_default_timeout(PATIENCE)
        page = await context.new_page()
        thrown: list[str] = []
        page.on("pageerror", lambda error: thrown.append(str(error)))
        try:
            yield page
            assert thrown == []
        finally:
            await context.close()

    async def code_for(self, address: str) -> str:
        """The six digits of the newest letter to this address."""
        outbox = self.there.home / "outbox"
        found: list[str] = []

        async def arrived() -> bool:
            for file in sorted(outbox.glob("*.eml"), key=lambda one: one.stat().st_mtime, reverse=True):
                letter: Any = email.message_from_bytes(file.read_bytes(), policy=SMTP)
                digits = re.search(r"\b(\d{6})\b", letter.get_body(("plain",)).get_content())
                if letter["To"] is not None and address in letter["To"] and digits:
                    found.append(digits.group(1))
                    return True
            return False

        await until(arrived, what=f"the letter with the code for {address}")
        return found[0]


async def shoot(page: Page, name: str) -> None:
    """A picture for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@asynccontextmanager
async def a_scene(home: Path, olist: Path) -> AsyncIterator[Scene]:
    more = {"AFTERCARE_SANDBOX_GATEWAY": "true", "PYTHONDONTWRITEBYTECODE": "1"}
    async with installed(home / "home", **more) as there:
        await import_olist(there.house, cut(olist, home / "olist"), contact_domain="buyers.example")
        bought = await _delivered_two_days_ago(there)
        async with begin(there.house, SYSTEM) as work:
            for role in ("owner", "agent", "warehouse", "finance"):
                await identity.create_account(
                    work,
                    NewAccount(
                        email=f"{role}@example.com",
                        name=role,
                        role=role,
                        shops=None if role == "owner" else [bought.shop.id],
                    ),
                    password_hash=cheap_hash(),
                )
        url = there.start_web("web", "--with-worker")
        await until(there.answers, what="the web")
        async with async_playwright() as playwright:
            arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
            try:
                yield Scene(there, url, bought, browser)
            finally:
                await browser.close()


async def _delivered_two_days_ago(there: Installed) -> Bought:
    """The newest delivered order of one line, moved to this week, and paid through the sandbox."""
    (row,) = await rows_of(
        there.house,
        "SELECT o.id, o.number, o.shop_id, o.delivered_at, c.email, l.title FROM sales_order o"
        " JOIN customer c ON c.id = o.customer_id JOIN order_line l ON l.order_id = o.id"
        " WHERE o.status = 'delivered' AND c.email IS NOT NULL"
        " AND (SELECT count(*) FROM order_line x WHERE x.order_id = o.id) = 1"
        " AND (SELECT count(*) FROM sales_order x WHERE x.customer_id = o.customer_id) = 1"
        " ORDER BY o.delivered_at DESC, o.id LIMIT 1",
    )
    later = datetime.now(UTC) - timedelta(days=2) - row.delivered_at
    async with begin(there.house, SYSTEM) as work:
        for statement in (
            (
                "UPDATE sales_order SET placed_at = placed_at + :later, paid_at = paid_at + :later,"
                " shipped_at = shipped_at + :later, delivered_at = delivered_at + :later WHERE id = :id"
            ),
            (
                "UPDATE order_line SET shipped_at = shipped_at + :later, delivered_at = delivered_at + :later"
                " WHERE order_id = :id"
            ),
            (
                "UPDATE payment SET provider = 'sandbox', provider_ref = CAST(id AS text) || '#pays',"
                " paid_at = paid_at + :later WHERE order_id = :id"
            ),
        ):
            await work.session.execute(text(statement), {"later": later, "id": row.id})
        await identity.change_shop(work, row.shop_id, ShopChange(return_address=ADDRESS))
        shop = await identity.get_shop(work, row.shop_id)
    return Bought(row.number, row.email, row.title, shop)
