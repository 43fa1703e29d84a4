"""Whether a day is unusual: by what is usual on such a day of the week, near a holiday, and of late.

**Counts** (claims, messages, missed promises; where it helps, per opportunity: claims per delivered order) are judged by the predictive
distribution of a Poisson rate: the negative binomial that follows from all that was counted before, newer days weighing more. So little
data makes careful judgements by itself. Weekdays and holidays enter as factors of a Poisson regression (scikit-learn); counts that
scatter more than chance does are judged by so much less. **Parts** of a whole (late ones of all that were due) are judged in the same way by
the beta-binomial, which knows that a part is never more than its whole. **Values** (medians, means) are judged by a robust regression (Huber)
and the scatter of its residuals. Sums of one, three and seven days are looked at, so that both a jolt and a slow rise are found.

In a known peak (`festivals.toml`) a count is unusual only if even so many times the usual as are expected then would hardly give it.

How unusual is unusual enough follows from how many alarms one accepts by mere chance in a month and how much is looked at.
**Change points** are found by PELT (ruptures) in what is left when weekdays and holidays are taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aftercare.insights.alarms.festivals import times_usual

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

WINDOWS = (1, 3, 7)
LEARNED_DAYS = 120
FEWEST_DAYS = 28
FADES = 45.0
"""Days after which a day weighs a third."""
FOR_FACTORS = 60
"""So many counted, before weekdays are told apart."""
FALSE_A_MONTH = 0.3
"""Alarms by mere chance in a month that one accepts, over all that is looked at."""
FEWEST = 3
"""Counted in a window, to be worth an alarm."""
TIMES = 1.5
"""So many times the usual, to be worth an alarm."""

SURE_ENOUGH = 0.001
"""What is likelier by chance is never told, so its range is not asked for."""
LARGEST_FACTOR = 2.5
"""Past days that were wild, and weekdays, make what is usual look so many times larger than it is."""

Direction = Literal["up", "down", "both"]


@dataclass(frozen=True)
class Finding:
    """One unusual window that ends on `on`. `expected`, `low` and `high`: what is usual for the window (99 %); `p`: how often chance alone
    gives this or more."""

    on: date
    days: int
    value: float
    expected: float
    low: float
    high: float
    p: float
    up: bool

    @property
    def since(self) -> date:
        return self.on - timedelta(days=self.days - 1)


def threshold(looked_at: int, false_a_month: float = FALSE_A_MONTH) -> float:
    """The chance below which a finding among so many series is an alarm."""
    return false_a_month / 30 / max(1, looked_at) / len(WINDOWS)


@cache
def _rests(country: str, year: int) -> frozenset[date]:
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


@cache
def _calendar(first: date, days: int, country: str) -> Numbers:
    """Weekdays one by one, and holidays, as columns."""
    columns = np.zeros((days, 8))
    for number in range(days):
        day = first + timedelta(days=number)
        columns[number, day.weekday()] = 1
        columns[number, 7] = float(bool(country) and day in _rests(country, day.year))
    return columns


@dataclass(frozen=True)
class Days:
    """A series of consecutive days. `of`: opportunities of each day, when it is counted per opportunity; `parts`: what is counted is a part
    of them. `measured`: the values are no counts, even if they are whole."""

    first: date
    values: Numbers
    of: Numbers | None = None
    country: str = ""
    parts: bool = False
    measured: bool = False
    _kept: dict[int, Numbers] = field(default_factory=dict, repr=False, compare=False)
    """Factors by the week that they were learned before."""

    def __len__(self) -> int:
        return len(self.values)

    def on(self, number: int) -> date:
        return self.first + timedelta(days=number)

    def upto(self, last: date) -> Days:
        many = (last - self.first).days + 1
        of = None if self.of is None else self.of[:many]
        return Days(self.first, self.values[:many], of, self.country, self.parts, self.measured)

    @property
    def calendar(self) -> Numbers:
        return _calendar(self.first, len(self), self.country)

    def peak(self, since: int, until: int) -> float:
        """How many times the usual is expected within these days, because of the time of the year."""
        return max(times_usual(self.on(number), self.country) for number in range(since, until))

    @property
    def counts(self) -> bool:
        if self.of is not None or self.measured:
            return self.of is not None
        known = self.values[np.isfinite(self.values)]
        return bool(len(known)) and bool((known >= 0).all() and (known == np.floor(known)).all())


def _factors(days: Days, before: int, opportunities: Numbers) -> Numbers:
    """How much of the usual belongs to each day of the week, and to holidays; learned once a week, from the days before."""
    known = before // 7
    if known not in days._kept:
        days._kept[known] = _learned_factors(days, known * 7, opportunities)
    return days._kept[known]


def _learned_factors(days: Days, before: int, opportunities: Numbers) -> Numbers:
    from sklearn.linear_model import PoissonRegressor

    chosen = slice(max(0, before - LEARNED_DAYS), before)
    counted, of = days.values[chosen], opportunities[chosen]
    there = of > 0
    if counted.sum() < FOR_FACTORS or there.sum() < FEWEST_DAYS:
        return np.ones(len(days))
    # Wild days would be taken for the weekday's own.
    rates = counted[there] / of[there]
    rates = np.minimum(rates, np.quantile(rates, 0.95))
    model = PoissonRegressor(alpha=0.01, max_iter=300).fit(
        days.calendar[chosen][there], rates, sample_weight=of[there] / of[there].mean()
    )
    factors = np.asarray(model.predict(days.calendar), dtype=np.float64)
    mean: Numbers = factors / max(float(np.average(factors[chosen], weights=of + 1e-9)), 1e-9)
    return mean


def _scatter(counted: Numbers, usual: Numbers, share: float) -> float:
    """By how much more than chance counts scatter (Pearson), the wildest twentieth left out. `share`: of the whole, of which they are
    parts; 0 for counts."""
    there = usual > 0
    if there.sum() < FEWEST_DAYS:
        return 1.0
    parts = np.sort((counted[there] - usual[there]) ** 2 / (usual[there] * (1 - min(share, 0.98))))
    kept = parts[: max(1, int(len(parts) * 0.95))]
    # Leaving out the wildest makes the rest calmer than chance would be: a twentieth is worth about a quarter.
    return float(max(1.0, kept.mean() / 0.75))


def judge_counts(
    days: Days,
    last: int,
    direction: Direction = "up",
    *,
    worth_it: bool = False,
    windows: Sequence[int] = WINDOWS,
) -> list[Finding]:
    """The windows that end on the day number `last`, by what was counted before each. `worth_it`: those that at no weekday could be
    worth an alarm are left out, which spares most of the work."""
    told = []
    opportunities = np.ones(len(days)) if days.of is None else np.maximum(days.of, 0)
    for width in windows:
        begin = last - width + 1
        start = max(0, begin - LEARNED_DAYS)
        if begin - start < FEWEST_DAYS:
            continue
        past, window = slice(start, begin), slice(begin, last + 1)
        weights = np.exp(-np.arange(begin - start, 0, -1) / FADES)
        value = float(days.values[window].sum())
        if (
            worth_it
            and direction == "up"
            and not _could_be_worth(days, past, window, weights, opportunities, value)
        ):
            continue
        # Of a whole it is the share that is usual, whatever the day.
        factors = np.ones(len(days)) if days.parts else _factors(days, begin, opportunities)
        exposure = opportunities * factors
        counted, chances = days.values[past], exposure[past]
        if chances.sum() <= 0 or exposure[window].sum() <= 0:
            continue
        rate = (weights * counted).sum() / max((weights * chances).sum(), 1e-9)
        # Days on which much more happened are not what is usual: an alarm of last month shall not hide that of today.
        calm = counted <= rate * chances + 4 * np.sqrt(rate * chances) + 1
        weights, counted, chances = weights[calm], counted[calm], chances[calm]
        usual = _Usual(
            known=float((weights * counted).sum()),
            seen=float((weights * chances).sum()),
            coming=float(exposure[window].sum()),
            scatter=_scatter(counted, rate * chances, rate if days.parts else 0.0),
            parts=days.parts,
        )
        if usual.seen <= 0:
            continue
        up = value >= usual.expected
        peak = days.peak(begin, last + 1) if up else 1.0
        p = usual.chance_of(value, up=up, times=peak)
        if direction == "up" and not up:
            p = 1.0
        low, high = (0.0, usual.expected) if worth_it and p >= SURE_ENOUGH else usual.range(peak)
        told.append(Finding(days.on(last), width, value, usual.expected, low, high, p, up))
    return told


@dataclass(frozen=True)
class _Usual:
    """What was counted of how many opportunities, newer days weighing more, and how many are coming. `scatter`: by how much more than
    chance they scatter; counting in steps of it makes them scatter as chance does."""

    known: float
    seen: float
    coming: float
    scatter: float
    parts: bool

    @property
    def expected(self) -> float:
        if self.parts:
            return self.coming * (self.known / self.scatter + 0.5) / (self.seen / self.scatter + 1)
        return (self.known / self.scatter + 0.5) * self.coming / self.seen * self.scatter

    def _spread(self, times: float) -> Any:
        """The predictive distribution, in steps of `scatter`."""
        from scipy import stats

        hits = self.known / self.scatter + 0.5
        if not self.parts:
            return stats.nbinom(hits, self.seen / (self.seen + self.coming * times))
        misses = max(self.seen - self.known, 0.0) / self.scatter + 0.5
        odds = hits / misses * times
        share = odds / (1 + odds)
        return stats.betabinom(
            max(1, round(self.coming / self.scatter)), (hits + misses) * share, (hits + misses) * (1 - share)
        )

    def chance_of(self, value: float, *, up: bool, times: float) -> float:
        """Of this or more (or, when it is not `up`, less), even with so many times the usual; of parts, so many times the odds."""
        spread = self._spread(times)
        if up:
            return float(spread.sf(np.ceil(value / self.scatter) - 1))
        return float(spread.cdf(np.floor(value / self.scatter)))

    def range(self, times: float) -> tuple[float, float]:
        """Where 99 % lie."""
        return (
            float(self._spread(1.0).ppf(0.005)) * self.scatter,
            float(self._spread(times).ppf(0.995)) * self.scatter,
        )


def _could_be_worth(
    days: Days, past: slice, window: slice, weights: Numbers, opportunities: Numbers, value: float
) -> bool:
    seen = float((weights * opportunities[past]).sum())
    if value < FEWEST or seen <= 0:
        return value >= FEWEST
    plain = float((weights * days.values[past]).sum()) / seen * float(opportunities[window].sum())
    if days.parts:
        return value > plain
    least = plain / LARGEST_FACTOR
    return bool(value >= max(TIMES * least, least + 3 * np.sqrt(least)))


def judge_values(days: Days, last: int, direction: Direction = "both") -> list[Finding]:
    """The same of measured values; days without one are left out. A window's value is its mean."""
    from scipy import stats
    from sklearn.linear_model import HuberRegressor

    told = []
    for width in WINDOWS:
        begin = last - width + 1
        start = max(0, begin - LEARNED_DAYS)
        past = np.arange(start, max(start, begin))
        past = past[np.isfinite(days.values[past])]
        window = np.arange(max(0, begin), last + 1)
        window = window[np.isfinite(days.values[window])]
        if len(past) < FEWEST_DAYS or not len(window):
            continue
        weights = np.exp(-(begin - past) / FADES)
        columns = days.calendar
        model = HuberRegressor(alpha=0.1, max_iter=500).fit(
            columns[past], days.values[past], sample_weight=weights
        )
        usual = np.asarray(model.predict(columns))
        left = days.values[past] - usual[past]
        scale = float(stats.median_abs_deviation(left, scale="normal")) or float(np.std(left)) or 1e-9
        # Eight numbers were fitted, and the median deviation knows a scatter as well as a third of the days would.
        spare = max(4, len(past) - 8)
        scale *= float(np.sqrt(len(past) / spare))
        # What is left of one day tells of the next: then a mean of days scatters more.
        follow = float(np.corrcoef(left[:-1], left[1:])[0, 1]) if np.std(left) > 0 else 0.0
        wider = (
            np.sqrt(max(1.0, (1 + max(0.0, follow)) / (1 - min(0.9, max(0.0, follow)))))
            if len(window) > 1
            else 1.0
        )
        spread = scale * wider / np.sqrt(len(window)) * np.sqrt(1 + len(window) / len(past))
        value, expected = float(days.values[window].mean()), float(usual[window].mean())
        score = (value - expected) / spread
        freedom = max(4, int(0.37 * spare))
        up = score >= 0
        p = float(stats.t.sf(abs(score), freedom))
        if (direction == "up" and not up) or (direction == "down" and up):
            p = 1.0
        reach = float(stats.t.ppf(0.995, freedom)) * spread
        told.append(
            Finding(days.on(last), width, value, expected, expected - reach, expected + reach, p, bool(up))
        )
    return told


