"""Reports as people and the worker handle them: drafted, reworded, discarded, published under a number, corrected by another."""

import hashlib
import json
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import func, select, text

from aftercare import identity
from aftercare.identity import ShopView
from aftercare.insights.reports.content import content_of
from aftercare.insights.reports.events import ReportDiscarded, ReportDrafted, ReportEdited, ReportReleased
from aftercare.insights.reports.model import (
    HOUSE,
    Audience,
    Report,
    ReportNotFound,
    ReportNotOpen,
    ReportPublished,
    ReportSpanNotPossible,
    ReportState,
    Span,
)
from aftercare.insights.reports.promises import LOCALES
from aftercare.insights.reports.spans import end_of, last_month, last_quarter
from aftercare.insights.reports.wording import drafted
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.calendars import zone
from aftercare.kit.errors import NotAllowed
from aftercare.kit.text import clean, one_line

HOUSE_ZONE = "Asia/Shanghai"
LONGEST_SUMMARY = 8_000
DRAFTED_FROM = 2
"""The worker drafts from the second day on: what ended in the night of the first is then counted too."""

Locale = Literal["zh-CN", "zh-TW", "en"]


class NewReport(BaseModel):
    """Without a shop about all of them. For a month or quarter `since_on` is its first day; else `until_on` is the first day after."""

    shop_id: UUID | None = None
    audience: Audience = Audience.house
    span: Span = Span.month
    since_on: date
    until_on: date | None = None


class ReportWords(BaseModel):
    title: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=200)]
    summary: Annotated[str, AfterValidator(clean), Field(max_length=LONGEST_SUMMARY)]


class ReportView(BaseModel):
    """`number`: of published ones. `until_on`: the first day after. `corrects`: the number of the report that this one puts right;
    `corrected_by`: the one that puts this one right."""

    id: UUID
    shop_id: UUID | None
    shop: str | None
    audience: Audience
    span: Span
    since_on: date
    until_on: date
    time_zone: str
    state: ReportState
    by_worker: bool
    number: str | None
    words: dict[str, ReportWords]
    score: int | None
    kept: int
    judged: int
    drafted_at: datetime
    edited_at: datetime | None
    published_at: datetime | None
    published_by: str | None
    digest: str | None
    corrects_id: UUID | None
    corrects: str | None
    corrected_by_id: UUID | None
    corrected_by: str | None


class WholeReport(ReportView):
    content: dict[str, Any]


async def draft(work: Work, new: NewReport, *, by_worker: bool = False) -> UUID:
    """Counts the period as it stands now. Needs `insights.write`; about all shops, also to see them all. Refuses with
    ReportSpanNotPossible."""
    work.require("insights.write")
    shop = await _shop_of(work, new.shop_id)
    return await _draft(work, new, shop, by_worker=by_worker)


async def _draft(
    work: Work,
    new: NewReport,
    shop: ShopView | None,
    *,
    by_worker: bool = False,
    corrects: Report | None = None,
) -> UUID:
    time_zone = shop.time_zone if shop else HOUSE_ZONE
    until_on = end_of(new.span, new.since_on, new.until_on)
    if until_on > work.now.astimezone(zone(time_zone)).date():
        raise ReportSpanNotPossible(span=new.span, since_on=new.since_on, until_on=until_on)
    row = Report(
        id=work.new_id(),
        shop_id=new.shop_id,
        issuer=str(new.shop_id) if new.shop_id else HOUSE,
        audience=new.audience,
        span=new.span,
        since_on=new.since_on,
        until_on=until_on,
        time_zone=time_zone,
        state=ReportState.draft,
        by_worker=by_worker,
        corrects_id=corrects.id if corrects else None,
        drafted_at=work.now,
        drafted_by=work.actor.id,
    )
    await _count(work, row, shop)
    if corrects is not None:
        row.words = {**row.words, **corrects.words}
    work.session.add(row)
    work.record(
        ReportDrafted(
            report_id=row.id,
            shop_id=row.shop_id,
            audience=row.audience,
            span=row.span,
            since_on=row.since_on,
            until_on=row.until_on,
        )
    )
    await work.session.flush()
    return row.id


async def _count(work: Work, row: Report, shop: ShopView | None) -> None:
    """Its figures as they are now, and the words that follow from them."""
    row.content = await content_of(
        work,
        shop_id=row.shop_id,
        audience=row.audience,
        since_on=row.since_on,
        until_on=row.until_on,
        time_zone=row.time_zone,
    )
    row.words = drafted(
        row.content,
        audience=row.audience,
        shop=shop.name if shop else None,
        since_on=row.since_on,
        until_on=row.until_on,
        span=row.span,
    )


