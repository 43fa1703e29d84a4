"""Serving: one web process. It takes connections from a socket that its parent may have bound; told to stop, it answers what
was asked before it leaves.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

import uvicorn

from aftercare.app import create_app, get_ready
from aftercare.conversations import close_chats
from aftercare.house import Server, open_house
from aftercare.kit.calendars import learn_holidays
from aftercare.kit.loop import calm_collector
from aftercare.kit.processes import SECONDS_TO_FINISH, run_part, stop_with_parent, take_all_files
from aftercare.settings import Settings


class _Web(uvicorn.Server):
    """Signals are ours: uvicorn would raise them again once it has stopped, and the process would end as if killed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.open = asyncio.Event()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.open.set()


async def serve_web(settings: Settings, server: Server, listening: socket.socket) -> None:
    """Serves until told to end (SIGTERM, SIGINT); then takes no new connection and answers what is in flight."""
    take_all_files()
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
            closing.add(loop.create_task(close_chats(house)))

        for name in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(name, stop)
        stop_with_parent(loop)
        calm_collector()
        learning = loop.create_task(_learn(web, partial(get_ready, app)))
        await web.serve(sockets=[listening])
        learning.cancel()


async def _learn(web: _Web, get_ready: Callable[[], None]) -> None:
    """What the first who asks would wait for, once the door is open."""
    await web.open.wait()
    await asyncio.to_thread(get_ready)
    await asyncio.to_thread(learn_holidays, "CN", datetime.now(UTC).date())
    calm_collector()


def web_part(settings: Settings, listening: socket.socket) -> None:
    """As one of several processes."""
    run_part(settings, lambda server: serve_web(settings, server, listening))
