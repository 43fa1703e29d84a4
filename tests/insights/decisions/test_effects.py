"""The effects that are found, on worlds whose truth is known: false alarms at their rate, planted changes found."""

from datetime import date
from typing import Any
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from aftercare.insights.decisions import effects
from aftercare.insights.decisions.seen import ArmPoint, Effect
from aftercare.insights.decisions.verdicts import judge, paragraph, returns
from aftercare.kit.lots import is_drawn

Numbers = npt.NDArray[Any]
SALT = UUID("0192f0c0-0000-7000-8000-000000000001")


def units(dice: np.random.Generator, n: int, change: float, past: float = 2.0) -> pd.DataFrame:
    x = dice.normal(10, 1, n)
    treated = dice.integers(0, 2, n)
    y = past * x + change * treated + dice.normal(0, 1, n)
    return pd.DataFrame({"treated": treated, "total": y, "n": 1, "total_before": x, "n_before": 1.0})


def costly(dice: np.random.Generator, n: int, change: float, zeros: float = 0.6) -> pd.DataFrame:
    """What cases cost: customers have one or more, most cost nothing, some a great deal, and some customers always more."""
    treated = dice.integers(0, 2, n)
    cases, before = 1 + dice.poisson(0.5, n), dice.poisson(1.0, n)
    own = dice.lognormal(0, 0.4, n)

    def spent(how_often: Numbers, factor: Numbers) -> Numbers:
        whose = np.repeat(np.arange(n), how_often)
        each = np.where(dice.random(len(whose)) < zeros, 0.0, dice.lognormal(6, 0.8, len(whose)))
        return np.bincount(whose, weights=each, minlength=n) * own * factor

    return pd.DataFrame(
        {
            "treated": treated,
            "total": spent(cases, np.where(treated == 1, 1 + change, 1.0)),
            "n": cases,
            "total_before": np.where(before > 0, spent(before, np.ones(n)), np.nan),
            "n_before": np.where(before > 0, before.astype(float), np.nan),
        }
    )


