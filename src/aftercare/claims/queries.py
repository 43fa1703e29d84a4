"""Reading claims: one claim whole, and the cards that stand in a talk."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import BaseModel
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from aftercare import conversations, identity, logistics, promises, shop
from aftercare.claims.accounts import accounts_without
from aftercare.claims.model import (
    Claim,
    ClaimLine,
    ClaimNotFound,
    Dispute,
    Offer,
    OfferState,
    RefundState,
)
from aftercare.claims.money import fallen_by
from aftercare.claims.moves import needs_of
from aftercare.claims.parts import is_for_fallen_price
from aftercare.claims.policy import Decision, Looked
from aftercare.claims.states import END_STATES, ClaimKind, ClaimState, waiting_for
from aftercare.claims.steps import actions_for, claim_for, may_see
from aftercare.claims.wording import Side, explain, label, state_label
from aftercare.journal import ActorKind, Work
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
    new_price_cents: int | None
    """Of a price that has fallen: what one costs now."""
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
    proposed_cents: int | None
    """While a claim for a fallen price is undecided: the difference, if it is known, up to what is asked."""
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
    return (await claim_cards(work, [claim_id]))[0]


async def claim_cards(work: Work, claim_ids: Sequence[UUID]) -> list[ClaimCard]:
    """In the order asked for, in a fixed number of statements. Refuses with ClaimNotFound."""
    claims = {
        claim.id: claim for claim in await work.session.scalars(select(Claim).where(Claim.id.in_(claim_ids)))
    }
    for claim_id in claim_ids:
        if claim_id not in claims or not may_see(work.actor, claims[claim_id]):
            raise ClaimNotFound(claim=claim_id)
    rows: dict[UUID, list[ClaimLine]] = {}
    for row in await claim_lines(work, claim_ids):
        rows.setdefault(row.claim_id, []).append(row)
    firsts = [rows[claim_id][0].order_line_id for claim_id in claim_ids]
    lines = {line.id: line for line in await shop.get_lines(work, firsts)}
    offers = {
        offer.claim_id: offer
        for offer in await work.session.scalars(
            select(Offer)
            .where(Offer.claim_id.in_(claim_ids))
            .ext(distinct_on(Offer.claim_id))
            .order_by(Offer.claim_id, Offer.made_at.desc())
        )
    }
    questions = {
        held.claim_id: held.question
        for held in await work.session.scalars(
            select(Dispute).where(Dispute.claim_id.in_(claim_ids), Dispute.ended_at.is_(None))
        )
    }
    cards = []
    for claim_id, first_id in zip(claim_ids, firsts, strict=True):
        claim, first, offer = claims[claim_id], lines[first_id], offers.get(claim_id)
        cards.append(
            ClaimCard(
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
                quantity=sum(row.quantity for row in rows[claim_id]),
                requested_cents=claim.requested_cents,
                agreed_cents=claim.agreed_cents,
                currency=claim.currency,
                rejection=claim.rejection,
                return_address=claim.return_address,
                offer_words=offer.words if offer else None,
                offer_amount_cents=offer.amount_cents if offer else None,
                question=questions.get(claim_id),
            )
        )
    return cards


async def claim_lines(work: Work, claim_ids: Sequence[UUID]) -> list[ClaimLine]:
    rows = await work.session.execute(
        select(ClaimLine)
        .where(ClaimLine.claim_id.in_(claim_ids))
        .order_by(ClaimLine.claim_id, ClaimLine.order_line_id)
    )
    return list(rows.scalars())


# All that hangs on a claim, in one statement: most claims have none of it.
PARTS = """
    SELECT
      (SELECT jsonb_agg(to_jsonb(r) ORDER BY r.requested_at, r.id) FROM refund r WHERE r.claim_id = :id) AS refunds,
      (SELECT jsonb_agg(to_jsonb(o) ORDER BY o.made_at) FROM claim_offer o WHERE o.claim_id = :id) AS offers,
      (SELECT jsonb_agg(to_jsonb(f) || jsonb_build_object('order_line_id', l.order_line_id) ORDER BY f.id)
       FROM claim_finding f JOIN claim_line l ON l.id = f.claim_line_id WHERE f.claim_id = :id) AS findings,
      (SELECT jsonb_agg(to_jsonb(e) ORDER BY e.added_at, e.id) FROM claim_evidence e WHERE e.claim_id = :id) AS evidence,
      (SELECT to_jsonb(d) FROM claim_dispute d WHERE d.claim_id = :id ORDER BY d.opened_at DESC LIMIT 1) AS dispute
