"""What people enter and undo; what they may not."""

from typing import Any

import pytest
from sqlalchemy import text

from aftercare.cases.model import CaseNotFound
from aftercare.insights import costs
from aftercare.insights.costs import CostKind, NewCostLine
from aftercare.insights.costs.model import AmountOfWrongSign, CostLineNotFound, FromFactsAlone, LineReversed
from aftercare.journal import SYSTEM, House, PermissionMissing, begin
from tests import given
from tests.conftest import Clock
from tests.insights.costs.test_ledger import bought_here
from tests.insights.costs.world import controller, keep, returned, set_rates


async def a_case(house: House, clock: Clock) -> tuple[Any, Any]:
    bought = await bought_here(house)
    await set_rates(house)
    case_id = await returned(house, clock, bought)
    await keep(house)
    return bought, case_id


async def test_a_charge_back_is_entered_and_undone(house: House, clock: Clock) -> None:
    bought, case_id = await a_case(house, clock)
    boss = controller(bought.shop)
    new = NewCostLine(
        case_id=case_id,
        kind=CostKind.carrier_chargeback,
        amount_cents=-9_900,
        currency="CNY",
        carrier="shunfeng",
        words="破损理赔",
    )
    async with begin(house, boss) as work:
        line = await costs.enter_line(work, new)
    async with begin(house, boss) as work:
        told = await costs.case_costs(work, case_id)
        assert told.sums[0].total_cents == 17_788 - 9_900
        entered = next(one for one in told.lines if one.id == line)
        assert (entered.by_hand, entered.fact, entered.words) == (True, "cost.entered", "破损理赔")
    async with begin(house, boss) as work:
        counter = await costs.reverse_line(work, line, words="录错了工单")
    async with begin(house, boss) as work:
        told = await costs.case_costs(work, case_id)
    assert told.sums[0].total_cents == 17_788
    assert [(one.amount_cents, one.undone) for one in told.lines if one.kind == "carrier_chargeback"] == [
        (-9_900, True),
        (9_900, True),
    ]
    for again in (line, counter):
        with pytest.raises(LineReversed):
            async with begin(house, boss) as work:
                await costs.reverse_line(work, again, words="再来一次")
    async with begin(house, SYSTEM) as work:
        names = await work.session.scalars(
            text("SELECT name FROM fact WHERE name LIKE 'cost.%' ORDER BY position")
        )
        assert list(names) == ["cost.entered", "cost.reversed"]


async def test_what_follows_from_a_fact_can_be_undone_and_does_not_come_back(
    house: House, clock: Clock
) -> None:
    bought, case_id = await a_case(house, clock)
    async with begin(house, controller(bought.shop)) as work:
        told = await costs.case_costs(work, case_id)
        inspection = next(line for line in told.lines if line.kind == "inspection")
        await costs.reverse_line(work, inspection.id, words="并未质检")
    assert (await costs.read_again(house, only_writer=True)).lines == 0
    async with begin(house, controller(bought.shop)) as work:
        assert (await costs.case_costs(work, case_id)).sums[0].total_cents == 17_788 - 350


async def test_money_that_moved_is_not_anybodys_to_enter_or_undo(house: House, clock: Clock) -> None:
    bought, case_id = await a_case(house, clock)
    boss = controller(bought.shop)
    about: dict[str, Any] = {"case_id": case_id, "currency": "CNY"}
    async with begin(house, boss) as work:
        refund = next(line for line in (await costs.case_costs(work, case_id)).lines if line.kind == "refund")
    with pytest.raises(FromFactsAlone):
        async with begin(house, boss) as work:
            await costs.reverse_line(work, refund.id, words="不该退")
    for kind in (CostKind.refund, CostKind.people, CostKind.difference):
        with pytest.raises(FromFactsAlone):
            async with begin(house, boss) as work:
                await costs.enter_line(work, NewCostLine(**about, kind=kind, amount_cents=100))
    for kind, cents in ((CostKind.insurance, 100), (CostKind.parts, -100), (CostKind.other, 0)):
        with pytest.raises(AmountOfWrongSign):
            async with begin(house, boss) as work:
                await costs.enter_line(work, NewCostLine(**about, kind=kind, amount_cents=cents))


async def test_who_may_look_and_enter(house: House, clock: Clock) -> None:
    _, case_id = await a_case(house, clock)
    stranger = controller(await given.a_shop(house))
    new = NewCostLine(case_id=case_id, kind=CostKind.parts, amount_cents=100, currency="CNY")
    with pytest.raises(CaseNotFound):
        async with begin(house, stranger) as work:
            await costs.case_costs(work, case_id)
    with pytest.raises(CaseNotFound):
        async with begin(house, stranger) as work:
            await costs.enter_line(work, new)
    with pytest.raises(CostLineNotFound):
        async with begin(house, stranger) as work:
            line: int = await work.session.scalar(text("SELECT coalesce(min(id), 1) FROM cost_line"))
            await costs.reverse_line(work, line, words="不是我的")
    with pytest.raises(PermissionMissing):
        async with begin(house, given.staff(await given.a_shop(house), given.AGENT)) as work:
            await costs.case_costs(work, case_id)
