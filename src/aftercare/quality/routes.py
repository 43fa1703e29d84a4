"""Surveys over HTTP, for the customer."""

from uuid import UUID

from fastapi import APIRouter

from aftercare.journal.http import InWork
from aftercare.quality import surveys
from aftercare.quality.surveys import NewSurveyAnswer, SurveyView

router = APIRouter(tags=["surveys"])


@router.get("/my/cases/{case_id}/survey")
async def read_my_survey(work: InWork, case_id: UUID) -> SurveyView:
    return await surveys.survey_of(work, case_id)


@router.post("/my/cases/{case_id}/survey", status_code=201)
async def answer_my_survey(work: InWork, case_id: UUID, answer: NewSurveyAnswer) -> SurveyView:
    """Once per case, when it has come to its end."""
    return await surveys.answer_survey(work, case_id, answer)
