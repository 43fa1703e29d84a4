"""The operations room over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from aftercare.insights.room import queries
from aftercare.insights.room.queries import Room
from aftercare.journal.http import InWork

router = APIRouter(tags=["insights"])


@router.get("/insights/room")
async def read_operations_room(
    work: InWork,
    shop_id: UUID | None = None,
    time_zone: Annotated[str, Query(max_length=60)] = "Asia/Shanghai",
    locale: Annotated[str, Query(max_length=20)] = "",
) -> Room:
    """What is waiting, late, rising, and who is free, now. Needs `insights.read`."""
    return await queries.operations_room(work, shop_id=shop_id, time_zone=time_zone, locale=locale)
