"""The assistant over HTTP: who gets what."""

from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest_asyncio

from aftercare.app import create_app
from aftercare.journal import House
from tests.given import a_shop


@pytest_asyncio.fixture(loop_scope="session")
async def guest(house: House) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=create_app(house))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://test", headers={"Accept-Language": "zh-CN"}
    ) as client:
        yield client


async def test_a_guest_talks_and_only_his_own_screen_goes_on(house: House, guest: httpx.AsyncClient) -> None:
    of = await a_shop(house)
    visitor = str(uuid4())
    first = await guest.post(f"/api/assistant/{of.code}/talk", json={"text": "你好", "visitor": visitor})
    assert first.status_code == 200, first.text
    said = first.json()
    assert (
        said["text"]
        == f"您好，我是{of.name}的智能助手，可以帮您查订单和快递、办退换货和维修、查退款进度。请问有什么可以帮您？"
    )
    assert said["person"] == {"label": "转人工", "value": "person", "url": None}
    on = {"talk_id": said["talk_id"], "text": "我的快递到哪了"}
    assert (
        await guest.post(f"/api/assistant/{of.code}/talk", json={**on, "visitor": str(uuid4())})
    ).status_code == 404
    again = await guest.post(f"/api/assistant/{of.code}/talk", json={**on, "visitor": visitor})
    assert [choice["value"] for choice in again.json()["choices"]] == ["sign_in"]


async def test_nothing_said_is_refused(house: House, guest: httpx.AsyncClient) -> None:
    of = await a_shop(house)
    answer = await guest.post(f"/api/assistant/{of.code}/talk", json={"text": "  "})
    assert (answer.status_code, answer.json()["code"]) == (422, "turn_empty")
    assert (await guest.post("/api/assistant/no-such-shop/talk", json={"text": "你好"})).status_code == 404


async def test_staff_things_are_for_staff(house: House, guest: httpx.AsyncClient) -> None:
    for method, path in (
        ("GET", "/api/assistant/turns"),
        ("GET", "/api/assistant/models"),
        ("POST", "/api/assistant/models"),
        ("POST", "/api/assistant/models/1/promote"),
        ("GET", f"/api/assistant/switches/{uuid4()}"),
    ):
        answer = await guest.request(method, path)
        assert answer.status_code in (401, 403), (path, answer.status_code)


async def test_the_intents_have_names(guest: httpx.AsyncClient) -> None:
    found = (await guest.get("/api/assistant/intents")).json()
    assert {"intent": "return_goods", "label": "退货"} in found
    assert len(found) == 30
