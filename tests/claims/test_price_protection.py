"""A price that fell after the purchase: the difference is proposed to the cent, and never more than is left of what was paid."""

from typing import Any

import pytest
from sqlalchemy import text

from aftercare import claims
from aftercare.claims import AskedLine, ClaimKind, ClaimPage, NewClaim, Option, Reason
from aftercare.claims.model import PriceMissing
from aftercare.claims.money import PaidLine, fallen_by
from aftercare.journal import House, begin
from tests import given
from tests.given import Bought, Line


@pytest.mark.parametrize(
    ("line", "quantity", "price", "difference"),
    [
        (PaidLine(29_900, 1), 1, 27_900, 2_000),
        (PaidLine(29_900, 1), 1, 29_900, 0),
        (PaidLine(29_900, 1), 1, 35_000, 0),
        (PaidLine(29_900, 1), 1, 0, 29_900),
        # The last unit carries the remainder.
        (PaidLine(10_000, 3), 2, 3_000, 666),
        (PaidLine(10_000, 3), 3, 3_000, 1_000),
        # One of two was sent back: only the other is still paid for.
        (PaidLine(59_800, 2, 29_900, 1), 2, 27_900, 2_000),
        # The difference was given already, and falls again.
        (PaidLine(59_800, 2, 4_000, 0), 2, 27_900, 0),
        (PaidLine(59_800, 2, 4_000, 0), 2, 25_900, 4_000),
        # A fee that was kept of what came back is no fall of the price.
        (PaidLine(59_800, 2, 28_900, 1), 1, 27_900, 2_000),
        (PaidLine(29_900, 1, 29_900, 1), 1, 100, 0),
    ],
)
def test_by_how_much_it_fell(line: PaidLine, quantity: int, price: int, difference: int) -> None:
    assert fallen_by(line, quantity, price) == difference


async def costs_now(house: House, bought: Bought, cents: int | None, index: int = 0) -> None:
    async with begin(house) as work:
        await work.session.execute(
            text(
                "UPDATE product SET price_cents = :cents WHERE id = (SELECT product_id FROM order_line WHERE id = :line)"
            ),
            {"cents": cents, "line": bought.line_ids[index]},
        )


def wish(bought: Bought, *quantities: int, price_cents: int | None = None, **more: Any) -> NewClaim:
    return NewClaim(
        kind=ClaimKind.compensation,
        lines=[
            AskedLine(order_line_id=line, quantity=quantity, price_cents=price_cents)
            for line, quantity in zip(bought.line_ids, quantities, strict=True)
        ],
        reason=Reason.price_dropped,
        **more,
    )


async def offered(house: House, bought: Bought, new: NewClaim) -> Option:
    async with begin(house, bought.buyer) as work:
        return next(one for one in await claims.options(work, new) if one.kind is ClaimKind.compensation)


async def applied(house: House, bought: Bought, new: NewClaim) -> ClaimPage:
    async with begin(house, bought.buyer) as work:
        claim = await claims.apply(work, new)
    return await page_of(house, claim.id)


async def page_of(house: House, claim_id: Any) -> ClaimPage:
    async with begin(house) as work:
        return await claims.claim_page(work, claim_id)


async def test_what_the_catalogue_says_now_is_proposed_and_asked_for(house: House) -> None:
    of = await given.a_shop(house)
    # Paid 590.01 for three with a coupon; 190.00 each now.
    bought = await given.an_order(house, of, Line(price_cents=20_000, quantity=3, discount_cents=999))
    await costs_now(house, bought, 19_000)
    option = await offered(house, bought, wish(bought, 3))
    assert (option.proposed_cents, option.amount_cents) == (2_001, 59_001)
    assert (await offered(house, bought, wish(bought, 2))).proposed_cents == 1_334
    page = await applied(house, bought, wish(bought, 3))
    assert (page.requested_cents, page.proposed_cents, page.lines[0].new_price_cents) == (
        2_001,
        2_001,
        19_000,
    )
    async with begin(house, given.staff(of, given.AGENT)) as work:
        await claims.approve(work, page.id)
    page = await page_of(house, page.id)
    assert (page.agreed_cents, page.proposed_cents) == (2_001, None)
    # Once is enough.
    assert (await offered(house, bought, wish(bought, 3))).proposed_cents == 0
    with pytest.raises(PriceMissing):
        await applied(house, bought, wish(bought, 3))


async def test_the_agent_sees_the_difference_beside_what_is_asked(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=29_900, quantity=2))
    await costs_now(house, bought, 27_900)
    page = await applied(house, bought, wish(bought, 2, asked_cents=10_000))
    assert (page.requested_cents, page.proposed_cents) == (10_000, 4_000)
    page = await applied(house, bought, wish(bought, 1, asked_cents=500))
    assert (page.requested_cents, page.proposed_cents) == (500, 0)


async def test_each_line_gets_its_own_difference(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=29_900), Line(price_cents=10_000, quantity=2))
    await costs_now(house, bought, 9_500, index=1)
    page = await applied(house, bought, wish(bought, 1, 2))
    told = {line.order_line_id: line.money.claimed_cents for line in page.lines}
    assert [told[line] for line in bought.line_ids] == [0, 1_000]


async def test_where_we_do_not_know_the_price_the_one_that_was_seen_counts(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=29_900, quantity=2))
    await costs_now(house, bought, None)
    assert (await offered(house, bought, wish(bought, 2))).proposed_cents is None
    with pytest.raises(PriceMissing):
        await applied(house, bought, wish(bought, 2))
    assert (await offered(house, bought, wish(bought, 2, price_cents=28_850))).proposed_cents == 2_100
    page = await applied(house, bought, wish(bought, 2, price_cents=28_850))
    assert (page.requested_cents, page.lines[0].new_price_cents) == (2_100, 28_850)
    async with begin(house, bought.buyer) as work:
        await claims.edit(work, page.id, claims.Edit(description="页面截图在附件"))
    page = await page_of(house, page.id)
    assert (page.requested_cents, page.proposed_cents) == (2_100, 2_100)
    # What we know goes before what was seen.
    await costs_now(house, bought, 29_800)
    assert (await offered(house, bought, wish(bought, 2, price_cents=1))).proposed_cents == 0


async def test_without_a_catalogue_it_is_what_somebody_paid_later(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=29_900))
    later = await given.an_order(house, of, Line(price_cents=26_950))
    async with begin(house) as work:
        await work.session.execute(
            text(
                "UPDATE order_line SET product_id = (SELECT product_id FROM order_line WHERE id = :line) WHERE id = :later"
            ),
            {"line": bought.line_ids[0], "later": later.line_ids[0]},
        )
        await work.session.execute(
            text(
                "UPDATE sales_order SET placed_at = placed_at + interval '1 day' FROM order_line l"
                " WHERE l.id = :later AND sales_order.id = l.order_id"
            ),
            {"later": later.line_ids[0]},
        )
    await costs_now(house, bought, None)
    assert (await offered(house, bought, wish(bought, 1))).proposed_cents == 2_950
    assert (await offered(house, later, wish(later, 1))).proposed_cents is None
