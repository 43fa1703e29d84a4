"""insight refresh, export: the lake of this installation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from aftercare.cli.words import aside, console, fail, in_house, settings, table

if TYPE_CHECKING:
    from aftercare.insights.lake import Refreshed

FOLDER = typer.Argument(help="Folder to write to; made when it is not there.")


def add_to(insight: typer.Typer) -> None:
    insight.command()(refresh)
    insight.command()(export)


def refresh(
    rebuild: bool = typer.Option(False, "--rebuild", help="Copy everything anew instead of what is new."),
) -> None:
    """Copy what is new from the journal to the lake, here and now; the worker does it every half minute."""
    from aftercare.insights import lake

    with aside().status("Copying …"):
        done: Refreshed = in_house(lambda house: lake.refresh(house, rebuild=rebuild))
    if done.busy:
        fail("Somebody else is refreshing it.")
    console().print(
        f"{'Everything anew' if done.whole else 'What is new'}: {done.facts:,} facts, {done.rows:,} other rows in {done.seconds:.1f} s."
    )


def export(
    folder: Path = FOLDER,
    only: list[str] | None = typer.Option(None, "--table", help="Only this table; repeat for more."),
    kind: str = typer.Option("parquet", "--as", help="parquet or csv."),
) -> None:
    """Write the tables of the lake as one file each, for other programs. They tell of no person."""
    from aftercare.insights import lake

    if kind not in ("parquet", "csv"):
        fail(f"Not known: {kind}; parquet or csv.", 2)
    unknown = [name for name in only or () if name not in lake.SHAPES]
    if unknown:
        fail(f"Not known: {', '.join(unknown)}. Known: {', '.join(lake.SHAPES)}.", 2)
    form: Literal["parquet", "csv"] = "csv" if kind == "csv" else "parquet"
    given = settings()
    if not (given.home / "lake").is_dir():
        fail("Nothing has been copied yet: `aftercare insight refresh` first.")
    with lake.open_folder(given.home / "lake", given.insight) as opened:
        written = [
            (name, opened.lake.export(name, folder / f"{name}.{form}", form)) for name in only or lake.SHAPES
        ]
    table("", ["table", "rows"], [[name, f"{rows:,}"] for name, rows in written], right=("rows",))
