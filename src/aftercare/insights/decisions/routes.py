"""Decisions over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from aftercare.insights.decisions import verbs, watching
from aftercare.insights.decisions.planning import PowerView
from aftercare.insights.decisions.verbs import NewDecision
from aftercare.insights.decisions.watching import DecisionLine, DecisionView
from aftercare.journal.http import InWork

router = APIRouter(tags=["insights"])

Locale = Literal["zh-CN", "zh-TW", "en"]


class DecisionEnded(BaseModel):
    """In words, for who reads it later."""

    model_config = ConfigDict(extra="forbid")

    why: Annotated[str, Field(max_length=2_000)] = ""


class DecisionExtension(BaseModel):
    model_config = ConfigDict(extra="forbid")

    until: AwareDatetime


@router.get("/insights/decisions")
async def list_decisions(work: InWork, locale: Locale = "zh-CN") -> list[DecisionLine]:
    """Needs `insights.read`."""
    return await watching.decisions(work, locale)


@router.post("/insights/decisions", status_code=201)
async def plan_decision(work: InWork, new: NewDecision, locale: Locale = "zh-CN") -> DecisionView:
    """A draft; nothing changes yet. Needs `insights.write`."""
    row = await verbs.plan(work, new)
    return await watching.decision_view(work, row.id, locale)


@router.get("/insights/decisions/{decision_id}")
async def read_decision(work: InWork, decision_id: UUID, locale: Locale = "zh-CN") -> DecisionView:
    """Needs `insights.read`."""
    return await watching.decision_view(work, decision_id, locale)


@router.get("/insights/decisions/{decision_id}/power")
async def read_decision_power(work: InWork, decision_id: UUID) -> PowerView:
    """How many, and how long, until the target is found. Needs `insights.read`."""
    return await watching.power_before(work, decision_id)


@router.post("/insights/decisions/{decision_id}/start")
async def start_decision(work: InWork, decision_id: UUID, locale: Locale = "zh-CN") -> DecisionView:
    """Needs `insights.write`, and for a policy `policies.write`."""
    power = await watching.power_before(work, decision_id)
    await verbs.start(work, decision_id, planned_units=power.units)
    return await watching.decision_view(work, decision_id, locale)


@router.post("/insights/decisions/{decision_id}/read")
async def look_at_decision(work: InWork, decision_id: UUID, locale: Locale = "zh-CN") -> DecisionView:
    """What is to be seen now. Needs `insights.write`."""
    work.require("insights.write")
    await watching.read_now(work, decision_id)
    return await watching.decision_view(work, decision_id, locale)


@router.post("/insights/decisions/{decision_id}/go-on")
async def extend_decision(
    work: InWork, decision_id: UUID, asked: DecisionExtension, locale: Locale = "zh-CN"
) -> DecisionView:
    """Needs `insights.write`."""
    await verbs.go_on(work, decision_id, asked.until)
    return await watching.decision_view(work, decision_id, locale)


@router.post("/insights/decisions/{decision_id}/keep")
async def keep_decision(
    work: InWork, decision_id: UUID, asked: DecisionEnded, locale: Locale = "zh-CN"
) -> DecisionView:
    """It holds for all from now on. Needs `insights.write`."""
    reading = await watching.read_now(work, decision_id)
    await verbs.keep(work, decision_id, verdict=reading.advice, why=asked.why)
    return await watching.decision_view(work, decision_id, locale)


@router.post("/insights/decisions/{decision_id}/undo")
async def undo_decision(
    work: InWork, decision_id: UUID, asked: DecisionEnded, locale: Locale = "zh-CN"
) -> DecisionView:
    """Back to what was before. Needs `insights.write`."""
    reading = await watching.read_now(work, decision_id)
    await verbs.undo(work, decision_id, verdict=reading.advice, why=asked.why)
    return await watching.decision_view(work, decision_id, locale)


@router.post("/insights/decisions/{decision_id}/drop")
async def drop_decision(work: InWork, decision_id: UUID, locale: Locale = "zh-CN") -> DecisionView:
    """Needs `insights.write`."""
    await verbs.drop(work, decision_id)
    return await watching.decision_view(work, decision_id, locale)
