"""The chat over HTTP: what a stranger may ask, what hostile input gets, and who may show the page."""

from collections.abc import AsyncIterator
from uuid import UUID

import httpx
import pytest_asyncio

from aftercare.app import create_app
from aftercare.conversations import close_chats
from aftercare.identity import entry_code_text
from aftercare.journal import House, begin
from aftercare.kit.files import Files
from tests.api.world import PNG
from tests.cases.given import World, a_world, scalar


@pytest_asyncio.fixture(loop_scope="session")
async def world(own_house: House) -> AsyncIterator[World]:
    yield await a_world(own_house)
    await close_chats(own_house)


@pytest_asyncio.fixture(loop_scope="session")
async def asking(world: World, tmp_path: object) -> AsyncIterator[httpx.AsyncClient]:
    world.house.ports = {Files: Files(str(tmp_path), largest=1_000_000)}
    transport = httpx.ASGITransport(app=create_app(world.house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://shop-service.test") as client:
        yield client


async def a_token(asking: httpx.AsyncClient) -> dict[str, str]:
    begun = await asking.post("/api/chat/start", json={"shop": "qinglan"})
    assert begun.status_code == 200
    return {"X-Chat": begun.json()["token"]}


async def test_a_visitor_says_something_and_sends_a_picture(asking: httpx.AsyncClient, world: World) -> None:
    visitor = await a_token(asking)
    sent = await asking.post("/api/chat/files", headers=visitor, files={"file": ("坏了.png", PNG)})
    assert sent.status_code == 201
    said = await asking.post(
        "/api/chat/messages",
        headers=visitor,
        json={"body": "收到就是坏的", "key": "key-0001", "files": [sent.json()["handle"]], "locale": "zh-CN"},
    )
    assert (said.status_code, said.json()["again"]) == (201, False)
    begun = await asking.post(
        "/api/chat/start", json={"shop": "qinglan", "token": visitor["X-Chat"]}, headers=visitor
    )
    (message,) = begun.json()["messages"]
    assert (message["by"], message["body"], message["key"]) == ("me", "收到就是坏的", "key-0001")
    (file,) = message["files"]
    read = await asking.get(file["url"])
    assert (read.status_code, read.content) == (200, PNG)
    assert (await asking.get(file["url"][:-1] + ("0" if file["url"][-1] != "0" else "1"))).status_code == 404
    assert (await asking.post("/api/chat/read", headers=visitor)).status_code == 204
    assert (await asking.post("/api/chat/typing", headers=visitor, json={"typing": True})).status_code == 204
    rated = await asking.post("/api/chat/rating", headers=visitor, json={"stars": 4, "words": "还行"})
    assert rated.status_code == 204
    assert await scalar(world.house, "SELECT stars FROM conversation_rating") == 4


async def test_who_shows_no_token_of_ours_gets_nothing(asking: httpx.AsyncClient) -> None:
    for shown in ("", "x", "A" * 94, "../../etc/passwd", "' OR 1=1 --"):
        headers = {"X-Chat": shown}
        assert (await asking.get("/api/chat/live", headers=headers)).status_code == 401
        assert (await asking.get("/api/chat/messages?before=5", headers=headers)).status_code == 401
        said = await asking.post(
            "/api/chat/messages", headers=headers, json={"body": "hi", "key": "key-0001"}
        )
        assert (said.status_code, said.json()["code"]) == (401, "visitor_unknown")


async def test_hostile_input_is_refused_or_harmless(asking: httpx.AsyncClient, world: World) -> None:
    visitor = await a_token(asking)

    async def say(**body: object) -> int:
        return (await asking.post("/api/chat/messages", headers=visitor, json=body)).status_code

    assert await say(body="hi", key="short") == 422
    assert await say(body="hi", key="key-0001'; DROP") == 422
    assert await say(body="x" * 20_001, key="key-0001") == 422
    assert await say(body="", key="key-0001") == 422
    assert await say(body="hi", key="key-0001", files=["no-file"]) == 422
    assert await say(body="hi", key="key-0001", files=["0" * 36]) == 401
    assert (
        await say(
            body="<script>alert(1)</script>\x00\ud800".encode("utf-8", "replace").decode(), key="key-0002"
        )
        == 201
    )
    assert await scalar(world.house, "SELECT count(*) FROM message") == 1
    assert await scalar(world.house, "SELECT html IS NULL FROM message")
    wrong = await asking.post("/api/chat/rating", headers=visitor, json={"stars": 9})
    assert wrong.status_code == 422
    assert (await asking.get(f"/api/chat/messages?before={2**63}", headers=visitor)).status_code == 422
    assert (await asking.post("/api/chat/start", json={"shop": "QINGLAN'"})).status_code == 422
    assert (await asking.post("/api/chat/start", json={"shop": "nobody"})).status_code == 404
    text = await asking.post("/api/chat/files", headers=visitor, files={"file": ("a.html", b"<script>")})
    assert text.status_code == 415
    # A code that was never asked for joins nobody to anybody.
    code = await asking.post(
        "/api/chat/code/confirm",
        headers=visitor,
        json={"entry_id": "01a200c1-8cc0-7183-ae4e-4bba94d9f27c", "code": "123456"},
    )
    assert code.status_code == 404


async def test_the_only_shop_is_told_and_an_order_is_verified_without_telling_whether_it_exists(
    asking: httpx.AsyncClient, world: World
) -> None:
    assert (await asking.get("/api/chat/shop")).json() == {"code": "qinglan"}
    visitor = await a_token(asking)
    for number in ("qinglan-1", "there-is-none"):
        asked = await asking.post(
            "/api/chat/code",
            headers=visitor,
            json={
                "order_number": number,
                "contact": f"+86138001380{'00' if number == 'qinglan-1' else '99'}",
            },
        )
        assert (asked.status_code, sorted(asked.json())) == (200, ["entry_id", "expires_at"])
        if number == "qinglan-1":
            entry_id = UUID(asked.json()["entry_id"])
    async with begin(world.house) as work:
        digits = await entry_code_text(work, entry_id)
    wrong = await asking.post(
        "/api/chat/code/confirm", headers=visitor, json={"entry_id": str(entry_id), "code": "x" * 6}
    )
    assert (wrong.status_code, wrong.json()["code"]) == (409, "entry_code_wrong")
    right = await asking.post(
        "/api/chat/code/confirm", headers=visitor, json={"entry_id": str(entry_id), "code": digits}
    )
    assert right.status_code == 204
    assert await scalar(world.house, "SELECT verified_by FROM contact") == "code"
    assert await scalar(world.house, "SELECT customer_id FROM contact") == world.customer_id
    # The session that came with the digits opens nothing.
    assert await scalar(world.house, "SELECT count(*) FROM session WHERE closed_at IS NULL") == 0
