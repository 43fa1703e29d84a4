"""insight describe, correlate, cluster, forecast: of a table in a file, or of a measure of this installation."""

from __future__ import annotations

import csv
import shlex
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import typer

from aftercare.cli.words import aside, console, fail, in_house, spoken, spread, table

if TYPE_CHECKING:
    import pandas as pd

    from aftercare.insights.analysis import Answer, Forecast, Task
    from aftercare.journal import House

LANGUAGE = typer.Option("en", "--locale", help="Of the words: zh-CN, zh-TW or en.", callback=spoken)
AS_JSON = typer.Option(False, "--json", help="All of the answer as JSON.")
AS_CSV = typer.Option(False, "--csv", help="The numbers as CSV.")


@dataclass(frozen=True)
class Rows:
    """The options by which all of these ask for rows: of a file, or of a measure of this installation."""

    file: Path | None = typer.Argument(
        None,
        help="CSV or Parquet, also packed; without it, --measure of this installation.",
        exists=True,
        dir_okay=False,
    )
    measure: str | None = typer.Option(None, help="contacts, claims, refunds, orders, ratings or parts.")
    shop: str | None = typer.Option(None, help="Id or code of a shop; without it, all.")
    since: datetime | None = typer.Option(None, help="From this day or instant on.")
    until: datetime | None = typer.Option(None, help="Before this day or instant.")
    zone: str = typer.Option("Asia/Shanghai", help="Time zone of days and hours, for measures.")

    def instant(self, at: datetime | None) -> datetime | None:
        return at if at is None or at.tzinfo else at.replace(tzinfo=ZoneInfo(self.zone))


def add_to(insight: typer.Typer) -> None:
    insight.command()(spread(describe))
    insight.command()(spread(correlate))
    insight.command()(spread(cluster))
    insight.command()(spread(forecast))


