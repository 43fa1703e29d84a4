"""What is written down about reports and warnings: that they were, never their words."""

from datetime import date
from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class ReportDrafted(Fact):
    name: ClassVar[str] = "report.drafted"
    report_id: UUID
    audience: str
    span: str
    since_on: date
    until_on: date


class ReportEdited(Fact):
    """Its words; its figures are never edited."""

    name: ClassVar[str] = "report.edited"
    report_id: UUID


class ReportReleased(Fact):
    """Published under a number, for good. `score`: the transparency score of the period, of 100."""

    name: ClassVar[str] = "report.published"
    report_id: UUID
    audience: str
    span: str
    since_on: date
    until_on: date
    number: str
    digest: str
    score: int | None = None
    corrects_id: UUID | None = None


class ReportDiscarded(Fact):
    name: ClassVar[str] = "report.discarded"
    report_id: UUID


class LogisticsWarningDrafted(Fact):
    name: ClassVar[str] = "logistics_warning.drafted"
    logistics_warning_id: UUID
    kind: str


class LogisticsWarningPublished(Fact):
    """Customers are told ahead of delays."""

    name: ClassVar[str] = "logistics_warning.published"
    logistics_warning_id: UUID
    kind: str
    begins_on: date
    ends_on: date


class LogisticsWarningWithdrawn(Fact):
    name: ClassVar[str] = "logistics_warning.withdrawn"
    logistics_warning_id: UUID
    kind: str


class PromisePagePublished(Fact):
    """The shop shows everybody how it keeps these promises."""

    name: ClassVar[str] = "promise_page.published"
    shown: list[str]
    days: int


class PromisePageWithdrawn(Fact):
    name: ClassVar[str] = "promise_page.withdrawn"


class ExportPlanned(Fact):
    name: ClassVar[str] = "export.planned"
    export_plan_id: UUID
    grants: list[str]


class ExportRemoved(Fact):
    name: ClassVar[str] = "export.removed"
    export_plan_id: UUID


class ExportMade(Fact):
    name: ClassVar[str] = "export.made"
    export_plan_id: UUID
    rows: int
