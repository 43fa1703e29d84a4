"""Pushes through the door: signed, timely, for the right shop."""

import hashlib
import hmac
import json
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from pydantic import SecretStr

from aftercare.app import create_app
from aftercare.connectors.generic_tracking import Pushes, push_signature
from aftercare.connectors.kuaidi100 import Kuaidi100Query, sign
from aftercare.connectors.tracking import tracking_pushes, tracking_source
from aftercare.journal import House, begin
from aftercare.logistics import ShipmentStatus, TrackingPushes, get_shipment
from aftercare.settings import Tracking
from tests.conftest import NOON
from tests.logistics.given import a_parcel, a_shop, facts

SECRET, SALT = "push secret", "ZUIYOUPIN"


def client(house: House) -> httpx.AsyncClient:
    house.ports = {TrackingPushes: Pushes(kuaidi100_salt=SALT, secret=SECRET)}
    transport = httpx.ASGITransport(create_app(house))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


def signed(body: bytes, shop: str = "lamps", seconds: float = 0) -> dict[str, str]:
    stamp = str(int((NOON + timedelta(seconds=seconds)).timestamp()))
    return {
        "X-Aftercare-Timestamp": stamp,
        "X-Aftercare-Signature": push_signature(SECRET, stamp, shop, body),
    }


def test_the_signature_is_what_the_handbook_says() -> None:
    by_hand = hmac.new(b"push secret", b"1773115200.lamps.{}", hashlib.sha256).hexdigest()
    assert push_signature("push secret", "1773115200", "lamps", b"{}") == by_hand


async def test_kuaidi100_delivers_a_parcel_once(house: House, shared_data: Path) -> None:
    parcel = await a_parcel(house, await a_shop(house), carrier="申通", number="221014000145")
    sample = (
        (shared_data / "tracking" / "kuaidi100" / "push_samples.jsonl").read_text("utf-8").splitlines()[2]
    )
    form = {"param": sample, "sign": sign(sample, SALT)}
    async with client(house) as http:
        for _ in range(2):
            answer = await http.post("/api/webhooks/kuaidi100/lamps", data=form)
            assert (answer.status_code, answer.json()) == (
                200,
                {"result": True, "returnCode": "200", "message": "成功"},
            )
        wrong = await http.post("/api/webhooks/kuaidi100/lamps", data={**form, "sign": "0" * 32})
        assert (wrong.status_code, wrong.json()["result"]) == (403, False)
        nowhere = await http.post("/api/webhooks/kuaidi100/nobody", data=form)
        assert (nowhere.status_code, nowhere.json()["message"]) == (404, "shop_not_found")
    async with begin(house) as work:
        assert (await get_shipment(work, parcel)).status is ShipmentStatus.delivered
    assert [(name, data.get("delivered_at")) for name, data in await facts(house, "parcel.delivered")] == [
        ("parcel.delivered", "2015-04-28T07:46:48Z")
    ]


async def test_anybody_may_push_in_our_words_or_the_carriers(house: House, shared_data: Path) -> None:
    shop = await a_shop(house)
    ours = await a_parcel(house, shop, carrier="GLS", number="36301917596")
    theirs = await a_parcel(house, shop, carrier="gls", number="99901917596")
    fixtures = json.loads((shared_data / "tracking" / "karrio_pairs" / "gls.json").read_text())["fixtures"]
    body = json.dumps(
        {
            "updates": [
                {"carrier": "gls", "answer": fixtures["TrackingResponse"]["value"]},
                {
                    "carrier": "gls",
                    "number": "999 0191 7596",
                    "promised_at": "2026-03-09T18:00:00",
                    "events": [{"at": "2026-03-09 10:00", "status": "out_for_delivery", "place": "Köln"}],
                },
            ]
        }
    ).encode()
    async with client(house) as http:
        answer = await http.post("/api/webhooks/tracking/lamps", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()) == (
        200,
        {"parcels": 2, "new_events": 3, "moved": 2, "unmatched": 0},
    )
    async with begin(house) as work:
        first, second = await get_shipment(work, ours), await get_shipment(work, theirs)
    assert (first.status, second.status) == (ShipmentStatus.picked_up, ShipmentStatus.out_for_delivery)
    assert second.events[0].at.isoformat() == "2026-03-09T09:00:00+00:00"
    assert second.promised_at is not None
    assert (second.promised_at.isoformat(), second.late) == ("2026-03-09T17:00:00+00:00", True)


@pytest.mark.parametrize(
    ("headers", "shop"),
    [
        ({}, "lamps"),
        (signed(b"{ }"), "lamps"),
        (signed(b"{}", shop="shoes"), "lamps"),
        (signed(b"{}", seconds=-301), "lamps"),
        (signed(b"{}", seconds=301), "lamps"),
        ({**signed(b"{}"), "X-Aftercare-Timestamp": "soon"}, "lamps"),
    ],
    ids=["unsigned", "other body", "other shop", "too old", "too new", "no time"],
)
async def test_what_is_not_signed_for_this_shop_and_now_is_refused(
    house: House, headers: dict[str, str], shop: str
) -> None:
    await a_shop(house)
    async with client(house) as http:
        answer = await http.post(f"/api/webhooks/tracking/{shop}", content=b"{}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "signature_wrong")


@pytest.mark.parametrize(
    "told",
    ["", "[]", "{", "{}", '{"updates":[{"carrier":"gls"}]}', '{"carrier":"gls","number":"!!!!!!"}',
     '{"carrier":"gls","number":"12345678901","events":[{"at":1}]}', '{"carrier":"nobody","answer":{}}', "[" * 90_000],
)  # fmt: skip
async def test_what_is_signed_but_unreadable_is_refused(house: House, told: str) -> None:
    await a_shop(house)
    body = told.encode()
    async with client(house) as http:
        answer = await http.post("/api/webhooks/tracking/lamps", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()["code"]) == (422, "push_unreadable")


async def test_a_push_that_is_too_large_is_refused(house: House) -> None:
    await a_shop(house)
    body = b" " * (1024 * 1024 + 1)
    async with client(house) as http:
        answer = await http.post("/api/webhooks/tracking/lamps", content=body, headers=signed(body))
    assert (answer.status_code, answer.json()["code"]) == (413, "push_too_large")


async def test_without_a_secret_nothing_is_taken(house: House) -> None:
    await a_shop(house)
    async with client(house) as http:
        house.ports = {TrackingPushes: Pushes()}
        answer = await http.post(
            "/api/webhooks/kuaidi100/lamps", content=urlencode({"param": "{}", "sign": sign("{}", "")})
        )
    assert (answer.status_code, answer.json()["message"]) == (503, "port_missing")


async def test_whom_we_ask_and_believe_comes_from_the_settings() -> None:
    async with tracking_source(Tracking()) as nobody:
        assert nobody is None
    given = Tracking(
        kuaidi100_key=SecretStr("key"), kuaidi100_customer="customer", push_secret=SecretStr("x")
    )
    async with tracking_source(given) as source:
        assert isinstance(source, Kuaidi100Query)
    assert (tracking_pushes(given).secret, tracking_pushes(given).kuaidi100_salt) == ("x", None)
