"""Signals: what matters only now, and to whoever looks on. Somebody types, somebody reads, a message waits to be fetched.

A signal is told at once to those who listen in this process, and some milliseconds later to those in the others, by NOTIFY on
one connection of each process. No row is written. A signal may be lost (a process ends, the line breaks): whoever must not
miss what it tells of looks by itself from time to time.
"""

import asyncio
import json
import re
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast
from uuid import uuid4

import asyncpg
import structlog
from sqlalchemy import event

from aftercare.journal.work import House, Work
from aftercare.kit.database import DRIVER_FAILURES
from aftercare.kit.json import to_json
from aftercare.kit.server import connect

log = structlog.get_logger()

CHANNEL = "aftercare_signals"
SECONDS_BETWEEN_SENDINGS = 0.01
SECONDS_AFTER_A_BREAK = 1.0
LONGEST_PAYLOAD = 7_000
"""Bytes of one NOTIFY; PostgreSQL takes 8,000."""
MOST_WAITING = 20_000

Hears = Callable[[Any], None]


class Signals:
    """Of one process and one database."""

    def __init__(self) -> None:
        self.process = uuid4().hex[:12]
        self._hearing: dict[str, list[Hears]] = defaultdict(list)
        self._waiting: list[str] = []
        self._something = asyncio.Event()
        self._connected: Callable[[], None] = lambda: None

    def on(self, kind: str, hears: Hears) -> None:
        """`hears` is called with the data of each signal of this kind, in the loop, and must not wait."""
        self._hearing[kind].append(hears)

    def off(self, kind: str, hears: Hears) -> None:
        with suppress(ValueError):
            self._hearing[kind].remove(hears)

    def tell(self, kind: str, data: Any) -> None:
        """To everybody, here and in the other processes. `data` is as JSON has it, and short."""
        self.tell_here(kind, data)
        if len(self._waiting) < MOST_WAITING:
            self._waiting.append(to_json([kind, data]))
            self._something.set()

    def tell_here(self, kind: str, data: Any) -> None:
        """Only in this process: for what all have heard of."""
        for hears in self._hearing.get(kind, ()):
            try:
                hears(data)
            except Exception as failure:
                log.warning("a signal was not understood", kind=kind, error=repr(failure))

    async def run(self, url: str) -> None:
        """Sends and hears what crosses processes, for as long as the process works; connects again after a break."""
        while True:
            connection: asyncpg.Connection | None = None
            try:
                connection = await connect(url)
                await connection.add_listener(CHANNEL, self._came)
                while not connection.is_closed():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._something.wait(), SECONDS_AFTER_A_BREAK)
                    self._something.clear()
                    for payload in self._payloads():
                        await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, payload)
                    await asyncio.sleep(SECONDS_BETWEEN_SENDINGS)
            except (OSError, *DRIVER_FAILURES) as failure:
                log.warning("signals stumble", error=repr(failure))
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(SECONDS_AFTER_A_BREAK)

    def _payloads(self) -> list[str]:
        """What waits, in as few NOTIFYs as it fits into. What is too long for one stays in this process."""
        waiting, self._waiting = self._waiting, []
        payloads: list[str] = []
        batch: list[str] = []
        size = 0
        for one in waiting:
            length = len(one.encode()) + 1
            if length > LONGEST_PAYLOAD:
                log.warning("a signal is too long", kind=re.sub(r"\W", "", one[:20]))
                continue
            if size + length > LONGEST_PAYLOAD:
                payloads.append(self._payload(batch))
                batch, size = [], 0
            batch.append(one)
            size += length
        if batch:
            payloads.append(self._payload(batch))
        return payloads

    def _payload(self, batch: list[str]) -> str:
        return f'["{self.process}",{",".join(batch)}]'

    def _came(self, _connection: object, _pid: int, _channel: str, payload: object) -> None:
        process, *signals = json.loads(str(payload))
        if process == self.process:
            return
        for kind, data in signals:
            self.tell_here(kind, data)


def signals_of(house: House) -> Signals:
    """The signals of this process."""
    if Signals not in house.kept:
        house.kept[Signals] = Signals()
    return cast(Signals, house.kept[Signals])


def tell_after(work: Work, kind: str, data: Any) -> None:
    """Tells it once the work has committed, or never."""
    signals = signals_of(work.house)

    def committed(_: object) -> None:
        signals.tell(kind, data)

    event.listen(work.session.sync_session, "after_commit", committed, once=True)
