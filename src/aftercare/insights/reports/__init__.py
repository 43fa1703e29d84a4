"""Reports: what the house and the public are told about the promises, and what they were told before.

A **report** is about a month, a quarter or some days, of one shop or all of them; drafted from the indicators, worded by people,
released by a person under a **number**, and unchangeable from then on. The **transparency score** says how much a shop tells. A **warning**
tells customers ahead that parcels will be late. The **promise page** is what a shop shows everybody. An **export** is a file that is
made every so often.
"""

from aftercare.insights.reports.delays import draft_warnings, list_warnings, publish_warning
from aftercare.insights.reports.exports import NewExport, make_exports, plan_export
from aftercare.insights.reports.model import Audience, ReportNotFound, ReportPublished, ReportState, Span
from aftercare.insights.reports.pages import NewPage, count_pages, publish_page
from aftercare.insights.reports.printing import OwnFonts, pdf_of, sheet_of, workbook_of
from aftercare.insights.reports.verbs import (
    NewReport,
    ReportView,
    WholeReport,
    discard,
    draft,
    draft_due,
    get_report,
    list_reports,
    release,
)

__all__ = [
    "Audience",
    "NewExport",
    "NewPage",
    "NewReport",
    "OwnFonts",
    "ReportNotFound",
    "ReportPublished",
    "ReportState",
    "ReportView",
    "Span",
    "WholeReport",
    "count_pages",
    "discard",
    "draft",
    "draft_due",
    "draft_warnings",
    "get_report",
    "list_reports",
    "list_warnings",
    "make_exports",
    "pdf_of",
    "plan_export",
    "publish_page",
    "publish_warning",
    "release",
    "sheet_of",
    "workbook_of",
]
