"""What was known at a moment: counts and sums over everything that had become known by then, by key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

SPAN = 1e11
"""Seconds; longer than any two moments lie apart, so that keys do not run into one another on one line of time."""


def seconds(moments: pd.Series[Any]) -> Numbers:
    """Since 1970; NaN where there is no moment."""
    stamps = pd.to_datetime(moments, utc=True)
    since: Numbers = ((stamps - pd.Timestamp(0, tz="UTC")).dt.total_seconds()).to_numpy(
        dtype=np.float64, na_value=np.nan
    )
    return since


class History:
    """Values by key, each known from a moment on. Asked at a moment, it tells of what was known strictly before."""

    def __init__(self, keys: pd.Series[Any], known_at: pd.Series[Any], values: Numbers) -> None:
        moments = seconds(known_at)
        there = np.isfinite(moments) & np.isfinite(values)
        codes, names = pd.factorize(keys[there].astype(str))
        order = np.lexsort((moments[there], codes))
        self._codes = {name: code for code, name in enumerate(names)}
        self._line = codes[order] * SPAN + moments[there][order]
        # Summed within each key: what others' values are shall not change a sum, not even its last digit.
        self._starts = np.searchsorted(codes[order], np.arange(len(names)))
        self._sums = pd.Series(values[there][order]).groupby(codes[order]).cumsum().to_numpy()

    def before(
        self, keys: pd.Series[Any], at: pd.Series[Any], days: float | None = None
    ) -> tuple[Numbers, Numbers]:
        """How many values of the key were known before the moment, and their sum; of the last `days` only when given."""
        codes = keys.astype(str).map(self._codes).fillna(-1).to_numpy(dtype=np.float64)
        moments = np.nan_to_num(seconds(at))
        until = np.searchsorted(self._line, codes * SPAN + moments, side="left")
        since = np.searchsorted(
            self._line, codes * SPAN + (0.0 if days is None else moments - days * 86_400), side="left"
        )
        known = (codes >= 0) & (until > since)
        count: Numbers = np.where(known, until - since, 0).astype(np.float64)
        if not len(self._sums):
            return count, count
        first = self._starts[np.maximum(codes, 0).astype(np.int64)]
        older = np.where(since > first, self._sums[np.maximum(since - 1, 0)], 0.0)
        return count, np.where(known, self._sums[np.maximum(until - 1, 0)] - older, 0.0)

    def mean(
        self,
        keys: pd.Series[Any],
        at: pd.Series[Any],
        prior: Numbers | float,
        weight: float,
        days: float | None = None,
    ) -> Numbers:
        """Their mean, drawn to `prior` as if that had been seen `weight` times."""
        count, total = self.before(keys, at, days)
        drawn: Numbers = (total + prior * weight) / (count + weight)
        return drawn
