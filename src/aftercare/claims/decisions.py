"""What the shop decides about a claim: yes, no, or something else instead."""

from collections.abc import Sequence
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select

from aftercare import identity, shop
from aftercare.claims import accounts, model
from aftercare.claims.events import DifferenceDue, DifferenceSettled
from aftercare.claims.model import Claim, Offer, OfferState
from aftercare.claims.moves import needs_of
from aftercare.claims.parts import lines_of, put_evidence
from aftercare.claims.states import GOODS_COME_BACK, ClaimKind, Mover
from aftercare.claims.steps import claim_for, move_for, step, written_late
from aftercare.journal import Work
from aftercare.kit.money import share


async def approve(work: Work, claim_id: UUID, *, amount_cents: int | None = None) -> Claim:
    """Agrees to what was asked, or to less. Refuses with ReturnAddressMissing, AmountNotPossible, MoveNotPossible."""
    claim = await claim_for(work, claim_id, lock=True)
    await agree(work, claim, amount_cents=amount_cents)
    return claim


async def agree(
    work: Work,
    claim: Claim,
    *,
    amount_cents: int | None = None,
    mover: Mover | None = None,
    rule: str | None = None,
    at_once: bool = False,
) -> None:
    """The approval itself, of a locked claim."""
    row, _ = move_for(work, claim, "approve", mover)
    with written_late(work):
        if "return_address" in needs_of(row, claim.kind, claim.variant):
            await place_return_address(work, claim)
        await set_agreed(work, claim, claim.requested_cents if amount_cents is None else amount_cents)
    claim.decided_at = work.now
    await step(
        work,
        claim,
        "approve",
        mover=mover,
        rule=rule,
        amount_cents=claim.agreed_cents,
        at_once=at_once or None,
    )
    await tell_difference(work, claim)


async def place_return_address(work: Work, claim: Claim) -> None:
    """Keeps the shop's return address with the claim, as it was when it was given. Refuses with ReturnAddressMissing."""
    if claim.return_address:
        return
    claim.return_address = await return_address(work, claim)


async def return_address(work: Work, claim: Claim) -> dict[str, Any]:
    """Where the goods would go now. Refuses with ReturnAddressMissing."""
    owner = await identity.get_shop(work, claim.shop_id)
    if not owner.return_address:
        raise model.ReturnAddressMissing(shop=owner.code)
    return dict(owner.return_address)


async def set_agreed(work: Work, claim: Claim, amount_cents: int) -> None:
    """Shares the agreed amount over freight and lines. Never more than was asked and reserved."""
    if not 0 <= amount_cents <= claim.requested_cents:
        raise model.AmountNotPossible(asked=amount_cents, most=claim.requested_cents)
    rows = await lines_of(work, claim.id)
    if amount_cents == claim.requested_cents:
        for row in rows:
            row.agreed_cents = row.reserved_cents
    else:
        goods = max(amount_cents - claim.freight_cents, 0)
        await keep_freight(work, claim, amount_cents - goods)
        # No line may carry more than it holds; the shares of a smaller sum never do.
        for row, cents in zip(rows, share(goods, [row.reserved_cents for row in rows]), strict=True):
            row.agreed_cents = min(cents, row.reserved_cents)
        goods -= sum(row.agreed_cents for row in rows)
        for row in rows:
            more = min(goods, row.reserved_cents - row.agreed_cents)
            row.agreed_cents += more
            goods -= more
    claim.agreed_cents = amount_cents


async def keep_freight(work: Work, claim: Claim, cents: int) -> None:
    """Lowers the freight that the claim brings back to `cents`, and gives the rest back to the order."""
    over = claim.freight_cents - cents
    if over <= 0:
        return
    rows = list(
        (
            await work.session.execute(
                select(model.ClaimFreight).where(model.ClaimFreight.claim_id == claim.id)
            )
        ).scalars()
    )
    for row in rows:
        less = min(over, row.cents)
        await accounts.take_freight(work, row.order_id, -less)
        row.cents -= less
        over -= less
    claim.freight_cents = cents


async def tell_difference(work: Work, claim: Claim) -> None:
    if (
        claim.kind is ClaimKind.exchange
        and claim.difference_cents > 0
        and claim.difference_settled_at is None
    ):
        work.record(
            DifferenceDue(
                claim_id=claim.id,
                case_id=claim.case_id,
                customer_id=claim.customer_id,
                shop_id=claim.shop_id,
                amount_cents=claim.difference_cents,
                currency=claim.currency,
            )
        )


async def settle_difference(work: Work, claim_id: UUID) -> Claim:
    """The customer has paid what the new goods cost more; told by finance or by the payment. Twice is once."""
    work.require("claims.money")
    claim = await claim_for(work, claim_id, lock=True)
    mark_difference_settled(work, claim)
    return claim


def mark_difference_settled(work: Work, claim: Claim) -> None:
    if claim.difference_cents > 0 and claim.difference_settled_at is None:
        claim.difference_settled_at = work.now
        work.record(
            DifferenceSettled(
                claim_id=claim.id,
                case_id=claim.case_id,
                customer_id=claim.customer_id,
                shop_id=claim.shop_id,
                amount_cents=claim.difference_cents,
                currency=claim.currency,
            )
        )


