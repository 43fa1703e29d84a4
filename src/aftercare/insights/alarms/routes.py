"""Alarms and playbooks over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AfterValidator, BaseModel, Field

from aftercare.insights.alarms import playbooks, queries, rules, telling, verbs
from aftercare.insights.alarms.model import CloseReason
from aftercare.insights.alarms.playbooks import NewPlaybook, PlaybookView
from aftercare.insights.alarms.queries import AlarmCount, AlarmShown, AlarmView
from aftercare.insights.alarms.rules import AlarmRuleView, NewAlarmRule
from aftercare.insights.alarms.telling import ToldAlarms
from aftercare.journal.http import InWork
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.kit.text import clean

router = APIRouter(tags=["alarms"])

Locale = Literal["zh-CN", "zh-TW", "en"]


class Acknowledging(BaseModel):
    """None: who says so looks after it."""

    owner_id: UUID | None = None


class ClosingAlarm(BaseModel):
    reason: CloseReason
    note: Annotated[str, Field(max_length=verbs.LONGEST_NOTE), AfterValidator(clean)] = ""


@router.get("/insights/alarms")
async def list_alarms(
    work: InWork,
    closed: bool = False,
    shop_id: UUID | None = None,
    locale: Locale | None = None,
    after: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = 50,
) -> Page[AlarmView]:
    """Needs `insights.read`."""
    return await queries.alarms(
        work, closed=closed, shop_id=shop_id, locale=locale or "", after=after, limit=limit
    )


@router.get("/insights/alarms/count")
async def count_alarms(work: InWork) -> AlarmCount:
    """Needs `insights.read`."""
    return await queries.count_alarms(work)


@router.get("/insights/alarms/told")
async def list_told_alarms(work: InWork, locale: Locale | None = None) -> ToldAlarms:
    """Of what one was told at the desk: what is open, the newest first."""
    return await telling.told_to_me(work, locale or "")


@router.post("/insights/alarms/told/read", status_code=204)
async def read_told_alarms(work: InWork) -> None:
    """All of one's own."""
    await telling.read_told(work)


@router.get("/insights/alarms/rules")
async def list_alarm_rules(work: InWork, shop_id: UUID | None = None) -> list[AlarmRuleView]:
    """The indicators that are watched besides what is watched everywhere. Needs `insights.read`."""
    return await rules.rules_of(work, shop_id)


@router.post("/insights/alarms/rules")
async def watch_indicator(work: InWork, new: NewAlarmRule) -> AlarmRuleView:
    """Needs `insights.write`."""
    return await rules.watch_indicator(work, new)


@router.delete("/insights/alarms/rules/{rule_id}", status_code=204)
async def unwatch_indicator(work: InWork, rule_id: UUID) -> None:
    """Needs `insights.write`."""
    await rules.unwatch_indicator(work, rule_id)


@router.get("/insights/alarms/{alarm_id}")
async def read_alarm(work: InWork, alarm_id: UUID, locale: Locale = "zh-CN") -> AlarmShown:
    """With its playbook. Needs `insights.read`."""
    return await queries.alarm(work, alarm_id, locale)


@router.post("/insights/alarms/{alarm_id}/acknowledge", status_code=204)
async def acknowledge_alarm(work: InWork, alarm_id: UUID, acknowledging: Acknowledging) -> None:
    """Needs `insights.write`."""
    await verbs.acknowledge(work, alarm_id, acknowledging.owner_id)


@router.post("/insights/alarms/{alarm_id}/close", status_code=204)
async def close_alarm(work: InWork, alarm_id: UUID, closing: ClosingAlarm) -> None:
    """Needs `insights.write`."""
    await verbs.close(work, alarm_id, closing.reason, closing.note)


@router.get("/insights/playbooks")
async def list_playbooks(
    work: InWork, locale: Locale = "zh-CN", shop_id: UUID | None = None
) -> list[PlaybookView]:
    """What is to be done at an alarm of each kind. Needs `insights.read`."""
    return await playbooks.playbooks_of(work, locale, shop_id)


@router.put("/insights/playbooks/{code}/{locale}")
async def set_playbook(
    work: InWork, code: str, locale: Locale, new: NewPlaybook, shop_id: UUID
) -> PlaybookView:
    """Needs `insights.write`."""
    return await playbooks.set_playbook(work, code, locale, new, shop_id)
