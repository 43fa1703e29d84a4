"""Posting stock, holding it for claims, and what becomes of received units.

Whoever calls for a claim has shown that the actor may act on it. Rows of one product are always locked in the order of their
ids, so that two who want the same product wait for each other and never deadlock.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import func, select, text

from aftercare.journal import Work
from aftercare.supply.events import (
    ReservationReleased,
    ReservationShipped,
    StockPosted,
    StockReserved,
    UnitsDisposed,
)
from aftercare.supply.model import (
    Condition,
    Disposition,
    MovementReason,
    OutOfStock,
    ProductUnknown,
    QuantityNotPositive,
    ReservationStatus,
    StockItem,
    StockMovement,
    StockNotThere,
    StockReservation,
)

MAIN = "main"
"""The location of a shop that has only one."""

OPEN_ITEM = text(
    """
    INSERT INTO stock_item (id, shop_id, product_id, location, condition, on_hand)
    SELECT :id, p.shop_id, p.id, :location, :condition, 0 FROM product p WHERE p.id = :product_id
    ON CONFLICT (product_id, location, condition) DO NOTHING
    """
)


async def post_stock(
    work: Work,
    product_id: UUID,
    quantity: int,
    location: str,
    condition: Condition,
    reason: MovementReason,
    claim_id: UUID | None = None,
    *,
    key: str | None = None,
) -> UUID:
    """Brings `quantity` units in, or takes them out when negative; returns the movement. The same `key` posts once. Refuses
    with StockNotThere rather than going below zero or below what is held for claims."""
    movement, _ = await _post_once(work, product_id, quantity, location, condition, reason, claim_id, key)
    return movement


async def _post_once(
    work: Work,
    product_id: UUID,
    quantity: int,
    location: str,
    condition: Condition,
    reason: MovementReason,
    claim_id: UUID | None,
    key: str | None,
) -> tuple[UUID, bool]:
    """The movement, and whether it is new."""
    if quantity == 0:
        raise QuantityNotPositive(quantity=quantity)
    item = await _locked_item(work, product_id, location, condition, open_it=quantity > 0)
    if item is None:
        raise StockNotThere(product_id=product_id, location=location, condition=condition, there=0)
    if key is not None:
        posted: UUID | None = await work.session.scalar(
            select(StockMovement.id).where(StockMovement.shop_id == item.shop_id, StockMovement.key == key)
        )
        if posted is not None:
            return posted, False
    free = item.on_hand - item.reserved
    if free + quantity < 0:
        raise StockNotThere(product_id=product_id, location=location, condition=condition, there=free)
    return await _post(work, item, quantity, reason, claim_id, key), True


async def _post(
    work: Work,
    item: StockItem,
    quantity: int,
    reason: MovementReason,
    claim_id: UUID | None,
    key: str | None = None,
) -> UUID:
    """For an item that is locked."""
    item.on_hand += quantity
    movement = StockMovement(
        id=work.new_id(),
        shop_id=item.shop_id,
        stock_item_id=item.id,
        product_id=item.product_id,
        quantity=quantity,
        balance=item.on_hand,
        reason=reason,
        claim_id=claim_id,
        key=key,
        actor_kind=work.actor.kind.value,
        actor_id=work.actor.id,
        at=work.now,
    )
    work.session.add(movement)
    await work.session.flush()
    work.record(
        StockPosted(
            shop_id=item.shop_id,
            product_id=item.product_id,
            claim_id=claim_id,
            movement_id=movement.id,
            quantity=quantity,
            balance=item.on_hand,
            location=item.location,
            condition=item.condition,
            reason=reason,
        )
    )
    return movement.id


async def _locked_item(
    work: Work, product_id: UUID, location: str, condition: Condition, *, open_it: bool
) -> StockItem | None:
    chosen = (
        select(StockItem)
        .where(
            StockItem.product_id == product_id,
            StockItem.location == location,
            StockItem.condition == condition,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    item = await work.session.scalar(chosen)
    if item is None and open_it:
        await work.session.execute(
            OPEN_ITEM,
            {
                "id": work.new_id(),
                "product_id": product_id,
                "location": location,
                "condition": condition.value,
            },
        )
        item = await work.session.scalar(chosen)
        if item is None:
            raise ProductUnknown(product_id=product_id)
    return item


async def available(work: Work, product_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Sellable units that nobody holds, over all places; 0 for a product without stock."""
    rows = await work.session.execute(
        select(StockItem.product_id, func.sum(StockItem.on_hand - StockItem.reserved))
        .where(StockItem.product_id.in_(product_ids), StockItem.condition == Condition.sellable)
        .group_by(StockItem.product_id)
    )
    counted = {product_id: int(units) for product_id, units in rows}
    return {product_id: counted.get(product_id, 0) for product_id in product_ids}


