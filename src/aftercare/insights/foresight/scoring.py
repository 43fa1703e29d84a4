"""How good chances are: order, truth and drift of them, by scikit-learn and numpy.

The interval of the AUC is DeLong's (1988), and where a subject was looked at several times Obuchowski's for clusters (Biometrics 53, 1997).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

BINS = 10
SURE = 1.96
"""Standard errors to both sides: 95 %."""
DRIFTED = 0.25
"""A population stability index above it: what comes in is no longer what was learned from."""


@dataclass(frozen=True)
class Bin:
    """Chances of like size: what they said on average, and what happened."""

    said: float
    happened: float
    count: int


@dataclass(frozen=True)
class Scores:
    """`auc`, with its interval of 95 %, is None when only one of both happened. `ece`: by how much the chances of a bin miss what happened, on
    average."""

    count: int
    happened: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    brier: float
    brier_plain: float
    """Of saying the same chance, that of the past, to all."""
    ece: float
    bins: tuple[Bin, ...]

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "bins": [asdict(one) for one in self.bins]}


def scores(
    happened: Numbers, chances: Numbers, usual: float, subjects: pd.Series[Any] | None = None
) -> Scores:
    """Of chances against what happened; `usual` is the share in which it happened before. `subjects`: whose rows tell of the same."""
    from sklearn.metrics import brier_score_loss, roc_auc_score

    many, times = len(happened), int(happened.sum())
    if not many:
        return Scores(0, 0, None, None, None, 0.0, 0.0, 0.0, ())
    bins = []
    for part in np.array_split(np.argsort(chances, kind="stable"), min(BINS, many)):
        bins.append(Bin(float(chances[part].mean()), float(happened[part].mean()), len(part)))
    auc = float(roc_auc_score(happened, chances)) if 0 < times < many else None
    miss = None if auc is None else _auc_error(happened, chances, auc, subjects)
    return Scores(
        count=many,
        happened=times,
        auc=auc,
        auc_low=None if auc is None or miss is None else max(0.0, auc - SURE * miss),
        auc_high=None if auc is None or miss is None else min(1.0, auc + SURE * miss),
        brier=float(brier_score_loss(happened, chances)),
        brier_plain=float(np.mean((happened - usual) ** 2)),
        ece=float(sum(one.count * abs(one.said - one.happened) for one in bins) / many),
        bins=tuple(bins),
    )


def _auc_error(
    happened: Numbers, chances: Numbers, auc: float, subjects: pd.Series[Any] | None
) -> float | None:
    """Its standard error; None where it happened to one subject only, or did not to one only."""
    hit = happened == 1
    yes, no = np.sort(chances[hit]), np.sort(chances[~hit])

    def below(these: Numbers, of: Numbers) -> Numbers:
        part: Numbers = (
            (np.searchsorted(of, these, "left") + np.searchsorted(of, these, "right")) / 2 / len(of)
        )
        return part

    placed = np.where(hit, below(chances, no), 1 - below(chances, yes)) - auc
    codes = np.arange(len(chances)) if subjects is None else np.unique(subjects, return_inverse=True)[1]
    of_yes, of_no = (np.bincount(codes, np.where(which, placed, 0.0)) for which in (hit, ~hit))
    groups, with_yes, with_no = (len(np.unique(codes[which])) for which in (hit | ~hit, hit, ~hit))
    if with_yes < 2 or with_no < 2:
        return None
    spread = (
        with_yes / (with_yes - 1) * (of_yes**2).sum() / len(yes) ** 2
        + with_no / (with_no - 1) * (of_no**2).sum() / len(no) ** 2
        + 2 * groups / (groups - 1) * (of_yes * of_no).sum() / (len(yes) * len(no))
    )
    return float(np.sqrt(max(0.0, spread)))


@dataclass(frozen=True)
class Likeness:
    """How values were spread that were learned from, column by column: what later ones are compared with."""

    edges: dict[str, list[float]]
    shares: dict[str, list[float]]

    @classmethod
    def of(cls, values: pd.DataFrame) -> Likeness:
        edges = {column: edges_of(values[column].to_numpy()) for column in values}
        return cls(edges, {column: shares(values[column].to_numpy(), edges[column]) for column in values})

    def drift(self, values: pd.DataFrame) -> dict[str, float]:
        """The stability index of every column, that is known here."""
        return {
            column: stability(known, shares(values[column].to_numpy(), self.edges[column]))
            for column, known in self.shares.items()
        }


def edges_of(values: Numbers) -> list[float]:
    """Where the tenths of the known values end: what later values are compared by."""
    known = values[np.isfinite(values)]
    if not len(known):
        return []
    return [float(edge) for edge in np.unique(np.quantile(known, np.linspace(0.1, 0.9, 9)))]


def shares(values: Numbers, edges: list[float]) -> list[float]:
    """The shares of the values between the edges, those without a value last."""
    known = np.isfinite(values)
    places = np.where(known, np.searchsorted(edges, np.nan_to_num(values), side="right"), len(edges) + 1)
    counts = np.bincount(places, minlength=len(edges) + 2)
    return [float(share) for share in counts / max(1, len(values))]


def stability(before: list[float], now: list[float]) -> float:
    """The population stability index of two lists of shares: 0 when they are alike; from `DRIFTED` on they are not."""
    least = 1e-4
    first, second = np.maximum(before, least), np.maximum(now, least)
    return float(((second - first) * np.log(second / first)).sum())
