"""The transparency score: how much of what a shop does it tells, reckoned from facts alone.

    score = Σ weight × reached / Σ weight, over the parts that can be reckoned, of 100

| part | weight | reached |
|---|---|---|
| reports | 30 | of the months and quarters that ended in the year before, those whose public report was published within 31 days; of all shops together, the reports of each that is open |
| figures | 30 | of the public promises that are measured at all, those told here with a figure that rests on enough |
| notices | 25 | of the progress notices that were due, those sent and right |
| warnings | 15 | warnings of delays published, of two a month; never more than all |

A part that nothing says anything about (a shop's first month has no earlier reports) is left out, and so is its weight. With less than
half of the weight left there is no score.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.insights.reports.spans import month_after, months_between
from aftercare.journal import Work

WEIGHTS = {"reports": 30, "figures": 30, "notices": 25, "warnings": 15}
ENOUGH_WEIGHT = 50
TARGET = 80
WITHIN = timedelta(days=31)
WARNINGS_A_MONTH = 2
DAYS_A_MONTH = 30.44

# One shop, or of all together each that is open: any number of them.
SHOPS = "shop s WHERE CASE WHEN CAST(:shop AS uuid) IS NULL THEN s.active ELSE s.id = :shop END"
PUBLISHED = text(
    f"""
    SELECT f.shop_id, f.data->>'span' AS span, CAST(f.data->>'since_on' AS date) AS since_on, min(f.at) AS at FROM fact f
    WHERE f.name = 'report.published' AND f.data->>'audience' = 'public' AND f.at < :now
      AND f.shop_id IN (SELECT s.id FROM {SHOPS}) GROUP BY 1, 2, 3
    """  # noqa: S608  # only our own words
)
FIRST = text(f"SELECT s.id, (SELECT min(f.at) FROM fact f WHERE f.shop_id = s.id) AS at FROM {SHOPS}")  # noqa: S608
WARNED = text(
    """
    SELECT count(*) FROM fact WHERE name = 'logistics_warning.published' AND at >= :since AND at < :until
      AND (shop_id IS NULL OR CAST(:shop AS uuid) IS NULL OR shop_id = :shop)
    """
)


async def warnings_published(work: Work, shop_id: UUID | None, since: datetime, until: datetime) -> int:
    """Those for all shops count for each."""
    return int(await work.session.scalar(WARNED, {"shop": shop_id, "since": since, "until": until}) or 0)


async def reports_due(work: Work, shop_id: UUID | None, before: date) -> tuple[int, int]:
    """How many of the months and quarters of the year before `before` were reported in time, and how many had to be. Each shop
    reports to the public by itself: of all together, the reports of each that is open are counted."""
    rows = (await work.session.execute(PUBLISHED, {"shop": shop_id, "now": work.now})).all()
    told = {(row.shop_id, row.span, row.since_on): row.at.date() for row in rows}
    done = asked = 0
    for row in await work.session.execute(FIRST, {"shop": shop_id}):
        if row.at is None:
            continue
        due = _due(month_after(row.at.date().replace(day=1)), before, work.now.date())
        asked += len(due)
        done += sum(
            (row.id, *key) in told and told[row.id, *key] <= ended + WITHIN for key, ended in due.items()
        )
    return done, asked


def _due(first: date, before: date, today: date) -> dict[tuple[str, date], date]:
    """The months and quarters of the year before `before` that had to be reported, with the day after their last."""
    months = months_between(max(date(before.year - 1, before.month, 1), first), before)
    due = {("month", month): month_after(month) for month in months}
    due |= {
        ("quarter", month): month_after(month, 3)
        for month in months
        if month.month in (1, 4, 7, 10) and month_after(month, 3) <= before
    }
    # What ended just now has still its time.
    return {key: ended for key, ended in due.items() if ended + WITHIN <= today}


async def score(
    work: Work,
    *,
    shop_id: UUID | None,
    since: datetime,
    until: datetime,
    since_on: date,
    promises: Sequence[dict[str, Any]],
) -> dict[str, Any]:
    """`promises` as a report has them. The score with its parts: each with what was reached, of how much, and its weight."""
    parts: list[dict[str, Any]] = []

    def part(name: str, reached: float | None, has: float, of: float) -> None:
        parts.append(
            {
                "part": name,
                "weight": WEIGHTS[name],
                "reached": reached,
                "has": round(has, 1),
                "of": round(of, 1),
            }
        )

    done, due = await reports_due(work, shop_id, since_on)
    part("reports", done / due if due else None, done, due)
    measured = [
        one
        for one in promises
        if any(measure["missing"] not in ("no_source", "nothing_recorded") for measure in one["measures"])
    ]
    told = [one for one in measured if any(measure["value"] is not None for measure in one["measures"])]
    part("figures", len(told) / len(measured) if measured else None, len(told), len(measured))
    notices = next(
        (
            m
            for one in promises
            for m in one["measures"]
            if m["name"] == "notices_right" and m["value"] is not None
        ),
        None,
    )
    part(
        "notices",
        notices["value"] if notices else None,
        notices["numerator"] if notices else 0,
        notices["denominator"] if notices else 0,
    )
    months = (until - since) / timedelta(days=DAYS_A_MONTH)
    asked = round(WARNINGS_A_MONTH * months)
    published = await warnings_published(work, shop_id, since, until)
    part("warnings", min(1.0, published / asked) if asked >= 1 else None, published, asked)
    weight = sum(one["weight"] for one in parts if one["reached"] is not None)
    reached = sum(one["weight"] * one["reached"] for one in parts if one["reached"] is not None)
    return {
        "score": round(100 * reached / weight) if weight >= ENOUGH_WEIGHT else None,
        "target": TARGET,
        "parts": parts,
    }
