"""What each indicator is: read once from `catalogue/*.toml`, one file per group. Its expression has the same name in `populations`.

Words of the files: `kind` says what is counted and how it is told (see `IndicatorKind`); `good`, which way is better; `owner`, the role
that answers for it; `target`, what the value shall be (seconds, share, points; a `count` for `per_days`); `limit_seconds` and
`share_target`, for times: which part must be within which limit; `enough`, below how many no value is told; `snapshot`: it is of
a moment, not of a span; `weighted`: a share of money or the like, so that one row may weigh more than another; `facts`, where
it comes from; `cuts`, by what it may be divided and filtered; `numerator_cuts`, those that only what is counted has (a reason),
and not what it is counted of (all that was sold); `ledger`: it is
read from the cost ledger, which PostgreSQL alone has; `planned`: nothing of this house records these facts yet.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from aftercare.kit.errors import NotFound

GROUPS = ("satisfaction", "speed", "solving", "promises", "goods", "cost")
LOCALES = ("zh-CN", "zh-TW", "en")
ENOUGH = 20
"""Fewer than so many are not called a number."""


IndicatorKind = Literal["share", "time", "count", "money", "score", "index"]
"""`share`: of all so many, told in percent. `time`: how long it took, in seconds: the median, with the ninth decile and, where there
is a limit, the part within it. `money`: a mean, in minor units of one currency. `score`: a mean of points on a scale. `index`: a
mean of what was brought to −100 … 100."""
Good = Literal["up", "down"]
CUTS = (
    "shop", "market", "channel", "topic", "intent", "kind", "reason", "product", "category", "supplier", "batch", "carrier",
    "region", "agent", "team", "hour", "weekday", "hours", "method", "template", "clock", "question", "part",
)  # fmt: skip


class Words(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    formula: str


class Definition(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    group: str
    kind: IndicatorKind
    good: Good
    owner: Literal["owner", "supervisor", "finance", "warehouse"]
    unit: str
    scale: int | None = None
    target: float | None = None
    limit_seconds: int | None = None
    share_target: float | None = None
    per_days: int | None = None
    enough: int = ENOUGH
    snapshot: bool = False
    weighted: bool = False
    ledger: bool = False
    planned: bool = False
    facts: tuple[str, ...] = Field(min_length=1)
    cuts: tuple[str, ...]
    numerator_cuts: tuple[str, ...] = ()
    words: dict[str, Words]

    @model_validator(mode="after")
    def _is_whole(self) -> "Definition":
        if set(self.words) != set(LOCALES):
            raise ValueError(f"{self.name} is not told in every language")
        if unknown := {*self.cuts, *self.numerator_cuts} - set(CUTS):
            raise ValueError(f"{self.name} cannot be cut by {unknown}")
        if not set(self.numerator_cuts) <= set(self.cuts):
            raise ValueError(f"{self.name} has numerator cuts that are no cuts")
        if self.limit_seconds is not None and self.kind != "time":
            raise ValueError(f"{self.name} has a limit and is no time")
        return self

    @property
    def method(self) -> str:
        """How its interval is found: the name that is told beside it."""
        if self.kind == "count":
            return "none"
        if self.kind == "time":
            return "order_statistics"
        return "wilson" if self.kind == "share" and not self.weighted else "ratio_t"


UNITS: dict[IndicatorKind, str] = {
    "share": "percent",
    "time": "seconds",
    "count": "number",
    "money": "minor_units",
    "score": "points",
    "index": "points",
}


class IndicatorUnknown(NotFound):
    """There is no such indicator."""


@cache
def definitions() -> dict[str, Definition]:
    """All of them, by name, in the order of the catalogue."""
    found: dict[str, Definition] = {}
    for group in GROUPS:
        told = (files(__package__) / "catalogue" / f"{group}.toml").read_text(encoding="utf-8")
        for name, one in tomllib.loads(told).items():
            values: dict[str, Any] = {key: value for key, value in one.items() if key not in LOCALES}
            values.setdefault("unit", UNITS[values["kind"]])
            if "agent" in values["cuts"]:
                # A team is who has the same skills.
                values["cuts"] = [*values["cuts"], "team"]
            words = {locale: one[locale] for locale in LOCALES if locale in one}
            found[name] = Definition(name=name, group=group, words=words, **values)
    return found


def definition(name: str) -> Definition:
    """Refuses with IndicatorUnknown."""
    try:
        return definitions()[name]
    except KeyError:
        raise IndicatorUnknown(indicator=name) from None
