"""What follows for claims: clocks at zero, parcels that arrive, money that is due, stock that is posted."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update

from aftercare import cases, conversations, supply
from aftercare.claims import refunds, returns
from aftercare.claims.alarms import NO_ADDRESS, alarm, alarm_stranded
from aftercare.claims.deadlines import clock_rule, clocks_of
from aftercare.claims.decisions import agree, answer_no
from aftercare.claims.events import (
    MOVED,
    ClaimMirrored,
    ClaimMoved,
    ClaimStranded,
    DispositionDecided,
    RefundRequested,
)
from aftercare.claims.model import Claim, Evidence, Refund, ReturnAddressMissing
from aftercare.claims.moves import MOVES
from aftercare.claims.states import END_STATES, ClaimState, Mover, is_end
from aftercare.claims.steps import claim_for, step
from aftercare.journal import House, Work, after, within
from aftercare.logistics import ParcelDelivered
from aftercare.promises import ClockFired

SOLVABLE = frozenset({cases.Status.open, cases.Status.waiting_shop, cases.Status.waiting_customer})


@after(ClockFired, in_order_of="subject_id", when=lambda fact: fact.subject_kind == "claim")
async def carry_out_clock(work: Work, fact: ClockFired) -> None:
    """A clock at zero makes the system's move, or alarms people where it has none, if the claim still stands where the clock
    was set for; else it does nothing."""
    if not fact.clock.startswith("claim."):
        return
    claim = await claim_for(work, fact.subject_id, lock=True)
    rule = clock_rule(fact.clock.removeprefix("claim."))
    if claim.state not in rule.states or claim.kind not in rule.kinds:
        return
    if claim.platform is not None:
        # What its end means, the platform says; people may want to ask there why nothing came.
        await alarm(work, claim, fact.clock_id, fact.clock)
        return
    named = f"{fact.clock}@{fact.policy}"
    match rule.on_zero:
        case None:
            await alarm(work, claim, fact.clock_id, fact.clock)
        case "approve":
            try:
                await agree(work, claim, mover=Mover.system, rule=named)
            except ReturnAddressMissing:
                await alarm_stranded(work, claim, fact)
        case "refuse_offer":
            await answer_no(work, claim)
            await step(work, claim, "refuse_offer", mover=Mover.system, rule=named)
        case "receive_by_clock":
            await returns.receive_by_clock(work, claim)
        case "out_of_stock":
            await returns.give_money_instead(work, claim)
            await step(work, claim, "out_of_stock", mover=Mover.system, rule=named)
        case "confirm_offline":
            await refunds.settle_offline(work, claim)
        case "retry_refund":
            # What fails time and again is for a person: the clock stays broken on the board, and finance has the list.
            if not await refunds.given_up(work, claim):
                await step(work, claim, "retry_refund", mover=Mover.system, rule=named)
        case other:
            await step(work, claim, other, mover=Mover.system, rule=named)


@conversations.uses_files
async def files_in_use(work: Work, file_ids: Sequence[UUID]) -> set[UUID]:
    """Evidence, and the vouchers of refunds."""
    rows = await work.session.scalars(
        select(Evidence.file_id)
        .where(Evidence.file_id.in_(file_ids))
        .union(select(Refund.voucher_file_id).where(Refund.voucher_file_id.in_(file_ids)))
    )
    return {file_id for file_id in rows if file_id is not None}


@after(ClaimStranded)
async def tell_of_missing_address(work: Work, fact: ClaimStranded) -> None:
    """At once where the policy would have approved; at the end of a clock people were told with it."""
    claim = await claim_for(work, fact.claim_id)
    if fact.clock_id is None and claim.state is ClaimState.pending_merchant:
        await alarm(work, claim, claim.id, f"claim.{clocks_of(claim.kind, claim.state)[0].name}", NO_ADDRESS)


@within(cases.CaseLinkMoved)
async def go_with_the_case(work: Work, fact: cases.CaseLinkMoved) -> None:
    """Where cases are merged, their claims go on in the other one."""
    if fact.object_kind == "claim":
        await work.session.execute(
            update(Claim).where(Claim.id == fact.object_id).values(case_id=fact.case_id)
        )


@after(ParcelDelivered, in_order_of="shipment_id")
async def take_note_of_arrival(work: Work, fact: ParcelDelivered) -> None:
    if fact.claim_id is not None:
        await returns.parcel_arrived(work, fact.claim_id, fact.direction)


@after(RefundRequested, in_order_of="refund_id", outside=True)
async def pay_refund(house: House, fact: RefundRequested) -> None:
    await refunds.pay(house, fact.refund_id)


@after(DispositionDecided, in_order_of="finding_id")
async def post_disposition(work: Work, fact: DispositionDecided) -> None:
    """Stock moves when the warehouse has decided, never from the customer's own form."""
    if fact.product_id is not None:
        await supply.post_disposition(
            work,
            supply.Disposition(fact.disposition),
            product_id=fact.product_id,
            quantity=fact.quantity,
            claim_id=fact.claim_id,
            key=f"finding {fact.finding_id}",
        )


ENDINGS = tuple(MOVED[row.name] for row in MOVES if row.to in END_STATES or row.name == "carry_out")


@after(*dict.fromkeys(ENDINGS), ClaimMirrored, in_order_of="claim_id")
async def solve_the_case(work: Work, fact: ClaimMoved | ClaimMirrored) -> None:
    """A case is solved when no claim of it is open any more and nobody waits for an answer."""
    if not is_end(fact.to_state):
        return
    still_open = (
        await work.session.execute(
            select(Claim.id).where(Claim.case_id == fact.case_id, Claim.state.not_in(END_STATES)).limit(1)
        )
    ).scalar_one_or_none()
    case = await cases.get_case(work, fact.case_id)
    if still_open is None and case.waiting_since is None and case.status in SOLVABLE:
        await cases.solve(work, fact.case_id)
