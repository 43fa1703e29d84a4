"""Reading claims: one claim whole, lists, what the warehouse expects, what finance has to look after."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Select, select, text, tuple_

from aftercare import conversations, identity, logistics, promises, shop
from aftercare.claims.circumstances import Reason
from aftercare.claims.model import (
    Claim,
    ClaimLine,
    Dispute,
    Offer,
    OfferState,
    Refund,
    RefundState,
)
from aftercare.claims.moves import needs_of
from aftercare.claims.policy import Decision, Looked
from aftercare.claims.states import END_STATES, ClaimKind, ClaimState, waiting_for
from aftercare.claims.steps import actions_for, claim_for
from aftercare.claims.wording import Side, explain, label
from aftercare.journal import ActorKind, Work
from aftercare.kit.paging import Page, page, read_mark
from aftercare.logistics import ShipmentView
from aftercare.promises import ClockView


class Why(BaseModel):
    """One rule that was looked at, in the reader's words."""

    origin: str
    rule: str
    version: str
    matched: bool
    sentence: str
    source: str


class EntitlementView(BaseModel):
    kind: ClaimKind
    label: str
    open: bool
    by_law: bool
    until: date | None
    why: Why
    freight_payer: str
    automatic: bool
    evidence_needed: list[str]
    fee_percent: int
    fee_cents: int


class ActionView(BaseModel):
    """A button: the verb, its words, and what has to be handed in with it."""

    verb: str
    label: str
    rank: int
    needs: list[str]


class MoneyLine(BaseModel):
    """The money strip of one line, in minor units."""

    paid_cents: int
    claimed_cents: int
    agreed_cents: int
    received_cents: int
    refunded_cents: int


class ClaimLineView(BaseModel):
    order_line_id: UUID
    order_id: UUID
    order_number: str
    sku: str
    title: str
    image: str | None
    bought: int
    quantity: int
    received_quantity: int
    accepted_quantity: int
    new_product_id: UUID | None
    new_product_title: str | None
    money: MoneyLine


class EvidenceView(BaseModel):
    id: UUID
    file_id: UUID | None
    media_type: str | None
    name: str | None
    side: str
    words: str
    added_at: datetime


class OfferView(BaseModel):
    id: UUID
    state: str
    asks: str
    kind: ClaimKind | None
    amount_cents: int | None
    keep_goods: bool
    words: str
    made_at: datetime
    answered_at: datetime | None


class RefundView(BaseModel):
    id: UUID
    claim_id: UUID
    claim_number: str
    shop_id: UUID
    order_id: UUID
    provider: str
    amount_cents: int
    currency: str
    state: str
    failure: str | None
    attempts: int
    gateway_reference: str | None
    requested_at: datetime
    paid_at: datetime | None


class FindingView(BaseModel):
    id: UUID
    order_line_id: UUID
    quantity: int
    grade: str
    accepted: bool
    disposition: str | None
    words: str


class DisputeView(BaseModel):
    id: UUID
    words: str
    question: str | None
    ruling: str | None
    ruling_words: str | None
    ruled_at: datetime | None
    appeal_words: str | None
    opened_at: datetime
    ended_at: datetime | None


class ClaimRow(BaseModel):
    """A claim in a list."""

    id: UUID
    number: str
    shop_id: UUID
    case_id: UUID
    customer_id: UUID
    customer_name: str
    kind: ClaimKind
    kind_label: str
    state: ClaimState
    state_label: str
    waiting_for: str
    reason: str
    title: str
    image: str | None
    quantity: int
    requested_cents: int
    agreed_cents: int
    currency: str
    applied_at: datetime
    moved_at: datetime
    clock: ClockView | None


