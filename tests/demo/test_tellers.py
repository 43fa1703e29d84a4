"""Tellers of one year do not see each other's shops."""

from sqlalchemy import text

from aftercare.conversations import open_thread
from aftercare.demo.starting import OwnShops
from aftercare.journal import SYSTEM, House, begin
from tests.given import a_shop

SEEN = "SELECT shop_id FROM thread"


async def test_a_teller_sees_its_own_shops_however_it_asks(own_house: House) -> None:
    ours, theirs = await a_shop(own_house), await a_shop(own_house)
    async with begin(own_house) as work:
        for one in (ours, theirs):
            await open_thread(work, shop_id=one.id, customer_id=None)
    whole = own_house.database
    own_house.database = OwnShops(whole.url, [ours.id])
    try:
        async with begin(own_house, SYSTEM) as work:
            assert [row.shop_id for row in await work.read(SEEN, {})] == [ours.id]
        async with begin(own_house, SYSTEM) as work:
            assert list(await work.session.scalars(text(SEEN))) == [ours.id]
        async with own_house.database.session("*") as session:
            assert list(await session.scalars(text(SEEN))) == [ours.id]
    finally:
        await own_house.database.close()
        own_house.database = whole
