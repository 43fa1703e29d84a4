"""Insights: what the numbers say about the promises.

Each part is a package of its own with its own front door: `lake` (what is asked), `indicators` (the catalogue of numbers), `costs` …
Here is what looks straight into the tables: the cases of a promise, the audit trail, and **load**, who carries which open cases.
Nobody calls insights from below; it reads.
"""

import aftercare.insights.alarms  # its tables and facts
import aftercare.insights.analysis  # its table, its fact and what follows
import aftercare.insights.costs.model  # its tables
import aftercare.insights.decisions  # its tables and facts
import aftercare.insights.foresight  # its tables and facts
import aftercare.insights.process  # tells the lake what to keep ready
import aftercare.insights.reports  # noqa: F401  # its tables and facts
from aftercare.insights.indicators import answer, answers, cases_behind
from aftercare.insights.queries import audit_trail, claim_cells, promise_cases, promise_people, queue_load

__all__ = [
    "answer",
    "answers",
    "audit_trail",
    "cases_behind",
    "claim_cells",
    "promise_cases",
    "promise_people",
    "queue_load",
]
