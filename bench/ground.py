"""Where everything is measured: a PostgreSQL of the wheel in a folder of its own, and databases that are thrown away."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import asyncpg
from sqlalchemy.engine import make_url

from aftercare.house import connect
from aftercare.installation import install
from aftercare.kit import cluster
from aftercare.settings import Settings

SECONDS_TO_ANSWER = 60
PUSH_SECRET = "a secret of the bench"


@dataclass
class Ground:
    """A server of ours, and the folder that the measured processes may write to."""

    home: Path
    cluster: cluster.Cluster

    def url(self, database: str) -> str:
        return self.cluster.url(database)

    def settings(self, database: str) -> Settings:
        return Settings(home=self.home / "home", database_url=self.url(database))

    def make(self, database: str) -> None:
        """An empty database with the schema; nothing if it is there."""
        if (
            self.cluster.psql(
                "SELECT count(*) FROM pg_database WHERE datname = :'name'", name=database
            ).strip()
            == "0"
        ):
            self.cluster.ensure_database(database)
            asyncio.run(self._install(database))

    async def _install(self, database: str) -> None:
        await install(self.settings(database), self.url(database))

    def drop(self, database: str) -> None:
        self.cluster.psql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    def copy(self, original: str, copied: str) -> None:
        self.drop(copied)
        self.cluster.psql(f'CREATE DATABASE "{copied}" TEMPLATE "{original}" STRATEGY file_copy')


@contextmanager
def ground(place: Path | None, *, durable: bool) -> Iterator[Ground]:
    """In `place`, which stays, or in a folder that goes at the end."""
    home = place or Path(tempfile.mkdtemp(prefix="aftercare-bench-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)
    (home / "home").mkdir(exist_ok=True)
    running = cluster.start(home, durable=durable)
    try:
        yield Ground(home, running)
    finally:
        if place is None:
            running.discard()
            shutil.rmtree(home, ignore_errors=True)
        else:
            running.stop()


async def owner(url: str) -> asyncpg.Connection:
    """A connection that may do everything."""
    return await connect(url, as_app=False)


def parts_of(url: str) -> dict[str, str]:
    """What libpq's programs are told."""
    parts = make_url(url)
    return {
        "-h": str(parts.query.get("host", parts.host)),
        "-p": str(parts.query.get("port", parts.port or 5432)),
        "-U": str(parts.username),
        "-d": str(parts.database),
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(ground: Ground, database: str, *, processes: int) -> Iterator[int]:
    """`aftercare serve` as everybody starts it, its log going to a file; gives the port."""
    port = free_port()
    surroundings = {
        **os.environ,
        "AFTERCARE_HOME": str(ground.home / "home"),
        "AFTERCARE_DATABASE_URL": ground.url(database),
        "AFTERCARE_LOG_FORMAT": "json",
        "AFTERCARE_TRACKING__PUSH_SECRET": PUSH_SECRET,
        "AFTERCARE_SANDBOX_GATEWAY": "true",
    }
    with (ground.home / "serve.log").open("ab") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "aftercare", "serve", "--workers", str(processes), "--port", str(port)],
            env=surroundings,
            stdout=log,
            stderr=log,
        )
        try:
            _wait_for(f"http://127.0.0.1:{port}/health", server)
            yield port
        finally:
            server.terminate()
            try:
                server.wait(40)
            except subprocess.TimeoutExpired:
                server.kill()


def _wait_for(address: str, server: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < ends and server.poll() is None:
        try:
            with urlopen(address, timeout=2):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise RuntimeError(f"{address} does not answer")
