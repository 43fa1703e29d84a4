"""The PostgreSQL that we work on: how it is found, spoken to without a pool, and kept alive.

Loads nothing that takes time, since a parent of several processes needs only this much.
"""

import asyncio
import logging
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import asyncpg

from aftercare.kit import cluster
from aftercare.settings import Settings

APP_ROLE = "aftercare_app"
DATABASE = "aftercare"
SECONDS_BETWEEN_LOOKS = 1.0
REVISION = re.compile(r"^(down_revision|revision)\b[^=\n]*= *[\"']?(\w+)", re.MULTILINE)
log = logging.getLogger(__name__)


@dataclass
class Server:
    """Ours, started and held, or somebody else's."""

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
                log.error("our PostgreSQL cannot be started again: %s", failure)


def find_server(settings: Settings) -> Server:
    """The server of the settings, or the wheel's, which starts within a second. Raises ClusterUnavailable."""
    if settings.database_url:
        return Server(async_url(settings.database_url))
    own = cluster.start(settings.home)
    try:
        own.ensure_database(DATABASE)
    except BaseException:  # Ctrl-C as well
        own.stop()
        raise
    return Server(own.url(DATABASE), own)


def async_url(url: str) -> str:
    """Accepts the usual spellings (`postgres://`, `postgresql://`) and names the driver that we use. Raises ClusterUnavailable."""
    named, ours = re.subn(r"^postgres(ql)?(\+\w+)?://", "postgresql+asyncpg://", url)
    if not ours:
        raise cluster.ClusterUnavailable(
            "AFTERCARE_DATABASE_URL is not the address of a PostgreSQL: postgresql://user:password@host/database"
        )
    return named


async def connect(url: str, *, as_app: bool = True) -> asyncpg.Connection:
    """One connection outside of any pool. With `as_app` under the role that owns nothing."""
    return await asyncpg.connect(
        re.sub(r"^postgresql\+asyncpg:", "postgresql:", url),
        server_settings={"application_name": "aftercare", "timezone": "UTC"}
        | ({"role": APP_ROLE} if as_app else {}),
    )


async def empty_database(server: Server) -> None:
    """Makes our database anew, with nothing in it; in a server that is not ours, the schema of the database."""
    if server.own is None:
        owner = await connect(server.url, as_app=False)
        try:
            await owner.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        finally:
            await owner.close()
        return
    admin = await connect(server.own.url("postgres"), as_app=False)
    try:
        await admin.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        await admin.execute(f"CREATE DATABASE {DATABASE}")
    finally:
        await admin.close()


# The revision of the schema.


def migrations_folder() -> Path:
    """Inside the package in a wheel, beside `src/` in a checkout."""
    package = Path(__file__).parents[1]
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parents[1] / "migrations"


@lru_cache
def _revisions() -> dict[str, str]:
    """Each with the one before it. Read, not run: Alembic takes longer to load than all the rest of a start."""
    told = (dict(REVISION.findall(path.read_text())) for path in migrations_folder().glob("versions/*.py"))
    return {one["revision"]: one["down_revision"] for one in told}


def newest_revision() -> str:
    heads = _revisions().keys() - _revisions().values()
    if len(heads) != 1:
        raise RuntimeError(f"{len(heads)} newest migrations in {migrations_folder()}")
    (newest,) = heads
    return newest


def leads_on_from(revision: str | None) -> bool:
    """Whether the migrations of this version know the way from there."""
    return revision is None or revision in _revisions()


async def standing(url: str) -> str | None:
    """The revision that a database stands at; None when it has no schema yet."""
    connection = await connect(url, as_app=False)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
            return None
        revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        return revision
    finally:
        await connection.close()
