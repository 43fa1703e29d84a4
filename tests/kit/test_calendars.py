from datetime import UTC, date, datetime, timedelta
from datetime import time as wall
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aftercare.kit.calendars import (
    Hours,
    NeverOpen,
    Week,
    WorkingCalendar,
    calendar_of,
    holidays_known,
    span_text,
    spans,
    special_days,
    special_names,
    week_of,
)

OFFICE = week_of(["09:00-12:00", "13:00-18:00"])
SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
IN_CHINA = calendar_of(Hours(OFFICE, "Asia/Shanghai", "CN"))
IN_BERLIN = calendar_of(Hours(OFFICE, "Europe/Berlin", "DE", "BE"))
NIGHTS = calendar_of(Hours((spans("22:00-06:00"),) * 7, "Europe/Berlin"))
ALWAYS = calendar_of(Hours((spans("00:00-24:00"),) * 7, "America/Sao_Paulo"))


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def china(month: int, day: int, hour: int = 0, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=SHANGHAI)


def test_lunch_is_not_working_time() -> None:
    assert IN_CHINA.add_working_time(china(3, 10, 11, 30), hours(1)) == china(3, 10, 13, 30)
    assert IN_CHINA.working_time_between(china(3, 10, 11, 30), china(3, 10, 13, 30)) == hours(1)
    assert not IN_CHINA.is_open(china(3, 10, 12, 0))


def test_a_length_that_ends_with_the_day_is_due_at_closing_and_not_next_morning() -> None:
    assert IN_CHINA.add_working_time(china(3, 10, 9), hours(3)) == china(3, 10, 12)
    assert IN_CHINA.add_working_time(china(3, 10, 9), hours(8)) == china(3, 10, 18)
    assert IN_CHINA.add_working_time(china(3, 10, 20), timedelta(0)) == china(3, 10, 20)


def test_a_weekend_is_jumped_over() -> None:
    assert IN_CHINA.add_working_time(china(3, 13, 17), hours(2)) == china(3, 16, 10)


def test_spring_festival_2026_with_its_make_up_saturdays() -> None:
    # Off from Sunday 15 to Monday 23 February; Saturday 14 and Saturday 28 are worked.
    assert IN_CHINA.add_working_time(china(2, 13, 17), hours(2)) == china(2, 14, 10)
    assert IN_CHINA.add_working_time(china(2, 14, 17), hours(2)) == china(2, 24, 10)
    assert IN_CHINA.is_open(china(2, 28, 10))
    assert not IN_CHINA.is_open(china(3, 1, 10))
    assert IN_CHINA.working_time_between(china(2, 9), china(3, 2)) == 11 * hours(8)
    assert special_days("CN", None, 2026)[date(2026, 2, 17)].name == "Spring Festival"
    assert special_days("CN", None, 2026)[date(2026, 2, 14)].open


def test_a_make_up_day_works_its_own_hours_where_the_weekday_has_some() -> None:
    short = calendar_of(Hours(week_of(["09:00-18:00"], ["10:00-14:00"]), "Asia/Shanghai", "CN"))
    assert short.spans_on(date(2026, 2, 14)) == spans("10:00-14:00")
    assert IN_CHINA.spans_on(date(2026, 2, 14)) == spans("09:00-12:00", "13:00-18:00")


def test_beyond_the_announced_years_china_falls_back_to_the_law_and_says_so() -> None:
    assert IN_CHINA.known_until == date(2026, 12, 31)
    assert IN_BERLIN.known_until is None
    # Labour Day 2031 is a Thursday.
    assert not IN_CHINA.is_open(china(5, 1, 10, year=2031))
    assert IN_CHINA.is_open(china(4, 30, 10, year=2031))


