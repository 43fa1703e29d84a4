"""Refunds at WeChat Pay (API v3). The library is synchronous, so each call runs in a thread.

Sources: pay.weixin.qq.com/doc/v3/merchant/4012791903 (申请退款), 4012791905 (退款结果通知), 4012791904 (查询单笔退款),
4012791859 (商户订单号查询订单).
"""

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType

from aftercare.claims import GatewayAnswer, GatewayState, PaidAnswer, PaymentAsked, PaymentStart, RefundOrder
from aftercare.connectors.payments import Heard, HeardPayment, PushNotSigned
from aftercare.settings import WechatPay

SECONDS = 20
LONGEST_KEY = 64
MOST_DRIFT = 300
"""Seconds by which a notification's own time may differ: an older one is a repeat by somebody else."""

REFUSALS: Mapping[str, tuple[str, bool]] = {
    "NOT_ENOUGH": ("insufficient_balance", False),
    "USER_ACCOUNT_ABNORMAL": ("account_closed", True),
    "RESOURCE_NOT_EXISTS": ("not_found", True),
    "MCH_NOT_EXISTS": ("not_permitted", False),
    "NO_AUTH": ("not_permitted", False),
    "SIGN_ERROR": ("not_permitted", False),
    "INVALID_REQUEST": ("refused", True),
    "PARAM_ERROR": ("refused", True),
}
PASSING = frozenset({"SYSTEM_ERROR", "FREQUENCY_LIMITED", "BIZERR_NEED_RETRY"})


def refund_number(key: str) -> str:
    """The key as WeChat Pay's out_refund_no: letters, digits and `_-|@`, anything else as `*` and two hex digits, so that
    `key_of` finds the way back. Raises ValueError when it would be longer than 64."""
    number = re.sub(
        r"[^A-Za-z0-9_|@-]", lambda found: "".join(f"*{byte:02X}" for byte in found[0].encode()), key
    )
    if not key or len(number) > LONGEST_KEY:
        raise ValueError(f"no refund number of WeChat Pay can carry {key!r}")
    return number


def key_of(number: str) -> str:
    return re.sub(
        r"(?:\*[0-9A-F]{2})+",
        lambda found: bytes.fromhex(found[0].replace("*", "")).decode(errors="replace"),
        number,
    )