async def reword(work: Work, report_id: UUID, words: dict[Locale, ReportWords]) -> None:
    """Needs `insights.write`. Refuses with ReportPublished, ReportNotOpen."""
    work.require("insights.write")
    row = await _open(work, report_id)
    row.words = {**row.words, **{locale: told.model_dump() for locale, told in words.items()}}
    row.edited_at = work.now
    work.record(ReportEdited(report_id=row.id, shop_id=row.shop_id))
    await work.session.flush()


async def recount(work: Work, report_id: UUID) -> None:
    """Counts a draft again, and drafts its words again. Needs `insights.write`. Refuses as `reword` does."""
    work.require("insights.write")
    row = await _open(work, report_id)
    await _count(work, row, await _shop_of(work, row.shop_id))
    row.edited_at = work.now
    work.record(ReportEdited(report_id=row.id, shop_id=row.shop_id))
    await work.session.flush()


async def discard(work: Work, report_id: UUID) -> None:
    """Needs `insights.write`. Refuses as `reword` does."""
    work.require("insights.write")
    row = await _open(work, report_id)
    row.state = ReportState.discarded
    work.record(ReportDiscarded(report_id=row.id, shop_id=row.shop_id))
    await work.session.flush()


async def release(work: Work, report_id: UUID) -> str:
    """Publishes a draft, for good; returns its number. Needs `reports.release`. Refuses as `reword` does."""
    work.require("reports.release")
    row = await _open(work, report_id)
    # Numbers of one issuer are given one after the other, so that none is left out.
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('report numbers of ' || :issuer, 0))"),
        {"issuer": row.issuer},
    )
    year = work.now.astimezone(zone(row.time_zone)).year
    last = await work.session.scalar(
        select(func.max(Report.serial)).where(Report.issuer == row.issuer, Report.year == year)
    )
    row.year, row.serial = year, (last or 0) + 1
    row.state = ReportState.published
    row.published_at, row.published_by = work.now, work.actor.id
    row.digest = digest_of(row)
    number = f"{row.year}-{row.serial:03}"
    work.record(
        ReportReleased(
            report_id=row.id,
            shop_id=row.shop_id,
            audience=row.audience,
            span=row.span,
            since_on=row.since_on,
            until_on=row.until_on,
            number=number,
            digest=row.digest,
            score=row.content["transparency"]["score"],
            corrects_id=row.corrects_id,
        )
    )
    await work.session.flush()
    return number


async def correct(work: Work, report_id: UUID) -> UUID:
    """A new draft about the same days that names the published one; its figures are counted again. Needs `insights.write`.
    Refuses with ReportNotOpen for what was never published."""
    work.require("insights.write")
    row = await _row(work, report_id)
    if row.state is not ReportState.published:
        raise ReportNotOpen(report_id=report_id, state=row.state)
    new = NewReport(
        shop_id=row.shop_id,
        audience=row.audience,
        span=row.span,
        since_on=row.since_on,
        until_on=row.until_on,
    )
    return await _draft(work, new, await _shop_of(work, row.shop_id), corrects=row)


def number_of(year: int | None, serial: int | None) -> str | None:
    return None if year is None or serial is None else f"{year}-{serial:03}"


def digest_of(row: Any) -> str:
    """SHA-256 of everything that was published; whoever has the report's data can reckon it again."""
    said = {
        "issuer": row.issuer,
        "number": number_of(row.year, row.serial),
        "audience": str(row.audience),
        "since_on": row.since_on.isoformat(),
        "until_on": row.until_on.isoformat(),
        "corrects_id": str(row.corrects_id) if row.corrects_id else None,
        "words": row.words,
        "content": row.content,
    }
    plain = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()


async def draft_due(house: House) -> int:
    """Drafts last month's report and last quarter's where there is none yet: for the house about all shops, for the public of each
    shop. For the worker's round; returns how many."""
    async with begin(house, SYSTEM) as work:
        shops = (await identity.list_shops(work, only_active=True, limit=1_000)).items
        first = await work.session.scalar(text("SELECT min(at) FROM fact"))
        now = work.now
    if first is None:
        return 0
    drafts = 0
    for shop in (None, *shops):
        today = now.astimezone(zone(shop.time_zone if shop else HOUSE_ZONE)).date()
        if today.day < DRAFTED_FROM:
            continue
        for span, since_on in ((Span.month, last_month(today)), (Span.quarter, last_quarter(today))):
            audience = Audience.public if shop else Audience.house
            if end_of(span, since_on) <= first.date():
                continue
            new = NewReport(
                shop_id=shop.id if shop else None, audience=audience, span=span, since_on=since_on
            )
            async with begin(house, SYSTEM) as work:
                # Asked for each anew: counting takes its time, in which people draft and release as well.
                if await _is_there(work, new):
                    continue
                await draft(work, new, by_worker=True)
            drafts += 1
    return drafts


