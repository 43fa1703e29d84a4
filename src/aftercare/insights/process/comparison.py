"""Two groups of cases beside each other, and what goes with an outcome.

Many things are compared at once, so every chance finding is guarded against (Benjamini and Hochberg: of what is called different at
most one in twenty is not), and a difference must also be large enough to matter. None of it proves a cause.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import asin, erfc, exp, log, sqrt
from typing import TYPE_CHECKING, Any, Literal

from aftercare.insights.process.maps import Ask
from aftercare.kit.errors import Refusal

if TYPE_CHECKING:
    import ibis.expr.types as ir

Z = 1.959963985
FALSE_ONES = 0.05
FEWEST = 10
"""Cases that each group must have at least."""
MOST_VALUES = 30
"""Values of an attribute that are looked at, the commonest first."""
MATTERS = 0.1
"""From this effect on a difference matters: of shares Cohen's h, of waits the rank-biserial correlation."""


class GroupTooSmall(Refusal):
    """There are too few cases to compare."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`first` and `second`: the share of each group's cases in which it is so, or the median wait in seconds. `low` and `high`:
    95 % interval of the difference of shares. `q`: the chance that it is none, after correction for all that was compared."""

    kind: Literal["activity", "edge", "wait", "attribute"]
    what: str
    value: str
    first: float
    second: float
    low: float | None
    high: float | None
    effect: float
    p: float
    q: float
    cases: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """`compared`: how many things were tested; only those that differ and matter are told."""

    first: int
    second: int
    median_first: float
    median_second: float
    compared: int
    differences: list[Difference]


