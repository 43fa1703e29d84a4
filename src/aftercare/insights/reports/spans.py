"""Months, quarters and days as reports have them."""

from datetime import date, datetime, time, timedelta

from aftercare.insights.reports.model import ReportSpanNotPossible, Span
from aftercare.kit.calendars import zone

MOST_DAYS = 366


def month_after(first: date, many: int = 1) -> date:
    """The first day of the month so many later."""
    months = first.year * 12 + first.month - 1 + many
    return date(months // 12, months % 12 + 1, 1)


def months_between(begins: date, ends: date) -> list[date]:
    """The first days of the whole months from `begins` to before `ends`."""
    found, month = [], begins.replace(day=1)
    while month_after(month) <= ends:
        found.append(month)
        month = month_after(month)
    return found


def last_month(today: date) -> date:
    return month_after(today.replace(day=1), -1)


def last_quarter(today: date) -> date:
    this = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return month_after(this, -3)


def end_of(span: Span, since_on: date, until_on: date | None = None) -> date:
    """The first day after. Refuses with ReportSpanNotPossible."""
    if span is Span.month and since_on.day == 1:
        return month_after(since_on)
    if span is Span.quarter and since_on.day == 1 and since_on.month in (1, 4, 7, 10):
        return month_after(since_on, 3)
    if (
        span is Span.days
        and until_on is not None
        and timedelta(0) < until_on - since_on <= timedelta(days=MOST_DAYS)
    ):
        return until_on
    raise ReportSpanNotPossible(span=span, since_on=since_on, until_on=until_on)


def instants(since_on: date, until_on: date, time_zone: str) -> tuple[datetime, datetime]:
    place = zone(time_zone)
    return datetime.combine(since_on, time.min, place), datetime.combine(until_on, time.min, place)
