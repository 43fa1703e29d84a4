"""The fact of trials."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class TrialMet(Fact):
    """Somebody came to what a decision tries, for the first time: `treated` with the variant, else with what was before."""

    name: ClassVar[str] = "trial.met"
    decision_id: UUID
    customer_id: UUID | None
    case_id: UUID | None
    thing: str
    treated: bool
