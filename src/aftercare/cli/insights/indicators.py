"""insight indicator: the catalogue, and the figure, trend and parts of one indicator."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from aftercare.cli.words import aside, console, fail, in_house, settings, spoken, table
from aftercare.kit.calendars import zone

if TYPE_CHECKING:
    from aftercare.insights.indicators import Figure, IndicatorAnswer, Question
    from aftercare.journal import House

NAME = typer.Argument(None, help="Of the indicator; without one all of them are listed.")
SINCE = typer.Option(None, help="First moment, UTC; usually 30 days before the last.")
UNTIL = typer.Option(None, help="Before this moment, UTC; usually now.")
GRAINS = ("hour", "day", "week", "month", "quarter")


def add_to(insight: typer.Typer) -> None:
    insight.command("indicator")(indicator)


def indicator(
    name: str | None = NAME,
    since: datetime | None = SINCE,
    until: datetime | None = UNTIL,
    cut: str | None = typer.Option(None, help="Divide it: shop, channel, reason, product, weekday …"),
    by: str | None = typer.Option(None, help="Step of the trend: hour, day, week, month, quarter."),
    where: list[str] | None = typer.Option(None, "--where", help="Only this: channel:chat; repeat for more."),
    time_zone: str = typer.Option("Asia/Shanghai", help="In which days and hours are counted."),
    lake: Path | None = typer.Option(
        None, help="Folder of a copied lake: asked instead of this installation, without a database."
    ),
    locale: str = typer.Option("en", help="zh-CN, zh-TW or en.", callback=spoken),
    as_json: bool = typer.Option(False, "--json", help="Everything that was found, as JSON."),
    as_csv: bool = typer.Option(False, "--csv", help="Every figure as a line."),
) -> None:
    """What an indicator says, with how many it rests on and its 95 % interval; too few are not called a number."""
    import asyncio

    from aftercare.insights.indicators import (
        CutNotPossible,
        Grain,
        IndicatorUnknown,
        PeriodTooLong,
        Question,
        file_of,
    )

    if by is not None and by not in GRAINS:
        fail(f"Not known: {by}; {', '.join(GRAINS)}.", 2)
    last = _utc(until) if until else datetime.now(UTC)
    pairs = [one.partition(":") for one in where or ()]
    question = Question(
        since=_utc(since) if since else last - timedelta(days=30),
        until=last,
        grain=Grain(by) if by else None,
        time_zone=time_zone,
        cut=cut,
        filters={key: value for key, _, value in pairs},
        trend=name is not None,
    )
    if lake and not _is_lake(lake):
        fail(f"There is no lake in {lake}.")
    try:
        with aside().status("Counting …"):
            found = (
                asyncio.run(_from_folder(lake, name, question, locale))
                if lake
                else in_house(lambda house: _from_house(house, name, question, locale))
            )
    except IndicatorUnknown:
        fail(f"Not known: {name}. `aftercare insight indicator` lists all.", 2)
    except (CutNotPossible, PeriodTooLong) as refused:
        fail(f"{refused.__doc__} {json.dumps(refused.data, default=str, ensure_ascii=False)}", 2)
    if as_csv:
        typer.echo(file_of(found, "csv").decode("utf-8-sig"), nl=False)
    elif as_json:
        told = [one.model_dump(mode="json") for one in found]
        typer.echo(json.dumps(told[0] if name else told, ensure_ascii=False, indent=2))
    elif name is None:
        _list(found)
    else:
        _tell(found[0])


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def _from_house(
    house: House, name: str | None, question: Question, locale: str
) -> list[IndicatorAnswer]:
    from aftercare.insights import indicators
    from aftercare.journal import begin

    async with begin(house) as work:
        return await indicators.answers(work, [name] if name else [], question, locale=locale)


def _is_lake(folder: Path) -> bool:
    try:
        return "tables" in json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, TypeError):
        return False


async def _from_folder(
    folder: Path, name: str | None, question: Question, locale: str
) -> list[IndicatorAnswer]:
    from aftercare.insights import indicators
    from aftercare.insights.lake import open_folder

    with open_folder(folder, settings().insight) as opened:
        return await indicators.answers_from(opened, [name] if name else [], question, locale=locale)


def _list(found: list[IndicatorAnswer]) -> None:
    rows = [
        [one.group, one.name, one.title, _value(one, one.figure.value), _interval(one, one.figure), f"{one.figure.n:,}", _stands(one)]
        for one in found
    ]  # fmt: skip
    table("", ["group", "name", "title", "value", "95 % interval", "n", ""], rows, right=("value", "n"))


def _tell(one: IndicatorAnswer) -> None:
    out = console()
    out.print(f"[bold]{one.title}[/]  {_value(one, one.figure.value)}  {_stands(one)}")
    out.print(one.formula)
    out.print(
        f"{_interval(one, one.figure) or 'no interval'} ({one.method}), {one.figure.numerator:,.0f} of"
        f" {one.figure.denominator:,.0f}, n = {one.figure.n:,}; {one.source} as of {one.as_of:%Y-%m-%d %H:%M} UTC"
    )
    figures = ("value", "95 % interval", "n", "numerator", "denominator")
    table(
        "",
        ["from", *figures],
        [[_from(one, p.since), *_cells(one, p.figure)] for p in one.trend],
        right=figures,
    )
    if one.cut:
        rows = [[part.label or part.key or "–", *_cells(one, part.figure)] for part in one.parts]
        table("", [one.cut, *figures], rows, right=figures)


def _from(one: IndicatorAnswer, since: datetime) -> str:
    """In the time zone by which the stretches were cut."""
    begins = since.astimezone(zone(one.time_zone))
    return f"{begins:%Y-%m-%d %H:%M}" if one.grain == "hour" else f"{begins:%Y-%m-%d}"


def _cells(one: IndicatorAnswer, figure: Figure) -> list[str]:
    return [
        _value(one, figure.value),
        _interval(one, figure),
        f"{figure.n:,}",
        f"{figure.numerator:,.0f}",
        f"{figure.denominator:,.0f}",
    ]


def _stands(one: IndicatorAnswer) -> str:
    if one.missing:
        return {
            "no_source": "no source yet",
            "nothing_recorded": "nothing recorded",
            "too_few": "not enough",
        }[one.missing]
    return "" if one.kept is None else "[green]kept[/]" if one.kept else "[red]missed[/]"


def _interval(one: IndicatorAnswer, figure: Figure) -> str:
    return "" if figure.low is None else f"{_value(one, figure.low)} … {_value(one, figure.high)}"


def _value(one: IndicatorAnswer, value: float | None) -> str:
    from aftercare.kit.money import digits

    if value is None:
        return "–"
    match one.kind:
        case "share":
            return f"{value * 100:.1f} %"
        case "time":
            seconds = round(value)
            days, hours = divmod(seconds, 86_400)
            return (
                f"{days} d {hours // 3600} h"
                if days
                else f"{seconds // 3600}:{seconds % 3600 // 60:02}:{seconds % 60:02}"
            )
        case "money" if one.currency:
            places = digits(one.currency)
            return f"{value / 10**places:,.{places}f} {one.currency}"
        case "count":
            return f"{value:,.0f}"
        case _:
            return f"{value:,.2f}"
