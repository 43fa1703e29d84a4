"""Rates: which one holds, from when on; and pricing anew by counter-lines only."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text

from aftercare.insights import costs
from aftercare.insights.costs import NewCostRate, RateKind
from aftercare.insights.costs.model import RateThereAlready
from aftercare.journal import SYSTEM, House, PermissionMissing, begin
from aftercare.kit.errors import NotAllowed, NotFound
from tests import given
from tests.conftest import NOON, Clock
from tests.insights.costs.test_ledger import RETURNED, bought_here
from tests.insights.costs.world import LONG_AGO, controller, keep, lines_of, returned, set_rates


async def found(house: House, kind: str, part: str, shop_id: object, at: object = NOON) -> Decimal | None:
    async with begin(house, SYSTEM) as work:
        amount: Decimal | None = await work.session.scalar(
            text("SELECT amount FROM rate_for(:kind, :part, :shop, 'CNY', :at)"),
            {"kind": kind, "part": part, "shop": shop_id, "at": at},
        )
        return amount


async def test_the_shop_goes_before_the_group_and_the_narrow_before_the_general(house: House) -> None:
    of, other = await given.a_shop(house), await given.a_shop(house)
    async with begin(house, controller()) as work:
        for shop_id, part, amount in (
            (None, "", 1000),
            (None, "jd", 1350),
            (of.id, "", 900),
        ):
            await costs.set_rate(
                work,
                NewCostRate(
                    shop_id=shop_id,
                    kind=RateKind.freight_back,
                    part=part,
                    amount=Decimal(amount),
                    currency="CNY",
                    valid_from=LONG_AGO,
                ),
            )
    assert await found(house, "freight_back", "jd", other.id) == 1350
    assert await found(house, "freight_back", "sf", other.id) == 1000
    assert await found(house, "freight_back", "jd", of.id) == 900
    assert await found(house, "freight_back", "jd", of.id, LONG_AGO - timedelta(seconds=1)) is None
    assert await found(house, "freight_out", "jd", of.id) is None


async def test_a_rate_is_followed_by_the_next_and_may_end(house: House) -> None:
    async with begin(house, controller()) as work:
        for amount, days in ((100, 0), (120, 10), (None, 20)):
            await costs.set_rate(
                work,
                NewCostRate(
                    kind=RateKind.packaging,
                    amount=None if amount is None else Decimal(amount),
                    currency="CNY",
                    valid_from=NOON + timedelta(days=days),
                ),
            )
        shown = [(rate.amount, rate.valid_until) for rate in await costs.rates(work)]
    shop_id = (await given.a_shop(house)).id
    assert shown == [(100, NOON + timedelta(days=10)), (120, NOON + timedelta(days=20)), (None, None)]
    for days, amount in ((0, 100), (9, 100), (10, 120), (20, None), (30, None)):
        assert await found(house, "packaging", "", shop_id, NOON + timedelta(days=days)) == amount
    async with begin(house, SYSTEM) as work:
        told = [
            row.data
            for row in await work.session.execute(
                text("SELECT data FROM fact WHERE name = 'cost_rate.set' ORDER BY position")
            )
        ]
    assert [(one["kind"], one["unit"], one.get("amount")) for one in told] == [
        ("packaging", "piece", "100"),
        ("packaging", "piece", "120"),
        ("packaging", "piece", None),
    ]


async def test_who_may_set_what(house: House) -> None:
    of, other = await given.a_shop(house), await given.a_shop(house)
    new = NewCostRate(kind=RateKind.bot, amount=Decimal("0.5"), currency="CNY", valid_from=NOON)
    with pytest.raises(NotAllowed):
        async with begin(house, controller(of)) as work:
            await costs.set_rate(work, new)
    with pytest.raises(NotFound):
        async with begin(house, controller(of)) as work:
            await costs.set_rate(work, new.model_copy(update={"shop_id": other.id}))
    with pytest.raises(PermissionMissing):
        async with begin(house, given.staff(of, given.AGENT)) as work:
            await costs.set_rate(work, new.model_copy(update={"shop_id": of.id}))
    async with begin(house, controller(of)) as work:
        await costs.set_rate(work, new.model_copy(update={"shop_id": of.id}))
    with pytest.raises(RateThereAlready):
        async with begin(house, controller(of)) as work:
            await costs.set_rate(work, new.model_copy(update={"shop_id": of.id}))
    async with begin(house, controller(other)) as work:
        assert await costs.rates(work) == []


async def test_a_change_in_the_past_touches_nothing_until_one_asks(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    case_id = await returned(house, clock, bought)
    await keep(house)
    async with begin(house, controller()) as work:
        await costs.set_rate(
            work,
            NewCostRate(
                kind=RateKind.freight_back,
                part="shunfeng",
                amount=Decimal(1180),
                currency="CNY",
                valid_from=NOON - timedelta(days=3),
            ),
        )
    await costs.read_again(house, only_writer=True)
    assert await lines_of(house) == RETURNED
    period = NOON - timedelta(days=1), clock.now + timedelta(days=1)
    async with begin(house, controller()) as work:
        done = await costs.price_anew(work, *period)
    assert (done.lines, done.differences) == (1, {"CNY": -520})
    at = RETURNED.index(("freight_back", "shunfeng", 1, 1700)) + 1
    assert await lines_of(house) == [
        *RETURNED[:at],
        ("freight_back", "shunfeng", -1, -1700),
        ("freight_back", "shunfeng", 1, 1180),
        *RETURNED[at:],
    ]
    async with begin(house, controller()) as work:
        assert (await costs.price_anew(work, *period)).lines == 0
        told = await costs.case_costs(work, case_id)
    assert told.sums[0].total_cents == 17_788 - 520
    assert [line.undone for line in told.lines if line.kind == "freight_back"] == [True, True, False]
    assert len({line.position for line in told.lines if line.kind == "freight_back"}) == 1
    # And once more: the newest line is the one that is undone.
    async with begin(house, controller()) as work:
        await costs.set_rate(
            work,
            NewCostRate(
                kind=RateKind.freight_back,
                part="shunfeng",
                amount=Decimal(1200),
                currency="CNY",
                valid_from=NOON - timedelta(days=2),
            ),
        )
        assert (await costs.price_anew(work, *period, kind=RateKind.freight_back)).differences == {"CNY": 20}


async def test_what_was_counted_gets_its_amount_when_the_rate_comes(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house, without={RateKind.inspection, RateKind.goods})
    case_id = await returned(house, clock, bought)
    await keep(house)
    await set_rates(house)
    async with begin(house, controller()) as work:
        done = await costs.price_anew(work, NOON - timedelta(days=1), clock.now + timedelta(days=1))
        assert await costs.missing_rates(work) == []
        told = await costs.case_costs(work, case_id)
    assert (done.lines, done.differences) == (2, {"CNY": 350 - 14_950})
    assert (told.sums[0].total_cents, told.sums[0].unpriced) == (17_788, 0)
