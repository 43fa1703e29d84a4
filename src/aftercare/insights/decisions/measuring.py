"""What there is to see of a decision: the rows of its indicator, by who has it and who has not. Import this module late."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pandas as pd

from aftercare.insights.decisions import effects
from aftercare.insights.decisions.effects import GuardSeen, PowerPlan
from aftercare.insights.decisions.model import Decision, RollOut
from aftercare.insights.decisions.scales import Scale, scale_of
from aftercare.insights.decisions.seen import ArmPoint, Effect
from aftercare.insights.decisions.verbs import ZONE
from aftercare.insights.indicators import Definition, Question, definition
from aftercare.insights.indicators.answering import Live, engine_for
from aftercare.insights.indicators.counting import rows_of
from aftercare.insights.indicators.questions import Asked
from aftercare.journal import Work
from aftercare.trials import Met, meetings

BEFORE = timedelta(days=90)
"""So far back is looked for what units did before, and how series went."""
MOST_ROWS = 500_000


@dataclass(frozen=True)
class Plan:
    """What measuring needs to know of a decision."""

    id: UUID
    indicator: str
    roll_out: RollOut
    share: float
    unit: str
    shops: Sequence[UUID] | None
    treated: dict[str, date]
    starts_at: datetime
    until: datetime
    planned_units: int | None
    met: Mapping[str, Met] = field(default_factory=dict)
    """Whom the trial met, by unit."""


async def plan_of(work: Work, decision: Decision) -> Plan:
    now = work.now
    return Plan(
        id=decision.id,
        indicator=decision.indicator,
        roll_out=decision.roll_out,
        share=decision.share or 0.5,
        unit=decision.unit,
        shops=decision.shops,
        treated={str(one["shop_id"]): date.fromisoformat(one["on"]) for one in decision.treated},
        starts_at=decision.started_at or decision.starts_at,
        until=min(now, decision.ended_at or now),
        planned_units=decision.planned_units,
        met={str(one.unit_id): one for one in await meetings(work, decision.id)},
    )


async def rows_behind(
    work: Work, name: str, since: datetime, until: datetime, shops: Sequence[UUID] | None
) -> pd.DataFrame:
    """What an indicator looks at, one row each: `at`, `shop`, `customer`, `case`, and its value `y`. Needs `insights.read`."""
    defined = definition(name)
    engine = Live(work) if defined.ledger else engine_for(work, since)
    asked = Asked(defined, Question(since=since, until=until, trend=False), work.now)

    def expression() -> Any:
        found = rows_of(asked, engine.tables)
        if found is None:
            return None
        if shops is not None:
            found = found.filter(found["shop_id"].isin([str(shop) for shop in shops]))
        wanted = {column: found[column] for column in ("at", "shop_id", "case_id", "claim_id", "order_id")}
        wanted |= {"numerator": found["numerator"], "denominator": found["denominator"]}
        if "value" in found.columns:
            wanted["value"] = found["value"]
        rows = found.select(**wanted)
        for table, column in (("claims", "claim_id"), ("cases", "case_id"), ("orders", "order_id")):
            of = engine.tables[table]
            named = of.select(**{f"{table}_key": of["id"], f"{table}_customer": of["customer_id"]})
            rows = rows.left_join(named, rows[column] == named[f"{table}_key"]).drop(f"{table}_key")
        return rows.limit(MOST_ROWS)

    asks = await asyncio.to_thread(expression)
    columns = ["at", "shop", "customer", "case", "y"]
    if asks is None:
        return pd.DataFrame({name: [] for name in columns})
    frame = (await engine.run(asks)).to_pandas()
    customer = frame["claims_customer"].fillna(frame["cases_customer"]).fillna(frame["orders_customer"])
    return pd.DataFrame(
        {
            "at": pd.to_datetime(frame["at"], utc=True),
            "shop": frame["shop_id"],
            "customer": customer,
            "case": frame["case_id"].fillna(frame["claim_id"]).fillna(frame["order_id"]),
            "y": _values(frame, defined),
        }
    )


def _values(frame: pd.DataFrame, defined: Definition) -> "pd.Series[Any]":
    if defined.kind == "time":
        return frame["value"].astype(float)
    if defined.kind == "count":
        return pd.Series(1.0, index=frame.index)
    weighed = frame["denominator"].where(frame["denominator"] != 0)
    return (frame["numerator"] / weighed).astype(float)


async def effect_of(work: Work, plan: Plan) -> Effect:
    rows = await rows_behind(work, plan.indicator, plan.starts_at - BEFORE, plan.until, plan.shops)
    return await asyncio.to_thread(measured, rows, plan)


def measured(rows: pd.DataFrame, plan: Plan) -> Effect:
    """By the method that fits the roll-out."""
    kind = definition(plan.indicator).kind
    scale = scale_of(kind)
    rows = rows.dropna(subset=["y"]).reset_index(drop=True)
    if kind != "count":
        rows["y"] = effects.cut(
            rows["y"], scale, effects.cap_of(rows.loc[rows["at"] >= plan.starts_at, "y"], scale)
        )
    rows["day"] = rows["at"].dt.tz_convert(ZONE).dt.date
    if plan.roll_out is RollOut.share:
        return _randomised(rows, plan, scale)
    if plan.roll_out is RollOut.all:
        return _interrupted(rows, plan, scale, counts=kind == "count")
    return _difference(rows, plan, scale, counts=kind == "count")


def _randomised(rows: pd.DataFrame, plan: Plan, scale: Scale) -> Effect:
    """Those whom it met, from then on; what they did before it began makes the comparison sharper."""
    since, treated = _since_met(rows, plan)
    before = rows[(rows["at"] < plan.starts_at) & rows[plan.unit].isin(set(rows.loc[since, plan.unit]))]
    units = rows[since].assign(treated=treated).groupby(plan.unit)
    seen = units.agg(total=("y", "sum"), n=("y", "size"), treated=("treated", "first"))
    past = before.groupby(plan.unit)["y"].agg(total_before="sum", n_before="size")
    units_seen = seen.join(past).reset_index(drop=True)
    shown = since | rows.index.isin(before.index)
    arms = rows.loc[shown, plan.unit].map({unit: int(met.treated) for unit, met in plan.met.items()})
    return effects.randomised(
        units_seen, scale, planned=plan.planned_units, points=_points(rows[shown], arms)
    )


def _since_met(rows: pd.DataFrame, plan: Plan) -> tuple["pd.Series[Any]", "pd.Series[Any]"]:
    """Which rows came after the trial met their unit, or belong to the case in which it did; and which arm these are of."""
    met = rows[plan.unit].map(plan.met)
    known = met.notna()
    at = pd.to_datetime(met[known].map(lambda one: one.at), utc=True)
    of_case = met[known].map(lambda one: str(one.case_id)) == rows.loc[known, "case"]
    later = ((rows.loc[known, "at"] >= at) | of_case).astype(bool)
    since = later.reindex(rows.index, fill_value=False)
    return since, met[since].map(lambda one: int(one.treated)).astype(int)


def _points(rows: pd.DataFrame, treated: "pd.Series[Any]") -> list[ArmPoint]:
    daily = rows.assign(arm=treated).groupby(["day", "arm"])["y"].agg(["mean", "size"])
    found = []
    for day in sorted(rows["day"].unique()):
        arms = {arm: daily.loc[(day, arm)] for arm in (0, 1) if (day, arm) in daily.index}
        found.append(
            ArmPoint(
                on=day,
                treated=float(arms[1]["mean"]) if 1 in arms else None,
                control=float(arms[0]["mean"]) if 0 in arms else None,
                n_treated=int(arms[1]["size"]) if 1 in arms else 0,
                n_control=int(arms[0]["size"]) if 0 in arms else 0,
            )
        )
    return found


def _daily(rows: pd.DataFrame, by: list[str], *, counts: bool) -> pd.DataFrame:
    daily = rows.groupby([*by, "day"])["y"].agg(["mean", "size"]).reset_index()
    daily["y"] = daily["size"] if counts else daily["mean"]
    daily["n"] = 1 if counts else daily["size"]
    return daily


def _difference(rows: pd.DataFrame, plan: Plan, scale: Scale, *, counts: bool) -> Effect:
    panel = _daily(rows, ["shop"], counts=counts)
    begins = panel["shop"].map(plan.treated)
    panel["ever"] = begins.notna().astype(int)
    panel["treated"] = [
        int(isinstance(begin, date) and day >= begin) for begin, day in zip(begins, panel["day"], strict=True)
    ]
    panel["day"] = [day.toordinal() for day in panel["day"]]
    points = _points(rows, rows["shop"].isin(set(plan.treated)).astype(int)) if not counts else []
    return effects.difference(panel, scale, points=points)


def _interrupted(rows: pd.DataFrame, plan: Plan, scale: Scale, *, counts: bool) -> Effect:
    daily = _daily(rows, [], counts=counts)
    start = plan.starts_at.astimezone(ZONE).date()
    if not len(daily):
        return effects.nothing_yet("interrupted", scale, 0, 0, [])
    first = min(daily["day"])
    daily["day"] = [(day - first).days for day in daily["day"]]
    return effects.interrupted(daily, (start - first).days, scale, first)


async def power_of(work: Work, plan: Plan, target: float, ends_at: datetime) -> PowerPlan:
    """From what there was in the ninety days before."""
    since = min(work.now, plan.starts_at) - BEFORE
    rows = await rows_behind(work, plan.indicator, since, min(work.now, plan.starts_at), plan.shops)
    return await asyncio.to_thread(_power, rows, plan, target, ends_at)


def _power(rows: pd.DataFrame, plan: Plan, target: float, ends_at: datetime) -> PowerPlan:
    scale = scale_of(definition(plan.indicator).kind)
    rows = rows.dropna(subset=["y", plan.unit])
    if not len(rows):
        return effects.power(pd.Series(dtype=float), scale, target, 0.5, 1, 0.0)
    seen = max(1.0, (rows["at"].max() - rows["at"].min()) / pd.Timedelta(days=1))
    units = rows.groupby(plan.unit)["y"].mean()
    share = plan.share if plan.roll_out is RollOut.share else 0.5
    days = max(1, (ends_at - plan.starts_at).days)
    return effects.power(units, scale, target, share, days, len(units) / seen)


async def guards_of(work: Work, plan: Plan, guards: Sequence[dict[str, Any]]) -> list[GuardSeen]:
    """Each guard rail on those who have the decision, since they have it."""
    found = []
    for one in guards:
        rows = await rows_behind(work, one["indicator"], plan.starts_at, plan.until, plan.shops)
        rows = rows.dropna(subset=["y"])
        if plan.roll_out is RollOut.share:
            since, treated = _since_met(rows, plan)
            rows = rows[since][treated == 1]
        elif plan.roll_out is not RollOut.all:
            days = rows["at"].dt.tz_convert(ZONE).dt.date
            begins = rows["shop"].map(plan.treated)
            rows = rows[
                [isinstance(begin, date) and day >= begin for begin, day in zip(begins, days, strict=True)]
            ]
        kind = definition(one["indicator"]).kind
        found.append(effects.guard(one["indicator"], rows["y"], kind, float(one["bound"]), one["side"]))
    return found
