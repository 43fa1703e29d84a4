"""A log that is asked, wherever it comes from: what the command line and the console ask is the same."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, cast

from aftercare.insights.process.conformance import Conformance
from aftercare.insights.process.log import CORE, EventLog, LogUnreadable, as_sql
from aftercare.insights.process.maps import Ask, Ways, map_of
from aftercare.insights.process.outlook import Measured, OpenCase, learn, outlooks
from aftercare.insights.process.xes import write_xes

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from aftercare.insights.process.journal import JournalLog

ENDS_FROM = 0.05
"""An activity with which at least this share of the cases ends is taken for an end, where nobody says which are."""


@dataclass
class Asked:
    """`cases` has one row for each case: key, case, began_at, seconds and the `attributes`. `handbook`: conformance to our own table
    of moves, of our own journal only."""

    steps: ir.Table
    ways: Ways
    cases: ir.Table
    ask: Ask
    attributes: list[str]
    outlook: Callable[[Sequence[str]], tuple[list[OpenCase], Measured | None]]
    export: Callable[[Path, Literal["xes", "ocel"]], int]
    handbook: Callable[[], Conformance] | None = None


@dataclass(frozen=True)
class Group:
    """Which cases are meant: that took longer than so many seconds; that have this value; in which this activity came."""

    longer_than: float | None = None
    attribute: str | None = None
    value: str | None = None
    having: str | None = None

    def of(self, steps: ir.Table, cases: ir.Table) -> Any:
        """The condition on cases."""
        if self.longer_than is not None:
            return cases.seconds > self.longer_than
        if self.attribute is not None:
            return cases[self.attribute].cast("string").fill_null("") == (self.value or "")
        return cases.key.isin(steps.filter(steps.activity == self.having).key)


def asked_of(log: EventLog) -> Asked:
    """The log of a file."""
    log.keep()

    def outlook(ends: Sequence[str]) -> tuple[list[OpenCase], Measured | None]:
        return outlook_of(log, ends)

    def export(out: Path, form: Literal["xes", "ocel"]) -> int:
        return export_log(log, out, form)

    return Asked(log.steps, log.ways, log.cases(), log.ask, log.attributes, outlook, export)


def asked_of_journal(log: JournalLog, now: datetime) -> Asked:
    """Our own journal."""
    from aftercare.insights.process.exporting import write_journal

    def outlook(_: Sequence[str]) -> tuple[list[OpenCase], Measured | None]:
        return log.outlook(now)

    def export(out: Path, form: Literal["xes", "ocel"]) -> int:
        return write_journal(log, out, form)

    return Asked(
        log.steps,
        log.ways,
        log.cases,
        log.ask,
        [*log.chosen.attributes, "late"],
        outlook,
        export,
        log.handbook,
    )


def outlook_of(log: EventLog, ends: Sequence[str] = ()) -> tuple[list[OpenCase], Measured | None]:
    """Cases whose last activity is not among `ends` are open. What is now is when the log's last event was. The longest open come
    first. Refuses with LogUnreadable an end that is no activity of the log."""
    steps, ask = log.steps, log.ask
    found = map_of(steps, ask)
    if not ends:
        ends = [node.activity for node in found.nodes if node.ends >= ENDS_FROM * found.cases]
    strange = set(ends) - {node.activity for node in found.nodes}
    if strange:
        raise LogUnreadable(why=f"no event is called {', '.join(sorted(strange))}")
    last = steps.group_by("key").agg(
        last=steps.activity.cast("string").argmax(steps.nth),
        before=steps.from_activity.cast("string").argmax(steps.nth),
        at=steps["at"].max(),
        case=steps.case.arbitrary(),
    )
    ended = last["last"].isin(list(ends))
    learned, measured = learn(steps.semi_join(last.filter(ended), "key"), ask)
    now = ask(steps.agg(now=steps["at"].max()))[0]["now"].replace(tzinfo=UTC)
    rows = ask(
        last.filter(~ended)
        .select("case", "at", activity="last", from_activity="before")
        .order_by(["at", "case"])
        .limit(10_000)
    )
    return outlooks(learned, rows, now), measured


def export_log(log: EventLog, out: Path, form: Literal["xes", "ocel"]) -> int:
    """Writes it whole, or not at all. Returns how many events."""
    with written(out) as file:
        if form == "xes":
            return write_xes(file, _traces(log))
        return _write_ocel(log, file)


@contextmanager
def written(out: Path) -> Iterator[IO[str]]:
    fresh = out.with_name(f".{out.name}.part")
    opener = gzip.open if out.suffix == ".gz" else open
    try:
        with cast(IO[str], opener(fresh, "wt", encoding="utf-8", newline="\n")) as file:
            yield file
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)


def _rows(log: EventLog, attributes: Sequence[str]) -> Iterator[dict[str, Any]]:
    columns = ["case", "activity", "at", "resource", "lifecycle", "nth", *attributes]
    told = log.con.execute(as_sql(log.steps.select("key", *columns).order_by(["key", "nth"])))
    names = [column[0] for column in told.description or ()]
    while rows := told.fetchmany(10_000):
        for row in rows:
            yield dict(zip(names, row, strict=True))


def _traces(log: EventLog) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    of_case = [name for name in log.attributes if name.startswith("case:")]
    of_event = [name for name in log.attributes if name not in of_case]
    name: str | None = None
    attributes: dict[str, Any] = {}
    events: list[dict[str, Any]] = []
    for row in _rows(log, log.attributes):
        if row["nth"] == 1:
            if name is not None:
                yield name, attributes, events
            name, events = row["case"], []
            attributes = {key.removeprefix("case:"): row[key] for key in of_case}
        event = {"activity": row["activity"], "at": row["at"], "resource": row["resource"]}
        if row["lifecycle"] is not None:
            event["lifecycle:transition"] = row["lifecycle"]
        events.append(event | {key: row[key] for key in of_event})
    if name is not None:
        yield name, attributes, events


def _write_ocel(log: EventLog, out: IO[str]) -> int:
    from aftercare.insights.process.ocel import write_ocel

    of_case = [name for name in log.attributes if name.startswith("case:")]
    of_event = [name for name in log.attributes if name not in (*of_case, *CORE)]
    people = [
        row["resource"]
        for row in log.ask(log.steps.select("resource").distinct().order_by("resource"))
        if row["resource"] is not None
    ]
    activities = [row["activity"] for row in log.ask(log.steps.select("activity").distinct())]

    def objects() -> Iterator[tuple[str, str, dict[str, Any]]]:
        for row in log.ask(log.cases().order_by("key")):
            yield (
                f"case:{row['case']}",
                "case",
                {key.removeprefix("case:"): row.get(key) for key in of_case},
            )
        for person in people:
            yield f"resource:{person}", "resource", {}

    def events() -> Iterator[tuple[str, str, datetime, dict[str, Any], list[tuple[str, str]]]]:
        for number, row in enumerate(_rows(log, log.attributes), start=1):
            about = [(f"case:{row['case']}", "case")]
            if row["resource"] is not None:
                about.append((f"resource:{row['resource']}", "by"))
            told = {key: row[key] for key in of_event}
            yield f"e{number}", row["activity"], row["at"], told | {"resource": row["resource"]}, about

    return write_ocel(
        out,
        objects(),
        events(),
        object_attributes={
            "case": {key.removeprefix("case:"): "string" for key in of_case},
            "resource": {},
        },
        event_attributes={
            activity: dict.fromkeys([*of_event, "resource"], "string") for activity in activities
        },
    )
