"""Which indicators of the catalogue a shop has watched, in which parts, and whose their alarms are."""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.insights.alarms.events import IndicatorUnwatched, IndicatorWatched
from aftercare.insights.alarms.model import AlarmRule, AlarmRuleNotPossible
from aftercare.insights.alarms.watched import EVERYWHERE
from aftercare.insights.indicators import definition
from aftercare.journal import Work
from aftercare.kit.text import one_line

MOST_RULES = 60
"""Of a shop: the more is watched, the surer each alarm must be."""
LARGE_CUTS = frozenset({"agent"})
"""Nobody is watched as a person."""


class NewAlarmRule(BaseModel):
    """`owner_id`: None, and everybody who may act on alarms is told."""

    shop_id: UUID
    indicator: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=60)]
    cut_by: Annotated[str, AfterValidator(one_line), Field(max_length=40)] = ""
    owner_id: UUID | None = None


class AlarmRuleView(BaseModel):
    id: UUID
    shop_id: UUID
    indicator: str
    cut_by: str
    owner_id: UUID | None
    owner_name: str | None


async def rules_of(work: Work, shop_id: UUID | None = None) -> list[AlarmRuleView]:
    """Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(
        text(
            """
            SELECT r.id, r.shop_id, r.indicator, r.cut_by, r.owner_id, a.name AS owner_name FROM alarm_rule r
            LEFT JOIN account a ON a.id = r.owner_id WHERE CAST(:shop AS uuid) IS NULL OR r.shop_id = :shop
            ORDER BY r.indicator, r.cut_by, r.shop_id
            """
        ),
        {"shop": shop_id},
    )
    return [AlarmRuleView.model_validate(dict(row._mapping)) for row in rows]


async def watch_indicator(work: Work, new: NewAlarmRule) -> AlarmRuleView:
    """From the next day that ends on; again with another owner it becomes theirs. Needs `insights.write`. Refuses with IndicatorUnknown,
    AlarmRuleNotPossible, ShopNotFound, AccountNotFound."""
    work.require("insights.write")
    await identity.get_shop(work, new.shop_id)
    defined = definition(new.indicator)
    everywhere = {(name, cut_by) for _, name, cut_by in EVERYWHERE.values()}
    if (
        defined.planned
        or (new.cut_by and new.cut_by not in set(defined.cuts) - LARGE_CUTS)
        or (new.indicator, new.cut_by) in everywhere
    ):
        raise AlarmRuleNotPossible(indicator=new.indicator, cut_by=new.cut_by)
    known = {(one.indicator, one.cut_by) for one in await rules_of(work, new.shop_id)}
    if len(known) >= MOST_RULES and (new.indicator, new.cut_by) not in known:
        raise AlarmRuleNotPossible(most=MOST_RULES)
    if new.owner_id is not None and new.owner_id not in await identity.members_of(
        work, new.shop_id, "insights.read"
    ):
        raise AlarmRuleNotPossible(owner_id=new.owner_id)
    put = insert(AlarmRule).values(
        id=work.new_id(), **new.model_dump(), set_by=work.actor.id, set_at=work.now
    )
    kept = await work.session.scalar(
        put.on_conflict_do_update(
            index_elements=["shop_id", "indicator", "cut_by"],
            set_={name: put.excluded[name] for name in ("owner_id", "set_by", "set_at")},
        ).returning(AlarmRule.id)
    )
    view = next(one for one in await rules_of(work, new.shop_id) if one.id == kept)
    work.record(
        IndicatorWatched(
            shop_id=new.shop_id,
            alarm_rule_id=view.id,
            indicator=new.indicator,
            cut_by=new.cut_by,
            owner_id=new.owner_id,
        )
    )
    return view


async def unwatch_indicator(work: Work, rule_id: UUID) -> None:
    """Its open alarms stay. What is not there is not watched already. Needs `insights.write`."""
    work.require("insights.write")
    row = await work.session.scalar(select(AlarmRule).where(AlarmRule.id == rule_id).with_for_update())
    if row is None or not work.actor.sees(row.shop_id):
        return
    await work.session.execute(delete(AlarmRule).where(AlarmRule.id == rule_id))
    work.record(
        IndicatorUnwatched(
            shop_id=row.shop_id, alarm_rule_id=row.id, indicator=row.indicator, cut_by=row.cut_by
        )
    )
