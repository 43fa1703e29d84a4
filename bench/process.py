"""Process diagnosis beside PM4Py, which is asked in an environment of its own (`--pm4py PYTHON`) and never installed with Aftercare.

`figures` compares directly-follows counts and variants on every log of a folder, and keeps their digests for the tests. `measure` times
both from a file of five million events, and a map of what the lake keeps ready at ten million facts.
"""

import json
import subprocess
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

from aftercare.insights import process

LOGS = Path(__file__).parents[2] / "shared" / "data" / "process_logs"
FIGURES = Path(__file__).parents[1] / "tests" / "insights" / "process" / "pm4py_figures.json"
OTHER_SIDE = Path(__file__).with_name("pm4py_side.py")
EVENTS = 5_000_000
FACTS = 10_000_000
TIMES = 3
MANY = {"pandas": 10.0, "polars": 3.0}
ALLOWED_SECONDS = 0.5


def digest(told: Any) -> str:
    return sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def logs(folder: Path = LOGS) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*")
        if path.name.endswith((".csv", ".xes", ".xes.gz")) and path.is_file()
    )


def ours(path: Path) -> dict[str, Any]:
    with process.read_log(path, attributes=False) as log:
        log.keep()
        found, counted = process.map_of(log.steps, log.ask), log.follows()
        variants = process.variants_of(log.ways, log.ask, None)
    begins = {node.activity: node.begins for node in found.nodes if node.begins}
    ends = {node.activity: node.ends for node in found.nodes if node.ends}
    if (found.pairs(), begins, ends) != (counted.pairs, counted.begins, counted.ends):
        raise AssertionError(f"{path.name}: the map and the counts differ")
    return {
        "events": found.events,
        "cases": found.cases,
        "pairs": sorted([from_, to, count] for (from_, to), count in counted.pairs.items()),
        "begins": dict(sorted(counted.begins.items())),
        "ends": dict(sorted(counted.ends.items())),
        "variants": sorted([one.activities, one.cases] for one in variants.shown),
    }


def short(told: dict[str, Any]) -> dict[str, Any]:
    """Numbers and digests: what tests keep of a log that is not ours to give away."""
    return {
        "events": told["events"],
        "cases": told["cases"],
        "pairs": len(told["pairs"]),
        "variants": len(told["variants"]),
        "largest": max(count for *_, count in told["pairs"]),
        **{f"{name}_digest": digest(told[name]) for name in ("pairs", "begins", "ends", "variants")},
    }


