"""Where the time goes, what is done twice, and who hands over to whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aftercare.insights.process.maps import Ask, ProcessMap

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True)
class Bottleneck:
    """A wait between two activities; `share` of all the waiting there is. Seconds."""

    from_: str
    to: str
    count: int
    median: float
    p90: float
    total: float
    share: float


@dataclass(frozen=True, slots=True)
class Loop:
    """An activity that came again in the same case. `at_once`: directly after itself. `median`: seconds from its first time in a
    case to its last, where it came again: the time that the loop may have cost."""

    activity: str
    cases: int
    share: float
    repeats: int
    at_once: int
    median: float


@dataclass(frozen=True, slots=True)
class HandOver:
    """Work that went from one person to another. `back`: how often it came straight back. Waits are seconds."""

    from_: str
    to: str
    count: int
    back: int
    median: float
    p90: float


def bottlenecks(found: ProcessMap, most: int = 10) -> list[Bottleneck]:
    """The waits that take most time in all, the largest first."""
    whole = sum(edge.total for edge in found.edges) or 1.0
    return [
        Bottleneck(edge.from_, edge.to, edge.count, edge.median, edge.p90, edge.total, edge.total / whole)
        for edge in sorted(found.edges, key=lambda edge: (-edge.total, edge.from_, edge.to))[:most]
        if edge.total > 0
    ]


def loops(steps: ir.Table, ask: Ask, most: int = 20) -> list[Loop]:
    """Activities that came again, in most cases first."""
    each = steps.group_by(["key", "activity"]).agg(
        times=steps.count(),
        at_once=(steps.from_activity == steps.activity).sum(),
        seconds=(steps["at"].max().epoch_seconds() - steps["at"].min().epoch_seconds()).cast("float64"),
    )
    again = each.filter(each.times > 1)
    found = again.group_by("activity").agg(
        cases=again.count(),
        repeats=(again.times - 1).sum(),
        at_once=again.at_once.sum(),
        median=again.seconds.quantile(0.5),
    )
    rows = ask(found.order_by([found.cases.desc(), found.activity]).limit(most))
    cases = ask(steps.agg(cases=(steps.nth == 1).sum()))[0]["cases"] if rows else 0
    return [
        Loop(
            row["activity"],
            row["cases"],
            row["cases"] / cases,
            int(row["repeats"]),
            int(row["at_once"] or 0),
            float(row["median"]),
        )
        for row in rows
    ]


def hand_overs(steps: ir.Table, ask: Ask, most: int = 50) -> list[HandOver]:
    """From whom to whom, most often first. Without people in the log there are none."""
    chosen = steps.filter(
        steps.resource.notnull() & steps.from_resource.notnull() & (steps.resource != steps.from_resource)
    )
    pairs = chosen.group_by(["from_resource", "resource"]).agg(
        count=chosen.count(), waits=chosen.wait.quantile([0.5, 0.9])
    )
    rows = ask(pairs.order_by([pairs["count"].desc(), pairs.from_resource, pairs.resource]).limit(most))
    # It came straight back when the one who has it now is the one from whom it was taken in the step before.
    after = steps.select("key", "nth", "resource", "from_resource")
    before = after.view()
    returned = after.join(before, [after.key == before.key, after.nth == before.nth + 1]).filter(
        (after.resource == before.from_resource)
        & (after.from_resource == before.resource)
        & (after.resource != before.resource)
    )
    shown = {(row["from_resource"], row["resource"]) for row in rows}
    backs: dict[tuple[str, str], int] = {}
    if shown:
        counted = returned.group_by([before.from_resource.name("a"), before.resource.name("b")]).agg(
            n=lambda t: t.count()
        )
        backs = {(row["a"], row["b"]): row["n"] for row in ask(counted)}
    return [
        HandOver(
            row["from_resource"],
            row["resource"],
            row["count"],
            backs.get((row["from_resource"], row["resource"]), 0),
            *row["waits"],
        )
        for row in rows
    ]
