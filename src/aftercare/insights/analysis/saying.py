"""What analyses say, in the language of the reader: sentences of texts.toml filled with values."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from babel.numbers import format_decimal, format_percent

from aftercare.insights.analysis.answers import Sentence

LOCALES = ("zh-CN", "zh-TW", "en")
_PLACE = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_PLURAL = re.compile(r"\{(\w+):plural\|([^|]*)\|((?:[^{}]|\{\})*)\}")


@cache
def texts() -> dict[str, dict[str, str]]:
    """By code, then by language."""
    read = tomllib.loads(files("aftercare.insights.analysis").joinpath("texts.toml").read_text("utf-8"))
    return {f"{group}.{name}": told for group, names in read.items() for name, told in names.items()}


@cache
def labels() -> dict[str, dict[str, str]]:
    """What the columns of measures are called."""
    read = tomllib.loads(files("aftercare.insights.analysis").joinpath("labels.toml").read_text("utf-8"))
    return dict(read["column"])


def say(said: Sentence, locale: str, *, own: bool = False) -> str:
    """`own`: the columns are those of our own measures and have names."""
    return fill(texts()[said.code][locale], said.values, locale, own=own)


def paragraph(says: Iterable[Sentence], locale: str, *, own: bool = False) -> str:
    return (" " if locale == "en" else "").join(say(one, locale, own=own) for one in says)


def fill(text: str, values: Mapping[str, Any], locale: str, *, own: bool = False) -> str:
    """A sentence with its values; see the head of texts.toml."""

    def plural(found: re.Match[str]) -> str:
        value = values[found[1]]
        return found[2] if value == 1 else found[3].replace("{}", number(value, "n", locale))

    def one(found: re.Match[str]) -> str:
        name, form = found[1], found[2] or ""
        value = values[name]
        match form.partition("|"):
            case ("c" | "C", _, _):
                return column(str(value), locale, first=form == "C", own=own)
            case ("s", _, by):
                return step(str(value), locale, many=bool(by) and values[by] != 1)
            case ("m", _, _):
                return way(str(value), locale)
            case ("w", _, _):
                return texts()[f"word.{value}"][locale]
            case ("", _, _):
                return str(value)
        return number(value, form, locale)

    return _PLACE.sub(one, _PLURAL.sub(plural, text))


def number(value: Any, form: str, locale: str) -> str:
    """`n` whole, `x` to three digits, `%` a share, `p` a probability."""
    if value is None:
        return "–"
    where = locale.replace("-", "_").replace("CN", "Hans_CN").replace("TW", "Hant_TW")
    value = float(value)
    match form:
        case "n":
            return format_decimal(round(value), "#,##0", locale=where)
        case "%":
            form = "#,##0%" if value == 0 or value >= 0.0995 else "#,##0.0%"
            return format_percent(value, form, locale=where)
        case "p":
            return "p < 0.001" if value < 0.001 else f"p = {format_decimal(value, '0.000', locale=where)}"
    size = abs(value)
    if size >= 100:
        return format_decimal(value, "#,##0", locale=where)
    digits = 0 if value == round(value) else 1 if size >= 10 else 2 if size >= 1 else 3
    pattern = "0." + "#" * digits if digits else "0"
    return format_decimal(value, pattern, locale=where)


def column(name: str, locale: str, *, first: bool = False, own: bool = True) -> str:
    """What a column is called: our own by their label; others as they are, in quotes where the sentence has none."""
    told = labels().get(name) if own or name in ("rows", "value") else None
    if told is not None:
        return told[locale][:1].upper() + told[locale][1:] if first else told[locale]
    return f"“{name}”" if locale == "en" else name


def way(name: str, locale: str) -> str:
    """'seasonal_naive_96' is one of texts.toml with its season."""
    if name.startswith("seasonal_naive_"):
        return texts()["way.seasonal_naive"][locale].replace("{season}", name.rpartition("_")[2])
    return texts()[f"way.{name}"][locale]


def step(of: str, locale: str, *, many: bool = False) -> str:
    usual = {"D": "1D", "h": "h", "1h": "h", "min": "min", "1min": "min"}.get(of, of)
    told = texts().get(f"step.{usual}") or texts().get(f"step.{usual.partition('-')[0]}")
    text = (told or texts()["step.other"])[locale].replace("{step}", of)
    if locale == "en" and many:
        return text.replace("step of", "steps of") if told is None else f"{text}s"
    return text
