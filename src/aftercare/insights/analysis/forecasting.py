"""What comes next: several ways to forecast examine each other on the past (rolling origin), naive ones among them, and the
best is taken. The intervals are what the errors of the past were, and how often they hold is measured too."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
from statsforecast import StatsForecast
from statsforecast import models as ways
from statsmodels.tsa.seasonal import MSTL, STL
from utilsforecast import losses

from aftercare.insights.analysis.answers import (
    Ahead,
    DataLookedAt,
    Forecast,
    ForecastSeries,
    Sentence,
    SeriesPart,
    SeriesPoint,
    WayScore,
)
from aftercare.insights.analysis.frames import NotEnough
from aftercare.insights.analysis.series import Even, horizon_of, seasons_of

MOST_WINDOWS = 20
"""Of few series; of many only six."""
FEW_SERIES = 12
"""Up to so many, ways are tried that take a second each."""
SEASONS_KEPT = 8
"""A slow way looks at so many of the longest seasons: what was before tells little and costs time."""
SPARSE = 1.32
"""Mean distance of steps that are not zero from which demand counts as intermittent (Syntetos & Boylan 2005)."""
MOST_HISTORY = 1_500
MOST_DECOMPOSED = 6
Progress = Callable[[float], None]


@dataclass(frozen=True)
class Way:
    """One way to forecast: `code` in texts.toml, with the season that it repeats, if any."""

    code: str
    model: Any
    naive: bool = False

    @property
    def name(self) -> str:
        return str(self.model.alias)


def forecast(
    even: Even,
    data: DataLookedAt,
    command: str,
    *,
    seasons: list[int] | None = None,
    horizon: int | None = None,
    progress: Progress = lambda _: None,
) -> Forecast:
    """Refuses with NotEnough where the past does not hold one examination."""
    began = perf_counter()
    seasons = sorted(seasons) if seasons else seasons_of(even)
    horizon = horizon or horizon_of(even, seasons)
    sparse = is_sparse(even.long)
    long, left_out = _long_enough(even, seasons, horizon, sparse)
    lengths = long.groupby("unique_id").size()
    number = len(lengths)
    seasonality = 1 if sparse or not seasons else seasons[-1]
    windows = int(min(MOST_WINDOWS, max(1, (int(lengths.min()) - _least(seasons, sparse)) // horizon)))
    if number > FEW_SERIES:
        windows = min(windows, 6)
    examined = windows // 3 if windows >= 3 else 0
    tried, seconds = _tried(
        long, ways_for(seasons, sparse, number, int(lengths.min())), horizon, windows, seasons, progress
    )
    names = [way.name for way in tried.ways]
    first = sorted(tried.errors["cutoff"].unique())[: windows - examined]
    choosing = tried.errors["cutoff"].isin(first)
    train = long[long["ds"] <= int(tried.errors["cutoff"].min())]
    by = losses.rmsse if sparse else losses.mase
    chosen_by = _mean(by(tried.errors[choosing], names, seasonality=seasonality, train_df=train), names)
    chosen = min(names, key=lambda name: chosen_by[name])
    exam = tried.errors[~choosing] if examined else tried.errors
    scores = _scores(
        tried, exam, train, seasonality, chosen, chosen_by, seconds, tried.errors[choosing], bool(examined)
    )
    progress(0.85)
    best = next(way for way in tried.ways if way.name == chosen)
    ahead = _ahead(long, best, tried, horizon, seasons)
    series = _series(even, long, ahead, horizon, seasons, sparse)
    naive_best = min(
        (score for score in scores if score.naive), key=lambda score: score.rmsse if sparse else score.mase
    )
    own = next(score for score in scores if score.chosen)
    error, other = (own.rmsse, naive_best.rmsse) if sparse else (own.mase, naive_best.mase)
    better_by = 1 - error / other if other else None
    answer = Forecast(
        data=data,
        says=[],
        method=_method(sparse, windows, examined, horizon),
        limits=_limits(even, sparse, windows, left_out),
        command=command,
        seconds=round(perf_counter() - began, 2),
        column=even.column,
        step=even.step,
        seasons=seasons,
        horizon=horizon,
        sparse=sparse,
        windows=windows,
        examined=examined,
        scores=scores,
        naive_wins=best.naive,
        better_by=better_by,
        series_number=number,
        series=series,
    )
    progress(1.0)
    return answer.model_copy(update={"says": _words(answer)})


def _least(seasons: list[int], sparse: bool) -> int:
    """What a history must have before it can be examined: a decomposition needs every season twice, repeating it once."""
    return max(8, (1 if sparse else 2) * seasons[-1] + 1) if seasons else 8


def is_sparse(long: pd.DataFrame) -> bool:
    """Whether the usual series has nothing in so many steps that it must be forecast as intermittent demand."""
    sizes = long.groupby("unique_id").size()
    busy = long[long["y"] != 0].groupby("unique_id").size().reindex(sizes.index, fill_value=0)
    return bool((sizes / busy.clip(lower=1)).median() > SPARSE)


def _long_enough(
    even: Even, seasons: list[int], horizon: int, sparse: bool
) -> tuple[pd.DataFrame, list[str]]:
    """Without the series that are too short for one window; where most are, seasons that no series holds are given up."""
    sizes = even.long.groupby("unique_id")["y"].size()
    while seasons and int(sizes.max()) < _least(seasons, sparse) + horizon:
        seasons.pop()
    needed = _least(seasons, sparse) + horizon
    if int(sizes.max()) < needed:
        raise NotEnough(steps=int(sizes.max()), needed=needed)
    typical = int(sizes.median())
    kept = sizes.index[sizes >= max(needed, min(typical, needed + 3 * horizon))]
    short = [str(one) for one in sizes.index.difference(kept)]
    return even.long[even.long["unique_id"].isin(kept)].reset_index(drop=True), even.left_out + short


def ways_for(seasons: list[int], sparse: bool, number: int, length: int) -> list[Way]:
    found = [
        Way("naive", ways.Naive(alias="naive"), naive=True),
        Way("mean", ways.HistoricAverage(alias="mean"), naive=True),
    ]
    found += [
        Way("seasonal_naive", ways.SeasonalNaive(season, alias=f"seasonal_naive_{season}"), naive=True)
        for season in seasons
    ]
    few = number <= FEW_SERIES
    if length >= 24:
        found.append(Way("window_mean", ways.WindowAverage(12, alias="window_mean")))
    found.append(Way("ses", ways.SimpleExponentialSmoothingOptimized(alias="ses")))
    if seasons and length >= 5 * seasons[-1]:
        found.append(Way("seasonal_mean", ways.SeasonalWindowAverage(seasons[-1], 4, alias="seasonal_mean")))
    if sparse:
        found += [
            Way("croston_sba", ways.CrostonSBA(alias="croston_sba")),
            Way("tsb", ways.TSB(0.1, 0.1, alias="tsb")),
            Way("adida", ways.ADIDA(alias="adida")),
            Way("imapa", ways.IMAPA(alias="imapa")),
        ]
    short = seasons[-1] if seasons else 1
    if not sparse and short <= 24 and (few or length <= 400):
        if number <= 200:
            found.append(Way("ets", ways.AutoETS(season_length=short, alias="ets")))
        found.append(Way("theta", ways.Theta(season_length=short, alias="theta")))
    if seasons and few:
        # Decomposed by the longest season alone it does better than by each in turn: a week holds its days.
        trend = ways.SimpleExponentialSmoothingOptimized()
        found.append(Way("mstl", ways.MSTL([seasons[-1]], trend_forecaster=trend, alias="mstl")))
    return found


@dataclass
class Tried:
    ways: list[Way]
    errors: pd.DataFrame
    """unique_id, ds, cutoff, y, and one column per way."""
    floor: dict[str, float]
    """Of the mean of each series, below which its error is not thought to shrink."""
    never_below_zero: bool


@contextmanager
def quietly() -> Iterator[None]:
    """The libraries warn of what is measured here anyway: series that do not converge, short seasons."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def _tried(
    long: pd.DataFrame,
    candidates: list[Way],
    horizon: int,
    windows: int,
    seasons: list[int],
    progress: Progress,
) -> tuple[Tried, dict[str, float]]:
    errors: pd.DataFrame | None = None
    seconds: dict[str, float] = {}
    never = bool((long["y"] >= 0).all())
    kept: list[Way] = []
    for at, way in enumerate(candidates):
        began = perf_counter()
        try:
            with quietly():
                found = StatsForecast([way.model], freq=1).cross_validation(
                    df=long,
                    h=horizon,
                    step_size=horizon,
                    n_windows=windows,
                    input_size=_memory(way, seasons),
                )
        except (ValueError, ZeroDivisionError, np.linalg.LinAlgError):
            continue  # this way cannot be had from such a series; the others can
        values = found[way.name].to_numpy(dtype=float)
        if not np.isfinite(values).all():
            continue
        kept.append(way)
        seconds[way.name] = round(perf_counter() - began, 2)
        found[way.name] = values.clip(min=0) if never else values
        errors = found if errors is None else errors.assign(**{way.name: found[way.name].to_numpy()})
        progress(0.05 + 0.75 * (at + 1) / len(candidates))
    if errors is None or not any(way.naive for way in kept):
        raise NotEnough(steps=int(long.groupby("unique_id").size().max()))
    means = long["y"].abs().groupby(long["unique_id"]).mean()
    return Tried(
        kept, errors.reset_index(drop=True), {str(k): 0.1 * float(v) + 1e-9 for k, v in means.items()}, never
    ), seconds


