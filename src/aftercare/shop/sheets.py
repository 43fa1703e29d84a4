"""Orders as a sheet."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, column, func, select, table, text

from aftercare.journal import Work
from aftercare.kit import text as words
from aftercare.kit.sheets import Cell, Sheet, moment, money
from aftercare.shop.model import Customer, OrderLine, OrderStatus, SalesOrder

COLUMNS = {
    "zh-CN": "订单号 店铺 状态 客户 商品 件数 实付 优惠 运费 币种 下单时间 付款时间 发货时间 送达时间",
    "zh-TW": "訂單編號 商店 狀態 客戶 商品 件數 實付 折扣 運費 幣別 下單時間 付款時間 出貨時間 送達時間",
    "en": "Order|Shop|Status|Customer|Goods|Pieces|Paid|Discount|Freight|Currency|Placed|Paid at|Shipped|Delivered",
}
SHOPS = table("shop", column("id"), column("name"), column("time_zone"))
EVERYTHING = 2**31 - 1
FOUND = text(
    "SELECT id FROM search_sales_orders(CAST(:query AS tsquery), NULL, NULL, :most, :shop, :status)"
).columns(column("id"))


async def orders_sheet(
    work: Work, search: str = "", *, shop_id: UUID | None = None, status: OrderStatus | None = None
) -> Sheet:
    """The orders of the list under the same filter, newest first. Needs `orders.read`."""
    work.require("orders.read")
    locale = work.actor.locale if work.actor.locale in COLUMNS else "en"
    goods = (
        select(
            func.string_agg(OrderLine.title.distinct(), ", ").label("goods"),
            func.sum(OrderLine.quantity).label("pieces"),
        )
        .where(OrderLine.order_id == SalesOrder.id)
        .correlate(SalesOrder)
        .lateral()
    )
    fields: tuple[Any, ...] = (
        SalesOrder.id,
        SalesOrder.number,
        SalesOrder.status,
        SalesOrder.paid_cents,
        SalesOrder.discount_cents,
        SalesOrder.freight_cents,
        SalesOrder.currency,
        SalesOrder.placed_at,
        SalesOrder.paid_at,
        SalesOrder.shipped_at,
        SalesOrder.delivered_at,
    )
    asks: Select[Any] = (
        select(
            *fields,
            SHOPS.c.name.label("shop_name"),
            SHOPS.c.time_zone,
            Customer.name.label("customer_name"),
            goods.c.goods,
            goods.c.pieces,
        )
        .join(SHOPS, SHOPS.c.id == SalesOrder.shop_id)
        .join(Customer, Customer.id == SalesOrder.customer_id)
        .join(goods, text("true"))
        .order_by(SalesOrder.placed_at.desc(), SalesOrder.id.desc())
    )
    if shop_id is not None:
        asks = asks.where(SalesOrder.shop_id == shop_id)
    if status is not None:
        asks = asks.where(SalesOrder.status == status)
    values: dict[str, Any] = {}
    if words.one_line(search):
        asks, values = await _holding(work, asks, search[:500], shop_id, status)

    def cells(row: Any) -> Sequence[Cell]:
        return (
            row.number,
            row.shop_name,
            row.status.name_in(locale),
            row.customer_name,
            row.goods,
            row.pieces,
            money(row.paid_cents, row.currency),
            money(row.discount_cents, row.currency),
            money(row.freight_cents, row.currency),
            row.currency,
            *(
                moment(at, row.time_zone)
                for at in (row.placed_at, row.paid_at, row.shipped_at, row.delivered_at)
            ),
        )

    return Sheet("orders", COLUMNS[locale].split("|" if locale == "en" else " "), asks, cells, values)


async def _holding(
    work: Work, asks: Select[Any], search: str, shop_id: UUID | None, status: OrderStatus | None
) -> tuple[Select[Any], dict[str, Any]]:
    """As the list finds: what holds every word, else what holds any."""
    values: dict[str, Any] = {"most": 1, "shop": shop_id, "status": status and status.value, "query": None}
    for every in (True, False):
        values["query"] = words.tsquery(search, every=every)
        if values["query"] is None:
            break
        if (await work.session.execute(FOUND, values)).first() is not None:
            break
    if values["query"] is None:
        return asks.where(text("false")), {}
    return asks.where(SalesOrder.id.in_(select(FOUND.subquery().c.id))), values | {"most": EVERYTHING}
