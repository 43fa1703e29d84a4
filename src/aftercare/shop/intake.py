"""Taking in what a store tells: in bulk, compared with what is known, and stated as facts.

One `take_in` is one step: it is written whole or not at all. Rows whose content is the same are not touched.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare import identity
from aftercare.journal import Work
from aftercare.kit import text as words
from aftercare.kit.ids import new_id
from aftercare.kit.json import to_json
from aftercare.kit.money import discounted, share
from aftercare.kit.tables import Base
from aftercare.shop.bulk import insert_rows, rows_by_key, update_rows, whole_rows
from aftercare.shop.events import (
    OrderCancelled,
    OrderChanged,
    OrderDelivered,
    OrderImported,
    OrderPaid,
    OrderShipped,
)
from aftercare.shop.model import Customer, OrderLine, OrderReview, OrderStatus, Payment, Product, SalesOrder
from aftercare.shop.shapes import CustomerRecord, LineRecord, OrderRecord, ProductRecord

CONFIRM_AFTER_DAYS = 10
"""From delivery; a shop's setting `confirm_after_days` says otherwise."""

FEW_SHOPS = 20


@dataclass(slots=True)
class Count:
    read: int = 0
    new: int = 0
    changed: int = 0
    same: int = 0
    refused: int = 0

    def add(self, other: "Count") -> None:
        for each in fields(Count):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))


@dataclass(slots=True)
class Taken:
    """What became of the rows handed in. `orders` gives every order's id by (shop, source, external id)."""

    customers: Count = field(default_factory=Count)
    products: Count = field(default_factory=Count)
    orders: Count = field(default_factory=Count)
    lines: Count = field(default_factory=Count)
    payments: Count = field(default_factory=Count)
    reviews: Count = field(default_factory=Count)
    ids: dict[tuple[UUID, str, str], UUID] = field(default_factory=dict)


async def take_in(
    work: Work,
    *,
    customers: Sequence[CustomerRecord] = (),
    products: Sequence[ProductRecord] = (),
    orders: Sequence[OrderRecord] = (),
    shops: Mapping[UUID, identity.ShopView] | None = None,
) -> Taken:
    """Customers and products that orders name must be known already or come along; `shops` spares looking
    up who is known. Needs `orders.import`. Raises ValueError for what an importer should have refused: the same key twice, an order whose customer is unknown."""
    work.require("orders.import")
    taken = Taken()
    await _one_at_a_time(
        work,
        {record.shop_id for record in customers}
        | {record.shop_id for record in products}
        | {record.shop_id for record in orders},
    )
    customers, orders = await _without_erased(work, customers, orders)
    renamed = await _take_customers(work, customers, taken.customers)
    await _take_products(work, products, taken.products)
    if orders:
        await _take_orders(work, orders, shops or {}, taken)
    if renamed:
        await index_again(work, renamed)
    return taken


async def _without_erased(
    work: Work, customers: Sequence[CustomerRecord], orders: Sequence[OrderRecord]
) -> tuple[Sequence[CustomerRecord], Sequence[OrderRecord]]:
    """What a store still tells of customers who were erased here is not taken in again: only what they bought."""
    named = {(record.shop_id, record.external_id) for record in customers}
    named |= {(record.shop_id, record.customer) for record in orders}
    rows = await work.session.execute(
        text(
            "SELECT shop_id, external_id FROM customer WHERE erased_at IS NOT NULL"
            " AND shop_id = ANY(:shops) AND external_id = ANY(:ids)"
        ),
        {"shops": list({shop_id for shop_id, _ in named}), "ids": list({name for _, name in named})},
    )
    erased = {(row.shop_id, row.external_id) for row in rows} & named
    if not erased:
        return customers, orders
    return (
        [
            replace(record, name="", email=None, phone=None, tier="", address={})
            if (record.shop_id, record.external_id) in erased
            else record
            for record in customers
        ],
        [
            replace(
                record,
                shipping_address={},
                raw={},
                reviews=tuple(replace(review, title="", body="") for review in record.reviews),
            )
            if (record.shop_id, record.customer) in erased
            else record
            for record in orders
        ],
    )


async def _one_at_a_time(work: Work, shops: set[UUID]) -> None:
    """Two imports of the same shop would both find a row missing. Large imports keep everybody out, small ones only who
    is busy with the same shop."""
    if len(shops) > FEW_SHOPS:
        await work.session.execute(text("SELECT pg_advisory_xact_lock(hashtext('shop.take_in'))"))
        return
    await work.session.execute(text("SELECT pg_advisory_xact_lock_shared(hashtext('shop.take_in'))"))
    for shop_id in sorted(shops):
        await work.session.execute(
            text("SELECT pg_advisory_xact_lock(hashtext('shop.take_in'), hashtext(:shop))"),
            {"shop": str(shop_id)},
        )