async def reject(work: Work, claim_id: UUID, *, words: str, file_ids: Sequence[UUID] = ()) -> Claim:
    """Says no, with a reason and, where the law gave the customer the right to ask, with proof. Refuses with ReasonMissing or
    ProofMissing."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "reject")
    if not words.strip():
        raise model.ReasonMissing()
    if not file_ids and any(looked["origin"] == "law" and looked["matched"] for looked in claim.explanation):
        raise model.ProofMissing()
    await put_evidence(work, claim, file_ids, words.strip())
    claim.rejection, claim.decided_at = words.strip(), work.now
    await step(work, claim, "reject")
    return claim


class NewOffer(BaseModel):
    """`asks`: other_kind (give `kind`), other_amount (give `amount_cents`; with `keep_goods` nothing has to come back), proof,
    or cancel (please withdraw the claim)."""

    asks: Literal["other_kind", "other_amount", "proof", "cancel"]
    kind: ClaimKind | None = None
    amount_cents: int | None = Field(default=None, ge=0)
    keep_goods: bool = False
    words: str = Field(default="", max_length=4_000)


async def offer(work: Work, claim_id: UUID, new: NewOffer) -> Offer:
    """Proposes something else. Refuses with OfferNotPossible what does not fit the claim, with ReturnAddressMissing what the
    customer could not accept for want of one."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "offer")
    if new.asks == "other_kind" and (new.kind is None or new.kind is claim.kind):
        raise model.OfferNotPossible(why="kind")
    if new.asks == "other_amount" and (new.amount_cents is None or new.amount_cents > claim.requested_cents):
        raise model.OfferNotPossible(why="amount", most=claim.requested_cents)
    if new.asks in ("proof", "cancel"):
        if not new.words.strip():
            raise model.ReasonMissing()
    elif (new.kind or claim.kind) in GOODS_COME_BACK and not new.keep_goods:
        await return_address(work, claim)
    made = Offer(
        id=work.new_id(),
        shop_id=claim.shop_id,
        claim_id=claim.id,
        state=OfferState.open,
        asks=new.asks,
        kind=new.kind,
        amount_cents=new.amount_cents,
        keep_goods=new.keep_goods,
        words=new.words.strip(),
        made_by=work.actor.id,
        made_at=work.now,
        answered_at=None,
    )
    work.session.add(made)
    await step(work, claim, "offer", amount_cents=new.amount_cents)
    return made


async def open_offer(work: Work, claim: Claim) -> Offer | None:
    return (
        await work.session.execute(
            select(Offer).where(Offer.claim_id == claim.id, Offer.state == OfferState.open).with_for_update()
        )
    ).scalar_one_or_none()


async def accept_offer(work: Work, claim_id: UUID) -> Claim:
    """The customer takes what was offered; the claim becomes that and is approved. An offer that asks for proof or for
    withdrawal is not accepted but answered: with evidence and `refuse_offer`, or with `cancel`."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "accept_offer")
    made = await open_offer(work, claim)
    if made is None or made.asks in ("proof", "cancel"):
        raise model.OfferNotPossible(why="nothing to accept")
    made.state, made.answered_at = OfferState.accepted, work.now
    if made.kind is not None and made.kind is not claim.kind:
        await become(work, claim, made.kind)
    if made.keep_goods:
        claim.keep_goods = True
    if claim.kind in GOODS_COME_BACK and not claim.keep_goods:
        await place_return_address(work, claim)
    await set_agreed(work, claim, claim.requested_cents if made.amount_cents is None else made.amount_cents)
    claim.decided_at = work.now
    await step(work, claim, "accept_offer", amount_cents=claim.agreed_cents)
    return claim


async def become(work: Work, claim: Claim, kind: ClaimKind) -> None:
    """Another kind over the same lines; the money that the lines hold stays as it is. What had no money before (a resend
    that becomes a refund) takes what is left."""
    rows = await lines_of(work, claim.id)
    if kind in (ClaimKind.exchange, ClaimKind.resend):
        for row in rows:
            row.new_product_id = row.new_product_id or row.product_id
    elif claim.requested_cents == 0:
        found = {line.id: line for line in await shop.get_lines(work, [row.order_line_id for row in rows])}
        for row in rows:
            line = found[row.order_line_id]
            worth = line.paid_cents * row.quantity // line.quantity
            await accounts.take(work, row.order_line_id, worth, 0)
            row.requested_cents = row.reserved_cents = worth
        claim.requested_cents = sum(row.requested_cents for row in rows)
    claim.kind = kind
    claim.difference_cents = 0


async def refuse_offer(work: Work, claim_id: UUID, *, words: str = "") -> Claim:
    """The claim stands as it was applied for; `words` lie with it, for both sides to read."""
    claim = await claim_for(work, claim_id, lock=True)
    await answer_no(work, claim)
    if words.strip():
        await put_evidence(work, claim, [], words.strip())
    await step(work, claim, "refuse_offer")
    return claim


async def answer_no(work: Work, claim: Claim) -> None:
    made = await open_offer(work, claim)
    if made is not None:
        made.state, made.answered_at = OfferState.refused, work.now
