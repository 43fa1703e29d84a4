"""The database: one engine per process, under the role that owns nothing."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import TextClause, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from aftercare.kit.json import to_json
from aftercare.kit.server import async_url
from aftercare.kit.tables import APP_ROLE

__all__ = ["Database", "ShopConnection", "ShopSession", "async_url", "statement"]

SET_SHOPS = text("SELECT set_config('aftercare.shops', :shops, true)")
MOST_READERS = 4
STATEMENTS_KEPT = 400
"""Prepared by each connection; fewer than a process has would mean preparing the same ones again and again."""


@lru_cache(maxsize=1_000)
def statement(sql: str) -> TextClause:
    """For statements that are put together anew with each call: the same words are read and compiled once."""
    return text(sql)


class ShopConnection(asyncpg.Connection):  # type: ignore[misc]  # untyped
    """Says with BEGIN itself which shops the transaction may see: one way to the server and back instead of two."""

    shops = ""

    async def execute(self, query: str, *args: Any, timeout: float | None = None) -> str:  # noqa: ASYNC109  # the driver's
        if query.startswith("BEGIN"):
            query = f"{query} SET LOCAL aftercare.shops = '{self.shops}'"
        return await super().execute(query, *args, timeout=timeout)  # type: ignore[no-any-return]


class ReadRow(asyncpg.Record):  # type: ignore[misc]  # untyped
    """A row as SQLAlchemy's: columns are attributes, `_mapping` has them by name."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def _mapping(self) -> "ReadRow":
        return self


@lru_cache(maxsize=1_000)
def positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """The driver's own way to write `:name`, and the names in the order of their numbers."""
    names: dict[str, int] = {}
    query = _NAMED.sub(lambda found: f"${names.setdefault(found[1], len(names) + 1)}", sql)
    return query, tuple(names)


_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")


class Reading:
    """A transaction that only reads, on a connection of the driver's own: a fifth of what a session costs."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def tell(self, words: str) -> None:
        with _as_of_a_session(words):
            await self._connection.execute(words)

    async def rows(self, query: str, values: Sequence[Any]) -> list[Any]:
        with _as_of_a_session(query):
            return await self._connection.fetch(query, *values)  # type: ignore[no-any-return]


async def rows_of(session: AsyncSession, sql: str, values: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a statement in the session's own transaction. Once that has begun the driver itself is asked, which takes a
    fraction of the time. What the session has not written yet is written first, if it flushes by itself."""
    if session.autoflush and (session.new or session.dirty or session.deleted):
        await session.flush()
    driver = session.info.get(DRIVER)
    if driver is None or not driver.is_in_transaction():
        result: Any = await session.execute(statement(sql), values)
        return result.all() if result.returns_rows else ()
    query, names = positional(sql)
    with _as_of_a_session(query):
        return await driver.fetch(query, *(values[name] for name in names), record_class=ReadRow)  # type: ignore[no-any-return]


DRIVER_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the driver raises. The last one also where a server dies between question and answer."""


@contextmanager
def _as_of_a_session(query: str) -> Iterator[None]:
    """What the driver raises looks as if a session had asked, without the values."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as broken:
        raise IntegrityError(query, None, broken, hide_parameters=True) from broken
    except DRIVER_FAILURES as failure:
        # Its own words about values aside, the driver complains by itself only of a connection that is gone.
        lost = not isinstance(failure, asyncpg.PostgresError | asyncpg.DataError)
        raise DBAPIError(query, None, failure, hide_parameters=True, connection_invalidated=lost) from failure


DRIVER = "driver"
"""Where a session keeps the driver's connection as long as its transaction lasts."""


class ShopSession(Session):
    """The driver begins with the first statement; by then it knows the shops."""


@event.listens_for(ShopSession, "after_begin")
def _tell_shops(session: Session, _transaction: SessionTransaction, connection: Any) -> None:
    driver = session.info[DRIVER] = connection.connection.driver_connection
    driver.shops = session.info["shops"]