class ClaimPage(BaseModel):
    """Everything about one claim that the reader may see."""

    id: UUID
    number: str
    shop_id: UUID
    shop_name: str
    case_id: UUID
    customer_id: UUID
    kind: ClaimKind
    kind_label: str
    state: ClaimState
    state_label: str
    ended: bool
    waiting_for: str
    reason: str
    reason_label: str
    fault_side: str
    condition: str
    description: str
    channel: str
    before_receipt: bool
    withdrawal: bool
    in_advance: bool
    repair_way: str
    keep_goods: bool
    currency: str
    requested_cents: int
    agreed_cents: int
    fee_cents: int
    freight_cents: int
    difference_cents: int
    difference_settled_at: datetime | None
    freight_payer: str
    refunded_cents: int
    edits: int
    policy: str
    law: str
    outcome: str
    why: list[Why]
    return_address: dict[str, Any] | None
    rejection: str | None
    override_reason: str | None
    applied_at: datetime
    decided_at: datetime | None
    ended_at: datetime | None
    lines: list[ClaimLineView]
    evidence: list[EvidenceView]
    offers: list[OfferView]
    refunds: list[RefundView]
    findings: list[FindingView]
    dispute: DisputeView | None
    shipments: list[ShipmentView]
    clocks: list[ClockView]
    actions: list[ActionView]


class ClaimCard(BaseModel):
    """What a notice or a link needs to speak of a claim."""

    id: UUID
    number: str
    shop_id: UUID
    case_id: UUID
    customer_id: UUID
    order_id: UUID
    order_number: str
    kind: ClaimKind
    state: ClaimState
    title: str
    quantity: int
    requested_cents: int
    agreed_cents: int
    currency: str
    rejection: str | None
    return_address: dict[str, Any] | None
    offer_words: str | None
    offer_amount_cents: int | None
    question: str | None


def why_of(looked: dict[str, Any], locale: str, today: date) -> Why:
    """The sentence of a rule kept with a claim; days were kept as text."""
    params = tuple(
        (name, date.fromisoformat(value) if name in ("until", "day") and isinstance(value, str) else value)
        for name, value in looked["params"].items()
    )
    told = Looked(
        looked["origin"],
        looked["rule"],
        looked["version"],
        frozenset(),
        looked["matched"],
        looked["text"],
        params,
        looked["source"],
    )
    return spoken(told, locale, today)


def spoken(looked: Looked, locale: str, today: date) -> Why:
    return Why(
        origin=looked.origin,
        rule=looked.rule,
        version=looked.version,
        matched=looked.matched,
        sentence=explain(looked, locale, today),
        source=looked.source,
    )


def entitlement_views(decision: Decision, locale: str, today: date) -> list[EntitlementView]:
    return [
        EntitlementView(
            kind=one.kind,
            label=label("kind", one.kind, locale),
            open=one.open,
            by_law=one.by_law,
            until=one.until,
            why=spoken(one.why, locale, today),
            freight_payer=one.freight_payer.value,
            automatic=one.automatic.value == "approve",
            evidence_needed=list(one.evidence_needed),
            fee_percent=one.fee_percent,
            fee_cents=one.fee_cents,
        )
        for one in decision.entitlements.values()
    ]


async def claim_card(work: Work, claim_id: UUID) -> ClaimCard:
    claim = await claim_for(work, claim_id)
    rows = await claim_lines(work, [claim_id])
    lines = {line.id: line for line in await shop.get_lines(work, [row.order_line_id for row in rows])}
    first = lines[rows[0].order_line_id]
    offer = (
        await work.session.execute(
            select(Offer).where(Offer.claim_id == claim.id).order_by(Offer.made_at.desc()).limit(1)
        )
    ).scalar_one_or_none()
    held = (
        await work.session.execute(
            select(Dispute).where(Dispute.claim_id == claim.id, Dispute.ended_at.is_(None))
        )
    ).scalar_one_or_none()
    return ClaimCard(
        id=claim.id,
        number=claim.number,
        shop_id=claim.shop_id,
        case_id=claim.case_id,
        customer_id=claim.customer_id,
        order_id=first.order_id,
        order_number=first.order_number,
        kind=claim.kind,
        state=claim.state,
        title=first.title,
        quantity=sum(row.quantity for row in rows),
        requested_cents=claim.requested_cents,
        agreed_cents=claim.agreed_cents,
        currency=claim.currency,
        rejection=claim.rejection,
        return_address=claim.return_address,
        offer_words=offer.words if offer else None,
        offer_amount_cents=offer.amount_cents if offer else None,
        question=held.question if held else None,
    )


