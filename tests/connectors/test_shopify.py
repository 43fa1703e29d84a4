"""Shopify's pushes: signed, taken in once, in any order."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from aftercare.app import create_app
from aftercare.connectors.shopify import PushUnreadable, order_records, signed_by, store_refund, take_push
from aftercare.identity import ShopView
from aftercare.journal import SYSTEM, House, begin
from aftercare.shop import OrderNotKnownYet, OrderStatus, OrderView, get_order, search_orders
from tests.shop.records import SHOP, a_shop

SECRET = "hush"


def fixture(shared_data: Path, name: str) -> dict[str, Any]:
    told = json.loads((shared_data / "commerce_payloads" / "shopify" / f"{name}.json").read_text())
    body: dict[str, Any] = told[name]
    return body


def sign(raw: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


async def push(house: House, shop: ShopView, topic: str, body: dict[str, Any], event_id: str) -> bool:
    return await take_push(house, shop, topic=topic, event_id=event_id, raw=json.dumps(body).encode())


async def the_order(house: House) -> OrderView:
    async with begin(house, SYSTEM) as work:
        (found,) = (await search_orders(work)).items
        return await get_order(work, found.id)


def test_signature() -> None:
    raw = b'{"id":1}'
    assert signed_by(SECRET, raw, sign(raw))
    assert not signed_by(SECRET, raw + b" ", sign(raw))
    assert not signed_by(SECRET, raw, sign(raw, "other"))
    assert not signed_by(SECRET, raw, "")
    assert not signed_by(SECRET, raw, "ä not base64")


def test_an_order_in_our_words(shared_data: Path) -> None:
    customer, products, order = order_records(fixture(shared_data, "order"), SHOP)
    assert (customer.external_id, customer.name, customer.email) == (
        "207119551",
        "Bob Norman",
        "bob.norman@hostmail.com",
    )
    assert customer.phone == "+15556251199"
    assert (order.external_id, order.number, order.currency) == ("450789469", "#1001", "USD")
    assert order.placed_at == datetime(2008, 1, 10, 16, 0, tzinfo=UTC)
    assert (order.status, order.paid_cents, order.payments) == (OrderStatus.awaiting_payment, 0, ())
    assert [(line.sku, line.quantity) for line in order.lines] == [
        ("IPOD2008GREEN", 1), ("IPOD2008RED", 1), ("IPOD2008BLACK", 1),
    ]  # fmt: skip
    # 11.94 of tax on three lines of 199.00 each.
    assert [line.unit_price_cents - line.discount_cents for line in order.lines] == [20_298, 20_298, 20_298]
    assert [product.external_id for product in products] == ["39072856", "49148385", "457924702"]
    assert order.shipping_address == {
        "country": "US", "region": "KY", "city": "Louisville", "street": "Chestnut Street 92", "postal_code": "40202",
        "recipient": "Bob Norman", "phone": "555-625-1199",
    }  # fmt: skip
    assert order.lines[0].shipped_at is None  # its fulfilment failed


def test_tax_that_does_not_divide_by_the_units() -> None:
    _, _, order = order_records(
        {
            "id": 1, "created_at": "2026-03-01T10:00:00+08:00", "currency": "USD", "financial_status": "paid",
            "total_price": "31.01", "total_tax": "1.01",
            "line_items": [{"id": 7, "price": "10.00", "quantity": 3, "title": "Cup", "product_id": 5}],
        },
        SHOP,
    )  # fmt: skip
    (line,) = order.lines
    assert (line.unit_price_cents, line.discount_cents) == (1_034, 1)
    assert line.unit_price_cents * 3 - line.discount_cents == order.paid_cents == 3_101


async def test_an_order_is_taken_in_once_and_told_again_changes_nothing(
    house: House, shared_data: Path
) -> None:
    shop, body = await a_shop(house, "ipod", market="US", currency="USD"), fixture(shared_data, "order")
    assert await push(house, shop, "orders/create", body, "e1") is True
    assert await push(house, shop, "orders/create", body, "e1") is False
    assert await push(house, shop, "orders/updated", body, "e2") is True
    assert await push(house, shop, "products/update", {"id": 1}, "e3") is False
    async with begin(house, SYSTEM) as work:
        names = await work.session.scalars(text("SELECT name FROM fact WHERE name LIKE 'order.%'"))
        assert list(names) == ["order.imported"]


async def test_an_overtaken_push_changes_nothing(house: House, shared_data: Path) -> None:
    shop, body = await a_shop(house, "ipod", market="US", currency="USD"), fixture(shared_data, "order")
    later = body | {
        "updated_at": "2008-01-12T11:00:00-05:00", "financial_status": "paid", "cancelled_at": "2008-01-12T11:00:00-05:00",
    }  # fmt: skip
    await push(house, shop, "orders/cancelled", later, "e2")
    await push(house, shop, "orders/create", body, "e1")
    order = await the_order(house)
    assert (order.status, order.paid_cents) == (OrderStatus.cancelled, 40_994)


async def test_money_that_the_store_gave_back_counts_once(house: House, shared_data: Path) -> None:
    shop = await a_shop(house, "ipod", market="US", currency="USD")
    refund, body = fixture(shared_data, "refund"), fixture(shared_data, "order")
    with pytest.raises(OrderNotKnownYet):
        await push(house, shop, "refunds/create", refund, "r1")
    await push(house, shop, "orders/create", body | {"financial_status": "paid"}, "e1")
    assert await push(house, shop, "refunds/create", refund, "r1") is True
    # The order's next telling brings the refund along.
    again = body | {
        "financial_status": "partially_refunded",
        "refunds": [refund],
        "updated_at": "2016-06-20T13:35:06-04:00",
    }
    await push(house, shop, "orders/updated", again, "e2")
    order = await the_order(house)
    assert [(line.store_refunded_quantity, line.store_refunded_cents) for line in order.lines] == [
        (1, 19_900), (0, 0), (1, 19_900),
    ]  # fmt: skip
    async with begin(house, SYSTEM) as work:
        assert await work.session.scalar(text("SELECT sum(amount_cents) FROM store_refund")) == 20_900


async def test_a_parcel_ships_its_lines(house: House, shared_data: Path) -> None:
    shop, body = await a_shop(house, "ipod", market="US", currency="USD"), fixture(shared_data, "order")
    await push(house, shop, "orders/create", body, "e1")
    parcel = fixture(shared_data, "fulfillment")
    await push(house, shop, "fulfillments/create", parcel, "f1")
    assert [line.shipped_at for line in (await the_order(house)).lines] == [None, None, None]
    await push(house, shop, "fulfillments/update", parcel | {"status": "success"}, "f2")
    left = datetime(2013, 11, 1, 20, 6, 8, tzinfo=UTC)
    order = await the_order(house)
    assert ([line.shipped_at for line in order.lines], order.shipped_at) == ([left, None, None], None)
    rest = parcel | {
        "status": "success", "shipment_status": "delivered", "line_items": body["line_items"], "updated_at": "2013-11-03T16:06:08-04:00",
    }  # fmt: skip
    await push(house, shop, "fulfillments/update", rest, "f3")
    order = await the_order(house)
    arrived = datetime(2013, 11, 3, 20, 6, 8, tzinfo=UTC)
    assert (order.status, order.shipped_at, order.delivered_at) == (OrderStatus.delivered, left, arrived)


def test_a_refund_without_money_or_lines_is_none() -> None:
    assert store_refund({"id": 1, "created_at": "2026-03-01T10:00:00Z"}, "USD") is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"id":1,"created_at":"x","line_items":[]}',
        b'{"line_items":[{"price":"-1"}]}',
        b"\xff",
    ],
)
async def test_what_is_no_order_is_refused_and_leaves_no_trace(house: House, raw: bytes) -> None:
    shop = await a_shop(house, "ipod")
    with pytest.raises(PushUnreadable):
        await take_push(house, shop, topic="orders/create", event_id="e1", raw=raw)
    async with begin(house, SYSTEM) as work:
        assert await work.session.scalar(text("SELECT count(*) FROM store_event")) == 0


async def test_over_http(house: House, shared_data: Path) -> None:
    await a_shop(house, "ipod", market="US", currency="USD", settings={"shopify_webhook_secret": SECRET})
    await a_shop(house, "plain")
    raw = json.dumps(fixture(shared_data, "order")).encode()
    headers = {
        "x-shopify-topic": "orders/create",
        "x-shopify-webhook-id": "e1",
        "x-shopify-hmac-sha256": sign(raw),
    }
    transport = httpx.ASGITransport(app=create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as store:
        for expected in (True, False):
            answer = await store.post("/api/webhooks/shopify/ipod", content=raw, headers=headers)
            assert (answer.status_code, answer.json()) == (200, {"new": expected})
        forged = await store.post("/api/webhooks/shopify/ipod", content=raw + b" ", headers=headers)
        assert (forged.status_code, forged.json()["code"]) == (401, "signature_not_right")
        assert (
            await store.post("/api/webhooks/shopify/plain", content=raw, headers=headers)
        ).status_code == 401
        assert (
            await store.post("/api/webhooks/shopify/none", content=raw, headers=headers)
        ).status_code == 404
        big = await store.post(
            "/api/webhooks/shopify/ipod", content=b"x" * (2 * 1024 * 1024 + 1), headers=headers
        )
        assert (big.status_code, big.json()["code"]) == (413, "too_large")
