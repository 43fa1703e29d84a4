"""Lists of claims: for customers and staff, for the warehouse's scanner; and finance's list of refunds."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import Select, select, text, tuple_

from aftercare import identity, promises, shop
from aftercare.claims.circumstances import Reason
from aftercare.claims.model import Claim, ClaimLine, Refund, RefundState
from aftercare.claims.queries import RefundView, claim_lines
from aftercare.claims.states import END_STATES, ClaimKind, ClaimState, waiting_for
from aftercare.claims.wording import Side, label, state_label
from aftercare.journal import ActorKind, Work
from aftercare.kit.paging import Page, page, read_mark
from aftercare.promises import ClockView


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
            state_label=state_label(claim.kind, claim.state, locale, side),
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
    told = [getattr(Refund, name) for name in RefundView.model_fields if name != "claim_number"]
    statement = select(*told, Claim.number.label("claim_number")).join(Claim, Claim.id == Refund.claim_id)
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
    kept, following = page(rows, limit, lambda row: (row.requested_at, row.id))
    return Page(items=[RefundView.model_validate(row._mapping) for row in kept], next=following)


async def refund_counts(work: Work) -> dict[str, int]:
    """How many refunds are in each state, for the finance screen. Needs `refunds.read`."""
    work.require("refunds.read")
    rows = await work.session.execute(text("SELECT state, count(*) AS many FROM refund GROUP BY state"))
    return {row.state: row.many for row in rows}
