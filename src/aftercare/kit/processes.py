"""A child among several processes of ours: one parent starts them, answers to Ctrl-C, and stops them in order."""

import asyncio
import multiprocessing
import signal
from collections.abc import Awaitable, Callable
from typing import Literal

from aftercare.kit.logs import configure_logs


def as_child(log_format: Literal["json", "console"], log_level: str) -> None:
    """Ctrl-C reaches the whole group; the parent alone answers to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    configure_logs(log_format, log_level)


def stop_with_parent(loop: asyncio.AbstractEventLoop) -> None:
    """A child whose parent was killed tells itself to stop."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        loop.add_reader(parent.sentinel, _parent_gone, loop, parent.sentinel)


def _parent_gone(loop: asyncio.AbstractEventLoop, sentinel: int) -> None:
    loop.remove_reader(sentinel)
    signal.raise_signal(signal.SIGTERM)


async def until_told(story: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Runs it with an event that is set when this process is told to stop."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    stop_with_parent(loop)
    await story(stop)
