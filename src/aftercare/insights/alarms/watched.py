"""What is watched: daily series of each shop, in the shop's own days.

They are indicators of the catalogue: some everywhere (`EVERYWHERE`), and those that a shop has chosen (`alarm_rule`); and what no indicator counts
(`SERIES`), straight from the tables, where it is clearer per opportunity (claims per delivered order of the last weeks), so that a sale is no
alarm. Topics and moods are counted beside them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from sqlalchemy import select, text

from aftercare.insights.alarms import topics
from aftercare.insights.alarms.model import AlarmRule
from aftercare.insights.alarms.ways import is_counted
from aftercare.insights.indicators import definition
from aftercare.journal import Work

if TYPE_CHECKING:
    from aftercare.insights.alarms.detecting import Days

LOOKS_BACK = 150
"""Days of a series."""


@dataclass(frozen=True)
class Watched:
    """`sql` gives shop_id, a day, a cut and a count; `of` the opportunities of the last `lasting` days. `group`: alarms of one group tell of
    the same; without one each cut stands for itself."""

    name: str
    playbook: str
    sql: str = ""
    direction: Literal["up", "down", "both"] = "up"
    of: str = ""
    lasting: int = 1
    group: str = ""
    fewest: int = 4
    """Counted in a window, to be an alarm."""


DAY = "(({}) AT TIME ZONE s.time_zone)::date"


def _day(moment: str) -> str:
    return DAY.format(moment)


DELIVERED = f"""
    SELECT o.shop_id, {_day("o.delivered_at")} AS on_day, '' AS cut, count(*) AS value FROM sales_order o JOIN shop s ON s.id = o.shop_id
    WHERE o.delivered_at >= :since AND o.delivered_at < :until GROUP BY 1, 2
