"""What answers expressions over the lake: DuckDB inside the process, or Spark for who outgrew one machine."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal, Protocol

from aftercare.insights.lake.manifest import Manifest, Part
from aftercare.insights.lake.parts import listed, quoted
from aftercare.insights.lake.ready import READY, Ready
from aftercare.insights.lake.shapes import DAY, INSTANT, INTEGER, NUMBER, SHAPES, STRING, TRUTH, Shape
from aftercare.settings import Insight

if TYPE_CHECKING:
    import duckdb
    import ibis.expr.types as ir
    import pyarrow

IN_SQL = {
    STRING: ("VARCHAR", "STRING"),
    INTEGER: ("BIGINT", "BIGINT"),
    NUMBER: ("DOUBLE", "DOUBLE"),
    TRUTH: ("BOOLEAN", "BOOLEAN"),
    INSTANT: ("TIMESTAMPTZ", "TIMESTAMP"),
    DAY: ("DATE", "DATE"),
}
"""What DuckDB and Spark call the types."""


Dialect = Literal["duckdb", "postgres", "pyspark"]
"""What SQL is compiled for."""
KEPT_ROWS = 100_000
"""A table with fewer rows is read once and kept in memory: to open its files takes longer than to count them."""

TRUNCATED = """
    CREATE MACRO date_trunc(unit, moment TIMESTAMPTZ) AS
        make_timestamptz(epoch_us(system.main.date_trunc(unit, make_timestamp(epoch_us(moment))))),
      (unit, moment TIMESTAMP) AS system.main.date_trunc(unit, moment)
