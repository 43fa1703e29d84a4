"""Money of a claim, in integer minor units of one currency.

How many minor units make one unit (CNY 100, JPY 1) is the caller's business: nothing here divides by a
hundred. Mixing currencies is the caller's mistake; every function takes amounts of one currency only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class MoneyNotPossible(Exception):
    """The amounts or quantities contradict each other; `why` is a code: negative, more_than_left,
    more_than_agreed."""

    def __init__(self, why: str, **data: int) -> None:
        super().__init__(f"{why} {data}")
        self.why = why
        self.data = data


def share(total_cents: int, weights: Sequence[int]) -> list[int]:
    """Parts of the total in proportion to the weights, summing to it exactly; what rounding leaves goes to
    the largest line (the first of equals). All weights zero: evenly. A negative total mirrors."""
    if any(weight < 0 for weight in weights):
        raise MoneyNotPossible("negative", weight=min(weights))
    if not weights:
        if total_cents:
            raise MoneyNotPossible("more_than_left", asked=total_cents, left=0)
        return []
    if not any(weights):
        weights = [1] * len(weights)
    sign, amount = (-1, -total_cents) if total_cents < 0 else (1, total_cents)
    whole = sum(weights)
    parts = [amount * weight // whole for weight in weights]
    parts[max(range(len(weights)), key=lambda index: weights[index])] += amount - sum(parts)
    return [sign * part for part in parts]


def discounted(prices_cents: Sequence[int], discount_cents: int) -> list[int]:
    """What each line cost after an order-level discount or coupon. No line falls below zero: what the largest
    line cannot take of the rounding goes to the next. Refuses a discount larger than the goods."""
    if discount_cents < 0 or any(price < 0 for price in prices_cents):
        raise MoneyNotPossible("negative", discount=discount_cents)
    whole = sum(prices_cents)
    if discount_cents > whole:
        raise MoneyNotPossible("more_than_left", asked=discount_cents, left=whole)
    parts = share(discount_cents, prices_cents)
    paid = [price - part for price, part in zip(prices_cents, parts, strict=True)]
    debt = -sum(amount for amount in paid if amount < 0)
    paid = [max(amount, 0) for amount in paid]
    for index in sorted(range(len(paid)), key=lambda at: -paid[at]):
        taken = min(paid[index], debt)
        paid[index] -= taken
        debt -= taken
    return paid


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


def freight_back(
    freight_cents: int,
    *,
    anything_shipped: bool,
    law_says_so: bool,
    shop_at_fault: bool,
    already_returned_cents: int,
) -> int:
    """The order's outward freight that goes back, at most once per order: only if nothing was shipped, or
    where the law or the shop's fault says so. Give the freight of the cheapest standard delivery where the
    law limits it to that."""
    if freight_cents < 0 or already_returned_cents < 0:
        raise MoneyNotPossible("negative", freight=freight_cents)
    due = not anything_shipped or law_says_so or shop_at_fault
    return max(freight_cents - already_returned_cents, 0) if due else 0


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


def agreed_after_return(agreed_cents: int, found_cents: int) -> int:
    """What is paid once the goods were judged. An agreed amount may only go down: a larger finding is
    refused, since what both sides agreed to is the cap that the journal names."""
    if min(agreed_cents, found_cents) < 0:
        raise MoneyNotPossible("negative", amount=min(agreed_cents, found_cents))
    if found_cents > agreed_cents:
        raise MoneyNotPossible("more_than_agreed", asked=found_cents, left=agreed_cents)
    return found_cents


def agreed_for_accepted(agreed_cents: int, claimed_quantity: int, accepted_quantity: int) -> int:
    """The part of an agreed amount that accepted units of a line carry; all of them carry all of it."""
    if not 0 <= accepted_quantity <= claimed_quantity:
        raise MoneyNotPossible("more_than_left", asked=accepted_quantity, left=claimed_quantity)
    if accepted_quantity == claimed_quantity:
        return agreed_cents
    return agreed_cents * accepted_quantity // claimed_quantity
