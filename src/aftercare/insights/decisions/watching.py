"""Running decisions are looked at: what they changed, whether a guard rail is broken, and whose day has come."""

from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text

from aftercare.insights.analysis.answers import Sentence
from aftercare.insights.decisions.model import (
    Decision,
    DecisionReading,
    DecisionState,
    RollOut,
    SubjectKind,
    Verb,
    moves_from,
)
from aftercare.insights.decisions.planning import PowerView
from aftercare.insights.decisions.scales import Scale, scale_of
from aftercare.insights.decisions.seen import Effect
from aftercare.insights.decisions.verbs import (
    GuardRail,
    Subject,
    TreatedShop,
    get_decision,
    subject_of,
    take_steps,
    undo,
)
from aftercare.insights.decisions.verdicts import Advice, amount, judge, lines, paragraph, returns
from aftercare.insights.indicators import definition
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.trials import meetings

READ_EVERY = timedelta(hours=20)
KEPT_READINGS = 120


class GuardState(BaseModel):
    indicator: str
    bound: float
    side: Literal["above", "below"]
    value: float | None
    n: int
    broken: bool


class Reading(BaseModel):
    """What was seen at one time, and what it advises."""

    at: datetime
    effect: Effect
    guards: list[GuardState]
    advice: Advice
    says: list[Sentence]
    limits: list[Sentence]


class ReadingLine(BaseModel):
    """An earlier reading: how the interval narrowed."""

    at: datetime
    estimate: float | None
    low: float | None
    high: float | None
    advice: Advice


class DecisionLine(BaseModel):
    id: UUID
    title: str
    indicator: str
    indicator_title: str
    state: DecisionState
    roll_out: RollOut
    subject_kind: SubjectKind
    starts_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    advice: Advice | None
    scale: Scale | None
    estimate: float | None
    low: float | None
    high: float | None


class DecisionView(BaseModel):
    """A decision whole: its plan, what was seen of it last, and what may be done."""

    id: UUID
    title: str
    hypothesis: str
    indicator: str
    indicator_title: str
    good: Literal["up", "down"]
    target: float
    scale: Scale
    owner_id: UUID | None
    cost_cents: int | None
    currency: str | None
    subject_kind: SubjectKind
    subject: Subject
    roll_out: RollOut
    share: float | None
    unit: str
    shops: list[UUID] | None
    treated: list[TreatedShop]
    met_with: int
    """How many customers or cases came to what is tried and got it; `met_without`: came to it and got what was before."""
    met_without: int
    guards: list[GuardRail]
    state: DecisionState
    starts_at: datetime
    ends_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    why: str | None
    may: list[Verb]
    reading: Reading | None
    paragraph: str
    limits: list[str]
    history: list[ReadingLine]


async def power_before(work: Work, decision_id: UUID) -> PowerView:
    """Needs `insights.read`. Refuses with DecisionNotFound."""
    from aftercare.insights.decisions.measuring import plan_of, power_of

    row = await get_decision(work, decision_id)
    found = await power_of(work, await plan_of(work, row), row.target, row.ends_at)
    told = found.model_dump(exclude={"spread"})
    return PowerView(**told, scale=scale_of(definition(row.indicator).kind))


async def read_now(work: Work, decision_id: UUID) -> Reading:
    """Looks at it and keeps what was seen, once a day or when it is asked for anew. Needs `insights.read`."""
    from aftercare.insights.decisions.measuring import effect_of, guards_of, plan_of

    row = await get_decision(work, decision_id)
    plan = await plan_of(work, row)
    effect, guards = await effect_of(work, plan), await guards_of(work, plan, row.guards)
    kind = definition(row.indicator).kind
    over = (row.ended_at or work.now) >= row.ends_at
    verdict = judge(effect, guards, good=definition(row.indicator).good, target=row.target, over=over)
    reading = Reading(
        at=work.now,
        effect=effect,
        guards=[GuardState.model_validate(one.model_dump()) for one in guards],
        advice=verdict.advice,
        says=[
            *verdict.says[:-1],
            *(returns(effect, row.cost_cents, plan.starts_at.date()) if kind == "money" else []),
            verdict.says[-1],
        ],
        limits=verdict.limits,
    )
    work.session.add(
        DecisionReading(
            id=work.new_id(), decision_id=row.id, at=work.now, reading=reading.model_dump(mode="json")
        )
    )
    await work.session.flush()
    return reading


async def _readings(work: Work, decision_id: UUID) -> list[Reading]:
    """Newest first."""
    rows = await work.session.scalars(
        select(DecisionReading.reading)
        .where(DecisionReading.decision_id == decision_id)
        .order_by(DecisionReading.at.desc(), DecisionReading.id.desc())
        .limit(KEPT_READINGS)
    )
    return [Reading.model_validate(row) for row in rows]


