"""Lines by hand, their undoing, and what one case costs."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field
from sqlalchemy import text

from aftercare.cases import get_case
from aftercare.insights.costs.events import CostEntered, CostReversed
from aftercare.insights.costs.model import (
    BY_HAND,
    COMES_BACK,
    GROUP_OF,
    AmountOfWrongSign,
    CostGroup,
    CostKind,
    CostLine,
    CostLineNotFound,
    FromFactsAlone,
    LineReversed,
)
from aftercare.journal import Work
from aftercare.kit.errors import NotFound
from aftercare.kit.money import LARGEST_CENTS
from aftercare.kit.text import one_line

Words = Annotated[str, AfterValidator(one_line), Field(max_length=500)]


class NewCostLine(BaseModel):
    """What others bear (charge-backs, insurance) is negative. `at`: when it was; now, if not said."""

    case_id: UUID
    claim_id: UUID | None = None
    kind: CostKind
    amount_cents: Annotated[int, Field(ge=-LARGEST_CENTS, le=LARGEST_CENTS)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    at: AwareDatetime | None = None
    carrier: Annotated[str, AfterValidator(one_line), Field(max_length=80)] | None = None
    words: Words = ""


class CostLineView(BaseModel):
    """`fact` and `position`: what it follows from. `rate`: minor units per unit. `undone`: a counter-line takes it back, or it is
    one. No `amount_cents`: it was counted, but there is no rate."""

    id: int
    at: datetime
    kind: CostKind
    group: CostGroup
    part: str
    quantity: int
    unit: str | None
    rate: float | None
    amount_cents: int | None
    currency: str
    claim_id: UUID | None
    claim_number: str | None
    product_title: str | None
    account_name: str | None
    carrier: str | None
    fact: str | None
    position: int
    by_hand: bool
    undone: bool
    words: str
    entered_at: datetime


class CaseCost(BaseModel):
    """`service_cents`: work and parcels alone. `unpriced`: lines that have no amount yet."""

    currency: str
    total_cents: int
    service_cents: int
    groups: dict[CostGroup, int]
    unpriced: int


class CaseCosts(BaseModel):
    """A sum per currency, and the lines, oldest first."""

    case_id: UUID
    sums: list[CaseCost]
    lines: list[CostLineView]


OF_CASE = text(
    """
    SELECT l.id, l.at, l.kind, l.part, l.quantity, r.unit, r.amount AS rate, l.amount_cents, l.currency, l.claim_id,
      m.number AS claim_number, p.title AS product_title, a.name AS account_name, l.carrier, f.name AS fact, l.position, l.by_hand,
      l.reverses_id IS NOT NULL OR EXISTS (SELECT FROM cost_line c WHERE c.reverses_id = l.id) AS undone, l.words, l.entered_at
    FROM cost_line l LEFT JOIN cost_rate r ON r.id = l.rate_id LEFT JOIN claim m ON m.id = l.claim_id
    LEFT JOIN product p ON p.id = l.product_id LEFT JOIN account a ON a.id = l.account_id
    LEFT JOIN LATERAL (
      SELECT o.name FROM fact o WHERE o.at = l.at AND o.position = l.position
      UNION ALL SELECT 'cost.entered' WHERE l.by_hand LIMIT 1
    ) f ON true
    WHERE l.case_id = :case ORDER BY l.at, l.position, l.kind, l.part, l.turn
    """
)


async def case_costs(work: Work, case_id: UUID) -> CaseCosts:
    """Needs `insights.read` and to see the case. Refuses with CaseNotFound."""
    work.require("insights.read")
    await get_case(work, case_id)
    rows = (await work.session.execute(OF_CASE, {"case": case_id})).all()
    lines = [
        CostLineView.model_validate({**row._mapping, "group": GROUP_OF[CostKind(row.kind)]}) for row in rows
    ]
    return CaseCosts(case_id=case_id, sums=_sums(lines), lines=lines)


def _sums(lines: list[CostLineView]) -> list[CaseCost]:
    sums = []
    for currency in sorted({line.currency for line in lines}):
        own = [line for line in lines if line.currency == currency]
        groups: dict[CostGroup, int] = {}
        for line in own:
            groups[line.group] = groups.get(line.group, 0) + (line.amount_cents or 0)
        sums.append(
            CaseCost(
                currency=currency,
                total_cents=sum(groups.values()),
                service_cents=groups.get(CostGroup.work, 0) + groups.get(CostGroup.parcels, 0),
                groups=groups,
                unpriced=sum(line.amount_cents is None and not line.undone for line in own),
            )
        )
    return sums


async def enter_line(work: Work, new: NewCostLine) -> int:
    """Needs `insights.write`. Refuses with FromFactsAlone, AmountOfWrongSign, CaseNotFound; returns the line's number."""
    work.require("insights.write")
    case = await get_case(work, new.case_id)
    if new.kind not in BY_HAND:
        raise FromFactsAlone(kind=new.kind, by_hand=sorted(BY_HAND))
    if new.amount_cents == 0 or (new.kind in COMES_BACK) != (new.amount_cents < 0):
        raise AmountOfWrongSign(kind=new.kind, amount_cents=new.amount_cents)
    if new.claim_id is not None:
        found = await work.session.scalar(
            text("SELECT id FROM claim WHERE id = :claim AND case_id = :case"),
            {"claim": new.claim_id, "case": new.case_id},
        )
        if found is None:
            raise NotFound(claim=new.claim_id)
    told = CostEntered(
        shop_id=case.shop_id,
        case_id=new.case_id,
        claim_id=new.claim_id,
        kind=new.kind,
        amount_cents=new.amount_cents,
        currency=new.currency,
    )
    work.record(told)
    await work.write_facts()
    line = CostLine(
        shop_id=case.shop_id,
        case_id=new.case_id,
        claim_id=new.claim_id,
        order_id=case.order_id,
        product_id=None,
        account_id=work.actor.id,
        carrier=new.carrier,
        at=new.at or work.now,
        kind=new.kind,
        part="",
        quantity=1,
        base_cents=None,
        rate_id=None,
        amount_cents=new.amount_cents,
        currency=new.currency,
        position=work.position_of(told),
        turn=0,
        reverses_id=None,
        corrected_by=None,
        source_id=None,
        words=new.words,
        by_hand=True,
        entered_at=work.now,
    )
    work.session.add(line)
    await work.session.flush()
    return line.id


