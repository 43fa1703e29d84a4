"""What happened to stock."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class StockPosted(Fact):
    """A count changed by `quantity` (out is negative)."""

    name: ClassVar[str] = "stock.posted"
    product_id: UUID
    claim_id: UUID | None = None
    movement_id: UUID
    quantity: int
    balance: int
    location: str
    condition: str
    reason: str


class StockReserved(Fact):
    name: ClassVar[str] = "stock.reserved"
    product_id: UUID
    claim_id: UUID
    quantity: int


class ReservationReleased(Fact):
    name: ClassVar[str] = "stock.released"
    product_id: UUID
    claim_id: UUID
    quantity: int


class ReservationShipped(Fact):
    name: ClassVar[str] = "stock.shipped"
    product_id: UUID
    claim_id: UUID
    quantity: int


class UnitsDisposed(Fact):
    """It was decided what becomes of received units, and stock was posted for it."""

    name: ClassVar[str] = "units.disposed"
    product_id: UUID
    claim_id: UUID | None = None
    disposition: str
    quantity: int
    location: str