def _content(*values: Any) -> str:
    return hashlib.blake2b(to_json(values).encode(), digest_size=16).hexdigest()


def _differing(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [name for name, value in new.items() if name not in _OURS and old.get(name) != value]


_OURS = frozenset({"id", "shop_id", "order_id", "content", "tsv", "tokenizer", "since", "number_key"})
"""Columns whose difference says nothing about the store."""


def _no_key_twice(keys: Sequence[tuple[Any, ...]]) -> None:
    if len(set(keys)) != len(keys):
        raise ValueError("the same key twice in one step")


# Customers and products


async def _take_customers(work: Work, records: Sequence[CustomerRecord], count: Count) -> list[UUID]:
    """Returns the customers whose name or contact is another one now."""
    rows = [
        {
            "shop_id": record.shop_id,
            "external_id": record.external_id,
            "name": record.name,
            "email": record.email,
            "phone": record.phone,
            "locale": record.locale,
            "tier": record.tier,
            "address": record.address,
        }
        for record in records
    ]
    changed = await _take_rows(work, Customer, rows, count, {"since": work.now})
    return [old for old, names in changed if {"name", "email", "phone"} & set(names)]


async def _take_products(work: Work, records: Sequence[ProductRecord], count: Count) -> None:
    rows = [{name.name: getattr(record, name.name) for name in fields(ProductRecord)} for record in records]
    await _take_rows(work, Product, rows, count, {})


async def _take_rows(
    work: Work, model: type[Base], rows: list[dict[str, Any]], count: Count, first: dict[str, Any]
) -> list[tuple[UUID, list[str]]]:
    keys = [(row["shop_id"], row["external_id"]) for row in rows]
    _no_key_twice(keys)
    known = await rows_by_key(
        work,
        model,
        [{"shop_id": shop_id, "external_id": external_id} for shop_id, external_id in keys],
        "t.id, t.content",
    )
    new, other = [], []
    for key, row in zip(keys, rows, strict=True):
        content = _content(row)
        old = known.get(key)
        if old is None:
            new.append({"id": work.new_id(), **row, **first, "content": content})
        elif old.content != content:
            other.append({"id": old.id, **row, "content": content})
    await insert_rows(work, model, new)
    before = {row["id"]: row for row in await whole_rows(work, model, "id", [row["id"] for row in other])}
    await update_rows(work, model, other)
    count.new += len(new)
    count.changed += len(other)
    count.same += len(rows) - len(new) - len(other)
    return [(row["id"], _differing(before[row["id"]], row)) for row in other]


# Orders


@dataclass(frozen=True, slots=True)
class _Priced:
    """An order's money, shared over its lines."""

    goods: int
    discount: int
    freight: int
    paid: int
    line_discounts: list[int]
    line_freights: list[int]
    line_paid: list[int]


def priced(record: OrderRecord) -> _Priced:
    """Goods are paid after freight: what did not come in is missing from the lines first, so that the lines' `paid_cents`
    and the freight never exceed together what was paid. MoneyNotPossible when a discount exceeds the goods."""
    grosses = [line.unit_price_cents * line.quantity for line in record.lines]
    own = [gross - line.discount_cents for gross, line in zip(grosses, record.lines, strict=True)]
    nets = discounted(own, record.discount_cents) if own or record.discount_cents else []
    freights = [
        line.freight_cents + part
        for line, part in zip(record.lines, share(record.freight_cents, own) if own else [], strict=True)
    ]
    freight = sum(freights) if own else record.freight_cents
    due = sum(nets) + freight
    if record.paid_cents is not None:
        paid = record.paid_cents
    elif record.payments:
        paid = sum(payment.amount_cents for payment in record.payments)
    else:
        paid = due if record.paid_at else 0
    missing = max(0, min(sum(nets), due - paid))
    return _Priced(
        goods=sum(grosses),
        discount=sum(grosses) - sum(nets),
        freight=freight,
        paid=paid,
        line_discounts=[gross - net for gross, net in zip(grosses, nets, strict=True)],
        line_freights=freights,
        line_paid=discounted(nets, missing) if nets else [],
    )


def number_key(number: str) -> str:
    """An order number as people may type it: without `#` in front and white space, in capitals."""
    return "".join(words.clean(number).split()).lstrip("#").upper()


@dataclass(frozen=True, slots=True)
class _Buyer:
    id: UUID
    name: str
    email: str | None
    phone: str | None


def search_text(number: str, buyer: Any, lines: Iterable[Any]) -> str:
    """Everything that staff look an order up by, as text of a tsvector."""
    told = dict.fromkeys(part for line in lines for part in (line.sku, line.title) if part)
    return words.tsvector_text(
        number, number.lstrip("#"), buyer.name, buyer.email, *words.phone_spellings(buyer.phone), *told
    )


async def _take_orders(
    work: Work, records: Sequence[OrderRecord], shops: Mapping[UUID, identity.ShopView], taken: Taken
) -> None:
    keys = [(record.shop_id, record.source, record.external_id) for record in records]
    _no_key_twice(keys)
    buyers = await _buyers(work, records)
    products = await _products(work, records)
    known = await rows_by_key(
        work,
        SalesOrder,
        [
            {"shop_id": shop_id, "source": source, "external_id": external_id}
            for shop_id, source, external_id in keys
        ],
        "t.id, t.content, t.source_updated_at",
    )
    new: list[tuple[OrderRecord, UUID, str]] = []
    other: list[tuple[OrderRecord, UUID, str]] = []
    for key, record in zip(keys, records, strict=True):
        content = _content(
            *(getattr(record, each.name) for each in fields(OrderRecord) if each.name not in _PARTS),
            *([_plain(part) for part in getattr(record, name)] for name in _PARTS),
        )
        old = known.get(key)
        if old is None:
            new.append((record, new_id(record.placed_at), content))
        elif old.content != content and not _is_older(record, old.source_updated_at):
            other.append((record, old.id, content))
        else:
            for count, parts in (
                (taken.orders, 1),
                (taken.lines, len(record.lines)),
                (taken.payments, len(record.payments)),
                (taken.reviews, len(record.reviews)),
            ):
                count.same += parts
        taken.ids[key] = old.id if old is not None else new[-1][1]
    await _insert_orders(work, new, buyers, products, shops, taken)
    await _change_orders(work, other, buyers, products, shops, taken)


_PARTS = ("lines", "payments", "reviews")


def _plain(part: Any) -> list[Any]:
    return [getattr(part, each.name) for each in fields(part)]


def _is_older(record: OrderRecord, known: datetime | None) -> bool:
    """A push that was overtaken by a later one tells nothing."""
    return bool(known and record.source_updated_at and record.source_updated_at < known)


async def _buyers(work: Work, records: Sequence[OrderRecord]) -> dict[tuple[UUID, str], Any]:
    keys = dict.fromkeys((record.shop_id, record.customer) for record in records)
    found = await rows_by_key(
        work,
        Customer,
        [{"shop_id": shop_id, "external_id": external_id} for shop_id, external_id in keys],
        "t.id, t.name, t.email, t.phone",
    )
    unknown = [key for key in keys if key not in found]
    if unknown:
        raise ValueError(f"orders of unknown customers: {unknown[:3]}")
    return {(shop_id, external_id): row for (shop_id, external_id), row in found.items()}


async def _products(work: Work, records: Sequence[OrderRecord]) -> dict[tuple[UUID, str], UUID]:
    keys = dict.fromkeys(
        (record.shop_id, line.product) for record in records for line in record.lines if line.product
    )
    found = await rows_by_key(
        work,
        Product,
        [{"shop_id": shop_id, "external_id": external_id} for shop_id, external_id in keys],
        "t.id",
    )
    return {(shop_id, external_id): row.id for (shop_id, external_id), row in found.items()}


async def _confirm_days(
    work: Work, records: Iterable[OrderRecord], shops: Mapping[UUID, identity.ShopView]
) -> dict[UUID, int]:
    days: dict[UUID, int] = {}
    for shop_id in {record.shop_id for record in records}:
        shop = shops.get(shop_id) or await identity.get_shop(work, shop_id)
        days[shop_id] = int(shop.settings.get("confirm_after_days", CONFIRM_AFTER_DAYS))
    return days


def _order_row(record: OrderRecord, order_id: UUID, content: str, buyer: Any, days: int) -> dict[str, Any]:
    money = priced(record)
    return {
        "id": order_id,
        "shop_id": record.shop_id,
        "number": record.number,
        "number_key": number_key(record.number),
        "external_id": record.external_id,
        "source": record.source,
        "customer_id": buyer.id,
        "status": record.status,
        "currency": record.currency,
        "placed_at": record.placed_at,
        "paid_at": record.paid_at,
        "shipped_at": record.shipped_at,
        "delivered_at": record.delivered_at,
        "promised_at": record.promised_at,
        "cancelled_at": record.cancelled_at,
        "auto_confirm_at": record.delivered_at and record.delivered_at + timedelta(days=days),
        "goods_cents": money.goods,
        "discount_cents": money.discount,
        "freight_cents": money.freight,
        "paid_cents": money.paid,
        "shipping_address": record.shipping_address,
        "raw": record.raw,
        "source_updated_at": record.source_updated_at,
        "content": content,
        "tsv": search_text(record.number, buyer, record.lines),
        "tokenizer": words.TOKENIZER,
    }


def _line_rows(
    record: OrderRecord, order_id: UUID, products: dict[tuple[UUID, str], UUID]
) -> list[dict[str, Any]]:
    money = priced(record)
    return [
        {
            "id": new_id(record.placed_at),
            "shop_id": record.shop_id,
            "order_id": order_id,
            "position": position,
            "external_id": line.external_id,
            "product_id": products.get((record.shop_id, line.product or "")),
            "sku": line.sku,
            "title": line.title,
            "category": line.category,
            "quantity": line.quantity,
            "unit_price_cents": line.unit_price_cents,
            "discount_cents": money.line_discounts[position - 1],
            "freight_cents": money.line_freights[position - 1],
            "paid_cents": money.line_paid[position - 1],
            "currency": record.currency,
            "shipped_at": line.shipped_at or record.shipped_at,
            "delivered_at": line.delivered_at or record.delivered_at,
            "attributes": line.attributes,
        }
        for position, line in enumerate(record.lines, 1)
    ]


def _payment_rows(record: OrderRecord, order_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(record.placed_at),
            "shop_id": record.shop_id,
            "order_id": order_id,
            "external_id": payment.external_id,
            "method": payment.method,
            "provider": payment.provider,
            "provider_ref": payment.provider_ref,
            "installments": payment.installments,
            "amount_cents": payment.amount_cents,
            "currency": record.currency,
            "paid_at": payment.paid_at,
        }
        for payment in record.payments
    ]


