"""Speed, measured beside the same SQL on the same server. `make bench` runs it; see bench/README.md."""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench import (
    alarms,
    around,
    chat,
    clocks,
    forecast,
    foresight,
    growth,
    knowledge,
    lake,
    relay,
    requests,
    scroll,
)
from bench.ground import Ground, ground

PARTS = (
    "requests",
    "growth",
    "relay",
    "clocks",
    "knowledge",
    "import",
    "demo",
    "web",
    "scroll",
    "chat",
    "lake",
    "foresight",
    "alarms",
    "forecast",
    "process",
)
USUAL = ("requests", "growth", "relay", "web")
OLIST = Path(__file__).parents[2] / "shared" / "data" / "orders_olist"
KEPT = Path(__file__).parents[1] / "var"

screen = Console(width=None if sys.stdout.isatty() else 160)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help=f"what to measure (usually {', '.join(USUAL)})"
    )
    parser.add_argument(
        "--growth", type=int, action="append", metavar="CASES", help="up to so many cases (usually 100000)"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="REQUEST",
        help="claim, message, push, inbox, case, timeline",
    )
    parser.add_argument("--processes", type=int, action="append", help="server processes (usually 1 and 2)")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--rate", type=int, default=200, help="facts a second for the relay")
    parser.add_argument("--clocks", type=int, default=50_000, help="clocks that fall due at once")
    parser.add_argument("--texts", type=int, default=100_000, help="texts to search in")
    parser.add_argument("--open", type=int, default=10_000, help="open cases in the queue that is scrolled")
    parser.add_argument("--chats", type=int, default=5_000, help="open windows of the chat")
    parser.add_argument("--facts", type=int, default=10_000_000, help="facts in the lake")
    parser.add_argument(
        "--pm4py",
        type=Path,
        metavar="PYTHON",
        help="an interpreter that has PM4Py, to compare the process with",
    )
    parser.add_argument("--told", type=Path, metavar="HOME", help="replay the year of this running demo")
    parser.add_argument("--olist", type=Path, default=OLIST, help="folder of the Olist set")
    parser.add_argument(
        "--place", type=Path, help="keep the server and its worlds in this folder, for the next time"
    )
    parser.add_argument(
        "--again", action="store_true", help="ask the lake in --place as it is, instead of copying it anew"
    )
    parser.add_argument(
        "--not-durable", action="store_true", help="a server that does not wait for the disk; quicker to fill"
    )
    return parser.parse_args()


def sizes(given: Sequence[int] | None) -> list[int]:
    most = max(given or [100_000])
    return [cases for cases in (10_000, 100_000, 1_000_000) if cases < most] + [most]


def measure(part: str, given: argparse.Namespace, on: Ground) -> list[Any]:
    match part:
        case "requests":
            return requests.measure(
                on,
                seconds=given.seconds,
                processes=tuple(given.processes or (1, 2)),
                only=frozenset(given.only),
            )
        case "growth":
            return growth.measure(on, sizes(given.growth), seconds=given.seconds)
        case "relay":
            on.make("bench_relay")
            return [
                asyncio.run(
                    relay.measure(given.rate, 4 * given.seconds, on.url("bench_relay"), on.home / "home")
                )
            ]
        case "forecast":
            series = given.olist.parent / "forecasting"
            return forecast.measure(series) if series.is_dir() else []
        case "alarms":
            return alarms.measure(on, given.told)
        case "foresight":
            return foresight.measure(given.olist)
        case "clocks":
            return [clocks.measure(on, given.clocks)]
        case "knowledge":
            return list(knowledge.measure(on, given.texts))
        case "process":
            from bench import process

            return process.everything(given.pm4py)
        case "lake":
            return list(lake.measure(on, given.facts, again=given.again, show=screen.print))
        case "chat":
            return chat.measure(
                on, chats=given.chats, processes=max(given.processes or [2]), seconds=10 * given.seconds
            )
        case "scroll":
            return scroll.measure(on, given.open)
        case "import":
            return around.measure_import(on, given.olist) if given.olist.is_dir() else []
        case "demo":
            return around.measure_demo()
        case _:
            return around.measure_web()


def show(part: str, results: Sequence[Any]) -> None:
    if not results:
        return
    rows = [asdict(one) if is_dataclass(one) and not isinstance(one, type) else dict(one) for one in results]
    table = Table(title=part, title_justify="left", header_style="bold")
    columns = [name for name in rows[0] if any(row[name] not in (None, {}) for row in rows)]
    for name in columns:
        table.add_column(
            name.replace("_", " "), justify="left" if isinstance(rows[0][name], str) else "right"
        )
    for row in rows:
        table.add_row(*("" if row[name] is None else str(row[name]) for name in columns), style=_style(row))
    screen.print(table)


def _style(row: dict[str, Any]) -> str | None:
    missed = (
        ("part" in row and row["part"] < row["least"])
        or (row.get("auc") is not None and row["auc"] < row["least"])
        or ("times" in row and row["times"] > row["most"])
        or ("allowed" in row and row["allowed"] is not None and row["measured"] > row["allowed"])
        or ("allowed_ms" in row and row["p99_ms"] > row["allowed_ms"])
        or (row.get("allowed_seconds") is not None and row["seconds"] > row["allowed_seconds"])
    )
    return "yellow" if missed else None


def keep(results: dict[str, list[Any]]) -> Path:
    now = datetime.now(UTC)
    told = {
        "command": "python -m bench " + " ".join(sys.argv[1:]),
        "at": now.isoformat(timespec="seconds"),
        "machine": {
            "cores": os.cpu_count(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "load": os.getloadavg(),
        },
        **{
            part: [asdict(one) if is_dataclass(one) and not isinstance(one, type) else one for one in found]
            for part, found in results.items()
        },
    }
    KEPT.mkdir(exist_ok=True)
    path = KEPT / f"bench-{now:%Y%m%d-%H%M%S}.json"
    path.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    return path


def main() -> None:
    given = arguments()
    parts = list(given.parts) or list(USUAL)
    if given.growth and not given.parts:
        parts = ["growth"]
    results: dict[str, list[Any]] = {}
    with ground(given.place, durable=not given.not_durable) as on:
        for part in parts:
            results[part] = measure(part, given, on)
            show(part, results[part])
    screen.print(f"written to {keep(results)}")


if __name__ == "__main__":
    main()