def test_german_clocks_change_on_a_night_shift() -> None:
    # 29 March 2026: 02:00 becomes 03:00; the shift from 22 to 6 lasts seven hours. 25 October: nine.
    spring = datetime(2026, 3, 28, 22, tzinfo=BERLIN)
    autumn = datetime(2026, 10, 24, 22, tzinfo=BERLIN)
    assert NIGHTS.working_time_between(spring, spring + timedelta(days=1)) == hours(7)
    assert NIGHTS.working_time_between(autumn, autumn + timedelta(days=1)) == hours(9)
    assert NIGHTS.add_working_time(spring, hours(7)) == datetime(2026, 3, 29, 6, tzinfo=BERLIN)
    assert NIGHTS.add_working_time(spring, hours(4)) == datetime(2026, 3, 29, 3, tzinfo=BERLIN)
    assert NIGHTS.add_working_time(autumn, hours(5)) == datetime(2026, 10, 25, 1, tzinfo=UTC)


def test_office_hours_stay_on_the_wall_when_the_clocks_change() -> None:
    friday = datetime(2026, 3, 27, 17, tzinfo=BERLIN)
    assert IN_BERLIN.add_working_time(friday, hours(2)) == datetime(2026, 3, 30, 8, tzinfo=UTC)
    friday = datetime(2026, 10, 23, 17, tzinfo=BERLIN)
    assert IN_BERLIN.add_working_time(friday, hours(2)) == datetime(2026, 10, 26, 9, tzinfo=UTC)


def test_an_hour_that_the_clocks_skip_is_never_worked_and_one_that_comes_twice_is_worked_twice() -> None:
    early = calendar_of(Hours((spans("02:00-02:30", "02:30-05:00"),) * 7, "Europe/Berlin"))
    assert early.working_time_between(*_day(date(2026, 3, 28))) == hours(3)
    assert early.working_time_between(*_day(date(2026, 3, 29))) == hours(2)
    assert early.working_time_between(*_day(date(2026, 10, 25))) == hours(4)


def _day(on: date) -> tuple[datetime, datetime]:
    return (
        datetime.combine(on, wall(0), BERLIN),
        datetime.combine(on + timedelta(days=1), wall(0), BERLIN),
    )


def test_public_holidays_of_a_region() -> None:
    # Epiphany is a holiday in Bavaria, not in Berlin.
    bavaria = calendar_of(Hours(OFFICE, "Europe/Berlin", "DE", "BY"))
    epiphany = datetime(2026, 1, 6, 10, tzinfo=BERLIN)
    assert not bavaria.is_open(epiphany)
    assert IN_BERLIN.is_open(epiphany)


def test_the_own_exceptions_win_over_holidays_and_week() -> None:
    own = calendar_of(
        Hours(
            OFFICE,
            "Asia/Shanghai",
            "CN",
            closed_on=frozenset({date(2026, 2, 14), date(2026, 3, 10)}),
            open_on=frozenset({date(2026, 2, 17), date(2026, 3, 14)}),
        )
    )
    assert [
        bool(own.spans_on(date(2026, *day))) for day in ((2, 14), (3, 10), (2, 17), (3, 14), (3, 15))
    ] == [
        False,
        False,
        True,
        True,
        False,
    ]


def test_all_day_every_day_is_the_time_of_the_world() -> None:
    start = datetime(2018, 11, 3, 12, tzinfo=UTC)  # Brazil put its clocks forward that night
    assert ALWAYS.add_working_time(start, timedelta(days=3)) == start + timedelta(days=3)
    assert ALWAYS.is_open(start)


def test_a_working_day_is_worth_the_hours_of_the_first_working_weekday() -> None:
    assert IN_CHINA.hours.working_day == hours(8)
    assert NIGHTS.hours.working_day == hours(8)
    assert ALWAYS.hours.working_day == hours(24)


@pytest.mark.parametrize(
    ("week", "zone", "country", "subdivision"),
    [
        (((),) * 7, "UTC", None, None),
        ((spans("09:00-18:00"),) * 6, "UTC", None, None),
        ((spans("09:00-13:00", "12:00-18:00"),) * 7, "UTC", None, None),
        (OFFICE, "Asia/Atlantis", None, None),
        (OFFICE, "UTC", "EU", None),
        (OFFICE, "UTC", "DE", "XX"),
    ],
)
def test_what_cannot_be_hours_is_refused(
    week: Week, zone: str, country: str | None, subdivision: str | None
) -> None:
    with pytest.raises(ValueError, match=r"week|spans|time zone|holidays"):
        Hours(week, zone, country, subdivision)


