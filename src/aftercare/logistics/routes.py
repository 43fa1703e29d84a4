"""Parcels over HTTP: carriers' pushes, the public tracking page, the desk's lists."""

from datetime import UTC, datetime, timedelta
from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter, Path, Query, Request
from fastapi.responses import JSONResponse
from pydantic import AwareDatetime, BaseModel, Field

from aftercare.identity import find_shop, limit
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.journal.http import InHouse, InWork
from aftercare.kit.errors import Refusal
from aftercare.kit.paging import Page
from aftercare.logistics import (
    Direction,
    NewServicePoint,
    NewShipment,
    OpenPickup,
    PublicTracking,
    Pushed,
    ServicePointView,
    ShipmentLine,
    ShipmentStatus,
    ShipmentView,
    TrackingPushes,
    accept_drop_off,
    announce_shipment,
    collect_pickup,
    correct_waybill,
    fail_pickup,
    get_shipment,
    late_parcels,
    mark_delivered,
    open_pickups,
    public_tracking,
    push_tracking,
    save_service_point,
    schedule_pickup,
    service_points,
    shipment_page,
    shipments_of,
)
from aftercare.logistics.model import PushTooLarge
from aftercare.shop import get_order

router = APIRouter(tags=["parcels"])
log = structlog.get_logger()

LARGEST_PUSH = 1024 * 1024
LOOKS = (120, timedelta(minutes=1))
"""How often one address may look at tracking pages."""
CARRIER = Actor(kind=ActorKind.integration, shops=None, role="carrier")

Mark = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=200)]
Words = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00]+$")]
Code = Annotated[str, Path(max_length=63, pattern=r"^[^\x00]+$")]
Wanted = Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]+$")]
Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(2100, 1, 1, tzinfo=UTC))
]


async def _take(request: Request, house: House, source: str, shop_code: str) -> Pushed:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_PUSH:
            raise PushTooLarge(largest=LARGEST_PUSH)
    pushes = house.port(TrackingPushes)
    updates = pushes.read(source, shop_code, bytes(body), dict(request.headers), house.clock())
    async with begin(house, CARRIER, request_id=getattr(request.state, "request_id", None)) as work:
        shop = await find_shop(work, shop_code)
        # Of Kuaidi100's pushes the signature is the house's, and a number is watched once, for all shops whose parcel it is.
        shop_id = None if source == "kuaidi100" else shop.id
        return await push_tracking(work, updates, source=source, shop_id=shop_id)


class Kuaidi100Answer(BaseModel):
    """What Kuaidi100 expects: anything but `result: true` makes it send again."""

    result: bool
    returnCode: str  # noqa: N815 - their spelling
    message: str


@router.post("/webhooks/kuaidi100/{shop_code}", response_model=Kuaidi100Answer)
async def take_kuaidi100_push(request: Request, shop_code: Code, house: InHouse) -> JSONResponse:
    """The callback of Kuaidi100: form fields `param` (JSON) and `sign`."""
    try:
        await _take(request, house, "kuaidi100", shop_code)
    except Refusal as refusal:
        log.warning("kuaidi100 push refused", shop=shop_code, code=refusal.code)
        return JSONResponse(
            {"result": False, "returnCode": str(refusal.status), "message": refusal.code}, refusal.status
        )
    return JSONResponse({"result": True, "returnCode": "200", "message": "成功"})


class PushTaken(BaseModel):
    parcels: int
    new_events: int
    moved: int
    unmatched: int


@router.post("/webhooks/tracking/{shop_code}", response_model=PushTaken)
async def take_tracking_push(request: Request, shop_code: Code, house: InHouse) -> PushTaken:
    """The signed JSON form: `X-Aftercare-Timestamp` (Unix seconds) and `X-Aftercare-Signature`, the hex HMAC-SHA256 of the
    timestamp, a dot, the shop's code, a dot and the body."""
    taken = await _take(request, house, "tracking", shop_code)
    return PushTaken.model_validate(taken, from_attributes=True)


@router.get("/track/{secret}")
async def track_parcel(request: Request, secret: str, house: InHouse) -> PublicTracking:
    """The public page behind a secret link; needs no sign-in and shows nobody's data."""
    await limit(house, f"track:{request.client.host if request.client else ''}", *LOOKS)
    return await public_tracking(house, secret)


@router.get("/my/orders/{order_id}/shipments")
async def list_my_parcels(work: InWork, order_id: UUID) -> list[ShipmentView]:
    """The parcels of one's own order, the newest first."""
    order = await get_order(work, order_id)
    return await shipments_of(work, order_id=order.id)


