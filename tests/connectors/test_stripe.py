"""Stripe against a stand-in that answers with Stripe's own payloads."""

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

import pytest
import pytest_asyncio
from pydantic import SecretStr

from aftercare.claims import GatewayAnswer, GatewayState, PaidAnswer, PaymentAsked, RefundOrder
from aftercare.connectors.payments import Heard, HeardPayment, PushNotSigned
from aftercare.connectors.stripe_refunds import StripeGateway
from aftercare.settings import Stripe
from tests.connectors.standin import Reply, StandIn, stand_in

# The SDK hands its form to httpx in a way that httpx no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

ORDER = RefundOrder(
    key="refund:0192f0c1",
    payment_ref="pi_3MtwBwLkdIwHu7ix28a3tqPa",
    amount_cents=1299,
    paid_cents=4999,
    currency="USD",
    reason="defective",
)
WEBHOOK_SECRET = "whsec_for_tests"


def refund(
    status: str = "succeeded", number: str = "re_1Nispe2eZvKYlo2Cd31jOCgZ", **more: Any
) -> dict[str, Any]:
    """As docs.stripe.com/api/refunds/object shows it."""
    return {
        "id": number,
        "object": "refund",
        "amount": 1299,
        "balance_transaction": "txn_1Nispe2eZvKYlo2CYezqFhEx",
        "charge": "ch_1NirD82eZvKYlo2CIvbtLWuY",
        "created": 1692942318,
        "currency": "usd",
        "destination_details": {"card": {"type": "refund"}, "type": "card"},
        "metadata": {"aftercare_key": ORDER.key},
        "payment_intent": ORDER.payment_ref,
        "reason": "requested_by_customer",
        "status": status,
        **more,
    }


def listed(*refunds: dict[str, Any]) -> Reply:
    return Reply(200, {"object": "list", "url": "/v1/refunds", "has_more": False, "data": list(refunds)})


def error(status: int, code: str | None, kind: str = "invalid_request_error") -> Reply:
    return Reply(status, {"error": {"code": code, "message": "No.", "type": kind}})


@pytest_asyncio.fixture(loop_scope="session")
async def service() -> AsyncIterator[StandIn]:
    with stand_in() as service:
        yield service


def a_gateway(service: StandIn, seconds: float) -> StripeGateway:
    return StripeGateway(
        Stripe(secret_key=SecretStr("sk_test_1"), webhook_secret=SecretStr(WEBHOOK_SECRET)),
        address=service.address,
        seconds=seconds,
    )


@pytest_asyncio.fixture(loop_scope="session")
async def gateway(service: StandIn) -> AsyncIterator[StripeGateway]:
    gateway = a_gateway(service, 30)
    yield gateway
    await gateway.close()


async def test_a_refund_is_asked_for_under_its_key(gateway: StripeGateway, service: StandIn) -> None:
    service.answers(listed(), Reply(200, refund()))
    assert await gateway.refund(ORDER) == GatewayAnswer(GatewayState.paid, "re_1Nispe2eZvKYlo2Cd31jOCgZ")
    look, ask = service.asked
    assert (look.method, look.path) == (
        "GET",
        "/v1/refunds?payment_intent=pi_3MtwBwLkdIwHu7ix28a3tqPa&limit=100",
    )
    assert (ask.method, ask.path) == ("POST", "/v1/refunds")
    assert ask.headers["idempotency-key"] == "refund:0192f0c1:1"
    assert ask.headers["authorization"] == "Bearer sk_test_1"
    assert parse_qs(ask.body) == {
        "payment_intent": ["pi_3MtwBwLkdIwHu7ix28a3tqPa"],
        "amount": ["1299"],
        "reason": ["requested_by_customer"],
        "metadata[aftercare_key]": ["refund:0192f0c1"],
        "metadata[reason]": ["defective"],
    }


async def test_what_stripe_already_paid_is_not_asked_for_again(
    gateway: StripeGateway, service: StandIn
) -> None:
    service.answers(listed(refund(metadata={}, id="re_other"), refund()))
    assert (await gateway.refund(ORDER)).state is GatewayState.paid
    assert [asked.method for asked in service.asked] == ["GET"]


async def test_a_refund_that_failed_is_tried_under_the_next_number(
    gateway: StripeGateway, service: StandIn
) -> None:
    service.answers(
        listed(refund("failed", failure_reason="insufficient_funds")), Reply(200, refund("pending", "re_2"))
    )
    assert await gateway.refund(replace(ORDER, failures=1)) == GatewayAnswer(GatewayState.pending, "re_2")
    assert service.asked[1].headers["idempotency-key"] == "refund:0192f0c1:2"


