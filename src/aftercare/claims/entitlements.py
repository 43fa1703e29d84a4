"""What a line is entitled to and why: the policy asked with the facts of a real order."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from sqlalchemy import select, text

from aftercare import identity, shop
from aftercare.claims.accounts import LineToReserve
from aftercare.claims.circumstances import (
    FAULT_OF,
    Condition,
    Dates,
    FaultSide,
    LineFacts,
    PolicyInput,
    Reason,
    Standing,
)
from aftercare.claims.model import Policy
from aftercare.claims.money import PaidLine, refundable
from aftercare.claims.policy import Decision, decide
from aftercare.claims.rulebook import LawPack, PolicyDocument, default_policy, law_pack, market_of
from aftercare.claims.states import ClaimKind
from aftercare.journal import Memory, Work
from aftercare.kit.calendars import special_days
from aftercare.shop import LineView
from aftercare.trials import Who, variant_for

POLICY = "policy"
"""As what it is tried; a variant is {'version': …}."""


async def policy_of(work: Work, shop_id: UUID, who: Who | None = None) -> PolicyDocument:
    """The one on trial for them; else the newest policy of the shop that was published at most ten seconds ago or by this
    work, else the one that comes with the house."""
    tried = await variant_for(work, shop_id, POLICY, who, keep=False) if who else None
    if tried is not None:
        version = int(tried["version"])
        return await drafts.recall(work, (shop_id, version), lambda: _draft(work, shop_id, version))
    for since, document in await published_policies.recall(work, shop_id, lambda: _published(work, shop_id)):
        if since <= work.now:
            return document
    return default_policy()


published_policies: Memory[list[tuple[datetime, PolicyDocument]]] = Memory()
drafts: Memory[PolicyDocument] = Memory()


async def _published(work: Work, shop_id: UUID) -> list[tuple[datetime, PolicyDocument]]:
    """The newest version first, each with the instant from which it holds."""
    rows = await work.session.execute(
        select(Policy.published_at, Policy.document)
        .where(Policy.shop_id == shop_id, Policy.published_at.is_not(None))
        .order_by(Policy.version.desc())
    )
    return [(row.published_at, PolicyDocument.model_validate(row.document)) for row in rows]


async def _draft(work: Work, shop_id: UUID, version: int) -> PolicyDocument:
    document = await work.session.scalar(
        select(Policy.document).where(Policy.shop_id == shop_id, Policy.version == version)
    )
    return PolicyDocument.model_validate(document)


async def rules_of(
    work: Work, shop_id: UUID, who: Who | None = None
) -> tuple[identity.ShopView, LawPack, PolicyDocument]:
    owner = await identity.get_shop(work, shop_id)
    market = market_of(owner.market)
    return owner, law_pack(market), await policy_of(work, shop_id, who)


async def standing_of(work: Work, customer_id: UUID) -> Standing:
    """How often the customer has claimed in the last year, and an abuse score from it: refused or lapsed applications
    weigh, those that were right do not."""
    since = work.now - timedelta(days=365)
    states = await work.rows(
        "SELECT state, outcome FROM claim WHERE customer_id = :customer AND applied_at >= :since",
        {"customer": customer_id, "since": since},
    )
    unfounded = sum(
        row.state in ("closed_ruled", "closed_sent_back") or row.outcome == "reject" for row in states
    )
    return Standing(past_claims=len(states), abuse_score=min(100, unfounded * 20))


@lru_cache(maxsize=64)
def days_off(country: str, year: int) -> frozenset[date]:
    """Public holidays and weekends that are not made up for, from the year before to the year after."""
    off: set[date] = set()
    for one in range(year - 1, year + 2):
        special = special_days(country, None, one)
        day = date(one, 1, 1)
        while day.year == one:
            known = special.get(day)
            if not known.open if known else day.weekday() >= 5:
                off.add(day)
            day += timedelta(days=1)
    return frozenset(off)


def circumstances(
    work: Work,
    line: LineView,
    owner: identity.ShopView,
    *,
    paid_cents: int,
    freight_cents: int,
    quantity: int,
    reason: Reason = Reason.no_reason,
    fault_side: FaultSide | None = None,
    condition: Condition = Condition.unknown,
    evidence_kinds: frozenset[str] = frozenset(),
    evidence_count: int = 0,
    kind: ClaimKind | None = None,
    asked_cents: int | None = None,
    channel: str = "portal",
    customer: Standing | None = None,
) -> PolicyInput:
    """The question to the policy. `paid_cents` is the cap for the asked units, `freight_cents` what of the outward freight
    may still come back."""
    attributes = line.attributes
    flags = {
        name: bool(attributes.get(name, False))
        for name in (
            "custom_made",
            "perishable",
            "digital",
            "digital_started",
            "periodical",
            "hygiene_sealed",
            "hygiene_seal_broken",
            "final_sale",
            "unsuitable_confirmed",
            "covered_by_repair_guarantee",
        )
    }
    return PolicyInput(
        market=market_of(owner.market),
        shop=owner.code,
        channel=channel,
        category=line.category,
        line=LineFacts(
            price_cents=line.unit_price_cents,
            discount_cents=line.discount_cents,
            paid_cents=paid_cents,
            freight_cents=freight_cents,
            serial=bool(attributes.get("serial_tracked", False)),
            durable=not flags["perishable"],
            under_warranty_months=int(attributes.get("warranty_months", 12)),
            **flags,
        ),
        dates=Dates(paid=line.paid_at, shipped=line.shipped_at, delivered=line.delivered_at),
        reason=reason,
        fault_side=fault_side or FAULT_OF[reason],
        condition=condition,
        evidence_kinds=evidence_kinds,
        evidence_count=evidence_count,
        quantity=quantity,
        customer=customer or Standing(),
        kind_asked=kind,
        asked_cents=asked_cents,
        now=work.now,
        time_zone=owner.time_zone,
    )


def decided(case: PolicyInput, owner: identity.ShopView, law: LawPack, policy: PolicyDocument) -> Decision:
    off = days_off(owner.market, case.today().year) if law.last_day_moves else frozenset[date]()
    return decide(case, law, policy, days_off=off)


async def open_accounts(work: Work, lines: Sequence[LineView]) -> dict[UUID, PaidLine]:
    """What of each line may still be given back; read without locking, for showing only."""
    rows = await work.session.execute(
        text(
            "SELECT order_line_id, taken_cents, taken_quantity FROM line_account"
            " WHERE order_line_id = ANY(:lines)"
        ),
        {"lines": [line.id for line in lines]},
    )
    known = {row.order_line_id: row for row in rows}
    answers: dict[UUID, PaidLine] = {}
    for line in lines:
        taken, units = line.store_refunded_cents, line.store_refunded_quantity
        if line.id in known:
            taken, units = taken + known[line.id].taken_cents, units + known[line.id].taken_quantity
        answers[line.id] = PaidLine(
            line.paid_cents, line.quantity, min(taken, line.paid_cents), min(units, line.quantity)
        )
    return answers


async def entitlements(
    work: Work, line_ids: Sequence[UUID], reason: Reason = Reason.no_reason
) -> dict[UUID, Decision]:
    """For each line, every kind of claim: open until when, who pays freight, what is needed, and why."""
    lines = await shop.get_lines(work, line_ids)
    accounts = await open_accounts(work, lines)
    answers: dict[UUID, Decision] = {}
    for line in lines:
        owner, law, policy = await rules_of(work, line.shop_id, Who(line.customer_id))
        account = accounts[line.id]
        left = account.quantity - account.taken_quantity
        case = circumstances(
            work,
            line,
            owner,
            paid_cents=refundable(account, left) if left else 0,
            freight_cents=line.freight_cents,
            quantity=max(left, 1),
            reason=reason,
            customer=await standing_of(work, line.customer_id),
        )
        answers[line.id] = decided(case, owner, law, policy)
    return answers


def to_reserve(line: LineView) -> LineToReserve:
    return LineToReserve(
        line.id,
        line.shop_id,
        line.paid_cents,
        line.quantity,
        line.store_refunded_cents,
        line.store_refunded_quantity,
    )
