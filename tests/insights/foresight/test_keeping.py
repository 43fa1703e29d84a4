"""Chances as they are kept and shown, models that serve or do not, products whose failures rise."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from uuid import UUID

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import text

from aftercare.identity import ShopView
from aftercare.insights import foresight
from aftercare.insights.foresight import ForesightShelf, Foretells, customers, keeping, products
from aftercare.insights.foresight.glances import ChanceModel, Glances, learn
from aftercare.insights.foresight.lateness import TooFew
from aftercare.insights.foresight.model import ForesightChance, ForesightModel, ModelState, Silent, why_silent
from aftercare.insights.foresight.products import Sold, rising
from aftercare.insights.foresight.proving import Material, Trial, prove
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin
from tests import given

READS = frozenset({"insights.read"})


def reader(shop: ShopView, permissions: frozenset[str] = READS) -> Actor:
    return Actor(kind=ActorKind.staff, shops=frozenset({shop.id}), permissions=permissions, locale="en")


def looked_at(many: int = 600, seed: int = 2) -> Glances:
    """What waits long happens."""
    rng = np.random.default_rng(seed)
    at = pd.Series(pd.date_range("2025-01-01", periods=many, freq="6h", tz="UTC"))
    waiting = rng.uniform(0, 1, many)
    happened = (rng.uniform(0, 1, many) < waiting**2).astype(float)
    about = pd.DataFrame(
        {"subject": [f"s{number // 2}" for number in range(many)], "shop": "a", "at": at, "is_now": False}
    )
    made = pd.DataFrame({"waiting": waiting, "hour": rng.integers(0, 24, many).astype(float)})
    return Glances(
        made, about, happened, at + pd.Timedelta(days=14), MappingProxyType({"waiting": "waiting"})
    )


def test_a_chance_is_learned_calibrated_and_explained() -> None:
    glances = looked_at()
    until = datetime(2025, 4, 20, tzinfo=UTC)
    model = learn(glances, until)
    chances = model.chances(glances.made)
    long, short = glances.made.waiting > 0.8, glances.made.waiting < 0.3
    assert chances[long].mean() == pytest.approx(glances.happened[long].mean(), abs=0.12)
    assert chances[short].mean() == pytest.approx(glances.happened[short].mean(), abs=0.08)
    longest = glances.made.waiting.idxmax()
    why = model.whys(glances.made.loc[[longest]], glances.reason_of)[0][0]
    assert why.reason == "waiting"
    assert why.effect > 0.5
    again = ChanceModel.load(learn(glances, until).dump())
    assert np.array_equal(again.chances(glances.made), chances)


def test_what_is_known_later_is_not_learned_from() -> None:
    glances = looked_at()
    until = datetime(2025, 4, 20, tzinfo=UTC)
    late = (glances.known_at >= until).to_numpy()
    other = replace(glances, happened=np.where(late, 1 - glances.happened, glances.happened))
    assert learn(glances, until).dump() == learn(other, until).dump()
    with pytest.raises(TooFew):
        learn(glances, datetime(2025, 1, 20, tzinfo=UTC))


def of(glances: Glances, learned: Glances | None = None) -> Material[ChanceModel]:
    """Tried on these; learned from others, if given."""
    return Material(
        begun=glances.about["at"],
        subjects=glances.about["subject"],
        happened=np.where(glances.known_by(NOW), glances.happened, np.nan),
        lag=timedelta(days=14),
        foretold=lambda model: model.chances(glances.made),
        learn_until=lambda until: learn(learned or glances, until),
    )


NOW = datetime(2025, 5, 30, tzinfo=UTC)


def test_a_new_model_that_is_worse_on_the_latest_weeks_does_not_serve() -> None:
    glances = looked_at()
    old = learn(glances, NOW - timedelta(weeks=6))
    same = prove(of(glances), NOW, old)
    assert (same.serves, same.silent) == (True, None)
    # Learned from half of what there is, it still tells something, but less.
    rng = np.random.default_rng(1)
    half = np.where(rng.uniform(0, 1, 600) < 0.55, rng.permutation(glances.happened), glances.happened)
    worse = prove(of(glances, replace(glances, happened=half)), NOW, old)
    assert (worse.serves, worse.silent) == (False, None)
    assert worse.compared is not None
    assert worse.compared["brier"] > 1.02 * worse.compared["brier_of_the_old"]


def test_what_cannot_be_told_from_chance_does_not_serve_even_as_the_first() -> None:
    glances = looked_at()
    first = prove(of(glances), NOW, None)
    assert (first.serves, first.silent) == (True, None)
    assert first.scores["auc_low"] > 0.5
    mixed = replace(glances, happened=np.random.default_rng(1).permutation(glances.happened))
    lots = prove(of(mixed), NOW, None)
    assert (lots.serves, lots.silent) == (False, Silent.chance)
    assert lots.scores["auc_low"] < 0.5 < lots.scores["auc_high"]


def test_more_weeks_are_kept_back_where_few_cases_end_and_none_is_told_where_all_are_too_few() -> None:
    glances = looked_at()
    assert prove(of(glances), NOW, None).scores["count"] == 4 * 28
    number = np.arange(600)
    seldom = replace(glances, happened=np.where((number < 430) | (number % 8 == 0), glances.happened, 0.0))
    assert prove(of(seldom), NOW, None).scores["count"] == 8 * 28
    rare = replace(glances, happened=(number % 60 == 0).astype(float))
    assert prove(of(rare), NOW, None) == Trial({}, None, Silent.too_few, serves=False)


@pytest.mark.parametrize(
    ("tried", "silent"),
    [
        ({}, Silent.too_few),
        ({"auc_low": None, "brier": 0.1, "brier_plain": 0.2}, Silent.too_few),
        ({"auc_low": 0.5, "brier": 0.1, "brier_plain": 0.2}, Silent.chance),
        ({"auc_low": 0.51, "brier": 0.2, "brier_plain": 0.2}, Silent.plain_share),
        ({"auc_low": 0.51, "brier": 0.19, "brier_plain": 0.2}, None),
    ],
)
def test_why_nothing_is_told(tried: dict[str, float], silent: Silent | None) -> None:
    assert why_silent(tried) is silent


def test_who_bought_regularly_and_is_silent_is_about_to_leave() -> None:
    now = datetime(2026, 3, 10, tzinfo=UTC)
    rows = [
        {"id": f"{who}{number}", "shop_id": "a", "customer_id": who, "placed_at": now - timedelta(days=days)}
        for who, all_days in (("loyal", range(5, 200, 20)), ("silent", range(125, 260, 20)), ("once", (30,)))
        for number, days in enumerate(all_days)
    ]
    orders = pd.DataFrame(rows).assign(paid_cents=10_000, delivered_at=pd.NaT, promised_at=pd.NaT)
    for column in ("placed_at", "delivered_at", "promised_at"):
        orders[column] = pd.to_datetime(orders[column], utc=True)
    claims = pd.DataFrame({"customer_id": [], "applied_at": pd.to_datetime([], utc=True), "outcome": []})
    scores = pd.DataFrame({"customer_id": [], "created_on": pd.to_datetime([], utc=True), "score": []})
    found = customers.glances_of(orders, claims, scores, now)
    today = found.about.is_now.to_numpy()
    assert set(found.about.subject[today]) == {"loyal", "silent"}
    assert np.isnan(found.happened[today]).all()
    told = dict(zip(found.about.subject[today], found.made.recency_by_gap[today], strict=True))
    assert told["silent"] > 1 > 0 > told["loyal"]


SHOP, BAD, GOOD = UUID(int=1), UUID(int=2), UUID(int=3)


def test_a_product_fails_more_often_only_when_chance_would_hardly_do_it() -> None:
    found = rising(
        [
            Sold(SHOP, BAD, "", units=100, units_before=600, failed=12, failed_before=12),
            Sold(SHOP, GOOD, "", units=100, units_before=600, failed=3, failed_before=12),
            Sold(SHOP, UUID(int=4), "", units=5, units_before=50, failed=2, failed_before=0),
        ]
    )
    assert [(one.sold.product_id, one.rises) for one in found] == [(BAD, True), (GOOD, False)]
    # The exact interval of twelve of a hundred: 6.2 to 21.0.
    assert found[0].low == pytest.approx(0.0620, abs=1e-3)
    assert found[0].high == pytest.approx(0.2096, abs=1e-3)
    assert found[0].q == pytest.approx(2 * found[0].p)
    assert rising([]) == []


async def test_units_sold_and_failed_are_counted_by_product(house: House) -> None:
    shop = await given.a_shop(house)
    bought = await given.an_order(house, shop, given.Line(price_cents=9_000, quantity=3))
    async with begin(house, reader(shop)) as work:
        _, found = await products.sold_and_failed(work, work.now + timedelta(hours=1))
    assert [(one.units, one.failed, one.shop_id) for one in found] == [(3, 0, shop.id)]
    assert bought is not None


async def put(
    house: House, shop: ShopView, chance: float, name: Foretells = Foretells.order_approved
) -> UUID:
    bought = await given.an_order(house, shop, given.Line(), delivered=None, shipped=None)
    async with begin(house) as work:
        model = await work.session.scalar(
            text("SELECT id FROM foresight_model WHERE name = :name"), {"name": name}
        )
        if model is None:
            row = ForesightModel(
                id=work.new_id(), name=name, version=1, state=ModelState.serving, digest="x", learned_from=900,
                happened=80, known_at=work.now, trained_at=work.now, scores={"auc": 0.8}, compared=None,
            )  # fmt: skip
            work.session.add(row)
            await work.session.flush()
            model = row.id
        work.session.add(
            ForesightChance(
                name=name,
                subject_id=bought.order_id,
                shop_id=shop.id,
                model_id=model,
                chance=chance,
                usual=0.1,
                why=[{"reason": "promise", "effect": 0.7, "longer": None}],
                due_at=work.now,
                told_at=work.now,
            )
        )
    return bought.order_id


async def test_chances_are_shown_likeliest_first_and_only_of_ones_own_shops(house: House) -> None:
    shop, other = await given.a_shop(house), await given.a_shop(house)
    low, high = await put(house, shop, 0.2), await put(house, shop, 0.7)
    foreign = await put(house, other, 0.9)
    async with begin(house, reader(shop)) as work:
        first = await foresight.chances(work, "orders", limit=1)
        assert [one.subject_id for one in first.items] == [high]
        rest = await foresight.chances(work, "orders", limit=1, after=first.next)
        assert [one.subject_id for one in rest.items] == [low]
        assert (await foresight.chances(work, "orders", least=0.5)).items[0].why[0].reason == "promise"
        assert (await foresight.chances(work, "cases")).items == []
        assert await foresight.chances_of(work, foreign) == []
        assert [one.chance for one in await foresight.chances_of(work, high)] == [0.7]
        (card,) = [one for one in await foresight.model_cards(work) if one.version]
        assert (card.foretells, card.learned_from) == (Foretells.order_approved, 900)
    async with begin(house, reader(shop, frozenset())) as work:
        for refused in (
            foresight.chances(work, "orders"),
            foresight.chances_of(work, high),
            foresight.model_cards(work),
            foresight.failing_products(work),
        ):
            with pytest.raises(PermissionMissing):
                await refused


async def test_a_kind_whose_newest_version_is_refused_shows_its_score_and_no_chances(house: House) -> None:
    shop = await given.a_shop(house)
    await put(house, shop, 0.7)
    refused = {
        "auc": 0.42,
        "auc_low": 0.31,
        "auc_high": 0.53,
        "brier": 0.158,
        "brier_plain": 0.156,
        "count": 90,
    }
    async with begin(house) as work:
        new = ForesightModel(
            id=work.new_id(), name=Foretells.order_approved, version=2, state=ModelState.refused, digest="x", learned_from=950,
            happened=90, known_at=work.now, trained_at=work.now, scores=refused, compared=None,
        )  # fmt: skip
        work.session.add(new)
        await keeping.silence(work, Foretells.order_approved)
    async with begin(house, reader(shop)) as work:
        assert (await foresight.chances(work, "orders")).items == []
        card = next(one for one in await foresight.model_cards(work) if one.foretells == "order_approved")
        assert (card.version, card.silent, card.refused_version) == (None, Silent.chance, 2)
        assert (card.scores["auc"], card.learned_from) == (0.42, 950)
        assert {one.silent for one in await foresight.model_cards(work)} == {Silent.chance, Silent.too_few}


async def test_where_little_has_happened_nothing_is_learned_and_that_is_said(
    house: House, tmp_path: Path
) -> None:
    shop = await given.a_shop(house)
    await given.an_order(house, shop, given.Line())
    house.ports = {ForesightShelf: ForesightShelf(tmp_path)}
    await foresight.keep(house)
    done = await foresight.learn(house)
    assert {one.name for one in done} == set(Foretells)
    assert all(one.too_few is not None and not one.serves for one in done)
    assert await foresight.tell(house) == {}
    with pytest.raises(PermissionMissing):
        await foresight.learn(house, reader(shop))


def test_what_lies_on_the_shelf_is_what_was_put_there(tmp_path: Path) -> None:
    shelf = ForesightShelf(tmp_path)
    digest = shelf.put("case_late", 3, b"told")
    assert shelf.get("case_late", 3, digest) == b"told"
    assert shelf.get("case_late", 4, digest) is None
    (tmp_path / "foresight" / "case_late.3.json").write_bytes(b"other")
    assert shelf.get("case_late", 3, digest) is None
