"""Reading parcels: lists for the desk, the parcels of a claim, the public tracking page."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import Select, select

from aftercare.journal import ActorKind, House, Work, begin
from aftercare.kit.errors import NotFound
from aftercare.kit.paging import Page, page, read_mark
from aftercare.logistics.carriers import carrier_called
from aftercare.logistics.model import (
    Direction,
    PickupRequest,
    ServicePoint,
    Shipment,
    ShipmentNotFound,
    ShipmentStatus,
    Subscription,
    TrackingEvent,
)


class EventView(BaseModel):
    at: datetime
    status: ShipmentStatus | None
    code: str
    text: str
    place: str


class PickupView(BaseModel):
    id: UUID
    status: str
    wanted_on: Any
    wanted_window: str
    from_at: datetime | None
    until_at: datetime | None
    address: dict[str, Any]
    failed_reason: str | None


class ServicePointView(BaseModel):
    id: UUID
    code: str
    name: str
    address: dict[str, Any]
    hours: str
    takes_drop_off: bool
    gives_pick_up: bool
    active: bool


class ShipmentLine(BaseModel):
    """A parcel in a list."""

    id: UUID
    shop_id: UUID
    direction: Direction
    way: str
    order_id: UUID | None
    claim_id: UUID | None
    carrier: str | None
    tracking_number: str | None
    status: ShipmentStatus
    status_at: datetime | None
    announced_at: datetime
    promised_at: datetime | None
    delivered_at: datetime | None
    returned_at: datetime | None
    late: bool
    """Promised for a moment that has passed undelivered, or delivered after it."""


class ShipmentView(ShipmentLine):
    """A parcel with all that is known of it, newest event first."""

    settled_by_staff: bool
    subscription: Subscription | None
    """Missing where nobody was asked to push, and for customers."""
    subscription_said: str | None
    """Why it is not subscribed, in the words of whom we asked."""
    tracking_path: str
    """Opens the public tracking page."""
    drop_off_code: str | None
    service_point: ServicePointView | None
    pickup: PickupView | None
    events: list[EventView]


def is_late(promised_at: datetime | None, delivered_at: datetime | None, now: datetime) -> bool:
    return promised_at is not None and (delivered_at or now) > promised_at


def _line(row: Any, now: datetime) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ShipmentLine.model_fields if name != "late"}
    return {**values, "late": row.status != "cancelled" and is_late(row.promised_at, row.delivered_at, now)}


async def get_shipment(work: Work, shipment_id: UUID) -> ShipmentView:
    """For staff and the system; a customer reads parcels through the claim or order that they hang on."""
    _read_by_staff(work)
    found = await _views(work, select(Shipment).where(Shipment.id == shipment_id))
    if not found:
        raise ShipmentNotFound(shipment_id=shipment_id)
    return found[0]


async def shipments_of(
    work: Work, *, claim_id: UUID | None = None, order_id: UUID | None = None
) -> list[ShipmentView]:
    """All parcels of a claim, or of an order, the newest first. Whoever calls has shown that the actor may see it."""
    if claim_id is None and order_id is None:
        return []
    chosen = select(Shipment)
    if claim_id is not None:
        chosen = chosen.where(Shipment.claim_id == claim_id)
    if order_id is not None:
        chosen = chosen.where(Shipment.order_id == order_id)
    return await _views(work, chosen.order_by(Shipment.id.desc()))


async def _views(work: Work, chosen: Select[Shipment]) -> list[ShipmentView]:
    shipments = (await work.session.scalars(chosen.execution_options(populate_existing=True))).all()
    ids = [shipment.id for shipment in shipments]
    if not ids:
        return []
    events = await work.session.scalars(
        select(TrackingEvent)
        .where(TrackingEvent.shipment_id.in_(ids))
        .order_by(TrackingEvent.at.desc(), TrackingEvent.received_at.desc(), TrackingEvent.digest)
    )
    by_shipment: dict[UUID, list[EventView]] = {}
    for event in events:
        by_shipment.setdefault(event.shipment_id, []).append(
            EventView(at=event.at, status=event.status, code=event.code, text=event.text, place=event.place)
        )
    pickups = {
        pickup.shipment_id: PickupView.model_validate(pickup, from_attributes=True)
        for pickup in await work.session.scalars(
            select(PickupRequest)
            .where(PickupRequest.shipment_id.in_(ids))
            .execution_options(populate_existing=True)
        )
    }
    stores = {
        store.id: ServicePointView.model_validate(store, from_attributes=True)
        for store in await work.session.scalars(
            select(ServicePoint).where(
                ServicePoint.id.in_([s.service_point_id for s in shipments if s.service_point_id])
            )
        )
    }
    by_staff = work.actor.kind is not ActorKind.customer
    return [
        ShipmentView(
            **_line(shipment, work.now),
            settled_by_staff=shipment.settled_by_staff,
            subscription=_subscription(shipment) if by_staff else None,
            subscription_said=shipment.subscription_said if by_staff else None,
            tracking_path=tracking_path(shipment.secret),
            drop_off_code=shipment.drop_off_code,
            service_point=stores.get(shipment.service_point_id) if shipment.service_point_id else None,
            pickup=pickups.get(shipment.id),
            events=by_shipment.get(shipment.id, []),
        )
        for shipment in shipments
    ]


def _subscription(shipment: Shipment) -> Subscription | None:
    if shipment.subscribed_at is not None:
        return Subscription.subscribed
    if shipment.subscription_said is None:
        return None
    return Subscription.refused if shipment.subscribe_at is None else Subscription.waiting


def tracking_path(secret: str) -> str:
    return f"/track/{secret}"


LINE = [getattr(Shipment, name) for name in ShipmentLine.model_fields if name != "late"]


async def shipment_page(
    work: Work,
    *,
    direction: Direction | None = None,
    status: ShipmentStatus | None = None,
    carrier: str | None = None,
    number: str | None = None,
    shop_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ShipmentLine]:
    """The newest parcels first. `number` is the whole tracking number, as typed or scanned."""
    _read_by_staff(work)
    chosen = select(*LINE).order_by(Shipment.id.desc()).limit(limit + 1)
    for column, wanted in (
        (Shipment.direction, direction),
        (Shipment.status, status),
        (Shipment.carrier, carrier),
        (Shipment.shop_id, shop_id),
        (Shipment.tracking_number, "".join(number.split()).upper() if number else None),
    ):
        if wanted is not None:
            chosen = chosen.where(column == wanted)
    begins = read_mark(after, (UUID,))
    if begins:
        chosen = chosen.where(Shipment.id < begins[0])
    rows = (await work.session.execute(chosen)).all()
    kept, following = page(rows, limit, lambda row: (row.id,))
    return Page(items=[ShipmentLine(**_line(row, work.now)) for row in kept], next=following)


async def late_parcels(
    work: Work, *, shop_id: UUID | None = None, after: str | None = None, limit: int = 50
) -> Page[ShipmentLine]:
    """Parcels whose promised moment has passed and that have not arrived, the longest overdue first."""
    _read_by_staff(work)
    chosen = (
        select(*LINE)
        .where(
            Shipment.promised_at < work.now,
            Shipment.delivered_at.is_(None),
            Shipment.status != ShipmentStatus.cancelled,
        )
        .order_by(Shipment.promised_at, Shipment.id)
        .limit(limit + 1)
    )
    if shop_id is not None:
        chosen = chosen.where(Shipment.shop_id == shop_id)
    begins = read_mark(after, (datetime, UUID))
    if begins:
        chosen = chosen.where(
            (Shipment.promised_at > begins[0])
            | ((Shipment.promised_at == begins[0]) & (Shipment.id > begins[1]))
        )
    rows = (await work.session.execute(chosen)).all()
    kept, following = page(rows, limit, lambda row: (row.promised_at, row.id))
    return Page(items=[ShipmentLine(**_line(row, work.now)) for row in kept], next=following)


def _read_by_staff(work: Work) -> None:
    """Parcels are read by who may read claims or orders, or works on parcels."""
    if not any(
        work.actor.may(permission) for permission in ("logistics.write", "claims.read", "orders.read")
    ):
        work.require("logistics.write")


class PublicEvent(BaseModel):
    at: datetime
    status: ShipmentStatus | None
    place: str


class PublicTracking(BaseModel):
    """What anybody who has the secret link may see: no names, no address, no words of the courier (carriers write names
    and telephone numbers into them), and of the number only its end."""

    carrier: str | None
    carrier_names: dict[str, str]
    number_ends_in: str
    direction: Direction
    status: ShipmentStatus
    status_at: datetime | None
    announced_at: datetime
    promised_at: datetime | None
    delivered_at: datetime | None
    late: bool
    events: list[PublicEvent]


class TrackingLinkUnknown(NotFound):
    """This tracking link leads nowhere; it may have been copied incompletely."""


async def public_tracking(house: House, secret: str) -> PublicTracking:
    """The public page of a parcel. Whoever calls limits how often. Refuses with TrackingLinkUnknown."""
    if not 16 <= len(secret) <= 64 or "\x00" in secret:
        raise TrackingLinkUnknown()
    async with begin(house) as work:
        found = await _views(work, select(Shipment).where(Shipment.secret == secret))
        if not found:
            raise TrackingLinkUnknown()
        parcel = found[0]
    known = carrier_called(parcel.carrier) if parcel.carrier else None
    return PublicTracking(
        carrier=parcel.carrier,
        carrier_names=known.names if known else {"en": parcel.carrier} if parcel.carrier else {},
        number_ends_in=(parcel.tracking_number or "")[-4:],
        direction=parcel.direction,
        status=parcel.status,
        status_at=parcel.status_at,
        announced_at=parcel.announced_at,
        promised_at=parcel.promised_at,
        delivered_at=parcel.delivered_at,
        late=parcel.late,
        events=[PublicEvent(at=event.at, status=event.status, place=event.place) for event in parcel.events],
    )
