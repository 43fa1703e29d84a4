"""Reports on paper: the words and numbers of one language, set by typst; and as a workbook."""

import json
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from aftercare.claims import label
from aftercare.insights.reports.model import ChineseFontMissing
from aftercare.insights.reports.telling import (
    figure,
    interval,
    money,
    number,
    percent,
    period,
    target,
    value,
    within,
)
from aftercare.insights.reports.verbs import WholeReport
from aftercare.kit.money import digits

if TYPE_CHECKING:
    import typst

FONTS = {
    "zh-CN": (
        "Noto Sans CJK SC",
        "Source Han Sans SC",
        "Noto Sans SC",
        "Microsoft YaHei",
        "PingFang SC",
        "WenQuanYi Zen Hei",
    ),
    "zh-TW": (
        "Noto Sans CJK TC",
        "Source Han Sans TC",
        "Noto Sans TC",
        "Microsoft JhengHei",
        "PingFang TC",
        "Noto Sans CJK SC",
    ),
    "en": ("Inter", "Noto Sans", "Liberation Sans", "DejaVu Sans"),
}
"""Families, the best first. English pages need a Chinese one too: shops and products have Chinese names."""

LABELS: dict[str, dict[str, str]] = {
    "zh-CN": {
        "unit": "单位", "low": "95% 下限", "high": "95% 上限", "numerator": "分子", "denominator": "分母",
        "promises": "承诺", "measure": "指标", "value": "数值", "target": "目标", "sample": "样本", "before": "上期", "trend": "走势", "day": "日期", "serial": "编号",
        "judged": "评价", "kept": "已兑现", "broken": "未兑现", "unjudged": "暂不评价", "transparency": "透明度", "part": "构成", "reached": "做到 / 应做",
        "share": "比例", "weight": "权重", "claims": "售后申请", "kinds": "按类型", "reasons": "按原因", "shops": "各店铺", "shop": "店铺",
        "definitions": "指标定义", "draft": "草稿，未发布", "orders": "订单", "cases": "服务个案", "claims_number": "售后申请", "refunded": "退款",
        "formula": "透明度 = Σ（权重 × 做到的比例）÷ Σ 权重 × 100；没有事实可依的部分不计，剩下的权重不足一半时不给分。",
        "method": "区间为 95% 置信区间。样本不足时不给数值。所有数值由系统日志中的事实算出，没有人工填写。",
        "published": "{at} 发布", "drafted": "{at} 起草", "corrects": "本报告更正并取代 {number} 号报告。", "number": "第 {number} 号",
        "target_score": "目标 {target} 分", "time_zone": "时区 {zone}", "public": "公开报告", "house": "内部报告", "every": "全部店铺", "none": "数据不足",
    },
    "zh-TW": {
        "unit": "單位", "low": "95% 下限", "high": "95% 上限", "numerator": "分子", "denominator": "分母",
        "promises": "承諾", "measure": "指標", "value": "數值", "target": "目標", "sample": "樣本", "before": "上期", "trend": "走勢", "day": "日期", "serial": "編號",
        "judged": "評價", "kept": "已兌現", "broken": "未兌現", "unjudged": "暫不評價", "transparency": "透明度", "part": "構成", "reached": "做到 / 應做",
        "share": "比例", "weight": "權重", "claims": "售後申請", "kinds": "依類型", "reasons": "依原因", "shops": "各商店", "shop": "商店",
        "definitions": "指標定義", "draft": "草稿，尚未發布", "orders": "訂單", "cases": "服務案件", "claims_number": "售後申請", "refunded": "退款",
        "formula": "透明度 = Σ（權重 × 做到的比例）÷ Σ 權重 × 100；沒有事實可依的部分不計，剩下的權重不足一半時不給分。",
        "method": "區間為 95% 信賴區間。樣本不足時不給數值。所有數值由系統日誌中的事實算出，沒有人工填寫。",
        "published": "{at} 發布", "drafted": "{at} 起草", "corrects": "本報告更正並取代 {number} 號報告。", "number": "第 {number} 號",
        "target_score": "目標 {target} 分", "time_zone": "時區 {zone}", "public": "公開報告", "house": "內部報告", "every": "全部商店", "none": "資料不足",
    },
    "en": {
        "unit": "Unit", "low": "Low 95 %", "high": "High 95 %", "numerator": "Numerator", "denominator": "Denominator",
        "promises": "Promises", "measure": "Measure", "value": "Value", "target": "Target", "sample": "n", "before": "Before",
        "trend": "Trend", "day": "Day", "serial": "Number", "judged": "Judged", "kept": "kept", "broken": "not kept", "unjudged": "not judged", "transparency": "Transparency", "part": "Part",
        "reached": "Reached / due", "share": "Share", "weight": "Weight", "claims": "Claims", "kinds": "By kind", "reasons": "By reason",
        "shops": "Shop by shop", "shop": "Shop", "definitions": "Definitions", "draft": "Draft, not published", "orders": "orders",
        "cases": "service cases", "claims_number": "claims", "refunded": "refunded",
        "formula": "Transparency = Σ (weight × share reached) ÷ Σ weight × 100. A part that no facts speak of is left out; with less than half"
        " of the weight left there is no score.",
        "method": "Intervals are of 95 %. Where there is too little, no value is told. Every number is reckoned from the facts of the journal;"
        " none was typed in.",
        "published": "published {at}", "drafted": "drafted {at}", "corrects": "This report corrects and replaces number {number}.",
        "number": "No. {number}", "target_score": "target {target}", "time_zone": "time zone {zone}", "public": "Public report",
        "house": "Report for the house", "every": "All shops", "none": "not enough",
    },
}  # fmt: skip
PARTS = {
    "reports": {"zh-CN": "按时公布报告", "zh-TW": "準時公布報告", "en": "Reports in time"},
    "figures": {"zh-CN": "承诺有据可查", "zh-TW": "承諾有據可查", "en": "Promises with figures"},
    "notices": {"zh-CN": "通知准确", "zh-TW": "通知準確", "en": "Notices right"},
    "warnings": {"zh-CN": "延误预警", "zh-TW": "延誤預警", "en": "Delay warnings"},
}

