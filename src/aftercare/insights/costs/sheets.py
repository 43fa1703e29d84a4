"""The ledger for spreadsheets: every line of a period."""

from typing import Any

from sqlalchemy import text

from aftercare.insights.costs.model import GROUP_OF, CostKind
from aftercare.insights.costs.reading import Which, checked, from_lines
from aftercare.journal import Work
from aftercare.kit.sheets import Cell, Sheet, moment, money

COLUMNS = (
    "at",
    "shop",
    "case",
    "claim",
    "order",
    "channel",
    "claim_kind",
    "reason",
    "product",
    "category",
    "group",
    "kind",
    "part",
    "carrier",
    "person",
    "quantity",
    "unit",
    "rate",
    "amount",
    "currency",
    "fact",
    "line",
    "undoes",
)


async def lines_sheet(work: Work, which: Which) -> Sheet:
    """Every line, oldest first, also those without an amount. What comes out can be read again (`files`). Needs `insights.read`."""
    work.require("insights.read")
    checked(which)
    source, values = from_lines(which)
    source = source.replace(" AND l.amount_cents IS NOT NULL", "")
    tail = source.partition("FROM cost_line l")[2]
    join, _, where = tail.partition(" WHERE ")
    values.pop("zone", None)
    sql = f"""
        SELECT l.id, l.at, s.code AS shop, c.number AS case_number, m.number AS claim_number, o.number AS order_number, c.channel,
          k.kind AS claim_kind, k.reason, p.title AS product, p.category, l.kind, l.part, l.carrier, u.name AS person, l.quantity,
          r.unit, r.amount AS rate, l.amount_cents, l.currency, l.position, l.reverses_id
        FROM cost_line l {join} JOIN shop s ON s.id = l.shop_id LEFT JOIN service_case c ON c.id = l.case_id
        LEFT JOIN claim m ON m.id = l.claim_id LEFT JOIN sales_order o ON o.id = l.order_id LEFT JOIN product p ON p.id = l.product_id
        LEFT JOIN account u ON u.id = l.account_id AND l.kind = 'people' LEFT JOIN cost_rate r ON r.id = l.rate_id
        LEFT JOIN LATERAL (
          SELECT kind, reason FROM claim n WHERE n.case_id = l.case_id AND n.state <> 'draft' ORDER BY n.applied_at DESC, n.id LIMIT 1
        ) k ON true
        WHERE {where} ORDER BY l.at, l.id
    """  # noqa: S608  # only our own conditions

    def row(found: Any) -> list[Cell]:
        return [
            moment(found.at, which.time_zone),
            found.shop,
            found.case_number,
            found.claim_number,
            found.order_number,
            found.channel,
            found.claim_kind,
            found.reason,
            found.product,
            found.category,
            GROUP_OF[CostKind(found.kind)].value,
            found.kind,
            found.part,
            found.carrier,
            found.person,
            found.quantity,
            found.unit,
            found.rate,
            money(found.amount_cents, found.currency),
            found.currency,
            found.position,
            found.id,
            found.reverses_id,
        ]

    return Sheet("costs", COLUMNS, text(sql), row, values)
