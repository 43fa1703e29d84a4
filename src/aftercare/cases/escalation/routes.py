"""Escalation rules over HTTP, for those who answer for the promises."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from aftercare.cases.escalation import rules, trial
from aftercare.cases.escalation.rules import Clock, NewRule, Rule
from aftercare.cases.escalation.trial import Tried, Trying
from aftercare.journal.http import InWork

router = APIRouter(prefix="/escalation", tags=["cases"])


@router.get("/rules")
async def escalation_rules(work: InWork, shop_id: UUID | None = None) -> list[Rule]:
    """What holds for every clock in the shop, or in the house. Needs `promises.read`."""
    return await rules.rules_in_shop(work, shop_id)


@router.put("/rules")
async def set_escalation_rule(work: InWork, new: NewRule) -> Rule:
    """Needs `promises.write`; without a shop it holds for the house, which takes one who sees all shops."""
    return await rules.set_rule(work, new)


@router.delete("/rules", status_code=204)
async def withdraw_escalation_rule(
    work: InWork, clock: Annotated[Clock, Query()], shop_id: UUID | None = None
) -> Response:
    """The house's rule holds again, or the default. Needs `promises.write`."""
    await rules.withdraw_rule(work, shop_id, clock)
    return Response(status_code=204)


@router.post("/trial")
async def try_escalation_rule(work: InWork, wish: Trying) -> Tried:
    """What these steps would have done in the days before. Nothing is changed. Needs `promises.read`."""
    return await trial.try_rule(work, wish)
