"""Tables from anywhere: read as they come, measured with values that are known."""

import gzip
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from aftercare.insights.analysis import Clustered, Correlated, Described, Forecast, Task, answer, words_of
from aftercare.insights.analysis.correlating import cramers_v
from aftercare.insights.analysis.frames import (
    ColumnUnknown,
    NotEnough,
    TableUnreadable,
    data_of,
    kinds,
    read_table,
)
from aftercare.insights.analysis.series import read_days, read_series, seasons_of, step_of
from aftercare.kit.text import tokens


def task(kind: str, **more: object) -> Task:
    return Task.model_validate({"kind": kind, "name": "given", "command": "aftercare insight …", **more})


def described(frame: pd.DataFrame, **more: object) -> Described:
    found = answer(task("describe", **more), frame)
    assert isinstance(found, Described)
    return found


def correlated(frame: pd.DataFrame, **more: object) -> Correlated:
    found = answer(task("correlate", **more), frame)
    assert isinstance(found, Correlated)
    return found


def forecast(frame: pd.DataFrame, **more: object) -> Forecast:
    found = answer(task("forecast", **more), frame)
    assert isinstance(found, Forecast)
    return found


def test_a_table_is_read_as_the_world_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "订单.csv"
    file.write_bytes(
        "渠道;金额;时间\n微信;12.5;2026-03-01 08:00\n邮件;;2026-03-02 09:30\n微信;7;2026-03-03 10:00\n".encode(
            "gb18030"
        )
    )
    frame = read_table(file)
    assert list(frame.columns) == ["渠道", "金额", "时间"]
    assert kinds(frame) == {"渠道": "flag", "金额": "flag", "时间": "time"}
    empty = tmp_path / "empty.csv"
    empty.write_text("a,b\n")
    with pytest.raises(TableUnreadable):
        read_table(empty)


def test_numbers_are_read_as_the_world_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "sales.csv"
    file.write_text('a;b;c;d\n"1.234,5";1,234.50;7;7,5\n12,25;20;8;x\n;-3;9;1\n')
    frame = read_table(file)
    assert frame.a.dropna().tolist() == [1234.5, 12.25]
    assert frame.b.tolist() == [1234.5, 20, -3]
    assert frame.c.tolist() == [7, 8, 9]
    assert frame.d.tolist() == ["7,5", "x", "1"]


@pytest.mark.parametrize("form", ["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d.%m.%y", "%Y年%m月%d日"])
def test_days_are_read_in_one_way_for_the_whole_column(tmp_path: Path, form: str) -> None:
    """One by one the 3rd of April could be the 4th of March."""
    file = tmp_path / "calls.csv.gz"
    days = pd.date_range("2026-01-01", periods=60)
    lines = [f"{day.strftime(form)};{40 + day.dayofweek}" for day in days]
    file.write_bytes(gzip.compress(("\n".join(["Tag;Anrufe", *lines])).encode()))
    frame = read_table(file)
    even = read_series(frame)
    assert even.stamps.tolist() == days.tolist()
    looked_at = data_of(frame, "calls", "Tag")
    assert (str(looked_at.since), str(looked_at.until)) == (
        "2026-01-01 00:00:00+00:00",
        "2026-03-01 00:00:00+00:00",
    )
    assert read_days(file)[""][:2] == [(date(2026, 1, 1), 43.0), (date(2026, 1, 2), 44.0)]


