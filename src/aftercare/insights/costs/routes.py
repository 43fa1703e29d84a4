"""Costs over HTTP: the ledger, rates, bridges, projects."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, AwareDatetime, BaseModel, Field

from aftercare.insights.costs import bridges, lines, pricing, projects, reading
from aftercare.insights.costs.bridges import CostBridge
from aftercare.insights.costs.lines import CaseCosts, NewCostLine
from aftercare.insights.costs.model import RateKind
from aftercare.insights.costs.pricing import CostRateView, CostsPricedAnew, MissingCostRate, NewCostRate
from aftercare.insights.costs.projects import LeverView, NewLever, NewSpending
from aftercare.insights.costs.reading import CostCut, CostSummary, CutSum, DearCase, Which
from aftercare.insights.costs.sheets import lines_sheet
from aftercare.insights.costs.trying import WhatIf, what_if
from aftercare.journal.http import ByActor, InHouse, InWork, SheetAnswer, sheet_answer
from aftercare.kit.text import one_line

router = APIRouter(tags=["costs"])

Filter = Annotated[Which, Query()]


class RatesShown(BaseModel):
    rates: list[CostRateView]
    missing: list[MissingCostRate]


class CostRecordMade(BaseModel):
    id: UUID


class CostLineMade(BaseModel):
    line: int


class CostUndoing(BaseModel):
    words: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=500)]


class CostPricingAnew(BaseModel):
    since: AwareDatetime
    until: AwareDatetime
    kind: RateKind | None = None
    shop_id: UUID | None = None


class LeverEnding(BaseModel):
    ended_on: date


class BetweenPeriods(BaseModel):
    """Two periods, of the same shop and kinds of cost."""

    since: AwareDatetime
    until: AwareDatetime
    before_since: AwareDatetime
    before_until: AwareDatetime
    by: Literal["shop", "market", "channel", "claim_kind", "reason", "product", "category"] = "claim_kind"
    shop_id: UUID | None = None
    only: Literal["all", "service"] = "all"


@router.get("/insights/costs")
async def get_costs(work: InWork, which: Filter) -> CostSummary:
    """Where the money goes: by month and kind of cost, per case and per order, in each currency. Needs `insights.read`."""
    return await reading.summary(work, which)


@router.get("/insights/costs/cuts/{by}")
async def cut_costs(work: InWork, by: CostCut, which: Filter) -> list[CutSum]:
    """Needs `insights.read`."""
    return await reading.cut_by(work, which, by)


@router.get("/insights/costs/dearest")
async def list_dearest_cases(work: InWork, which: Filter) -> list[DearCase]:
    """The twenty cases that cost most. Needs `insights.read`."""
    return await reading.dearest(work, which)


@router.get("/insights/costs/lines.csv")
async def export_cost_lines(request: Request, house: InHouse, actor: ByActor, which: Filter) -> SheetAnswer:
    """Every line of the period, for a spreadsheet. Needs `insights.read`."""
    return await sheet_answer(request, house, actor, lambda work: lines_sheet(work, which))


@router.get("/insights/costs/cases/{case_id}")
async def get_case_costs(work: InWork, case_id: UUID) -> CaseCosts:
    """What one case cost so far, line by line. Needs `insights.read`."""
    return await lines.case_costs(work, case_id)


@router.post("/insights/costs/lines", status_code=201)
async def enter_cost_line(work: InWork, new: NewCostLine) -> CostLineMade:
    """What no fact tells: parts, charge-backs, insurance. Needs `insights.write`."""
    return CostLineMade(line=await lines.enter_line(work, new))


@router.post("/insights/costs/lines/{line_id}/undo", status_code=201)
async def undo_cost_line(work: InWork, line_id: int, undoing: CostUndoing) -> CostLineMade:
    """Writes the counter-line. Needs `insights.write`."""
    return CostLineMade(line=await lines.reverse_line(work, line_id, words=undoing.words))


@router.get("/insights/costs/rates")
async def list_cost_rates(work: InWork) -> RatesShown:
    """All rates with the time for which they hold, and what was counted without one. Needs `insights.read`."""
    return RatesShown(rates=await pricing.rates(work), missing=await pricing.missing_rates(work))


@router.post("/insights/costs/rates", status_code=201)
async def set_cost_rate(work: InWork, new: NewCostRate) -> CostRecordMade:
    """Holds from its day on; lines that are there stay as they are. Needs `insights.write`."""
    return CostRecordMade(id=await pricing.set_rate(work, new))


@router.post("/insights/costs/price-anew")
async def price_costs_anew(work: InWork, asked: CostPricingAnew) -> CostsPricedAnew:
    """Prices the lines of a period at the rates that hold for their days now, by counter-lines. Needs `insights.write`."""
    return await pricing.price_anew(work, asked.since, asked.until, kind=asked.kind, shop_id=asked.shop_id)


@router.get("/insights/costs/bridge")
async def get_cost_bridge(work: InWork, between: Annotated[BetweenPeriods, Query()]) -> list[CostBridge]:
    """Why the second period cost more or less than the first, to the cent. Needs `insights.read`."""
    shared = {"shop_id": between.shop_id, "only": between.only}
    return await bridges.bridge(
        work,
        Which(since=between.before_since, until=between.before_until, **shared),
        Which(since=between.since, until=between.until, **shared),
        CostCut(between.by),
    )


@router.get("/insights/costs/what-if")
async def get_cost_what_if(work: InWork, which: Filter) -> list[WhatIf]:
    """What sliders multiply: automation, carriers, time. Needs `insights.read`."""
    return await what_if(work, which)


@router.get("/insights/levers")
async def list_levers(work: InWork) -> list[LeverView]:
    """Projects with what they cost and saved. Needs `insights.read`."""
    return await projects.levers(work)


@router.post("/insights/levers", status_code=201)
async def add_lever(work: InWork, new: NewLever) -> CostRecordMade:
    """Needs `insights.write`."""
    return CostRecordMade(id=await projects.set_lever(work, new))


@router.get("/insights/levers/{lever_id}")
async def get_lever(work: InWork, lever_id: UUID) -> LeverView:
    """Needs `insights.read`."""
    return await projects.lever(work, lever_id)


@router.post("/insights/levers/{lever_id}/spending", status_code=201)
async def add_lever_spending(work: InWork, lever_id: UUID, new: NewSpending) -> CostRecordMade:
    """What it cost. Needs `insights.write`."""
    await projects.spend(work, lever_id, new)
    return CostRecordMade(id=lever_id)


@router.post("/insights/levers/{lever_id}/end")
async def end_lever(work: InWork, lever_id: UUID, ending: LeverEnding) -> CostRecordMade:
    """Needs `insights.write`."""
    await projects.end_lever(work, lever_id, ending.ended_on)
    return CostRecordMade(id=lever_id)