@event.listens_for(ShopSession, "after_transaction_end")
def _let_go(session: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        session.info.pop(DRIVER, None)


class Database:
    """A pool of connections. `bound` is set in tests only: one connection whose outer transaction is rolled back."""

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 8,
        bound: AsyncConnection | None = None,
        server_settings: Mapping[str, str] | None = None,
    ) -> None:
        self.url = async_url(url)
        self.bound = bound
        self._readers: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._server_settings = {
            "role": APP_ROLE,
            "application_name": "aftercare",
            "timezone": "UTC",
            **(server_settings or {}),
        }
        self.engine: AsyncEngine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=4,
            pool_timeout=10,
            pool_pre_ping=False,
            hide_parameters=True,
            json_serializer=to_json,
            connect_args={
                "connection_class": ShopConnection,
                "prepared_statement_cache_size": STATEMENTS_KEPT,
                "server_settings": self._server_settings,
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_if_closed)

    def lazy_session(self, shops: str) -> AsyncSession:
        """One that begins with its first statement; whoever makes it commits and closes it."""
        return AsyncSession(
            self.engine, sync_session_class=ShopSession, expire_on_commit=False, info={"shops": shops}
        )

    @asynccontextmanager
    async def session(self, shops: str) -> AsyncIterator[AsyncSession]:
        """A transaction that commits when the block ends, and sees these shops: ids with commas between them, or `*`."""
        if self.bound is not None:
            async with (
                AsyncSession(
                    self.bound, expire_on_commit=False, join_transaction_mode="create_savepoint"
                ) as session,
                session.begin(),
            ):
                await session.execute(SET_SHOPS, {"shops": shops})
                raw = await (await session.connection()).get_raw_connection()
                session.info[DRIVER] = raw.driver_connection
                yield session
        else:
            async with self.lazy_session(shops) as session, session.begin():
                yield session

    @asynccontextmanager
    async def reading(self, shops: str) -> AsyncIterator[Reading]:
        """A transaction that changes nothing, and sees these shops."""
        async with self._opening:
            if self._readers is None:
                self._readers = await self._open_readers()
        with _as_of_a_session("connecting"):
            connection = await self._readers.acquire(timeout=10)
        try:
            reading = Reading(connection)
            await reading.tell(f"BEGIN READ ONLY; SET LOCAL aftercare.shops = '{shops}'")
            yield reading
            await reading.tell("COMMIT")
        except BaseException:
            # Whatever state it is in: the next one gets a connection in none.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            raise
        finally:
            await self._readers.release(connection)

    async def _open_readers(self) -> asyncpg.Pool:
        parts = make_url(self.url)
        return await asyncpg.create_pool(
            host=parts.query.get("host", parts.host),
            port=int(str(parts.query.get("port", parts.port or 5432))),
            user=parts.username,
            password=parts.password,
            database=parts.database,
            min_size=0,
            max_size=MOST_READERS,
            max_inactive_connection_lifetime=60,
            record_class=ReadRow,
            statement_cache_size=STATEMENTS_KEPT,
            max_cached_statement_lifetime=0,
            init=_reads_json,
            reset=_nothing_to_reset,
            server_settings=self._server_settings,
        )

    async def close(self) -> None:
        if self._readers is not None:
            self._readers.terminate()
        await self.engine.dispose()


async def _reads_json(connection: asyncpg.Connection) -> None:
    for kind in ("json", "jsonb"):
        await connection.set_type_codec(kind, encoder=to_json, decoder=json.loads, schema="pg_catalog")


async def _nothing_to_reset(_connection: Any) -> None:
    """A transaction that only read leaves nothing behind."""


def _refuse_if_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """A server that went away has closed its sockets, which the driver has noticed: the pool then gives a fresh connection.
    Unlike a ping, asking costs nothing."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
