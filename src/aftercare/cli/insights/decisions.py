"""insight decision: what was changed on purpose, and whether it worked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import typer

from aftercare.cli.words import console, fail, in_house, spoken, table

if TYPE_CHECKING:
    from aftercare.insights.decisions import DecisionLine, DecisionView
    from aftercare.journal import House, Work

tasks = typer.Typer(help="What was changed on purpose, and whether it worked.", invoke_without_command=True)
WHICH = typer.Argument(help="Its id, or how it begins or ends.")
LOCALE = typer.Option("en", help="zh-CN, zh-TW or en.", callback=spoken)
JSON = typer.Option(False, "--json", help="Print JSON.")
WHY = typer.Option("", help="In words, for who reads it later.")


def add_to(insight: typer.Typer) -> None:
    insight.add_typer(tasks, name="decision")


@tasks.callback()
def _all(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_(None, "en", False)


@tasks.command("list")
def list_(
    state: str | None = typer.Option(None, help="Only these: draft, running, kept, undone or dropped."),
    locale: str = LOCALE,
    as_json: bool = JSON,
) -> None:
    """All of them, running first, with the effect that was seen last and what it advises."""
    from aftercare.insights.decisions import DecisionState, change, decisions
    from aftercare.journal import SYSTEM, begin

    if state is not None and state not in set(DecisionState):
        fail(f"A decision is {', '.join(DecisionState)}.", code=2)

    async def story(house: House) -> list[DecisionLine]:
        async with begin(house, SYSTEM) as work:
            return [one for one in await decisions(work, locale) if state in (None, one.state)]

    rows = in_house(story)
    if as_json:
        console().print_json(json.dumps([row.model_dump(mode="json") for row in rows]))
        return

    def effect(row: DecisionLine) -> str | None:
        if row.scale is None or row.estimate is None or row.low is None or row.high is None:
            return None
        told, low, high = (change(value, row.scale, locale) for value in (row.estimate, row.low, row.high))
        return f"{told} ({low} … {high})"

    table(
        "Decisions",
        ["id", "title", "state", "indicator", "roll-out", "effect (95 %)", "advice", "ends"],
        [
            [
                str(row.id)[-12:],
                row.title,
                row.state,
                row.indicator_title,
                row.roll_out,
                effect(row),
                row.advice,
                (row.ended_at or row.ends_at).date(),
            ]
            for row in rows
        ],
    )


@tasks.command()
def show(which: str = WHICH, locale: str = LOCALE, as_json: bool = JSON) -> None:
    """One of them: its plan, what was seen, the advice and its limits."""
    _tell(in_house(lambda house: _view(house, which, locale)), as_json)


@tasks.command()
def look(which: str = WHICH, locale: str = LOCALE, as_json: bool = JSON) -> None:
    """Look now, instead of with the worker's next reading of the day."""
    from aftercare.insights.decisions import read_now

    async def seen(work: Work, decision_id: UUID) -> None:
        await read_now(work, decision_id)

    _tell(in_house(lambda house: _view(house, which, locale, seen)), as_json)


@tasks.command()
def keep(which: str = WHICH, why: str = WHY, locale: str = LOCALE, as_json: bool = JSON) -> None:
    """From now on it holds for all."""
    _end(which, why, locale, as_json, kept=True)


@tasks.command()
def undo(which: str = WHICH, why: str = WHY, locale: str = LOCALE, as_json: bool = JSON) -> None:
    """Back to what was before."""
    _end(which, why, locale, as_json, kept=False)


def _end(which: str, why: str, locale: str, as_json: bool, *, kept: bool) -> None:
    from aftercare.insights import decisions

    async def ended(work: Work, decision_id: UUID) -> None:
        seen = await decisions.read_now(work, decision_id)
        verb = decisions.keep if kept else decisions.undo
        await verb(work, decision_id, verdict=seen.advice, why=why)

    _tell(in_house(lambda house: _view(house, which, locale, ended)), as_json)


async def _view(house: House, which: str, locale: str, before: Any = None) -> DecisionView:
    from aftercare.insights.decisions import DecisionNotFound, decision_view, decisions
    from aftercare.journal import SYSTEM, begin

    async with begin(house, SYSTEM) as work:
        known = [str(one.id) for one in await decisions(work, "en")]
        meant = [one for one in known if one.startswith(which) or one.endswith(which)]
        if len(meant) != 1:
            raise DecisionNotFound(asked=which, found=len(meant))
        if before is not None:
            await before(work, UUID(meant[0]))
        return await decision_view(work, UUID(meant[0]), locale)


