"""What was unusual in the year, noticed as it would have been in life, and what people did then: somebody takes it, somebody closes it."""

from datetime import datetime, timedelta

from sqlalchemy import text

from aftercare.identity import BUILT_IN, find_account, find_shop
from aftercare.insights import alarms
from aftercare.insights.alarms import AlarmState, CloseReason
from aftercare.journal import Actor, ActorKind, House, begin

LOOKED_BACK = 92
"""Days; everything that is planted lies within."""
FLAGSHIP, WHOLE = "qinghe-home", "whole"
"""The shop whose settings say up to which moment was looked back, or that it is done."""
TAKEN_AFTER, CLOSED_AFTER, STILL_OPEN = timedelta(minutes=40), timedelta(days=4), timedelta(days=12)
LASTING = {"reviews": timedelta(days=45)}
"""Of these plans; whoever looks on finds somebody still at it."""
BY = (("supervisor", "supervisor@demo.example.com"), ("owner", "owner@demo.example.com"))
DONE = {
    "product": "同一批次的故障：库存已停售并抽检，已买的顾客主动联系换新，供应商承认是来料问题。",
    "carrier": "快递网点停运一周：新单改走其他快递，在途订单已发延误通知并补偿，损失已向快递公司索赔。",
    "contacts": "大家集中来问同一件事：首页和聊天入口已挂说明，加派两人，当天回完。",
    "promises": "在办的重新分配，晚班加了一个人，第二天回到平时。",
    "assistant": "助手当天答不上来，先转人工；补了问答，换回上一版后正常。",
    "reviews": "逐条回复了差评，退款和补发已办，商品页的说明已改。",
    "topic": "都在说同一件事：已写好统一答复，客服和帮助中心同时更新。",
    "crisis": "商品当天下架，已购顾客逐一电话联系并召回退款，对外说明由负责人统一发布。",
    "refunds": "支付渠道短时故障，失败的退款已重发，全部到账。",
    "indicator": "原因已查明并改正，指标回到平时。",
}


async def look_back(house: House, today: datetime) -> None:
    """After the year was told; broken off it goes on from there, again it changes nothing."""
    async with begin(house) as work:
        reached = (await find_shop(work, FLAGSHIP)).settings.get("looked_back")
        if reached == WHOLE:
            return
        people = [
            Actor(ActorKind.staff, account.id, shops=None, permissions=BUILT_IN[role], role=role)
            for role, account in [(role, await find_account(work, email)) for role, email in BY]
        ]

    async def then(moment: datetime) -> None:
        await _act(house, people, today, moment)
        await _reach(house, moment.isoformat())

    await alarms.look_back(
        house, LOOKED_BACK, then, after=datetime.fromisoformat(reached) if reached else None
    )
    await _act(house, people, today, today)
    await _reach(house, WHOLE)


async def _reach(house: House, reached: str) -> None:
    async with begin(house) as work:
        await work.session.execute(
            text(
                "UPDATE shop SET settings = settings || jsonb_build_object('looked_back', CAST(:reached AS text)) WHERE code = :code"
            ),
            {"reached": reached, "code": FLAGSHIP},
        )


async def _act(house: House, people: list[Actor], today: datetime, moment: datetime) -> None:
    """What is to be done about alarms by this moment, done when it was due."""
    async with begin(house, people[0], now=moment) as work:
        there = (await alarms.alarms(work)).items
    for number, one in enumerate(there):
        actor = people[number % len(people)]
        taken, over = one.raised_at + TAKEN_AFTER, one.raised_at + LASTING.get(one.playbook, CLOSED_AFTER)
        if one.state is AlarmState.open and taken <= moment:
            async with begin(house, actor, now=taken) as work:
                await alarms.acknowledge(work, one.id)
        if over <= moment and over < today - STILL_OPEN:
            async with begin(house, actor, now=over) as work:
                await alarms.close(work, one.id, CloseReason.put_right, DONE[one.playbook])
