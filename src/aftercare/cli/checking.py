"""check: whether the program and its migrations agree, and whether shops are separated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import TYPE_CHECKING

import typer

from aftercare.cli.words import aside, console, server, settings

if TYPE_CHECKING:
    from aftercare.kit.server import Server


class What(StrEnum):
    migrations = "migrations"
    security = "security"
    partitions = "partitions"


def add_to(app: typer.Typer) -> None:
    app.command()(check)


def check(what: list[What] | None = typer.Argument(None, help="Only these.")) -> None:
    """Check that migrations arrive at what the models describe, that PostgreSQL separates the shops, and that the journal has
    its partitions. Works in scratch databases, beside yours. Exit code 1 if something is wrong."""
    from aftercare.installation import migration_differences, months_gaps, security_gaps
    from aftercare.kit.logs import configure_logs
    from aftercare.kit.loop import run

    checks: dict[What, tuple[str, Callable[[str], Awaitable[list[str]]]]] = {
        What.migrations: ("Migrations arrive at the models", migration_differences),
        What.security: ("Shops are separated", security_gaps),
        What.partitions: ("The journal has its months", months_gaps),
    }

    async def looked(found: Server) -> int:
        wrong = 0
        for name in what or list(What):
            words, look = checks[name]
            with aside().status(f"{words} …"):
                gaps = await look(found.url)
            console().print(f"{'[red]✗[/red]' if gaps else '[green]✓[/green]'} {words}")
            for gap in gaps:
                console().print(f"    {gap}", markup=False)
            wrong += len(gaps)
        return wrong

    given = settings()
    configure_logs(given.log_format, "WARNING")
    with server(given) as found:
        if run(looked(found)):
            raise typer.Exit(1)
