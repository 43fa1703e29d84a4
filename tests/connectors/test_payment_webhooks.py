"""What payment providers tell by themselves reaches claims: once, signed, and within the shop that it is for."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from pydantic import SecretStr

from aftercare import claims
from aftercare.claims import GatewayAnswer, GatewayState, RefundGateways
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.payments import routes
from aftercare.connectors.payments.routes import settle_sandbox_calls
from aftercare.connectors.sandbox_gateway import signature
from aftercare.identity import NewShop, new_shop
from aftercare.journal import House, Work, begin
from aftercare.kit.http import explain_problems
from aftercare.settings import Settings, Stripe, WechatPay
from tests.conftest import Clock
from tests.connectors import test_wechat_pay as wechat
from tests.connectors.test_sandbox_gateway import order
from tests.connectors.test_stripe import WEBHOOK_SECRET, refund, signed
from tests.connectors.test_wechat_pay import lowered, notification
from tests.connectors.test_wechat_pay import signed as signed_by_wechat

Told = list[tuple[str, GatewayState, bool]]


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    """What claims were told: (key, state, whether the actor sees every shop)."""
    heard: Told = []

    async def settle_refund(work: Work, *, key: str, answer: GatewayAnswer) -> bool:
        heard.append((key, answer.state, work.actor.shops is None))
        return True

    monkeypatch.setattr(claims, "settle_refund", settle_refund)
    return heard


@pytest_asyncio.fixture(loop_scope="session")
async def client(house: House) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        sandbox_gateway=True,
        stripe=Stripe(secret_key=SecretStr("sk_test_1"), webhook_secret=SecretStr(WEBHOOK_SECRET)),
        wechat_pay=WechatPay(
            merchant_id="1900000109",
            app_id="wx1",
            private_key=SecretStr(wechat.private_pem(wechat.MERCHANT)),
            certificate_serial="5157",
            api_v3_key=SecretStr(wechat.API_KEY),
            public_key=wechat.PLATFORM_PEM,
            public_key_id="PUB_KEY_ID_1",
        ),
    )
    gateways = ConfiguredGateways(settings, house)
    house.ports = {RefundGateways: gateways}
    async with begin(house) as work:
        await new_shop(work, NewShop(code="qinghe", name="清和家居"))
    app = FastAPI()
    app.state.house = house
    app.include_router(routes.router, prefix="/api")
    explain_problems(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client
    assert gateways.stripe is not None
    await gateways.stripe.close()


async def test_stripe(client: httpx.AsyncClient, told: Told) -> None:
    payload, sign = signed("refund.updated", refund())
    for _ in range(2):
        answer = await client.post(
            "/api/webhooks/stripe/qinghe", content=payload, headers={"Stripe-Signature": sign}
        )
        assert (answer.status_code, answer.content) == (204, b"")
    assert told == [("refund:0192f0c1", GatewayState.paid, False)] * 2
    forged = await client.post(
        "/api/webhooks/stripe/qinghe", content=payload + b" ", headers={"Stripe-Signature": sign}
    )
    assert (forged.status_code, forged.json()["code"]) == (401, "push_not_signed")
    unknown = await client.post(
        "/api/webhooks/stripe/nobody", content=payload, headers={"Stripe-Signature": sign}
    )
    assert unknown.status_code == 404
    assert len(told) == 2


async def test_wechat_pay(client: httpx.AsyncClient, told: Told) -> None:
    payload = notification("REFUND.SUCCESS", "SUCCESS")
    for path, every_shop in (("wechat-pay", True), ("wechat-pay/qinghe", False)):
        answer = await client.post(
            f"/api/webhooks/{path}", content=payload, headers=lowered(signed_by_wechat(payload))
        )
        assert answer.status_code == 204
        assert told[-1] == ("refund:0192f0c1-7c9e", GatewayState.paid, every_shop)
    assert (await client.post("/api/webhooks/wechat-pay", content=payload)).status_code == 401
    assert len(told) == 2


async def test_sandbox(client: httpx.AsyncClient, told: Told, house: House) -> None:
    payload = json.dumps({"key": "refund-1", "state": "failed", "failure": "account_closed"}).encode()
    sign = {"Sandbox-Signature": signature(house.secret, payload)}
    answer = await client.post("/api/webhooks/sandbox/qinghe", content=payload, headers=sign)
    assert answer.status_code == 204
    assert told == [("refund-1", GatewayState.failed, False)]
    assert (await client.post("/api/webhooks/sandbox/qinghe", content=payload)).status_code == 401


async def test_what_is_not_set_up_says_so(client: httpx.AsyncClient, told: Told, house: House) -> None:
    house.ports = {RefundGateways: ConfiguredGateways(Settings(sandbox_gateway=False), house)}
    for path in ("stripe/qinghe", "wechat-pay", "wechat-pay/qinghe", "sandbox/qinghe"):
        answer = await client.post(f"/api/webhooks/{path}", content=b"{}")
        assert (answer.status_code, answer.json()["code"]) == (503, "port_missing")
    assert told == []


async def test_the_sandbox_calls_back_by_the_clock(
    client: httpx.AsyncClient, told: Told, house: House, clock: Clock
) -> None:
    from datetime import timedelta

    from aftercare.connectors.sandbox_gateway import Whim

    gateway: Any = house.port(RefundGateways).by_provider["sandbox"]
    await gateway.refund(order(Whim.late))
    assert await settle_sandbox_calls(house) == 0
    clock.now += timedelta(minutes=10)
    assert await settle_sandbox_calls(house) == 1
    assert told == [("refund-1", GatewayState.paid, True)]
    assert await settle_sandbox_calls(house) == 0


async def test_what_is_signed_and_yet_in_no_known_form_is_refused_in_words(
    client: httpx.AsyncClient, told: Told, house: House
) -> None:
    at = int(time.time())
    for body in (b'{"type": "refund.updated"}', b"[]", b'{"type": 5, "data": {"object": {}}}'):
        sign = hmac.new(WEBHOOK_SECRET.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
        answer = await client.post(
            "/api/webhooks/stripe/qinghe", content=body, headers={"Stripe-Signature": f"t={at},v1={sign}"}
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "push_not_understood")
    for body in (b"{", b'{"key": "x", "state": "gone"}'):
        answer = await client.post(
            "/api/webhooks/sandbox/qinghe",
            content=body,
            headers={"Sandbox-Signature": signature(house.secret, body)},
        )
        assert (answer.status_code, answer.json()["code"]) == (422, "push_not_understood")
    strange = notification("REFUND.SUCCESS", "SOMETHING_NEW")
    answer = await client.post(
        "/api/webhooks/wechat-pay", content=strange, headers=lowered(signed_by_wechat(strange))
    )
    assert (answer.status_code, answer.json()["code"]) == (503, "provider_away")
    assert told == []
