"""Taking in what a store tells: counts, facts, money to the cent."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from aftercare.journal import SYSTEM, House, PermissionMissing, begin
from aftercare.shop import (
    Count,
    LineRecord,
    OrderRecord,
    OrderStatus,
    PaymentRecord,
    confirm_due_orders,
    get_order,
    search_orders,
    take_in,
)
from aftercare.shop.intake import number_key, priced
from tests.conftest import Clock
from tests.shop.records import PLACED, SHOP, a_customer, a_line, a_product, a_shop, an_order, clerk, told


async def facts_of(house: House) -> list[tuple[str, dict[str, Any]]]:
    async with begin(house, SYSTEM) as work:
        rows = await work.session.execute(
            text("SELECT name, data FROM fact WHERE name LIKE 'order.%' ORDER BY position")
        )
        return [(row.name, row.data) for row in rows]


async def test_an_order_is_new_once_and_then_the_same(house: House) -> None:
    shop = await a_shop(house)
    first = await told(house, shop, an_order(shop))
    assert (first.customers, first.products, first.orders, first.lines, first.payments) == (Count(new=1),) * 5
    again = await told(house, shop, an_order(shop))
    assert (again.customers, again.products, again.orders, again.lines, again.payments) == (
        Count(same=1),
    ) * 5
    assert again.ids == first.ids
    assert [name for name, _ in await facts_of(house)] == ["order.imported"]


async def test_what_changed_is_written_and_named(house: House) -> None:
    shop = await a_shop(house)
    paid = an_order(shop, status=OrderStatus.paid, shipped_at=None, delivered_at=None)
    first = await told(house, shop, paid)
    shipped = replace(
        paid, status=OrderStatus.shipped, shipped_at=PLACED + timedelta(days=1), lines=(a_line(title="空调"),)
    )
    taken = await told(house, shop, shipped)
    assert (taken.orders, taken.lines, taken.payments) == (Count(changed=1), Count(changed=1), Count(same=1))
    (order_id,) = first.ids.values()
    facts = await facts_of(house)
    assert [name for name, _ in facts] == ["order.imported", "order.changed", "order.shipped"]
    assert sorted(facts[1][1]["fields"]) == ["lines", "shipped_at", "status"]
    async with begin(house, SYSTEM) as work:
        order = await get_order(work, order_id)
    assert (order.status, order.lines[0].title) == (OrderStatus.shipped, "空调")
    assert order.lines[0].shipped_at == PLACED + timedelta(days=1)


async def test_a_line_that_is_gone_stays_and_is_worth_nothing(house: House) -> None:
    shop = await a_shop(house)
    two = an_order(
        shop,
        lines=(a_line("1", unit_price_cents=10_000), a_line("2", unit_price_cents=5_000)),
        payments=(PaymentRecord("1", "card", 15_000),),
    )
    taken = await told(house, shop, two)
    (order_id,) = taken.ids.values()
    one = replace(two, lines=two.lines[:1], payments=(PaymentRecord("1", "card", 10_000),))
    for count in (Count(same=1, changed=1), Count(same=1)):
        taken = await told(house, shop, one)
        assert taken.lines == count
    async with begin(house, SYSTEM) as work:
        order = await get_order(work, order_id)
    assert [(line.position, line.paid_cents) for line in order.lines] == [(1, 10_000), (2, 0)]


async def test_an_overtaken_telling_changes_nothing(house: House) -> None:
    shop = await a_shop(house)
    late = an_order(shop, source_updated_at=PLACED + timedelta(days=3))
    early = an_order(
        shop, status=OrderStatus.paid, delivered_at=None, source_updated_at=PLACED + timedelta(days=1)
    )
    await told(house, shop, late)
    taken = await told(house, shop, early)
    assert taken.orders == Count(same=1)
    assert [name for name, _ in await facts_of(house)] == ["order.imported"]


async def test_a_confirmed_order_is_not_delivered_again(house: House, clock: Clock) -> None:
    shop = await a_shop(house)
    first = await told(house, shop, an_order(shop))
    clock.now = PLACED + timedelta(days=14)
    async with begin(house, SYSTEM) as work:
        assert await confirm_due_orders(work) == 1
    await told(house, shop, an_order(shop, raw={"note": "told again"}))
    (order_id,) = first.ids.values()
    async with begin(house, SYSTEM) as work:
        assert (await get_order(work, order_id)).status is OrderStatus.confirmed


async def test_a_customer_is_found_under_the_new_name(house: House) -> None:
    shop = await a_shop(house)
    await told(house, shop, an_order(shop))
    await told(house, shop, customers=[a_customer(shop, name="王大锤")])
    async with begin(house, clerk(shop)) as work:
        assert len((await search_orders(work, "王大锤")).items) == 1
        assert (await search_orders(work, "李小明")).items == []


async def test_an_unknown_customer_or_a_key_told_twice_is_the_importers_mistake(house: House) -> None:
    shop = await a_shop(house)
    for orders, said in (
        ([an_order(shop, customer="nobody")], "unknown customers"),
        ([an_order(shop), an_order(shop)], "same key twice"),
    ):
        with pytest.raises(ValueError, match=said):
            await told(house, shop, *orders)
    assert await facts_of(house) == []


async def test_importing_needs_its_permission(house: House) -> None:
    shop = await a_shop(house)
    with pytest.raises(PermissionMissing):
        async with begin(house, clerk(shop)) as work:
            await take_in(work, customers=[a_customer(shop)], products=[a_product(shop)])


def test_discount_and_freight_are_shared_to_the_cent() -> None:
    money = priced(
        an_order(
            SHOP,
            lines=tuple(
                a_line(str(n), unit_price_cents=price) for n, price in enumerate((3_333, 3_333, 3_334))
            ),
            discount_cents=1_000,
            freight_cents=100,
            payments=(PaymentRecord("1", "card", 9_100),),
        )
    )
    assert (money.goods, money.discount, money.freight, money.paid) == (10_000, 1_000, 100, 9_100)
    assert money.line_discounts == [333, 333, 334]
    assert money.line_freights == [33, 33, 34]
    assert money.line_paid == [3_000, 3_000, 3_000]


def test_what_did_not_come_in_is_missing_from_the_lines() -> None:
    lines = (a_line("1", unit_price_cents=6_000), a_line("2", unit_price_cents=4_000))
    short = priced(
        an_order(SHOP, lines=lines, freight_cents=500, payments=(PaymentRecord("1", "card", 5_500),))
    )
    assert short.line_paid == [3_000, 2_000]
    unpaid = priced(an_order(SHOP, lines=lines, payments=(), paid_at=None))
    assert (unpaid.paid, unpaid.line_paid) == (0, [0, 0])
    told_paid = priced(an_order(SHOP, lines=lines, payments=()))
    assert (told_paid.paid, told_paid.line_paid) == (10_000, [6_000, 4_000])


@given(
    prices=st.lists(st.tuples(st.integers(0, 10**7), st.integers(1, 9)), min_size=1, max_size=8),
    discount=st.integers(0, 100),
    freight=st.integers(0, 10**5),
    paid=st.integers(0, 10**9),
)
def test_lines_and_freight_never_exceed_what_came_in(
    prices: list[tuple[int, int]], discount: int, freight: int, paid: int
) -> None:
    goods = sum(price * quantity for price, quantity in prices)
    record = OrderRecord(
        UUID(int=1), "test", "1", "1", "c", OrderStatus.paid, "CNY", PLACED,
        tuple(
            LineRecord(str(n), None, "", "", quantity, price) for n, (price, quantity) in enumerate(prices)
        ),
        discount_cents=goods * discount // 100,
        freight_cents=freight,
        paid_cents=paid,
    )  # fmt: skip
    money = priced(record)
    assert sum(money.line_discounts) == money.discount == goods * discount // 100
    assert sum(money.line_freights) == freight
    assert sum(money.line_paid) == max(0, min(goods - money.discount, paid - freight))
    for part, taken, (price, quantity) in zip(money.line_paid, money.line_discounts, prices, strict=True):
        assert part >= 0
        assert part + taken <= price * quantity


def test_numbers_as_people_type_them() -> None:
    assert number_key(" # 1001") == number_key("#1001") == number_key("1001") == "1001"
    assert number_key("so2026/12315 ") == "SO2026/12315"
