"""The lake as it is asked: tables limited to what the actor sees, and answers to expressions over them."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from decimal import Decimal
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any, Literal, TypeVar
from uuid import UUID

import structlog
from prometheus_client import Counter, Histogram
from sqlalchemy import text

from aftercare.insights.lake.copying import (
    MOMENT,
    WHOLE_EVERY,
    BrokenOff,
    Refreshed,
    moment_of,
    note_quiet,
    refresh_folder,
)
from aftercare.insights.lake.engines import Dialect, engine_of, there
from aftercare.insights.lake.manifest import MANIFEST, Manifest, read_manifest
from aftercare.insights.lake.ready import READY, every_table, fingerprint
from aftercare.insights.lake.shapes import SHAPES
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.errors import Unavailable
from aftercare.settings import Insight

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow

log = structlog.get_logger()

AT_ONCE = 2
Asked = TypeVar("Asked")
Told = TypeVar("Told")
SECONDS_BETWEEN_REFRESHES = 30.0
REFRESH_SECONDS = Histogram(
    "aftercare_lake_refresh_seconds",
    "Time to copy what is new to the lake",
    buckets=(0.1, 0.5, 1, 5, 30, 120, 600),
)
REFRESH_FAILURES = Counter("aftercare_lake_refresh_failures_total", "Refreshes of the lake that broke off")
FACTS_COPIED = Counter("aftercare_lake_facts_total", "Facts copied to the lake")


class LakeNotReady(Unavailable):
    """The numbers are still being copied for the first time."""


class Tables:
    """The tables of the lake as Ibis knows them, each by its name. Limited to shops when made for somebody who sees only some."""

    facts: "ir.Table"
    shops: "ir.Table"
    accounts: "ir.Table"
    products: "ir.Table"
    customers: "ir.Table"
    orders: "ir.Table"
    order_lines: "ir.Table"
    cases: "ir.Table"
    claims: "ir.Table"
    claim_lines: "ir.Table"
    refunds: "ir.Table"
    shipments: "ir.Table"
    messages: "ir.Table"
    clocks: "ir.Table"
    ratings: "ir.Table"
    talks: "ir.Table"
    notices: "ir.Table"

    def __init__(self, shops: frozenset[UUID] | None = None) -> None:
        self.limited_to = None if shops is None else tuple(sorted(str(shop) for shop in shops))

    def __getattr__(self, name: str) -> "ir.Table":
        shape = SHAPES.get(name) or READY.get(name)
        if shape is None:
            raise AttributeError(name)
        import ibis

        table = ibis.table(shape.types, name=shape.view)
        column = "id" if name == "shops" else "shop_id"
        if self.limited_to is not None and column in shape.types:
            table = table.filter(table[column].isin(self.limited_to))
        setattr(self, name, table)
        return table

    def __getitem__(self, name: str) -> "ir.Table":
        return getattr(self, name)


class Lake:
    """A folder of Parquet files and the engine that asks them. One for each process."""

    def __init__(self, folder: Path, settings: Insight | None = None) -> None:
        self.folder = folder
        self._engine = engine_of(folder, settings or Insight())
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="lake")
        self._read: tuple[int, Manifest] | None = None

    def manifest(self) -> Manifest:
        """Refuses with LakeNotReady before the first copy."""
        try:
            stands = (self.folder / MANIFEST).stat().st_mtime_ns
        except FileNotFoundError:
            raise LakeNotReady from None
        known = self._read
        if known is None or known[0] != stands:
            found = read_manifest(self.folder)
            if found is None or found.shape != fingerprint():
                raise LakeNotReady
            self._read = known = (stands, found)
        return known[1]

    def tables(self, shops: frozenset[UUID] | None = None) -> Tables:
        return Tables(shops)

    def fetch(self, expression: "ir.Expr") -> "pyarrow.Table":
        """The rows of an expression; keeps its thread busy. Refuses with LakeNotReady before the first copy."""
        from ibis.expr.operations import UnboundTable

        manifest = self.manifest()
        table = expression.as_table()
        asked = {node.name for node in table.op().find(UnboundTable)}
        if asked - {one.view for one in there(manifest)}:
            raise LakeNotReady
        rows = self._engine.answer(manifest, table)
        return rows.cast(table.schema().to_pyarrow())

    @property
    def dialect(self) -> Dialect:
        """What statements for `rows` are compiled for."""
        return self._engine.dialect

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a compiled statement over the tables that are copied; keeps its thread busy. Refuses with LakeNotReady."""
        return self._engine.rows(self.manifest(), sql)

    def export(self, name: str, path: Path, form: Literal["parquet", "csv"]) -> int:
        """Writes a whole table to one file; returns its rows."""
        import pyarrow.csv
        import pyarrow.parquet

        path.parent.mkdir(parents=True, exist_ok=True)
        rows = self.fetch(self.tables()[name])
        if form == "csv":
            pyarrow.csv.write_csv(rows, path)
        else:
            pyarrow.parquet.write_table(rows, path, compression="zstd")
        return len(rows)

    async def answer(self, expression: "ir.Expr") -> "pyarrow.Table":
        """The rows of an expression, found in a thread of a small pool."""
        return await self.in_thread(self.fetch, expression)

    async def in_thread(self, ask: "Callable[[Asked], Told]", asked: Asked) -> Told:
        return await asyncio.get_running_loop().run_in_executor(self._pool, ask, asked)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)
        self._engine.close()


