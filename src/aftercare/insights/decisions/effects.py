"""What a decision changed, by the method that fits its roll-out. The libraries are heavy: import this module late.

A random share: the indicator of either arm is the ratio of two sums (of what was seen to how often), as who is drawn is seen more
than once; its error by the delta method, linearised unit by unit (Deng, Knoblich, Lu 2018), adjusted by what each unit did before
(CUPED: Deng, Xu, Kohavi, Walker 2013, as a regression with robust errors, Lin 2013), with a confidence sequence that holds however
often one looks (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2024, theorem 2.2; its p is the mixture test of Johari, Pekelis, Walsh
2017). Times and money change by a part of their mean, so that those that are zero count as what they are: a mean of logarithms would
depend on the unit of money and drown in them (Chen, Roth 2024). What lies above the 99th percentile is cut to it.
Some shops: difference-in-differences, errors clustered by shop; with fewer than eight shops by the series of the two together, with
errors that allow for dependence in time (Newey-West). All at once: segmented regression of the interrupted series (Wagner 2002).
Where parts are compared both are Poisson regressions by pseudo-likelihood, for the same reason (Santos Silva, Tenreyro 2006).
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from math import ceil, copysign, exp, log, log1p, sqrt
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from pydantic import BaseModel
from scipy import stats
from statsmodels.api import OLS, families
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import proportion_confint, proportion_effectsize
from statsmodels.stats.weightstats import DescrStatsW

from aftercare.insights.decisions.scales import Scale
from aftercare.insights.decisions.seen import ArmPoint, Effect, Method

ALPHA = 0.05
POWER = 0.8
LEAST_UNITS = 30
"""In each arm, below which nothing is said."""
LEAST_DAYS = 14
"""Before, and 7 after, without which a series is not compared."""
FEW_SHOPS = 8
CUT_AT = 0.99
LEAST_ABOVE_ZERO = 20
"""In each arm, below which a part of a mean is not told."""


class PowerPlan(BaseModel):
    """What must be seen before `target` is found with a chance of 80 %. `detectable`: the change that the planned time can show."""

    units: int | None
    per_day: float
    days: int | None
    detectable: float | None
    spread: float | None
    baseline: float | None
    enough: bool


class GuardSeen(BaseModel):
    indicator: str
    bound: float
    side: Literal["above", "below"]
    value: float | None
    n: int
    broken: bool


@contextmanager
def quietly() -> Iterator[None]:
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def cut(values: "pd.Series[Any]", scale: Scale, cap: float | None = None) -> "pd.Series[Any]":
    """Times and money no larger than `cap`, or than their 99th percentile: one that took a year does not drown the rest."""
    if scale != "relative" or not len(values):
        return values
    return values.clip(upper=cap_of(values, scale) if cap is None else cap)


def cap_of(values: "pd.Series[Any]", scale: Scale) -> float | None:
    return float(values.quantile(CUT_AT)) if scale == "relative" and len(values) else None


def told(value: float, scale: Scale) -> float:
    """A change; parts are counted as logarithms of a ratio."""
    return exp(value) - 1 if scale == "relative" else value


def nothing_yet(
    method: Method, scale: Scale, treated: int, control: int, points: list[ArmPoint], shops: int = 0
) -> Effect:
    return Effect(
        method=method,
        scale=scale,
        enough=False,
        n_treated=treated,
        n_control=control,
        mean_treated=None,
        mean_control=None,
        estimate=None,
        low=None,
        high=None,
        p=None,
        always_valid=method == "randomised",
        saved=None,
        parallel_p=None,
        shops=shops,
        points=points,
    )


# A random share.


def widening(n: int, planned: int, alpha: float = ALPHA) -> float:
    """How many standard errors the confidence sequence reaches at `n` units, tightest at `planned`."""
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / max(planned, 1)
    return sqrt(2 * (n * rho2 + 1) / (n * rho2) * log(sqrt(n * rho2 + 1) / alpha))


def always_valid_p(z: float, n: int, planned: int, alpha: float = ALPHA) -> float:
    """The smallest level at which the confidence sequence leaves out zero."""
    rho2 = (-2 * log(alpha) + log(-2 * log(alpha)) + 1) / max(planned, 1)
    growth = z * z * n * rho2 / (2 * (1 + n * rho2)) - 0.5 * log(1 + n * rho2)
    return float(min(1.0, exp(-growth)))


def linearised(units: pd.DataFrame, total: str, n: str, scale: Scale) -> "pd.Series[Any]":
    """A value for each unit whose mean is the ratio of the two sums, or its logarithm, and whose scatter is that of the ratio."""
    ratio = float(units[total].sum()) / float(units[n].sum())
    parts = (units[total] - ratio * units[n]) / float(units[n].mean())
    return log(ratio) + parts / ratio if scale == "relative" else ratio + parts


class Arms(NamedTuple):
    """The change on the scale of the regression, its standard error, and by how much CUPED made that smaller."""

    change: float
    error: float
    saved: float | None


def compare_arms(units: pd.DataFrame, scale: Scale, *, cuped: bool = True) -> Arms:
    """`units`: as of `randomised`."""
    treated = units["treated"].to_numpy(dtype=float)
    y = pd.concat([linearised(arm, "total", "n", scale) for _, arm in units.groupby("treated")])
    columns = [np.ones(len(units)), treated]
    plain = OLS(y.reindex(units.index), np.column_stack(columns)).fit(cov_type="HC1")
    found, known = plain, units["total_before"].notna()
    past = units[known]
    adjusted = (
        cuped
        and len(past) >= 2 * LEAST_UNITS
        and float(past["n_before"].sum()) > 0
        and past["total_before"].nunique() > 1
    )
    if adjusted:
        # Who is new has no past: the mean, and a mark that it is so. Both are the same in either arm, but for chance.
        x = linearised(past, "total_before", "n_before", "points")
        columns.append((x - x.mean()).reindex(units.index).fillna(0.0).to_numpy())
        if not known.all():
            columns.append((~known).to_numpy(dtype=float))
        found = OLS(y.reindex(units.index), np.column_stack(columns)).fit(cov_type="HC1")
    error = float(found.bse.iloc[1])
    before = float(plain.bse.iloc[1])
    return Arms(float(found.params.iloc[1]), error, 1 - error / before if adjusted and before else None)


def randomised(
    units: pd.DataFrame,
    scale: Scale,
    *,
    planned: int | None = None,
    points: list[ArmPoint] | None = None,
    cuped: bool = True,
) -> Effect:
    """`units`: one row each, with `treated` (0, 1), the `total` of what was seen of it in `n` times, and the same before the start
    as `total_before` and `n_before` (missing for who is new)."""
    points = points or []
    arms = {int(arm): of for arm, of in units.groupby("treated")}
    n_treated, n_control = len(arms.get(1, ())), len(arms.get(0, ()))
    nothing = nothing_yet("randomised", scale, n_treated, n_control, points)
    if min(n_treated, n_control) < LEAST_UNITS or units["total"].nunique() < 2:
        return nothing
    if scale == "relative" and any(
        int((of["total"] > 0).sum()) < LEAST_ABOVE_ZERO or float(of["total"].sum()) <= 0
        for of in arms.values()
    ):
        return nothing
    with quietly():
        found = compare_arms(units, scale, cuped=cuped)
    n = n_treated + n_control
    planned = planned or n
    reach = widening(n, planned) * found.error
    return Effect(
        method="randomised",
        scale=scale,
        enough=True,
        n_treated=n_treated,
        n_control=n_control,
        mean_treated=float(arms[1]["total"].sum() / arms[1]["n"].sum()),
        mean_control=float(arms[0]["total"].sum() / arms[0]["n"].sum()),
        estimate=told(found.change, scale),
        low=told(found.change - reach, scale),
        high=told(found.change + reach, scale),
        p=always_valid_p(found.change / found.error, n, planned) if found.error else None,
        always_valid=True,
        saved=found.saved,
        parallel_p=None,
        shops=0,
        points=points,
    )


# Some shops, others not; or shop after shop.


def difference(panel: pd.DataFrame, scale: Scale, *, points: list[ArmPoint] | None = None) -> Effect:
    """`panel`: one row per shop and day, with `shop`, `day` (a number), `y` (the mean of the day), `n`, `ever` (whether the
    shop gets it at all) and `treated` (whether it has it on that day)."""
    points = points or []
    panel = panel[panel["n"] > 0].copy()
    shops = int(panel["shop"].nunique())
    with_it, without = panel[panel["treated"] == 1], panel[panel["treated"] == 0]
    counts = int(with_it["n"].sum()), int(panel.loc[panel["ever"] == 0, "n"].sum())
    first = with_it["day"].min() if len(with_it) else None
    before = panel[panel["day"] < first] if first is not None else panel
    compared = (
        panel.loc[panel["ever"] == 0, "shop"].nunique() > 0
        or panel.loc[panel["ever"] == 1]
        .groupby("shop")["treated"]
        .apply(lambda of: of.ne(1).values.argmin() if len(of) else 0)
        .nunique()
        > 1
    )
    if (
        first is None
        or not compared
        or before["day"].nunique() < LEAST_DAYS
        or with_it["day"].nunique() < 7
        or panel["y"].nunique() < 2
    ):
        return nothing_yet("difference", scale, *counts, points, shops)
    staggered = panel.loc[panel["treated"] == 1].groupby("shop")["day"].min().nunique() > 1
    with quietly():
        if shops >= FEW_SHOPS or staggered or panel.loc[panel["ever"] == 0, "shop"].nunique() == 0:
            found = _regression("y ~ treated + C(shop) + C(day)", panel, scale).fit(
                cov_type="cluster", cov_kwds={"groups": pd.factorize(panel["shop"])[0]}, use_t=True
            )
            estimate, error, p = (
                float(found.params["treated"]),
                float(found.bse["treated"]),
                float(found.pvalues["treated"]),
            )
            reach = float(stats.t.ppf(1 - ALPHA / 2, max(1, shops - 1))) * error
        else:
            gap = _gap(panel, scale)
            gap["post"] = (gap["day"] >= first).astype(float)
            found = _regression("gap ~ post", gap, scale, of_two=True).fit(
                cov_type="HAC", cov_kwds={"maxlags": _lags(len(gap))}, use_t=True
            )
            estimate, error, p = (
                float(found.params["post"]),
                float(found.bse["post"]),
                float(found.pvalues["post"]),
            )
            reach = float(stats.t.ppf(1 - ALPHA / 2, max(1, len(gap) - 2))) * error
        parallel = _parallel(panel[panel["day"] < first], scale)

    def mean(part: pd.DataFrame) -> float | None:
        return float(np.average(part["y"], weights=part["n"])) if len(part) else None

    after = without[without["day"] >= first]
    return Effect(
        method="difference",
        scale=scale,
        enough=True,
        n_treated=counts[0],
        n_control=counts[1],
        mean_treated=mean(with_it),
        mean_control=mean(after),
        estimate=told(estimate, scale),
        low=told(estimate - reach, scale),
        high=told(estimate + reach, scale),
        p=p,
        always_valid=False,
        saved=None,
        parallel_p=parallel,
        shops=shops,
        points=points,
    )


def _lags(days: int) -> int:
    """A week, and no more than a quarter of what there is."""
    return max(1, min(7, days // 4))


def _regression(formula: str, frame: pd.DataFrame, scale: Scale, *, of_two: bool = False) -> Any:
    """Of means; of parts by pseudo-likelihood, where a coefficient is the logarithm of a ratio. `of_two`: what is explained is how
    much of the sum of two series belongs to the one, or their difference."""
    if of_two and scale != "relative":
        return smf.ols(formula, frame)
    if of_two:
        return smf.glm(formula, frame, family=families.Binomial(), var_weights=frame["both"])
    if scale != "relative":
        return smf.wls(formula, frame, weights=frame["n"].astype(float))
    return smf.glm(formula, frame, family=families.Poisson(), var_weights=frame["n"].astype(float))


def _gap(panel: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Per day: the mean of the shops that get it less that of those that never do; of parts, its part of both together."""
    summed = panel.assign(total=panel["y"] * panel["n"]).groupby(["day", "ever"])[["total", "n"]].sum()
    means = (summed["total"] / summed["n"]).unstack("ever").dropna()
    own, others = means[1].to_numpy(), means[0].to_numpy()
    if scale != "relative":
        return pd.DataFrame({"day": means.index, "gap": own - others})
    both = own + others
    # Weighed by both together, the level after is the ratio of the two sums, whatever single days were like.
    seen = pd.DataFrame({"day": means.index, "gap": own, "both": both / both.mean()})[both > 0]
    return seen.assign(gap=seen["gap"] / both[both > 0])


