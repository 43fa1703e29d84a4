"""Answers, and the cases behind them. Who is asked: the lake for what is past, PostgreSQL for the last day and as long as nothing has been
copied."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from aftercare import identity
from aftercare.insights.indicators.counting import find, rows_of
from aftercare.insights.indicators.definitions import definition, definitions
from aftercare.insights.indicators.questions import (
    Asked,
    CutNotPossible,
    Engine,
    IndicatorAnswer,
    IndicatorCase,
    Question,
)
from aftercare.insights.indicators.targets import Target, targets_for
from aftercare.insights.lake import Dialect, LakeNotReady, LakeOf, Tables, lake_of, live_answer
from aftercare.journal import PortMissing, Work
from aftercare.kit.calendars import Hours
from aftercare.promises import calendar_named

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow

MOST_CASES = 1_000
MOST_SHOPS = 1_000
LIVE_FOR = timedelta(hours=26)
"""What began so lately is asked of PostgreSQL, which knows the last second."""
STALE_AFTER = timedelta(minutes=10)


# The cases behind a number


def behind(
    asked: Asked, tables: Tables, which: Literal["all", "missed", "counted"], most: int
) -> "ir.Table | None":
    """Those that were counted, the worst first. `missed`: not as promised, or, where less is better, those that make it more;
    `counted`: those that the numerator counts."""
    import ibis

    defined = asked.defined
    rows = rows_of(asked, tables)
    if rows is None:
        return None
    if defined.snapshot:
        rows = rows.filter(rows["moment"] == asked.moments[-1][0])
    timed = defined.kind == "time"
    hit = rows["numerator"] > 0 if defined.kind == "share" else rows["numerator"] >= rows["denominator"]
    rows = rows.mutate(counted=hit)
    worse_is_counted = defined.kind == "share" and defined.good == "down"
    if which == "counted" or (which == "missed" and worse_is_counted):
        rows = rows.filter(rows["counted"])
    elif which == "missed" and (defined.kind == "share" or (timed and defined.limit_seconds is not None)):
        rows = rows.filter(~rows["counted"])
    told = rows["value"] if timed else rows["numerator"].cast("float64")
    waiting = ibis.cases((told.isnull(), 0), else_=1)
    order = [told.desc()] if timed or defined.kind == "money" else []
    if defined.kind in ("score", "index"):
        order = [told.asc() if defined.good == "up" else told.desc()]
    agent = rows["agent_id"] if "agent_id" in rows.columns else ibis.null("string")
    rows = rows.mutate(told=told, agent=agent, waiting=waiting)
    rows = rows.order_by(
        [rows["waiting"].asc(), *order, rows["at"].desc(), rows["case_id"], rows["order_id"]]
    ).limit(most)
    cases, claims, orders = tables.cases, tables.claims, tables.orders
    case_names = cases.select(of_case=cases["id"], case_number=cases["number"], case_owner=cases["owner_id"])
    claim_names = claims.select(of_claim=claims["id"], claim_number=claims["number"])
    order_names = orders.select(of_order=orders["id"], order_number=orders["number"])
    rows = rows.left_join(case_names, rows["case_id"] == case_names["of_case"])
    rows = rows.left_join(claim_names, rows["claim_id"] == claim_names["of_claim"])
    rows = rows.left_join(order_names, rows["order_id"] == order_names["of_order"])
    rows = rows.select(
        "at", "shop_id", "case_id", "case_number", "claim_id", "claim_number", "order_id", "order_number", "counted",
        owner_id=ibis.coalesce(rows["agent"], rows["case_owner"]), value=rows["told"], waiting=rows["waiting"],
    )  # fmt: skip
    again = [rows["value"].desc()] if timed or defined.kind == "money" else []
    if defined.kind in ("score", "index"):
        again = [rows["value"].asc() if defined.good == "up" else rows["value"].desc()]
    return rows.order_by(
        [rows["waiting"].asc(), *again, rows["at"].desc(), rows["case_id"], rows["order_id"]]
    )


# Who is asked


class Remembered:
    """Of one process: what the lake answered, until its next copy. Dashboards of many people ask the same."""

    MOST = 2_000

    def __init__(self) -> None:
        self._answers: OrderedDict[tuple[Any, ...], IndicatorAnswer] = OrderedDict()

    async def recall(
        self, key: tuple[Any, ...], find: Callable[[], Awaitable[IndicatorAnswer]]
    ) -> IndicatorAnswer:
        known = self._answers.get(key)
        if known is None:
            known = self._answers[key] = await find()
            while len(self._answers) > self.MOST:
                self._answers.popitem(last=False)
        else:
            self._answers.move_to_end(key)
        return known


class FromLake:
    """The lake, as somebody sees it. Answers are kept until the next copy."""

    source: Literal["lake", "live"] = "lake"

    def __init__(self, lake: LakeOf, shops: frozenset[UUID] | None) -> None:
        self._lake = lake
        self.copy = (lake.manifest.number, shops)
        self.as_of = lake.manifest.refreshed_at
        self.dialect: Dialect = lake.dialect
        self.tables = Tables(shops)
        self.forms: Path | None = lake.lake.folder / "forms"

    async def run(self, expression: "ir.Table") -> "pyarrow.Table":
        return await self._lake.answer(expression)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await self._lake.rows(sql)


class Live:
    """PostgreSQL itself, as of now."""

    source: Literal["lake", "live"] = "live"
    dialect: Dialect = "postgres"
    forms: Path | None = None

    def __init__(self, work: Work) -> None:
        self._work = work
        self.as_of = work.now
        # Row-level security limits the views to what the actor sees.
        self.tables = Tables(None)

    async def run(self, expression: "ir.Table") -> "pyarrow.Table":
        return await live_answer(self._work, expression)

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        connection = await self._work.session.connection()
        return [dict(row) for row in (await connection.exec_driver_sql(sql)).mappings()]


def _load() -> None:
    """What answering needs takes a second or more to load: in a thread, so that nobody else waits for it."""
    import ibis  # noqa: F401
    import pyarrow  # noqa: F401
    import scipy.stats  # noqa: F401

    import aftercare.insights.indicators.populations  # noqa: F401


def engine_for(work: Work, since: datetime) -> Engine:
    """The lake; or PostgreSQL, for the last day, and where nothing was copied yet or not for a while. Needs `insights.read`."""
    work.require("insights.read")
    if since < work.now - LIVE_FOR:
        try:
            lake = lake_of(work)
        except (LakeNotReady, PortMissing):
            return Live(work)
        if datetime.now(UTC) - lake.manifest.refreshed_at < STALE_AFTER:
            return FromLake(lake, work.actor.shops)
    return Live(work)


async def answers(
    work: Work, names: Sequence[str], question: Question, *, locale: str | None = None
) -> list[IndicatorAnswer]:
    """Several indicators at once; all without names. Needs `insights.read`. Refuses with IndicatorUnknown, PeriodTooLong,
    CutNotPossible."""
    work.require("insights.read")
    wanted = [definition(name) for name in names] or list(definitions().values())
    for defined in wanted:
        question.check(defined)
    await asyncio.to_thread(_load)
    engine = engine_for(work, question.since)
    hours = await hours_of_shops(work) if "hours" in question.needs else {}
    spoken = locale or work.actor.locale or "en"
    engines = [Live(work) if defined.ledger else engine for defined in wanted]
    targets = await targets_for(work, wanted, question.shop_id)

    remembered: Remembered = work.house.kept.setdefault(Remembered, Remembered())

    def found(number: int) -> Awaitable[IndicatorAnswer]:
        engine, target = engines[number], targets[number]
        if not isinstance(engine, FromLake):
            return find(Asked(wanted[number], question, work.now, hours), engine, target, spoken)
        # What waits is as old as it was at the last whole minute.
        asked = Asked(wanted[number], question, work.now.replace(second=0, microsecond=0), hours)
        key = (*engine.copy, asked.defined.name, question.key, asked.now, target, spoken)
        return remembered.recall(key, lambda: find(asked, engine, target, spoken))

    # The lake answers several at once; the one connection to PostgreSQL one after the other.
    at_once = [number for number, one in enumerate(engines) if one.source == "lake"]
    told = dict(zip(at_once, await asyncio.gather(*map(found, at_once)), strict=True))
    for number in range(len(wanted)):
        if number not in told:
            told[number] = await found(number)
    return [await _with_agents(work, told[number]) for number in range(len(wanted))]


async def answer(work: Work, name: str, question: Question, *, locale: str | None = None) -> IndicatorAnswer:
    """Needs `insights.read`. Refuses with IndicatorUnknown, PeriodTooLong, CutNotPossible."""
    return (await answers(work, [name], question, locale=locale))[0]


async def answers_from(
    lake: LakeOf, names: Sequence[str], question: Question, *, locale: str = "en"
) -> list[IndicatorAnswer]:
    """From a copied lake alone, without a house: no working hours, no ledger of costs, and the catalogue's own targets. Refuses as
    `answers` does."""
    wanted = [definition(name) for name in names] or list(definitions().values())
    for defined in wanted:
        question.check(defined)
        if "hours" in question.needs:
            raise CutNotPossible(indicator=defined.name, cut="hours")
    engine = FromLake(lake, None)
    now = lake.manifest.refreshed_at
    return [
        await find(
            Asked(defined, question, now), engine, Target(defined.target, defined.share_target), locale
        )
        for defined in wanted
    ]


async def cases_behind(
    work: Work,
    name: str,
    question: Question,
    *,
    which: Literal["all", "missed", "counted"] = "all",
    limit: int = 100,
) -> list[IndicatorCase]:
    """Those behind a number, the worst first. Needs `insights.read`. Refuses as `answer` does."""
    work.require("insights.read")
    defined = definition(name)
    question = replace(question, trend=False)
    question.check(defined)
    await asyncio.to_thread(_load)
    engine = Live(work) if defined.ledger else engine_for(work, question.since)
    hours = await hours_of_shops(work) if "hours" in question.needs else {}
    asked = Asked(defined, question, work.now, hours)
    rows = await asyncio.to_thread(behind, asked, engine.tables, which, max(1, min(limit, MOST_CASES)))
    if rows is None:
        return []
    told = (await engine.run(rows)).to_pylist()
    people = await identity.names_of(work, {UUID(row["owner_id"]) for row in told if row["owner_id"]})
    return [
        IndicatorCase.model_validate(
            row | {"owner_name": people.get(UUID(row["owner_id"])) if row["owner_id"] else None}
        )
        for row in told
    ]


async def _with_agents(work: Work, told: IndicatorAnswer) -> IndicatorAnswer:
    if told.cut != "agent":
        return told
    people = await identity.names_of(work, {UUID(part.key) for part in told.parts if part.key})
    parts = [
        part.model_copy(update={"label": people.get(UUID(part.key)) if part.key else None})
        for part in told.parts
    ]
    return told.model_copy(update={"parts": parts})


async def hours_of_shops(work: Work) -> dict[Hours, list[str]]:
    """The working hours of all shops that the actor sees."""
    found: dict[Hours, list[str]] = {}
    for shop in (await identity.list_shops(work, limit=MOST_SHOPS)).items:
        _, calendar = await calendar_named(work, shop.id, None)
        found.setdefault(calendar.hours, []).append(str(shop.id))
    return found
