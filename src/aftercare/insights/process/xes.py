"""Logs as XES (IEEE 1849), packed or not: read in one pass, whatever their size, and written.

A document type is refused, so entities cannot be defined, and none can be blown up.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from xml.parsers import expat
from xml.sax.saxutils import quoteattr

from aftercare.insights.process.log import EventLog, LogUnreadable, arrange, new_engine, quoted
from aftercare.insights.process.reading import BROKEN, checked_size, opened
from aftercare.insights.process.tabular import of_lifecycle, without_broken

if TYPE_CHECKING:
    import duckdb

PIECE = 1 << 18
ROWS_AT_ONCE = 50_000
MOST_COLUMNS = 500
KEYS = {
    "concept:name": "activity",
    "time:timestamp": "at",
    "org:resource": "resource",
    "lifecycle:transition": "lifecycle",
}
VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})
HOLDERS = frozenset({"list", "container"})


class _Reader:
    """Takes what the parser tells. Attributes inside attributes are left out; those of a trace belong to all its events."""

    def __init__(self, con: duckdb.DuckDBPyConnection, attributes: bool) -> None:
        self.con = con
        self.attributes = attributes
        self.columns: list[str] = []
        self.rows: list[dict[str, str]] = []
        self.trace: dict[str, str] | None = None
        self.event: dict[str, str] | None = None
        self.of_trace: list[dict[str, str]] = []
        self.depth = 0
        self.traces = 0
        self.logs = 0
        self.taken = 0
        con.execute(
            'CREATE TABLE events_told ("case" VARCHAR, activity VARCHAR, "at" VARCHAR, resource VARCHAR, lifecycle VARCHAR, "row" BIGINT)'
        )

    def start(self, name: str, given: dict[str, str]) -> None:
        if name in VALUES or name in HOLDERS:
            self.depth += 1
            if self.depth > 1 or self.trace is None or name in HOLDERS:
                return
            key, value = given.get("key"), given.get("value")
            if key is None or value is None:
                return
            if self.event is not None:
                known = KEYS.get(key)
                if known is not None:
                    self.event[known] = value
                elif self.attributes:
                    self.event[key] = value
            elif key == "concept:name":
                self.trace["case"] = value
            elif self.attributes:
                self.trace[f"case:{key}"] = value
        elif name == "event":
            self.event = {}
        elif name == "trace":
            self.traces += 1
            self.trace, self.of_trace = {}, []
        elif name == "log":
            self.logs += 1

    def end(self, name: str) -> None:
        if name in VALUES or name in HOLDERS:
            self.depth -= 1
        elif name == "event" and self.event is not None:
            # What stands outside of a trace belongs to no case.
            if self.trace is not None:
                self.of_trace.append(self.event)
            self.event = None
        elif name == "trace" and self.trace is not None:
            self.trace.setdefault("case", str(self.traces))
            for event in self.of_trace:
                event |= self.trace
            self.rows += self.of_trace
            self.trace = None
            if len(self.rows) >= ROWS_AT_ONCE:
                self.flush()

    def flush(self) -> None:
        import pyarrow as pa

        fresh = {key for row in self.rows for key in row} - {"case", *KEYS.values()} - set(self.columns)
        if len(self.columns) + len(fresh) > MOST_COLUMNS:
            raise ValueError(f"more than {MOST_COLUMNS} different attributes")
        for key in sorted(fresh):
            # Names of columns know no case.
            if key.lower() in {one.lower() for one in (*self.columns, "row", "case", *KEYS.values())}:
                for row in self.rows:
                    row.pop(key, None)
                continue
            self.columns.append(key)
            self.con.execute(f"ALTER TABLE events_told ADD COLUMN {quoted(key)} VARCHAR")
        names = ["case", *KEYS.values()]
        table = pa.table(
            {
                **{name: pa.array([row.get(name) for row in self.rows], pa.string()) for name in names},
                "row": pa.array(range(self.taken + 1, self.taken + 1 + len(self.rows)), pa.int64()),
                **{
                    name: pa.array([row.get(name) for row in self.rows], pa.string()) for name in self.columns
                },
            }
        )
        self.con.register("given", table)
        self.con.execute("INSERT INTO events_told BY NAME SELECT * FROM given")
        self.con.unregister("given")
        self.taken += len(self.rows)
        self.rows = []


class _DoctypeTold(Exception):
    pass


def _refuse_doctype(*_: Any) -> None:
    raise _DoctypeTold


def parse(path: Path, reader: Any, most_bytes: int | None) -> None:
    """Feeds a file to a reader with `start` and `end`. Refuses with LogUnreadable what is no well-formed XML or has a document
    type."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    if hasattr(reader, "text"):
        parser.CharacterDataHandler = reader.text
        parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_doctype
    size = 0
    try:
        with opened(path) as file:
            while piece := file.read(PIECE):
                size += len(piece)
                checked_size(size, path, most_bytes)
                parser.Parse(piece, False)
        parser.Parse(b"", True)
    except _DoctypeTold:
        raise LogUnreadable(file=path.name, why="it has a document type; logs have none") from None
    except expat.ExpatError as broken:
        raise LogUnreadable(
            file=path.name,
            why=f"not well-formed XML: {expat.errors.messages[broken.code]}",
            line=broken.lineno,
        ) from None
    except (*BROKEN, ValueError) as broken:
        raise LogUnreadable(file=path.name, why=str(broken)) from None


