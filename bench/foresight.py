"""Late orders of the public set: learned from the past, tried on the future; how well, and in what time."""

from dataclasses import dataclass
from pathlib import Path

from aftercare.insights.foresight import lateness, orders
from aftercare.insights.foresight.features import MOMENTS

LEAST = {"approved": 0.75, "handed_over": 0.83}


@dataclass
class Result:
    moment: str
    learned_from: int
    foretold: int
    late: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    least: float
    brier: float
    brier_plain: float
    ece: float
    seconds: float


def measure(folder: Path) -> list[Result]:
    rows = orders.from_olist(folder)
    split = lateness.split_of(rows)
    results = []
    for moment in MOMENTS:
        trial = lateness.try_out(rows, moment, split)
        results.append(
            Result(
                moment=moment,
                learned_from=trial.learned_from,
                foretold=trial.scores.count,
                late=trial.scores.happened,
                auc=trial.scores.auc and round(trial.scores.auc, 4),
                auc_low=trial.scores.auc_low and round(trial.scores.auc_low, 4),
                auc_high=trial.scores.auc_high and round(trial.scores.auc_high, 4),
                least=LEAST[moment],
                brier=round(trial.scores.brier, 4),
                brier_plain=round(trial.scores.brier_plain, 4),
                ece=round(trial.scores.ece, 4),
                seconds=round(trial.learn_seconds, 1),
            )
        )
    return results
