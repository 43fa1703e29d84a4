"""What is told of quality."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class SurveyAnswered(Fact):
    """A customer said how it was; the comment stays in its own table."""

    name: ClassVar[str] = "survey.answered"
    survey_answer_id: UUID
    case_id: UUID
    claim_id: UUID | None = None
    customer_id: UUID
    satisfied: int | None = None
    effort: int | None = None
    recommend: int | None = None
