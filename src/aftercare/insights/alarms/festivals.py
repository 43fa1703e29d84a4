"""Known peaks: times of the year in which more than usual is usual. They are data: `festivals.toml`."""

from __future__ import annotations

import tomllib
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from aftercare.kit.calendars import special_days


@cache
def _festivals() -> tuple[dict[str, Any], ...]:
    text = files("aftercare.insights.alarms").joinpath("festivals.toml").read_text("utf-8")
    return tuple(tomllib.loads(text)["festival"])


@cache
def _spring_festival(year: int) -> date | None:
    days = [on for on, day in special_days("CN", None, year).items() if not day.open and "Spring" in day.name]
    return min(days, default=None)


def _span(festival: dict[str, Any], year: int) -> tuple[date, date] | None:
    if "around" not in festival:
        return date(year, *festival["from"]), date(year, *festival["to"])
    middle = _spring_festival(year)
    if middle is None:
        return None
    return middle + timedelta(days=festival["from"]), middle + timedelta(days=festival["to"])


@cache
def times_usual(on: date, country: str) -> float:
    """Up to so many times the usual is expected on this day; 1 on an ordinary one."""
    return max(
        (
            float(festival["times"])
            for festival in _festivals()
            if country in festival["countries"]
            and (span := _span(festival, on.year)) is not None
            and span[0] <= on <= span[1]
        ),
        default=1.0,
    )
