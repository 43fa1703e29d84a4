"""The facts of decisions."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class DecisionPlanned(Fact):
    """Written down; nothing has changed yet."""

    name: ClassVar[str] = "decision.planned"
    decision_id: UUID
    indicator: str
    kind: str


class DecisionStarted(Fact):
    """From now on it holds for whom it was drawn."""

    name: ClassVar[str] = "decision.started"
    decision_id: UUID
    indicator: str


class DecisionStepped(Fact):
    """Its day has come for one more shop."""

    name: ClassVar[str] = "decision.stepped"
    decision_id: UUID


class DecisionExtended(Fact):
    """It goes on until a later day."""

    name: ClassVar[str] = "decision.extended"
    decision_id: UUID
    until: str


class DecisionKept(Fact):
    """It worked, or is wanted anyway: from now on it holds for all."""

    name: ClassVar[str] = "decision.kept"
    decision_id: UUID
    verdict: str


class DecisionUndone(Fact):
    """Back to what was before. `guard`: the indicator that stopped it."""

    name: ClassVar[str] = "decision.undone"
    decision_id: UUID
    verdict: str
    guard: str | None = None


class DecisionDropped(Fact):
    """It was never begun."""

    name: ClassVar[str] = "decision.dropped"
    decision_id: UUID