class LakeOf:
    """The lake as one actor sees it."""

    def __init__(self, lake: Lake, shops: frozenset[UUID] | None) -> None:
        self.lake = lake
        self.manifest = lake.manifest()
        self._tables = lake.tables(shops)

    def tables(self) -> Tables:
        return self._tables

    @property
    def dialect(self) -> Dialect:
        return self.lake.dialect

    async def answer(self, expression: "ir.Expr") -> "pyarrow.Table":
        return await self.lake.answer(expression)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        """Of a compiled statement, made of `tables()`: nothing here limits it to shops."""
        return await self.lake.in_thread(self.lake.rows, sql)

    def fetch(self, expression: "ir.Expr") -> "pyarrow.Table":
        return self.lake.fetch(expression)


def lake_of(work: Work) -> LakeOf:
    """Needs `insights.read`; refuses with LakeNotReady before the first copy."""
    work.require("insights.read")
    return LakeOf(work.house.port(Lake), work.actor.shops)


@contextmanager
def open_folder(folder: Path, settings: Insight | None = None) -> Iterator[LakeOf]:
    """The lake of a folder without a house: all shops. Refuses with LakeNotReady."""
    lake = Lake(folder, settings)
    try:
        yield LakeOf(lake, None)
    finally:
        lake.close()


async def refresh(
    house: House, *, rebuild: bool = False, stopping: Callable[[], bool] = lambda: False
) -> Refreshed:
    """Copies what is new: facts, and the rows that they touched. Everything anew when there is nothing to add to, or `rebuild`.
    Raises BrokenOff when it was told to stop in the middle; then nothing has happened."""
    folder = house.port(Lake).folder
    if not rebuild and await _nothing_new(house, folder):
        return Refreshed()
    return await asyncio.to_thread(
        refresh_folder, house.database.url, folder, rebuild=rebuild, stopping=stopping
    )


async def _nothing_new(house: House, folder: Path) -> bool:
    """Asked on a connection that is there anyway; the copy's own libraries and connection are for when there is something."""
    seen = read_manifest(folder)
    if seen is None:
        return False
    async with begin(house, SYSTEM) as work:
        moment = moment_of(dict((await work.session.execute(text(MOMENT))).mappings().one()))
    quiet = (
        moment.goes_on_from(seen)
        and moment.stands == seen.cursor
        and moment.at - seen.whole_at < WHOLE_EVERY
        and len(there(seen)) == len(every_table())
    )
    if quiet:
        await asyncio.to_thread(note_quiet, folder, seen, moment)
    return quiet


async def keep_refreshed(house: House, leave: asyncio.Event) -> None:
    """Refreshes every half minute until it is time to leave; a copy in the middle then breaks off, and the next one makes it."""
    while not leave.is_set():
        began = monotonic()
        try:
            done = await refresh(house, stopping=leave.is_set)
        except BrokenOff:
            return
        except Exception as failure:
            # The lake stays as it is, and old; the next try is for half a minute later, like any other.
            REFRESH_FAILURES.inc()
            log.warning("the lake could not be refreshed", error=repr(failure), exc_info=failure)
        else:
            REFRESH_SECONDS.observe(monotonic() - began)
            FACTS_COPIED.inc(done.facts)
        with suppress(TimeoutError):
            await asyncio.wait_for(leave.wait(), SECONDS_BETWEEN_REFRESHES)


async def live_answer(work: Work, expression: "ir.Expr") -> "pyarrow.Table":
    """The same expression asked of PostgreSQL, as of now. For the last hours only: the whole history is the lake's. Needs
    `insights.read`."""
    import ibis
    import pyarrow

    work.require("insights.read")
    table = expression.as_table()
    connection = await work.session.connection()
    # It takes tens of milliseconds, in which others are served.
    sql = await asyncio.to_thread(ibis.to_sql, table, dialect="postgres")
    rows = (await connection.exec_driver_sql(str(sql))).all()
    schema = table.schema().to_pyarrow()
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(schema)
    return pyarrow.table(
        [
            pyarrow.array([_plain(value, kind) for value in column], kind)
            for column, kind in zip(columns, schema.types, strict=True)
        ],
        schema=schema,
    )


def _plain(value: Any, kind: "pyarrow.DataType") -> Any:
    """PostgreSQL's sums of integers are of a wider type than those of the lake."""
    import pyarrow

    if isinstance(value, Decimal):
        if pyarrow.types.is_integer(kind):
            return int(value)
        if pyarrow.types.is_floating(kind):
            return float(value)
    return value