def other_side(python: Path, task: str, paths: Iterable[Path]) -> dict[str, Any]:
    done = subprocess.run(  # an interpreter that the caller names
        [str(python), str(OTHER_SIDE), task, *map(str, paths)], check=True, capture_output=True
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def figures(python: Path, folder: Path = LOGS) -> list[dict[str, Any]]:
    """Whether both say the same of every log; keeps PM4Py's figures for the tests."""
    paths = logs(folder)
    theirs = other_side(python, "figures", paths)
    kept = {path.relative_to(folder).as_posix(): short(theirs[str(path)]) for path in paths}
    FIGURES.write_text(json.dumps(kept, indent=1) + "\n")
    return [
        {
            "what": path.name,
            "events": theirs[str(path)]["events"],
            "pairs": len(theirs[str(path)]["pairs"]),
            "variants": len(theirs[str(path)]["variants"]),
            "equal": "yes" if ours(path) == theirs[str(path)] else "no",
        }
        for path in paths
    ]


def timed(story: Callable[[], Any]) -> tuple[float, float]:
    """Seconds by the clock, and of the processor."""
    began, worked = perf_counter(), process_time()
    story()
    return perf_counter() - began, process_time() - worked


def large_log(folder: Path, log: Path, events: int = EVENTS) -> tuple[Path, Path]:
    """A log repeated until it has so many events, each time with other cases: as Parquet and as CSV."""
    import duckdb

    parquet, csv = folder / "large.parquet", folder / "large.csv"
    if not csv.exists():
        with duckdb.connect() as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute(
                f"CREATE TABLE once AS SELECT *, row_number() OVER () AS r FROM read_csv('{log}', all_varchar = true)"
            )
            ((rows,),) = con.execute("SELECT count(*) FROM once").fetchall()
            con.execute(
                f"""
                COPY (SELECT "case:concept:name" || '-' || k AS "case:concept:name", "concept:name",
                        "time:timestamp"::TIMESTAMPTZ AS "time:timestamp", "org:resource"
                      FROM once, range({-(-events // rows)}) t(k) ORDER BY k, r) TO '{parquet}'
                """
            )
            con.execute(f"COPY (SELECT * FROM '{parquet}') TO '{csv}' (HEADER)")
    return parquet, csv


def measure(python: Path | None, folder: Path | None = None) -> list[dict[str, Any]]:
    """From a file of five million events: to the counts, to the whole map with its waits, and to the variants."""
    if not LOGS.is_dir():
        return []
    with TemporaryDirectory() as scratch:
        place = folder or Path(scratch)
        parquet, csv = large_log(place, LOGS / "pm4py" / "input_data" / "receipt.csv")
        # The libraries are loaded before the clock runs, on both sides.
        with process.log_of(
            [{"case": "1", "activity": "a", "at": datetime(2026, 1, 1, tzinfo=UTC)}]
        ) as small:
            process.map_of(small.steps, small.ask)
        rows: list[dict[str, Any]] = []
        for path in (parquet, csv):

            def counts(path: Path = path) -> None:
                with process.read_log(path, attributes=False) as log:
                    log.follows()

            def waits(path: Path = path) -> None:
                with process.read_log(path, attributes=False) as log:
                    process.map_of(log.steps, log.ask)

            def ways(path: Path = path) -> None:
                with process.read_log(path, attributes=False) as log:
                    process.variants_of(log.ways, log.ask, None)

            stories = (
                ("directly-follows counts", counts, "map"),
                ("map with waits", waits, None),
                ("variants", ways, "variants"),
            )
            theirs: list[dict[str, tuple[float, float]]] = []
            taken: dict[str, list[tuple[float, float]]] = {}
            # In turns, so that what else the machine does is felt by both.
            for _ in range(TIMES):
                if python is not None:
                    theirs.append(other_side(python, "speeds", [path])[str(path)])
                for name, story, _against in stories:
                    taken.setdefault(name, []).append(timed(story))
            for name, _story, against in stories:
                took, worked = _middle(taken[name])
                row = {
                    "what": f"{path.suffix[1:]}: {name}",
                    "events": EVENTS,
                    "seconds": round(took, 2),
                    "processor": round(worked, 2),
                }
                for engine in MANY if theirs and against else ():
                    other, other_worked = _middle([one[f"{engine}_{against}"] for one in theirs])
                    row |= {
                        f"pm4py_{engine}": round(other, 2),
                        f"{engine}_times": round(other / took, 1),
                        f"{engine}_processor": round(other_worked, 2),
                        f"{engine}_processor_times": round(other_worked / worked, 1),
                    }
                rows.append(row)
    return rows


def _middle(taken: list[tuple[float, float]]) -> tuple[float, float]:
    return median(clock for clock, _ in taken), median(worked for _, worked in taken)


def kept_ready(folder: Path, facts: int = FACTS) -> None:
    """Steps as the lake keeps them, of a million claims for ten million facts, over a year and four shops; and the claims."""
    import duckdb

    with duckdb.connect() as con:
        con.execute(
            f"""
            CREATE TABLE claims AS SELECT hash(i)::VARCHAR AS id, (hash(i) >> 1)::BIGINT AS key, hash(i, 1) % 4 AS shop,
              ['refund_only', 'return_refund', 'exchange', 'repair'][1 + (hash(i, 2) % 4)::INT] AS kind,
              TIMESTAMPTZ '2025-11-01 00:00:00Z' + INTERVAL 1 SECOND * (hash(i, 3) % 31536000)::BIGINT AS began_at FROM range({facts // 10}) t(i)
            """
        )
        con.execute(
            """
            CREATE TABLE steps AS SELECT id AS claim_id, shop::VARCHAR AS shop_id, key, began_at, 'claim.' || (n + hash(key, n) % 4) AS activity,
              CASE WHEN n > 0 THEN 'claim.' || (n - 1 + hash(key, n - 1) % 4) END AS from_activity,
              CASE WHEN n > 0 THEN (hash(key, n, 7) % 1000000)::DOUBLE END AS wait, n + 1 AS nth, (hash(key, n) >> 14)::BIGINT AS mark
            FROM claims, range(10) t(n)
            """
        )
        con.execute(f"COPY claims TO '{folder}/claims.parquet'")
        con.execute(
            f"""
            COPY (SELECT *, strftime(began_at AT TIME ZONE 'UTC', '%Y-%m') AS month FROM steps ORDER BY month, shop_id, began_at, claim_id, nth)
            TO '{folder}/steps' (FORMAT parquet, COMPRESSION zstd, PARTITION_BY (month), OVERWRITE_OR_IGNORE)
            """
        )


def measure_kept(folder: Path | None = None, facts: int = FACTS) -> list[dict[str, Any]]:
    """Seconds to a whole map (counts, medians and nine-tenths of waits) from what the lake keeps ready."""
    import duckdb
    import ibis

    from aftercare.insights.process.log import as_sql

    with TemporaryDirectory() as scratch, duckdb.connect(config={"threads": 2, "memory_limit": "1GB"}) as con:
        place = folder or Path(scratch)
        if not (place / "steps").exists():
            kept_ready(place, facts)
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"CREATE VIEW claims AS SELECT * FROM '{place}/claims.parquet'")
        con.execute(
            f"CREATE VIEW steps AS SELECT * FROM read_parquet('{place}/steps/*/*.parquet', hive_partitioning = false)"
        )
        steps = ibis.table(
            {
                "claim_id": "string", "shop_id": "string", "key": "int64", "began_at": "timestamp('UTC')", "activity": "string",
                "from_activity": "string", "wait": "float64", "nth": "int64", "mark": "int64",
            },
            name="steps",
        )  # fmt: skip
        claims = ibis.table({"id": "string", "kind": "string"}, name="claims")

        def ask(expression: Any) -> list[dict[str, Any]]:
            answer = con.execute(as_sql(expression))
            names = [column[0] for column in answer.description or ()]
            return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]

        def since(day: datetime, until: datetime) -> Any:
            lowest, highest = (ibis.literal(at, type="timestamp('UTC')") for at in (day, until))
            return steps.filter((steps.began_at >= lowest) & (steps.began_at < highest))

        month = since(datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC))
        exchanges = claims.filter(claims.kind == "exchange")
        rows = []
        for name, chosen in (
            ("a month", month),
            ("a month of one kind of claim", month.filter(month.claim_id.isin(exchanges.id))),
            ("a shop, the whole year", steps.filter(steps.shop_id == "2")),
            ("one kind of claim, the whole year", steps.filter(steps.claim_id.isin(exchanges.id))),
            ("everything", steps),
        ):
            process.map_of(chosen, ask)
            took, _ = _middle([timed(partial(process.map_of, chosen, ask)) for _ in range(TIMES)])
            rows.append(
                {
                    "map_of": name,
                    "facts": facts,
                    "seconds": round(took, 2),
                    "at_most": ALLOWED_SECONDS,
                }
            )
        return rows


def everything(python: Path | None) -> list[dict[str, Any]]:
    """All of it as rows of one table."""
    rows = figures(python) if python is not None and LOGS.is_dir() else []
    rows += [*measure(python), *measure_kept()]
    columns = list(dict.fromkeys(name for row in rows for name in row))
    return [{name: row.get(name) for name in columns} for row in rows]
