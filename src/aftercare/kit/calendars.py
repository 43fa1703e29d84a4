"""Working time: weekly hours with breaks and night shifts, public holidays, make-up working days, time zones.

`Hours` says when a place works; `WorkingCalendar` counts in it. Counting is exact to the microsecond and goes by real time:
the hour that daylight saving skips is never worked, the hour that it repeats is worked twice. A span belongs to the day on
which it begins, so a night shift before a holiday is worked to its end.
"""

import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TypeAlias
from zoneinfo import ZoneInfo, available_timezones

Span: TypeAlias = tuple[time, time]
"""Opens, closes. Closing at or before the opening means on the next day: (22:00, 06:00) is a night shift, (0:00, 0:00) a whole day."""
Week: TypeAlias = tuple[tuple[Span, ...], ...]
"""Seven days, Monday first."""

SPAN_PATTERN = r"^\d\d:\d\d-\d\d:\d\d$"

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MOST_YEARS = 30


class NeverOpen(ValueError):
    """There is too little working time in the years to come."""


def spans(*texts: str) -> tuple[Span, ...]:
    """`spans("09:00-12:00", "13:00-18:00")`; "24:00" is accepted as the end of a day. Raises ValueError."""
    return tuple(sorted(_span(text) for text in texts))


def _span(text: str) -> Span:
    if not re.fullmatch(SPAN_PATTERN, text):
        raise ValueError(f"{text!r} is no span such as 09:00-12:00")
    opens, _, closes = text.partition("-")
    return time.fromisoformat(opens), time(0) if closes == "24:00" else time.fromisoformat(closes)


def span_text(span: Span) -> str:
    closes = "24:00" if span[1] == time(0) else f"{span[1]:%H:%M}"
    return f"{span[0]:%H:%M}-{closes}"


def week_of(workdays: Iterable[str], saturday: Iterable[str] = (), sunday: Iterable[str] = ()) -> Week:
    """A week whose Monday to Friday are alike."""
    return (spans(*workdays),) * 5 + (spans(*saturday), spans(*sunday))


def _minutes(span: Span) -> tuple[int, int]:
    opens, closes = (part.hour * 60 + part.minute for part in span)
    return opens, closes if closes > opens else closes + 24 * 60


@dataclass(frozen=True)
class Hours:
    """`closed_on` and `open_on` are the place's own exceptions and win over public holidays and over the week. A day that is
    open by exception works its weekday's own hours, or, if it has none, those of the first working weekday.
    Raises ValueError for what cannot be a week, a time zone, or a country whose holidays nobody knows."""

    week: Week
    time_zone: str = "UTC"
    country: str | None = None
    subdivision: str | None = None
    closed_on: frozenset[date] = frozenset()
    open_on: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        if len(self.week) != 7 or not any(self.week):
            raise ValueError("a week has seven days, and work on at least one of them")
        for day in self.week:
            marks = [_minutes(span) for span in day]
            if any(later[0] < earlier[1] for earlier, later in pairwise(marks)):
                raise ValueError("the spans of a day must follow one another without overlapping")
        zone(self.time_zone)
        if not holidays_known(self.country, self.subdivision):
            raise ValueError(
                f"the holidays of {self.country} {self.subdivision or ''} are not known".rstrip()
            )

    @property
    def everyday(self) -> tuple[Span, ...]:
        """The spans of the first weekday that has any."""
        return next(day for day in self.week if day)

    @property
    def working_day(self) -> timedelta:
        """What one working day is worth when a promise is told in working days."""
        return timedelta(minutes=sum(closes - opens for opens, closes in map(_minutes, self.everyday)))


def zone(name: str) -> ZoneInfo:
    """Raises ValueError for a time zone that does not exist."""
    if name not in _zones():
        raise ValueError(f"there is no time zone {name}")
    return ZoneInfo(name)


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


@dataclass(frozen=True)
class SpecialDay:
    """A public holiday (`open` False) or a make-up working day (`open` True)."""

    on: date
    open: bool
    name: str


@lru_cache(maxsize=512)
def holidays_known(country: str | None, subdivision: str | None = None) -> bool:
    if country is None:
        return subdivision is None
    import holidays

    try:
        holidays.country_holidays(country, subdiv=subdivision)
    except NotImplementedError:
        return False
    return True


