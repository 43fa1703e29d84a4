"""A live installation and a real browser in front of it: with an imported order of the marketplace, or with the demo."""

import email
import json
import os
import re
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.policy import SMTP
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, async_playwright
from sqlalchemy import text

from aftercare import demo, identity
from aftercare.app import WEB
from aftercare.connectors.generic_tracking import push_signature
from aftercare.connectors.olist import import_olist
from aftercare.house import connect_ports
from aftercare.identity import AccountView, NewAccount, ShopChange, ShopView
from aftercare.journal import SYSTEM, House, begin
from tests.connectors.test_olist import cut
from tests.faults.installed import Installed, installed, rows_of, until
from tests.faults.processes import ROOT
from tests.given import ADDRESS
from tests.identity.people import PASSWORD, cheap_hash
from tests.web.windows import PATIENCE

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
PICTURES = ROOT / "var" / "screens"
STAFF = ("owner", "agent", "warehouse")
TRACKING_SECRET = "a secret for pushes of carriers"
DEARER_THAN_AUTOMATIC = 50_000
"""Returns up to this price are decided by the policy alone; a person decides above it."""

WHY_NOT = (
    "no Chromium on this machine"
    if CHROMIUM is None
    else "the web front end is not built: npm run build in web/"
    if not (WEB / "portal.html").is_file()
    else None
)
A_STORY = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
]


@dataclass(frozen=True)
class Bought:
    """An order of one line, delivered this week and dear enough for a person to decide its return."""

    number: str
    email: str
    customer: str
    title: str
    paid_cents: int
    currency: str
    shop: ShopView


@dataclass
class Scene:
    """Live at `url`. `passwords`: of the staff, by e-mail."""

    house: House
    home: Path
    url: str
    browser: Browser
    bought: list[Bought]
    passwords: dict[str, str] = field(default_factory=dict)

    @asynccontextmanager
    async def page(
        self, size: dict[str, int], locale: str = "zh-CN", scheme: Any = "light"
    ) -> AsyncIterator[Page]:
        """A fresh browser window; fails the test when the page's own code throws."""
        context = await self.browser.new_context(
            base_url=self.url,
            viewport={"width": size["width"], "height": size["height"]},
            locale=locale,
            has_touch=size is PHONE,
            color_scheme=scheme,
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

    async def who(self, role: str, of: ShopView) -> AccountView:
        """Somebody with this role in that shop."""
        async with begin(self.house, SYSTEM) as work:
            accounts = await identity.list_accounts(work, limit=100)
        return next(
            one for one in accounts.items if one.role == role and (one.every_shop or of.id in one.shops)
        )

    async def code_for(self, address: str) -> str:
        """The six digits of the newest letter to this address."""
        outbox = self.home / "outbox"
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

    async def carrier_says(self, of: ShopView, carrier: str, number: str, status: str, said: str) -> None:
        """A signed push, as the carrier's system sends it."""
        event = {"at": datetime.now(UTC).isoformat(), "status": status, "text": said}
        body = json.dumps({"carrier": carrier, "number": number, "events": [event]}).encode()
        stamp = str(int(time.time()))
        async with httpx.AsyncClient(base_url=self.url, timeout=60) as client:
            answer = await client.post(
                f"/api/webhooks/tracking/{of.code}",
                content=body,
                headers={
                    "X-Aftercare-Timestamp": stamp,
                    "X-Aftercare-Signature": push_signature(TRACKING_SECRET, stamp, of.code, body),
                },
            )
        assert answer.is_success, answer.text


async def shoot(page: Page, name: str) -> None:
    """A picture for people to look at."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    await page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


@asynccontextmanager
async def marketplace(home: Path, olist: Path) -> AsyncIterator[Scene]:
    """With orders of the Olist set, and a member of staff of each role."""
    async with _new(home) as there:
        await import_olist(there.house, cut(olist, home / "olist"), contact_domain="buyers.example")
        bought = await _delivered_two_days_ago(there.house, 2)
        async with begin(there.house, SYSTEM) as work:
            for role in STAFF:
                shops = None if role == "owner" else [one.shop.id for one in bought]
                await identity.create_account(
                    work,
                    NewAccount(email=f"{role}@example.com", name=role.title(), role=role, shops=shops),
                    password_hash=cheap_hash(),
                )
        passwords = {f"{role}@example.com": PASSWORD for role in STAFF}
        async with _served(there, bought, passwords) as scene:
            yield scene


@asynccontextmanager
async def told_demo(home: Path) -> AsyncIterator[Scene]:
    """With the demo's story, told small."""
    async with _new(home) as there:
        async with AsyncExitStack() as stack:
            settings = there.settings.model_copy(update={"sandbox_gateway": True})
            await connect_ports(there.house, settings, stack)
            told = await demo.tell(there.house, lambda *_: None, small=True)
            assert told.refused == []
        passwords = {address: password for _, address, password in told.sign_ins}
        bought = await _dear_and_lately_delivered(there.house, 2)
        if len(bought) < 2:
            # A week of few parcels: the story's days depend on today.
            bought = await _delivered_two_days_ago(there.house, 2)
        async with _served(there, bought, passwords) as scene:
            yield scene


def _new(home: Path) -> Any:
    return installed(
        home / "home",
        AFTERCARE_SANDBOX_GATEWAY="true",
        AFTERCARE_TRACKING__PUSH_SECRET=TRACKING_SECRET,
        PYTHONDONTWRITEBYTECODE="1",
    )


@asynccontextmanager
async def _served(there: Installed, bought: list[Bought], passwords: dict[str, str]) -> AsyncIterator[Scene]:
    url = there.start_web("web", "--with-worker")
    await until(there.answers, what="the web")
    async with a_browser() as browser:
        yield Scene(there.house, there.home, url, browser, bought, passwords)


@asynccontextmanager
async def a_browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=arguments, timeout=2 * PATIENCE
        )
        try:
            yield browser
        finally:
            await browser.close()


