"""What a project changed: before and after, against comparable cases, with an interval.

**Difference in differences** of the mean cost per case: how much the touched cases changed, less how much the others changed in the
same time. Its 95 % interval is the percentile bootstrap over cases (2,000 resamplings of each of the four groups; Efron & Tibshirani
1993). What hits all cases alike (a season, a rise of wages) cancels out; what hits only the touched ones and is not the project
does not: the page says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

RESAMPLINGS = 2_000
ENOUGH_CASES = 30
"""In each of the four groups; fewer tell nothing."""
AT_A_TIME = 2_000_000


@dataclass(frozen=True)
class Groups:
    """Cents per case of the touched cases and of the others, before and after."""

    touched_before: Sequence[int]
    touched_after: Sequence[int]
    others_before: Sequence[int]
    others_after: Sequence[int]


class LeverChange(BaseModel):
    """Per case, in cents; negative is cheaper. Without `enough` only the sizes and means are told."""

    enough: bool
    touched_before: int
    touched_after: int
    others_before: int
    others_after: int
    means: list[float | None]
    """Of the four groups, in the same order."""
    change_cents: float | None
    low_cents: float | None
    high_cents: float | None


def change_of(groups: Groups, *, seed: int = 0) -> LeverChange:
    import numpy as np

    parts = [
        np.asarray(part, dtype=np.float64)
        for part in (
            groups.touched_before,
            groups.touched_after,
            groups.others_before,
            groups.others_after,
        )
    ]
    sizes = [len(part) for part in parts]
    enough = min(sizes) >= ENOUGH_CASES
    means = [round(float(part.mean()), 2) if len(part) else None for part in parts]
    told = LeverChange(
        enough=enough,
        touched_before=sizes[0],
        touched_after=sizes[1],
        others_before=sizes[2],
        others_after=sizes[3],
        means=means,
        change_cents=None,
        low_cents=None,
        high_cents=None,
    )
    if not enough:
        return told
    chance = np.random.default_rng(seed)
    drawn = []
    for part in parts:
        means_drawn = np.empty(RESAMPLINGS)
        step = max(1, AT_A_TIME // len(part))
        for begin in range(0, RESAMPLINGS, step):
            many = min(step, RESAMPLINGS - begin)
            means_drawn[begin : begin + many] = part[chance.integers(0, len(part), (many, len(part)))].mean(
                axis=1
            )
        drawn.append(means_drawn)
    changes = (drawn[1] - drawn[0]) - (drawn[3] - drawn[2])
    low, high = np.percentile(changes, [2.5, 97.5])
    exact = (parts[1].mean() - parts[0].mean()) - (parts[3].mean() - parts[2].mean())
    return told.model_copy(
        update={
            "change_cents": round(float(exact), 2),
            "low_cents": round(float(low), 2),
            "high_cents": round(float(high), 2),
        }
    )
