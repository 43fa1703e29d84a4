"""Who sees which orders, what is found, confirmation by time."""

from datetime import timedelta

import pytest

from aftercare.journal import NOBODY, SYSTEM, House, PermissionMissing, begin
from aftercare.kit.errors import NotFound
from aftercare.shop import (
    OrderStatus,
    confirm_due_orders,
    confirm_order,
    customer_view,
    freight_paid,
    get_lines,
    get_order,
    hold_confirmation,
    orders_of,
    payments_of,
    release_confirmation,
    search_orders,
)
from tests.conftest import Clock
from tests.shop.records import PLACED, a_customer, a_line, a_product, a_shop, an_order, buyer, clerk, told


async def test_customers_see_their_own_orders_only(house: House) -> None:
    shop = await a_shop(house)
    taken = await told(
        house,
        shop,
        an_order(shop, "1"),
        an_order(shop, "2", customer="c2"),
        customers=[a_customer(shop), a_customer(shop, "c2", email="wang@example.test")],
    )
    mine, other = taken.ids.values()
    async with begin(house, SYSTEM) as work:
        me = (await get_order(work, mine)).customer.id
        strange = (await get_order(work, other)).lines[0].id
    async with begin(house, buyer(me, shop)) as work:
        assert (await get_order(work, mine)).number == "1"
        assert [order.number for order in (await orders_of(work, [me])).items] == ["1"]
        assert await get_lines(work, [strange]) == []
        assert await payments_of(work, other) == []
        with pytest.raises(NotFound):
            await get_order(work, other)
        with pytest.raises(PermissionMissing):
            await search_orders(work, "2")
        with pytest.raises(PermissionMissing):
            await customer_view(work, me)
    async with begin(house, NOBODY) as work:
        with pytest.raises(NotFound):
            await get_order(work, mine)


async def test_staff_see_the_orders_of_their_shops(house: House) -> None:
    shop, other = await a_shop(house, "haier"), await a_shop(house, "midea")
    taken = await told(house, shop, an_order(shop))
    (order_id,) = taken.ids.values()
    async with begin(house, clerk(shop)) as work:
        assert (await get_order(work, order_id)).customer.name == "李小明"
    async with begin(house, clerk(other)) as work:
        assert (await search_orders(work)).items == []
        assert (await search_orders(work, "空调")).items == []
        with pytest.raises(NotFound):
            await get_order(work, order_id)
    async with begin(house, clerk(shop, may=frozenset())) as work:
        with pytest.raises(NotFound):
            await get_order(work, order_id)
        with pytest.raises(PermissionMissing):
            await get_lines(work, [order_id])


@pytest.mark.parametrize(
    "search",
    ["SO2026/123", "so2026", "12315", "空调", "变频 空调", "AC-35", "李小明", "li@example.test", "13800138000",
     "+86 138 0013 8000", "空调 洗衣机"],
)  # fmt: skip
async def test_staff_find_an_order_by(house: House, search: str) -> None:
    shop = await a_shop(house)
    await told(house, shop, an_order(shop))
    for actor in (clerk(shop), SYSTEM):
        async with begin(house, actor) as work:
            found = await search_orders(work, search)
        assert [order.number for order in found.items] == ["SO2026/12315"]
        assert (found.items[0].customer_name, found.items[0].title, found.items[0].lines) == (
            "李小明", "变频空调挂机", 1,
        )  # fmt: skip


async def test_pages_follow_each_other_in_list_and_search(house: House) -> None:
    shop = await a_shop(house)
    await told(
        house, shop, *(an_order(shop, f"N-{n}", placed_at=PLACED + timedelta(hours=n)) for n in range(5))
    )
    async with begin(house, clerk(shop)) as work:
        for search in ("", "空调", "空调 洗衣机"):
            first = await search_orders(work, search, limit=2)
            second = await search_orders(work, search, limit=2, after=first.next)
            third = await search_orders(work, search, limit=2, after=second.next)
            numbers = [order.number for each in (first, second, third) for order in each.items]
            assert numbers == ["N-4", "N-3", "N-2", "N-1", "N-0"]
            assert third.next is None
        paid = await search_orders(work, "空调", status=OrderStatus.paid)
        assert paid.items == []
        assert len((await search_orders(work, "空调", shop_id=shop.id)).items) == 5


