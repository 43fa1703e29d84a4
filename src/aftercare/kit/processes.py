"""Several processes under one parent, which starts them, answers to Ctrl-C, and stops them in order.

The parent loads next to nothing: children are named by where their function stands, and one **nursery** process loads the
program for all of them. Whoever is told to stop finishes what it is doing; a child whose parent is gone stops by itself, so
nothing is left running.
"""

import asyncio
import atexit
import errno
import gc
import multiprocessing
import os
import pkgutil
import resource
import shutil
import signal
import socket
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, Literal, cast

from aftercare.kit.errors import Unavailable
from aftercare.settings import Settings, share_metrics

if TYPE_CHECKING:
    from aftercare.kit.server import Server

SECONDS_TO_FINISH = 30
SECONDS_TO_LIVE = 5.0
"""A child that dies sooner has not really started."""
MOST_FALSE_STARTS = 3
BACKLOG = 2048


class PortTaken(Unavailable):
    """Something else listens on this address already; choose another with --port."""


class AddressNotHere(Unavailable):
    """This machine has no such address; choose another with --host."""


class PortForbidden(Unavailable):
    """This user may not listen on this address; choose a port from 1024 on with --port."""


BIND_REFUSALS = {errno.EADDRINUSE: PortTaken, errno.EACCES: PortForbidden}


def bind(host: str, port: int) -> socket.socket:
    """Refuses with PortTaken, PortForbidden, AddressNotHere."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as failure:
        listening.close()
        refused = BIND_REFUSALS.get(failure.errno or 0, AddressNotHere)
        raise refused(host=host, port=port, reason=failure.strerror) from None
    listening.listen(BACKLOG)
    listening.set_inheritable(True)
    return listening


# The nursery.


@cache
def nursery(home: Path) -> tuple[ForkServerContext, Path]:
    """Where children come from, and the folder in which they add their numbers up. One process imports the whole program
    once, while the parent does something else, and every child begins as its copy: called early, it saves each child the
    seconds that importing takes."""
    of_here = home / "metrics" / socket.gethostname()
    _forget_the_killed(of_here)
    folder = of_here / str(os.getpid())
    folder.mkdir(parents=True)
    atexit.register(_close_nursery, folder)
    share_metrics(folder)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["aftercare.kit.nursery", "aftercare.serving", "aftercare.worker", "aftercare.study", "aftercare.cli"]
    )
    forkserver.ensure_running()
    return context, folder


def _forget_the_killed(of_here: Path) -> None:
    """Whoever was killed left its numbers behind. Several machines may share one home, each with process numbers of its own."""
    for left in of_here.glob("*"):
        pid = int(left.name)
        if pid == os.getpid() or not _runs(pid):
            shutil.rmtree(left, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as refused:
        return not isinstance(refused, ProcessLookupError)
    return True


def _close_nursery(folder: Path) -> None:
    """Also while it is still loading: it would go on, and complain that its folder is gone."""
    pid: int | None = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)
    if pid is not None:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
            os.waitpid(pid, 0)
    shutil.rmtree(folder, ignore_errors=True)


def as_child(log_format: Literal["json", "console"], log_level: str) -> None:
    """Ctrl-C reaches the whole group; the parent alone answers to it. What the nursery loaded is not looked through for garbage:
    to do so once takes longer than all else that a child begins with."""
    from aftercare.kit.logs import configure_logs

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    gc.enable()
    configure_logs(log_format, log_level)


def run_part(settings: Settings, story: "Callable[[Server], Coroutine[Any, Any, None]]") -> None:
    """The whole life of a child. What its threads still reckon at the end is not waited for: nobody would ask for it."""
    from aftercare.kit.loop import run
    from aftercare.kit.server import find_server

    as_child(settings.log_format, settings.log_level)
    server = find_server(settings)

    async def live() -> None:
        with suppress(asyncio.CancelledError):
            await story(server)
        server.stop()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)

    try:
        run(live())
    finally:
        server.stop()


def take_all_files() -> None:
    """Every open chat is a file: the process may have as many as the system lets it."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


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


async def unless_told(story: Awaitable[None]) -> None:
    """Runs it to its end, or gives it up when this process is told to stop."""
    task = asyncio.ensure_future(story)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    stop_with_parent(loop)
    await task


