"""Orders from CSV and JSON: what is taken in, what is refused and why, and that a second time changes nothing."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from aftercare.app import create_app
from aftercare.connectors.orders_file import import_orders
from aftercare.identity import NewShop
from aftercare.journal import SYSTEM, House, PermissionMissing, begin
from aftercare.kit.csvfile import ColumnsMissing, FileEmpty, FileUnreadable
from aftercare.kit.errors import NotFound
from aftercare.shop import Count, ImportReport, OrderStatus, OrderView, get_order, search_orders
from tests.shop.records import a_shop, clerk

HEAD = "order_number,placed_at,paid_at,customer_name,customer_phone,shipping_postal_code,sku,title,quantity,unit_price,freight"
ONE = "A-001,2026-03-01 10:00,2026-03-01 10:05,李小明,13800138000,01012,AC-1,空调,2,1999.50,30"


def csv(*rows: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *rows, ""]).encode()


async def taken(house: House, raw: bytes, **given: Any) -> ImportReport:
    return await import_orders(house, raw, file="orders.csv", shop_code="haier", **given)


async def the_order(house: House) -> OrderView:
    async with begin(house, SYSTEM) as work:
        (found,) = (await search_orders(work)).items
        return await get_order(work, found.id)


async def test_csv_is_taken_in_once(house: House) -> None:
    await a_shop(house)
    report = await taken(house, csv(ONE, "A-001,,,,,,FAN-2,风扇,1,99,"))
    assert report.counts["orders"] == Count(read=1, new=1)
    assert report.counts["lines"] == Count(read=2, new=2)
    assert report.counts["customers"] == Count(new=1)
    assert report.counts["products"] == Count(new=2)
    order = await the_order(house)
    assert (order.number, order.status, order.currency) == ("A-001", OrderStatus.paid, "CNY")
    assert order.placed_at.isoformat() == "2026-03-01T02:00:00+00:00"
    assert order.shipping_address == {"postal_code": "01012"}
    assert (order.goods_cents, order.freight_cents, order.paid_cents) == (409_800, 3_000, 412_800)
    assert [(line.sku, line.paid_cents, line.freight_cents) for line in order.lines] == [
        ("AC-1", 399_900, 2_928), ("FAN-2", 9_900, 72),
    ]  # fmt: skip
    assert (order.customer.name, order.customer.phone) == ("李小明", "+8613800138000")
    again = await taken(house, csv(ONE, "A-001,,,,,,FAN-2,风扇,1,99,"))
    assert again.counts["orders"] == Count(read=1, same=1)
    assert again.counts["lines"] == Count(read=2, same=2)
    assert again.counts["customers"] == Count(same=1)
    assert again.counts["products"] == Count(same=2)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gbk"])
async def test_encodings_and_nul_bytes_survive(house: House, encoding: str) -> None:
    await a_shop(house)
    told = csv(ONE.replace("空调", "变频空\x00调挂机，一级能效")).decode()
    report = await taken(house, told.encode(encoding))
    assert report.refusals == []
    assert (await the_order(house)).lines[0].title == "变频空调挂机，一级能效"


async def test_quoted_line_ends_semicolons_and_western_text(house: House) -> None:
    await a_shop(house, time_zone="Europe/Berlin", currency="EUR", market="DE", locale="en")
    raw = (
        "ORDER_NUMBER;Placed_At;title;quantity;unit_price;customer_email\n"
        '7;2026/3/1 9:05;"Große\nTasse; blau";1;9.90;JÜRGEN@example.test\n'
    ).encode("cp1252")
    report = await taken(house, raw)
    assert report.refusals == []
    order = await the_order(house)
    assert (order.lines[0].title, order.customer.email) == ("Große Tasse; blau", "jürgen@example.test")
    assert order.placed_at.isoformat() == "2026-03-01T08:05:00+00:00"


async def test_a_bad_line_refuses_only_what_depends_on_it(house: House, tmp_path: Path) -> None:
    await a_shop(house)
    report = await taken(
        house,
        csv(
            ONE,
            "A-001,,,,,,X-1,坏行,two,10,",
            "A-001,,,,,,X-2,坏价,1,9.999,",
            "A-001,,,王五,,,X-3,别人,1,10,",
            "B-002,昨天,,李,13800138000,,AC-1,空调,1,10,",
            "C-003,2026-03-01,,李,,,AC-1,空调,1,10,",
            "D-004,2026-03-01,,李,13800138000,,AC-1,空调,1",
            ",2026-03-01,,李,13800138000,,AC-1,空调,1,1,",
            "E-005,2026-03-01,,李,13800138000,,AC-1,,1,1,",
        ),
        refusals_folder=tmp_path / "imports",
    )
    assert [(each.line, each.field, each.reason) for each in report.refusals] == [
        (8, "", "has 9 cells where the header has 11"),
        (9, "order_number", "is empty"),
        (5, "customer_name", "differs from another line of the same order"),
        (3, "quantity", "is not a whole number"),
        (4, "unit_price", "has more decimals than CNY knows"),
        (6, "placed_at", "is not a moment like 2026-03-10T12:00:00+08:00"),
        (7, "customer_id", "is empty, and so are e-mail and phone"),
        (10, "title", "is empty"),
        (10, "", "has no line that could be taken in"),
    ]
    assert report.counts["orders"] == Count(read=4, new=1, refused=3)
    assert report.refusals_file is not None
    assert len(report.refusals_file.read_text().splitlines()) == 10
    order = await the_order(house)
    assert [line.sku for line in order.lines] == ["AC-1"]
    mended = await taken(house, csv(ONE, "A-001,,,,,,X-1,好行,2,10,"))
    assert (mended.counts["orders"].changed, mended.counts["lines"].new) == (1, 1)


async def test_a_line_keeps_its_place_when_another_is_mended(house: House) -> None:
    await a_shop(house)
    await taken(house, csv("A-001,2026-03-01,,李,13800138000,,X-1,坏行,two,10,", "A-001,,,,,,X-2,好行,1,10,"))
    before = {line.sku: line.id for line in (await the_order(house)).lines}
    await taken(house, csv("A-001,2026-03-01,,李,13800138000,,X-1,坏行,2,10,", "A-001,,,,,,X-2,好行,1,10,"))
    after = {line.sku: line.id for line in (await the_order(house)).lines}
    assert after["X-2"] == before["X-2"]
    assert list(after) == ["X-1", "X-2"]


@pytest.mark.parametrize(
    ("raw", "refusal"),
    [
        (b"", FileEmpty),
        (b"\xef\xbb\xbf\r\n", FileEmpty),
        (b"order_number,title\nA,B\n", ColumnsMissing),
        (csv(head=HEAD + ",sku"), ColumnsMissing),
        (b'{"orders": [', FileUnreadable),
        (b'{"order": []}', FileUnreadable),
        (b"[NaN]", FileUnreadable),
    ],
)
async def test_a_file_that_is_none_is_refused_and_makes_no_shop(
    house: House, raw: bytes, refusal: type[Exception]
) -> None:
    with pytest.raises(refusal):
        await taken(house, raw, create=NewShop(code="haier", name="Haier"))
    with pytest.raises(NotFound):
        await taken(house, csv(ONE))


async def test_a_missing_shop_is_made_when_asked(house: House) -> None:
    report = await taken(house, csv(ONE), create=NewShop(code="haier", name="海尔"))
    assert report.counts["orders"].new == 1
    assert (await the_order(house)).shop_name == "海尔"


def told(**given: Any) -> dict[str, Any]:
    return {
        "number": "J-1", "placed_at": "2026-03-01T10:00:00+08:00", "paid_at": "2026-03-01T10:05:00+08:00",
        "discount": "10.01", "freight": 5,
        "customer": {"id": "u1", "name": "李", "email": "li@example.test"},
        "shipping_address": {"country": "CN", "postal_code": "01012", "extra": "left out"},
        "lines": [
            {"id": "1", "sku": "AC-1", "title": "空调", "quantity": 1, "unit_price": 19.99, "attributes": {"perishable": True}},
            {"id": "2", "sku": "AC-2", "title": "风扇", "quantity": 2, "unit_price": "10.00"},
        ],
        "payments": [{"method": "wechat", "provider": "wechat_pay", "reference": "42", "amount": "34.98"}],
        "reviews": [{"id": "r1", "score": 5, "body": "好", "created_on": "2026-03-05"}],
        **given,
    }  # fmt: skip


async def test_json_is_taken_in_once(house: House) -> None:
    await a_shop(house)
    raw = json.dumps({"orders": [told()]}).encode()
    report = await taken(house, raw)
    assert report.refusals == []
    assert {name: count.new for name, count in report.counts.items()} == {
        "orders": 1, "lines": 2, "customers": 1, "products": 2, "payments": 1, "reviews": 1,
    }  # fmt: skip
    order = await the_order(house)
    assert (order.discount_cents, order.paid_cents) == (1_001, 3_498)
    assert sum(line.paid_cents for line in order.lines) == 3_998 - 1_001 + 1
    assert order.lines[0].attributes == {"perishable": True}
    assert order.payments[0].provider_ref == "42"
    again = await taken(house, raw)
    assert (again.counts["orders"].same, again.counts["orders"].changed) == (1, 0)


async def test_json_tells_the_line_and_the_path_of_what_is_bad(house: House) -> None:
    await a_shop(house)
    bad = told(number="J-2")
    bad["lines"][1]["quantity"] = 0
    orders = [
        told(),
        bad,
        told(),
        told(number="J-3", customer={}),
        7,
        told(number="J-4", discount="99"),
        told(number="J-5", lines=[]),
        told(number="J-6", currency="XXQ"),
    ]
    report = await taken(house, json.dumps(orders, indent=1).encode())
    assert [(each.field, each.reason) for each in report.refusals] == [
        ("orders[1].lines[1].quantity", "is not between 1 and 1000000"),
        ("orders[2].number", "J-1 stands in the file twice"),
        ("orders[3].customer.id", "is empty, and so are e-mail and phone"),
        ("orders[4]", "is not an object"),
        ("orders[5].discount", "is more than the goods cost"),
        ("orders[6]", "has no line that could be taken in"),
        ("orders[7].currency", "is not a currency like CNY"),
    ]
    lines = json.dumps(orders, indent=1).splitlines()
    assert lines[report.refusals[3].line - 1].strip() == "7,"
    assert report.counts["orders"] == Count(read=8, new=2, refused=6)


async def test_needs_its_permission_and_its_shop(house: House) -> None:
    shop = await a_shop(house)
    with pytest.raises(PermissionMissing):
        await taken(house, csv(ONE), actor=clerk(shop))
    other = await a_shop(house, "midea")
    with pytest.raises(NotFound):
        await taken(house, csv(ONE), actor=clerk(other, may=frozenset({"orders.import"})))


async def test_upload_needs_somebody_signed_in(house: House) -> None:
    shop = await a_shop(house)
    transport = httpx.ASGITransport(app=create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as browser:
        answer = await browser.post(
            "/api/orders/import", params={"shop_id": str(shop.id)}, files={"file": ("o.csv", csv(ONE))}
        )
    assert answer.status_code in (401, 403)
