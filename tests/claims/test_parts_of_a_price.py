"""Who asks for a part of the price gets that part, and nothing on top of it."""

from aftercare import claims
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason
from aftercare.journal import House, begin
from tests import given
from tests.given import Line


async def test_freight_comes_back_with_the_whole_and_not_with_a_part(house: House) -> None:
    of = await given.a_shop(house)
    asked = []
    for cents in (None, 2_000, 80_000):
        bought = await given.an_order(house, of, Line(price_cents=80_000, freight_cents=1_200))
        async with begin(house, bought.buyer) as work:
            claim = await claims.apply(
                work,
                NewClaim(
                    kind=ClaimKind.refund_only,
                    lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=1)],
                    reason=Reason.damaged,
                    asked_cents=cents,
                ),
            )
            asked.append((claim.requested_cents, claim.freight_cents))
    assert asked == [(81_200, 1_200), (2_000, 0), (81_200, 1_200)]