def test_rows_without_a_time_make_no_series_of_their_own(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    lines = [f"{'' if n in (3, 7) else f'2026-01-{n:02d}'},{n}" for n in range(1, 29)]
    file.write_text("\n".join(["day,calls", *lines]))
    assert read_series(read_table(file)).long["unique_id"].unique().tolist() == ["all"]
    with pytest.raises(TableUnreadable) as refused:
        read_days(file)
    assert (refused.value.data["rows"], refused.value.data["first_row"]) == (2, 3)


def test_which_column_holds_the_numbers_is_asked(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("day,calls,mails\n2026-01-01,1,5\n2026-01-02,2,6\n")
    with pytest.raises(ColumnUnknown) as refused:
        read_days(file)
    assert refused.value.data == {
        "why": "which one holds the numbers is said with --column", "columns": ["day", "calls", "mails"],
    }  # fmt: skip
    assert read_days(file, column="mails") == {"": [(date(2026, 1, 1), 5.0), (date(2026, 1, 2), 6.0)]}


def test_what_is_no_table_and_what_is_no_column_is_said(tmp_path: Path) -> None:
    picture = tmp_path / "picture.csv"
    picture.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(TableUnreadable) as refused:
        read_table(picture)
    assert refused.value.data["reason"] == "it is no text"
    frame = pd.DataFrame(
        {"on": pd.date_range("2026-01-01", periods=9).astype(str), "what": list("abcdefghi")}
    )
    for asked, column, why in (
        (frame, "what", "not numbers"),
        (frame[["what"]], None, "none reads as times"),
    ):
        with pytest.raises(ColumnUnknown) as unknown:
            read_series(asked, column=column)
        assert unknown.value.data["why"] == why


def test_described_exactly() -> None:
    frame = pd.DataFrame({"hours": [1.0, 2.0, 3.0, 4.0, 5.0, None], "channel": list("aabbba")})
    found = described(frame, column="hours")
    assert found.spread is not None
    assert (found.spread.n, found.spread.missing, found.spread.mean, found.spread.median) == (5, 1, 3.0, 3.0)
    assert found.spread.sd == pytest.approx(1.5811388)
    # Student's t with 4 degrees of freedom: 3 ± 2.776 · 1.5811 / √5
    assert (found.spread.mean_low, found.spread.mean_high) == pytest.approx((1.03676, 4.96324), abs=1e-4)
    assert [(bar.low, bar.n) for bar in found.bars] == [(1, 1), (2, 1), (3, 1), (4, 1), (5, 1)]
    channels = described(frame, column="channel")
    assert [(one.value, one.n, one.share) for one in channels.shares] == [("a", 3, 0.5), ("b", 3, 0.5)]
    assert (channels.shares[0].low, channels.shares[0].high) == pytest.approx((0.18761, 0.81239), abs=1e-4)


def test_groups_that_differ_are_told_in_three_languages() -> None:
    frame = pd.DataFrame({"hours": [*range(20), *range(100, 120)], "team": ["east"] * 20 + ["west"] * 20})
    found = described(frame, column="hours", by="team")
    assert found.difference is not None
    assert found.difference.test == "kruskal_wallis"
    assert found.difference.p < 1e-6
    assert [group.value for group in found.groups] == ["west", "east"]
    words = words_of(found, None, "en").paragraph
    assert "“west” has the highest median (110) and “east” the lowest (9.5)" in words
    assert "按“team”分组，各组有明显差别（p < 0.001）" in words_of(found, None, "zh-CN").paragraph
    assert "按「team」分組，各組有明顯差別（p < 0.001）" in words_of(found, None, "zh-TW").paragraph
    same = described(frame.assign(hours=[*range(20), *range(20)]), column="hours", by="team")
    assert "no reliable difference" in words_of(same, None, "en").paragraph


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ColumnUnknown) as refused:
        described(pd.DataFrame({"a": [1, 2, 3]}), column="b")
    assert refused.value.data["columns"] == ["a"]


def test_cramers_v_is_corrected_for_bias() -> None:
    # Bergsma (2013): without an association the plain V of a 3 × 3 table of 90 is far from zero, the corrected one is not.
    assert cramers_v(np.array([[10, 10, 10], [10, 10, 10], [10, 10, 10]])) == 0.0
    assert cramers_v(np.array([[30, 0, 0], [0, 30, 0], [0, 0, 30]])) == pytest.approx(1.0)
    assert cramers_v(np.array([[20, 10], [10, 20]])) == pytest.approx(0.30949, abs=1e-5)


def test_each_pair_has_the_measure_that_fits_its_kinds() -> None:
    dice = np.random.default_rng(11)
    n = 400
    size = dice.gamma(2, 2, n)
    frame = pd.DataFrame(
        {
            "size": size,
            "cost": size**2 + dice.normal(0, 0.5, n),
            "noise": dice.normal(size=n),
            "team": np.where(size > 4, "heavy", np.where(size > 2, "middle", "light")),
            "late": size + dice.normal(0, 2, n) > 5,
            "channel": dice.choice(["mail", "chat", "phone"], n),
        }
    )
    found = {(pair.a, pair.b): pair for pair in correlated(frame).pairs}
    assert {
        key: pair.measure for key, pair in found.items() if key[0] == "size" or key == ("team", "late")
    } == {
        ("size", "cost"): "spearman",
        ("size", "noise"): "spearman",
        ("size", "team"): "correlation_ratio",
        ("size", "late"): "point_biserial",
        ("size", "channel"): "correlation_ratio",
        ("team", "late"): "cramers_v",
    }
    together = found["size", "cost"]
    assert together.low is not None
    assert together.high is not None
    assert 0.95 < together.low < together.value < together.high < 1
    assert found["size", "noise"].p_all > 0.05
    assert all(pair.p_all >= pair.p for pair in found.values())


def test_what_stands_behind_both_is_named() -> None:
    """Ice cream and drowning: within each month nothing is left of it."""
    dice = np.random.default_rng(2)
    month = np.repeat(np.arange(1, 9), 80)
    frame = pd.DataFrame(
        {
            "ice": month * 10 + dice.normal(0, 3, 640),
            "drowned": month * 5 + dice.normal(0, 3, 640),
            "month": [f"m{one}" for one in month],
        }
    )
    found = correlated(frame)
    pair = next(one for one in found.pairs if {one.a, one.b} == {"ice", "drowned"})
    assert pair.value > 0.9
    assert pair.explained_by == "month"
    assert pair.within is not None
    assert abs(pair.within) < 0.1
    words = words_of(found, None, "en").paragraph
    assert "“month” may be what stands behind both" in words
    assert "Going together is not causing" in words


def test_false_alarms_are_rare_where_nothing_goes_together() -> None:
    dice = np.random.default_rng(3)
    frame = pd.DataFrame({f"c{at}": dice.normal(size=200) for at in range(12)})
    found = correlated(frame)
    assert len(found.pairs) == 66
    assert sum(pair.p_all < 0.05 for pair in found.pairs) == 0
    assert "none goes together reliably" in words_of(found, None, "en").paragraph


def test_texts_fall_into_groups_under_their_own_words() -> None:
    dice = np.random.default_rng(4)
    kinds_of_texts = {
        "refund": (["退款", "到账", "银行卡", "原路", "金额"], "wechat"),
        "parcel": (["快递", "物流", "派送", "包裹", "签收"], "mail"),
        "fault": (["坏了", "屏幕", "开机", "充电", "维修"], "chat"),
    }
    rows = [
        {
            "said": "，".join(dice.choice(words, 3, replace=False)) + "请帮忙看看",
            "channel": channel,
            "true": name,
        }
        for name, (words, channel) in kinds_of_texts.items()
        for _ in range(60)
    ]
    found = answer(task("cluster", text=["said"], columns=["channel"], groups=3), pd.DataFrame(rows))
    assert isinstance(found, Clustered)
    assert [one.n for one in found.clusters] == [60, 60, 60]
    used = {
        name: {word for row in rows if row["true"] == name for word in tokens(row["said"])}
        for name in kinds_of_texts
    }
    only = [used[name] - set().union(*(used[other] for other in used if other != name)) for name in used]
    for one in found.clusters:
        told = {word.what for word in one.words}
        assert any(told <= words for words in only)
        assert "channel = " in one.name
        assert one.features[0].within == 1.0
    with pytest.raises(NotEnough):
        answer(task("cluster", text=["said"]), pd.DataFrame(rows[:30]))


def test_a_season_is_found_and_beats_the_naive_way() -> None:
    dice = np.random.default_rng(5)
    days = pd.date_range("2025-01-06", periods=7 * 40, freq="D")
    week = np.array([100, 90, 80, 85, 95, 30, 20])
    frame = pd.DataFrame({"day": days.astype(str), "calls": dice.poisson(np.tile(week, 40))})
    found = forecast(frame, horizon=14)
    assert (found.step, found.seasons, found.horizon, found.sparse) == ("1D", [7], 14, False)
    assert not found.naive_wins
    assert found.better_by is not None
    assert found.better_by > 0.1
    chosen = next(score for score in found.scores if score.chosen)
    assert chosen.covered95 is not None
    assert chosen.covered95 > 0.85
    ahead = found.series[0].ahead
    assert [point.at for point in ahead[:2]] == ["2025-10-13", "2025-10-14"]
    assert all(one.low95 <= one.low80 <= one.value <= one.high80 <= one.high95 for one in ahead)
    # A Monday as Mondays are, a Sunday as Sundays.
    assert ahead[0].value == pytest.approx(100, abs=12)
    assert ahead[6].value == pytest.approx(20, abs=8)
    strengths = {part.name: part.strength for part in found.series[0].components}
    assert strengths["7"] is not None
    assert strengths["7"] > 0.9


def test_where_naive_wins_it_is_said() -> None:
    """A random walk: nothing is better than the last value."""
    dice = np.random.default_rng(6)
    frame = pd.DataFrame(
        {
            "day": pd.date_range("2025-01-01", periods=300, freq="D"),
            "level": 1_000 + dice.normal(0, 5, 300).cumsum(),
        }
    )
    found = forecast(frame, horizon=7)
    assert found.naive_wins or (found.better_by or 0) < 0.05
    words = words_of(found, None, "en").paragraph
    assert "Nothing beats the naive way here" in words or "no more accurate" in words or "smaller" in words


def test_demand_that_is_mostly_zero_is_forecast_as_such() -> None:
    dice = np.random.default_rng(7)
    months = pd.period_range("2021-01", periods=48, freq="M").astype(str)
    wide = pd.DataFrame({"month": months} | {f"part {at}": dice.poisson(0.3, 48) for at in range(40)})
    found = forecast(wide, horizon=3)
    assert found.sparse
    assert found.series_number == 40
    assert {"croston_sba", "tsb", "adida", "imapa", "naive"} <= {score.model for score in found.scores}
    assert found.scores[0].model not in ("naive", "seasonal_naive_12")
    assert all(point.low95 >= 0 for one in found.series for point in one.ahead)
    chosen = next(score for score in found.scores if score.chosen)
    assert chosen.covered95 is not None
    assert chosen.covered95 > 0.9
    # The mean demand is 0.3 a month for each of 40 parts.
    assert sum(point.value for one in found.series for point in one.ahead) == pytest.approx(36, rel=0.25)


def test_wide_long_and_counted_tables_are_the_same_series() -> None:
    days = pd.date_range("2026-01-01", periods=30, freq="D")
    wide = pd.DataFrame({"day": days, "a": range(30), "b": range(30, 60)})
    long = wide.melt("day", var_name="part", value_name="n").sample(frac=1, random_state=1)
    one, other = read_series(wide), read_series(long, by="part", column="n")
    pd.testing.assert_frame_equal(one.long, other.long)
    events = pd.DataFrame({"at": days.repeat(3)})
    counted = read_series(events, every="1D")
    assert counted.counts
    assert set(counted.long["y"]) == {3.0}


def test_closed_hours_are_no_zeros() -> None:
    """A bank from 9 to 17 o'clock, Monday to Friday: the next step after Friday 16:30 is Monday 9:00."""
    stamps = [
        day + pd.Timedelta(minutes=30 * slot)
        for day in pd.bdate_range("2026-01-05", periods=30)
        for slot in range(18, 34)
    ]
    even = read_series(pd.DataFrame({"at": stamps, "calls": 5.0}))
    assert (even.step, even.open_slots, seasons_of(even)) == ("30min", 16, [16, 80])
    assert stamps[-1] == pd.Timestamp("2026-02-13 16:30")
    assert list(even.ahead(2)) == [pd.Timestamp("2026-02-16 09:00"), pd.Timestamp("2026-02-16 09:30")]


def test_too_short_a_history_is_refused() -> None:
    frame = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=9, freq="D"), "n": range(9)})
    with pytest.raises(NotEnough):
        forecast(frame, horizon=7)


def test_what_happened_at_any_second_is_counted_by_days() -> None:
    """A log of events has no usual distance; a grid of its commonest would have a million steps."""
    at = pd.to_datetime("2026-01-01") + pd.to_timedelta(
        [number * 5_003 + number * number % 4_999 for number in range(1_500)], unit="s"
    )
    assert step_of(pd.DatetimeIndex(at)) == "1D"
    even = read_series(pd.DataFrame({"at": at.astype(str)}), time="at")
    assert (even.step, len(even.stamps), int(even.long["y"].sum())) == ("1D", 87, 1_500)
    assert step_of(pd.date_range("2026-01-01", periods=500, freq="15min")) == "15min"
