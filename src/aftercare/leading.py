"""Leading: of all processes that could, one does what must be done once.

Who holds an advisory lock leads, as long as its connection lives; when it is gone another takes its place within a second. The
leader keeps the **rounds**, which are things done every so often, and the **services**, which are done all the time.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any

import asyncpg
import structlog
from prometheus_client import Counter, Histogram

from aftercare.house import connect
from aftercare.journal import House

log = structlog.get_logger()

SECONDS_TO_TRY_AGAIN = 1.0

ROUND_SECONDS = Histogram(
    "aftercare_round_seconds",
    "Time of what is done every so often",
    ["round"],
    buckets=(0.01, 0.1, 0.5, 1, 5, 30, 120),
)
ROUND_FAILURES = Counter("aftercare_round_failures_total", "Rounds that broke off", ["round"])


@dataclass(frozen=True)
class Round:
    """Something that the leader does every so often. Each must be safe to run twice at once: leading can overlap."""

    name: str
    every: float
    run: Callable[[House], Awaitable[Any]]


Service = Callable[[House, asyncio.Event], Awaitable[None]]
"""Something that the leader does all the time, until the event is set."""


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """So long, or until it is time to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def keep_up(name: str, part: Callable[[], Awaitable[None]], stopping: asyncio.Event) -> None:
    """Starts a part again when it breaks, as when the database goes away and comes back."""
    while not stopping.is_set():
        try:
            await part()
        except Exception as failure:
            log.warning("process stumbles", part=name, error=repr(failure))
            await rest(stopping, SECONDS_TO_TRY_AGAIN)


class Leadership:
    """The place of one leader, told apart from others by its `name`. `lead` returns when `stop` was called or the place is lost,
    and what was running is finished, or broken off after so many seconds of `patience`."""

    def __init__(
        self,
        house: House,
        url: str,
        name: str,
        rounds: tuple[Round, ...],
        services: tuple[Service, ...] = (),
        *,
        patience: float | None = None,
    ) -> None:
        self.held = False
        self.stopping = asyncio.Event()
        self._house, self._url, self._name = house, url, name
        self._rounds, self._services, self._patience = rounds, services, patience
        self._over = asyncio.Event()

    def stop(self) -> None:
        self.stopping.set()
        self._over.set()

    async def lead(
        self, meanwhile: Callable[[asyncpg.Connection, asyncio.Event], Awaitable[None]] | None = None
    ) -> None:
        """Waits for the place, and leads. `meanwhile` is given the connection that holds the place, and what is set when it is
        time to return."""
        connection = await connect(self._url)
        self._over = asyncio.Event()
        connection.add_termination_listener(lambda _connection, over=self._over: over.set())
        try:
            while not await connection.fetchval("SELECT pg_try_advisory_lock(hashtext($1))", self._name):
                await rest(self.stopping, 1)
                if self.stopping.is_set():
                    return
            self.held = True
            log.info("process leads", name=self._name)
            await self._lead(connection, meanwhile)
        finally:
            self.held = False
            connection.terminate()

    async def _lead(
        self,
        connection: asyncpg.Connection,
        meanwhile: Callable[[asyncpg.Connection, asyncio.Event], Awaitable[None]] | None,
    ) -> None:
        if self.stopping.is_set():
            return
        leave = asyncio.Event()
        tasks = [asyncio.create_task(self._go_round(round_, leave)) for round_ in self._rounds]
        tasks += [asyncio.create_task(self._serve(service, leave)) for service in self._services]
        try:
            if meanwhile is not None:
                await meanwhile(connection, self._over)
            await self._over.wait()
        finally:
            # What a round is in the middle of, such as asking a gateway, it finishes.
            leave.set()
            _, slow = await asyncio.wait(tasks, timeout=self._patience)
            for task in slow:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=bool(slow))

    async def _serve(self, service: Service, leave: asyncio.Event) -> None:
        while not leave.is_set():
            try:
                await service(self._house, leave)
            except Exception as failure:
                log.warning("service broke off", error=repr(failure), exc_info=failure)
                await rest(leave, SECONDS_TO_TRY_AGAIN)

    async def _go_round(self, round_: Round, leave: asyncio.Event) -> None:
        while not leave.is_set():
            began = monotonic()
            try:
                await round_.run(self._house)
            except Exception as failure:
                ROUND_FAILURES.labels(round_.name).inc()
                log.warning("round broke off", round=round_.name, error=repr(failure))
            ROUND_SECONDS.labels(round_.name).observe(monotonic() - began)
            await rest(leave, round_.every)
