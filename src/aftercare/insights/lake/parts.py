"""Parts: rows to Parquet files and back, by a DuckDB that is bounded in memory and spills beside the lake."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from aftercare.insights.lake.manifest import SPILL, Part
from aftercare.insights.lake.ready import Ready
from aftercare.insights.lake.shapes import FACTS, Shape

if TYPE_CHECKING:
    import duckdb
    import pyarrow

Parts = tuple[Part, ...]
ROWS_PER_GROUP = 122_880
SMALL_ROWS = 250_000
MOST_SMALL = 8
"""A folder with more parts than this that are small gets one part instead of them."""
MOST_COMPACTED = 2_000_000
"""Rows that one refresh writes anew for that."""
SPREAD_ROWS = 250_000
APART_ROWS = 20_000
"""A month with so many facts has a folder of its own for each shop with so many; the other shops share one. More folders than that
would cost more to open than they save."""
OTHERS = "others"


def quoted(path: Path | str) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


class Writer:
    """Makes parts in a folder. Nothing that it writes counts before a manifest names it."""

    def __init__(self, folder: Path, connection: "duckdb.DuckDBPyConnection") -> None:
        self.folder = folder
        self.written: list[Part] = []
        self._sql = connection

    def rows(self, parts: Iterable[Part], *, named: bool = False) -> str:
        """The rows of parts as something to select from; `named` tells of each the file that it lies in."""
        files = ", ".join(quoted(self.folder / part.path) for part in parts)
        return f"read_parquet([{files}], hive_partitioning = false{', filename = true' if named else ''})"

    def stream(
        self,
        table: Shape,
        batches: "pyarrow.RecordBatchReader",
        *,
        in_order: bool = False,
        apart: Iterable[str] = (),
    ) -> Parts:
        """Writes what comes in, by month, facts also by shop: those that are `apart`, and all others. `in_order` sorts all of it
        first."""
        with self._lent("coming", batches):
            return self.write(table, "coming", in_order=in_order, apart=apart)

    def write(
        self,
        table: Shape | Ready,
        rows: str,
        *,
        in_order: bool = True,
        place: str | None = None,
        apart: Iterable[str] = (),
    ) -> Parts:
        """Writes the rows of a relation as new parts: all to one `place`, or each where its month, and of facts the shop, has it."""
        below = self.folder / table.name
        mark = uuid4().hex
        told = f"SELECT {listed(table.types)} FROM {rows}"
        options = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}, RETURN_STATS"
        order = list(table.order) if in_order else []
        if place is not None or table.month_of is None:
            (below / (place or "")).mkdir(parents=True, exist_ok=True)
            target = below / (place or "") / f"{mark}.parquet"
        else:
            below.mkdir(parents=True, exist_ok=True)
            target = below
            month = f"strftime(\"{table.month_of}\" AT TIME ZONE 'UTC', '%Y-%m') AS month"
            by = ["month"]
            if table is FACTS:
                shops = ", ".join(map(quoted, apart)) or "NULL"
                month += f", CASE WHEN shop_id IN ({shops}) THEN shop_id ELSE '{OTHERS}' END AS shop"
                by.append("shop")
            told = f"SELECT *, {month} FROM ({told})"
            options += f", PARTITION_BY ({listed(by)}), FILENAME_PATTERN '{mark}-{{i}}', OVERWRITE_OR_IGNORE"
            order = [*by, *order] if order else []
        if order:
            told += f" ORDER BY {listed(order)}"
        made = self._sql.execute(f"COPY ({told}) TO {quoted(target)} ({options})").fetchall()
        parts = []
        for path, count, *_ in made:
            found = Path(path)
            if count:
                inside = found.parent.relative_to(below).as_posix()
                parts.append(
                    Part(found.relative_to(self.folder).as_posix(), "" if inside == "." else inside, count)
                )
            else:
                found.unlink()
        self.written += parts
        return tuple(parts)

    # Which rows new facts have touched.

    def touched(self, facts: Parts, shape: Shape) -> dict[str, tuple[str, list[str]]]:
        """By column of the table: how PostgreSQL calls it, and the values that the facts carry for it."""
        found: dict[str, tuple[str, set[str]]] = {}
        for touch in shape.touches if facts else ():
            carried = (
                f'"{touch.fact_column}"'
                if touch.fact_column in FACTS.types
                else f"json_extract_string(data, '$.{touch.fact_column}')"
            )
            named = f"AND name IN ({', '.join(map(quoted, touch.only))})" if touch.only else ""
            rows = self._sql.execute(
                f"SELECT DISTINCT {carried} FROM {self.rows(facts)} WHERE {carried} IS NOT NULL {named}"
            ).fetchall()
            found.setdefault(touch.column, (touch.indexed, set()))[1].update(
                value for (value,) in rows if _is_id(value)
            )
        return {column: (indexed, sorted(values)) for column, (indexed, values) in found.items() if values}

    def merge(self, shape: Shape, old: Parts, touched: dict[str, list[str]], fresh: "pyarrow.Table") -> Parts:
        """The parts of a table in which the `touched` rows are those of `fresh`, and no others. Only parts whose rows have truly
        changed or gone are written anew; what is new gets parts of its own."""
        columns = listed(shape.types)
        with self._lent("coming", fresh):
            # A row may have been touched in several ways.
            self._make("fresh", f"SELECT DISTINCT {columns} FROM coming")
        if not old:
            return self.write(shape, "fresh") if len(fresh) else ()
        hits = ["id IN (SELECT id FROM fresh)"]
        for column, values in touched.items():
            self._keys(f"touched_{column}", values)
            hits.append(f'"{column}" IN (SELECT value FROM touched_{column})')
        known = self.rows(old, named=True)
        self._make("hit", " UNION ".join(f"SELECT id, filename FROM {known} WHERE {hit}" for hit in hits))
        if not (files := self._files("hit", old)):
            return (*old, *self.write(shape, "fresh")) if len(fresh) else old
        self._make(
            "was", f"SELECT {columns}, filename FROM {self.rows(files, named=True)} SEMI JOIN hit USING (id)"
        )
        self._make("gone", f"SELECT id FROM (SELECT {columns} FROM was EXCEPT SELECT {columns} FROM fresh)")
        self._make("new", f"SELECT {columns} FROM fresh EXCEPT SELECT {columns} FROM was")
        changed = self._files("was SEMI JOIN gone USING (id)", old)
        if not changed and not self._count("new"):
            return old
        rest = f"SELECT {columns} FROM {self.rows(changed)} ANTI JOIN gone USING (id)"
        result = f"({rest} UNION ALL SELECT {columns} FROM new)" if changed else "new"
        return (*(part for part in old if part not in changed), *self.write(shape, result))

    # What is kept ready.

    def made_of(self, table: Ready, facts: Parts) -> Parts:
        """The whole table, of all facts."""
        if table.per is None:
            return self._made_by_month(table, facts)
        return self._made(table, facts, f'"{table.per}" IS NOT NULL') if facts else ()

    def made_again(self, table: Ready, old: Parts, facts: Parts, new: Parts) -> Parts:
        """The table after `new` facts have come to those that were there: `facts` are all of them."""
        if table.per is None:
            months = {_month(part) for part in new}
            kept = tuple(part for part in old if _month(part) not in months)
            return (
                *kept,
                *self._made_by_month(table, tuple(part for part in facts if _month(part) in months)),
            )
        key = listed([table.per])
        self._make("keys", f"SELECT DISTINCT {key} AS value FROM {self.rows(new)} WHERE {key} IS NOT NULL")
        if not self._count("keys"):
            return old
        fresh = self._made(table, facts, f"{key} IN (SELECT value FROM keys)")
        if not old:
            return fresh
        known = self.rows(old, named=True)
        changed = self._files(f"{known} WHERE {key} IN (SELECT value FROM keys)", old)
        rest = (
            self.write(table, f"{self.rows(changed)} WHERE {key} NOT IN (SELECT value FROM keys)")
            if changed
            else ()
        )
        return (*(part for part in old if part not in changed), *rest, *fresh)

    def _made_by_month(self, table: Ready, facts: Parts) -> Parts:
        made: list[Part] = []
        for month in sorted({_month(part) for part in facts}):
            made += self._made(table, tuple(part for part in facts if _month(part) == month), "true", month)
        return tuple(made)

    def _made(self, table: Ready, facts: Parts, which: str, place: str | None = None) -> Parts:
        import ibis

        self._sql.execute(
            f"CREATE OR REPLACE TEMP VIEW ready_facts AS SELECT * FROM {self.rows(facts)} WHERE {which}"
        )
        expression = table.of(ibis.table(FACTS.types, name="ready_facts"))
        return self.write(table, f"({ibis.to_sql(expression, dialect='duckdb')})", place=place)

    # Small things.

    @contextmanager
    def _lent(self, name: str, rows: object) -> Iterator[None]:
        self._sql.register(name, rows)
        try:
            yield
        finally:
            self._sql.unregister(name)

    def _make(self, name: str, told: str) -> None:
        self._sql.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {told}")

    def _keys(self, name: str, values: list[str]) -> None:
        import pyarrow

        with self._lent("values_of", pyarrow.table({"value": pyarrow.array(values, "string")})):
            self._make(name, "SELECT value FROM values_of")

    def _count(self, name: str) -> int:
        ((count,),) = self._sql.execute(f"SELECT count(*) FROM {name}").fetchall()
        return int(count)

    def _files(self, relation: str, parts: Parts) -> Parts:
        """Those of the parts that a relation with the column `filename` names."""
        rows = self._sql.execute(f"SELECT DISTINCT filename FROM {relation}").fetchall()
        names = {name for (name,) in rows}
        return tuple(part for part in parts if str(self.folder / part.path) in names)

    def compact(self, table: Shape | Ready, parts: Parts, room: int) -> tuple[Parts, int]:
        """One part instead of many small ones in a folder, as long as there is `room` for so many rows; what room is left."""
        small: defaultdict[str, list[Part]] = defaultdict(list)
        for part in parts:
            if part.rows < SMALL_ROWS:
                small[part.place].append(part)
        kept = list(parts)
        for place, many in sorted(small.items(), key=lambda each: -len(each[1])):
            if table is FACTS and place.endswith(OTHERS):
                # Shops that share a folder may have grown too large for that, by what larger parts have of them too.
                together = [part for part in parts if part.place == place]
            else:
                together = many
            rows = sum(part.rows for part in together)
            if len(many) > MOST_SMALL and rows <= room:
                room -= rows
                kept = [part for part in kept if part not in together]
                relation = self.rows(together)
                apart = self._large_shops(relation) if together is not many and rows >= SPREAD_ROWS else []
                kept += self.write(table, relation, place=None if apart else place, apart=apart)
        return tuple(kept), room

    def _large_shops(self, relation: str) -> list[str]:
        rows = self._sql.execute(
            f"SELECT shop_id FROM {relation} WHERE shop_id IS NOT NULL GROUP BY 1 HAVING count(*) >= {APART_ROWS}"
        ).fetchall()
        return [shop for (shop,) in rows]


def _month(part: Part) -> str:
    return part.place.partition("/")[0]


def _is_id(value: str) -> bool:
    try:
        UUID(value)
    except ValueError:
        return False
    return True


@contextmanager
def writer(folder: Path) -> Iterator[Writer]:
    import duckdb

    with duckdb.connect(
        config={
            "memory_limit": "512MB",
            "threads": 2,
            "temp_directory": str(folder / SPILL),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    ) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET enable_progress_bar = false")
        yield Writer(folder, connection)