REVERSE = text(
    """
    INSERT INTO cost_line (shop_id, case_id, claim_id, order_id, product_id, account_id, carrier, at, kind, part, quantity, base_cents,
      rate_id, amount_cents, currency, position, turn, reverses_id, corrected_by, words, by_hand, entered_at)
    SELECT shop_id, case_id, claim_id, order_id, product_id, account_id, carrier, at, kind, part, -quantity, -base_cents, rate_id,
      -amount_cents, currency, position, turn + 1, id, :fact, :words, true, :now
    FROM cost_line WHERE id = :line RETURNING id
    """
)


async def reverse_line(work: Work, line_id: int, *, words: str) -> int:
    """Undoes a line by its counter-line. What follows from a fact stays undone: the fact writes it no second time. Needs
    `insights.write`. Refuses with CostLineNotFound, LineReversed, and FromFactsAlone for money that moved; returns the counter-line's number."""
    work.require("insights.write")
    row = (
        await work.session.execute(
            text(
                "SELECT l.*, EXISTS (SELECT FROM cost_line c WHERE c.reverses_id = l.id) AS undone FROM cost_line l WHERE l.id = :id"
            ),
            {"id": line_id},
        )
    ).one_or_none()
    if row is None:
        raise CostLineNotFound(line=line_id)
    if row.undone or row.reverses_id is not None:
        raise LineReversed(line=line_id)
    if GROUP_OF[CostKind(row.kind)] is CostGroup.money:
        raise FromFactsAlone(kind=row.kind)
    # The index lets only one through; whoever is second waits here first.
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('cost line', :line))"), {"line": line_id}
    )
    again = await work.session.scalar(
        text("SELECT id FROM cost_line WHERE reverses_id = :line"), {"line": line_id}
    )
    if again is not None:
        raise LineReversed(line=line_id)
    told = CostReversed(
        shop_id=row.shop_id,
        case_id=row.case_id,
        line=line_id,
        kind=row.kind,
        amount_cents=row.amount_cents,
        currency=row.currency,
    )
    work.record(told)
    await work.write_facts()
    made = await work.session.scalar(
        REVERSE, {"line": line_id, "fact": work.position_of(told), "words": words, "now": work.now}
    )
    return int(made)
