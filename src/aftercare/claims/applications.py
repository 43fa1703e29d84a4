"""Applying for a claim, editing it, adding evidence, cancelling it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import select, text

from aftercare import cases, conversations, identity, shop
from aftercare.claims import accounts, model
from aftercare.claims.alarms import strand
from aftercare.claims.circumstances import FAULT_OF, Condition, FaultSide, PolicyInput, Reason
from aftercare.claims.decisions import agree
from aftercare.claims.entitlements import POLICY, circumstances, decided, rules_of, standing_of, to_reserve
from aftercare.claims.model import Claim, ClaimFreight, ClaimLine, claim_numbers
from aftercare.claims.money import (
    PaidLine,
    exchange_difference,
    fallen_by,
    refundable,
    refundable_without_return,
)
from aftercare.claims.moves import move, needs_of
from aftercare.claims.parts import (
    EVIDENCE_KINDS,
    counts_units,
    files_given,
    files_shown,
    is_for_fallen_price,
    lines_of,
    put_evidence,
)
from aftercare.claims.policy import Decision, Looked
from aftercare.claims.rulebook import Automatic
from aftercare.claims.states import ClaimKind, ClaimState, Mover, RepairWay
from aftercare.claims.steps import claim_for, step, written_late
from aftercare.journal import Work
from aftercare.kit.errors import Refusal
from aftercare.kit.money import share
from aftercare.shop import LineView
from aftercare.trials import Who, variant_for


class AskedLine(BaseModel):
    order_line_id: UUID
    quantity: int = Field(ge=0, le=100_000)
    new_product_id: UUID | None = None
    """Exchange: what the customer would like instead; the same product if left out."""
    price_cents: int | None = Field(default=None, ge=0, le=10**15)
    """Fallen price: what one costs now, as the customer has seen it. Where we know it ourselves, ours counts."""


class NewClaim(BaseModel):
    """`asked_cents`: what the customer asks back, for a part of the price or a compensation; else all that is possible, and of a
    price that has fallen the difference.
    `override_reason`: staff may apply where the policy is closed, and say why. `client_key`: sent again under the same key,
    an application is found, not doubled."""

    kind: ClaimKind
    lines: list[AskedLine] = Field(min_length=1, max_length=200)
    reason: Reason
    fault_side: FaultSide | None = None
    condition: Condition = Condition.unknown
    description: str = Field(default="", max_length=4_000)
    file_ids: list[UUID] = Field(default=[], max_length=20)
    asked_cents: int | None = Field(default=None, ge=0, le=10**15)
    in_advance: bool = False
    repair_way: RepairWay = RepairWay.mail_in
    channel: str = Field(default="portal", max_length=40)
    case_id: UUID | None = None
    override_reason: str | None = Field(default=None, max_length=1_000)
    client_key: str | None = Field(default=None, max_length=80)


NEXT_NUMBER = f"SELECT nextval('{claim_numbers.name}') AS number"
CHANNELS = frozenset(channel.value for channel in conversations.Channel)
ORDER_OF_OUTCOMES = {Automatic.approve: 0, Automatic.manual: 1, Automatic.reject: 2}


async def apply(work: Work, new: NewClaim, *, withdrawal: bool = False) -> Claim:
    """Files a claim over lines of one shop, one customer and one currency, and lets the policy decide what it may decide.
    Refuses with NotEntitled, NothingLeft, LinesDoNotMatch, QuantityNotPossible, NewProductMissing, PriceMissing,
    OwnDecisionForbidden."""
    if new.override_reason and not work.actor.may("claims.decide"):
        raise model.OwnDecisionForbidden()
    lines = await lines_for(work, new)
    first = lines[0]
    if new.client_key:
        before = (
            await work.session.execute(
                select(Claim).where(
                    Claim.shop_id == first.shop_id,
                    Claim.client_key == new.client_key,
                    Claim.customer_id == first.customer_id,
                )
            )
        ).scalar_one_or_none()
        if before is not None:
            return before
    claim_id = work.new_id()
    measured = await measure(work, new, lines, withdrawal=withdrawal)
    number = (await work.row(NEXT_NUMBER, {})).number
    for order_id in {line.order_id for line in lines}:
        await shop.hold_confirmation(work, order_id, claim_id)
    if new.case_id is not None:
        await cases.link(work, new.case_id, "claim", claim_id)
    case_id = (
        new.case_id
        or (
            await cases.open_case(
                work,
                cases.NewCase(
                    shop_id=first.shop_id,
                    customer_id=first.customer_id,
                    order_id=first.order_id,
                    title=first.title[:200],
                    channel=conversations.Channel(new.channel if new.channel in CHANNELS else "portal"),
                    locale=work.actor.locale,
                    tags=[new.kind.value],
                    expects_answer=False,
                    links=[("claim", claim_id)],
                ),
            )
        ).id
    )
    await variant_for(work, first.shop_id, POLICY, Who(first.customer_id, case_id))
    claim = Claim(
        id=claim_id,
        shop_id=first.shop_id,
        number=f"AS{work.now:%y%m}{number:06d}",
        case_id=case_id,
        customer_id=first.customer_id,
        kind=new.kind,
        state=ClaimState.draft,
        before_dispute=None,
        reason=new.reason,
        fault_side=measured.fault_side,
        condition=new.condition,
        description=new.description.replace("\x00", ""),
        channel=new.channel,
        platform=None,
        before_receipt=any(line.delivered_at is None or line.delivered_at > work.now for line in lines),
        withdrawal=withdrawal,
        in_advance=new.in_advance and new.kind is ClaimKind.exchange,
        repair_way=new.repair_way,
        remedy=None,
        goods_back=False,
        keep_goods=False,
        appealed=False,
        currency=first.currency,
        requested_cents=measured.total_cents,
        agreed_cents=0,
        fee_cents=measured.fee_cents,
        freight_cents=sum(measured.freight.values()),
        difference_cents=measured.difference_cents,
        difference_settled_at=None,
        freight_payer=measured.freight_payer,
        edits=0,
        policy=measured.policy,
        law=measured.law,
        outcome=measured.outcome.value,
        explanation=measured.explanation,
        return_address=None,
        rejection=None,
        override_reason=new.override_reason,
        client_key=new.client_key,
        applied_at=work.now,
        decided_at=None,
        ended_at=None,
        moved_at=work.now,
    )
    with written_late(work):
        work.session.add(claim)
        work.session.add_all(
            ClaimLine(
                id=work.new_id(),
                shop_id=claim.shop_id,
                claim_id=claim.id,
                order_id=line.order_id,
                order_line_id=line.id,
                product_id=line.product_id,
                quantity=asked.quantity,
                requested_cents=cents,
                reserved_cents=cents,
                agreed_cents=0,
                received_quantity=0,
                accepted_quantity=0,
                new_product_id=asked.new_product_id
                or (line.product_id if new.kind in (ClaimKind.exchange, ClaimKind.resend) else None),
                new_price_cents=measured.prices.get(line.id),
            )
            for line, asked, cents in zip(lines, ordered(new.lines), measured.cents, strict=True)
        )
        work.session.add_all(
            ClaimFreight(claim_id=claim.id, order_id=order_id, shop_id=claim.shop_id, cents=cents)
            for order_id, cents in measured.freight.items()
            if cents
        )
        for line, asked, cents in zip(lines, ordered(new.lines), measured.cents, strict=True):
            await accounts.take(work, line.id, cents, asked.quantity if counts_units(new.kind) else 0)
        for order_id, cents in measured.freight.items():
            if cents:
                await accounts.take_freight(work, order_id, cents)
        await put_evidence(work, claim, new.file_ids, "")
        at_once = await decides_at_once(work, claim, measured.outcome)
        await step(work, claim, "apply", at_once=at_once or None)
        await decide_by_policy(work, claim, measured.outcome, at_once=at_once)
    return claim


def ordered(asked: Sequence[AskedLine]) -> list[AskedLine]:
    return sorted(asked, key=lambda line: line.order_line_id)


async def lines_for(work: Work, new: NewClaim) -> list[LineView]:
    """The lines asked for, by id. Refuses with LinesDoNotMatch or QuantityNotPossible."""
    asked = ordered(new.lines)
    ids = [line.order_line_id for line in asked]
    if len(set(ids)) != len(ids):
        raise model.LinesDoNotMatch(why="a line is named twice")
    found = {line.id: line for line in await shop.get_lines(work, ids)}
    if set(found) != set(ids):
        raise model.LinesDoNotMatch(unknown=[str(one) for one in ids if one not in found])
    lines = [found[one] for one in ids]
    if len({(line.shop_id, line.customer_id, line.currency) for line in lines}) != 1:
        raise model.LinesDoNotMatch(why="more than one shop, customer or currency")
    for line, wish in zip(lines, asked, strict=True):
        fewest = 0 if new.kind is ClaimKind.compensation else 1
        if not fewest <= wish.quantity <= line.quantity:
            raise model.QuantityNotPossible(order_line=line.id, bought=line.quantity, asked=wish.quantity)
    return lines


class Measured(BaseModel):
    """What the policy says of the whole application."""

    cents: list[int]
    freight: dict[UUID, int]
    fee_cents: int
    total_cents: int
    difference_cents: int
    prices: dict[UUID, int]
    """By line what one costs now, where a claim is for that."""
    proposed_cents: int | None
    """By how much the price has fallen, if that is known of every line."""
    fault_side: FaultSide
    outcome: Automatic
    policy: str
    law: str
    freight_payer: str
    explanation: list[dict[str, Any]]


async def measure(
    work: Work,
    new: NewClaim,
    lines: Sequence[LineView],
    *,
    withdrawal: bool = False,
    at_most: bool = False,
) -> Measured:
    """Locks the lines' accounts, asks the policy line by line, and shares the money. Where nobody named an amount it is all that
    is possible, and of a price that has fallen the difference; with `at_most` all that is possible there too. Refuses with
    NothingLeft where units or money are used up, with NotEntitled where the kind is closed and neither staff nor the policy lets
    it through, with PriceMissing where a price has fallen by nothing that we know of."""
    owner, law, policy = await rules_of(work, lines[0].shop_id, Who(lines[0].customer_id))
    standing = await standing_of(work, lines[0].customer_id)
    held = await accounts.locked_accounts(work, [to_reserve(line) for line in lines])
    asked = ordered(new.lines)
    caps = [
        refundable_without_return(held[line.id])
        if not counts_units(new.kind)
        else _worth(held[line.id], wish.quantity, line.id)
        for line, wish in zip(lines, asked, strict=True)
    ]
    prices: dict[UUID, int] = {}
    fallen: list[int] = []
    if is_for_fallen_price(new.kind, new.reason):
        prices = await _prices(work, asked)
        if len(prices) == len(lines):
            fallen = [
                fallen_by(held[line.id], wish.quantity or line.quantity, prices[line.id])
                for line, wish in zip(lines, asked, strict=True)
            ]
    wanted = caps
    if new.asked_cents is not None:
        if new.asked_cents > sum(caps):
            raise model.AmountNotPossible(asked=new.asked_cents, most=sum(caps))
        wanted = fallen if fallen and new.asked_cents == sum(fallen) else share(new.asked_cents, caps)
    elif is_for_fallen_price(new.kind, new.reason) and not at_most:
        if not sum(fallen):
            raise model.PriceMissing()
        wanted = fallen
    kinds = [
        EVIDENCE_KINDS.get(file.media_type.split("/")[0], "document")
        for file in await files_given(work, new.file_ids)
    ]
    fault = new.fault_side if new.fault_side and work.actor.may("claims.decide") else FAULT_OF[new.reason]
    decisions: list[tuple[PolicyInput, Decision]] = []
    for line, wish, cents in zip(lines, asked, wanted, strict=True):
        case = circumstances(
            work,
            line,
            owner,
            paid_cents=cents,
            freight_cents=0,
            quantity=max(wish.quantity, 1),
            reason=new.reason,
            fault_side=fault,
            condition=new.condition,
            evidence_kinds=frozenset(kinds),
            evidence_count=len(kinds),
            kind=new.kind,
            channel=new.channel,
            customer=standing,
        )
        decisions.append((case, decided(case, owner, law, policy)))
    outcome = max(
        (decision.outcome or Automatic.manual for _, decision in decisions),
        key=lambda one: ORDER_OF_OUTCOMES[one],
    )
    closed = [
        (line, decision)
        for line, (_, decision) in zip(lines, decisions, strict=True)
        if not decision.entitlements[new.kind].open
    ]
    if closed and not new.override_reason and outcome is Automatic.reject:
        raise model.NotEntitled(
            lines=[
                {"order_line": line.id, "why": told(decision.entitlements[new.kind].why)}
                for line, decision in closed
            ]
        )
    if closed or new.override_reason:
        outcome = Automatic.manual
    if withdrawal and not closed:
        outcome = Automatic.approve
    paid_back = gives_money(new.kind)
    goods = [
        (decision.amount_cap_cents or 0) if not closed else cents
        for (_, decision), cents in zip(decisions, wanted, strict=True)
    ]
    freight: dict[UUID, int] = {}
    # Who asks for a part of the price names what is to come back; nothing is put on top of it.
    whole = new.asked_cents is None or new.asked_cents == sum(caps)
    if paid_back and whole and new.kind not in (ClaimKind.compensation, ClaimKind.exchange):
        freight = await _freight(work, lines, asked, decisions, new.kind, held)
    entitled = [decision.entitlements[new.kind] for _, decision in decisions]
    return Measured(
        cents=goods if paid_back else [0] * len(lines),
        freight=freight,
        fee_cents=sum(wanted) - sum(goods) if paid_back else 0,
        total_cents=(sum(goods) + sum(freight.values())) if paid_back else 0,
        difference_cents=await _difference(work, new, lines, wanted) if new.kind is ClaimKind.exchange else 0,
        prices=prices,
        proposed_cents=sum(fallen) if fallen else None,
        fault_side=fault,
        outcome=outcome,
        policy=f"{policy.id}@{policy.version}",
        law=f"{law.market}@{law.version}",
        freight_payer="shop"
        if any(one.freight_payer.value == "shop" for one in entitled) or fault is FaultSide.shop
        else "customer",
        explanation=[
            told(looked) for looked in _once(looked for _, one in decisions for looked in one.explanation)
        ],
    )


def gives_money(kind: ClaimKind) -> bool:
    return kind not in (ClaimKind.resend, ClaimKind.repair)


def _once(looked: Any) -> list[Looked]:
    return list(dict.fromkeys(looked))


def told(looked: Looked) -> dict[str, Any]:
    """A looked-at rule as it is kept with the claim: enough to say it again in any language."""
    return {
        "origin": looked.origin,
        "rule": looked.rule,
        "version": looked.version,
        "matched": looked.matched,
        "text": looked.text,
        "params": dict(looked.params),
        "source": looked.source,
    }


def _worth(account: PaidLine, quantity: int, line_id: UUID) -> int:
    if quantity > account.quantity - account.taken_quantity:
        raise model.NothingLeft(order_line=line_id, left=account.quantity - account.taken_quantity)
    return refundable(account, quantity)


async def _prices(work: Work, asked: Sequence[AskedLine]) -> dict[UUID, int]:
    """What one costs now, by line: what we know goes before what was seen."""
    seen = {wish.order_line_id: wish.price_cents for wish in asked if wish.price_cents is not None}
    return seen | await shop.prices_now(work, [wish.order_line_id for wish in asked])


async def _freight(
    work: Work,
    lines: Sequence[LineView],
    asked: Sequence[AskedLine],
    decisions: Sequence[tuple[PolicyInput, Decision]],
    kind: ClaimKind,
    held: dict[UUID, PaidLine],
) -> dict[UUID, int]:
    """The outward freight that comes back: of the units claimed, the last one with the remainder, where nothing was shipped
    yet or a rule says so."""
    due: dict[UUID, int] = {}
    for line, wish, (_, decision) in zip(lines, asked, decisions, strict=True):
        unshipped = line.shipped_at is None or line.shipped_at > work.now
        if unshipped or decision.entitlements[kind].outward_freight_back:
            units = PaidLine(line.freight_cents, line.quantity, 0, held[line.id].taken_quantity)
            part = refundable(units, wish.quantity)
            due[line.order_id] = due.get(line.order_id, 0) + part
    paid = {order_id: await shop.freight_paid(work, order_id) for order_id in due}
    shop_of = {line.order_id: line.shop_id for line in lines}
    return {
        order_id: min(cents, await accounts.freight_left(work, order_id, shop_of[order_id], paid[order_id]))
        for order_id, cents in sorted(due.items())
    }


async def _difference(work: Work, new: NewClaim, lines: Sequence[LineView], credited: Sequence[int]) -> int:
    """What the new goods cost more: positive, the customer pays. The same product, or the same price, costs nothing."""
    total = 0
    for line, wish, credit in zip(lines, ordered(new.lines), credited, strict=True):
        if wish.new_product_id is None or wish.new_product_id == line.product_id:
            continue
        product = await shop.get_product(work, wish.new_product_id)
        if product.shop_id != line.shop_id or product.price_cents is None:
            raise model.NewProductMissing(product=wish.new_product_id)
        # Against the list price of the old: a coupon stays with the customer. Never more back than was paid.
        each = exchange_difference(product.price_cents, line.unit_price_cents)
        total += max(each * wish.quantity, -credit)
    return total


BY_POLICY = "policy"
"""What a claim that the policy rejected has for a reason; the explanation says more."""


async def decides_at_once(work: Work, claim: Claim, outcome: Automatic) -> bool:
    """Whether the policy's word is the decision. It approves nothing that would have to go back to nowhere."""
    if outcome is Automatic.approve and any(
        "return_address" in needs_of(row, claim.kind, claim.variant) for row in move("approve")
    ):
        return bool((await identity.get_shop(work, claim.shop_id)).return_address)
    return outcome is not Automatic.manual


