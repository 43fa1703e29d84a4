"""The map: what follows what, how often, and how long it takes until then; and the variants, the ways that cases took.

Asked of steps, of a file or of the lake, by the same expressions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ibis.expr.types as ir

Ask = Callable[[Any], list[dict[str, Any]]]
"""Answers an expression with rows."""


@dataclass(frozen=True, slots=True)
class Edge:
    """`from_` was followed directly by `to`. Waits are seconds from the one to the other."""

    from_: str
    to: str
    count: int
    median: float
    p90: float
    total: float


@dataclass(frozen=True, slots=True)
class Node:
    """`begins` and `ends`: how many cases begin and end with it."""

    activity: str
    count: int
    begins: int
    ends: int


@dataclass(frozen=True, slots=True)
class ProcessMap:
    cases: int
    events: int
    nodes: list[Node]
    edges: list[Edge]

    def pairs(self) -> dict[tuple[str, str], int]:
        return {(edge.from_, edge.to): edge.count for edge in self.edges}


@dataclass(frozen=True, slots=True)
class Follows:
    """How often what followed what directly, and how many cases begin and end with what."""

    events: int
    cases: int
    pairs: dict[tuple[str, str], int]
    begins: dict[str, int]
    ends: dict[str, int]


@dataclass(frozen=True, slots=True)
class Variant:
    """`median`: seconds from its first event to its last."""

    activities: list[str]
    cases: int
    share: float
    median: float
    example: str


def edges_of(steps: ir.Table) -> ir.Table:
    """One row for each pair; without `from_activity` for those that begin."""
    return steps.group_by(["from_activity", "activity"]).agg(
        count=steps.count(),
        waits=steps.wait.quantile([0.5, 0.9]),
        total=steps.wait.sum(),
    )


def map_from(rows: Sequence[dict[str, Any]]) -> ProcessMap:
    """The map from the rows of `edges_of`. What is nobody's predecessor any more ends: so ends are counted too."""
    counts: dict[str, int] = {}
    begins: dict[str, int] = {}
    went_on: dict[str, int] = {}
    edges: list[Edge] = []
    for row in rows:
        to, count = row["activity"], int(row["count"])
        counts[to] = counts.get(to, 0) + count
        if row["from_activity"] is None:
            begins[to] = count
            continue
        went_on[row["from_activity"]] = went_on.get(row["from_activity"], 0) + count
        median, p90 = row["waits"]
        edges.append(Edge(row["from_activity"], to, count, median, p90, row["total"]))
    nodes = [
        Node(activity, count, begins.get(activity, 0), count - went_on.get(activity, 0))
        for activity, count in counts.items()
    ]
    return ProcessMap(
        cases=sum(begins.values()),
        events=sum(counts.values()),
        nodes=sorted(nodes, key=lambda node: (-node.count, node.activity)),
        edges=sorted(edges, key=lambda edge: (-edge.count, edge.from_, edge.to)),
    )


def map_of(steps: ir.Table, ask: Ask) -> ProcessMap:
    return map_from(ask(edges_of(steps)))


Trace = tuple[str, list[str]]
"""The name of a case, and what was done, in order."""


@dataclass(frozen=True)
class Ways:
    """`table` has one row for each case: `key`; `way`, a number that stands for the way that it took; `events`; `seconds`. `traces` tells of
    these keys the cases."""

    table: ir.Table
    traces: Callable[[Sequence[int]], dict[int, Trace]]


def ways_of(steps: ir.Table, ask: Ask) -> Ways:
    """Of steps whose `mark` is a number for what came at which place: those of a case added up stand for its way."""
    table = steps.group_by("key").agg(way=steps.mark.sum(), events=steps.count(), seconds=steps.wait.sum())
    return Ways(table, partial(traces_of, steps, ask))


@dataclass(frozen=True, slots=True)
class Variants:
    """The commonest first. `all`: how many different ways there are, shown or not."""

    cases: int
    all: int
    shown: list[Variant]


def variants_of(taken: Ways, ask: Ask, most: int | None = 50) -> Variants:
    ways = taken.table
    grouped = ways.group_by(["way", "events"]).agg(
        cases=ways.count(), median=ways.seconds.quantile(0.5), example=ways.key.min()
    )
    # Everything is looked at once: with each way is told how many there are.
    told = grouped.select(
        "cases",
        "median",
        "example",
        all=grouped.count().over(),
        whole=grouped.cases.sum().over().cast("int64"),
    )
    # A way itself is wider than what every engine hands out.
    ordered = told.order_by([told.cases.desc(), told.example])
    rows = ask(ordered if most is None else ordered.limit(most))
    if not rows:
        return Variants(0, 0, [])
    whole = rows[0]["whole"]
    traces = taken.traces([row["example"] for row in rows])
    return Variants(
        cases=whole,
        all=rows[0]["all"],
        shown=[
            Variant(
                activities=traces[row["example"]][1],
                cases=row["cases"],
                share=row["cases"] / whole,
                median=row["median"] or 0.0,
                example=traces[row["example"]][0],
            )
            for row in rows
        ],
    )


def traces_of(steps: ir.Table, ask: Ask, keys: Sequence[int]) -> dict[int, Trace]:
    told: dict[int, list[tuple[int, str, str]]] = {}
    chosen = steps.filter(steps.key.isin(list(keys))).select("key", "case", "nth", "activity")
    for row in ask(chosen):
        told.setdefault(int(row["key"]), []).append((row["nth"], row["activity"], row["case"]))
    return {
        key: (steps_told[0][2], [activity for _, activity, _ in sorted(steps_told)])
        for key, steps_told in told.items()
    }


def as_dot(found: ProcessMap, length: Callable[[float], str]) -> str:
    """The map in the language of Graphviz; `length` writes seconds."""

    def name(activity: str) -> str:
        return '"' + activity.replace("\\", "\\\\").replace('"', '\\"') + '"'

    most = max((edge.count for edge in found.edges), default=1)
    lines = ["digraph process {", '  node [shape=box, style=rounded, fontname="sans-serif"];']
    lines += [
        f"  {name(one.activity)} [label={name(f'{one.activity} ({one.count:,})')}];" for one in found.nodes
    ]
    lines += [
        f"  {name(one.from_)} -> {name(one.to)} [label={name(f'{one.count:,}, {length(one.median)}')},"
        f" penwidth={1 + 4 * one.count / most:.1f}];"
        for one in found.edges
    ]
    return "\n".join([*lines, "}", ""])
