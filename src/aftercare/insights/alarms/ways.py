"""What becomes of a day of an indicator.

- **parts**: of a share, and of times that have a limit: how many were not as they should be, of how many there were;
- **rate**: of a share of what is no part of its whole (units claimed, of units sold): how many, for as many opportunities;
- **count**: of a count, the count;
- **value**: of everything else the day's mean (of times the median), where it rests on enough; of what is of a moment, the day's end.
"""

from typing import Literal

from aftercare.insights.indicators import Definition

Way = Literal["parts", "rate", "count", "value"]


def way_of(defined: Definition) -> Way:
    if defined.snapshot or defined.kind in ("money", "score", "index") or defined.weighted:
        return "value"
    if defined.kind == "count":
        return "count"
    if defined.kind == "time":
        return "parts" if defined.limit_seconds is not None else "value"
    return "rate" if defined.numerator_cuts else "parts"


def is_counted(defined: Definition) -> bool:
    """Whether what is counted is what went wrong, so that more is worse whichever way the indicator is good."""
    return way_of(defined) in ("parts", "rate")
