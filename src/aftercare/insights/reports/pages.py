"""The board of all promises for the house, and the page that a shop shows everybody."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select, text

from aftercare import identity
from aftercare.identity import ShopView
from aftercare.insights.reports import transparency
from aftercare.insights.reports.content import measured
from aftercare.insights.reports.delays import PublicWarning, current_warnings
from aftercare.insights.reports.events import PromisePagePublished, PromisePageWithdrawn
from aftercare.insights.reports.model import PageNotPublished, PromisePage, PromiseUnknown
from aftercare.insights.reports.promises import PROMISES, promise_named
from aftercare.insights.reports.verbs import ReportWords, number_of
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, begin
from aftercare.kit.calendars import zone

COUNTED_ANEW_AFTER = timedelta(hours=6)
REPORTS_SHOWN = 24


class TrendPoint(BaseModel):
    on: str
    value: float | None


class Before(BaseModel):
    value: float | None
    n: int
    kept: bool | None


class Measure(BaseModel):
    """One indicator of a promise. `value` is null where there is not enough; `missing` says why. Shares are of 1, times in seconds (the
    median), money in minor units. `low` and `high`: the interval of 95 %."""

    name: str
    title: dict[str, str]
    formula: dict[str, str]
    kind: str
    unit: str
    scale: int | None
    good: str
    target: float | None
    share_target: float | None
    limit_seconds: int | None
    per_days: int | None
    currency: str | None
    kept: bool | None
    missing: str | None
    method: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    numerator: float
    denominator: float
    p90: float | None
    within: float | None
    before: Before | None
    trend: list[TrendPoint]


class PromiseStand(BaseModel):
    """`said`: what is promised; `kept`: whether all of its measures that can be judged meet their targets."""

    key: str
    title: dict[str, str]
    said: dict[str, str]
    kept: bool | None
    measures: list[Measure]


class ScorePart(BaseModel):
    """`has` of `of` were reached; null when nothing speaks of it."""

    part: str
    weight: int
    reached: float | None
    has: float
    of: float


class Score(BaseModel):
    score: int | None
    target: int
    parts: list[ScorePart]


class Board(BaseModel):
    """Every promise of the product over the period."""

    since: datetime
    until: datetime
    promises: list[PromiseStand]
    transparency: Score


class PageSettings(BaseModel):
    """What the shop shows: `shown` are keys of promises, `days` how far back the page counts."""

    shop_id: UUID
    shown: list[str]
    possible: list[str]
    days: int
    published_at: datetime | None
    counted_at: datetime | None
    path: str


class NewPage(BaseModel):
    shown: Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=20)]
    days: Annotated[int, Field(ge=28, le=366)] = 90


class PublicReport(BaseModel):
    """A published report in the list of a public page."""

    id: UUID
    number: str
    span: str
    since_on: str
    until_on: str
    words: dict[str, ReportWords]
    score: int | None
    published_at: datetime
    corrected_by: str | None


class PublicPage(BaseModel):
    """What anybody may see of a shop's promises. Without enough there is no number."""

    shop: str
    shop_code: str
    since: datetime
    until: datetime
    counted_at: datetime
    promises: list[PromiseStand]
    transparency: Score | None
    warnings: list[PublicWarning]
    reports: list[PublicReport]


async def board(
    work: Work,
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None = None,
    time_zone: str = "Asia/Shanghai",
) -> Board:
    """Needs `insights.read`. Refuses as indicators do."""
    promises = await measured(work, PROMISES, since, until, shop_id=shop_id, time_zone=time_zone)
    since_on = since.astimezone(zone(time_zone)).date()
    scored = await transparency.score(
        work, shop_id=shop_id, since=since, until=until, since_on=since_on, promises=promises
    )
    _judge_transparency(promises, scored)
    return Board.model_validate(
        {"since": since, "until": until, "promises": promises, "transparency": scored}
    )


def _judge_transparency(promises: list[dict[str, Any]], scored: dict[str, Any]) -> None:
    for one in promises:
        if one["key"] == "transparency" and scored["score"] is not None:
            one["kept"] = scored["score"] >= scored["target"]


async def page_settings(work: Work, shop_id: UUID) -> PageSettings:
    """Needs `insights.read`. Refuses with NotFound for a shop that is not there."""
    work.require("insights.read")
    shop = await identity.get_shop(work, shop_id)
    row = await work.session.get(PromisePage, shop_id)
    possible = [one.key for one in PROMISES if one.public]
    return PageSettings(
        shop_id=shop_id,
        shown=row.shown if row else possible,
        possible=possible,
        days=row.days if row else 90,
        published_at=row.published_at if row else None,
        counted_at=row.counted_at if row else None,
        path=f"/promises/{shop.code}",
    )


