"""The doors to parcels: status, shape, and who gets in."""

from collections.abc import AsyncIterator

import httpx
import pytest

from aftercare.app import create_app
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.ids import new_id
from aftercare.logistics import get_shipment
from tests.given.web import signed_in
from tests.logistics.given import a_parcel, a_shop
from tests.supply.test_stock import a_product


@pytest.fixture
async def http(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(create_app(house))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_anybody_with_the_link_may_look_and_nobody_without(
    house: House, http: httpx.AsyncClient
) -> None:
    parcel = await a_parcel(house, await a_shop(house))
    async with begin(house) as work:
        path = (await get_shipment(work, parcel)).tracking_path
    answer = await http.get(f"/api{path}")
    assert (answer.status_code, answer.json()["status"]) == (200, "pending")
    wrong = await http.get("/api/track/aaaaaaaaaaaaaaaaaaaaaaaa")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "tracking_link_unknown")


async def test_one_address_may_not_look_without_end(house: House, http: httpx.AsyncClient) -> None:
    answers = [(await http.get("/api/track/aaaaaaaaaaaaaaaaaaaaaaaa")).status_code for _ in range(121)]
    assert (answers[:120], answers[120]) == ([404] * 120, 429)


@pytest.mark.parametrize(
    "path", ["shipments", "shipments/late", "shipments/00000000-0000-0000-0000-000000000000", "pickups", "stock", "stock/movements"]
)  # fmt: skip
async def test_the_desks_lists_are_not_for_strangers(
    house: House, http: httpx.AsyncClient, path: str
) -> None:
    assert (await http.get(f"/api/{path}")).status_code in (401, 403)


async def test_the_desk_works_on_parcels_and_stock(house: House) -> None:
    shop = await a_shop(house)
    agent = Actor(
        kind=ActorKind.staff,
        id=new_id(),
        shops=frozenset({shop}),
        permissions=frozenset({"logistics.write", "supply.write"}),
    )
    product = await a_product(house, shop)
    async with signed_in(house, agent) as http:
        added = await http.post(
            "/shipments",
            json={"shop_id": str(shop), "direction": "reship", "carrier": "顺丰", "tracking_number": "sf1234567890123"},
        )  # fmt: skip
        assert (added.status_code, added.json()["carrier"], added.json()["events"]) == (201, "shunfeng", [])
        parcel = added.json()["id"]
        given = await http.put(f"/shipments/{parcel}/waybill", json={"carrier": "中通", "number": "12345"})
        assert given.json() == {
            "carrier": "zhongtong",
            "number": "12345",
            "warnings": ["number_looks_unusual"],
        }
        settled = await http.post(f"/shipments/{parcel}/delivered", json={})
        assert (settled.json()["status"], settled.json()["settled_by_staff"]) == ("delivered", True)
        listed = (await http.get("/shipments", params={"status": "delivered"})).json()
        assert ([line["id"] for line in listed["items"]], listed["next"]) == ([parcel], None)
        assert (await http.get("/shipments/late")).json() == {"items": [], "next": None}
        assert (await http.get(f"/shipments/{new_id()}")).json()["code"] == "shipment_not_found"

        point = {"shop_id": str(shop), "code": "JING-AN", "name": "静安店"}
        assert (await http.put("/service-points", json=point)).status_code == 200
        [seen] = (await http.get("/service-points", params={"shop_id": str(shop)})).json()
        assert (seen["code"], seen["takes_drop_off"]) == ("JING-AN", True)
        elsewhere = await http.put("/service-points", json={**point, "shop_id": str(new_id())})
        assert (elsewhere.status_code, elsewhere.json()["code"]) == (404, "not_found")
        for other in ({"shop_id": str(new_id())}, {"order_id": str(new_id())}):
            parcel_of = {
                "shop_id": str(shop),
                "direction": "outbound",
                "carrier": "中通",
                "tracking_number": "7312345678",
            }
            nothing = await http.post("/shipments", json={**parcel_of, **other})
            assert (nothing.status_code, nothing.json()["code"]) == (404, "not_found")
        unknown = await http.post("/drop-offs/accept", json={"shop_id": str(shop), "code": "00000000"})
        assert (unknown.status_code, unknown.json()["code"]) == (404, "drop_off_code_unknown")

        posting = {"product_id": str(product), "quantity": 5, "reason": "delivery", "key": "box 1"}
        answers = [await http.post("/stock/movements", json=posting) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        move = {
            "product_id": str(product),
            "quantity": 2,
            "from_condition": "sellable",
            "to_condition": "quarantine",
        }
        assert (await http.post("/stock/moves", json=move)).status_code == 204
        lines = (await http.get("/stock")).json()["items"]
        assert [(line["condition"], line["on_hand"]) for line in lines] == [
            ("quarantine", 2),
            ("sellable", 3),
        ]
        short = await http.post("/stock/movements", json={**posting, "quantity": -4, "key": None})
        assert (short.status_code, short.json()["code"], short.json()["there"]) == (409, "stock_not_there", 3)
        for body in (
            {**posting, "location": "a\x00b"},
            {**posting, "quantity": 10**9},
            {**posting, "reason": "love"},
        ):
            assert (await http.post("/stock/movements", json=body)).status_code == 422
        naive = await http.post(
            f"/shipments/{parcel}/delivered", json={"delivered_at": "2026-03-09T10:00:00"}
        )
        assert naive.status_code == 422
