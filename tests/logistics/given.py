"""A shop, a customer's order and parcels, in a few words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.identity import NewShop, new_shop
from aftercare.journal import House, begin
from aftercare.logistics import CarrierEvent, Direction, NewShipment, ShipmentStatus, announce_shipment

DAY = datetime(2026, 3, 9, 0, 0, tzinfo=UTC)
"""The day before the tests' noon."""


async def a_shop(house: House, code: str = "lamps") -> UUID:
    async with begin(house) as work:
        return (await new_shop(work, NewShop(code=code, name="灯具店"))).id


async def a_parcel(
    house: House,
    shop_id: UUID,
    *,
    carrier: str = "yuantong",
    number: str = "YT6186594166532",
    claim_id: UUID | None = None,
    direction: Direction = Direction.returning,
    promised_at: datetime | None = None,
) -> UUID:
    async with begin(house) as work:
        return await announce_shipment(
            work,
            NewShipment(
                shop_id=shop_id,
                direction=direction,
                claim_id=claim_id,
                carrier=carrier,
                tracking_number=number,
                promised_at=promised_at,
            ),
        )


def event(hours: float, status: ShipmentStatus | None, code: str = "", words: str = "") -> CarrierEvent:
    """An event so many hours after the start of the day."""
    at = DAY + timedelta(hours=hours)
    return CarrierEvent(at, status, code, words or f"{status} at {hours:g}", "苏州", {"code": code})


async def facts(house: House, *names: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and data of all facts of these names (or name beginnings, 'parcel.'), as they were told."""
    async with begin(house) as work:
        rows = await work.session.execute(
            text("SELECT name, data FROM fact WHERE name LIKE ANY(:names) ORDER BY position"),
            {"names": [f"{name}%" for name in names]},
        )
        return [(row.name, row.data) for row in rows]
