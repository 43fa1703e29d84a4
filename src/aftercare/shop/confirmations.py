"""Confirming receipt: some days after delivery an order is taken as fine, unless a claim is open."""

from uuid import UUID

from sqlalchemy import delete, func, select, text

from aftercare.journal import Work
from aftercare.kit.errors import NotFound
from aftercare.shop.events import OrderConfirmed
from aftercare.shop.model import ConfirmationHold, OrderStatus, SalesOrder
from aftercare.shop.queries import order_row

DUE = text(
    """
    UPDATE sales_order SET status = 'confirmed', confirmed_at = :now
    WHERE id IN (
      SELECT id FROM sales_order
      WHERE status = 'delivered' AND confirmation_held_at IS NULL AND auto_confirm_at <= :now
      ORDER BY auto_confirm_at LIMIT :most FOR UPDATE SKIP LOCKED)
    RETURNING id, shop_id, customer_id
    """
)


async def confirm_due_orders(work: Work, limit: int = 1_000) -> int:
    """Confirms delivered orders whose time has come; returns how many. Many may run at once."""
    rows = (await work.session.execute(DUE, {"now": work.now, "most": limit})).all()
    for row in rows:
        work.record(OrderConfirmed(shop_id=row.shop_id, order_id=row.id, customer_id=row.customer_id))
    return len(rows)


async def confirm_order(work: Work, order_id: UUID) -> bool:
    """The customer says that all is well. False when it was confirmed, or is not delivered yet."""
    row = await order_row(work, order_id, lock=True)
    if row.status is not OrderStatus.delivered:
        return False
    row.status, row.confirmed_at = OrderStatus.confirmed, work.now
    work.record(OrderConfirmed(shop_id=row.shop_id, order_id=row.id, customer_id=row.customer_id))
    return True


async def _locked(work: Work, order_id: UUID) -> SalesOrder:
    """Claims hold and release whoever moves them: the warehouse may, that reads no orders."""
    row = (
        await work.session.execute(
            select(SalesOrder)
            .where(SalesOrder.id == order_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()
    if row is None:
        raise NotFound(order_id=order_id)
    return row


HOLD = """
    WITH held AS (
      UPDATE sales_order SET confirmation_held_at = coalesce(confirmation_held_at, :now) WHERE id = :order_id
      RETURNING id, shop_id
    ), hold AS (
      INSERT INTO confirmation_hold (order_id, holder_id, shop_id, held_at)
      SELECT id, :holder_id, shop_id, :now FROM held ON CONFLICT DO NOTHING
    )
    SELECT count(*) AS held FROM held
"""


async def hold_confirmation(work: Work, order_id: UUID, holder_id: UUID | None = None) -> None:
    """The order does not confirm itself while `holder_id` (a claim) is open. Twice is once."""
    found = await work.row(HOLD, {"order_id": order_id, "holder_id": holder_id or order_id, "now": work.now})
    if not found.held:
        raise NotFound(order_id=order_id)


async def release_confirmation(work: Work, order_id: UUID, holder_id: UUID | None = None) -> None:
    """When the last holder lets go, the order has as much time left as it had. Harmless when nothing is held."""
    row = await _locked(work, order_id)
    await work.session.execute(
        delete(ConfirmationHold).where(
            ConfirmationHold.order_id == order_id, ConfirmationHold.holder_id == (holder_id or order_id)
        )
    )
    held = await work.session.scalar(
        select(func.count()).select_from(ConfirmationHold).where(ConfirmationHold.order_id == order_id)
    )
    if held or row.confirmation_held_at is None:
        return
    # Time that ran before the delivery was never the customer's to lose.
    since = max(row.confirmation_held_at, row.delivered_at or row.confirmation_held_at)
    if row.auto_confirm_at is not None and work.now > since:
        row.auto_confirm_at += work.now - since
    row.confirmation_held_at = None
    await work.session.flush()