async def reserve_stock(work: Work, product_id: UUID, quantity: int, claim_id: UUID) -> int:
    """Sees to it that the claim holds `quantity` units (what was already shipped to it counts): called again it changes
    nothing. Takes from the fullest place first, from several if none has enough. Refuses with OutOfStock, then holding no
    more than before. Returns how many were added."""
    if quantity < 1:
        raise QuantityNotPositive(quantity=quantity)
    items = await _locked_sellable(work, product_id)
    has = await work.session.scalar(
        select(func.coalesce(func.sum(StockReservation.quantity), 0)).where(
            StockReservation.claim_id == claim_id,
            StockReservation.product_id == product_id,
            StockReservation.status != ReservationStatus.released,
        )
    )
    missing = quantity - int(has or 0)
    if missing <= 0:
        return 0
    free = sum(item.on_hand - item.reserved for item in items)
    if free < missing:
        raise OutOfStock(product_id=product_id, wanted=missing, available=free)
    added = missing
    for item in sorted(items, key=lambda item: (item.reserved - item.on_hand, item.location)):
        taken = min(missing, item.on_hand - item.reserved)
        if taken <= 0:
            break
        item.reserved += taken
        missing -= taken
        work.session.add(
            StockReservation(
                id=work.new_id(),
                shop_id=item.shop_id,
                stock_item_id=item.id,
                product_id=product_id,
                claim_id=claim_id,
                quantity=taken,
                status=ReservationStatus.held,
                reserved_at=work.now,
            )
        )
    await work.session.flush()
    work.record(
        StockReserved(shop_id=items[0].shop_id, product_id=product_id, claim_id=claim_id, quantity=added)
    )
    return added


async def release_reservation(work: Work, claim_id: UUID, product_id: UUID | None = None) -> int:
    """Lets go what the claim still holds (of one product, or of all); returns how many units. Twice is once."""
    released = await _end_reservations(work, claim_id, product_id, ReservationStatus.released)
    for shop_id, product, quantity in released:
        work.record(
            ReservationReleased(shop_id=shop_id, product_id=product, claim_id=claim_id, quantity=quantity)
        )
    return sum(quantity for _, _, quantity in released)


async def ship_reservation(work: Work, claim_id: UUID, product_id: UUID | None = None) -> int:
    """What the claim holds leaves the house; returns how many units. Twice is once."""
    shipped = await _end_reservations(work, claim_id, product_id, ReservationStatus.shipped)
    for shop_id, product, quantity in shipped:
        work.record(
            ReservationShipped(shop_id=shop_id, product_id=product, claim_id=claim_id, quantity=quantity)
        )
    return sum(quantity for _, _, quantity in shipped)


async def _end_reservations(
    work: Work, claim_id: UUID, product_id: UUID | None, status: ReservationStatus
) -> list[tuple[UUID, UUID, int]]:
    """(shop, product, units) that were held."""
    held = [
        StockReservation.claim_id == claim_id,
        StockReservation.status == ReservationStatus.held,
        *([StockReservation.product_id == product_id] if product_id else []),
    ]
    products = await work.session.scalars(
        select(StockReservation.product_id).where(*held).distinct().order_by(StockReservation.product_id)
    )
    ended: list[tuple[UUID, UUID, int]] = []
    for product in list(products):
        items = {item.id: item for item in await _locked_sellable(work, product)}
        # Read again under the lock: somebody may have ended them while we waited.
        reservations = (
            await work.session.scalars(
                select(StockReservation)
                .where(*held, StockReservation.product_id == product)
                .order_by(StockReservation.id)
                .with_for_update()
                .execution_options(populate_existing=True)
            )
        ).all()
        units = 0
        for reservation in reservations:
            item = items[reservation.stock_item_id]
            item.reserved -= reservation.quantity
            reservation.status, reservation.ended_at = status, work.now
            units += reservation.quantity
            if status is ReservationStatus.shipped:
                await _post(work, item, -reservation.quantity, MovementReason.reshipped, claim_id)
        await work.session.flush()
        if units:
            ended.append((reservations[0].shop_id, product, units))
    return ended


