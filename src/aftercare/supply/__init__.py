"""Supply: what we have.

A **stock item** counts the units of a product in one **location** and **condition**; it changes by **movements** only, which
are never altered. A claim **reserves** sellable units, which are then shipped or released. The **disposition** of received
units says which movements follow. Others reserve, ship, release and dispose; they never touch a count.
"""

from aftercare.supply.events import (
    ReservationReleased,
    ReservationShipped,
    StockPosted,
    StockReserved,
    UnitsDisposed,
)
from aftercare.supply.model import (
    Condition,
    Disposition,
    MovementReason,
    OutOfStock,
    ProductUnknown,
    QuantityNotPositive,
    ReservationStatus,
    StockNotThere,
)
from aftercare.supply.queries import (
    MovementView,
    ReservationView,
    StockLine,
    movements_of,
    reservations_of,
    stock_page,
)
from aftercare.supply.verbs import (
    MAIN,
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
    "MAIN",
    "Condition",
    "Disposition",
    "MovementReason",
    "MovementView",
    "OutOfStock",
    "ProductUnknown",
    "QuantityNotPositive",
    "ReservationReleased",
    "ReservationShipped",
    "ReservationStatus",
    "ReservationView",
    "StockLine",
    "StockNotThere",
    "StockPosted",
    "StockReserved",
    "UnitsDisposed",
    "available",
    "move_stock",
    "movements_of",
    "post_disposition",
    "post_stock",
    "release_reservation",
    "reservations_of",
    "reserve_stock",
    "ship_reservation",
    "ship_send_back",
    "stock_page",
]
