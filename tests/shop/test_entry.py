"""Entering as the customer of an order."""

import httpx
import pytest
from sqlalchemy import text

from aftercare.app import create_app
from aftercare.identity import entry_addressee, entry_code_text
from aftercare.journal import SYSTEM, House, begin
from aftercare.shop import find_orders
from tests.shop.records import a_customer, a_shop, an_order, told


@pytest.mark.parametrize(
    ("number", "contact", "found"),
    [
        ("SO2026/12315", "li@example.test", 1),
        (" #so2026/12315", "LI@Example.test ", 1),
        ("SO2026/12315", "138 0013 8000", 1),
        ("SO2026/12315", "+86 13800138000", 1),
        ("SO2026/12315", "+1 13800138000", 0),
        ("SO2026/12315", "other@example.test", 0),
        ("SO2026/12316", "li@example.test", 0),
        ("", "", 0),
    ],
)
async def test_an_order_is_found_by_number_and_contact(
    house: House, number: str, contact: str, found: int
) -> None:
    shop = await a_shop(house)
    await told(house, shop, an_order(shop))
    async with begin(house, SYSTEM) as work:
        orders = await find_orders(work, number, contact)
        assert len(orders) == found
        assert await find_orders(work, number, contact, shop_code="other") == []


async def test_a_code_opens_the_orders_of_every_shop_with_that_contact(house: House) -> None:
    shop, other = await a_shop(house, "haier"), await a_shop(house, "midea")
    await told(house, shop, an_order(shop))
    await told(house, other, an_order(other, "M-1"))
    await told(
        house,
        other,
        an_order(other, "M-2", customer="c9"),
        customers=[a_customer(other, "c9", email="x@y.test", phone=None)],
    )
    transport = httpx.ASGITransport(app=create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        asked = await browser.post(
            "/api/entry", json={"order_number": "SO2026/12315", "contact": "li@example.test"}
        )
        assert asked.status_code == 200
        entry_id = asked.json()["entry_id"]
        async with begin(house, SYSTEM) as work:
            assert (await entry_addressee(work, entry_id)).contact == "li@example.test"
            code = await entry_code_text(work, entry_id)
        wrong = await browser.post(
            "/api/entry/confirm",
            json={"entry_id": entry_id, "code": "000000" if code != "000000" else "1" * 6},
        )
        assert wrong.status_code in (403, 409, 422)
        entered = await browser.post("/api/entry/confirm", json={"entry_id": entry_id, "code": code})
        assert (entered.status_code, entered.json()["go_to"]) == (200, "/my/orders")
        orders = (await browser.get("/api/my/orders")).json()
        assert sorted(order["number"] for order in orders["items"]) == ["M-1", "SO2026/12315"]
        order_id = orders["items"][0]["id"]
        assert (await browser.get(f"/api/my/orders/{order_id}")).json()["id"] == order_id
        async with begin(house, SYSTEM) as work:
            stranger = await work.session.scalar(text("SELECT id FROM sales_order WHERE number = 'M-2'"))
        assert (await browser.get(f"/api/my/orders/{stranger}")).status_code == 404
        assert (await browser.get("/api/orders")).status_code == 403


async def test_nobody_learns_whether_there_is_an_order(house: House) -> None:
    shop = await a_shop(house)
    await told(house, shop, an_order(shop))
    transport = httpx.ASGITransport(app=create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        answers = [
            await browser.post("/api/entry", json={"order_number": number, "contact": contact})
            for number, contact in (
                ("SO2026/12315", "li@example.test"), ("NOPE", "no@example.test"), ("SO2026/12315", "garbage"),
            )
        ]  # fmt: skip
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({tuple(answer.json()) for answer in answers}) == 1
    async with begin(house, SYSTEM) as work:
        assert (
            await work.session.scalar(text("SELECT count(*) FROM fact WHERE name = 'entry_code.issued'")) == 1
        )