async def _locked_sellable(work: Work, product_id: UUID) -> Sequence[StockItem]:
    rows = await work.session.scalars(
        select(StockItem)
        .where(StockItem.product_id == product_id, StockItem.condition == Condition.sellable)
        .order_by(StockItem.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return rows.all()


KEPT: dict[Disposition, tuple[Condition, MovementReason]] = {
    Disposition.restock: (Condition.sellable, MovementReason.restocked),
    Disposition.refurbish: (Condition.refurbish, MovementReason.sent_to_refurbish),
    Disposition.return_to_supplier: (Condition.supplier_return, MovementReason.received),
    Disposition.send_back: (Condition.send_back, MovementReason.received),
}
"""Units that stay in the house, and how they lie there."""

GONE: dict[Disposition, MovementReason] = {
    Disposition.recycle: MovementReason.recycled,
    Disposition.donate: MovementReason.donated,
    Disposition.scrap: MovementReason.scrapped,
}
"""Units that come in and go out at once, so that the books show both."""


async def post_disposition(
    work: Work,
    disposition: Disposition,
    *,
    product_id: UUID,
    quantity: int,
    claim_id: UUID | None = None,
    location: str = MAIN,
    key: str,
) -> list[UUID]:
    """Posts what was decided on received units; returns the movements. The same `key` (an inspection's line and grade)
    posts once."""
    if quantity < 1:
        raise QuantityNotPositive(quantity=quantity)
    if disposition in KEPT:
        condition, reason = KEPT[disposition]
        steps = [(quantity, condition, reason, key)]
    else:
        steps = [
            (quantity, Condition.quarantine, MovementReason.received, f"{key}:in"),
            (-quantity, Condition.quarantine, GONE[disposition], f"{key}:out"),
        ]
    posted = [
        await _post_once(work, product_id, units, location, condition, reason, claim_id, step_key)
        for units, condition, reason, step_key in steps
    ]
    movements = [movement for movement, _ in posted]
    if posted[0][1]:
        first = await work.session.get_one(StockMovement, movements[0])
        work.record(
            UnitsDisposed(
                shop_id=first.shop_id,
                product_id=product_id,
                claim_id=claim_id,
                disposition=disposition,
                quantity=quantity,
                location=location,
            )
        )
    return movements


async def move_stock(
    work: Work,
    product_id: UUID,
    quantity: int,
    *,
    from_location: str,
    from_condition: Condition,
    to_location: str,
    to_condition: Condition,
) -> None:
    """Units lie elsewhere, or in another condition (refurbished: refurbish → sellable). Refuses with StockNotThere."""
    if quantity < 1:
        raise QuantityNotPositive(quantity=quantity)
    refurbished = (from_condition, to_condition) == (Condition.refurbish, Condition.sellable)
    reason = MovementReason.refurbished if refurbished else MovementReason.move
    await post_stock(work, product_id, -quantity, from_location, from_condition, reason)
    await post_stock(work, product_id, quantity, to_location, to_condition, reason)


async def ship_send_back(work: Work, claim_id: UUID) -> int:
    """The customer's own units of the claim leave the house again; returns how many. Twice is once."""
    waiting = await work.session.execute(
        select(StockItem.product_id, StockItem.location)
        .join(StockMovement, StockMovement.stock_item_id == StockItem.id)
        .where(StockMovement.claim_id == claim_id, StockItem.condition == Condition.send_back)
        .distinct()
        .order_by(StockItem.product_id, StockItem.location)
    )
    shipped = 0
    for product_id, location in waiting.all():
        item = await _locked_item(work, product_id, location, Condition.send_back, open_it=False)
        if item is None:
            continue
        units = await work.session.scalar(
            select(func.coalesce(func.sum(StockMovement.quantity), 0)).where(
                StockMovement.claim_id == claim_id, StockMovement.stock_item_id == item.id
            )
        )
        if units and units > 0:
            await _post(work, item, -units, MovementReason.sent_back, claim_id)
            shipped += units
    return shipped
