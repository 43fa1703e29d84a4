"""Reading stock."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, tuple_

from aftercare.journal import Work
from aftercare.kit.paging import Page, page, read_mark
from aftercare.supply.model import (
    Condition,
    MovementReason,
    StockItem,
    StockMovement,
)


class StockLine(BaseModel):
    id: UUID
    shop_id: UUID
    product_id: UUID
    location: str
    condition: Condition
    on_hand: int
    reserved: int


class MovementView(BaseModel):
    id: UUID
    product_id: UUID
    location: str
    condition: Condition
    quantity: int
    balance: int
    reason: MovementReason
    claim_id: UUID | None
    actor_kind: str
    actor_id: UUID | None
    at: datetime


def _read_by_staff(work: Work) -> None:
    if not any(
        work.actor.may(permission) for permission in ("supply.write", "claims.inspect", "orders.read")
    ):
        work.require("supply.write")


async def stock_page(
    work: Work,
    *,
    product_id: UUID | None = None,
    location: str | None = None,
    condition: Condition | None = None,
    shop_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[StockLine]:
    """What lies where, shop by shop and product by product."""
    _read_by_staff(work)
    place = (StockItem.shop_id, StockItem.product_id, StockItem.location, StockItem.condition)
    chosen = (
        select(*(getattr(StockItem, name) for name in StockLine.model_fields))
        .order_by(*place)
        .limit(limit + 1)
    )
    for column, wanted in (
        (StockItem.product_id, product_id),
        (StockItem.location, location),
        (StockItem.condition, condition),
        (StockItem.shop_id, shop_id),
    ):
        if wanted is not None:
            chosen = chosen.where(column == wanted)
    begins = read_mark(after, (UUID, UUID, str, Condition))
    if begins:
        chosen = chosen.where(tuple_(*place) > tuple_(*begins, types=[column.type for column in place]))
    rows = (await work.session.execute(chosen)).all()
    kept, following = page(
        rows, limit, lambda row: (row.shop_id, row.product_id, row.location, row.condition.value)
    )
    return Page(items=[StockLine.model_validate(row._mapping) for row in kept], next=following)


async def movements_of(
    work: Work,
    *,
    product_id: UUID | None = None,
    claim_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[MovementView]:
    """The newest movements first, of a product or for a claim."""
    _read_by_staff(work)
    chosen = (
        select(
            StockMovement.id,
            StockMovement.product_id,
            StockItem.location,
            StockItem.condition,
            StockMovement.quantity,
            StockMovement.balance,
            StockMovement.reason,
            StockMovement.claim_id,
            StockMovement.actor_kind,
            StockMovement.actor_id,
            StockMovement.at,
        )
        .join(StockItem, StockItem.id == StockMovement.stock_item_id)
        .order_by(StockMovement.id.desc())
        .limit(limit + 1)
    )
    if product_id is not None:
        chosen = chosen.where(StockMovement.product_id == product_id)
    if claim_id is not None:
        chosen = chosen.where(StockMovement.claim_id == claim_id)
    begins = read_mark(after, (UUID,))
    if begins:
        chosen = chosen.where(StockMovement.id < begins[0])
    rows = (await work.session.execute(chosen)).all()
    kept, following = page(rows, limit, lambda row: (row.id,))
    return Page(items=[MovementView.model_validate(row._mapping) for row in kept], next=following)