def read_xes(
    path: Path, lifecycle: str | None, attributes: bool, skip_broken: bool, most_bytes: int | None = None
) -> EventLog:
    con = new_engine()
    reader = _Reader(con, attributes)
    parse(path, reader, most_bytes)
    if not reader.logs:
        raise LogUnreadable(file=path.name, why="it is XML, but no XES: there is no <log>")
    if reader.rows:
        try:
            reader.flush()
        except ValueError as broken:
            raise LogUnreadable(file=path.name, why=str(broken)) from None
    con.execute(
        """
        CREATE TABLE events AS SELECT * REPLACE (make_timestamp(epoch_us(try_cast("at" AS TIMESTAMPTZ))) AS "at")
        FROM events_told ORDER BY "row"
        """
    )
    con.execute("DROP TABLE events_told")
    remarks = without_broken(con, path, skip_broken)
    return arrange(con, reader.columns, remarks + of_lifecycle(con, lifecycle, path))


def write_xes(
    out: IO[str],
    traces: Iterable[tuple[str, dict[str, Any], Iterable[dict[str, Any]]]],
) -> int:
    """Traces of a name, attributes, and events with `activity`, `at`, `resource` and further ones; returns how many events."""
    out.write(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<log xes.version="1849-2016" xes.features="" xmlns="http://www.xes-standard.org/">\n'
        '  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>\n'
        '  <extension name="Time" prefix="time" uri="http://www.xes-standard.org/time.xesext"/>\n'
        '  <extension name="Organizational" prefix="org" uri="http://www.xes-standard.org/org.xesext"/>\n'
        '  <classifier name="Activity" keys="concept:name"/>\n'
    )
    written = 0
    for name, attributes, events in traces:
        out.write("  <trace>\n")
        out.write(_attribute("concept:name", name, 4))
        for key, value in attributes.items():
            out.write(_attribute(key, value, 4))
        for event in events:
            written += 1
            out.write("    <event>\n")
            out.write(_attribute("concept:name", event["activity"], 6))
            out.write(_attribute("time:timestamp", event["at"], 6))
            if event.get("resource") is not None:
                out.write(_attribute("org:resource", event["resource"], 6))
            for key, value in event.items():
                if key not in ("activity", "at", "resource"):
                    out.write(_attribute(key, value, 6))
            out.write("    </event>\n")
        out.write("  </trace>\n")
    out.write("</log>\n")
    return written


def _attribute(key: str, value: Any, indent: int) -> str:
    if value is None:
        return ""
    kind, told = _told(value)
    return f"{' ' * indent}<{kind} key={quoteattr(_clean(key))} value={quoteattr(_clean(told))}/>\n"


def _told(value: Any) -> tuple[str, str]:
    if isinstance(value, bool):
        return "boolean", str(value).lower()
    if isinstance(value, int):
        return "int", str(value)
    if isinstance(value, float):
        return "float", repr(value)
    if isinstance(value, datetime):
        return "date", instant(value)
    return "string", str(value)


def instant(at: datetime) -> str:
    aware = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    return aware.isoformat(timespec="microseconds" if aware.microsecond else "seconds").replace("+00:00", "Z")


def _clean(text: str) -> str:
    """Without the signs that XML 1.0 cannot tell."""
    return "".join(
        letter
        for letter in text
        if letter in "\t\n\r"
        or "\x20" <= letter <= "\ud7ff"
        or "\ue000" <= letter <= "\ufffd"
        or letter >= "\U00010000"
    )
