"""Exports: files that are made every so often and kept for who fetches them. Nothing personal is in them unless it was granted."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import structlog
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import delete, select, text

from aftercare import identity
from aftercare.insights import indicators
from aftercare.insights.indicators import Question
from aftercare.insights.lake import SHAPES, lake_of
from aftercare.insights.reports.events import ExportMade, ExportPlanned, ExportRemoved
from aftercare.insights.reports.model import (
    Every,
    ExportFile,
    ExportForm,
    ExportNotFound,
    ExportNotPossible,
    ExportPlan,
)
from aftercare.insights.reports.spans import month_after
from aftercare.insights.reports.verbs import HOUSE_ZONE
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.calendars import zone
from aftercare.kit.errors import NotAllowed
from aftercare.kit.files import Files
from aftercare.kit.sheets import BOM, written
from aftercare.kit.text import one_line

if TYPE_CHECKING:
    import pyarrow

log = structlog.get_logger()

MADE_AT = time(3, 0)
"""By the clocks of the plan's time zone: when the day before is settled."""
MOST_ROWS_IN_EXCEL = 1_000_000
MOST_ROWS = 5_000_000

TABLES = (
    "facts",
    "orders",
    "order_lines",
    "cases",
    "claims",
    "claim_lines",
    "refunds",
    "shipments",
    "ratings",
    "products",
)
GRANTS: dict[str, tuple[str, ...]] = {
    "customer_id": ("customer_id",),
    "staff": ("actor_id", "owner_id", "account_id", "by_account_id"),
    "numbers": ("number", "case_number", "claim_number", "order_number"),
    "places": ("region",),
}
"""What tells of single people, though not who they are: left out unless it is granted."""
TYPES = {
    ExportForm.csv: "text/csv; charset=utf-8",
    ExportForm.parquet: "application/vnd.apache.parquet",
    ExportForm.xlsx: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


class NewExport(BaseModel):
    """`source` is `indicators`, or `table` with the name of a table of the lake."""

    shop_id: UUID | None = None
    name: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=80)]
    source: Literal["indicators", "table"]
    table_name: Annotated[str | None, Field(max_length=40)] = None
    form: ExportForm = ExportForm.csv
    every: Every = Every.week
    grants: Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=10)] = []


class ExportFileView(BaseModel):
    """One file; `error` says why there is none."""

    id: UUID
    export_plan_id: UUID
    since_at: datetime
    until_at: datetime
    made_at: datetime
    file_name: str
    sha256: str | None
    bytes: int | None
    rows: int | None
    error: str | None


class ExportView(BaseModel):
    id: UUID
    shop_id: UUID | None
    name: str
    source: str
    table_name: str | None
    form: ExportForm
    every: Every
    grants: list[str]
    active: bool
    created_at: datetime
    next_at: datetime
    files: list[ExportFileView]


class Exportable(BaseModel):
    """What can be exported and granted."""

    tables: list[str]
    grants: list[str]


def exportable() -> Exportable:
    return Exportable(tables=list(_tables()), grants=list(GRANTS))


def _tables() -> list[str]:
    return [name for name in TABLES if name in SHAPES]


async def plan_export(work: Work, new: NewExport) -> ExportView:
    """Needs `insights.write`; with grants also `journal.read`; for all shops, to see them all. Refuses with ExportNotPossible."""
    work.require("insights.write")
    time_zone = HOUSE_ZONE
    if new.shop_id is not None:
        time_zone = (await identity.get_shop(work, new.shop_id)).time_zone
    elif work.actor.shops is not None:
        raise NotAllowed(needed="every shop")
    if new.grants or new.table_name == "facts":
        work.require("journal.read")
    if (new.source == "table") != (new.table_name is not None) or new.table_name not in (None, *_tables()):
        raise ExportNotPossible(table_name=new.table_name)
    if unknown := sorted(set(new.grants) - set(GRANTS)):
        raise ExportNotPossible(grant=unknown[0])
    row = ExportPlan(
        id=work.new_id(),
        shop_id=new.shop_id,
        name=new.name,
        source=new.source,
        table_name=new.table_name,
        form=new.form,
        every=new.every,
        grants=[grant for grant in GRANTS if grant in new.grants],
        time_zone=time_zone,
        active=True,
        created_by=work.actor.id,
        created_at=work.now,
        next_at=next_run(work.now, new.every, time_zone),
    )
    work.session.add(row)
    work.record(ExportPlanned(export_plan_id=row.id, shop_id=row.shop_id, grants=row.grants))
    await work.session.flush()
    return (await list_exports(work, export_id=row.id))[0]


