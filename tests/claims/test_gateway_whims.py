"""Refunds through a gateway that is as unreliable as real ones, with the worker's own rounds: money moves once, and the
claim ends refunded."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from aftercare import claims, promises
from aftercare.claims import ClaimKind, ClaimState, GatewayAnswer, GatewayState, Reason, RefundGateways
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.payments.routes import settle_sandbox_calls
from aftercare.connectors.sandbox_gateway import Whim, paid_by_sandbox
from aftercare.journal import House, begin, drain
from aftercare.settings import Settings
from aftercare.worker import ask_after_refunds
from tests import given
from tests.claims.test_verbs import applied, names, state_of
from tests.conftest import Clock
from tests.given import Line


async def refunding(house: House, whim: Whim) -> Any:
    """A claim over an order whose payment makes the sandbox behave so."""
    house.ports = {
        **house.ports,
        RefundGateways: ConfiguredGateways(Settings(sandbox_gateway=True), house),
    }
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=12_300), delivered=None, shipped=None)
    async with begin(house) as work:
        await work.session.execute(
            text("UPDATE payment SET provider_ref = provider_ref || :whim"), {"whim": f"#{whim.value}"}
        )
    return await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason), of


async def go_on(house: House, clock: Clock, spent: timedelta, *, calls_arrive: bool) -> None:
    """What the worker does in that time, every three minutes."""
    ends = clock.now + spent
    while clock.now < ends:
        await drain(house)
        await promises.ring(house)
        await ask_after_refunds(house)
        if calls_arrive:
            await settle_sandbox_calls(house)
        clock.now += timedelta(minutes=3)
    await drain(house)


async def paid(house: House) -> list[int]:
    async with begin(house) as work:
        return list((await paid_by_sandbox(work)).values())


@pytest.mark.parametrize("calls_arrive", [True, False], ids=["told", "asked"])
@pytest.mark.parametrize(
    "whim", [Whim.pays, Whim.late, Whim.twice, Whim.disordered, Whim.loses_answer, Whim.unreachable]
)
async def test_the_money_goes_once_and_the_claim_ends(
    house: House, clock: Clock, whim: Whim, calls_arrive: bool
) -> None:
    claim, _ = await refunding(house, whim)
    await go_on(house, clock, timedelta(minutes=30), calls_arrive=calls_arrive)
    assert await state_of(house, claim) is ClaimState.refunded
    assert await paid(house) == [12_300]
    told = await names(house, claim)
    assert [told.count(name) for name in ("refund.requested", "refund.paid", "claim.refunded")] == [1, 1, 1]
    assert "refund.contradicted" not in told


async def test_a_short_balance_is_tried_again_by_the_clock(house: House, clock: Clock) -> None:
    claim, _ = await refunding(house, Whim.short)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refund_failed
    clock.now += timedelta(hours=24)
    await go_on(house, clock, timedelta(minutes=10), calls_arrive=True)
    assert await state_of(house, claim) is ClaimState.refunded
    assert await paid(house) == [12_300]
    told = await names(house, claim)
    assert [told.count(name) for name in ("refund.requested", "refund.failed", "refund.paid")] == [2, 1, 1]


async def test_a_closed_account_is_paid_into_the_wallet_and_finance_hears_of_a_late_payment(
    house: House, clock: Clock
) -> None:
    claim, of = await refunding(house, Whim.never)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refund_failed
    async with begin(house, given.staff(of, given.FINANCE)) as work:
        await claims.to_wallet(work, claim)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert await paid(house) == []
    async with begin(house) as work:
        (refund,) = (await work.session.execute(text("SELECT key, gateway_reference FROM refund"))).all()
        entered = (
            await work.session.execute(text("SELECT sum(amount_cents) FROM wallet_entry"))
        ).scalar_one()
        assert entered == 12_300
        await claims.settle_refund(
            work, key=refund.key, answer=GatewayAnswer(GatewayState.paid, "sandbox-late")
        )
        await claims.settle_refund(work, key=refund.key, answer=GatewayAnswer(GatewayState.failed))
    told = await names(house, claim)
    assert [told.count(name) for name in ("refund.paid", "refund.contradicted")] == [1, 1]


async def test_an_old_pending_does_not_take_a_failure_back(house: House) -> None:
    claim, _ = await refunding(house, Whim.never)
    await drain(house)
    async with begin(house) as work:
        key = (await work.session.execute(text("SELECT key FROM refund"))).scalar_one()
        await claims.settle_refund(work, key=key, answer=GatewayAnswer(GatewayState.pending))
    async with begin(house) as work:
        state = (await work.session.execute(text("SELECT state FROM refund"))).scalar_one()
    assert (state, await state_of(house, claim)) == ("failed", ClaimState.refund_failed)
