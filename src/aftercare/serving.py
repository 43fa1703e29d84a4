"""Serving: one web process, or several processes under one parent that watches them.

The parent binds the port; its children take connections from the same socket. Whoever is told to stop answers what was asked
before it leaves. A child whose parent is gone stops by itself, so nothing is left running.
"""

import asyncio
import logging
import shutil
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerProcess
from types import FrameType
from typing import Any

import structlog
import uvicorn
from prometheus_client import multiprocess

from aftercare.app import create_app
from aftercare.house import Server, find_server, open_house
from aftercare.kit.errors import Unavailable
from aftercare.kit.loop import calm_collector, run
from aftercare.kit.processes import as_child, nursery, stop_with_parent
from aftercare.settings import Settings

log = structlog.get_logger()

SECONDS_TO_FINISH = 30
SECONDS_TO_LIVE = 5.0
"""A child that dies sooner has not really started."""
MOST_FALSE_STARTS = 3
BACKLOG = 2048


class PortTaken(Unavailable):
    """Something else listens on this address already."""


def bind(host: str, port: int) -> socket.socket:
    """Refuses with PortTaken."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as failure:
        listening.close()
        raise PortTaken(host=host, port=port, reason=failure.strerror) from None
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening


class _Web(uvicorn.Server):
    """Signals are ours: uvicorn would raise them again once it has stopped, and the process would end as if killed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve_web(settings: Settings, server: Server, listening: socket.socket) -> None:
    """Serves until told to end (SIGTERM, SIGINT); then takes no new connection and answers what is in flight."""
    async with open_house(settings, server) as house:
        app = create_app(house)
        web = _Web(
            uvicorn.Config(
                app,
                http="httptools",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                forwarded_allow_ips=settings.trusted_proxies,
                timeout_graceful_shutdown=SECONDS_TO_FINISH,
            )
        )
        loop = asyncio.get_running_loop()
        closing: set[asyncio.Task[None]] = set()

        def stop() -> None:
            web.should_exit = True
            live = getattr(app.state, "live", None)
            if live is not None:
                closing.add(loop.create_task(live.close()))

        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop)
        stop_with_parent(loop)
        calm_collector()
        await web.serve(sockets=[listening])


# Several processes.


@dataclass
class Part:
    """One child: `target(*args)` in a process of its own."""

    name: str
    target: Callable[..., None]
    args: tuple[Any, ...]
    process: ForkServerProcess = field(init=False, repr=False)
    started_at: float = 0.0
    false_starts: int = 0


def web_part(settings: Settings, listening: socket.socket) -> None:
    as_child(settings.log_format, settings.log_level)
    server = find_server(settings)
    try:
        run(serve_web(settings, server, listening))
    finally:
        server.stop()


class Family:
    """The parent's side: starts the parts, starts again what dies, stops all of them in order."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self.parts = list(parts)
        self._context, self._metrics = nursery()
        self._stopping = threading.Event()
        self._tell, self._told = socket.socketpair()

    def start(self) -> None:
        for part in self.parts:
            self._start(part)

    def _start(self, part: Part) -> None:
        part.process = self._context.Process(target=part.target, args=part.args, name=part.name)
        part.process.start()
        part.started_at = time.monotonic()

    def stop(self, _signal: int = 0, _frame: FrameType | None = None) -> None:
        """Asked once, it lets everything finish; asked again, it does not."""
        for part in self.parts:
            if part.process.is_alive():
                part.process.kill() if self._stopping.is_set() else part.process.terminate()
        self._stopping.set()
        with suppress(OSError):
            self._tell.send(b"!")

    def watch(self, ready: Callable[[], None] = lambda: None) -> bool:
        """Until stopped; then waits for all. True when it ended because it was told to, False when a part cannot live."""
        kept = [(name, signal.signal(name, self.stop)) for name in (signal.SIGTERM, signal.SIGINT)]
        failed = False
        try:
            ready()
            while not self._stopping.is_set():
                wait([*(part.process.sentinel for part in self.parts), self._told], timeout=1)
                dead = [part for part in self.parts if not part.process.is_alive()]
                if not self._stopping.is_set() and not all(self._again(part) for part in dead):
                    failed = True
                    self.stop()
            self._wait_for_all()
        finally:
            for name, handler in kept:
                signal.signal(name, handler)
            shutil.rmtree(self._metrics, ignore_errors=True)
        return not failed

    def _again(self, part: Part) -> bool:
        multiprocess.mark_process_dead(part.process.pid or 0, str(self._metrics))  # type: ignore[no-untyped-call]
        young = time.monotonic() - part.started_at < SECONDS_TO_LIVE
        part.false_starts = part.false_starts + 1 if young else 0
        log.error("process ended by itself", part=part.name, code=part.process.exitcode)
        if part.false_starts >= MOST_FALSE_STARTS:
            return False
        self._start(part)
        return True

    def _wait_for_all(self) -> None:
        ends = time.monotonic() + SECONDS_TO_FINISH + 5
        for part in self.parts:
            part.process.join(max(0.1, ends - time.monotonic()))
            if part.process.is_alive():
                logging.getLogger(__name__).error("%s did not finish in time", part.name)
                part.process.kill()
                part.process.join()
