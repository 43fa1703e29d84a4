"""Facts of the shop."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class OrderImported(Fact):
    """An order that we did not know; `status` is how far it had come in the store."""

    name: ClassVar[str] = "order.imported"
    order_id: UUID
    customer_id: UUID
    status: str
    source: str
    paid_cents: int
    currency: str


class OrderChanged(Fact):
    """The store tells an order differently than before; `fields` are the names of what differs."""

    name: ClassVar[str] = "order.changed"
    order_id: UUID
    customer_id: UUID
    fields: tuple[str, ...]


class OrderPaid(Fact):
    name: ClassVar[str] = "order.paid"
    public: ClassVar[bool] = True
    order_id: UUID
    customer_id: UUID
    paid_cents: int
    currency: str


class OrderShipped(Fact):
    name: ClassVar[str] = "order.shipped"
    public: ClassVar[bool] = True
    order_id: UUID
    customer_id: UUID


class OrderDelivered(Fact):
    name: ClassVar[str] = "order.delivered"
    public: ClassVar[bool] = True
    order_id: UUID
    customer_id: UUID


class OrderCancelled(Fact):
    name: ClassVar[str] = "order.cancelled"
    public: ClassVar[bool] = True
    order_id: UUID
    customer_id: UUID


class OrderConfirmed(Fact):
    """The customer's time to object to the delivery is over, and nothing held it."""

    name: ClassVar[str] = "order.confirmed"
    public: ClassVar[bool] = True
    order_id: UUID
    customer_id: UUID


class StoreRefunded(Fact):
    """The store itself gave money back, past us; `amount_cents` of `currency`."""

    name: ClassVar[str] = "order.refunded_by_store"
    public: ClassVar[bool] = True
    order_id: UUID
    customer_id: UUID
    amount_cents: int
    currency: str


class OrdersImported(Fact):
    """An import came to its end; the counts of its orders."""

    name: ClassVar[str] = "orders.import_finished"
    source: str
    new: int
    changed: int
    same: int
    refused: int