def judge(
    days: Days, last: int, direction: Direction, at_most: float, windows: Sequence[int] = WINDOWS
) -> Finding | None:
    """The surest finding that is an alarm, if any; None as well when it would not be worth one. `windows` are of counts."""
    counts = days.counts
    found = (
        judge_counts(days, last, direction, worth_it=True, windows=windows)
        if counts
        else judge_values(days, last, direction)
    )
    worth = [
        one
        for one in found
        if one.p <= at_most
        and (not counts or not one.up or (one.value >= FEWEST and one.value >= _least(days, last, one)))
    ]
    return min(worth, key=lambda one: one.p, default=None)


def _least(days: Days, last: int, found: Finding) -> float:
    """So much must be counted to be worth an alarm: half as much again as usual, and of a whole half of what is left."""
    least = TIMES * found.expected
    if not days.parts or days.of is None:
        return least
    whole = float(days.of[last - found.days + 1 : last + 1].sum())
    return min(least, (found.expected + whole) / 2)


def replayed(days: Days, direction: Direction, at_most: float) -> list[Finding]:
    """What would have been told, day by day; one that goes on is told once."""
    told: list[Finding] = []
    seen = date.min
    for last in range(FEWEST_DAYS, len(days)):
        found = judge(days, last, direction, at_most)
        if found is None:
            continue
        goes_on = told and (found.on - seen).days <= max(WINDOWS) and found.up == told[-1].up
        seen = found.on
        if not goes_on:
            told.append(found)
    return told


