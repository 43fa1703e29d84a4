"""The shop's tables: what was bought, mirrored from the store that sold it.

Every mirrored row carries `content`, a hash of what the source said: an import compares it and leaves the row alone when
the source says the same again.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.spoken import name_in
from aftercare.kit.tables import Base, Cents, schema_extra, status_type


class OrderStatus(StrEnum):
    awaiting_payment = "awaiting_payment"
    paid = "paid"
    shipped = "shipped"
    delivered = "delivered"
    confirmed = "confirmed"
    cancelled = "cancelled"

    def name_in(self, locale: str) -> str:
        return name_in(locale, "aftercare.shop", "status", self)


EMPTY = text("'{}'::jsonb")


class Customer(Base):
    """A buyer as one shop knows them: the same person has a row in each shop. E-mail and phone are normalised."""

    __tablename__ = "customer"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("customer_email_idx", "email"),
        Index("customer_phone_idx", "phone"),
        Index("customer_shop_name_idx", "shop_id", "name", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    external_id: Mapped[str]
    name: Mapped[str]
    email: Mapped[str | None]
    phone: Mapped[str | None]
    locale: Mapped[str]
    tier: Mapped[str] = mapped_column(server_default=text("''"))
    address: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    content: Mapped[str]
    since: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    """Since then nothing tells who this is, and no import says it again."""


class Product(Base):
    """`attributes` holds what policies ask for: perishable, custom_made, digital, hygiene_seal, serial_tracked,
    warranty_days … Weight in grams, sides in millimetres."""

    __tablename__ = "product"
    __table_args__ = (
        UniqueConstraint("shop_id", "external_id"),
        Index("product_shop_sku_idx", "shop_id", "sku"),
        Index("product_shop_category_idx", "shop_id", "category", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    external_id: Mapped[str]
    sku: Mapped[str]
    title: Mapped[str]
    category: Mapped[str]
    price_cents: Mapped[Cents | None]
    currency: Mapped[str]
    weight_grams: Mapped[int | None]
    length_mm: Mapped[int | None]
    width_mm: Mapped[int | None]
    height_mm: Mapped[int | None]
    image: Mapped[str | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    content: Mapped[str]


class SalesOrder(Base):
    """One purchase in one shop. A basket filled from several sellers is one order in each of their shops, all under the
    same `number`. `number_key` is the number as people type it: without `#` and spaces, in capitals. `paid_cents` is what
    truly came in, freight and instalment interest included."""

    __tablename__ = "sales_order"
    __table_args__ = (
        UniqueConstraint("shop_id", "source", "external_id"),
        Index("sales_order_number_key_idx", "number_key"),
        Index("sales_order_customer_idx", "customer_id", "placed_at", "id"),
        Index("sales_order_shop_placed_idx", "shop_id", "placed_at", "id"),
        Index("sales_order_placed_idx", "placed_at", "id"),
        Index("sales_order_shop_status_placed_idx", "shop_id", "status", "placed_at", "id"),
        Index("sales_order_search_idx", "shop_id", "tsv", postgresql_using="gin"),
        Index(
            "sales_order_to_confirm_idx",
            "auto_confirm_at",
            postgresql_where=text("status = 'delivered' AND confirmation_held_at IS NULL"),
        ),
        CheckConstraint(
            "goods_cents >= 0 AND discount_cents >= 0 AND freight_cents >= 0 AND paid_cents >= 0",
            name="amounts_of_an_order_are_not_negative",
        ),
        CheckConstraint("discount_cents <= goods_cents", name="an_order_is_not_discounted_below_nothing"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="an_order_has_a_currency_of_three_capitals"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    number: Mapped[str]
    number_key: Mapped[str]
    external_id: Mapped[str]
    source: Mapped[str]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    status: Mapped[OrderStatus] = mapped_column(status_type(OrderStatus, "an_order_has_a_known_status"))
    currency: Mapped[str]
    placed_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    promised_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    auto_confirm_at: Mapped[datetime | None]
    confirmation_held_at: Mapped[datetime | None]
    goods_cents: Mapped[Cents]
    discount_cents: Mapped[Cents]
    freight_cents: Mapped[Cents]
    paid_cents: Mapped[Cents]
    shipping_address: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    raw: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    source_updated_at: Mapped[datetime | None]
    content: Mapped[str]
    tsv: Mapped[str] = mapped_column(TSVECTOR)
    tokenizer: Mapped[int]


class OrderLine(Base):
    """`paid_cents` is what came in for the line: after all discounts, without freight, nothing while the order is unpaid.
    `store_refunded_*` is what the store itself has given back, past us: a claim may not give it back again."""

    __tablename__ = "order_line"
    __table_args__ = (
        UniqueConstraint("order_id", "external_id"),
        Index("order_line_shop_product_idx", "shop_id", "product_id"),
        CheckConstraint("quantity > 0", name="a_line_has_at_least_one_unit"),
        CheckConstraint(
            "unit_price_cents >= 0 AND discount_cents >= 0 AND paid_cents >= 0",
            name="amounts_of_a_line_are_not_negative",
        ),
        CheckConstraint(
            "paid_cents + discount_cents <= unit_price_cents * quantity",
            name="a_line_is_paid_at_most_its_discounted_price",
        ),
        CheckConstraint(
            "store_refunded_cents >= 0 AND store_refunded_quantity BETWEEN 0 AND quantity",
            name="a_store_refunds_no_more_units_than_it_sold",
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    position: Mapped[int]
    external_id: Mapped[str]
    product_id: Mapped[UUID | None] = mapped_column(ForeignKey("product.id"))
    sku: Mapped[str]
    title: Mapped[str]
    category: Mapped[str]
    quantity: Mapped[int]
    unit_price_cents: Mapped[Cents]
    discount_cents: Mapped[Cents]
    freight_cents: Mapped[Cents]
    paid_cents: Mapped[Cents]
    store_refunded_cents: Mapped[Cents] = mapped_column(server_default=text("0"))
    store_refunded_quantity: Mapped[int] = mapped_column(server_default=text("0"))
    currency: Mapped[str]
    shipped_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    attributes: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)


class Payment(Base):
    """Money that came in for an order. A payment over several shops' orders is one row in each, with its share."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("order_id", "external_id"),
        Index("payment_provider_ref_idx", "provider", "provider_ref"),
        CheckConstraint("amount_cents >= 0", name="a_payment_is_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    external_id: Mapped[str]
    method: Mapped[str]
    provider: Mapped[str]
    provider_ref: Mapped[str]
    installments: Mapped[int] = mapped_column(server_default=text("1"))
    amount_cents: Mapped[Cents]
    currency: Mapped[str]
    paid_at: Mapped[datetime | None]


class StoreRefund(Base):
    """Money that the store gave back by itself, freight included."""

    __tablename__ = "store_refund"
    __table_args__ = (
        UniqueConstraint("order_id", "external_id"),
        CheckConstraint("amount_cents >= 0", name="a_store_refund_is_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    external_id: Mapped[str]
    amount_cents: Mapped[Cents]
    currency: Mapped[str]
    refunded_at: Mapped[datetime]


class OrderReview(Base):
    __tablename__ = "order_review"
    __table_args__ = (
        UniqueConstraint("order_id", "external_id"),
        Index("order_review_shop_created_idx", "shop_id", "created_on", "id"),
        CheckConstraint("score BETWEEN 1 AND 5", name="a_review_gives_one_to_five"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"))
    external_id: Mapped[str]
    score: Mapped[int]
    title: Mapped[str]
    body: Mapped[str]
    created_on: Mapped[date]
    answered_at: Mapped[datetime | None]


class ConfirmationHold(Base):
    """Something that keeps an order from confirming itself, usually an open claim; `holder_id` names it."""

    __tablename__ = "confirmation_hold"

    order_id: Mapped[UUID] = mapped_column(ForeignKey("sales_order.id"), primary_key=True)
    holder_id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    held_at: Mapped[datetime]


class PostalArea(Base):
    """Where a postal code, or its first digits, lies: the mean of the known points. Belongs to no shop."""

    __tablename__ = "postal_area"

    country: Mapped[str] = mapped_column(primary_key=True)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    latitude: Mapped[float]
    longitude: Mapped[float]
    city: Mapped[str]
    state: Mapped[str]
    points: Mapped[int]


class CategoryName(Base):
    """What a store calls a category, in English."""

    __tablename__ = "category_name"

    source: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class StoreEvent(Base):
    """A push of the store that was taken in, so that the same one sent again does nothing."""

    __tablename__ = "store_event"
    __table_args__ = (Index("store_event_received_idx", "received_at"),)

    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(primary_key=True)
    topic: Mapped[str]
    received_at: Mapped[datetime]


# A tsvector match is not leakproof: under row-level security PostgreSQL would read every row of the shop before it may
# match. The function restricts itself to the actor's shops and may therefore use the index.
schema_extra(
    """
    CREATE OR REPLACE FUNCTION search_sales_orders(
      query tsquery, before timestamptz, before_id uuid, most int,
      of_shop uuid, of_status text
    ) RETURNS TABLE (id uuid, placed_at timestamptz)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF aftercare_all_shops() THEN
        RETURN QUERY SELECT o.id, o.placed_at FROM sales_order o
          WHERE o.tsv @@ query AND (before IS NULL OR (o.placed_at, o.id) < (before, before_id))
            AND (of_shop IS NULL OR o.shop_id = of_shop) AND (of_status IS NULL OR o.status = of_status)
          ORDER BY o.placed_at DESC, o.id DESC LIMIT most;
      ELSE
        RETURN QUERY SELECT o.id, o.placed_at FROM sales_order o
          WHERE o.shop_id = ANY (aftercare_shops()) AND o.tsv @@ query
            AND (before IS NULL OR (o.placed_at, o.id) < (before, before_id))
            AND (of_shop IS NULL OR o.shop_id = of_shop) AND (of_status IS NULL OR o.status = of_status)
          ORDER BY o.placed_at DESC, o.id DESC LIMIT most;
      END IF;
    END $$
    """
)
