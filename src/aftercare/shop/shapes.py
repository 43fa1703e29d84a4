"""What an importer hands in: a store's customers, products and orders in our words, amounts in minor units.

`external_id` is the store's own id, unique within shop (and source, for orders). Lines, payments and reviews belong to
their order and are compared with it.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from aftercare.shop.model import OrderStatus


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    shop_id: UUID
    external_id: str
    name: str
    email: str | None = None
    phone: str | None = None
    locale: str = "zh-CN"
    tier: str = ""
    address: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ProductRecord:
    shop_id: UUID
    external_id: str
    sku: str
    title: str
    currency: str
    category: str = ""
    price_cents: int | None = None
    weight_grams: int | None = None
    length_mm: int | None = None
    width_mm: int | None = None
    height_mm: int | None = None
    image: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LineRecord:
    """`product` is the external id of a product. `discount_cents` is for the whole line."""

    external_id: str
    product: str | None
    sku: str
    title: str
    quantity: int
    unit_price_cents: int
    discount_cents: int = 0
    freight_cents: int = 0
    category: str = ""
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PaymentRecord:
    external_id: str
    method: str
    amount_cents: int
    provider: str = ""
    provider_ref: str = ""
    installments: int = 1
    paid_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReviewRecord:
    external_id: str
    score: int
    title: str
    body: str
    created_on: date
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """`customer` is the external id of a customer of the same shop. `discount_cents` and `freight_cents` are of the whole
    order, beside what its lines carry; they are shared over the lines to the cent. `paid_cents` None: the sum of the
    payments, or the whole price when there are none and `paid_at` is given."""

    shop_id: UUID
    source: str
    external_id: str
    number: str
    customer: str
    status: OrderStatus
    currency: str
    placed_at: datetime
    lines: tuple[LineRecord, ...]
    payments: tuple[PaymentRecord, ...] = ()
    reviews: tuple[ReviewRecord, ...] = ()
    discount_cents: int = 0
    freight_cents: int = 0
    paid_cents: int | None = None
    paid_at: datetime | None = None
    shipped_at: datetime | None = None
    delivered_at: datetime | None = None
    promised_at: datetime | None = None
    cancelled_at: datetime | None = None
    shipping_address: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    source_updated_at: datetime | None = None