@lru_cache(maxsize=4096)
def special_days(country: str | None, subdivision: str | None, year: int) -> Mapping[date, SpecialDay]:
    """What the country does otherwise than its weeks say. For CN as announced by the State Council, where it has announced."""
    if country is None:
        return {}
    if country == "CN" and (announced := _announced_in_china(year)):
        return announced
    import holidays

    with warnings.catch_warnings():
        # A country whose moving feasts are not tabled so far ahead keeps the others.
        warnings.simplefilter("ignore", UserWarning)
        told = holidays.country_holidays(country, subdiv=subdivision, years=year)
    days = {on: SpecialDay(on, False, name) for on, name in told.items() if on.year == year}
    for on in getattr(told, "weekend_workdays", ()):
        if on.year == year and on not in days:
            days[on] = SpecialDay(on, True, "make-up working day")
    return dict(sorted(days.items()))


LANGUAGES = {
    "zh-CN": ("zh_CN", "zh_TW", "zh_HK"),
    "zh-TW": ("zh_TW", "zh_HK", "zh_CN"),
    "en": ("en_US", "en_GB", "en"),
}
"""Of each of our locales those of the library, the nearest first."""


@lru_cache(maxsize=4096)
def special_names(country: str | None, subdivision: str | None, year: int, locale: str) -> Mapping[date, str]:
    """What the special days are called in that language; in the country's own where it is not known in that one."""
    days = special_days(country, subdivision, year)
    if country is None:
        return {}
    import holidays

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        spoken = holidays.country_holidays(country, subdiv=subdivision, years=year)
        known = (*LANGUAGES.get(locale, ()), spoken.default_language)
        language = next((one for one in known if one in spoken.supported_languages), None)
        spoken = holidays.country_holidays(country, subdiv=subdivision, years=year, language=language)
    names = {on: spoken.get(on) or day.name for on, day in days.items()}
    if country == "CN":
        # The announced days of a festival are more than the festival itself, and some of them are worked.
        names |= {on: _festival(day.name, locale) for on, day in days.items()}
    work = {"zh-CN": "（调休上班）", "zh-TW": "（補班）"}.get(locale, " (working day)")
    return {on: f"{names[on]}{work}" if day.open else names[on] for on, day in days.items()}


def _festival(name: str, locale: str) -> str:
    from chinese_calendar import constants
    from opencc import OpenCC

    if locale not in ("zh-CN", "zh-TW"):
        return name
    simple = next((one.chinese for one in constants.Holiday if one.value == name), name)
    return str(OpenCC("s2tw").convert(simple)) if locale == "zh-TW" else str(simple)


def _announced_in_china(year: int) -> Mapping[date, SpecialDay]:
    from chinese_calendar import constants

    return {
        on: SpecialDay(on, is_open, name)
        for on, is_open, name in sorted(
            [(on, False, name) for on, name in constants.holidays.items() if on.year == year]
            + [(on, True, name) for on, name in constants.workdays.items() if on.year == year]
        )
    }


@lru_cache(maxsize=1)
def _last_year_announced_in_china() -> int:
    from chinese_calendar import constants

    last: int = max(on.year for on in constants.holidays)
    return last


