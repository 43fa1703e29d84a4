"""Figures: a number with what carries it. Intervals are of 95 % and come from scipy.

- `wilson`: Wilson's score interval, for a share of things counted one by one.
- `order_statistics`: for a median, the two of the ordered values between which the true one lies; no shape is assumed.
- `ratio_t`: Student's t on the ratio of two sums by linearisation; where each row counts once this is the interval of the mean.
"""

from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from math import sqrt

from pydantic import BaseModel

from aftercare.insights.indicators.definitions import Definition

SURE = 0.95
ENOUGH_FOR_A_POINT = 5
"""One point of a trend is told from so many on: its interval shows how little that is."""


class Figure(BaseModel):
    """`value`: a share of 1, seconds (the median), a number, minor units or points; null when there is not `enough`. `low` and
    `high`: its interval. `n`: how many it rests on. `p90` and `within`: for times, the ninth decile, and the part within the
    limit."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    numerator: float
    denominator: float
    enough: bool
    p90: float | None
    within: float | None


@dataclass(frozen=True)
class Sums:
    """What one group of rows adds up to. `bearing`: rows that have a denominator; x is the numerator, y the denominator."""

    rows: int = 0
    x: float = 0.0
    y: float = 0.0
    bearing: int = 0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0
    done: int = 0
    median: float | None = None
    p90: float | None = None

    def __add__(self, other: "Sums") -> "Sums":
        """Of everything but medians, which do not add up."""
        return Sums(
            self.rows + other.rows,
            self.x + other.x,
            self.y + other.y,
            self.bearing + other.bearing,
            self.xx + other.xx,
            self.xy + other.xy,
            self.yy + other.yy,
            self.done + other.done,
        )

    def of_all(self, whole: "Sums") -> "Sums":
        """What is counted here, of everything that it is counted of."""
        return Sums(self.rows, self.x, whole.y, whole.bearing, self.xx, 0.0, whole.yy)


Bounds = tuple[float | None, float | None]
OPEN: Bounds = (None, None)


def figure(defined: Definition, sums: Sums, *, enough: int | None = None, ranks: Bounds = OPEN) -> Figure:
    """`ranks`: the values at the ranks of `median_ranks`, for times."""
    least = defined.enough if enough is None else enough
    n = sample(defined, sums)
    is_enough = defined.kind == "count" or n >= least
    value: float | None = None
    low, high = OPEN
    within: float | None = None
    if is_enough and defined.kind == "count":
        value = sums.x
    elif is_enough and defined.kind == "time":
        value, (low, high) = sums.median, ranks
        within = sums.x / sums.y if defined.limit_seconds is not None and sums.y else None
    elif is_enough and sums.y:
        value = sums.x / sums.y
        if defined.method == "wilson":
            low, high = wilson(round(sums.x), round(sums.y))
        else:
            low, high = ratio_bounds(sums)
    return Figure(
        value=value,
        low=low,
        high=high,
        n=n,
        numerator=sums.x,
        denominator=sums.y,
        enough=is_enough,
        p90=sums.p90 if value is not None and defined.kind == "time" else None,
        within=within,
    )


def can_tell(defined: Definition, sums: Sums, least: int) -> bool:
    """Whether a figure from so many on has a value."""
    if defined.kind == "count":
        return True
    return sample(defined, sums) >= least and bool(sums.done if defined.kind == "time" else sums.y)


def sample(defined: Definition, sums: Sums) -> int:
    if defined.kind == "count":
        return round(sums.x)
    if defined.kind == "share" and not defined.weighted:
        return round(sums.y)
    return sums.bearing


@lru_cache(maxsize=65_536)
def wilson(hits: int, of: int) -> Bounds:
    if not 0 <= hits <= of or not of:
        return OPEN
    from scipy.stats import binomtest

    # Tested against itself, since the search for a p-value is what takes long.
    found = binomtest(hits, of, hits / of).proportion_ci(SURE, method="wilson")
    return float(found.low), float(found.high)


def ratio_bounds(sums: Sums) -> Bounds:
    n = sums.bearing
    if n < 2 or not sums.y:
        return OPEN
    ratio = sums.x / sums.y
    spread = max(0.0, sums.xx - 2 * ratio * sums.xy + ratio * ratio * sums.yy) * n / (n - 1)
    half = _students(n - 1) * sqrt(spread) / abs(sums.y)
    return ratio - half, ratio + half


@lru_cache(maxsize=65_536)
def _students(degrees: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + SURE) / 2, degrees))


def median_ranks(counts: Collection[int]) -> dict[int, tuple[int, int]]:
    """By how many values there are: the places (from 0) of the two between which the median lies; too few have none."""
    lowest = {n: _below(n) for n in {*counts}}
    return {n: (low - 1, n - low) for n, low in lowest.items() if low >= 1}


@lru_cache(maxsize=65_536)
def _below(n: int) -> int:
    from scipy.stats import binom

    return int(binom.ppf((1 - SURE) / 2, n, 0.5)) if n else 0
