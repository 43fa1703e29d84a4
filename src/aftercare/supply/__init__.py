"""Supply: what we have.

A **stock item** counts the units of a product in one **location** and **condition**; it changes by **movements** only, which
are never altered. A claim **reserves** sellable units, which are then shipped or released. The **disposition** of received
units says which movements follow. Others reserve, ship, release and dispose; they never touch a count.
"""

from aftercare.supply.model import (
    Condition,
    Disposition,
    MovementReason,
    OutOfStock,
    ProductUnknown,
    StockNotThere,
)
from aftercare.supply.queries import MovementView, StockLine, movements_of, stock_page
from aftercare.supply.verbs import (
    available,
    move_stock,
    post_disposition,
    post_stock,
    release_reservation,
    reserve_stock,
    ship_reservation,
    ship_send_back,
)

__all__ = [
    "Condition",
    "Disposition",
    "MovementReason",
    "MovementView",
    "OutOfStock",
    "ProductUnknown",
    "StockLine",
    "StockNotThere",
    "available",
    "move_stock",
    "movements_of",
    "post_disposition",
    "post_stock",
    "release_reservation",
    "reserve_stock",
    "ship_reservation",
    "ship_send_back",
    "stock_page",
]