async def claim_lines(work: Work, claim_ids: Sequence[UUID]) -> list[ClaimLine]:
    rows = await work.session.execute(
        select(ClaimLine)
        .where(ClaimLine.claim_id.in_(claim_ids))
        .order_by(ClaimLine.claim_id, ClaimLine.order_line_id)
    )
    return list(rows.scalars())


# All that hangs on a claim, in one statement: most claims have none of it.
PARTS = text(
    """
    SELECT
      (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.requested_at, r.id) FROM refund r WHERE r.claim_id = :id) AS refunds,
      (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.made_at) FROM claim_offer o WHERE o.claim_id = :id) AS offers,
      (SELECT jsonb_agg(to_jsonb(f) || jsonb_build_object('order_line_id', l.order_line_id) ORDER BY f.id)
       FROM claim_finding f JOIN claim_line l ON l.id = f.claim_line_id WHERE f.claim_id = :id) AS findings,
      (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.added_at, e.id) FROM claim_evidence e WHERE e.claim_id = :id) AS evidence,
      (SELECT to_jsonb(d) FROM claim_dispute d WHERE d.claim_id = :id ORDER BY d.opened_at DESC LIMIT 1) AS dispute
    """
)


async def claim_page(work: Work, claim_id: UUID) -> ClaimPage:
    claim = await claim_for(work, claim_id)
    locale = work.actor.locale
    side: Side = "customer" if work.actor.kind is ActorKind.customer else "staff"
    owner = await identity.get_shop(work, claim.shop_id)
    today = work.now.astimezone(ZoneInfo(owner.time_zone)).date()
    rows = await claim_lines(work, [claim.id])
    parts = (await work.session.execute(PARTS, {"id": claim.id})).one()
    refunds = [
        RefundView.model_validate({**refund, "claim_number": claim.number}) for refund in parts.refunds or ()
    ]
    refunded = sum(refund.amount_cents for refund in refunds if refund.state == RefundState.paid)
    offers = [OfferView.model_validate(offer) for offer in parts.offers or ()]
    # Proof that is asked for, or a withdrawal, is not accepted but answered.
    asked = any(offer.state == OfferState.open and offer.asks in ("proof", "cancel") for offer in offers)
    actions = [row for row in actions_for(work.actor, claim) if not (asked and row.name == "accept_offer")]
    return ClaimPage(
        id=claim.id,
        number=claim.number,
        shop_id=claim.shop_id,
        shop_name=owner.name,
        case_id=claim.case_id,
        customer_id=claim.customer_id,
        kind=claim.kind,
        kind_label=label("kind", claim.kind, locale, side),
        state=claim.state,
        state_label=label("state", claim.state, locale, side),
        ended=claim.state in END_STATES,
        waiting_for=waiting_for(claim.kind, claim.state),
        reason=claim.reason.value,
        reason_label=label("reason", claim.reason, locale, side),
        fault_side=claim.fault_side.value,
        condition=claim.condition.value,
        description=claim.description,
        channel=claim.channel,
        before_receipt=claim.before_receipt,
        withdrawal=claim.withdrawal,
        in_advance=claim.in_advance,
        repair_way=claim.repair_way.value,
        keep_goods=claim.keep_goods,
        currency=claim.currency,
        requested_cents=claim.requested_cents,
        agreed_cents=claim.agreed_cents,
        fee_cents=claim.fee_cents,
        freight_cents=claim.freight_cents,
        difference_cents=claim.difference_cents,
        difference_settled_at=claim.difference_settled_at,
        freight_payer=claim.freight_payer,
        refunded_cents=refunded,
        edits=claim.edits,
        policy=claim.policy,
        law=claim.law,
        outcome=claim.outcome,
        why=[why_of(looked, locale, today) for looked in claim.explanation],
        return_address=claim.return_address,
        rejection=claim.rejection,
        override_reason=claim.override_reason if side == "staff" else None,
        applied_at=claim.applied_at,
        decided_at=claim.decided_at,
        ended_at=claim.ended_at,
        lines=await _line_views(work, claim, rows, refunded),
        evidence=await _evidence_views(work, parts.evidence or ()),
        offers=offers,
        refunds=refunds,
        findings=[
            FindingView.model_validate(
                {**finding, "disposition": finding["disposition"] if side == "staff" else None}
            )
            for finding in parts.findings or ()
        ],
        dispute=None if parts.dispute is None else DisputeView.model_validate(parts.dispute),
        shipments=await logistics.shipments_of(work, claim_id=claim.id),
        clocks=await promises.clocks_of(work, [claim.id]),
        actions=[
            ActionView(
                verb=row.name,
                label=label("move", row.name, locale, side),
                rank=row.rank,
                needs=list(needs_of(row, claim.kind, claim.variant)),
            )
            for row in actions
        ],
    )