def test_a_country_without_far_tables_keeps_its_fixed_holidays() -> None:
    assert date(2060, 1, 26) in special_days("IN", None, 2060)


def test_which_holidays_are_known() -> None:
    assert holidays_known("BR")
    assert holidays_known(None)
    assert not holidays_known("EU")
    assert not holidays_known(None, "BY")


def test_a_span_reads_back_as_it_was_written() -> None:
    for text in ("09:00-12:00", "22:00-06:00", "18:00-24:00"):
        assert span_text(spans(text)[0]) == text
    for text in ("09:00", "9-12", "09:00+08:00-18:00", "09:00:30-18:00"):
        with pytest.raises(ValueError, match="no span"):
            spans(text)


def test_time_is_not_taken_away_and_does_not_come_from_nowhere() -> None:
    with pytest.raises(ValueError, match="taken away"):
        IN_CHINA.add_working_time(china(3, 10), -hours(1))
    rare = WorkingCalendar(Hours((spans("09:00-09:01"), *(((),) * 6)), "UTC"))
    with pytest.raises(NeverOpen):
        rare.add_working_time(china(3, 10), hours(40))


CALENDARS = st.sampled_from([IN_CHINA, IN_BERLIN, NIGHTS, ALWAYS])
MOMENTS = st.datetimes(datetime(2024, 1, 2), datetime(2027, 12, 30)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
LENGTHS = st.timedeltas(timedelta(0), timedelta(hours=400))
# Whether it is right does not depend on how busy the machine is.
unhurried = settings(deadline=None)


@unhurried
@given(CALENDARS, MOMENTS, LENGTHS, LENGTHS)
def test_adding_twice_is_adding_the_sum(
    calendar: WorkingCalendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    stepwise = calendar.add_working_time(calendar.add_working_time(start, first), second)
    assert stepwise == calendar.add_working_time(start, first + second)


@unhurried
@given(CALENDARS, MOMENTS, MOMENTS, LENGTHS)
def test_who_starts_later_is_due_no_earlier(
    calendar: WorkingCalendar, one: datetime, other: datetime, length: timedelta
) -> None:
    early, late = sorted((one, other))
    assert calendar.add_working_time(early, length) <= calendar.add_working_time(late, length)


@unhurried
@given(CALENDARS, MOMENTS, LENGTHS)
def test_between_start_and_due_lies_just_the_length(
    calendar: WorkingCalendar, start: datetime, length: timedelta
) -> None:
    due = calendar.add_working_time(start, length)
    assert calendar.working_time_between(start, due) == length
    assert calendar.working_time_between(due, start) == -length
    assert length <= due - start


@unhurried
@given(MOMENTS, st.integers(1, 200))
def test_a_calendar_counts_as_a_minute_by_minute_walk_does(start: datetime, minutes: int) -> None:
    walked, at = 0, (start := start.replace(second=0, microsecond=0))
    while walked < minutes:
        local = at.astimezone(SHANGHAI)
        day = IN_CHINA.spans_on(local.date())
        walked += any(opens <= local.time() < closes for opens, closes in day)
        at += timedelta(minutes=1)
    assert IN_CHINA.add_working_time(start, timedelta(minutes=minutes)) == at


def test_special_days_have_names_in_the_readers_language() -> None:
    spring, worked = date(2026, 2, 17), date(2026, 2, 14)
    told = {locale: special_names("CN", None, 2026, locale) for locale in ("zh-CN", "zh-TW", "en")}
    assert [one[spring] for one in told.values()] == ["春节", "春節", "Spring Festival"]
    assert [one[worked] for one in told.values()] == [
        "春节（调休上班）",
        "春節（補班）",
        "Spring Festival (working day)",
    ]
    assert special_names("DE", None, 2026, "zh-CN")[date(2026, 5, 1)] == "Erster Mai"
    assert special_names("DE", None, 2026, "en")[date(2026, 5, 1)] == "Labor Day"
    assert special_names("TW", None, 2026, "zh-TW")[date(2026, 1, 1)] == "中華民國開國紀念日"
    assert special_names(None, None, 2026, "en") == {}
