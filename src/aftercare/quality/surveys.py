"""The survey of a case: whether it is open, and answering it."""

from datetime import timedelta
from enum import StrEnum
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from aftercare.cases import CaseNotFound, get_case
from aftercare.journal import ActorKind, Work
from aftercare.kit.text import clean
from aftercare.quality.events import SurveyAnswered
from aftercare.quality.model import SurveyAnswer, SurveyAnsweredAlready, SurveyNotOpen

OPEN_FOR = timedelta(days=30)
LONGEST_COMMENT = 1_000


class SurveyState(StrEnum):
    early = "early"
    """The matter goes on, or there was none of ours: the customer took back what was asked before anybody answered."""
    open = "open"
    answered = "answered"
    over = "over"


class SurveyView(BaseModel):
    state: SurveyState
    satisfied: int | None
    effort: int | None
    recommend: int | None


class NewSurveyAnswer(BaseModel):
    """`satisfied` 1 to 5, `effort` 1 (very hard) to 7 (very easy), `recommend` 0 to 10; at least one of them."""

    satisfied: int | None = Field(default=None, ge=1, le=5)
    effort: int | None = Field(default=None, ge=1, le=7)
    recommend: int | None = Field(default=None, ge=0, le=10)
    comment: str = Field(default="", max_length=LONGEST_COMMENT)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.satisfied is None and self.effort is None and self.recommend is None:
            raise ValueError("at least one of the three questions is answered")
        return self


# A case has come to its end when it is solved or closed, or when all its claims have ended; a claim that its customer took
# back says nothing about us, so a case of nothing else that no colleague wrote in is not asked about though it is solved.
STANDS = text(
    """
    SELECT a.id AS answer_id, a.satisfied, a.effort, a.recommend, last.claim_id,
      CASE WHEN all_of_them.open = 0 AND (all_of_them.any = 0 OR last.claim_id IS NOT NULL OR EXISTS (
          SELECT FROM message WHERE thread_id = c.thread_id AND author_kind = 'staff' AND kind = 'message'))
        THEN greatest(c.solved_at, c.closed_at, last.ended_at) END AS ended_at
    FROM service_case c
    LEFT JOIN survey_answer a ON a.case_id = c.id
    LEFT JOIN LATERAL (SELECT id AS claim_id, ended_at FROM claim WHERE case_id = c.id AND ended_at IS NOT NULL
      AND state <> 'cancelled' ORDER BY ended_at DESC, id DESC LIMIT 1) last ON true
    CROSS JOIN LATERAL (SELECT count(*) FILTER (WHERE ended_at IS NULL) AS open, count(*) AS any
      FROM claim WHERE case_id = c.id) all_of_them
    WHERE c.id = :case_id
    """
)


async def survey_of(work: Work, case_id: UUID) -> SurveyView:
    """How the survey of a case stands. Refuses with CaseNotFound whoever is not its customer."""
    row, state = await _stands(work, case_id)
    return SurveyView(state=state, satisfied=row.satisfied, effort=row.effort, recommend=row.recommend)


async def answer_survey(work: Work, case_id: UUID, answer: NewSurveyAnswer) -> SurveyView:
    """Once per case. Refuses with CaseNotFound whoever is not its customer, SurveyNotOpen, SurveyAnsweredAlready."""
    row, state = await _stands(work, case_id)
    if state is SurveyState.answered:
        raise SurveyAnsweredAlready(case_id=case_id)
    if state is not SurveyState.open:
        raise SurveyNotOpen(case_id=case_id)
    case = await get_case(work, case_id)
    values: dict[str, Any] = {
        "id": work.new_id(),
        "shop_id": case.shop_id,
        "case_id": case_id,
        "claim_id": row.claim_id,
        "customer_id": case.customer_id,
        "comment": clean(answer.comment).strip(),
        "answered_at": work.now,
        **answer.model_dump(include={"satisfied", "effort", "recommend"}),
    }
    # Two windows may send at once.
    told = await work.session.execute(
        insert(SurveyAnswer)
        .values(**values)
        .on_conflict_do_nothing(constraint="a_case_is_asked_about_once")
        .returning(SurveyAnswer.id)
    )
    if told.scalar_one_or_none() is None:
        raise SurveyAnsweredAlready(case_id=case_id)
    work.record(
        SurveyAnswered(
            survey_answer_id=values["id"],
            **{key: values[key] for key in ("shop_id", "case_id", "claim_id", "customer_id")},
            **answer.model_dump(include={"satisfied", "effort", "recommend"}),
        )
    )
    return SurveyView(
        state=SurveyState.answered,
        **answer.model_dump(include={"satisfied", "effort", "recommend"}),
    )


async def _stands(work: Work, case_id: UUID) -> tuple[Any, SurveyState]:
    case = await get_case(work, case_id)
    if work.actor.kind is not ActorKind.customer or case.customer_id not in work.actor.customers:
        raise CaseNotFound(case_id=case_id)
    row = (await work.session.execute(STANDS, {"case_id": case_id})).one()
    if row.answer_id is not None:
        return row, SurveyState.answered
    if row.ended_at is None:
        return row, SurveyState.early
    return row, SurveyState.open if work.now <= row.ended_at + OPEN_FOR else SurveyState.over
