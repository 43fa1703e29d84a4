"""Each indicator with exact numbers, on claims and cases made through their verbs."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from aftercare import claims, insights
from aftercare.cases import NewCase, open_case
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason
from aftercare.conversations import Channel
from aftercare.insights.indicators import (
    CutNotPossible,
    Grain,
    IndicatorAnswer,
    IndicatorUnknown,
    NewTarget,
    PeriodTooLong,
    Question,
    set_target,
    targets_of,
)
from aftercare.journal import Actor, House, PermissionMissing, begin
from aftercare.promises import stop_clock
from tests import given
from tests.conftest import NOON, Clock
from tests.insights.given import claims_decided_after, manager

MONTH = Question(NOON - timedelta(days=30), NOON + timedelta(days=30), grain=Grain.day)


async def the(house: House, actor: Actor, name: str, question: Question = MONTH) -> IndicatorAnswer:
    async with begin(house, actor) as work:
        return await insights.answer(work, name, question, locale="en")


async def test_the_time_to_decide_is_told_from_twenty_on(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    await claims_decided_after(house, clock, shop, *([2] * 12), *([30] * 7))
    few = await the(house, manager(shop), "claim_decision")
    assert (few.figure.numerator, few.figure.denominator, few.figure.enough) == (12, 19, False)
    assert (few.figure.value, few.figure.low, few.figure.within, few.kept) == (None, None, None, None)
    assert few.missing == "too_few"

    await claims_decided_after(house, clock, shop, None)
    told = await the(house, manager(shop), "claim_decision", replace(MONTH, cut="shop"))
    assert (told.figure.numerator, told.figure.denominator, told.figure.within) == (12, 20, 0.6)
    assert (told.figure.value, told.figure.p90, told.kept) == (2 * 3600, 30 * 3600, True)
    # Of 19 waits the true median lies between the fifth and the fifteenth in 95 of 100.
    assert (told.figure.low, told.figure.high) == (2 * 3600, 30 * 3600)
    ((day, figure),) = [(p.since, p.figure) for p in told.trend if p.figure.denominator]
    assert day.isoformat() == "2026-03-09T16:00:00+00:00"
    assert (figure.numerator, figure.denominator, figure.value) == (12, 20, 7200)
    assert len(told.trend) == 33
    assert [(p.key, p.label, p.figure.numerator) for p in told.parts] == [(str(shop.id), shop.name, 12)]
    assert (told.source, told.as_of) == ("live", clock.now)


async def test_the_cases_behind_name_what_waits_first(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    await claims_decided_after(house, clock, shop, 1, 20, 40, None)
    async with begin(house, manager(shop)) as work:
        missed = await insights.cases_behind(work, "claim_decision", MONTH, which="missed")
        every = await insights.cases_behind(work, "claim_decision", MONTH)
        two = await insights.cases_behind(work, "claim_decision", MONTH, limit=2)
    assert [case.value for case in missed] == [None, 40 * 3600, 20 * 3600]
    assert [case.value for case in every] == [None, 40 * 3600, 20 * 3600, 3600]
    assert two == every[:2]
    assert all(case.case_id and case.case_number and case.claim_number for case in every)


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
    told = await the(house, manager(shop), "claim_decision")
    assert (told.figure.denominator, told.missing) == (0, "nothing_recorded")


async def test_what_the_policy_decides_counts_as_automatic(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    bought = await given.an_order(house, shop, given.Line(price_cents=9_900))
    await given.a_claim(house, bought)
    await claims_decided_after(house, clock, shop, 1, 1)
    found = await the(house, manager(shop), "automation")
    assert (found.figure.numerator, found.figure.denominator, found.target) == (1, 3, None)


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
    young = (await the(house, manager(shop), "first_answer")).figure
    clock.now = NOON + timedelta(minutes=100)
    old = (await the(house, manager(shop), "first_answer")).figure
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
    found = (await the(house, manager(shop), "deliveries")).figure
    assert (found.numerator, found.denominator) == (1, 2)


async def test_another_shops_numbers_are_not_seen(house: House, clock: Clock) -> None:
    shop, other = await given.a_shop(house), await given.a_shop(house)
    await claims_decided_after(house, clock, shop, 1, 1)
    assert (await the(house, manager(other), "claim_decision")).figure.denominator == 0
    assert (await the(house, manager(shop, other), "claim_decision")).figure.denominator == 2
    one = replace(MONTH, shop_id=other.id)
    assert (await the(house, manager(shop, other), "claim_decision", one)).figure.denominator == 0
    # A shop that one does not see is as if it had nothing.
    assert (await the(house, manager(other), "claim_decision", replace(MONTH, shop_id=shop.id))).figure.n == 0
    async with begin(house, manager(other)) as work:
        assert await insights.cases_behind(work, "claim_decision", MONTH) == []
        assert (await insights.queue_load(work)).cells == []


async def test_every_number_needs_its_permission_a_period_and_a_cut_that_it_has(house: House) -> None:
    shop = await given.a_shop(house)
    nobody = given.staff(shop, frozenset())
    async with begin(house, nobody) as work:
        for refused in (
            insights.answers(work, [], MONTH),
            insights.cases_behind(work, "csat", MONTH),
            insights.audit_trail(work),
            targets_of(work, "csat"),
            set_target(work, "csat", NewTarget(value=0.5)),
        ):
            with pytest.raises(PermissionMissing):
                await refused
    async with begin(house, manager(shop)) as work:
        for question in (
            Question(NOON, NOON),
            Question(NOON, NOON + timedelta(days=800)),
            replace(MONTH, time_zone="Moon/Sea"),
        ):
            with pytest.raises(PeriodTooLong):
                await insights.answer(work, "csat", question)
        for question in (replace(MONTH, cut="carrier"), replace(MONTH, filters={"luck": "good"})):
            with pytest.raises(CutNotPossible):
                await insights.answer(work, "csat", question)
        with pytest.raises(IndicatorUnknown):
            await insights.answer(work, "luck", MONTH)
