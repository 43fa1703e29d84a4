"""The demo's year day by day before the very eyes that watch in life: what was planted, when it was told, and what was told for nothing."""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from rich.console import Console
from sqlalchemy import text

from aftercare import demo
from aftercare.demo.planted import Planted, plant
from aftercare.demo.talking import TALKS
from aftercare.demo.year import CLAIMS, DAYS, QUESTIONS, Script, cast_plots
from aftercare.house import open_house
from aftercare.insights.alarms import Told, replay, replay_hours, watch_of
from aftercare.insights.alarms.watched import Watch
from aftercare.journal import SYSTEM, House, begin
from aftercare.kit.server import Server, find_server
from aftercare.settings import Settings
from bench.ground import Ground

TODAY = datetime(2026, 11, 22, 7, tzinfo=UTC)
REPLAYED = 330
FALSE_A_MONTH = 0.3
LASTS = timedelta(days=14)
"""So long after it begins to show, an alarm of its series in its shop tells of it."""
SOON = 1
RUSHES = ("flood_of_questions", "bot_failure")
SHOWN = 12

Line = tuple[date, date | None, date | None, str]


@dataclass
class Result:
    """`shows_on`: the first day on which there is any fact of it in the series that tell of it. `part`: 1 when it was told within a day of
    that."""

    what: str
    shop: str
    planted_on: str
    shows_on: str
    told_on: str
    by: str
    days: int | None
    part: float
    least: float


def measure(on: Ground, home: Path | None) -> list[Result]:
    """On a demo that was told in `home` and is running, or on one that is told now."""
    if home is None:
        on.drop("bench_alarms")
        on.make("bench_alarms")
    return asyncio.run(_measure(on, home))


async def _measure(on: Ground, home: Path | None) -> list[Result]:
    if home is not None:
        settings = Settings(home=home)
        server = find_server(settings)
        async with open_house(settings, server) as house:
            return await _replayed(house)
    # As the demo has it: without a gateway refunds fail, and that is what alarms tell of then.
    settings = on.settings("bench_alarms").model_copy(update={"sandbox_gateway": True})
    async with open_house(settings, Server(on.url("bench_alarms"))) as house:
        await demo.tell(house, lambda *_: None, today=TODAY)
        return await _replayed(house, TODAY)


async def _replayed(house: House, today: datetime | None = None) -> list[Result]:
    async with begin(house, SYSTEM) as work:
        # The story begins with its ground.
        began = await work.session.scalar(text("SELECT min(at) FROM fact"))
        today = today or began + timedelta(days=DAYS)
        codes: dict[UUID, str] = dict(
            (await work.session.execute(text("SELECT id, code FROM shop"))).tuples().all()
        )
        skus: dict[str, str] = dict(
            (await work.session.execute(text("SELECT id::text, sku FROM product"))).tuples().all()
        )
        watches = await watch_of(work, today, REPLAYED + 60)
        within = [
            (at.astimezone(ZoneInfo(shop.time_zone)), codes[shop.id], series)
            for at, shop, series in await replay_hours(work, today - timedelta(days=REPLAYED), today)
        ]
    told = replay(watches, today.date() - timedelta(days=REPLAYED), FALSE_A_MONTH)
    script = Script(today)
    world = script.world()
    planted = plant(world, cast_plots(world, CLAIMS, QUESTIONS, TALKS))
    by_code = {codes[watch.shop.id]: watch for watch in watches}
    shown = [(one, _shows_on(one, by_code[one.shop or ""], skus)) for one in planted]
    results = [_found(one, since, told, codes) for one, since in shown]
    false = [one for one in told if not any(_tells_of(one, what, since, codes) for what, since in shown)]
    return [*results, _false(false, codes, skus), *_by_the_hour(planted, within)]


def _by_the_hour(planted: list[Planted], within: list[tuple[datetime, str, str]]) -> list[Result]:
    """What comes to hundreds of people at once must be told on its day, while it goes on."""
    results = []
    for one in planted:
        if one.name not in RUSHES:
            continue
        at, by = next(
            ((at, series) for at, shop, series in within if shop == one.shop and at.date() == one.on),
            (None, ""),
        )
        results.append(
            Result(
                what=f"{one.name}, by the hour",
                shop=one.shop or "",
                planted_on=one.on.isoformat(),
                shows_on=one.on.isoformat(),
                told_on=f"{at:%H:%M}" if at else "never",
                by=by,
                days=0 if at else None,
                part=float(at is not None),
                least=1.0,
            )
        )
    false = [
        (at, shop, series)
        for at, shop, series in within
        if not any(shop == one.shop and one.on <= at.date() <= one.on + LASTS for one in planted)
    ]
    for at, shop, series in false[:SHOWN]:
        Console().print(f"for nothing: {at:%Y-%m-%d %H:%M} {shop} {series}")
    month, many = max(
        Counter(f"{at:%Y-%m}" for at, _, _ in false).items(), key=lambda one: one[1], default=("none", 0)
    )
    return [
        *results,
        _of_false("false alarms by the hour, worst month", len(false), month, many),
    ]


def _shows_on(one: Planted, watch: Watch, skus: dict[str, str]) -> date:
    """The first day with a fact of it."""
    for back in range(LASTS.days):
        day = one.on + timedelta(days=back)
        number = (day - watch.first).days
        for (series, cut), days in watch.lines.items():
            of_it = series == one.series[0] and skus.get(cut, cut) == one.cut
            if of_it and 0 <= number < len(days) and days.values[number] > 0:
                return day
    return one.on


def _tells_of(told: Told, one: Planted, since: date, codes: dict[UUID, str]) -> bool:
    return (
        codes[told.shop] == one.shop
        and told.series in one.series
        and min(since, one.on) <= told.on <= since + LASTS
    )


def _found(one: Planted, since: date, told: list[Told], codes: dict[UUID, str]) -> Result:
    first = next((alarm for alarm in told if _tells_of(alarm, one, since, codes)), None)
    days = (first.on - since).days if first else None
    return Result(
        what=one.name,
        shop=one.shop or "",
        planted_on=one.on.isoformat(),
        shows_on=since.isoformat(),
        told_on=first.on.isoformat() if first else "never",
        by=first.series if first else "",
        days=days,
        part=float(days is not None and days <= SOON),
        least=1.0,
    )


def _false(false: list[Told], codes: dict[UUID, str], skus: dict[str, str]) -> Result:
    """Of the worst month; people are told of a group once."""
    months = Counter(
        f"{one.on:%Y-%m}"
        for one in {(f"{told.on:%Y-%m}", told.shop, told.group): told for told in false}.values()
    )
    screen = Console()
    for one in false[:SHOWN]:
        screen.print(
            f"for nothing: {one.on} {codes[one.shop]} {one.series} {skus.get(one.cut, one.cut)}"
            f" {one.finding.value:g} in {one.finding.days} d, usually {one.finding.expected:.1f}"
        )
    month, many = max(months.items(), key=lambda one: one[1], default=("none", 0))
    return _of_false(f"false alarms, worst month of {REPLAYED // 30}", len(false), month, many)


def _of_false(what: str, in_all: int, month: str, many: int) -> Result:
    """At most one a month should be for nothing."""
    return Result(
        what=what,
        shop=f"{in_all} in all",
        planted_on="",
        shows_on="",
        told_on=month,
        by="",
        days=many,
        part=float(many <= 1),
        least=1.0,
    )
