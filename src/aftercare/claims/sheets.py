"""Claims and refunds as sheets: all that a list shows, and nothing left out at its end."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, column, func, select, table, true

from aftercare.claims.lists import ClaimFilter, claims_like
from aftercare.claims.model import Claim, ClaimLine, Refund, RefundState
from aftercare.claims.wording import LOCALES, label
from aftercare.journal import Work
from aftercare.kit.sheets import Cell, Sheet, moment, money

CLAIM_COLUMNS = {
    "zh-CN": "售后单号 店铺 类型 状态 原因 客户 订单号 商品 数量 申请金额 同意金额 已退金额 币种 申请时间 决定时间 结束时间",
    "zh-TW": "售後單號 商店 類型 狀態 原因 客戶 訂單編號 商品 數量 申請金額 同意金額 已退金額 幣別 申請時間 決定時間 結束時間",
    "en": "Claim|Shop|Kind|State|Reason|Customer|Orders|Goods|Quantity|Asked|Agreed|Refunded|Currency|Applied|Decided|Ended",
}
REFUND_COLUMNS = {
    "zh-CN": "售后单号 店铺 订单号 退款渠道 金额 币种 状态 失败原因 尝试次数 渠道流水号 申请时间 到账时间",
    "zh-TW": "售後單號 商店 訂單編號 退款管道 金額 幣別 狀態 失敗原因 嘗試次數 管道流水號 申請時間 到帳時間",
    "en": "Claim|Shop|Order|Paid by|Amount|Currency|State|Failure|Attempts|Reference|Requested|Paid",
}
REFUND_STATES = {
    "zh-CN": dict(zip(RefundState, ["待退款", "退款中", "处理中", "已退款", "退款失败", "待确认线下退款"], strict=True)),
    "zh-TW": dict(zip(RefundState, ["待退款", "退款中", "處理中", "已退款", "退款失敗", "待確認線下退款"], strict=True)),
    "en": dict(zip(RefundState, ["Waiting", "Being sent", "Under way", "Paid", "Failed", "Paid by hand"], strict=True)),
}  # fmt: skip


SHOPS = table("shop", column("id"), column("name"), column("time_zone"))
CUSTOMERS = table("customer", column("id"), column("name"))
ORDERS = table("sales_order", column("id"), column("number"))
LINES = table("order_line", column("id"), column("title"))


def spoken(work: Work) -> str:
    """The language of the sheet's words."""
    return work.actor.locale if work.actor.locale in LOCALES else "en"


def columns_of(texts: dict[str, str], locale: str) -> list[str]:
    return texts[locale].split("|" if locale == "en" else " ")


async def claims_sheet(work: Work, wanted: ClaimFilter) -> Sheet:
    """The claims of the list under the same filter, newest first. Needs `claims.read`; customers see their own."""
    locale = spoken(work)
    told = (
        select(
            func.string_agg(ORDERS.c.number.distinct(), ", ").label("orders"),
            func.string_agg(LINES.c.title.distinct(), ", ").label("goods"),
            func.sum(ClaimLine.quantity).label("quantity"),
        )
        .join(LINES, LINES.c.id == ClaimLine.order_line_id)
        .join(ORDERS, ORDERS.c.id == ClaimLine.order_id)
        .where(ClaimLine.claim_id == Claim.id)
        .correlate(Claim)
        .lateral()
    )
    back = (
        select(func.coalesce(func.sum(Refund.amount_cents), 0))
        .where(Refund.claim_id == Claim.id, Refund.state == RefundState.paid)
        .correlate(Claim)
        .scalar_subquery()
    )
    asks = (
        select(
            *(getattr(Claim, name) for name in CLAIM_FIELDS),
            SHOPS.c.name.label("shop_name"),
            SHOPS.c.time_zone,
            CUSTOMERS.c.name.label("customer_name"),
            told.c.orders,
            told.c.goods,
            told.c.quantity,
            back.label("back"),
        )
        .join(SHOPS, SHOPS.c.id == Claim.shop_id)
        .join(CUSTOMERS, CUSTOMERS.c.id == Claim.customer_id)
        .join(told, true())
        .where(Claim.id.in_((await claims_like(work, wanted)).with_only_columns(Claim.id)))
        .order_by(Claim.applied_at.desc(), Claim.id.desc())
    )

    def cells(row: Any) -> Sequence[Cell]:
        return (
            row.number,
            row.shop_name,
            label("kind", row.kind, locale, "staff"),
            label("state", row.state, locale, "staff"),
            label("reason", row.reason, locale, "staff"),
            row.customer_name,
            row.orders,
            row.goods,
            row.quantity,
            money(row.requested_cents, row.currency),
            money(row.agreed_cents, row.currency),
            money(int(row.back), row.currency),
            row.currency,
            moment(row.applied_at, row.time_zone),
            moment(row.decided_at, row.time_zone),
            moment(row.ended_at, row.time_zone),
        )

    return Sheet("claims", columns_of(CLAIM_COLUMNS, locale), asks, cells)


CLAIM_FIELDS = (
    "id",
    "number",
    "kind",
    "state",
    "reason",
    "requested_cents",
    "agreed_cents",
    "currency",
    "applied_at",
    "decided_at",
    "ended_at",
)


async def refunds_sheet(
    work: Work, *, states: Sequence[RefundState] = (), shop_id: UUID | None = None
) -> Sheet:
    """The refunds of the list, newest first. Needs `refunds.read`."""
    work.require("refunds.read")
    locale = spoken(work)
    asks: Select[Any] = (
        select(
            Refund,
            Claim.number,
            SHOPS.c.name.label("shop_name"),
            SHOPS.c.time_zone,
            ORDERS.c.number.label("order_number"),
        )
        .join(Claim, Claim.id == Refund.claim_id)
        .join(SHOPS, SHOPS.c.id == Refund.shop_id)
        .join(ORDERS, ORDERS.c.id == Refund.order_id)
        .order_by(Refund.requested_at.desc(), Refund.id.desc())
    )
    if states:
        asks = asks.where(Refund.state.in_(states))
    if shop_id:
        asks = asks.where(Refund.shop_id == shop_id)

    def cells(row: Any) -> Sequence[Cell]:
        refund: Refund = row.Refund
        return (
            row.number,
            row.shop_name,
            row.order_number,
            refund.provider,
            money(refund.amount_cents, refund.currency),
            refund.currency,
            REFUND_STATES[locale][refund.state],
            refund.failure,
            refund.attempts,
            refund.gateway_reference,
            moment(refund.requested_at, row.time_zone),
            moment(refund.paid_at, row.time_zone),
        )

    return Sheet("refunds", columns_of(REFUND_COLUMNS, locale), asks, cells)
