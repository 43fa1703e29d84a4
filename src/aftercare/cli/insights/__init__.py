"""insight: what the numbers say, from the journal or from files that come from anywhere."""

import typer

from aftercare.cli.insights import (
    alarms,
    analysis,
    costs,
    decisions,
    foresight,
    indicators,
    lake,
    process,
    reports,
)

tasks = typer.Typer(
    help="What the numbers say: of this installation, or of logs and tables in files.", no_args_is_help=True
)
lake.add_to(tasks)
indicators.add_to(tasks)
costs.add_to(tasks)
process.add_to(tasks)
foresight.add_to(tasks)
alarms.add_to(tasks)
analysis.add_to(tasks)
decisions.add_to(tasks)
reports.add_to(tasks)


def add_to(app: typer.Typer) -> None:
    app.add_typer(tasks, name="insight")
