"""What happened to parcels."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class ShipmentAnnounced(Fact):
    """A parcel will be on its way; `carrier` is missing until a courier or store has it."""

    name: ClassVar[str] = "shipment.announced"
    public: ClassVar[bool] = True
    shipment_id: UUID
    claim_id: UUID | None = None
    order_id: UUID | None = None
    direction: str
    way: str
    carrier: str | None = None


class ShipmentCorrected(Fact):
    """The announced parcel got another carrier or number."""

    name: ClassVar[str] = "shipment.corrected"
    public: ClassVar[bool] = True
    shipment_id: UUID
    claim_id: UUID | None = None
    order_id: UUID | None = None
    direction: str
    carrier: str | None = None


class ParcelMoved(Fact):
    """The status changed; `moved_at` is the carrier's own time."""

    name: ClassVar[str] = "parcel.moved"
    public: ClassVar[bool] = True
    shipment_id: UUID
    claim_id: UUID | None = None
    order_id: UUID | None = None
    direction: str
    was: str
    status: str
    moved_at: datetime


class ParcelDelivered(Fact):
    """Signed for, the first time; told once per parcel."""

    name: ClassVar[str] = "parcel.delivered"
    public: ClassVar[bool] = True
    shipment_id: UUID
    claim_id: UUID | None = None
    order_id: UUID | None = None
    direction: str
    delivered_at: datetime


class ParcelException(Fact):
    """It went on hold, is delayed, could not be delivered, goes back or was cancelled; `code` is the carrier's own."""

    name: ClassVar[str] = "parcel.exception"
    public: ClassVar[bool] = True
    shipment_id: UUID
    claim_id: UUID | None = None
    order_id: UUID | None = None
    direction: str
    status: str
    code: str
    happened_at: datetime


class ParcelReturned(Fact):
    """It went back and has arrived at its sender."""

    name: ClassVar[str] = "parcel.returned"
    public: ClassVar[bool] = True
    shipment_id: UUID
    claim_id: UUID | None = None
    order_id: UUID | None = None
    direction: str
    returned_at: datetime


class PickupRequested(Fact):
    name: ClassVar[str] = "pickup.requested"
    public: ClassVar[bool] = True
    pickup_id: UUID
    shipment_id: UUID
    claim_id: UUID | None = None


class PickupScheduled(Fact):
    name: ClassVar[str] = "pickup.scheduled"
    public: ClassVar[bool] = True
    pickup_id: UUID
    shipment_id: UUID
    claim_id: UUID | None = None
    from_at: datetime
    until_at: datetime


class PickupCollected(Fact):
    name: ClassVar[str] = "pickup.collected"
    public: ClassVar[bool] = True
    pickup_id: UUID
    shipment_id: UUID
    claim_id: UUID | None = None


class PickupFailed(Fact):
    name: ClassVar[str] = "pickup.failed"
    public: ClassVar[bool] = True
    pickup_id: UUID
    shipment_id: UUID
    claim_id: UUID | None = None
    reason: str
