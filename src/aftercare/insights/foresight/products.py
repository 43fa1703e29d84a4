"""Products and batches whose failures rise: claims of fault per units delivered, of late beside before.

Compared by the exact test of two Poisson rates (scipy); because many products are looked at, those told are chosen so that of all
told at most one in twenty is chance (Benjamini and Hochberg).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from aftercare.journal import Work

LATELY, BEFORE = timedelta(days=28), timedelta(days=180)
MOST_FALSE = 0.05
FEWEST_FAILED = 3
FAULTS = ("defective", "damaged", "not_as_described", "recalled")
"""Reasons that tell of the goods. What is damaged may be the carrier's fault; when it rises for one product, it is the packing."""

COUNTS = """
    WITH sold AS (
      SELECT l.shop_id, l.product_id, coalesce(l.attributes->>'batch', '') AS batch,
        sum(l.quantity) FILTER (WHERE o.delivered_at >= :lately) AS units,
        sum(l.quantity) FILTER (WHERE o.delivered_at < :lately) AS units_before
      FROM order_line l JOIN sales_order o ON o.id = l.order_id
      WHERE o.delivered_at >= :since AND o.delivered_at < :now AND l.product_id IS NOT NULL GROUP BY 1, 2, 3
    ), failed AS (
      SELECT k.product_id, coalesce(l.attributes->>'batch', '') AS batch,
        sum(k.quantity) FILTER (WHERE m.applied_at >= :lately) AS failed,
        sum(k.quantity) FILTER (WHERE m.applied_at < :lately) AS failed_before
      FROM claim_line k JOIN claim m ON m.id = k.claim_id JOIN order_line l ON l.id = k.order_line_id
      WHERE m.applied_at >= :since AND m.applied_at < :now AND m.reason = ANY (:faults) AND k.product_id IS NOT NULL GROUP BY 1, 2
    )
    SELECT s.shop_id, s.product_id, s.batch, coalesce(s.units, 0) AS units, coalesce(s.units_before, 0) AS units_before,
      coalesce(f.failed, 0) AS failed, coalesce(f.failed_before, 0) AS failed_before
    FROM sold s LEFT JOIN failed f USING (product_id, batch)
"""


@dataclass(frozen=True)
class Sold:
    """One product or batch in two periods, units delivered and units complained of."""

    shop_id: UUID
    product_id: UUID
    batch: str
    units: int
    units_before: int
    failed: int
    failed_before: int


@dataclass(frozen=True)
class Failing:
    sold: Sold
    low: float
    high: float
    p: float
    q: float
    rises: bool


async def sold_and_failed(work: Work, now: datetime) -> tuple[date, list[Sold]]:
    """By product and, where lines tell one, by batch. Needs `insights.read`."""
    work.require("insights.read")
    lately = now - LATELY
    rows = await work.session.execute(
        text(COUNTS), {"now": now, "lately": lately, "since": lately - BEFORE, "faults": list(FAULTS)}
    )
    found = [Sold(**row._mapping) for row in rows]
    # A product of several batches is told as a whole as well.
    whole: dict[UUID, Sold] = {}
    for one in found:
        known = whole.get(one.product_id)
        whole[one.product_id] = Sold(
            one.shop_id,
            one.product_id,
            "",
            one.units + (known.units if known else 0),
            one.units_before + (known.units_before if known else 0),
            one.failed + (known.failed if known else 0),
            one.failed_before + (known.failed_before if known else 0),
        )
    return lately.date(), [*whole.values(), *(one for one in found if one.batch)]


def rising(sold: list[Sold]) -> list[Failing]:
    """Those that failed lately, the surest first. A batch is compared with the rest of all that its shop sold before."""
    from scipy import stats

    rates: dict[UUID, tuple[int, int]] = {}
    for one in sold:
        if not one.batch:
            units, failed = rates.get(one.shop_id, (0, 0))
            rates[one.shop_id] = units + one.units_before, failed + one.failed_before
    tested = [one for one in sold if one.failed >= FEWEST_FAILED and one.units]
    ps = []
    for one in tested:
        units, failed = one.units_before, one.failed_before
        if not units or one.batch:
            units, failed = rates[one.shop_id]
        if not units:
            units, failed = 1, 0
        ps.append(
            float(
                stats.poisson_means_test(one.failed, one.units, failed, units, alternative="greater").pvalue
            )
        )
    if not tested:
        return []
    qs = stats.false_discovery_control(ps)
    told = []
    for one, p, q in zip(tested, ps, qs, strict=True):
        low = stats.chi2.ppf(0.025, 2 * one.failed) / 2 / one.units
        high = stats.chi2.ppf(0.975, 2 * one.failed + 2) / 2 / one.units
        told.append(Failing(one, float(low), float(min(high, 1e6)), p, float(q), bool(q <= MOST_FALSE)))
    return sorted(told, key=lambda one: one.p)
