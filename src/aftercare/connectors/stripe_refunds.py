"""Refunds at Stripe. The refund's key travels in its metadata, so that Stripe's own list answers what became of it also after
the 24 hours for which Stripe remembers an idempotency key.

Sources: docs.stripe.com/api/refunds, /api/idempotent_requests, /refunds#failed-refunds.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import stripe
from stripe import (
    APIConnectionError,
    IdempotencyError,
    SignatureVerificationError,
    StripeClient,
    StripeError,
)
from stripe.params import RefundCreateParams, RefundListParams

from aftercare.claims import GatewayAnswer, GatewayState, PaidAnswer, PaymentAsked, PaymentStart, RefundOrder
from aftercare.connectors.payments import Heard, HeardPayment, PushNotSigned
from aftercare.settings import Stripe

KEY = "aftercare_key"
INTENT = "pi_"
SESSION = "cs_"
SECONDS = 20

# Stripe's failure_reason: our code, and whether asking again is in vain.
FAILURES: Mapping[str, tuple[str, bool]] = {
    "insufficient_funds": ("insufficient_balance", False),
    "expired_or_canceled_card": ("account_closed", True),
    "lost_or_stolen_card": ("account_closed", True),
    "declined": ("refused", True),
    "charge_for_pending_refund_disputed": ("disputed_at_bank", True),
    "merchant_request": ("cancelled", True),
}
REFUSALS: Mapping[str, tuple[str, bool]] = {
    "balance_insufficient": ("insufficient_balance", False),
    "insufficient_funds": ("insufficient_balance", False),
    "charge_already_refunded": ("already_refunded", True),
    "charge_disputed": ("disputed_at_bank", True),
    "resource_missing": ("not_found", True),
}


class StripeGateway:
    """`address` is another server than Stripe's own, for tests against a stand-in."""

    def __init__(self, settings: Stripe, *, address: str | None = None, seconds: float = SECONDS) -> None:
        if settings.secret_key is None:
            raise ValueError("AFTERCARE_STRIPE__SECRET_KEY is not set")
        self._webhook_secret = settings.webhook_secret
        self._http = stripe.HTTPXClient(timeout=seconds)
        self._client = StripeClient(
            settings.secret_key.get_secret_value(),
            http_client=self._http,
            # The reaction repeats, under the same key; a repeat of the library's own would only hide it.
            max_network_retries=0,
            base_addresses={"api": address} if address else {},
        )

    async def refund(self, order: RefundOrder) -> GatewayAnswer:
        try:
            known = await self._known(order.key, order.payment_ref)
            alive = [one for one in known if one["status"] not in ("failed", "canceled")]
            if alive:
                return told(alive[0])
            # Stripe repeats its answer to an idempotency key, a refusal too: after a failure only another key makes
            # another attempt, and the number of failures makes it the same one for whoever asks at the same time.
            attempt = f"{order.key}:{order.failures + 1}"
            asked: RefundCreateParams = {
                "amount": order.amount_cents,
                "reason": "requested_by_customer",
                "metadata": {KEY: order.key, "reason": order.reason[:500]},
            }
            if order.payment_ref.startswith(INTENT):
                asked["payment_intent"] = order.payment_ref
            else:
                asked["charge"] = order.payment_ref
            made = await self._client.v1.refunds.create_async(asked, {"idempotency_key": attempt})
        except StripeError as failure:
            return _refused(failure)
        return told(made.to_dict())

    async def find(self, key: str, payment_ref: str) -> GatewayAnswer | None:
        try:
            known = await self._known(key, payment_ref)
        except StripeError as failure:
            answer = _refused(failure)
            if answer.failure == "not_found":
                return None
            raise ConnectionError(f"Stripe does not say what became of {key}: {answer.failure}") from failure
        alive = [one for one in known if one["status"] not in ("failed", "canceled")]
        return told((alive or known)[0]) if known else None

    async def start(self, asked: PaymentAsked) -> PaymentStart:
        """A page of Stripe Checkout; asked twice under one key, the same one (for 24 hours, longer than a payment holds)."""
        try:
            session = await self._client.v1.checkout.sessions.create_async(
                {
                    "mode": "payment",
                    "client_reference_id": asked.key,
                    "metadata": {KEY: asked.key},
                    "payment_intent_data": {"metadata": {KEY: asked.key}},
                    "line_items": [
                        {
                            "quantity": 1,
                            "price_data": {
                                "currency": asked.currency.lower(),
                                "unit_amount": asked.amount_cents,
                                "product_data": {"name": asked.title},
                            },
                        }
                    ],
                    "success_url": asked.return_url,
                    "cancel_url": asked.return_url,
                },
                {"idempotency_key": asked.key},
            )
        except StripeError as failure:
            answer = _refused(failure)
            raise ConnectionError(f"Stripe begins no payment: {answer.failure}") from failure
        if not session.url:
            raise ConnectionError("Stripe begins no payment: no address")
        return PaymentStart(session.url, session.id)

    async def find_payment(self, key: str, reference: str | None) -> PaidAnswer | None:
        if reference is None or not reference.startswith(SESSION):
            return None
        try:
            session = await self._client.v1.checkout.sessions.retrieve_async(reference)
        except StripeError as failure:
            answer = _refused(failure)
            if answer.failure == "not_found":
                return None
            raise ConnectionError(f"Stripe does not say what became of {key}: {answer.failure}") from failure
        about = session.to_dict()
        over = "checkout.session.expired" if about.get("status") == "expired" else ""
        return next((one.answer for one in _of_payment(over, about) if one.key == key), None)

    async def heard(self, payload: bytes, signature: str) -> list[Heard | HeardPayment]:
        """What a webhook tells; nothing for events and refunds that are not ours. Refuses with PushNotSigned."""
        if self._webhook_secret is None:
            raise PushNotSigned()
        try:
            self._client.construct_event(payload.decode(), signature, self._webhook_secret.get_secret_value())
            event = json.loads(payload)
        except (SignatureVerificationError, ValueError) as wrong:
            raise PushNotSigned() from wrong
        about = event["data"]["object"]
        if event["type"].startswith("checkout.session."):
            return [*_of_payment(event["type"], about)]
        if event["type"] in ("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"):
            refunds: list[dict[str, Any]] = [about]
        elif event["type"] == "charge.refunded":
            # Newer versions of the API leave the refunds out of the charge.
            try:
                listed = await self._client.v1.refunds.list_async({"charge": about["id"], "limit": 100})
                refunds = [one.to_dict() async for one in listed.auto_paging_iter()]
            except StripeError as failure:
                raise ConnectionError(f"Stripe does not list the refunds of a charge: {failure}") from failure
        else:
            refunds = []
        newest = {one["metadata"][KEY]: one for one in reversed(refunds) if _key_of(one)}
        return [Heard(key, told(one)) for key, one in newest.items()]

    async def close(self) -> None:
        await self._http.close_async()  # type: ignore[no-untyped-call]  # the library's own gap

    async def _known(self, key: str, payment_ref: str) -> Sequence[dict[str, Any]]:
        """The refunds of the payment that carry the key, newest first."""
        which: RefundListParams = (
            {"payment_intent": payment_ref, "limit": 100}
            if payment_ref.startswith(INTENT)
            else {"charge": payment_ref, "limit": 100}
        )
        listed = await self._client.v1.refunds.list_async(which)
        everything = [one.to_dict() async for one in listed.auto_paging_iter()]
        return [one for one in everything if _key_of(one) == key]


