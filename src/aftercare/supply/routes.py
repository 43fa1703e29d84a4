"""Stock over HTTP, for staff."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from aftercare.journal.http import InWork
from aftercare.kit.paging import Page
from aftercare.supply import (
    Condition,
    MovementReason,
    MovementView,
    StockLine,
    move_stock,
    movements_of,
    post_stock,
    stock_page,
)

router = APIRouter(tags=["stock"])

Mark = Annotated[str | None, Query(max_length=400)]
Limit = Annotated[int, Query(ge=1, le=200)]
Place = Annotated[str, Field(min_length=1, max_length=60, pattern=r"^[^\x00]+$")]
LARGEST = 1_000_000


@router.get("/stock")
async def list_stock(
    work: InWork,
    product_id: UUID | None = None,
    location: Annotated[str | None, Query(max_length=60, pattern=r"^[^\x00]+$")] = None,
    condition: Condition | None = None,
    shop_id: UUID | None = None,
    after: Mark = None,
    limit: Limit = 50,
) -> Page[StockLine]:
    return await stock_page(
        work,
        product_id=product_id,
        location=location,
        condition=condition,
        shop_id=shop_id,
        after=after,
        limit=limit,
    )


@router.get("/stock/movements")
async def list_movements(
    work: InWork,
    product_id: UUID | None = None,
    claim_id: UUID | None = None,
    after: Mark = None,
    limit: Limit = 50,
) -> Page[MovementView]:
    return await movements_of(work, product_id=product_id, claim_id=claim_id, after=after, limit=limit)


class StockAdjustment(BaseModel):
    """`quantity` in, or out when negative. With the same `key` it happens once."""

    product_id: UUID
    quantity: Annotated[int, Field(ge=-LARGEST, le=LARGEST)]
    location: Place = "main"
    condition: Condition = Condition.sellable
    reason: MovementReason
    key: Annotated[str | None, Field(max_length=100, pattern=r"^[^\x00]+$")] = None


class Posted(BaseModel):
    movement_id: UUID


@router.post("/stock/movements", status_code=201)
async def adjust_stock(work: InWork, body: StockAdjustment) -> Posted:
    work.require("supply.write")
    movement_id = await post_stock(
        work,
        body.product_id,
        body.quantity,
        body.location,
        body.condition,
        body.reason,
        key=f"hand:{body.key}" if body.key else None,
    )
    return Posted(movement_id=movement_id)


class StockMove(BaseModel):
    product_id: UUID
    quantity: Annotated[int, Field(ge=1, le=LARGEST)]
    from_location: Place = "main"
    from_condition: Condition
    to_location: Place = "main"
    to_condition: Condition


@router.post("/stock/moves", status_code=204)
async def relocate_stock(work: InWork, body: StockMove) -> None:
    work.require("supply.write")
    await move_stock(work, **body.model_dump())
