"""A light load generator: raw sockets, kept alive, in a process of its own. It knows just enough HTTP to find the end of an
answer, so that it takes as little as possible from the server that it measures."""

import asyncio
import multiprocessing
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle
from typing import cast

from aftercare.kit.loop import run


@dataclass
class Measured:
    """`seconds` is the time that the whole took, `waits` how long each answer did."""

    seconds: float
    waits: list[float]
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def per_second(self) -> float:
        return len(self.waits) / self.seconds if self.seconds else 0.0

    def quantile(self, part: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.waits)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))] * 1000 if ordered else 0.0


class _Caller(asyncio.Protocol):
    def __init__(
        self, asks: Iterator[bytes], until: float, waits: list[float], refused: Counter[str]
    ) -> None:
        self._asks, self._until, self._waits, self._refused = asks, until, waits, refused
        self._came = bytearray()
        self._awaited = -1
        self._asked_at = 0.0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._ask()

    def _ask(self) -> None:
        ask = next(self._asks, None)
        self._asked_at = time.perf_counter()
        if ask is None or self._asked_at >= self._until:
            self._end()
        else:
            self._transport.write(ask)

    def _end(self) -> None:
        if not self.done.done():
            self.done.set_result(None)
        self._transport.close()

    def data_received(self, data: bytes) -> None:
        self._came += data
        if self._awaited < 0:
            head = self._came.find(b"\r\n\r\n")
            if head < 0:
                return
            at = self._came.find(b"content-length: ", 0, head)
            self._awaited = (
                head + 4 + (int(self._came[at + 16 : self._came.find(b"\r", at)]) if at >= 0 else 0)
            )
        if len(self._came) < self._awaited:
            return
        self._waits.append(time.perf_counter() - self._asked_at)
        if self._came[9:10] != b"2":
            self._refused[
                bytes(self._came[9:12]).decode() + " " + bytes(self._came[-300:]).decode(errors="replace")
            ] += 1
        del self._came[: self._awaited]
        self._awaited = -1
        self._ask()

    def connection_lost(self, _failure: Exception | None) -> None:
        if not self.done.done():
            self._refused["connection lost"] += 1
            self.done.set_result(None)


async def _load(port: int, asks: Sequence[Sequence[bytes]], seconds: float, again: bool) -> Measured:
    loop = asyncio.get_running_loop()
    waits: list[float] = []
    refused: Counter[str] = Counter()
    callers: list[_Caller] = []
    began = time.perf_counter()
    for mine in asks:
        calls = cycle(mine) if again else iter(mine)
        _, caller = await loop.create_connection(
            lambda calls=calls: _Caller(calls, began + seconds, waits, refused),  # type: ignore[misc]
            "127.0.0.1",
            port,
        )
        callers.append(caller)
    await asyncio.gather(*(caller.done for caller in callers))
    return Measured(time.perf_counter() - began, waits, dict(refused))


def _in_process(
    port: int,
    asks: Sequence[Sequence[bytes]],
    seconds: float,
    again: bool,
    told: "multiprocessing.Queue[Measured]",
) -> None:
    told.put(run(_load(port, asks, seconds, again)))


def load(
    port: int, asks: Sequence[bytes], *, connections: int = 16, seconds: float = 5.0, again: bool = True
) -> Measured:
    """Sends the requests over so many connections, `again` and again until the time is over, or each once."""
    shared = [list(asks[number::connections]) for number in range(connections)]
    context = multiprocessing.get_context("spawn")
    told: multiprocessing.Queue[Measured] = context.Queue()
    process = context.Process(target=_in_process, args=(port, shared, seconds, again, told))
    process.start()
    measured = told.get(timeout=seconds + 60)
    process.join()
    return measured


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of one request."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "host: bench",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    if body:
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