def _memory(way: Way, seasons: list[int]) -> int | None:
    return SEASONS_KEPT * seasons[-1] if way.code == "mstl" and seasons[-1] > 52 else None


def _mean(losses_of: pd.DataFrame, names: list[str]) -> dict[str, float]:
    """Over the series; one that never changed within its history has no scale, and is left out."""
    found = losses_of[names].replace([np.inf, -np.inf], np.nan).mean(numeric_only=True)
    return {name: float(found[name]) if np.isfinite(found[name]) else float("inf") for name in names}


def _scores(
    tried: Tried,
    exam: pd.DataFrame,
    train: pd.DataFrame,
    seasonality: int,
    chosen: str,
    chosen_by: dict[str, float],
    seconds: dict[str, float],
    before: pd.DataFrame,
    has_exam: bool,
) -> list[WayScore]:
    names = [way.name for way in tried.ways]
    mase = _mean(losses.mase(exam, names, seasonality=seasonality, train_df=train), names)
    rmsse = _mean(losses.rmsse(exam, names, seasonality=seasonality, train_df=train), names)
    mae = _mean(losses.mae(exam, names), names)
    bias = _mean(losses.bias(exam, names), names)
    found = []
    for way in tried.ways:
        covered: dict[int, float | None] = {80: None, 95: None}
        if has_exam:
            for level in covered:
                low, high = _bounds(exam, way.name, _quantiles(before, way.name, tried, level), tried)
                covered[level] = float(((exam["y"] >= low) & (exam["y"] <= high)).mean())
        found.append(
            WayScore(
                model=way.name,
                naive=way.naive,
                chosen=way.name == chosen,
                chosen_by=chosen_by[way.name],
                mase=mase[way.name],
                rmsse=rmsse[way.name],
                mae=mae[way.name],
                bias=bias[way.name],
                covered80=covered[80],
                covered95=covered[95],
                seconds=seconds[way.name],
            )
        )
    return sorted(found, key=lambda score: score.chosen_by)


