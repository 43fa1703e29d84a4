"""Rates: what one unit costs, from when on, in which shop; and pricing lines anew when that has changed for the past."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field, model_validator
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from aftercare.insights.costs.events import CostRateSet, CostsRerated
from aftercare.insights.costs.model import (
    RATE_OF,
    UNIT_OF,
    CostRate,
    PeriodNotPossible,
    RateKind,
    RateThereAlready,
    RateUnit,
)
from aftercare.journal import Work
from aftercare.kit.errors import NotAllowed, NotFound
from aftercare.kit.text import one_line

Line = Annotated[str, AfterValidator(one_line)]


class NewCostRate(BaseModel):
    """`amount` is in minor units of the currency per unit (350 is ¥3.50), or the thousandth part of the price for goods; without
    one there is no rate from then on. `part` narrows it: a carrier, a kind of work, a disposition, a category."""

    shop_id: UUID | None = None
    kind: RateKind
    part: Annotated[Line, Field(max_length=80)] = ""
    amount: Annotated[Decimal, Field(ge=0, le=10**9, max_digits=14, decimal_places=4)] | None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    valid_from: AwareDatetime
    reason: Annotated[Line, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def share_of_the_whole(self) -> "NewCostRate":
        if UNIT_OF[self.kind] is RateUnit.per_mille and self.amount is not None and self.amount > 1000:
            raise ValueError("a share is at most 1000 per mille")
        return self


class CostRateView(BaseModel):
    """`valid_until`: before this moment; null while nothing follows. `lines`: how many cost lines were priced by it."""

    id: UUID
    shop_id: UUID | None
    kind: RateKind
    part: str
    unit: RateUnit
    amount: float | None
    currency: str
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    set_by_name: str | None
    set_at: datetime
    lines: int


class MissingCostRate(BaseModel):
    """What was counted and could not be priced. `part`: as narrow as a rate for it could be."""

    shop_id: UUID
    kind: RateKind
    part: str
    currency: str
    lines: int
    quantity: int
    since: datetime
    until: datetime


class CostsPricedAnew(BaseModel):
    """How many lines were priced anew, and by how much the sum changed, per currency."""

    lines: int
    differences: dict[str, int]


async def set_rate(work: Work, new: NewCostRate) -> UUID:
    """Lines that are there already stay as they are; `price_anew` changes them when asked. Needs `insights.write`, for the group
    also to see every shop. Refuses with RateThereAlready."""
    work.require("insights.write")
    if new.shop_id is None and work.actor.shops is not None:
        raise NotAllowed(needed="every shop")
    if new.shop_id is not None and not work.actor.sees(new.shop_id):
        raise NotFound(shop=new.shop_id)
    row = CostRate(
        id=work.new_id(),
        **new.model_dump(),
        unit=UNIT_OF[new.kind],
        set_by=work.actor.id,
        set_at=work.now,
    )
    try:
        async with work.session.begin_nested():
            work.session.add(row)
    except IntegrityError:
        raise RateThereAlready(kind=new.kind, part=new.part, valid_from=new.valid_from) from None
    work.record(
        CostRateSet(
            cost_rate_id=row.id,
            shop_id=new.shop_id,
            kind=new.kind,
            part=new.part,
            unit=row.unit,
            amount=None if new.amount is None else format(new.amount.normalize(), "f"),
            currency=new.currency,
            valid_from=new.valid_from.isoformat(),
        )
    )
    return row.id


RATES = text(
    """
    SELECT r.id, r.shop_id, r.kind, r.part, r.unit, r.amount, r.currency, r.valid_from, r.reason, r.set_at, a.name AS set_by_name,
      lead(r.valid_from) OVER (PARTITION BY r.shop_id, r.kind, r.part, r.currency ORDER BY r.valid_from) AS valid_until,
      coalesce(used.lines, 0) AS lines
    FROM cost_rate r LEFT JOIN account a ON a.id = r.set_by
    LEFT JOIN (SELECT rate_id, count(*) AS lines FROM cost_line WHERE turn % 2 = 0 GROUP BY rate_id) used ON used.rate_id = r.id
    ORDER BY r.kind, r.currency, r.shop_id NULLS FIRST, r.part, r.valid_from
    """
)


async def rates(work: Work) -> list[CostRateView]:
    """All that the actor may see, those of the group included. Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(RATES)
    return [CostRateView.model_validate(row._mapping) for row in rows]


MISSING = text(
    """
    SELECT l.shop_id, CASE WHEN l.kind IN ('goods_back', 'goods_out') THEN 'goods' ELSE l.kind END AS kind, l.part, l.currency,
      count(*) AS lines, CAST(sum(abs(l.quantity)) AS bigint) AS quantity, min(l.at) AS since, max(l.at) AS until
    FROM cost_line l
    WHERE l.amount_cents IS NULL AND l.turn % 2 = 0 AND NOT EXISTS (SELECT FROM cost_line c WHERE c.reverses_id = l.id)
      AND (CAST(:shop AS uuid) IS NULL OR l.shop_id = :shop)
    GROUP BY 1, 2, 3, 4 ORDER BY count(*) DESC, 2, 3
    """
)