async def _line_views(
    work: Work, claim: Claim, rows: Sequence[ClaimLine], refunded: int
) -> list[ClaimLineView]:
    """The strip's last figure shares what was truly refunded over the lines in the proportion agreed, freight apart."""
    lines = {line.id: line for line in await shop.get_lines(work, [row.order_line_id for row in rows])}
    titles = await shop.product_titles(
        work,
        [row.new_product_id for row in rows if row.new_product_id and row.new_product_id != row.product_id],
    )
    goods_left = max(refunded - claim.freight_cents, 0) if refunded >= claim.agreed_cents else refunded
    views: list[ClaimLineView] = []
    for row in rows:
        line = lines[row.order_line_id]
        back = min(row.agreed_cents, goods_left)
        goods_left -= back
        worth = row.agreed_cents or row.requested_cents
        views.append(
            ClaimLineView(
                order_line_id=row.order_line_id,
                order_id=row.order_id,
                order_number=line.order_number,
                sku=line.sku,
                title=line.title,
                image=line.image,
                bought=line.quantity,
                quantity=row.quantity,
                received_quantity=row.received_quantity,
                accepted_quantity=row.accepted_quantity,
                new_product_id=row.new_product_id,
                new_product_title=titles.get(row.new_product_id) if row.new_product_id else None,
                money=MoneyLine(
                    paid_cents=line.paid_cents,
                    claimed_cents=row.requested_cents,
                    agreed_cents=row.agreed_cents,
                    received_cents=worth * row.received_quantity // row.quantity if row.quantity else 0,
                    refunded_cents=back,
                ),
            )
        )
    return views


async def _evidence_views(work: Work, rows: Sequence[dict[str, Any]]) -> list[EvidenceView]:
    """Named only where the actor may see the file."""
    ids = {row["id"]: UUID(row["file_id"]) for row in rows if row["file_id"]}
    files = await conversations.files(work, list(ids.values())) if ids else {}
    views = []
    for row in rows:
        file = files.get(ids[row["id"]]) if row["id"] in ids else None
        named = (
            {"media_type": file.media_type, "name": file.name} if file else {"media_type": None, "name": None}
        )
        views.append(EvidenceView.model_validate({**row, **named}))
    return views


def refund_view(refund: Refund, claim_number: str) -> RefundView:
    return RefundView(
        id=refund.id,
        claim_id=refund.claim_id,
        claim_number=claim_number,
        shop_id=refund.shop_id,
        order_id=refund.order_id,
        provider=refund.provider,
        amount_cents=refund.amount_cents,
        currency=refund.currency,
        state=refund.state.value,
        failure=refund.failure,
        attempts=refund.attempts,
        gateway_reference=refund.gateway_reference,
        requested_at=refund.requested_at,
        paid_at=refund.paid_at,
    )


