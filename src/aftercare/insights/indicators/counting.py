"""An indicator over a period, its trend and its parts: what is asked becomes one or two statements over the indicator's population."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from aftercare.insights.indicators.definitions import LOCALES, Definition
from aftercare.insights.indicators.figures import (
    ENOUGH_FOR_A_POINT,
    OPEN,
    Bounds,
    Figure,
    Sums,
    can_tell,
    figure,
    median_ranks,
)
from aftercare.insights.indicators.questions import (
    Asked,
    Engine,
    IndicatorAnswer,
    IndicatorPart,
    IndicatorPoint,
    Missing,
)
from aftercare.insights.indicators.statements import (
    FORMS,
    blank_moments,
    blank_shop,
    in_currency,
    places,
    sums,
)
from aftercare.insights.indicators.targets import Target
from aftercare.insights.indicators.times import (
    Grain,
    Instant,
    bucket_form,
    bucket_key,
    hour_of,
    is_open,
    week_of_day,
    weekday_of,
)
from aftercare.insights.lake import Tables
from aftercare.kit.calendars import Hours

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from aftercare.insights.indicators.populations import Scope

MOST_PARTS = 60


def rows_of(asked: Asked, tables: Tables) -> "ir.Table | None":
    """The population with a column `cut`, filtered. None where nothing records what it could be counted from."""
    import ibis

    from aftercare.insights.indicators.populations import Scope

    question = asked.question
    moments = ibis.array([ibis.literal(moment, "int64") for moment, _ in asked.moments] or [0])
    scope = Scope(
        tables, question.since, question.until, asked.now, question.needs, asked.limit, moments
    )  # fmt: skip
    return _rows(asked, scope, None if question.shop_id is None else str(question.shop_id))


def _rows(asked: Asked, scope: "Scope", shop: Any) -> "ir.Table | None":
    from aftercare.insights.indicators.populations import POPULATIONS

    if asked.defined.planned:
        return None
    question, tables = asked.question, scope.tables
    rows = POPULATIONS[asked.defined.name](scope)
    if not asked.defined.snapshot:
        rows = rows.filter(scope.within(rows["at"]))
    if shop is not None:
        # What belongs to no shop is of each.
        rows = rows.filter((rows["shop_id"] == shop) | rows["shop_id"].isnull())
    for number, (cut, value) in enumerate(question.filters.items()):
        rows = _with_cut(asked, tables, rows, cut, f"filter_{number}")
        found = rows[f"filter_{number}"].fill_null("") == value
        # What only the counted have does not narrow what they are counted of.
        rows = rows.filter(
            found | (rows["denominator"] != 0) if cut in asked.defined.numerator_cuts else found
        )
    if question.cut is not None:
        rows = _with_cut(asked, tables, rows, question.cut, "cut")
    return rows


async def population(asked: Asked, engine: Engine) -> tuple[str, frozenset[str]] | None:
    """`rows_of` as a statement with the columns that sums are made of, and which these are."""
    question = asked.question
    by_day = asked.grain in (Grain.day, Grain.week) or not question.trend
    grain = Grain.day if by_day else asked.grain
    spans = asked.spans
    in_time = {"hour", "weekday", "hours"} & question.needs
    key = (
        asked.defined.name, asked.limit, engine.dialect, engine.tables.limited_to, question.cut, *sorted(question.filters.items()),
        question.shop_id is None, *bucket_form(grain, spans, question.zone),
        *((question.since, question.until, question.time_zone, *_frozen(asked.hours)) if in_time else ()),
    )  # fmt: skip

    def made() -> "ir.Table | None":
        import ibis

        from aftercare.insights.indicators.populations import Scope

        scope = Scope(
            engine.tables, Instant("since"), Instant("until"), Instant("now"), question.needs, asked.limit, blank_moments(),
        )  # fmt: skip
        rows = _rows(asked, scope, None if question.shop_id is None else blank_shop())
        if rows is None:
            return None
        columns = {"x": rows["numerator"].cast("float64"), "y": rows["denominator"].cast("float64")}
        columns |= {
            name: rows[name] for name in ("value", "currency", "cut", "moment") if name in rows.columns
        }
        if "so_far" in rows.columns:
            # A median of what is done alone would be the better, the longer the slow ones are left lying.
            columns["value"] = ibis.coalesce(rows["value"], rows["so_far"])
        if not asked.defined.snapshot:
            columns["bucket"] = bucket_key(rows["at"], grain, spans, question.zone)
            if by_day:
                columns["week"] = bucket_key(rows["at"], Grain.week, spans, question.zone)
        return rows.select(**columns)

    # What one person looks for is not worth a file; what is of times of day holds for its period alone.
    kept = None if question.filters or in_time else engine.forms
    form = await FORMS.get(key, engine.dialect, made, kept)
    if form is None:
        return None
    instants = {"since": question.since, "until": question.until, "now": asked.now}
    if not by_day:
        instants |= {f"end_{number}": span.until for number, span in enumerate(spans)}
    moments = [moment for moment, _ in asked.moments]
    return form.told(instants, moments, question.shop_id), form.columns


def _frozen(hours: Mapping[Hours, Sequence[str]]) -> list[Any]:
    return [(one, tuple(shops)) for one, shops in hours.items()]


def _with_cut(asked: Asked, tables: Tables, rows: "ir.Table", cut: str, name: str) -> "ir.Table":
    import ibis

    question = asked.question
    span = (question.zone, question.since, question.until)
    if cut == "hour":
        value: Any = hour_of(rows["at"], *span)
    elif cut == "weekday":
        value = weekday_of(rows["at"], *span)
    elif cut == "hours":
        branches = [
            (rows["shop_id"].isin(list(shops)), is_open(rows["at"], hours, question.since, question.until))
            for hours, shops in asked.hours.items()
        ]
        inside = ibis.cases(*branches, else_=False) if branches else ibis.literal(False)
        value = ibis.cases((inside, "in"), else_="out")
    elif cut == "market":
        shops = tables.shops.select(
            **{f"{name}_shop": tables.shops["id"], f"{name}_key": tables.shops["country"]}
        )
        rows = rows.left_join(shops, rows["shop_id"] == shops[f"{name}_shop"]).drop(f"{name}_shop")
        return rows.rename({name: f"{name}_key"})
    elif cut == "team":
        people = tables.accounts.select(
            **{f"{name}_account": tables.accounts["id"], f"{name}_key": tables.accounts["skills"]}
        )
        rows = rows.left_join(people, rows["agent_id"] == people[f"{name}_account"]).drop(f"{name}_account")
        return rows.rename({name: f"{name}_key"})
    elif cut in ("supplier", "batch", "category"):
        products = tables.products
        found = products.select(**{f"{name}_product": products["id"], f"{name}_key": products[cut]})
        rows = rows.left_join(found, rows["product_id"] == found[f"{name}_product"])
        key = rows[f"{name}_key"]
        value = ibis.coalesce(rows["category"], key) if cut == "category" else key
        return rows.mutate(**{name: value}).drop(f"{name}_product", f"{name}_key")
    else:
        value = rows[{"shop": "shop_id", "product": "product_id", "agent": "agent_id"}.get(cut, cut)]
    return rows.mutate(**{name: value.cast("string")})


Group = tuple[str | None, Any]
"""A column and its value; no column: all."""
ALL: Group = (None, None)


@dataclass(frozen=True)
class Counted:
    """What a population adds up to: by currency (None where it has none), by group."""

    asked: Asked
    engine: Engine
    sql: str
    columns: frozenset[str]

    @property
    def timed(self) -> bool:
        return self.asked.defined.kind == "time"

    async def sums(
        self, columns: Sequence[str | None], *, where: str = "true", most: int | None = None
    ) -> dict[str | None, dict[Group, Sums]]:
        money = ["currency"] if "currency" in self.columns else []
        sets = [[*money, *([column] if column else [])] for column in columns]
        asked = sums(self.sql, self.engine.dialect, sets, timed=self.timed, where=where, most=most)
        found: dict[str | None, dict[Group, Sums]] = {}
        for row in await self.engine.rows(asked):
            group = next(((name, row[name]) for name in columns if name and not row[f"of_all_{name}"]), ALL)
            found.setdefault(row.get("currency"), {})[group] = _sums(row)
        return found

    async def bounds(
        self, column: str | None, groups: Mapping[Group, Sums], *, whole: bool, where: str = "true"
    ) -> dict[Group, Bounds]:
        """For times: between which values the medians of the groups of a column lie, and of all if `whole`."""
        if not self.timed:
            return {}
        ranks = median_ranks({one.done for one in groups.values()})
        of_all = ranks.get(groups.get(ALL, Sums()).done, ()) if whole else ()
        of_groups = {
            one.done: ranks[one.done]
            for group, one in groups.items()
            if group[0] == column and one.done in ranks
        }
        if not of_all and not (column and of_groups):
            return {}
        found: dict[Group, list[float]] = {}
        for row in await self.engine.rows(places(self.sql, column, of_groups, of_all, where=where)):
            if row["place"] in of_all:
                found.setdefault(ALL, []).append(row["value"])
            if column and row["own_place"] in of_groups.get(row["many"], ()):
                found.setdefault((column, row["key"]), []).append(row["value"])
        # With an odd ladder both ranks may be one value.
        return {group: (min(values), max(values)) for group, values in found.items()}


def _sums(row: Mapping[str, Any]) -> Sums:
    added = {name: row[name] or 0 for name in ("x", "y", "bearing", "xx", "xy", "yy")}
    median, p90 = row.get("deciles") or (None, None)
    return Sums(rows=row["n"], **added, done=row.get("done") or 0, median=median, p90=p90)


async def find(asked: Asked, engine: Engine, target: Target, locale: str) -> IndicatorAnswer:
    """The answer, whoever asks and whoever is asked."""
    defined, question = asked.defined, asked.question
    told = None if defined.ledger and engine.source == "lake" else await population(asked, engine)
    missing: Missing | None = None
    currencies: list[str] = []
    total = figure(defined, Sums())
    trend: list[IndicatorPoint] = []
    parts: list[IndicatorPart] = []
    if told is None:
        missing = "no_source"
    else:
        counted = Counted(asked, engine, *told)
        found = await counted.sums(_columns(asked))
        where, groups = "true", found.get(None, {})
        if "currency" in counted.columns:
            currencies = _by_most(found)
            currency = question.currency or (currencies[0] if currencies else "")
            question = replace(question, currency=currency or None)
            where, groups = in_currency(currency), found.get(currency, {})
        asked, total, whole, trend = await _over_time(asked, counted, groups, where)
        if question.cut is not None:
            parts = await _parts(asked, counted, whole, where)
        if not total.enough:
            missing = "too_few" if total.n else "nothing_recorded"
    if missing == "no_source" and defined.kind == "count":
        total = total.model_copy(update={"value": None, "enough": False})
    words = defined.words[locale if locale in LOCALES else "en"]
    return IndicatorAnswer(
        name=defined.name,
        group=defined.group,
        kind=defined.kind,
        unit=defined.unit,
        scale=defined.scale,
        good=defined.good,
        title=words.title,
        formula=words.formula,
        target=target.value,
        share_target=target.share,
        limit_seconds=defined.limit_seconds,
        per_days=defined.per_days,
        since=question.since,
        until=question.until,
        time_zone=question.time_zone,
        grain=asked.grain,
        currency=question.currency,
        currencies=currencies,
        figure=total,
        kept=kept(asked, total, target),
        missing=missing,
        enough_from=defined.enough,
        method=defined.method,
        trend=trend,
        cut=question.cut,
        parts=parts,
        source=engine.source,
        as_of=engine.as_of,
    )


def _columns(asked: Asked) -> list[str | None]:
    """By what is added up: times by everything that is told, since medians do not add up; the rest by the smallest stretches."""
    if asked.defined.snapshot:
        return ["moment"]
    if not asked.question.trend:
        return [None]
    if asked.defined.kind != "time":
        return ["bucket"]
    if asked.grain is Grain.day and asked.question.grain is None:
        return [None, "bucket", "week"]
    return [None, _column_of(asked.grain)]


def _column_of(grain: Grain) -> str:
    return "week" if grain is Grain.week else "bucket"


def _by_most(found: Mapping[str | None, Mapping[Group, Sums]]) -> list[str]:
    """The one in which most is told first."""
    rows = {
        currency: sum(one.rows for one in groups.values()) for currency, groups in found.items() if currency
    }
    return sorted(rows, key=lambda currency: (-rows[currency], currency))


async def _over_time(
    asked: Asked, counted: Counted, groups: Mapping[Group, Sums], where: str
) -> tuple[Asked, Figure, Sums, list[IndicatorPoint]]:
    """As it was asked in the end, since days that hold too little become weeks; with the sums of all and their figure."""
    defined, question = asked.defined, asked.question
    if defined.snapshot:
        moments = asked.moments
        if not moments:
            return asked, figure(defined, Sums()), Sums(), []
        bounds = await counted.bounds("moment", groups, whole=False, where=where)
        points = [
            IndicatorPoint(
                since=span.since, until=span.until, figure=_point(defined, groups, bounds, ("moment", moment))
            )
            for moment, span in moments
        ]
        last = ("moment", moments[-1][0])
        whole = groups.get(last, Sums())
        total = figure(defined, whole, ranks=bounds.get(last, OPEN))
        return asked, total, whole, points if question.trend else []
    timed = defined.kind == "time" or not question.trend
    whole = groups.get(ALL, Sums()) if timed else sum(groups.values(), Sums())
    if not question.trend:
        bounds = await counted.bounds(None, groups, whole=True, where=where)
        return asked, figure(defined, whole, ranks=bounds.get(ALL, OPEN)), whole, []
    if not timed and asked.grain is Grain.week:
        groups = _weeks(groups)
    elif _mostly_too_few(asked, groups):
        asked = replace(asked, question=replace(question, grain=Grain.week))
        groups = groups if timed else _weeks(groups)
    column = _column_of(asked.grain)
    bounds = await counted.bounds(column, groups, whole=True, where=where)
    points = [
        IndicatorPoint(
            since=span.since, until=span.until, figure=_point(defined, groups, bounds, (column, span.key))
        )
        for span in asked.spans
        if span.since < asked.now
    ]
    return asked, figure(defined, whole, ranks=bounds.get(ALL, OPEN)), whole, points


def _weeks(days: Mapping[Group, Sums]) -> dict[Group, Sums]:
    found: dict[Group, Sums] = {}
    for (_, day), one in days.items():
        week = ("week", week_of_day(day))
        found[week] = found.get(week, Sums()) + one
    return found


def _mostly_too_few(asked: Asked, groups: Mapping[Group, Sums]) -> bool:
    """Nobody chose days, and most of them hold too little to be told."""
    if asked.question.grain is not None or asked.grain is not Grain.day:
        return False
    days = [groups.get(("bucket", span.key), Sums()) for span in asked.spans if span.since < asked.now]
    return sum(can_tell(asked.defined, day, ENOUGH_FOR_A_POINT) for day in days) * 2 < len(days)


def _point(
    defined: Definition, groups: Mapping[Group, Sums], bounds: Mapping[Group, Bounds], group: Group
) -> Figure:
    return figure(
        defined, groups.get(group, Sums()), enough=ENOUGH_FOR_A_POINT, ranks=bounds.get(group, OPEN)
    )


async def _parts(asked: Asked, counted: Counted, whole: Sums, where: str) -> list[IndicatorPart]:
    defined, cut, engine = asked.defined, asked.question.cut, counted.engine
    if cut is None:
        return []
    if defined.snapshot:
        where = f"{where} AND moment = {asked.moments[-1][0]}" if asked.moments else "false"
    only_counted = cut in defined.numerator_cuts
    if only_counted:
        where = f"{where} AND y = 0"
    told = await counted.sums(["cut"], where=where, most=MOST_PARTS)
    groups = {group: one for of_currency in told.values() for group, one in of_currency.items()}
    if only_counted:
        found = {key: figure(defined, one.of_all(whole)) for (_, key), one in groups.items()}
        found = dict(sorted(found.items(), key=lambda one: -abs(one[1].numerator)))
    else:
        bounds = await counted.bounds("cut", groups, whole=False, where=where)
        found = {
            group[1]: figure(defined, one, ranks=bounds.get(group, OPEN)) for group, one in groups.items()
        }
    names = await _names(engine, cut, [key for key in found if key])
    return [IndicatorPart(key=key, label=names.get(key), figure=one) for key, one in found.items()]


async def _names(engine: Engine, cut: str, keys: Sequence[str]) -> dict[Any, str]:
    """Of shops and products; of agents `answer` knows them."""
    if not keys or cut not in ("shop", "product"):
        return {}
    table, column = ("lake_shops", "name") if cut == "shop" else ("lake_products", "title")
    listed = ", ".join(f"'{UUID(key)}'" for key in keys)
    told = await engine.rows(f"SELECT id, {column} AS name FROM {table} WHERE id IN ({listed})")  # noqa: S608  # only ids
    return {row["id"]: row["name"] for row in told}


def kept(asked: Asked, total: Figure, target: Target) -> bool | None:
    defined = asked.defined
    if total.value is None or (target.value is None and target.share is None):
        return None
    value = total.value
    if defined.per_days is not None:
        until = min(asked.question.until, asked.now)
        days = (until - asked.question.since) / timedelta(days=1)
        if days <= 0:
            return None
        value = value * defined.per_days / days
    good = True
    if target.value is not None:
        good = value >= target.value if defined.good == "up" else value <= target.value
    if target.share is not None and total.within is not None:
        good = good and total.within >= target.share
    return good
