"""Each indicator with exact numbers, on claims and cases made through their verbs."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from aftercare import claims, insights
from aftercare.cases import NewCase, open_case
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason
from aftercare.conversations import Channel
from aftercare.identity import ShopView
from aftercare.insights.measures import PeriodTooLong
from aftercare.journal import Actor, ActorKind, House, PermissionMissing, begin
from aftercare.promises import stop_clock
from tests import given
from tests.conftest import NOON, Clock

MANAGER = frozenset({"insights.read", "promises.read", "journal.read", "journal.operate"})


def manager(*shops: ShopView) -> Actor:
    return Actor(
        kind=ActorKind.staff, shops=frozenset(shop.id for shop in shops), permissions=MANAGER, locale="en"
    )


async def the(house: House, actor: Actor, name: str) -> insights.Indicator:
    async with begin(house, actor) as work:
        found = await insights.indicators(work, NOON - timedelta(days=30), NOON + timedelta(days=30))
    return next(one for one in found if one.name == name)


async def claims_decided_after(house: House, clock: Clock, shop: ShopView, *hours: int | None) -> None:
    """One claim each, of goods that the default policy leaves to a person."""
    for wait in hours:
        clock.now = NOON
        bought = await given.an_order(house, shop, given.Line(price_cents=90_000))
        async with begin(house, bought.buyer) as work:
            claim = await claims.apply(
                work,
                NewClaim(
                    kind=ClaimKind.return_refund,
                    lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=1)],
                    reason=Reason.no_reason,
                ),
            )
        if wait is not None:
            clock.now = NOON + timedelta(hours=wait)
            async with begin(house, given.staff(shop, given.AGENT)) as work:
                await claims.approve(work, claim.id)
    clock.now = NOON + timedelta(days=2)


async def test_the_time_to_decide_is_told_from_twenty_on(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    await claims_decided_after(house, clock, shop, *([2] * 12), *([30] * 7))
    few = await the(house, manager(shop), "claim_decision")
    assert (few.numerator, few.denominator, few.enough, few.share, few.kept) == (12, 19, False, None, None)

    await claims_decided_after(house, clock, shop, None)
    enough = await the(house, manager(shop), "claim_decision")
    assert (enough.numerator, enough.denominator, enough.share) == (12, 20, 0.6)
    assert (enough.median_seconds, enough.p90_seconds, enough.kept) == (2 * 3600, 30 * 3600, True)
    assert [(day.day, day.numerator, day.denominator) for day in enough.days] == [(NOON.date(), 12, 20)]
    assert [(one.shop_id, one.numerator) for one in enough.shops] == [(shop.id, 12)]


async def test_misses_name_what_waits_first(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    await claims_decided_after(house, clock, shop, 1, 20, 40, None)
    async with begin(house, manager(shop)) as work:
        found = await insights.misses(
            work, "claim_decision", NOON - timedelta(days=1), NOON + timedelta(days=1)
        )
    assert [miss.seconds for miss in found] == [None, 40 * 3600, 20 * 3600]
    assert all(miss.case_id and miss.number for miss in found)


async def test_a_claim_cancelled_before_the_decision_is_nobodys_delay(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    bought = await given.an_order(house, shop, given.Line(price_cents=90_000))
    async with begin(house, bought.buyer) as work:
        claim = await claims.apply(
            work,
            NewClaim(
                kind=ClaimKind.return_refund,
                lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=1)],
                reason=Reason.no_reason,
            ),
        )
        await claims.cancel(work, claim.id)
    clock.now = NOON + timedelta(days=2)
    assert (await the(house, manager(shop), "claim_decision")).denominator == 0


async def test_what_the_policy_decides_counts_as_automatic(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    bought = await given.an_order(house, shop, given.Line(price_cents=9_900))
    async with begin(house, bought.buyer) as work:
        await claims.apply(
            work,
            NewClaim(
                kind=ClaimKind.return_refund,
                lines=[AskedLine(order_line_id=bought.line_ids[0], quantity=1)],
                reason=Reason.no_reason,
            ),
        )
    await claims_decided_after(house, clock, shop, 1, 1)
    found = await the(house, manager(shop), "automation")
    assert (found.numerator, found.denominator, found.share_target) == (1, 3, None)


async def test_first_answers_leave_out_whoever_wrote_just_now(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    bought = await given.an_order(house, shop)
    for minutes in (3, 90, None):
        clock.now = NOON
        async with begin(house, bought.buyer) as work:
            case = await open_case(
                work,
                NewCase(
                    shop_id=shop.id, customer_id=bought.customer_id, title="请问怎么退货", body="请问怎么退货",
                    channel=Channel.portal, locale="zh-CN",
                ),
            )  # fmt: skip
        if minutes is not None:
            clock.now = NOON + timedelta(minutes=minutes)
            async with begin(house) as work:
                await stop_clock(work, subject_id=case.id, name="case.first_answer")
    clock.now = NOON + timedelta(minutes=30)
    young = await the(house, manager(shop), "first_answer")
    clock.now = NOON + timedelta(minutes=100)
    old = await the(house, manager(shop), "first_answer")
    assert (young.numerator, young.denominator) == (1, 2)
    assert (old.numerator, old.denominator) == (1, 3)


async def test_deliveries_count_by_the_day_they_were_promised_for(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    for promised in (-1, 1, 5):
        bought = await given.an_order(house, shop, delivered=timedelta(0))
        async with begin(house) as work:
            await work.session.execute(
                text("UPDATE sales_order SET promised_at = :at WHERE id = :id"),
                {"at": NOON + timedelta(days=promised), "id": bought.order_id},
            )
    clock.now = NOON + timedelta(days=2)
    found = await the(house, manager(shop), "deliveries")
    assert (found.numerator, found.denominator) == (1, 2)


async def test_another_shops_numbers_are_not_seen(house: House, clock: Clock) -> None:
    shop, other = await given.a_shop(house), await given.a_shop(house)
    await claims_decided_after(house, clock, shop, 1, 1)
    assert (await the(house, manager(other), "claim_decision")).denominator == 0
    async with begin(house, manager(other)) as work:
        assert (await insights.queue_load(work)).cells == []


async def test_every_number_needs_its_permission_and_a_period(house: House) -> None:
    shop = await given.a_shop(house)
    nobody = given.staff(shop, frozenset())
    async with begin(house, nobody) as work:
        with pytest.raises(PermissionMissing):
            await insights.indicators(work, NOON, NOON + timedelta(days=1))
        with pytest.raises(PermissionMissing):
            await insights.audit_trail(work)
    async with begin(house, manager(shop)) as work:
        with pytest.raises(PeriodTooLong):
            await insights.indicators(work, NOON, NOON)
