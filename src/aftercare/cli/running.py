"""serve, work, migrate, demo, openapi."""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aftercare.cli.words import (
    aside,
    complain,
    complaint,
    console,
    fail,
    progress,
    server,
    settings,
    tell_complaint,
)

if TYPE_CHECKING:
    from datetime import datetime

    from aftercare.demo import Whole
    from aftercare.journal import House
    from aftercare.kit.processes import Family, Part
    from aftercare.kit.server import Server
    from aftercare.settings import Settings

HOST = typer.Option("127.0.0.1", help="Address to listen on; 0.0.0.0 for all.")
PORT = typer.Option(8000, min=1, max=65535, help="Port to listen on.")
SECONDS_TO_ANSWER = 60
SECONDS_BETWEEN_LOOKS = 0.5
INTERRUPTED = 130
BROKEN_OFF = "Stopped before the year was told to its end; the next start begins it again."


def add_to(app: typer.Typer) -> None:
    app.command()(serve)
    app.command()(work)
    app.command()(migrate)
    app.command()(demo)
    app.command()(openapi)


def serve(
    workers: int = typer.Option(1, min=1, max=64, help="Web processes."),
    host: str = HOST,
    port: int = PORT,
    with_worker: bool = typer.Option(False, "--with-worker", help="Run a worker beside them."),
) -> None:
    """Serve portal, desk, console and API. Needs `aftercare migrate` once, and a worker."""
    alone = workers == 1 and not with_worker
    from aftercare.kit.processes import Family, bind, nursery

    given = settings()
    if not alone:
        nursery(given.home)
    with bind(host, port) as listening, server(given) as found:
        _must_be_installed(found)
        if alone:
            _serve_alone(given, found, listening)
            return
        family = Family(given, _parts(given, listening, web=workers, worker=with_worker))
        family.start()
        _watched(family, given)


def work(
    metrics_port: int | None = typer.Option(
        None, min=1, max=65535, help="Serve Prometheus metrics on this port."
    ),
) -> None:
    """Run a worker, and beside it the study that counts what service does: reactions, clocks, notices, what the outside world is
    asked; numbers, alarms, reports. Any number may run."""
    from aftercare.kit.processes import Family, nursery

    given = settings()
    nursery(given.home)
    if metrics_port is not None:
        from prometheus_client import start_http_server

        from aftercare.kit.http import metrics_registry

        start_http_server(metrics_port, addr="127.0.0.1", registry=metrics_registry())
    with server(given) as found:
        _must_be_installed(found)
        family = Family(given, _workers(given))
        family.start()
        _watched(family, given)


def migrate() -> None:
    """Bring the database's schema up to date, and add what every installation begins with. Safe to run again."""
    from aftercare.installation import install
    from aftercare.kit.loop import run

    given = settings()
    with server(given) as found, aside().status("Laying the schema …"):
        before, after = run(install(given, found.url))
    console().print(
        f"Up to date at {after}." if before == after else f"Migrated from {before or 'nothing'} to {after}."
    )


def demo(
    live: bool = typer.Option(
        False, "--live", help="Go on living: new orders, claims and answers while you watch."
    ),
    reset: bool = typer.Option(
        False, "--reset", help="Delete everything in this home first and tell the year anew."
    ),
    small: bool = typer.Option(
        False, "--small", help="A tenth of the orders and claims, in a third of the year."
    ),
    host: str = HOST,
    port: int = PORT,
) -> None:
    """A believable shop group over a year, with web and worker, on one address. Ctrl-C stops all of it."""
    from aftercare.kit.processes import Family, Part, bind, nursery

    given = settings().model_copy(
        update={"sandbox_gateway": True, "base_url": f"http://{host}:{port}", "log_level": "WARNING"}
    )
    nursery(given.home)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    typer.echo("Starting …", err=True)
    if given.environment == "production":
        fail("The demo is not for production.")
    with bind(host, port) as listening, server(given) as found:
        if reset and found.own is None:
            fail(
                "--reset deletes only databases of our own server; empty the one of AFTERCARE_DATABASE_URL yourself."
            )
        whole = None if reset else _told_already(found)
        if whole is None:
            whole = _prepare(given, found, reset, small)
        parts = _parts(given, listening, web=1, worker=True)
        if not whole.reported:
            parts.append(Part("reports", "aftercare.cli.running:reports_part", (given, small), once=True))
        if live:
            parts.append(Part("demo", "aftercare.cli.running:live_part", (given,)))
        family = Family(given, parts)
        family.start()
        _watched(family, given, lambda: _welcome(host, port, whole, family))
    aside().print("Stopped. The data is kept; `aftercare demo` goes on with it.")


