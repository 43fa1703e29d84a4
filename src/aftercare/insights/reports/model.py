"""The tables of reports, warnings of delays, public pages and exports, and the refusals that need only a row."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotFound, Refusal, Unavailable
from aftercare.kit.tables import Base, schema_extra, status_type


class Audience(StrEnum):
    house = "house"
    public = "public"


class Span(StrEnum):
    month = "month"
    quarter = "quarter"
    days = "days"
    """From one day to another, on demand."""


class ReportState(StrEnum):
    draft = "draft"
    published = "published"
    discarded = "discarded"


HOUSE = "house"
"""The issuer of what is about all shops."""


class Report(Base):
    """What was found about a period, as it was then. A published one has a number, counted per issuer and year without gaps, and never
    changes: the database itself refuses. What is wrong in it is put right by another that names it."""

    __tablename__ = "report"
    __table_args__ = (
        UniqueConstraint("issuer", "year", "serial", name="a_number_of_a_report_is_given_once"),
        CheckConstraint(
            "(state = 'published') = (published_at IS NOT NULL AND year IS NOT NULL AND serial IS NOT NULL AND digest IS NOT NULL)",
            name="a_published_report_has_number_and_digest",
        ),
        CheckConstraint("since_on < until_on", name="a_report_is_about_some_days"),
        Index("report_issuer_idx", "issuer", "since_on"),
        Index(
            "report_drafted_once_idx",
            "issuer",
            "audience",
            "span",
            "since_on",
            unique=True,
            postgresql_where=text("by_worker"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    issuer: Mapped[str]
    """The shop's id, or 'house'."""
    audience: Mapped[Audience] = mapped_column(status_type(Audience, "a_report_is_for_a_known_audience"))
    span: Mapped[Span] = mapped_column(status_type(Span, "a_report_is_about_a_known_span"))
    since_on: Mapped[date]
    until_on: Mapped[date]
    """The first day after."""
    time_zone: Mapped[str]
    state: Mapped[ReportState] = mapped_column(
        status_type(ReportState, "a_report_is_in_a_known_state"), server_default="draft"
    )
    by_worker: Mapped[bool] = mapped_column(server_default=text("false"))
    year: Mapped[int | None]
    serial: Mapped[int | None]
    content: Mapped[dict[str, Any]]
    """The figures, frozen."""
    words: Mapped[dict[str, Any]]
    """By language: what people wrote, or left as it was drafted."""
    corrects_id: Mapped[UUID | None] = mapped_column(ForeignKey("report.id"))
    digest: Mapped[str | None]
    """SHA-256 of everything that was published."""
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[UUID | None]
    edited_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]


schema_extra(
    """
    CREATE OR REPLACE FUNCTION published_reports_stay() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a published report never changes' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """
)
schema_extra(
    """
    CREATE OR REPLACE TRIGGER published_reports_stay BEFORE UPDATE OR DELETE ON report
    FOR EACH ROW WHEN (OLD.state = 'published') EXECUTE FUNCTION published_reports_stay()
    """
)


class WarningKind(StrEnum):
    peak = "peak"
    """Many will order: parcels take longer."""
    logistics = "logistics"
    """Parcels are late, or will be."""


class WarningState(StrEnum):
    draft = "draft"
    published = "published"
    withdrawn = "withdrawn"
    """Taken back after it was published."""
    discarded = "discarded"


