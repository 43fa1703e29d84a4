"""Pick-ups: a courier fetches the parcel at the customer's door."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel, StringConstraints
from sqlalchemy import select

from aftercare.identity import get_shop
from aftercare.journal import ActorKind, Work
from aftercare.kit.paging import Page, page, read_mark
from aftercare.logistics.events import (
    ParcelMoved,
    PickupCollected,
    PickupFailed,
    PickupRequested,
    PickupScheduled,
)
from aftercare.logistics.model import (
    PICKUP_MOVES,
    Address,
    Direction,
    PickupInThePast,
    PickupMoveNotAllowed,
    PickupNotFound,
    PickupRequest,
    PickupStatus,
    PickupWindowBackwards,
    Shipment,
    ShipmentStatus,
    Way,
)
from aftercare.logistics.shipments import NewShipment, about, announce_shipment, correct_waybill


class NewPickup(BaseModel):
    """`wanted_on` is a day where the shop is; `wanted_window` as the customer chose it, '09:00-12:00'."""

    shop_id: UUID
    claim_id: UUID
    order_id: UUID | None = None
    wanted_on: date
    wanted_window: Annotated[str, StringConstraints(max_length=40, pattern=r"^[^\x00]*$")] = ""
    address: Address


@dataclass(frozen=True)
class RequestedPickup:
    shipment_id: UUID
    pickup_id: UUID


async def request_pickup(work: Work, new: NewPickup) -> RequestedPickup:
    """Announces a return parcel that a courier shall fetch. Whoever calls has shown that the actor may act on the claim.
    Refuses with PickupInThePast."""
    await _day_is_ahead(work, new.shop_id, new.wanted_on)
    shipment_id = await announce_shipment(
        work,
        NewShipment(
            shop_id=new.shop_id,
            direction=Direction.returning,
            way=Way.pickup,
            claim_id=new.claim_id,
            order_id=new.order_id,
        ),
    )
    pickup = PickupRequest(
        id=work.new_id(),
        shop_id=new.shop_id,
        shipment_id=shipment_id,
        claim_id=new.claim_id,
        status=PickupStatus.requested,
        wanted_on=new.wanted_on,
        wanted_window=new.wanted_window,
        address=new.address,
        requested_at=work.now,
    )
    work.session.add(pickup)
    await work.session.flush()
    work.record(PickupRequested(**_of(pickup)))
    return RequestedPickup(shipment_id, pickup.id)


async def _day_is_ahead(work: Work, shop_id: UUID, day: date) -> None:
    today = work.now.astimezone(ZoneInfo((await get_shop(work, shop_id)).time_zone)).date()
    if day < today:
        raise PickupInThePast(wanted_on=day, today=today)


async def schedule_pickup(
    work: Work,
    pickup_id: UUID,
    *,
    from_at: datetime,
    until_at: datetime,
    carrier: str | None = None,
    number: str | None = None,
) -> None:
    """The courier comes between these two moments; may be moved to other ones until it is collected."""
    pickup = await _move(work, pickup_id, PickupStatus.scheduled)
    if from_at >= until_at:
        raise PickupWindowBackwards(from_at=from_at, until_at=until_at)
    pickup.from_at, pickup.until_at, pickup.failed_reason = from_at, until_at, None
    await work.session.flush()
    if carrier and number:
        await correct_waybill(work, pickup.shipment_id, carrier=carrier, number=number)
    work.record(
        PickupScheduled(
            **_of(pickup),
            from_at=from_at,
            until_at=until_at,
        )
    )


async def collect_pickup(
    work: Work, pickup_id: UUID, *, carrier: str | None = None, number: str | None = None
) -> None:
    """The courier has the parcel. Twice is once."""
    pickup = await _locked(work, pickup_id)
    if pickup.status is PickupStatus.collected:
        return
    await _move(work, pickup_id, PickupStatus.collected)
    pickup.collected_at = work.now
    await work.session.flush()
    if carrier and number:
        await correct_waybill(work, pickup.shipment_id, carrier=carrier, number=number)
    work.record(
        PickupCollected(
            **_of(pickup),
        )
    )
    await picked_up(work, pickup.shipment_id)


async def picked_up(work: Work, shipment_id: UUID) -> None:
    """Somebody of ours took the parcel; later words of the carrier replace this one."""
    shipment = await work.session.get(Shipment, shipment_id, with_for_update=True, populate_existing=True)
    if shipment is None or shipment.status is not ShipmentStatus.pending:
        return
    shipment.status, shipment.status_at = ShipmentStatus.picked_up, work.now
    work.record(
        ParcelMoved(
            **about(shipment),
            was=ShipmentStatus.pending,
            status=ShipmentStatus.picked_up,
            moved_at=work.now,
        )
    )
    await work.session.flush()


async def fail_pickup(work: Work, pickup_id: UUID, reason: str) -> None:
    """Nobody was there, or the parcel could not be taken. `reason` is a code: nobody_home, not_packed, refused, other …"""
    pickup = await _locked(work, pickup_id)
    if pickup.status is PickupStatus.failed:
        return
    await _move(work, pickup_id, PickupStatus.failed)
    pickup.failed_reason = reason
    work.record(
        PickupFailed(
            **_of(pickup),
            reason=reason,
        )
    )
    await work.session.flush()


def _of(pickup: PickupRequest) -> dict[str, Any]:
    return {
        "shop_id": pickup.shop_id,
        "pickup_id": pickup.id,
        "shipment_id": pickup.shipment_id,
        "claim_id": pickup.claim_id,
    }


async def _move(work: Work, pickup_id: UUID, to: PickupStatus) -> PickupRequest:
    pickup = await _locked(work, pickup_id)
    if to not in PICKUP_MOVES[pickup.status]:
        raise PickupMoveNotAllowed(
            pickup_id=pickup_id, status=pickup.status, to=to, allowed=sorted(PICKUP_MOVES[pickup.status])
        )
    pickup.status = to
    return pickup


async def _locked(work: Work, pickup_id: UUID) -> PickupRequest:
    if work.actor.kind in (ActorKind.staff, ActorKind.integration):
        work.require("logistics.write")
    pickup = await work.session.get(PickupRequest, pickup_id, with_for_update=True)
    if pickup is None:
        raise PickupNotFound(pickup_id=pickup_id)
    return pickup


class OpenPickup(BaseModel):
    id: UUID
    shop_id: UUID
    shipment_id: UUID
    claim_id: UUID | None
    status: PickupStatus
    wanted_on: date
    wanted_window: str
    from_at: datetime | None
    until_at: datetime | None
    address: dict[str, Any]
    failed_reason: str | None


async def open_pickups(work: Work, *, after: str | None = None, limit: int = 50) -> Page[OpenPickup]:
    """Pick-ups that are not collected yet, by the day they are wanted on. Needs `logistics.write`."""
    work.require("logistics.write")
    chosen = (
        select(*(getattr(PickupRequest, name) for name in OpenPickup.model_fields))
        .where(PickupRequest.status != PickupStatus.collected)
        .order_by(PickupRequest.wanted_on, PickupRequest.id)
        .limit(limit + 1)
    )
    begins = read_mark(after, (date.fromisoformat, UUID))  # type: ignore[arg-type]
    if begins:
        day, last = begins
        chosen = chosen.where(
            (PickupRequest.wanted_on > day) | ((PickupRequest.wanted_on == day) & (PickupRequest.id > last))
        )
    rows = (await work.session.execute(chosen)).all()
    kept, following = page(rows, limit, lambda row: (row.wanted_on, row.id))
    return Page(items=[OpenPickup.model_validate(row._mapping) for row in kept], next=following)