@dataclass(frozen=True, slots=True)
class Factor:
    """`odds`: how many times the odds of the outcome are where the attribute has this value, against where it has not; with its
    95 % interval."""

    attribute: str
    value: str
    cases: int
    share_with: float
    share_without: float
    odds: float
    low: float
    high: float
    q: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A leaf of a small tree: all its conditions hold for `cases`, of which `share` have the outcome."""

    conditions: list[str]
    cases: int
    share: float


@dataclass(frozen=True, slots=True)
class Causes:
    cases: int
    share: float
    factors: list[Factor]
    rules: list[Rule]


def compare(
    steps: ir.Table,
    cases: ir.Table,
    ask: Ask,
    first: Any,
    attributes: Sequence[str] = (),
    most: int = 40,
) -> Comparison:
    """`cases` has the key, seconds and attributes of each case; `first` is the condition on it that makes the first group; where
    it is unknown the case is in neither. Refuses with GroupTooSmall."""
    grouped = cases.mutate(first=first).filter(lambda t: t["first"].notnull())
    sizes = {
        bool(row["first"]): row
        for row in ask(grouped.group_by("first").agg(n=grouped.count(), median=grouped.seconds.quantile(0.5)))
    }
    n1, n2 = (int(sizes[side]["n"]) if side in sizes else 0 for side in (True, False))
    if min(n1, n2) < FEWEST:
        raise GroupTooSmall(first=n1, second=n2, needed=FEWEST)
    side = grouped.select("key", "first")
    found: list[Difference] = []
    with_side = steps.select("key", "activity", "from_activity", "wait").inner_join(side, "key")
    for kind, by in (("activity", ["activity"]), ("edge", ["from_activity", "activity"])):
        chosen = with_side if kind == "activity" else with_side.filter(with_side.from_activity.notnull())
        once = chosen.select("key", "first", *by).distinct()
        rows = ask(once.group_by(by).agg(a=once["first"].sum(), b=(~once["first"]).sum()))
        for row in rows:
            what = " → ".join(str(row[name]) for name in by)
            found.append(_of_shares("activity" if kind == "activity" else "edge", what, "", row, n1, n2))
    found += _waits(with_side, ask)
    for attribute in attributes:
        values = grouped.group_by(grouped[attribute].cast("string").name("value")).agg(
            a=grouped["first"].sum(), b=(~grouped["first"]).sum(), n=grouped.count()
        )
        rows = ask(
            values.filter(values.value.notnull()).order_by([values.n.desc(), values.value]).limit(MOST_VALUES)
        )
        if len(rows) > 1 and max(row["n"] for row in rows) >= FEWEST:
            found += [_of_shares("attribute", attribute, row["value"], row, n1, n2) for row in rows]
    found = _corrected(found)
    matter = [one for one in found if one.q < FALSE_ONES and abs(one.effect) >= MATTERS]
    matter.sort(key=lambda one: (-abs(one.effect), one.kind, one.what, one.value))
    return Comparison(
        n1,
        n2,
        float(sizes[True]["median"] or 0),
        float(sizes[False]["median"] or 0),
        len(found),
        matter[:most],
    )


def _of_shares(
    kind: Literal["activity", "edge", "attribute"],
    what: str,
    value: str,
    row: dict[str, Any],
    n1: int,
    n2: int,
) -> Difference:
    a, b = int(row["a"] or 0), int(row["b"] or 0)
    one, other = a / n1, b / n2
    spread = Z * sqrt(one * (1 - one) / n1 + other * (1 - other) / n2)
    effect = 2 * asin(sqrt(one)) - 2 * asin(sqrt(other))
    p = p_of_table(a, n1 - a, b, n2 - b)
    return Difference(
        kind, what, value, one, other, one - other - spread, one - other + spread, effect, p, p, a + b
    )


def _waits(with_side: ir.Table, ask: Ask) -> list[Difference]:
    """Mann and Whitney's test of the waits of each pair, with its correction for ties."""
    import ibis

    waited = with_side.filter(with_side.wait.notnull())
    pair = ["from_activity", "activity"]
    ranked = waited.mutate(
        low=ibis.rank().over(group_by=pair, order_by="wait"),
        ties=ibis._.count().over(group_by=[*pair, "wait"]),
    )
    ranked = ranked.mutate(rank=ranked.low + 1 + (ranked.ties - 1) / 2)
    side = ranked["first"]
    rows = ask(
        ranked.group_by(pair).agg(
            a=side.sum(),
            b=(~side).sum(),
            ranks=ranked["rank"].sum(where=side),
            ties=(ranked.ties.cast("float64") * ranked.ties - 1).sum(),
            one=ranked.wait.quantile(0.5, where=side),
            other=ranked.wait.quantile(0.5, where=~side),
        )
    )
    found = []
    for row in rows:
        a, b = int(row["a"]), int(row["b"])
        if min(a, b) < FEWEST:
            continue
        n = a + b
        u = float(row["ranks"]) - a * (a + 1) / 2
        variance = a * b / 12 * ((n + 1) - float(row["ties"]) / (n * (n - 1)))
        p = erfc(abs(u - a * b / 2) / sqrt(2 * variance)) if variance > 0 else 1.0
        effect = 2 * u / (a * b) - 1
        what = f"{row['from_activity']} → {row['activity']}"
        found.append(
            Difference("wait", what, "", float(row["one"]), float(row["other"]), None, None, effect, p, p, n)
        )
    return found


def p_of_table(a: int, b: int, c: int, d: int) -> float:
    """Of a table of two by two: Fisher's exact test where a number is small, else chi-square."""
    n = a + b + c + d
    rows, columns = (a + b, c + d), (a + c, b + d)
    if not all(rows) or not all(columns):
        return 1.0
    if min(row * column for row in rows for column in columns) / n < 5:
        from scipy.stats import fisher_exact

        return float(fisher_exact([[a, b], [c, d]])[1])
    chi = n * (a * d - b * c) ** 2 / (rows[0] * rows[1] * columns[0] * columns[1])
    return erfc(sqrt(chi / 2))


