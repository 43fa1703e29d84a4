"""What indicators shall be, and who says so."""

from typing import Any

import pytest
from sqlalchemy import text

from aftercare import insights
from aftercare.insights.indicators import (
    IndicatorUnknown,
    NewTarget,
    Question,
    TargetNotPossible,
    events,
    set_target,
    targets_of,
)
from aftercare.journal import FACTS, Actor, ActorKind, House, begin
from aftercare.kit.errors import NotAllowed, NotFound
from tests import given
from tests.insights.indicators.world import SINCE, UNTIL

EVERY_SHOP = Actor(
    kind=ActorKind.staff, shops=None, permissions=frozenset({"insights.read", "insights.write"}), role="owner"
)


def test_the_shapes_of_the_facts() -> None:
    ours = {name: fact for name, fact in FACTS.items() if fact.__module__ == events.__name__}
    assert {name: list(fact.model_fields)[1:] for name, fact in ours.items()} == {
        "indicator.target_set": ["indicator_target_id", "indicator", "market", "value", "share"]
    }


async def target(house: House, actor: Actor, name: str, **where: Any) -> tuple[float | None, float | None]:
    async with begin(house, actor) as work:
        told = await insights.answer(work, name, Question(SINCE, UNTIL, trend=False, **where))
    return told.target, told.share_target


async def test_the_narrowest_target_counts(house: House) -> None:
    cn, other, brazil = (
        await given.a_shop(house),
        await given.a_shop(house),
        await given.a_shop(house, market="BR", currency="BRL"),
    )
    assert await target(house, EVERY_SHOP, "csat") == (0.9, None)
    async with begin(house, EVERY_SHOP) as work:
        await set_target(work, "csat", NewTarget(value=0.92))
        await set_target(work, "csat", NewTarget(market="CN", value=0.94))
        told = await set_target(work, "csat", NewTarget(shop_id=cn.id, value=0.96))
    assert [(one.shop_id, one.market, one.value) for one in told] == [
        (None, None, 0.9), (None, None, 0.92), (None, "CN", 0.94), (cn.id, None, 0.96),
    ]  # fmt: skip
    assert await target(house, EVERY_SHOP, "csat") == (0.92, None)
    assert await target(house, EVERY_SHOP, "csat", shop_id=cn.id) == (0.96, None)
    assert await target(house, EVERY_SHOP, "csat", shop_id=other.id) == (0.94, None)
    assert await target(house, EVERY_SHOP, "csat", shop_id=brazil.id) == (0.92, None)

    async with begin(house, EVERY_SHOP) as work:
        await set_target(work, "csat", NewTarget(shop_id=cn.id))
        await set_target(work, "first_answer", NewTarget(value=120, share=0.95))
    assert await target(house, EVERY_SHOP, "csat", shop_id=cn.id) == (0.94, None)
    assert await target(house, EVERY_SHOP, "first_answer") == (120, 0.95)
    async with begin(house) as work:
        facts = await work.session.execute(
            text(
                "SELECT data->>'indicator', data->'value' FROM fact WHERE name = 'indicator.target_set' ORDER BY position"
            )
        )
        assert [tuple(row) for row in facts] == [
            ("csat", 0.92), ("csat", 0.94), ("csat", 0.96), ("csat", None), ("first_answer", 120),
        ]  # fmt: skip


async def test_one_shops_manager_sets_only_its_own(house: House) -> None:
    mine, other = await given.a_shop(house), await given.a_shop(house)
    manager = given.staff(mine, frozenset({"insights.read", "insights.write"}))
    async with begin(house, manager) as work:
        await set_target(work, "csat", NewTarget(shop_id=mine.id, value=0.8))
    for new, refusal in (
        (NewTarget(value=0.5), NotAllowed),
        (NewTarget(market="CN", value=0.5), NotAllowed),
        (NewTarget(shop_id=other.id, value=0.5), NotFound),
    ):
        async with begin(house, manager) as work:
            with pytest.raises(refusal):
                await set_target(work, "csat", new)
    async with begin(house, given.staff(other, frozenset({"insights.read"}))) as work:
        assert [one.shop_id for one in await targets_of(work, "csat")] == [None]


@pytest.mark.parametrize(
    ("name", "new"),
    [
        ("csat", {"value": 1.5}),
        ("csat", {"value": 0.9, "share": 0.9}),
        ("first_answer", {"value": -1}),
        ("bot_rating", {"value": 6}),
        ("nps", {"value": 120}),
        ("csat", {"value": 0.9, "market": "CN", "shop_id": "00000001-0000-7000-8000-000000000001"}),
    ],
)
async def test_a_target_lies_where_the_indicator_can(house: House, name: str, new: dict[str, Any]) -> None:
    async with begin(house, EVERY_SHOP) as work:
        with pytest.raises(TargetNotPossible):
            await set_target(work, name, NewTarget(**new))
        with pytest.raises(IndicatorUnknown):
            await set_target(work, "luck", NewTarget(value=1))
