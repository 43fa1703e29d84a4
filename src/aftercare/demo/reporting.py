"""What the group told about itself over the year: warnings twice a month, some reports, a public page; and who outside may listen."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from sqlalchemy import text

from aftercare.identity import PERMISSIONS, find_shop
from aftercare.insights import reports
from aftercare.insights.reports import Audience, NewExport, NewPage, NewReport, Span
from aftercare.journal import Actor, ActorKind, House, Work, begin
from aftercare.notices import webhooks
from aftercare.notices.webhooks import NewWebhook

FLAGSHIP = "qinghe-home"
PAGE = ["first_answer", "satisfaction", "solved_once", "returns", "notices", "deliveries", "transparency"]


async def report_the_year(house: House, today: datetime, *, small: bool) -> None:
    """After the year was told; broken off it goes on from there, again it changes nothing."""
    async with begin(house) as work:
        shop = await find_shop(work, FLAGSHIP)
        if shop.settings.get("reported"):
            return
        published = set(
            await work.session.scalars(text("SELECT since_on FROM report WHERE state = 'published'"))
        )
        owner = Actor(
            ActorKind.staff,
            await _owner(work),
            shops=None,
            permissions=frozenset(PERMISSIONS),
            role="owner",
        )
    await _warn(house, owner, today, months=3 if small else 11)
    last = (today.replace(day=1) - timedelta(days=1)).date().replace(day=1)
    before = (last - timedelta(days=1)).replace(day=1)
    for since_on in {last} - published if small else sorted({before, last} - published):
        told_at = _at(today, (since_on + timedelta(days=33)).year, (since_on + timedelta(days=33)).month, 3)
        async with begin(house, owner, now=min(told_at, today)) as work:
            new = NewReport(shop_id=shop.id, audience=Audience.public, span=Span.month, since_on=since_on)
            await reports.release(work, await reports.draft(work, new))
    async with begin(house, owner, now=today) as work:
        # The study of today may have drafted beside this story what the story has published.
        for report_id in await work.session.scalars(
            text(
                "SELECT d.id FROM report d JOIN report p USING (issuer, audience, span, since_on)"
                " WHERE d.state = 'draft' AND p.state = 'published'"
            )
        ):
            await reports.discard(work, report_id)
        await reports.draft(work, NewReport(shop_id=shop.id, audience=Audience.house, since_on=last))
        await reports.publish_page(work, shop.id, NewPage(shown=PAGE))
        made = await webhooks.new_webhook(
            work,
            NewWebhook(
                shop_id=shop.id,
                name="ERP（示例）",
                url="https://erp.example.com/aftercare",
                facts=["claim.*", "refund.paid", "order.delivered"],
                grants=["order_number", "claim_number"],
            ),
            poster=None,
        )
        await webhooks.switch_webhook(work, made.webhook.id, on=False)
        await reports.plan_export(work, NewExport(name="每周指标", source="indicators"))
        await work.session.execute(
            text("UPDATE shop SET settings = settings || '{\"reported\": true}'::jsonb WHERE id = :id"),
            {"id": shop.id},
        )


async def _warn(house: House, owner: Actor, today: datetime, *, months: int) -> None:
    """On the 2nd and the 16th of each month; the last one waits to be released."""
    moment = _at(today, today.year, today.month, 2)
    moments: list[datetime] = []
    for _ in range(months):
        moments += [moment, moment + timedelta(days=14)]
        moment = (moment - timedelta(days=7)).replace(day=2)
    for at in sorted(one for one in moments if one <= today):
        then = replace(house, clock=partial(_still, at), wake=lambda: None)
        await reports.draft_warnings(then)
        async with begin(house, owner, now=at) as work:
            # The study of today may draft beside this story.
            listed = await reports.list_warnings(work)
            drafts = [one.id for one in listed if one.state == "draft" and one.drafted_at <= at]
        for warning_id in drafts:
            async with begin(house, owner, now=at + timedelta(hours=2)) as work:
                await reports.publish_warning(work, warning_id)
    await reports.draft_warnings(replace(house, clock=partial(_still, today), wake=lambda: None))


def _still(at: datetime) -> datetime:
    return at


def _at(today: datetime, year: int, month: int, day: int) -> datetime:
    return today.replace(year=year, month=month, day=day, hour=2, minute=0, second=0, microsecond=0)


async def _owner(work: Work) -> UUID:
    found: UUID = await work.session.scalar(
        text("SELECT id FROM account WHERE email = 'owner@demo.example.com'")
    )
    return found
