"""Money of a claim, in integer minor units of one currency.

How many minor units make one unit (CNY 100, JPY 1) is the caller's business: nothing here divides by a
hundred. Mixing currencies is the caller's mistake; every function takes amounts of one currency only.
"""

from __future__ import annotations

from dataclasses import dataclass

from aftercare.kit.money import MoneyNotPossible


@dataclass(frozen=True)
class PaidLine:
    """One order line as far as money goes. `paid_cents` is after all discounts, without freight. `taken_*` is
    what every other claim of the line has refunded or reserved, unpaid and failed refunds included."""

    paid_cents: int
    quantity: int
    taken_cents: int = 0
    taken_quantity: int = 0


def refundable(line: PaidLine, quantity: int) -> int:
    """At most this much for so many more units. Each unit is worth the same share, rounded down, and the last
    one the remainder too: units sum to what was paid, however they are grouped. What an earlier claim lost
    by a fee or a bad grade does not come back with the last unit."""
    if min(line.paid_cents, line.quantity, line.taken_cents, line.taken_quantity, quantity) < 0:
        raise MoneyNotPossible("negative", quantity=quantity)
    left = line.quantity - line.taken_quantity
    if quantity > left:
        raise MoneyNotPossible("more_than_left", asked=quantity, left=left)
    if quantity == 0:
        return 0
    each, remainder = divmod(line.paid_cents, line.quantity)
    worth = each * quantity + (remainder if quantity == left else 0)
    return min(worth, refundable_without_return(line))


def refundable_without_return(line: PaidLine) -> int:
    """The cap of a refund that counts no units (a part of the price): what is left of the line."""
    return max(line.paid_cents - line.taken_cents, 0)


def fallen_by(line: PaidLine, quantity: int, price_cents: int) -> int:
    """What so many units cost more than they cost now, of those that nobody has given back. What came back already for the same
    is no longer paid for, and does not come back twice."""
    left = PaidLine(refundable_without_return(line), line.quantity - line.taken_quantity)
    units = min(quantity, left.quantity)
    paid = min(refundable(PaidLine(line.paid_cents, line.quantity), units), refundable(left, units))
    return max(paid - price_cents * units, 0)


def restocking_fee(goods_cents: int, *, fee_cents: int = 0, fee_percent: int = 0) -> int:
    """A fixed fee plus whole per cent of the goods, rounded down, never more than the goods."""
    if min(goods_cents, fee_cents, fee_percent) < 0:
        raise MoneyNotPossible("negative", fee=min(fee_cents, fee_percent))
    return min(goods_cents, fee_cents + goods_cents * fee_percent // 100)


def exchange_difference(new_price_cents: int, credited_cents: int) -> int:
    """Positive: the customer pays so much before the new goods leave. Negative: so much is refunded."""
    if min(new_price_cents, credited_cents) < 0:
        raise MoneyNotPossible("negative", price=min(new_price_cents, credited_cents))
    return new_price_cents - credited_cents


def agreed_for_accepted(agreed_cents: int, claimed_quantity: int, accepted_quantity: int) -> int:
    """The part of an agreed amount that accepted units of a line carry; all of them carry all of it."""
    if not 0 <= accepted_quantity <= claimed_quantity:
        raise MoneyNotPossible("more_than_left", asked=accepted_quantity, left=claimed_quantity)
    if accepted_quantity == claimed_quantity:
        return agreed_cents
    return agreed_cents * accepted_quantity // claimed_quantity