@dataclass(frozen=True)
class Change:
    """From `on` on, another level."""

    on: date
    before: float
    after: float


def change_points(days: Days, penalty: float = 12.0) -> list[Change]:
    """Where the level changed for good, weekdays and holidays taken away; a level lasts at least a week."""
    import ruptures
    from scipy import stats
    from sklearn.linear_model import HuberRegressor

    known = np.flatnonzero(np.isfinite(days.values))
    if len(known) < FEWEST_DAYS:
        return []
    values = days.values[known]
    if days.of is not None:
        values = values / np.maximum(days.of[known], 1e-9)
    # Square roots make counts scatter alike at every height.
    scaled = np.sqrt(values) if days.counts else values
    if float(np.std(scaled)) == 0:
        return []
    columns = days.calendar[known]
    usual = HuberRegressor(alpha=0.1, max_iter=500).fit(columns, scaled).predict(columns)
    left = scaled - usual
    scale = float(stats.median_abs_deviation(np.diff(left), scale="normal")) / np.sqrt(2) or float(
        np.std(left)
    )
    ends = ruptures.Pelt(model="l2", min_size=7, jump=1).fit((left / scale)[:, None]).predict(pen=penalty)
    marks = [0, *ends]
    return [
        Change(days.on(int(known[here])), float(values[before:here].mean()), float(values[here:after].mean()))
        for before, here, after in zip(marks[:-2], marks[1:-1], marks[2:], strict=True)
    ]


