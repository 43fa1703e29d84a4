"""Reading PostgreSQL for the lake: a connection of its own under the application's role, all questions as of one moment, rows
streamed as Arrow."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import make_url

from aftercare.kit.server import APP_ROLE

if TYPE_CHECKING:
    import pyarrow

Source = Callable[[str], AbstractContextManager["pyarrow.RecordBatchReader"]]
"""Streams the rows of a question, which all see the same moment."""

OF_ASYNCPG = {"ssl": "sslmode"}
SETTLED = "pg_snapshot_xmin(pg_current_snapshot())"
"""Below it every transaction has ended: no fact will appear there any more."""


def _for_libpq(url: str) -> str:
    """The same server as this driver's library is told it: asyncpg says `ssl` where it says `sslmode`."""
    parts = make_url(url).set(drivername="postgresql")
    told = {OF_ASYNCPG.get(name, name): value for name, value in parts.query.items()}
    known = {
        name: value for name, value in told.items() if name in ("host", "port") or name.startswith("ssl")
    }
    return parts.set(query=known).render_as_string(hide_password=False)


@contextmanager
def source(url: str) -> Iterator[Source]:
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(_for_libpq(url)) as connection:
        with connection.cursor() as cursor:
            for setting in (
                "TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
                f"LOCAL ROLE {APP_ROLE}",
                "LOCAL aftercare.shops = '*'",
                "LOCAL timezone = 'UTC'",
                "LOCAL application_name = 'aftercare lake'",
            ):
                cursor.execute(f"SET {setting}")

        @contextmanager
        def ask(question: str) -> "Iterator[pyarrow.RecordBatchReader]":
            with connection.cursor() as cursor:
                cursor.execute(question)
                yield cursor.fetch_record_batch()

        try:
            yield ask
        finally:
            connection.rollback()


def one(ask: Source, question: str) -> dict[str, Any]:
    """The only row."""
    with ask(question) as rows:
        (row,) = rows.read_all().to_pylist()
    return row  # type: ignore[no-any-return]
