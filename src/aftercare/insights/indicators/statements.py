"""Statements: an indicator's population as SQL, and the sums over it.

To put an expression together and to compile it takes many times as long as most answers. What does not depend on when and for
which shop it is asked, its **form**, is therefore compiled once for each process and dialect, and kept in the lake's folder for the next
process; instants, moments and the shop are written into it each time.
"""

import asyncio
import json
import re
import shutil
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aftercare.insights.indicators.times import Instant
from aftercare.insights.lake import Dialect

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_FORMS = 1_000
MARK = f"told_{token_hex(8)}"
"""What is written in later is called by names that nobody can know, so no value can hold one."""
BLANK = re.compile(rf"{MARK}_(?:at\('(\w+) (-?\d+)'\)|(moments|shop)\(\))", re.IGNORECASE)
DECILES: Mapping[Dialect, str] = {
    "duckdb": "quantile_cont(value, [0.5, 0.9])",
    "postgres": "percentile_cont(ARRAY[0.5, 0.9]) WITHIN GROUP (ORDER BY value)",
    "pyspark": "percentile(value, array(0.5, 0.9))",
}
SUMS = """count(*) AS n, sum(x) AS x, sum(y) AS y, sum(CASE WHEN y <> 0 THEN 1 ELSE 0 END) AS bearing,
  sum(x * x) AS xx, sum(x * y) AS xy, sum(y * y) AS yy"""
CURRENCY = re.compile("[A-Z]{3}")


# What is left blank in a form


def blank_instant(moment: Instant) -> Any:
    return _blanks()["at"](f"{moment.name} {round(moment.later.total_seconds())}")


def blank_moments() -> Any:
    """Seconds since 1970, as an array."""
    return _blanks()["moments"]()


def blank_shop() -> Any:
    return _blanks()["shop"]()


@cache
def _blanks() -> dict[str, Any]:
    import ibis
    import ibis.expr.datatypes as types

    @ibis.udf.scalar.builtin(name=f"{MARK}_at", signature=((types.string,), types.Timestamp(timezone="UTC")))
    def at(told): ...  # type: ignore[no-untyped-def]

    @ibis.udf.scalar.builtin(name=f"{MARK}_moments", signature=((), types.Array(types.int64)))
    def moments(): ...  # type: ignore[no-untyped-def]

    @ibis.udf.scalar.builtin(name=f"{MARK}_shop", signature=((), types.string))
    def shop(): ...  # type: ignore[no-untyped-def]

    return {"at": at, "moments": moments, "shop": shop}


@dataclass(frozen=True)
class Form:
    """The SQL of a population with its blanks. `columns`: those that it gives."""

    sql: str
    dialect: Dialect
    columns: frozenset[str]

    def told(
        self, instants: Mapping[str, datetime], moments: Sequence[int] = (), shop: UUID | None = None
    ) -> str:
        """With everything written in."""
        kind = "TIMESTAMP" if self.dialect == "pyspark" else "TIMESTAMPTZ"

        def written(found: re.Match[str]) -> str:
            name, later, other = found.groups()
            if name is not None:
                return f"{kind} '{Instant(name).after(int(later)).of(instants).isoformat(sep=' ')}'"
            if other.lower() == "shop":
                return f"'{shop}'"
            listed = ", ".join(map(str, moments))
            match self.dialect:
                case "duckdb":
                    return f"CAST([{listed}] AS BIGINT[])"
                case "postgres":
                    return f"CAST(ARRAY[{listed}] AS bigint[])"
                case _:
                    return f"CAST(array({listed}) AS ARRAY<BIGINT>)"

        return BLANK.sub(written, self.sql)


