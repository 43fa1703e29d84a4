"""A return as people do it, each with the face that is theirs: no step but the carrier's is done behind their backs."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from playwright.async_api import Locator, Page, expect

from tests.faults.installed import rows_of, until
from tests.stories.accessible import barriers
from tests.stories.browsers import DESK, Bought, Scene, shoot
from tests.stories.words import Words

BETWEEN_KEYS_BY_HAND = 120
"""Milliseconds; faster than sixty is a scanner."""


@dataclass
class Told:
    """What the customer was told when applying, to compare it with what comes."""

    claim_id: UUID
    number: str
    back: str
    """The money, as it stood on the last step."""


async def money(page: Page, cents: int, currency: str) -> str:
    """As the reader's own browser writes it."""
    written: str = await page.evaluate(
        "([amount, currency, locale]) => new Intl.NumberFormat(locale, {style: 'currency', currency}).format(amount)",
        [cents / 100, currency, await page.evaluate("document.documentElement.lang")],
    )
    return written


def exactly(text: str) -> re.Pattern[str]:
    return re.compile(f"^\\s*{re.escape(text)}\\s*$")


class Job:
    """One order's way back, with the windows of all who take part."""

    def __init__(self, scene: Scene, bought: Bought, words: Words, name: str) -> None:
        self.scene = scene
        self.bought = bought
        self.say = words
        self.name = name
        self.waybill = f"SF{abs(hash((name, bought.number))) % 10**13:013}"

    async def picture(self, page: Page, what: str) -> None:
        found = await barriers(page)
        assert found == [], (what, found)
        await shoot(page, f"{self.name}-{what}")

    # The customer

    async def enter(self, page: Page) -> None:
        say = self.say
        await page.goto("/")
        await page.get_by_label(say("portal", "enter.number")).fill(self.bought.number)
        await page.get_by_label(say("portal", "enter.contact")).fill(self.bought.email)
        await self.picture(page, "portal-enter")
        await page.get_by_role("button", name=say("portal", "enter.send")).click()
        # One types at once, without tapping the box.
        await expect(page.get_by_label(say("portal", "enter.codeTitle"))).to_be_focused()
        await self.picture(page, "portal-code")
        await page.keyboard.type(await self.scene.code_for(self.bought.email))
        await expect(page.get_by_role("heading", name=say("portal", "home.title"))).to_be_visible()
        await self.picture(page, "portal-home")

    async def apply(self, page: Page) -> Told:
        """With a photo, in four steps."""
        say, bought = self.say, self.bought
        await page.get_by_role("link", name=bought.title).first.click()
        await expect(page.get_by_role("heading", name=say("portal", "order.goods"))).to_be_visible()
        await expect(page.get_by_role("button", name=say.kind("return_refund")).first).to_be_visible()
        await self.picture(page, "portal-order")
        await page.get_by_role("button", name=say("portal", "order.apply")).click()
        onward = page.get_by_role("button", name=say("portal", "apply.next"))
        steps = page.get_by_role("list", name=say("portal", "apply.steps")).get_by_role("listitem")
        await expect(steps).to_have_count(4)

        await expect(page.get_by_role("heading", name=say("portal", "apply.whatTitle"))).to_be_visible()
        await expect(page.get_by_role("checkbox", name=bought.title)).to_be_checked()
        await onward.click()
        await expect(page.get_by_role("heading", name=say("portal", "apply.whyTitle"))).to_be_visible()
        # The words are drawn as a button over the round mark.
        await page.get_by_text(say("portal", "reason.no_reason"), exact=True).click()
        await page.get_by_text(say("portal", "condition.as_new"), exact=True).click()
        await page.get_by_label(say("portal", "apply.description")).fill("和家里的不搭，没有用过。")
        photo = await self.photo(page)
        await page.locator('input[type="file"]').first.set_input_files(
            {"name": "照片.png", "mimeType": "image/png", "buffer": photo}
        )
        await expect(page.get_by_role("img", name="照片.png")).to_be_visible()
        await self.picture(page, "portal-apply-why")
        await onward.click()
        await expect(page.get_by_role("heading", name=say("portal", "apply.wishTitle"))).to_be_visible()
        wish = page.get_by_role("radio", name=re.compile(re.escape(say.kind("return_refund"))))
        await wish.check()
        await self.picture(page, "portal-apply-wish")
        await onward.click()
        await expect(page.get_by_role("heading", name=say("portal", "apply.checkTitle"))).to_be_visible()
        outcome = page.get_by_text(re.compile("^" + say("portal", "apply.youGet", amount="(.+)") + "$"))
        gets = await outcome.inner_text()
        await self.picture(page, "portal-apply-check")
        await page.get_by_role("button", name=say("portal", "apply.send")).click()

        await expect(page).to_have_url(re.compile(r"/claims/[0-9a-f-]{36}"))
        await self.stands(page, "pending_merchant")
        await self.picture(page, "portal-claim-waits")
        claim_id = UUID(page.url.rsplit("/", 1)[1])
        (row,) = await rows_of(
            self.scene.house, "SELECT number, requested_cents FROM claim WHERE id = :id", id=claim_id
        )
        await expect(page.get_by_text(row.number).first).to_be_visible()
        back = await money(page, row.requested_cents, bought.currency)
        assert gets == say("portal", "apply.youGet", amount=back)
        return Told(claim_id, row.number, back)

    async def photo(self, page: Page) -> bytes:
        """Of the goods, as far as there are any here."""
        return await page.get_by_role("main").screenshot(type="png")

    async def stands(self, page: Page, state: str) -> None:
        """The customer's page says so by itself: nobody reloads it."""
        await expect(page.locator("#stand")).to_have_text(self.say.state(state))

    async def send_back(self, page: Page) -> None:
        say = self.say
        await expect(page.get_by_text(say("portal", "claim.returnTo"))).to_be_visible()
        await self.picture(page, "portal-claim-approved")
        await page.get_by_role("button", name=say.move("ship")).click()
        form = page.get_by_role("dialog")
        await form.get_by_label(say("portal", "ship.carrier")).select_option("shunfeng")
        await form.get_by_label(say("portal", "ship.number")).fill(self.waybill)
        await form.get_by_role("button", name=say("portal", "ship.yes.waybill")).click()
        await self.stands(page, "in_transit_back")
        await expect(page.get_by_text(self.waybill).first).to_be_visible()

    async def has_the_money(self, page: Page, told: Told) -> None:
        """Strip, timeline and notices of the customer in the end."""
        say, bought = self.say, self.bought
        await self.stands(page, "refunded")
        gone = say("portal", "claim.refundedSum", amount=told.back)
        await expect(page.get_by_text(gone).first).to_be_visible()
        rows = page.locator(".strip").get_by_role("row")
        price = await money(page, bought.paid_cents, bought.currency)
        for step in ("paid", "claimed", "agreed", "received", "refunded"):
            goods = rows.filter(has_text=bought.title).locator(f".step-{step}")
            await expect(goods).to_have_text(re.compile(re.escape(price)))
        # In Brazil the freight comes back too, on a row of its own: the foot adds up.
        await expect(rows.last.locator(".step-refunded")).to_have_text(re.compile(re.escape(told.back)))
        line = page.get_by_role("list", name=say("common", "timeline.label")).locator(".moment-title")
        amount = {"amount": told.back}
        for fact in (
            "fact.claim.applied",
            "fact.claim.approved",
            "fact.claim.return_shipped",
            "fact.parcel.delivered",
            "fact.claim.received",
            "fact.claim.accepted",
            "fact.refund.paid",
            "fact.claim.refunded",
        ):
            await expect(line.filter(has_text=exactly(say("portal", fact, **amount)))).to_have_count(1)
        await self.picture(page, "portal-claim-refunded")
        subjects = await self.letters()
        await page.get_by_role("link", name=re.compile(say("portal", "notices.title"))).first.click()
        for subject in subjects:
            await expect(page.get_by_text(subject, exact=True).first).to_be_visible()
        await self.picture(page, "portal-notices")

    async def letters(self) -> list[str]:
        """Subjects of what was written about this claim, each once; that the money is paid comes last, by the worker."""
        rows: list[Any] = []

        async def written() -> bool:
            rows[:] = await rows_of(
                self.scene.house,
                "SELECT n.subject, n.template FROM notice n JOIN claim c ON c.id = n.claim_id"
                " JOIN claim_line l ON l.claim_id = c.id JOIN order_line o ON o.id = l.order_line_id"
                " JOIN sales_order s ON s.id = o.order_id WHERE s.number = :number ORDER BY n.planned_at",
                number=self.bought.number,
            )
            return any(row.template == "refund_paid" for row in rows)

        await until(written, what="the notice of the money")
        templates = [row.template for row in rows]
        assert len(set(templates)) == len(templates) >= 4, templates
        return [row.subject for row in rows]

    # Staff

    async def sign_in(self, page: Page, role: str, face: str = "/desk") -> None:
        person = await self.scene.who(role, self.bought.shop)
        await page.goto(face)
        await page.get_by_label(self.say("common", "signIn.email")).fill(person.email)
        password = page.get_by_label(self.say("common", "signIn.password"), exact=True)
        await password.fill(self.scene.passwords[person.email])
        await page.get_by_role("button", name=self.say("common", "signIn.submit")).click()

    async def approve(self, page: Page, told: Told) -> None:
        """The agent finds it among what waits for the shop, reads why it is theirs to decide, and agrees."""
        say = self.say
        await expect(page.get_by_role("heading", name=say("desk", "view.waiting"))).to_be_visible()
        queue = page.get_by_role("list", name=say("desk", "pane.queue"))
        mine = queue.get_by_role("listitem").filter(has_text=self.bought.customer)
        row = mine.filter(has_text=self.bought.title)
        await row.get_by_role("link").click()
        await expect(page.get_by_text(told.number).first).to_be_visible()
        await self.picture(page, "desk-case")
        await page.get_by_role("button", name=say("common", "why.open"), exact=True).first.click()
        why = page.get_by_role("dialog", name=say("common", "why.title"))
        await expect(why.get_by_text(say("desk", "outcome.manual"))).to_be_visible()
        await expect(why.get_by_text(say("common", "why.version"), exact=True)).to_be_visible()
        await self.picture(page, "desk-why")
        await why.get_by_role("button", name=say("common", "action.close")).click()
        await page.get_by_role("button", name=say.move("approve", staff=True)).click()
        form = page.get_by_role("dialog", name=say.move("approve", staff=True))
        await expect(form.get_by_text(say("desk", "approve.returnTo"), exact=True)).to_be_visible()
        await self.picture(page, "desk-approve")
        await form.get_by_role("button", name=say.move("approve", staff=True)).click()
        await expect(form).to_be_hidden()
        await expect(self.bar(page)).to_contain_text(say.state("awaiting_return", staff=True))

    def bar(self, page: Page) -> Locator:
        return page.locator(".next-bar")

    async def receive(self, page: Page, told: Told) -> None:
        """A scan, a grade, a disposition, Enter."""
        say = self.say
        box = page.get_by_label(say("desk", "warehouse.scan"))
        await expect(box).to_be_focused()
        await self.picture(page, "desk-warehouse")
        # A scanner is a keyboard that types fast and ends with Enter.
        await page.keyboard.type(self.waybill)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name=self.bought.title)).to_be_visible()
        for key in ("1", "f", "Enter"):
            await page.wait_for_timeout(BETWEEN_KEYS_BY_HAND)
            await page.keyboard.press(key)
        await expect(
            page.get_by_role("heading", name=say("desk", "warehouse.done", number=told.number))
        ).to_be_visible()
        await self.picture(page, "desk-warehouse-done")

    async def sees_it_solved(self, page: Page) -> None:
        await expect(page.locator("h2 + p").get_by_text(self.say("desk", "status.solved"))).to_be_visible()
        await self.picture(page, "desk-case-solved")

    async def promises_kept(self, page: Page) -> int:
        """How many of the shop's decisions the board counts as kept in time."""
        name = self.say("console", "clockName.claim_decide_goods")
        tile = page.get_by_role("link").filter(has=page.get_by_text(name, exact=True))
        board = page.get_by_role("heading", name=self.say("console", "promises.clocks"), exact=True)
        await expect(board).to_be_visible()
        counting = page.get_by_role("heading", name=self.say("console", "promises.loading"))
        await expect(counting).to_be_hidden()
        if not await tile.count():
            return 0
        period = self.say("console", "period.days30")
        pattern = self.say("console", "promises.keptOf", period=period, kept="(\\d+)", all="\\d+")
        found = re.search(pattern, await tile.inner_text())
        return int(found.group(1)) if found else 0

    async def audit(self, page: Page, told: Told) -> None:
        """Who did what, for ever."""
        await page.goto(f"/console/journal?object={told.claim_id}")
        table = page.get_by_role("table")
        for fact in (
            "claim.applied",
            "claim.approved",
            "claim.return_shipped",
            "claim.accepted",
            "claim.refunded",
        ):
            await expect(table.get_by_title(fact, exact=True)).to_have_count(1)
        await self.picture(page, "console-journal")


