"""Claims that another platform keeps: mirrored here with their state, their money and the platform's own deadline.

A mirrored claim is moved by what the platform tells and by nobody here: no verb of ours, no clock, no refund. What it gives
back counts against the line like everything else, so that nothing is given back twice.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import func, select, text

from aftercare import cases, conversations, promises, shop
from aftercare.claims import accounts, foreign, model
from aftercare.claims.circumstances import Condition, FaultSide, Reason
from aftercare.claims.deadlines import StartsOn, clocks_of
from aftercare.claims.entitlements import rules_of, to_reserve
from aftercare.claims.events import ClaimMirrored
from aftercare.claims.model import Claim, ClaimLine, ForeignClaim, claim_numbers
from aftercare.claims.parts import counts_units, lines_of
from aftercare.claims.returns import settle_accounts
from aftercare.claims.states import SEVEN_STAGE, ClaimKind, ClaimState, is_end, waiting_for
from aftercare.claims.steps import start_clock
from aftercare.journal import Work
from aftercare.kit.errors import Invalid, Refusal
from aftercare.kit.money import share
from aftercare.promises import ClockTerms
from aftercare.shop import LineView

Code = Annotated[str, Field(min_length=1, max_length=100)]
LONGEST = timedelta(days=3650)


class MirroredLine(BaseModel):
    """`sku`, or the store's own id of the line."""

    sku: str
    quantity: int = Field(default=1, ge=1)


class MirroredClaim(BaseModel):
    """What a platform tells of one claim. Without lines it is about the whole order; without an amount, about all that was
    paid for them. `deadline_at` is when the platform ends the wait that `code` stands for."""

    source: Code
    external_id: Code
    order_number: Code
    kind: ClaimKind
    code: Code
    reason: Reason = Reason.other
    description: str = Field(default="", max_length=4_000)
    amount_cents: int | None = Field(default=None, ge=0)
    applied_at: AwareDatetime
    deadline_at: AwareDatetime | None = None
    lines: list[MirroredLine] = Field(default=[], max_length=1_000)


class Mirrored(BaseModel):
    """What became of it. `known` is False for a code without a meaning here: it was kept and changed nothing."""

    became: Literal["new", "changed", "same"]
    known: bool
    claim_id: UUID | None


class PlatformUnknown(Invalid):
    """No codes are known of this platform."""


class OrderUnknown(Refusal):
    """This shop has no order of this number; bring its orders in first."""


async def mirror(work: Work, shop_id: UUID, told: MirroredClaim) -> Mirrored:
    """Takes in what a platform tells of a claim; the same again changes nothing. Needs `orders.import`. Refuses with
    PlatformUnknown, OrderUnknown, LinesDoNotMatch."""
    work.require("orders.import")
    if told.source not in foreign.platforms():
        raise PlatformUnknown(source=told.source, known=sorted(foreign.platforms()))
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"),
        {"name": f"foreign claim {shop_id} {told.source} {told.external_id}"},
    )
    kept = (
        await work.session.execute(
            select(ForeignClaim).where(
                ForeignClaim.shop_id == shop_id,
                ForeignClaim.source == told.source,
                ForeignClaim.external_id == told.external_id,
            )
        )
    ).scalar_one_or_none()
    state = foreign.state_of(told.source, told.code, told.kind)
    plain = told.model_dump(mode="json")
    if kept is not None and kept.told == plain:
        return Mirrored(became="same", known=state is not None, claim_id=kept.claim_id)
    claim: Claim | None = None
    if kept is not None and kept.claim_id is not None:
        claim = (
            await work.session.execute(select(Claim).where(Claim.id == kept.claim_id).with_for_update())
        ).scalar_one()
        await _follow(work, claim, told, state, deadline_before=kept.deadline_at)
    elif state is not None:
        claim = await _begin(work, shop_id, told, state)
    else:
        await lines_meant(work, shop_id, told)
    became: Literal["new", "changed"] = "new" if kept is None else "changed"
    if kept is None:
        kept = ForeignClaim(
            id=work.new_id(),
            shop_id=shop_id,
            source=told.source,
            external_id=told.external_id,
            taken_at=work.now,
        )
        work.session.add(kept)
    kept.claim_id = claim.id if claim else None
    kept.code, kept.deadline_at, kept.told, kept.changed_at = told.code, told.deadline_at, plain, work.now
    await work.session.flush()
    return Mirrored(became=became, known=state is not None, claim_id=kept.claim_id)


