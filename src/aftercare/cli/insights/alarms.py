"""insight alarms, alarm-replay: what is unusual in a series from anywhere, or in the past of this installation."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from aftercare.cli.words import aside, console, in_house, table

if TYPE_CHECKING:
    from aftercare.insights.alarms import Told

SERIES = typer.Argument(
    help="CSV or Parquet, also packed: a day, a number, and perhaps a group.", exists=True, dir_okay=False
)


def add_to(insight: typer.Typer) -> None:
    insight.command("alarms")(alarms)
    insight.command("alarm-replay")(alarm_replay)


def alarms(
    file: Path = SERIES,
    time: str | None = typer.Option(
        None, "--time", help="The column of days; date, or the first that reads so."
    ),
    column: str | None = typer.Option(
        None, "--column", help="The column of numbers; value, or the only one."
    ),
    by: str | None = typer.Option(
        None, "--by", help="The column that tells series apart; group, if there is one."
    ),
    country: str = typer.Option("", "--country", help="Whose public holidays count, as CN."),
    false_a_month: float = typer.Option(
        0.3, "--false", help="Alarms by mere chance in a month that one accepts."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Go through daily series day by day and tell unusual days and changes of level. Whole numbers are judged as counts (days that
    are not there are zero), others as measured values. A day is judged only by the days before it."""
    from aftercare.insights.alarms import change_points, replayed, series, threshold
    from aftercare.insights.analysis import read_days

    groups = read_days(file, time=time, column=column, by=by)
    told: list[dict[str, Any]] = []
    at_most = threshold(len(groups), false_a_month)
    for name, known in groups.items():
        whole = all(value >= 0 and value == int(value) for _, value in known)
        days = series(
            known, min(known)[0], max(known)[0], country=country, missing=0.0 if whole else float("nan")
        )
        told.append(
            {
                "group": name,
                "days": len(days),
                "unusual": [
                    {
                        "on": one.on.isoformat(),
                        "days": one.days,
                        "value": round(one.value, 3),
                        "expected": round(one.expected, 3),
                        "p": one.p,
                        "up": one.up,
                    }
                    for one in replayed(days, "both", at_most)
                ],
                "changes": [
                    {"on": one.on.isoformat(), "before": round(one.before, 3), "after": round(one.after, 3)}
                    for one in change_points(days)
                ],
            }
        )
    if as_json:
        typer.echo(json.dumps({"groups": told, "at_most": at_most}))
        return
    rows: list[list[Any]] = []
    for group in told:
        for one in group["unusual"]:
            rows.append(
                [
                    group["group"],
                    one["on"],
                    "more" if one["up"] else "less",
                    f"{one['value']:,.6g} in {one['days']} d",
                    f"{one['expected']:,.6g}",
                    f"{one['p']:.1e}",
                ]
            )
        for change in group["changes"]:
            rows.append(
                [
                    group["group"],
                    change["on"],
                    "from then on",
                    f"{change['after']:,.6g}",
                    f"{change['before']:,.6g}",
                    "",
                ]
            )
    if not rows:
        console().print("Nothing unusual.")
        return
    table(
        "",
        ["group", "day", "what", "value", "usual", "by chance"],
        rows,
        right=("value", "usual", "by chance"),
    )


def alarm_replay(
    days: int = typer.Option(330, help="So many days back."),
    false_a_month: float = typer.Option(
        0.3, "--false", help="Alarms by mere chance in a month that one accepts."
    ),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """What alarms this installation would have raised, day by day, had it been watched all the time."""
    from aftercare.journal import SYSTEM, House, begin

    async def replayed(house: House) -> list[Told]:
        from aftercare.insights.alarms import replay, watch_of

        async with begin(house, SYSTEM) as work:
            watches = await watch_of(work, work.now, days + 60)
            first = work.now.date() - timedelta(days=days)
        return replay(watches, first, false_a_month)

    with aside().status("Replaying …"):
        told = in_house(replayed)
    if as_json:
        typer.echo(
            json.dumps(
                [
                    {
                        "on": one.on.isoformat(),
                        "shop_id": str(one.shop),
                        "series": one.series,
                        "cut": one.cut,
                        "value": one.finding.value,
                        "expected": one.finding.expected,
                        "days": one.finding.days,
                        "p": one.finding.p,
                    }
                    for one in told
                ]
            )
        )
        return
    table(
        f"{len(told)} alarms in {days} days",
        ["day", "shop", "series", "what", "value", "usual", "by chance"],
        [
            [
                one.on,
                str(one.shop)[-6:],
                one.series,
                one.cut,
                f"{one.finding.value:,.0f} in {one.finding.days} d",
                f"{one.finding.expected:,.1f}",
                f"{one.finding.p:.1e}",
            ]
            for one in told
        ],
        right=("value", "usual", "by chance"),
    )