UNITS = {
    "seconds": {"zh-CN": "秒", "zh-TW": "秒", "en": "seconds"},
    "percent": {"zh-CN": "百分比", "zh-TW": "百分比", "en": "percent"},
    "points": {"zh-CN": "分", "zh-TW": "分", "en": "points"},
    "number": {"zh-CN": "数量", "zh-TW": "數量", "en": "number"},
    "minor_units": {"zh-CN": "金额", "zh-TW": "金額", "en": "money"},
}
CELLS = {"share": "0.0%", "time": "#,##0", "count": "#,##0", "money": "#,##0.00"}
"""How Excel shows a value, by the kind of its measure."""


@dataclass(frozen=True)
class OwnFonts:
    """Also the port under which a house finds the folder with fonts of its own."""

    folder: Path | None = None


SYSTEM_FONTS = OwnFonts()


@lru_cache(maxsize=2)
def _fonts(own: OwnFonts) -> "typst.Fonts":
    """Looked up once: it takes longer than a page does."""
    import typst

    return typst.Fonts(font_paths=[own.folder] if own.folder else [])


def fonts_for(locale: str, own: OwnFonts = SYSTEM_FONTS) -> list[str]:
    """Those of this machine, the best first. Refuses with ChineseFontMissing."""
    there = frozenset(_fonts(own).families())
    chinese = [
        family
        for family in (*FONTS["zh-TW" if locale == "zh-TW" else "zh-CN"], *FONTS["zh-CN"])
        if family in there
    ]
    if not chinese:
        raise ChineseFontMissing(looked_for=sorted({*FONTS["zh-CN"], *FONTS["zh-TW"]}))
    latin = [family for family in FONTS["en"] if family in there]
    return list(dict.fromkeys([*latin, *chinese] if locale == "en" else chinese))


def pdf_of(report: WholeReport, locale: str, own: OwnFonts = SYSTEM_FONTS) -> bytes:
    """Pages in one language. Refuses with ChineseFontMissing. Takes some tenths of a second: not for the event loop."""
    import typst

    told = {**sheet_of(report, locale), "fonts": fonts_for(locale, own)}
    made: bytes = typst.compile(
        (files(__package__) / "report.typ").read_bytes(),
        format="pdf",
        font_paths=_fonts(own),
        sys_inputs={"report": json.dumps(told, ensure_ascii=False)},
        timestamp=(report.published_at or report.drafted_at).replace(microsecond=0),
    )
    return made


