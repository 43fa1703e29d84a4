"""The generic signed channel: in, out, and everything that is not signed, not now, not new or not small."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from aftercare.cases import say
from aftercare.connectors.messaging.generic import signature, signed
from aftercare.conversations import Channel
from aftercare.journal import House, begin, drain
from aftercare.settings import Channels
from tests.conftest import NOON
from tests.connectors.messaging.given import PNG, Knock, Shop, a_shop
from tests.connectors.standin import Reply, stand_in

KEY = "a shared key"


def message(**more: Any) -> dict[str, Any]:
    return {"type": "message", "id": "m-1", "from": "user-7", "name": "李伟", "body": "净水器漏水了", **more}


def knock(told: Any, *, event_id: str = "e-1", key: str = KEY, seconds: float = 0) -> Knock:
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    return Knock(body, signed(key, NOON + timedelta(seconds=seconds), event_id, body))


async def shop(house: House, tmp_path: Path, url: str = "https://crm.example/hook", **settings: Any) -> Shop:
    return await a_shop(
        house,
        tmp_path,
        "webhook",
        Channel.webhook,
        "crm",
        secrets={"key": KEY},
        settings={"url": url, **settings},
        vendors=lambda: Channels(private_hosts=["127.0.0.1"]),
    )


def test_the_signature_is_what_the_page_says() -> None:
    assert (
        signature("secret", "1773115200", "e-1", b"{}")
        == "f641f5d76c04c0480243561171da61f99333cf7995910363683865aaf0e665ca"
    )


async def test_a_message_finds_its_case_once(house: House, tmp_path: Path) -> None:
    here = await shop(house, tmp_path)
    picture = {"name": "leak.png", "data": base64.b64encode(PNG).decode()}
    first = await here.hears(knock(message(files=[picture])))
    assert (first.status_code, first.json()) == (200, {"kept": 1, "again": 0})
    again = await here.hears(knock(message(files=[picture])))
    assert again.json() == {"kept": 0, "again": 1}
    # The same message under another event.
    await here.hears(knock(message(), event_id="e-2"))
    assert await here.took() == [("customer", "user-7", "净水器漏水了")]
    assert sorted(str(one) for one in await here.outcomes()) == ["again", "received"]
    assert [tuple(row) for row in await here.rows("SELECT name, media_type FROM file")] == [
        ("leak.png", "image/png")
    ]


async def test_an_answer_is_handed_over_signed_and_reported_on(house: House, tmp_path: Path) -> None:
    with stand_in() as crm:
        here = await shop(house, tmp_path, f"{crm.address}/hook")
        await here.hears(knock(message()))
        await drain(house)
        crm.answers(Reply(200, {"id": "theirs-9"}))
        case_id = (await here.rows("SELECT id FROM service_case"))[0].id
        async with begin(house, here.world.mei) as work:
            said = await say(work, case_id, "请拍一张接头的照片")
        await drain(house)
        asked = crm.asked[0]
    told = json.loads(asked.body)
    assert (told["to"], told["body"], told["in_reply_to"], told["references"]) == (
        "user-7",
        "请拍一张接头的照片",
        "m-1",
        ["m-1"],
    )
    assert told["id"] == asked.headers["x-aftercare-id"] == str(said.message_id)
    assert asked.headers["x-aftercare-signature"] == signature(
        KEY, asked.headers["x-aftercare-timestamp"], told["id"], asked.body.encode()
    )
    for number, (state, after) in enumerate([("read", "read"), ("delivered", "read"), ("failed", "read")]):
        await here.hears(knock({"type": "status", "id": "theirs-9", "state": state}, event_id=f"s-{number}"))
        await drain(house)
        assert (await here.rows("SELECT state FROM message_sending"))[0].state == after


@pytest.mark.parametrize(
    ("reply", "state", "error"),
    [
        (Reply(429, {}, {"Retry-After": "90"}), "planned", "429"),
        (Reply(503, {}), "planned", "503"),
        (Reply(401, {"said": "bad key"}), "planned", "401 bad key"),
        (Reply(410, {"said": "no such user"}), "failed", "410 no such user"),
        (Reply(200, b"not json"), "sent", None),
    ],
    ids=["slow down", "away", "key", "never", "taken"],
)
async def test_what_the_other_side_answers(
    house: House, tmp_path: Path, reply: Reply, state: str, error: str | None
) -> None:
    with stand_in() as crm:
        here = await shop(house, tmp_path, f"{crm.address}/hook")
        await here.hears(knock(message()))
        await drain(house)
        crm.answers(reply)
        async with begin(house, here.world.mei) as work:
            case_id = (await here.rows("SELECT id FROM service_case"))[0].id
            await say(work, case_id, "好的")
        await drain(house)
    row = (await here.rows("SELECT state, error, next_at FROM message_sending"))[0]
    assert (row.state, row.error) == (state, error)
    if reply.headers:
        assert row.next_at == NOON + timedelta(seconds=90)


async def test_nothing_is_sent_to_or_fetched_from_an_inner_network(house: House, tmp_path: Path) -> None:
    here = await a_shop(
        house,
        tmp_path,
        "webhook",
        Channel.webhook,
        "crm",
        secrets={"key": KEY},
        settings={
            "url": "https://127.0.0.1:8249/hook",
            "media_hosts": ["127.0.0.1", "localhost", "169.254.169.254"],
        },
    )
    urls = [
        "https://localhost:8249/x",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "https://other.example/x",
    ]
    files = [{"name": f"{number}.png", "url": url} for number, url in enumerate(urls)]
    await here.hears(knock(message(files=files[1:])))
    await drain(house)
    said = (await here.took())[0][2]
    assert (
        said
        == "净水器漏水了\n\n（附件未保存：1.png, 2.png, 3.png。这种文件可能有风险，请客户改发图片、PDF、办公文档或压缩包。）"
    )
    async with begin(house, here.world.mei) as work:
        await say(work, (await here.rows("SELECT id FROM service_case"))[0].id, "好的")
    await drain(house)
    row = (await here.rows("SELECT state, error FROM message_sending"))[0]
    assert (row.state, row.error) == ("planned", "OSError: no answer from 127.0.0.1: ConnectError")


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"{", {}, {"type": "message"}, {"type": "call"}, message(sent_at="soon"), message(**{"from": ""}),
     {"type": "status", "id": "x", "state": "sent"}, b"[" * 90_000],
)  # fmt: skip
async def test_what_is_signed_but_unreadable_is_refused(house: House, tmp_path: Path, told: Any) -> None:
    here = await shop(house, tmp_path)
    answer = await here.hears(knock(told))
    assert (answer.status_code, answer.json()["code"]) == (422, "push_unreadable")
    assert await here.took() == []
