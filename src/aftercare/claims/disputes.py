"""Disputes: the customer disagrees, both sides bring evidence, the arbiter of the marketplace rules."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from aftercare import promises
from aftercare.claims import model
from aftercare.claims.decisions import become, place_return_address, set_agreed
from aftercare.claims.model import Claim, Dispute
from aftercare.claims.parts import put_evidence
from aftercare.claims.returns import give_money_instead
from aftercare.claims.states import GOODS_COME_BACK, ClaimKind, ClaimState, Mover, Remedy, remedies_of
from aftercare.claims.steps import claim_for, move_for, on_entering, step
from aftercare.journal import Work


async def dispute(work: Work, claim_id: UUID, *, words: str, file_ids: Sequence[UUID] = ()) -> Claim:
    """The customer asks the marketplace to judge. Refuses with ReasonMissing."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "dispute")
    if not words.strip():
        raise model.ReasonMissing()
    work.session.add(
        Dispute(
            id=work.new_id(),
            shop_id=claim.shop_id,
            claim_id=claim.id,
            words=words.strip(),
            question=None,
            ruling=None,
            ruling_words=None,
            ruled_by=None,
            ruled_at=None,
            appeal_words=None,
            opened_at=work.now,
            ended_at=None,
        )
    )
    await put_evidence(work, claim, file_ids, words.strip())
    await step(work, claim, "dispute")
    return claim


async def open_dispute(work: Work, claim: Claim) -> Dispute:
    return (
        await work.session.execute(
            select(Dispute).where(Dispute.claim_id == claim.id, Dispute.ended_at.is_(None)).with_for_update()
        )
    ).scalar_one()


async def ask_for_evidence(work: Work, claim_id: UUID, *, question: str) -> Claim:
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "collect_evidence")
    if not question.strip():
        raise model.ReasonMissing()
    (await open_dispute(work, claim)).question = question.strip()
    await step(work, claim, "collect_evidence")
    return claim


async def judge(work: Work, claim_id: UUID) -> Claim:
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "judge")
    return claim


async def rule_for_customer(
    work: Work,
    claim_id: UUID,
    *,
    words: str,
    remedy: Remedy,
    amount_cents: int | None = None,
    keep_goods: bool = False,
) -> Claim:
    """The customer is right. The shop has 48 hours to appeal, once; `force` carries the ruling out at once."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "rule_for_customer")
    if not words.strip():
        raise model.ReasonMissing()
    if remedy not in remedies_of(claim.kind):
        raise model.OfferNotPossible(
            why="remedy", possible=sorted(one.value for one in remedies_of(claim.kind))
        )
    await note_ruling(work, claim, "customer", words)
    if keep_goods:
        claim.keep_goods = True
    if claim.kind in GOODS_COME_BACK and not claim.keep_goods and not claim.goods_back:
        await place_return_address(work, claim)
    if remedy is Remedy.refund and claim.kind in (ClaimKind.exchange, ClaimKind.resend):
        await give_money_instead(work, claim)
    await set_agreed(work, claim, claim.requested_cents if amount_cents is None else amount_cents)
    await step(work, claim, "rule_for_customer", remedy=remedy, amount_cents=claim.agreed_cents)
    return claim


async def rule_for_merchant(work: Work, claim_id: UUID, *, words: str) -> Claim:
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "rule_for_merchant")
    if not words.strip():
        raise model.ReasonMissing()
    await note_ruling(work, claim, "merchant", words)
    await step(work, claim, "rule_for_merchant")
    return claim


async def mediate(
    work: Work,
    claim_id: UUID,
    *,
    words: str,
    amount_cents: int | None = None,
    kind: ClaimKind | None = None,
    keep_goods: bool = False,
) -> Claim:
    """Both sides settle on terms that the arbiter writes down; the claim is approved with them."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "mediate")
    if not words.strip():
        raise model.ReasonMissing()
    if kind is not None and kind is not claim.kind:
        await become(work, claim, kind)
    if keep_goods:
        claim.keep_goods = True
    if claim.kind in GOODS_COME_BACK and not claim.keep_goods and not claim.goods_back:
        await place_return_address(work, claim)
    await note_ruling(work, claim, "mediated", words)
    await set_agreed(work, claim, claim.requested_cents if amount_cents is None else amount_cents)
    claim.decided_at = work.now
    await step(work, claim, "mediate", amount_cents=claim.agreed_cents)
    return claim


async def note_ruling(work: Work, claim: Claim, ruling: str, words: str) -> None:
    held = await open_dispute(work, claim)
    held.ruling, held.ruling_words, held.ruled_by, held.ruled_at = (
        ruling,
        words.strip(),
        work.actor.id,
        work.now,
    )


async def appeal(work: Work, claim_id: UUID, *, words: str, file_ids: Sequence[UUID]) -> Claim:
    """The shop appeals, once, with new proof."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "appeal")
    if not words.strip():
        raise model.ReasonMissing()
    if not file_ids:
        raise model.ProofMissing()
    (await open_dispute(work, claim)).appeal_words = words.strip()
    await put_evidence(work, claim, file_ids, words.strip())
    await step(work, claim, "appeal")
    return claim


async def force(work: Work, claim_id: UUID) -> Claim:
    """The arbiter carries the ruling out without waiting for an appeal."""
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "carry_out", mover=Mover.arbiter if work.actor.may("claims.arbitrate") else None)
    return claim


async def withdraw_dispute(work: Work, claim_id: UUID) -> Claim:
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "withdraw_dispute")
    return claim


async def extend_deadline(work: Work, claim_id: UUID, clock_id: UUID, *, by: timedelta, reason: str) -> Claim:
    """Gives more time, once per clock and with a reason: agents for the customer's clocks, the arbiter for any."""
    if not reason.strip():
        raise model.ReasonMissing()
    claim = await claim_for(work, claim_id, lock=True)
    if not (work.actor.may("claims.arbitrate") or work.actor.may("claims.decide")):
        raise model.NotYourMove()
    await promises.extend_clock(work, clock_id, by, reason.strip())
    return claim


@on_entering(
    ClaimState.closed_ruled,
    ClaimState.withdrawn,
    ClaimState.refunding,
    ClaimState.awaiting_return,
    ClaimState.awaiting_reship,
    ClaimState.repairing,
    ClaimState.visit_booking,
    ClaimState.approved,
    of=lambda claim: claim.before_dispute is not None,
)
async def end_dispute(work: Work, claim: Claim) -> None:
    """A dispute is over once its ruling is carried out, settled or withdrawn."""
    held = (
        await work.session.execute(
            select(Dispute).where(Dispute.claim_id == claim.id, Dispute.ended_at.is_(None))
        )
    ).scalar_one_or_none()
    if held is not None:
        held.ended_at = work.now
        await work.session.flush()
