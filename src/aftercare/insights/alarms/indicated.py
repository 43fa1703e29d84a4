"""Any indicator of the catalogue as daily series of each shop, by a cut where one is given: from the lake where it is at hand, else from
PostgreSQL. All that is asked of one engine in one time zone is one query.

Import this module late.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import ibis
import numpy as np

from aftercare.insights.alarms.detecting import Days, series
from aftercare.insights.alarms.ways import way_of
from aftercare.insights.indicators import Definition, Grain, Question, definition
from aftercare.insights.indicators.answering import Live, engine_for, hours_of_shops
from aftercare.insights.indicators.counting import rows_of
from aftercare.insights.indicators.figures import ENOUGH_FOR_A_POINT
from aftercare.insights.indicators.questions import Asked, Engine
from aftercare.insights.indicators.times import bucket_key
from aftercare.journal import Work

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_CUTS = 200
"""Parts of one indicator in one shop that are watched, those with most in them."""
LASTING = 14
"""Days over which opportunities are added up where what is counted is no part of them: claims of what was sold."""
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Line:
    """An indicator that is watched, by a cut or as a whole."""

    indicator: str
    cut_by: str = ""

    @property
    def defined(self) -> Definition:
        return definition(self.indicator)


@dataclass
class _Counted:
    """What was told of a shop and part: by day numerator, denominator, how many rows, and the median."""

    days: dict[date, tuple[float, float, int, float | None]] = field(default_factory=dict)

    @property
    def size(self) -> float:
        return sum(y or abs(x) for x, y, _, _ in self.days.values())


Found = dict[tuple[UUID, str], _Counted]


async def indicated(
    work: Work, lines: Sequence[Line], shops: dict[UUID, tuple[str, str]], first: date, last: date
) -> dict[UUID, dict[tuple[Line, str], Days]]:
    """By shop: the series of each line and part. `shops`: country and time zone of each. Needs `insights.read`."""
    told: dict[UUID, dict[tuple[Line, str], Days]] = defaultdict(dict)
    if not lines:
        return told
    zones: dict[str, set[UUID]] = defaultdict(set)
    for shop_id, (_, time_zone) in shops.items():
        zones[time_zone].add(shop_id)
    hours = await hours_of_shops(work) if any(line.cut_by == "hours" for line in lines) else {}
    for time_zone, own in zones.items():
        zone = ZoneInfo(time_zone)
        since = datetime.combine(first - timedelta(days=LASTING), datetime.min.time(), zone)
        until = datetime.combine(last + timedelta(days=1), datetime.min.time(), zone)
        usual = engine_for(work, since)
        by_engine: dict[str, tuple[Engine, list[Line]]] = {}
        for line in lines:
            engine = Live(work) if line.defined.ledger else usual
            by_engine.setdefault(engine.source, (engine, []))[1].append(line)
        for engine, of in by_engine.values():
            asked = [
                (line, Asked(line.defined, _question(line, since, until, time_zone), work.now, hours))
                for line in of
            ]
            for line, found in (await _asked(engine, asked, zone)).items():
                for (shop_id, cut), days in _lines(line, found, own, shops, first, last):
                    told[shop_id][line, cut] = days
    return told


def _question(line: Line, since: datetime, until: datetime, time_zone: str) -> Question:
    return Question(since, until, Grain.day, time_zone, cut=line.cut_by or None)


async def _asked(engine: Engine, asked: Sequence[tuple[Line, Asked]], zone: ZoneInfo) -> dict[Line, Found]:
    def together() -> ir.Table | None:
        parts = [
            part
            for number, (_, one) in enumerate(asked)
            if (rows := rows_of(one, engine.tables)) is not None
            for part in [_by_day(number, one, rows, zone)]
        ]
        return ibis.union(*parts) if len(parts) > 1 else parts[0] if parts else None

    found: dict[Line, Found] = {line: defaultdict(_Counted) for line, _ in asked}
    # To put expressions together takes a while, in which others are served.
    expression = await asyncio.to_thread(together)
    if expression is None:
        return found
    for row in (await engine.run(expression)).to_pylist():
        if row["shop_id"] is None:
            continue
        line = asked[row["number"]][0]
        on = EPOCH + timedelta(days=row["bucket"])
        found[line][UUID(row["shop_id"]), row["cut"]].days[on] = (
            row["x"] or 0.0, row["y"] or 0.0, row["bearing"] or 0, row["median"],
        )  # fmt: skip
    return found


def _by_day(number: int, asked: Asked, rows: ir.Table, zone: ZoneInfo) -> ir.Table:
    """Sums of each shop, part and day; of what only the counted have, the whole stands under the part ''."""
    defined = asked.defined
    if defined.snapshot:
        ends = [(rows["moment"] == moment, ibis.literal(span.key, "int64")) for moment, span in asked.moments]
        bucket: Any = ibis.cases(*ends)
    else:
        bucket = bucket_key(rows["at"], Grain.day, asked.spans, zone)
    cut: Any = rows["cut"].fill_null("") if asked.question.cut else ibis.literal("")
    rows = rows.mutate(bucket=bucket, part=cut)
    x, y = rows["numerator"].cast("float64"), rows["denominator"].cast("float64")
    told: dict[str, Any] = {
        "x": x.sum(),
        "y": y.sum(),
        "bearing": ibis.cases((rows["denominator"] != 0, 1), else_=0).sum().cast("int64"),
    }
    by_median = defined.kind == "time" and way_of(defined) == "value"
    if by_median:
        told["median"] = rows["value"].cast("float64").quantile(0.5)
    groups = rows.group_by(shop_id=rows["shop_id"], cut=rows["part"], bucket=rows["bucket"]).aggregate(**told)
    return groups.select(
        number=ibis.literal(number, "int64"),
        shop_id=groups["shop_id"],
        cut=groups["cut"],
        bucket=groups["bucket"].cast("int64"),
        x=groups["x"].cast("float64"),
        y=groups["y"].cast("float64"),
        bearing=groups["bearing"],
        median=groups["median"].cast("float64") if by_median else ibis.null("float64"),
    )


def _lines(
    line: Line,
    found: Found,
    own: set[UUID],
    shops: dict[UUID, tuple[str, str]],
    first: date,
    last: date,
) -> list[tuple[tuple[UUID, str], Days]]:
    defined, told = line.defined, []
    largest: dict[UUID, list[tuple[float, str]]] = defaultdict(list)
    for (shop_id, cut), counted in found.items():
        # What belongs to no part is not watched as one.
        if shop_id in own and (cut or not line.cut_by):
            largest[shop_id].append((-counted.size, cut))
    for shop_id, sizes in largest.items():
        for _, cut in sorted(sizes)[:MOST_CUTS]:
            whole = found[shop_id, ""] if line.cut_by in defined.numerator_cuts else found[shop_id, cut]
            days = _days(defined, found[shop_id, cut], whole, first, last, shops[shop_id][0])
            told.append(((shop_id, cut), days))
    return told


def _days(
    defined: Definition, counted: _Counted, whole: _Counted, first: date, last: date, country: str
) -> Days:
    way = way_of(defined)
    days = counted.days.items()
    if way == "value":
        means = [(on, value) for on, one in days if (value := _mean(defined, one)) is not None]
        return series(means, first, last, country=country, missing=np.nan, measured=True)
    if way == "count":
        return series([(on, x) for on, (x, _, _, _) in days], first, last, country=country)
    if way == "rate":
        of = lasting({on: y for on, (_, y, _, _) in whole.days.items()}.get, first, last, LASTING)
        return series([(on, x) for on, (x, _, _, _) in days], first, last, of=of, country=country)
    missed = [
        (on, y - x if defined.kind == "time" or defined.good == "up" else x) for on, (x, y, _, _) in days
    ]
    all_of = [(on, y) for on, (_, y, _, _) in days]
    return series(missed, first, last, of=all_of, country=country, parts=True)


def _mean(defined: Definition, one: tuple[float, float, int, float | None]) -> float | None:
    x, y, many, median = one
    if defined.snapshot and defined.kind == "count":
        return x
    if many < ENOUGH_FOR_A_POINT:
        return None
    if defined.kind == "time":
        return median
    return x / y if y else None


def lasting(
    own: Callable[[date], float | None], first: date, last: date, days: int
) -> list[tuple[date, float]]:
    """The opportunities of each day: those of the last days, as one still complains of what arrived a fortnight ago."""
    return [
        (day, sum(own(day - timedelta(days=back)) or 0.0 for back in range(days)) / days)
        for day in (first + timedelta(days=number) for number in range((last - first).days + 1))
    ]
