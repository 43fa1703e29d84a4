"""What is unusual: counts and values day by day, changes of level, topics."""

import json
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import numpy as np
import pytest
from scipy import stats
from typer.testing import CliRunner

from aftercare.cli import app
from aftercare.insights.alarms import detecting, topics
from aftercare.insights.alarms.detecting import Days, judge, judge_counts, replayed, threshold
from aftercare.insights.alarms.festivals import times_usual
from aftercare.kit.errors import Refusal

FIRST = date(2026, 1, 1)
WEEK = (1.0, 1.0, 1.0, 1.0, 1.3, 1.8, 1.6)


def usual(seed: int, days: int = 365, rate: float = 20.0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    by_day = np.array([rate * WEEK[(FIRST + timedelta(days=number)).weekday()] for number in range(days)])
    return rng.poisson(by_day).astype(float)


def test_a_jolt_is_told_on_its_day_and_a_slow_rise_within_the_week() -> None:
    values = usual(1)
    values[200] *= 2.5
    values[300:307] += 20
    found = replayed(Days(FIRST, values), "up", threshold(50))
    told = [(one.on - FIRST).days for one in found]
    assert 200 in told
    assert any(300 <= number <= 303 for number in told)
    # Of a year, at most one more by chance.
    assert len(told) <= 3


def test_weekends_are_no_alarm() -> None:
    values = usual(2)
    days = Days(FIRST, values)
    saturday = next(number for number in range(150, 160) if days.on(number).weekday() == 5)
    finding = judge_counts(days, saturday)[0]
    assert finding.expected == pytest.approx(36, abs=5)
    assert finding.low < 36 < finding.high


@pytest.mark.parametrize("rate", [0.05, 0.5, 3.0, 40.0])
def test_few_false_alarms_at_every_height(rate: float) -> None:
    told = sum(
        len(replayed(Days(FIRST, usual(seed, 200, rate)), "up", threshold(40))) for seed in range(10, 16)
    )
    # Three series of forty, for half a year, with 0.3 a month over all of them: an eighth of one is to be expected.
    assert told <= 1


def test_counts_per_opportunity_are_not_misled_by_a_sale() -> None:
    rng = np.random.default_rng(4)
    orders = np.full(200, 50.0)
    orders[150:160] = 400
    claims = rng.poisson(orders * 0.05).astype(float)
    at_most = threshold(20)
    assert replayed(Days(FIRST, claims), "up", at_most)
    assert replayed(Days(FIRST, claims, of=orders), "up", at_most) == []


def test_little_is_judged_carefully() -> None:
    values = np.zeros(80)
    values[[10, 40]] = 1
    values[60:62] = 2
    # Four of a product in two days, where two came in two months.
    found = judge(Days(FIRST, values), 61, "up", threshold(20))
    assert found is not None
    assert (found.value, found.days) == (4, 3)
    assert judge(Days(FIRST, values), 61, "up", threshold(100_000)) is None


def test_a_value_that_was_measured_is_judged_by_its_own_scatter() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(10, 1, 200)
    values[50] = np.nan
    values[180] = 18
    found = replayed(Days(FIRST, values), "both", threshold(50))
    assert [one.on for one in found] == [FIRST + timedelta(days=180)]
    assert found[0].expected == pytest.approx(10, abs=0.7)
    low = values.copy()
    low[180] = 2
    assert [one.up for one in replayed(Days(FIRST, low), "both", threshold(50))] == [False]


def test_a_new_level_is_told_with_its_first_day() -> None:
    values = usual(6, 200)
    values[120:] += 15
    found = detecting.change_points(Days(FIRST, values))
    assert len(found) == 1
    assert abs((found[0].on - FIRST).days - 120) <= 1
    assert found[0].before == pytest.approx(25, abs=2)
    assert found[0].after == pytest.approx(40, abs=3)
    assert detecting.change_points(Days(FIRST, usual(7, 200))) == []


def test_only_the_days_before_count() -> None:
    values = usual(8, 200)
    other = values.copy()
    other[150:] += 100
    assert judge_counts(Days(FIRST, values), 149) == judge_counts(Days(FIRST, other), 149)


def test_topics_are_words_and_pairs_in_chinese_and_english() -> None:
    assert {"电池", "发烫"} <= topics.topics_in("充电的时候电池发烫，太危险了")
    assert {"battery", "battery hot"} <= topics.topics_in("The battery hot again!")
    assert "了" not in topics.topics_in("好了")


def test_topics_of_the_same_texts_are_one() -> None:
    shop, on = UUID(int=1), date(2026, 3, 10)
    said = [topics.Said(shop, on, UUID(int=number), "电池发烫", "充电宝") for number in range(5)]
    found = topics.count(said)[shop]
    assert found.texts["发烫"][on] == 5
    assert found.about["发烫"].most_common(1) == [("充电宝", 5)]
    assert len(found.people["发烫"][on]) == 5
    assert len(topics.candidates(found, on, on)) == 1


def test_series_from_a_file(tmp_path: Path) -> None:
    values = usual(9, 120)
    values[100] = 120
    lines = [f"{FIRST + timedelta(days=number)},{int(value)},web" for number, value in enumerate(values)]
    file = tmp_path / "contacts.csv"
    file.write_text("date,value,group\n" + "\n".join(lines))
    told = CliRunner().invoke(app, ["insight", "alarms", str(file), "--json", "--false", "0.01"])
    assert told.exit_code == 0, told.output
    group = json.loads(told.stdout)["groups"][0]
    assert str(FIRST + timedelta(days=100)) in [one["on"] for one in group["unusual"]]
    shown = CliRunner().invoke(app, ["insight", "alarms", str(file)])
    assert "120 in 1 d" in shown.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("date,value\n", "no rows"),
        ("date,value\nyesterday,3\n", "not a time; another one is said with --time"),
        ("date,value\n2026-01-01,3\n2026-01-02,\n", "'first_row': 2"),
        ("date,value\n2026-01-01,3\n2026-01-01,4\n", "twice"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_words(tmp_path: Path, text: str, words: str) -> None:
    file = tmp_path / "series.csv"
    file.write_text(text)
    told = CliRunner().invoke(app, ["insight", "alarms", str(file)])
    assert isinstance(told.exception, Refusal)
    assert words in str(told.exception.data)


def test_counts_are_judged_by_the_negative_binomial_exactly() -> None:
    values = np.full(61, 2.0)
    values[60] = 8
    found = judge_counts(Days(FIRST, values), 60)[0]
    weights = np.exp(-np.arange(60, 0, -1) / 45)
    known, seen = 2 * weights.sum() + 0.5, weights.sum()
    assert found.expected == pytest.approx(known / seen)
    assert found.p == pytest.approx(stats.nbinom.sf(7, known, seen / (seen + 1)))


def test_parts_are_judged_by_the_beta_binomial_exactly_and_surer_than_counts() -> None:
    values, whole = np.full(61, 2.0), np.full(61, 10.0)
    values[60] = 9
    found = judge_counts(Days(FIRST, values, whole, parts=True), 60)[0]
    seen = 10 * np.exp(-np.arange(60, 0, -1) / 45).sum()
    hits, misses = 0.2 * seen + 0.5, 0.8 * seen + 0.5
    assert found.expected == pytest.approx(10 * hits / (hits + misses))
    assert found.p == pytest.approx(stats.betabinom.sf(8, 10, hits, misses))
    assert found.p < judge_counts(Days(FIRST, values, whole), 60)[0].p / 5
    assert judge(Days(FIRST, values, whole, parts=True), 60, "up", 1e-4) is not None
    # Where half is usual, all of it is worth an alarm, though it is no half as many again more.
    half = np.where(np.arange(61) < 60, 7.0, 10.0)
    assert judge(Days(FIRST, half, whole, parts=True), 60, "up", 0.05) is not None


@pytest.mark.parametrize(
    ("on", "country", "times"),
    [
        (date(2026, 11, 11), "CN", 3.0),
        (date(2026, 11, 11), "DE", 1.0),
        (date(2026, 12, 1), "DE", 2.0),
        (date(2026, 6, 18), "CN", 2.0),
        (date(2026, 2, 1), "CN", 2.0),
        (date(2026, 9, 9), "CN", 1.0),
        (date(2026, 11, 11), "", 1.0),
    ],
)
def test_peaks_of_the_year_are_known(on: date, country: str, times: float) -> None:
    assert times_usual(on, country) == times


def test_a_known_peak_is_no_alarm_but_more_than_that_is() -> None:
    begin = date(2026, 9, 1)
    day = (date(2026, 11, 9) - begin).days
    values = np.full(day + 1, 4.0)
    values[day] = 14
    at_most = threshold(30)
    assert judge(Days(begin, values), day, "up", at_most) is not None
    assert judge(Days(begin, values, country="CN"), day, "up", at_most) is None
    values[day] = 40
    assert judge(Days(begin, values, country="CN"), day, "up", at_most) is not None
