"""The facts of analyses: that somebody asked. What came out is no fact; it can be found again."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class AnalysisAsked(Fact):
    """The worker answers it."""

    name: ClassVar[str] = "analysis.asked"
    analysis_id: UUID
    kind: str
    measure: str
