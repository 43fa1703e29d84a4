"""What is told of foresight."""

from typing import ClassVar
from uuid import UUID

from aftercare.insights.foresight.model import Foretells
from aftercare.journal import Fact


class ForesightModelTrained(Fact):
    """`serves`: from now on the chances are this version's; else the one before goes on, because it was better on the latest
    weeks."""

    name: ClassVar[str] = "foresight.model_trained"
    foresight_model_id: UUID
    foretells: Foretells
    version: int
    learned_from: int
    serves: bool


class ForesightModelDrifted(Fact):
    """What comes in is no longer what was learned from."""

    name: ClassVar[str] = "foresight.model_drifted"
    foresight_model_id: UUID
    foretells: Foretells
    version: int
