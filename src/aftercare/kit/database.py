"""The database: one engine per process, under the role that owns nothing."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, create_async_engine

from aftercare.kit.json import to_json
from aftercare.kit.tables import APP_ROLE


def async_url(url: str) -> str:
    """Accepts the usual spellings (`postgres://`, `postgresql://`) and names the driver that we use."""
    return make_url(url).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)


class Database:
    """A pool of connections. `bound` is set in tests only: one connection whose outer transaction is rolled back."""

    def __init__(self, url: str, *, pool_size: int = 8, bound: AsyncConnection | None = None) -> None:
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
                "server_settings": {"role": APP_ROLE, "application_name": "aftercare", "timezone": "UTC"}
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _refuse_if_closed)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        if self.bound is not None:
            async with AsyncSession(
                self.bound, expire_on_commit=False, join_transaction_mode="create_savepoint"
            ) as session:
                yield session
        else:
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                yield session

    async def close(self) -> None:
        await self.engine.dispose()


def _refuse_if_closed(connection: Any, _record: Any, _proxy: Any) -> None:
    """A server that went away has closed its sockets, which the driver has noticed: the pool then gives a fresh connection.
    Unlike a ping, asking costs nothing."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError
