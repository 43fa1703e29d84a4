"""A real PostgreSQL for every test: a database per worker, and each test in an outer transaction with savepoints, so that
`begin()` truly commits inside it. Tests of concurrency take `own_house`: a database of their own."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import asyncpg
import hypothesis
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

import aftercare.app  # noqa: F401  # registers every table, fact and reaction
from aftercare.installation import lay
from aftercare.journal import House
from aftercare.kit.database import Database, async_url

NOON = datetime(2026, 3, 10, 4, 0, tzinfo=UTC)
"""A Tuesday, 12:00 in Shanghai: the moment at which most tests play."""

# The same examples each time, however slow the machine is. With `AFTERCARE_FUZZ=200` so many, and elsewhere each time.
EXAMPLES = int(os.environ.get("AFTERCARE_FUZZ", "0"))
hypothesis.settings.register_profile(
    "aftercare",
    derandomize=not EXAMPLES,
    max_examples=EXAMPLES or 100,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("aftercare")

DATA = Path(os.environ.get("AFTERCARE_DATA", Path(__file__).parents[2] / "shared" / "data"))


class Clock:
    """The time of a test; it moves only when told."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    """The address of a server on which we may make databases."""
    given = os.environ.get("AFTERCARE_DATABASE_URL")
    if given:
        yield async_url(given)
        return
    from aftercare.kit import cluster

    started = cluster.start(Path(__file__).parents[1] / "var" / "test-postgres", durable=False)
    yield started.url("postgres")
    started.stop()


def _in(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


async def on_server(url: str, *statements: str) -> None:
    """Each by itself, as for making and dropping databases."""
    parts = make_url(url)
    connection = await asyncpg.connect(
        host=parts.query.get("host", parts.host),
        port=int(str(parts.query.get("port", parts.port or 5432))),
        user=parts.username,
        password=parts.password,
        database="postgres",
    )
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def template(server_url: str, worker_id: str) -> AsyncIterator[str]:
    """The name of a database with the whole schema and no rows, one per test process. Straight from the models; that migrations
    arrive at the same is a test of its own."""
    name = f"aftercare_test_{worker_id}_{os.getpid()}"
    await on_server(
        server_url,
        f"DROP DATABASE IF EXISTS {name} WITH (FORCE)",
        f"CREATE DATABASE {name} TEMPLATE template0",
    )
    for attempt in range(10):
        try:
            await lay(_in(server_url, name))
            break
        except Exception as clash:
            # Roles belong to the whole server: two processes granting at once clash.
            if attempt == 9 or "concurrently" not in str(clash):
                raise
            await asyncio.sleep(0.2)
    yield name
    await on_server(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def database(server_url: str, template: str) -> AsyncIterator[Database]:
    copied = f"{template}_shared"
    await on_server(
        server_url,
        f"DROP DATABASE IF EXISTS {copied} WITH (FORCE)",
        f"CREATE DATABASE {copied} TEMPLATE {template}",
    )
    database = Database(_in(server_url, copied), pool_size=2)
    yield database
    await database.close()
    await on_server(server_url, f"DROP DATABASE IF EXISTS {copied} WITH (FORCE)")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture(loop_scope="session")
async def house(database: Database, clock: Clock) -> AsyncIterator[House]:
    """A house whose every Work commits into a savepoint of one transaction that is rolled back after the test."""
    async with database.engine.connect() as connection:
        outer = await connection.begin()
        bound = Database.__new__(Database)
        bound.url, bound.engine, bound.bound = database.url, database.engine, connection
        yield House(bound, clock=clock, secret=b"a secret for tests only")
        await outer.rollback()


@pytest_asyncio.fixture(loop_scope="session")
async def own_house(server_url: str, template: str, clock: Clock) -> AsyncIterator[House]:
    """A house on a database of its own, with real commits on many connections."""
    name = f"{template}_{uuid4().hex[:8]}"
    await on_server(server_url, f"CREATE DATABASE {name} TEMPLATE {template}")
    database = Database(_in(server_url, name), pool_size=16)
    yield House(database, clock=clock, secret=b"a secret for tests only")
    await database.close()
    await on_server(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    if not DATA.is_dir():
        pytest.skip(f"no data at {DATA}")
    return DATA
