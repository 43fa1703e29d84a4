"""The doors to parcels: status, shape, and who gets in."""

from collections.abc import AsyncIterator

import httpx
import pytest

from aftercare.app import create_app
from aftercare.journal import House, begin
from aftercare.logistics import get_shipment
from tests.logistics.given import a_parcel, a_shop


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
