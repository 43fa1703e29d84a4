"""What happened in talks and to models."""

from typing import ClassVar
from uuid import UUID

from aftercare.assistant.model import Outcome
from aftercare.journal import Fact


class AssistantAnswered(Fact):
    """It understood something as `intent` (empty: out of scope) and did `outcome` about it."""

    name: ClassVar[str] = "assistant.answered"
    talk_id: UUID
    case_id: UUID | None = None
    customer_id: UUID | None = None
    turn_id: UUID
    intent: str
    outcome: Outcome


class AssistantHandedOver(Fact):
    """From now on a person has the matter. `why`: asked, unsure, angry, not_possible, needs_person."""

    name: ClassVar[str] = "assistant.handed_over"
    public: ClassVar[bool] = True
    talk_id: UUID
    case_id: UUID
    customer_id: UUID | None = None
    turn_id: UUID
    why: str


class AssistantCorrected(Fact):
    name: ClassVar[str] = "assistant.corrected"
    turn_id: UUID
    talk_id: UUID
    intent: str
    before: str


class AssistantSwitched(Fact):
    name: ClassVar[str] = "assistant.switched"
    active: bool
    channels: list[str]


class AssistantModelTrained(Fact):
    name: ClassVar[str] = "assistant.model_trained"
    model_id: UUID
    version: int
    examples: int


class AssistantModelPromoted(Fact):
    name: ClassVar[str] = "assistant.model_promoted"
    model_id: UUID
    version: int


class AssistantModelRefused(Fact):
    name: ClassVar[str] = "assistant.model_refused"
    model_id: UUID
    version: int
