"""Laws and shop policies as data: conditions over the words of `circumstances.FIELDS`, windows in days and
months, and what follows. Validated when read, so that a shop may edit its own in the console; nothing is evaluated.
"""

from __future__ import annotations

import tomllib
from calendar import monthrange
from collections.abc import Mapping, Set
from datetime import date, timedelta
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, model_validator

from aftercare.claims.circumstances import FIELDS, Fact, PolicyInput
from aftercare.claims.states import ClaimKind

MARKETS = ("CN", "EU", "UK", "TW", "BR", "US")
# A market without a pack: the shop's own policy alone decides, and says so.
OTHER = "OTHER"
# The Union and the EEA states that took its directives over.
_EUROPEAN = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
        "IS",
        "LI",
        "NO",
    ]
)


class FreightPayer(StrEnum):
    """Who pays for the way back. `nobody`: nothing comes back."""

    shop = "shop"
    customer = "customer"
    nobody = "nobody"


class Automatic(StrEnum):
    approve = "approve"
    manual = "manual"
    reject = "reject"


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_FITS: dict[str, tuple[type, ...]] = {
    "is": (bool, int, str),
    "is_not": (bool, int, str),
    "in": (str, int),
    "not_in": (str, int),
    "at_least": (int,),
    "at_most": (int,),
    "has_any": (frozenset,),
    "has_all": (frozenset,),
}


class Test(_Frozen):
    """One question to the case. What is not known answers no, whatever was asked."""

    __test__ = False

    field: str
    op: Literal["is", "is_not", "in", "not_in", "at_least", "at_most", "has_any", "has_all"]
    value: bool | int | str | tuple[str, ...] | tuple[int, ...]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        kind = FIELDS.get(self.field)
        if kind is None:
            raise ValueError(f"no such field: {self.field}")
        if kind not in _FITS[self.op]:
            raise ValueError(f"{self.op} cannot be asked of {self.field}")
        many = self.op in {"in", "not_in", "has_any", "has_all"}
        if many != isinstance(self.value, tuple):
            raise ValueError(f"{self.op} takes {'a list' if many else 'one value'}")
        wanted = str if kind is frozenset else kind
        values: tuple[object, ...] = self.value if isinstance(self.value, tuple) else (self.value,)
        if not values or any(type(value) is not wanted for value in values):
            raise ValueError(f"{self.field} is compared with {wanted.__name__} values")
        return self

    def holds(self, facts: Mapping[str, Fact]) -> bool:
        fact, value = facts[self.field], self.value
        if fact is None:
            return False
        if isinstance(fact, frozenset):
            asked = set(value) if isinstance(value, tuple) else set()
            return asked <= fact if self.op == "has_all" else bool(asked & fact)
        if isinstance(value, tuple):
            return (fact in value) == (self.op == "in")
        if isinstance(fact, str) or isinstance(value, str):
            return (fact == value) == (self.op == "is")
        if self.op == "at_least":
            return fact >= value
        if self.op == "at_most":
            return fact <= value
        return (fact == value) == (self.op == "is")


class Window(_Frozen):
    """Days counted in the market's time zone, the day of the event not counted, the last one to its end.
    `after_days`: opens only that many days after the event. No days and no months: never closes.
    `months_of_warranty`: the line's own warranty, at least `months`."""

    starts: Literal["paid", "shipped", "delivered", "defect_evident"]
    days: NonNegativeInt = 0
    months: NonNegativeInt = 0
    months_of_warranty: bool = False
    after_days: NonNegativeInt = 0
    open_before: bool = Field(default=False, description="Open already while the event has not happened.")

    def begins(self, case: PolicyInput) -> date | None:
        instant = getattr(case.dates, self.starts)
        return None if instant is None or instant > case.now else case.day_of(instant)

    def until(self, begun: date, case: PolicyInput, days_off: Set[date]) -> date | None:
        """The last day, inclusive; moved to the next working day if it is in `days_off`."""
        months = max(self.months, case.line.under_warranty_months) if self.months_of_warranty else self.months
        if not self.days and not months and not self.months_of_warranty:
            return None
        last = plus_months(begun + timedelta(days=self.days), months)
        while last in days_off:
            last += timedelta(days=1)
        return last