# A family: parts that live until told to stop.


@dataclass
class Part:
    """One child: `target(*args)` in a process of its own. `target` is told as `package.module:function`. What is done `once` is
    not started again."""

    name: str
    target: str
    args: tuple[Any, ...]
    once: bool = False
    process: ForkServerProcess = field(init=False, repr=False)
    started_at: float = 0.0
    false_starts: int = 0


def _become(target: str, args: tuple[Any, ...]) -> None:
    pkgutil.resolve_name(target)(*args)


class Family:
    """The parent's side: starts the parts, starts again what dies, stops all of them in order."""

    def __init__(self, settings: Settings, parts: Sequence[Part]) -> None:
        self._settings = settings
        self.parts = list(parts)
        self._context, self._metrics = nursery(settings.home)
        self._stopping = threading.Event()
        self._tell, self._told = socket.socketpair()

    def start(self) -> None:
        for part in self.parts:
            self._start(part)

    def _start(self, part: Part) -> None:
        part.process = self._context.Process(target=_become, args=(part.target, part.args), name=part.name)
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

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

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
        return not failed

    def _again(self, part: Part) -> bool:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(part.process.pid or 0, str(self._metrics))  # type: ignore[no-untyped-call]
        if part.once:
            self.parts.remove(part)
            if part.process.exitcode:
                self._complain("process failed", part)
            return True
        young = time.monotonic() - part.started_at < SECONDS_TO_LIVE
        part.false_starts = part.false_starts + 1 if young else 0
        self._complain("process ended by itself", part)
        if part.false_starts >= MOST_FALSE_STARTS:
            return False
        self._start(part)
        return True

    def _complain(self, event: str, part: Part) -> None:
        import structlog

        from aftercare.kit.logs import configure_logs

        configure_logs(self._settings.log_format, self._settings.log_level)
        structlog.get_logger().error(event, part=part.name, code=part.process.exitcode)

    def _wait_for_all(self) -> None:
        ends = time.monotonic() + SECONDS_TO_FINISH + 5
        for part in self.parts:
            part.process.join(max(0.1, ends - time.monotonic()))
            if part.process.is_alive():
                self._complain("process did not finish in time", part)
                part.process.kill()
                part.process.join()


# Errands: something long that children do once, each its own.


class ErrandFailed(Exception):
    """A child has said what went wrong; `code` is its exit code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"ended with {code}")
        self.code = code


@dataclass
class Errand:
    """`target(settings, tell, *args)` in a process of its own; what it tells is heard by `hear`."""

    target: str
    args: tuple[Any, ...]
    hear: Callable[[Any], None]


def run_errands(settings: Settings, *errands: Errand) -> None:
    """Until all are done, beside each other. Raises ErrandFailed when one fails. However this ends, the children have ended too."""
    context, _ = nursery(settings.home)
    listening: dict[Any, Errand] = {}
    tellers: dict[Any, ForkServerProcess] = {}
    children = []
    try:
        for one in errands:
            heard, tells = context.Pipe(duplex=False)
            child = context.Process(target=_run_errand, args=(one.target, settings, tells, one.args))
            child.start()
            tells.close()
            listening[heard], tellers[heard] = one, child
            children.append(child)
        while listening:
            for ready in wait(list(listening)):
                try:
                    word = cast("Connection[Any, Any]", ready).recv()
                except EOFError:
                    # Only now is all heard that it had to say.
                    del listening[ready]
                    _raise_for(tellers[ready])
                else:
                    listening[ready].hear(word)
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.join(SECONDS_TO_FINISH)
            child.kill()
            child.join()


def _raise_for(child: ForkServerProcess) -> None:
    child.join()
    if child.exitcode:
        raise ErrandFailed(child.exitcode)


def _run_errand(
    target: str, settings: Settings, tells: "Connection[Any, Any]", args: tuple[Any, ...]
) -> None:
    as_child(settings.log_format, "WARNING")

    def tell(word: Any) -> None:
        with suppress(BrokenPipeError):  # the parent is gone; this process is told so as well
            tells.send(word)

    pkgutil.resolve_name(target)(settings, tell, *args)
