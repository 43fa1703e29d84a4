"""What goes together: the measure that fits the kinds of the two columns, with interval, and a look for what explains it."""

from itertools import combinations
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats
from scipy.stats.contingency import crosstab

from aftercare.insights.analysis.answers import ColumnPair, Correlated, DataLookedAt, Measure, Sentence
from aftercare.insights.analysis.frames import NotEnough, groups_of, kinds, need

LEAST = 20
"""Rows that have both values; with fewer no pair is looked at."""
MOST_COLUMNS = 24
RESAMPLES = 200
MOST_RESAMPLED = 5_000
LOOKED_INTO = 12
"""So many of the strongest pairs get their interval by bootstrap, and are looked at within the groups of each other column."""


def correlate(
    frame: pd.DataFrame, columns: list[str] | None, data: DataLookedAt, command: str, *, linear: bool = False
) -> Correlated:
    """`linear` takes Pearson instead of Spearman. Refuses with ColumnUnknown, NotEnough."""
    began = perf_counter()
    known = kinds(frame)
    asked = [need(frame, column) for column in columns] if columns else list(known)
    usable = [column for column in asked if known[column] in ("number", "flag", "category")]
    usable = [column for column in usable if frame[column].nunique() > 1]
    left_out = [column for column in asked if column not in usable] + usable[MOST_COLUMNS:]
    usable = usable[:MOST_COLUMNS]
    ready = {
        column: pd.to_numeric(frame[column], errors="coerce").astype(float)
        if known[column] == "number"
        else groups_of(frame[column], most=20)
        for column in usable
    }
    pairs = [
        pair
        for a, b in combinations(usable, 2)
        if (pair := pair_of(a, b, ready[a], ready[b], linear=linear)) is not None
    ]
    if not pairs:
        raise NotEnough(columns=usable)
    corrected = stats.false_discovery_control([pair.p for pair in pairs])
    pairs = [pair.model_copy(update={"p_all": float(p)}) for pair, p in zip(pairs, corrected, strict=True)]
    pairs.sort(key=lambda pair: (pair.p_all >= 0.05, -abs(pair.value)))
    for at, pair in enumerate(pairs[:LOOKED_INTO]):
        if pair.p_all < 0.05:
            seen = _with_interval(pair, ready[pair.a], ready[pair.b])
            pairs[at] = _explained(seen, ready, linear=linear)
    measures = sorted({pair.measure for pair in pairs})
    return Correlated(
        data=data,
        says=_words(pairs),
        method=[
            *(Sentence(code=f"method.{one}") for one in measures),
            Sentence(code="method.many", values={"n": len(pairs)}),
        ],
        limits=[
            Sentence(code="limit.causality"),
            Sentence(code="limit.straight"),
            Sentence(code="limit.sample"),
        ],
        command=command,
        seconds=round(perf_counter() - began, 3),
        columns=usable,
        pairs=pairs,
        left_out=left_out,
    )


def pair_of(
    a: str, b: str, left: "pd.Series[Any]", right: "pd.Series[Any]", *, linear: bool = False
) -> ColumnPair | None:
    """None where there is too little of both, or one of them does not vary where the other is known."""
    both = pd.DataFrame({"a": left, "b": right}).dropna()
    if len(both) < LEAST or both["a"].nunique() < 2 or both["b"].nunique() < 2:
        return None
    number_a, number_b = (pd.api.types.is_numeric_dtype(both[side]) for side in "ab")
    if number_a and number_b:
        measure, value, low, high, p = _numbers(both["a"], both["b"], linear=linear)
    elif number_a or number_b:
        numbers, cut = (both["a"], both["b"]) if number_a else (both["b"], both["a"])
        measure, value, low, high, p = _number_by_group(numbers, cut)
    else:
        measure, value, low, high, p = _categories(both["a"], both["b"])
    if not np.isfinite(value) or not np.isfinite(p):
        return None
    return ColumnPair(
        a=a,
        b=b,
        measure=measure,
        n=len(both),
        value=value,
        low=low,
        high=high,
        p=p,
        p_all=p,
        explained_by=None,
        within=None,
    )


Found = tuple[Measure, float, float | None, float | None, float]