def sheet_of(report: WholeReport, locale: str) -> dict[str, Any]:
    """All that a page says, in words."""
    say, content = LABELS[locale], report.content
    words = report.words.get(locale) or next(iter(report.words.values()))
    at = (report.published_at or report.drafted_at).astimezone(ZoneInfo(report.time_zone))
    stamp = say["published" if report.published_at else "drafted"].format(at=f"{at:%Y-%m-%d}")
    issuer = report.shop or say["every"]
    when = period(report.since_on, report.until_on, report.span, locale)
    scored = content["transparency"]
    columns = [m for p in content["promises"] for m in p["measures"][:1]] if content["shops"] else []
    columns = [m for m in columns if any(m["name"] in shop["figures"] for shop in content["shops"])]
    return {
        "lang": "en" if locale == "en" else "zh",
        "region": "TW" if locale == "zh-TW" else "GB" if locale == "en" else "CN",
        "labels": say,
        "issuer": issuer,
        "number": say["number"].format(number=report.number) if report.number else "",
        "title": words.title,
        "about": " · ".join(
            (say[report.audience], when, stamp, say["time_zone"].format(zone=report.time_zone))
        ),
        "draft": report.published_at is None,
        "corrects": say["corrects"].format(number=report.corrects) if report.corrects else None,
        "summary": [part for part in words.summary.split("\n") if part.strip()],
        "counts": [
            [say["orders"], number(content["counts"]["orders"], locale)],
            [say["cases"], number(content["counts"]["cases"], locale)],
            [say["claims_number"], number(content["counts"]["claims"], locale)],
            *(
                [say["refunded"], money(cents, currency, locale)]
                for currency, _, cents in content["refunded"][:2]
            ),
        ],
        "promises": [_promise(one, content, locale) for one in content["promises"]],
        "transparency": {
            "score": say["none"] if scored["score"] is None else str(scored["score"]),
            "met": None if scored["score"] is None else scored["score"] >= scored["target"],
            "target": say["target_score"].format(target=scored["target"]),
            "parts": [
                [
                    PARTS[part["part"]][locale],
                    "–" if part["reached"] is None else f"{part['has']:g} / {part['of']:g}",
                    "–" if part["reached"] is None else percent(part["reached"], locale),
                    str(part["weight"]),
                ]
                for part in scored["parts"]
            ],
        },
        "kinds": [
            [label("kind", word, locale), count, number(count, locale)] for word, count in content["kinds"]
        ],
        "reasons": [
            [label("reason", word, locale), count, number(count, locale)]
            for word, count in content["reasons"]
        ],
        "shop_columns": [m["title"][locale] for m in columns],
        "shops": [
            [
                shop["name"] or "–",
                *(
                    value(m, shop["figures"].get(m["name"], {}).get("value"), locale)
                    if shop["figures"].get(m["name"], {}).get("value") is not None
                    else "–"
                    for m in columns
                ),
            ]
            for shop in content["shops"]
        ],
        "footer": " · ".join(part for part in (issuer, words.title, stamp) if part),
        "digest": report.digest,
    }


def _promise(one: dict[str, Any], content: dict[str, Any], locale: str) -> dict[str, Any]:
    return {
        "title": one["title"][locale],
        "said": one["said"][locale],
        "kept": one["kept"],
        "measures": [
            {
                "title": m["title"][locale],
                "formula": m["formula"][locale],
                "value": figure(m, locale),
                "interval": interval(m, locale),
                "within": within(m, locale),
                "target": target(m, locale),
                "n": number(m["n"], locale),
                "before": value(m, m["before"]["value"], locale) if m["before"] else "–",
                "kept": m["kept"],
                "trend": _between([point["value"] for point in m["trend"]]),
            }
            for m in one["measures"]
        ],
    }


def _between(values: list[float | None]) -> list[float | None]:
    """Brought to 0 … 1; a line that does not move lies in the middle."""
    known = [one for one in values if one is not None]
    if not known:
        return []
    low, high = min(known), max(known)
    return [None if one is None else 0.5 if high == low else (one - low) / (high - low) for one in values]


# The workbook


