"""Logistics: where the parcel is.

A **shipment** is one parcel on one way: outbound with the order, return, reship or send_back with a claim. It begins with a
**waybill** (carrier and number), a **pick-up** at an address, or a **drop-off** at a **service point**. Carriers push or
answer **events**; their codes are brought to karrio's words and what is not known is kept as it came. Others announce
shipments, read them by claim or order, and react to ParcelDelivered, ParcelException and ParcelReturned.
"""

from aftercare.logistics.carriers import carrier_called, carrier_code, carrier_zone, read_waybill
from aftercare.logistics.events import ParcelDelivered
from aftercare.logistics.model import (
    Direction,
    DropOffCodeUnknown,
    PickupInThePast,
    PickupMoveNotAllowed,
    PushUnreadable,
    ServicePointNotFound,
    ShipmentNotFound,
    ShipmentOver,
    ShipmentStatus,
    SignatureWrong,
    Subscription,
    Way,
    WaybillTaken,
    WaybillUnreadable,
)
from aftercare.logistics.pickups import (
    NewPickup,
    OpenPickup,
    collect_pickup,
    fail_pickup,
    open_pickups,
    request_pickup,
    schedule_pickup,
)
from aftercare.logistics.ports import (
    AccountRefused,
    CarrierEvent,
    NumberRefused,
    TrackingPushes,
    TrackingSource,
    TrackingSubscriptions,
    TrackingUpdate,
)
from aftercare.logistics.queries import (
    PublicTracking,
    ServicePointView,
    ShipmentLine,
    ShipmentView,
    TrackingLinkUnknown,
    get_shipment,
    late_parcels,
    public_tracking,
    shipment_page,
    shipments_of,
)
from aftercare.logistics.shipments import (
    NewShipment,
    announce_shipment,
    correct_waybill,
    give_waybill,
    mark_delivered,
)
from aftercare.logistics.stores import (
    NewServicePoint,
    accept_drop_off,
    choose_drop_off,
    save_service_point,
    service_points,
)
from aftercare.logistics.subscriptions import subscribe_parcels
from aftercare.logistics.tracking import Poll, Pushed, due_for_poll, poll_parcels, push_tracking

__all__ = [
    "AccountRefused",
    "CarrierEvent",
    "Direction",
    "DropOffCodeUnknown",
    "NewPickup",
    "NewServicePoint",
    "NewShipment",
    "NumberRefused",
    "OpenPickup",
    "ParcelDelivered",
    "PickupInThePast",
    "PickupMoveNotAllowed",
    "Poll",
    "PublicTracking",
    "PushUnreadable",
    "Pushed",
    "ServicePointNotFound",
    "ServicePointView",
    "ShipmentLine",
    "ShipmentNotFound",
    "ShipmentOver",
    "ShipmentStatus",
    "ShipmentView",
    "SignatureWrong",
    "Subscription",
    "TrackingLinkUnknown",
    "TrackingPushes",
    "TrackingSource",
    "TrackingSubscriptions",
    "TrackingUpdate",
    "Way",
    "WaybillTaken",
    "WaybillUnreadable",
    "accept_drop_off",
    "announce_shipment",
    "carrier_called",
    "carrier_code",
    "carrier_zone",
    "choose_drop_off",
    "collect_pickup",
    "correct_waybill",
    "due_for_poll",
    "fail_pickup",
    "get_shipment",
    "give_waybill",
    "late_parcels",
    "mark_delivered",
    "open_pickups",
    "poll_parcels",
    "public_tracking",
    "push_tracking",
    "read_waybill",
    "request_pickup",
    "save_service_point",
    "schedule_pickup",
    "service_points",
    "shipment_page",
    "shipments_of",
    "subscribe_parcels",
]