def openapi(file: Path | None = typer.Argument(None, help="Write it here instead of printing it.")) -> None:
    """The description of the API (OpenAPI)."""
    from aftercare.app import create_app

    told = json.dumps(create_app(None).openapi(), ensure_ascii=False, indent=1)
    if file is None:
        typer.echo(told)
    else:
        file.write_text(told + "\n", encoding="utf-8")


def _parts(given: Settings, listening: Any, *, web: int, worker: bool) -> list[Part]:
    from aftercare.kit.processes import Part

    parts = [
        Part(f"web-{number}", "aftercare.serving:web_part", (given, listening))
        for number in range(1, web + 1)
    ]
    return [*parts, *_workers(given)] if worker else parts


def _workers(given: Settings) -> list[Part]:
    from aftercare.kit.processes import Part

    return [
        Part("worker", "aftercare.worker:worker_part", (given,)),
        Part("study", "aftercare.study:study_part", (given,)),
    ]


def _serve_alone(given: Settings, found: Server, listening: Any) -> None:
    from aftercare.kit.logs import configure_logs
    from aftercare.kit.loop import run
    from aftercare.serving import serve_web

    configure_logs(given.log_format, given.log_level)
    run(serve_web(given, found, listening))


def _watched(family: Family, given: Settings, ready: Callable[[], None] = lambda: None) -> None:
    if not family.watch(ready):
        fail("A process could not be kept running; see above.")


def _must_be_installed(found: Server) -> None:
    import asyncio

    from aftercare.kit.server import newest_revision, standing

    stands = asyncio.run(standing(found.url))
    if stands != newest_revision():
        fail(
            f"The database stands at {stands or 'nothing'}, this version needs {newest_revision()}: run `aftercare migrate`."
        )


def _told_already(found: Server) -> Whole | None:
    """What the demo's database holds, if it stands at this version and its year was told to the end."""
    import asyncio

    from aftercare.demo import told_in
    from aftercare.kit.server import newest_revision, standing

    async def looked() -> Whole | None:
        if await standing(found.url) != newest_revision():
            return None
        return await told_in(found.url)

    return asyncio.run(looked())


def _prepare(given: Settings, found: Server, reset: bool, small: bool) -> Whole:
    """Schema and story, told by children, which is shown as a bar."""
    import asyncio
    from datetime import UTC, datetime

    from aftercare.demo import GROUPS, finish, told_in
    from aftercare.kit.processes import Errand, ErrandFailed, run_errands

    today = datetime.now(UTC)
    wanted: list[bool] = []
    wrong: list[list[str]] = []
    days: dict[tuple[str, ...], int] = dict.fromkeys(GROUPS, 0)
    try:
        with progress() as tell:
            tell("Laying the schema", 0, 0)

            def hear(word: Any) -> None:
                if isinstance(word, bool):
                    wanted.append(word)
                elif isinstance(word, list):
                    wrong.append(word)
                else:
                    _pass_on(word, tell)

            def hear_of(group: tuple[str, ...]) -> Callable[[Any], None]:
                def hear_part(word: Any) -> None:
                    if isinstance(word, tuple):
                        doing, days[group], whole = word
                        word = doing, min(days.values()), whole
                    hear(word)

                return hear_part

            run_errands(given, Errand("aftercare.cli.running:prepare_part", (reset, today, small), hear))
            if wanted == [True]:
                run_errands(
                    given,
                    *(
                        Errand("aftercare.cli.running:tell_part", (group, today, small), hear_of(group))
                        for group in GROUPS
                    ),
                )
                asyncio.run(finish(found.url))
    except ErrandFailed as failed:
        # What is wrong is mostly wrong for both that tell; it is said once.
        if wrong:
            tell_complaint(wrong[0])
        aside().print(BROKEN_OFF)
        sys.exit(failed.code)
    except KeyboardInterrupt:
        aside().print(BROKEN_OFF)
        sys.exit(INTERRUPTED)
    whole = asyncio.run(told_in(found.url))
    if whole is None:
        fail("The year was told, but is not there.")
    return whole


