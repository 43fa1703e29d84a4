"""It adds up: whatever people do, the lines of money in the ledger are the money that moved, to the cent, in each currency."""

import os
from typing import Any, Literal
from uuid import UUID

from hypothesis import HealthCheck, Phase, settings
from hypothesis import given as drawn
from hypothesis import strategies as some
from sqlalchemy import text

from aftercare import claims
from aftercare.claims import (
    AskedLine,
    ClaimKind,
    ClaimState,
    NewClaim,
    PaidAnswer,
    PaymentGateways,
    Reason,
    RefundGateways,
    pay_difference,
)
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.insights import costs
from aftercare.journal import SYSTEM, House, begin, drain
from aftercare.settings import Settings
from tests import given
from tests.claims.test_properties import KINDS, MOST_MOVES, Stage, a_walk, stage, step
from tests.given import Line
from tests.insights.costs.world import controller, set_rates

__all__ = ["stage"]
EXAMPLES = int(os.environ.get("AFTERCARE_FUZZ", "0"))

# Refunds that were paid, less what customers paid for dearer goods: through a gateway (given back or not: giving back is a refund),
# or to finance by hand.
MOVED = text(
    """
    SELECT currency, CAST(sum(cents) AS bigint) AS cents FROM (
      SELECT currency, amount_cents AS cents FROM refund WHERE state = 'paid'
      UNION ALL SELECT currency, -amount_cents FROM difference_payment WHERE state IN ('paid', 'given_back')
      UNION ALL SELECT m.currency, -m.difference_cents FROM claim m WHERE m.difference_settled_at IS NOT NULL AND NOT EXISTS (
        SELECT FROM difference_payment p WHERE p.claim_id = m.id AND p.paid_at = m.difference_settled_at)
    ) moved GROUP BY 1 ORDER BY 1
    """
)
WRITTEN = text(
    """
    SELECT currency, CAST(sum(amount_cents) AS bigint) AS cents FROM cost_line
    WHERE kind IN ('refund', 'refund_by_store', 'difference') GROUP BY 1 ORDER BY 1
    """
)


async def adds_up(house: House) -> None:
    await costs.keep_ledger(house, only_writer=True)
    async with begin(house, SYSTEM) as work:
        moved = [tuple(row) for row in await work.session.execute(MOVED)]
        written = [tuple(row) for row in await work.session.execute(WRITTEN)]
        # By the cut of cases as by kind, and for all cases together: the same sums.
        sums = {
            row.currency: row.cents
            for row in await work.session.execute(
                text("SELECT currency, CAST(sum(amount_cents) AS bigint) AS cents FROM cost_line GROUP BY 1")
            )
        }
        which = costs.Which(since=work.now.replace(year=2020), until=work.now.replace(year=2024))
        for by in costs.CostCut:
            for year in (2020, 2024):
                period = which.model_copy(
                    update={"since": work.now.replace(year=year), "until": work.now.replace(year=year + 4)}
                )
                found: dict[str, int] = {}
                for cut in await costs.cut_by(work, period, by):
                    found[cut.currency] = found.get(cut.currency, 0) + cut.amount_cents
                assert found == ({} if year == 2020 else sums), by
    assert written == moved


def test_random_walks_of_claims_reconcile(stage: Stage) -> None:
    stage.run(set_rates(stage.house))

    @settings(
        max_examples=EXAMPLES or 12,
        deadline=None,
        database=None,
        derandomize=not EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @drawn(
        which=some.sampled_from(KINDS), units=some.integers(1, 3), dice=some.randoms(use_true_random=False)
    )
    def walk_on(which: tuple[ClaimKind, Reason, bool], units: int, dice: Any) -> None:
        stage.gateway.next.clear()
        walk = stage.run(a_walk(stage, *which, units))
        for _ in range(MOST_MOVES):
            if not stage.run(step(walk, dice)):
                break
        stage.run(drain(stage.house))
        stage.run(adds_up(stage.house))

    walk_on()


How = Literal["gateway", "finance", "twice", "never"]


async def an_exchange(
    house: House, currency: str, cheaper: int, dearer: int, how: How, end: Literal["cancel", "reship", "none"]
) -> None:
    market = {"CNY": "CN", "EUR": "DE", "BRL": "BR"}[currency]
    of = await given.a_shop(house, market=market, currency=currency)
    bought = await given.an_order(house, of, Line(price_cents=cheaper))
    other = await given.an_order(house, of, Line(title="更好的一台", price_cents=cheaper + dearer))
    line = AskedLine(order_line_id=bought.line_ids[0], quantity=1, new_product_id=other.product_ids[0])
    async with begin(house, bought.buyer) as work:
        claim = await claims.apply(
            work, NewClaim(kind=ClaimKind.exchange, reason=Reason.defective, lines=[line])
        )
        claim_id, waits = claim.id, claim.state is ClaimState.pending_merchant
    if waits:
        async with begin(house, given.staff(of, given.AGENT)) as work:
            await claims.approve(work, claim_id)
    await pays(house, bought.buyer, claim_id, of, how)
    if end == "cancel":
        async with begin(house, bought.buyer) as work:
            await claims.cancel(work, claim_id)
    await drain(house)


async def pays(house: House, buyer: Any, claim_id: UUID, of: Any, how: How) -> None:
    if how == "never":
        return
    if how == "finance":
        async with begin(house, given.staff(of, given.FINANCE)) as work:
            await claims.settle_difference(work, claim_id)
        return
    payment = await pay_difference(house, buyer, claim_id, return_url="https://shop.test/my")
    answer = PaidAnswer(True, payment.amount_cents, payment.currency, f"tx-{payment.key[:8]}")
    for _ in range(2 if how == "twice" else 1):
        async with begin(house, SYSTEM) as work:
            await claims.settle_payment(work, key=payment.key, answer=answer)


def test_differences_of_exchanges_reconcile_in_each_currency(stage: Stage) -> None:
    house = stage.house
    gateways = ConfiguredGateways(Settings(sandbox_gateway=True), house)
    house.ports = {**house.ports, RefundGateways: gateways, PaymentGateways: gateways}
    for currency in ("CNY", "EUR"):
        stage.run(set_rates(house, currency=currency))

    @settings(
        max_examples=EXAMPLES or 12,
        deadline=None,
        database=None,
        derandomize=not EXAMPLES,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @drawn(
        currency=some.sampled_from(["CNY", "EUR", "BRL"]),
        cheaper=some.integers(1_001, 30_000),
        dearer=some.integers(1, 20_000),
        how=some.sampled_from(["gateway", "finance", "twice", "never"]),
        end=some.sampled_from(["cancel", "none"]),
    )
    def exchange(currency: str, cheaper: int, dearer: int, how: How, end: Literal["cancel", "none"]) -> None:
        stage.run(an_exchange(house, currency, cheaper, dearer, how, end))
        stage.run(adds_up(house))

    exchange()
    which = costs.Which(since=house.clock().replace(year=2025), until=house.clock().replace(year=2027))

    async def currencies() -> list[str]:
        async with begin(house, controller()) as work:
            return [one.currency for one in (await costs.summary(work, which)).currencies]

    assert set(stage.run(currencies())) <= {"CNY", "EUR", "BRL"}