async def decision_view(work: Work, decision_id: UUID, locale: str) -> DecisionView:
    """Needs `insights.read`. Refuses with DecisionNotFound."""
    row = await get_decision(work, decision_id)
    readings = await _readings(work, row.id)
    newest = readings[0] if readings else None
    defined = definition(row.indicator)
    titled = {one["indicator"]: definition(one["indicator"]).words[locale].title for one in row.guards}
    says = [_titled(one, titled, locale) for one in newest.says] if newest else []
    met = [one.treated for one in await meetings(work, row.id)]
    return DecisionView(
        id=row.id,
        title=row.title,
        hypothesis=row.hypothesis,
        indicator=row.indicator,
        indicator_title=defined.words[locale].title,
        good=defined.good,
        target=row.target,
        scale=scale_of(defined.kind),
        owner_id=row.owner_id,
        cost_cents=row.cost_cents,
        currency=row.currency,
        subject_kind=row.subject_kind,
        subject=subject_of(row),
        roll_out=row.roll_out,
        share=row.share,
        unit=row.unit,
        shops=row.shops,
        treated=[TreatedShop.model_validate(one) for one in row.treated],
        met_with=sum(met),
        met_without=len(met) - sum(met),
        guards=[GuardRail.model_validate(one) for one in row.guards],
        state=row.state,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        why=row.why,
        may=moves_from(row.state) if work.actor.may("insights.write") else [],
        reading=newest,
        paragraph=paragraph(says, locale),
        limits=lines(newest.limits, locale) if newest else [],
        history=[
            ReadingLine(
                at=one.at,
                estimate=one.effect.estimate,
                low=one.effect.low,
                high=one.effect.high,
                advice=one.advice,
            )
            for one in reversed(readings)
        ],
    )


def _titled(one: Sentence, titles: dict[str, str], locale: str) -> Sentence:
    values: dict[str, Any] = dict(one.values)
    if "indicator" in values:
        kind = definition(values["indicator"]).kind
        values |= {name: amount(values[name], kind, locale) for name in ("value", "bound") if name in values}
        values["indicator"] = titles.get(values["indicator"], values["indicator"])
    return Sentence(code=one.code, values=values)


NEWEST = text(
    "SELECT DISTINCT ON (decision_id) decision_id, reading FROM decision_reading ORDER BY decision_id, at DESC, id DESC"
)


async def decisions(work: Work, locale: str) -> list[DecisionLine]:
    """All that the actor sees: running first, then drafts, then what is over, newest first. Needs `insights.read`."""
    work.require("insights.read")
    rows = (await work.session.scalars(select(Decision).order_by(Decision.id.desc()).limit(500))).all()
    newest = await work.session.execute(NEWEST)
    seen = {row.decision_id: Reading.model_validate(row.reading) for row in newest}
    order = list(DecisionState)
    found = []
    for row in rows:
        reading = seen.get(row.id)
        effect = reading.effect if reading else None
        found.append(
            DecisionLine(
                id=row.id,
                title=row.title,
                indicator=row.indicator,
                indicator_title=definition(row.indicator).words[locale].title,
                state=row.state,
                roll_out=row.roll_out,
                subject_kind=row.subject_kind,
                starts_at=row.starts_at,
                ends_at=row.ends_at,
                ended_at=row.ended_at,
                advice=reading.advice if reading else None,
                scale=effect.scale if effect else None,
                estimate=effect.estimate if effect else None,
                low=effect.low if effect else None,
                high=effect.high if effect else None,
            )
        )
    first = {DecisionState.running: 0, DecisionState.draft: 1}
    return sorted(found, key=lambda line: first.get(line.state, 1 + order.index(line.state)))


async def watch_decisions(house: House) -> None:
    """The leader's round: days that have come, guard rails, and a reading a day. Safe to run twice at once: each decision is locked."""
    async with begin(house, SYSTEM) as work:
        running = (
            await work.session.scalars(select(Decision.id).where(Decision.state == DecisionState.running))
        ).all()
    for decision_id in running:
        async with begin(house, SYSTEM) as work:
            row = await get_decision(work, decision_id, lock=True)
            if row.state is not DecisionState.running:
                continue
            take_steps(work, row)
            before = await _readings(work, row.id)
            if before and before[0].at > work.now - READ_EVERY:
                continue
            reading = await read_now(work, row.id)
            broken = next((one for one in reading.guards if one.broken), None)
            if broken is not None:
                await undo(work, row.id, verdict=reading.advice, why="", guard=broken.indicator)