@router.get("/shipments")
async def list_shipments(
    work: InWork,
    direction: Direction | None = None,
    status: ShipmentStatus | None = None,
    carrier: Wanted = None,
    number: Wanted = None,
    shop_id: UUID | None = None,
    after: Mark = None,
    limit: Limit = 50,
) -> Page[ShipmentLine]:
    return await shipment_page(
        work,
        direction=direction,
        status=status,
        carrier=carrier,
        number=number,
        shop_id=shop_id,
        after=after,
        limit=limit,
    )


@router.get("/shipments/late")
async def list_late_parcels(
    work: InWork, shop_id: UUID | None = None, after: Mark = None, limit: Limit = 50
) -> Page[ShipmentLine]:
    return await late_parcels(work, shop_id=shop_id, after=after, limit=limit)


@router.get("/shipments/{shipment_id}")
async def read_shipment(work: InWork, shipment_id: UUID) -> ShipmentView:
    return await get_shipment(work, shipment_id)


class ShipmentBody(BaseModel):
    shop_id: UUID
    direction: Direction
    order_id: UUID | None = None
    claim_id: UUID | None = None
    carrier: Words
    tracking_number: Words
    promised_at: Moment | None = None


@router.post("/shipments", status_code=201)
async def add_shipment(work: InWork, body: ShipmentBody) -> ShipmentView:
    work.require("logistics.write")
    shipment_id = await announce_shipment(work, NewShipment(**body.model_dump()))
    return await get_shipment(work, shipment_id)


class WaybillBody(BaseModel):
    carrier: Words
    number: Words


class WaybillAnswer(BaseModel):
    carrier: str
    number: str
    warnings: list[str]


@router.put("/shipments/{shipment_id}/waybill")
async def change_waybill(work: InWork, shipment_id: UUID, body: WaybillBody) -> WaybillAnswer:
    work.require("logistics.write")
    given = await correct_waybill(work, shipment_id, carrier=body.carrier, number=body.number)
    return WaybillAnswer(carrier=given.carrier, number=given.number, warnings=list(given.warnings))


class DeliveredBody(BaseModel):
    delivered_at: Moment | None = None


@router.post("/shipments/{shipment_id}/delivered")
async def settle_delivered(work: InWork, shipment_id: UUID, body: DeliveredBody) -> ShipmentView:
    await mark_delivered(work, shipment_id, body.delivered_at)
    return await get_shipment(work, shipment_id)


@router.get("/pickups")
async def list_open_pickups(work: InWork, after: Mark = None, limit: Limit = 50) -> Page[OpenPickup]:
    return await open_pickups(work, after=after, limit=limit)


class ScheduleBody(BaseModel):
    from_at: Moment
    until_at: Moment
    carrier: Words | None = None
    number: Words | None = None


@router.post("/pickups/{pickup_id}/schedule", status_code=204)
async def set_pickup_window(work: InWork, pickup_id: UUID, body: ScheduleBody) -> None:
    work.require("logistics.write")
    await schedule_pickup(work, pickup_id, **body.model_dump())


class CollectedBody(BaseModel):
    carrier: Words | None = None
    number: Words | None = None


@router.post("/pickups/{pickup_id}/collected", status_code=204)
async def set_pickup_collected(work: InWork, pickup_id: UUID, body: CollectedBody) -> None:
    work.require("logistics.write")
    await collect_pickup(work, pickup_id, **body.model_dump())


class FailedBody(BaseModel):
    reason: Words


@router.post("/pickups/{pickup_id}/failed", status_code=204)
async def set_pickup_failed(work: InWork, pickup_id: UUID, body: FailedBody) -> None:
    work.require("logistics.write")
    await fail_pickup(work, pickup_id, body.reason)


class DropOffBody(BaseModel):
    shop_id: UUID
    code: Words
    carrier: Words | None = None
    number: Words | None = None


class DropOffAnswer(BaseModel):
    shipment_id: UUID


@router.post("/drop-offs/accept")
async def take_drop_off(work: InWork, body: DropOffBody) -> DropOffAnswer:
    """The store scans the customer's code."""
    shipment_id = await accept_drop_off(
        work, body.shop_id, body.code, carrier=body.carrier, number=body.number
    )
    return DropOffAnswer(shipment_id=shipment_id)


@router.get("/service-points")
async def list_service_points(work: InWork, shop_id: UUID) -> list[ServicePointView]:
    return await service_points(work, shop_id)


class SavedPoint(BaseModel):
    id: UUID


@router.put("/service-points")
async def put_service_point(work: InWork, body: NewServicePoint) -> SavedPoint:
    return SavedPoint(id=await save_service_point(work, body))
