"""Claims through their verbs: rows, money, facts, refusals."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from aftercare import claims
from aftercare.claims import (
    AskedLine,
    ClaimKind,
    ClaimState,
    Graded,
    NewClaim,
    NewOffer,
    Reason,
    Remedy,
    WayBack,
)
from aftercare.claims.model import (
    DifferenceNotSettled,
    MoveNotPossible,
    NothingLeft,
    ProofMissing,
    ReasonMissing,
)
from aftercare.journal import Actor, House, begin, drain
from aftercare.promises import fire_due
from tests import given
from tests.conftest import Clock
from tests.given import Bought, Line
from tests.given.gateway import connect


def asked(bought: Bought, *quantities: int) -> list[AskedLine]:
    return [
        AskedLine(order_line_id=line, quantity=quantity)
        for line, quantity in zip(bought.line_ids, quantities or (1,), strict=False)
    ]


async def applied(
    house: House, bought: Bought, kind: ClaimKind, reason: Reason, *quantities: int, **more: Any
) -> Any:
    async with begin(house, bought.buyer) as work:
        claim = await claims.apply(
            work, NewClaim(kind=kind, lines=asked(bought, *quantities), reason=reason, **more)
        )
        return claim.id


async def state_of(house: House, claim_id: Any) -> ClaimState:
    async with begin(house) as work:
        return (await claims.claim_page(work, claim_id)).state


async def names(house: House, claim_id: Any) -> list[str]:
    async with begin(house) as work:
        rows = await work.session.execute(
            text(
                "SELECT f.name FROM fact_object o JOIN fact f USING (at, position) WHERE o.object_id = :id"
                " AND (f.name LIKE 'claim.%' OR f.name LIKE 'refund.%') ORDER BY f.at, f.position"
            ),
            {"id": claim_id},
        )
        return list(rows.scalars())


async def account(house: House, bought: Bought, index: int = 0) -> tuple[int, int]:
    async with begin(house) as work:
        row = (
            await work.session.execute(
                text("SELECT taken_cents, taken_quantity FROM line_account WHERE order_line_id = :id"),
                {"id": bought.line_ids[index]},
            )
        ).one()
        return row.taken_cents, row.taken_quantity


async def test_a_return_from_application_to_money(house: House) -> None:
    gateway = connect(house)
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=29_900, quantity=2, freight_cents=1_000))
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason, 1)
    assert await state_of(house, claim) is ClaimState.awaiting_return
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number="SF1234567890123"))
    async with begin(house, given.staff(of, given.WAREHOUSE)) as work:
        await claims.receive(work, claim)
        await claims.inspect(
            work, claim, [Graded(order_line_id=bought.line_ids[0], quantity=1, grade=claims.Grade.as_new)]
        )
    assert await state_of(house, claim) is ClaimState.refunding
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert [order.amount_cents for order in gateway.asked] == [29_900]
    assert await account(house, bought) == (29_900, 1)
    assert await names(house, claim) == [
        "claim.applied",
        "claim.approved",
        "claim.carried_out",
        "claim.return_shipped",
        "claim.received",
        "claim.inspection_begun",
        "claim.accepted",
        "claim.carried_out",
        "refund.requested",
        "refund.paid",
        "claim.refunded",
    ]


async def test_what_is_not_shipped_comes_back_with_its_freight_at_once(house: House) -> None:
    gateway = connect(house)
    of = await given.a_shop(house)
    bought = await given.an_order(
        house, of, Line(price_cents=10_000, freight_cents=800), delivered=None, shipped=None
    )
    claim = await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert sum(gateway.paid.values()) == 10_800


async def test_no_more_units_are_claimed_than_were_bought(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(quantity=2))
    await applied(house, bought, ClaimKind.return_refund, Reason.no_reason, 2)
    with pytest.raises(NothingLeft):
        await applied(house, bought, ClaimKind.return_refund, Reason.no_reason, 1)


async def test_cancelling_gives_the_units_back(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(quantity=2))
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason, 2)
    async with begin(house, bought.buyer) as work:
        await claims.cancel(work, claim)
    assert await account(house, bought) == (0, 0)
    await applied(house, bought, ClaimKind.return_refund, Reason.no_reason, 2)


async def test_an_application_sent_twice_is_one(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(quantity=1))
    first = await applied(
        house, bought, ClaimKind.return_refund, Reason.no_reason, client_key="a phone's key"
    )
    assert (
        await applied(house, bought, ClaimKind.return_refund, Reason.no_reason, client_key="a phone's key")
        == first
    )


async def test_a_stranger_sees_nothing(house: House) -> None:
    of = await given.a_shop(house)
    bought, other = await given.an_order(house, of), await given.an_order(house, of)
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason)
    from aftercare.claims.model import ClaimNotFound

    with pytest.raises(ClaimNotFound):
        async with begin(house, other.buyer) as work:
            await claims.claim_page(work, claim)


async def manual(house: House, of: Any, bought: Bought) -> Any:
    """A claim that waits for the shop: a fault claimed on goods of some worth."""
    claim = await applied(house, bought, ClaimKind.refund_only, Reason.not_as_described)
    assert await state_of(house, claim) is ClaimState.pending_merchant
    return claim


@pytest.fixture
async def waiting(house: House) -> tuple[Any, Bought, Actor]:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=80_000))
    return await manual(house, of, bought), bought, given.staff(of, given.AGENT)


async def test_a_move_that_is_not_possible_says_which_are(
    house: House, waiting: tuple[Any, Bought, Actor]
) -> None:
    claim, bought, _ = waiting
    with pytest.raises(MoveNotPossible) as refused:
        async with begin(house, bought.buyer) as work:
            await claims.confirm(work, claim)
    assert refused.value.data == {
        "state": "pending_merchant",
        "move": "confirm",
        "allowed": ["add_evidence", "cancel", "edit"],
    }


async def test_the_shop_is_silent_and_the_clock_approves(
    house: House, clock: Clock, waiting: tuple[Any, Bought, Actor]
) -> None:
    gateway = connect(house)
    claim, _, _ = waiting
    clock.now += timedelta(hours=47)
    async with begin(house) as work:
        assert await fire_due(work) == 0
    clock.now += timedelta(hours=2)
    async with begin(house) as work:
        await fire_due(work)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert sum(gateway.paid.values()) == 80_000


async def test_an_offer_of_less_money_is_accepted(house: House, waiting: tuple[Any, Bought, Actor]) -> None:
    gateway = connect(house)
    claim, bought, agent = waiting
    async with begin(house, agent) as work:
        await claims.offer(
            work, claim, NewOffer(asks="other_amount", amount_cents=30_000, words="部分退款，您保留商品")
        )
    async with begin(house, bought.buyer) as work:
        await claims.accept_offer(work, claim)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert sum(gateway.paid.values()) == 30_000
    assert (await account(house, bought))[0] == 30_000


async def test_a_change_of_words_leaves_the_amount_that_was_asked(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=29_900, quantity=2))
    claim = await applied(house, bought, ClaimKind.compensation, Reason.price_dropped, asked_cents=2_000)
    async with begin(house, bought.buyer) as work:
        changed = await claims.edit(work, claim, claims.Edit(description="上午刚买，下午就降了 20 元"))
    assert changed.requested_cents == 2_000
    assert (await account(house, bought))[0] == 2_000
    async with begin(house, bought.buyer) as work:
        changed = await claims.edit(work, claim, claims.Edit(asked_cents=1_500))
    assert changed.requested_cents == 1_500


async def test_with_other_quantities_as_much_is_asked_as_they_are_worth(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=80_000, quantity=2))
    claim = await applied(house, bought, ClaimKind.refund_only, Reason.not_as_described, 1)
    async with begin(house, bought.buyer) as work:
        changed = await claims.edit(work, claim, claims.Edit(quantities={bought.line_ids[0]: 2}))
    assert changed.requested_cents == 160_000
    assert await account(house, bought) == (160_000, 2)


async def test_an_offer_is_answered_with_words_and_they_lie_with_the_claim(
    house: House, waiting: tuple[Any, Bought, Actor]
) -> None:
    claim, bought, agent = waiting
    async with begin(house, agent) as work:
        await claims.offer(work, claim, NewOffer(asks="other_amount", amount_cents=10_000, words="补您 100"))
    async with begin(house, bought.buyer) as work:
        await claims.refuse_offer(work, claim, words="色差太大，300 可以接受")
    async with begin(house, agent) as work:
        page = await claims.claim_page(work, claim)
    assert page.state is ClaimState.pending_merchant
    assert [(one.side, one.words) for one in page.evidence] == [("customer", "色差太大，300 可以接受")]


@pytest.mark.parametrize("asks", ["proof", "cancel"])
async def test_what_the_shop_asks_for_cannot_be_accepted(
    house: House, waiting: tuple[Any, Bought, Actor], asks: Any
) -> None:
    claim, bought, agent = waiting
    async with begin(house, agent) as work:
        await claims.offer(work, claim, NewOffer(asks=asks, words="请补充说明"))
    async with begin(house, bought.buyer) as work:
        verbs = [action.verb for action in (await claims.claim_page(work, claim)).actions]
    assert "refuse_offer" in verbs
    assert "accept_offer" not in verbs


async def test_a_rejection_needs_a_reason(house: House, waiting: tuple[Any, Bought, Actor]) -> None:
    claim, _, agent = waiting
    with pytest.raises(ReasonMissing):
        async with begin(house, agent) as work:
            await claims.reject(work, claim, words="  ")
    assert await state_of(house, claim) is ClaimState.pending_merchant


async def test_a_dispute_is_ruled_for_the_customer_and_appealed_once(
    house: House, clock: Clock, waiting: tuple[Any, Bought, Actor]
) -> None:
    gateway = connect(house)
    claim, bought, agent = waiting
    arbiter = given.staff(bought.shop, given.ARBITER)
    async with begin(house) as work:
        claim_row = await work.session.get_one(claims.model.Claim, claim)
        claim_row.explanation = []
    async with begin(house, agent) as work:
        await claims.reject(work, claim, words="商品与描述一致")
    async with begin(house, bought.buyer) as work:
        await claims.dispute(work, claim, words="颜色完全不同")
    async with begin(house, arbiter) as work:
        await claims.ask_for_evidence(work, claim, question="请双方上传实物照片")
        await claims.judge(work, claim)
        await claims.rule_for_customer(work, claim, words="描述与实物不符", remedy=Remedy.refund)
    assert await state_of(house, claim) is ClaimState.ruled_customer
    with pytest.raises(ProofMissing):
        async with begin(house, agent) as work:
            await claims.appeal(work, claim, words="有新证据", file_ids=[])
    clock.now += timedelta(hours=49)
    async with begin(house) as work:
        await fire_due(work)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert sum(gateway.paid.values()) == 80_000


async def test_half_of_a_parcel_is_accepted_and_half_the_money_goes_back(house: House) -> None:
    gateway = connect(house)
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=9_999, quantity=3))
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason, 3)
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number="SF1234567890124"))
    async with begin(house, given.staff(of, given.WAREHOUSE)) as work:
        await claims.receive(work, claim, [claims.Counted(order_line_id=bought.line_ids[0], quantity=2)])
        await claims.inspect(
            work,
            claim,
            [Graded(order_line_id=bought.line_ids[0], quantity=2, grade=claims.Grade.opened)],
            words="少一件",
        )
    assert await state_of(house, claim) is ClaimState.partly_accepted
    async with begin(house, bought.buyer) as work:
        await claims.agree_to_part(work, claim)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert sum(gateway.paid.values()) == 19_998
    assert await account(house, bought) == (19_998, 2)


async def test_a_failed_refund_is_retried_under_the_same_key_and_paid_once(house: House) -> None:
    gateway = connect(house)
    gateway.next = ["fail"]
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=5_000), delivered=None, shipped=None)
    claim = await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refund_failed
    async with begin(house, given.staff(of, given.FINANCE)) as work:
        await claims.retry_refund(work, claim)
    await drain(house)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunded
    assert len({order.key for order in gateway.asked}) == 1
    assert list(gateway.paid.values()) == [5_000]


async def test_an_answer_that_is_lost_is_found_again_and_not_paid_twice(house: House, clock: Clock) -> None:
    gateway = connect(house)
    gateway.next = ["lose"]
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=5_000), delivered=None, shipped=None)
    claim = await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refunding
    clock.now += timedelta(minutes=5)
    async with begin(house) as work:
        (unknown,) = await claims.unknown_refunds(work)
    await claims.reconcile(house, unknown)
    await claims.reconcile(house, unknown)
    assert await state_of(house, claim) is ClaimState.refunded
    assert len(gateway.asked) == 1


async def test_callbacks_twice_late_and_in_the_wrong_order(house: House) -> None:
    gateway = connect(house)
    gateway.next = ["pending"]
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=5_000), delivered=None, shipped=None)
    claim = await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
    await drain(house)
    key = gateway.asked[0].key
    paid = claims.GatewayAnswer(claims.GatewayState.paid, reference="r1")
    failed = claims.GatewayAnswer(claims.GatewayState.failed, failure="refused")
    for answer in (paid, failed, claims.GatewayAnswer(claims.GatewayState.pending), paid):
        async with begin(house) as work:
            assert await claims.settle_refund(work, key=key, answer=answer)
    assert await state_of(house, claim) is ClaimState.refunded
    assert (await names(house, claim)).count("refund.paid") == 1
    async with begin(house) as work:
        assert not await claims.settle_refund(work, key="never heard of", answer=paid)


async def test_an_exchange_for_something_dearer_waits_for_the_difference(house: House) -> None:
    of = await given.a_shop(house)
    other = await given.an_order(house, of, Line(title="破壁料理机 L20", price_cents=39_900))
    bought = await given.an_order(house, of, Line(price_cents=29_900))
    claim = (
        await given.a_claim(house, bought, ClaimKind.exchange, Reason.defective, instead=other.product_ids[0])
    ).id
    agent, hands = given.staff(of, given.AGENT), given.staff(of, given.WAREHOUSE)
    if await state_of(house, claim) is ClaimState.pending_merchant:
        async with begin(house, agent) as work:
            await claims.approve(work, claim)
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number="SF1234567890125"))
    async with begin(house, hands) as work:
        await claims.inspect(
            work, claim, [Graded(order_line_id=bought.line_ids[0], quantity=1, grade=claims.Grade.damaged)]
        )
    assert await state_of(house, claim) is ClaimState.awaiting_reship
    with pytest.raises(DifferenceNotSettled):
        async with begin(house, hands) as work:
            await claims.reship(work, claim, carrier="shunfeng", tracking_number="SF1234567890126")
    async with begin(house, given.staff(of, given.FINANCE)) as work:
        assert (await claims.settle_difference(work, claim)).difference_cents == 10_000
    async with begin(house, hands) as work:
        await claims.reship(work, claim, carrier="shunfeng", tracking_number="SF1234567890126")
    async with begin(house, bought.buyer) as work:
        await claims.confirm(work, claim)
    assert await state_of(house, claim) is ClaimState.completed
    assert await account(house, bought) == (0, 0)


async def test_one_claim_takes_lines_of_several_orders_and_refunds_each(house: House) -> None:
    gateway = connect(house)
    of = await given.a_shop(house)
    one = await given.an_order(
        house, of, Line(price_cents=1_000), customer="same", delivered=None, shipped=None
    )
    two = await given.an_order(
        house, of, Line(price_cents=2_000), customer="same", delivered=None, shipped=None
    )
    async with begin(house, one.buyer) as work:
        claim = await claims.apply(
            work,
            NewClaim(
                kind=ClaimKind.cancel_unshipped,
                reason=Reason.no_reason,
                lines=[*asked(one, 1), *asked(two, 1)],
            ),
        )
    await drain(house)
    assert await state_of(house, claim.id) is ClaimState.refunded
    assert sorted(gateway.paid.values()) == [1_000, 2_000]


async def test_the_split_of_one_payment_in_two_goes_back_the_way_it_came(house: House) -> None:
    gateway = connect(house)
    of = await given.a_shop(house)
    bought = await given.an_order(
        house, of, Line(price_cents=10_000), payments=[7_000, 3_000], delivered=None, shipped=None
    )
    await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
    await drain(house)
    assert sorted(gateway.paid.values()) == [3_000, 7_000]


async def test_a_consumer_in_the_eu_withdraws_without_a_reason_once(house: House) -> None:
    from aftercare.claims import policies

    of = await given.a_shop(house, market="DE", currency="EUR")
    bought = await given.an_order(house, of, Line(price_cents=5_900, freight_cents=490))
    statement = policies.GuestWithdrawal(
        order_number=bought.number,
        contact=f"customer-{bought.number[-6:].lstrip('0')}@example.test",
        consumer_name="Jo",
    )
    (first,) = await policies.withdraw_as_guest(house, statement)
    (again,) = await policies.withdraw_as_guest(house, statement)
    assert (again.id, again.stated_at) == (first.id, first.stated_at)
    assert await state_of(house, first.claim_id) is ClaimState.awaiting_return
    async with begin(house, bought.buyer) as work:
        page = await claims.claim_page(work, first.claim_id)
    # Directive 2011/83/EU art. 13: the outward standard freight comes back as well.
    assert (page.withdrawal, page.requested_cents, page.reason) == (True, 6_390, "no_reason")
    with pytest.raises(policies.ContractNotRecognised):
        await policies.withdraw_as_guest(house, statement.model_copy(update={"contact": "else@example.test"}))


async def test_a_policy_is_tried_on_the_past_before_it_is_published(house: House) -> None:
    of = await given.a_shop(house)
    owner = given.staff(of, frozenset({"policies.read", "policies.write", "orders.read"}))
    for _ in range(3):
        bought = await given.an_order(house, of, Line(price_cents=80_000))
        await applied(house, bought, ClaimKind.refund_only, Reason.not_as_described)
    document = claims.default_policy().model_dump(mode="json")
    document["automatic"] = [
        {"id": "trust", "outcome": "approve", "kinds": ["refund_only"], "when": [], "text": "automatic.rule"},
        *document["automatic"],
    ]
    document["terms"] = [
        {"id": "no_photo_asked", "kinds": ["refund_only"], "evidence": []},
        *document["terms"],
    ]
    async with begin(house, owner) as work:
        report = await claims.try_policy(work, of.id, document)
    assert report.looked_at == 3
    assert [(one.before.value, one.after.value, one.cost_difference_cents) for one in report.changed] == [
        ("manual", "approve", 80_000)
    ] * 3
    assert (report.cost_difference_cents, report.fewer_for_people) == (240_000, 3)
    async with begin(house, owner) as work:
        saved = await claims.save_policy(work, of.id, document)
        await claims.publish_policy(work, of.id, saved.version)
    bought = await given.an_order(house, of, Line(price_cents=80_000))
    claim = await applied(house, bought, ClaimKind.refund_only, Reason.not_as_described)
    async with begin(house) as work:
        page = await claims.claim_page(work, claim)
    assert page.policy == f"{document['id']}@1"


async def test_a_refund_that_always_fails_is_left_to_people_after_three_times(
    house: House, clock: Clock
) -> None:
    gateway = connect(house)
    gateway.next = ["fail"] * 9
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=5_000), delivered=None, shipped=None)
    claim = await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
    for _ in range(6):
        await drain(house)
        clock.now += timedelta(hours=25)
        async with begin(house) as work:
            await fire_due(work)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.refund_failed
    assert len(gateway.asked) == 3


async def test_an_exchange_for_the_same_price_costs_nothing_though_a_coupon_was_used(house: House) -> None:
    of = await given.a_shop(house)
    other = await given.an_order(house, of, Line(title="T 恤 白 L", price_cents=9_900))
    bought = await given.an_order(house, of, Line(title="T 恤 白 M", price_cents=9_900, discount_cents=1_000))
    claim = await given.a_claim(
        house, bought, ClaimKind.exchange, Reason.wrong_size, instead=other.product_ids[0]
    )
    assert claim.difference_cents == 0


async def test_whose_turn_a_case_is_follows_its_claim(house: House) -> None:
    async def status(claim_id: Any) -> tuple[str, bool]:
        async with begin(house) as work:
            row = (
                await work.session.execute(
                    text(
                        "SELECT c.status, c.queued FROM service_case c JOIN claim k ON k.case_id = c.id WHERE k.id = :id"
                    ),
                    {"id": claim_id},
                )
            ).one()
            return row.status, row.queued

    of = await given.a_shop(house)
    bought = await given.an_order(house, of)
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason)
    assert await status(claim) == ("waiting_customer", False)
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number="SF1234567890199"))
    async with begin(house, given.staff(of, given.WAREHOUSE)) as work:
        await claims.receive(work, claim)
    assert await status(claim) == ("waiting_shop", False)
    other = await given.an_order(house, of, Line(price_cents=80_000))
    asks = await applied(house, other, ClaimKind.refund_only, Reason.not_as_described)
    assert await status(asks) == ("waiting_shop", True)


async def test_a_refund_that_nobody_calls_back_is_asked_after_less_and_less_often(
    house: House, clock: Clock
) -> None:
    gateway = connect(house)
    gateway.next = ["pending"]
    of = await given.a_shop(house)
    bought = await given.an_order(house, of, Line(price_cents=5_000), delivered=None, shipped=None)
    claim = await applied(house, bought, ClaimKind.cancel_unshipped, Reason.no_reason)
    await drain(house)

    async def due() -> list[UUID]:
        async with begin(house) as work:
            return await claims.unknown_refunds(work)

    begun, asked_at = clock.now, []
    for minutes in (1, 2, 3, 4, 80, 88, 90, 100, 101, 600, 659, 660, 719, 720):
        clock.now = begun + timedelta(minutes=minutes)
        for unknown in await due():
            await claims.reconcile(house, unknown)
            asked_at.append(minutes)
    assert asked_at == [2, 4, 80, 100, 600, 660, 720]
    assert await state_of(house, claim) is ClaimState.refunding
    (order,) = gateway.asked
    gateway.paid[order.key] = order.amount_cents
    clock.now += timedelta(hours=1)
    for unknown in await due():
        await claims.reconcile(house, unknown)
    assert await state_of(house, claim) is ClaimState.refunded
    assert await due() == []
    assert len(gateway.asked) == 1