def _scale(frame: pd.DataFrame, name: str, tried: Tried) -> "np.ndarray[Any, Any]":
    """What errors are measured in: counts stray as the root of how many there are, others evenly."""
    floor = frame["unique_id"].map(tried.floor).to_numpy(dtype=float)
    if not tried.never_below_zero:
        return np.asarray(10 * floor)
    return np.asarray(np.sqrt(np.maximum(frame[name].to_numpy(dtype=float), floor)))


def _quantiles(before: pd.DataFrame, name: str, tried: Tried, level: int) -> tuple[float, float]:
    """Conformal: the errors of the back-test themselves, with the correction for how few there are."""
    strayed = ((before["y"].to_numpy() - before[name].to_numpy()) / _scale(before, name, tried)).astype(float)
    n = len(strayed)
    tail = (1 - level / 100) / 2
    low = np.quantile(strayed, max(0.0, np.floor((n + 1) * tail) / n), method="lower")
    high = np.quantile(strayed, min(1.0, np.ceil((n + 1) * (1 - tail)) / n), method="higher")
    return float(low), float(high)


def _bounds(
    frame: pd.DataFrame, name: str, ends: tuple[float, float], tried: Tried
) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    middle, scale = frame[name].to_numpy(dtype=float), _scale(frame, name, tried)
    low, high = middle + ends[0] * scale, middle + ends[1] * scale
    return (np.maximum(low, 0), np.maximum(high, 0)) if tried.never_below_zero else (low, high)


