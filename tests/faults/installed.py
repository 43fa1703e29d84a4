"""An installation in a folder of its own: PostgreSQL, web and worker as processes that can be killed."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen
from typing import Any
from uuid import UUID

import httpx
import psutil
from sqlalchemy import text

from aftercare import identity, shop
from aftercare.house import DATABASE, Server
from aftercare.identity import CSRF_COOKIE, SESSION_COOKIE, NewShop
from aftercare.installation import install
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit import cluster
from aftercare.kit.database import Database
from aftercare.settings import Settings
from aftercare.shop import CustomerRecord, LineRecord, OrderRecord, OrderStatus, PaymentRecord
from tests.faults.processes import ROOT, child
from tests.given.ports import free_port

SECONDS = 120
"""For anything that is waited for: other tests use the same processors."""


async def until(condition: Callable[[], Awaitable[bool]], *, what: str, seconds: float = SECONDS) -> None:
    ends = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < ends, f"not in time: {what}"
        await asyncio.sleep(0.05)


@dataclass
class Installed:
    """`home` is the one folder; what runs in it writes to `home/NAME.log`."""

    home: Path
    cluster: cluster.Cluster
    settings: Settings
    house: House
    more: dict[str, str] = field(default_factory=dict)
    running: dict[str, Popen[bytes]] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)

    def start(self, name: str, arguments: Sequence[str], most_file_bytes: int | None = None) -> None:
        environment = {key: value for key, value in os.environ.items() if not key.startswith("AFTERCARE_")}
        environment |= {"AFTERCARE_HOME": str(self.home), "AFTERCARE_LOG_LEVEL": "WARNING", **self.more}
        with (self.home / f"{name}.log").open("ab") as log:
            self.running[name] = Popen(
                [sys.executable, "-m", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=DEVNULL,
                stdout=log,
                stderr=STDOUT,
                preexec_fn=partial(child, most_file_bytes),
            )

    def leave_to_others(self) -> None:
        """From now on processes take PostgreSQL for somebody else's, and do not start it again."""
        self.more["AFTERCARE_DATABASE_URL"] = self.cluster.url(DATABASE)

    def start_web(self, name: str = "web", *more: str, most_file_bytes: int | None = None) -> str:
        """Its address; the same one each time."""
        port = self.ports.setdefault(name, free_port())
        self.start(name, ["aftercare", "serve", "--port", str(port), *more], most_file_bytes)
        return self.address(name)

    def address(self, name: str = "web") -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def kill(self, name: str) -> None:
        """With all that it started: none of them may finish anything."""
        parent = psutil.Process(self.running[name].pid)
        for process in (parent, *parent.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.running[name].wait()

    def kill_postgres(self) -> None:
        pid = self.cluster.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def log_of(self, name: str) -> str:
        return (self.home / f"{name}.log").read_text(errors="replace")[-4_000:]

    async def answers(self, name: str = "web") -> bool:
        assert self.running[name].poll() is None, self.log_of(name)
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                return (await client.get(f"{self.address(name)}/health")).is_success
        except httpx.TransportError:
            return False

    async def stop(self) -> None:
        for process in self.running.values():
            process.kill()
        for process in self.running.values():
            process.wait()
        await self.house.database.close()
        self.cluster.discard()


@asynccontextmanager
async def installed(home: Path, **more: str) -> AsyncIterator[Installed]:
    """A new installation on a PostgreSQL of its own, durable as in life."""
    settings = Settings(home=home, database_url=None)
    own = await asyncio.to_thread(cluster.start, home)
    try:
        own.ensure_database(DATABASE)
        server = Server(own.url(DATABASE), own)
        await install(settings, server.url)
    except BaseException:
        own.discard()
        raise
    house = House(Database(server.url, pool_size=4), secret=settings.secret)
    there = Installed(home, own, settings, house, more)
    try:
        yield there
    finally:
        await there.stop()


@dataclass
class Buyer:
    """A customer with a session, and orders of one line that can be cancelled, unit by unit."""

    customer_id: UUID
    lines: list[UUID]
    headers: dict[str, str]


async def buyers(
    house: House, number: int, *, orders: int, quantity: int = 1, provider: str = "standin"
) -> list[Buyer]:
    """Each with so many paid orders that are not shipped yet."""
    now = datetime.now(UTC)
    async with begin(house, SYSTEM) as work:
        of = await identity.new_shop(work, NewShop(code="qinglan", name="青岚家电"))
        await shop.take_in(
            work,
            customers=[
                CustomerRecord(of.id, f"c{index}", "王小明", email=f"c{index}@example.test")
                for index in range(number)
            ],
            orders=[
                OrderRecord(
                    shop_id=of.id,
                    source="test",
                    external_id=f"o{index}-{which}",
                    number=f"SO{index:03}{which:04}",
                    customer=f"c{index}",
                    status=OrderStatus.paid,
                    currency="CNY",
                    placed_at=now - timedelta(hours=2),
                    paid_at=now - timedelta(hours=2),
                    lines=(
                        LineRecord(
                            external_id="l",
                            product=None,
                            sku="KETTLE",
                            title="电水壶",
                            quantity=quantity,
                            unit_price_cents=9_900,
                        ),
                    ),
                    payments=(
                        PaymentRecord(
                            external_id="p",
                            method="card",
                            provider=provider,
                            provider_ref=f"pay-{index}-{which}",
                            amount_cents=9_900 * quantity,
                            paid_at=now - timedelta(hours=2),
                        ),
                    ),
                )
                for index in range(number)
                for which in range(orders)
            ],
        )
        rows = await rows_of(
            house,
            "SELECT c.id, array_agg(l.id) AS lines FROM customer c JOIN sales_order o ON o.customer_id = c.id"
            " JOIN order_line l ON l.order_id = o.id GROUP BY c.id",
            work=work,
        )
        found = []
        for row in rows:
            opened = await identity.open_customer_session(
                work, customers=[row.id], shops=[of.id], contact=None
            )
            cookies = f"{SESSION_COOKIE}={opened.token}; {CSRF_COOKIE}={opened.csrf}"
            found.append(Buyer(row.id, list(row.lines), {"Cookie": cookies, "X-CSRF-Token": opened.csrf}))
    return found


async def rows_of(house: House, statement: str, *, work: Any = None, **values: Any) -> list[Any]:
    if work is not None:
        return list((await work.session.execute(text(statement), values)).all())
    async with begin(house, SYSTEM) as looking:
        return list((await looking.session.execute(text(statement), values)).all())


async def count(house: House, what: str) -> int:
    rows = await rows_of(house, f"SELECT count(*) AS n FROM {what}")
    number: int = rows[0].n
    return number