def _pass_on(word: Any, tell: Callable[[str, int, int], None]) -> None:
    if isinstance(word, tuple):
        tell(*word)
    else:
        aside().print(word, markup=False)


def prepare_part(
    given: Settings, say: Callable[[Any], None], reset: bool, today: datetime, small: bool
) -> None:
    """An errand: says whether the year is still to be told."""
    from aftercare.demo import prepare

    async def story(found: Server) -> None:
        say(await prepare(given, found, say, reset=reset, today=today, small=small))

    _as_errand(given, say, story)


def reports_part(given: Settings, small: bool) -> None:
    """What the group noticed and told about itself: counted beside the demo that runs already, since it takes a while."""
    import asyncio
    from datetime import UTC, datetime

    from aftercare.demo import look_back, read_decisions, report_the_year
    from aftercare.house import open_house
    from aftercare.insights.lake import refresh
    from aftercare.kit.processes import run_part, unless_told

    async def story(found: Server) -> None:
        async with open_house(given, found, pool_size=2) as house:
            await unless_told(told(house))

    async def told(house: House) -> None:
        # The study has begun to copy for the numbers; what is told here stands on them.
        while True:
            if not (await refresh(house)).busy:
                break
            await asyncio.sleep(SECONDS_BETWEEN_LOOKS)
        today = datetime.now(UTC)
        await look_back(house, today)
        await read_decisions(house, today)
        await report_the_year(house, today, small=small)

    try:
        run_part(given, story)
    except Exception as failure:
        sys.exit(complain(failure))


def tell_part(
    given: Settings, say: Callable[[Any], None], group: tuple[str, ...], today: datetime, small: bool
) -> None:
    """An errand: the year of some shops."""
    from aftercare.demo import tell_group

    _as_errand(given, say, lambda found: tell_group(given, found, say, group, today, small=small))


def _as_errand(
    given: Settings, say: Callable[[Any], None], story: Callable[[Server], Coroutine[Any, Any, None]]
) -> None:
    """Told to stop, it ends in the middle: what it had not committed is gone, and the story begins again anyway. What went wrong is
    said to the parent."""
    import asyncio
    import os

    from aftercare.kit.loop import run
    from aftercare.kit.processes import stop_with_parent
    from aftercare.kit.server import find_server

    try:
        found = find_server(given)
    except Exception as failure:
        say(complaint(failure))
        sys.exit(1)

    def leave() -> None:
        found.stop()
        os._exit(INTERRUPTED)

    async def unless_told() -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, leave)
        stop_with_parent(loop)
        await story(found)

    try:
        run(unless_told())
    except Exception as failure:
        say(complaint(failure))
        sys.exit(1)
    finally:
        found.stop()


def live_part(given: Settings) -> None:
    """The demo's own process while it goes on living."""
    from aftercare.demo import live
    from aftercare.house import open_house
    from aftercare.kit.processes import run_part, until_told

    async def living(found: Server) -> None:
        async with open_house(given, found) as house:
            await until_told(lambda stop: live(house, stop))

    run_part(given, living)


def _welcome(host: str, port: int, whole: Whole, family: Family) -> None:
    address = f"http://{host}:{port}"
    if not _answers(f"{address}/health", family):
        return
    lines = (
        f"\nAftercare is open.  portal {address}/   desk {address}/desk   console {address}/console",
        f"API {address}/api/docs   metrics {address}/metrics   mail lies in outbox/ of the home folder",
        "",
        *(f"  {line}".rstrip() for line in whole),
        "Ctrl-C stops everything; the data stays.\n",
    )
    typer.echo("\n".join(lines))


def _answers(address: str, family: Family) -> bool:
    from urllib.error import URLError
    from urllib.request import urlopen

    ends = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < ends and not family.stopping:
        try:
            with urlopen(address, timeout=2):  # noqa: S310  # our own http address
                return True
        except (URLError, OSError):
            time.sleep(0.05)
    return False
