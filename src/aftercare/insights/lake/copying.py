"""The refresh: what is new in PostgreSQL comes to the lake, each fact once. It runs in a thread and keeps nobody waiting."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any

from aftercare.insights.lake.manifest import (
    Cursor,
    Manifest,
    Part,
    alone,
    read_manifest,
    settle_parts,
    sweep,
    write_manifest,
)
from aftercare.insights.lake.parts import APART_ROWS, MOST_COMPACTED, SPREAD_ROWS, Parts, Writer, writer
from aftercare.insights.lake.postgres import SETTLED, Source, one, source
from aftercare.insights.lake.ready import READY, every_table, fingerprint
from aftercare.insights.lake.shapes import FACTS, SHAPES, Shape

FACTS_AT_ONCE = 200_000
"""More than this are copied in several increments, each of which counts by itself."""
IDS_AT_ONCE = 10_000
WHOLE_EVERY = timedelta(hours=24)
"""So often all tables but the facts are copied whole, in case a row changed and no fact told of it."""


class BrokenOff(Exception):
    """The refresh was told to stop in the middle. The lake is as it was before."""


@dataclass(frozen=True)
class Refreshed:
    """What a refresh did. `busy`: another one is at it, so nothing was done. `whole`: all was copied anew. `rows`: of other tables
    than the facts that were written, those that only moved to another file included."""

    facts: int = 0
    rows: int = 0
    whole: bool = False
    busy: bool = False
    seconds: float = 0.0


@dataclass(frozen=True)
class Moment:
    """What the database is and how far its journal has settled, as of one snapshot."""

    at: datetime
    database: str
    stands: Cursor
    transaction: int
    """Higher than any that has ended."""

    def goes_on_from(self, manifest: Manifest | None) -> bool:
        """Whether an increment can follow: same tables, same database, and not one that was set back in time."""
        return (
            manifest is not None
            and manifest.shape == fingerprint()
            and manifest.database == self.database
            and manifest.cursor.transaction < self.transaction
        )


MOMENT = f"""
    SELECT s.transaction::text::bigint AS transaction, s.position, now() AS at,
      pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS newest,
      concat_ws('/', (SELECT system_identifier FROM pg_control_system()),
        (SELECT oid FROM pg_database WHERE datname = current_database())) AS database
    FROM (SELECT 1) one LEFT JOIN (
      SELECT transaction, position FROM fact WHERE transaction < {SETTLED} ORDER BY transaction DESC, position DESC LIMIT 1
    ) s ON true
