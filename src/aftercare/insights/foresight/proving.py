"""Whether a model may speak: how one of its kind does on the latest weeks, which it had not seen, and beside the one that serves.

It is tried by a twin that was learned from everything but these weeks. Where they hold too few cases, more weeks are kept back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

import numpy as np

from aftercare.insights.foresight.lateness import TooFew
from aftercare.insights.foresight.model import Silent, why_silent
from aftercare.insights.foresight.scoring import Scores, scores

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

KEPT_BACK = (4, 8, 12, 16)
"""Weeks on which a model is tried: the fewest that hold enough."""
FEWEST_TRIED, FEWEST_OF_EACH = 50, 10
"""Of what has ended in them; and subjects to which it happened, or did not. With fewer nothing is shown."""
WORSE_BY = 1.02
"""So many times the Brier score of the one that serves is still as good."""


class Known(Protocol):
    @property
    def known_at(self) -> datetime: ...


Model = TypeVar("Model", bound=Known)


@dataclass(frozen=True)
class Material(Generic[Model]):
    """What a kind is tried on. `lag`: so long after a row's moment it is known what happened."""

    begun: pd.Series[Any]
    subjects: pd.Series[Any]
    happened: Numbers
    lag: timedelta
    foretold: Callable[[Model], Numbers]
    learn_until: Callable[[datetime], Model]


@dataclass(frozen=True)
class Trial:
    """`compared`: with the one that serves, on what neither had seen; None where there was too little."""

    scores: dict[str, Any]
    compared: dict[str, Any] | None
    silent: Silent | None
    serves: bool


def prove(material: Material[Model], now: datetime, old: Model | None) -> Trial:
    tried = _tried(material, now)
    if tried is None:
        return Trial({}, None, Silent.too_few, serves=False)
    told, new, later, usual = tried
    silent = why_silent(told.as_data())
    both = later if old is None else later & (material.begun >= old.known_at).to_numpy()
    if silent is not None or old is None or both.sum() < FEWEST_TRIED:
        return Trial(told.as_data(), None, silent, serves=silent is None)
    before, after = (scores(material.happened[both], of[both], usual) for of in (material.foretold(old), new))
    compared = {"count": before.count, "brier": after.brier, "brier_of_the_old": before.brier}
    return Trial(told.as_data(), compared, None, serves=after.brier <= before.brier * WORSE_BY)


def _tried(
    material: Material[Model], now: datetime
) -> tuple[Scores, Numbers, NDArray[np.bool_], float] | None:
    """Scores, the twin's chances, which rows were kept back, and the share before them."""
    known = np.isfinite(material.happened)
    for weeks in KEPT_BACK:
        split = now - timedelta(weeks=weeks) - material.lag
        later = known & (material.begun >= split).to_numpy()
        if not _enough(material.subjects[later], material.happened[later]):
            continue
        try:
            twin = material.learn_until(split)
        except TooFew:
            return None
        earlier = known & ~later
        usual = float(material.happened[earlier].mean()) if earlier.any() else 0.0
        chances = material.foretold(twin)
        told = scores(material.happened[later], chances[later], usual, material.subjects[later])
        return told, chances, later, usual
    return None


def _enough(subjects: pd.Series[Any], happened: Numbers) -> bool:
    return len(happened) >= FEWEST_TRIED and all(
        subjects[happened == which].nunique() >= FEWEST_OF_EACH for which in (0, 1)
    )