async def _is_there(work: Work, new: NewReport) -> bool:
    """Also one that the worker drafted and somebody discarded."""
    found = await work.session.scalar(
        text(
            "SELECT 1 FROM report WHERE issuer = :issuer AND audience = :audience AND span = :span AND since_on = :since_on"
            " AND (by_worker OR state <> 'discarded') LIMIT 1"
        ),
        {
            "issuer": str(new.shop_id) if new.shop_id else HOUSE,
            "audience": new.audience,
            "span": new.span,
            "since_on": new.since_on,
        },
    )
    return found is not None


async def _shop_of(work: Work, shop_id: UUID | None) -> ShopView | None:
    if shop_id is not None:
        return await identity.get_shop(work, shop_id)
    if work.actor.shops is not None:
        raise NotAllowed(needed="every shop")
    return None


async def _row(work: Work, report_id: UUID) -> Report:
    row = await work.session.scalar(select(Report).where(Report.id == report_id).with_for_update())
    if row is None:
        raise ReportNotFound(report_id=report_id)
    return row


async def _open(work: Work, report_id: UUID) -> Report:
    row = await _row(work, report_id)
    if row.state is ReportState.published:
        raise ReportPublished(report_id=report_id, number=number_of(row.year, row.serial))
    if row.state is not ReportState.draft:
        raise ReportNotOpen(report_id=report_id, state=row.state)
    return row


VIEW = """
    SELECT r.id, r.shop_id, s.name AS shop, r.audience, r.span, r.since_on, r.until_on, r.time_zone, r.state, r.by_worker,
      r.year, r.serial, r.words, r.drafted_at, r.edited_at, r.published_at, a.name AS published_by, r.digest, r.corrects_id,
      CAST(r.content #>> '{{transparency,score}}' AS int) AS score,
      jsonb_array_length(jsonb_path_query_array(r.content, '$.promises[*] ? (@.kept == true)')) AS kept,
      jsonb_array_length(jsonb_path_query_array(r.content, '$.promises[*] ? (@.kept == true || @.kept == false)')) AS judged,
      c.year AS corrects_year, c.serial AS corrects_serial, n.id AS corrected_by_id, n.year AS new_year, n.serial AS new_serial
      {more}
    FROM report r LEFT JOIN shop s ON s.id = r.shop_id LEFT JOIN account a ON a.id = r.published_by
    LEFT JOIN report c ON c.id = r.corrects_id LEFT JOIN report n ON n.corrects_id = r.id AND n.state = 'published'
"""


def view_of(row: Any) -> dict[str, Any]:
    told = dict(row._mapping)
    told["number"] = number_of(row.year, row.serial)
    told["corrects"] = number_of(row.corrects_year, row.corrects_serial)
    told["corrected_by"] = number_of(row.new_year, row.new_serial)
    told["words"] = {locale: row.words[locale] for locale in LOCALES if locale in row.words}
    return told


async def list_reports(
    work: Work,
    *,
    shop_id: UUID | None = None,
    audience: Audience | None = None,
    state: ReportState | None = None,
    limit: int = 200,
) -> list[ReportView]:
    """The newest period first, without discarded ones unless they are asked for. Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(
        text(
            VIEW.format(more="")
            + """
            WHERE (CAST(:shop AS uuid) IS NULL OR r.shop_id = :shop) AND (CAST(:audience AS text) IS NULL OR r.audience = :audience)
              AND (r.state = :state OR CAST(:state AS text) IS NULL AND r.state <> 'discarded')
            ORDER BY r.since_on DESC, r.until_on DESC, r.drafted_at DESC, r.id LIMIT :limit
            """
        ),
        {"shop": shop_id, "audience": audience, "state": state, "limit": limit},
    )
    return [ReportView.model_validate(view_of(row)) for row in rows]


async def get_report(work: Work, report_id: UUID) -> WholeReport:
    """Needs `insights.read`. Refuses with ReportNotFound."""
    work.require("insights.read")
    return await whole(work, report_id)


async def whole(work: Work, report_id: UUID, *, only_public: bool = False) -> WholeReport:
    only = " AND r.state = 'published' AND r.audience = 'public'" if only_public else ""
    row = (
        await work.session.execute(
            text(VIEW.format(more=", r.content") + " WHERE r.id = :id" + only), {"id": report_id}
        )
    ).one_or_none()
    if row is None:
        raise ReportNotFound(report_id=report_id)
    return WholeReport.model_validate(view_of(row))