def _review_rows(record: OrderRecord, order_id: UUID) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id(record.placed_at),
            "shop_id": record.shop_id,
            "order_id": order_id,
            "external_id": review.external_id,
            "score": review.score,
            "title": review.title,
            "body": review.body,
            "created_on": review.created_on,
            "answered_at": review.answered_at,
        }
        for review in record.reviews
    ]


Told = list[tuple[OrderRecord, UUID, str]]
"""(record, id of the order, content)"""


async def _insert_orders(
    work: Work,
    told: Told,
    buyers: dict[tuple[UUID, str], Any],
    products: dict[tuple[UUID, str], UUID],
    shops: Mapping[UUID, identity.ShopView],
    taken: Taken,
) -> None:
    if not told:
        return
    days = await _confirm_days(work, [record for record, _, _ in told], shops)
    rows = [
        _order_row(record, order_id, content, buyers[record.shop_id, record.customer], days[record.shop_id])
        for record, order_id, content in told
    ]
    lines = [row for record, order_id, _ in told for row in _line_rows(record, order_id, products)]
    payments = [row for record, order_id, _ in told for row in _payment_rows(record, order_id)]
    reviews = [row for record, order_id, _ in told for row in _review_rows(record, order_id)]
    await insert_rows(work, SalesOrder, rows)
    await insert_rows(work, OrderLine, lines)
    await insert_rows(work, Payment, payments)
    await insert_rows(work, OrderReview, reviews)
    taken.orders.new += len(rows)
    taken.lines.new += len(lines)
    taken.payments.new += len(payments)
    taken.reviews.new += len(reviews)
    for row in rows:
        work.record(
            OrderImported(
                shop_id=row["shop_id"],
                order_id=row["id"],
                customer_id=row["customer_id"],
                status=row["status"],
                source=row["source"],
                paid_cents=row["paid_cents"],
                currency=row["currency"],
            )
        )


