"""The other side of `python -m bench process`: what PM4Py says of logs and how long it takes. Run by an interpreter that has PM4Py, which
is never installed with Aftercare (AGPL); it knows nothing of Aftercare and prints JSON."""

import contextlib
import io
import json
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

warnings.filterwarnings("ignore")

with contextlib.redirect_stdout(io.StringIO()):
    import pm4py

CASE, ACTIVITY, TIME = "case:concept:name", "concept:name", "time:timestamp"


Seconds = tuple[float, float]
"""By the clock, and of the processor."""


def timed(story: Callable[[], Any]) -> tuple[Any, Seconds]:
    began, worked = perf_counter(), process_time()
    return story(), (perf_counter() - began, process_time() - worked)


def both(one: Seconds, other: Seconds) -> Seconds:
    return one[0] + other[0], one[1] + other[1]


def read(path: Path) -> Any:
    if path.suffix == ".csv":
        import pandas

        table = pandas.read_csv(path, dtype={CASE: str})
        table[TIME] = pandas.to_datetime(table[TIME], utc=True, format="ISO8601")
        return table
    return pm4py.read_xes(str(path))


def figures(path: Path) -> dict[str, Any]:
    log = read(path)
    pairs, begins, ends = pm4py.discover_dfg(log)
    variants = pm4py.get_variants(log)
    counts = {way: count if isinstance(count, int) else len(count) for way, count in variants.items()}
    return {
        "events": len(log),
        "cases": int(log[CASE].nunique()),
        "pairs": sorted([from_, to, int(count)] for (from_, to), count in pairs.items()),
        "begins": dict(sorted((name, int(count)) for name, count in begins.items())),
        "ends": dict(sorted((name, int(count)) for name, count in ends.items())),
        "variants": sorted([list(way), count] for way, count in counts.items()),
    }


def speeds(path: Path) -> dict[str, Seconds]:
    """Seconds from a file to the directly-follows counts, and to the variants, on pandas and on polars."""
    import pandas
    import polars

    def on_pandas() -> Any:
        if path.suffix == ".csv":
            table = pandas.read_csv(path)
            table[TIME] = pandas.to_datetime(table[TIME], utc=True, format="ISO8601")
            return table
        return pandas.read_parquet(path)

    def on_polars() -> Any:
        if path.suffix == ".csv":
            return polars.scan_csv(path).with_columns(
                polars.col(TIME).str.to_datetime(time_zone="UTC", strict=False)
            )
        return polars.read_parquet(path).lazy()

    found: dict[str, Seconds] = {}
    for engine, opened in (("pandas", on_pandas), ("polars", on_polars)):
        table, reading = timed(opened)
        _, counting = timed(partial(pm4py.discover_dfg, table))
        _, walking = timed(partial(pm4py.get_variants, table))
        found |= {
            f"{engine}_map": both(reading, counting),
            f"{engine}_variants": both(reading, walking),
        }
        del table
    return found


if __name__ == "__main__":
    task, *paths = sys.argv[1:]
    told = {path: (figures if task == "figures" else speeds)(Path(path)) for path in paths}
    json.dump(told, sys.stdout)
