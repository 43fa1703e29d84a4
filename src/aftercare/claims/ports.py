"""What claims need of the outside world: somebody who pays money back."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class GatewayState(StrEnum):
    paid = "paid"
    pending = "pending"
    failed = "failed"


@dataclass(frozen=True)
class RefundOrder:
    """`key` names this refund for ever: asked twice under one key, a gateway pays once. Amount in minor units."""

    key: str
    payment_ref: str
    amount_cents: int
    paid_cents: int
    """What the original payment was, which some gateways ask for."""
    currency: str
    reason: str
    failures: int = 0
    """How often this refund has definitely failed before. A gateway that replays its answer to a key for ever (Stripe does)
    is asked under `key` and this number; one that was merely not heard is asked under the same."""


@dataclass(frozen=True)
class GatewayAnswer:
    state: GatewayState
    reference: str | None = None
    failure: str | None = None
    """A code: insufficient_balance, account_closed, refused, not_found …"""
    final: bool = True
    """A failure that asking again cannot mend."""


class RefundGateway(Protocol):
    """One payment provider. May raise TimeoutError or OSError when it cannot be reached: then nothing is known."""

    async def refund(self, order: RefundOrder) -> GatewayAnswer: ...

    async def find(self, key: str, payment_ref: str) -> GatewayAnswer | None:
        """What became of a refund asked earlier; None if the gateway never heard of it."""
        ...


@dataclass(frozen=True)
class PaymentAsked:
    """Money that a customer is to pay. `key` names the payment for ever; `return_url` is where the customer comes back to."""

    key: str
    amount_cents: int
    currency: str
    title: str
    return_url: str


@dataclass(frozen=True)
class PaymentStart:
    """`address` is a page to open (https:…) or, with WeChat Pay, a code to show for scanning (weixin:…)."""

    address: str
    reference: str | None = None


@dataclass(frozen=True)
class PaidAnswer:
    """What a gateway says of a payment: `reference` is its name, by which it can be refunded."""

    paid: bool
    amount_cents: int
    currency: str
    reference: str | None = None


class PaymentGateway(Protocol):
    """One provider that takes payments. Asked twice under one key, it begins one payment. May raise TimeoutError or OSError."""

    async def start(self, asked: PaymentAsked) -> PaymentStart: ...

    async def find_payment(self, key: str, reference: str | None) -> PaidAnswer | None:
        """What became of a payment that was begun; None while it is open, or if the gateway never heard of it."""
        ...


class PaymentGateways(Protocol):
    """The port: those of the gateways that take payments."""

    @property
    def by_provider(self) -> Mapping[str, PaymentGateway]: ...


class RefundGateways(Protocol):
    """The port: gateways by the name that a payment carries as its provider."""

    @property
    def by_provider(self) -> Mapping[str, RefundGateway]: ...