async def _change_orders(
    work: Work,
    told: Told,
    buyers: dict[tuple[UUID, str], Any],
    products: dict[tuple[UUID, str], UUID],
    shops: Mapping[UUID, identity.ShopView],
    taken: Taken,
) -> None:
    if not told:
        return
    ids = [order_id for _, order_id, _ in told]
    days = await _confirm_days(work, [record for record, _, _ in told], shops)
    before = {row["id"]: row for row in await whole_rows(work, SalesOrder, "id", ids)}
    lines = await _Parts.of(work, OrderLine, ids, taken.lines)
    payments = await _Parts.of(work, Payment, ids, taken.payments)
    reviews = await _Parts.of(work, OrderReview, ids, taken.reviews)
    rows = []
    for record, order_id, content in told:
        old = before[order_id]
        row = _order_row(
            record, order_id, content, buyers[record.shop_id, record.customer], days[record.shop_id]
        )
        if old["status"] is OrderStatus.confirmed and record.status is not OrderStatus.cancelled:
            row["status"] = OrderStatus.confirmed
        if old["delivered_at"] == record.delivered_at:
            row["auto_confirm_at"] = old["auto_confirm_at"]
        rows.append(row)
        names = _differing(old, row)
        if lines.compare(order_id, _line_rows(record, order_id, products), {"paid_cents": 0}):
            names.append("lines")
        if payments.compare(order_id, _payment_rows(record, order_id), {"amount_cents": 0}):
            names.append("payments")
        if reviews.compare(order_id, _review_rows(record, order_id), {}):
            names.append("reviews")
        _say(work, old, row, names)
    await update_rows(work, SalesOrder, rows)
    for parts in (lines, payments, reviews):
        await parts.write(work)
    taken.orders.changed += len(rows)


