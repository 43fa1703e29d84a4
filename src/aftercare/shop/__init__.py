"""Shop: what was bought.

A **customer** buys **products**; an **order** has **lines**, **payments** and **reviews**, all mirrored from the store that
sold it. One person is a customer row per shop; one basket filled from several sellers is an order per shop.
"""

from aftercare.shop.confirmations import (
    confirm_due_orders,
    confirm_order,
    hold_confirmation,
    release_confirmation,
)
from aftercare.shop.entry import FoundOrder, ask_for_entry, customers_with, find_orders
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
from aftercare.shop.lines import (
    LineView,
    PaymentView,
    ProductNotFound,
    ProductView,
    customer_names,
    freight_paid,
    get_lines,
    get_product,
    lines_of_orders,
    payments_of,
    product_titles,
)
from aftercare.shop.model import OrderStatus
from aftercare.shop.places import PostalAreaRecord, postal_area, put_category_names, put_postal_areas
from aftercare.shop.queries import (
    CustomerPage,
    CustomerView,
    OrderSummary,
    OrderView,
    ReviewView,
    customer_view,
    find_products,
    get_customer,
    get_order,
    orders_of,
    search_orders,
)
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
    "CustomerPage",
    "CustomerRecord",
    "CustomerView",
    "FoundOrder",
    "ImportReport",
    "LineRecord",
    "LineView",
    "OrderCancelled",
    "OrderChanged",
    "OrderConfirmed",
    "OrderDelivered",
    "OrderImported",
    "OrderPaid",
    "OrderRecord",
    "OrderShipped",
    "OrderStatus",
    "OrderSummary",
    "OrderView",
    "OrdersImported",
    "PaymentRecord",
    "PaymentView",
    "PostalAreaRecord",
    "ProductNotFound",
    "ProductRecord",
    "ProductView",
    "Progress",
    "Refused",
    "ReviewRecord",
    "ReviewView",
    "StoreRefunded",
    "Taken",
    "ask_for_entry",
    "confirm_due_orders",
    "confirm_order",
    "customer_names",
    "customer_view",
    "customers_with",
    "find_orders",
    "find_products",
    "freight_paid",
    "get_customer",
    "get_lines",
    "get_order",
    "get_product",
    "hold_confirmation",
    "lines_of_orders",
    "no_progress",
    "orders_of",
    "payments_of",
    "postal_area",
    "product_titles",
    "put_category_names",
    "put_postal_areas",
    "release_confirmation",
    "search_orders",
    "take_in",
]
