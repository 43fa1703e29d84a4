"""Shop: what was bought.

A **customer** buys **products**; an **order** has **lines**, **payments** and **reviews**, all mirrored from the store that
sold it. One person is a customer row per shop; one basket filled from several sellers is an order per shop.
"""

from aftercare.shop.events import (
    CustomerEntered,
    OrderCancelled,
    OrderChanged,
    OrderConfirmed,
    OrderDelivered,
    OrderImported,
    OrderPaid,
    OrderShipped,
    OrdersImported,
    StoreRefunded,
)
from aftercare.shop.model import OrderStatus

__all__ = [
    "CustomerEntered",
    "OrderCancelled",
    "OrderChanged",
    "OrderConfirmed",
    "OrderDelivered",
    "OrderImported",
    "OrderPaid",
    "OrderShipped",
    "OrderStatus",
    "OrdersImported",
    "StoreRefunded",
]
