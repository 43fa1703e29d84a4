"""Trials begun, ended and adopted. Whoever calls has a decision that says so; the owner of the thing says who may."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update

from aftercare.journal import Work
from aftercare.trials.drawing import running
from aftercare.trials.kinds import kind_of
from aftercare.trials.model import OnTrial, TrialOfShop


@dataclass(frozen=True)
class NewTrial:
    """`share` None: for everybody in the shop."""

    decision_id: UUID
    shop_id: UUID
    thing: str
    variant: dict[str, Any]
    unit: str
    share: float | None
    since: datetime


async def check_trial(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any], unit: str) -> None:
    """Refuses with ThingUnknown, with OnTrial where another runs, and with what the owner of the thing refuses."""
    await kind_of(thing, unit).check(work, shop_id, thing, variant)
    await refuse_on_trial(work, thing, shop_id)


async def begin_trial(work: Work, new: NewTrial) -> None:
    """Refuses as `check_trial`."""
    await check_trial(work, new.shop_id, new.thing, new.variant, new.unit)
    work.session.add(
        TrialOfShop(
            id=work.new_id(),
            shop_id=new.shop_id,
            decision_id=new.decision_id,
            thing=new.thing,
            variant=new.variant,
            unit=new.unit,
            share=new.share,
            since=new.since,
            ended_at=None,
        )
    )
    running.forget_with(work, lambda shop_id, _: shop_id == new.shop_id)
    await work.session.flush()


async def end_trials(work: Work, decision_id: UUID) -> None:
    """Everything is as it was before."""
    await work.session.execute(
        update(TrialOfShop)
        .where(TrialOfShop.decision_id == decision_id, TrialOfShop.ended_at.is_(None))
        .values(ended_at=work.now)
    )
    running.forget_with(work)


async def adopt_trial(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    """The variant is what holds in the shop from now on. Refuses with what the owner of the thing refuses."""
    await kind_of(thing).adopt(work, shop_id, thing, variant)


async def refuse_on_trial(work: Work, thing: str, shop_id: UUID | None = None) -> None:
    """Refuses with OnTrial while a decision about the thing runs in the shop, or in any."""
    query = select(TrialOfShop.decision_id).where(TrialOfShop.thing == thing, TrialOfShop.ended_at.is_(None))
    if shop_id is not None:
        query = query.where(TrialOfShop.shop_id == shop_id)
    found = await work.session.scalar(query.limit(1))
    if found is not None:
        raise OnTrial(thing=thing, decision=found)
