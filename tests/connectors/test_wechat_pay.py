"""WeChat Pay against a stand-in that signs with a key of its own and answers with WeChat's own payloads."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from pydantic import SecretStr

from aftercare.claims import (
    GatewayAnswer,
    GatewayState,
    PaidAnswer,
    PaymentAsked,
    PaymentStart,
    RefundOrder,
)
from aftercare.connectors.payments import Heard, HeardPayment, PushNotSigned
from aftercare.connectors.wechat_pay import WechatPayGateway, key_of, refund_number
from aftercare.settings import WechatPay
from tests.connectors.standin import Reply, StandIn, stand_in

API_KEY = "0123456789abcdef0123456789abcdef"
PLATFORM = generate_private_key(65537, 2048)
MERCHANT = generate_private_key(65537, 2048)
PLATFORM_PEM = PLATFORM.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ORDER = RefundOrder(
    key="refund:0192f0c1-7c9e",
    payment_ref="4200000123202603101234567890",
    amount_cents=8_800,
    paid_cents=12_900,
    currency="CNY",
    reason="商品质量问题",
)


def private_pem(key: RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def signed(payload: bytes, *, key: RSAPrivateKey = PLATFORM, at: int | None = None) -> dict[str, str]:
    moment, nonce = str(int(time.time()) if at is None else at), "nonce-1"
    text = f"{moment}\n{nonce}\n{payload.decode()}\n".encode()
    return {
        "Wechatpay-Signature": base64.b64encode(key.sign(text, PKCS1v15(), SHA256())).decode(),
        "Wechatpay-Timestamp": moment,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": "PUB_KEY_ID_1",
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
    }


def refund(status: str, **more: Any) -> dict[str, Any]:
    """As pay.weixin.qq.com/doc/v3/merchant/4012791903 shows it."""
    return {
        "refund_id": "50000000382019052709732678859",
        "out_refund_no": "refund*3A0192f0c1-7c9e",
        "transaction_id": ORDER.payment_ref,
        "out_trade_no": "1217752501201407033233368018",
        "channel": "ORIGINAL",
        "user_received_account": "招商银行信用卡0403",
        "create_time": "2026-03-10T12:00:00+08:00",
        "status": status,
        "funds_account": "UNSETTLED",
        "amount": {
            "total": 12_900,
            "refund": 8_800,
            "payer_total": 12_900,
            "payer_refund": 8_800,
            "currency": "CNY",
        },
        **more,
    }


@pytest.fixture
def service() -> Iterator[StandIn]:
    with stand_in() as service:
        service.sign = signed
        yield service


@pytest.fixture
def gateway(service: StandIn) -> WechatPayGateway:
    return a_gateway(service, 30)


def a_gateway(service: StandIn, seconds: float) -> WechatPayGateway:
    return WechatPayGateway(
        WechatPay(
            merchant_id="1900000109",
            app_id="wxd678efh567hg6787",
            private_key=SecretStr(private_pem(MERCHANT)),
            certificate_serial="5157F09EFDC096DE15EBE81A47057A7232F1B8E1",
            api_v3_key=SecretStr(API_KEY),
            public_key=PLATFORM_PEM,
            public_key_id="PUB_KEY_ID_1",
        ),
        notify_url="https://care.example/api/webhooks/wechat-pay",
        address=service.address,
        seconds=seconds,
    )


@pytest.mark.parametrize(
    ("key", "number"),
    [
        ("refund:0192f0c1", "refund*3A0192f0c1"),
        ("a-b_c|d@1", "a-b_c|d@1"),
        ("退款*1", "*E9*80*80*E6*AC*BE*2A1"),
    ],
)
def test_a_key_becomes_a_number_and_back(key: str, number: str) -> None:
    assert refund_number(key) == number
    assert key_of(number) == key


def test_a_key_too_long_for_wechat_is_not_cut() -> None:
    assert len(refund_number("k" * 64)) == 64
    with pytest.raises(ValueError, match="can carry"):
        refund_number("k" * 65)


async def test_a_refund_is_asked_for_under_its_key(gateway: WechatPayGateway, service: StandIn) -> None:
    service.answers(Reply(200, refund("PROCESSING")))
    assert await gateway.refund(ORDER) == GatewayAnswer(GatewayState.pending, "50000000382019052709732678859")
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("POST", "/v3/refund/domestic/refunds")
    assert asked.headers["authorization"].startswith('WECHATPAY2-SHA256-RSA2048 mchid="1900000109"')
    assert json.loads(asked.body) == {
        "notify_url": "https://care.example/api/webhooks/wechat-pay",
        "out_refund_no": "refund*3A0192f0c1-7c9e",
        "amount": {"refund": 8_800, "total": 12_900, "currency": "CNY"},
        "transaction_id": "4200000123202603101234567890",
        "reason": "商品质量问题",
    }


async def test_an_order_number_of_the_merchant_and_a_long_reason(
    gateway: WechatPayGateway, service: StandIn
) -> None:
    service.answers(Reply(200, refund("SUCCESS")))
    await gateway.refund(RefundOrder("k", "SO-1001", 1, 2, "CNY", "长" * 100))
    asked = json.loads(service.asked[0].body)
    assert asked["out_trade_no"] == "SO-1001"
    assert "transaction_id" not in asked
    assert asked["reason"] == "长" * 26


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply(200, refund("SUCCESS")), (GatewayState.paid, None, True)),
        (Reply(200, refund("ABNORMAL")), (GatewayState.failed, "account_closed", True)),
        (Reply(200, refund("CLOSED")), (GatewayState.failed, "cancelled", True)),
        (
            Reply(403, {"code": "NOT_ENOUGH", "message": "基本账户余额不足"}),
            (GatewayState.failed, "insufficient_balance", False),
        ),
        (Reply(403, {"code": "USER_ACCOUNT_ABNORMAL"}), (GatewayState.failed, "account_closed", True)),
        (Reply(404, {"code": "RESOURCE_NOT_EXISTS"}), (GatewayState.failed, "not_found", True)),
        (Reply(400, {"code": "INVALID_REQUEST"}), (GatewayState.failed, "refused", True)),
        (Reply(401, {"code": "SIGN_ERROR"}), (GatewayState.failed, "not_permitted", False)),
    ],
)
async def test_answers(
    gateway: WechatPayGateway,
    service: StandIn,
    reply: Reply,
    answer: tuple[GatewayState, str | None, bool],
) -> None:
    service.answers(reply)
    told = await gateway.refund(ORDER)
    assert (told.state, told.failure, told.final) == answer


@pytest.mark.parametrize(
    "reply",
    [
        Reply(500, {"code": "SYSTEM_ERROR"}),
        Reply(429, {"code": "FREQUENCY_LIMITED"}),
        Reply(400, {"code": "BIZERR_NEED_RETRY"}),
        Reply(200, refund("SOMETHING_NEW")),
        Reply(502, b"<html>Bad gateway</html>"),
        Reply(200, refund("SUCCESS"), headers={"Wechatpay-Signature": "Zm9yZ2Vk"}),
    ],
)
async def test_when_nothing_is_known_it_says_so(
    gateway: WechatPayGateway, service: StandIn, reply: Reply
) -> None:
    if reply.headers:
        service.sign = lambda payload: signed(payload) | reply.headers
    service.answers(reply)
    with pytest.raises(OSError):  # noqa: PT011  # the library's family of errors is the promise
        await gateway.refund(ORDER)


async def test_when_the_answer_takes_too_long_it_says_so(service: StandIn) -> None:
    service.answers(Reply(200, refund("SUCCESS"), after_seconds=2))
    with pytest.raises(OSError):  # noqa: PT011  # the library's family of errors is the promise
        await a_gateway(service, 0.5).refund(ORDER)


async def test_the_same_key_asked_twice_is_the_same_number(
    gateway: WechatPayGateway, service: StandIn
) -> None:
    service.answers(Reply(200, refund("PROCESSING")), Reply(200, refund("SUCCESS")))
    await gateway.refund(ORDER)
    assert (await gateway.refund(ORDER)).state is GatewayState.paid
    assert {json.loads(asked.body)["out_refund_no"] for asked in service.asked} == {"refund*3A0192f0c1-7c9e"}


async def test_find(gateway: WechatPayGateway, service: StandIn) -> None:
    service.answers(
        Reply(200, refund("SUCCESS")),
        Reply(404, {"code": "RESOURCE_NOT_EXISTS"}),
        Reply(500, {"code": "SYSTEM_ERROR"}),
    )
    assert await gateway.find(ORDER.key, ORDER.payment_ref) == GatewayAnswer(
        GatewayState.paid, "50000000382019052709732678859"
    )
    assert service.asked[0].path == "/v3/refund/domestic/refunds/refund*3A0192f0c1-7c9e"
    assert await gateway.find(ORDER.key, ORDER.payment_ref) is None
    with pytest.raises(OSError, match="does not say"):
        await gateway.find(ORDER.key, ORDER.payment_ref)


def notification(event: str, status: str, *, api_key: str = API_KEY) -> bytes:
    about = refund("x", refund_status=status, mchid="1900000109", success_time="2026-03-10T12:01:00+08:00")
    del about["status"]
    sealed = AESGCM(api_key.encode()).encrypt(b"fdasflkja484", json.dumps(about).encode(), b"refund")
    return json.dumps(
        {
            "id": "EV-2018022511223320873",
            "create_time": "2026-03-10T12:01:00+08:00",
            "resource_type": "encrypt-resource",
            "event_type": event,
            "summary": "退款成功",
            "resource": {
                "original_type": "refund",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(sealed).decode(),
                "associated_data": "refund",
                "nonce": "fdasflkja484",
            },
        }
    ).encode()


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("event", "status", "state", "failure"),
    [
        ("REFUND.SUCCESS", "SUCCESS", GatewayState.paid, None),
        ("REFUND.ABNORMAL", "ABNORMAL", GatewayState.failed, "account_closed"),
        ("REFUND.CLOSED", "CLOSED", GatewayState.failed, "cancelled"),
    ],
)
async def test_notifications(
    gateway: WechatPayGateway, event: str, status: str, state: GatewayState, failure: str | None
) -> None:
    payload = notification(event, status)
    assert await gateway.heard(payload, lowered(signed(payload))) == [
        Heard(ORDER.key, GatewayAnswer(state, "50000000382019052709732678859", failure, True))
    ]


async def test_a_notification_of_something_else_is_nothing(gateway: WechatPayGateway) -> None:
    payload = notification("TRANSACTION.SUCCESS", "SUCCESS")
    assert await gateway.heard(payload, lowered(signed(payload))) == []


async def test_a_notification_that_is_not_signed_or_old_or_sealed_otherwise_is_refused(
    gateway: WechatPayGateway,
) -> None:
    payload = notification("REFUND.SUCCESS", "SUCCESS")
    elsewhere = notification("REFUND.SUCCESS", "SUCCESS", api_key="f" * 32)
    for body, headers in (
        (payload, {}),
        (payload, signed(payload, key=MERCHANT)),
        (payload, signed(payload, at=int(time.time()) - 600)),
        (payload.replace(b"EV-", b"EW-"), signed(payload)),
        (elsewhere, signed(elsewhere)),
    ):
        with pytest.raises(PushNotSigned):
            await gateway.heard(body, lowered(headers))


async def test_a_payment_begins_as_a_code_to_scan(gateway: WechatPayGateway, service: StandIn) -> None:
    asked_for = PaymentAsked(
        "019cbc27060072769c1b9c854a4328c3", 10_050, "CNY", "AS2603000001", "https://x.test"
    )
    service.answers(Reply(200, {"code_url": "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9"}))
    assert await gateway.start(asked_for) == PaymentStart("weixin://wxpay/bizpayurl/up?pr=NwY5Mz9")
    (asked,) = service.asked
    body = json.loads(asked.body)
    assert asked.path == "/v3/pay/transactions/native"
    assert (body["out_trade_no"], body["amount"], body["description"], body["notify_url"]) == (
        asked_for.key,
        {"total": 10_050, "currency": "CNY"},
        "AS2603000001",
        "https://care.example/api/webhooks/wechat-pay",
    )
    service.answers(Reply(400, {"code": "PARAM_ERROR"}))
    with pytest.raises(ConnectionError):
        await gateway.start(asked_for)


async def test_a_payment_that_was_made_is_told_with_its_amount(gateway: WechatPayGateway) -> None:
    about = {
        "mchid": "1900000109",
        "out_trade_no": "019cbc27060072769c1b9c854a4328c3",
        "transaction_id": "4200000123202603101234567891",
        "trade_state": "SUCCESS",
        "success_time": "2026-03-10T12:01:00+08:00",
        "amount": {"total": 10_050, "payer_total": 10_050, "currency": "CNY", "payer_currency": "CNY"},
    }
    payload = json.dumps(
        json.loads(notification("TRANSACTION.SUCCESS", "SUCCESS"))
        | {
            "resource": {
                "original_type": "transaction",
                "algorithm": "AEAD_AES_256_GCM",
                "ciphertext": base64.b64encode(
                    AESGCM(API_KEY.encode()).encrypt(
                        b"fdasflkja484", json.dumps(about).encode(), b"transaction"
                    )
                ).decode(),
                "associated_data": "transaction",
                "nonce": "fdasflkja484",
            }
        }
    ).encode()
    heard = await gateway.heard(payload, lowered(signed(payload)))
    answer = PaidAnswer(True, 10_050, "CNY", "4200000123202603101234567891")
    assert heard == [HeardPayment("019cbc27060072769c1b9c854a4328c3", answer)]


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (
            Reply(
                200,
                {
                    "trade_state": "SUCCESS",
                    "transaction_id": "4200000123202603101234567891",
                    "amount": {"total": 10_050, "payer_total": 10_050, "currency": "CNY"},
                },
            ),
            PaidAnswer(True, 10_050, "CNY", "4200000123202603101234567891"),
        ),
        (Reply(200, {"trade_state": "NOTPAY"}), None),
        (Reply(200, {"trade_state": "USERPAYING"}), None),
        (Reply(404, {"code": "ORDER_NOT_EXIST"}), None),
        (Reply(200, {"trade_state": "CLOSED"}), PaidAnswer(False, 0, "CNY")),
    ],
)
async def test_what_became_of_a_payment_is_asked(
    gateway: WechatPayGateway, service: StandIn, reply: Reply, answer: PaidAnswer | None
) -> None:
    service.answers(reply)
    assert await gateway.find_payment("019cbc27060072769c1b9c854a4328c3", None) == answer
    (asked,) = service.asked
    assert asked.path == (
        "/v3/pay/transactions/out-trade-no/019cbc27060072769c1b9c854a4328c3?mchid=1900000109"
    )


async def test_when_wechat_does_not_say_what_became_of_a_payment(
    gateway: WechatPayGateway, service: StandIn
) -> None:
    service.answers(Reply(500, {"code": "SYSTEM_ERROR"}))
    with pytest.raises(ConnectionError, match="does not say"):
        await gateway.find_payment("019cbc27", None)
