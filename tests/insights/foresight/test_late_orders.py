"""Late orders: what is known when, how a chance is told, and how well the past tells the future."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from aftercare.cli import app
from aftercare.insights.foresight import lateness, orders
from aftercare.insights.foresight.features import Moment, features, late
from aftercare.insights.foresight.history import History
from aftercare.insights.foresight.scoring import scores, shares, stability

BEGIN = datetime(2025, 1, 1, 8, tzinfo=UTC)


def made_up(many: int = 900, seed: int = 3) -> pd.DataFrame:
    """Orders whose way is longer the farther they go; a promise of nine days is often too short for the farthest."""
    rng = np.random.default_rng(seed)
    placed = pd.Series(pd.date_range(BEGIN, periods=many, freq="8h"))
    far = rng.uniform(50, 3_000, many)
    handling = rng.uniform(0.5, 3, many)
    transit = 1 + far / 500 * rng.lognormal(0, 0.25, many)
    approved = placed + pd.to_timedelta(1, "h")
    sent = approved + pd.to_timedelta(handling, "D")
    return orders.tidy(
        pd.DataFrame(
            {
                "id": [f"o{number:04d}" for number in range(many)],
                "shop_id": rng.choice(["a", "b", "c"], many),
                "country": "BR",
                "placed_at": placed,
                "approved_at": approved,
                "handed_over_at": sent,
                "handle_by": approved + pd.to_timedelta(3, "D"),
                "promised_at": approved + pd.to_timedelta(9, "D"),
                "delivered_at": sent + pd.to_timedelta(transit, "D"),
                "goods": rng.uniform(10, 300, many),
                "freight": rng.uniform(5, 30, many),
                "weight": 500.0,
                "volume": 3.0,
                "units": 1,
                "sellers": 1,
                "category": rng.choice(["toys", "tools"], many),
                "carrier": "",
                "from_region": "SP",
                "to_region": rng.choice(["RJ", "BA"], many),
                "to_area": "20",
                "distance": far,
            }
        )
    )


def test_a_history_tells_only_what_was_known_before() -> None:
    days = pd.Series(pd.date_range("2025-01-01", periods=4, tz="UTC"))
    keys = pd.Series(["a", "a", "b", "a"])
    known = History(keys, days, np.array([1.0, 2.0, 10.0, 4.0]))
    asked = pd.Series(["a", "a", "b", "z"])
    at = pd.Series(pd.to_datetime(["2025-01-02", "2025-01-09", "2025-01-09", "2025-01-09"], utc=True))
    count, total = known.before(asked, at)
    assert count.tolist() == [1, 3, 1, 0]
    assert total.tolist() == [1, 7, 10, 0]
    # Of the last seven days only: what was known on 1 January is too old on the 9th, that of the 2nd is just in.
    assert known.before(asked, at, 7)[1].tolist() == [1, 6, 10, 0]
    assert known.mean(asked, at, 5.0, 2)[3] == 5.0


@pytest.mark.parametrize("moment", ["approved", "handed_over"])
def test_what_comes_later_changes_no_feature_of_an_order(moment: Moment) -> None:
    rows = made_up(300)
    before = features(rows, moment)
    at = rows.approved_at.iloc[150] if moment == "approved" else rows.handed_over_at.iloc[150]
    other = rows.copy()
    # All that becomes known from that moment on is told otherwise.
    other.loc[other.delivered_at >= at, "delivered_at"] += pd.Timedelta(days=30)
    if moment == "approved":
        other.loc[other.handed_over_at >= at, "handed_over_at"] += pd.Timedelta(days=2)
    after = features(other, moment)
    begun = (rows.approved_at if moment == "approved" else rows.handed_over_at) <= at
    pd.testing.assert_frame_equal(before[begun], after[begun])


def test_the_time_a_parcel_takes_is_learned_and_told_the_same_each_time() -> None:
    rows = made_up()
    split = lateness.split_of(rows)
    trial = lateness.try_out(rows, "approved", split)
    again = lateness.try_out(rows, "approved", split)
    assert trial.scores == again.scores
    assert trial.scores.auc is not None
    assert trial.scores.auc > 0.8
    assert trial.scores.brier < 0.85 * trial.scores.brier_plain
    assert trial.scores.ece < 0.08
    assert trial.scores.count == 180
    assert trial.learned_from < 720


def test_nothing_that_arrived_after_the_split_is_learned_from() -> None:
    rows = made_up()
    split = lateness.split_of(rows)
    other = rows.copy()
    other.loc[other.delivered_at >= split, "delivered_at"] += pd.Timedelta(days=50)
    one, two = (
        lateness.learn(rows, "approved", split, seeds=1),
        lateness.learn(other, "approved", split, seeds=1),
    )
    assert one.dump() == two.dump()


def test_a_chance_rises_while_nothing_arrives_and_is_sure_once_the_promise_has_passed() -> None:
    rows = made_up()
    now = rows.approved_at.iloc[-1].to_pydatetime()
    model = lateness.learn(rows, "approved", now, seeds=1)
    # Only what had arrived by then is known.
    rows.loc[rows.delivered_at > now, "delivered_at"] = pd.NaT
    made = features(rows, "approved")
    waiting = rows.delivered_at.isna().to_numpy() & (rows.promised_at > now).to_numpy()
    first = model.chances(rows, made, rows.approved_at.iloc[-1].to_pydatetime())[waiting]
    later = model.chances(rows, made, now + timedelta(days=2))[waiting]
    assert later.mean() > 1.2 * first.mean()
    assert (model.chances(rows, made, now + timedelta(days=10))[waiting] == 1).all()


def test_the_reasons_add_up_to_what_the_forest_says_and_the_farthest_way_is_the_first() -> None:
    rows = made_up()
    now = rows.approved_at.iloc[-1].to_pydatetime()
    model = lateness.learn(rows, "approved", now, seeds=1)
    made = features(rows, "approved")
    farthest = rows.distance.nlargest(20).index
    whys = model.whys(rows.loc[farthest], made.loc[farthest])
    assert {why[0].reason for why in whys} == {"distance"}
    assert all(why[0].effect > 0 and why[0].longer and why[0].longer > 0 for why in whys)


def test_a_model_written_down_tells_the_same() -> None:
    rows = made_up()
    model = lateness.learn(rows, "handed_over", rows.approved_at.iloc[-1].to_pydatetime(), seeds=1)
    made = features(rows, "handed_over")
    kept = lateness.LateModel.load(model.dump())
    assert np.array_equal(kept.chances(rows, made), model.chances(rows, made))
    values = made.assign(chance=model.chances(rows, made))[-100:]
    assert kept.likeness.drift(values)["chance"] < 0.25
    assert kept.likeness.drift(values.assign(distance=values.distance + 3))["distance"] > 1


def test_too_few_are_not_learned_from() -> None:
    rows = made_up(150)
    with pytest.raises(lateness.TooFew, match=r"\d+ arrived, \d+ late"):
        lateness.learn(rows, "approved", rows.approved_at.iloc[-1].to_pydatetime())


def test_scores_are_exact() -> None:
    happened = np.array([0.0, 0, 1, 1])
    told = scores(happened, np.array([0.1, 0.4, 0.35, 0.8]), usual=0.5)
    assert told.auc == 0.75
    # DeLong: the two above are placed 0.5 and 1, the two below 1 and 0.5; a quarter of each variance of 0.125, twice.
    assert told.auc_low == pytest.approx(0.75 - 1.96 * 0.125**0.5)
    assert told.auc_high == 1.0
    assert told.brier == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)
    assert told.brier_plain == 0.25
    assert told.ece == pytest.approx((0.1 + 0.4 + 0.65 + 0.2) / 4)
    assert scores(np.array([0.0]), np.array([0.2]), 0.1).auc is None
    assert stability([0.5, 0.5], [0.5, 0.5]) == 0
    assert stability([0.5, 0.5], [0.9, 0.1]) == pytest.approx(0.4 * np.log(1.8) - 0.4 * np.log(0.2))
    assert shares(np.array([1.0, 2, 3, np.nan]), [1.5, 2.5]) == [0.25, 0.25, 0.25, 0.25]


def test_looking_twice_at_the_same_makes_nothing_surer() -> None:
    rng = np.random.default_rng(4)
    happened = np.array([0.0, 1.0] * 60)
    chances = rng.uniform(0, 0.8, 120) + 0.2 * happened
    once = scores(happened, chances, 0.5)
    subjects = pd.Series([*range(120), *range(120)])
    twice = scores(np.tile(happened, 2), np.tile(chances, 2), 0.5, subjects)
    assert twice.auc == pytest.approx(once.auc)
    assert twice.auc_low == pytest.approx(once.auc_low)
    # One of each tells nothing of how the order scatters.
    assert scores(np.array([0.0, 1]), np.array([0.1, 0.9]), 0.5).auc_low is None


def test_late_is_after_the_promised_moment() -> None:
    rows = made_up(3)
    rows.loc[0, "delivered_at"] = rows.promised_at[0]
    rows.loc[1, "delivered_at"] = rows.promised_at[1] + pd.Timedelta(seconds=1)
    rows.loc[2, "delivered_at"] = pd.NaT
    assert late(rows)[:2].tolist() == [0, 1]
    assert np.isnan(late(rows)[2])


def test_a_folder_without_orders_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "olist_orders_dataset.csv").write_text("order_id\n")
    with pytest.raises(orders.OrderFilesMissing):
        orders.from_olist(tmp_path)
    for name in orders.OLIST.values():
        (tmp_path / name).write_text("order_id,customer_id\n")
    with pytest.raises(orders.OrderFilesMissing):
        orders.from_olist(tmp_path)


@pytest.mark.slow
def test_the_public_set_is_foretold_better_than_asked(shared_data: Path) -> None:
    told = CliRunner().invoke(app, ["insight", "late-orders", str(shared_data / "orders_olist"), "--json"])
    assert told.exit_code == 0, told.output
    models = {model["moment"]: model for model in json.loads(told.stdout)["models"]}
    assert models["approved"]["auc"] >= 0.75
    assert models["handed_over"]["auc"] >= 0.83
    assert models["approved"]["brier"] < models["approved"]["brier_plain"]
    assert models["handed_over"]["brier"] < models["handed_over"]["brier_plain"]