async def the_whole_job(scene: Scene, bought: Bought, size: dict[str, int], locale: str, name: str) -> None:
    words = Words("en" if locale.startswith("en") else locale)
    job = Job(scene, bought, words, name)
    async with (
        scene.page(DESK, locale) as console,
        scene.page(size, locale) as portal,
        scene.page(DESK, locale) as desk,
        scene.page(DESK, locale) as warehouse,
    ):
        await job.sign_in(console, "owner", "/console")
        kept = await job.promises_kept(console)
        await job.enter(portal)
        told = await job.apply(portal)

        await job.sign_in(desk, "agent")
        await job.approve(desk, told)
        await job.stands(portal, "awaiting_return")
        await job.send_back(portal)
        await scene.carrier_says(bought.shop, "shunfeng", job.waybill, "delivered", "已签收，签收人：前台")
        await expect(portal.get_by_text(words("portal", "fact.parcel.delivered")).first).to_be_visible()

        await job.sign_in(warehouse, "warehouse")
        await job.receive(warehouse, told)
        await job.has_the_money(portal, told)
        await job.sees_it_solved(desk)

        async def one_more() -> bool:
            await console.reload()
            return await job.promises_kept(console) == kept + 1

        await until(one_more, what="the decision among the promises kept")
        await job.picture(console, "console-promises")
        await job.audit(console, told)
