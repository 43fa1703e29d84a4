"""An event log: what was done (activity), for what (case), when (at), by whom (resource).

It lies in a DuckDB of its own. Its **steps** are its events, each with what came before it in its case; every question is asked
of steps, be they of a file or of the lake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from aftercare.insights.process.maps import Follows, Trace, Ways
from aftercare.insights.process.sequences import IN_ORDER, NUMBERS, Sequences, lie_in_order, sequences_of
from aftercare.kit.errors import Invalid

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir

CORE = ("case", "activity", "at", "resource", "lifecycle", "row")
"""The columns of `events`; what a log has besides is an attribute. `row` is the place in the file."""

MOST_ACTIVITIES = 2_000
"""A log with more different activities is none: most likely another column was meant."""


class LogUnreadable(Invalid):
    """This file cannot be read as an event log."""


class LogEmpty(Invalid):
    """There is no event in this log."""


class NoActivityColumn(Invalid):
    """So many different activities make no process; is another column meant?"""


@dataclass
class EventLog:
    """`con` has `events`. `attributes` are the names of further columns. `told`: what a reader of the log should know about how
    it was read."""

    con: duckdb.DuckDBPyConnection
    attributes: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    came: Sequences | None = None
    """The events as they came, if that was case by case and in order of time."""

    @property
    def steps(self) -> ir.Table:
        return _table(self.con, "steps")

    @cached_property
    def sequences(self) -> Sequences:
        return self.came or sequences_of(self.con.sql(IN_ORDER).fetchnumpy())

    @cached_property
    def activities(self) -> list[str]:
        """By their number."""
        return [row[0] for row in self.con.execute("SELECT unnest(enum_range(NULL::activities))").fetchall()]

    def follows(self) -> Follows:
        """How often what followed what, without how long it took: of a large log in a fraction of the time of a map."""
        import numpy as np

        told, names = self.sequences.follows(), self.activities
        last = len(told) - 1

        def side(counts: Any) -> dict[str, int]:
            return {names[code]: int(counts[code]) for code in np.flatnonzero(counts)}

        return Follows(
            events=len(self.sequences.codes),
            cases=len(self.sequences.first),
            pairs={
                (names[from_], names[to]): int(told[from_, to])
                for from_, to in np.argwhere(told[:last, :last]).tolist()
            },
            begins=side(told[last, :last]),
            ends=side(told[:last, last]),
        )

    @cached_property
    def ways(self) -> Ways:
        import pyarrow as pa

        found = self.sequences
        table = {"way": found.ways(), "events": found.events, "seconds": found.seconds}
        self.con.register("ways", pa.table({"key": pa.array(range(len(found.first)), pa.int64()), **table}))
        return Ways(_table(self.con, "ways"), partial(self._traces, found))

    def _traces(self, found: Sequences, keys: Sequence[int]) -> dict[int, Trace]:
        import pyarrow as pa

        names = self.activities
        self.con.register(
            "looked_for", pa.table({"h": found.hashes[list(keys)], "key": pa.array(keys, pa.int64())})
        )
        cases = self.con.execute(
            'SELECT key, any_value("case") FROM events JOIN looked_for ON h = hash("case") GROUP BY key'
        ).fetchall()
        self.con.unregister("looked_for")
        return {key: (case, [names[code] for code in found.codes_of(key)]) for key, case in cases}

    def cases(self, wanted: Sequence[str] | None = None) -> ir.Table:
        """One row for each case: key, case, began_at, ended_at, seconds, events, and the attributes asked for (all, if none
        are): the first value that the case has."""
        columns = self.attributes if wanted is None else [name for name in wanted if name in self.attributes]
        if not self.con.execute("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'cases'").fetchall()[
            0
        ][0]:
            firsts = "".join(f", any_value({quoted(name)}) AS {quoted(name)}" for name in columns)
            self.con.execute(
                f"""
                CREATE TEMP TABLE cases AS
                SELECT s.key, any_value(s."case") AS "case", min(s."at") AS began_at, max(s."at") AS ended_at,
                  epoch(max(s."at") - min(s."at")) AS seconds, count(*) AS events{firsts}
                FROM steps s GROUP BY s.key
                """  # noqa: S608  # quoted names of the log's own columns
            )
        return _table(self.con, "cases")

    def ask(self, expression: Any) -> list[dict[str, Any]]:
        """The rows of an expression."""
        answer = self.con.execute(as_sql(expression))
        names = [column[0] for column in answer.description or ()]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

    def keep(self) -> EventLog:
        """Works the steps out once, for those who ask more than one question."""
        if not self.con.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = 'steps'").fetchall()[
            0
        ][0]:
            return self
        self.con.execute("ALTER VIEW steps RENAME TO steps_seen")
        self.con.execute("CREATE TABLE steps AS SELECT * FROM steps_seen")
        return self

    def close(self) -> None:
        self.con.close()

    def __enter__(self) -> EventLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def new_engine() -> duckdb.DuckDBPyConnection:
    """A DuckDB of its own in memory, in UTC, that loads and downloads nothing."""
    import duckdb

    con = duckdb.connect(
        config={
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": True,
        }
    )
    con.execute("SET TimeZone = 'UTC'")
    con.execute("SET enable_progress_bar = false")
    return con


def as_sql(expression: Any) -> str:
    """An expression of Ibis as DuckDB asks it."""
    import ibis

    return str(ibis.to_sql(expression, dialect="duckdb"))


KINDS = {
    "BIGINT": "int64",
    "HUGEINT": "int64",
    "INTEGER": "int32",
    "UBIGINT": "uint64",
    "DOUBLE": "float64",
    "BOOLEAN": "boolean",
    "TIMESTAMP": "timestamp",
}


def _table(con: duckdb.DuckDBPyConnection, name: str) -> ir.Table:
    import ibis

    columns = con.execute(f"DESCRIBE {name}").fetchall()
    return ibis.table({column: KINDS.get(kind, "string") for column, kind, *_ in columns}, name=name)


def arrange(
    con: duckdb.DuckDBPyConnection, attributes: Sequence[str] = (), told: Sequence[str] = ()
) -> EventLog:
    """The log of the relation `events` of this engine; makes its steps. Refuses with LogEmpty and NoActivityColumn.

    Logs mostly come case by case and in order of time. Then what came before stands in the row above, and nothing is sorted.
    """
    activities = [row[0] for row in con.execute("SELECT DISTINCT activity FROM events").fetchall()]
    if not activities:
        raise LogEmpty()
    if len(activities) > MOST_ACTIVITIES:
        raise NoActivityColumn(activities=len(activities), examples=sorted(activities)[:3])
    # Numbered from here on: what is only a number is compared, taken along and grouped in a fraction of the time.
    con.execute(f"CREATE TYPE activities AS ENUM ({', '.join(map(literal, sorted(activities)))})")
    numbers = con.sql(NUMBERS).fetchnumpy()
    came = sequences_of(numbers)
    arranged = lie_in_order(numbers, came)
    further = "".join(f", {quoted(name)}" for name in attributes)
    if arranged:
        # `key` is the place of the case's first event.
        con.execute(
            f"""
            CREATE VIEW steps AS
            SELECT * EXCLUDE (begins, place, a, r, t, h), (place - key + 1)::INTEGER AS nth,
              CASE WHEN NOT begins THEN a END AS from_activity, CASE WHEN NOT begins THEN r END AS from_resource,
              CASE WHEN NOT begins THEN epoch_us("at") - epoch_us(t) END / 1e6 AS wait
            FROM (SELECT *, max(place) FILTER (begins) OVER (ROWS UNBOUNDED PRECEDING) AS key FROM (
              SELECT *, lag(activity) OVER () AS a, lag(resource) OVER () AS r, lag("at") OVER () AS t,
                h IS DISTINCT FROM lag(h) OVER () AS begins, row_number() OVER () AS place
              FROM (SELECT "case", hash("case") AS h, try_cast(activity AS activities) AS activity, "at", resource, lifecycle, "row"{further}
                    FROM events)
            ))
            """  # noqa: S608
        )
    else:
        con.execute(
            f"""
            CREATE VIEW steps AS
            SELECT * EXCLUDE (t), (row_number() OVER told)::INTEGER AS nth, lag(activity) OVER told AS from_activity,
              lag(resource) OVER told AS from_resource, (t - lag(t) OVER told) / 1e6 AS wait
            FROM (SELECT "case", try_cast(activity AS activities) AS activity, "at", epoch_us("at") AS t, resource, lifecycle, "row",
                    (hash("case") >> 1)::BIGINT AS key{further} FROM events)
            WINDOW told AS (PARTITION BY key ORDER BY t, "row")
            """  # noqa: S608
        )
    return EventLog(con, list(attributes), list(told), came if arranged else None)


def log_of(rows: Sequence[Mapping[str, Any]]) -> EventLog:
    """A log of rows at hand, of `case`, `activity`, `at`, and perhaps `resource` and attributes."""
    import pyarrow as pa

    if not rows:
        raise LogEmpty()
    attributes = sorted({name for row in rows for name in row} - set(CORE))
    table = pa.table(
        {
            "case": pa.array([str(row["case"]) for row in rows], pa.string()),
            "activity": pa.array([str(row["activity"]) for row in rows], pa.string()),
            "at": pa.array([row["at"] for row in rows], pa.timestamp("us", "UTC")).cast(pa.timestamp("us")),
            "resource": pa.array([row.get("resource") for row in rows], pa.string()),
            "lifecycle": pa.array([row.get("lifecycle") for row in rows], pa.string()),
            "row": pa.array(range(len(rows)), pa.int64()),
            **{
                name: pa.array(
                    [None if row.get(name) is None else str(row[name]) for row in rows], pa.string()
                )
                for name in attributes
            },
        }
    )
    con = new_engine()
    take(con, table)
    return arrange(con, attributes)


def take(con: duckdb.DuckDBPyConnection, table: Any, select: str = "SELECT * FROM given") -> None:
    """Makes `events` of a table of Arrow."""
    con.register("given", table)
    con.execute(f"CREATE TABLE events AS {select}")
    con.unregister("given")
