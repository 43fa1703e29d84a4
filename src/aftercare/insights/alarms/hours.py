"""What is unusual within a day: how many conversations customers wrote in, and how many of them were angry.

What was counted in the last one, three and six whole hours is compared with the same hours of other days, and judged as days are. So a
rush is told within the hour, and a crisis while it can still be met. What carries no hour (a review has only its day) waits for the evening.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from aftercare.insights.alarms.detecting import Days, Finding, judge, picture, series, threshold
from aftercare.insights.alarms.model import Severity
from aftercare.insights.alarms.noticing import (
    CRISIS_MOOD,
    CRISIS_REACH,
    CRISIS_SPEED,
    Notice,
    severity_of,
)
from aftercare.insights.alarms.watched import ShopDays, shops_watched, watched
from aftercare.journal import Work

if TYPE_CHECKING:
    from collections.abc import Sequence

STRETCHES = (1, 3, 6)
"""Whole hours that are looked at together."""
LONGEST = max(STRETCHES)
LOOKS_BACK = 56
"""Days with whose same hours they are compared."""
FALSE_A_MONTH = 0.1
"""Alarms by mere chance in a month that one accepts besides those of days, over all hours of all shops."""
RUSH, ANGER, CRISIS = "rush", "anger", "crisis"
HOUR = timedelta(hours=1)


@dataclass
class Hours:
    """What was counted in the hours that end at `until`, and in the same of the days before: by stretch, by how many days back."""

    shop: ShopDays
    until: datetime
    rush: dict[int, dict[int, int]] = field(default_factory=lambda: {one: {} for one in STRETCHES})
    angry: dict[int, dict[int, int]] = field(default_factory=lambda: {one: {} for one in STRETCHES})
    said: dict[int, int] = field(default_factory=dict)
    bad: dict[int, int] = field(default_factory=dict)
    """Of the last stretches alone: how often something was said that has a mood, and how often an angry one."""

    @property
    def on(self) -> date:
        """The day to which the last of the hours belongs, where the shop is."""
        return (self.until - timedelta(minutes=1)).astimezone(ZoneInfo(self.shop.time_zone)).date()

    def days(self, counted: dict[int, int]) -> Days:
        on = self.on
        rows = [(on - timedelta(days=back), float(many)) for back, many in counted.items()]
        return series(rows, on - timedelta(days=LOOKS_BACK), on, country=self.shop.country)


BACK = "floor(extract(epoch FROM (:until - {at})) / 86400)::int"
WITHIN = "mod(extract(epoch FROM (:until - {at})), 86400) < {hours} * 3600"


def _of_stretches(counting: str, at: str, name: str, where: str = "") -> str:
    """A column for each stretch."""
    return ", ".join(
        f"{counting} FILTER (WHERE {where}{WITHIN.format(at=at, hours=one)}) AS {name}{one}"
        for one in STRETCHES
    )


CONTACTS = text(
    f"""
    SELECT g.shop_id, {BACK.format(at="g.sent_at")} AS back, {_of_stretches("count(DISTINCT g.thread_id)", "g.sent_at", "many")}
    FROM message g WHERE g.sent_at >= :since AND g.sent_at < :until AND g.author_kind = 'customer'
      AND {WITHIN.format(at="g.sent_at", hours=LONGEST)} GROUP BY 1, 2
    """  # noqa: S608  # our own words
)
MOODS = text(
    f"""
    SELECT x.shop_id, {BACK.format(at="x.at")} AS back, {_of_stretches("count(DISTINCT x.customer_id)", "x.at", "many", "x.bad AND ")},
      {_of_stretches("count(*)", "x.at", "said")}, {_of_stretches("count(*)", "x.at", "bad", "x.bad AND ")}
    FROM (
      SELECT t.shop_id, t.at, k.customer_id, t.mood = 'angry' AS bad FROM assistant_turn t JOIN assistant_talk k ON k.id = t.talk_id
      WHERE t.at >= :since AND t.at < :until
      UNION ALL
      SELECT r.shop_id, r.rated_at, c.customer_id, r.stars <= 2 FROM conversation_rating r
      LEFT JOIN service_case c ON c.thread_id = r.thread_id WHERE r.rated_at >= :since AND r.rated_at < :until
    ) x WHERE {WITHIN.format(at="x.at", hours=LONGEST)} GROUP BY 1, 2
    """  # noqa: S608  # our own words
)


async def hours_of(work: Work, shops: Sequence[ShopDays], until: datetime) -> list[Hours]:
    """The hours that end at `until`, of these shops. Needs `insights.read`."""
    work.require("insights.read")
    told = {shop.id: Hours(shop, until) for shop in shops}
    period = {"since": until - timedelta(days=LOOKS_BACK, hours=LONGEST), "until": until}
    for row in await work.session.execute(CONTACTS, period):
        if row.shop_id in told:
            for one in STRETCHES:
                told[row.shop_id].rush[one][row.back] = getattr(row, f"many{one}")
    for row in await work.session.execute(MOODS, period):
        if row.shop_id in told:
            for one in STRETCHES:
                told[row.shop_id].angry[one][row.back] = getattr(row, f"many{one}")
                if row.back == 0:
                    told[row.shop_id].said[one] = getattr(row, f"said{one}")
                    told[row.shop_id].bad[one] = getattr(row, f"bad{one}")
    return list(told.values())


def noticed_within(hours: Hours, shops: int) -> list[Notice]:
    """What is told of these hours, at most one of a kind; `shops`: how many are looked at each hour."""
    at_most = threshold(shops * 2 * 24, FALSE_A_MONTH)
    angry = _surest(hours, ANGER, hours.angry, at_most)
    found = [_crisis(hours, angry) or angry, _surest(hours, RUSH, hours.rush, at_most)]
    return [one for one in found if one is not None]


def _surest(hours: Hours, name: str, counted: dict[int, dict[int, int]], at_most: float) -> Notice | None:
    of = watched(name, "")
    told: list[tuple[Finding, int, Days]] = []
    for stretch in STRETCHES:
        if counted[stretch].get(0, 0) < of.fewest:
            continue
        days = hours.days(counted[stretch])
        finding = judge(days, LOOKS_BACK, "up", at_most, windows=(1,))
        if finding is not None:
            told.append((finding, stretch, days))
    if not told:
        return None
    finding, stretch, days = min(told, key=lambda one: one[0].p)
    return Notice(
        name,
        "",
        of.playbook,
        of.group,
        severity_of(finding),
        finding,
        picture(days, LOOKS_BACK, finding),
        {"hours": stretch, "until": hours.until.isoformat()},
    )


def _crisis(hours: Hours, angry: Notice | None) -> Notice | None:
    """Mood x reach x speed, as of days: it is one when most of those who speak are angry too."""
    if angry is None:
        return None
    stretch, reach = angry.details["hours"], angry.finding.value
    mood = hours.bad.get(stretch, 0) / max(1, hours.said.get(stretch, 0))
    speed = reach / max(angry.finding.expected, 0.1)
    if mood < CRISIS_MOOD or reach < CRISIS_REACH or speed < CRISIS_SPEED:
        return None
    details = {
        **angry.details,
        "mood": round(mood, 3),
        "reach": int(reach),
        "speed": round(speed, 1),
        "score": round(mood * math.log1p(reach) * math.log1p(speed), 2),
    }
    return Notice(CRISIS, "", CRISIS, angry.group, Severity.crisis, angry.finding, angry.points, details)


BUSY = text(
    """
    SELECT DISTINCT date_trunc('hour', x.at) FROM (
      SELECT sent_at AS at, count(*) OVER (PARTITION BY shop_id ORDER BY sent_at RANGE CAST('6 hours' AS interval) PRECEDING) AS many
      FROM message WHERE author_kind = 'customer' AND sent_at >= :since AND sent_at < :until
      UNION ALL
      SELECT at, count(*) OVER (PARTITION BY shop_id ORDER BY at RANGE CAST('6 hours' AS interval) PRECEDING)
      FROM assistant_turn WHERE mood = 'angry' AND at >= :since AND at < :until
    ) x WHERE x.many >= :fewest ORDER BY 1
    """
)


async def busy_hours(work: Work, since: datetime, until: datetime) -> list[datetime]:
    """When the hours ended in which anything could have been unusual; to look at a time that is past."""
    fewest = min(watched(name, "").fewest for name in (RUSH, ANGER))
    found = await work.session.scalars(BUSY, {"since": since, "until": until, "fewest": fewest})
    return [began + HOUR for began in found]


async def replay_hours(work: Work, since: datetime, until: datetime) -> list[tuple[datetime, ShopDays, str]]:
    """Hour by hour what would have been told, each once while it goes on (it is over after a day without it): when, where, what."""
    shops = await shops_watched(work, until)
    told: list[tuple[datetime, ShopDays, str]] = []
    seen: dict[tuple[Any, str], datetime] = {}
    for moment in await busy_hours(work, since, until):
        for hours in await hours_of(work, shops, moment):
            for one in noticed_within(hours, len(shops)):
                key = hours.shop.id, one.group
                if key not in seen or moment - seen[key] > timedelta(days=1):
                    told.append((moment, hours.shop, one.series))
                seen[key] = moment
    return told