def panel(
    dice: np.random.Generator, shops: int, change: float, drift: float = 0.0, days: int = 60
) -> pd.DataFrame:
    """Half of the shops have it from day 30 on; all share what happens to everybody."""
    common = np.cumsum(dice.normal(0, 0.3, days))
    rows = []
    for shop in range(shops):
        ever, level = int(shop < shops // 2), dice.normal(10, 2)
        for day in range(days):
            treated = int(ever and day >= 30)
            y = level + common[day] + change * treated + drift * ever * day + dice.normal(0, 0.5)
            rows.append({"shop": f"s{shop}", "day": day, "y": y, "n": 40, "ever": ever, "treated": treated})
    return pd.DataFrame(rows)


def bounds(found: Effect) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_the_same_unit_is_always_drawn_alike_and_shares_come_out() -> None:
    assert [is_drawn(SALT, f"customer {n}", 0.5) for n in range(8)] == [
        is_drawn(SALT, f"customer {n}", 0.5) for n in range(8)
    ]
    drawn = [is_drawn(SALT, str(n), 0.2) for n in range(20_000)]
    assert sum(drawn) == pytest.approx(4_000, rel=0.05)
    other = [is_drawn(UUID(int=SALT.int + 1), str(n), 0.2) for n in range(20_000)]
    # Another decision draws anew: who is in one is in the other no more often than anybody.
    assert sum(a and b for a, b in zip(drawn, other, strict=True)) == pytest.approx(800, rel=0.15)
    # Who is drawn for a small share is drawn for a larger one: a roll-out grows and nobody falls out.
    assert all(is_drawn(SALT, str(n), 0.5) for n in range(2_000) if is_drawn(SALT, str(n), 0.2))


def test_looking_every_day_raises_no_false_alarms() -> None:
    """A/A, looked at ten times: a plain interval would cry wolf in some 19 of 100 worlds, a confidence sequence in at most 5."""
    dice = np.random.default_rng(1)
    alarms = 0
    for _ in range(100):
        world = units(dice, 1_000, change=0.0)
        for seen in range(100, 1_001, 100):
            low, high = bounds(effects.randomised(world.head(seen), "points", planned=1_000))
            if low > 0 or high < 0:
                alarms += 1
                break
    assert alarms <= 5


def test_looking_every_day_raises_no_false_alarms_where_most_values_are_zero() -> None:
    dice = np.random.default_rng(11)
    alarms = 0
    for _ in range(100):
        world = costly(dice, 1_200, change=0.0)
        looks = (
            effects.randomised(world.head(seen), "relative", planned=1_200) for seen in range(200, 1_201, 100)
        )
        alarms += any(found.enough and (bounds(found)[0] > 0 or bounds(found)[1] < 0) for found in looks)
    assert alarms <= 5


def test_the_error_is_right_where_most_values_are_zero() -> None:
    """Of 400 worlds, 95 % of the plain intervals hold the truth, within what chance allows (two and a half standard errors)."""
    dice = np.random.default_rng(12)
    inside = 0
    for _ in range(400):
        found = effects.compare_arms(costly(dice, 1_500, change=-0.2), "relative")
        inside += abs(found.change - np.log(0.8)) < 1.96 * found.error
    assert abs(inside / 400 - 0.95) < 2.5 * (0.95 * 0.05 / 400) ** 0.5


def test_zeros_do_not_widen_the_interval_beyond_use() -> None:
    """The logarithm of one plus a value, which was taken before, has 5 to 7 for what costs anything and 0 for what does not: its
    interval was as wide as the whole. A ratio of means is told to a fifth, and finds a fall by a third."""
    dice = np.random.default_rng(13)
    world = costly(dice, 3_000, change=-0.33)
    found = effects.randomised(world, "relative")
    low, high = bounds(found)
    assert low < -0.33 < high < 0
    assert high - low < 0.35
    assert found.mean_control is not None
    assert found.mean_treated is not None
    assert found.mean_control == pytest.approx(0.4 * np.exp(6 + 0.32 + 0.08), rel=0.15)
    assert found.mean_treated / found.mean_control == pytest.approx(0.67, abs=0.1)
    logs = np.log1p(world["total"] / world["n"])
    arms = [logs[world["treated"] == arm] for arm in (1, 0)]
    error = float(np.hypot(*(arm.std() / len(arm) ** 0.5 for arm in arms)))
    reach = effects.widening(3_000, 3_000) * error
    assert np.exp(reach) - np.exp(-reach) > 2 * (high - low)


def test_what_it_gave_back_is_told_where_money_is_measured() -> None:
    effect = effects.nothing_yet("randomised", "relative", 100, 100, []).model_copy(
        update={
            "mean_control": 2_000.0,
            "estimate": -0.2,
            "low": -0.3,
            "high": -0.1,
            "points": [
                ArmPoint(on=date(2026, 1, day), treated=1.0, control=1.0, n_treated=100, n_control=90)
                for day in (4, 5, 6)
            ],
        }
    )
    # 200 cases since the fifth, each 4.00 cheaper: 800.00 for 400.00.
    (told,) = returns(effect, 40_000, date(2026, 1, 5))
    assert told.values == {"value": 1.0, "low": 0.0, "high": 2.0, "n": 200}
    assert "is 100% (interval 0% to 200%, 200 cases)" in paragraph([told], "en")
    assert returns(effect, None, date(2026, 1, 5)) == []


def test_a_part_of_next_to_nothing_is_not_told() -> None:
    dice = np.random.default_rng(14)
    assert not effects.randomised(costly(dice, 400, change=0.0, zeros=0.97), "relative").enough


def test_how_often_somebody_comes_is_no_effect() -> None:
    """Who has the decision comes twice as often, each time at the same cost: cost per case is the same."""
    dice = np.random.default_rng(15)
    treated = dice.integers(0, 2, 4_000)
    n = np.where(treated == 1, 2, 1)
    total = [dice.lognormal(6, 0.5, k).sum() for k in n]
    found = effects.randomised(
        pd.DataFrame(
            {"treated": treated, "total": total, "n": n, "total_before": np.nan, "n_before": np.nan}
        ),
        "relative",
    )
    low, high = bounds(found)
    assert low < 0 < high
    assert high - low < 0.12


def test_a_planted_effect_is_found_and_cuped_makes_the_interval_narrower() -> None:
    dice = np.random.default_rng(2)
    world = units(dice, 3_000, change=0.4)
    adjusted, plain = effects.randomised(world, "points"), effects.randomised(world, "points", cuped=False)
    assert adjusted.estimate == pytest.approx(0.4, abs=0.1)
    low, high = bounds(adjusted)
    wide_low, wide_high = bounds(plain)
    assert 0 < low < 0.4 < high
    # y is 2 x and noise of 1: the past explains four fifths of the variance, so the interval shrinks to 1 / √5.
    assert (high - low) / (wide_high - wide_low) == pytest.approx(5**-0.5, abs=0.05)
    assert adjusted.saved == pytest.approx(1 - 5**-0.5, abs=0.05)
    assert adjusted.p is not None
    assert adjusted.p < 0.001


def test_cuped_does_not_bend_the_estimate_where_many_are_new() -> None:
    dice = np.random.default_rng(3)
    world = units(dice, 4_000, change=0.5)
    world.loc[dice.random(4_000) < 0.4, ["total_before", "n_before"]] = np.nan
    found = effects.randomised(world, "points")
    assert found.estimate == pytest.approx(0.5, abs=0.15)


def test_too_few_say_nothing() -> None:
    found = effects.randomised(units(np.random.default_rng(4), 40, change=9.0), "points")
    assert (found.enough, found.estimate) == (False, None)
    verdict = judge(found, [], good="up", target=0.1, over=False)
    assert verdict.advice == "go_on"
    assert "too little" in paragraph(verdict.says, "en")
    assert "数据还太少" in paragraph(verdict.says, "zh-CN")


@pytest.mark.parametrize("shops", [4, 16])
def test_difference_in_differences_recovers_what_was_planted(shops: int) -> None:
    dice = np.random.default_rng(5)
    found = effects.difference(panel(dice, shops, change=1.0), "points")
    low, high = bounds(found)
    assert low < 1.0 < high
    assert high - low < 0.7
    assert found.estimate == pytest.approx(1.0, abs=0.25)


@pytest.mark.parametrize("shops", [4, 16])
def test_parts_are_compared_between_shops_though_some_days_have_nothing(shops: int) -> None:
    dice = np.random.default_rng(16)
    inside, estimates = 0, []
    for _ in range(20):
        world = panel(dice, shops, change=0.0)
        factor = np.where(world["treated"] == 1, 0.7, 1.0)
        world["y"] = np.where(dice.random(len(world)) < 0.1, 0.0, np.exp(world["y"] / 5) * 1_000) * factor
        found = effects.difference(world, "relative")
        low, high = bounds(found)
        inside += low < -0.3 < high
        estimates.append(found.estimate)
    assert inside >= 17
    assert float(np.mean(np.array(estimates, dtype=float))) == pytest.approx(-0.3, abs=0.04)


def test_parts_of_a_series_are_told_though_some_days_have_nothing() -> None:
    dice = np.random.default_rng(17)
    series = pd.DataFrame({"day": range(120), "n": 40})
    series["y"] = np.where(dice.random(120) < 0.1, 0.0, dice.lognormal(6, 0.2, 120)) * np.where(
        np.arange(120) >= 60, 0.5, 1.0
    )
    found = effects.interrupted(series, 60, "relative", date(2026, 1, 5))
    low, high = bounds(found)
    assert low < -0.5 < high
    assert high - low < 0.6


def test_difference_in_differences_keeps_its_false_alarms() -> None:
    dice = np.random.default_rng(6)
    alarms = sum(
        (found.p or 0) < 0.05
        for found in (effects.difference(panel(dice, 12, change=0.0, days=50), "points") for _ in range(60))
    )
    assert alarms <= 8


def test_trends_that_were_not_parallel_are_told_and_nothing_is_kept_for_them() -> None:
    dice = np.random.default_rng(7)
    found = effects.difference(panel(dice, 6, change=0.0, drift=0.05), "points")
    assert found.parallel_p is not None
    assert found.parallel_p < 0.01
    verdict = judge(found, [], good="up", target=0.5, over=True)
    assert verdict.advice == "go_on"
    assert "drifting apart before it began" in paragraph(verdict.says, "en")
    straight = effects.difference(panel(dice, 6, change=0.0), "points")
    assert straight.parallel_p is None or straight.parallel_p > 0.01


def test_an_interrupted_series_is_told_from_its_trend_and_its_weekdays() -> None:
    dice = np.random.default_rng(8)
    series = pd.DataFrame({"day": range(90), "n": 40})
    weekdays = np.where((np.arange(90) % 7) < 5, 2.0, 0.0)
    series["y"] = 20 + 0.05 * np.arange(90) + weekdays + dice.normal(0, 0.7, 90) - 3.0 * (np.arange(90) >= 60)
    found = effects.interrupted(series, 60, "points", date(2026, 1, 5))
    low, high = bounds(found)
    assert low < -3.0 < high
    assert found.estimate == pytest.approx(-3.0, abs=0.6)
    assert [point.control is None for point in found.points] == [True] * 60 + [False] * 30
    early = judge(found, [], good="down", target=-1.0, over=False)
    assert early.advice == "go_on"
    assert "judged when its time is over" in paragraph(early.says, "en")
    late = judge(found, [], good="down", target=-1.0, over=True)
    assert late.advice == "keep"
    assert paragraph(late.says, "en").endswith("The target (-1) is reached. Advice: keep it.")
    assert judge(found, [], good="up", target=1.0, over=True).advice == "undo"


def test_times_are_compared_as_parts() -> None:
    dice = np.random.default_rng(9)
    treated = dice.integers(0, 2, 4_000)
    hours = dice.lognormal(5, 0.8, 4_000) * np.where(treated == 1, 0.8, 1.0)
    world = pd.DataFrame(
        {"treated": treated, "total": hours, "n": 1, "total_before": np.nan, "n_before": np.nan}
    )
    found = effects.randomised(world, "relative")
    assert found.estimate == pytest.approx(-0.2, abs=0.05)
    words = paragraph(judge(found, [], good="down", target=-0.1, over=False).says, "zh-CN")
    assert "变化为 -2" in words or "变化为 -1" in words
    assert words.endswith("建议：保留。")


def test_power_tells_how_many_and_how_long() -> None:
    before = pd.Series(np.tile([0.0, 1.0], 500))
    plan = effects.power(before, "share", 0.05, 0.5, days=30, per_day=100)
    assert plan.enough
    # Two arms of 1,565 for 50 % against 55 % (Cohen); what looking at any time costs comes on top.
    assert plan.units is not None
    assert 3_130 < plan.units < 7_000
    assert plan.days == -(-plan.units // 100)
    twice = effects.power(before, "share", 0.10, 0.5, days=30, per_day=100)
    assert twice.units is not None
    assert twice.units == pytest.approx(plan.units / 4, rel=0.05)
    assert not effects.power(before.head(10), "share", 0.05, 0.5, 30, 100).enough


def test_a_guard_rail_breaks_only_when_it_surely_has() -> None:
    dice = np.random.default_rng(10)
    slow = pd.Series(dice.exponential(5_000, 200))
    assert effects.guard("first_answer", slow, "time", 2_000, "above").broken
    assert not effects.guard("first_answer", slow, "time", 3_600, "above").broken
    assert not effects.guard("first_answer", slow.head(10), "time", 100, "above").broken
    seen = effects.guard("csat", pd.Series([1.0] * 30 + [0.0] * 70), "share", 0.5, "below")
    assert (seen.broken, seen.value) == (True, 0.3)
    found = effects.randomised(units(dice, 3_000, change=0.9), "points")
    verdict = judge(found, [seen], good="up", target=0.1, over=False)
    assert verdict.advice == "undo"
