"""How an alarm is called in somebody's language."""

from collections.abc import Iterable
from typing import Any

from aftercare.insights.alarms.watched import INDICATOR
from aftercare.insights.alarms.ways import is_counted, way_of
from aftercare.insights.alarms.words import (
    LESS,
    MISSED,
    MORE,
    MORE_WITHIN_HOURS,
    OF_PART,
    OTHERWISE,
    SERIES,
)
from aftercare.insights.indicators import Definition, definition
from aftercare.logistics import carrier_called


def indicator_of(series: str, cut: str) -> tuple[Definition, str, str] | None:
    """The indicator, by which cut, and which part of it; None of what is no indicator."""
    if series != INDICATOR:
        return None
    name, cut_by, part = cut.split(":", 2)
    return definition(name), cut_by, part


def what(series: str, cut: str, label: str, locale: str) -> str:
    """What is watched. `label`: what the part is called, of an indicator or else."""
    of = indicator_of(series, cut)
    if of is None:
        return SERIES[series][locale].format(label=label)
    defined, _, part = of
    title = defined.words[locale].title
    if is_counted(defined) and (defined.kind == "time" or defined.good == "up"):
        title = MISSED[locale].format(title=title)
    return OF_PART[locale].format(title=title, label=label or part) if part else title


def spoken(locale: str | None) -> str:
    """The language that we speak for somebody."""
    return locale if locale in MORE else "en"


def what_of(row: Any, locale: str) -> str:
    """Of a row with the columns of alarms; the label of an indicator's alarm is in one language only."""
    label = row.details.get("part", "") if row.series == INDICATOR else row.label
    if row.series == "missed_promises" and (carrier := carrier_called(row.cut)) is not None:
        label = carrier.name_in(spoken(locale))
    return what(row.series, row.cut, label, spoken(locale))


def titles_of(rows: Iterable[Any], locale: str) -> list[str]:
    """Of rows with the columns of alarms, in one line each."""
    return [_title(row, spoken(locale)) for row in rows]


def _title(row: Any, locale: str) -> str:
    of = indicator_of(row.series, row.cut)
    plain = of is not None and way_of(of[0]) == "value"
    hours = row.details.get("hours")
    more = MORE_WITHIN_HOURS if hours else MORE
    sentence = OTHERWISE if plain else LESS if row.value < row.expected else more
    return sentence[locale].format(
        what=what_of(row, locale),
        value=_number(of[0] if of else None, row.value),
        expected=_number(of[0] if of else None, row.expected),
        days=row.window_days,
        hours=hours,
    )


def _number(defined: Definition | None, value: float) -> str:
    if defined is not None and way_of(defined) == "value":
        if defined.kind == "time":
            return f"{value / 3600:,.1f} h"
        if defined.kind == "money":
            return f"{value / 100:,.2f}"
        if defined.kind == "share":
            return f"{value:.1%}"
        return f"{value:,.1f}"
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:,.1f}"
