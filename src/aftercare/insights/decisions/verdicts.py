"""What the evidence says: keep, undo, or go on; as sentences of texts.toml, composed from the numbers."""

import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel

from aftercare.insights.analysis.answers import Sentence
from aftercare.insights.analysis.saying import fill, number

if TYPE_CHECKING:
    from aftercare.insights.decisions.effects import GuardSeen
    from aftercare.insights.decisions.seen import Effect

Advice = Literal["keep", "undo", "go_on"]


class Verdict(BaseModel):
    advice: Advice
    says: list[Sentence]
    limits: list[Sentence]


@cache
def texts() -> dict[str, dict[str, str]]:
    read = tomllib.loads(files("aftercare.insights.decisions").joinpath("texts.toml").read_text("utf-8"))
    return {f"{group}.{name}": told for group, names in read.items() for name, told in names.items()}


def paragraph(says: Iterable[Sentence], locale: str) -> str:
    return (" " if locale == "en" else "").join(_say(one, locale) for one in says)


def lines(says: Iterable[Sentence], locale: str) -> list[str]:
    return [_say(one, locale) for one in says]


def _say(one: Sentence, locale: str) -> str:
    values = dict(one.values)
    scale = values.pop("scale", None)
    for name in ("estimate", "low", "high", "target"):
        if name in values and scale is not None:
            values[name] = change(values[name], scale, locale)
    return fill(texts()[one.code][locale], values, locale)


def change(value: float, scale: str, locale: str) -> str:
    """'+3.1 percentage points', '-12%', '+0.4'."""
    sign = "+" if value > 0 else "-" if value < 0 else "±"
    if scale == "share":
        points = {"zh-CN": " 个百分点", "zh-TW": " 個百分點", "en": " percentage points"}[locale]
        return f"{sign}{number(abs(value) * 100, 'x', locale)}{points}"
    if scale == "relative":
        return f"{sign}{number(abs(value), '%', locale)}"
    return f"{sign}{number(abs(value), 'x', locale)}"


def amount(value: float | None, kind: str, locale: str) -> str:
    """What an indicator of this kind tells: '78%', '11.6 hours', '104'."""
    if value is None or kind == "share":
        return number(value, "%", locale)
    if kind == "time":
        hours = {"zh-CN": " 小时", "zh-TW": " 小時", "en": " hours"}[locale]
        return number(value / 3_600, "x", locale) + hours
    return number(value / 100 if kind == "money" else value, "x", locale)


def judge(
    effect: "Effect", guards: "Sequence[GuardSeen]", *, good: Literal["up", "down"], target: float, over: bool
) -> Verdict:
    """`over`: its time has run. A series or shops that are compared may be judged only then; who is drawn by lot, at any time."""
    says: list[Sentence] = []
    limits = _limits(effect)
    broken = [one for one in guards if one.broken]
    for one in broken:
        says.append(
            Sentence(
                code="guard.broken",
                values={"indicator": one.indicator, "value": one.value, "bound": one.bound, "n": one.n},
            )
        )
    if not effect.enough or effect.estimate is None or effect.low is None or effect.high is None:
        says.append(
            Sentence(code="effect.too_few", values={"treated": effect.n_treated, "control": effect.n_control})
        )
        return Verdict(
            advice="undo" if broken else "go_on",
            says=[*says, _advice("undo" if broken else "go_on")],
            limits=limits,
        )
    values: dict[str, Any] = {
        "scale": effect.scale,
        "estimate": effect.estimate,
        "low": effect.low,
        "high": effect.high,
        "treated": effect.n_treated,
        "control": effect.n_control,
    }
    says.append(Sentence(code=f"effect.{effect.method}", values=values))
    better, worse = (effect.low > 0, effect.high < 0) if good == "up" else (effect.high < 0, effect.low > 0)
    reached = effect.estimate >= target if target > 0 else effect.estimate <= target
    out_of_reach = effect.high < target if target > 0 else effect.low > target
    may_judge = effect.always_valid or over
    says.append(Sentence(code="effect.better" if better else "effect.worse" if worse else "effect.unsure"))
    if better:
        says.append(
            Sentence(
                code="target.reached" if reached else "target.missed",
                values={"scale": effect.scale, "target": target},
            )
        )
    elif out_of_reach and not worse:
        says.append(Sentence(code="target.out_of_reach", values={"scale": effect.scale, "target": target}))
    if effect.saved is not None and effect.saved >= 0.01:
        says.append(Sentence(code="effect.saved", values={"saved": effect.saved}))
    if effect.parallel_p is not None and effect.parallel_p < 0.05:
        says.append(Sentence(code="effect.drifting", values={"p": effect.parallel_p}))
    drifting = effect.parallel_p is not None and effect.parallel_p < 0.05
    advice: Advice
    if broken:
        advice = "undo"
    elif not may_judge:
        advice = "go_on"
        says.append(Sentence(code="effect.not_over"))
    elif worse:
        advice = "undo"
    elif better and not drifting:
        advice = "keep"
    elif over or out_of_reach:
        advice = "undo" if not better else "go_on"
    else:
        advice = "go_on"
    return Verdict(advice=advice, says=[*says, _advice(advice)], limits=limits)


def returns(effect: "Effect", cost_cents: int | None, since: date) -> list[Sentence]:
    """Of an indicator in money: what those who have it have cost less since it began, less what the decision cost, as a part of that."""
    if not cost_cents or effect.mean_control is None or effect.estimate is None:
        return []
    n = sum(point.n_treated for point in effect.points if point.on >= since)

    def of(change: float | None) -> float | None:
        saved = -(change or 0.0) * (effect.mean_control or 0.0) * n
        return (saved - cost_cents) / cost_cents

    values = {"value": of(effect.estimate), "low": of(effect.high), "high": of(effect.low), "n": n}
    return [Sentence(code="return.money", values=values)]


def _advice(advice: Advice) -> Sentence:
    return Sentence(code=f"advice.{advice}")


def _limits(effect: "Effect") -> list[Sentence]:
    found = [Sentence(code=f"method.{effect.method}")]
    if effect.scale == "relative":
        found.append(Sentence(code="method.relative"))
    if effect.method == "difference" and effect.shops < 8:
        found.append(Sentence(code="limit.few_shops", values={"shops": effect.shops}))
    found.append(Sentence(code=f"limit.{effect.method}"))
    return found