def _parallel(before: pd.DataFrame, scale: Scale) -> float | None:
    """Whether the gap was growing or shrinking before anything began."""
    gap = _gap(before, scale) if before["ever"].nunique() == 2 else pd.DataFrame({"day": [], "gap": []})
    if len(gap) < 10 or gap["gap"].nunique() < 2:
        return None
    gap["day"] = gap["day"] - gap["day"].min()
    found = _regression("gap ~ day", gap, scale, of_two=True).fit(
        cov_type="HAC", cov_kwds={"maxlags": _lags(len(gap))}, use_t=True
    )
    return float(found.pvalues["day"])


# All at once.


def interrupted(series: pd.DataFrame, start: int, scale: Scale, first_day: date) -> Effect:
    """`series`: one row per day, with `day` (0, 1, 2 …), `y` and `n`; the decision holds from day `start` on."""
    frame = series[series["n"] > 0].copy()
    frame["post"] = (frame["day"] >= start).astype(float)
    frame["since"] = (frame["day"] - start).clip(lower=0).astype(float)
    frame["weekday"] = [(first_day.weekday() + int(day)) % 7 for day in frame["day"]]
    before, after = frame[frame["post"] == 0], frame[frame["post"] == 1]
    n_before, n_after = int(before["n"].sum()), int(after["n"].sum())
    points = [
        ArmPoint(
            on=date.fromordinal(first_day.toordinal() + int(row["day"])),
            treated=float(row["y"]),
            control=None,
            n_treated=int(row["n"]),
            n_control=0,
        )
        for row in frame.to_dict("records")
    ]
    if len(before) < LEAST_DAYS or len(after) < 7 or frame["y"].nunique() < 2:
        return nothing_yet("interrupted", scale, n_after, n_before, points)
    with quietly():
        formula = "y ~ day + post + since + C(weekday)"
        found = _regression(formula, frame, scale).fit(
            cov_type="HAC", cov_kwds={"maxlags": _lags(len(frame))}, use_t=True
        )
        # The mean of level and slope over the days since.
        at = [name == "post" for name in found.params.index], [name == "since" for name in found.params.index]
        contrast = np.array(at[0], dtype=float) + np.array(at[1], dtype=float) * float(after["since"].mean())
        tested = found.t_test(contrast)
        without = found.predict(frame.assign(post=0.0, since=0.0))
    low, high = np.asarray(tested.conf_int(alpha=ALPHA)).ravel()
    points = [
        point.model_copy(
            update={
                "control": float(value) if point.on.toordinal() - first_day.toordinal() >= start else None
            }
        )
        for point, value in zip(points, without, strict=True)
    ]
    return Effect(
        method="interrupted",
        scale=scale,
        enough=True,
        n_treated=n_after,
        n_control=n_before,
        mean_treated=float(np.average(after["y"], weights=after["n"])),
        mean_control=float(np.average(without[after.index], weights=after["n"])),
        estimate=told(float(np.asarray(tested.effect).item()), scale),
        low=told(float(low), scale),
        high=told(float(high), scale),
        p=float(np.asarray(tested.pvalue).item()),
        always_valid=False,
        saved=None,
        parallel_p=None,
        shops=0,
        points=points,
    )


