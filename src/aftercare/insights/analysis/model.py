"""The results of analyses, kept until they are two months old, and the refusals that need only a row."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from aftercare.kit.errors import Invalid, NotFound
from aftercare.kit.tables import Base, schema_extra, status_type


class AnalysisState(StrEnum):
    waiting = "waiting"
    running = "running"
    done = "done"
    refused = "refused"
    """There was too little to say something; `trouble` has why."""


class AnalysisResult(Base):
    """One question and what came out. `shops` are those whose rows it saw: only who sees them all sees the result; None means
    every shop. Words of customers are never in it, only words that many of them use."""

    __tablename__ = "analysis_result"
    __table_args__ = (
        CheckConstraint("state <> 'done' OR answer IS NOT NULL", name="what_is_done_has_an_answer"),
        Index("analysis_result_asked_idx", "asked_at", "id"),
        Index("analysis_result_question_idx", "fingerprint", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shops: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    fingerprint: Mapped[str]
    """Of the question and the shops: who asks the same again gets what is there."""
    question: Mapped[dict[str, Any]]
    state: Mapped[AnalysisState] = mapped_column(
        status_type(AnalysisState, "an_analysis_is_in_a_known_state")
    )
    progress: Mapped[float]
    """From 0 to 1."""
    answer: Mapped[dict[str, Any] | None]
    trouble: Mapped[dict[str, Any] | None]
    asked_by: Mapped[UUID | None]
    asked_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


schema_extra("ALTER TABLE analysis_result ENABLE ROW LEVEL SECURITY")
schema_extra(
    "CREATE POLICY analysis_result_of_own_shops ON analysis_result"
    " USING ((SELECT aftercare_all_shops()) OR shops <@ (SELECT aftercare_shops()))"
)


class AnalysisNotFound(NotFound):
    """There is no such analysis, or it saw shops that you do not see."""


class MeasureUnknown(Invalid):
    """There is no measure of this name."""
