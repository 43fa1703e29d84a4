"""An entry code verifies the address that it was sent to."""

from sqlalchemy import text

from aftercare.identity import issue_entry_code, redeem_entry_code
from aftercare.identity.entry import entry_code_text
from aftercare.journal import House, begin, drain
from tests.cases.given import a_world, buyer, scalar
from tests.conversations.given import an_account, comes


async def test_who_entered_by_a_code_is_known_when_writing(house: House) -> None:
    world = await a_world(house)
    account_id = await an_account(house, world.shop_id)
    async with begin(house) as work:
        await work.session.execute(text("UPDATE customer SET email = 'xiaomei@example.com'"))
    came = await comes(house, account_id, "xiaomei@example.com", "漏水")
    assert await scalar(house, "SELECT customer_id FROM service_case WHERE id = :id", id=came.case_id) is None
    async with begin(house) as work:
        issued = await issue_entry_code(
            work, contact="xiaomei@example.com", customers=[world.customer_id], shops=[world.shop_id]
        )
        digits = await entry_code_text(work, issued.entry_code_id)
    await redeem_entry_code(house, issued.entry_code_id, digits)
    await drain(house)
    assert await scalar(house, "SELECT verified_by FROM contact") == "code"
    known = await scalar(house, "SELECT customer_id FROM service_case WHERE id = :id", id=came.case_id)
    assert known == world.customer_id


async def test_an_address_of_two_customers_says_not_whose_it_is(house: House) -> None:
    world = await a_world(house)
    _, other_id, _ = await buyer(house, world.shop_id, "q-2", "李伟", "+8613900139000")
    async with begin(house) as work:
        await work.session.execute(text("UPDATE customer SET email = 'family@example.com'"))
        issued = await issue_entry_code(
            work,
            contact="family@example.com",
            customers=[world.customer_id, other_id],
            shops=[world.shop_id],
        )
        digits = await entry_code_text(work, issued.entry_code_id)
    await redeem_entry_code(house, issued.entry_code_id, digits)
    await drain(house)
    assert await scalar(house, "SELECT count(*) FROM contact") == 0