class WechatPayGateway:
    """`address` is another server than WeChat's own, for tests against a stand-in."""

    def __init__(
        self,
        settings: WechatPay,
        *,
        notify_url: str | None = None,
        address: str | None = None,
        seconds: float = SECONDS,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._settings, self._notify_url, self._address, self._seconds = (
            settings,
            notify_url,
            address,
            seconds,
        )
        self._wall_clock = wall_clock

    @cached_property
    def _pay(self) -> Any:
        """Without a public key of WeChat Pay in the settings, making it asks for the platform's certificates."""
        given = self._settings
        if given.merchant_id is None or given.private_key is None or given.api_v3_key is None:
            raise ValueError("AFTERCARE_WECHAT_PAY__MERCHANT_ID, __PRIVATE_KEY and __API_V3_KEY must be set")
        return WeChatPay(
            WeChatPayType.MINIPROG,
            mchid=given.merchant_id,
            private_key=given.private_key.get_secret_value(),
            cert_serial_no=given.certificate_serial,
            appid=given.app_id,
            apiv3_key=given.api_v3_key.get_secret_value(),
            notify_url=self._notify_url,
            timeout=self._seconds,
            public_key=given.public_key,
            public_key_id=given.public_key_id,
        )

    def _call(self, name: str, **values: Any) -> tuple[int, dict[str, Any]]:
        """Raises OSError (the library's own family) when it cannot be reached."""
        pay = self._pay
        if self._address:
            pay._core._gate_way = self._address
        try:
            status, body = getattr(pay, name)(**values)
        except OSError:
            raise
        except Exception as unverified:
            # The library raises a bare Exception for an answer whose signature is wrong: who knows who spoke.
            raise ConnectionError(f"WeChat Pay: {unverified}") from unverified
        try:
            answer = json.loads(body or "{}")
        except ValueError:
            answer = {}
        return status, answer if isinstance(answer, dict) else {}

    async def refund(self, order: RefundOrder) -> GatewayAnswer:
        number = refund_number(order.key)
        # Numbers of WeChat's own have 28 digits; anything else is the merchant's order number.
        whose = "transaction_id" if re.fullmatch(r"\d{28}", order.payment_ref) else "out_trade_no"
        status, answer = await asyncio.to_thread(
            self._call,
            "refund",
            out_refund_no=number,
            amount={"refund": order.amount_cents, "total": order.paid_cents, "currency": order.currency},
            reason=_within_bytes(order.reason, 80) or None,
            **{whose: order.payment_ref},
        )
        return _answer(status, answer, "status")

    async def find(self, key: str, payment_ref: str) -> GatewayAnswer | None:
        status, answer = await asyncio.to_thread(self._call, "query_refund", out_refund_no=refund_number(key))
        if status == 404 and answer.get("code") == "RESOURCE_NOT_EXISTS":
            return None
        if status not in range(200, 300):
            raise ConnectionError(
                f"WeChat Pay does not say what became of {key}: {answer.get('code', status)}"
            )
        return _answer(status, answer, "status")

    async def start(self, asked: PaymentAsked) -> PaymentStart:
        """Native payment: the address is a code to be scanned, or opened inside WeChat."""
        status, answer = await asyncio.to_thread(
            self._call,
            "pay",
            description=asked.title,
            out_trade_no=asked.key,
            amount={"total": asked.amount_cents, "currency": asked.currency},
            pay_type=WeChatPayType.NATIVE,
        )
        address = answer.get("code_url")
        if status not in range(200, 300) or not isinstance(address, str):
            raise ConnectionError(f"WeChat Pay begins no payment: {answer.get('code', status)}")
        return PaymentStart(address)

    async def find_payment(self, key: str, reference: str | None) -> PaidAnswer | None:
        status, answer = await asyncio.to_thread(self._call, "query", out_trade_no=key)
        if status == 404 and answer.get("code") in ("ORDER_NOT_EXIST", "ORDERNOTEXIST"):
            return None
        if status not in range(200, 300):
            raise ConnectionError(
                f"WeChat Pay does not say what became of {key}: {answer.get('code', status)}"
            )
        return _paid(answer)

    async def heard(self, payload: bytes, headers: Mapping[str, str]) -> list[Heard | HeardPayment]:
        """What a notification tells. Refuses with PushNotSigned, also when it is older than five minutes."""
        sent = headers.get("wechatpay-timestamp", "")
        if not sent.isdigit() or abs(self._wall_clock() - int(sent)) > MOST_DRIFT:
            raise PushNotSigned()
        try:
            told = await asyncio.to_thread(self._opened, payload, headers)
        except OSError:
            raise
        except Exception as wrong:
            raise PushNotSigned() from wrong
        if not told:
            raise PushNotSigned()
        about = told["resource"]
        if told.get("event_type") == "TRANSACTION.SUCCESS" and (paid := _paid(about)) and paid.paid:
            return [HeardPayment(about["out_trade_no"], paid)]
        if not str(told.get("event_type", "")).startswith("REFUND.") or "out_refund_no" not in about:
            return []
        return [Heard(key_of(about["out_refund_no"]), _answer(200, about, "refund_status"))]

    def _opened(self, payload: bytes, headers: Mapping[str, str]) -> dict[str, Any] | None:
        told: dict[str, Any] | None = self._pay.callback(headers=dict(headers), body=payload)
        return told


def _paid(about: dict[str, Any]) -> PaidAnswer | None:
    """What WeChat Pay says of a payment; None while it is open."""
    became = about.get("trade_state")
    if became == "SUCCESS":
        amount = about["amount"]
        return PaidAnswer(True, amount["total"], amount["currency"], about.get("transaction_id"))
    # REFUND: somebody gave it back at WeChat's own desk.
    over = became in ("CLOSED", "REVOKED", "PAYERROR", "REFUND")
    return PaidAnswer(False, 0, "CNY", about.get("transaction_id")) if over else None


def _within_bytes(words: str, most: int) -> str:
    return words.encode()[:most].decode(errors="ignore")


def _answer(status: int, answer: dict[str, Any], field: str) -> GatewayAnswer:
    """Raises OSError where nothing is known."""
    if status in range(200, 300):
        reference, became = answer.get("refund_id"), answer.get(field)
        if became == "SUCCESS":
            return GatewayAnswer(GatewayState.paid, reference)
        if became == "PROCESSING":
            return GatewayAnswer(GatewayState.pending, reference)
        if became in ("CLOSED", "ABNORMAL"):
            # The bank would not take it, or the refund was closed: the same number never pays any more.
            code = "account_closed" if became == "ABNORMAL" else "cancelled"
            return GatewayAnswer(GatewayState.failed, reference, code, True)
        raise ConnectionError(f"WeChat Pay answered a state that we do not know: {became}")
    code = str(answer.get("code", ""))
    if status >= 500 or status == 429 or code in PASSING:
        raise ConnectionError(f"WeChat Pay: {status} {code}")
    failure, final = REFUSALS.get(code, ("refused", True))
    return GatewayAnswer(GatewayState.failed, None, failure, final)