def _ahead(long: pd.DataFrame, way: Way, tried: Tried, horizon: int, seasons: list[int]) -> pd.DataFrame:
    memory = _memory(way, seasons)
    recent = long.groupby("unique_id").tail(memory) if memory else long
    with quietly():
        found = StatsForecast([way.model], freq=1).forecast(df=recent, h=horizon)
    found[way.name] = found[way.name].to_numpy(dtype=float)
    if tried.never_below_zero:
        found[way.name] = found[way.name].clip(lower=0)
    for level in (80, 95):
        low, high = _bounds(found, way.name, _quantiles(tried.errors, way.name, tried, level), tried)
        found[f"low{level}"], found[f"high{level}"] = (
            np.minimum(low, found[way.name]),
            np.maximum(high, found[way.name]),
        )
    return found.rename(columns={way.name: "value"})


def _series(
    even: Even, long: pd.DataFrame, ahead: pd.DataFrame, horizon: int, seasons: list[int], sparse: bool
) -> list[ForecastSeries]:
    stamps = [_written(at, even.step) for at in even.stamps]
    coming = [_written(at, even.step) for at in even.ahead(horizon)]
    totals = long.groupby("unique_id")["y"].sum().sort_values(ascending=False)
    kept = MOST_HISTORY if len(totals) <= FEW_SERIES else 60
    columns = ("value", "low80", "high80", "low95", "high95")
    past = {
        str(name): (part["ds"].to_numpy(), part["y"].to_numpy(dtype=float))
        for name, part in long.groupby("unique_id")
    }
    names = ahead["unique_id"].to_numpy()[::horizon]
    futures = dict(
        zip(names, ahead[list(columns)].to_numpy(dtype=float).reshape(-1, horizon, 5), strict=True)
    )
    found = []
    for at, name in enumerate(str(one) for one in totals.index):
        steps, values = past[name]
        found.append(
            ForecastSeries(
                name=name,
                n=len(values),
                zeros=float((values == 0).mean()),
                total=float(values.sum()),
                history=[
                    SeriesPoint(at=stamps[ds], value=round(float(y), 4))
                    for ds, y in zip(steps[-kept:], values[-kept:], strict=True)
                ],
                ahead=[
                    Ahead(at=when, **dict(zip(columns, (round(float(v), 4) for v in row), strict=True)))
                    for when, row in zip(coming, futures[name], strict=True)
                ],
                components=[] if sparse or at >= MOST_DECOMPOSED else decompose(values[-kept:], seasons),
            )
        )
    return found


def _written(at: pd.Timestamp, step: str) -> str:
    told = str(at.isoformat())
    return told[:16] if step.endswith(("min", "h", "s")) else told[:10]


