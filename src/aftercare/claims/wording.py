"""The words of claims in zh-CN, zh-TW and en: sentences of a decision, and names of kinds, states and moves."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal

from aftercare.claims.policy import Looked, Params

LOCALES = ("zh-CN", "zh-TW", "en")
Side = Literal["customer", "staff"]


@cache
def _table(name: str) -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads((files("aftercare.claims") / name).read_text(encoding="utf-8"))


def _words(name: str, locale: str) -> Mapping[str, str]:
    """KeyError for a locale that we have no words in: falling back is the caller's choice."""
    return _table(name)[locale]


def label(group: str, word: StrEnum | str, locale: str, side: Side = "customer") -> str:
    """The name of a kind, state, move, reason, mover, clock, need or stage. Staff see their own word where
    there is one."""
    words = _words("labels.toml", locale)
    if side == "staff" and (own := words.get(f"{group}.{word}.staff")) is not None:
        return own
    return words[f"{group}.{word}"]


def state_label(kind: StrEnum | str, state: StrEnum | str, locale: str, side: Side = "customer") -> str:
    """The name of the state that a claim is in; some kinds have their own word for it."""
    own = f"{state}.{kind}"
    return label("state", own if f"state.{own}" in _words("labels.toml", locale) else state, locale, side)


def day_text(day: date, locale: str, today: date, *, end_of_day: bool) -> str:
    """'11 月 28 日 23:59'; the year only where it is not this one."""
    if locale == "en":
        year = "" if day.year == today.year else f" {day.year}"
        text = f"{day.day} {day:%B}{year}"
        return f"23:59 on {text}" if end_of_day else text
    year = "" if day.year == today.year else f"{day.year} 年 "
    text = f"{year}{day.month} 月 {day.day} 日"
    return f"{text} 23:59" if end_of_day else text


def text_keys(locale: str) -> frozenset[str]:
    return frozenset(_words("policy_texts.toml", locale))


def sentence(text: str, params: Params, locale: str, today: date) -> str:
    """The sentence of a text key. A shop's own rule may carry its own sentence instead of a key; it is shown as
    written. A condition that people ask about has its own sentence; a field that has no name of its own for customers is
    'other conditions'."""
    words = _words("policy_texts.toml", locale)
    if text not in words:
        return text
    own = f"{text}.{dict(params).get('field')}"
    text = own if own in words else text
    shown: dict[str, str | int] = {}
    for name, value in params:
        if isinstance(value, date):
            shown[name] = day_text(value, locale, today, end_of_day=name == "until")
        elif name in {"field", "event"}:
            shown[name] = words.get(f"{name}.{value}", words["field.other"])
        else:
            shown[name] = value
    # A right without an end, or before the parcel came, has no day to tell.
    if "until" not in shown and "{until}" in words[text]:
        text = f"{text}.no_end" if f"{text}.no_end" in words else "open.plain"
    if "days" not in shown and "{days}" in words[text]:
        text = "open.plain"
    return words[text].format(**shown)


def explain(looked: Looked, locale: str, today: date) -> str:
    return sentence(looked.text, looked.params, locale, today)


def words(locale: str) -> dict[str, str]:
    """Every name and sentence as staff read them, by key (`kind.exchange`, `exception.perishable`)."""
    labels = _words("labels.toml", locale)
    own = {key.removesuffix(".staff"): text for key, text in labels.items() if key.endswith(".staff")}
    plain = {key: text for key, text in labels.items() if not key.endswith(".staff")}
    return dict(_words("policy_texts.toml", locale)) | plain | own
