"""Amounts, moments and spans as sentences say them, in zh-CN, zh-TW and en."""

from datetime import datetime, timedelta
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
