"""Parcels: announcing them, giving them a waybill, and what staff may set right."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from aftercare.identity import get_shop
from aftercare.journal import ActorKind, Work
from aftercare.kit.errors import NotFound
from aftercare.logistics.carriers import read_waybill
from aftercare.logistics.events import ParcelDelivered, ParcelMoved, ShipmentAnnounced, ShipmentCorrected
from aftercare.logistics.model import (
    Direction,
    Shipment,
    ShipmentNotFound,
    ShipmentOver,
    ShipmentStatus,
    Way,
    WaybillTaken,
)

NUMBER_ELSEWHERE = "number_is_used_with_another_carrier"


class NewShipment(BaseModel):
    shop_id: UUID
    direction: Direction
    way: Way = Way.waybill
    order_id: UUID | None = None
    claim_id: UUID | None = None
    carrier: str | None = None
    tracking_number: str | None = None
    promised_at: datetime | None = None


@dataclass(frozen=True)
class GivenWaybill:
    """`warnings` are codes: number_looks_unusual, carrier_is_not_known, number_is_used_with_another_carrier."""

    shipment_id: UUID
    carrier: str
    number: str
    warnings: tuple[str, ...]


async def announce_shipment(work: Work, new: NewShipment) -> UUID:
    """A parcel will be on its way. The same number announced again for the same claim (or order) is the same parcel; for
    another one it is refused with WaybillTaken. Whoever calls has shown that the actor may act on the claim or order."""
    return (await _announce(work, new)).shipment_id


async def give_waybill(
    work: Work,
    *,
    shop_id: UUID,
    claim_id: UUID,
    carrier: str,
    number: str,
    order_id: UUID | None = None,
    direction: Direction = Direction.returning,
) -> GivenWaybill:
    """The customer (or staff) says with whom and under which number the parcel travels. Refuses with WaybillUnreadable
    and WaybillTaken; anything merely odd comes back as a warning."""
    return await _announce(
        work,
        NewShipment(
            shop_id=shop_id,
            direction=direction,
            order_id=order_id,
            claim_id=claim_id,
            carrier=carrier,
            tracking_number=number,
        ),
    )


async def _announce(work: Work, new: NewShipment) -> GivenWaybill:
    carrier, number, warnings = new.carrier, new.tracking_number, tuple[str, ...]()
    if number is not None:
        waybill = read_waybill(carrier or "", number)
        carrier, number, warnings = waybill.carrier, waybill.number, waybill.warnings
        known = await _with_number(work, new.shop_id, number)
        for row in known:
            if row.carrier != carrier:
                warnings = (*warnings, NUMBER_ELSEWHERE)
            elif _same_purpose(row, new):
                return GivenWaybill(row.id, carrier, number, warnings)
            else:
                raise WaybillTaken(carrier=carrier, number=number)
    await get_shop(work, new.shop_id)
    # Two who give the same number at once: the second is refused as if it had come later.
    announced = (
        insert(Shipment)
        .values(
            id=work.new_id(),
            shop_id=new.shop_id,
            direction=new.direction,
            way=new.way,
            order_id=new.order_id,
            claim_id=new.claim_id,
            carrier=carrier,
            tracking_number=number,
            status=ShipmentStatus.pending,
            announced_at=work.now,
            promised_at=new.promised_at,
            next_poll_at=work.now if number else None,
            subscribe_at=work.now if number else None,
            secret=new_secret(),
        )
        .on_conflict_do_nothing(
            index_elements=["shop_id", "tracking_number", "carrier"],
            index_where=Shipment.tracking_number.is_not(None),
        )
        .returning(Shipment.id)
    )
    try:
        shipment_id = await work.session.scalar(announced)
    except IntegrityError as missing:
        raise NotFound(order_id=new.order_id) from missing
    if shipment_id is None:
        raise WaybillTaken(carrier=carrier, number=number)
    work.record(
        ShipmentAnnounced(
            shop_id=new.shop_id,
            shipment_id=shipment_id,
            claim_id=new.claim_id,
            order_id=new.order_id,
            direction=new.direction,
            way=new.way,
            carrier=carrier,
        )
    )
    return GivenWaybill(shipment_id, carrier or "", number or "", warnings)


def new_secret() -> str:
    return secrets.token_urlsafe(18)


async def _with_number(work: Work, shop_id: UUID, number: str) -> list[Shipment]:
    rows = await work.session.scalars(
        select(Shipment).where(Shipment.shop_id == shop_id, Shipment.tracking_number == number)
    )
    return list(rows)


def _same_purpose(known: Shipment, new: NewShipment) -> bool:
    return (known.direction, known.claim_id, known.order_id if new.claim_id is None else None) == (
        new.direction,
        new.claim_id,
        new.order_id if new.claim_id is None else None,
    )


async def correct_waybill(work: Work, shipment_id: UUID, *, carrier: str, number: str) -> GivenWaybill:
    """Another carrier or number for a parcel that is not yet delivered: a typing error, or a number that came later (a
    pick-up, a drop-off). What the old number said is left behind as events only."""
    shipment = await locked_shipment(work, shipment_id)
    if shipment.delivered_at is not None:
        raise ShipmentOver(shipment_id=shipment_id)
    waybill = read_waybill(carrier, number)
    warnings = waybill.warnings
    if (shipment.carrier, shipment.tracking_number) == (waybill.carrier, waybill.number):
        return GivenWaybill(shipment.id, waybill.carrier, waybill.number, warnings)
    for row in await _with_number(work, shipment.shop_id, waybill.number):
        if row.id != shipment.id and row.carrier == waybill.carrier:
            raise WaybillTaken(carrier=waybill.carrier, number=waybill.number)
        if row.id != shipment.id:
            warnings = (*warnings, NUMBER_ELSEWHERE)
    if shipment.tracking_number is not None:
        shipment.status, shipment.status_at = ShipmentStatus.pending, None
    shipment.carrier, shipment.tracking_number = waybill.carrier, waybill.number
    shipment.next_poll_at = shipment.subscribe_at = work.now
    shipment.subscribe_attempts, shipment.subscribed_at, shipment.subscription_said = 0, None, None
    work.record(ShipmentCorrected(**about(shipment), carrier=waybill.carrier))
    try:
        await work.session.flush()
    except IntegrityError as clash:
        # Somebody gave it to another parcel at this very moment.
        raise WaybillTaken(carrier=waybill.carrier, number=waybill.number) from clash
    return GivenWaybill(shipment.id, waybill.carrier, waybill.number, warnings)


async def mark_delivered(work: Work, shipment_id: UUID, at: datetime | None = None) -> None:
    """Staff says that it has arrived, whatever the carrier says; its events no longer change the status. Twice is once."""
    work.require("logistics.write")
    shipment = await locked_shipment(work, shipment_id)
    shipment.settled_by_staff = True
    shipment.next_poll_at = shipment.subscribe_at = None
    if shipment.status is ShipmentStatus.delivered:
        await work.session.flush()
        return
    was, moment = shipment.status, min(at or work.now, work.now)
    first = shipment.delivered_at is None
    shipment.status, shipment.status_at = ShipmentStatus.delivered, moment
    shipment.delivered_at = shipment.delivered_at or moment
    work.record(ParcelMoved(**about(shipment), was=was, status=ShipmentStatus.delivered, moved_at=moment))
    if first:
        work.record(ParcelDelivered(**about(shipment), delivered_at=moment))
    await work.session.flush()


def about(parcel: Any) -> dict[str, Any]:
    """What every fact of a parcel tells of it; of a Shipment, or a row of one."""
    return {
        "shop_id": parcel.shop_id,
        "shipment_id": parcel.id,
        "claim_id": parcel.claim_id,
        "order_id": parcel.order_id,
        "direction": parcel.direction,
    }


async def locked_shipment(work: Work, shipment_id: UUID) -> Shipment:
    """For changing. Staff need `logistics.write`; a customer comes here through a claim, which has checked."""
    if work.actor.kind in (ActorKind.staff, ActorKind.integration):
        work.require("logistics.write")
    shipment = await work.session.get(Shipment, shipment_id, with_for_update=True, populate_existing=True)
    if shipment is None:
        raise ShipmentNotFound(shipment_id=shipment_id)
    return shipment