async def remove_export(work: Work, export_id: UUID) -> None:
    """With the list of its files. Needs `insights.write`. Refuses with ExportNotFound."""
    work.require("insights.write")
    row = await work.session.get(ExportPlan, export_id)
    if row is None:
        raise ExportNotFound(export_id=export_id)
    work.record(ExportRemoved(export_plan_id=row.id, shop_id=row.shop_id))
    await work.session.execute(delete(ExportPlan).where(ExportPlan.id == export_id))


async def list_exports(work: Work, *, export_id: UUID | None = None) -> list[ExportView]:
    """With their latest files. Needs `insights.read`."""
    work.require("insights.read")
    plans = (
        await work.session.scalars(
            select(ExportPlan)
            .where(ExportPlan.id == export_id if export_id is not None else True)  # type: ignore[arg-type]
            .order_by(ExportPlan.created_at, ExportPlan.id)
        )
    ).all()
    rows = await work.session.execute(
        text(
            """
            SELECT f.* FROM unnest(CAST(:plans AS uuid[])) AS p(id) CROSS JOIN LATERAL (
              SELECT * FROM export_file WHERE export_plan_id = p.id ORDER BY until_at DESC LIMIT 12) f
            """
        ),
        {"plans": [plan.id for plan in plans]},
    )
    files: dict[UUID, list[ExportFileView]] = {}
    for row in rows:
        files.setdefault(row.export_plan_id, []).append(ExportFileView.model_validate(row._mapping))
    return [
        ExportView.model_validate(
            {
                **{name: getattr(plan, name) for name in ExportView.model_fields if name != "files"},
                "files": files.get(plan.id, []),
            }
        )
        for plan in plans
    ]


async def export_now(work: Work, export_id: UUID) -> None:
    """Has the worker make the file of the last whole period soon. Needs `insights.write`. Refuses with ExportNotFound."""
    work.require("insights.write")
    row = await work.session.get(ExportPlan, export_id, with_for_update=True)
    if row is None:
        raise ExportNotFound(export_id=export_id)
    row.next_at = work.now


async def open_export(work: Work, file_id: UUID) -> tuple[ExportFile, str]:
    """The file with its media type. Needs `insights.read`; with grants in it also `journal.read`. Refuses with ExportNotFound."""
    work.require("insights.read")
    found = (
        await work.session.execute(
            select(ExportFile, ExportPlan.form, ExportPlan.grants)
            .join(ExportPlan, ExportPlan.id == ExportFile.export_plan_id)
            .where(ExportFile.id == file_id, ExportFile.key.is_not(None))
        )
    ).one_or_none()
    if found is None:
        raise ExportNotFound(file_id=file_id)
    if found.grants:
        work.require("journal.read")
    return found[0], TYPES[found.form]


def next_run(now: datetime, every: Every, time_zone: str) -> datetime:
    """The next day, Monday or first of a month at the hour of exports."""
    place = zone(time_zone)
    local = now.astimezone(place)
    on = local.date() + timedelta(days=0 if local.time() < MADE_AT else 1)
    if every is Every.week:
        on += timedelta(days=-on.weekday() % 7)
    elif every is Every.month and on.day != 1:
        on = month_after(on.replace(day=1))
    return datetime.combine(on, MADE_AT, place)


def span_before(at: datetime, every: Every, time_zone: str) -> tuple[datetime, datetime]:
    """The last whole day, week or month."""
    place = zone(time_zone)
    until = at.astimezone(place).date()
    if every is Every.day:
        since = until - timedelta(days=1)
    elif every is Every.week:
        until -= timedelta(days=until.weekday())
        since = until - timedelta(days=7)
    else:
        until = until.replace(day=1)
        since = month_after(until, -1)
    return datetime.combine(since, time.min, place), datetime.combine(until, time.min, place)


async def make_exports(house: House) -> int:
    """Makes the files that are due, each period once. For the worker's round; returns how many."""
    if Files not in house.ports:
        return 0
    async with begin(house, SYSTEM) as work:
        due = (
            await work.session.scalars(
                select(ExportPlan.id)
                .where(ExportPlan.active, ExportPlan.next_at <= work.now)
                .order_by(ExportPlan.next_at)
                .limit(20)
            )
        ).all()
    for export_id in due:
        await _make(house, export_id)
    return len(due)


