"""Insights: what the numbers say about the promises.

An **indicator** is one number about the service, defined once: what is counted, of how many, by when, in words. Its
**population** is what it looks at; a **miss** is one of it that was not as promised. **Load** is who carries which open cases.
Nobody calls insights from below; it reads.
"""

from aftercare.insights.measures import (
    INDICATORS,
    Indicator,
    IndicatorDay,
    IndicatorShop,
    Miss,
    indicators,
    misses,
)
from aftercare.insights.queries import (
    AuditLine,
    ClaimCell,
    ClockCase,
    LoadCell,
    PromisePerson,
    QueueLoad,
    Which,
    audit_trail,
    claim_cells,
    promise_cases,
    promise_people,
    queue_load,
)

__all__ = [
    "INDICATORS",
    "AuditLine",
    "ClaimCell",
    "ClockCase",
    "Indicator",
    "IndicatorDay",
    "IndicatorShop",
    "LoadCell",
    "Miss",
    "PromisePerson",
    "QueueLoad",
    "Which",
    "audit_trail",
    "claim_cells",
    "indicators",
    "misses",
    "promise_cases",
    "promise_people",
    "queue_load",
]
