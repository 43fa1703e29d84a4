"""Figures in words, as people of each language write them."""

from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from babel.numbers import format_currency, format_decimal, format_percent

from aftercare.kit.money import digits

BABEL = {"zh-CN": "zh_Hans_CN", "zh-TW": "zh_Hant_TW", "en": "en_GB"}
NOT_ENOUGH = {"zh-CN": "数量不足", "zh-TW": "數量不足", "en": "not enough"}
NOTHING_RECORDED = {"zh-CN": "尚未记录", "zh-TW": "尚未記錄", "en": "not recorded yet"}
UNITS = {
    "zh-CN": (("天", 86_400), ("小时", 3_600), ("分钟", 60), ("秒", 1)),
    "zh-TW": (("天", 86_400), ("小時", 3_600), ("分鐘", 60), ("秒", 1)),
    "en": (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)),
}


def number(value: float, locale: str) -> str:
    return format_decimal(value, locale=BABEL[locale])


def percent(share: float, locale: str, places: int = 1) -> str:
    return format_percent(share, format=f"#,##0.{'#' * places}%", locale=BABEL[locale])


def duration(seconds: float, locale: str) -> str:
    """In its two largest units."""
    left = round(seconds)
    told: list[str] = []
    for name, length in UNITS[locale]:
        if left >= length or (name == UNITS[locale][-1][0] and not told):
            told.append(f"{left // length} {name}")
            left %= length
        elif told:
            break
        if len(told) == 2:
            break
    return " ".join(part for part in told if not part.startswith("0 ")) or f"0 {UNITS[locale][-1][0]}"


def money(cents: float, currency: str, locale: str) -> str:
    return format_currency(cents / 10 ** digits(currency), currency, locale=BABEL[locale])


def day(of: date, locale: str) -> str:
    return format_date(of, format="long", locale=BABEL[locale])


def period(since: date, until: date, span: str, locale: str) -> str:
    """`until` is the first day after."""
    if span == "month":
        if locale == "en":
            return format_date(since, format="LLLL yyyy", locale="en_GB")
        return f"{since.year} 年 {since.month} 月"
    if span == "quarter":
        quarter = (since.month + 2) // 3
        if locale == "en":
            return f"Quarter {quarter} of {since.year}"
        return f"{since.year} 年第 {quarter} 季度" if locale == "zh-CN" else f"{since.year} 年第 {quarter} 季"
    last = until - timedelta(days=1)
    between = " to " if locale == "en" else " 至 "
    return f"{day(since, locale)}{between}{day(last, locale)}"


def value(measure: dict[str, Any], told: float | None, locale: str) -> str:
    """A value of a measure with its unit."""
    if told is None:
        return "–"
    match measure["kind"]:
        case "share":
            return percent(told, locale)
        case "time":
            return duration(told, locale)
        case "money":
            return money(told, measure["currency"] or "CNY", locale)
        case "count":
            return number(round(told), locale)
        case _:
            return number(round(told, 2), locale)


def figure(measure: dict[str, Any], locale: str) -> str:
    """What stands in place of a value where there is none."""
    if measure["value"] is not None:
        return value(measure, measure["value"], locale)
    none = NOTHING_RECORDED if measure["missing"] in ("no_source", "nothing_recorded") else NOT_ENOUGH
    return none[locale]


def interval(measure: dict[str, Any], locale: str) -> str:
    if measure["value"] is None or measure["low"] is None or measure["high"] is None:
        return ""
    return f"{value(measure, measure['low'], locale)} – {value(measure, measure['high'], locale)}"


def target(measure: dict[str, Any], locale: str) -> str:
    """What was promised: at least, at most; for times with the part within the limit."""
    told = []
    sign = "≥" if measure["good"] == "up" else "≤"
    if measure["target"] is not None:
        per = measure["per_days"]
        often = (
            ""
            if per is None
            else {"zh-CN": f"（每 {per} 天）", "zh-TW": f"（每 {per} 天）", "en": f" per {per} days"}[locale]
        )
        told.append(f"{sign} {value(measure, measure['target'], locale)}{often}")
    if measure["share_target"] is not None and measure["limit_seconds"] is not None:
        told.append(_within(measure["share_target"], measure["limit_seconds"], locale))
    return ("; " if locale == "en" else "；").join(told)


def within(measure: dict[str, Any], locale: str) -> str:
    """The part of a time within its limit, where one was promised: a median may keep its word and this not."""
    asked = measure["share_target"] is not None and measure["limit_seconds"] is not None
    if not asked or measure["value"] is None or measure["within"] is None:
        return ""
    return _within(measure["within"], measure["limit_seconds"], locale)


def _within(share: float, seconds: float, locale: str) -> str:
    of, limit = percent(share, locale), duration(seconds, locale)
    return {"zh-CN": f"{of} 在 {limit}内", "zh-TW": f"{of} 在 {limit}內", "en": f"{of} within {limit}"}[
        locale
    ]