MOST_CENTS = 10**15


class ClaimFilter(BaseModel):
    """`open`: only claims that have not ended. `search`: a claim, order or tracking number. Applied for from `applied_from`
    on and before `applied_before`. Amounts are of what was asked for, in minor units; give the currency with them."""

    shop_id: UUID | None = None
    states: list[ClaimState] = []
    kinds: list[ClaimKind] = []
    reasons: list[Reason] = []
    market: Annotated[str | None, Field(pattern=r"^[A-Z]{2}$")] = None
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    from_cents: Annotated[int | None, Field(ge=0, le=MOST_CENTS)] = None
    to_cents: Annotated[int | None, Field(ge=0, le=MOST_CENTS)] = None
    applied_from: AwareDatetime | None = None
    applied_before: AwareDatetime | None = None
    open: bool | None = None
    case_id: UUID | None = None
    customer_id: UUID | None = None
    order_id: UUID | None = None
    search: str | None = None


async def claim_list(
    work: Work, wanted: ClaimFilter, *, after: str | None = None, limit: int = 50
) -> Page[ClaimRow]:
    """Newest first. Customers see their own; staff, with `claims.read`, those of their shops."""
    statement = await claims_like(work, wanted)
    begins = read_mark(after, (datetime, UUID))
    if begins:
        statement = statement.where(tuple_(Claim.applied_at, Claim.id) < (begins[0], begins[1]))
    ordered = statement.order_by(Claim.applied_at.desc(), Claim.id.desc()).limit(limit + 1)
    found = list((await work.session.execute(ordered)).scalars())
    kept, following = page(found, limit, lambda claim: (claim.applied_at, claim.id))
    return Page(items=await claim_rows(work, kept), next=following)


async def claims_like(work: Work, wanted: ClaimFilter) -> Select[Claim]:
    """The claims that are wanted, of those that the actor may see. Staff need `claims.read`."""
    statement = select(Claim)
    if work.actor.kind is ActorKind.customer:
        statement = statement.where(Claim.customer_id.in_(work.actor.customers))
    else:
        work.require("claims.read")
    if wanted.shop_id:
        statement = statement.where(Claim.shop_id == wanted.shop_id)
    if wanted.states:
        statement = statement.where(Claim.state.in_(wanted.states))
    if wanted.kinds:
        statement = statement.where(Claim.kind.in_(wanted.kinds))
    if wanted.reasons:
        statement = statement.where(Claim.reason.in_(wanted.reasons))
    if wanted.market:
        statement = statement.where(Claim.shop_id.in_(await identity.shops_of_market(work, wanted.market)))
    if wanted.currency:
        statement = statement.where(Claim.currency == wanted.currency)
    if wanted.from_cents is not None:
        statement = statement.where(Claim.requested_cents >= wanted.from_cents)
    if wanted.to_cents is not None:
        statement = statement.where(Claim.requested_cents <= wanted.to_cents)
    if wanted.applied_from is not None:
        statement = statement.where(Claim.applied_at >= wanted.applied_from)
    if wanted.applied_before is not None:
        statement = statement.where(Claim.applied_at < wanted.applied_before)
    if wanted.open is not None:
        ended = Claim.state.in_(END_STATES)
        statement = statement.where(~ended if wanted.open else ended)
    if wanted.case_id:
        statement = statement.where(Claim.case_id == wanted.case_id)
    if wanted.customer_id:
        statement = statement.where(Claim.customer_id == wanted.customer_id)
    if wanted.order_id:
        statement = statement.where(
            Claim.id.in_(select(ClaimLine.claim_id).where(ClaimLine.order_id == wanted.order_id))
        )
    if wanted.search:
        statement = statement.where(Claim.id.in_(await find_claims(work, wanted.search)))
    return statement


