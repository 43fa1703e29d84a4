"""The diagnosis of our own process for the console, and of a log that somebody brings; people and cases by their names."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from aftercare.claims import MOVED
from aftercare.insights.lake import lake_of
from aftercare.insights.process.comparison import causes, compare
from aftercare.insights.process.conformance import Conformance
from aftercare.insights.process.diagnosis import bottlenecks, hand_overs, loops
from aftercare.insights.process.exporting import write_journal
from aftercare.insights.process.journal import KNOWN_LATER, STAGES, JournalLog, Selection
from aftercare.insights.process.log import EventLog
from aftercare.insights.process.maps import ProcessMap, Variants, map_of, variants_of
from aftercare.insights.process.objects import journal_of
from aftercare.insights.process.reading import read_log
from aftercare.insights.process.replay import replay
from aftercare.journal import Work
from aftercare.kit.errors import Invalid

T = TypeVar("T")

EXAMPLES = {
    "claims": "SELECT id, case_id, number FROM claim WHERE id = ANY(:ids)",
    "cases": "SELECT id, id AS case_id, number FROM service_case WHERE id = ANY(:ids)",
    "orders": "SELECT id, NULL::uuid AS case_id, number FROM sales_order WHERE id = ANY(:ids)",
}

VARIANTS_SHOWN = 30
MOST_UPLOADED = 30_000_000
"""Bytes of a log that is brought, once it is unpacked."""

# Asking keeps a thread busy; no more than the engine has.
AT_ONCE = 2


class AttributeUnknown(Invalid):
    """Claims or cases have no such attribute."""


class _Shape(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class NodeView(_Shape):
    """`begins` and `ends`: how many begin and end with it."""

    activity: str
    count: int
    begins: int
    ends: int


class EdgeView(_Shape):
    """Waits in seconds."""

    source: str
    target: str
    count: int
    median: float
    p90: float
    total: float


class BottleneckView(_Shape):
    """`share`: of all waiting."""

    source: str
    target: str
    count: int
    median: float
    p90: float
    share: float


class MapView(_Shape):
    cases: int
    events: int
    nodes: list[NodeView]
    edges: list[EdgeView]
    bottlenecks: list[BottleneckView]


class VariantView(_Shape):
    activities: list[str]
    cases: int
    share: float
    median: float


class VariantsView(_Shape):
    """`all`: how many different ways there are."""

    cases: int
    all: int
    shown: list[VariantView]


class PersonCount(BaseModel):
    """`id` null: the system, customers, or who is not known here; `name` is then a word for the kind of actor."""

    id: UUID | None
    name: str
    count: int


class LoopView(_Shape):
    activity: str
    cases: int
    share: float
    repeats: int
    at_once: int
    median: float


class HandOverView(BaseModel):
    source: PersonCount
    target: PersonCount
    count: int
    back: int
    median: float
    p90: float


class WorkView(BaseModel):
    """What is done again, and who hands over to whom."""

    loops: list[LoopView]
    hand_overs: list[HandOverView]


class ExampleCase(BaseModel):
    """A claim, a case or an order to look at; `case_id` is that of the case, null for an order."""

    id: UUID
    case_id: UUID | None
    number: str


class DeviationView(BaseModel):
    """`late_seconds`: by how much, in the median."""

    kind: str
    source: str
    target: str
    skipped: list[str]
    cases: int
    count: int
    people: list[PersonCount]
    examples: list[ExampleCase]
    late_seconds: float | None


class ConformanceView(BaseModel):
    cases: int
    conforming: int
    share: float
    deviations: list[DeviationView]


class DifferenceView(_Shape):
    kind: str
    what: str
    value: str
    first: float
    second: float
    low: float | None
    high: float | None
    effect: float
    q: float
    cases: int


class FactorView(_Shape):
    attribute: str
    value: str
    cases: int
    share_with: float
    share_without: float
    odds: float
    low: float
    high: float
    q: float


class RuleView(_Shape):
    conditions: list[str]
    cases: int
    share: float


class ComparisonView(BaseModel):
    first: int
    second: int
    median_first: float
    median_second: float
    compared: int
    differences: list[DifferenceView]
    factors: list[FactorView]
    rules: list[RuleView]


class ReplayView(_Shape):
    """`moves`: number of the case, of the activities from and to which it went, and the seconds after `since` when it left and
    arrived."""

    since: datetime
    until: datetime
    activities: list[str]
    cases: int
    shown: int
    moves: list[tuple[int, int, int, int, int]]


class OpenCaseView(BaseModel):
    """`next` empty: it ends. Seconds; null where too few have stood there for as long."""

    example: ExampleCase
    activity: str
    since: datetime
    waited: float
    next: str | None
    chance: float | None
    low: float | None
    median: float | None
    high: float | None
    learned_from: int


class MeasuredView(_Shape):
    cases: int
    moments: int
    error: float
    plain: float
    inside: float
    next_right: float
    next_plain: float


class OutlookView(BaseModel):
    measured: MeasuredView | None
    open: list[OpenCaseView]


class ActivityWord(BaseModel):
    """What an activity is called: a word of the handbook, `move` or `stage`."""

    activity: str
    group: Literal["move", "stage"]
    word: str


class BroughtView(BaseModel):
    """What a log that somebody brought tells; it is not kept. `told`: how it was read."""

    told: list[str]
    map: MapView
    variants: VariantsView
    loops: list[LoopView]
    hand_overs: list[HandOverView]


Split = Literal["late", "attribute", "slow"]


def journal_log(work: Work, chosen: Selection) -> JournalLog:
    """Needs `insights.read`; refuses with LakeNotReady, AttributeUnknown."""
    unknown = sorted(set(chosen.where) - set(chosen.attributes))
    if unknown:
        raise AttributeUnknown(attributes=unknown, known=list(chosen.attributes))
    return journal_of(lake_of(work), chosen)


def activity_words() -> list[ActivityWord]:
    moves = [ActivityWord(activity=fact.name, group="move", word=move) for move, fact in MOVED.items()]
    stages = [ActivityWord(activity=stage, group="stage", word=stage.partition(":")[2]) for stage in STAGES]
    return moves + stages


async def process_map(work: Work, chosen: Selection) -> MapView:
    log = journal_log(work, chosen)
    return _map_view(await _apart(lambda: map_of(log.steps, log.ask)))


async def process_variants(work: Work, chosen: Selection) -> VariantsView:
    log = journal_log(work, chosen)
    return _variants_view(await _apart(lambda: variants_of(log.ways, log.ask, VARIANTS_SHOWN)))


async def process_work(work: Work, chosen: Selection) -> WorkView:
    log = journal_log(work, chosen)
    again, handed = await _apart(lambda: (loops(log.steps, log.ask), hand_overs(log.steps, log.ask)))
    names = await _names(work, {who for one in handed for who in (one.from_, one.to)})
    return WorkView(
        loops=[LoopView.model_validate(one) for one in again],
        hand_overs=[
            HandOverView(
                source=_person(one.from_, one.count, names),
                target=_person(one.to, one.count, names),
                count=one.count,
                back=one.back,
                median=one.median,
                p90=one.p90,
            )
            for one in handed
        ],
    )


async def process_conformance(work: Work, chosen: Selection) -> ConformanceView:
    log = journal_log(work, chosen)
    found: Conformance = await _apart(log.handbook)
    names = await _names(work, {who for one in found.deviations for who, _ in one.people})
    examples = await _examples(work, chosen, {each for one in found.deviations for each in one.examples})
    return ConformanceView(
        cases=found.cases,
        conforming=found.conforming,
        share=found.share,
        deviations=[
            DeviationView(
                kind=one.kind,
                source=one.from_,
                target=one.to,
                skipped=one.skipped,
                cases=one.cases,
                count=one.count,
                people=[_person(who, count, names) for who, count in one.people],
                examples=[examples[each] for each in one.examples if each in examples][:5],
                late_seconds=one.late,
            )
            for one in found.deviations
        ],
    )


async def process_comparison(
    work: Work, chosen: Selection, split: Split, attribute: str | None = None, value: str | None = None
) -> ComparisonView:
    """Those that were late, that have a value of an attribute, or that took longer than nine of ten, against all others. Refuses
    with AttributeUnknown and GroupTooSmall."""
    log = journal_log(work, chosen)
    if split == "attribute" and attribute not in chosen.attributes:
        raise AttributeUnknown(attributes=[attribute], known=list(chosen.attributes))

    def think() -> ComparisonView:
        cases = log.cases
        attributes = [
            name
            for name in chosen.attributes
            if name != attribute and name not in chosen.where and name not in KNOWN_LATER
        ]
        if split == "late":
            first = cases.late
        elif split == "attribute":
            first = cases[attribute].cast("string").fill_null("") == (value or "")
        else:
            most = log.ask(cases.agg(most=cases.seconds.quantile(0.9)))[0]["most"] or 0.0
            first = cases.seconds > most
        found = compare(log.steps, cases, log.ask, first, attributes)
        why = causes(cases, log.ask, first, attributes)
        return ComparisonView(
            **{
                key: getattr(found, key)
                for key in ("first", "second", "median_first", "median_second", "compared")
            },
            differences=[DifferenceView.model_validate(one) for one in found.differences],
            factors=[FactorView.model_validate(one) for one in why.factors],
            rules=[RuleView.model_validate(one) for one in why.rules],
        )

    return await _apart(think)


async def process_replay(work: Work, chosen: Selection, since: datetime, until: datetime) -> ReplayView:
    """What moved in the time, whenever it began."""
    from dataclasses import replace as changed

    log = journal_log(work, changed(chosen, since=None, until=None))
    return ReplayView.model_validate(await _apart(lambda: replay(log.steps, log.ask, since, until)))


async def process_outlook(work: Work, chosen: Selection) -> OutlookView:
    log = journal_log(work, chosen)
    now = work.now.astimezone(UTC)
    found, measured = await _apart(lambda: log.outlook(now))
    examples = await _examples(work, chosen, {one.case for one in found})
    return OutlookView(
        measured=None if measured is None else MeasuredView.model_validate(measured),
        open=[
            OpenCaseView(
                example=examples[one.case],
                activity=one.activity,
                since=one.since,
                waited=one.waited,
                **asdict(one.outlook),
            )
            for one in found
            if one.case in examples
        ],
    )


async def process_export(work: Work, chosen: Selection, form: Literal["xes", "ocel"], out: Path) -> int:
    """Writes the log to a file; returns how many events. It tells of no person by name."""
    log = journal_log(work, chosen)
    return await _apart(lambda: write_journal(log, out, form))


async def brought_log(work: Work, name: str, content: bytes, object_type: str | None = None) -> BroughtView:
    """Reads a log that somebody brings and forgets it. Needs `insights.read`. Refuses with LogUnreadable, LogEmpty."""
    work.require("insights.read")

    def think() -> BroughtView:
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / (Path(name).name or "log")
            path.write_bytes(content)
            with read_log(path, object_type=object_type, attributes=False, most_bytes=MOST_UPLOADED) as log:
                return _brought(log.keep())

    return await _apart(think)


def _brought(log: EventLog) -> BroughtView:
    return BroughtView(
        told=log.told,
        map=_map_view(map_of(log.steps, log.ask)),
        variants=_variants_view(variants_of(log.ways, log.ask, VARIANTS_SHOWN)),
        loops=[LoopView.model_validate(one) for one in loops(log.steps, log.ask)],
        hand_overs=[
            HandOverView(
                source=PersonCount(id=None, name=one.from_, count=one.count),
                target=PersonCount(id=None, name=one.to, count=one.count),
                count=one.count,
                back=one.back,
                median=one.median,
                p90=one.p90,
            )
            for one in hand_overs(log.steps, log.ask)
        ],
    )


def _map_view(found: ProcessMap) -> MapView:
    return MapView(
        cases=found.cases,
        events=found.events,
        nodes=[NodeView.model_validate(one) for one in found.nodes],
        edges=[
            EdgeView(
                source=one.from_,
                target=one.to,
                count=one.count,
                median=one.median,
                p90=one.p90,
                total=one.total,
            )
            for one in found.edges
        ],
        bottlenecks=[
            BottleneckView(
                source=one.from_,
                target=one.to,
                count=one.count,
                median=one.median,
                p90=one.p90,
                share=one.share,
            )
            for one in bottlenecks(found)
        ],
    )


def _variants_view(found: Variants) -> VariantsView:
    return VariantsView(
        cases=found.cases, all=found.all, shown=[VariantView.model_validate(one) for one in found.shown]
    )


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(AT_ONCE, thread_name_prefix="process")


async def _apart(think: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(_pool(), think)


def _uuid(told: str) -> UUID | None:
    try:
        return UUID(told)
    except ValueError:
        return None


async def _names(work: Work, people: Iterable[str]) -> dict[str, str]:
    ids = [found for one in people if (found := _uuid(one)) is not None]
    if not ids:
        return {}
    rows = await work.session.execute(text("SELECT id, name FROM account WHERE id = ANY(:ids)"), {"ids": ids})
    return {str(row.id): row.name for row in rows}


def _person(who: str, count: int, names: dict[str, str]) -> PersonCount:
    found = _uuid(who)
    if found is None:
        return PersonCount(id=None, name=who, count=count)
    return PersonCount(id=found, name=names.get(who, "integration"), count=count)


async def _examples(work: Work, chosen: Selection, wanted: Iterable[str]) -> dict[str, ExampleCase]:
    ids = [found for one in wanted if (found := _uuid(one)) is not None]
    if not ids:
        return {}
    rows = await work.session.execute(text(EXAMPLES[chosen.of]), {"ids": ids})
    return {str(row.id): ExampleCase.model_validate(row._mapping) for row in rows}