# Before the start.


def power(
    before: "pd.Series[Any]", scale: Scale, target: float, share: float, days: int, per_day: float
) -> PowerPlan:
    """How many units, and days at so many new units a day, until `target` is found; from what units did before. What a look at
    any time costs is in it."""
    values = cut(before.dropna(), scale)
    if (
        len(values) < LEAST_UNITS
        or values.nunique() < 2
        or target == 0
        or per_day <= 0
        or (scale == "relative" and values.mean() <= 0)
    ):
        return PowerPlan(
            units=None, per_day=per_day, days=None, detectable=None, spread=None, baseline=None, enough=False
        )
    baseline, spread = float(values.mean()), float(values.std())
    two = set(values.unique()) <= {0.0, 1.0}
    return needed(baseline, spread, scale, target, share, days, per_day, two=two)


def needed(
    baseline: float,
    spread: float,
    scale: Scale,
    target: float,
    share: float,
    days: int,
    per_day: float,
    *,
    two: bool,
) -> PowerPlan:
    """From the mean and the standard deviation of one unit. `two`: units are one or nought."""
    ratio = share / (1 - share)
    # Of parts the scatter is one of the mean too.
    spread = spread / (baseline if scale == "relative" else 1.0)
    change = log1p(target) if scale == "relative" and target > -1 else target
    if two:
        aim = min(max(baseline + change, 0.001), 0.999)
        size = abs(proportion_effectsize(aim, baseline))
        control = NormalIndPower().solve_power(effect_size=size, alpha=ALPHA, power=POWER, ratio=ratio)
    else:
        size = abs(change) / spread
        control = TTestIndPower().solve_power(effect_size=size, alpha=ALPHA, power=POWER, ratio=ratio)
    fixed = float(np.asarray(control).item()) * (1 + ratio)
    # A confidence sequence is wider than an interval that is looked at once.
    dearer = (
        (widening(ceil(fixed), ceil(fixed)) + stats.norm.ppf(POWER))
        / (stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(POWER))
    ) ** 2
    units = ceil(fixed * dearer)
    seen = max(1, round(per_day * days))
    error = spread * sqrt(1 / (seen * share) + 1 / (seen * (1 - share)))
    detectable = (widening(seen, seen) + float(stats.norm.ppf(POWER))) * error
    return PowerPlan(
        units=units,
        per_day=round(per_day, 2),
        days=ceil(units / per_day),
        detectable=told(copysign(detectable, target), scale),
        spread=spread,
        baseline=baseline,
        enough=True,
    )


def guard(
    indicator: str, values: "pd.Series[Any]", kind: str, bound: float, side: Literal["above", "below"]
) -> GuardSeen:
    """Broken when the 90 % interval lies beyond the bound: of times, when surely more than half took longer."""
    known = values.dropna().astype(float)
    n = len(known)
    value: float | None = None
    broken = False
    if n:
        value = float(known.median() if kind == "time" else known.mean())
    if n >= LEAST_UNITS // 2:
        if kind == "time":
            beyond = int((known > bound).sum() if side == "above" else (known < bound).sum())
            broken = float(proportion_confint(beyond, n, alpha=0.1, method="wilson")[0]) > 0.5
        elif known.nunique() > 1:
            low, high = DescrStatsW(known).tconfint_mean(alpha=0.1)
            broken = bool(low > bound if side == "above" else high < bound)
        else:
            broken = value is not None and (value > bound if side == "above" else value < bound)
    return GuardSeen(indicator=indicator, bound=bound, side=side, value=value, n=n, broken=broken)
