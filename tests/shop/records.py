"""A small store told in records, for the tests of the shop."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from aftercare.identity import NewShop, ShopView, new_shop
from aftercare.journal import SYSTEM, Actor, ActorKind, House, begin
from aftercare.shop import (
    CustomerRecord,
    LineRecord,
    OrderRecord,
    OrderStatus,
    PaymentRecord,
    ProductRecord,
    Taken,
    take_in,
)

PLACED = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)

SHOP = ShopView(
    id=UUID(int=1),
    code="haier",
    name="Haier",
    market="CN",
    locale="zh-CN",
    time_zone="Asia/Shanghai",
    currency="CNY",
    support_email=None,
    return_address={},
    settings={},
    active=True,
)
"""For rules that need no database."""


async def a_shop(house: House, code: str = "haier", **given: Any) -> ShopView:
    async with begin(house, SYSTEM) as work:
        return await new_shop(work, NewShop(code=code, name=f"Shop {code}", **given))


def a_customer(shop: ShopView, key: str = "c1", **given: Any) -> CustomerRecord:
    return CustomerRecord(
        shop.id,
        key,
        **{"name": "李小明", "email": "li@example.test", "phone": "+8613800138000", **given},
    )


def a_product(shop: ShopView, key: str = "p1", **given: Any) -> ProductRecord:
    return ProductRecord(
        shop.id,
        key,
        **{"sku": "AC-35GW", "title": "变频空调挂机", "currency": "CNY", "price_cents": 299_900, **given},
    )


def a_line(key: str = "1", **given: Any) -> LineRecord:
    return LineRecord(
        key,
        **{
            "product": "p1",
            "sku": "AC-35GW",
            "title": "变频空调挂机",
            "quantity": 1,
            "unit_price_cents": 299_900,
            **given,
        },
    )


def an_order(shop: ShopView, key: str = "SO2026/12315", **given: Any) -> OrderRecord:
    """Paid and delivered."""
    told: dict[str, Any] = {
        "source": "test",
        "external_id": key,
        "number": key,
        "customer": "c1",
        "status": OrderStatus.delivered,
        "currency": "CNY",
        "placed_at": PLACED,
        "paid_at": PLACED + timedelta(minutes=5),
        "shipped_at": PLACED + timedelta(days=1),
        "delivered_at": PLACED + timedelta(days=3),
        "lines": (a_line(),),
        "payments": (PaymentRecord("1", "wechat", 299_900, paid_at=PLACED + timedelta(minutes=5)),),
        **given,
    }
    return OrderRecord(shop.id, **told)


async def told(house: House, shop: ShopView, *orders: OrderRecord, **given: Any) -> Taken:
    """Takes in the orders with the customer and the product they name."""
    async with begin(house, SYSTEM) as work:
        return await take_in(
            work,
            customers=given.get("customers", [a_customer(shop)]),
            products=given.get("products", [a_product(shop)]),
            orders=orders,
        )


def clerk(*shops: ShopView, may: frozenset[str] = frozenset({"orders.read"})) -> Actor:
    return Actor(kind=ActorKind.staff, shops=frozenset(shop.id for shop in shops), permissions=may)


def buyer(customer_id: UUID, *shops: ShopView) -> Actor:
    return Actor(
        kind=ActorKind.customer,
        shops=frozenset(shop.id for shop in shops),
        customers=frozenset({customer_id}),
    )
