"""The assistant's own words, in three languages: sentences from `texts.toml`, names from `labels.toml`."""

import tomllib
from datetime import date, datetime
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from babel.numbers import format_currency

from aftercare.assistant.reading import LOCALES
from aftercare.kit.money import digits


@lru_cache(maxsize=2)
def _table(name: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((files("aftercare.assistant") / name).read_text(encoding="utf-8"))


def known(locale: str) -> str:
    """One of LOCALES."""
    if locale in LOCALES:
        return locale
    return (
        "zh-TW" if locale in ("zh-HK", "zh-MO", "zh-Hant") else "zh-CN" if locale.startswith("zh") else "en"
    )


def say(key: str, locale: str, **filled: object) -> str:
    return _table("texts.toml")[known(locale)][key].format_map(
        {name: str(value) for name, value in filled.items()}
    )


def label(group: str, word: str, locale: str) -> str:
    """The word itself where it has no name."""
    return _table("labels.toml")[known(locale)].get(f"{group}.{word}", word)


def money(cents: int, currency: str, locale: str) -> str:
    return format_currency(cents / 10 ** digits(currency), currency, locale=known(locale).replace("-", "_"))


def day(of: date, locale: str, today: date) -> str:
    """'3 月 17 日'; the year only where it is not this one."""
    if known(locale) == "en":
        return f"{of.day} {of:%B}" + ("" if of.year == today.year else f" {of.year}")
    return ("" if of.year == today.year else f"{of.year} 年 ") + f"{of.month} 月 {of.day} 日"


def moment(at: datetime, zone: ZoneInfo, locale: str, now: datetime) -> str:
    there = at.astimezone(zone)
    said = day(there.date(), locale, now.astimezone(zone).date())
    return f"{said}{', ' if known(locale) == 'en' else ' '}{there:%H:%M}"
