"""Indicators: each a population of (when, in which shop, as promised or not, how long), counted in one way."""

import tomllib
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.journal import Work
from aftercare.kit.calendars import zone
from aftercare.kit.errors import Invalid, NotFound

Name = Literal["first_answer", "claim_decision", "refund_time", "automation", "deliveries"]

ENOUGH = 20
"""Fewer than so many are not called a number."""
MOST_DAYS = 740
LOCALES = ("zh-CN", "zh-TW", "en")

POPULATIONS: dict[Name, str] = {
    "first_answer": """
        SELECT k.started_at AS at, k.shop_id, c.id AS case_id, c.number, c.owner_id, d.done - k.started_at AS took,
          coalesce(d.done - k.started_at <= :limit, false) AS ok
        FROM clock k JOIN service_case c ON c.id = k.subject_id
        CROSS JOIN LATERAL (SELECT CASE k.state WHEN 'kept' THEN k.ended_at WHEN 'fired' THEN k.settled_at END AS done) d
        WHERE k.name = 'case.first_answer' AND k.state <> 'cancelled' AND k.started_at >= :since AND k.started_at < :until
          AND (d.done IS NOT NULL OR k.started_at + :limit <= :now)
    """,
    "claim_decision": """
        SELECT m.applied_at AS at, m.shop_id, m.case_id, m.number, c.owner_id, m.decided_at - m.applied_at AS took,
          coalesce(m.decided_at - m.applied_at <= :limit, false) AS ok
        FROM claim m JOIN service_case c ON c.id = m.case_id
        WHERE m.applied_at >= :since AND m.applied_at < :until AND m.state <> 'draft'
          AND (m.decided_at IS NOT NULL OR m.ended_at IS NULL AND m.applied_at + :limit <= :now)
    """,
    "refund_time": """
        SELECT r.requested_at AS at, r.shop_id, m.case_id, m.number, c.owner_id, r.paid_at - r.requested_at AS took,
          coalesce(r.paid_at - r.requested_at <= :limit, false) AS ok
        FROM refund r JOIN claim m ON m.id = r.claim_id JOIN service_case c ON c.id = m.case_id
        WHERE r.requested_at >= :since AND r.requested_at < :until
          AND (r.paid_at IS NOT NULL OR r.requested_at + :limit <= :now)
    """,
    "automation": """
        SELECT m.decided_at AS at, m.shop_id, m.case_id, m.number, c.owner_id, CAST(NULL AS interval) AS took,
          m.outcome IN ('approve', 'reject') AS ok
        FROM claim m JOIN service_case c ON c.id = m.case_id
        WHERE m.decided_at >= :since AND m.decided_at < :until
    """,
    "deliveries": """
        SELECT o.promised_at AS at, o.shop_id, CAST(NULL AS uuid) AS case_id, o.number, CAST(NULL AS uuid) AS owner_id,
          greatest(coalesce(o.delivered_at, :now) - o.promised_at, interval '0') AS took,
          coalesce(o.delivered_at <= o.promised_at, false) AS ok
        FROM sales_order o
        WHERE o.promised_at >= :since AND o.promised_at < :until AND o.promised_at <= :now AND o.status <> 'cancelled'
    """,
}

TIMED = frozenset({"first_answer", "claim_decision", "refund_time"})

COUNTED = """
    count(*) AS denominator, count(*) FILTER (WHERE ok) AS numerator,
    extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY took)) AS median,
    extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY took)) AS p90
"""


class PeriodTooLong(Invalid):
    """A period begins before it ends and lasts at most two years."""


class IndicatorDay(BaseModel):
    day: date
    numerator: int
    denominator: int
    median_seconds: int | None


class IndicatorShop(BaseModel):
    shop_id: UUID
    numerator: int
    denominator: int
    median_seconds: int | None


class Indicator(BaseModel):
    """`enough` is false below twenty: then no share should be told. `kept`: whether the target is met, null without a target
    or without enough. `median_seconds` and `p90_seconds` are of those that are done, for indicators of time."""

    name: Name
    title: str
    formula: str
    numerator: int
    denominator: int
    enough: bool
    share: float | None
    share_target: float | None
    limit_seconds: int | None
    median_seconds: int | None
    p90_seconds: int | None
    median_target_seconds: int | None
    kept: bool | None
    days: list[IndicatorDay]
    shops: list[IndicatorShop]


class Miss(BaseModel):
    """`seconds`: how long it took, or for a delivery how late it was; null while it still waits."""

    at: datetime
    shop_id: UUID
    case_id: UUID | None
    number: str
    owner_id: UUID | None
    owner_name: str | None
    seconds: int | None


@cache
def definitions() -> dict[str, Any]:
    return tomllib.loads((files("aftercare.insights") / "indicators.toml").read_text(encoding="utf-8"))