"""


def moment_of(row: Mapping[str, Any]) -> Moment:
    stands = Cursor(row["transaction"] or 0, row["position"] or 0)
    return Moment(row["at"].astimezone(UTC), row["database"], stands, row["newest"])


def note_quiet(folder: Path, seen: Manifest, moment: Moment) -> None:
    """The lake was looked at and is as it should be."""
    with alone(folder) as free:
        if free and read_manifest(folder) == seen:
            write_manifest(folder, replace(seen, refreshed_at=moment.at))


def refresh_folder(
    url: str, folder: Path, *, rebuild: bool = False, stopping: Callable[[], bool] = lambda: False
) -> Refreshed:
    """Increments until nothing is left; everything anew when that is asked for or there is nothing to add to. Raises BrokenOff."""
    began = monotonic()
    facts = rows = 0
    whole = False
    with alone(folder) as free:
        if not free:
            return Refreshed(busy=True)
        sweep(folder, read_manifest(folder))
        while True:
            before = read_manifest(folder)
            with source(url) as ask, writer(folder) as write:
                moment = moment_of(one(ask, MOMENT))
                step = _Step(ask, write, before, moment, stopping)
                if before is None or rebuild or not moment.goes_on_from(before):
                    whole, rebuild = True, False
                    after = step.whole()
                else:
                    after = step.increment(before)
            settle_parts(folder, after.named() - (before.named() if before else set()))
            write_manifest(folder, after)
            new = sum(part.rows for part in step.facts)
            facts += new
            rows += sum(part.rows for part in write.written) - new
            if after.cursor == moment.stands:
                return Refreshed(facts, rows, whole, seconds=round(monotonic() - began, 3))


@dataclass
class _Step:
    """One increment, or one copy of everything."""

    ask: Source
    write: Writer
    before: Manifest | None
    moment: Moment
    stopping: Callable[[], bool]
    facts: Parts = ()
    """The parts with the facts that are new."""

    def whole(self) -> Manifest:
        marks = self._marks()
        self.facts = tuple(self._facts_by_month())
        tables = {FACTS.name: self.facts, **self._copied(SHAPES.values())}
        for table in READY.values():
            self._breathe()
            tables[table.name] = self.write.made_of(table, self.facts)
        moment = self.moment
        base = self.before or Manifest.first(moment.at)
        return base.followed_by(
            tables,
            shape=fingerprint(),
            database=moment.database,
            cursor=moment.stands,
            refreshed_at=moment.at,
            whole_at=moment.at,
            marks=marks,
        )

    def increment(self, before: Manifest) -> Manifest:
        upto = self._upto(before.cursor)
        marks = self._marks()
        tables = dict(before.tables)
        if upto != before.cursor:
            with self.ask(
                f"{FACTS.select} WHERE {_beyond(before.cursor)} AND (f.transaction, f.position) <= {_told(upto)}"
            ) as batches:
                self.facts = self.write.stream(FACTS, batches, in_order=True)
            tables[FACTS.name] = (*tables[FACTS.name], *self.facts)
        whole_at = before.whole_at
        if self.moment.at - whole_at >= WHOLE_EVERY:
            whole_at = self.moment.at
            tables |= self._copied(SHAPES.values())
        else:
            tables |= self._copied(
                shape for shape in SHAPES.values() if marks.get(shape.name) != before.marks.get(shape.name)
            )
            for shape in SHAPES.values():
                if shape.touches and self.facts:
                    tables[shape.name] = self._touched(shape, tables[shape.name])
        for table in READY.values():
            self._breathe()
            if before.marks.get(table.name) != table.mark:
                tables[table.name] = self.write.made_of(table, tables[FACTS.name])
            elif self.facts:
                tables[table.name] = self.write.made_again(
                    table, tables[table.name], tables[FACTS.name], self.facts
                )
        # What nobody in this process keeps ready would only grow stale.
        tables = {each.name: tables[each.name] for each in every_table()}
        room = MOST_COMPACTED
        for each in every_table():
            tables[each.name], room = self.write.compact(each, tables[each.name], room)
        return before.followed_by(
            tables, cursor=upto, refreshed_at=self.moment.at, whole_at=whole_at, marks=marks
        )

    def _breathe(self) -> None:
        if self.stopping():
            raise BrokenOff

    def _facts_by_month(self) -> Iterator[Part]:
        ends = one(
            self.ask,
            f"SELECT min(at) AS first, max(at) AS last FROM fact WHERE transaction < {SETTLED}",
        )
        if ends["first"] is None:
            return
        month = ends["first"].astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        while month <= ends["last"]:
            self._breathe()
            following = (month + timedelta(days=32)).replace(day=1)
            which = (
                f"at >= '{month.isoformat()}' AND at < '{following.isoformat()}' AND transaction < {SETTLED}"
            )
            apart = self._large_shops(which)
            with self.ask(f"{FACTS.select} WHERE {which}") as batches:
                yield from self.write.stream(FACTS, batches, in_order=True, apart=apart)
            month = following

    def _large_shops(self, which: str) -> list[str]:
        with self.ask(
            f"SELECT shop_id::text AS id, count(*) AS facts FROM fact WHERE {which} GROUP BY shop_id"
        ) as batches:
            shops = batches.read_all().to_pylist()
        if sum(shop["facts"] for shop in shops) < SPREAD_ROWS:
            return []
        return [shop["id"] for shop in shops if shop["id"] and shop["facts"] >= APART_ROWS]

    def _copied(self, shapes: Iterable[Shape]) -> dict[str, Parts]:
        """Tables whole."""
        copied: dict[str, Parts] = {}
        for shape in shapes:
            if shape is not FACTS:
                self._breathe()
                with self.ask(shape.select) as batches:
                    copied[shape.name] = self.write.stream(shape, batches)
        return copied

    def _marks(self) -> dict[str, str]:
        """How the tables that are copied whole look now: any change of any row changes it; and how what is kept ready is made."""
        marks = {table.name: table.mark for table in READY.values()}
        for shape in SHAPES.values():
            if shape.watched:
                sums = (
                    f"(SELECT count(*) || ' ' || coalesce(sum(xmin::text::bigint), 0) FROM {table})"
                    for table in shape.watched
                )
                marks[shape.name] = one(self.ask, f"SELECT concat_ws(', ', {', '.join(sums)}) AS mark")[
                    "mark"
                ]
        return marks

    def _upto(self, cursor: Cursor) -> Cursor:
        """How far this increment goes: to the last settled fact, or as many as one takes."""
        last = f"""
            SELECT transaction::text::bigint AS transaction, position FROM (
              SELECT f.transaction, f.position FROM fact f WHERE {_beyond(cursor)}
              ORDER BY f.transaction, f.position LIMIT {FACTS_AT_ONCE}
            ) next ORDER BY next.transaction DESC, next.position DESC LIMIT 1
        """
        with self.ask(last) as batches:
            rows = batches.read_all().to_pylist()
        return Cursor(**rows[0]) if rows else cursor

    def _touched(self, shape: Shape, old: Parts) -> Parts:
        import pyarrow

        self._breathe()
        touched = self.write.touched(self.facts, shape)
        if not touched:
            return old
        tables = []
        for indexed, ids in touched.values():
            for first in range(0, len(ids), IDS_AT_ONCE):
                some = ",".join(ids[first : first + IDS_AT_ONCE])
                with self.ask(f"{shape.select} WHERE {indexed} = ANY ('{{{some}}}'::uuid[])") as batches:
                    tables.append(batches.read_all())
        fresh = pyarrow.concat_tables(tables)
        return self.write.merge(shape, old, {column: ids for column, (_, ids) in touched.items()}, fresh)


def _told(cursor: Cursor) -> str:
    return f"('{cursor.transaction}'::xid8, {cursor.position}::bigint)"


def _beyond(cursor: Cursor) -> str:
    return f"(f.transaction, f.position) > {_told(cursor)} AND f.transaction < {SETTLED}"
