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
    elsewhere_cents: int = 0
    elsewhere_quantity: int = 0


OPEN = """
    INSERT INTO line_account (order_line_id, shop_id, paid_cents, quantity, elsewhere_cents, elsewhere_quantity)
    SELECT * FROM unnest(CAST(:lines AS uuid[]), CAST(:shops AS uuid[]), CAST(:paid AS bigint[]), CAST(:quantities AS int[]),
      CAST(:elsewhere AS bigint[]), CAST(:units_elsewhere AS int[]))
    ON CONFLICT (order_line_id) DO UPDATE SET
      paid_cents = greatest(excluded.paid_cents, line_account.taken_cents),
      elsewhere_cents = excluded.elsewhere_cents, elsewhere_quantity = excluded.elsewhere_quantity
    RETURNING order_line_id, paid_cents, quantity,
      least(taken_cents + elsewhere_cents, paid_cents) AS taken_cents,
      least(taken_quantity + elsewhere_quantity, quantity) AS taken_quantity
"""


async def locked_accounts(work: Work, lines: Sequence[LineToReserve]) -> dict[UUID, PaidLine]:
    """The accounts of the lines, opened if need be and locked in one order, so that two claims cannot dead-lock. What the
    store gave back by itself counts as taken."""
    ordered = sorted(lines, key=lambda line: line.order_line_id)
    rows = await work.rows(
        OPEN,
        {
            "lines": [line.order_line_id for line in ordered],
            "shops": [line.shop_id for line in ordered],
            "paid": [line.paid_cents for line in ordered],
            "quantities": [line.quantity for line in ordered],
            "elsewhere": [line.elsewhere_cents for line in ordered],
            "units_elsewhere": [line.elsewhere_quantity for line in ordered],
        },
    )
    return {
        row.order_line_id: PaidLine(row.paid_cents, row.quantity, row.taken_cents, row.taken_quantity)
        for row in rows
    }


HELD = """
    SELECT l.order_line_id, a.paid_cents, a.quantity,
      greatest(least(a.taken_cents + a.elsewhere_cents, a.paid_cents) - l.reserved_cents, 0) AS taken_cents,
      least(a.taken_quantity + a.elsewhere_quantity, a.quantity) AS taken_quantity
    FROM claim_line l JOIN line_account a USING (order_line_id) WHERE l.claim_id = :claim
"""


async def accounts_without(work: Work, claim_id: UUID) -> dict[UUID, PaidLine]:
    """The accounts of a claim's lines as they would be without what it holds itself; of a claim that counts no units."""
    rows = await work.rows(HELD, {"claim": claim_id})
    return {
        row.order_line_id: PaidLine(row.paid_cents, row.quantity, row.taken_cents, row.taken_quantity)
        for row in rows
    }


async def take(work: Work, order_line_id: UUID, cents: int, quantity: int) -> None:
    """Books so much out of the line's account; negative gives it back. Refuses with NothingLeft."""
    booked = await work.row(
        """
        UPDATE line_account SET taken_cents = taken_cents + :cents, taken_quantity = taken_quantity + :quantity
        WHERE order_line_id = :line
          AND taken_cents + :cents BETWEEN 0 AND paid_cents AND taken_quantity + :quantity BETWEEN 0 AND quantity
          AND (:cents <= 0 OR taken_cents + elsewhere_cents + :cents <= paid_cents)
          AND (:quantity <= 0 OR taken_quantity + elsewhere_quantity + :quantity <= quantity)
        RETURNING 1
        """,
        {"cents": cents, "quantity": quantity, "line": order_line_id},
    )
    if booked is None:
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