async def publish_page(work: Work, shop_id: UUID, new: NewPage) -> PageSettings:
    """Shows these promises to everybody from now on, counted anew every few hours. Needs `reports.release`. Refuses with PromiseUnknown."""
    work.require("reports.release")
    shop = await identity.get_shop(work, shop_id)
    for key in new.shown:
        if not promise_named(key).public:
            raise PromiseUnknown(promise=key)
    shown = [one.key for one in PROMISES if one.key in new.shown]
    row = await work.session.get(PromisePage, shop_id, with_for_update=True)
    if row is None:
        row = PromisePage(shop_id=shop_id, shown=shown, days=new.days)
        work.session.add(row)
    row.shown, row.days = shown, new.days
    row.content = await _counted(work, shop, shown, new.days)
    row.published_at, row.published_by, row.counted_at = work.now, work.actor.id, work.now
    work.record(PromisePagePublished(shop_id=shop_id, shown=shown, days=new.days))
    await work.session.flush()
    return await page_settings(work, shop_id)


async def withdraw_page(work: Work, shop_id: UUID) -> PageSettings:
    """Nobody outside sees it any more. Needs `reports.release`."""
    work.require("reports.release")
    row = await work.session.get(PromisePage, shop_id, with_for_update=True)
    if row is not None and row.published_at is not None:
        row.published_at = row.published_by = row.content = row.counted_at = None
        work.record(PromisePageWithdrawn(shop_id=shop_id))
        await work.session.flush()
    return await page_settings(work, shop_id)


async def _counted(work: Work, shop: ShopView, shown: list[str], days: int) -> dict[str, Any]:
    """Whole days up to last midnight where the shop is. What rests on too little is there without a number."""
    place = zone(shop.time_zone)
    until = work.now.astimezone(place).replace(hour=0, minute=0, second=0, microsecond=0)
    since = (until - timedelta(days=days)).replace(hour=0)
    public = [one for one in PROMISES if one.public]
    promises = await measured(work, public, since, until, shop_id=shop.id, time_zone=shop.time_zone)
    scored = await transparency.score(
        work, shop_id=shop.id, since=since, until=until, since_on=since.date(), promises=promises
    )
    _judge_transparency(promises, scored)
    return {
        "since": since.astimezone(UTC).isoformat(),
        "until": until.astimezone(UTC).isoformat(),
        "promises": [one for one in promises if one["key"] in shown],
        "transparency": scored if "transparency" in shown else None,
    }


async def count_pages(house: House) -> int:
    """Counts published pages anew that were counted some hours ago. For the worker's round; returns how many."""
    async with begin(house, SYSTEM) as work:
        due = (
            await work.session.scalars(
                select(PromisePage.shop_id).where(
                    PromisePage.published_at.is_not(None),
                    PromisePage.counted_at < work.now - COUNTED_ANEW_AFTER,
                )
            )
        ).all()
    for shop_id in due:
        async with begin(house, SYSTEM) as work:
            shop = await identity.get_shop(work, shop_id)
            row = await work.session.get(PromisePage, shop_id, with_for_update=True)
            if row is not None and row.published_at is not None:
                row.content, row.counted_at = await _counted(work, shop, row.shown, row.days), work.now
    return len(due)


REPORTS = text(
    """
    SELECT r.id, r.year, r.serial, r.span, r.since_on, r.until_on, r.words, r.published_at,
      CAST(r.content #>> '{transparency,score}' AS int) AS score, n.year AS new_year, n.serial AS new_serial
    FROM report r LEFT JOIN report n ON n.corrects_id = r.id AND n.state = 'published'
    WHERE r.shop_id = :shop AND r.audience = 'public' AND r.state = 'published'
    ORDER BY r.since_on DESC, r.until_on DESC, r.serial DESC LIMIT :many
    """
)


def anybody_in(shop: ShopView) -> Actor:
    """Somebody who sees this shop, and nothing of it but what was published."""
    return Actor(kind=ActorKind.customer, shops=frozenset({shop.id}))


async def public_page(house: House, shop_code: str) -> PublicPage:
    """For anybody. Refuses with NotFound, PageNotPublished."""
    async with begin(house, SYSTEM) as work:
        shop = await identity.find_shop(work, shop_code)
        # A warning for all shops has none, and is seen by who sees them all.
        warnings = await current_warnings(work, [shop.id])
    async with begin(house, anybody_in(shop)) as work:
        row = await work.session.get(PromisePage, shop.id)
        if row is None or row.published_at is None or row.content is None:
            raise PageNotPublished(shop=shop_code)
        reports = (await work.session.execute(REPORTS, {"shop": shop.id, "many": REPORTS_SHOWN})).all()
    return PublicPage.model_validate(
        {
            **row.content,
            "shop": shop.name,
            "shop_code": shop.code,
            "counted_at": row.counted_at,
            "warnings": warnings,
            "reports": [
                {
                    "id": one.id,
                    "number": number_of(one.year, one.serial),
                    "span": one.span,
                    "since_on": one.since_on.isoformat(),
                    "until_on": one.until_on.isoformat(),
                    "words": one.words,
                    "score": one.score,
                    "published_at": one.published_at,
                    "corrected_by": number_of(one.new_year, one.new_serial),
                }
                for one in reports
            ],
        }
    )
