"""Any column by any cut: how many, the middle, the spread, a histogram, what is missing, and whether groups differ."""

from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats.contingency import crosstab
from statsmodels.stats.proportion import proportion_confint

from aftercare.insights.analysis.answers import (
    DataLookedAt,
    Described,
    GroupDifference,
    GroupSpread,
    HistogramBar,
    Sentence,
    Spread,
    ValueShare,
)
from aftercare.insights.analysis.correlating import cramers_v
from aftercare.insights.analysis.frames import NotEnough, as_times, groups_of, kind_of, need, plain

MOST_BARS = 30
MOST_SHARES = 30
LEAST = 5
"""A group of fewer is not compared."""


def describe(frame: pd.DataFrame, column: str, by: str | None, data: DataLookedAt, command: str) -> Described:
    """Refuses with ColumnUnknown, NotEnough."""
    began = perf_counter()
    column = need(frame, column)
    by = need(frame, by) if by else None
    values, kind = frame[column], kind_of(frame[column])
    if kind == "empty":
        raise NotEnough(column=column)
    cut = groups_of(frame[by]) if by else None
    numbers = None
    if kind == "number" or (kind == "flag" and pd.api.types.is_numeric_dtype(values)):
        numbers = pd.to_numeric(values, errors="coerce").astype(float)
    if (times := as_times(values)) is not None and kind == "time":
        values = times.dt.strftime("%Y-%m")
    spread = spread_of(numbers) if numbers is not None else None
    shares = [] if kind == "number" else shares_of(values)
    groups: list[GroupSpread] = []
    difference: GroupDifference | None = None
    if cut is not None:
        if numbers is not None:
            named = [(str(name), part) for name, part in numbers.groupby(cut)]
            groups = [GroupSpread(value=name, spread=spread_of(part)) for name, part in named]
            groups.sort(key=lambda group: -(group.spread.mean if group.spread.mean is not None else -np.inf))
            difference = difference_of([part.dropna() for _, part in named])
        elif kind in ("category", "flag"):
            difference = _categories_differ(groups_of(values), cut)
    return Described(
        data=data,
        says=_words(column, kind, by, spread, shares, groups, difference, int(values.isna().sum())),
        method=_method(spread, shares, difference),
        limits=_limits(spread, groups),
        command=command,
        seconds=round(perf_counter() - began, 3),
        column=column,
        column_kind=kind,
        by=by,
        spread=spread,
        bars=bars_of(numbers.dropna()) if numbers is not None and kind == "number" else [],
        shares=shares,
        groups=groups,
        difference=difference,
    )


def spread_of(numbers: "pd.Series[Any]") -> Spread:
    known = numbers.dropna().to_numpy(dtype=float)
    known = known[np.isfinite(known)]
    n = len(known)
    if not n:
        nothing = dict.fromkeys(Spread.model_fields)
        return Spread.model_validate({**nothing, "n": 0, "missing": len(numbers), "zeros": 0})
    sd = float(known.std(ddof=1)) if n > 1 else None
    low = high = None
    if sd is not None:
        low, high = (float(known.mean()),) * 2
        if sd > 0:
            low, high = (float(end) for end in stats.t.interval(0.95, n - 1, known.mean(), stats.sem(known)))
    p5, p25, median, p75, p95 = (float(value) for value in np.quantile(known, [0.05, 0.25, 0.5, 0.75, 0.95]))
    return Spread(
        n=n,
        missing=len(numbers) - n,
        mean=float(known.mean()),
        mean_low=low,
        mean_high=high,
        median=median,
        sd=sd,
        least=float(known.min()),
        p5=p5,
        p25=p25,
        p75=p75,
        p95=p95,
        most=float(known.max()),
        zeros=int((known == 0).sum()),
        skew=float(stats.skew(known)) if n > 2 and sd else None,
    )


