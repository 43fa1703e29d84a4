"""What was handed out, as a page for people: the same rows as in the JSON, with names for tables and columns."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale

from aftercare import claims, logistics, shop
from aftercare.kit.languages import is_han
from aftercare.kit.money import digits
from aftercare.kit.spoken import LOCALES, words_of

STYLE = """
:root { color-scheme: light dark }
body { font: 15px/1.6 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
h2 { margin-top: 2.5rem } section { overflow-x: auto } p { color: GrayText }
table { border-collapse: collapse; font-variant-numeric: tabular-nums } caption { text-align: start; font-weight: 600; padding: 1.2rem 0 .4rem }
th, td { text-align: start; vertical-align: top; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid color-mix(in srgb, CanvasText 15%, transparent) }
th { font-weight: 500; color: GrayText; white-space: nowrap } td { min-width: 5rem; max-width: 32rem; white-space: pre-line; overflow-wrap: anywhere }
td.short { white-space: nowrap } td.long { min-width: 14rem }
img { max-width: 12rem; max-height: 12rem; display: block }
"""


FOR_PROGRAMS = {"id", "position", "fact", "policy", "law", "currency"}
"""Marks and versions, which data.json tells; amounts carry their currency."""
SHORT = ("_at", "_on", "_cents", "number", "phone", "email")
"""Endings of columns whose cells are not broken."""
LONG = {"address", "shipping_address", "title", "description", "body", "words", "said", "answer", "outcome"}


NAMED: Mapping[tuple[str, str], type[shop.OrderStatus] | type[logistics.ShipmentStatus]] = {
    ("sales_order", "status"): shop.OrderStatus,
    ("shipment", "status"): logistics.ShipmentStatus,
    ("tracking_event", "status"): logistics.ShipmentStatus,
}
"""States whose names are the business of the package that has them; so are the words of claims."""


def _words() -> Mapping[str, Mapping[str, Sequence[str]]]:
    return words_of("aftercare.privacy")


def page_of(told: Mapping[str, Mapping[str, Any]], zones: Mapping[str, str], locale: str) -> str:
    """`told` and the shops' time zones by folder of the zip; the files lie beside the page, under their folder."""
    at = LOCALES.index(locale) if locale in LOCALES else LOCALES.index("en")

    def word(of: str, name: str) -> str:
        said = _words()[of].get(name)
        return said[at] if said else name.replace("_", " ")

    parts = []
    for folder, data in told.items():
        zone = ZoneInfo(zones[folder])
        made = word("page", "made").format(
            shop=data["shop"], at=_shown("at", data["made_at"], {}, zone), zone=zones[folder]
        )
        parts.append(
            f"<h2>{escape(str(data['shop']))}</h2><p>{escape(made)} {escape(word('page', 'machine'))}</p>"
        )
        for table, rows in data.items():
            if isinstance(rows, list) and rows:
                parts.append(_table(table, rows, folder, zone, LOCALES[at], word))
    title = escape(word("page", "title"))
    return (
        f'<!doctype html><html lang="{LOCALES[at]}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{title}</title><style>{STYLE}</style></head>'
        f"<body><h1>{title}</h1>{''.join(parts)}</body></html>\n"
    )


def _table(
    table: str,
    rows: Sequence[Mapping[str, Any]],
    folder: str,
    zone: ZoneInfo,
    locale: str,
    word: Callable[[str, str], str],
) -> str:
    columns = [column for column in rows[0] if column not in FOR_PROGRAMS and not column.endswith("_id")]
    said = [{column: _said(table, column, row, zone, locale, word) for column in columns} for row in rows]
    columns = [column for column in columns if any(row[column] for row in said)]
    if not columns:
        return ""
    head = "".join(f"<th>{escape(word('column', column))}</th>" for column in columns)
    lines = []
    for row, words in zip(rows, said, strict=True):
        cells = []
        for column in columns:
            width = (
                "short"
                if column == "at" or column.endswith(SHORT)
                else "long"
                if column in LONG
                else "middle"
            )
            inside = (
                _linked(words[column], row, folder)
                if table == "file" and column == "name"
                else escape(words[column])
            )
            cells.append(f'<td class="{width}">{inside}</td>')
        lines.append(f"<tr>{''.join(cells)}</tr>")
    caption = escape(word("table", table))
    return f"<section><table><caption>{caption}</caption><tr>{head}</tr>{''.join(lines)}</table></section>"


def _said(
    table: str,
    column: str,
    row: Mapping[str, Any],
    zone: ZoneInfo,
    locale: str,
    word: Callable[[str, str], str],
) -> str:
    """A cell in the reader's words; what none of our lists knows is told as it is written."""
    value = row[column]
    if not value and not isinstance(value, int):
        return ""
    if isinstance(value, bool):
        return word("page", "yes" if value else "no")
    if isinstance(value, str):
        if column in ("kind", "reason") or (table, column) == ("claim", "state"):
            return claims.label(column, value, locale)
        if (of := NAMED.get((table, column))) is not None:
            return of(value).name_in(locale)
        if column == "carrier":
            carrier = logistics.carrier_called(value)
            return carrier.name_in(locale) if carrier else value
        if (table, column) == ("contact", "address") and row["channel"] == "chat":
            return ""  # A mark of ours, at which nobody can be reached.
        codes = _words()["code"]
        named = next(
            (key for key in (f"{table}.{column}.{value}", f"{column}.{value}") if key in codes), None
        )
        return value if named is None else word("code", named)
    if isinstance(value, Mapping):
        if column == "answer":
            return str(value.get("text", ""))
        if column == "attributes":
            return "\n".join(
                f"{name}: {word('page', 'yes' if one else 'no') if isinstance(one, bool) else one}"
                for name, one in value.items()
            )
        return _address(value, locale)
    return _shown(column, value, row, zone)


EASTERN = ("region", "province", "city", "district", "street", "line1", "line2", "postal_code")
WESTERN = ("street", "line1", "line2", "district", "postal_code", "city", "province", "region")


def _address(given: Mapping[str, Any], locale: str) -> str:
    """Who, then where as people there write it."""
    part = {name: str(value).strip() for name, value in given.items() if value}
    who = [part.pop(name) for name in ("name", "recipient", "phone") if name in part]
    country = part.pop("country", "")
    named = Locale.parse(locale.replace("-", "_")).territories.get(country, country)
    eastern = is_han("".join(part.values()))
    known = EASTERN if eastern else WESTERN
    names = sorted(part, key=lambda name: known.index(name) if name in known else len(known))
    where = ("" if eastern else ", ").join(dict.fromkeys(part[name] for name in names))
    return "\n".join(filter(None, (" ".join(who), where, named)))


def _linked(name: str, row: Mapping[str, Any], folder: str) -> str:
    """A file of the list, if it came along: what is not there shows its name alone."""
    href = escape(quote(f"{folder}/files/{row['id']}-{name}"))
    picture = f'<img src="{href}" alt="">' if str(row["media_type"]).startswith("image/") else ""
    return f'<a href="{href}">{picture}{escape(name)}</a>'


def _shown(column: str, value: Any, row: Mapping[str, Any], zone: ZoneInfo) -> str:
    if isinstance(value, UUID):
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    if column.endswith("_cents"):
        currency = str(row.get("currency") or "")
        amount = Decimal(value).scaleb(-digits(currency)) if currency else Decimal(value).scaleb(-2)
        return f"{amount} {currency}".strip()
    return str(value)
