"""insight map, variants, conform, compare, outlook, export-log: how the work really went, of a log in a file or of this installation."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import typer

from aftercare.cli.words import aside, console, fail, settings, spread, table

if TYPE_CHECKING:
    from aftercare.insights.lake import LakeOf
    from aftercare.insights.process import Asked

AS_JSON = typer.Option(False, "--json", help="As JSON.")
AS_CSV = typer.Option(False, "--csv", help="As CSV.")
TOP = typer.Option(20, "--top", min=1, help="How many are shown; --json and --csv tell all.")


@dataclass(frozen=True)
class Log:
    """The options by which all of these ask for a log: of a file, or of this installation."""

    file: Path | None = typer.Argument(
        None,
        help="CSV, Parquet, XES or OCEL 2.0 (JSON, SQLite, XML), also packed. Without it: this installation.",
    )
    case: str | None = typer.Option(None, help="Column of the case.")
    activity: str | None = typer.Option(None, help="Column of the activity.")
    time: str | None = typer.Option(None, help="Column of the time.")
    resource: str | None = typer.Option(None, help="Column of who did it.")
    time_format: str | None = typer.Option(None, help="As strptime has it, such as '%d.%m.%Y %H:%M'.")
    zone: str = typer.Option("UTC", help="Where times without an offset were written.")
    object_type: str | None = typer.Option(None, help="Which objects of an OCEL are the cases.")
    lifecycle: str | None = typer.Option(None, help="Only events of this transition, such as complete.")
    skip_broken: bool = typer.Option(
        False, "--skip-broken", help="Leave out rows without case, activity or time."
    )
    of: str = typer.Option("claims", help="claims, cases or orders.")
    shop: str | None = typer.Option(None, help="Code of a shop.")
    since: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="Only what began at or after this day (UTC)."
    )
    until: datetime | None = typer.Option(
        None, formats=["%Y-%m-%d"], help="Only what began before this day (UTC)."
    )


def _length(told: str) -> float:
    from aftercare.insights import process

    try:
        return process.seconds_of(told)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from None


def add_to(insight: typer.Typer) -> None:
    insight.command("map")(spread(process_map))
    insight.command()(spread(variants))
    insight.command()(spread(conform))
    insight.command()(spread(compare))
    insight.command()(spread(outlook))
    insight.command("export-log")(spread(export_log))


def process_map(
    log: Log,
    dot: Path | None = typer.Option(None, "--dot", help="Also write the map to this file, for Graphviz."),
    top: int = TOP,
    as_json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """What follows what, how often, and after how long; where the time goes, what is done twice, who hands over to whom."""
    from aftercare.insights import process

    with _asked(log) as asked:
        found = process.map_of(asked.steps, asked.ask)
        again = [] if as_csv else process.loops(asked.steps, asked.ask)
        handed = [] if as_csv else process.hand_overs(asked.steps, asked.ask)
    narrow = process.bottlenecks(found)
    if dot is not None:
        dot.write_text(process.as_dot(found, length), encoding="utf-8")
        aside().print(f"Written to {dot}.")
    if as_json:
        _json(
            {
                **asdict(found),
                "bottlenecks": _dicts(narrow),
                "loops": _dicts(again),
                "hand_overs": _dicts(handed),
            }
        )
    elif as_csv:
        _csv(_dicts(found.edges))
    else:
        console().print(
            f"{found.cases:,} cases, {found.events:,} events, {len(found.edges):,} ways from one to the next."
        )
        table(
            "Activities",
            ["activity", "times", "begins", "ends"],
            [
                [one.activity, f"{one.count:,}", f"{one.begins:,}", f"{one.ends:,}"]
                for one in found.nodes[:top]
            ],
            right=("times", "begins", "ends"),
        )
        table(
            "What follows what",
            ["from", "to", "times", "median wait", "90 % within"],
            [
                [one.from_, one.to, f"{one.count:,}", length(one.median), length(one.p90)]
                for one in found.edges[:top]
            ],
            right=("times", "median wait", "90 % within"),
        )
        table(
            "Where the time goes",
            ["from", "to", "share of all waiting", "median wait", "90 % within"],
            [
                [one.from_, one.to, f"{one.share:.1%}", length(one.median), length(one.p90)]
                for one in narrow[:top]
            ],
            right=("share of all waiting", "median wait", "90 % within"),
        )
        if again:
            table(
                "Done again",
                ["activity", "cases", "share", "times more", "at once", "first to last, median"],
                [
                    [
                        one.activity,
                        f"{one.cases:,}",
                        f"{one.share:.1%}",
                        f"{one.repeats:,}",
                        f"{one.at_once:,}",
                        length(one.median),
                    ]
                    for one in again[:top]
                ],
                right=("cases", "share", "times more", "at once", "first to last, median"),
            )
        if handed:
            table(
                "Handed over",
                ["from", "to", "times", "straight back", "median wait"],
                [
                    [one.from_, one.to, f"{one.count:,}", f"{one.back:,}", length(one.median)]
                    for one in handed[:top]
                ],
                right=("times", "straight back", "median wait"),
            )


def variants(
    log: Log,
    top: int = TOP,
    as_json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """The different ways that cases took, the commonest first."""
    from aftercare.insights import process

    with _asked(log) as asked:
        found = process.variants_of(asked.ways, asked.ask, None if as_json or as_csv else top)
    if as_json:
        _json(asdict(found))
    elif as_csv:
        _csv([{**row, "activities": " → ".join(row["activities"])} for row in _dicts(found.shown)])
    else:
        console().print(f"{found.all:,} ways of {found.cases:,} cases.")
        table(
            "",
            ["cases", "share", "median", "way", "example"],
            [
                [
                    f"{one.cases:,}",
                    f"{one.share:.1%}",
                    length(one.median),
                    " → ".join(one.activities),
                    one.example,
                ]
                for one in found.shown
            ],
            right=("cases", "share", "median"),
        )


def conform(
    log: Log,
    model: Path | None = typer.Option(
        None, "--model", help="CSV with the columns from, to and perhaps within (36h): what may follow what."
    ),
    share: float = typer.Option(
        0.8,
        "--share",
        min=0.0,
        max=1.0,
        help="Without a model: the commonest ways of so many cases are taken as one.",
    ),
    open_cases: bool = typer.Option(
        False, "--open", help="Cases may be under way: none is called unfinished."
    ),
    top: int = TOP,
    as_json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """What was skipped, added, repeated or late, and by whom: against a model, the way that most cases take, or (of this
    installation) the handbook."""
    from aftercare.insights import process

    told = None if model is None else process.read_model(model)
    with _asked(log) as asked:
        if told is None and asked.handbook is not None:
            found = asked.handbook()
        else:
            told = told or process.happy_path(process.variants_of(asked.ways, asked.ask, 1000), share)
            found = process.conform(asked.steps, asked.ask, told, open_cases=open_cases)
    if as_json:
        _json({**asdict(found), "share": found.share})
    elif as_csv:
        _csv(
            [
                {
                    **row,
                    "skipped": " → ".join(row["skipped"]),
                    "people": ", ".join(f"{who} {count}" for who, count in row["people"]),
                    "examples": " ".join(row["examples"]),
                }
                for row in _dicts(found.deviations)
            ]
        )
    else:
        console().print(
            f"{found.conforming:,} of {found.cases:,} cases ({found.share:.1%}) agree with {found.model}."
        )
        table(
            "",
            ["what", "from", "to", "skipped", "cases", "times", "by whom", "late by, median"],
            [
                [
                    one.kind.replace("_", " "), one.from_ or "(begin)", one.to or "(end)", " → ".join(one.skipped),
                    f"{one.cases:,}", f"{one.count:,}", ", ".join(f"{who} {count}" for who, count in one.people[:3]),
                    "" if one.late is None else length(one.late),
                ]
                for one in found.deviations[:top]
            ],
            right=("cases", "times"),
        )  # fmt: skip


def compare(
    log: Log,
    late: float | None = typer.Option(
        None,
        parser=_length,
        metavar="<length>",
        help="First group: cases that took longer than this (36h, 7d).",
    ),
    where: str | None = typer.Option(
        None, "--where", help="First group: cases whose attribute is so: 'channel=Internet'."
    ),
    having: str | None = typer.Option(None, "--with", help="First group: cases in which this activity came."),
    top: int = TOP,
    as_json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """What differs between one group of cases and all others, and which attributes go with being in it."""
    from aftercare.insights import process

    if sum(one is not None for one in (late, where, having)) != 1:
        fail("Say which cases are the first group: --late, --where or --with.", 2)
    with _asked(log, attributes=True) as asked:
        attributes = asked.attributes
        if where is not None:
            name, _, value = where.partition("=")
            if name not in attributes:
                fail(f"There is no attribute {name}. Known: {', '.join(attributes) or 'none'}.")
            group = process.Group(attribute=name, value=value)
            attributes = [one for one in attributes if one != name]
        elif having is not None:
            group = process.Group(having=having)
        else:
            group = process.Group(longer_than=late)
        first = group.of(asked.steps, asked.cases)
        found = process.compare(asked.steps, asked.cases, asked.ask, first, attributes)
        why = process.causes(asked.cases, asked.ask, first, attributes)
    if as_json:
        _json({**asdict(found), "causes": asdict(why)})
        return
    if as_csv:
        _csv(_dicts(found.differences))
        return
    console().print(
        f"{found.first:,} cases (median {length(found.median_first)}) against {found.second:,} (median {length(found.median_second)});"
        f" {found.compared:,} things compared."
    )
    if not found.differences:
        console().print("Nothing differs enough to matter.")
    else:
        table(
            "What differs",
            ["what", "", "first", "others", "effect", "q"],
            [
                [
                    one.kind,
                    f"{one.what} = {one.value}" if one.value else one.what,
                    *(
                        length(side) if one.kind == "wait" else f"{side:.1%}"
                        for side in (one.first, one.second)
                    ),
                    f"{one.effect:+.2f}",
                    f"{one.q:.2g}",
                ]
                for one in found.differences[:top]
            ],
            right=("first", "others", "effect", "q"),
        )
    if why.factors:
        table(
            "What goes with it (no proof of a cause)",
            ["attribute", "cases", "share with it", "share without", "odds ratio", "95 %"],
            [
                [
                    f"{one.attribute} = {one.value}", f"{one.cases:,}", f"{one.share_with:.1%}", f"{one.share_without:.1%}",
                    f"{one.odds:.2f}", f"{one.low:.2f} to {one.high:.2f}",
                ]
                for one in why.factors[:top]
            ],
            right=("cases", "share with it", "share without", "odds ratio"),
        )  # fmt: skip
    for rule in why.rules[:3]:
        console().print(
            f"{rule.share:.0%} of {rule.cases:,} cases with {' and '.join(rule.conditions)}", markup=False
        )


def outlook(
    log: Log,
    ends: list[str] | None = typer.Option(
        None,
        "--end",
        help="Of a file: activity with which a case has ended; repeat for more. Usually those that end 5 % of the cases.",
    ),
    top: int = TOP,
    as_json: bool = AS_JSON,
    as_csv: bool = AS_CSV,
) -> None:
    """The next step of every open case and how long it still takes, learned from those that have ended."""

    with _asked(log) as asked:
        found, measured = asked.outlook(tuple(ends or ()))
    rows = [
        {
            "case": one.case,
            "activity": one.activity,
            "since": one.since.isoformat(),
            "waited": one.waited,
            **asdict(one.outlook),
        }
        for one in found
    ]
    if as_json:
        _json({"measured": None if measured is None else asdict(measured), "open": rows})
        return
    if as_csv:
        _csv(rows)
        return
    if measured is None:
        console().print("Too few cases have ended to measure how right this is.")
    else:
        console().print(
            f"Measured on {measured.cases:,} later cases: next step right {measured.next_right:.0%} (always the commonest:"
            f" {measured.next_plain:.0%}); off by {length(measured.error)} on average (always the median: {length(measured.plain)});"
            f" {measured.inside:.0%} inside the interval, which should be 80 %."
        )
    table(
        f"{len(rows):,} open cases",
        ["case", "stands at", "for", "next", "chance", "still takes", "four of five"],
        [
            [
                one.case, one.activity, length(one.waited),
                "not enough" if one.outlook.next is None else one.outlook.next or "(end)",
                "" if one.outlook.chance is None else f"{one.outlook.chance:.0%}",
                "" if one.outlook.median is None else length(one.outlook.median),
                "" if one.outlook.low is None or one.outlook.high is None else f"{length(one.outlook.low)} to {length(one.outlook.high)}",
            ]
            for one in found[:top]
        ],
        right=("for", "chance", "still takes"),
    )  # fmt: skip


def export_log(
    log: Log,
    out: Path = typer.Argument(help="File to write: .xes, .xes.gz, or .json for OCEL 2.0."),
) -> None:
    """Write the log as XES or OCEL 2.0, for other tools of process mining. It tells of no person."""
    form: Literal["xes", "ocel"] = "ocel" if out.suffix == ".json" else "xes"
    if not (form == "ocel" or out.name.endswith((".xes", ".xes.gz"))):
        fail("The name of the file tells its form: .xes, .xes.gz or .json (OCEL 2.0).", 2)
    with _asked(log, attributes=True) as asked:
        written = asked.export(out, form)
    console().print(f"{written:,} events written to {out}.")


@contextmanager
def _asked(log: Log, *, attributes: bool = False) -> Iterator[Asked]:
    """The log that is asked: of the file, or of this installation's lake."""
    from aftercare.insights import process

    if log.file is not None:
        columns = process.Columns(
            log.case, log.activity, log.time, log.resource, None, log.time_format, log.zone
        )
        with aside().status(f"Reading {log.file.name} …") as status, process.read_log(
            log.file, columns, object_type=log.object_type, lifecycle=log.lifecycle, attributes=attributes,
            skip_broken=log.skip_broken,
        ) as read:  # fmt: skip
            for remark in read.told:
                status.console.print(f"Note: {remark}.", markup=False)
            status.update("Counting …")
            yield process.asked_of(read)
        return
    if log.of not in process.OBJECTS:
        fail(f"Not known: {log.of}; {', '.join(process.OBJECTS)}.", 2)
    with _lake() as lake:
        shop_id = None
        if log.shop is not None:
            codes = lake.tables().shops
            found = lake.fetch(codes.filter(codes.code == log.shop).select("id")).to_pylist()
            if not found:
                fail(f"There is no shop {log.shop}.")
            shop_id = UUID(found[0]["id"])
        chosen = process.Selection(
            of=process.OBJECTS[log.of],
            since=None if log.since is None else log.since.replace(tzinfo=UTC),
            until=None if log.until is None else log.until.replace(tzinfo=UTC),
            shop_id=shop_id,
        )
        with aside().status("Counting …"):
            yield process.asked_of_journal(process.journal_of(lake, chosen), datetime.now(UTC))


@contextmanager
def _lake() -> Iterator[LakeOf]:
    from aftercare.insights.lake import open_folder

    with open_folder(settings().home / "lake") as lake:
        yield lake


def _dicts(rows: list[Any]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _json(told: Any) -> None:
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))


def _csv(rows: list[dict[str, Any]]) -> None:
    if rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def length(seconds: float) -> str:
    """3 s, 12 min, 5.2 h, 3.4 d."""
    for unit, size, most in (("s", 1, 90), ("min", 60, 90), ("h", 3600, 48), ("d", 86_400, float("inf"))):
        if seconds / size < most:
            return (
                f"{seconds / size:.1f} {unit}"
                if unit in ("h", "d") and seconds / size < 100
                else f"{seconds / size:.0f} {unit}"
            )
    raise AssertionError