def decompose(values: "np.ndarray[Any, Any]", seasons: list[int]) -> list[SeriesPart]:
    """Trend, seasons and what is left, by STL with several seasons (Bandara et al. 2021). The strength of a part is Hyndman's:
    1 - var(rest) / var(part + rest)."""
    held = [season for season in seasons if len(values) >= 2 * season + 1]
    if not held:
        return []
    with quietly():
        found = (
            STL(values, period=held[0], robust=True) if len(held) == 1 else MSTL(values, periods=held)
        ).fit()
    seasonal = np.asarray(found.seasonal).reshape(len(values), -1)
    rest = np.asarray(found.resid)
    parts = {"trend": np.asarray(found.trend)} | {
        str(season): seasonal[:, at] for at, season in enumerate(held)
    }

    def strength(part: "np.ndarray[Any, Any]") -> float:
        both = float(np.var(part + rest))
        return max(0.0, 1 - float(np.var(rest)) / both) if both else 0.0

    return [
        *(
            SeriesPart(
                name=name, strength=round(strength(part), 4), values=[round(float(v), 3) for v in part]
            )
            for name, part in parts.items()
        ),
        SeriesPart(name="remainder", strength=None, values=[round(float(v), 3) for v in rest]),
    ]


def _method(sparse: bool, windows: int, examined: int, horizon: int) -> list[Sentence]:
    found = [
        Sentence(
            code="method.back_test", values={"windows": windows, "examined": examined, "horizon": horizon}
        )
        if examined
        else Sentence(code="method.back_test_short", values={"windows": windows, "horizon": horizon}),
        Sentence(code="method.rmsse" if sparse else "method.mase"),
        Sentence(code="method.conformal"),
    ]
    if sparse:
        found.append(Sentence(code="method.sparse"))
    return found


def _limits(even: Even, sparse: bool, windows: int, left_out: list[str]) -> list[Sentence]:
    found = [Sentence(code="limit.past")]
    if even.filled:
        found.append(Sentence(code="limit.filled", values={"n": even.filled}))
    if even.open_slots is not None:
        found.append(Sentence(code="limit.open_hours", values={"n": even.open_slots}))
    if left_out:
        found.append(Sentence(code="limit.left_out", values={"n": len(left_out)}))
    if windows < 3:
        found.append(Sentence(code="limit.few_windows", values={"n": windows}))
    if sparse:
        found.append(Sentence(code="limit.sparse"))
    return found


def _words(answer: Forecast) -> list[Sentence]:
    total = sum(point.value for series in answer.series for point in series.ahead)
    recent = sum(
        point.value or 0.0 for series in answer.series for point in series.history[-answer.horizon :]
    )
    says = [
        Sentence(
            code="forecast.total" if answer.series_number == 1 else "forecast.total_many",
            values={
                "column": answer.column,
                "series": answer.series_number,
                "horizon": answer.horizon,
                "step": answer.step,
                "total": total,
                "recent": recent,
            },
        )
    ]
    if recent:
        change = total / recent - 1
        code = "same" if abs(change) < 0.02 else "more" if change > 0 else "less"
        says.append(Sentence(code=f"forecast.{code}", values={"change": abs(change)}))
    own = next(score for score in answer.scores if score.chosen)
    values = {
        "model": own.model,
        "better": abs(answer.better_by or 0.0),
        "measure": "RMSSE" if answer.sparse else "MASE",
        "error": own.rmsse if answer.sparse else own.mase,
    }
    if answer.naive_wins:
        says.append(Sentence(code="forecast.naive_wins", values=values))
    elif (answer.better_by or 0) > 0.01:
        says.append(Sentence(code="forecast.better", values=values))
    else:
        says.append(Sentence(code="forecast.no_better", values=values))
    if own.covered80 is not None:
        says.append(
            Sentence(code="forecast.covered", values={"covered80": own.covered80, "covered95": own.covered95})
        )
    seasons = [
        (component.name, component.strength)
        for component in (answer.series[0].components if answer.series_number == 1 else [])
        if component.name.isdigit() and component.strength is not None
    ]
    if seasons:
        length, strength = max(seasons, key=lambda one: one[1] or 0)
        says.append(Sentence(code="forecast.season", values={"length": int(length), "strength": strength}))
    return says
