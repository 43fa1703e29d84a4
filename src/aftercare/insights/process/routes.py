"""Process diagnosis over HTTP."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response, UploadFile
from pydantic import AwareDatetime, Field

from aftercare.insights.process import queries
from aftercare.insights.process.journal import Objects, Selection
from aftercare.insights.process.log import LogUnreadable
from aftercare.insights.process.queries import (
    MOST_UPLOADED,
    ActivityWord,
    BroughtView,
    ComparisonView,
    ConformanceView,
    MapView,
    OutlookView,
    ReplayView,
    Split,
    VariantsView,
    WorkView,
)
from aftercare.journal.http import InWork

router = APIRouter(tags=["insights"])

Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2099, 1, 1, tzinfo=UTC))
]
Word = Annotated[str | None, Query(max_length=120)]


def selected(
    since: Moment,
    until: Moment,
    of: Objects = "claims",
    shop_id: UUID | None = None,
    attribute: Word = None,
    value: Word = None,
    late: bool | None = None,
) -> Selection:
    """What began in the time; of a shop; with a value of an attribute; with a clock that ran out."""
    where = {attribute: value or ""} if attribute else {}
    return Selection(of=of, since=since, until=until, shop_id=shop_id, where=where, late=late)


Selected = Annotated[Selection, Depends(selected)]


@router.get("/insights/process/activities")
async def read_process_activities(work: InWork) -> list[ActivityWord]:
    """What moves and stages are called in the handbook. Needs `insights.read`."""
    work.require("insights.read")
    return queries.activity_words()


@router.get("/insights/process/map")
async def read_process_map(work: InWork, chosen: Selected) -> MapView:
    """What follows what, how often, and after how long. Needs `insights.read`."""
    return await queries.process_map(work, chosen)


@router.get("/insights/process/variants")
async def read_process_variants(work: InWork, chosen: Selected) -> VariantsView:
    """Needs `insights.read`."""
    return await queries.process_variants(work, chosen)


@router.get("/insights/process/work")
async def read_process_work(work: InWork, chosen: Selected) -> WorkView:
    """What is done again, and who hands over to whom. Needs `insights.read`."""
    return await queries.process_work(work, chosen)


@router.get("/insights/process/conformance")
async def read_process_conformance(work: InWork, chosen: Selected) -> ConformanceView:
    """Against the handbook: what was skipped, added, late, and by whom. Needs `insights.read`."""
    return await queries.process_conformance(work, chosen)


@router.get("/insights/process/comparison")
async def read_process_comparison(
    work: InWork, chosen: Selected, split: Split = "late", by: Word = None, equals: Word = None
) -> ComparisonView:
    """One group against all others: those that were late, that have this value (`by`, `equals`), or the slowest tenth. Needs
    `insights.read`."""
    return await queries.process_comparison(work, chosen, split, by, equals)


@router.get("/insights/process/replay")
async def read_process_replay(work: InWork, chosen: Selected) -> ReplayView:
    """What moved in the time, case by case. Needs `insights.read`."""
    assert chosen.since is not None  # noqa: S101  # the parameters require them
    assert chosen.until is not None  # noqa: S101
    return await queries.process_replay(work, chosen, chosen.since, chosen.until)


@router.get("/insights/process/outlook")
async def read_process_outlook(
    work: InWork,
    of: Objects = "claims",
    shop_id: UUID | None = None,
    attribute: Word = None,
    value: Word = None,
) -> OutlookView:
    """The next step of everything open and how long it still takes. Needs `insights.read`."""
    where = {attribute: value or ""} if attribute else {}
    return await queries.process_outlook(work, Selection(of=of, shop_id=shop_id, where=where))


@router.get("/insights/process/log", response_class=Response)
async def download_process_log(
    work: InWork, chosen: Selected, form: Literal["xes", "ocel"] = "ocel"
) -> Response:
    """The log for other tools, as XES or OCEL 2.0 (JSON). It tells of no person by name. Needs `insights.read`."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / ("log.xes.gz" if form == "xes" else "log.json")
        await queries.process_export(work, chosen, form, path)
        content = path.read_bytes()
    name = f"{chosen.of}.xes.gz" if form == "xes" else f"{chosen.of}.jsonocel"
    return Response(
        content,
        media_type="application/gzip" if form == "xes" else "application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@router.post("/insights/process/brought")
async def read_brought_log(work: InWork, file: UploadFile, object_type: Word = None) -> BroughtView:
    """The map of a log that is sent (CSV, XES, OCEL 2.0, Parquet; 30 MB). It is not kept. Needs `insights.read`."""
    work.require("insights.read")
    if (file.size or 0) > MOST_UPLOADED:
        raise LogUnreadable(file=file.filename or "", why=f"it is larger than {MOST_UPLOADED:,} bytes")
    return await queries.brought_log(work, file.filename or "log", await file.read(), object_type)