class _Parts:
    """The lines, payments or reviews of changed orders. What the store no longer tells stays, since a claim may point at
    it, but is worth nothing."""

    def __init__(self, model: type[Base], count: Count) -> None:
        self.model, self.count = model, count
        self.known: dict[UUID, dict[str, dict[str, Any]]] = {}
        self.new: list[dict[str, Any]] = []
        self.changed: list[dict[str, Any]] = []

    @classmethod
    async def of(cls, work: Work, model: type[Base], orders: Sequence[UUID], count: Count) -> "_Parts":
        parts = cls(model, count)
        for row in await whole_rows(work, model, "order_id", orders):
            parts.known.setdefault(row["order_id"], {})[row["external_id"]] = row
        return parts

    def compare(self, order_id: UUID, told: list[dict[str, Any]], when_gone: dict[str, Any]) -> bool:
        """Whether anything differs; remembers what is to be written."""
        known = dict(self.known.get(order_id, {}))
        differs = False
        for row in told:
            old = known.pop(row["external_id"], None)
            if old is None:
                self.new.append(row)
                self.count.new += 1
                differs = True
            elif _differing(old, row):
                self.changed.append({**row, "id": old["id"]})
                self.count.changed += 1
                differs = True
            else:
                self.count.same += 1
        for gone in known.values():
            if _differing(gone, when_gone):
                kept = {name: value for name, value in gone.items() if not name.startswith("store_")}
                self.changed.append(kept | when_gone)
                self.count.changed += 1
                differs = True
        return differs

    async def write(self, work: Work) -> None:
        await insert_rows(work, self.model, self.new)
        await update_rows(work, self.model, self.changed)


def _say(work: Work, old: dict[str, Any], row: dict[str, Any], names: list[str]) -> None:
    about = {"shop_id": row["shop_id"], "order_id": row["id"], "customer_id": row["customer_id"]}
    if names:
        work.record(OrderChanged(**about, fields=tuple(names)))
    if row["paid_at"] and not old["paid_at"]:
        work.record(OrderPaid(**about, paid_cents=row["paid_cents"], currency=row["currency"]))
    if row["shipped_at"] and not old["shipped_at"]:
        work.record(OrderShipped(**about))
    if row["delivered_at"] and not old["delivered_at"]:
        work.record(OrderDelivered(**about))
    if row["status"] is OrderStatus.cancelled and old["status"] is not OrderStatus.cancelled:
        work.record(OrderCancelled(**about))


async def index_again(work: Work, customers: Sequence[UUID]) -> int:
    """Makes the search text of these customers' orders anew. Returns how many."""
    orders = await whole_rows(work, SalesOrder, "customer_id", customers)
    buyers = {
        row["id"]: _Buyer(row["id"], row["name"], row["email"], row["phone"])
        for row in await whole_rows(work, Customer, "id", customers)
    }
    lines: dict[UUID, list[LineRecord]] = {}
    for row in await whole_rows(work, OrderLine, "order_id", [order["id"] for order in orders]):
        lines.setdefault(row["order_id"], []).append(
            LineRecord(row["external_id"], None, row["sku"], row["title"], row["quantity"], 0)
        )
    await update_rows(
        work,
        SalesOrder,
        [
            {
                "id": order["id"],
                "tsv": search_text(order["number"], buyers[order["customer_id"]], lines.get(order["id"], [])),
                "tokenizer": words.TOKENIZER,
            }
            for order in orders
        ],
    )
    return len(orders)