async def decide_by_policy(work: Work, claim: Claim, outcome: Automatic, *, at_once: bool) -> None:
    """What the policy decides by itself is decided in the same breath, by the system and under the rule's name. That a shop
    has no address is not the customer's fault: the application stands, and people are told."""
    if outcome is Automatic.approve and not at_once:
        strand(work, claim)
    elif outcome is Automatic.approve:
        await agree(work, claim, mover=Mover.system, rule=claim.policy, at_once=True)
    elif outcome is Automatic.reject:
        claim.rejection, claim.decided_at = BY_POLICY, work.now
        await step(work, claim, "reject", mover=Mover.system, rule=claim.policy, at_once=True)


async def add_evidence(work: Work, claim_id: UUID, file_ids: Sequence[UUID], words: str = "") -> Claim:
    """Refuses with MoveNotPossible where evidence is no longer taken, and with ProofMissing when nothing is given."""
    if not file_ids and not words.strip():
        raise model.ProofMissing()
    claim = await claim_for(work, claim_id, lock=True)
    await put_evidence(work, claim, file_ids, words.strip())
    await step(work, claim, "add_evidence")
    return claim


class Edit(BaseModel):
    """Only what is given changes; the claim goes back to the shop to be decided. With other quantities, as much is asked as
    is possible for them, unless `asked_cents` says otherwise."""

    reason: Reason | None = None
    description: str | None = Field(default=None, max_length=4_000)
    quantities: dict[UUID, int] = {}
    """By order line; fewer than before, or more if the line still has them."""
    asked_cents: int | None = Field(default=None, ge=0)
    file_ids: list[UUID] = []


