"""What a report says: figures of a period, measured as the indicators are, frozen as they were found."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.insights import indicators
from aftercare.insights.indicators import Grain, IndicatorAnswer, Question
from aftercare.insights.reports import transparency
from aftercare.insights.reports.model import Audience
from aftercare.insights.reports.promises import LOCALES, PROMISES, Promise
from aftercare.insights.reports.spans import instants
from aftercare.journal import Work

VERSION = 1
MOST_LINES = 12

COUNTS = text(
    """
    SELECT
      (SELECT count(*) FROM sales_order o WHERE o.placed_at >= :since AND o.placed_at < :until
        AND (CAST(:shop AS uuid) IS NULL OR o.shop_id = :shop)) AS orders,
      (SELECT count(*) FROM service_case c WHERE c.opened_at >= :since AND c.opened_at < :until
        AND (CAST(:shop AS uuid) IS NULL OR c.shop_id = :shop)) AS cases,
      (SELECT count(*) FROM claim m WHERE m.applied_at >= :since AND m.applied_at < :until AND m.state <> 'draft'
        AND (CAST(:shop AS uuid) IS NULL OR m.shop_id = :shop)) AS claims
    """
)
BY_WORD = """
    SELECT {word} AS word, count(*) AS number FROM claim m
    WHERE m.applied_at >= :since AND m.applied_at < :until AND m.state <> 'draft' AND (CAST(:shop AS uuid) IS NULL OR m.shop_id = :shop)
    GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT :lines
"""
REFUNDED = text(
    """
    SELECT r.currency, count(*) AS number, CAST(sum(r.amount_cents) AS bigint) AS amount_cents FROM refund r
    WHERE r.paid_at >= :since AND r.paid_at < :until AND (CAST(:shop AS uuid) IS NULL OR r.shop_id = :shop)
    GROUP BY 1 ORDER BY 2 DESC, 1
    """
)


async def measured(
    work: Work,
    promises: Sequence[Promise],
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None,
    time_zone: str,
    before: bool = True,
) -> list[dict[str, Any]]:
    """Each promise with its measures over the period, and over the one before for comparison."""
    names = [name for promise in promises for name in promise.measures]
    # A day has too few of most things to be a point of a line.
    grain = Grain.week if until - since > timedelta(days=21) else Grain.day
    question = Question(since, until, grain=grain, time_zone=time_zone, shop_id=shop_id)
    now = {one.name: one for one in await indicators.answers(work, names, question)}
    earlier: dict[str, IndicatorAnswer] = {}
    if before:
        then = Question(since - (until - since), since, time_zone=time_zone, shop_id=shop_id, trend=False)
        earlier = {one.name: one for one in await indicators.answers(work, names, then)}
    warned = await transparency.warnings_published(work, shop_id, since, until)
    found = []
    for promise in promises:
        measures = [_measure(now[name], earlier.get(name)) for name in promise.measures]
        for measure in measures:
            if measure["name"] == "delay_warnings":
                _count_warnings(measure, warned, (until - since) / timedelta(days=1))
        judged = [measure["kept"] for measure in measures if measure["kept"] is not None]
        found.append(
            {
                "key": promise.key,
                "title": promise.title,
                "said": promise.said,
                "measures": measures,
                "kept": all(judged) if judged else None,
            }
        )
    return found


def _measure(now: IndicatorAnswer, earlier: IndicatorAnswer | None) -> dict[str, Any]:
    words = indicators.definition(now.name).words
    figure = now.figure
    return {
        "name": now.name,
        "title": {locale: words[locale].title for locale in LOCALES},
        "formula": {locale: words[locale].formula for locale in LOCALES},
        **now.model_dump(
            mode="json",
            include={
                "kind",
                "unit",
                "scale",
                "good",
                "target",
                "share_target",
                "limit_seconds",
                "per_days",
                "currency",
                "kept",
                "missing",
                "method",
            },
        ),
        **figure.model_dump(mode="json", exclude={"enough"}),
        "before": None
        if earlier is None
        else {"value": earlier.figure.value, "n": earlier.figure.n, "kept": earlier.kept},
        "trend": [{"on": point.since.date().isoformat(), "value": point.figure.value} for point in now.trend],
    }


def _count_warnings(measure: dict[str, Any], number: int, days: float) -> None:
    """From the facts that this package states itself."""
    asked = (measure["target"] or 0) * days / (measure["per_days"] or days)
    measure |= {
        "value": float(number),
        "numerator": float(number),
        "n": number,
        "missing": None,
        "kept": number >= round(asked) if days >= 28 else None,
    }


async def content_of(
    work: Work,
    *,
    shop_id: UUID | None,
    audience: Audience,
    since_on: date,
    until_on: date,
    time_zone: str,
) -> dict[str, Any]:
    """For the public without what is the house's own business. Needs `insights.read`."""
    since, until = instants(since_on, until_on, time_zone)
    promises = [one for one in PROMISES if audience is Audience.house or one.public]
    told = await measured(work, promises, since, until, shop_id=shop_id, time_zone=time_zone)
    scored = await transparency.score(
        work, shop_id=shop_id, since=since, until=until, since_on=since_on, promises=told
    )
    for one in told:
        if one["key"] == "transparency" and scored["score"] is not None:
            one["kept"] = scored["score"] >= scored["target"]
    values = {"since": since, "until": until, "shop": shop_id, "lines": MOST_LINES}
    counts = (await work.session.execute(COUNTS, values)).one()

    async def lines(word: str) -> list[list[Any]]:
        rows = await work.session.execute(text(BY_WORD.format(word=word)), values)
        return [[row.word, row.number] for row in rows]

    refunded = (await work.session.execute(REFUNDED, values)).all()
    content: dict[str, Any] = {
        "version": VERSION,
        "promises": told,
        "transparency": scored,
        "counts": {"orders": counts.orders, "cases": counts.cases, "claims": counts.claims},
        "kinds": await lines("m.kind"),
        "reasons": await lines("m.reason"),
        "refunded": [[row.currency, row.number, row.amount_cents] for row in refunded],
        "shops": [],
    }
    if audience is Audience.house:
        content["shops"] = await _by_shop(work, promises, since, until, shop_id=shop_id, time_zone=time_zone)
    return content


async def _by_shop(
    work: Work,
    promises: Sequence[Promise],
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None,
    time_zone: str,
) -> list[dict[str, Any]]:
    """The first measure of each promise, shop by shop: for the house alone."""
    names = [
        promise.measures[0]
        for promise in promises
        if promise.measures and "shop" in indicators.definition(promise.measures[0]).cuts
    ]
    question = Question(since, until, time_zone=time_zone, shop_id=shop_id, cut="shop", trend=False)
    rows: dict[str, dict[str, Any]] = {}
    for one in await indicators.answers(work, names, question):
        for part in one.parts:
            if part.key is not None:
                row = rows.setdefault(part.key, {"shop_id": part.key, "name": part.label, "figures": {}})
                row["figures"][one.name] = {"value": part.figure.value, "n": part.figure.n}
    return sorted(rows.values(), key=lambda row: str(row["name"]))