class WorkingCalendar:
    """Counts working time. Instants come in with any time zone and go out in UTC.

    The years that were asked about are laid out once as one sorted line of open stretches with the working time before each,
    so that every question is two binary searches."""

    def __init__(self, hours: Hours) -> None:
        self.hours = hours
        self._zone = zone(hours.time_zone)
        self._first_year = 0
        self._next_year = 0
        self._opens: list[int] = []
        self._closes: list[int] = []
        self._before: list[int] = []
        self._worked = 0

    @property
    def known_until(self) -> date | None:
        """The last day whose holidays are announced rather than reckoned: after it, China's days off are those of the law,
        without the swaps of weekends that are announced each November. None where holidays follow from rules."""
        return date(_last_year_announced_in_china(), 12, 31) if self.hours.country == "CN" else None

    def add_working_time(self, start: datetime, length: timedelta) -> datetime:
        """The earliest moment, not before `start`, by which `length` was worked since `start`.

        Raises ValueError for a negative length, NeverOpen if it would take more than 30 years."""
        asked = length // MICROSECOND
        if asked < 0:
            raise ValueError("working time can be added, not taken away")
        begin = (start - EPOCH) // MICROSECOND
        self._lay(start.year)
        if not asked:
            return start.astimezone(UTC)
        aim = self._worked_until(begin) + asked
        while self._worked < aim:
            if self._next_year > start.year + MOST_YEARS:
                raise NeverOpen(f"{length} of working time take more than {MOST_YEARS} years from {start}")
            self._append_year()
        stretch = bisect_left(self._before, aim) - 1
        return EPOCH + timedelta(microseconds=self._opens[stretch] + aim - self._before[stretch])

    def working_time_between(self, start: datetime, end: datetime) -> timedelta:
        """Negative when `end` lies before `start`."""
        self._lay(start.year)
        self._lay(end.year)
        worked = self._worked_until((end - EPOCH) // MICROSECOND)
        return timedelta(microseconds=worked - self._worked_until((start - EPOCH) // MICROSECOND))

    def is_open(self, at: datetime) -> bool:
        """The opening moment is open, the closing moment is closed."""
        self._lay(at.year)
        moment = (at - EPOCH) // MICROSECOND
        stretch = bisect_right(self._opens, moment) - 1
        return stretch >= 0 and moment < self._closes[stretch]

    def spans_on(self, on: date) -> tuple[Span, ...]:
        """The hours of one local day, with holidays and exceptions; empty when closed."""
        hours = self.hours
        usual = hours.week[on.weekday()]
        if on in hours.closed_on:
            return ()
        if on in hours.open_on:
            return usual or hours.everyday
        special = special_days(hours.country, hours.subdivision, on.year).get(on)
        if special is None:
            return usual
        return (usual or hours.everyday) if special.open else ()

    def _worked_until(self, moment: int) -> int:
        stretch = bisect_right(self._opens, moment) - 1
        if stretch < 0:
            return 0
        return self._before[stretch] + min(moment, self._closes[stretch]) - self._opens[stretch]

    def _lay(self, year: int) -> None:
        """Lays out the year and its neighbours: the local day of an instant may lie in either."""
        first, following = year - 1, year + 2
        if self._first_year <= first and following <= self._next_year:
            return
        if not self._next_year or first < self._first_year:
            following = max(following, self._next_year)
            self._first_year = self._next_year = first
            self._opens, self._closes, self._before, self._worked = [], [], [], 0
        while self._next_year < following:
            self._append_year()

    def _append_year(self) -> None:
        for opens, closes in self._stretches(self._next_year):
            # Stretches of two days may touch or, when the clocks go back in a night shift, overlap.
            begin = max(opens, self._closes[-1]) if self._closes else opens
            if begin >= closes:
                continue
            self._opens.append(begin)
            self._closes.append(closes)
            self._before.append(self._worked)
            self._worked += closes - begin
        self._next_year += 1

    def _stretches(self, year: int) -> Iterator[tuple[int, int]]:
        on, end = date(year, 1, 1), date(year + 1, 1, 1)
        while on < end:
            for span in self.spans_on(on):
                opens, closes = _minutes(span)
                yield self._instant(on, opens, fold=0), self._instant(on, closes, fold=1)
            on += timedelta(days=1)

    def _instant(self, on: date, minutes: int, fold: int) -> int:
        """Of a wall time that comes twice, an opening is the first and a closing the second; one that is skipped is the
        moment of the skip."""
        wall = datetime.combine(on, time(0)) + timedelta(minutes=minutes)
        local = wall.replace(tzinfo=self._zone, fold=fold)
        moment = local.astimezone(UTC)
        if moment.astimezone(self._zone).replace(tzinfo=None) != wall:
            moment = self._skip(wall)
        return (moment - EPOCH) // MICROSECOND

    def _skip(self, wall: datetime) -> datetime:
        """The instant at which the clocks jump over `wall`."""
        early, late = (
            wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC).replace(second=0) for fold in (1, 0)
        )
        offset = late.astimezone(self._zone).utcoffset()
        while late - early > timedelta(minutes=1):
            middle = early + (late - early) // 2
            middle -= timedelta(seconds=middle.second, microseconds=middle.microsecond)
            if middle.astimezone(self._zone).utcoffset() == offset:
                late = middle
            else:
                early = middle
        return late


def learn_holidays(country: str, today: date) -> None:
    """What the first who asks would wait for: the library, and the days around today."""
    if holidays_known(country):
        for year in range(today.year - 1, today.year + 2):
            special_days(country, None, year)


@lru_cache(maxsize=1024)
def calendar_of(hours: Hours) -> WorkingCalendar:
    """The calendar of these hours, laid out once per process."""
    return WorkingCalendar(hours)
