"""Kuaidi100: callbacks as they were seen in the wild, and questions to a stand-in."""

import csv
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import httpx
import pytest

from aftercare.connectors.carrier_answers import codes_of
from aftercare.connectors.kuaidi100 import Kuaidi100Query, Kuaidi100Unavailable, read_callback, sign
from aftercare.logistics import PushUnreadable, ShipmentStatus, SignatureWrong

S = ShipmentStatus
SALT = "ZUIYOUPIN"


def callback(param: str, salt: str = SALT) -> bytes:
    return urlencode({"param": param, "sign": sign(param, salt)}).encode()


@pytest.fixture
def samples(shared_data: Path) -> list[str]:
    return (shared_data / "tracking" / "kuaidi100" / "push_samples.jsonl").read_text("utf-8").splitlines()


def test_the_signature_is_md5_in_capitals() -> None:
    assert sign("", "") == "D41D8CD98F00B204E9800998ECF8427E"


def test_callbacks_are_read_in_beijing_time(samples: list[str]) -> None:
    read = [read_callback(callback(sample), SALT)[0] for sample in samples]
    assert [(u.carrier, u.number, len(u.events)) for u in read] == [
        ("yuantong", "YT6186594166532", 4),
        ("shunfeng", "933346116516", 8),
        ("shentong", "221014000145", 2),
        ("shunfeng", "V030344422", 2),
    ]
    assert [[e.status for e in u.events] for u in read] == [
        [S.in_transit, S.in_transit, S.in_transit, S.picked_up],
        [S.out_for_delivery, *[None] * 7],
        [S.delivered, None],
        [S.in_transit, S.in_transit],
    ]
    newest = read[0].events[0]
    assert newest.at == datetime(2021, 12, 15, 12, 15, 14, tzinfo=UTC)
    assert (newest.code, newest.place) == ("1002", "江苏,苏州市")
    assert newest.raw["areaCode"] == "CN320500000000"


def test_every_documented_state_has_its_word(shared_data: Path) -> None:
    known = codes_of("kuaidi100")
    assert known is not None
    with (shared_data / "tracking" / "kuaidi100" / "states.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 20
    for row in rows:
        assert known.codes[row["advanced_code"]] is known.names[row["advanced_name"]], row


def test_a_wrong_signature_is_refused(samples: list[str]) -> None:
    good = callback(samples[0])
    assert read_callback(good, SALT)
    for wrong in (
        callback(samples[0], "other"),
        good.replace(b"sign=", b"sign=0"),
        good.split(b"&")[0],
        b"",
        "sign=é".encode(),
    ):
        with pytest.raises(SignatureWrong):
            read_callback(wrong, SALT)


@pytest.mark.parametrize(
    "param",
    ["", "[]", "null", "{}", '{"lastResult":null}', '{"lastResult":{"com":"yuantong"}}', '{"lastResult":{"com":"sf","nu":"!"}}',
     '{"lastResult":{"com":"sf","nu":"SF1234567","data":[1]}}', "[" * 50_000],
)  # fmt: skip
def test_what_is_signed_but_no_callback_is_refused(param: str) -> None:
    with pytest.raises(PushUnreadable):
        read_callback(callback(param), SALT)


def test_the_carrier_abroad_tells_the_same_parcel() -> None:
    def row(time: str, code: str) -> dict[str, Any]:
        return {"ftime": time, "context": time, "statusCode": code}

    told = {
        "lastResult": {"com": "ems", "nu": "EE123456789CN", "data": [row("2026-01-02 08:00:00", "1002")]},
        "destResult": {"com": "correios", "nu": "EE123456789CN", "data": [row("2026-01-09 08:00:00", "3")]},
    }
    [update] = read_callback(callback(json.dumps(told)), SALT)
    assert (update.carrier, [e.status for e in update.events]) == ("ems", [S.in_transit, S.delivered])


def stand_in(answers: dict[str, Any]) -> tuple[httpx.AsyncClient, list[dict[str, str]]]:
    asked: list[dict[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        assert form["sign"] == sign(form["param"], "key", "customer")
        param = json.loads(form["param"])
        asked.append(param)
        told = answers[param["num"]]
        return told if isinstance(told, httpx.Response) else httpx.Response(200, json=told)

    return httpx.AsyncClient(base_url="https://poll.test", transport=httpx.MockTransport(answer)), asked


async def test_questions_are_signed_and_answers_read() -> None:
    found = {
        "message": "ok", "nu": "YT1234567890123", "com": "yuantong", "status": "200", "state": "3",
        "data": [{"ftime": "2026-03-01 09:30:00", "context": "已签收", "status": "本人签收", "statusCode": "301"}],
    }  # fmt: skip
    nothing = {"result": False, "returnCode": "500", "message": "查询无结果，请隔段时间再查"}
    client, asked = stand_in({"YT1234567890123": found, "YT0000000000000": nothing})
    async with client:
        query = Kuaidi100Query(client, key="key", customer="customer")
        updates = await query.track("yuantong", ["YT1234567890123", "YT0000000000000"], {})
    assert [param["com"] for param in asked] == ["yuantong", "yuantong"]
    [update] = updates
    assert (update.number, update.events[0].status) == ("YT1234567890123", S.delivered)
    assert update.events[0].at == datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "answer",
    [
        {"result": False, "returnCode": "601", "message": "POLL:KEY已过期"},
        httpx.Response(500),
        httpx.Response(200, text="<html>"),
        [],
        {"data": [1]},
    ],
)
async def test_one_who_does_not_answer_to_us_is_unavailable(answer: Any) -> None:
    client, _ = stand_in({"YT1234567890123": answer})
    async with client:
        with pytest.raises(Kuaidi100Unavailable):
            await Kuaidi100Query(client, key="key", customer="customer").track(
                "yuantong", ["YT1234567890123"], {}
            )


async def test_carriers_that_ask_for_it_are_told_the_last_four_digits_and_no_others() -> None:
    nothing = {"result": False, "returnCode": "500", "message": "查询无结果"}
    client, asked = stand_in({"SF1234567890123": nothing, "SF0000000000000": nothing, "YT1": nothing})
    async with client:
        query = Kuaidi100Query(client, key="key", customer="customer")
        phones = {"SF1234567890123": "+86 138-0013-8765", "YT1": "13800138765"}
        assert await query.track("shunfeng", ["SF1234567890123", "SF0000000000000"], phones) == []
        assert await query.track("yuantong", ["YT1"], phones) == []
    assert [(param["num"], param.get("phone")) for param in asked] == [
        ("SF1234567890123", "8765"),
        ("SF0000000000000", None),
        ("YT1", None),
    ]


def test_a_number_given_up_without_being_named_tells_nothing() -> None:
    param = '{"status":"abort","message":"3天查询无记录","lastResult":{"status":"501","nu":"","com":"","data":[]}}'
    body = urlencode({"param": param, "sign": sign(param, "salt")}).encode()
    assert read_callback(body, "salt") == []
