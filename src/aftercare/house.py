"""The house put together: every context with its tables, facts and reactions, the database, and the outside world by port.

Importing this module registers everything; `open_house` makes what a process works with and takes it apart again.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import structlog
from sqlalchemy.engine import make_url

from aftercare import (  # noqa: F401  # registers tables, facts and reactions
    cases,
    claims,
    conversations,
    identity,
    insights,
    logistics,
    notices,
    people,
    promises,
    shop,
    supply,
)
from aftercare.claims import RefundGateways
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.mail_smtp import mail_sender
from aftercare.connectors.tracking import tracking_pushes, tracking_source
from aftercare.journal import House
from aftercare.kit import cluster
from aftercare.kit.database import Database, async_url
from aftercare.kit.files import Files
from aftercare.kit.tables import APP_ROLE
from aftercare.logistics import TrackingPushes, TrackingSource
from aftercare.notices import MailSender
from aftercare.settings import Settings

log = structlog.get_logger()

FACTS_CHANNEL = "aftercare_facts"
DATABASE = "aftercare"
SECONDS_BETWEEN_RINGS = 0.01
SECONDS_BETWEEN_LOOKS = 1.0


@dataclass
class Server:
    """The PostgreSQL that we work on: ours, started and held, or somebody else's."""

    url: str
    own: cluster.Cluster | None = field(default=None, repr=False)

    def stop(self) -> None:
        if self.own is not None:
            self.own.stop()

    async def keep_alive(self) -> None:
        """Starts our own server again whenever it dies."""
        if self.own is None:
            return
        while True:
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            try:
                if self.own.pid is None and await asyncio.to_thread(self.own.revive):
                    log.warning("our PostgreSQL had died and was started again")
            except (cluster.ClusterUnavailable, OSError) as failure:
                log.error("our PostgreSQL cannot be started again", error=str(failure))


def find_server(settings: Settings) -> Server:
    """The server of the settings, or the wheel's, which starts within a second. Raises ClusterUnavailable."""
    if settings.database_url:
        return Server(async_url(settings.database_url))
    own = cluster.start(settings.home)
    own.ensure_database(DATABASE)
    return Server(own.url(DATABASE), own)


async def empty_database(server: Server) -> None:
    """Makes our database anew, with nothing in it."""
    if server.own is None:
        raise ValueError("not our own server")
    admin = await connect(server.own.url("postgres"), as_app=False)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await admin.close()


async def connect(url: str, *, as_app: bool = True) -> asyncpg.Connection:
    """One connection outside of any pool. With `as_app` under the role that owns nothing."""
    parts = make_url(url)
    return await asyncpg.connect(
        host=parts.query.get("host", parts.host),
        port=int(str(parts.query.get("port", parts.port or 5432))),
        user=parts.username,
        password=parts.password,
        database=parts.database,
        server_settings={"application_name": "aftercare", "timezone": "UTC"}
        | ({"role": APP_ROLE} if as_app else {}),
    )


class Bell:
    """Tells the workers that facts were committed: one NOTIFY on a connection of its own for all commits of some
    milliseconds. In the commits themselves NOTIFY would take a lock that lets them through one by one."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._asked = asyncio.Event()

    def ring(self) -> None:
        self._asked.set()

    async def run(self) -> None:
        while True:
            connection: asyncpg.Connection | None = None
            try:
                connection = await connect(self._url)
                while True:
                    await self._asked.wait()
                    self._asked.clear()
                    await connection.execute(f"NOTIFY {FACTS_CHANNEL}")
                    await asyncio.sleep(SECONDS_BETWEEN_RINGS)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
                # Nothing is lost: the worker looks by itself several times a second.
                await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
            finally:
                if connection is not None:
                    connection.terminate()


async def connect_ports(house: House, settings: Settings, stack: AsyncExitStack) -> None:
    """Hands the connectors in."""
    files = settings.files
    options = (
        {
            "key": files.key,
            "secret": files.secret.get_secret_value() if files.secret else None,
            "endpoint_url": files.endpoint,
        }
        if files.url and files.url.startswith("s3:")
        else {}
    )
    ports: dict[type, Any] = {
        RefundGateways: ConfiguredGateways(settings, house),
        Files: Files(files.url or str(settings.home / "files"), largest=files.largest_bytes, **options),
        MailSender: mail_sender(settings),
        TrackingPushes: tracking_pushes(settings.tracking),
    }
    source = await stack.enter_async_context(tracking_source(settings.tracking))
    if source is not None:
        ports[TrackingSource] = source
    house.ports = ports


@asynccontextmanager
async def open_house(
    settings: Settings, server: Server, *, pool_size: int | None = None
) -> AsyncIterator[House]:
    """A house with its pool, ports and bell."""
    database = Database(server.url, pool_size=pool_size or settings.pool_size)
    house = House(database, secret=settings.secret)
    bell = Bell(server.url)

    house.wake = bell.ring
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.close)
        await connect_ports(house, settings, stack)
        for runs in (bell.run(), server.keep_alive()):
            stack.push_async_callback(_end, asyncio.create_task(runs))
        yield house


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