"""  # noqa: S608  # our own words
FAULTY = "('defective', 'damaged', 'not_as_described', 'recalled', 'wrong_item', 'missing_item')"

SERIES: tuple[Watched, ...] = (
    Watched(
        "claims",
        "product",
        f"""
        SELECT m.shop_id, {_day("m.applied_at")} AS on_day, '' AS cut, count(*) AS value FROM claim m JOIN shop s ON s.id = m.shop_id
        WHERE m.applied_at >= :since AND m.applied_at < :until GROUP BY 1, 2
        """,  # noqa: S608
        of=DELIVERED,
        lasting=14,
        group="many",
        fewest=6,
    ),
    Watched(
        "product_claims",
        "product",
        f"""
        SELECT m.shop_id, {_day("m.applied_at")} AS on_day, k.product_id::text AS cut, count(DISTINCT m.id) AS value
        FROM claim_line k JOIN claim m ON m.id = k.claim_id JOIN shop s ON s.id = m.shop_id
        WHERE m.applied_at >= :since AND m.applied_at < :until AND m.reason IN {FAULTY} AND k.product_id IS NOT NULL GROUP BY 1, 2, 3
        """,  # noqa: S608
        fewest=3,
    ),
    Watched(
        "contacts",
        "contacts",
        f"""
        SELECT g.shop_id, {_day("g.sent_at")} AS on_day, '' AS cut, count(DISTINCT g.thread_id) AS value FROM message g
        JOIN shop s ON s.id = g.shop_id
        WHERE g.sent_at >= :since AND g.sent_at < :until AND g.author_kind = 'customer' GROUP BY 1, 2
        """,  # noqa: S608
        of=DELIVERED,
        lasting=14,
        group="many",
        fewest=6,
    ),
    Watched(
        "cases",
        "contacts",
        f"""
        SELECT c.shop_id, {_day("c.opened_at")} AS on_day, '' AS cut, count(*) AS value FROM service_case c JOIN shop s ON s.id = c.shop_id
        WHERE c.opened_at >= :since AND c.opened_at < :until GROUP BY 1, 2
        """,  # noqa: S608
        of=DELIVERED,
        lasting=14,
        group="many",
        fewest=6,
    ),
    Watched(
        "bad_reviews",
        "reviews",
        """
        SELECT v.shop_id, v.created_on AS on_day, '' AS cut, count(*) AS value FROM order_review v
        WHERE v.created_on >= CAST(:since AS date) AND v.created_on < CAST(:until AS date) AND v.score <= 2 GROUP BY 1, 2
        """,
        group="voice",
    ),
    Watched(
        "failed_refunds",
        "refunds",
        f"""
        SELECT f.shop_id, {_day("f.at")} AS on_day, '' AS cut, count(*) AS value FROM fact f JOIN shop s ON s.id = f.shop_id
        WHERE f.name = 'refund.failed' AND f.at >= :since AND f.at < :until GROUP BY 1, 2
        """,  # noqa: S608
    ),
)
INDICATOR = "indicator"
"""The series of an indicator that a shop has chosen; its cut is `name:cut:part`."""
EVERYWHERE: dict[str, tuple[Watched, str, str]] = {
    "missed_promises": (Watched("missed_promises", "carrier", fewest=4), "deliveries", "carrier"),
    "broken_promises": (Watched("broken_promises", "promises", fewest=6), "clocks_kept", ""),
    "handed_over": (Watched("handed_over", "assistant", fewest=4), "bot_alone", ""),
}
"""Indicators that are watched in every shop, with the cut by which they are."""
HOURLY = (
    Watched("rush", "contacts", group="many", fewest=6),
    Watched("anger", "crisis", group="voice", fewest=4),
)
"""What is looked at hour by hour; see `hours`."""
BY_NAME = {one.name: one for one in (*SERIES, *(one for one, _, _ in EVERYWHERE.values()), *HOURLY)}
OF_GROUP = {
    "satisfaction": "reviews",
    "promises": "promises",
    "goods": "product",
    "speed": "contacts",
}
"""The playbook for indicators of a group; of others, `indicator`."""
PLAYBOOK_OF = {
    **{name: one.playbook for name, one in BY_NAME.items()},
    "topic": "topic",
    "crisis": "crisis",
    INDICATOR: "indicator",
}


def watched(series: str, cut: str) -> Watched:
    """How a series is judged and what is done then."""
    if series != INDICATOR:
        return BY_NAME[series]
    name, cut_by, _ = cut.split(":", 2)
    defined = definition(name)
    return Watched(
        INDICATOR,
        OF_GROUP.get(defined.group, "indicator"),
        direction="up" if is_counted(defined) or defined.good == "down" else "down",
        group=f"{INDICATOR}:{name}:{cut_by}",
    )


WORDS = f"""
    SELECT v.shop_id, v.created_on AS on_day, o.customer_id, v.title || ' ' || v.body AS said, coalesce(l.title, '') AS about
    FROM order_review v JOIN sales_order o ON o.id = v.order_id
    LEFT JOIN LATERAL (SELECT title FROM order_line WHERE order_id = o.id ORDER BY position LIMIT 1) l ON true
    WHERE v.created_on >= CAST(:since AS date) AND v.created_on < CAST(:until AS date)
    UNION ALL
    SELECT g.shop_id, {_day("g.sent_at")}, c.customer_id, g.body, coalesce(l.title, '')
    FROM message g JOIN shop s ON s.id = g.shop_id LEFT JOIN service_case c ON c.thread_id = g.thread_id
    LEFT JOIN LATERAL (SELECT title FROM order_line WHERE order_id = c.order_id ORDER BY position LIMIT 1) l ON true
    WHERE g.sent_at >= :since AND g.sent_at < :until AND g.author_kind = 'customer'
"""  # noqa: S608  # our own words

MOODS = f"""
    SELECT x.shop_id, x.on_day, x.customer_id, x.bad FROM (
      SELECT v.shop_id, v.created_on AS on_day, o.customer_id, v.score <= 2 AS bad FROM order_review v JOIN sales_order o ON o.id = v.order_id
      WHERE v.created_on >= CAST(:since AS date) AND v.created_on < CAST(:until AS date)
      UNION ALL
      SELECT t.shop_id, {_day("t.at")}, k.customer_id, t.mood = 'angry' FROM assistant_turn t
      JOIN assistant_talk k ON k.id = t.talk_id JOIN shop s ON s.id = t.shop_id WHERE t.at >= :since AND t.at < :until
      UNION ALL
      SELECT r.shop_id, {_day("r.rated_at")}, c.customer_id, r.stars <= 2 FROM conversation_rating r JOIN shop s ON s.id = r.shop_id
      LEFT JOIN service_case c ON c.thread_id = r.thread_id WHERE r.rated_at >= :since AND r.rated_at < :until
    ) x
