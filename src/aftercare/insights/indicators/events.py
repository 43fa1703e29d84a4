"""What is told of indicators."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class IndicatorTargetSet(Fact):
    """What an indicator shall be from now on, for one shop, a market or all. Without a value: as the catalogue says."""

    name: ClassVar[str] = "indicator.target_set"
    indicator_target_id: UUID
    indicator: str
    market: str | None = None
    value: float | None = None
    share: float | None = None