class LogisticsWarning(Base):
    """What customers are told ahead of delays: for one shop or all of them, from one day to another (both included)."""

    __tablename__ = "logistics_warning"
    __table_args__ = (
        CheckConstraint("begins_on <= ends_on", name="a_warning_holds_for_some_days"),
        CheckConstraint(
            "(state IN ('published', 'withdrawn')) = (published_at IS NOT NULL)",
            name="a_published_warning_says_since_when",
        ),
        Index("logistics_warning_ends_idx", "ends_on"),
        Index("logistics_warning_once_idx", "issuer", "occasion", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    issuer: Mapped[str]
    occasion: Mapped[str]
    """What it is about, once: `double_11:2026`, `late:2026-11a`."""
    kind: Mapped[WarningKind] = mapped_column(status_type(WarningKind, "a_warning_is_of_a_known_kind"))
    state: Mapped[WarningState] = mapped_column(
        status_type(WarningState, "a_warning_is_in_a_known_state"), server_default="draft"
    )
    begins_on: Mapped[date]
    ends_on: Mapped[date]
    words: Mapped[dict[str, Any]]
    """By language: title and text."""
    basis: Mapped[dict[str, Any]]
    """The figures from which it was drafted."""
    drafted_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]


class PromisePage(Base):
    """What a shop shows everybody about its promises. `content` is what the page says now; without it nothing is shown."""

    __tablename__ = "promise_page"
    __table_args__ = (
        CheckConstraint("days BETWEEN 28 AND 366", name="a_public_page_counts_four_weeks_to_a_year"),
        CheckConstraint("(published_at IS NULL) = (content IS NULL)", name="a_public_page_has_what_it_shows"),
    )

    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    shown: Mapped[list[str]]
    days: Mapped[int] = mapped_column(server_default=text("90"))
    published_at: Mapped[datetime | None]
    published_by: Mapped[UUID | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    counted_at: Mapped[datetime | None]


class ExportForm(StrEnum):
    csv = "csv"
    parquet = "parquet"
    xlsx = "xlsx"


class Every(StrEnum):
    day = "day"
    week = "week"
    month = "month"


class ExportPlan(Base):
    """A file that is made again and again: indicators, or one table of the lake."""

    __tablename__ = "export_plan"
    __table_args__ = (
        CheckConstraint("(source = 'indicators') = (table_name IS NULL)", name="an_export_names_its_table"),
        Index("export_plan_due_idx", "next_at", postgresql_where=text("active")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    name: Mapped[str]
    source: Mapped[str]
    table_name: Mapped[str | None]
    form: Mapped[ExportForm] = mapped_column(status_type(ExportForm, "an_export_has_a_known_form"))
    every: Mapped[Every] = mapped_column(status_type(Every, "an_export_comes_every_so_often"))
    grants: Mapped[list[str]] = mapped_column(server_default=text("'[]'::jsonb"))
    time_zone: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    next_at: Mapped[datetime]


class ExportFile(Base):
    """One file that was made, or why it was not."""

    __tablename__ = "export_file"
    __table_args__ = (
        UniqueConstraint("export_plan_id", "since_at", name="a_period_is_exported_once"),
        CheckConstraint("(key IS NULL) = (error IS NOT NULL)", name="an_export_is_kept_or_says_why_not"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    export_plan_id: Mapped[UUID] = mapped_column(ForeignKey("export_plan.id", ondelete="CASCADE"))
    shop_id: Mapped[UUID | None]
    since_at: Mapped[datetime]
    until_at: Mapped[datetime]
    made_at: Mapped[datetime]
    file_name: Mapped[str]
    key: Mapped[str | None]
    sha256: Mapped[str | None]
    bytes: Mapped[int | None] = mapped_column(BigInteger)
    rows: Mapped[int | None] = mapped_column(BigInteger)
    error: Mapped[str | None]


class ReportNotFound(NotFound):
    """There is no such report, or it is not yours to see."""


class ReportPublished(Refusal):
    """This report is published and never changes; write one that corrects it."""


class ReportNotOpen(Refusal):
    """This report is no draft any more."""


class ReportSpanNotPossible(Invalid):
    """A report is about days that are over, a year of them at most."""


class ChineseFontMissing(Unavailable):
    """No Chinese font was found, and without one a PDF would show empty boxes: install one (Debian: fonts-noto-cjk) or set AFTERCARE_INSIGHT__FONTS to a folder with one."""


class WarningNotFound(NotFound):
    """There is no such warning, or it is not yours to see."""


class WarningNotOpen(Refusal):
    """This warning cannot be changed any more."""


class PromiseUnknown(Invalid):
    """There is no such promise."""


class PageNotPublished(NotFound):
    """This shop has not published its promises."""


class ExportNotFound(NotFound):
    """There is no such export, or it is not yours to see."""


class ExportNotPossible(Invalid):
    """This cannot be exported."""