def _tell(one: DecisionView, as_json: bool) -> None:
    from aftercare.insights.decisions import change

    if as_json:
        console().print_json(one.model_dump_json())
        return
    out = console()
    out.print(f"{one.title} ({one.state})", style="bold", markup=False)
    for line in (
        one.hypothesis,
        f"{one.indicator_title}: {change(one.target, one.scale, 'en')}",
        f"{one.subject_kind}, {one.roll_out}"
        + (f" {one.share:.0%} of {one.unit}s" if one.share else "")
        + (
            f"; came to it: {one.met_with} with, {one.met_without} without"
            if one.met_with + one.met_without
            else ""
        ),
        f"{(one.started_at or one.starts_at).date()} – {(one.ended_at or one.ends_at).date()}",
        one.paragraph,
        *(f"· {limit}" for limit in one.limits),
        *(
            f"{guard.indicator}: {guard.value} (stops {guard.side} {guard.bound}; n {guard.n})"
            + (" BROKEN" if guard.broken else "")
            for guard in (one.reading.guards if one.reading else [])
        ),
        one.why,
    ):
        if line:
            out.print(line, markup=False)


@tasks.command()
def power(
    target: float = typer.Option(
        ...,
        help="The change that is hoped for: 0.05 is five points of a share, -0.1 a tenth less of the mean.",
    ),
    per_day: float = typer.Option(..., help="How many customers (or cases) come a day."),
    baseline: float | None = typer.Option(None, help="The mean before: of a share between 0 and 1."),
    spread: float | None = typer.Option(
        None, help="The standard deviation of one unit. Without: units are one or nought."
    ),
    file: Path | None = typer.Option(
        None, exists=True, dir_okay=False, help="Instead: a CSV or Parquet file with a row for each unit."
    ),
    column: str | None = typer.Option(None, help="Of the file: what is measured."),
    parts: bool = typer.Option(
        False, "--parts", help="The target is a part of the mean, as for times, money and counts."
    ),
    share: float = typer.Option(0.5, help="Of all, who are drawn."),
    days: int = typer.Option(30, min=1, help="For so long it is planned."),
    as_json: bool = JSON,
) -> None:
    """How many, and how many days, until a target is found with a chance of 80 %, however often one looks. Needs no database."""
    from aftercare.insights.decisions import Scale, change, power_of_mean, power_of_values

    if not 0 < share < 1 or target == 0 or per_day <= 0:
        fail("The share lies between 0 and 1, the target is not 0, and somebody comes.", code=2)
    plan: dict[str, Any] = {"target": target, "share": share, "days": days, "per_day": per_day}
    scale: Scale = "relative" if parts else "share"
    if file is not None:
        values = _column(file, column)
        if not parts and not set(values) <= {0.0, 1.0}:
            scale = "points"
        found = power_of_values(values, scale, **plan)
    elif baseline is None:
        fail("It needs --baseline (and --spread), or a --file with a --column.", code=2)
    elif spread is None and not 0 < baseline < 1:
        fail("Without --spread the baseline is a share between 0 and 1.", code=2)
    elif parts and baseline <= 0:
        fail("There is no part of a mean of nothing.", code=2)
    else:
        scale = "relative" if parts else "share" if spread is None else "points"
        found = power_of_mean(baseline, spread, scale, **plan)
    if not found.enough or found.units is None or found.detectable is None:
        fail("Too little is known: it takes 30 units that are not all alike.")
    if as_json:
        console().print_json(found.model_dump_json())
        return
    console().print(
        f"{found.units} units, {found.days} days at {found.per_day:g} a day, until"
        f" {change(target, scale, 'en')} of {found.baseline:.4g} is found with a chance of 80 %."
    )
    console().print(f"In {days} days a change of {change(found.detectable, scale, 'en')} can be shown.")


def _column(file: Path, column: str | None) -> list[float]:
    import pandas as pd

    from aftercare.insights.analysis import read_table

    frame = read_table(file)
    if column is None or column not in frame.columns:
        fail(f"--column is one of: {', '.join(map(str, frame.columns))}", code=2)
    values = pd.to_numeric(frame[column], errors="coerce").dropna()
    return [float(value) for value in values]