"""  # noqa: S608  # our own words


@dataclass(frozen=True)
class ShopDays:
    """A shop as it is watched. `upto`: its last day that is over. `chosen`: indicators and their cuts that it watches besides."""

    id: UUID
    country: str
    upto: date
    time_zone: str = "Asia/Shanghai"
    chosen: frozenset[tuple[str, str]] = frozenset()


@dataclass(frozen=True)
class Mood:
    """What customers of a shop felt on a day: how many said something, how many of them something bad, who."""

    said: int
    bad: int
    people: frozenset[UUID]


@dataclass
class Watch:
    """All that is watched of a shop. Topics are only counted; which of them are looked at is chosen for each day."""

    shop: ShopDays
    first: date
    lines: dict[tuple[str, str], Days]
    topics: topics.Topics
    moods: dict[date, Mood]


async def shops_watched(work: Work, now: datetime) -> list[ShopDays]:
    rows = await work.session.execute(
        text(
            "SELECT id, market, (CAST(:now AS timestamptz) AT TIME ZONE time_zone)::date - 1, time_zone FROM shop WHERE active"
        ),
        {"now": now},
    )
    chosen: dict[UUID, set[tuple[str, str]]] = defaultdict(set)
    for rule in await work.session.scalars(select(AlarmRule)):
        chosen[rule.shop_id].add((rule.indicator, rule.cut_by))
    return [
        ShopDays(row[0], row[1], row[2], row[3], frozenset(chosen[row[0]]))
        for row in rows.all()
        if work.actor.sees(row[0])
    ]


async def watch_of(work: Work, now: datetime, days: int = LOOKS_BACK) -> list[Watch]:
    """The series of all shops that the work sees, up to their last whole day. Needs `insights.read`."""
    from aftercare.insights.alarms.detecting import series
    from aftercare.insights.alarms.indicated import lasting

    work.require("insights.read")
    shops = await shops_watched(work, now)
    if not shops:
        return []
    first = min(shop.upto for shop in shops) - timedelta(days=days)
    period = {
        "since": datetime.combine(first, datetime.min.time(), tzinfo=now.tzinfo) - timedelta(days=40),
        "until": now,
    }

    async def counted(sql: str) -> Mapping[UUID, dict[str, dict[date, float]]]:
        told: dict[UUID, dict[str, dict[date, float]]] = defaultdict(lambda: defaultdict(dict))
        for shop_id, day, cut, value in await work.session.execute(text(sql), period):
            told[shop_id][cut][day] = float(value)
        return told

    watches = {shop.id: Watch(shop, first, {}, topics.Topics(), {}) for shop in shops}
    for one in SERIES:
        values = await counted(one.sql)
        chances = await counted(one.of) if one.of else {}
        for shop in shops:
            for cut, line in values.get(shop.id, {}).items():
                of = None
                if one.of:
                    own = chances.get(shop.id, {}).get("", {})
                    of = lasting(own.get, first, shop.upto, one.lasting)
                watches[shop.id].lines[one.name, cut] = series(
                    list(line.items()), first, shop.upto, of=of, country=shop.country
                )
    await _add_indicators(work, watches, first)
    said = (
        topics.Said(shop_id, day, customer_id, words, about)
        for shop_id, day, customer_id, words, about in await work.session.execute(text(WORDS), period)
    )
    for shop_id, counts in topics.count(said).items():
        if shop_id in watches:
            watches[shop_id].topics = counts
    moods: dict[UUID, dict[date, list[tuple[UUID | None, bool]]]] = defaultdict(lambda: defaultdict(list))
    for shop_id, day, customer_id, bad in await work.session.execute(text(MOODS), period):
        moods[shop_id][day].append((customer_id, bool(bad)))
    for shop_id, by_day in moods.items():
        if shop_id in watches:
            watches[shop_id].moods = {
                day: Mood(
                    len(all_of),
                    sum(bad for _, bad in all_of),
                    frozenset(who for who, bad in all_of if bad and who),
                )
                for day, all_of in by_day.items()
            }
    return list(watches.values())


async def _add_indicators(work: Work, watches: Mapping[UUID, Watch], first: date) -> None:
    from aftercare.insights.alarms.indicated import Line, indicated

    shops = {shop_id: (watch.shop.country, watch.shop.time_zone) for shop_id, watch in watches.items()}
    everywhere = {Line(name, cut_by): series for series, (_, name, cut_by) in EVERYWHERE.items()}
    chosen = {
        shop_id: {Line(name, cut_by) for name, cut_by in watch.shop.chosen}
        for shop_id, watch in watches.items()
    }
    lines = [*everywhere, *sorted(set().union(*chosen.values()) - set(everywhere), key=str)]
    last = max(watch.shop.upto for watch in watches.values())
    for shop_id, found in (await indicated(work, lines, shops, first, last)).items():
        watch = watches[shop_id]
        for (line, part), days in found.items():
            own = days.upto(watch.shop.upto)
            if line in everywhere:
                watch.lines[everywhere[line], part] = own
            if line in chosen[shop_id] and line not in everywhere:
                watch.lines[INDICATOR, f"{line.indicator}:{line.cut_by}:{part}"] = own