async def test_a_charge_is_refunded_by_its_charge(gateway: StripeGateway, service: StandIn) -> None:
    service.answers(listed(), Reply(200, refund()))
    await gateway.refund(RefundOrder("k", "ch_1NirD82eZvKYlo2CIvbtLWuY", 1, 2, "USD", ""))
    assert service.asked[0].path == "/v1/refunds?charge=ch_1NirD82eZvKYlo2CIvbtLWuY&limit=100"
    assert parse_qs(service.asked[1].body)["charge"] == ["ch_1NirD82eZvKYlo2CIvbtLWuY"]


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (refund("pending"), (GatewayState.pending, None, True)),
        (refund("requires_action"), (GatewayState.pending, None, True)),
        (
            refund("failed", failure_reason="insufficient_funds"),
            (GatewayState.failed, "insufficient_balance", False),
        ),
        (
            refund("failed", failure_reason="lost_or_stolen_card"),
            (GatewayState.failed, "account_closed", True),
        ),
        (refund("failed", failure_reason="something_new"), (GatewayState.failed, "refused", True)),
        (refund("canceled"), (GatewayState.failed, "cancelled", True)),
    ],
)
async def test_states(
    gateway: StripeGateway,
    service: StandIn,
    given: dict[str, Any],
    answer: tuple[GatewayState, str | None, bool],
) -> None:
    service.answers(listed(), Reply(200, given))
    told = await gateway.refund(ORDER)
    assert (told.state, told.failure, told.final) == answer


@pytest.mark.parametrize(
    ("reply", "failure", "final"),
    [
        (error(400, "charge_already_refunded"), "already_refunded", True),
        (error(400, "balance_insufficient"), "insufficient_balance", False),
        (error(404, "resource_missing"), "not_found", True),
        (error(400, "amount_too_large"), "refused", True),
        (error(400, None, "idempotency_error"), "key_used_otherwise", True),
        (error(401, None), "not_permitted", False),
    ],
)
async def test_refusals(
    gateway: StripeGateway, service: StandIn, reply: Reply, failure: str, final: bool
) -> None:
    service.answers(listed(), reply)
    assert await gateway.refund(ORDER) == GatewayAnswer(GatewayState.failed, None, failure, final)


@pytest.mark.parametrize(
    "reply",
    [
        error(500, None, "api_error"),
        error(429, "rate_limit"),
        error(409, "lock_timeout"),
        Reply(502, b"<html>Bad gateway</html>"),
    ],
)
async def test_when_nothing_is_known_it_says_so(
    gateway: StripeGateway, service: StandIn, reply: Reply
) -> None:
    service.answers(listed(), reply)
    with pytest.raises(OSError, match="Stripe"):
        await gateway.refund(ORDER)


async def test_when_the_answer_takes_too_long_it_says_so(service: StandIn) -> None:
    hasty = a_gateway(service, 0.5)
    service.answers(Reply(200, refund(), after_seconds=2))
    with pytest.raises(OSError, match="Stripe"):
        await hasty.refund(ORDER)
    await hasty.close()


async def test_find(gateway: StripeGateway, service: StandIn) -> None:
    service.answers(
        listed(refund("failed", "re_2", failure_reason="declined"), refund()),
        listed(refund("failed", "re_2", failure_reason="declined")),
        listed(),
        error(404, "resource_missing"),
        error(500, None, "api_error"),
    )
    assert await gateway.find(ORDER.key, ORDER.payment_ref) == GatewayAnswer(
        GatewayState.paid, "re_1Nispe2eZvKYlo2Cd31jOCgZ"
    )
    assert await gateway.find(ORDER.key, ORDER.payment_ref) == GatewayAnswer(
        GatewayState.failed, "re_2", "refused", True
    )
    assert await gateway.find(ORDER.key, ORDER.payment_ref) is None
    assert await gateway.find(ORDER.key, ORDER.payment_ref) is None
    with pytest.raises(OSError, match="Stripe"):
        await gateway.find(ORDER.key, ORDER.payment_ref)


def signed(
    event: str, about: dict[str, Any], *, secret: str = WEBHOOK_SECRET, at: int | None = None
) -> tuple[bytes, str]:
    payload = json.dumps({"id": "evt_1", "object": "event", "type": event, "data": {"object": about}})
    moment = int(time.time()) if at is None else at
    digest = hmac.new(secret.encode(), f"{moment}.{payload}".encode(), hashlib.sha256).hexdigest()
    return payload.encode(), f"t={moment},v1={digest}"


async def test_webhooks(gateway: StripeGateway, service: StandIn) -> None:
    paid = Heard(ORDER.key, GatewayAnswer(GatewayState.paid, "re_1Nispe2eZvKYlo2Cd31jOCgZ"))
    assert await gateway.heard(*signed("refund.updated", refund())) == [paid]
    assert await gateway.heard(*signed("refund.failed", refund("failed", failure_reason="declined"))) == [
        Heard(
            ORDER.key,
            GatewayAnswer(GatewayState.failed, "re_1Nispe2eZvKYlo2Cd31jOCgZ", "refused", True),
        )
    ]
    service.answers(listed(refund(), refund(metadata={}, id="re_other")))
    assert await gateway.heard(*signed("charge.refunded", {"id": "ch_1", "object": "charge"})) == [paid]
    assert service.asked[0].path == "/v1/refunds?charge=ch_1&limit=100"
    assert await gateway.heard(*signed("refund.updated", refund(metadata={}))) == []
    assert await gateway.heard(*signed("customer.created", {"id": "cus_1", "object": "customer"})) == []