async def lines_meant(work: Work, shop_id: UUID, told: MirroredClaim) -> list[tuple[LineView, int]]:
    """The lines of the order with their quantities. Refuses with OrderUnknown, LinesDoNotMatch."""
    order_id = await shop.order_of_number(work, shop_id, told.order_number)
    if order_id is None:
        raise OrderUnknown(order_number=told.order_number)
    bought = sorted(await shop.lines_of_orders(work, [order_id]), key=lambda line: line.position)
    if not told.lines:
        return [(line, line.quantity) for line in bought]
    meant: list[tuple[LineView, int]] = []
    for wish in told.lines:
        taken = {line.id for line, _ in meant}
        line = next((one for one in bought if one.sku == wish.sku and one.id not in taken), None)
        if line is None:
            raise model.LinesDoNotMatch(sku=wish.sku, why="the order has no such line")
        if wish.quantity > line.quantity:
            raise model.LinesDoNotMatch(sku=wish.sku, bought=line.quantity, asked=wish.quantity)
        meant.append((line, wish.quantity))
    return meant


async def _begin(work: Work, shop_id: UUID, told: MirroredClaim, state: ClaimState) -> Claim:
    meant = await lines_meant(work, shop_id, told)
    lines = [line for line, _ in meant]
    first = lines[0]
    owner, law, policy = await rules_of(work, shop_id)
    held = await accounts.locked_accounts(work, [to_reserve(line) for line in lines])
    worth = [line.paid_cents * quantity // line.quantity for line, quantity in meant]
    total = sum(worth) if told.amount_cents is None else told.amount_cents
    # The platform has decided already: what is left bounds only what we keep back for it.
    reserved = [
        min(part, held[line.id].paid_cents - held[line.id].taken_cents)
        for line, part in zip(lines, share(total, worth), strict=True)
    ]
    units = [
        min(quantity, held[line.id].quantity - held[line.id].taken_quantity) if counts_units(told.kind) else 0
        for line, quantity in meant
    ]
    case = await cases.open_case(
        work,
        cases.NewCase(
            shop_id=shop_id,
            customer_id=first.customer_id,
            order_id=first.order_id,
            title=first.title[:200],
            channel=conversations.Channel.api,
            locale=owner.locale,
            tags=[told.kind.value, told.source],
            expects_answer=False,
        ),
    )
    number = (await work.session.execute(select(func.nextval(claim_numbers.name)))).scalar_one()
    claim = Claim(
        id=work.new_id(),
        shop_id=shop_id,
        number=f"AS{work.now:%y%m}{number:06d}",
        case_id=case.id,
        customer_id=first.customer_id,
        kind=told.kind,
        state=state,
        before_dispute=None,
        reason=told.reason,
        fault_side=FaultSide.unknown,
        condition=Condition.unknown,
        description=told.description.replace("\x00", ""),
        channel="api",
        platform=told.source,
        before_receipt=any(
            line.delivered_at is None or line.delivered_at > told.applied_at for line in lines
        ),
        remedy=None,
        currency=first.currency,
        requested_cents=total,
        agreed_cents=0,
        policy=f"{policy.id}@{policy.version}",
        law=f"{law.market}@{law.version}",
        outcome="manual",
        difference_settled_at=None,
        return_address=None,
        rejection=None,
        override_reason=None,
        client_key=None,
        applied_at=told.applied_at,
        decided_at=None,
        ended_at=None,
        moved_at=work.now,
    )
    work.session.add(claim)
    await work.session.flush()
    for (line, _), cents, quantity in zip(meant, reserved, units, strict=True):
        work.session.add(
            ClaimLine(
                id=work.new_id(),
                shop_id=shop_id,
                claim_id=claim.id,
                order_id=line.order_id,
                order_line_id=line.id,
                product_id=line.product_id,
                quantity=quantity,
                requested_cents=cents,
                reserved_cents=cents,
                agreed_cents=0,
                new_product_id=None,
                new_price_cents=None,
            )
        )
        await accounts.take(work, line.id, cents, quantity)
    await work.session.flush()
    await work.session.refresh(claim)
    await cases.link(work, case.id, "claim", claim.id)
    await shop.hold_confirmation(work, first.order_id, claim.id)
    await _stand(work, claim, told, None)
    return claim


async def _follow(
    work: Work,
    claim: Claim,
    told: MirroredClaim,
    state: ClaimState | None,
    *,
    deadline_before: datetime | None,
) -> None:
    """What a later telling changes. A claim that has ended stays ended: platforms open a new one."""
    if state is None or is_end(claim.state):
        return
    if told.amount_cents is not None:
        claim.requested_cents = told.amount_cents
    if state is not claim.state:
        came_from, claim.state, claim.moved_at = claim.state, state, work.now
        await promises.stop_clocks(work, claim.id)
        await _stand(work, claim, told, came_from)
    elif told.deadline_at != deadline_before:
        await _set_deadline(work, claim, told)


async def _stand(work: Work, claim: Claim, told: MirroredClaim, came_from: ClaimState | None) -> None:
    """The claim stands in a state that is new to it: told, shown in its case, with the clock of the state, or settled."""
    work.record(
        ClaimMirrored(
            claim_id=claim.id,
            case_id=claim.case_id,
            customer_id=claim.customer_id,
            shop_id=claim.shop_id,
            kind=claim.kind,
            platform=told.source,
            code=told.code,
            from_state=came_from,
            to_state=claim.state,
        )
    )
    waits = waiting_for(claim.kind, claim.state)
    await cases.advance(
        work,
        claim.case_id,
        cases.Stage(SEVEN_STAGE[claim.state]),
        shop_acts=None if waits == "nobody" else waits in ("shop", "technician"),
    )
    if not is_end(claim.state):
        await _set_deadline(work, claim, told)
        return
    claim.ended_at = work.now
    if claim.state is ClaimState.refunded:
        for row in await lines_of(work, claim.id):
            row.agreed_cents = row.reserved_cents
            row.received_quantity = row.accepted_quantity = row.quantity
        claim.agreed_cents = claim.requested_cents
        claim.decided_at = claim.decided_at or work.now
        await work.session.flush()
    await settle_accounts(work, claim)


async def _set_deadline(work: Work, claim: Claim, told: MirroredClaim) -> None:
    """The clock of the state, ending when the platform says; by our own terms where it says nothing."""
    rules = clocks_of(claim.kind, claim.state)
    if told.deadline_at is None:
        for rule in rules:
            if rule.starts_on is StartsOn.entry:
                await start_clock(work, claim, rule.name)
        return
    if not rules:
        return
    # A parcel on its way back has two waits; the platform's deadline is the shop's, to receive it.
    rule = next((one for one in rules if one.name == "receive"), rules[0])
    begun = min(work.now, told.deadline_at - timedelta(seconds=1))
    await promises.start_clock(
        work,
        shop_id=claim.shop_id,
        subject_kind="claim",
        subject_id=claim.id,
        name=f"claim.{rule.name}",
        terms=ClockTerms(
            length=min(told.deadline_at - begun, LONGEST),
            policy=f"platform:{told.source}",
            max_extensions=0,
        ),
        started_at=begun,
    )
