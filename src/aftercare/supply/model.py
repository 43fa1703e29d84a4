"""Stock by product, place and condition; what moved it; what is held for claims."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

import aftercare.shop  # noqa: F401  # its products are what stock points at
from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import APP_ROLE, Base, schema_extra, status_type


class Condition(StrEnum):
    sellable = "sellable"
    refurbish = "refurbish"
    quarantine = "quarantine"
    """Here, but nobody has decided on it."""
    supplier_return = "supplier_return"
    send_back = "send_back"
    """The customer's own, waiting to go back."""


class MovementReason(StrEnum):
    """Why a count changed."""

    delivery = "delivery"
    sale = "sale"
    counted = "counted"
    damage = "damage"
    move = "move"
    received = "received"
    restocked = "restocked"
    sent_to_refurbish = "sent_to_refurbish"
    refurbished = "refurbished"
    returned_to_supplier = "returned_to_supplier"
    recycled = "recycled"
    donated = "donated"
    scrapped = "scrapped"
    sent_back = "sent_back"
    reshipped = "reshipped"


class Disposition(StrEnum):
    """What becomes of a received unit."""

    restock = "restock"
    refurbish = "refurbish"
    return_to_supplier = "return_to_supplier"
    recycle = "recycle"
    donate = "donate"
    scrap = "scrap"
    send_back = "send_back"


class ReservationStatus(StrEnum):
    held = "held"
    shipped = "shipped"
    released = "released"


class StockItem(Base):
    """How many units lie somewhere in one condition; `reserved` of them are held for claims."""

    __tablename__ = "stock_item"
    __table_args__ = (
        UniqueConstraint("product_id", "location", "condition"),
        Index("stock_item_shop_product_idx", "shop_id", "product_id", "location", "condition"),
        CheckConstraint("on_hand >= 0", "stock_is_never_below_zero"),
        CheckConstraint("reserved >= 0 AND reserved <= on_hand", "no_more_is_reserved_than_is_there"),
        CheckConstraint("reserved = 0 OR condition = 'sellable'", "only_sellable_stock_is_reserved"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"))
    location: Mapped[str]
    condition: Mapped[Condition] = mapped_column(status_type(Condition, "stock_condition_is_known"))
    on_hand: Mapped[int]
    reserved: Mapped[int] = mapped_column(server_default=text("0"))


class StockMovement(Base):
    """Append-only: the sum of an item's movements is what is on hand."""

    __tablename__ = "stock_movement"
    __table_args__ = (
        Index("stock_movement_item_idx", "stock_item_id", "id"),
        Index("stock_movement_claim_idx", "claim_id", postgresql_where=text("claim_id IS NOT NULL")),
        Index(
            "stock_movement_key_idx",
            "shop_id",
            "key",
            unique=True,
            postgresql_where=text("key IS NOT NULL"),
        ),
        CheckConstraint("quantity <> 0", "a_movement_moves_something"),
        CheckConstraint("balance >= 0", "no_movement_leaves_less_than_nothing"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    stock_item_id: Mapped[UUID] = mapped_column(ForeignKey("stock_item.id"))
    product_id: Mapped[UUID]
    quantity: Mapped[int]
    """In is positive, out negative."""
    balance: Mapped[int]
    """On hand in this place and condition after it."""
    reason: Mapped[MovementReason] = mapped_column(status_type(MovementReason, "movement_reason_is_known"))
    claim_id: Mapped[UUID | None]
    key: Mapped[str | None]
    """What makes it happen once."""
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    at: Mapped[datetime]


schema_extra(f"REVOKE UPDATE, DELETE, TRUNCATE ON stock_movement FROM {APP_ROLE}")


class StockReservation(Base):
    """Units of one place held for a claim until they are shipped or let go."""

    __tablename__ = "stock_reservation"
    __table_args__ = (
        Index("stock_reservation_claim_idx", "claim_id", "product_id"),
        Index("stock_reservation_held_idx", "stock_item_id", postgresql_where=text("status = 'held'")),
        CheckConstraint("quantity > 0", "a_reservation_holds_something"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    stock_item_id: Mapped[UUID] = mapped_column(ForeignKey("stock_item.id"))
    product_id: Mapped[UUID]
    claim_id: Mapped[UUID]
    quantity: Mapped[int]
    status: Mapped[ReservationStatus] = mapped_column(
        status_type(ReservationStatus, "reservation_status_is_known")
    )
    reserved_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class OutOfStock(Refusal):
    """There are not enough units of this product."""


class StockNotThere(Refusal):
    """There are not that many units in this place and condition, or they are held for claims."""


class ProductUnknown(NotFound):
    """There is no such product, or it is not yours to see."""


class QuantityNotPositive(Invalid):
    """A quantity of at least one is needed."""
