"""What facts write into the ledger: every line with its quantity, rate and amount, once."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from aftercare import cases
from aftercare.cases import NewCase
from aftercare.claims import Grade
from aftercare.insights import costs
from aftercare.insights.costs import RateKind
from aftercare.journal import SYSTEM, House, begin
from tests import given
from tests.conftest import NOON, Clock
from tests.given import Bought, Line
from tests.given.gateway import connect
from tests.insights.costs.world import controller, keep, lines_of, returned, set_rates, step

RETURNED = [
    ("people", "decisions", 100, 100),
    ("people", "answers", 30, 30),
    ("freight_back", "shunfeng", 1, 1700),
    ("people", "receiving", 60, 60),
    ("goods_back", "", -1, -14_950),
    ("goods_written_off", "restock", 1, 598),
    ("inspection", "", 1, 350),
    ("refund", "", 1, 29_900),
]


async def bought_here(house: House, *lines: Line) -> Bought:
    connect(house)
    return await given.an_order(house, await given.a_shop(house), *lines)


async def test_a_return_costs_what_was_done_and_paid_for_it(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    case_id = await returned(house, clock, bought)
    kept = await keep(house)
    assert kept.lines == 8
    assert await lines_of(house) == RETURNED
    async with begin(house, controller(bought.shop)) as work:
        told = await costs.case_costs(work, case_id)
    [one] = told.sums
    assert (one.currency, one.total_cents, one.service_cents, one.unpriced) == ("CNY", 17_788, 2_240, 0)
    assert {group.value: cents for group, cents in one.groups.items()} == {
        "work": 540,
        "parcels": 1_700,
        "goods": -14_352,
        "money": 29_900,
    }
    refund = next(line for line in told.lines if line.kind == "refund")
    assert (refund.fact, refund.product_title, refund.rate) == ("refund.paid", "破壁料理机 L18", None)
    decided = next(line for line in told.lines if line.part == "decisions")
    assert (decided.fact, decided.unit, decided.rate, decided.quantity) == (
        "claim.approved",
        "hour",
        3600.0,
        100,
    )


async def test_what_runs_twice_happens_once(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    await returned(house, clock, bought)
    assert (await keep(house)).lines == 8
    assert (await keep(house)) == costs.Kept(0, 0)
    again = await costs.read_again(house, only_writer=True)
    assert again.read > 20
    assert again.lines == 0
    assert await lines_of(house) == RETURNED


async def test_a_journal_older_than_the_ledger_is_read_again_in_pieces(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    await returned(house, clock, bought)
    async with begin(house, SYSTEM) as work:
        await work.session.execute(
            text(
                "INSERT INTO reader (name, transaction, position) SELECT 'costs', transaction, position FROM fact"
                " ORDER BY transaction DESC, position DESC LIMIT 1"
            )
        )
    assert (await keep(house)).lines == 0
    assert (await costs.read_again(house, limit=3, only_writer=True)).lines == 8
    assert await lines_of(house) == RETURNED


async def test_what_is_damaged_loses_by_what_becomes_of_it(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    await returned(house, clock, bought, grade=Grade.opened)
    await keep(house)
    lines = {kind: (part, cents) for kind, part, _, cents in await lines_of(house) if kind != "people"}
    assert lines["goods_written_off"] == ("refurbish", 5_382)
    assert lines["goods_back"] == ("", -14_950)


async def test_without_a_rate_it_is_counted_and_said(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house, without={RateKind.inspection, RateKind.goods})
    case_id = await returned(house, clock, bought)
    await keep(house)
    lines = await lines_of(house)
    assert ("inspection", "", 1, None) in lines
    assert ("goods_back", "", -1, None) in lines
    async with begin(house, controller(bought.shop)) as work:
        missing = await costs.missing_rates(work)
        told = await costs.case_costs(work, case_id)
    assert [(one.kind.value, one.part, one.lines, one.quantity) for one in missing] == [
        ("goods", "", 1, 1),
        ("inspection", "", 1, 1),
    ]
    assert told.sums[0].unpriced == 2


async def test_a_rate_of_another_currency_is_no_rate(house: House, clock: Clock) -> None:
    connect(house)
    of = await given.a_shop(house, market="DE", currency="EUR")
    bought = await given.an_order(house, of)
    await set_rates(house)
    await returned(house, clock, bought)
    await keep(house)
    priced = [(kind, cents) for kind, _, _, cents in await lines_of(house) if cents is not None]
    assert priced == [("refund", 29_900)]
    async with begin(house, SYSTEM) as work:
        assert list(await work.session.scalars(text("SELECT DISTINCT currency FROM cost_line"))) == ["EUR"]


async def test_minutes_are_the_pause_before_an_act_up_to_a_limit(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    agent, other = given.staff(bought.shop, given.AGENT), given.staff(bought.shop, given.AGENT)
    async with begin(house, bought.buyer) as work:
        case = await cases.open_case(
            work,
            NewCase(
                shop_id=bought.shop.id,
                title="发票",
                customer_id=bought.customer_id,
                locale="zh-CN",
                body="请问发票怎么开？",
            ),
        )
    say = lambda work: cases.say(work, case.id, "您好")  # noqa: E731
    await step(house, clock, 900, agent, say)  # as long as the limit: measured
    await step(house, clock, 901, agent, say)  # longer than it: the usual four minutes
    await keep(house)
    # Another one's act counts from what became known, not from what the first one did.
    await step(house, clock, 5, bought.buyer, lambda work: cases.say(work, case.id, "谢谢"))
    await step(house, clock, 70, other, say)
    # The first one's counts from the customer's word as well, for it is later than the own last act.
    await step(house, clock, 10, agent, say)
    await keep(house)
    assert await lines_of(house) == [
        ("people", "answers", 900, 900),
        ("people", "answers", 240, 240),
        ("people", "answers", 70, 70),
        ("people", "answers", 80, 80),
    ]


async def test_lines_are_never_edited(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    await returned(house, clock, bought)
    await keep(house)
    for forbidden in (
        "UPDATE cost_line SET amount_cents = 0",
        "DELETE FROM cost_line",
        "UPDATE cost_rate SET amount = 0",
        "DELETE FROM cost_rate",
    ):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with begin(house, SYSTEM) as work:
                await work.session.execute(text(forbidden))


async def test_a_shop_sees_its_own_costs_only(house: House, clock: Clock) -> None:
    bought = await bought_here(house)
    await set_rates(house)
    await returned(house, clock, bought)
    await keep(house)
    other = await given.a_shop(house)
    which = costs.Which(since=NOON - timedelta(days=1), until=NOON + timedelta(days=9))
    async with begin(house, controller(other)) as work:
        assert (await costs.summary(work, which)).currencies == []
        assert await costs.rates(work) != []
    async with begin(house, controller(bought.shop)) as work:
        [told] = (await costs.summary(work, which)).currencies
    assert told.amount_cents == 17_788
