"""The payment providers that this installation is connected to."""

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from aftercare.claims import PaymentGateway, RefundGateway
from aftercare.connectors.sandbox_gateway import SandboxGateway
from aftercare.journal import House
from aftercare.settings import Settings

if TYPE_CHECKING:
    from aftercare.connectors.stripe_refunds import StripeGateway
    from aftercare.connectors.wechat_pay import WechatPayGateway


class Gateway(RefundGateway, PaymentGateway, Protocol):
    """Takes payments and gives them back."""


class ConfiguredGateways:
    """Implements `claims.RefundGateways` and `claims.PaymentGateways` from the settings; a provider's library is loaded only where it is set up."""

    def __init__(self, settings: Settings, house: House) -> None:
        self._settings, self._house = settings, house

    @cached_property
    def stripe(self) -> "StripeGateway | None":
        if self._settings.stripe.secret_key is None:
            return None
        from aftercare.connectors.stripe_refunds import StripeGateway

        return StripeGateway(self._settings.stripe)

    @cached_property
    def wechat_pay(self) -> "WechatPayGateway | None":
        if self._settings.wechat_pay.merchant_id is None:
            return None
        from aftercare.connectors.wechat_pay import WechatPayGateway

        notify_url = f"{self._settings.base_url.rstrip('/')}/api/webhooks/wechat-pay"
        return WechatPayGateway(self._settings.wechat_pay, notify_url=notify_url)

    @cached_property
    def sandbox(self) -> SandboxGateway | None:
        return SandboxGateway(self._house) if self._settings.sandbox_gateway else None

    @cached_property
    def by_provider(self) -> "Mapping[str, Gateway]":
        known: dict[str, Gateway | None] = {
            "stripe": self.stripe,
            "wechat_pay": self.wechat_pay,
            "sandbox": self.sandbox,
        }
        return {name: gateway for name, gateway in known.items() if gateway is not None}
