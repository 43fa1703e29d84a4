"""Money in integer minor units: sharing to the cent, and reading amounts exactly.

How many minor units make one unit (CNY 100, JPY 1) is data of the currency. Mixing currencies is the caller's mistake.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import cache

from babel.core import Locale
from babel.numbers import get_currency_precision

LARGEST_CENTS = 10**13
"""So that no sum of a file's lines leaves 64 bits."""

_AMOUNT = re.compile(r"-?\d{1,15}(\.\d{1,12})?", re.ASCII)


class MoneyNotPossible(Exception):
    """The amounts or quantities contradict each other; `why` is a code: negative, more_than_left."""

    def __init__(self, why: str, **data: int) -> None:
        super().__init__(f"{why} {data}")
        self.why = why
        self.data = data


@cache
def _currencies() -> frozenset[str]:
    return frozenset(map(str, Locale("en").currencies))


def is_currency(code: str) -> bool:
    """Whether a currency has this code (ISO 4217)."""
    return code in _currencies()


@cache
def digits(currency: str) -> int:
    """How many decimals an amount of this currency has."""
    return get_currency_precision(currency)


def cents(amount: str | Decimal | int, currency: str) -> int:
    """Minor units of an amount written as `1234.5`: no thousands marks, no more decimals than the currency has.
    Raises ValueError, with the reason as its text."""
    written = str(amount).strip()
    if not _AMOUNT.fullmatch(written):
        raise ValueError("is not an amount like 1234.50")
    scaled = Decimal(written).scaleb(digits(currency))
    whole = int(scaled)
    if whole != scaled:
        raise ValueError(f"has more decimals than {currency} knows")
    if abs(whole) > LARGEST_CENTS:
        raise ValueError("is too large")
    return whole


def share(total_cents: int, weights: Sequence[int]) -> list[int]:
    """Parts of the total in proportion to the weights, summing to it exactly; what rounding leaves goes to the largest
    line (the first of equals). All weights zero: evenly. A negative total mirrors."""
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
    """What each line costs after an order-level discount. No line falls below zero: what the largest line cannot take of
    the rounding goes to the next. A discount larger than the goods is MoneyNotPossible."""
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


def allot(parts: Sequence[int], wanted: Sequence[int]) -> list[list[int]]:
    """Divides several sums (payments) over several totals (orders) of the same grand total, so that rows and columns
    both sum exactly; one row per part. Each part fills the first total that still lacks something."""
    if sum(parts) != sum(wanted) or min((*parts, *wanted), default=0) < 0:
        raise MoneyNotPossible("more_than_left", asked=sum(parts), left=sum(wanted))
    lacking = list(wanted)
    table: list[list[int]] = []
    for part in parts:
        row = []
        for index, lack in enumerate(lacking):
            given = min(part, lack)
            row.append(given)
            lacking[index] -= given
            part -= given
        table.append(row)
    return table
