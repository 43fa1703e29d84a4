"""Whether an order will arrive late: how long it will take is learned, and with it how often such a forecast is overrun.

Learning the time itself tells far more than learning 'late or not': every delivery says how long it took, and few were late. A
gradient-boosted forest (LightGBM, Huber's loss on the logarithm of days, newer orders weigh more) gives the middle; the share of orders
that take longer than a given time is a logistic curve around it, fitted on forecasts of a time that the forest had not seen. So the
chance is calibrated, falls as the promise gets longer, and can be asked again while the order is under way.

A forest is some weeks old when it is asked, and carriers have become faster or slower since. So the forecast is corrected by what it missed
on the orders that arrived in the last weeks: known by then as well.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, Any

import numpy as np

from aftercare.insights.foresight.features import (
    MOMENTS,
    REASON_OF,
    Moment,
    days_left,
    days_taken,
    features,
    late,
)
from aftercare.insights.foresight.history import History, seconds
from aftercare.insights.foresight.scoring import Likeness, Scores, scores

if TYPE_CHECKING:
    import lightgbm
    import pandas as pd
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Truths = NDArray[np.bool_]

FEWEST, FEWEST_LATE = 200, 20
"""Orders that arrived, and late ones among them, with less of which nothing is learned."""
TREES, SEEDS = 120, 4
FADES = 200.0
"""Days after which an order weighs a third."""
LEAST_DAYS = 0.3
WHYS = 4
TRACKED, TRUST = 30, 10.0
"""Days of arrivals by which a forecast is corrected, drawn to nothing as if it had been right so many times."""
SETTINGS: dict[str, Any] = {
    "objective": "huber",
    "alpha": 0.4,
    "learning_rate": 0.04,
    "num_leaves": 8,
    "min_child_samples": 30,
    "reg_lambda": 10.0,
    "colsample_bytree": 0.4,
    "subsample": 0.7,
    "subsample_freq": 1,
    "verbose": -1,
    "n_jobs": 1,
    "deterministic": True,
    "force_row_wise": True,
}
FOLDS = (0.4, 0.55, 0.7, 0.85, 1.0)
"""The parts of the past that the curve is fitted on, each forecast from what was known before it."""
WEIGHTS = (0.25, 0.5, 0.75, 1.0)


class TooFew(Exception):
    """Not enough orders have arrived, or not enough of them late, to learn from."""

    def __init__(self, arrived: int, late: int) -> None:
        super().__init__(f"{arrived} arrived, {late} late")
        self.arrived, self.late = arrived, late


@dataclass(frozen=True)
class Why:
    """One reason and what it does: by how much it makes the order likelier to be late (or less), on the scale of log-odds.
    `longer`: by which part it lengthens the expected time; None for the promise itself."""

    reason: str
    effect: float
    longer: float | None


@dataclass
class LateModel:
    moment: Moment
    columns: list[str]
    trees: list[lightgbm.Booster]
    steepness: float
    middle: float
    scatter: float
    """Of the logarithms of days around what was forecast, on the scale of a logistic distribution."""
    promise: float
    """The middle of the logarithms of the days that were promised: a shorter promise is a reason."""
    known_at: datetime
    """Nothing that was known later was learned from."""
    arrived: int
    late: int
    likeness: Likeness
    """Of the features, and of the chances under `chance`."""

    @property
    def usual(self) -> float:
        return self.late / max(1, self.arrived)

    def expected(self, orders: pd.DataFrame, made: pd.DataFrame, at: pd.Series[Any]) -> Numbers:
        """The logarithm of the days each order will take, by what was known at `at`. All orders are needed, also those that have
        arrived."""
        return corrected(_told(self.trees, made[self.columns]), orders, self.moment, at)

    def overrun(self, expected: Numbers, days: Numbers) -> Numbers:
        """The chance that it takes longer than so many days."""
        score = self.steepness * (expected - np.log(np.maximum(days, LEAST_DAYS))) + self.middle
        chance: Numbers = 1 / (1 + np.exp(-np.clip(score, -30, 30)))
        return chance

    def chances(self, orders: pd.DataFrame, made: pd.DataFrame, now: datetime | None = None) -> Numbers:
        """Of being late, as seen at the moment of the model; with `now`, by all that is known then, also that an order has not arrived.
        All orders are needed, also those that have arrived."""
        import pandas as pd

        begun, left = orders[MOMENTS[self.moment]], days_left(orders, self.moment)
        if now is None:
            return self.overrun(self.expected(orders, made, begun), left)
        expected = self.expected(orders, made, pd.Series(pd.Timestamp(now), index=orders.index))
        chance = self.overrun(expected, left)
        waited = (now.timestamp() - seconds(begun)) / 86_400
        # How many take longer than it has waited is told by how times scatter; the curve only knows of promises.
        beyond = (expected - np.log(np.maximum(waited, LEAST_DAYS))) / self.scatter
        still = 1 / (1 + np.exp(-np.clip(beyond, -30, 30)))
        sure: Numbers = np.where(waited >= left, 1.0, np.minimum(1.0, chance / np.maximum(still, 1e-9)))
        # What has waited less than the least time tells nothing yet.
        return np.where(waited <= LEAST_DAYS, chance, sure)

    def whys(self, orders: pd.DataFrame, made: pd.DataFrame) -> list[list[Why]]:
        """The strongest reasons for each order, the strongest first."""
        parts = np.mean([tree.predict(made[self.columns], pred_contrib=True) for tree in self.trees], axis=0)
        reasons = sorted({REASON_OF[column] for column in self.columns})
        places = np.array([reasons.index(REASON_OF[column]) for column in self.columns])
        by_reason = np.zeros((len(made), len(reasons)))
        for column in range(len(self.columns)):
            by_reason[:, places[column]] += parts[:, column]
        tight = self.promise - np.log(np.maximum(days_left(orders, self.moment), LEAST_DAYS))
        told = []
        for row in range(len(made)):
            all_of = [
                Why(reason, float(self.steepness * part), float(np.expm1(part)))
                for reason, part in zip(reasons, by_reason[row], strict=True)
            ]
            all_of.append(Why("promise", float(self.steepness * tight[row]), None))
            told.append(sorted(all_of, key=lambda why: -abs(why.effect))[:WHYS])
        return told

    def dump(self) -> bytes:
        told = {
            "moment": self.moment,
            "columns": self.columns,
            "trees": [tree.model_to_string() for tree in self.trees],
            "steepness": self.steepness,
            "middle": self.middle,
            "scatter": self.scatter,
            "promise": self.promise,
            "known_at": self.known_at.isoformat(),
            "arrived": self.arrived,
            "late": self.late,
            "likeness": asdict(self.likeness),
        }
        return json.dumps(told).encode()

    @classmethod
    def load(cls, told: bytes) -> LateModel:
        import lightgbm

        known = json.loads(told)
        known["trees"] = [lightgbm.Booster(model_str=text) for text in known["trees"]]
        known["known_at"] = datetime.fromisoformat(known["known_at"])
        known["likeness"] = Likeness(**known["likeness"])
        return cls(**known)


def _told(trees: list[lightgbm.Booster], made: pd.DataFrame) -> Numbers:
    told: Numbers = np.mean([tree.predict(made) for tree in trees], axis=0)
    return told


def corrected(told: Numbers, orders: pd.DataFrame, moment: Moment, at: pd.Series[Any]) -> Numbers:
    """The forecasts and what they missed lately, as was known at `at`."""
    import pandas as pd

    missed = np.log(np.maximum(days_taken(orders, moment), LEAST_DAYS)) - told
    every = pd.Series("", index=orders.index)
    return told + History(every, orders.delivered_at, missed).mean(every, at, 0.0, TRUST, TRACKED)


def known_by(orders: pd.DataFrame, moment: Moment, until: datetime) -> Truths:
    """The orders that had passed the moment and arrived before then."""
    known: Truths = (
        orders[MOMENTS[moment]].notna()
        & (orders[MOMENTS[moment]] < orders.delivered_at)
        & (orders.delivered_at < until)
    ).to_numpy()
    return known


def _grow(
    orders: pd.DataFrame, made: pd.DataFrame, moment: Moment, chosen: Truths, until: datetime, seeds: int
) -> list[lightgbm.Booster]:
    import lightgbm

    taken = np.log(np.maximum(days_taken(orders[chosen], moment), LEAST_DAYS))
    age = (until.timestamp() - seconds(orders[MOMENTS[moment]][chosen])) / 86_400
    weight = np.exp(-np.maximum(age, 0) / FADES)
    return [
        lightgbm.LGBMRegressor(**SETTINGS, n_estimators=TREES, random_state=seed)
        .fit(made[chosen], taken, sample_weight=weight)
        .booster_
        for seed in range(seeds)
    ]


def learn(
    orders: pd.DataFrame,
    moment: Moment,
    until: datetime,
    *,
    made: pd.DataFrame | None = None,
    seeds: int = SEEDS,
) -> LateModel:
    """From what was known by `until`, the same for the same orders. Raises TooFew."""
    from sklearn.linear_model import LogisticRegression

    made = features(orders, moment) if made is None else made
    chosen = known_by(orders, moment, until)
    was_late = late(orders)
    arrived, times = int(chosen.sum()), int(was_late[chosen].sum())
    if arrived < FEWEST or times < FEWEST_LATE or times == arrived:
        raise TooFew(arrived, times)

    begun = orders[MOMENTS[moment]]
    left = np.log(np.maximum(days_left(orders, moment), LEAST_DAYS))
    marks = [*begun[chosen].quantile(list(FOLDS[:-1])).dt.floor("s"), begun[chosen].max().ceil("s")]
    beyond, happened, counts, missed = [], [], [], []
    for weight, since, before in zip(WEIGHTS, marks[:-1], marks[1:], strict=True):
        past = known_by(orders, moment, since.to_pydatetime())
        fold = chosen & ((begun >= since) & (begun <= before)).to_numpy()
        if past.sum() < FEWEST // 2 or not fold.any():
            continue
        trees = _grow(orders, made, moment, past, since.to_pydatetime(), 1)
        told = corrected(_told(trees, made), orders, moment, begun)
        beyond.append((told - left)[fold])
        missed.append((np.log(np.maximum(days_taken(orders, moment), LEAST_DAYS)) - told)[fold])
        happened.append(was_late[fold])
        counts.append(np.full(int(fold.sum()), weight))
    if not beyond or not 0 < np.concatenate(happened).sum() < len(np.concatenate(happened)):
        raise TooFew(arrived, times)
    curve = LogisticRegression(C=1e6).fit(
        np.concatenate(beyond)[:, None], np.concatenate(happened), sample_weight=np.concatenate(counts)
    )

    model = LateModel(
        moment=moment,
        columns=list(made.columns),
        trees=_grow(orders, made, moment, chosen, until, seeds),
        steepness=max(float(curve.coef_[0, 0]), 0.1),
        middle=float(curve.intercept_[0]),
        scatter=max(0.05, float(np.std(np.concatenate(missed))) * np.sqrt(3) / np.pi),
        promise=float(np.median(left[chosen])),
        known_at=until,
        arrived=arrived,
        late=times,
        likeness=Likeness({}, {}),
    )
    # What later orders are compared with is the newest fifth of the known ones.
    newest = chosen & (begun >= marks[-2]).to_numpy()
    model.likeness = Likeness.of(made.assign(chance=model.chances(orders, made))[newest])
    return model


@dataclass(frozen=True)
class Trial:
    """A model of the past on the orders of the future."""

    moment: Moment
    split: datetime
    learned_from: int
    learned_late: int
    scores: Scores
    learn_seconds: float
    orders: list[str]
    chances: Numbers
    happened: Numbers

    def foretold(self) -> pd.DataFrame:
        """Each order with its chance and what happened."""
        import pandas as pd

        told = {"order": self.orders, "moment": self.moment, "chance": self.chances, "late": self.happened}
        return pd.DataFrame(told)


def split_of(orders: pd.DataFrame, share: float = 0.8) -> datetime:
    """The moment before which so large a share of all orders was approved."""
    moment: datetime = orders.approved_at.quantile(share).floor("s").to_pydatetime()
    return moment


def try_out(orders: pd.DataFrame, moment: Moment, split: datetime) -> Trial:
    """Learns from what was known at `split` and foretells the orders approved from then on whose delivery is known. Raises TooFew."""
    began = monotonic()
    made = features(orders, moment)
    model = learn(orders, moment, split, made=made)
    took = monotonic() - began
    later = (
        (orders.approved_at >= split) & orders.delivered_at.notna() & orders[MOMENTS[moment]].notna()
    ).to_numpy()
    happened, chances = late(orders)[later], model.chances(orders, made)[later]
    return Trial(
        moment=moment,
        split=split,
        learned_from=model.arrived,
        learned_late=model.late,
        scores=scores(happened, chances, model.usual),
        learn_seconds=took,
        orders=orders.id[later].tolist(),
        chances=chances,
        happened=happened,
    )