def series(
    rows: Sequence[tuple[date, float]],
    first: date,
    last: date,
    *,
    of: Sequence[tuple[date, float]] | None = None,
    country: str = "",
    missing: float = 0.0,
    parts: bool = False,
    measured: bool = False,
) -> Days:
    """Consecutive days from single ones; of those that are not there, `missing`."""
    many = (last - first).days + 1

    def laid(told: Sequence[tuple[date, float]], gap: float) -> Numbers:
        line = np.full(many, gap)
        for day, value in told:
            place = (day - first).days
            if 0 <= place < many:
                line[place] = value
        return line

    whole = None if of is None else laid(of, 0.0)
    return Days(first, laid(rows, missing), whole, country, parts, measured)


def picture(days: Days, last: int, finding: Finding, shown: int = 60) -> list[dict[str, Any]]:
    """The last days with what was usual, for a chart."""
    from scipy import stats

    begin = last - finding.days + 1
    past = slice(max(0, begin - LEARNED_DAYS), begin)
    opportunities = np.ones(len(days)) if days.of is None else np.maximum(days.of, 0)
    counts = days.counts
    points = []
    if counts:
        weights = np.exp(-np.arange(begin - past.start, 0, -1) / FADES)
        exposure = opportunities * (1.0 if days.parts else _factors(days, begin, opportunities))
        rate = (weights * days.values[past]).sum() / max((weights * exposure[past]).sum(), 1e-9)
        usual = rate * exposure
        low, high = (
            stats.poisson.ppf(0.01, np.maximum(usual, 1e-9)),
            stats.poisson.ppf(0.99, np.maximum(usual, 1e-9)),
        )
    else:
        known = days.values[past][np.isfinite(days.values[past])]
        middle, scale = float(np.median(known)), float(stats.median_abs_deviation(known, scale="normal"))
        usual = np.full(len(days), middle)
        low, high = usual - 2.6 * scale, usual + 2.6 * scale
    for number in range(max(0, last - shown + 1), last + 1):
        value = float(days.values[number])
        points.append(
            {
                "on": days.on(number).isoformat(),
                "value": value if np.isfinite(value) else None,
                "expected": round(float(usual[number]), 3),
                "low": round(float(low[number]), 3),
                "high": round(float(high[number]), 3),
            }
        )
    return points
