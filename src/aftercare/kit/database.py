"""The database: one engine per process, under the role that owns nothing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import TextClause, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction

from aftercare.kit.json import to_json
from aftercare.kit.server import async_url
from aftercare.kit.tables import APP_ROLE

__all__ = ["Database", "ShopConnection", "ShopSession", "async_url", "statement"]

SET_SHOPS = text("SELECT set_config('aftercare.shops', :shops, true)")
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


class ShopSession(Session):
    """The driver begins with the first statement; by then it knows the shops."""


@event.listens_for(ShopSession, "after_begin")
def _tell_shops(session: Session, _transaction: SessionTransaction, connection: Any) -> None:
    connection.connection.driver_connection.shops = session.info["shops"]


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
                "server_settings": {
                    "role": APP_ROLE,
                    "application_name": "aftercare",
                    "timezone": "UTC",
                    **(server_settings or {}),
                },
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_if_closed)

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
                yield session
        else:
            async with (
                AsyncSession(
                    self.engine, sync_session_class=ShopSession, expire_on_commit=False, info={"shops": shops}
                ) as session,
                session.begin(),
            ):
                yield session

    async def close(self) -> None:
        await self.engine.dispose()


def _refuse_if_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """A server that went away has closed its sockets, which the driver has noticed: the pool then gives a fresh connection.
    Unlike a ping, asking costs nothing."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
