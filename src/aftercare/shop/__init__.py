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
from aftercare.shop.entry import ask_for_entry, find_orders
from aftercare.shop.events import OrdersImported
from aftercare.shop.intake import Count, Taken, number_key, take_in
from aftercare.shop.lines import (
    LineView,
    ProductView,
    customer_names,
    freight_paid,
    get_lines,
    get_product,
    lines_of_orders,
    payments_of,
    prices_now,
    product_titles,
)
from aftercare.shop.model import OrderStatus
from aftercare.shop.places import PostalAreaRecord, put_category_names, put_postal_areas
from aftercare.shop.pushes import (
    OrderNotKnownYet,
    StoreRefundRecord,
    first_time,
    forget_old_pushes,
    note_parcel,
    note_store_refund,
)
from aftercare.shop.queries import (
    CustomerPage,
    OrderSummary,
    OrderView,
    customer_view,
    find_products,
    get_customer,
    get_order,
    order_of_number,
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
    "ImportReport",
    "LineRecord",
    "LineView",
    "OrderNotKnownYet",
    "OrderRecord",
    "OrderStatus",
    "OrderSummary",
    "OrderView",
    "OrdersImported",
    "PaymentRecord",
    "PostalAreaRecord",
    "ProductRecord",
    "ProductView",
    "Progress",
    "Refused",
    "ReviewRecord",
    "StoreRefundRecord",
    "Taken",
    "ask_for_entry",
    "confirm_due_orders",
    "confirm_order",
    "customer_names",
    "customer_view",
    "find_orders",
    "find_products",
    "first_time",
    "forget_old_pushes",
    "freight_paid",
    "get_customer",
    "get_lines",
    "get_order",
    "get_product",
    "hold_confirmation",
    "lines_of_orders",
    "no_progress",
    "note_parcel",
    "note_store_refund",
    "number_key",
    "order_of_number",
    "orders_of",
    "payments_of",
    "prices_now",
    "product_titles",
    "put_category_names",
    "put_postal_areas",
    "release_confirmation",
    "search_orders",
    "take_in",
]
