"""Claims that were decided in so many hours, and who may look at the numbers."""

from datetime import timedelta

from aftercare import claims
from aftercare.identity import ShopView
from aftercare.journal import Actor, ActorKind, House, begin
from tests import given
from tests.conftest import NOON, Clock

MANAGER = frozenset({"insights.read", "promises.read", "journal.read", "journal.operate"})


def manager(*shops: ShopView) -> Actor:
    return Actor(
        kind=ActorKind.staff, shops=frozenset(shop.id for shop in shops), permissions=MANAGER, locale="en"
    )


async def claims_decided_after(house: House, clock: Clock, shop: ShopView, *hours: int | None) -> None:
    """One claim each, of goods that the default policy leaves to a person."""
    for wait in hours:
        clock.now = NOON
        bought = await given.an_order(house, shop, given.Line(price_cents=90_000))
        claim = await given.a_claim(house, bought)
        if wait is not None:
            clock.now = NOON + timedelta(hours=wait)
            async with begin(house, given.staff(shop, given.AGENT)) as work:
                await claims.approve(work, claim.id)
    clock.now = NOON + timedelta(days=2)
