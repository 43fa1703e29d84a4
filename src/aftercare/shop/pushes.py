"""What a store pushes besides whole orders: parcels that left or arrived, money that it gave back by itself.

Pushes come twice, late and in the wrong order. Everything here only ever adds what is not known yet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.journal import Work
from aftercare.kit.errors import NotFound
from aftercare.shop.events import OrderChanged, OrderDelivered, OrderShipped, StoreRefunded
from aftercare.shop.intake import CONFIRM_AFTER_DAYS
from aftercare.shop.model import OrderLine, OrderStatus, SalesOrder, StoreEvent, StoreRefund

KEPT = timedelta(days=60)


class OrderNotKnownYet(NotFound):
    """This order has not been told yet; send the push again later."""


@dataclass(frozen=True, slots=True)
class StoreRefundRecord:
    """`lines` gives (units, cents) by the line's external id; `amount_cents` is all of the money, freight included."""

    external_id: str
    amount_cents: int
    refunded_at: datetime
    lines: Mapping[str, tuple[int, int]]


async def first_time(work: Work, shop_id: UUID, source: str, event_id: str, topic: str) -> bool:
    """Whether this push is new; a second one that runs at the same moment waits for the first."""
    added = await work.session.execute(
        insert(StoreEvent)
        .values(shop_id=shop_id, source=source, event_id=event_id, topic=topic, received_at=work.now)
        .on_conflict_do_nothing()
        .returning(StoreEvent.event_id)
    )
    return added.one_or_none() is not None


async def forget_old_pushes(work: Work) -> int:
    """No store sends a push again after two months. Returns how many were forgotten."""
    gone = await work.session.execute(
        delete(StoreEvent).where(StoreEvent.received_at < work.now - KEPT).returning(StoreEvent.event_id)
    )
    return len(gone.all())


async def _order(work: Work, shop_id: UUID, source: str, external_id: str) -> SalesOrder:
    work.require("orders.import")
    row = (
        await work.session.execute(
            select(SalesOrder)
            .where(
                SalesOrder.shop_id == shop_id,
                SalesOrder.source == source,
                SalesOrder.external_id == external_id,
            )
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if row is None:
        raise OrderNotKnownYet(order=external_id)
    return row


async def _lines(work: Work, order_id: UUID) -> Sequence[OrderLine]:
    found = await work.session.scalars(
        select(OrderLine).where(OrderLine.order_id == order_id).execution_options(populate_existing=True)
    )
    return found.all()


async def note_parcel(
    work: Work,
    shop_id: UUID,
    source: str,
    external_id: str,
    *,
    lines: frozenset[str],
    shipped_at: datetime,
    delivered_at: datetime | None,
) -> None:
    """A parcel with these lines left, and perhaps arrived; the order is shipped, or delivered, when all its lines are.
    Refuses with OrderNotKnownYet."""
    row = await _order(work, shop_id, source, external_id)
    about: dict[str, Any] = {"shop_id": shop_id, "order_id": row.id, "customer_id": row.customer_id}
    own = await _lines(work, row.id)
    changed = False
    for line in own:
        if line.external_id not in lines:
            continue
        if line.shipped_at is None:
            line.shipped_at, changed = shipped_at, True
        if line.delivered_at is None and delivered_at is not None:
            line.delivered_at, changed = delivered_at, True
    fields: list[str] = ["lines"] if changed else []
    left = [line.shipped_at for line in own]
    arrived = [line.delivered_at for line in own]
    shipped = max((at for at in left if at), default=None) if all(left) else None
    delivered = max((at for at in arrived if at), default=None) if all(arrived) else None
    if shipped and row.shipped_at is None:
        row.shipped_at = shipped
        fields.append("shipped_at")
        work.record(OrderShipped(**about))
        if row.status in (OrderStatus.awaiting_payment, OrderStatus.paid):
            row.status = OrderStatus.shipped
    if delivered and row.delivered_at is None:
        days = (await identity.get_shop(work, shop_id)).settings.get("confirm_after_days", CONFIRM_AFTER_DAYS)
        row.delivered_at, row.auto_confirm_at = delivered, delivered + timedelta(days=int(days))
        fields.append("delivered_at")
        work.record(OrderDelivered(**about))
        if row.status is not OrderStatus.cancelled:
            row.status = OrderStatus.delivered
    if fields:
        work.record(OrderChanged(**about, fields=tuple(fields)))
        await work.session.flush()


async def note_store_refund(
    work: Work, shop_id: UUID, source: str, external_id: str, refund: StoreRefundRecord
) -> bool:
    """The store gave money back past us: it counts against what a claim may still give back. False when it was known.
    Refuses with OrderNotKnownYet."""
    row = await _order(work, shop_id, source, external_id)
    added = await work.session.execute(
        insert(StoreRefund)
        .values(
            id=work.new_id(),
            shop_id=shop_id,
            order_id=row.id,
            external_id=refund.external_id,
            amount_cents=refund.amount_cents,
            currency=row.currency,
            refunded_at=refund.refunded_at,
        )
        .on_conflict_do_nothing()
        .returning(StoreRefund.id)
    )
    if added.one_or_none() is None:
        return False
    for line in await _lines(work, row.id):
        units, cents = refund.lines.get(line.external_id, (0, 0))
        line.store_refunded_quantity = min(line.quantity, line.store_refunded_quantity + units)
        line.store_refunded_cents += cents
    work.record(
        StoreRefunded(
            shop_id=shop_id,
            order_id=row.id,
            customer_id=row.customer_id,
            amount_cents=refund.amount_cents,
            currency=row.currency,
        )
    )
    await work.session.flush()
    return True