def _numbers(a: "pd.Series[Any]", b: "pd.Series[Any]", *, linear: bool) -> Found:
    """Spearman is Pearson on ranks; its interval is Fisher's on them."""
    if not linear:
        a, b = a.rank(), b.rank()
    found = stats.pearsonr(a, b)
    ends = found.confidence_interval(0.95)
    return (
        "pearson" if linear else "spearman",
        float(found.statistic),
        float(ends.low),
        float(ends.high),
        float(found.pvalue),
    )


def _number_by_group(numbers: "pd.Series[Any]", cut: "pd.Series[Any]") -> Found:
    codes, names = pd.factorize(cut, sort=True)
    if len(names) == 2:
        found = stats.pointbiserialr(codes, numbers)
        ends = stats.pearsonr(codes, numbers).confidence_interval(0.95)
        return (
            "point_biserial",
            float(found.statistic),
            float(ends.low),
            float(ends.high),
            float(found.pvalue),
        )
    values = numbers.to_numpy(dtype=float)
    value = correlation_ratio(values, codes)
    p = float(stats.kruskal(*(values[codes == code] for code in range(len(names)))).pvalue)
    return "correlation_ratio", value, None, None, p


def correlation_ratio(values: "np.ndarray[Any, Any]", codes: "np.ndarray[Any, Any]") -> float:
    """Eta with epsilon-squared's correction of bias (Kelley 1935), from the F of the analysis of variance."""
    parts = [values[codes == code] for code in np.unique(codes)]
    parts = [part for part in parts if len(part)]
    if len(parts) < 2 or values.std() == 0:
        return 0.0
    between, within = len(parts) - 1, len(values) - len(parts)
    f = float(stats.f_oneway(*parts).statistic)
    if not np.isfinite(f):
        return 1.0
    return float(np.sqrt(max(0.0, (f - 1) * between / (f * between + within))))


def _categories(a: "pd.Series[Any]", b: "pd.Series[Any]") -> Found:
    left, right = pd.factorize(a, sort=True)[0], pd.factorize(b, sort=True)[0]
    table = crosstab(left, right).count
    tested = stats.chi2_contingency(table, correction=False)
    p = float(tested.pvalue)
    if tested.expected_freq.min() < 5:
        p = float(
            stats.chi2_contingency(
                table, correction=False, method=stats.PermutationMethod(n_resamples=2_000, rng=7)
            ).pvalue
        )
    return "cramers_v", cramers_v(table), None, None, p


def cramers_v(table: "np.ndarray[Any, Any]") -> float:
    """With Bergsma's correction of bias (2013)."""
    table = np.asarray(table)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return 0.0
    n = int(table.sum())
    phi2 = max(
        0.0,
        float(stats.chi2_contingency(table, correction=False).statistic) / n
        - (rows - 1) * (columns - 1) / (n - 1),
    )
    least = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, np.sqrt(phi2 / least))) if least > 0 else 0.0


def _with_interval(pair: ColumnPair, left: "pd.Series[Any]", right: "pd.Series[Any]") -> ColumnPair:
    """For measures that have no formula for it."""
    if pair.low is not None:
        return pair
    both = pd.DataFrame({"a": left, "b": right}).dropna()
    if pair.measure == "cramers_v":
        one, other = pd.factorize(both["a"])[0], pd.factorize(both["b"])[0]
        low, high = _resampled(lambda at: cramers_v(crosstab(one[at], other[at]).count), len(both))
    else:
        numbers, cut = (
            (both["a"], both["b"]) if pd.api.types.is_numeric_dtype(both["a"]) else (both["b"], both["a"])
        )
        values, codes = numbers.to_numpy(dtype=float), pd.factorize(cut)[0]
        low, high = _resampled(lambda at: correlation_ratio(values[at], codes[at]), len(both))
    return pair.model_copy(update={"low": low, "high": high})


def _resampled(measure: Any, n: int) -> tuple[float | None, float | None]:
    """The percentile bootstrap. Of very many rows none: the interval would be narrower than what is shown."""
    if n > MOST_RESAMPLED:
        return None, None
    found = stats.bootstrap(
        (np.arange(n),),
        measure,
        n_resamples=RESAMPLES,
        vectorized=False,
        method="percentile",
        rng=7,
    ).confidence_interval
    return float(found.low), float(found.high)