async def find_claims(work: Work, code: str, *, limit: int = 50) -> list[UUID]:
    """Claims by what a scanner or a person gives: a claim number, a tracking number, an order number or an SKU that is on
    its way back."""
    code = code.strip()[:80]
    rows = await work.session.execute(
        text(
            """
            SELECT id FROM claim WHERE number = upper(:code)
            UNION SELECT claim_id FROM shipment WHERE tracking_number = upper(:code) AND claim_id IS NOT NULL
            UNION SELECT l.claim_id FROM claim_line l JOIN sales_order o ON o.id = l.order_id WHERE o.number_key = upper(:code)
            UNION SELECT l.claim_id FROM order_line b JOIN claim_line l ON l.order_line_id = b.id JOIN claim c ON c.id = l.claim_id
              WHERE b.sku = :code AND c.state IN ('awaiting_return', 'in_transit_back', 'received', 'inspecting')
            LIMIT :limit
            """
        ),
        {"code": code, "limit": limit},
    )
    return list(rows.scalars())


async def claim_rows(work: Work, claims: Sequence[Claim]) -> list[ClaimRow]:
    """The rows of a list in a fixed number of statements, whatever its length."""
    if not claims:
        return []
    ids = [claim.id for claim in claims]
    rows = await claim_lines(work, ids)
    lines = {line.id: line for line in await shop.get_lines(work, [row.order_line_id for row in rows])}
    names = await shop.customer_names(work, [claim.customer_id for claim in claims])
    clocks: dict[UUID, ClockView] = {}
    for clock in await promises.clocks_of(work, ids):
        if clock.state == "running" and clock.subject_id not in clocks:
            clocks[clock.subject_id] = clock
    by_claim: dict[UUID, list[ClaimLine]] = {}
    for row in rows:
        by_claim.setdefault(row.claim_id, []).append(row)
    locale = work.actor.locale
    side: Side = "customer" if work.actor.kind is ActorKind.customer else "staff"
    return [
        ClaimRow(
            id=claim.id,
            number=claim.number,
            shop_id=claim.shop_id,
            case_id=claim.case_id,
            customer_id=claim.customer_id,
            customer_name=names.get(claim.customer_id, ""),
            kind=claim.kind,
            kind_label=label("kind", claim.kind, locale, side),
            state=claim.state,
            state_label=label("state", claim.state, locale, side),
            waiting_for=waiting_for(claim.kind, claim.state),
            reason=claim.reason.value,
            title=lines[by_claim[claim.id][0].order_line_id].title,
            image=lines[by_claim[claim.id][0].order_line_id].image,
            quantity=sum(row.quantity for row in by_claim[claim.id]),
            requested_cents=claim.requested_cents,
            agreed_cents=claim.agreed_cents,
            currency=claim.currency,
            applied_at=claim.applied_at,
            moved_at=claim.moved_at,
            clock=clocks.get(claim.id),
        )
        for claim in claims
    ]


async def refund_list(
    work: Work,
    *,
    states: Sequence[RefundState] = (),
    shop_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[RefundView]:
    """Refunds, newest first. Needs `refunds.read`."""
    work.require("refunds.read")
    statement = select(Refund, Claim.number).join(Claim, Claim.id == Refund.claim_id)
    begins = read_mark(after, (datetime, UUID))
    if begins:
        statement = statement.where(tuple_(Refund.requested_at, Refund.id) < (begins[0], begins[1]))
    if states:
        statement = statement.where(Refund.state.in_(states))
    if shop_id:
        statement = statement.where(Refund.shop_id == shop_id)
    rows = (
        await work.session.execute(
            statement.order_by(Refund.requested_at.desc(), Refund.id.desc()).limit(limit + 1)
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row[0].requested_at, row[0].id))
    return Page(items=[refund_view(refund, number) for refund, number in kept], next=following)


async def refund_counts(work: Work) -> dict[str, int]:
    """How many refunds are in each state, for the finance screen. Needs `refunds.read`."""
    work.require("refunds.read")
    rows = await work.session.execute(text("SELECT state, count(*) AS many FROM refund GROUP BY state"))
    return {row.state: row.many for row in rows}
