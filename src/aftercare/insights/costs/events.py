"""The facts of the ledger: what people entered, undid and set. Lines that follow from other facts tell none of their own."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class CostEntered(Fact):
    """A line was written by hand."""

    name: ClassVar[str] = "cost.entered"
    case_id: UUID
    claim_id: UUID | None = None
    kind: str
    amount_cents: int
    currency: str


class CostReversed(Fact):
    """A line was undone by its counter-line. `line` is its number."""

    name: ClassVar[str] = "cost.reversed"
    case_id: UUID | None = None
    line: int
    kind: str
    amount_cents: int | None = None
    currency: str


class CostRateSet(Fact):
    """From `valid_from` on. Without an amount: there is none any more. `amount`: minor units per unit, as text."""

    name: ClassVar[str] = "cost_rate.set"
    cost_rate_id: UUID
    kind: str
    part: str
    unit: str
    amount: str | None = None
    currency: str
    valid_from: str


class CostsRerated(Fact):
    """Lines were priced anew: each undone by a counter-line and followed by one at the rate that holds for its day."""

    name: ClassVar[str] = "cost.rerated"
    kind: str | None = None
    since: str
    until: str
    lines: int


class LeverSet(Fact):
    name: ClassVar[str] = "lever.set"
    lever_id: UUID
    kind: str
    started_on: str


class LeverSpent(Fact):
    name: ClassVar[str] = "lever.spent"
    lever_id: UUID
    amount_cents: int
    currency: str
