"""What is asked of an indicator, and the forms of the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from aftercare.insights.indicators.definitions import Definition, Good, IndicatorKind
from aftercare.insights.indicators.figures import Figure
from aftercare.insights.indicators.times import Bucket, Grain, buckets, usual_grain
from aftercare.insights.lake import Dialect, Tables
from aftercare.kit.calendars import Hours, zone
from aftercare.kit.errors import Invalid

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import pyarrow

MOST_DAYS = 740
MOST_MOMENTS = 62
Missing = Literal["no_source", "nothing_recorded", "too_few"]


class PeriodTooLong(Invalid):
    """A period begins before it ends and lasts at most two years."""


class CutNotPossible(Invalid):
    """This indicator cannot be cut or filtered by that."""


@dataclass(frozen=True)
class Question:
    """`grain`: of the trend; without one it is chosen by the length of the period, and `trend` says whether there is any. `filters`:
    by cut, the one value that is looked at."""

    since: datetime
    until: datetime
    grain: Grain | None = None
    time_zone: str = "Asia/Shanghai"
    shop_id: UUID | None = None
    cut: str | None = None
    filters: Mapping[str, str] = field(default_factory=dict)
    currency: str | None = None
    trend: bool = True

    def check(self, defined: Definition) -> None:
        """Refuses with PeriodTooLong, CutNotPossible."""
        if not self.since < self.until or (self.until - self.since).days > MOST_DAYS:
            raise PeriodTooLong(since=self.since, until=self.until)
        try:
            zone(self.time_zone)
        except ValueError as unknown:
            raise PeriodTooLong(time_zone=self.time_zone) from unknown
        for cut in (*([self.cut] if self.cut else []), *self.filters):
            if cut not in defined.cuts:
                raise CutNotPossible(indicator=defined.name, cut=cut, cuts=list(defined.cuts))

    @property
    def key(self) -> tuple[Any, ...]:
        return (
            self.since, self.until, self.grain, self.time_zone, self.shop_id, self.cut, tuple(sorted(self.filters.items())),
            self.currency, self.trend,
        )  # fmt: skip

    @property
    def needs(self) -> frozenset[str]:
        asked = {*self.filters, *([self.cut] if self.cut else [])}
        return frozenset(asked | ({"agent"} if "team" in asked else set()))

    @property
    def zone(self) -> ZoneInfo:
        return zone(self.time_zone)


class IndicatorPoint(BaseModel):
    since: datetime
    until: datetime
    figure: Figure


class IndicatorPart(BaseModel):
    """`label`: how it is called, where that is a name and no code."""

    key: str | None
    label: str | None
    figure: Figure


class IndicatorAnswer(BaseModel):
    """`kept`: whether the target is met; null without one or without enough. `missing`: why there is no value. `source`: the lake,
    as of `as_of`, or PostgreSQL itself. `method`: how the intervals are found."""

    name: str
    group: str
    kind: IndicatorKind
    unit: str
    scale: int | None
    good: Good
    title: str
    formula: str
    target: float | None
    share_target: float | None
    limit_seconds: int | None
    per_days: int | None
    since: datetime
    until: datetime
    time_zone: str
    grain: Grain
    currency: str | None
    currencies: list[str]
    figure: Figure
    kept: bool | None
    missing: Missing | None
    enough_from: int
    method: str
    trend: list[IndicatorPoint]
    cut: str | None
    parts: list[IndicatorPart]
    source: Literal["lake", "live"]
    as_of: datetime


class IndicatorCase(BaseModel):
    """One of those that were counted. `value`: seconds, minor units or points; null while it still waits."""

    at: datetime
    shop_id: UUID
    case_id: UUID | None
    case_number: str | None
    claim_id: UUID | None
    claim_number: str | None
    order_id: UUID | None
    order_number: str | None
    owner_id: UUID | None
    owner_name: str | None
    value: float | None
    counted: bool


class Engine(Protocol):
    """Whoever runs expressions over `tables`, and the same compiled."""

    source: Literal["lake", "live"]
    dialect: Dialect
    as_of: datetime
    tables: Tables
    forms: Path | None
    """Where compiled forms are kept."""

    async def run(self, expression: "ir.Table") -> "pyarrow.Table": ...

    async def rows(self, sql: str) -> list[dict[str, Any]]: ...


@dataclass(frozen=True)
class Asked:
    """Everything that an answer needs to be found: who asks no longer matters."""

    defined: Definition
    question: Question
    now: datetime
    hours: Mapping[Hours, Sequence[str]] = field(default_factory=dict)
    """By working hours: the shops that have them."""

    @property
    def limit(self) -> timedelta:
        return timedelta(seconds=self.defined.limit_seconds or 0)

    @property
    def grain(self) -> Grain:
        asked = self.question
        grain = asked.grain or usual_grain(asked.since, asked.until)
        if self.defined.snapshot and grain is Grain.hour:
            grain = Grain.day
        return grain

    @property
    def spans(self) -> list[Bucket]:
        asked = self.question
        return buckets(asked.since, asked.until, self.grain, asked.zone)

    @property
    def moments(self) -> list[tuple[int, Bucket]]:
        """Of what is of a moment: the ends of the last stretches, none of them in the future."""
        found: dict[int, Bucket] = {}
        for span in self.spans[-MOST_MOMENTS:] if self.question.trend else self.spans[-1:]:
            if span.since < self.now:
                end = min(span.until, self.question.until, self.now)
                found.setdefault(round(end.timestamp()), span)
        return list(found.items())