def plus_months(day: date, months: int) -> date:
    """The same day so many months later, or the last of that month where there is no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


class Exclusion(_Frozen):
    """Takes out of a grant what `when` (all of it) describes. `text` is a key of policy_texts.toml."""

    id: str
    when: tuple[Test, ...] = Field(min_length=1)
    text: str
    source: str = ""
    kinds: frozenset[ClaimKind] = frozenset(ClaimKind)


class Grant(_Frozen):
    """Opens kinds while `when` (all of it) holds, no exception does, and the window lasts. `evidence_may_be_asked`
    and `fee_percent_at_most` bind the shop where a law grants."""

    id: str
    kinds: frozenset[ClaimKind] = Field(min_length=1)
    text: str
    source: str = ""
    when: tuple[Test, ...] = ()
    exceptions: tuple[Exclusion, ...] = ()
    window: Window | None = None
    freight_payer: FreightPayer = FreightPayer.customer
    outward_freight_back: bool = False
    evidence_may_be_asked: bool = True
    fee_percent_at_most: int = Field(default=0, ge=0, le=100)


class Terms(_Frozen):
    """A shop's conditions. The first row that fits and names an attribute decides that attribute."""

    id: str
    kinds: frozenset[ClaimKind] = frozenset(ClaimKind)
    when: tuple[Test, ...] = ()
    freight_payer: FreightPayer | None = None
    fee_percent: int | None = Field(default=None, ge=0, le=100)
    fee_cents: NonNegativeInt | None = None
    evidence: tuple[str, ...] | None = None


class AutomaticRule(_Frozen):
    """The first that fits decides whether a person must look."""

    id: str
    outcome: Automatic
    kinds: frozenset[ClaimKind] = frozenset(ClaimKind)
    when: tuple[Test, ...] = ()
    text: str = "automatic.rule"


class PolicyDocument(_Frozen):
    """A shop's own policy. `market` '*' fits every market. Ids are unique, so that an explanation names one rule."""

    id: str
    version: int = Field(ge=1)
    market: str = "*"
    grants: tuple[Grant, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    terms: tuple[Terms, ...] = ()
    automatic: tuple[AutomaticRule, ...] = ()
    when_closed: Literal[Automatic.manual, Automatic.reject] = Automatic.manual

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Self:
        ids = [grant.id for grant in self.grants] + [rule.id for rule in self.exclusions]
        _refuse_doubles(ids + [row.id for row in self.terms] + [rule.id for rule in self.automatic])
        return self


class LawPack(_Frozen):
    """What the law of a market gives every customer. `last_day_moves`: a last day off moves to a working day."""

    market: str
    version: str
    valid_from: date
    checked_by_lawyer: bool
    time_zone: str
    last_day_moves: bool
    last_day_source: str = ""
    refund_within_days: int | None = None
    refund_source: str = ""
    grants: tuple[Grant, ...]

    @model_validator(mode="after")
    def _every_right_has_a_source(self) -> Self:
        _refuse_doubles([grant.id for grant in self.grants])
        exceptions = [rule for grant in self.grants for rule in grant.exceptions]
        sources = {grant.id: grant.source for grant in self.grants} | {
            rule.id: rule.source for rule in exceptions
        }
        bare = sorted(name for name, source in sources.items() if not source)
        if bare:
            raise ValueError(f"without a source: {', '.join(bare)}")
        return self


def _refuse_doubles(ids: list[str]) -> None:
    doubles = sorted({one for one in ids if ids.count(one) > 1})
    if doubles:
        raise ValueError(f"used twice: {', '.join(doubles)}")


def market_of(country: str) -> str:
    """The market of an ISO 3166 country code, upper case; OTHER where no pack is shipped."""
    if country in _EUROPEAN:
        return "EU"
    return {"CN": "CN", "GB": "UK", "TW": "TW", "BR": "BR", "US": "US"}.get(country, OTHER)


@cache
def law_pack(market: str) -> LawPack:
    """The shipped pack, for OTHER one that grants nothing; KeyError for any other word."""
    if market == OTHER:
        return LawPack(
            market=OTHER,
            version="none",
            valid_from=date.min,
            checked_by_lawyer=False,
            time_zone="UTC",
            last_day_moves=False,
            grants=(),
        )
    if market not in MARKETS:
        raise KeyError(market)
    source = files("aftercare.claims") / "lawpacks" / f"{market.lower()}.toml"
    return LawPack.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))


@cache
def default_policy() -> PolicyDocument:
    """What a new shop starts with."""
    source = files("aftercare.claims") / "default_policy.toml"
    return PolicyDocument.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
