"""A child among several processes of ours: one parent starts them, answers to Ctrl-C, and stops them in order."""

import asyncio
import multiprocessing
import signal
import tempfile
from collections.abc import Awaitable, Callable
from functools import cache
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Literal

from aftercare.kit.logs import configure_logs
from aftercare.settings import share_metrics


@cache
def nursery() -> tuple[ForkServerContext, Path]:
    """Where children come from, and the folder in which they add their numbers up. One process imports the whole program
    once, while the parent does something else, and every child begins as its copy: called early, it saves each child the
    seconds that importing takes."""
    folder = Path(tempfile.mkdtemp(prefix="aftercare-metrics-"))
    share_metrics(folder)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["aftercare.serving", "aftercare.worker"])
    forkserver.ensure_running()
    return context, folder


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