ORDERS = """
    SELECT o.id, o.number, o.shop_id, o.delivered_at, o.currency, c.email, c.name AS customer, l.title,
      l.unit_price_cents - l.discount_cents AS paid_cents
    FROM sales_order o JOIN customer c ON c.id = o.customer_id
    JOIN order_line l ON l.order_id = o.id JOIN shop s ON s.id = o.shop_id
    WHERE o.status = 'delivered' AND c.email IS NOT NULL AND l.quantity = 1
      AND l.unit_price_cents - l.discount_cents > :dear AND s.market IN ('BR', 'CN')
      AND (SELECT count(*) FROM order_line x WHERE x.order_id = o.id) = 1
      AND NOT EXISTS (SELECT 1 FROM claim_line x WHERE x.order_line_id = l.id)
      AND o.delivered_at > :since
    ORDER BY o.delivered_at DESC, o.id LIMIT :many
"""


async def _delivered_two_days_ago(house: House, many: int) -> list[Bought]:
    """Moved to this week, and paid through the sandbox."""
    rows = await rows_of(
        house, ORDERS, dear=DEARER_THAN_AUTOMATIC, many=many, since=datetime(2016, 1, 1, tzinfo=UTC)
    )
    async with begin(house, SYSTEM) as work:
        for row in rows:
            later = datetime.now(UTC) - timedelta(days=2) - row.delivered_at
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
    return await _as_bought(house, rows)


async def _dear_and_lately_delivered(house: House, many: int) -> list[Bought]:
    rows = await rows_of(
        house, ORDERS, dear=DEARER_THAN_AUTOMATIC, many=many, since=datetime.now(UTC) - timedelta(days=6)
    )
    return await _as_bought(house, rows)


async def _as_bought(house: House, rows: list[Any]) -> list[Bought]:
    async with begin(house, SYSTEM) as work:
        return [
            Bought(
                row.number,
                row.email,
                row.customer,
                row.title,
                row.paid_cents,
                row.currency,
                await identity.get_shop(work, row.shop_id),
            )
            for row in rows
        ]
