"""A shop with rates that make sums easy: a second of people costs a cent."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare import cases, claims, logistics
from aftercare.claims import ClaimKind, ClaimState, Grade, Graded, Reason, WayBack
from aftercare.identity import ShopView
from aftercare.insights import costs
from aftercare.insights.costs import NewCostRate, RateKind
from aftercare.journal import SYSTEM, Actor, ActorKind, House, begin, drain
from aftercare.kit.ids import new_id
from aftercare.logistics import CarrierEvent, ShipmentStatus, TrackingUpdate
from tests import given
from tests.claims.test_verbs import applied, state_of
from tests.conftest import NOON, Clock
from tests.given import Bought

LONG_AGO = NOON - timedelta(days=400)
CARRIER = Actor(kind=ActorKind.integration, shops=None, role="carrier")
RATES: dict[tuple[RateKind, str], int | Decimal] = {
    (RateKind.people, ""): 3600,
    (RateKind.people, "arbitration"): 7200,
    (RateKind.telephony, ""): 60,
    (RateKind.bot, ""): Decimal("2.5"),
    (RateKind.inspection, ""): 350,
    (RateKind.packaging, ""): 280,
    (RateKind.freight_out, ""): 900,
    (RateKind.freight_back, ""): 1000,
    (RateKind.freight_back, "shunfeng"): 1700,
    (RateKind.goods, ""): 500,
    (RateKind.goods_written_off, "restock"): 20,
    (RateKind.goods_written_off, "refurbish"): 180,
}


def controller(of: ShopView | None = None) -> Actor:
    """Who may look at costs and enter them; without a shop, those of the whole group."""
    return Actor(
        kind=ActorKind.staff,
        id=new_id(),
        shops=None if of is None else frozenset({of.id}),
        permissions=frozenset({"insights.read", "insights.write", "cases.read", "claims.read"}),
        role="finance",
    )


async def set_rates(house: House, *, currency: str = "CNY", without: set[RateKind] | None = None) -> None:
    async with begin(house, SYSTEM) as work:
        await costs.add_rates(
            work,
            [
                NewCostRate(
                    kind=kind, part=part, amount=Decimal(amount), currency=currency, valid_from=LONG_AGO
                )
                for (kind, part), amount in RATES.items()
                if kind not in (without or set())
            ],
        )


async def lines_of(house: House) -> list[tuple[str, str, int, int | None]]:
    """Kind, part, quantity, cents, as written."""
    async with begin(house, SYSTEM) as work:
        rows = await work.session.execute(
            text(
                "SELECT kind, part, quantity, amount_cents FROM cost_line ORDER BY position, turn, kind, part"
            )
        )
        return [tuple(row) for row in rows]


async def keep(house: House) -> costs.Kept:
    return await costs.keep_ledger(house, only_writer=True)


async def returned(house: House, clock: Clock, bought: Bought, *, grade: Grade = Grade.as_new) -> UUID:
    """A faulty thing comes back and is paid for: the agent decides after 100 seconds and writes 30 seconds later, the warehouse takes
    it in 60 seconds after it was signed for."""
    agent, hands = given.staff(bought.shop, given.AGENT), given.staff(bought.shop, given.WAREHOUSE)
    claim: UUID = await applied(house, bought, ClaimKind.return_refund, Reason.defective)
    async with begin(house, SYSTEM) as work:
        case_id: UUID = (
            await work.session.execute(text("SELECT case_id FROM claim WHERE id = :id"), {"id": claim})
        ).scalar_one()
    if await state_of(house, claim) is ClaimState.pending_merchant:
        await step(house, clock, 100, agent, lambda work: claims.approve(work, claim))
    await step(house, clock, 30, agent, lambda work: cases.say(work, case_id, "您好，请按地址寄回。"))
    way = WayBack(carrier="shunfeng", tracking_number=f"SF{claim.int % 10**13:013}")
    await step(house, clock, 3600, bought.buyer, lambda work: claims.ship(work, claim, way))
    for word, seconds in ((ShipmentStatus.in_transit, 3600), (ShipmentStatus.delivered, 86_400)):
        clock.now += timedelta(seconds=seconds)
        update = TrackingUpdate(
            "shunfeng", way.tracking_number, [CarrierEvent(clock.now, word, word.value, "快件")]
        )
        async with begin(house, CARRIER) as work:
            await logistics.push_tracking(work, [update])
    await step(house, clock, 60, hands, lambda work: claims.receive(work, claim))
    graded = [Graded(order_line_id=bought.line_ids[0], quantity=1, grade=grade)]
    await step(house, clock, 40, hands, lambda work: claims.inspect(work, claim, graded))
    await drain(house)
    return case_id


async def step(house: House, clock: Clock, seconds: int, actor: Actor, do: Any) -> Any:
    clock.now += timedelta(seconds=seconds)
    async with begin(house, actor) as work:
        return await do(work)
