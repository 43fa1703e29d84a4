"""Order lines as others work with them: with their order's dates, money and buyer.

Customers see what they bought themselves. A claim shows its lines, products and payments to everybody who may read claims,
so staff need `orders.read` or `claims.read`.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import func, select

from aftercare.journal import ActorKind, PermissionMissing, Work
from aftercare.kit.errors import NotFound
from aftercare.shop.model import Customer, OrderStatus, Payment, Product, SalesOrder


class ProductNotFound(NotFound):
    """There is no such product."""


class LineView(BaseModel):
    """One line of an order. `paid_cents` is what came in for it after all discounts, without freight, and `freight_cents` its
    part of the order's freight; `store_refunded_*` is what the store gave back by itself. Dates are the line's own where it
    has some, else its order's. `attributes` are the product's, overlaid by the line's own."""

    model_config = ConfigDict(frozen=True)

    id: UUID
    shop_id: UUID
    order_id: UUID
    order_number: str
    order_status: OrderStatus
    customer_id: UUID
    position: int
    product_id: UUID | None
    sku: str
    title: str
    category: str
    image: str | None
    quantity: int
    unit_price_cents: int
    discount_cents: int
    freight_cents: int
    paid_cents: int
    store_refunded_cents: int
    store_refunded_quantity: int
    currency: str
    placed_at: datetime
    paid_at: datetime | None
    promised_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    attributes: dict[str, Any]


class PaymentView(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    order_id: UUID
    external_id: str
    method: str
    provider: str
    provider_ref: str
    installments: int
    amount_cents: int
    currency: str
    paid_at: datetime | None


class ProductView(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)

    id: UUID
    shop_id: UUID
    sku: str
    title: str
    category: str
    price_cents: int | None
    currency: str
    weight_grams: int | None
    length_mm: int | None
    width_mm: int | None
    height_mm: int | None
    image: str | None
    attributes: dict[str, Any]


LINES = """
    SELECT l.id, l.shop_id, l.order_id, o.number AS order_number, o.status AS order_status,
      o.customer_id, l.position, l.product_id, l.sku, l.title,
      l.category, p.image, l.quantity, l.unit_price_cents, l.discount_cents, l.freight_cents, l.paid_cents,
      l.store_refunded_cents, l.store_refunded_quantity, l.currency, o.placed_at, o.paid_at, o.promised_at,
      coalesce(l.shipped_at, o.shipped_at) AS shipped_at,
      coalesce(l.delivered_at, o.delivered_at) AS delivered_at,
      coalesce(p.attributes, '{}'::jsonb) || l.attributes AS attributes
    FROM order_line l JOIN sales_order o ON o.id = l.order_id LEFT JOIN product p ON p.id = l.product_id
"""


def _may_read_lines(work: Work) -> None:
    if (
        work.actor.kind is ActorKind.customer
        or work.actor.may("orders.read")
        or work.actor.may("claims.read")
    ):
        return
    raise PermissionMissing(permission="orders.read")


async def get_lines(work: Work, line_ids: Collection[UUID]) -> list[LineView]:
    """Those of the lines that the actor may see, in one statement; the others are simply not there."""
    return await _lines(work, "l.id = ANY(:ids)", list(line_ids))


async def lines_of_orders(work: Work, order_ids: Collection[UUID]) -> list[LineView]:
    return await _lines(work, "l.order_id = ANY(:ids)", list(order_ids))


async def _lines(work: Work, condition: str, ids: list[UUID]) -> list[LineView]:
    _may_read_lines(work)
    if not ids:
        return []
    own = ""
    values: dict[str, Any] = {"ids": ids}
    if work.actor.kind is ActorKind.customer:
        own, values["customers"] = " AND o.customer_id = ANY(:customers)", list(work.actor.customers)
    rows = await work.rows(
        f"{LINES} WHERE {condition}{own} ORDER BY o.placed_at DESC, o.id, l.position", values
    )
    return [
        LineView.model_construct(**{**row._mapping, "order_status": OrderStatus(row.order_status)})
        for row in rows
    ]


PRICES_NOW = """
    SELECT l.id, coalesce(
      (SELECT p.price_cents FROM product p WHERE p.id = l.product_id AND p.currency = l.currency),
      (SELECT b.unit_price_cents FROM order_line b JOIN sales_order later ON later.id = b.order_id
       WHERE b.shop_id = l.shop_id AND b.product_id = l.product_id AND b.currency = l.currency AND later.placed_at > o.placed_at
       ORDER BY later.placed_at DESC, b.id DESC LIMIT 1)
    ) AS cents
    FROM order_line l JOIN sales_order o ON o.id = l.order_id WHERE l.id = ANY(:ids)
"""


async def prices_now(work: Work, line_ids: Collection[UUID]) -> dict[UUID, int]:
    """By line what one of its product costs now, where we know it: as the catalogue says, else as it was sold to somebody later."""
    _may_read_lines(work)
    rows = await work.rows(PRICES_NOW, {"ids": list(line_ids)})
    return {row.id: row.cents for row in rows if row.cents is not None}


async def payments_of(work: Work, order_id: UUID) -> list[PaymentView]:
    """What came in for the order, the largest first: that is the order in which it goes back."""
    _may_read_lines(work)
    statement = (
        select(Payment)
        .where(Payment.order_id == order_id, Payment.amount_cents > 0)
        .order_by(Payment.amount_cents.desc(), Payment.id)
    )
    if work.actor.kind is ActorKind.customer:
        own = select(SalesOrder.id).where(SalesOrder.customer_id.in_(work.actor.customers))
        statement = statement.where(Payment.order_id.in_(own))
    return [PaymentView.model_validate(row) for row in await work.session.scalars(statement)]


async def freight_paid(work: Work, order_id: UUID) -> int:
    """So much of the order's outward freight has come in; nothing for an order that is not there."""
    _may_read_lines(work)
    cents = await work.session.scalar(
        select(func.least(SalesOrder.freight_cents, SalesOrder.paid_cents)).where(SalesOrder.id == order_id)
    )
    return int(cents or 0)


async def get_product(work: Work, product_id: UUID) -> ProductView:
    """Whoever sees the shop sees what it sells. Refuses with ProductNotFound."""
    row = await work.session.get(Product, product_id)
    if row is None or not work.actor.sees(row.shop_id):
        raise ProductNotFound(product=product_id)
    return ProductView.model_validate(row)


async def product_titles(work: Work, product_ids: Sequence[UUID]) -> dict[UUID, str]:
    if not product_ids:
        return {}
    rows = await work.session.execute(select(Product.id, Product.title).where(Product.id.in_(product_ids)))
    return {row.id: row.title for row in rows}


async def customer_names(work: Work, customer_ids: Collection[UUID]) -> dict[UUID, str]:
    wanted = set(customer_ids)
    if work.actor.kind is ActorKind.customer:
        wanted &= work.actor.customers
    if not wanted:
        return {}
    rows = await work.session.execute(select(Customer.id, Customer.name).where(Customer.id.in_(wanted)))
    return {row.id: row.name for row in rows}
