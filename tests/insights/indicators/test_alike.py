"""Whether like claims get like decisions, and numbers by team."""

from datetime import timedelta

from aftercare import claims
from aftercare.claims import ClaimKind, Reason
from aftercare.claims.decisions import NewOffer
from aftercare.identity import ShopView
from aftercare.insights.indicators import Question, answer
from aftercare.journal import Actor, ActorKind, House, begin, drain
from tests import given
from tests.cases.given import a_case, a_world, at_work
from tests.conftest import NOON, Clock
from tests.insights.given import manager

DEAR = given.Line(price_cents=90_000)


async def asks_back(
    house: House, shop: ShopView, *, agreed: bool, by: Actor, reason: Reason = Reason.no_reason
) -> None:
    bought = await given.an_order(house, shop, DEAR)
    claim = await given.a_claim(house, bought, ClaimKind.return_refund, reason)
    async with begin(house, by) as work:
        if agreed:
            await claims.approve(work, claim.id)
        else:
            await claims.offer(work, claim.id, NewOffer(asks="proof", words="请补一张照片"))


async def test_decisions_are_compared_with_those_of_like_claims(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    agent = given.staff(shop, given.AGENT)
    for agreed in (True,) * 21 + (False,) * 3:
        await asks_back(house, shop, agreed=agreed, by=agent)
    # Too few of a kind to be compared.
    for _ in range(4):
        await asks_back(house, shop, agreed=True, by=agent, reason=Reason.wrong_size)
    clock.now = NOON + timedelta(hours=1)
    async with begin(house, manager(shop)) as work:
        found = await answer(work, "consistency", Question(NOON - timedelta(days=1), clock.now, trend=False))
    assert (found.figure.numerator, found.figure.denominator, found.figure.value) == (21, 24, 0.875)


async def test_a_team_is_who_has_the_same_skills(house: House) -> None:
    world = await a_world(house)
    await at_work(world, world.mei, skills=["fridge"], capacity=2)
    await at_work(world, world.bo, skills=["money", "returns"], capacity=3)
    for number in range(5):
        await a_case(world, f"第 {number} 件")
    await drain(house)
    by = Actor(ActorKind.staff, None, frozenset({world.shop_id}), frozenset({"insights.read"}))
    question = Question(NOON - timedelta(days=1), NOON + timedelta(hours=1), cut="team", trend=False)
    async with begin(house, by) as work:
        found = await answer(work, "contacts", question)
    assert {part.key: part.figure.n for part in found.parts} == {"fridge": 2, "money,returns": 3}
