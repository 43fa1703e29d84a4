"""Clocks of claims at zero: what the system does, and whom it calls when it can do nothing."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from aftercare import cases, claims, identity, promises
from aftercare.claims import ClaimKind, ClaimState, NewOffer, Reason, WayBack
from aftercare.claims.events import ClaimStranded
from aftercare.claims.model import ReturnAddressMissing
from aftercare.claims.reactions import carry_out_clock, tell_of_missing_address
from aftercare.conversations import MessageKind, messages
from aftercare.identity import ShopChange
from aftercare.journal import House, begin, drain
from aftercare.promises import ClockFired
from tests import given
from tests.claims.test_verbs import applied, state_of
from tests.conftest import Clock


async def told(house: House, name: str) -> list[dict[str, Any]]:
    async with begin(house) as work:
        rows = await work.session.execute(
            text("SELECT data FROM fact WHERE name = :name ORDER BY position"), {"name": name}
        )
        return list(rows.scalars())


async def case_of(house: House, claim_id: Any) -> tuple[cases.CaseView, list[str]]:
    """The claim's case, and the notes in its thread."""
    async with begin(house) as work:
        page = await claims.claim_page(work, claim_id)
        case = await cases.get_case(work, page.case_id)
        said = await messages(work, case.thread_id)
        return case, [one.body for one in said.items if one.kind is MessageKind.note]


async def test_a_shop_without_an_address_strands_nobody(house: House, clock: Clock) -> None:
    of = await given.a_shop(house, address=False)
    bought = await given.an_order(house, of)
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason)
    assert await state_of(house, claim) is ClaimState.pending_merchant
    await drain(house)
    case, notes = await case_of(house, claim)
    assert case.priority is cases.Priority.urgent
    assert len(notes) == 1
    assert "店铺没有填写退货地址" in notes[0]
    (stranded,) = await told(house, "claim.stranded")
    async with begin(house) as work:
        await tell_of_missing_address(work, ClaimStranded.read(stranded, of.id))
    assert len((await case_of(house, claim))[1]) == 1

    # Nobody did anything: at the end of the clock people are called again, once.
    clock.now += timedelta(hours=48)
    async with begin(house) as work:
        await promises.fire_due(work)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.pending_merchant
    assert len(await told(house, "claim.stranded")) == 2
    (fired,) = [one for one in await told(house, "clock.fired") if one["clock"] == "claim.decide_goods"]
    async with begin(house) as work:
        await carry_out_clock(work, ClockFired.read(fired, of.id))
    assert len(await told(house, "claim.stranded")) == 2

    async with begin(house) as work:
        await identity.change_shop(work, of.id, ShopChange(return_address=given.ADDRESS))
    async with begin(house, given.staff(of, given.AGENT)) as work:
        await claims.approve(work, claim)
    assert await state_of(house, claim) is ClaimState.awaiting_return


async def test_nothing_is_offered_that_needs_an_address_which_is_missing(house: House) -> None:
    of = await given.a_shop(house, address=False)
    bought = await given.an_order(house, of, given.Line(price_cents=10_000))
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason)
    async with begin(house, given.staff(of, given.AGENT)) as work:
        with pytest.raises(ReturnAddressMissing):
            await claims.offer(work, claim, NewOffer(asks="other_amount", amount_cents=9_000))
        await claims.offer(
            work, claim, NewOffer(asks="other_amount", amount_cents=3_000, keep_goods=True, words="不用寄回")
        )
    async with begin(house, bought.buyer) as work:
        await claims.accept_offer(work, claim)
    assert await state_of(house, claim) is ClaimState.refunding


async def test_a_clock_that_has_no_move_calls_people(house: House, clock: Clock) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of)
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason)
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number="SF1234567890123"))
    await drain(house)
    clock.now += timedelta(days=20)
    async with begin(house) as work:
        await promises.fire_due(work)
    await drain(house)
    assert await state_of(house, claim) is ClaimState.in_transit_back
    case, notes = await case_of(house, claim)
    assert case.priority is cases.Priority.urgent
    assert any("「退货运输」时限已过" in note for note in notes)
    assert {one["clock"] for one in await told(house, "case.escalated")} >= {"claim.transit_back"}
