"""What the group tried on purpose: begun before the year is told, so that its claims and letters follow from it; read afterwards.

Nothing of what is found is written here. A wider rule of the clothing shop meets half of its customers and is kept if it is
better; a stricter one of the appliances shop has a guard rail; new words of a letter are still being tried.
"""

from datetime import datetime, timedelta
from typing import Any

from aftercare.demo.scene import Stage
from aftercare.identity import BUILT_IN, find_account
from aftercare.insights import decisions
from aftercare.insights.decisions import DecisionState, NewDecision
from aftercare.journal import Actor, ActorKind, House, begin

WIDER, STRICTER, LETTER = (
    "服饰退换 500 元以内直接同意",
    "200 元以上的退货先由人看",
    "同意退货的通知写清每一步",
)
KEPT_WHY = "不用等的顾客多了很多，满意度没有变差，全店采用。"
TITLES = (WIDER, STRICTER, LETTER)
LETTERS_FOR = timedelta(days=26)
SOON = timedelta(days=1)
IN_STEPS = {
    "subject": "您的{{ kind }}申请已通过，三步就好（{{ number }}）",
    "body": """您对「{{ title }}」的{{ kind }}申请已自动通过{% if amount %}，约定退款 {{ amount }}{% endif %}。

{% if address and until %}① 把商品和配件、赠品装回原包装；
② 在 {{ until }} 前寄到下面的地址，并填写运单号：
{{ address }}
③ 我们签收后检验，退款随即原路退回。{% else %}接下来由我们处理，您无需操作。{% endif %}
""",
    "button": "去填运单号",
}


async def begin_decisions(house: House, stage: Stage, today: datetime, *, days: int) -> None:
    """Each at its own moment of the year that is about to be told."""
    owner = await _owner(house)
    ids = {code: view.id for code, view in stage.shops.items()}
    for new in (
        _planned(
            WIDER,
            "衣服退换多为尺码和喜好，500 元以内由规则直接同意，顾客不用等，错的也很少。",
            today - timedelta(days=days * 0.42),
            today + timedelta(days=20),
            indicator="automation",
            target=0.15,
            subject_kind="policy",
            subject={"versions": {ids["sulu-wear"]: 2}},
            shops=[ids["sulu-wear"]],
            guards=[{"indicator": "csat", "bound": 0.5, "side": "below"}],
        ),
        _planned(
            STRICTER,
            "家电退货贵，200 元以上先由客服看一眼，能少赔一些不该赔的。",
            today - timedelta(days=days * 0.12),
            today + timedelta(days=40),
            indicator="cost_per_case",
            target=-0.1,
            subject_kind="policy",
            subject={"versions": {ids["qinghe-home"]: 1}},
            shops=[ids["qinghe-home"]],
            # Whoever asks shall not wait for half a day for a yes that the rule would have given at once.
            guards=[{"indicator": "claim_decision", "bound": 2 * 3600, "side": "above"}],
        ),
        _planned(
            LETTER,
            "通知里把怎么包、寄到哪、多久退款写成三步，顾客少来问，更满意。",
            today - LETTERS_FOR,
            today + timedelta(days=34),
            indicator="csat",
            target=0.05,
            subject_kind="template",
            subject={"name": "claim_approved_at_once", "words": {"zh-CN": IN_STEPS}},
        ),
    ):
        async with begin(house, owner, now=new.starts_at) as work:
            row = await decisions.plan(work, new)
            await decisions.start(work, row.id)


def _planned(title: str, why: str, starts_at: datetime, ends_at: datetime, **more: Any) -> NewDecision:
    return NewDecision.model_validate(
        {
            "title": title,
            "hypothesis": why,
            "roll_out": "share",
            "share": 0.5,
            "starts_at": starts_at,
            "ends_at": ends_at,
            **more,
        }
    )


async def read_decisions(house: House, today: datetime) -> None:
    """What there was to see of each, some times on the way and now; a guard rail that is broken stops it there and then, and the
    first is kept if the evidence says so. Again it changes nothing."""
    owner = await _owner(house)
    async with begin(house, owner, now=today) as work:
        told = [
            one
            for one in await decisions.decisions(work, "zh-CN")
            if one.title in TITLES and one.state is DecisionState.running
        ]
        looks = [(await decisions.decision_view(work, one.id, "zh-CN")).history for one in told]
    # The worker that runs beside may have looked already, but only now.
    for one in (one for one, seen in zip(told, looks, strict=True) if not seen or seen[0].at > today - SOON):
        for part in (0.4, 0.6, 0.8, 1.0):
            at = one.starts_at + (today - one.starts_at) * part
            async with begin(house, owner, now=at) as work:
                seen = await decisions.read_now(work, one.id)
                broken = next((guard.indicator for guard in seen.guards if guard.broken), None)
                if (await decisions.get_decision(work, one.id)).state is not DecisionState.running:
                    break
                if broken is not None:
                    await decisions.undo(work, one.id, verdict=seen.advice, why="", guard=broken)
                    break
                if one.title == WIDER and part == 1.0 and seen.advice == "keep":
                    await decisions.keep(work, one.id, verdict=seen.advice, why=KEPT_WHY)


async def _owner(house: House) -> Actor:
    async with begin(house) as work:
        account = await find_account(work, "owner@demo.example.com")
    return Actor(ActorKind.staff, account.id, shops=None, permissions=BUILT_IN["owner"], role="owner")
