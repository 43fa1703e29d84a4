"""Service points: stores where parcels are handed in and fetched."""

import secrets
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, StringConstraints
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from aftercare.identity import get_shop
from aftercare.journal import Work
from aftercare.logistics.model import (
    Address,
    Direction,
    DropOffCodeUnknown,
    ServicePoint,
    ServicePointNotFound,
    Shipment,
    Way,
)
from aftercare.logistics.pickups import picked_up
from aftercare.logistics.queries import ServicePointView
from aftercare.logistics.shipments import NewShipment, announce_shipment, correct_waybill, locked_shipment

Word = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00]+$")
]


class NewServicePoint(BaseModel):
    shop_id: UUID
    code: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_-]{1,40}$")]
    name: Word
    address: Address = {}
    hours: Annotated[str, StringConstraints(max_length=400, pattern=r"^[^\x00]*$")] = ""
    takes_drop_off: bool = True
    gives_pick_up: bool = True
    active: bool = True


async def save_service_point(work: Work, new: NewServicePoint) -> UUID:
    """Adds the store, or changes the one with this code. Needs `logistics.write`; refuses with NotFound a shop that is not the
    actor's."""
    work.require("logistics.write")
    await get_shop(work, new.shop_id)
    values = new.model_dump()
    saved: UUID | None = await work.session.scalar(
        insert(ServicePoint)
        .values(id=work.new_id(), **values)
        .on_conflict_do_update(
            index_elements=["shop_id", "code"],
            set_={name: value for name, value in values.items() if name not in ("shop_id", "code")},
        )
        .returning(ServicePoint.id)
    )
    assert saved is not None  # noqa: S101 - an upsert returns its row
    return saved


async def service_points(work: Work, shop_id: UUID, *, only_drop_off: bool = False) -> list[ServicePointView]:
    """The active stores of a shop, by name."""
    chosen = (
        select(ServicePoint)
        .where(ServicePoint.shop_id == shop_id, ServicePoint.active)
        .order_by(ServicePoint.name, ServicePoint.code)
    )
    if only_drop_off:
        chosen = chosen.where(ServicePoint.takes_drop_off)
    rows = await work.session.scalars(chosen)
    return [ServicePointView.model_validate(row, from_attributes=True) for row in rows]


@dataclass(frozen=True)
class DropOff:
    """`code` is what the customer shows at the counter."""

    shipment_id: UUID
    code: str
    store: str


async def choose_drop_off(
    work: Work, *, shop_id: UUID, claim_id: UUID, store: str, order_id: UUID | None = None
) -> DropOff:
    """The customer will hand the return in at the store with this code. Whoever calls has shown that the actor may act on
    the claim. Refuses with ServicePointNotFound."""
    point = await work.session.scalar(
        select(ServicePoint).where(
            ServicePoint.shop_id == shop_id,
            ServicePoint.code == store,
            ServicePoint.active,
            ServicePoint.takes_drop_off,
        )
    )
    if point is None:
        raise ServicePointNotFound(store=store)
    shipment_id = await announce_shipment(
        work,
        NewShipment(
            shop_id=shop_id,
            direction=Direction.returning,
            way=Way.drop_off,
            claim_id=claim_id,
            order_id=order_id,
        ),
    )
    shipment = await work.session.get_one(Shipment, shipment_id)
    shipment.service_point_id, shipment.drop_off_code = point.id, await _free_code(work, shop_id)
    await work.session.flush()
    return DropOff(shipment_id, shipment.drop_off_code, point.code)


async def _free_code(work: Work, shop_id: UUID) -> str:
    while True:
        code = f"{secrets.randbelow(10**8):08d}"
        taken = await work.session.scalar(
            select(exists().where(Shipment.shop_id == shop_id, Shipment.drop_off_code == code))
        )
        if not taken:
            return code


async def accept_drop_off(
    work: Work, shop_id: UUID, code: str, *, carrier: str | None = None, number: str | None = None
) -> UUID:
    """The store has the parcel; returns which. Refuses with DropOffCodeUnknown. Twice is once."""
    work.require("logistics.write")
    shipment_id = await work.session.scalar(
        select(Shipment.id).where(
            Shipment.shop_id == shop_id, Shipment.drop_off_code == "".join(code.split())
        )
    )
    if shipment_id is None:
        raise DropOffCodeUnknown(code=code[:20])
    if carrier and number:
        await correct_waybill(work, shipment_id, carrier=carrier, number=number)
    await locked_shipment(work, shipment_id)
    await picked_up(work, shipment_id)
    return shipment_id
