"""How well late orders of the future are foretold from those of the past."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aftercare.insights.foresight.orders import from_olist

if TYPE_CHECKING:
    from aftercare.insights.foresight.lateness import Trial


def try_late_orders(
    folder: Path, split: datetime | None, tell: Callable[[str], None]
) -> tuple[int, datetime, list[Trial]]:
    """How many orders a folder of the Olist form has, the moment that parts past from future (that of four fifths of the orders
    unless it is given), and a trial for each moment at which an order is looked at. Raises ValueError where the past has too
    few."""
    from aftercare.insights.foresight.features import MOMENTS
    from aftercare.insights.foresight.lateness import TooFew, split_of, try_out

    tell("Reading orders …")
    rows = from_olist(folder)
    at = split or split_of(rows)
    trials = []
    for moment in MOMENTS:
        tell(f"Learning, as seen when {moment.replace('_', ' ')} …")
        try:
            trials.append(try_out(rows, moment, at))
        except TooFew as few:
            raise ValueError(f"Not enough to learn from before {at:%Y-%m-%d %H:%M}: {few}.") from None
    return len(rows), at, trials