async def missing_rates(work: Work, *, shop_id: UUID | None = None) -> list[MissingCostRate]:
    """What was counted, but has no amount, because nobody has said what it costs. Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(MISSING, {"shop": shop_id})
    return [MissingCostRate.model_validate(row._mapping) for row in rows]


# Only lines whose amount would differ: asking twice changes nothing.
TO_PRICE = """
    CREATE TEMPORARY TABLE to_price ON COMMIT DROP AS
    SELECT l.*, n.id AS new_rate, n.cents AS new_cents
    FROM cost_line l LEFT JOIN product p ON p.id = l.product_id
    LEFT JOIN LATERAL (
      SELECT r.id, cost_of(r.unit, r.amount, l.quantity, l.base_cents) AS cents FROM rate_for(
        CASE WHEN l.kind IN ('goods_back', 'goods_out') THEN 'goods' ELSE l.kind END,
        CASE WHEN l.kind IN ('goods_back', 'goods_out') THEN coalesce(p.category, '') ELSE l.part END,
        l.shop_id, l.currency, l.at) r
    ) n ON true
    WHERE l.at >= :since AND l.at < :until AND l.kind = ANY(:kinds) AND l.turn % 2 = 0 AND NOT l.by_hand
      AND (CAST(:shop AS uuid) IS NULL OR l.shop_id = :shop)
      AND NOT EXISTS (SELECT FROM cost_line c WHERE c.reverses_id = l.id)
      AND n.cents IS DISTINCT FROM l.amount_cents
"""
COPIED = "shop_id, case_id, claim_id, order_id, product_id, account_id, carrier, at, kind, part, currency, position"
PRICE = f"""
    INSERT INTO cost_line ({COPIED}, quantity, base_cents, rate_id, amount_cents, turn, reverses_id, corrected_by, entered_at)
    SELECT {COPIED}, -quantity, -base_cents, rate_id, -amount_cents, turn + 1, id, CAST(:fact AS bigint), CAST(:now AS timestamptz) FROM to_price
    UNION ALL
    SELECT {COPIED}, quantity, base_cents, new_rate, new_cents, turn + 2, NULL, CAST(:fact AS bigint), CAST(:now AS timestamptz) FROM to_price
"""  # noqa: S608  # only our own columns


async def price_anew(
    work: Work, since: datetime, until: datetime, *, kind: RateKind | None = None, shop_id: UUID | None = None
) -> CostsPricedAnew:
    """Prices the lines of a period at the rates that hold for their days now: each that would differ is undone by a counter-line
    and followed by a new one. Lines entered by hand stay. Needs `insights.write`. Refuses with PeriodNotPossible."""
    work.require("insights.write")
    if not since < until:
        raise PeriodNotPossible(since=since, until=until)
    kinds = [cost for cost, rate in RATE_OF.items() if kind is None or rate is kind]
    # One at a time: whoever comes second finds nothing left to change.
    await work.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('price costs anew'))"))
    await work.session.execute(
        text(TO_PRICE),
        {"since": since, "until": until, "kinds": [one.value for one in kinds], "shop": shop_id},
    )
    found = (
        await work.session.execute(
            text(
                "SELECT currency, count(*) AS lines, CAST(sum(coalesce(new_cents, 0) - coalesce(amount_cents, 0)) AS bigint) AS cents"
                " FROM to_price GROUP BY 1 ORDER BY 1"
            )
        )
    ).all()
    lines = sum(row.lines for row in found)
    if lines:
        told = CostsRerated(
            shop_id=shop_id,
            kind=kind,
            since=since.isoformat(),
            until=until.isoformat(),
            lines=lines,
        )
        work.record(told)
        await work.write_facts()
        await work.session.execute(text(PRICE), {"fact": work.position_of(told), "now": work.now})
    await work.session.execute(text("DROP TABLE to_price"))
    return CostsPricedAnew(lines=lines, differences={row.currency: row.cents for row in found})


async def add_rates(work: Work, new: Sequence[NewCostRate]) -> int:
    """Those that are not there yet; for an installation that begins. Returns how many were new."""
    there: Any = {
        (row.shop_id, row.kind, row.part, row.currency, row.valid_from)
        for row in await work.session.execute(
            text("SELECT shop_id, kind, part, currency, valid_from FROM cost_rate")
        )
    }
    added = [
        one for one in new if (one.shop_id, one.kind, one.part, one.currency, one.valid_from) not in there
    ]
    for one in added:
        await set_rate(work, one)
    return len(added)
