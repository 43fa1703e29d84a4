"""What if: what would have been saved in a period, computed from what the ledger has. The sliders multiply; nothing is guessed.

- **Automation.** Of each kind of claim: how much people's time costs on a case that people decided, and on one that the policy decided.
  If x % of the first had been decided like the second, x % of the difference, times their number, would have been saved.
- **Carriers.** What a parcel cost with each. If y % of one's parcels had gone with another, y % of the difference.
- **Time.** If all acts of people had been z % shorter.

Intervals are 95 %, of a difference of means (normal). What is compared happened to differ in other ways too: claims that people
decide are the harder ones, so automation's saving is an upper estimate.
"""

from math import sqrt

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.insights.costs.reading import ENOUGH, Which, begun
from aftercare.journal import Work


class AutomationOf(BaseModel):
    """`per_case_cents` would be saved by each case that people decided; null when either side has too few."""

    claim_kind: str
    by_people: int
    by_policy: int
    people_cents: float | None
    policy_cents: float | None
    per_case_cents: float | None
    low_cents: float | None
    high_cents: float | None


class CarrierOf(BaseModel):
    kind: str
    carrier: str
    parcels: int
    per_parcel_cents: float


class WhatIf(BaseModel):
    """Of one currency. `saving_cents` if every case that people decided had been decided automatically."""

    currency: str
    days: int
    total_cents: int
    people_cents: int
    automation: list[AutomationOf]
    saving_cents: float
    saving_low_cents: float
    saving_high_cents: float
    carriers: list[CarrierOf]


AUTOMATION = text(
    """
    SELECT s.currency, m.kind, m.outcome IN ('approve', 'reject') AS automatic, count(*) AS cases, avg(spent.cents) AS mean,
      coalesce(var_samp(spent.cents), 0) AS variance
    FROM claim m JOIN shop s ON s.id = m.shop_id CROSS JOIN LATERAL (
      SELECT coalesce(sum(l.amount_cents), 0) AS cents FROM cost_line l
      WHERE l.case_id = m.case_id AND l.kind = 'people' AND l.currency = s.currency
    ) spent
    WHERE m.decided_at >= :since AND m.decided_at < :until AND (CAST(:shop AS uuid) IS NULL OR m.shop_id = :shop)
      AND m.platform IS NULL
    GROUP BY 1, 2, 3 ORDER BY 1, 2
    """
)
CARRIERS = text(
    """
    SELECT currency, kind, coalesce(carrier, '') AS carrier, CAST(sum(quantity) AS bigint) AS parcels,
      sum(amount_cents) / nullif(sum(quantity), 0) AS mean
    FROM cost_line WHERE at >= :since AND at < :until AND kind IN ('freight_out', 'freight_back') AND amount_cents IS NOT NULL
      AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop)
    GROUP BY 1, 2, 3 HAVING sum(quantity) > 0 ORDER BY 1, 2, 4 DESC
    """
)
TOTALS = text(
    """
    SELECT currency, CAST(sum(amount_cents) AS bigint) AS total,
      CAST(coalesce(sum(amount_cents) FILTER (WHERE kind = 'people'), 0) AS bigint) AS people
    FROM cost_line WHERE at >= :since AND at < :until AND amount_cents IS NOT NULL
      AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop)
    GROUP BY 1 ORDER BY 1
    """
)


async def what_if(work: Work, which: Which) -> list[WhatIf]:
    """Of the period and shop; other filters do not count. Needs `insights.read`. Refuses with PeriodNotPossible."""
    await begun(work, which)
    values = {"since": which.since, "until": which.until, "shop": which.shop_id}
    decided = (await work.session.execute(AUTOMATION, values)).all()
    parcels = (await work.session.execute(CARRIERS, values)).all()
    found = []
    for row in (await work.session.execute(TOTALS, values)).all():
        sides = {(one.kind, one.automatic): one for one in decided if one.currency == row.currency}
        kinds = [
            _automation(kind, sides.get((kind, False)), sides.get((kind, True)))
            for kind in sorted({kind for kind, _ in sides})
        ]
        told = [one for one in kinds if one.per_case_cents is not None]
        whole = sum((one.per_case_cents or 0) * one.by_people for one in told)
        # Kinds are independent of each other: their variances add up.
        half = sqrt(
            sum((((one.high_cents or 0) - (one.low_cents or 0)) / 2 * one.by_people) ** 2 for one in told)
        )
        found.append(
            WhatIf(
                currency=row.currency,
                days=(which.until - which.since).days,
                total_cents=row.total,
                people_cents=row.people,
                automation=kinds,
                saving_cents=round(whole, 2),
                saving_low_cents=round(whole - half, 2),
                saving_high_cents=round(whole + half, 2),
                carriers=[
                    CarrierOf(
                        kind=one.kind,
                        carrier=one.carrier,
                        parcels=one.parcels,
                        per_parcel_cents=round(float(one.mean), 2),
                    )
                    for one in parcels
                    if one.currency == row.currency
                ],
            )
        )
    return found


def _automation(kind: str, people: object, policy: object) -> AutomationOf:
    def of(side: object, name: str) -> float:
        return float(getattr(side, name)) if side is not None else 0.0

    many = [int(of(side, "cases")) for side in (people, policy)]
    enough = min(many) >= ENOUGH
    each = of(people, "mean") - of(policy, "mean")
    half = 1.96 * sqrt(of(people, "variance") / many[0] + of(policy, "variance") / many[1]) if enough else 0.0
    return AutomationOf(
        claim_kind=kind,
        by_people=many[0],
        by_policy=many[1],
        people_cents=round(of(people, "mean"), 2) if many[0] >= ENOUGH else None,
        policy_cents=round(of(policy, "mean"), 2) if many[1] >= ENOUGH else None,
        per_case_cents=round(each, 2) if enough else None,
        low_cents=round(each - half, 2) if enough else None,
        high_cents=round(each + half, 2) if enough else None,
    )