def describe(
    asked: Rows,
    column: str | None = typer.Option(None, help="What is described; for a measure its first column."),
    by: str | None = typer.Option(None, help="The column to cut by."),
    locale: str = LANGUAGE,
    json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """How many, the middle, the spread, what is missing; by any cut."""
    given = {"column": column, "by": by}
    found = _answer("describe", asked, given)
    _show(found, locale, json=json, as_csv=as_csv)


def correlate(
    asked: Rows,
    columns: list[str] | None = typer.Option(None, "--with", help="Only this column; repeat for more."),
    linear: bool = typer.Option(False, help="Pearson instead of Spearman."),
    locale: str = LANGUAGE,
    json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """What goes together, by the measure that fits each pair of columns."""
    given = {"columns": columns or None, "linear": linear}
    found = _answer("correlate", asked, given)
    _show(found, locale, json=json, as_csv=as_csv)


def cluster(
    asked: Rows,
    words: list[str] | None = typer.Option(None, "--text", help="A column of texts; guessed without it."),
    columns: list[str] | None = typer.Option(
        None, "--with", help="A column of features; guessed without it."
    ),
    identity: str | None = typer.Option(None, "--id", help="The column that names a row."),
    groups: int | None = typer.Option(None, min=2, max=30, help="So many groups instead of the best number."),
    locale: str = LANGUAGE,
    json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """Rows that are alike, by their words and features, under telling names."""
    given = {"text": words or None, "columns": columns or None, "groups": groups, "identity": identity}
    found = _answer("cluster", asked, given)
    _show(found, locale, json=json, as_csv=as_csv)


def forecast(
    asked: Rows,
    column: str | None = typer.Option(None, help="The column of numbers; without one, rows are counted."),
    time: str | None = typer.Option(None, help="The column of time."),
    by: str | None = typer.Option(None, help="The column that names the series of a long table."),
    step: str | None = typer.Option(
        None, help="15min, 1h, 1D, W, MS …: added up to that; guessed without it."
    ),
    season: list[int] | None = typer.Option(None, help="Length of a season in steps; repeat for more."),
    horizon: int | None = typer.Option(None, min=1, help="How many steps ahead."),
    counts: bool = typer.Option(False, help="A step without a row had nothing."),
    locale: str = LANGUAGE,
    json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """What comes next, with intervals, by the way that did best on the past; wide or long tables."""
    given = {
        "column": column,
        "time": time,
        "by": by,
        "step": step,
        "seasons": season or None,
        "horizon": horizon,
        "counts": counts,
    }
    found = _answer("forecast", asked, given)
    _show(found, locale, json=json, as_csv=as_csv)


def _answer(kind: Any, asked: Rows, given: dict[str, Any]) -> Answer:
    if (asked.file is None) == (asked.measure is None):
        fail("Give a file, or --measure.", 2)
    from aftercare.insights.analysis import Task, answer, read_table

    if asked.file is not None:
        command = shlex.join(["aftercare", *(str(one) for one in sys.argv[1:])])
        with aside().status("Reading …"):
            frame = read_table(asked.file)
        task = Task.model_validate({"kind": kind, "name": asked.file.name, "command": command, **given})
    else:
        task, frame = _of_measure(kind, asked, given)
        if not len(frame):
            fail("There are no such rows.")
    return _looked_at(task, frame, answer)


def _looked_at(task: Task, frame: pd.DataFrame, answer: Any) -> Answer:
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    screen = aside()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as bars:
        bar = bars.add_task("Looking …", total=1.0)
        found: Answer = answer(task, frame, lambda share: bars.update(bar, completed=share))
    return found


def _of_measure(kind: Any, asked: Rows, given: dict[str, Any]) -> tuple[Task, pd.DataFrame]:
    from aftercare.identity import find_shop
    from aftercare.insights.analysis import AnalysisQuestion, frame_of, task_of
    from aftercare.journal import SYSTEM, begin

    details = {
        name: value
        for name, value in given.items()
        if name in AnalysisQuestion.model_fields and value is not None
    }

    async def story(house: House) -> tuple[Task, pd.DataFrame]:
        async with begin(house, SYSTEM) as work:
            shop_id = None
            if (shop := asked.shop) is not None:
                shop_id = UUID(shop) if len(shop) == 36 else (await find_shop(work, shop)).id
            question = AnalysisQuestion(
                kind=kind,
                measure=asked.measure,
                shop_id=shop_id,
                since=asked.instant(asked.since),
                until=asked.instant(asked.until),
                time_zone=asked.zone,
                **details,
            )
            return task_of(question), await frame_of(work, question)

    found: tuple[Task, pd.DataFrame] = in_house(story)
    return found


def _show(found: Answer, locale: str, *, json: bool, as_csv: bool) -> None:
    from aftercare.insights.analysis import Clustered, Correlated, Described, numbers_of, words_of

    if json:
        typer.echo(found.model_dump_json(indent=2))
        return
    header, rows = numbers_of(found)
    right = tuple(
        name for name in header if all(isinstance(row[header.index(name)], int | float) for row in rows)
    )
    if as_csv:
        writer = csv.writer(sys.stdout)
        writer.writerow(header)
        writer.writerows(rows)
        return
    words = words_of(found, None, locale)
    said = console()
    said.print(words.paragraph, markup=False)
    said.print()
    if isinstance(found, Described | Correlated | Clustered):
        table("", header, [[_cell(one) for one in row] for row in rows[:60]], right=right)
    else:
        _show_scores(found, words.names)
        if len(found.series) == 1:
            table("", header, [[_cell(one) for one in row] for row in rows[:48]], right=right)
            if len(rows) > 48:
                said.print(f"… {len(rows) - 48:,} more; --csv has all of them")
        else:
            table(
                "",
                ["series", "past", "ahead", "of it zero"],
                [
                    [one.name, _cell(one.total), _cell(sum(p.value for p in one.ahead)), f"{one.zeros:.0%}"]
                    for one in found.series[:20]
                ],
                right=("past", "ahead", "of it zero"),
            )
            if len(found.series) > 20:
                said.print(f"… {len(found.series) - 20:,} more; --csv has all of them")
    for one in (*words.method, *words.limits):
        said.print(f"· {one}", markup=False, style="dim")
    said.print(
        f"{found.data.name}: {found.data.rows:,} rows, {found.data.digest}; {found.seconds:.1f} s",
        style="dim",
        markup=False,
    )


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.4g}"
    return value


def _show_scores(found: Forecast, names: dict[str, str]) -> None:
    table(
        "",
        ["way", "MASE", "RMSSE", "MAE", "bias", "in 80%", "in 95%", "seconds"],
        [
            [
                f"{'→ ' if one.chosen else '  '}{names[one.model]}{' (naive)' if one.naive else ''}",
                f"{one.mase:.3f}",
                f"{one.rmsse:.3f}",
                _cell(one.mae),
                _cell(one.bias),
                "–" if one.covered80 is None else f"{one.covered80:.0%}",
                "–" if one.covered95 is None else f"{one.covered95:.0%}",
                f"{one.seconds:.1f}",
            ]
            for one in found.scores
        ],
        right=("MASE", "RMSSE", "MAE", "bias", "in 80%", "in 95%", "seconds"),
    )