async def test_a_webhook_that_is_not_signed_is_refused(gateway: StripeGateway) -> None:
    payload, signature = signed("refund.updated", refund())
    for wrong in (
        (payload, ""),
        (payload.replace(b"1299", b"9999"), signature),
        signed("refund.updated", refund(), secret="another"),
        signed("refund.updated", refund(), at=int(time.time()) - 3_600),
    ):
        with pytest.raises(PushNotSigned):
            await gateway.heard(*wrong)


def checkout(**more: Any) -> dict[str, Any]:
    """As docs.stripe.com/api/checkout/sessions/object shows it."""
    return {
        "id": "cs_test_a11YYufWQzNY63zpQ6QSNRQhkUpVph4WRmzW0zWJO2znZKdVujZ0N0S22u",
        "object": "checkout.session",
        "amount_subtotal": 10050,
        "amount_total": 10050,
        "client_reference_id": "019cbc2706007276",
        "currency": "eur",
        "metadata": {"aftercare_key": "019cbc2706007276"},
        "mode": "payment",
        "payment_intent": "pi_3MtwBwLkdIwHu7ix28a3tqPb",
        "payment_status": "unpaid",
        "status": "open",
        "url": "https://checkout.stripe.com/c/pay/cs_test_a11YYufWQ",
        **more,
    }


ASKED = PaymentAsked("019cbc2706007276", 10_050, "EUR", "AS2603000001", "https://shop.test/my")


async def test_a_payment_begins_on_a_page_of_stripes_under_its_key(
    gateway: StripeGateway, service: StandIn
) -> None:
    service.answers(Reply(200, checkout()))
    start = await gateway.start(ASKED)
    assert start.address == "https://checkout.stripe.com/c/pay/cs_test_a11YYufWQ"
    (ask,) = service.asked
    form = {name: values[0] for name, values in parse_qs(ask.body).items()}
    assert (ask.path, ask.headers["idempotency-key"]) == ("/v1/checkout/sessions", ASKED.key)
    assert (
        form["line_items[0][price_data][unit_amount]"],
        form["line_items[0][price_data][currency]"],
        form["metadata[aftercare_key]"],
        form["success_url"],
    ) == ("10050", "eur", ASKED.key, "https://shop.test/my")


async def test_a_payment_that_cannot_begin_is_no_answer(gateway: StripeGateway, service: StandIn) -> None:
    service.answers(error(400, "parameter_invalid_integer"))
    with pytest.raises(ConnectionError):
        await gateway.start(ASKED)


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("checkout.session.completed", {"payment_status": "paid", "status": "complete"}, True),
        ("checkout.session.completed", {"payment_status": "unpaid", "status": "complete"}, None),
        ("checkout.session.async_payment_succeeded", {"payment_status": "paid"}, True),
        ("checkout.session.async_payment_failed", {}, False),
        ("checkout.session.expired", {"status": "expired"}, False),
        ("checkout.session.completed", {"payment_status": "paid", "metadata": {}}, None),
    ],
)
async def test_what_stripe_tells_of_a_payment(
    gateway: StripeGateway, kind: str, more: dict[str, Any], expected: bool | None
) -> None:
    payload, sign = signed(kind, checkout(**more))
    heard = await gateway.heard(payload, sign)
    answer = PaidAnswer(bool(expected), 10_050, "EUR", "pi_3MtwBwLkdIwHu7ix28a3tqPb")
    assert heard == ([] if expected is None else [HeardPayment(ASKED.key, answer)])


@pytest.mark.parametrize(
    ("reply", "paid"),
    [
        (Reply(200, checkout(payment_status="paid", status="complete")), True),
        (Reply(200, checkout()), None),
        (Reply(200, checkout(status="expired")), False),
        (Reply(200, checkout(payment_status="paid", metadata={})), None),
        (error(404, "resource_missing"), None),
    ],
)
async def test_what_became_of_a_payment_is_asked(
    gateway: StripeGateway, service: StandIn, reply: Reply, paid: bool | None
) -> None:
    service.answers(reply)
    answer = await gateway.find_payment(ASKED.key, "cs_test_a11YYufWQ")
    assert answer == (
        None if paid is None else PaidAnswer(paid, 10_050, "EUR", "pi_3MtwBwLkdIwHu7ix28a3tqPb")
    )
    (asked,) = service.asked
    assert (asked.method, asked.path) == ("GET", "/v1/checkout/sessions/cs_test_a11YYufWQ")


async def test_when_stripe_does_not_say_what_became_of_a_payment(
    gateway: StripeGateway, service: StandIn
) -> None:
    assert await gateway.find_payment(ASKED.key, None) is None
    service.answers(error(500, "api_error"))
    with pytest.raises(ConnectionError):
        await gateway.find_payment(ASKED.key, "cs_test_a11YYufWQ")
