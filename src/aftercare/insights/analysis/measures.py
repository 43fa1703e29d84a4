"""What can be analysed of this installation, by name: rows of the lake with the columns that explain them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aftercare.insights.analysis.model import MeasureUnknown

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from aftercare.insights.lake import Tables

MOST_ROWS = 200_000
"""The newest; more tell the same and take longer."""


@dataclass(frozen=True)
class Measure:
    """`rows` gives one row per thing that happened, at `time`. `by` are columns that forecasts can be cut by, the first by
    default where `many`. `step` is the usual step of its series."""

    name: str
    time: str
    rows: "Callable[[Tables], ir.Table]"
    columns: tuple[str, ...]
    by: tuple[str, ...]
    step: str
    amount: str | None = None
    """What a row counts for in a series; else each is one."""


def _hours(later: Any, earlier: Any) -> Any:
    return (later.epoch_seconds() - earlier.epoch_seconds()) / 3600.0


def _contacts(t: "Tables") -> "ir.Table":
    cases = t.cases
    shops = t.shops.select(shop_key=t.shops.id, shop=t.shops.name)
    rows = cases.left_join(shops, cases.shop_id == shops.shop_key)
    return rows.select(
        "opened_at", "shop", "channel", "topic", "priority", "status", "mood", "locale", "reopened",
        owned=rows.owner_id.notnull(),
        answer_hours=_hours(rows.first_answered_at, rows.opened_at),
        solve_hours=_hours(rows.solved_at, rows.opened_at),
    )  # fmt: skip


def _claims(t: "Tables") -> "ir.Table":
    claims = t.claims
    lines = t.claim_lines
    products = t.products.select(
        product_key=t.products.id, product=t.products.sku, supplier=t.products.supplier
    )
    first = lines.group_by("claim_id").agg(category=lines.category.min(), product_key=lines.product_id.min())
    first = first.rename(claim_key="claim_id").left_join(products, "product_key")
    shops = t.shops.select(shop_key=t.shops.id, shop=t.shops.name)
    rows = claims.left_join(first, claims.id == first.claim_key).left_join(
        shops, claims.shop_id == shops.shop_key
    )
    return rows.select(
        "applied_at", "shop", "kind", "reason", "outcome", "state", "channel", "market", "category", "product", "supplier",
        "before_receipt", "fault_side", "edits",
        requested=rows.requested_cents / 100.0,
        agreed=rows.agreed_cents / 100.0,
        decide_hours=_hours(rows.decided_at, rows.applied_at),
        end_hours=_hours(rows.ended_at, rows.applied_at),
    )  # fmt: skip


def _refunds(t: "Tables") -> "ir.Table":
    refunds = t.refunds
    claims = t.claims.select(claim_key=t.claims.id, kind=t.claims.kind, reason=t.claims.reason)
    shops = t.shops.select(shop_key=t.shops.id, shop=t.shops.name)
    rows = refunds.left_join(claims, refunds.claim_id == claims.claim_key).left_join(
        shops, refunds.shop_id == shops.shop_key
    )
    return rows.select(
        "requested_at", "shop", "kind", "reason", "state", "method", "attempts",
        amount=rows.amount_cents / 100.0,
        pay_hours=_hours(rows.paid_at, rows.requested_at),
    )  # fmt: skip


def _orders(t: "Tables") -> "ir.Table":
    orders = t.orders
    shops = t.shops.select(shop_key=t.shops.id, shop=t.shops.name)
    rows = orders.left_join(shops, orders.shop_id == shops.shop_key)
    return rows.select(
        "placed_at", "shop", "status", "country", "region", "carrier", "review_score",
        total=rows.total_cents / 100.0,
        freight=rows.freight_cents / 100.0,
        delivery_hours=_hours(rows.delivered_at, rows.handed_over_at),
        late=(rows.delivered_at > rows.promised_at),
    )  # fmt: skip


def _ratings(t: "Tables") -> "ir.Table":
    ratings = t.ratings
    cases = t.cases.select(
        case_key=t.cases.id,
        topic=t.cases.topic,
        answer_hours=_hours(t.cases.first_answered_at, t.cases.opened_at),
        solve_hours=_hours(t.cases.solved_at, t.cases.opened_at),
    )
    shops = t.shops.select(shop_key=t.shops.id, shop=t.shops.name)
    rows = ratings.left_join(cases, ratings.case_id == cases.case_key).left_join(
        shops, ratings.shop_id == shops.shop_key
    )
    return rows.select("at", "shop", "question", "score", "channel", "topic", "answer_hours", "solve_hours")


def _parts(t: "Tables") -> "ir.Table":
    """What had to be sent anew: units of exchanges, resends and repairs, by product."""
    lines, claims = t.claim_lines, t.claims
    wanted = claims.filter(claims.kind.isin(["exchange", "resend", "repair"])).select(
        claim_key=claims.id, kind=claims.kind, reason=claims.reason
    )
    products = t.products.select(
        product_key=t.products.id, product=t.products.sku, supplier=t.products.supplier
    )
    rows = lines.inner_join(wanted, lines.claim_id == wanted.claim_key).left_join(
        products, lines.product_id == products.product_key
    )
    return rows.select("applied_at", "product", "category", "supplier", "kind", "reason", "quantity")


MEASURES = {
    measure.name: measure
    for measure in (
        Measure(
            "contacts", "opened_at", _contacts,
            ("solve_hours", "answer_hours", "channel", "topic", "priority", "status", "mood", "reopened", "owned", "locale", "shop"),
            ("channel", "shop", "topic"), "15min",
        ),
        Measure(
            "claims", "applied_at", _claims,
            ("decide_hours", "end_hours", "requested", "agreed", "kind", "reason", "outcome", "state", "channel", "market",
             "category", "product", "supplier", "fault_side", "before_receipt", "edits", "shop"),
            ("product", "category", "kind", "reason", "shop"), "1D",
        ),
        Measure(
            "refunds", "requested_at", _refunds,
            ("pay_hours", "amount", "kind", "reason", "state", "method", "attempts", "shop"), ("kind", "shop"), "1D",
        ),
        Measure(
            "orders", "placed_at", _orders,
            ("delivery_hours", "late", "total", "freight", "status", "country", "region", "carrier", "review_score", "shop"),
            ("shop", "country", "carrier"), "1D",
        ),
        Measure(
            "ratings", "at", _ratings,
            ("score", "question", "channel", "topic", "answer_hours", "solve_hours", "shop"), ("question", "shop"), "1D",
        ),
        Measure(
            "parts", "applied_at", _parts,
            ("quantity", "product", "category", "supplier", "kind", "reason"), ("product", "category"), "W", "quantity",
        ),
    )
}  # fmt: skip


def measure_of(name: str) -> Measure:
    """Refuses with MeasureUnknown."""
    if name not in MEASURES:
        raise MeasureUnknown(name=name, names=list(MEASURES))
    return MEASURES[name]


def rows_of(measure: Measure, tables: "Tables", since: datetime | None, until: datetime | None) -> "ir.Table":
    """The newest first, at most MOST_ROWS."""
    rows = measure.rows(tables)
    if since is not None:
        rows = rows.filter(rows[measure.time] >= since)
    if until is not None:
        rows = rows.filter(rows[measure.time] < until)
    return rows.order_by(rows[measure.time].desc()).limit(MOST_ROWS)
