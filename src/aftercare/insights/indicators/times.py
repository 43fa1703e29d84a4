"""Periods cut into hours, days, weeks, months and quarters of a time zone, and the same as expressions.

Every engine has its own idea of time zones, so none is asked: the offsets of the zone are looked up here and given to the
expression as numbers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import pairwise
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from aftercare.kit.calendars import Hours, special_days

DAY = 86_400
HOUR = 3_600
MONDAY_FIRST = 3
"""The first of January 1970 was a Thursday."""


@dataclass(frozen=True)
class Instant:
    """One that is told only when it is asked: the moment of this `name`, or so much later."""

    name: str
    later: timedelta = timedelta(0)

    def after(self, seconds: int) -> "Instant":
        return self + timedelta(seconds=seconds)

    def of(self, instants: Mapping[str, datetime]) -> datetime:
        return instants[self.name] + self.later

    def __add__(self, span: timedelta) -> "Instant":
        return replace(self, later=self.later + span)

    def __sub__(self, span: timedelta) -> "Instant":
        return self + -span


Moment: TypeAlias = datetime | Instant


def stamp(moment: Moment) -> Any:
    """As an expression."""
    import ibis

    if isinstance(moment, Instant):
        from aftercare.insights.indicators.statements import blank_instant

        return blank_instant(moment)
    return ibis.literal(moment, type="timestamp('UTC')")


class Grain(StrEnum):
    hour = "hour"
    day = "day"
    week = "week"
    month = "month"
    quarter = "quarter"


def usual_grain(since: datetime, until: datetime) -> Grain:
    span = until - since
    if span <= timedelta(days=2):
        return Grain.hour
    if span <= timedelta(days=45):
        return Grain.day
    return Grain.week if span <= timedelta(days=200) else Grain.month


@dataclass(frozen=True)
class Bucket:
    """One stretch of a trend. `key` is what the expression calls it."""

    key: int
    since: datetime
    until: datetime


def buckets(since: datetime, until: datetime, grain: Grain, zone: ZoneInfo) -> list[Bucket]:
    """All that the period touches; the first and the last may reach beyond it."""
    found = []
    begins = _first(since.astimezone(zone), grain)
    while begins < until:
        ends = _next(begins, grain, zone)
        found.append(Bucket(_key(begins, grain), begins.astimezone(UTC), ends.astimezone(UTC)))
        begins = ends
    return found


def _first(local: datetime, grain: Grain) -> datetime:
    if grain is Grain.hour:
        return local.replace(minute=0, second=0, microsecond=0)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if grain is Grain.week:
        return day - timedelta(days=day.weekday())
    if grain is Grain.month:
        return day.replace(day=1)
    if grain is Grain.quarter:
        return day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
    return day


def _next(local: datetime, grain: Grain, zone: ZoneInfo) -> datetime:
    if grain is Grain.hour:
        return (local.astimezone(UTC) + timedelta(hours=1)).astimezone(zone)
    if grain in (Grain.month, Grain.quarter):
        month = local.month + (1 if grain is Grain.month else 3)
        return local.replace(year=local.year + (month > 12), month=(month - 1) % 12 + 1)
    return local + timedelta(days=1 if grain is Grain.day else 7)


def _key(local: datetime, grain: Grain) -> int:
    seconds = round((local.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds())
    if grain is Grain.hour:
        # The hour that is repeated when the clocks go back is two hours.
        return (round(local.timestamp()) + _minutes_ahead(local)) // HOUR
    if grain is Grain.day:
        return seconds // DAY
    if grain is Grain.week:
        return (seconds // DAY + MONDAY_FIRST) // 7
    return local.year * 12 + local.month - 1


def _minutes_ahead(local: datetime) -> int:
    """Of zones that are not whole hours ahead: the rest, in seconds."""
    return round((local.utcoffset() or timedelta(0)).total_seconds()) % HOUR


def bucket_key(instant: Any, grain: Grain, spans: Sequence[Bucket], zone: ZoneInfo) -> Any:
    """The `key` of the bucket in which an instant lies, as an expression; where months and quarters end is left blank."""
    import ibis

    if grain is Grain.hour:
        return ((instant.epoch_seconds() + _minutes_ahead(spans[0].since.astimezone(zone))) // HOUR).cast(
            "int64"
        )
    if grain in (Grain.month, Grain.quarter):
        ends = [
            (instant < stamp(Instant(f"end_{number}")), ibis.literal(span.key, "int64"))
            for number, span in enumerate(spans)
        ]
        return ibis.cases(*ends)
    day = local_seconds(instant, zone, spans[0].since, spans[-1].until) // DAY
    return (day if grain is Grain.day else week_of_day(day)).cast("int64")


def bucket_form(grain: Grain, spans: Sequence[Bucket], zone: ZoneInfo) -> tuple[Any, ...]:
    """What `bucket_key` depends on."""
    if grain is Grain.hour:
        return (grain, _minutes_ahead(spans[0].since.astimezone(zone)))
    if grain in (Grain.month, Grain.quarter):
        return (grain, *(span.key for span in spans))
    (_, first), *changes = _offsets(zone, spans[0].since, spans[-1].until)
    return (grain, first, *changes)


def week_of_day(day: Any) -> Any:
    return (day + MONDAY_FIRST) // 7


def local_seconds(instant: Any, zone: ZoneInfo, since: datetime, until: datetime) -> Any:
    """Seconds since 1970 on the wall clock of a zone."""
    import ibis

    offsets = _offsets(zone, since, until)
    if len(offsets) == 1:
        return instant.epoch_seconds() + offsets[0][1]
    steps = [
        (instant < ibis.literal(ends, type="timestamp('UTC')"), ibis.literal(offset, "int64"))
        for (_, offset), (ends, _) in pairwise(offsets)
    ]
    return instant.epoch_seconds() + ibis.cases(*steps, else_=ibis.literal(offsets[-1][1], "int64"))


def _offsets(zone: ZoneInfo, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """From when on, how many seconds ahead of UTC."""

    def offset(at: datetime) -> int:
        return round((at.astimezone(zone).utcoffset() or timedelta(0)).total_seconds())

    at = since.astimezone(UTC) - timedelta(days=2)
    found = [(at, offset(at))]
    while at < until + timedelta(days=2):
        after = at + timedelta(days=1)
        if offset(after) != found[-1][1]:
            low, high = at, after
            while high - low > timedelta(seconds=1):
                middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
                low, high = (middle, high) if offset(middle) == found[-1][1] else (low, middle)
            found.append((high, offset(high)))
        at = after
    return found


def hour_of(instant: Any, zone: ZoneInfo, since: datetime, until: datetime) -> Any:
    return (local_seconds(instant, zone, since, until) % DAY // HOUR).cast("int64")


def weekday_of(instant: Any, zone: ZoneInfo, since: datetime, until: datetime) -> Any:
    """Monday is 0."""
    return ((local_seconds(instant, zone, since, until) // DAY + MONDAY_FIRST) % 7).cast("int64")


def is_open(instant: Any, hours: Hours, since: datetime, until: datetime) -> Any:
    """Whether an instant lies in working hours."""
    import ibis

    local = local_seconds(instant, ZoneInfo(hours.time_zone), since, until)
    day, minute = (local // DAY).cast("int64"), (local % DAY // 60).cast("int64")
    weekday = (day + MONDAY_FIRST) % 7
    opened, closed = _exceptions(hours, since, until)
    everyday = _in_spans(minute, hours.everyday)
    of_week: Any = ibis.literal(False)
    for spans in {spans for spans in hours.week if spans}:
        days = [number for number, one in enumerate(hours.week) if one == spans]
        of_week = of_week | (weekday.isin(days) & _in_spans(minute, spans))
    usual = of_week & ~day.isin(closed) if closed else of_week
    if not opened:
        return usual
    idle = [number for number, spans in enumerate(hours.week) if not spans]
    return usual | (day.isin(opened) & weekday.isin(idle) & everyday) if idle else usual


def _in_spans(minute: Any, spans: Sequence[tuple[time, time]]) -> Any:
    import ibis

    found: Any = ibis.literal(False)
    for opens, closes in spans:
        first, last = opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
        # A night shift is open before midnight and, as every day has its own, after it.
        inside = (minute >= first) & (minute < last) if last > first else (minute >= first) | (minute < last)
        found = found | inside
    return found


def _exceptions(hours: Hours, since: datetime, until: datetime) -> tuple[list[int], list[int]]:
    """Days that are open, and that are closed, against the week."""
    first, last = since.date() - timedelta(days=1), until.date() + timedelta(days=1)
    opened: set[date] = set()
    closed: set[date] = set()
    for year in range(first.year, last.year + 1):
        for on, special in special_days(hours.country, hours.subdivision, year).items():
            (opened if special.open else closed).add(on)
    opened = (opened - hours.closed_on) | hours.open_on
    closed = (closed - hours.open_on) | hours.closed_on
    return _days(opened, first, last), _days(closed, first, last)


def _days(days: set[date], first: date, last: date) -> list[int]:
    return sorted((day - date(1970, 1, 1)).days for day in days if first <= day <= last)
