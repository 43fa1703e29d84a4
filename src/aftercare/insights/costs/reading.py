"""Reading the ledger: sums by month, kind and any cut, what a case and an order cost, and the dearest cases.

`cases` are those that cost something in the period; a cost per case is the sum of the period's lines divided by them. Lines that
belong to no case (a bot's answer to somebody who had none) are in the sum and not in any average. Currencies stand side by side
and are never added up.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import text

from aftercare.insights.costs.ledger import kept_until
from aftercare.insights.costs.model import GROUP_OF, SERVICE, CostGroup, CostKind, PeriodNotPossible
from aftercare.insights.costs.pricing import MissingCostRate, missing_rates
from aftercare.journal import Work
from aftercare.kit.calendars import zone

ENOUGH = 20
"""Of fewer cases no average is told."""
MOST_DAYS = 1_830


class CostCut(StrEnum):
    """`carrier` and `agent` cut single lines (freight; people's time); the others cut cases."""

    shop = "shop"
    market = "market"
    channel = "channel"
    claim_kind = "claim_kind"
    reason = "reason"
    product = "product"
    category = "category"
    carrier = "carrier"
    agent = "agent"
    month = "month"
    kind = "kind"


class Which(BaseModel):
    """Which lines are read: of a period, and if wanted of one shop, some kinds of cost, or some cases. `only`: `service` leaves the
    money and goods out."""

    since: AwareDatetime
    until: AwareDatetime
    shop_id: UUID | None = None
    only: Literal["all", "service"] = "all"
    channel: Annotated[str | None, Field(max_length=40)] = None
    claim_kind: Annotated[str | None, Field(max_length=40)] = None
    reason: Annotated[str | None, Field(max_length=40)] = None
    category: Annotated[str | None, Field(max_length=80)] = None
    product_id: UUID | None = None
    time_zone: Annotated[str, Field(max_length=60)] = "Asia/Shanghai"


class KindSum(BaseModel):
    """`quantity`: seconds of people and calls, else pieces."""

    kind: CostKind
    group: CostGroup
    amount_cents: int
    lines: int
    quantity: int


class MonthKind(BaseModel):
    month: str
    kind: CostKind
    amount_cents: int


class MonthSum(BaseModel):
    """`per_case_cents` is null below twenty cases."""

    month: str
    amount_cents: int
    cases: int
    per_case_cents: float | None


class CurrencyCosts(BaseModel):
    """All of one currency. `before_cents` and `before_cases`: of the period just as long before this one."""

    currency: str
    amount_cents: int
    service_cents: int
    cases: int
    per_case_cents: float | None
    orders: int
    per_order_cents: float | None
    before_cents: int
    before_cases: int
    kinds: list[KindSum]
    months: list[MonthSum]
    cells: list[MonthKind]


class CostSummary(BaseModel):
    """`until_fact`: when the newest fact happened that the ledger has read."""

    since: datetime
    until: datetime
    until_fact: datetime | None
    currencies: list[CurrencyCosts]
    missing: list[MissingCostRate]


class CutSum(BaseModel):
    """`value` is an id or word, null where the lines have none; `label` what it is called, where it has a name."""

    currency: str
    value: str | None
    label: str | None
    amount_cents: int
    cases: int
    per_case_cents: float | None
    orders: int | None
    per_order_cents: float | None
    lines: int


class DearCase(BaseModel):
    case_id: UUID
    number: str
    title: str
    shop_id: UUID
    opened_at: datetime
    claim_kind: str | None
    reason: str | None
    currency: str
    amount_cents: int
    most: CostKind
    most_cents: int
    """Of the kind that cost most."""


CASE_CUTS: dict[CostCut, str] = {
    CostCut.market: "a.market",
    CostCut.channel: "a.channel",
    CostCut.claim_kind: "a.claim_kind",
    CostCut.reason: "a.reason",
    CostCut.product: "CAST(a.product_id AS text)",
    CostCut.category: "a.category",
}
LINE_CUTS: dict[CostCut, str] = {
    CostCut.shop: "CAST(l.shop_id AS text)",
    CostCut.carrier: "l.carrier",
    CostCut.agent: "CAST(CASE WHEN l.kind = 'people' THEN l.account_id END AS text)",
    CostCut.month: "CAST(width_bucket(l.at, CAST(:edges AS timestamptz[])) AS text)",
    CostCut.kind: "l.kind",
}

# What a case is about: its newest claim, and of that the line that most money is asked for.
ABOUT = """
    SELECT c.id AS case_id, s.market, c.channel, m.kind AS claim_kind, m.reason, line.product_id, p.category
    FROM service_case c JOIN shop s ON s.id = c.shop_id
    LEFT JOIN (
      SELECT DISTINCT ON (case_id) case_id, id, kind, reason FROM claim WHERE state <> 'draft' ORDER BY case_id, applied_at DESC, id
    ) m ON m.case_id = c.id
    LEFT JOIN (
      SELECT DISTINCT ON (claim_id) claim_id, product_id FROM claim_line ORDER BY claim_id, requested_cents DESC, id
    ) line ON line.claim_id = m.id
    LEFT JOIN product p ON p.id = line.product_id
"""


def checked(which: Which) -> None:
    """Refuses with PeriodNotPossible."""
    if not which.since < which.until or (which.until - which.since).days > MOST_DAYS:
        raise PeriodNotPossible(since=which.since, until=which.until)
    try:
        zone(which.time_zone)
    except ValueError as unknown:
        raise PeriodNotPossible(time_zone=which.time_zone) from unknown


async def begun(work: Work, which: Which) -> None:
    """Looks whether the actor may, and the period can be, and gives the database room to sum by case in memory: a hundred thousand
    sums that spill to disk take four times as long. Needs `insights.read`. Refuses with PeriodNotPossible."""
    work.require("insights.read")
    checked(which)
    await work.session.execute(text("SET LOCAL work_mem = '96MB'"))


def conditions(which: Which) -> tuple[str, str, dict[str, Any]]:
    """Of the lines, of what their cases are about (empty: nothing is asked of them), and the values."""
    values: dict[str, Any] = {"since": which.since, "until": which.until, "zone": which.time_zone}
    lines = "l.at >= :since AND l.at < :until AND l.amount_cents IS NOT NULL"
    if which.shop_id is not None:
        lines, values["shop"] = f"{lines} AND l.shop_id = :shop", which.shop_id
    if which.only == "service":
        lines, values["kinds"] = f"{lines} AND l.kind = ANY(:kinds)", sorted(kind.value for kind in SERVICE)
    about = [
        f"a.{name} = :{name}"
        for name in ("channel", "claim_kind", "reason", "category", "product_id")
        if getattr(which, name) is not None
    ]
    values |= {
        name: getattr(which, name)
        for name in ("channel", "claim_kind", "reason", "category", "product_id")
        if getattr(which, name) is not None
    }
    return lines, " AND ".join(about), values


def from_lines(which: Which) -> tuple[str, dict[str, Any]]:
    """FROM and WHERE of the lines `l`; with what their cases are about (`a`) when the filter asks for it."""
    lines, about, values = conditions(which)
    join = f"JOIN ({ABOUT}) a ON a.case_id = l.case_id" if about else ""
    return f"FROM cost_line l {join} WHERE {lines}{f' AND {about}' if about else ''}", values


MONTH = "width_bucket(l.at, CAST(:edges AS timestamptz[]))"
"""The number of the month; a third of the time that writing its name for each line takes."""


def month_names(which: Which) -> dict[str, datetime]:
    """When each month of the period begins in its zone, by its name."""
    at = zone(which.time_zone)
    first = which.since.astimezone(at)
    year, month = first.year, first.month
    found: dict[str, datetime] = {}
    while (begins := datetime(year, month, 1, tzinfo=at)) < which.until:
        found[f"{year}-{month:02d}"] = begins
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return found


def per(cents: int, cases: int) -> float | None:
    return round(cents / cases, 2) if cases >= ENOUGH else None


async def summary(work: Work, which: Which) -> CostSummary:
    """Needs `insights.read`. Refuses with PeriodNotPossible."""
    await begun(work, which)
    source, values = from_lines(which)
    names = month_names(which)
    cells = (
        await work.session.execute(
            text(
                f"SELECT l.currency, {MONTH} AS month, l.kind, CAST(sum(l.amount_cents) AS bigint) AS cents, count(*) AS lines,"
                f" CAST(sum(l.quantity) AS bigint) AS quantity {source} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"
            ),
            values | {"edges": list(names.values())},
        )
    ).all()
    months = (
        await work.session.execute(
            text(
                f"""
                WITH seen AS (SELECT l.currency, {MONTH} AS month, l.case_id {source} AND l.case_id IS NOT NULL GROUP BY 1, 2, 3)
                SELECT currency, month, count(*) AS cases FROM seen GROUP BY 1, 2
                UNION ALL
                SELECT currency, NULL, count(*) FROM (SELECT DISTINCT currency, case_id FROM seen) d GROUP BY 1
                """  # noqa: S608  # only our own conditions
            ),
            values | {"edges": list(names.values())},
        )
    ).all()
    earlier = which.model_copy(
        update={"since": which.since - (which.until - which.since), "until": which.since}
    )
    before = {row.currency: row for row in await _totals(work, earlier)}
    orders = await _orders(work, which)
    called = dict(enumerate(names, 1))
    by_month = {(row.currency, called.get(row.month)): row.cases for row in months}
    return CostSummary(
        since=which.since,
        until=which.until,
        until_fact=await kept_until(work),
        currencies=[
            _currency(
                currency, [row for row in cells if row.currency == currency], called, by_month, before, orders
            )
            for currency in sorted({row.currency for row in cells})
        ],
        missing=await missing_rates(work, shop_id=which.shop_id),
    )


def _currency(
    currency: str,
    cells: Sequence[Any],
    called: dict[int, str],
    by_month: dict[tuple[str, str | None], int],
    before: dict[str, Any],
    orders: dict[str, int],
) -> CurrencyCosts:
    kinds: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    months: dict[str, int] = defaultdict(int)
    for row in cells:
        for index, part in enumerate((row.cents, row.lines, row.quantity)):
            kinds[row.kind][index] += part
        months[called[row.month]] += row.cents
    total, cases, bought = sum(months.values()), by_month.get((currency, None), 0), orders.get(currency, 0)
    service = sum(cents for kind, (cents, _, _) in kinds.items() if CostKind(kind) in SERVICE)
    earlier = before.get(currency)
    return CurrencyCosts(
        currency=currency,
        amount_cents=total,
        service_cents=service,
        cases=cases,
        per_case_cents=per(total, cases),
        orders=bought,
        per_order_cents=per(total, bought),
        before_cents=earlier.cents if earlier else 0,
        before_cases=earlier.cases if earlier else 0,
        kinds=[
            KindSum(
                kind=CostKind(kind),
                group=GROUP_OF[CostKind(kind)],
                amount_cents=cents,
                lines=lines,
                quantity=quantity,
            )
            for kind, (cents, lines, quantity) in sorted(kinds.items(), key=lambda item: -item[1][0])
        ],
        months=[
            MonthSum(
                month=month,
                amount_cents=cents,
                cases=by_month.get((currency, month), 0),
                per_case_cents=per(cents, by_month.get((currency, month), 0)),
            )
            for month, cents in sorted(months.items())
        ],
        cells=[
            MonthKind(month=called[row.month], kind=CostKind(row.kind), amount_cents=row.cents)
            for row in cells
        ],
    )


async def _totals(work: Work, which: Which) -> Sequence[Any]:
    source, values = from_lines(which)
    rows = await work.session.execute(
        text(
            "SELECT currency, CAST(sum(cents) AS bigint) AS cents, count(case_id) AS cases FROM (SELECT l.currency, l.case_id,"  # noqa: S608
            f" sum(l.amount_cents) AS cents {source} GROUP BY 1, 2) g GROUP BY 1"
        ),
        values,
    )
    return rows.all()


async def _orders(work: Work, which: Which) -> dict[str, int]:
    rows = await work.session.execute(
        text(
            "SELECT currency, count(*) AS orders FROM sales_order"
            " WHERE placed_at >= :since AND placed_at < :until AND status <> 'cancelled'"
            " AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop) GROUP BY 1"
        ),
        {"since": which.since, "until": which.until, "shop": which.shop_id},
    )
    return {row.currency: row.orders for row in rows}


LABELS: dict[CostCut, str] = {
    CostCut.shop: "SELECT CAST(id AS text), name FROM shop WHERE CAST(id AS text) = ANY(:values)",
    CostCut.product: "SELECT CAST(id AS text), title FROM product WHERE id = ANY(CAST(:values AS uuid[]))",
    CostCut.agent: "SELECT CAST(id AS text), name FROM account WHERE id = ANY(CAST(:values AS uuid[]))",
}
ORDERS_BY: dict[CostCut, str] = {
    CostCut.shop: "CAST(o.shop_id AS text)",
    CostCut.market: "s.market",
    CostCut.month: "to_char(o.placed_at AT TIME ZONE :zone, 'YYYY-MM')",
}


async def cut_by(work: Work, which: Which, by: CostCut, *, limit: int = 200) -> list[CutSum]:
    """What each part of a cut cost, dearest first; per order where orders can be cut so. Needs `insights.read`. Refuses with
    PeriodNotPossible."""
    await begun(work, which)
    lines, about, values = conditions(which)
    cut = LINE_CUTS.get(by, "NULL")
    # Summed per case first: then a hundred thousand cases are looked at, and not a million lines.
    summed = f"""
        SELECT l.currency, l.case_id, {cut} AS value, sum(l.amount_cents) AS cents, count(*) AS lines FROM cost_line l
        WHERE {lines} GROUP BY 1, 2, 3
    """  # noqa: S608  # only our own conditions
    join = f"{'JOIN' if about else 'LEFT JOIN'} ({ABOUT}) a ON a.case_id = g.case_id"
    value = "g.value" if by in LINE_CUTS else CASE_CUTS[by]
    sql = f"""
        SELECT g.currency, {value} AS value, CAST(sum(g.cents) AS bigint) AS cents, count(g.case_id) AS cases,
          CAST(sum(g.lines) AS bigint) AS lines
        FROM ({summed}) g {"" if by in LINE_CUTS and not about else join} {f"WHERE {about}" if about else ""} GROUP BY 1, 2
    """  # noqa: S608  # only our own conditions
    months = month_names(which) if by is CostCut.month else {}
    rows = (
        await work.session.execute(
            text(f"{sql} ORDER BY 1, 3 DESC, 2 LIMIT :most"),
            {**values, "most": limit, "edges": list(months.values())},
        )
    ).all()
    names = await _names(work, by, [row.value for row in rows if row.value is not None])
    orders = await _orders_by(work, which, by)
    called = {str(number): name for number, name in enumerate(months, 1)}
    found = []
    for row in rows:
        value = called.get(row.value, row.value)
        bought = None if orders is None else orders.get((row.currency, value), 0)
        found.append(
            CutSum(
                currency=row.currency,
                value=value,
                label=names.get(row.value),
                amount_cents=row.cents,
                cases=row.cases,
                per_case_cents=per(row.cents, row.cases),
                orders=bought,
                per_order_cents=None if bought is None else per(row.cents, bought),
                lines=row.lines,
            )
        )
    return found


async def _names(work: Work, by: CostCut, found: list[str]) -> dict[str | None, str]:
    if by not in LABELS or not found:
        return {}
    return {row[0]: row[1] for row in await work.session.execute(text(LABELS[by]), {"values": found})}


async def _orders_by(work: Work, which: Which, by: CostCut) -> dict[tuple[str, str | None], int] | None:
    if by not in ORDERS_BY:
        return None
    values: dict[str, Any] = {"since": which.since, "until": which.until, "shop": which.shop_id}
    if by is CostCut.month:
        values["zone"] = which.time_zone
    rows = await work.session.execute(
        text(
            f"SELECT o.currency, {ORDERS_BY[by]} AS value, count(*) AS orders FROM sales_order o JOIN shop s ON s.id = o.shop_id"  # noqa: S608
            " WHERE o.placed_at >= :since AND o.placed_at < :until AND o.status <> 'cancelled'"
            " AND (CAST(:shop AS uuid) IS NULL OR o.shop_id = :shop) GROUP BY 1, 2"
        ),
        values,
    )
    return {(row.currency, row.value): row.orders for row in rows}


async def dearest(work: Work, which: Which, *, limit: int = 20) -> list[DearCase]:
    """The cases that cost most in the period. Needs `insights.read`. Refuses with PeriodNotPossible."""
    await begun(work, which)
    source, values = from_lines(which)
    rows = await work.session.execute(
        text(
            f"""
            WITH top AS (
              SELECT l.case_id, l.currency, CAST(sum(l.amount_cents) AS bigint) AS cents {source} AND l.case_id IS NOT NULL
              GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT :most
            )
            SELECT top.case_id, c.number, c.title, c.shop_id, c.opened_at, m.kind AS claim_kind, m.reason, top.currency,
              top.cents AS amount_cents, k.kind AS most, k.cents AS most_cents
            FROM top JOIN service_case c ON c.id = top.case_id
            LEFT JOIN LATERAL (
              SELECT kind, reason FROM claim WHERE claim.case_id = top.case_id AND state <> 'draft' ORDER BY applied_at DESC, id LIMIT 1
            ) m ON true
            JOIN LATERAL (
              SELECT l.kind, CAST(sum(l.amount_cents) AS bigint) AS cents FROM cost_line l WHERE l.case_id = top.case_id
                AND l.currency = top.currency AND l.at >= :since AND l.at < :until AND l.amount_cents IS NOT NULL
              GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1
            ) k ON true
            ORDER BY top.cents DESC, top.case_id
            """  # noqa: S608  # only our own conditions
        ),
        {**values, "most": limit},
    )
    return [DearCase.model_validate(row._mapping) for row in rows]


def whole_days(since: date, until: date, time_zone: str) -> tuple[datetime, datetime]:
    """From the first day's beginning to the last day's end, in the zone."""
    at = zone(time_zone)
    return (
        datetime(since.year, since.month, since.day, tzinfo=at),
        datetime(until.year, until.month, until.day, tzinfo=at) + timedelta(days=1),
    )


class Cell(BaseModel):
    """What one segment cost for one kind in a period; `segment` null: cases that have none."""

    currency: str
    segment: str | None
    kind: str
    cents: int
    quantity: int


class Segments(BaseModel):
    """`cases` by (currency, segment); `loose`: cents of lines that belong to no case, by currency and kind."""

    cells: list[Cell]
    cases: dict[tuple[str, str | None], int]
    loose: dict[tuple[str, str], int]


async def segments(work: Work, which: Which, by: CostCut) -> Segments:
    """A period in the shape that a bridge compares. `by` cuts cases. Needs `insights.read`."""
    await begun(work, which)
    lines, about, values = conditions(which)
    value = "CAST(g.shop_id AS text)" if by is CostCut.shop else CASE_CUTS[by]
    rows = (
        await work.session.execute(
            text(
                f"""
                SELECT g.currency, {value} AS segment, g.kind, CAST(sum(g.cents) AS bigint) AS cents,
                  CAST(sum(g.quantity) AS bigint) AS quantity, count(DISTINCT g.case_id) AS cases, g.case_id IS NULL AS loose,
                  grouping(g.kind) AS whole
                FROM (SELECT l.currency, l.shop_id, l.case_id, l.kind, sum(l.amount_cents) AS cents, sum(l.quantity) AS quantity
                  FROM cost_line l WHERE {lines} GROUP BY 1, 2, 3, 4) g
                {"JOIN" if about else "LEFT JOIN"} ({ABOUT}) a ON a.case_id = g.case_id {f"WHERE {about}" if about else ""}
                GROUP BY GROUPING SETS ((1, 2, 7, g.kind), (1, 2, 7))
                """  # noqa: S608  # only our own conditions
            ),
            values,
        )
    ).all()
    return Segments(
        cells=[
            Cell(
                currency=row.currency,
                segment=row.segment,
                kind=row.kind,
                cents=row.cents,
                quantity=row.quantity,
            )
            for row in rows
            if not row.whole and not row.loose
        ],
        cases={(row.currency, row.segment): row.cases for row in rows if row.whole and not row.loose},
        loose={(row.currency, row.kind): row.cents for row in rows if not row.whole and row.loose},
    )
