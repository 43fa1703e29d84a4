"""Targets: what an indicator shall be, from the catalogue or as it was set for a group of shops."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from aftercare.identity import get_shop
from aftercare.insights.indicators.definitions import Definition, definition
from aftercare.insights.indicators.events import IndicatorTargetSet
from aftercare.insights.indicators.model import IndicatorTarget, TargetNotPossible
from aftercare.journal import Work
from aftercare.kit.errors import NotAllowed

LARGEST = 1e12


@dataclass(frozen=True)
class Target:
    """`value` as the indicator is told (a share of 1, seconds, points …); `share`: the part that must be within the limit."""

    value: float | None
    share: float | None


class NewTarget(BaseModel):
    """For one shop, for all shops of a market, or for all. Without a value and a share it is as the catalogue says again."""

    shop_id: UUID | None = None
    market: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    value: float | None = Field(default=None, ge=-LARGEST, le=LARGEST)
    share: float | None = Field(default=None, ge=0, le=1)


class TargetView(BaseModel):
    """`set_at` is null for what the catalogue says."""

    shop_id: UUID | None
    market: str | None
    value: float | None
    share: float | None
    set_by: UUID | None
    set_at: datetime | None


async def targets_for(work: Work, wanted: Sequence[Definition], shop_id: UUID | None) -> list[Target]:
    """Of each the shop's, else its market's, else that of all shops, else the catalogue's."""
    rows = await work.session.execute(
        text(
            """
            SELECT DISTINCT ON (indicator) indicator, value, share FROM indicator_target t
            WHERE indicator = ANY(:names) AND (shop_id IS NULL AND market IS NULL OR shop_id = CAST(:shop AS uuid)
              OR market = (SELECT s.market FROM shop s WHERE s.id = CAST(:shop AS uuid)))
            ORDER BY indicator, shop_id IS NULL, market IS NULL
            """
        ),
        {"names": [one.name for one in wanted], "shop": shop_id},
    )
    set_ = {row.indicator: Target(row.value, row.share) for row in rows}
    return [set_.get(one.name, Target(one.target, one.share_target)) for one in wanted]


async def targets_of(work: Work, name: str) -> list[TargetView]:
    """The catalogue's first, then those that were set and that the actor may see. Needs `insights.read`. Refuses with
    IndicatorUnknown."""
    work.require("insights.read")
    defined = definition(name)
    rows = await work.session.scalars(
        select(IndicatorTarget)
        .where(IndicatorTarget.indicator == name)
        .order_by(
            IndicatorTarget.shop_id.nulls_first(), IndicatorTarget.market.nulls_first(), IndicatorTarget.id
        )
    )
    own = TargetView(
        shop_id=None, market=None, value=defined.target, share=defined.share_target, set_by=None, set_at=None
    )
    return [own, *(TargetView.model_validate(row, from_attributes=True) for row in rows)]


async def set_target(work: Work, name: str, new: NewTarget) -> list[TargetView]:
    """Needs `insights.write`; a target of a market or of all shops takes one who sees all shops. Refuses with IndicatorUnknown,
    TargetNotPossible, NotFound."""
    work.require("insights.write")
    defined = definition(name)
    _check(defined, new)
    if new.shop_id is not None:
        await get_shop(work, new.shop_id)
    elif work.actor.shops is not None:
        raise NotAllowed()
    place = [
        IndicatorTarget.indicator == name,
        IndicatorTarget.shop_id.is_not_distinct_from(new.shop_id),
        IndicatorTarget.market.is_not_distinct_from(new.market),
    ]
    before = await work.session.scalar(select(IndicatorTarget.id).where(*place))
    target_id = before or work.new_id()
    if new.value is None and new.share is None:
        if before is None:
            return await targets_of(work, name)
        await work.session.execute(delete(IndicatorTarget).where(*place))
    else:
        values: dict[str, Any] = {
            "value": new.value,
            "share": new.share,
            "set_by": work.actor.id,
            "set_at": work.now,
        }
        await work.session.execute(
            insert(IndicatorTarget)
            .values(id=target_id, indicator=name, shop_id=new.shop_id, market=new.market, **values)
            .on_conflict_do_update(index_elements=["indicator", "shop_id", "market"], set_=values)
        )
    work.record(
        IndicatorTargetSet(
            indicator_target_id=target_id,
            shop_id=new.shop_id,
            indicator=name,
            market=new.market,
            value=new.value,
            share=new.share,
        )
    )
    return await targets_of(work, name)


def _check(defined: Definition, new: NewTarget) -> None:
    if new.shop_id is not None and new.market is not None:
        raise TargetNotPossible(indicator=defined.name)
    if new.share is not None and defined.limit_seconds is None:
        raise TargetNotPossible(indicator=defined.name, share=new.share)
    if new.value is None:
        return
    most = {
        "share": 1.0 if not defined.weighted else LARGEST,
        "score": defined.scale or LARGEST,
        "index": 100.0,
    }
    least = {"index": -100.0, "money": -LARGEST}
    if not least.get(defined.kind, 0.0) <= new.value <= most.get(defined.kind, LARGEST):
        raise TargetNotPossible(indicator=defined.name, value=new.value)
