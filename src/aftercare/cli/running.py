"""serve, work, migrate, demo, openapi."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aftercare.cli.words import aside, console, fail, progress, server, settings

if TYPE_CHECKING:
    from aftercare.house import Server
    from aftercare.serving import Part
    from aftercare.settings import Settings

HOST = typer.Option("127.0.0.1", help="Address to listen on; 0.0.0.0 for all.")
PORT = typer.Option(8000, min=1, max=65535, help="Port to listen on.")
SECONDS_TO_ANSWER = 60


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
    from aftercare.kit.logs import configure_logs
    from aftercare.kit.loop import run
    from aftercare.serving import Family, bind, serve_web

    given = settings()
    configure_logs(given.log_format, given.log_level)
    with bind(host, port) as listening, server(given) as found:
        _must_be_installed(found)
        if workers == 1 and not with_worker:
            run(serve_web(given, found, listening))
            return
        family = Family(_parts(given, listening, web=workers, worker=with_worker))
        family.start()
        if not family.watch():
            fail("A process could not be kept running; see above.")


def work(
    metrics_port: int | None = typer.Option(
        None, min=1, max=65535, help="Serve Prometheus metrics on this port."
    ),
) -> None:
    """Run a worker: reactions, clocks, notices, what the outside world is asked. Any number may run."""
    from aftercare.kit.logs import configure_logs
    from aftercare.kit.loop import run
    from aftercare.worker import work as working

    given = settings()
    configure_logs(given.log_format, given.log_level)
    if metrics_port is not None:
        from prometheus_client import start_http_server

        start_http_server(metrics_port, addr="127.0.0.1")
    with server(given) as found:
        _must_be_installed(found)
        run(working(given, found))


def migrate() -> None:
    """Bring the database's schema up to date, and add what every installation begins with. Safe to run again."""
    given = settings()
    with server(given) as found:
        before, after = _install(given, found)
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
    host: str = HOST,
    port: int = PORT,
) -> None:
    """A believable shop group over a year, with web and worker, on one address. Ctrl-C stops all of it."""
    from aftercare.kit.processes import nursery

    nursery()
    from aftercare.kit.logs import configure_logs
    from aftercare.kit.loop import run
    from aftercare.serving import Family, Part, bind

    given = settings().model_copy(update={"sandbox_gateway": True, "base_url": f"http://{host}:{port}"})
    if given.environment == "production":
        fail("The demo is not for production.")
    configure_logs(given.log_format, "WARNING")
    with bind(host, port) as listening, server(given) as found:
        if reset:
            _forget_everything(given, found)
        _install(given, found)
        with progress() as tell:
            sign_ins = run(_tell(given, found, tell))
        quiet = given.model_copy(update={"log_level": "WARNING"})
        parts = _parts(quiet, listening, web=1, worker=True)
        if live:
            parts.append(Part("demo", live_part, (quiet,)))
        family = Family(parts)
        family.start()
        if not family.watch(lambda: _welcome(host, port, sign_ins)):
            fail("A process could not be kept running; see above.")
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
    from aftercare.serving import Part, web_part
    from aftercare.worker import worker_part

    parts = [Part(f"web-{number}", web_part, (given, listening)) for number in range(1, web + 1)]
    return [*parts, Part("worker", worker_part, (given,))] if worker else parts


def _must_be_installed(found: Server) -> None:
    from aftercare.installation import newest_revision, standing
    from aftercare.kit.loop import run

    stands = run(standing(found.url))
    if stands != newest_revision():
        fail(
            f"The database stands at {stands or 'nothing'}, this version needs {newest_revision()}: run `aftercare migrate`."
        )


def _install(given: Settings, found: Server) -> tuple[str | None, str]:
    from aftercare.installation import install
    from aftercare.kit.loop import run

    with aside().status("Laying the schema …"):
        return run(install(given, found.url))


def _forget_everything(given: Settings, found: Server) -> None:
    import shutil

    from aftercare.house import empty_database
    from aftercare.kit.loop import run

    if found.own is None:
        fail(
            "--reset deletes only databases of our own server; empty the one of AFTERCARE_DATABASE_URL yourself."
        )
    run(empty_database(found))
    for folder in ("files", "outbox"):
        shutil.rmtree(given.home / folder, ignore_errors=True)


async def _tell(given: Settings, found: Server, tell: Callable[[str, int, int], None]) -> Any:
    from aftercare.demo import tell as tell_the_year
    from aftercare.house import open_house

    async with open_house(given, found) as house:
        told = await tell_the_year(house, tell)
    return [
        "",
        f"{told.orders:,} orders · {told.claims:,} claims · {told.cases:,} cases · {told.facts:,} facts",
        "",
        *(f"{role:<12} {email:<34} {password}" for role, email, password in told.sign_ins),
        "",
        "Enter the portal with an order number and its contact; the code lies in outbox/:",
        *(f"  {number:<24} {contact}" for number, contact in told.entries),
    ]


def live_part(given: Settings) -> None:
    """The demo's own process while it goes on living."""
    from aftercare.demo import live
    from aftercare.house import find_server, open_house
    from aftercare.kit.loop import run
    from aftercare.kit.processes import as_child, until_told

    as_child(given.log_format, given.log_level)
    found = find_server(given)

    async def living() -> None:
        async with open_house(given, found) as house:
            await until_told(lambda stop: live(house, stop))

    try:
        run(living())
    finally:
        found.stop()


def _welcome(host: str, port: int, sign_ins: Any) -> None:
    address = f"http://{host}:{port}"
    with aside().status("Starting web and worker …"):
        if not _answers(f"{address}/health"):
            return
    said = console()
    said.print(
        f"\n[bold]Aftercare is open.[/bold]  portal {address}/   desk {address}/desk   console {address}/console"
    )
    said.print(
        f"API {address}/api/docs   metrics {address}/metrics   mail lies in outbox/ of the home folder"
    )
    for line in sign_ins or ():
        said.print(f"  {line}", markup=False)
    said.print("Ctrl-C stops everything; the data stays.\n")
    sys.stdout.flush()


def _answers(address: str) -> bool:
    from urllib.error import URLError
    from urllib.request import urlopen

    ends = time.monotonic() + SECONDS_TO_ANSWER
    while time.monotonic() < ends:
        try:
            with urlopen(address, timeout=2):  # noqa: S310  # our own http address
                return True
        except (URLError, OSError):
            time.sleep(0.1)
    return False
