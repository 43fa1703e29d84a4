"""The warehouse's verdict on a whole parcel, and what it may not say."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from aftercare import claims
from aftercare.claims import ClaimKind, ClaimState, Grade, Graded, Reason, WayBack
from aftercare.claims.model import MoveNotPossible, ProofMissing
from aftercare.conversations import store_file
from aftercare.journal import House, begin, drain
from aftercare.kit.files import Files
from aftercare.supply import Disposition
from tests import given
from tests.claims.test_verbs import applied, state_of
from tests.given import Bought
from tests.kit.test_files import PNG, pieces


async def on_its_way(house: House, tmp_path: Path) -> tuple[Bought, Any, Any]:
    """An order, its claim whose parcel is under way, and a photo that the warehouse took."""
    house.ports = {Files: Files(str(tmp_path))}
    of = await given.a_shop(house)
    bought = await given.an_order(house, of)
    claim = await applied(house, bought, ClaimKind.return_refund, Reason.no_reason)
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number="SF1234567890123"))
    photo = await store_file(
        house,
        given.staff(of, given.WAREHOUSE),
        pieces(PNG),
        name="p.png",
        shop_id=of.id,
        customer_id=bought.customer_id,
    )
    return bought, claim, photo.id


async def test_the_warehouse_finds_nothing_that_can_be_taken(house: House, tmp_path: Path) -> None:
    bought, claim, photo = await on_its_way(house, tmp_path)
    none_good = [Graded(order_line_id=bought.line_ids[0], quantity=1, grade=Grade.wrong_item, accepted=False)]
    warehouse = given.staff(bought.shop, given.WAREHOUSE)
    with pytest.raises(ProofMissing):
        async with begin(house, warehouse) as work:
            await claims.inspect(work, claim, none_good, words="不是本店商品")
    assert await state_of(house, claim) is ClaimState.in_transit_back
    async with begin(house, warehouse) as work:
        await claims.inspect(work, claim, none_good, words="不是本店商品", file_ids=[photo])
    assert await state_of(house, claim) is ClaimState.receipt_refused
    async with begin(house) as work:
        found = (await work.session.execute(text("SELECT disposition FROM claim_finding"))).scalars().all()
        assert list(found) == ["send_back"]
        assert (await work.session.execute(text("SELECT count(*) FROM stock_movement"))).scalar_one() == 0
    await drain(house)
    assert await lying_here(house) == [("send_back", 1)]
    async with begin(house, warehouse) as work:
        await claims.send_back(work, claim, carrier="sf", tracking_number="SF1234567890124")
    assert await lying_here(house) == []


async def lying_here(house: House) -> list[tuple[str, int]]:
    async with begin(house) as work:
        rows = await work.session.execute(text("SELECT condition, on_hand FROM stock_item WHERE on_hand > 0"))
        return [tuple(row) for row in rows]


async def test_a_parcel_is_refused_unseen_only_by_an_agent(house: House, tmp_path: Path) -> None:
    bought, claim, photo = await on_its_way(house, tmp_path)
    with pytest.raises(MoveNotPossible):
        async with begin(house, given.staff(bought.shop, given.WAREHOUSE)) as work:
            await claims.refuse_receipt(work, claim, words="外箱破损", file_ids=[photo])
    async with begin(house, given.staff(bought.shop, given.AGENT)) as work:
        await claims.refuse_receipt(work, claim, words="外箱破损", file_ids=[photo])
    assert await state_of(house, claim) is ClaimState.receipt_refused


async def test_what_is_taken_to_repair_stays_the_customers(house: House) -> None:
    of = await given.a_shop(house)
    bought = await given.an_order(house, of)
    claim = await applied(house, bought, ClaimKind.repair, Reason.defective)
    async with begin(house, given.staff(of, given.AGENT)) as work:
        await claims.approve(work, claim)
    async with begin(house, bought.buyer) as work:
        await claims.ship(work, claim, WayBack(carrier="shunfeng", tracking_number="SF1234567890125"))
    async with begin(house, given.staff(of, given.WAREHOUSE)) as work:
        lamp = Graded(
            order_line_id=bought.line_ids[0], quantity=1, grade=Grade.used, disposition=Disposition.refurbish
        )
        await claims.inspect(work, claim, [lamp])
    assert await state_of(house, claim) is ClaimState.repairing
    await drain(house)
    async with begin(house) as work:
        found = (await work.session.execute(text("SELECT disposition FROM claim_finding"))).scalars().all()
        assert list(found) == [None]
        assert (await work.session.execute(text("SELECT count(*) FROM stock_movement"))).scalar_one() == 0
