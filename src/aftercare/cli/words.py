"""What all commands share: the console, the house that they work in, progress, and failures told in words."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import typer

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from aftercare.journal import House
    from aftercare.kit.server import Server
    from aftercare.settings import Settings

T = TypeVar("T")
FEW_MEGABYTES = 64


def console() -> Console:
    from rich.console import Console

    # Where nobody looks on, in a file or a pipe, nothing is folded.
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 240)


def aside() -> Console:
    """For what is not the answer: bars, hints, complaints."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def settings() -> Settings:
    from aftercare.settings import Settings

    return Settings()


@contextmanager
def server(given: Settings) -> Iterator[Server]:
    from aftercare.kit.server import find_server

    found = find_server(given)
    try:
        yield found
    finally:
        found.stop()


def in_house(story: Callable[[House], Awaitable[T]]) -> T:
    """Runs it in a house of its own, with the rights of the system."""
    from aftercare.house import open_house
    from aftercare.kit.logs import configure_logs
    from aftercare.kit.loop import run

    given = settings()
    configure_logs(given.log_format, "WARNING")

    async def lived(found: Server) -> T:
        async with open_house(given, found, pool_size=4) as house:
            return await story(house)

    with server(given) as found:
        return run(lived(found))


def table(title: str, columns: list[str], rows: list[list[Any]], *, right: tuple[str, ...] = ()) -> None:
    from rich.table import Table

    drawn = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        drawn.add_column(column, justify="right" if column in right else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*("" if cell is None else str(cell) for cell in row))
    console().print(drawn)


def spread(command: Callable[..., None]) -> Callable[..., None]:
    """The command, whose first parameter is a dataclass of options that several commands share, takes each of them as its own."""
    first, *own = inspect.signature(command, eval_str=True).parameters.values()
    shared = inspect.signature(first.annotation, eval_str=True).parameters

    @wraps(command)
    def run(**given: Any) -> None:
        told = first.annotation(**{name: given.pop(name) for name in shared})
        command(told, **given)

    every = [*own, *shared.values()]
    run.__signature__ = inspect.Signature(every)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in every}
    return run


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars for whoever tells what is being done, how much of it is done, and how much there is; 0 when nobody knows."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    known: dict[str, TaskID] = {}
    with Progress(
        TextColumn("{task.description:<24}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=aside(),
    ) as bars:

        def tell(doing: str, done: int, whole: int) -> None:
            if doing not in known:
                known[doing] = bars.add_task(doing, total=whole or None)
            bars.update(known[doing], completed=done, total=whole or None)

        yield tell


def complain(failure: Exception) -> int:
    """Tells in words what went wrong; the exit code. What nobody foresaw keeps its traceback."""
    return tell_complaint(complaint(failure))


def tell_complaint(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        aside().print(line, style="bold red" if number == 0 else None, markup=False)
    return 1


def complaint(failure: Exception) -> list[str]:
    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError

    from aftercare.kit.cluster import ClusterUnavailable
    from aftercare.kit.errors import Refusal

    if _says_the_disk_is_full(failure):
        return ["The disk is full.", *_room()]
    if isinstance(failure, Refusal):
        lines = [failure.title] + [f"  {name}: {_plain(value)}" for name, value in failure.data.items()]
    elif isinstance(failure, ValidationError):
        lines = [f"{failure.title}: not as it must be"] + [
            f"  {'.'.join(map(str, one['loc'])) or 'settings'}: {one['msg']}" for one in failure.errors()
        ]
    elif isinstance(failure, ClusterUnavailable):
        lines = [str(failure)]
    elif isinstance(failure, DBAPIError) and _sqlstate(failure) in ("42P01", "42703"):
        told = str(failure.orig).partition("\n")[0].rpartition(">: ")[2]
        lines = ["The database is not of this version: run `aftercare migrate`.", f"  {told}"]
    elif isinstance(failure, DBAPIError | OSError) or type(failure).__module__.startswith("asyncpg"):
        lines = [f"The database or a file cannot be used: {str(failure).splitlines()[0]}"]
        if 'role "aftercare_app" does not exist' in str(failure):
            lines.append("  Has `aftercare migrate` been run on this database?")
        elif _sqlstate(failure) == "42501":
            lines.append(
                "  The user of AFTERCARE_DATABASE_URL lacks a right: it owns the schema, may make roles (CREATEROLE),"
                " and administers `aftercare_app` where another installation on this server has made it."
            )
        lines += _room(at_most=FEW_MEGABYTES)
    else:
        raise failure
    return lines


def _says_the_disk_is_full(failure: Exception) -> bool:
    """By its code, or in PostgreSQL's words where it died of it."""
    import errno
    import os

    if isinstance(failure, OSError) and failure.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    told = (os.strerror(errno.ENOSPC), "Check free disk space")
    return _sqlstate(failure) == "53100" or any(words in str(failure) for words in told)


def _room(at_most: int | None = None) -> list[str]:
    """How much there is on the fuller of our disks, and the way out; nothing if it is more than so many megabytes. A database goes
    away in the middle where nothing is left to write on."""
    import shutil

    given = settings()
    free: dict[Path, int] = {}
    for place in (given.home, given.home / "postgres" / "place"):
        with suppress(OSError):
            free[place.resolve()] = shutil.disk_usage(place).free >> 20
    if not free:
        return []
    full = min(free, key=lambda place: free[place])
    if at_most is not None and free[full] >= at_most:
        return []
    if given.database_url and free[full] >= FEW_MEGABYTES:
        return ["  It is the one of the database: make room on it, then start again."]
    return [
        f"  Only {free[full]} MB are free on the disk of {full}.",
        "  Make room on it, or set AFTERCARE_HOME to a folder on a larger disk; then start again.",
    ]


def _plain(value: object) -> str:
    if isinstance(value, list):
        return "; ".join(_plain(one) for one in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {inner}" for name, inner in value.items())
    return str(value)


def _sqlstate(failure: Any) -> str:
    return getattr(getattr(failure, "orig", failure), "sqlstate", "") or ""


def spoken(locale: str) -> str:
    """Of an option: one of the languages that everything is told in."""
    from aftercare.kit.spoken import LOCALES

    if locale not in LOCALES:
        raise typer.BadParameter(f"is none of {', '.join(LOCALES)}")
    return locale


def fail(words: str, code: int = 1) -> NoReturn:
    aside().print(words, style="bold red", markup=False)
    sys.exit(code)