def bars_of(numbers: "pd.Series[Any]") -> list[HistogramBar]:
    """Up to the 99th percentile in even steps, all above in the last bar, so that a few giants do not flatten the rest."""
    if not len(numbers):
        return []
    top = float(numbers.quantile(0.99)) if len(numbers) > 100 else float(numbers.max())
    inside = numbers[numbers <= top]
    edges = np.histogram_bin_edges(inside, bins="auto")
    if len(edges) - 1 > MOST_BARS:
        edges = np.histogram_bin_edges(inside, bins=MOST_BARS)
    whole = bool((numbers == numbers.round()).all())
    if whole and inside.max() - inside.min() < MOST_BARS:
        edges = np.arange(inside.min(), inside.max() + 2)
    counts, edges = np.histogram(inside, bins=edges)
    bars = [
        HistogramBar(low=float(low), high=float(high), n=int(n))
        for low, high, n in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    above = int((numbers > top).sum())
    if above:
        bars.append(HistogramBar(low=top, high=float(numbers.max()), n=above))
    return bars


def shares_of(values: "pd.Series[Any]") -> list[ValueShare]:
    counts = values.dropna().map(plain).value_counts()
    total = int(counts.sum())
    shown = counts.head(MOST_SHARES)
    rest = total - int(shown.sum())
    named = [(str(value), int(n)) for value, n in shown.items()] + ([("…", rest)] if rest else [])
    found = []
    for value, n in named:
        low, high = proportion_confint(n, total, method="wilson")
        found.append(ValueShare(value=value, n=n, share=n / total, low=float(low), high=float(high)))
    return found


def difference_of(parts: "list[pd.Series[Any]]") -> GroupDifference | None:
    """Kruskal-Wallis; the effect is epsilon-squared, H / (n - 1) (Tomczak & Tomczak 2014)."""
    parts = [part for part in parts if len(part) >= LEAST]
    if len(parts) < 2 or len(set(np.concatenate([part.to_numpy() for part in parts]))) < 2:
        return None
    found = stats.kruskal(*parts)
    n = sum(len(part) for part in parts)
    return GroupDifference(
        test="kruskal_wallis",
        groups=len(parts),
        n=n,
        p=float(found.pvalue),
        effect=float(min(1.0, found.statistic / (n - 1))),
    )


def _categories_differ(values: "pd.Series[Any]", cut: "pd.Series[Any]") -> GroupDifference | None:
    both = pd.DataFrame({"a": values, "b": cut}).dropna()
    if both["a"].nunique() < 2 or both["b"].nunique() < 2:
        return None
    table = crosstab(both["a"].to_numpy(), both["b"].to_numpy()).count
    return GroupDifference(
        test="chi_square",
        groups=int(table.shape[1]),
        n=len(both),
        p=float(stats.chi2_contingency(table).pvalue),
        effect=cramers_v(table),
    )


def _words(
    column: str,
    kind: str,
    by: str | None,
    spread: Spread | None,
    shares: list[ValueShare],
    groups: list[GroupSpread],
    difference: GroupDifference | None,
    missing: int,
) -> list[Sentence]:
    says: list[Sentence] = []
    if spread is not None and kind == "number" and spread.n:
        says.append(
            Sentence(
                code="describe.middle",
                values={
                    "column": column,
                    "n": spread.n,
                    "median": spread.median,
                    "p25": spread.p25,
                    "p75": spread.p75,
                },
            )
        )
        if spread.mean_low is not None and spread.n >= LEAST:
            says.append(
                Sentence(
                    code="describe.mean",
                    values={"mean": spread.mean, "low": spread.mean_low, "high": spread.mean_high},
                )
            )
        if spread.skew is not None and abs(spread.skew) > 1:
            says.append(
                Sentence(
                    code="describe.long_above" if spread.skew > 0 else "describe.long_below",
                    values={"p95": spread.p95, "p5": spread.p5},
                )
            )
        if spread.zeros > spread.n / 4:
            says.append(Sentence(code="describe.zeros", values={"share": spread.zeros / spread.n}))
    elif shares:
        n = sum(one.n for one in shares)
        first = max(shares, key=lambda one: (one.value != "…", one.n))
        says.append(
            Sentence(
                code="describe.most",
                values={
                    "column": column,
                    "n": n,
                    "value": first.value,
                    "share": first.share,
                    "low": first.low,
                    "high": first.high,
                },
            )
        )
    if missing:
        total = missing + (spread.n if spread is not None else sum(one.n for one in shares))
        says.append(Sentence(code="describe.missing", values={"missing": missing, "share": missing / total}))
    enough = [group for group in groups if group.spread.n >= LEAST]
    if by and difference is None:
        says.append(Sentence(code="describe.not_compared", values={"by": by}))
    elif by and difference is not None:
        sure = difference.p < 0.05
        if len(enough) >= 2 and sure:
            by_median = sorted(enough, key=lambda group: group.spread.median or 0)
            says.append(
                Sentence(
                    code="describe.differ",
                    values={
                        "by": by,
                        "top": by_median[-1].value,
                        "top_median": by_median[-1].spread.median,
                        "bottom": by_median[0].value,
                        "bottom_median": by_median[0].spread.median,
                        "p": difference.p,
                    },
                )
            )
        else:
            says.append(
                Sentence(
                    code="describe.differ_shares" if sure else "describe.same",
                    values={"by": by, "p": difference.p},
                )
            )
        if sure:
            says.append(
                Sentence(
                    code=f"effect.{effect_size(difference.effect)}", values={"effect": difference.effect}
                )
            )
    return says


def effect_size(effect: float) -> str:
    return "small" if effect < 0.06 else "middling" if effect < 0.14 else "large"


def _method(
    spread: Spread | None, shares: list[ValueShare], difference: GroupDifference | None
) -> list[Sentence]:
    found = []
    if spread is not None:
        found.append(Sentence(code="method.spread"))
    if shares:
        found.append(Sentence(code="method.wilson"))
    if difference is not None:
        found.append(Sentence(code=f"method.{difference.test}"))
    return found


def _limits(spread: Spread | None, groups: list[GroupSpread]) -> list[Sentence]:
    found = [Sentence(code="limit.sample")]
    if spread is not None and spread.n < 30:
        found.append(Sentence(code="limit.few", values={"n": spread.n}))
    small = sum(1 for group in groups if group.spread.n < 30)
    if small:
        found.append(Sentence(code="limit.small_groups", values={"n": small}))
    return found