def workbook_of(report: WholeReport, locale: str) -> bytes:
    """Every figure as a number in a cell, with its unit beside it: an Excel file."""
    import io

    import xlsxwriter

    say, content, kept = LABELS[locale], report.content, io.BytesIO()
    # What begins like a formula stays text.
    book = xlsxwriter.Workbook(
        kept, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"title": sheet_of(report, locale)["title"]})
    bold = book.add_format({"bold": True, "bottom": 1})
    wrap = book.add_format({"text_wrap": True, "valign": "top", "align": "left"})
    words = report.words.get(locale) or next(iter(report.words.values()))
    front = book.add_worksheet(say[report.audience])
    front.set_column(0, 0, 24)
    front.set_column(1, 1, 90)
    lines = [
        (say[report.audience], words.title),
        (say["serial"], report.number or say["draft"]),
        ("", period(report.since_on, report.until_on, report.span, locale)),
        ("", words.summary),
        (
            say["transparency"],
            say["none"] if (scored := content["transparency"]["score"]) is None else scored,
        ),
        ("SHA-256", report.digest or "–"),
        ("", say["method"]),
        ("", say["formula"]),
    ]
    for line, (name, told) in enumerate(lines):
        front.write(line, 0, name, bold)
        front.write(line, 1, told, wrap)
    figures = book.add_worksheet(say["promises"])
    heads = [
        say["promises"], say["measure"], say["value"], say["unit"], say["low"], say["high"], say["numerator"], say["denominator"], say["sample"],
        say["target"], say["before"], say["judged"], say["definitions"],
    ]  # fmt: skip
    figures.write_row(0, 0, heads, bold)
    figures.set_column(0, 1, 24)
    figures.set_column(2, 11, 12)
    figures.set_column(12, 12, 80)
    formats = {kind: book.add_format({"num_format": shown}) for kind, shown in CELLS.items()}
    line = 1
    for one in content["promises"]:
        for m in one["measures"]:
            told, shown = _amounts(m), formats.get(m["kind"])
            unit = m["currency"] or UNITS.get(m["unit"], {}).get(locale, m["unit"])
            kept_or_not = None if m["kept"] is None else say["kept" if m["kept"] else "broken"]
            figures.write_row(line, 0, [one["title"][locale], m["title"][locale]])
            figures.write(line, 2, told["value"], shown)
            figures.write(line, 3, unit)
            figures.write_row(line, 4, [told["low"], told["high"]], shown)
            # The numerator of a share is how many, and no share.
            figures.write(line, 6, told["numerator"], shown if m["kind"] == "money" else None)
            figures.write_row(line, 7, [m["denominator"], m["n"]])
            figures.write_row(line, 9, [told["target"], told["before"]], shown)
            figures.write_row(line, 11, [kept_or_not, m["formula"][locale]])
            line += 1
    figures.freeze_panes(1, 2)
    trends = book.add_worksheet(say["trend"])
    trends.write_row(0, 0, [say["measure"], say["day"], say["value"]], bold)
    trends.set_column(0, 0, 24)
    trends.set_column(1, 2, 12)
    days = book.add_format({"num_format": "yyyy-mm-dd"})
    line = 1
    for one in content["promises"]:
        for m in one["measures"]:
            for point in m["trend"]:
                trends.write(line, 0, m["title"][locale])
                trends.write_datetime(line, 1, date.fromisoformat(point["on"]), days)
                trends.write(line, 2, _whole(m, point["value"]), formats.get(m["kind"]))
                line += 1
    claims = book.add_worksheet(say["claims"])
    claims.write_row(0, 0, [say["kinds"], say["sample"], "", say["reasons"], say["sample"]], bold)
    for line, (word, count) in enumerate(content["kinds"], 1):
        claims.write_row(line, 0, [label("kind", word, locale), count])
    for line, (word, count) in enumerate(content["reasons"], 1):
        claims.write_row(line, 3, [label("reason", word, locale), count])
    book.close()
    return kept.getvalue()


def _whole(measure: dict[str, Any], told: float | None) -> float | None:
    """For a file: money in whole units of its currency, as it is written, and not in cents."""
    if told is None or measure["kind"] != "money" or not measure["currency"]:
        return told
    whole: float = told / 10 ** digits(measure["currency"])
    return whole


def _amounts(measure: dict[str, Any]) -> dict[str, float | None]:
    given = {**measure, "before": (measure["before"] or {}).get("value")}
    return {
        name: _whole(measure, given[name])
        for name in ("value", "low", "high", "numerator", "target", "before")
    }


def rows_of(report: WholeReport, locale: str) -> tuple[list[str], list[list[Any]]]:
    """The figures as a table: for CSV."""
    heads = [
        "promise", "measure", "name", "value", "unit", "low", "high", "numerator", "denominator", "n", "target", "before", "kept",
    ]  # fmt: skip
    return heads, [
        [
            one["title"][locale], m["title"][locale], m["name"], told["value"], m["currency"] or m["unit"], told["low"], told["high"],
            told["numerator"], m["denominator"], m["n"], told["target"], told["before"], m["kept"],
        ]
        for one in content_promises(report)
        for m in one["measures"]
        for told in (_amounts(m),)
    ]  # fmt: skip


def content_promises(report: WholeReport) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = report.content["promises"]
    return found