async def _make(house: House, export_id: UUID) -> None:
    async with begin(house, SYSTEM) as work:
        plan = await work.session.get(ExportPlan, export_id, with_for_update=True)
        if plan is None or plan.next_at > work.now:
            return
        since, until = span_before(work.now, plan.every, plan.time_zone)
        plan.next_at = next_run(work.now, plan.every, plan.time_zone)
        there = await work.session.scalar(
            select(ExportFile.id).where(
                ExportFile.export_plan_id == plan.id,
                ExportFile.since_at == since,
                ExportFile.key.is_not(None),
            )
        )
        if there is not None:
            return
        await work.session.execute(
            delete(ExportFile).where(ExportFile.export_plan_id == plan.id, ExportFile.since_at == since)
        )
        name = f"{plan.table_name or 'indicators'}-{since:%Y-%m-%d}.{plan.form}"
        row = ExportFile(
            id=work.new_id(),
            export_plan_id=plan.id,
            shop_id=plan.shop_id,
            since_at=since,
            until_at=until,
            made_at=work.now,
            file_name=name,
        )
        try:
            rows = await (
                _figures(work, plan, since, until)
                if plan.source == "indicators"
                else _rows(work, plan, since, until)
            )
            content = await asyncio.to_thread(file_of, rows, plan.form)
            kept = await house.port(Files).keep(_once(content), TYPES[plan.form])
            row.key, row.sha256, row.bytes, row.rows = kept.key, kept.sha256, kept.bytes, rows.num_rows
            work.record(ExportMade(export_plan_id=plan.id, shop_id=plan.shop_id, rows=rows.num_rows))
        except Exception as failure:
            log.warning("export failed", export=str(plan.id), exc_info=failure)
            row.error = f"{type(failure).__name__}: {failure}"[:500]
        work.session.add(row)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _figures(work: Work, plan: ExportPlan, since: datetime, until: datetime) -> "pyarrow.Table":
    import pyarrow

    question = Question(since, until, time_zone=plan.time_zone, shop_id=plan.shop_id, trend=False)
    told = await indicators.answers(work, [], question, locale="en")
    return pyarrow.Table.from_pylist(
        [
            {
                "name": one.name,
                "title": one.title,
                "since": one.since,
                "until": one.until,
                "unit": one.currency or one.unit,
                "value": one.figure.value,
                "low": one.figure.low,
                "high": one.figure.high,
                "n": one.figure.n,
                "numerator": one.figure.numerator,
                "denominator": one.figure.denominator,
                "target": one.target,
                "kept": one.kept,
            }
            for one in told
        ]
    )


async def _rows(work: Work, plan: ExportPlan, since: datetime, until: datetime) -> "pyarrow.Table":
    import ibis

    lake = lake_of(work)
    table = getattr(lake.tables(), plan.table_name or "")
    moment = SHAPES[plan.table_name or ""].month_of
    if moment is not None:
        table = table.filter(table[moment] >= ibis.literal(since), table[moment] < ibis.literal(until))
    if plan.shop_id is not None:
        table = table.filter(table["shop_id"] == str(plan.shop_id))
    left_out = {column for grant, columns in GRANTS.items() if grant not in plan.grants for column in columns}
    if plan.table_name == "facts":
        # What has no column of its own may hold anything.
        left_out |= {"data"} if len(plan.grants) < len(GRANTS) else set()
    return await lake.answer(
        table.select([name for name in table.columns if name not in left_out]).limit(MOST_ROWS)
    )


def file_of(rows: "pyarrow.Table", form: ExportForm) -> bytes:
    """Refuses with ExportNotPossible what no sheet can hold."""
    if form is ExportForm.parquet:
        import pyarrow.parquet

        sink = io.BytesIO()
        pyarrow.parquet.write_table(rows, sink, compression="zstd")
        return sink.getvalue()
    if form is ExportForm.csv:
        page = io.StringIO(newline="")
        page.write(BOM)
        writer = csv.writer(page, lineterminator="\r\n")
        writer.writerow(rows.column_names)
        for batch in rows.to_batches():
            columns = [column.to_pylist() for column in batch.columns]
            writer.writerows([[_cell(value) for value in row] for row in zip(*columns, strict=True)])
        return page.getvalue().encode()
    if rows.num_rows > MOST_ROWS_IN_EXCEL:
        raise ExportNotPossible(rows=rows.num_rows, most=MOST_ROWS_IN_EXCEL)
    import xlsxwriter

    kept = io.BytesIO()
    book = xlsxwriter.Workbook(
        kept,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "constant_memory": True,
            "remove_timezone": True,
        },
    )
    sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
    moments = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    sheet.write_row(0, 0, rows.column_names, bold)
    line = 1
    for batch in rows.to_batches():
        columns = [column.to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(line, column, value.replace(tzinfo=None), moments)
                elif value is not None:
                    sheet.write(line, column, value)
            line += 1
    book.close()
    return kept.getvalue()


def _cell(value: Any) -> Any:
    return (
        written(value)
        if isinstance(value, str)
        else value.isoformat()
        if isinstance(value, datetime)
        else value
    )
