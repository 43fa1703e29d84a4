"""What things cost the group, and what carriers, suppliers and insurers bore of it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from aftercare.demo.scene import Stage
from aftercare.insights import costs
from aftercare.insights.costs import (
    CostKind,
    LeverKind,
    LeverScope,
    NewCostLine,
    NewCostRate,
    NewLever,
    NewSpending,
    RateKind,
)
from aftercare.journal import House, begin

R = RateKind
RAISE, AGREEMENT = 200, 230
"""Days after the year began: people earn more; a carrier takes less for returns."""

# kind, part, minor units per hour, minute or piece, or thousandths of the price; days after the beginning, why
CNY: tuple[tuple[RateKind, str, str, int, str], ...] = (
    (R.people, "", "4200", 0, "客服含社保与工位，按小时"),
    (R.people, "", "4500", RAISE, "年中调薪"),
    (R.people, "arbitration", "9000", 0, "仲裁专员"),
    (R.telephony, "", "12", 0, "话务费，按分钟"),
    (R.bot, "", "3", 0, "机器人应答，按条"),
    (R.inspection, "", "350", 0, "质检人工与耗材，按件"),
    (R.packaging, "", "280", 0, "纸箱、填充与面单"),
    (R.freight_out, "", "900", 0, "其他快递"),
    (R.freight_out, "shunfeng", "1600", 0, "顺丰标快"),
    (R.freight_out, "jd", "1300", 0, "京东快递"),
    (R.freight_out, "zhongtong", "750", 0, "中通"),
    (R.freight_out, "yuantong", "720", 0, "圆通"),
    (R.freight_out, "yunda", "680", 0, "韵达"),
    (R.freight_back, "", "1000", 0, "其他快递，逆向"),
    (R.freight_back, "shunfeng", "1700", 0, "顺丰逆向"),
    (R.freight_back, "shunfeng", "1180", AGREEMENT, "逆向协议价"),
    (R.freight_back, "jd", "1350", 0, "京东逆向"),
    (R.freight_back, "zhongtong", "820", 0, "中通逆向"),
    (R.freight_back, "yuantong", "800", 0, "圆通逆向"),
    (R.freight_back, "yunda", "760", 0, "韵达逆向"),
    (R.goods, "", "550", 0, "进货成本占售价"),
    (R.goods, "appliances", "620", 0, "小家电"),
    (R.goods, "clothing", "420", 0, "服饰"),
    (R.goods, "food", "580", 0, "生鲜食品"),
    (R.goods_written_off, "restock", "20", 0, "重新上架的整理损耗"),
    (R.goods_written_off, "refurbish", "180", 0, "翻新折价"),
    (R.goods_written_off, "return_to_supplier", "60", 0, "退供损耗"),
    (R.goods_written_off, "recycle", "480", 0, "回收残值后的损失"),
    (R.goods_written_off, "donate", "520", 0, "捐赠"),
    (R.goods_written_off, "scrap", "560", 0, "报废"),
)
EUR: tuple[tuple[RateKind, str, str, int, str], ...] = (
    (R.people, "", "3400", 0, "Service desk, per hour"),
    (R.people, "arbitration", "6200", 0, "Arbiter"),
    (R.bot, "", "1", 0, "Per answer"),
    (R.inspection, "", "320", 0, "Per piece"),
    (R.packaging, "", "190", 0, "Box, filling and label"),
    (R.freight_out, "", "550", 0, "Parcel within Europe"),
    (R.freight_out, "dhl_parcel_de", "590", 0, "DHL"),
    (R.freight_out, "dpd", "480", 0, "DPD"),
    (R.freight_back, "", "520", 0, "Return label"),
    (R.goods, "", "600", 0, "Purchase cost as a share of the price"),
    (R.goods_written_off, "restock", "20", 0, "Handling"),
    (R.goods_written_off, "refurbish", "200", 0, "Refurbishing"),
    (R.goods_written_off, "return_to_supplier", "60", 0, "Return to supplier"),
)


async def set_rates(house: House, stage: Stage, at: datetime) -> None:
    """By finance, before the year begins; also what was agreed for later in it."""
    async with begin(house, stage.staff["finance"][0][0], now=at) as work:
        await costs.add_rates(
            work,
            [
                NewCostRate(
                    kind=kind,
                    part=part,
                    amount=Decimal(amount),
                    currency=currency,
                    valid_from=at + timedelta(days=day),
                    reason=reason,
                )
                for currency, rows in (("CNY", CNY), ("EUR", EUR))
                for kind, part, amount, day, reason in rows
            ],
        )


async def set_levers(house: House, stage: Stage, at: datetime) -> None:
    """Projects of the year, entered when they were decided."""
    ids = {code: view.id for code, view in stage.shops.items()}
    projects = (
        (
            "顺丰逆向协议价",
            LeverKind.carrier,
            AGREEMENT,
            LeverScope(carriers=["shunfeng"]),
            600_000,
            "与顺丰谈定逆向件 11.80 元",
        ),
        (
            "素缕：尺码表改版与自助换货",
            LeverKind.product,
            185,
            LeverScope(shops=[ids["sulu-wear"]]),
            120_000,
            "详情页实测尺码，换货自助提交",
        ),
        (
            "仅退款先协商再退",
            LeverKind.policy,
            185,
            LeverScope(claim_kinds=["refund_only"], costs="all"),
            360_000,
            "八十元以上先提部分补偿",
        ),
    )
    async with begin(house, stage.staff["finance"][0][0], now=at) as work:
        for name, kind, day, scope, cents, words in projects:
            started = (at + timedelta(days=day)).date()
            lever = await costs.set_lever(
                work,
                NewLever(name=name, kind=kind, currency="CNY", started_on=started, scope=scope, words=words),
            )
            await costs.spend(
                work, lever, NewSpending(spent_on=started, amount_cents=cents, words="一次性投入")
            )


BORNE = text(
    """
    SELECT m.case_id, m.id AS claim_id, m.currency, m.reason, m.ended_at, sum(r.amount_cents) AS cents,
      (SELECT s.carrier FROM shipment s WHERE s.order_id = min(CAST(r.order_id AS text))::uuid AND s.direction = 'outbound' LIMIT 1)
        AS carrier
    FROM claim m JOIN refund r ON r.claim_id = m.id AND r.state = 'paid'
    WHERE m.reason IN ('not_received', 'damaged', 'defective') AND m.ended_at < :until
    GROUP BY m.id ORDER BY m.ended_at, m.id
    """
)


async def cost_the_year(house: House, stage: Stage, today: datetime) -> None:
    """The lines of all that was told; then what finance got back from others, some days after each matter ended."""
    await costs.read_again(house, only_writer=True)
    finance = stage.staff["finance"][0][0]
    async with begin(house, finance) as work:
        matters = (await work.session.execute(BORNE, {"until": today - timedelta(days=12)})).all()
    for number, matter in enumerate(matters):
        new = _borne(matter, number)
        if new is not None:
            async with begin(house, finance, now=matter.ended_at + timedelta(days=9)) as work:
                await costs.enter_line(work, new)


def _borne(matter: Any, number: int) -> NewCostLine | None:
    about = {"case_id": matter.case_id, "claim_id": matter.claim_id, "currency": matter.currency}
    if matter.reason == "not_received":
        cents, words = -min(int(matter.cents) * 7 // 10, 30_000), "丢件理赔"
        return NewCostLine(
            **about,
            kind=CostKind.carrier_chargeback,
            amount_cents=cents,
            carrier=matter.carrier,
            words=words,
        )
    if matter.reason == "damaged" and number % 3 == 0:
        cents = -(int(matter.cents) // 2)
        return NewCostLine(**about, kind=CostKind.insurance, amount_cents=cents, words="运输破损险理赔")
    if matter.reason == "defective" and number % 2 == 0:
        cents = -(int(matter.cents) * 2 // 5)
        return NewCostLine(
            **about, kind=CostKind.supplier_chargeback, amount_cents=cents, words="供应商质量扣款"
        )
    return None
