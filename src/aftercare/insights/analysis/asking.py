"""Questions asked of this installation: kept with their answers, answered by the worker, found again by who asks the same."""

import asyncio
import hashlib
import io
import json
import shlex
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter
from sqlalchemy import select, text

from aftercare.insights.analysis.answers import Answer, Kind
from aftercare.insights.analysis.events import AnalysisAsked
from aftercare.insights.analysis.measures import measure_of, rows_of
from aftercare.insights.analysis.model import AnalysisNotFound, AnalysisResult, AnalysisState
from aftercare.insights.analysis.running import Task
from aftercare.insights.lake import Lake
from aftercare.journal import House, Work, begin
from aftercare.kit.json import to_json
from aftercare.kit.paging import Page, page, read_mark

if TYPE_CHECKING:
    import pandas as pd

FRESH_FOR = timedelta(hours=6)
"""So long the same question gets the answer that is there."""
KEPT_FOR = timedelta(days=60)
LONGEST_LINE = 64 * 1024 * 1024
MOST_TEXTS = 20_000
ANSWER: TypeAdapter[Answer] = TypeAdapter(Answer)


class AnalysisQuestion(BaseModel):
    """What is asked of which measure. Without a period, of all there is; without a shop, of all that the asker sees."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    measure: str = Field(max_length=40)
    shop_id: UUID | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    column: str | None = Field(None, max_length=60)
    by: str | None = Field(None, max_length=60)
    columns: list[str] | None = Field(None, max_length=24)
    step: str | None = Field(None, pattern=r"^(15min|30min|1h|1D|W|MS)$")
    seasons: list[int] | None = Field(None, max_length=3)
    horizon: int | None = Field(None, ge=1, le=2_000)
    groups: int | None = Field(None, ge=2, le=20)
    linear: bool = False
    time_zone: str = Field("Asia/Shanghai", max_length=60)


class AnalysisView(BaseModel):
    """A question with how far its answer is."""

    id: UUID
    question: AnalysisQuestion
    state: AnalysisState
    progress: float
    answer: Answer | None
    trouble: dict[str, Any] | None
    asked_by: UUID | None
    asked_at: datetime
    ended_at: datetime | None


class AnalysisLine(BaseModel):
    """A kept analysis in a list."""

    id: UUID
    question: AnalysisQuestion
    state: AnalysisState
    progress: float
    asked_at: datetime
    ended_at: datetime | None


async def ask(work: Work, question: AnalysisQuestion, *, again: bool = False) -> AnalysisView:
    """Needs `insights.read`. Who asks the same within six hours gets what is there, unless `again`. Refuses with
    MeasureUnknown."""
    work.require("insights.read")
    measure_of(question.measure)
    shops = work.actor.shops
    if question.shop_id is not None:
        if not work.actor.sees(question.shop_id):
            raise AnalysisNotFound(shop=question.shop_id)
        shops = frozenset({question.shop_id})
    seen = None if shops is None else sorted(shops)
    told = question.model_dump(mode="json")
    fingerprint = hashlib.sha256(to_json([told, seen]).encode()).hexdigest()
    if not again:
        before = await work.session.scalar(
            select(AnalysisResult)
            .where(AnalysisResult.fingerprint == fingerprint, AnalysisResult.asked_at > work.now - FRESH_FOR)
            .order_by(AnalysisResult.asked_at.desc())
            .limit(1)
        )
        if before is not None:
            return view_of(before)
    row = AnalysisResult(
        id=work.new_id(),
        shops=seen,
        fingerprint=fingerprint,
        question=told,
        state=AnalysisState.waiting,
        progress=0.0,
        answer=None,
        trouble=None,
        asked_by=work.actor.id,
        asked_at=work.now,
        ended_at=None,
    )
    work.session.add(row)
    await work.session.flush()
    work.record(AnalysisAsked(analysis_id=row.id, kind=question.kind, measure=question.measure))
    return view_of(row)


def view_of(row: AnalysisResult) -> AnalysisView:
    return AnalysisView(
        id=row.id,
        question=AnalysisQuestion.model_validate(row.question),
        state=row.state,
        progress=row.progress,
        answer=None if row.answer is None else ANSWER.validate_python(row.answer),
        trouble=row.trouble,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
    )


async def get_analysis(work: Work, analysis_id: UUID) -> AnalysisView:
    """Needs `insights.read`. Refuses with AnalysisNotFound."""
    work.require("insights.read")
    row = await work.session.get(AnalysisResult, analysis_id)
    if row is None:
        raise AnalysisNotFound(analysis=analysis_id)
    return view_of(row)


async def analyses(
    work: Work, *, kind: Kind | None = None, after: str | None = None, limit: int = 20
) -> Page[AnalysisLine]:
    """What was asked, newest first. Needs `insights.read`."""
    work.require("insights.read")
    wanted = select(AnalysisResult).order_by(AnalysisResult.id.desc()).limit(limit + 1)
    if kind is not None:
        wanted = wanted.where(AnalysisResult.question["kind"].astext == kind)
    if (begins := read_mark(after, (UUID,))) is not None:
        wanted = wanted.where(AnalysisResult.id < begins[0])
    rows = (await work.session.scalars(wanted)).all()
    lines = [
        AnalysisLine(
            id=row.id,
            question=AnalysisQuestion.model_validate(row.question),
            state=row.state,
            progress=row.progress,
            asked_at=row.asked_at,
            ended_at=row.ended_at,
        )
        for row in rows
    ]
    items, following = page(lines, limit, lambda line: (line.id,))
    return Page(items=items, next=following)


async def forget_analyses(work: Work) -> None:
    await work.session.execute(
        text("DELETE FROM analysis_result WHERE asked_at < :before"), {"before": work.now - KEPT_FOR}
    )


def command_of(question: AnalysisQuestion) -> str:
    """What repeats it in a shell."""
    words = ["aftercare", "insight", question.kind, "--measure", question.measure]
    for name in ("column", "by", "step", "horizon", "groups"):
        value = getattr(question, name)
        if value is not None:
            words += [f"--{name}", str(value)]
    for season in question.seasons or ():
        words += ["--season", str(season)]
    for column in question.columns or ():
        words += ["--with", column]
    if question.linear:
        words.append("--linear")
    for name in ("since", "until"):
        at = getattr(question, name)
        if at is not None:
            words += [f"--{name}", at.isoformat()]
    if question.shop_id is not None:
        words += ["--shop", str(question.shop_id)]
    if question.time_zone != "Asia/Shanghai":
        words += ["--zone", question.time_zone]
    return shlex.join(words)


def task_of(question: AnalysisQuestion) -> Task:
    measure = measure_of(question.measure)
    task = Task(kind=question.kind, name=question.measure, own=True, command=command_of(question))
    match question.kind:
        case "describe":
            return task.model_copy(
                update={"column": question.column or measure.columns[0], "by": question.by}
            )
        case "correlate":
            columns = question.columns or list(measure.columns)
            return task.model_copy(update={"columns": columns, "linear": question.linear})
        case "cluster":
            if question.measure == "contacts":
                features = question.columns or ["channel", "priority", "topic"]
                return task.model_copy(
                    update={
                        "text": ["words"],
                        "columns": features,
                        "identity": "id",
                        "groups": question.groups,
                    }
                )
            columns = question.columns or list(measure.columns)
            return task.model_copy(update={"text": [], "columns": columns, "groups": question.groups})
        case "forecast":
            return task.model_copy(
                update={
                    "time": measure.time,
                    "column": question.measure,
                    "by": question.by,
                    "step": question.step or measure.step,
                    "seasons": question.seasons,
                    "horizon": question.horizon,
                    "counts": True,
                }
            )


# The first words of each case, as far as the actor may see them: row-level security decides. Words are not in the lake.
WORDS = text(
    """
    SELECT c.id::text AS id, c.number, c.channel, c.priority, c.skill AS topic, c.opened_at, said.words
    FROM service_case c CROSS JOIN LATERAL (
      SELECT string_agg(m.body, ' ' ORDER BY m.sent_at) AS words FROM (
        SELECT body, sent_at FROM message WHERE thread_id = c.thread_id AND author_kind = 'customer'
        ORDER BY sent_at LIMIT 3) m) said
    WHERE said.words IS NOT NULL AND (CAST(:since AS timestamptz) IS NULL OR c.opened_at >= :since)
      AND (CAST(:until AS timestamptz) IS NULL OR c.opened_at < :until)
      AND (CAST(:shop_id AS uuid) IS NULL OR c.shop_id = :shop_id)
    ORDER BY c.opened_at DESC LIMIT :most
    """
)


async def frame_of(work: Work, question: AnalysisQuestion) -> "pd.DataFrame":
    """The rows that the question is about, as the actor of the work sees them, with times of the question's zone. Refuses
    with LakeNotReady, MeasureUnknown."""
    import pandas as pd

    if question.kind == "cluster" and question.measure == "contacts":
        values = {
            "since": question.since,
            "until": question.until,
            "shop_id": question.shop_id,
            "most": MOST_TEXTS,
        }
        rows = (await work.session.execute(WORDS, values)).mappings().all()
        return pd.DataFrame(
            [dict(row) for row in rows],
            columns=["id", "number", "channel", "priority", "topic", "opened_at", "words"],
        )
    measure = measure_of(question.measure)
    lake = work.house.port(Lake)
    lake.manifest()
    shops = work.actor.shops if question.shop_id is None else frozenset({question.shop_id})
    expression = rows_of(measure, lake.tables(shops), question.since, question.until)
    frame = (await lake.answer(expression)).to_pandas()
    zone = ZoneInfo(question.time_zone)
    frame[measure.time] = (
        pd.to_datetime(frame[measure.time], utc=True).dt.tz_convert(zone).dt.tz_localize(None)
    )
    if question.kind == "forecast":
        frame[question.measure] = frame[measure.amount] if measure.amount else 1.0
        frame = _without_the_unfinished(frame, measure.time, question.step or measure.step, work.now, zone)
        kept = [measure.time, question.measure, *([question.by] if question.by else [])]
        return frame[kept].iloc[::-1].reset_index(drop=True)
    frame["hour"] = frame[measure.time].dt.hour
    frame["weekday"] = frame[measure.time].dt.dayofweek + 1
    return frame


def _without_the_unfinished(
    frame: "pd.DataFrame", time: str, step: str, now: datetime, zone: ZoneInfo
) -> "pd.DataFrame":
    """Without the step that is not over yet: half a day looks like a bad one."""
    import pandas as pd

    here = pd.Timestamp(now.astimezone(zone)).tz_localize(None)
    if step in ("W", "MS"):
        begins = here.to_period("W-SUN" if step == "W" else "M").start_time
    else:
        begins = here.floor(step)
    return frame[frame[time] < begins]


async def run_analysis(house: House, analysis_id: UUID) -> None:
    """Answers one question in a process of its own. Done twice, it happens once: what has an answer is left."""
    from aftercare.insights.analysis.viewing import as_asked

    async with begin(house) as work:
        row = await work.session.get(AnalysisResult, analysis_id, with_for_update=True)
        if row is None or row.state in (AnalysisState.done, AnalysisState.refused):
            return
        row.state = AnalysisState.running
        question, shops = AnalysisQuestion.model_validate(row.question), row.shops
    async with begin(house, as_asked(shops)) as work:
        frame = await frame_of(work, question)
    task = task_of(question)
    told = b"\x00"
    if not len(frame):
        ended: dict[str, Any] = {"refused": {"code": "not_enough", "title": "", "data": {"rows": 0}}}
    else:
        buffer = io.BytesIO()
        await asyncio.to_thread(frame.to_parquet, buffer)
        told = buffer.getvalue()
        ended = {}
        async for line in _child(task, told):
            if "progress" in line:
                async with begin(house) as work:
                    await work.session.execute(
                        text("UPDATE analysis_result SET progress = :progress WHERE id = :id"),
                        {"progress": line["progress"], "id": analysis_id},
                    )
            else:
                ended = line
    async with begin(house) as work:
        row = await work.session.get_one(AnalysisResult, analysis_id)
        row.answer, row.trouble = ended.get("answer"), ended.get("refused")
        row.state = AnalysisState.done if row.answer is not None else AnalysisState.refused
        row.progress, row.ended_at = 1.0, work.now


class AnalysisBroke(RuntimeError):
    """The process that counted ended without an answer."""


async def _child(task: Task, table: bytes) -> AsyncIterator[dict[str, Any]]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "aftercare.insights.analysis.running",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        limit=LONGEST_LINE,
    )
    if process.stdin is None or process.stdout is None or process.stderr is None:
        raise AnalysisBroke("no pipes")
    complaints = asyncio.create_task(process.stderr.read())
    try:
        process.stdin.write(task.model_dump_json().encode() + b"\n" + table)
        with suppress(ConnectionError):
            await process.stdin.drain()
        process.stdin.close()
        ended = False
        async for raw in process.stdout:
            line = json.loads(raw)
            ended = ended or "progress" not in line
            yield line
        if await process.wait() or not ended:
            raise AnalysisBroke((await complaints).decode("utf-8", "replace")[-2_000:])
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        complaints.cancel()
