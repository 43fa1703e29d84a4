"""The manager's numbers and the audit trail over HTTP."""

from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from aftercare.insights import queries
from aftercare.insights.queries import (
    AuditLine,
    ClaimCell,
    ClockCase,
    Cut,
    Newest,
    PromisePerson,
    QueueLoad,
    Which,
)
from aftercare.journal import FACTS
from aftercare.journal.http import InWork
from aftercare.kit.paging import LARGEST_PAGE, Page

router = APIRouter(tags=["insights"])

Moment = Annotated[
    AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2099, 1, 1, tzinfo=UTC))
]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
After = Annotated[str | None, Query(max_length=400)]
Zone = Annotated[str, Query(max_length=60)]
ClockName = Annotated[str | None, Query(max_length=80, pattern=r"^[a-z_]+\.[a-z_]+$")]


class FactNames(BaseModel):
    names: list[str]


@router.get("/insights/promises/cases")
async def list_promise_cases(
    work: InWork,
    which: Which,
    since: Moment,
    until: Moment,
    name: ClockName = None,
    shop_id: UUID | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[ClockCase]:
    """Needs `promises.read`."""
    return await queries.promise_cases(
        work, which, since, until, name=name, shop_id=shop_id, after=after, limit=limit
    )


@router.get("/insights/promises/people")
async def list_promise_people(
    work: InWork, since: Moment, until: Moment, name: ClockName = None, shop_id: UUID | None = None
) -> list[PromisePerson]:
    """Needs `promises.read`."""
    return await queries.promise_people(work, since, until, name=name, shop_id=shop_id)


@router.get("/insights/newest")
async def read_newest(work: InWork) -> Newest:
    """Needs `insights.read`."""
    return await queries.newest(work)


@router.get("/insights/queues")
async def read_queue_load(work: InWork, shop_id: UUID | None = None) -> QueueLoad:
    """Needs `insights.read`."""
    return await queries.queue_load(work, shop_id=shop_id)


@router.get("/insights/claims")
async def count_claims(
    work: InWork,
    cut: Cut,
    since: Moment,
    until: Moment,
    shop_id: UUID | None = None,
    time_zone: Zone = "Asia/Shanghai",
) -> list[ClaimCell]:
    """Needs `insights.read`."""
    return await queries.claim_cells(work, cut, since, until, shop_id=shop_id, time_zone=time_zone)


@router.get("/journal")
async def read_journal(
    work: InWork,
    name: Annotated[list[str] | None, Query(max_length=40)] = None,
    actor_id: UUID | None = None,
    object_id: UUID | None = None,
    since: Moment | None = None,
    until: Moment | None = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[AuditLine]:
    """The audit trail. Needs `journal.read`."""
    return await queries.audit_trail(
        work,
        names=name or (),
        actor_id=actor_id,
        object_id=object_id,
        since=since,
        until=until,
        after=after,
        limit=limit,
    )


@router.get("/journal/names")
async def list_fact_names(work: InWork) -> FactNames:
    """All that can happen, by name. Needs `journal.read`."""
    work.require("journal.read")
    return FactNames(names=sorted(FACTS))
