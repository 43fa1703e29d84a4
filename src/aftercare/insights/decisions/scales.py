"""On which scale the change of an indicator is told."""

from typing import Literal

from aftercare.insights.indicators import IndicatorKind

Scale = Literal["share", "relative", "points"]
SCALES: dict[IndicatorKind, Scale] = {
    "share": "share",
    "time": "relative",
    "money": "relative",
    "count": "relative",
    "score": "points",
    "index": "points",
}


def scale_of(kind: IndicatorKind) -> Scale:
    """Shares in points of one, times, money and counts as a part, scores in points."""
    return SCALES[kind]