INDICATORS = tuple(POPULATIONS)


def _values(
    work: Work, name: str, since: datetime, until: datetime, shop_id: UUID | None, time_zone: str
) -> dict[str, Any]:
    return {
        "since": since,
        "until": until,
        "now": work.now,
        "shop": shop_id,
        "zone": time_zone,
        "limit": timedelta(seconds=definitions()[name].get("limit_seconds", 0)),
    }


async def indicators(
    work: Work,
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None = None,
    time_zone: str = "Asia/Shanghai",
    locale: str | None = None,
) -> list[Indicator]:
    """All of them, over the shops that the actor sees, from `since` to before `until`. Needs `insights.read`."""
    work.require("insights.read")
    _check(since, until, time_zone)
    return [await _count(work, name, since, until, shop_id, time_zone, locale) for name in INDICATORS]


async def _count(
    work: Work,
    name: Name,
    since: datetime,
    until: datetime,
    shop_id: UUID | None,
    time_zone: str,
    locale: str | None,
) -> Indicator:
    rows = (
        await work.session.execute(
            text(
                f"""
                WITH p AS (SELECT * FROM ({POPULATIONS[name]}) x WHERE CAST(:shop AS uuid) IS NULL OR shop_id = :shop)
                SELECT CAST(at AT TIME ZONE :zone AS date) AS day, shop_id, {COUNTED}
                FROM p GROUP BY GROUPING SETS ((1), (shop_id), ()) ORDER BY 1, 2
                """  # noqa: S608  # only our own statements
            ),
            _values(work, name, since, until, shop_id, time_zone),
        )
    ).all()
    defined = definitions()[name]
    words = defined[
        locale if locale in LOCALES else work.actor.locale if work.actor.locale in LOCALES else "en"
    ]
    total = next(row for row in rows if row.day is None and row.shop_id is None)
    timed = name in TIMED
    enough = total.denominator >= ENOUGH
    share = total.numerator / total.denominator if enough else None
    share_target, median_target = defined.get("share_target"), defined.get("median_target_seconds")
    median = _seconds(total.median) if timed and enough else None
    return Indicator(
        name=name,
        title=words["title"],
        formula=words["formula"],
        numerator=total.numerator,
        denominator=total.denominator,
        enough=enough,
        share=share,
        share_target=share_target,
        limit_seconds=defined.get("limit_seconds"),
        median_seconds=median,
        p90_seconds=_seconds(total.p90) if timed and enough else None,
        median_target_seconds=median_target,
        kept=None
        if share is None or share_target is None
        else share >= share_target and (median_target is None or median is None or median <= median_target),
        days=[
            IndicatorDay(
                day=row.day,
                numerator=row.numerator,
                denominator=row.denominator,
                median_seconds=_seconds(row.median) if timed else None,
            )
            for row in rows
            if row.day is not None
        ],
        shops=[
            IndicatorShop(
                shop_id=row.shop_id,
                numerator=row.numerator,
                denominator=row.denominator,
                median_seconds=_seconds(row.median) if timed else None,
            )
            for row in rows
            if row.shop_id is not None
        ],
    )


async def misses(
    work: Work, name: str, since: datetime, until: datetime, *, shop_id: UUID | None = None, limit: int = 100
) -> list[Miss]:
    """Those of the population that were not as promised, what waits still and what took longest first. Needs
    `insights.read`. Refuses with NotFound."""
    work.require("insights.read")
    if name not in POPULATIONS:
        raise NotFound(indicator=name)
    _check(since, until, "UTC")
    rows = await work.session.execute(
        text(
            f"""
            SELECT p.at, p.shop_id, p.case_id, p.number, p.owner_id, a.name AS owner_name,
              CAST(extract(epoch FROM p.took) AS bigint) AS seconds
            FROM ({POPULATIONS[name]}) p LEFT JOIN account a ON a.id = p.owner_id
            WHERE NOT p.ok AND (CAST(:shop AS uuid) IS NULL OR p.shop_id = :shop)
            ORDER BY p.took DESC NULLS FIRST, p.at, p.number LIMIT :fetch
            """  # noqa: S608  # only our own statements
        ),
        _values(work, name, since, until, shop_id, "UTC") | {"fetch": limit},
    )
    return [Miss.model_validate(row._mapping) for row in rows]


def _seconds(value: Any) -> int | None:
    return None if value is None else round(value)


def _check(since: datetime, until: datetime, time_zone: str) -> None:
    if not since < until or (until - since).days > MOST_DAYS:
        raise PeriodTooLong(since=since, until=until)
    try:
        zone(time_zone)
    except ValueError as unknown:
        raise PeriodTooLong(time_zone=time_zone) from unknown
