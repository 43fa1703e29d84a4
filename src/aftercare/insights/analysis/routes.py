"""Analyses over HTTP: asked once, answered by the worker, looked at by its address."""

import csv
import io
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from aftercare.insights.analysis import asking, viewing
from aftercare.insights.analysis.answers import Kind
from aftercare.insights.analysis.asking import AnalysisLine, AnalysisQuestion
from aftercare.insights.analysis.model import AnalysisNotFound
from aftercare.insights.analysis.viewing import AnalysisPage, MeasureView
from aftercare.journal.http import InWork
from aftercare.kit.paging import Page
from aftercare.kit.sheets import BOM, written

router = APIRouter(tags=["insights"])

Locale = Literal["zh-CN", "zh-TW", "en"]


@router.get("/insights/measures")
async def list_measures(work: InWork, locale: Locale = "zh-CN") -> list[MeasureView]:
    """What can be analysed. Needs `insights.read`."""
    work.require("insights.read")
    return viewing.measures(locale)


@router.post("/insights/analyses", status_code=202)
async def ask_analysis(
    work: InWork, question: AnalysisQuestion, again: bool = False, locale: Locale = "zh-CN"
) -> AnalysisPage:
    """The answer that is there, or one that the worker will find. Needs `insights.read`."""
    return await viewing.page_of(work, await asking.ask(work, question, again=again), locale)


@router.get("/insights/analyses")
async def list_analyses(
    work: InWork,
    kind: Kind | None = None,
    after: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Page[AnalysisLine]:
    """What was asked, newest first. Needs `insights.read`."""
    return await asking.analyses(work, kind=kind, after=after, limit=limit)


@router.get("/insights/analyses/{analysis_id}")
async def read_analysis(
    work: InWork,
    analysis_id: UUID,
    locale: Locale = "zh-CN",
    series: Annotated[str | None, Query(max_length=200)] = None,
) -> AnalysisPage:
    """Needs `insights.read`."""
    return await viewing.page_of(work, await asking.get_analysis(work, analysis_id), locale, series)


class CsvFile(Response):
    media_type = "text/csv; charset=utf-8"


@router.get("/insights/analyses/{analysis_id}/export", response_class=CsvFile)
async def export_analysis(work: InWork, analysis_id: UUID) -> CsvFile:
    """All numbers of an answer as CSV. Needs `insights.read`."""
    found = await asking.get_analysis(work, analysis_id)
    if found.answer is None:
        raise AnalysisNotFound(analysis=analysis_id)
    columns, rows = viewing.numbers_of(found.answer)
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([[one if isinstance(one, float) else written(one) for one in row] for row in rows])
    name = f"{found.question.kind}-{found.question.measure}.csv"
    return CsvFile(
        (BOM + page.getvalue()).encode(), headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