MOST_EDITS = 5


class EditsUsedUp(Refusal):
    """This claim has been changed as often as it can be; please cancel it and apply anew."""


async def edit(work: Work, claim_id: UUID, change: Edit) -> Claim:
    """Measures the claim anew; counted, at most MOST_EDITS times."""
    claim = await claim_for(work, claim_id, lock=True)
    if claim.edits >= MOST_EDITS:
        raise EditsUsedUp(most=MOST_EDITS)
    rows = await lines_of(work, claim.id)
    other = any(change.quantities.get(row.order_line_id, row.quantity) != row.quantity for row in rows)
    asked_cents = change.asked_cents
    if asked_cents is None and gives_money(claim.kind) and not (other and counts_units(claim.kind)):
        asked_cents = sum(row.requested_cents for row in rows) + claim.fee_cents
    shown = await files_shown(work, claim.id)
    await release(work, claim, rows)
    new = NewClaim(
        kind=claim.kind,
        lines=[
            AskedLine(
                order_line_id=row.order_line_id,
                quantity=change.quantities.get(row.order_line_id, row.quantity),
                new_product_id=row.new_product_id if claim.kind is ClaimKind.exchange else None,
                price_cents=row.new_price_cents,
            )
            for row in rows
        ],
        reason=change.reason or claim.reason,
        condition=claim.condition,
        asked_cents=asked_cents,
        file_ids=[*change.file_ids, *shown][:20],
        channel=claim.channel,
        override_reason=claim.override_reason,
    )
    lines = await lines_for(work, new)
    measured = await measure(work, new, lines, withdrawal=claim.withdrawal)
    for row, wish, cents in zip(rows, ordered(new.lines), measured.cents, strict=True):
        row.quantity, row.requested_cents, row.reserved_cents = wish.quantity, cents, cents
        row.agreed_cents, row.new_price_cents = 0, measured.prices.get(row.order_line_id)
        await accounts.take(work, row.order_line_id, cents, wish.quantity if counts_units(claim.kind) else 0)
    for order_id, cents in measured.freight.items():
        if cents:
            work.session.add(
                ClaimFreight(claim_id=claim.id, order_id=order_id, shop_id=claim.shop_id, cents=cents)
            )
            await accounts.take_freight(work, order_id, cents)
    claim.reason, claim.fault_side = new.reason, measured.fault_side
    if change.description is not None:
        claim.description = change.description.replace("\x00", "")
    claim.requested_cents, claim.agreed_cents = measured.total_cents, 0
    claim.fee_cents, claim.freight_cents = measured.fee_cents, sum(measured.freight.values())
    claim.difference_cents, claim.outcome = measured.difference_cents, measured.outcome.value
    claim.explanation, claim.policy, claim.law = measured.explanation, measured.policy, measured.law
    claim.edits += 1
    claim.rejection = None
    await put_evidence(work, claim, change.file_ids, "")
    await step(work, claim, "edit")
    if measured.outcome is Automatic.approve:
        at_once = await decides_at_once(work, claim, measured.outcome)
        await decide_by_policy(work, claim, measured.outcome, at_once=at_once)
    return claim


async def cancel(work: Work, claim_id: UUID) -> Claim:
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "cancel")
    return claim


async def release(work: Work, claim: Claim, rows: Sequence[ClaimLine]) -> None:
    """Gives back all that the claim holds of lines and freight."""
    for row in rows:
        units = row.quantity if counts_units(claim.kind) else 0
        await accounts.take(work, row.order_line_id, -row.reserved_cents, -units)
    freight = await work.session.execute(
        text("DELETE FROM claim_freight WHERE claim_id = :claim RETURNING order_id, cents"),
        {"claim": claim.id},
    )
    for order_id, cents in freight.all():
        await accounts.take_freight(work, order_id, -cents)