"""
"""We ask in UTC, where months and days are arithmetic; DuckDB would ask a calendar for each row, which takes three times as long."""


class Engine(Protocol):
    """Safe to ask from several threads."""

    dialect: Dialect

    def answer(self, manifest: Manifest, table: "ir.Table") -> "pyarrow.Table":
        """The rows of a table expression over the parts that the manifest names."""

    def rows(self, manifest: Manifest, sql: str) -> list[dict[str, Any]]:
        """The same of a statement of its dialect."""

    def close(self) -> None: ...


def engine_of(folder: Path, settings: Insight) -> Engine:
    return Spark(folder, settings) if settings.engine == "spark" else Duck(folder, settings)


def there(manifest: Manifest) -> list[Shape | Ready]:
    """The tables that a manifest has: those that are copied, and what is kept ready as it is made now."""
    ready = [table for table in READY.values() if manifest.marks.get(table.name) == table.mark]
    return [*SHAPES.values(), *ready]


class Duck:
    """Bounded in memory and threads; reads nothing but the lake's folder and loads nothing."""

    dialect: Dialect = "duckdb"

    def __init__(self, folder: Path, settings: Insight) -> None:
        self.folder = folder.resolve()
        self._settings = settings
        self._opening = Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._number = 0
        self._laid: dict[str, tuple[Part, ...]] = {}

    def answer(self, manifest: Manifest, table: "ir.Table") -> "pyarrow.Table":
        import ibis

        sql = str(ibis.to_sql(table, dialect=self.dialect, pretty=False))
        with self._cursor(manifest) as cursor:
            return cursor.sql(sql).to_arrow_table()

    def rows(self, manifest: Manifest, sql: str) -> list[dict[str, Any]]:
        with self._cursor(manifest) as cursor:
            told = cursor.execute(sql)
            names = [column[0] for column in told.description or ()]
            return [dict(zip(names, row, strict=True)) for row in told.fetchall()]

    @contextmanager
    def _cursor(self, manifest: Manifest) -> "Iterator[duckdb.DuckDBPyConnection]":
        with self._opening:
            if self._connection is None:
                self._connection = self._open()
            if self._number != manifest.number:
                self._lay_tables(self._connection, manifest)
                self._number = manifest.number
            cursor = self._connection.cursor()
        with cursor:
            cursor.execute("SET TimeZone = 'UTC'")
            cursor.execute("SET enable_progress_bar = false")
            yield cursor

    def _open(self) -> "duckdb.DuckDBPyConnection":
        import duckdb

        connection = duckdb.connect(
            config={
                "memory_limit": self._settings.memory,
                "threads": self._settings.threads,
                "temp_directory": "",
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        connection.execute(TRUNCATED)
        connection.execute("SET parquet_metadata_cache = true")
        connection.execute("SET enable_progress_bar = false")
        connection.execute(f"SET allowed_directories = [{quoted(self.folder)}]")
        connection.execute("SET enable_external_access = false")
        return connection

    def _lay_tables(self, connection: "duckdb.DuckDBPyConnection", manifest: Manifest) -> None:
        """Views of the files; small tables are tables."""
        laid: dict[str, tuple[Part, ...]] = {}
        connection.begin()
        for table in there(manifest):
            parts = laid[table.name] = manifest.tables.get(table.name, ())
            if self._laid.get(table.name) == parts:
                continue
            if parts:
                files = ", ".join(quoted(self.folder / part.path) for part in parts)
                told = f"SELECT {listed(table.types)} FROM read_parquet([{files}], hive_partitioning = false)"
            else:
                nothing = (
                    f'CAST(NULL AS {IN_SQL[kind][0]}) AS "{name}"' for name, kind in table.types.items()
                )
                told = f"SELECT {', '.join(nothing)} WHERE false"
            if table.name in self._laid:
                connection.execute(f"DROP {_kind(self._laid[table.name])} {table.view}")
            connection.execute(f"CREATE {_kind(parts)} {table.view} AS {told}")
        connection.commit()
        self._laid = laid

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()


def _kind(parts: tuple[Part, ...]) -> str:
    return "TABLE" if sum(part.rows for part in parts) < KEPT_ROWS else "VIEW"


class Spark:
    """Spark inside Java processes of this machine, or a cluster that sees the lake's folder under the same path."""

    dialect: Dialect = "pyspark"

    def __init__(self, folder: Path, settings: Insight) -> None:
        self.folder = folder.resolve()
        self._settings = settings
        self._one_at_a_time = Lock()
        self._connection: Any = None
        self._number = 0

    def answer(self, manifest: Manifest, table: "ir.Table") -> "pyarrow.Table":
        with self._asked(manifest) as connection:
            return connection.to_pyarrow(table)

    def rows(self, manifest: Manifest, sql: str) -> list[dict[str, Any]]:
        with self._asked(manifest) as connection:
            return [row.asDict() for row in connection._session.sql(sql).collect()]

    @contextmanager
    def _asked(self, manifest: Manifest) -> "Iterator[Any]":
        with self._one_at_a_time:
            if self._connection is None:
                self._connection = self._open()
            if self._number != manifest.number:
                self._lay_views(manifest)
                self._number = manifest.number
            yield self._connection

    def _open(self) -> Any:
        import ibis
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.master(self._settings.spark_master).appName("aftercare")
        for name, value in {
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.shuffle.partitions": "8",
            # Made at the start though nothing is laid there; else wherever the program happens to run.
            "spark.sql.warehouse.dir": str(self.folder / "spark"),
            **self._settings.spark,
        }.items():
            builder = builder.config(name, value)
        # The session belongs to the process, its views to this lake.
        session = builder.getOrCreate().newSession()
        session.sql(
            "CREATE OR REPLACE TEMPORARY FUNCTION timezone(zone STRING, moment TIMESTAMP) RETURNS TIMESTAMP_NTZ"
            " RETURN CAST(from_utc_timestamp(moment, zone) AS TIMESTAMP_NTZ)"
        )
        return ibis.pyspark.connect(session)

    def _lay_views(self, manifest: Manifest) -> None:
        session = self._connection._session
        for table in there(manifest):
            schema = ", ".join(f"`{name}` {IN_SQL[kind][1]}" for name, kind in table.types.items())
            files = [str(self.folder / part.path) for part in manifest.tables.get(table.name, ())]
            rows = (
                session.read.schema(schema).parquet(*files) if files else session.createDataFrame([], schema)
            )
            rows.createOrReplaceTempView(table.view)

    def close(self) -> None:
        """The session stays: it is the process's, and starting it again takes seconds."""
