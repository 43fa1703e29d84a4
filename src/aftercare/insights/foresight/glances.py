"""The chance that something happens to what is open, learned from what was open before.

A **glance** is one subject seen at one moment: a row of features that were known then. It is told apart whether what is foretold happened
after it, and from when on that was known. Gradient-boosted trees (LightGBM) order the glances; how often it truly happens at a score is a
logistic curve fitted on glances of a time that the trees had not seen.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from aftercare.insights.foresight.lateness import WHYS, TooFew, Why
from aftercare.insights.foresight.scoring import Likeness

if TYPE_CHECKING:
    import lightgbm
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

FEWEST_EACH = 25
"""Subjects to which it happened, and to which it did not, with less of which nothing is learned."""
TREES = 80
SETTINGS: dict[str, Any] = {
    "objective": "binary",
    "learning_rate": 0.05,
    "num_leaves": 6,
    "min_child_samples": 20,
    "reg_lambda": 10.0,
    "colsample_bytree": 0.5,
    "subsample": 0.7,
    "subsample_freq": 1,
    "verbose": -1,
    "n_jobs": 1,
    "deterministic": True,
    "force_row_wise": True,
    "random_state": 7,
}
FOLDS = (0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class Glances:
    """`made`: the features; `subject`, `shop`, `at`: of each row; `happened`: 1, 0 or NaN while nobody knows; `known_at`: since when it is
    known. `reason_of`: which reason a feature stands for."""

    made: pd.DataFrame
    about: pd.DataFrame
    happened: Numbers
    known_at: pd.Series[Any]
    reason_of: Mapping[str, str]

    def known_by(self, until: datetime) -> NDArray[np.bool_]:
        known: NDArray[np.bool_] = np.isfinite(self.happened) & (self.known_at < until).to_numpy()
        return known


@dataclass
class ChanceModel:
    columns: list[str]
    trees: lightgbm.Booster
    steepness: float
    middle: float
    known_at: datetime
    learned: int
    happened: int
    usual: float
    likeness: Likeness
    """Of the features, and of the chances under `chance`."""

    def chances(self, made: pd.DataFrame) -> Numbers:
        score = np.asarray(self.trees.predict(made[self.columns], raw_score=True))
        chance: Numbers = 1 / (1 + np.exp(-np.clip(self.steepness * score + self.middle, -30, 30)))
        return chance

    def whys(self, made: pd.DataFrame, reason_of: Mapping[str, str]) -> list[list[Why]]:
        """The strongest reasons for each row, the strongest first."""
        parts = np.asarray(self.trees.predict(made[self.columns], pred_contrib=True))
        told = []
        for row in parts:
            by_reason: dict[str, float] = {}
            for column, part in zip(self.columns, row[:-1], strict=True):
                reason = reason_of.get(column, column)
                by_reason[reason] = by_reason.get(reason, 0.0) + float(part) * self.steepness
            all_of = [Why(reason, effect, None) for reason, effect in by_reason.items()]
            told.append(sorted(all_of, key=lambda why: (-abs(why.effect), why.reason))[:WHYS])
        return told

    def dump(self) -> bytes:
        told = {
            **self.__dict__,
            "trees": self.trees.model_to_string(),
            "known_at": self.known_at.isoformat(),
            "likeness": asdict(self.likeness),
        }
        return json.dumps(told).encode()

    @classmethod
    def load(cls, told: bytes) -> ChanceModel:
        import lightgbm

        known = json.loads(told)
        known["trees"] = lightgbm.Booster(model_str=known["trees"])
        known["known_at"] = datetime.fromisoformat(known["known_at"])
        known["likeness"] = Likeness(**known["likeness"])
        return cls(**known)


def _weights(subjects: pd.Series[Any]) -> Numbers:
    """Each subject counts once, however often it was looked at."""
    weights: Numbers = (1.0 / subjects.groupby(subjects).transform("size")).to_numpy(dtype=np.float64)
    return weights


def learn(glances: Glances, until: datetime) -> ChanceModel:
    """From what was known by then, the same for the same glances. Raises TooFew."""
    import lightgbm
    from sklearn.linear_model import LogisticRegression

    chosen = glances.known_by(until) & (glances.about["at"] < until).to_numpy()
    subjects, happened = glances.about.subject, glances.happened
    touched = subjects[chosen & (happened == 1)].nunique()
    whole = subjects[chosen].nunique()
    if touched < FEWEST_EACH or whole - touched < FEWEST_EACH:
        raise TooFew(whole, touched)

    def grow(rows: NDArray[np.bool_]) -> lightgbm.Booster:
        learner = lightgbm.LGBMClassifier(**SETTINGS, n_estimators=TREES)
        return learner.fit(
            glances.made[rows], happened[rows].astype(int), sample_weight=_weights(subjects[rows])
        ).booster_

    moments = glances.about["at"]
    marks = [*moments[chosen].quantile(list(FOLDS[:-1])).dt.floor("s"), moments[chosen].max().ceil("s")]
    raw, outcome, weights = [], [], []
    for since, before in pairwise(marks):
        past = glances.known_by(since.to_pydatetime()) & (moments < since).to_numpy()
        fold = chosen & ((moments >= since) & (moments <= before)).to_numpy()
        if not fold.any() or not FEWEST_EACH // 2 < happened[past].sum() < past.sum() - FEWEST_EACH // 2:
            continue
        raw.append(np.asarray(grow(past).predict(glances.made[fold], raw_score=True)))
        outcome.append(happened[fold])
        weights.append(_weights(subjects[fold]))
    if not raw or not 0 < np.concatenate(outcome).sum() < len(np.concatenate(outcome)):
        raise TooFew(whole, touched)
    # A gentle prior: where the folds tell little, the scores are taken as they are.
    curve = LogisticRegression(C=10.0).fit(
        np.concatenate(raw)[:, None], np.concatenate(outcome), sample_weight=np.concatenate(weights)
    )
    own = _weights(subjects[chosen])
    model = ChanceModel(
        columns=list(glances.made.columns),
        trees=grow(chosen),
        steepness=max(float(curve.coef_[0, 0]), 0.05),
        middle=float(curve.intercept_[0]),
        known_at=until,
        learned=int(whole),
        happened=int(touched),
        usual=float(np.average(happened[chosen], weights=own)),
        likeness=Likeness({}, {}),
    )
    newest = chosen & (moments >= marks[-2]).to_numpy()
    model.likeness = Likeness.of(glances.made[newest].assign(chance=model.chances(glances.made[newest])))
    return model