"""


_AS_IT_IS = ClaimPage.model_fields.keys() & Claim.__table__.columns.keys()


async def claim_page(work: Work, claim_id: UUID) -> ClaimPage:
    claim = await claim_for(work, claim_id)
    locale = work.actor.locale
    side: Side = "customer" if work.actor.kind is ActorKind.customer else "staff"
    owner = await identity.get_shop(work, claim.shop_id)
    today = work.now.astimezone(ZoneInfo(owner.time_zone)).date()
    rows = await claim_lines(work, [claim.id])
    parts = await work.row(PARTS, {"id": claim.id})
    refunds = [
        RefundView.model_validate({**refund, "claim_number": claim.number}) for refund in parts.refunds or ()
    ]
    refunded = sum(refund.amount_cents for refund in refunds if refund.state == RefundState.paid)
    offers = [OfferView.model_validate(offer) for offer in parts.offers or ()]
    # Proof that is asked for, or a withdrawal, is not accepted but answered.
    asked = any(offer.state == OfferState.open and offer.asks in ("proof", "cancel") for offer in offers)
    actions = [row for row in actions_for(work.actor, claim) if not (asked and row.name == "accept_offer")]
    as_it_is = {name: getattr(claim, name) for name in _AS_IT_IS}
    return ClaimPage.model_validate(
        {
            **as_it_is,
            "shop_name": owner.name,
            "kind_label": label("kind", claim.kind, locale, side),
            "state_label": state_label(claim.kind, claim.state, locale, side),
            "ended": claim.state in END_STATES,
            "waiting_for": waiting_for(claim.kind, claim.state),
            "reason_label": label("reason", claim.reason, locale, side),
            "refunded_cents": refunded,
            "proposed_cents": await _proposed(work, claim, rows),
            "why": [why_of(looked, locale, today) for looked in claim.explanation],
            "override_reason": claim.override_reason if side == "staff" else None,
            "lines": await _line_views(work, claim, rows, refunded),
            "evidence": await _evidence_views(work, parts.evidence or ()),
            "offers": offers,
            "refunds": refunds,
            "findings": [
                {**finding, "disposition": finding["disposition"] if side == "staff" else None}
                for finding in parts.findings or ()
            ],
            "dispute": parts.dispute,
            "shipments": await logistics.shipments_of(work, claim_id=claim.id),
            "clocks": await promises.clocks_of(work, [claim.id]),
            "actions": [
                ActionView(
                    verb=row.name,
                    label=label("move", row.name, locale, side),
                    rank=row.rank,
                    needs=list(needs_of(row, claim.kind, claim.variant)),
                )
                for row in actions
            ],
        }
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
                new_price_cents=row.new_price_cents,
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


async def _proposed(work: Work, claim: Claim, rows: Sequence[ClaimLine]) -> int | None:
    prices = {row.order_line_id: row.new_price_cents for row in rows if row.new_price_cents is not None}
    decided = claim.state not in (ClaimState.pending_merchant, ClaimState.negotiating)
    if decided or not is_for_fallen_price(claim.kind, claim.reason) or len(prices) < len(rows):
        return None
    held = await accounts_without(work, claim.id)
    fallen = (
        fallen_by(
            held[row.order_line_id],
            row.quantity or held[row.order_line_id].quantity,
            prices[row.order_line_id],
        )
        for row in rows
    )
    return min(sum(fallen), claim.requested_cents)


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