def _of_payment(kind: str, session: dict[str, Any]) -> list[HeardPayment]:
    """Completed is not yet paid: banks may take days, and then another event says so."""
    key = _key_of(session)
    paid = session.get("payment_status") == "paid"
    over = kind in ("checkout.session.expired", "checkout.session.async_payment_failed")
    if key is None or not (paid or over):
        return []
    answer = PaidAnswer(
        paid,
        session.get("amount_total") or 0,
        (session.get("currency") or "").upper(),
        session.get("payment_intent"),
    )
    return [HeardPayment(key, answer)]


def _key_of(refund: dict[str, Any]) -> str | None:
    return (refund.get("metadata") or {}).get(KEY)


def told(refund: dict[str, Any]) -> GatewayAnswer:
    """Stripe's refund in our words. `requires_action`: the customer has to give an account first, so it is under way."""
    status = refund["status"]
    if status == "succeeded":
        return GatewayAnswer(GatewayState.paid, refund["id"])
    if status in ("failed", "canceled"):
        why = refund.get("failure_reason") or ""
        code, final = FAILURES.get(why, ("cancelled" if status == "canceled" else "refused", True))
        return GatewayAnswer(GatewayState.failed, refund["id"], code, final)
    return GatewayAnswer(GatewayState.pending, refund["id"])


def _refused(failure: StripeError) -> GatewayAnswer:
    """Raises OSError where nothing is known."""
    status = failure.http_status or 0
    if isinstance(failure, APIConnectionError) or status in (409, 429) or status >= 500 or status == 0:
        raise ConnectionError(f"Stripe: {failure}") from failure
    if isinstance(failure, IdempotencyError):
        return GatewayAnswer(GatewayState.failed, None, "key_used_otherwise", True)
    if status in (401, 403):
        return GatewayAnswer(GatewayState.failed, None, "not_permitted", False)
    code, final = REFUSALS.get(failure.code or "", ("refused", True))
    return GatewayAnswer(GatewayState.failed, None, code, final)