class Forms:
    """Of one process: the forms that were asked lately."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, Form | None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    async def get(
        self, key: Hashable, dialect: Dialect, make: Callable[[], "ir.Table | None"], kept: Path | None = None
    ) -> Form | None:
        """`kept`: the folder in which forms wait for the next process."""
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        # It takes tens of milliseconds, in which others are served.
        form = self._known[key] = await asyncio.to_thread(_found, key, dialect, make, kept)
        while len(self._known) > MOST_FORMS:
            self._known.popitem(last=False)
        return form


def _found(
    key: Hashable, dialect: Dialect, make: Callable[[], "ir.Table | None"], kept: Path | None
) -> Form | None:
    if kept is None:
        return _compiled(dialect, make)
    path = kept / _sources() / f"{sha256(repr(key).encode()).hexdigest()[:32]}.json"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        sql = re.sub(re.escape(told["mark"]), MARK, told["sql"], flags=re.IGNORECASE)
        return Form(sql, dialect, frozenset(told["columns"]))
    except (OSError, ValueError, KeyError):
        form = _compiled(dialect, make)
    if form is not None:
        _keep(form, path)
    return form


def _keep(form: Form, path: Path) -> None:
    """Where the folder cannot be written, the next process compiles for itself."""
    fresh = path.with_suffix(f".{MARK}")
    told = {"mark": MARK, "sql": form.sql, "columns": sorted(form.columns)}
    try:
        if not path.parent.is_dir():
            shutil.rmtree(path.parents[1], ignore_errors=True)
            path.parent.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps(told), encoding="utf-8")
        fresh.rename(path)
    except OSError:
        return


@cache
def _sources() -> str:
    """What forms are compiled from: this program and Ibis, as they are."""
    digest = sha256(version("ibis-framework").encode())
    package = Path(__file__).parents[2]
    for path in sorted(each for each in package.rglob("*") if each.suffix in (".py", ".toml")):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:32]


def _compiled(dialect: Dialect, make: Callable[[], "ir.Table | None"]) -> Form | None:
    import ibis

    rows = make()
    if rows is None:
        return None
    return Form(str(ibis.to_sql(rows, dialect=dialect, pretty=False)), dialect, frozenset(rows.columns))


FORMS = Forms()


# What is asked of a population


def sums(
    population: str,
    dialect: Dialect,
    sets: Sequence[Sequence[str]],
    *,
    timed: bool,
    where: str = "true",
    most: int | None = None,
) -> str:
    """Sums by each set of columns; `of_all_…` is 1 where a row is not of one value of a column. `timed`: with how many have a value,
    and its median and ninth decile. `most`: so many, the largest first."""
    keys = sorted({key for one in sets for key in one})
    named = "".join(f"{key}, grouping({key}) AS of_all_{key}, " for key in keys)
    values = f", count(value) AS done, {DECILES[dialect]} AS deciles" if timed else ""
    by = ", ".join(f"({', '.join(one)})" for one in sets)
    grouped = f"GROUP BY GROUPING SETS ({by})" if keys else ""
    first = ", ".join(f"{key} ASC NULLS LAST" for key in keys)
    ordered = f"ORDER BY y DESC NULLS LAST, x DESC NULLS LAST, {first} LIMIT {most}" if most else ""
    return f"SELECT {named}{SUMS}{values} FROM ({population}) looked_at WHERE {where} {grouped} {ordered}"  # noqa: S608  # our own names


def places(
    population: str,
    by: str | None,
    ranks: Mapping[int, tuple[int, int]],
    whole: Collection[int],
    *,
    where: str = "true",
) -> str:
    """The values at some places, counted from 0 in the order of values: of all at `whole`; and of each group of `by` at the ranks
    that belong to how `many` it has."""
    given = f"FROM ({population}) looked_at WHERE value IS NOT NULL AND {where}"
    place = "row_number() OVER (ORDER BY value) - 1 AS place"
    at = ", ".join(map(str, sorted(whole))) or "-1"
    if by is None:
        return f"SELECT value, place FROM (SELECT value, {place} {given}) placed WHERE place IN ({at})"  # noqa: S608  # our own names
    ends = (" ".join(f"WHEN {many} THEN {rank[end]}" for many, rank in ranks.items()) for end in (0, 1))
    low, high = (f"CASE many {cases} END" if cases else "NULL" for cases in ends)
    return f"""
        SELECT key, value, place, own_place, many FROM (
          SELECT {by} AS key, value, {place if whole else "-2 AS place"}, count(*) OVER (PARTITION BY {by}) AS many,
            row_number() OVER (PARTITION BY {by} ORDER BY value) - 1 AS own_place {given}
        ) placed WHERE place IN ({at}) OR own_place = {low} OR own_place = {high}
    """  # noqa: S608  # our own names and numbers


def in_currency(currency: str) -> str:
    """A condition; nothing is in what is no currency."""
    return f"currency = '{currency}'" if CURRENCY.fullmatch(currency) else "false"
