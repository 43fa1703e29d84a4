"""Where payment providers tell by themselves what became of a refund."""

import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Header, Request, Response
from fastapi.responses import RedirectResponse

from aftercare import claims
from aftercare.connectors.gateways import ConfiguredGateways
from aftercare.connectors.payments import Heard, HeardPayment, ProviderAway, PushNotSigned, PushNotUnderstood
from aftercare.connectors.sandbox_gateway import calls_due, read_call, sign_payment
from aftercare.identity import find_shop
from aftercare.journal import SYSTEM, Actor, ActorKind, House, PortMissing, begin
from aftercare.journal.http import InHouse

router = APIRouter(tags=["webhooks"])

MAY = frozenset({"claims.read", "refunds.read", "refunds.execute"})


async def settle(house: House, heard: Sequence[Heard | HeardPayment], shop_code: str | None = None) -> int:
    """Tells claims what a provider said; each refund in a work of its own, within the shop if one is named. What is not
    ours is passed over: a provider repeats for days what we refuse. Returns how many were ours."""
    settled = 0
    actor = SYSTEM
    if shop_code is not None:
        async with begin(house, SYSTEM) as work:
            shop = await find_shop(work, shop_code)
        actor = Actor(
            kind=ActorKind.integration, shops=frozenset({shop.id}), permissions=MAY, role="payments"
        )
    for one in heard:
        async with begin(house, actor) as work:
            if isinstance(one, HeardPayment):
                settled += await claims.settle_payment(work, key=one.key, answer=one.answer)
            else:
                settled += await claims.settle_refund(work, key=one.key, answer=one.answer)
    return settled


async def settle_sandbox_calls(house: House, limit: int = 100) -> int:
    """Makes the sandbox's call backs that are due; for the worker's tick and the demo."""
    async with begin(house, SYSTEM) as work:
        heard = await calls_due(work, limit)
    return await settle(house, heard)


@contextmanager
def _understood() -> Iterator[None]:
    """Refuses with PushNotUnderstood what is signed and yet not in its form, and with ProviderAway where the provider would have
    to be asked more."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as broken:
        raise PushNotUnderstood(reason=type(broken).__name__) from broken
    except OSError as failure:
        raise ProviderAway(error=type(failure).__name__) from failure


def _connected(house: House) -> ConfiguredGateways:
    gateways = house.ports.get(claims.RefundGateways)
    if not isinstance(gateways, ConfiguredGateways):
        raise PortMissing(port="RefundGateways")
    return gateways


@router.post("/webhooks/stripe/{shop_code}", status_code=204)
async def stripe_told(
    request: Request,
    house: InHouse,
    shop_code: str,
    stripe_signature: Annotated[str, Header(max_length=2_000)] = "",
) -> Response:
    """Signed events of Stripe: charge.refunded, refund.created, refund.updated, refund.failed, and of payments
    checkout.session.completed, .async_payment_succeeded, .async_payment_failed, .expired."""
    gateway = _connected(house).stripe
    if gateway is None:
        raise PortMissing(port="Stripe")
    with _understood():
        heard = await gateway.heard(await request.body(), stripe_signature)
    await settle(house, heard, shop_code)
    return Response(status_code=204)


@router.post("/webhooks/wechat-pay", status_code=204)
async def wechat_pay_told(request: Request, house: InHouse) -> Response:
    """Signed and encrypted notifications of WeChat Pay about refunds, for every shop of the merchant number."""
    return await _wechat_pay_told(request, house)


@router.post("/webhooks/wechat-pay/{shop_code}", status_code=204)
async def wechat_pay_told_shop(request: Request, house: InHouse, shop_code: str) -> Response:
    """The same, for one shop."""
    return await _wechat_pay_told(request, house, shop_code)


async def _wechat_pay_told(request: Request, house: House, shop_code: str | None = None) -> Response:
    gateway = _connected(house).wechat_pay
    if gateway is None:
        raise PortMissing(port="WeChat Pay")
    with _understood():
        heard = await gateway.heard(await request.body(), request.headers)
    await settle(house, heard, shop_code)
    return Response(status_code=204)


@router.get("/sandbox/pay/{key}", response_class=RedirectResponse)
async def pay_in_sandbox(
    house: InHouse, key: str, amount: int, currency: str, back: str, sign: str
) -> Response:
    """The sandbox's page of payment: who opens it has paid, and comes back."""
    if _connected(house).sandbox is None:
        raise PortMissing(port="sandbox")
    asked = claims.PaymentAsked(key=key, amount_cents=amount, currency=currency, title="", return_url=back)
    if not hmac.compare_digest(sign_payment(house.secret, asked).encode(), sign.encode()):
        raise PushNotSigned()
    await settle(house, [HeardPayment(key, claims.PaidAnswer(True, amount, currency, f"sandbox-pay-{key}"))])
    return RedirectResponse(back, 303)


@router.post("/webhooks/sandbox/{shop_code}", status_code=204)
async def sandbox_told(
    request: Request,
    house: InHouse,
    shop_code: str,
    sandbox_signature: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """A call back of the sandbox, signed with the house's own key."""
    if _connected(house).sandbox is None:
        raise PortMissing(port="sandbox")
    with _understood():
        heard = read_call(house.secret, await request.body(), sandbox_signature)
    await settle(house, [heard], shop_code)
    return Response(status_code=204)
