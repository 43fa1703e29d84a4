"""The main pages of the three faces on the demo, for everybody: light and dark, on a phone and a desk."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.faults.installed import rows_of
from tests.stories.accessible import barriers
from tests.stories.browsers import A_STORY, DESK, PHONE, Bought, Scene
from tests.stories.whole_job import Job
from tests.stories.words import Words

pytestmark = A_STORY

STAFF_PAGES = {
    "agent": ["/desk/?view=all", "/desk/?view=late", "/desk/pickups"],
    "warehouse": ["/desk/warehouse"],
    "arbiter": ["/desk/disputes?which=ruled"],
    "finance": ["/desk/finance?state=paid"],
    "owner": [
        "/console",
        "/console/promises/claim/decide_goods",
        *(
            f"/console/{page}"
            for page in (
                "queues",
                "claims",
                "policies",
                "clocks",
                "calendars",
                "templates",
                "handbook",
                "users",
                "roles",
                "shops",
                "notices",
                "journal",
                "failed",
                "account",
                "indicators",
                "indicators/claim_decision",
                "insight/costs",
                "insight/costs/bridge",
                "insight/costs/rates",
                "insight/levers",
                "insight/foresight",
                "insight/alarms",
                "insight/analysis",
                "insight/decisions",
                "insight/process",
                "insight/board",
                "insight/reports",
                "insight/sharing",
                "room",
                "escalation",
                "answers",
                "macros",
                "assistant",
                "knowledge",
                "people",
                "channels",
            )
        ),
    ],
}


async def at_rest(page: Page, path: str) -> None:
    await page.goto(path)
    await expect(page.get_by_role("heading").first).to_be_visible()
    await expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)


async def test_the_portal_is_for_everybody(demo: Scene) -> None:
    (row,) = await rows_of(
        demo.house,
        "SELECT c.id, c.case_id, o.id AS order_id, o.number, u.email FROM claim c"
        " JOIN claim_line l ON l.claim_id = c.id JOIN order_line i ON i.id = l.order_line_id"
        " JOIN sales_order o ON o.id = i.order_id JOIN customer u ON u.id = o.customer_id"
        # Not those of the other stories: nobody is sent two codes in a minute.
        " WHERE u.email <> ALL(:others) AND c.state = 'refunded' AND c.kind = 'return_refund'"
        " ORDER BY c.applied_at DESC LIMIT 1",
        others=[one.email for one in demo.bought],
    )
    bought = demo.bought[0]
    buyer = Bought(row.number, row.email, "", "", 0, "CNY", bought.shop)
    found = {}
    async with demo.page(PHONE) as page:
        await at_rest(page, "/")
        found["/"] = await barriers(page)
        await Job(demo, buyer, Words("zh-CN"), "access").enter(page)
        for path in (
            "/",
            f"/orders/{row.order_id}",
            f"/claims/{row.id}",
            f"/cases/{row.case_id}",
            f"/cases/new?order={row.order_id}",
            "/notices",
            "/help",
            "/withdraw",
        ):
            await at_rest(page, path)
            found[f"{path} signed in"] = await barriers(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}


@pytest.mark.parametrize("role", STAFF_PAGES)
async def test_desk_and_console_are_for_everybody(demo: Scene, role: str) -> None:
    job = Job(demo, demo.bought[0], Words("zh-CN"), "access")
    found = {}
    async with demo.page(DESK) as page:
        await job.sign_in(page, role)
        await expect(page.get_by_role("navigation").first).to_be_visible()
        for path in STAFF_PAGES[role]:
            await at_rest(page, path)
            if "view=all" in path:
                await expect(
                    page.get_by_role("list", name="队列").get_by_role("listitem").first
                ).to_be_visible()
                await page.keyboard.press("j")
                await expect(page).to_have_url(re.compile("case="))
                await expect(page.get_by_role("region", name="往来与经过")).to_be_visible()
            found[path] = await barriers(page)
    assert {path: wrong for path, wrong in found.items() if wrong} == {}
