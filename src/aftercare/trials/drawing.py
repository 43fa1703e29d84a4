"""Who gets what: the one question that everything asks which may be on trial."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from aftercare.journal import Memory, Work
from aftercare.kit.lots import is_drawn
from aftercare.trials.events import TrialMet
from aftercare.trials.model import TrialMeeting, TrialOfShop


@dataclass(frozen=True)
class Who:
    """Whom a thing is done to."""

    customer_id: UUID | None = None
    case_id: UUID | None = None


@dataclass(frozen=True)
class Running:
    decision_id: UUID
    thing: str
    variant: dict[str, Any]
    unit: str
    share: float | None
    since: datetime


@dataclass(frozen=True)
class Met:
    """A customer or case that came to what a decision tries."""

    unit_id: UUID
    case_id: UUID | None
    treated: bool
    at: datetime


running: Memory[list[Running]] = Memory()


async def variant_for(
    work: Work, shop_id: UUID, thing: str, who: Who, *, keep: bool = True
) -> dict[str, Any] | None:
    """The variant that holds for them, or None for what is usual. Keeps that the trial met them, unless it is only asked what would
    be. Begun or ended elsewhere, a trial is known here within ten seconds."""
    for trial in await running.recall(work, shop_id, lambda: _running(work, shop_id)):
        if trial.thing != thing or trial.since > work.now:
            continue
        unit = who.customer_id if trial.unit == "customer" else who.case_id
        treated = trial.share is None or (
            unit is not None and is_drawn(trial.decision_id, str(unit), trial.share)
        )
        if keep and unit is not None:
            await _keep(work, shop_id, trial, who, unit, treated=treated)
        return trial.variant if treated else None
    return None


async def _running(work: Work, shop_id: UUID) -> list[Running]:
    rows = await work.session.scalars(
        select(TrialOfShop).where(TrialOfShop.shop_id == shop_id, TrialOfShop.ended_at.is_(None))
    )
    return [Running(row.decision_id, row.thing, row.variant, row.unit, row.share, row.since) for row in rows]


async def _keep(work: Work, shop_id: UUID, trial: Running, who: Who, unit: UUID, *, treated: bool) -> None:
    kept = await work.session.execute(
        insert(TrialMeeting)
        .values(
            decision_id=trial.decision_id,
            unit_id=unit,
            shop_id=shop_id,
            case_id=who.case_id,
            treated=treated,
            at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(TrialMeeting.unit_id)
    )
    if kept.one_or_none() is not None:
        work.record(
            TrialMet(
                decision_id=trial.decision_id,
                customer_id=who.customer_id,
                case_id=who.case_id,
                shop_id=shop_id,
                thing=trial.thing,
                treated=treated,
            )
        )


async def meetings(work: Work, decision_id: UUID) -> Sequence[Met]:
    """Whom it met, in the shops that the actor sees. Whoever calls has shown that the actor may know the decision."""
    rows = await work.session.execute(
        select(TrialMeeting.unit_id, TrialMeeting.case_id, TrialMeeting.treated, TrialMeeting.at).where(
            TrialMeeting.decision_id == decision_id
        )
    )
    return [Met(row.unit_id, row.case_id, row.treated, row.at) for row in rows]