def _explained(pair: ColumnPair, ready: "dict[str, pd.Series[Any]]", *, linear: bool) -> ColumnPair:
    """Looks at the pair within the groups of each other column: where less than half of it is left, or the sign turns,
    that column may be what stands behind both."""
    best: tuple[str, float] | None = None
    for third, column in ready.items():
        if third in (pair.a, pair.b):
            continue
        cut = groups_of(column, most=8, least=LEAST)
        parts = [
            inside
            for _, rows in cut.groupby(cut).groups.items()
            if (inside := _quick(pair, ready[pair.a].loc[rows], ready[pair.b].loc[rows], linear=linear))
            is not None
        ]
        covered = sum(n for n, _ in parts)
        # Of the same rows: where the third is missing just there where the two go together, it explains nothing.
        known = column.dropna().index
        whole = _quick(pair, ready[pair.a].loc[known], ready[pair.b].loc[known], linear=linear)
        if whole is None or abs(whole[1]) < 0.5 * abs(pair.value):
            continue
        if len(parts) < 2 or covered < 0.6 * pair.n:
            continue
        within = sum(n * value for n, value in parts) / covered
        less = abs(within) < 0.5 * abs(pair.value) or within * pair.value < 0
        if less and (best is None or abs(within) < abs(best[1])):
            best = third, within
    if best is None:
        return pair
    return pair.model_copy(update={"explained_by": best[0], "within": float(best[1])})


def _quick(
    pair: ColumnPair, left: "pd.Series[Any]", right: "pd.Series[Any]", *, linear: bool
) -> tuple[int, float] | None:
    """The same measure without its interval."""
    both = pd.DataFrame({"a": left, "b": right}).dropna()
    # Where one of them does not vary nothing can be told of the two.
    if len(both) < LEAST or both["a"].nunique() < 2 or both["b"].nunique() < 2:
        return None
    if pair.measure in ("spearman", "pearson"):
        return len(both), float(both["a"].corr(both["b"], method="pearson" if linear else "spearman"))
    if pair.measure == "cramers_v":
        return len(both), cramers_v(crosstab(both["a"].to_numpy(), both["b"].to_numpy()).count)
    numbers, cut = (
        (both["a"], both["b"]) if pd.api.types.is_numeric_dtype(both["a"]) else (both["b"], both["a"])
    )
    if pair.measure == "point_biserial":
        codes = pd.factorize(cut, sort=True)[0]
        return len(both), float(stats.pointbiserialr(codes, numbers).statistic)
    return len(both), correlation_ratio(numbers.to_numpy(dtype=float), pd.factorize(cut)[0])


def strength(pair: ColumnPair) -> str:
    """Cohen's (1988) words."""
    size = abs(pair.value)
    return "weak" if size < 0.3 else "middling" if size < 0.5 else "strong"


def _words(pairs: list[ColumnPair]) -> list[Sentence]:
    sure = [pair for pair in pairs if pair.p_all < 0.05 and abs(pair.value) >= 0.1]
    if not sure:
        return [
            Sentence(code="correlate.none", values={"pairs": len(pairs)}),
            Sentence(code="correlate.warning"),
        ]
    says = [Sentence(code="correlate.found", values={"pairs": len(pairs), "n": len(sure)})]
    for pair in sure[:3]:
        signed = pair.measure in ("spearman", "pearson", "point_biserial")
        code = (
            "together"
            if not signed or pair.measure == "point_biserial"
            else "more"
            if pair.value > 0
            else "less"
        )
        says.append(
            Sentence(
                code=f"correlate.{code}",
                values={
                    "a": pair.a,
                    "b": pair.b,
                    "strength": strength(pair),
                    "value": pair.value,
                    "rows": pair.n,
                },
            )
        )
        if pair.explained_by is not None:
            says.append(
                Sentence(
                    code="correlate.explained",
                    values={"a": pair.a, "b": pair.b, "third": pair.explained_by, "within": pair.within},
                )
            )
    says.append(Sentence(code="correlate.warning"))
    return says
