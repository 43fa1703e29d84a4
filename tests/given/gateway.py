"""A payment gateway that stands in for one in tests: it does as told and remembers what it paid."""

from collections.abc import Callable

from aftercare.claims import GatewayAnswer, GatewayState, RefundGateways, RefundOrder
from aftercare.journal import House


class ToldGateway:
    """Pays, unless the next answer says otherwise. `lose`: pays, but the answer never arrives."""

    def __init__(self) -> None:
        self.paid: dict[str, int] = {}
        self.asked: list[RefundOrder] = []
        self.next: list[str] = []
        self.on_asked: Callable[[], None] = lambda: None

    async def refund(self, order: RefundOrder) -> GatewayAnswer:
        self.asked.append(order)
        self.on_asked()
        told = self.next.pop(0) if self.next else "pay"
        if told == "fail":
            return GatewayAnswer(GatewayState.failed, failure="insufficient_balance")
        if told == "closed":
            return GatewayAnswer(GatewayState.failed, failure="account_closed")
        if told == "away":
            raise TimeoutError
        if told == "pending":
            return GatewayAnswer(GatewayState.pending, reference=f"ref-{order.key}")
        self.paid.setdefault(order.key, order.amount_cents)
        if told == "lose":
            raise TimeoutError
        return GatewayAnswer(GatewayState.paid, reference=f"ref-{order.key}")

    async def find(self, key: str, payment_ref: str) -> GatewayAnswer | None:
        return GatewayAnswer(GatewayState.paid, reference=f"ref-{key}") if key in self.paid else None


class ToldGateways:
    def __init__(self, gateway: ToldGateway) -> None:
        self.by_provider = {"sandbox": gateway}


def connect(house: House) -> ToldGateway:
    """The house pays through this gateway from now on."""
    gateway = ToldGateway()
    house.ports = {**house.ports, RefundGateways: ToldGateways(gateway)}
    return gateway
