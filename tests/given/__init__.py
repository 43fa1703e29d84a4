"""The world that tests begin in, built in sentences through the same verbs as in life."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from aftercare import claims, identity, shop
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Reason
from aftercare.claims.model import Claim
from aftercare.identity import NewShop, ShopView
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.ids import new_id
from aftercare.shop import CustomerRecord, LineRecord, OrderRecord, OrderStatus, PaymentRecord, ProductRecord

_numbers = count(1)

ADDRESS = {
    "name": "售后部",
    "phone": "021-5555 0101",
    "line": "上海市嘉定区安亭镇曹安公路 4988 号 3 号库",
    "zip": "201805",
}

AGENT = frozenset(
    [
        "claims.read",
        "claims.decide",
        "cases.read",
        "cases.write",
        "conversations.write",
        "orders.read",
        "logistics.write",
        "refunds.read",
    ]
)
WAREHOUSE = frozenset(
    ["claims.read", "claims.inspect", "cases.read", "orders.read", "logistics.write", "supply.write"]
)
FINANCE = frozenset(
    ["claims.read", "claims.money", "cases.read", "refunds.read", "refunds.execute", "orders.read"]
)
ARBITER = frozenset(["claims.read", "claims.arbitrate", "cases.read", "orders.read"])


@dataclass(frozen=True)
class Bought:
    """An order as a test knows it."""

    order_id: UUID
    number: str
    customer_id: UUID
    line_ids: tuple[UUID, ...]
    product_ids: tuple[UUID | None, ...]
    shop: ShopView

    @property
    def buyer(self) -> Actor:
        return Actor(
            kind=ActorKind.customer,
            id=self.customer_id,
            shops=frozenset({self.shop.id}),
            customers=frozenset({self.customer_id}),
        )


@dataclass(frozen=True)
class Line:
    title: str = "破壁料理机 L18"
    price_cents: int = 29_900
    quantity: int = 1
    discount_cents: int = 0
    freight_cents: int = 0
    category: str = "appliances"
    attributes: dict[str, Any] = field(default_factory=dict)


def staff(of: ShopView, permissions: frozenset[str]) -> Actor:
    return Actor(
        kind=ActorKind.staff, id=new_id(), shops=frozenset({of.id}), permissions=permissions, role="test"
    )


async def a_shop(
    house: House, *, market: str = "CN", currency: str = "CNY", address: bool = True
) -> ShopView:
    number = next(_numbers)
    zone = {"CN": "Asia/Shanghai", "BR": "America/Sao_Paulo", "DE": "Europe/Berlin"}[market]
    async with begin(house) as work:
        return await identity.new_shop(
            work,
            NewShop(
                code=f"shop-{number}",
                name=f"店铺 {number}",
                market=market,
                currency=currency,
                time_zone=zone,
                return_address=ADDRESS if address else {},
            ),
        )


async def an_order(
    house: House,
    of: ShopView,
    *lines: Line,
    delivered: timedelta | None = timedelta(days=2),
    shipped: timedelta | None = timedelta(days=4),
    paid: timedelta = timedelta(days=5),
    customer: str | None = None,
    provider: str = "sandbox",
    payments: Sequence[int] | None = None,
    now: datetime | None = None,
) -> Bought:
    """Paid, shipped and delivered so long ago; None: not yet."""
    number = next(_numbers)
    today = now or house.clock()
    given = lines or (Line(),)
    who = customer or f"customer-{number}"
    total = sum(line.price_cents * line.quantity - line.discount_cents + line.freight_cents for line in given)
    amounts = list(payments) if payments is not None else [total]
    paid_at = today - paid
    async with begin(house) as work:
        taken = await shop.take_in(
            work,
            customers=[
                CustomerRecord(of.id, who, "王小明", email=f"{who}@example.test", phone="13800000000")
            ],
            products=[
                ProductRecord(
                    of.id,
                    f"product-{number}-{index}",
                    f"SKU-{number}-{index}",
                    line.title,
                    of.currency,
                    line.category,
                    line.price_cents,
                    attributes=line.attributes,
                )
                for index, line in enumerate(given)
            ],
            orders=[
                OrderRecord(
                    shop_id=of.id,
                    source="test",
                    external_id=f"order-{number}",
                    number=f"SO2026{number:06d}",
                    customer=who,
                    status=OrderStatus.delivered
                    if delivered is not None
                    else OrderStatus.shipped
                    if shipped is not None
                    else OrderStatus.paid,
                    currency=of.currency,
                    placed_at=paid_at,
                    paid_at=paid_at,
                    shipped_at=today - shipped if shipped is not None else None,
                    delivered_at=today - delivered if delivered is not None else None,
                    lines=tuple(
                        LineRecord(
                            external_id=f"line-{index}",
                            product=f"product-{number}-{index}",
                            sku=f"SKU-{number}-{index}",
                            title=line.title,
                            quantity=line.quantity,
                            unit_price_cents=line.price_cents,
                            discount_cents=line.discount_cents,
                            freight_cents=line.freight_cents,
                            category=line.category,
                        )
                        for index, line in enumerate(given)
                    ),
                    payments=tuple(
                        PaymentRecord(
                            external_id=f"payment-{index}",
                            method="card",
                            amount_cents=cents,
                            provider=provider,
                            provider_ref=f"pay-{number}-{index}",
                            paid_at=paid_at,
                        )
                        for index, cents in enumerate(amounts)
                    ),
                )
            ],
        )
        order_id = next(iter(taken.ids.values()))
        found = sorted(await shop.lines_of_orders(work, [order_id]), key=lambda line: line.position)
    return Bought(
        order_id=order_id,
        number=f"SO2026{number:06d}",
        customer_id=found[0].customer_id,
        line_ids=tuple(line.id for line in found),
        product_ids=tuple(line.product_id for line in found),
        shop=of,
    )


async def a_claim(
    house: House,
    bought: Bought,
    kind: ClaimKind = ClaimKind.return_refund,
    reason: Reason = Reason.no_reason,
    *,
    instead: UUID | None = None,
    **more: Any,
) -> Claim:
    """The buyer applies for one unit of the first line, and may want another product `instead`."""
    lines = [AskedLine(order_line_id=bought.line_ids[0], quantity=1, new_product_id=instead)]
    async with begin(house, bought.buyer) as work:
        return await claims.apply(work, NewClaim(kind=kind, reason=reason, lines=lines, **more))
