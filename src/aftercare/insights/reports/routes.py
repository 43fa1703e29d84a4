"""Reports, warnings, promise pages and exports over HTTP; what anybody may see has addresses under `/public`."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse
from pydantic import AwareDatetime, BaseModel, Field

from aftercare import identity
from aftercare.identity import limit
from aftercare.insights.reports import delays, exports, pages, printing, verbs
from aftercare.insights.reports.delays import NewWarning, PublicWarning, WarningChange, WarningView
from aftercare.insights.reports.exports import Exportable, ExportView, NewExport
from aftercare.insights.reports.model import Audience, ReportState
from aftercare.insights.reports.pages import Board, NewPage, PageSettings, PublicPage
from aftercare.insights.reports.printing import SYSTEM_FONTS, OwnFonts
from aftercare.insights.reports.verbs import Locale, NewReport, ReportView, ReportWords, WholeReport
from aftercare.journal import SYSTEM, House, begin
from aftercare.journal.http import InHouse, InWork
from aftercare.kit.files import Files
from aftercare.kit.sheets import BOM, written

router = APIRouter()

Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2099, 1, 1, tzinfo=UTC))
]
Zone = Annotated[str, Query(max_length=60)]
Form = Literal["pdf", "xlsx", "csv", "json"]
MEDIA = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
}
PAPERS_AN_HOUR = 60
"""PDF files that one address may have made."""
PAPERS_AT_ONCE = asyncio.Semaphore(2)


class Made(BaseModel):
    id: UUID


class Released(BaseModel):
    number: str


class Rewording(BaseModel):
    """By language; what is not there stays."""

    words: dict[Locale, ReportWords]


# The board


@router.get("/insights/board", tags=["insights"])
async def read_promise_board(
    work: InWork,
    since: Moment,
    until: Moment,
    shop_id: UUID | None = None,
    time_zone: Zone = "Asia/Shanghai",
) -> Board:
    """Every promise with its measures over a period, and the transparency score. Needs `insights.read`."""
    return await pages.board(work, since, until, shop_id=shop_id, time_zone=time_zone)


# Reports


@router.get("/insights/reports", tags=["reports"])
async def list_reports(
    work: InWork,
    shop_id: UUID | None = None,
    audience: Audience | None = None,
    state: ReportState | None = None,
) -> list[ReportView]:
    """The newest period first. Needs `insights.read`."""
    return await verbs.list_reports(work, shop_id=shop_id, audience=audience, state=state)


@router.post("/insights/reports", status_code=201, tags=["reports"])
async def draft_report(work: InWork, new: NewReport) -> Made:
    """Needs `insights.write`."""
    return Made(id=await verbs.draft(work, new))


@router.get("/insights/reports/{report_id}", tags=["reports"])
async def read_report(work: InWork, report_id: UUID) -> WholeReport:
    """Needs `insights.read`."""
    return await verbs.get_report(work, report_id)


@router.put("/insights/reports/{report_id}/words", status_code=204, tags=["reports"])
async def reword_report(work: InWork, report_id: UUID, asked: Rewording) -> None:
    """Of a draft. Needs `insights.write`."""
    await verbs.reword(work, report_id, asked.words)


@router.post("/insights/reports/{report_id}/recount", status_code=204, tags=["reports"])
async def recount_report(work: InWork, report_id: UUID) -> None:
    """A draft's figures as they are now, and its words drafted again. Needs `insights.write`."""
    await verbs.recount(work, report_id)


@router.post("/insights/reports/{report_id}/release", tags=["reports"])
async def release_report(work: InWork, report_id: UUID) -> Released:
    """Publishes it under the next number; it never changes again. Needs `reports.release`."""
    return Released(number=await verbs.release(work, report_id))


@router.post("/insights/reports/{report_id}/discard", status_code=204, tags=["reports"])
async def discard_report(work: InWork, report_id: UUID) -> None:
    """Of a draft. Needs `insights.write`."""
    await verbs.discard(work, report_id)


@router.post("/insights/reports/{report_id}/correct", status_code=201, tags=["reports"])
async def correct_report(work: InWork, report_id: UUID) -> Made:
    """A new draft that names the published one. Needs `insights.write`."""
    return Made(id=await verbs.correct(work, report_id))


@router.get("/insights/reports/{report_id}/file", response_class=Response, tags=["reports"])
async def read_report_file(
    work: InWork, report_id: UUID, form: Form = "pdf", locale: Locale = "zh-CN"
) -> Response:
    """As PDF, Excel, CSV or JSON. Needs `insights.read`; a PDF needs a Chinese font on the server."""
    return await _file(work.house, await verbs.get_report(work, report_id), form, locale)


