"""What may still be given back: the accounts of order lines and of freight, guarded by CHECKs that no race gets round."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from aftercare.claims import model
from aftercare.claims.money import PaidLine
from aftercare.journal import Work


@dataclass(frozen=True)
class LineToReserve:
    order_line_id: UUID
    shop_id: UUID
    paid_cents: int
    quantity: int


OPEN = text(
    """
    INSERT INTO line_account (order_line_id, shop_id, paid_cents, quantity)
    SELECT * FROM unnest(CAST(:lines AS uuid[]), CAST(:shops AS uuid[]), CAST(:paid AS bigint[]), CAST(:quantities AS int[]))
    ON CONFLICT DO NOTHING
    """
)


async def locked_accounts(work: Work, lines: Sequence[LineToReserve]) -> dict[UUID, PaidLine]:
    """The accounts of the lines, opened if need be and locked in one order, so that two claims cannot dead-lock."""
    ordered = sorted(lines, key=lambda line: line.order_line_id)
    await work.session.execute(
        OPEN,
        {
            "lines": [line.order_line_id for line in ordered],
            "shops": [line.shop_id for line in ordered],
            "paid": [line.paid_cents for line in ordered],
            "quantities": [line.quantity for line in ordered],
        },
    )
    rows = await work.session.execute(
        text(
            "SELECT order_line_id, paid_cents, quantity, taken_cents, taken_quantity FROM line_account"
            " WHERE order_line_id = ANY(:lines) ORDER BY order_line_id FOR UPDATE"
        ),
        {"lines": [line.order_line_id for line in ordered]},
    )
    return {
        row.order_line_id: PaidLine(row.paid_cents, row.quantity, row.taken_cents, row.taken_quantity)
        for row in rows
    }


async def take(work: Work, order_line_id: UUID, cents: int, quantity: int) -> None:
    """Books so much out of the line's account; negative gives it back. Refuses with NothingLeft."""
    booked = await work.session.execute(
        text(
            "UPDATE line_account SET taken_cents = taken_cents + :cents, taken_quantity = taken_quantity + :quantity"
            " WHERE order_line_id = :line AND taken_cents + :cents BETWEEN 0 AND paid_cents"
            " AND taken_quantity + :quantity BETWEEN 0 AND quantity RETURNING 1"
        ),
        {"cents": cents, "quantity": quantity, "line": order_line_id},
    )
    if booked.one_or_none() is None:
        raise model.NothingLeft(order_line=order_line_id)


async def freight_left(work: Work, order_id: UUID, shop_id: UUID, paid_cents: int) -> int:
    """Locks the order's freight account and tells what of it may still come back."""
    await work.session.execute(
        text(
            "INSERT INTO freight_account (order_id, shop_id, paid_cents) VALUES (:order, :shop, :paid) ON CONFLICT DO NOTHING"
        ),
        {"order": order_id, "shop": shop_id, "paid": paid_cents},
    )
    row = (
        await work.session.execute(
            text(
                "SELECT paid_cents - taken_cents AS left_cents FROM freight_account WHERE order_id = :order FOR UPDATE"
            ),
            {"order": order_id},
        )
    ).one()
    return int(row.left_cents)


async def take_freight(work: Work, order_id: UUID, cents: int) -> None:
    await work.session.execute(
        text("UPDATE freight_account SET taken_cents = taken_cents + :cents WHERE order_id = :order"),
        {"cents": cents, "order": order_id},
    )
