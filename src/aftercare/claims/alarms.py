"""Alarms: at a clock that the system cannot answer by itself the steps of its escalation rule begin, and people hear of it."""

from collections.abc import Mapping
from uuid import UUID

from aftercare import cases, identity
from aftercare.claims.events import ClaimStranded
from aftercare.claims.model import Claim
from aftercare.claims.wording import label
from aftercare.journal import Work
from aftercare.promises import ClockFired

LATE = {
    "zh-CN": "售后单 {number}：「{clock}」时限已过，系统无法代为处理，请尽快跟进。",
    "zh-TW": "售後單 {number}：「{clock}」時限已過，系統無法代為處理，請盡快跟進。",
    "en": "Claim {number}: the time for '{clock}' is over and the system cannot act by itself. Please follow it up.",
}
NO_ADDRESS = {
    "zh-CN": "售后单 {number}：店铺没有填写退货地址，系统无法自动同意申请。请在店铺设置中补上退货地址，并马上处理这张售后单。",
    "zh-TW": "售後單 {number}：店鋪沒有填寫退貨地址，系統無法自動同意申請。請在店鋪設定中補上退貨地址，並馬上處理這張售後單。",
    "en": "Claim {number}: the shop has no return address, so the system cannot approve. Enter the address in the shop's settings and decide this claim now.",
}


async def alarm(
    work: Work, claim: Claim, clock_id: UUID, clock: str, words: Mapping[str, str] = LATE
) -> bool:
    """Once per clock. False if it was given before, or the case is over."""
    shop = await identity.get_shop(work, claim.shop_id)
    locale = cases.note_language(shop)
    named = label("clock", clock.removeprefix("claim."), locale, "staff")
    return await cases.escalate(
        work,
        claim.case_id,
        clock_id=clock_id,
        clock=clock,
        step=cases.Step.broken,
        note=words[locale].format(number=claim.number, clock=named),
    )


async def alarm_stranded(work: Work, claim: Claim, fact: ClockFired) -> None:
    """Silence must not strand a customer whose shop has no address: the claim stays, and people are told why."""
    if await alarm(work, claim, fact.clock_id, fact.clock, NO_ADDRESS):
        strand(work, claim, fact.clock_id)


def strand(work: Work, claim: Claim, clock_id: UUID | None = None) -> None:
    work.record(
        ClaimStranded(
            claim_id=claim.id,
            case_id=claim.case_id,
            clock_id=clock_id,
            shop_id=claim.shop_id,
            why="no_return_address",
        )
    )