async def test_a_search_for_nothing_that_can_be_found(house: House) -> None:
    shop = await a_shop(house)
    await told(house, shop, an_order(shop))
    async with begin(house, clerk(shop)) as work:
        assert (await search_orders(work, "的 ！")).items == []
        assert (await search_orders(work, "洗衣机")).items == []


async def test_a_line_brings_what_a_claim_asks(house: House) -> None:
    shop = await a_shop(house)
    taken = await told(
        house,
        shop,
        an_order(shop, freight_cents=1_000, lines=(a_line(attributes={"custom_made": True}),), payments=()),
        products=[a_product(shop, attributes={"perishable": False, "custom_made": False})],
    )
    (order_id,) = taken.ids.values()
    async with begin(house, SYSTEM) as work:
        order = await get_order(work, order_id)
        (line,) = await get_lines(work, [order.lines[0].id])
        assert await freight_paid(work, order_id) == 1_000
    assert line == order.lines[0]
    assert line.attributes == {"perishable": False, "custom_made": True}
    assert (line.order_number, line.currency, line.paid_cents, line.freight_cents) == (
        "SO2026/12315", "CNY", 299_900, 1_000,
    )  # fmt: skip
    assert (line.placed_at, line.delivered_at) == (PLACED, PLACED + timedelta(days=3))


async def test_the_page_of_a_customer_knows_the_same_person_in_other_shops(house: House) -> None:
    shop, other = await a_shop(house, "haier"), await a_shop(house, "midea")
    taken = await told(house, shop, an_order(shop))
    await told(house, other, an_order(other, "M-1"))
    (order_id,) = taken.ids.values()
    async with begin(house, SYSTEM) as work:
        customer_id = (await get_order(work, order_id)).customer.id
    async with begin(house, clerk(shop, other)) as work:
        both = await customer_view(work, customer_id)
    assert (both.orders, both.paid_cents, len(both.also)) == (2, {"CNY": 599_800}, 1)
    async with begin(house, clerk(shop)) as work:
        one = await customer_view(work, customer_id)
    assert (one.orders, one.paid_cents, one.also) == (1, {"CNY": 299_900}, [])


async def test_an_order_confirms_itself_ten_days_after_delivery(house: House, clock: Clock) -> None:
    shop = await a_shop(house)
    taken = await told(house, shop, an_order(shop))
    (order_id,) = taken.ids.values()
    clock.now = PLACED + timedelta(days=13, seconds=-1)
    async with begin(house) as work:
        assert await confirm_due_orders(work) == 0
    clock.now += timedelta(seconds=1)
    async with begin(house) as work:
        assert await confirm_due_orders(work) == 1
        assert await confirm_due_orders(work) == 0
    async with begin(house) as work:
        order = await get_order(work, order_id)
        assert (order.status, order.confirmed_at) == (OrderStatus.confirmed, clock.now)
        assert await confirm_order(work, order_id) is False


async def test_an_open_claim_keeps_the_time_that_was_left(house: House, clock: Clock) -> None:
    shop = await a_shop(house, settings={"confirm_after_days": 7})
    taken = await told(house, shop, an_order(shop))
    (order_id,) = taken.ids.values()
    one, two = shop.id, order_id
    clock.now = PLACED + timedelta(days=5)
    async with begin(house) as work:
        await hold_confirmation(work, order_id, one)
        await hold_confirmation(work, order_id, one)
    clock.now = PLACED + timedelta(days=30)
    async with begin(house) as work:
        await hold_confirmation(work, order_id, two)
        await release_confirmation(work, order_id, one)
        assert await confirm_due_orders(work) == 0
        await release_confirmation(work, order_id, two)
        await release_confirmation(work, order_id, two)
        order = await get_order(work, order_id)
        assert (order.confirmation_held, order.auto_confirm_at) == (False, PLACED + timedelta(days=35))
    clock.now = PLACED + timedelta(days=35)
    async with begin(house) as work:
        assert await confirm_due_orders(work) == 1
