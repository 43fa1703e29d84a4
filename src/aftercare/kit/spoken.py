"""Amounts, moments, spans and names as sentences say them, in zh-CN, zh-TW and en."""

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.numbers import format_currency

from aftercare.kit.money import digits

LOCALES = ("zh-CN", "zh-TW", "en")


def our_locale(locale: str | None, otherwise: str = "zh-CN") -> str:
    """The language that we write in for somebody who prefers `locale`."""
    given = (locale or otherwise).replace("_", "-").lower()
    if given.startswith("zh"):
        return "zh-TW" if {"tw", "hk", "mo", "hant"} & set(given.split("-")) else "zh-CN"
    return "en"


@cache
def words_of(package: str) -> Mapping[str, Mapping[str, Sequence[str]]]:
    """The `words.toml` of a package: by group and word its name in each of LOCALES."""
    return tomllib.loads(files(package).joinpath("words.toml").read_text("utf-8"))


def name_in(locale: str, package: str, group: str, word: str) -> str:
    return words_of(package)[group][word][LOCALES.index(our_locale(locale))]


def money(cents: int, currency: str, locale: str) -> str:
    return format_currency(cents / 10 ** digits(currency), currency, locale=locale.replace("-", "_"))


def moment(at: datetime, zone: ZoneInfo, locale: str, now: datetime) -> str:
    """'3 月 17 日 12:00'; the year only where it is not this one."""
    there, today = at.astimezone(zone), now.astimezone(zone)
    if locale == "en":
        year = "" if there.year == today.year else f" {there.year}"
        return f"{there.day} {there:%B}{year}, {there:%H:%M}"
    year = "" if there.year == today.year else f"{there.year} 年 "
    return f"{year}{there.month} 月 {there.day} 日 {there:%H:%M}"


def left(span: timedelta, locale: str) -> str:
    """'2 天' or '5 小时': whole ones, so that nobody is promised more than there is."""
    hours = max(int(span.total_seconds() // 3600), 1)
    days = hours // 24
    if locale == "en":
        many, unit = (days, "day") if days else (hours, "hour")
        return f"{many} {unit}" + ("" if many == 1 else "s")
    hour = "小時" if locale == "zh-TW" else "小时"
    return f"{days} 天" if days else f"{hours} {hour}"
