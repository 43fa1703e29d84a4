"""Everything runs beside itself: no race pays more than was paid, or pays twice."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from aftercare import claims
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason
from aftercare.claims.model import NothingLeft
from aftercare.journal import House, begin, drain
from aftercare.kit.errors import Refusal
from tests import given
from tests.given import Line
from tests.given.gateway import connect


@pytest.mark.parametrize(
    ("quantity", "kind"), [(10, ClaimKind.cancel_unshipped), (1, ClaimKind.cancel_unshipped)]
)
async def test_thirty_two_parallel_claims_of_one_line_never_exceed_what_was_paid(
    own_house: House, quantity: int, kind: ClaimKind
) -> None:
    gateway = connect(own_house)
    of = await given.a_shop(own_house)
    bought = await given.an_order(
        own_house,
        of,
        Line(price_cents=999, quantity=quantity, freight_cents=501),
        delivered=None,
        shipped=None,
    )

    async def one() -> bool:
        try:
            await given.a_claim(own_house, bought, kind)
            return True
        except NothingLeft:
            return False

    results = await asyncio.gather(*(one() for _ in range(32)))
    assert sum(results) == quantity
    await drain(own_house)
    assert sum(gateway.paid.values()) == 999 * quantity + 501
    async with begin(own_house) as work:
        row = (
            await work.session.execute(
                text("SELECT sum(amount_cents) AS cents, count(*) AS many FROM refund WHERE state = 'paid'")
            )
        ).one()
    assert int(row.cents) == 999 * quantity + 501


async def test_thirty_two_parts_of_the_price_never_exceed_what_was_paid(own_house: House) -> None:
    gateway = connect(own_house)
    of = await given.a_shop(own_house)
    bought = await given.an_order(own_house, of, Line(price_cents=10_000))
    agent = given.staff(of, given.AGENT)

    async def one() -> Any:
        try:
            async with begin(own_house, agent) as work:
                claim = await claims.apply(
                    work,
                    NewClaim(
                        kind=ClaimKind.compensation,
                        reason=Reason.late,
                        lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=0)],
                        asked_cents=700,
                        override_reason="物流延误补偿",
                    ),
                )
                await claims.approve(work, claim.id)
            return True
        except Refusal:
            return False

    results = await asyncio.gather(*(one() for _ in range(32)))
    assert sum(results) == 14
    await drain(own_house)
    assert sum(gateway.paid.values()) == 9_800


async def test_one_refund_paid_by_sixteen_at_once_is_paid_once(own_house: House) -> None:
    gateway = connect(own_house)
    of = await given.a_shop(own_house)
    bought = await given.an_order(own_house, of, Line(price_cents=10_000), delivered=None, shipped=None)
    await given.a_claim(own_house, bought, ClaimKind.cancel_unshipped)
    async with begin(own_house) as work:
        (refund,) = (await work.session.execute(text("SELECT id FROM refund"))).scalars()
    from aftercare.claims import refunds

    await asyncio.gather(*(refunds.pay(own_house, refund) for _ in range(16)))
    await drain(own_house)
    assert list(gateway.paid.values()) == [10_000]
    async with begin(own_house) as work:
        told = (
            await work.session.execute(text("SELECT count(*) FROM fact WHERE name = 'refund.paid'"))
        ).scalar_one()
    assert told == 1
