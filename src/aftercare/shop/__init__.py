"""Shop: what was bought.

A **customer** buys **products**; an **order** has **lines**, **payments** and **reviews**, all mirrored from the store that
sold it. One person is a customer row per shop; one basket filled from several sellers is an order per shop.
"""

from aftercare.shop.events import (
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
from aftercare.shop.intake import Count, Taken, take_in
from aftercare.shop.model import OrderStatus
from aftercare.shop.places import PostalAreaRecord, postal_area, put_category_names, put_postal_areas
from aftercare.shop.report import ImportReport, Progress, Refused, no_progress
from aftercare.shop.shapes import (
    CustomerRecord,
    LineRecord,
    OrderRecord,
    PaymentRecord,
    ProductRecord,
    ReviewRecord,
)

__all__ = [
    "Count",
    "CustomerRecord",
    "ImportReport",
    "LineRecord",
    "OrderCancelled",
    "OrderChanged",
    "OrderConfirmed",
    "OrderDelivered",
    "OrderImported",
    "OrderPaid",
    "OrderRecord",
    "OrderShipped",
    "OrderStatus",
    "OrdersImported",
    "PaymentRecord",
    "PostalAreaRecord",
    "ProductRecord",
    "Progress",
    "Refused",
    "ReviewRecord",
    "StoreRefunded",
    "Taken",
    "no_progress",
    "postal_area",
    "put_category_names",
    "put_postal_areas",
    "take_in",
]
