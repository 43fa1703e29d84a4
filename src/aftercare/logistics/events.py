"""What happened to parcels."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from aftercare.journal import Fact


class OfParcel(BaseModel):
    public: ClassVar[bool] = True
    shipment_id: UUID
    claim_id: UUID | None = None
    order_id: UUID | None = None
    direction: str


class OfPickup(BaseModel):
    public: ClassVar[bool] = True
    pickup_id: UUID
    shipment_id: UUID
    claim_id: UUID | None = None


class ShipmentAnnounced(OfParcel, Fact):
    """A parcel will be on its way; `carrier` is missing until a courier or store has it."""

    name: ClassVar[str] = "shipment.announced"
    way: str
    carrier: str | None = None


class ShipmentCorrected(OfParcel, Fact):
    """The announced parcel got another carrier or number."""

    name: ClassVar[str] = "shipment.corrected"
    carrier: str | None = None


class ParcelMoved(OfParcel, Fact):
    """The status changed; `moved_at` is the carrier's own time."""

    name: ClassVar[str] = "parcel.moved"
    was: str
    status: str
    moved_at: datetime


class ParcelDelivered(OfParcel, Fact):
    """Signed for, the first time; told once per parcel."""

    name: ClassVar[str] = "parcel.delivered"
    delivered_at: datetime


class ParcelException(OfParcel, Fact):
    """It went on hold, is delayed, could not be delivered, goes back or was cancelled; `code` is the carrier's own."""

    name: ClassVar[str] = "parcel.exception"
    status: str
    code: str
    happened_at: datetime


class ParcelReturned(OfParcel, Fact):
    """It went back and has arrived at its sender."""

    name: ClassVar[str] = "parcel.returned"
    returned_at: datetime


class PickupRequested(OfPickup, Fact):
    name: ClassVar[str] = "pickup.requested"


class PickupScheduled(OfPickup, Fact):
    name: ClassVar[str] = "pickup.scheduled"
    from_at: datetime
    until_at: datetime


class PickupCollected(OfPickup, Fact):
    name: ClassVar[str] = "pickup.collected"


class PickupFailed(OfPickup, Fact):
    name: ClassVar[str] = "pickup.failed"
    reason: str
