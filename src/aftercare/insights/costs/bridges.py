"""The bridge: why a period cost more or less than another, exactly.

The cost of a period is the sum over segments *s* (of cases) and kinds of cost *k* of

    N · m_s · q_sk · p_sk

with N cases, the share m of the segment, the quantity q per case of the segment (seconds, parcels, refunds) and the price p of
one. Between two periods all four change. Each gets its **Shapley value**: the mean of what its change makes over all 24 orders
in which the four could have changed one after the other. So no order is preferred, nothing is left over, and the four sum to
the difference exactly (Sun, Energy Economics 20, 1998; Dietzenbacher & Los, Economic Systems Research 10, 1998; Ang et al., Energy
Policy 31, 2003, who call it the Shapley/Sun method). It is computed in fractions; the parts are rounded to whole cents so that they
still sum to it.

Where one period has no value (a segment that is new, a kind that cost nothing before) it takes that of the other: a new segment
is mix, a new kind is efficiency. Lines of no case are a part of their own, `loose`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations
from math import factorial
from typing import Literal

from pydantic import BaseModel

from aftercare.insights.costs.model import PeriodNotPossible
from aftercare.insights.costs.reading import CASE_CUTS, CostCut, Segments, Which, segments
from aftercare.journal import Work

Effect = Literal["volume", "mix", "efficiency", "rate"]
EFFECTS: tuple[Effect, ...] = ("volume", "mix", "efficiency", "rate")
Segment = str | None
MOST_DRIVERS = 12
BRIDGE_CUTS = frozenset({CostCut.shop, *CASE_CUTS})


@dataclass(frozen=True)
class Period:
    """`cells`: (cents, quantity) by segment and kind; `cases` by segment; `loose` cents of no case."""

    cells: Mapping[tuple[Segment, str], tuple[int, int]]
    cases: Mapping[Segment, int]
    loose: int = 0

    @property
    def cents(self) -> int:
        return sum(cents for cents, _ in self.cells.values()) + self.loose


class CostDriver(BaseModel):
    """What one segment and kind added to an effect. Volume is of all alike and has none."""

    effect: Effect
    segment: str | None
    kind: str
    cents: int


class CostBridge(BaseModel):
    """From `before_cents` to `after_cents` in one currency: the effects and `loose_cents` sum to the difference, to the cent."""

    currency: str
    before_cents: int
    after_cents: int
    before_cases: int
    after_cases: int
    volume_cents: int
    mix_cents: int
    efficiency_cents: int
    rate_cents: int
    loose_cents: int
    drivers: list[CostDriver]


def decompose(
    before: Period, after: Period
) -> tuple[dict[Effect, Fraction], dict[tuple[Effect, Segment, str], Fraction]]:
    """The four effects, and what each segment and kind added to them; exact."""
    terms = sorted({*before.cells, *after.cells}, key=lambda key: (key[0] or "", key[1]))
    whole: dict[Effect, Fraction] = dict.fromkeys(EFFECTS, Fraction(0))
    parts: dict[tuple[Effect, Segment, str], Fraction] = {}
    for segment, kind in terms:
        then, now = _factors(before, segment, kind), _factors(after, segment, kind)
        for effect, value in zip(EFFECTS, shapley(*_filled(then, now)), strict=True):
            whole[effect] += value
            parts[effect, segment, kind] = value
    return whole, parts


Factors = tuple[Fraction | None, Fraction | None, Fraction | None, Fraction | None]


def _factors(period: Period, segment: Segment, kind: str) -> Factors:
    """N, m, q, p; None where the period has no such value."""
    whole, own = sum(period.cases.values()), period.cases.get(segment, 0)
    cents, quantity = period.cells.get((segment, kind), (0, 0))
    if cents and not quantity:
        quantity = 1
    return (
        Fraction(whole),
        Fraction(own, whole) if whole else None,
        Fraction(quantity, own) if own else None,
        Fraction(cents, quantity) if quantity else None,
    )


def _filled(then: Factors, now: Factors) -> tuple[Sequence[Fraction], Sequence[Fraction]]:
    zero = Fraction(0)
    return (
        [a if a is not None else b if b is not None else zero for a, b in zip(then, now, strict=True)],
        [b if b is not None else a if a is not None else zero for a, b in zip(then, now, strict=True)],
    )


def shapley(then: Sequence[Fraction], now: Sequence[Fraction]) -> list[Fraction]:
    """How much each factor's change added to the change of their product; sums to it exactly."""
    many = len(then)
    values = []
    for one in range(many):
        others = [index for index in range(many) if index != one]
        value = Fraction(0)
        for size in range(many):
            weight = Fraction(factorial(size) * factorial(many - size - 1), factorial(many))
            for changed in combinations(others, size):
                product = weight
                for index in others:
                    product *= now[index] if index in changed else then[index]
                value += product
        values.append(value * (now[one] - then[one]))
    return values


def rounded(values: Mapping[Effect, Fraction]) -> dict[Effect, int]:
    """To whole cents that sum to what the values sum to, which is a whole number; who lost most by rounding down gets a cent first."""
    floors = {effect: value.numerator // value.denominator for effect, value in values.items()}
    left = int(sum(values.values())) - sum(floors.values())
    for effect in sorted(values, key=lambda name: floors[name] - values[name])[:left]:
        floors[effect] += 1
    return floors


def bridge_of(currency: str, before: Period, after: Period) -> CostBridge:
    whole, parts = decompose(before, after)
    cents = rounded(whole)
    drivers = [
        CostDriver(effect=effect, segment=segment, kind=kind, cents=round(value))
        for (effect, segment, kind), value in parts.items()
        if effect != "volume" and round(value)
    ]
    drivers.sort(key=lambda driver: (-abs(driver.cents), driver.effect, driver.segment or "", driver.kind))
    return CostBridge(
        currency=currency,
        before_cents=before.cents,
        after_cents=after.cents,
        before_cases=sum(before.cases.values()),
        after_cases=sum(after.cases.values()),
        volume_cents=cents["volume"],
        mix_cents=cents["mix"],
        efficiency_cents=cents["efficiency"],
        rate_cents=cents["rate"],
        loose_cents=after.loose - before.loose,
        drivers=drivers[:MOST_DRIVERS],
    )


def period_of(found: Segments, currency: str) -> Period:
    return Period(
        cells={
            (cell.segment, cell.kind): (cell.cents, cell.quantity)
            for cell in found.cells
            if cell.currency == currency
        },
        cases={segment: many for (of, segment), many in found.cases.items() if of == currency},
        loose=sum(cents for (of, _), cents in found.loose.items() if of == currency),
    )


async def bridge(
    work: Work, before: Which, after: Which, by: CostCut = CostCut.claim_kind
) -> list[CostBridge]:
    """From one period to another, one bridge per currency. Needs `insights.read`. Refuses with PeriodNotPossible."""
    if by not in BRIDGE_CUTS:
        raise PeriodNotPossible(by=by)
    then, now = await segments(work, before, by), await segments(work, after, by)
    currencies = {cell.currency for cell in (*then.cells, *now.cells)} | {
        currency for currency, _ in (*then.loose, *now.loose)
    }
    return [
        bridge_of(currency, period_of(then, currency), period_of(now, currency))
        for currency in sorted(currencies)
    ]