def corrected(chances: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg."""
    order = sorted(range(len(chances)), key=lambda place: -chances[place])
    found = [1.0] * len(chances)
    least = 1.0
    for above, place in enumerate(order):
        least = min(least, chances[place] * len(chances) / (len(chances) - above))
        found[place] = least
    return found


def _corrected(found: list[Difference]) -> list[Difference]:
    return [replace(one, q=q) for one, q in zip(found, corrected([one.p for one in found]), strict=True)]


def causes(
    cases: ir.Table,
    ask: Ask,
    outcome: Any,
    attributes: Sequence[str],
    *,
    most: int = 20,
    tree_of: int = 50_000,
) -> Causes:
    """Which values of attributes go with the outcome, the strongest first, and the small tree that parts the cases best (grown on
    at most `tree_of` of them). Refuses with GroupTooSmall."""
    told = cases.mutate(outcome=outcome).filter(lambda t: t.outcome.notnull())
    whole = ask(told.agg(n=told.count(), with_it=told.outcome.sum()))[0]
    n, with_it = int(whole["n"]), int(whole["with_it"] or 0)
    if min(with_it, n - with_it) < FEWEST:
        raise GroupTooSmall(first=with_it, second=n - with_it, needed=FEWEST)
    factors: list[Factor] = []
    chances: list[float] = []
    used: list[str] = []
    for attribute in attributes:
        values = told.group_by(told[attribute].cast("string").name("value")).agg(
            n=told.count(), with_it=told.outcome.sum()
        )
        rows = ask(
            values.filter(values.value.notnull()).order_by([values.n.desc(), values.value]).limit(MOST_VALUES)
        )
        if len(rows) < 2 or rows[0]["n"] < FEWEST:
            continue
        used.append(attribute)
        for row in rows:
            a, here = int(row["with_it"] or 0), int(row["n"])
            if here < FEWEST or n - here < FEWEST:
                continue
            b, c = here - a, with_it - a
            d = n - here - c
            # Half a case is added to each cell, so that no zero makes an odds ratio endless (Haldane, Anscombe).
            ratio = log((a + 0.5) * (d + 0.5) / ((b + 0.5) * (c + 0.5)))
            spread = Z * sqrt(1 / (a + 0.5) + 1 / (b + 0.5) + 1 / (c + 0.5) + 1 / (d + 0.5))
            chances.append(p_of_table(a, b, c, d))
            factors.append(
                Factor(
                    attribute, row["value"], here, a / here, c / (n - here),
                    exp(ratio), exp(ratio - spread), exp(ratio + spread), 1.0,
                )
            )  # fmt: skip
    factors = [replace(one, q=q) for one, q in zip(factors, corrected(chances), strict=True)]
    sure = [one for one in factors if one.q < FALSE_ONES]
    # By the end of the interval that is nearer to no effect: large and sure comes before large and unsure.
    sure.sort(
        key=lambda one: (-round(max(log(one.low), -log(one.high)), 9), -one.odds, one.attribute, one.value)
    )
    return Causes(n, with_it / n, sure[:most], _tree(told, ask, used, tree_of))


def _tree(told: ir.Table, ask: Ask, attributes: Sequence[str], tree_of: int) -> list[Rule]:
    if not attributes:
        return []
    import numpy as np
    from sklearn.tree import DecisionTreeClassifier

    columns = {f"a{place}": told[name].cast("string") for place, name in enumerate(attributes)}
    rows = ask(told.select(outcome=told.outcome, **columns).limit(tree_of))
    names: list[tuple[str, str]] = []
    ones: list[Any] = []
    for place, attribute in enumerate(attributes):
        values = [row[f"a{place}"] for row in rows]
        counts: dict[str, int] = {}
        for value in values:
            if value is not None:
                counts[value] = counts.get(value, 0) + 1
        for value, count in sorted(counts.items(), key=lambda one: (-one[1], one[0]))[:MOST_VALUES]:
            if count >= FEWEST:
                names.append((attribute, value))
                ones.append(np.fromiter((one == value for one in values), bool, len(values)))
    if not names:
        return []
    outcome = np.fromiter((bool(row["outcome"]) for row in rows), bool, len(rows))
    if outcome.all() or not outcome.any():
        return []
    grown = DecisionTreeClassifier(
        max_depth=3, min_samples_leaf=max(FEWEST, len(rows) // 100), random_state=0
    )
    tree = grown.fit(np.column_stack(ones), outcome).tree_
    rules: list[Rule] = []

    def walk(node: int, conditions: list[str]) -> None:
        if tree.children_left[node] < 0:
            shares = tree.value[node][0]
            rules.append(Rule(conditions, int(tree.n_node_samples[node]), float(shares[-1] / shares.sum())))
            return
        attribute, value = names[tree.feature[node]]
        walk(tree.children_left[node], [*conditions, f"{attribute} ≠ {value}"])
        walk(tree.children_right[node], [*conditions, f"{attribute} = {value}"])

    walk(0, [])
    return sorted(rules, key=lambda rule: (-rule.share, -rule.cases)) if len(rules) > 1 else []