async def _file(house: House, report: WholeReport, form: Form, locale: Locale) -> Response:
    match form:
        case "pdf":
            async with PAPERS_AT_ONCE:
                content = await asyncio.to_thread(
                    printing.pdf_of, report, locale, house.ports.get(OwnFonts, SYSTEM_FONTS)
                )
        case "xlsx":
            content = await asyncio.to_thread(printing.workbook_of, report, locale)
        case "csv":
            heads, rows = printing.rows_of(report, locale)
            lines = [heads, *rows]
            content = (
                BOM + "".join(",".join(_quoted(cell) for cell in line) + "\r\n" for line in lines)
            ).encode()
        case "json":
            told = report.model_dump(mode="json")
            content = json.dumps(told, ensure_ascii=False, indent=2).encode()
    name = f"aftercare-report-{report.number or f'draft-{report.since_on}'}.{form}"
    return Response(
        content,
        media_type=MEDIA[form],
        headers={
            "Content-Disposition": f'{"inline" if form == "pdf" else "attachment"}; filename="{name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


def _quoted(cell: object) -> str:
    text = written(cell) if isinstance(cell, str) else "" if cell is None else str(cell)
    return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in ',"\r\n') else text


# Warnings of delays


@router.get("/insights/warnings/logistics", tags=["reports"])
async def list_logistics_warnings(work: InWork, shop_id: UUID | None = None) -> list[WarningView]:
    """Needs `insights.read`."""
    return await delays.list_warnings(work, shop_id=shop_id)


@router.post("/insights/warnings/logistics", status_code=201, tags=["reports"])
async def draft_logistics_warning(work: InWork, new: NewWarning) -> Made:
    """Needs `insights.write`."""
    return Made(id=await delays.new_warning(work, new))


@router.patch("/insights/warnings/logistics/{warning_id}", status_code=204, tags=["reports"])
async def change_logistics_warning(work: InWork, warning_id: UUID, change: WarningChange) -> None:
    """Of a draft. Needs `insights.write`."""
    await delays.change_warning(work, warning_id, change)


@router.post("/insights/warnings/logistics/{warning_id}/release", status_code=204, tags=["reports"])
async def release_logistics_warning(work: InWork, warning_id: UUID) -> None:
    """Customers see it from now on. Needs `reports.release`."""
    await delays.publish_warning(work, warning_id)


@router.post("/insights/warnings/logistics/{warning_id}/withdraw", status_code=204, tags=["reports"])
async def withdraw_logistics_warning(work: InWork, warning_id: UUID) -> None:
    """A draft is discarded (`insights.write`), a published one taken back (`reports.release`)."""
    await delays.withdraw_warning(work, warning_id)


# The page of a shop


@router.get("/insights/pages/{shop_id}", tags=["reports"])
async def read_promise_page(work: InWork, shop_id: UUID) -> PageSettings:
    """What the shop shows everybody. Needs `insights.read`."""
    return await pages.page_settings(work, shop_id)


@router.put("/insights/pages/{shop_id}", tags=["reports"])
async def publish_promise_page(work: InWork, shop_id: UUID, new: NewPage) -> PageSettings:
    """Needs `reports.release`."""
    return await pages.publish_page(work, shop_id, new)


@router.delete("/insights/pages/{shop_id}", tags=["reports"])
async def withdraw_promise_page(work: InWork, shop_id: UUID) -> PageSettings:
    """Needs `reports.release`."""
    return await pages.withdraw_page(work, shop_id)


# Exports


@router.get("/insights/exports", tags=["sharing"])
async def list_exports(work: InWork) -> list[ExportView]:
    """Needs `insights.read`."""
    return await exports.list_exports(work)


@router.get("/insights/exports/possible", tags=["sharing"])
async def list_exportable(work: InWork) -> Exportable:
    """Which tables can be exported, and what can be granted. Needs `insights.read`."""
    work.require("insights.read")
    return exports.exportable()


@router.post("/insights/exports", status_code=201, tags=["sharing"])
async def plan_export(work: InWork, new: NewExport) -> ExportView:
    """A file made every day, week or month. Needs `insights.write`; with grants also `journal.read`."""
    return await exports.plan_export(work, new)


@router.delete("/insights/exports/{export_id}", status_code=204, tags=["sharing"])
async def remove_export(work: InWork, export_id: UUID) -> None:
    """Needs `insights.write`."""
    await exports.remove_export(work, export_id)


@router.post("/insights/exports/{export_id}/now", status_code=202, tags=["sharing"])
async def export_now(work: InWork, export_id: UUID) -> None:
    """The worker makes the file of the last whole period. Needs `insights.write`."""
    await exports.export_now(work, export_id)


@router.get("/insights/exports/files/{file_id}", response_class=StreamingResponse, tags=["sharing"])
async def read_export_file(work: InWork, house: InHouse, file_id: UUID) -> StreamingResponse:
    """Needs `insights.read`; with grants in it also `journal.read`."""
    row, kind = await exports.open_export(work, file_id)
    content = await house.port(Files).read(row.key or "")
    return StreamingResponse(
        content,
        media_type=kind,
        headers={
            "Content-Disposition": f'attachment; filename="{row.file_name}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )


# What anybody may see


@router.get("/public/promises/{shop_code}", tags=["public"])
async def read_public_promises(house: InHouse, shop_code: str) -> PublicPage:
    """What a shop shows everybody about its promises."""
    return await pages.public_page(house, shop_code)


@router.get("/public/warnings", tags=["public"])
async def read_public_warnings(
    house: InHouse, shop: Annotated[str | None, Query(max_length=63)] = None
) -> list[PublicWarning]:
    """Warnings of delays that hold now: of all shops, or for one also its own."""
    async with begin(house, SYSTEM) as work:
        shops = [(await identity.find_shop(work, shop)).id] if shop else []
        return await delays.current_warnings(work, shops)


@router.get("/public/reports/{report_id}", tags=["public"])
async def read_public_report(house: InHouse, report_id: UUID) -> WholeReport:
    """A published report for the public, with its digest."""
    return await _public(house, report_id)


@router.get("/public/reports/{report_id}/file", response_class=Response, tags=["public"])
async def read_public_report_file(
    house: InHouse, request: Request, report_id: UUID, form: Form = "pdf", locale: Locale = "zh-CN"
) -> Response:
    """As PDF, Excel, CSV or JSON."""
    if form in ("pdf", "xlsx"):
        address = request.client.host if request.client else None
        await limit(house, f"public-report:{address}", PAPERS_AN_HOUR, timedelta(hours=1))
    return await _file(house, await _public(house, report_id), form, locale)


async def _public(house: House, report_id: UUID) -> WholeReport:
    async with begin(house, SYSTEM) as work:
        report = await verbs.whole(work, report_id, only_public=True)
    # Who released it is the house's business.
    return report.model_copy(update={"published_by": None})
