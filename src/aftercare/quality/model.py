"""What customers answered, and the refusals that need only a row."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

import aftercare.claims  # noqa: F401  # its claims are what answers point at
from aftercare.kit.errors import Refusal
from aftercare.kit.tables import Base


class SurveyNotOpen(Refusal):
    """We ask once the matter is settled, and for thirty days after it."""


class SurveyAnsweredAlready(Refusal):
    """This has been answered already. Thank you!"""


class SurveyAnswer(Base):
    """`satisfied` 1 to 5, `effort` 1 (very hard) to 7 (very easy), `recommend` 0 to 10; a question may be left out."""

    __tablename__ = "survey_answer"
    __table_args__ = (
        UniqueConstraint("case_id", name="a_case_is_asked_about_once"),
        Index("survey_answer_shop_idx", "shop_id", "answered_at"),
        Index("survey_answer_customer_idx", "customer_id"),
        CheckConstraint("satisfied BETWEEN 1 AND 5", name="satisfaction_is_one_to_five"),
        CheckConstraint("effort BETWEEN 1 AND 7", name="effort_is_one_to_seven"),
        CheckConstraint("recommend BETWEEN 0 AND 10", name="a_recommendation_is_nought_to_ten"),
        CheckConstraint(
            "num_nonnulls(satisfied, effort, recommend) > 0", name="an_answer_answers_some_question"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    claim_id: Mapped[UUID | None] = mapped_column(ForeignKey("claim.id"))
    """The claim of the case that ended last."""
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    satisfied: Mapped[int | None]
    effort: Mapped[int | None]
    recommend: Mapped[int | None]
    comment: Mapped[str]
    answered_at: Mapped[datetime]
