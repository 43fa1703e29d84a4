"""What is done with a decision: planned, begun, gone on with, kept, undone; and what it is about is changed with it."""

from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlalchemy import select

from aftercare import cases, identity, trials
from aftercare.insights.decisions.events import (
    DecisionDropped,
    DecisionExtended,
    DecisionKept,
    DecisionPlanned,
    DecisionStarted,
    DecisionStepped,
    DecisionUndone,
)
from aftercare.insights.decisions.model import (
    MOVES,
    OVER,
    Decision,
    DecisionNotFound,
    DecisionNotPossible,
    DecisionState,
    MoveNotAllowed,
    RollOut,
    SubjectKind,
    Verb,
    moves_from,
)
from aftercare.insights.indicators import definition
from aftercare.journal import Work
from aftercare.kit.errors import Invalid, NotFound

LONGEST = timedelta(days=400)
ZONE = ZoneInfo("Asia/Shanghai")
"""In which days begin."""


class TreatedShop(BaseModel):
    """A shop that gets it, and from which day on."""

    model_config = ConfigDict(extra="forbid")

    shop_id: UUID
    on: date


class GuardRail(BaseModel):
    model_config = ConfigDict(extra="forbid")

    indicator: str = Field(max_length=60)
    bound: float
    side: Literal["above", "below"]
    """Where it is broken."""


class Wording(BaseModel):
    """A template in one language."""

    model_config = ConfigDict(extra="forbid")

    subject: str = Field(min_length=1, max_length=200)
    body: str = Field(min_length=1, max_length=4_000)
    button: str = Field(min_length=1, max_length=60)


class Subject(BaseModel):
    """What is changed: of a policy the draft of each shop, by its version; of a template (`name`) its words by language; the rule by
    which cases overflow to other shops (None: they wait); the version of the assistant's model. Of everything else a name, and the
    change is made by hand."""

    model_config = ConfigDict(extra="forbid")

    versions: dict[UUID, int] = {}
    name: str | None = Field(None, max_length=200)
    words: dict[Literal["zh-CN", "zh-TW", "en"], Wording] = {}
    rule: cases.NewOverflow | None = None
    version: int | None = Field(None, ge=1)


class NewDecision(BaseModel):
    model_config = ConfigDict(extra="forbid")

    title: str = Field(min_length=1, max_length=200)
    hypothesis: str = Field(min_length=1, max_length=2_000)
    indicator: str = Field(max_length=60)
    target: float = Field(ge=-100, le=100)
    cost_cents: int | None = Field(None, ge=0)
    currency: str | None = Field(None, min_length=3, max_length=3)
    subject_kind: SubjectKind = SubjectKind.other
    subject: Subject = Subject()
    roll_out: RollOut
    share: float | None = Field(None, gt=0, lt=1)
    unit: Literal["customer", "case"] = "customer"
    shops: list[UUID] | None = None
    """Those that it touches and those that it is compared with; None: all."""
    treated: list[TreatedShop] = Field(default_factory=list, max_length=500)
    guards: list[GuardRail] = Field(default_factory=list, max_length=10)
    starts_at: AwareDatetime
    ends_at: AwareDatetime


async def plan(work: Work, new: NewDecision) -> Decision:
    """Needs `insights.write`, and what the change itself needs. Refuses with IndicatorUnknown, DecisionNotPossible, and with OnTrial
    where another decision about the same runs."""
    work.require("insights.write")
    defined = definition(new.indicator)
    if defined.planned or defined.snapshot:
        raise DecisionNotPossible(indicator=new.indicator, why="not measured row by row")
    if new.roll_out is RollOut.share and (new.share is None or defined.kind == "count"):
        raise DecisionNotPossible(
            why="a share needs its size, and an indicator that is more than a number of things"
        )
    if new.roll_out in (RollOut.shops, RollOut.steps) and not new.treated:
        raise DecisionNotPossible(why="no shop gets it")
    if new.target == 0:
        raise DecisionNotPossible(why="a target of nothing")
    if (new.target > 0) != (defined.good == "up"):
        raise DecisionNotPossible(why="the target is not the better direction", good=defined.good)
    if not new.starts_at < new.ends_at <= new.starts_at + LONGEST:
        raise DecisionNotPossible(why="it must end after it starts, within 400 days")
    for guard in new.guards:
        if definition(guard.indicator).planned or definition(guard.indicator).snapshot:
            raise DecisionNotPossible(indicator=guard.indicator, why="not measured row by row")
    shops = new.shops if new.shops is not None else _own(work)
    for shop_id in {*(shops or ()), *(one.shop_id for one in new.treated), *new.subject.versions}:
        await identity.get_shop(work, shop_id)
        if shops is not None and shop_id not in shops:
            raise DecisionNotPossible(why="a shop that is not among those looked at", shop=shop_id)
    row = Decision(
        id=work.new_id(),
        shops=sorted(shops) if shops is not None else None,
        title=new.title.strip(),
        hypothesis=new.hypothesis.strip(),
        indicator=new.indicator,
        target=new.target,
        owner_id=work.actor.id,
        cost_cents=new.cost_cents,
        currency=new.currency,
        subject_kind=new.subject_kind,
        subject=new.subject.model_dump(mode="json"),
        roll_out=new.roll_out,
        share=new.share if new.roll_out is RollOut.share else None,
        unit=new.unit,
        treated=[one.model_dump(mode="json") for one in new.treated],
        guards=[one.model_dump(mode="json") for one in new.guards],
        state=DecisionState.draft,
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        started_at=None,
        ended_at=None,
        planned_units=None,
        why=None,
        created_by=work.actor.id,
        created_at=work.now,
    )
    await _check_variants(work, row)
    work.session.add(row)
    await work.session.flush()
    work.record(DecisionPlanned(decision_id=row.id, indicator=row.indicator, kind=row.subject_kind.value))
    return row


def _own(work: Work) -> list[UUID] | None:
    return None if work.actor.shops is None else list(work.actor.shops)


async def _check_variants(work: Work, row: Decision) -> None:
    """Whatever cannot be given to whom it is meant for is said when it is planned, not when it starts."""
    if row.roll_out is RollOut.share and row.subject_kind not in TRIED:
        raise DecisionNotPossible(why="what is changed by hand cannot be given to some who are drawn")
    subject = subject_of(row)
    if row.subject_kind in TRIED and not variants(row.subject_kind, subject, None):
        raise DecisionNotPossible(why="nothing is named that would be changed")
    if row.subject_kind is SubjectKind.bot and row.shops is not None:
        raise DecisionNotPossible(why="one model answers in all shops")
    try:
        for shop_id in await _shops_to_try(work, row):
            for thing, variant in variants(row.subject_kind, subject, shop_id).items():
                await trials.check_trial(work, shop_id, thing, variant, row.unit)
    except (Invalid, NotFound) as refused:
        raise DecisionNotPossible(**{**refused.data, "why": refused.code}) from refused
    if missing := [
        one["shop_id"]
        for one in row.treated
        if row.subject_kind is SubjectKind.policy and UUID(one["shop_id"]) not in subject.versions
    ]:
        raise DecisionNotPossible(why="a shop without a version", shop=min(missing))


TRIED = frozenset({SubjectKind.policy, SubjectKind.template, SubjectKind.routing, SubjectKind.bot})
"""What is really given to whom it is meant for; all else is changed by hand."""


def subject_of(row: Decision) -> Subject:
    return Subject.model_validate(
        {key: row.subject[key] for key in Subject.model_fields if key in row.subject}
    )


def variants(kind: SubjectKind, subject: Subject, shop_id: UUID | None) -> dict[str, dict[str, Any]]:
    """What is tried in a shop, by thing; without a shop: in any."""
    if kind is SubjectKind.policy:
        version = subject.versions.get(shop_id) if shop_id else next(iter(subject.versions.values()), None)
        return {} if version is None else {"policy": {"version": version}}
    if kind is SubjectKind.template:
        return {
            f"template:{subject.name}:{locale}": words.model_dump() for locale, words in subject.words.items()
        }
    if kind is SubjectKind.routing:
        rule = subject.rule
        if rule is not None and shop_id in rule.to_shops:
            return {}
        return {"routing": {"rule": None if rule is None else rule.model_dump(mode="json")}}
    if kind is SubjectKind.bot and subject.version is not None:
        return {"assistant": {"version": subject.version}}
    return {}


async def _shops_to_try(work: Work, row: Decision) -> list[UUID]:
    """Those that get it while it runs."""
    if row.roll_out in (RollOut.shops, RollOut.steps):
        return [UUID(one["shop_id"]) for one in row.treated]
    return await _shops_to_keep(work, row)


async def _shops_to_keep(work: Work, row: Decision) -> list[UUID]:
    if row.subject_kind is SubjectKind.policy:
        return sorted(subject_of(row).versions)
    if row.shops is not None:
        return row.shops
    return [one.id for one in (await identity.list_shops(work, only_active=True, limit=1_000)).items]


async def get_decision(work: Work, decision_id: UUID, *, lock: bool = False) -> Decision:
    """Needs `insights.read`. Refuses with DecisionNotFound."""
    work.require("insights.read")
    wanted = select(Decision).where(Decision.id == decision_id)
    row = await work.session.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise DecisionNotFound(decision=decision_id)
    return row


async def _moved(work: Work, decision_id: UUID, verb: Verb) -> Decision:
    row = await get_decision(work, decision_id, lock=True)
    move = next((one for one in MOVES if one.start is row.state and one.verb is verb), None)
    if move is None:
        raise MoveNotAllowed(state=row.state.value, may=[one.value for one in moves_from(row.state)])
    if move.who != "system":
        work.require(move.who)
    row.state = move.end
    if move.end in OVER:
        row.ended_at = work.now
    if verb is Verb.start:
        row.started_at = row.starts_at = work.now
        row.ends_at = max(row.ends_at, work.now + timedelta(days=1))
    return row


async def start(work: Work, decision_id: UUID, *, planned_units: int | None = None) -> Decision:
    """From now on it holds: for the share that is drawn, the shops whose day has come, or all. Needs `insights.write`, and what the
    change itself needs. Refuses with MoveNotAllowed, OnTrial, and with what the owner of the thing refuses."""
    row = await _moved(work, decision_id, Verb.start)
    row.planned_units = planned_units
    work.record(DecisionStarted(decision_id=row.id, indicator=row.indicator))
    begins = {UUID(one["shop_id"]): _begin_of(date.fromisoformat(one["on"])) for one in row.treated}
    for shop_id in await _shops_to_try(work, row):
        for thing, variant in variants(row.subject_kind, subject_of(row), shop_id).items():
            await trials.begin_trial(
                work,
                trials.NewTrial(
                    decision_id=row.id,
                    shop_id=shop_id,
                    thing=thing,
                    variant=variant,
                    unit=row.unit,
                    share=row.share,
                    since=max(work.now, begins.get(shop_id, work.now)),
                ),
            )
    take_steps(work, row)
    await work.session.flush()
    return row


def _begin_of(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=ZONE)


def take_steps(work: Work, row: Decision) -> None:
    """States for which shops the day has come. Done twice, it happens once."""
    stepped: list[str] = list(row.subject.get("stepped", []))
    for one in row.treated:
        if one["shop_id"] not in stepped and _begin_of(date.fromisoformat(one["on"])) <= work.now:
            stepped.append(one["shop_id"])
            work.record(DecisionStepped(decision_id=row.id, shop_id=UUID(one["shop_id"])))
    if row.treated:
        row.subject = row.subject | {"stepped": stepped}


async def go_on(work: Work, decision_id: UUID, until: datetime) -> Decision:
    """Needs `insights.write`. Refuses with MoveNotAllowed, DecisionNotPossible."""
    row = await _moved(work, decision_id, Verb.go_on)
    if not work.now < until <= row.starts_at + LONGEST:
        raise DecisionNotPossible(why="it must end after it starts, within 400 days")
    row.ends_at = until
    work.record(DecisionExtended(decision_id=row.id, until=until.date().isoformat()))
    return row


async def keep(work: Work, decision_id: UUID, *, verdict: str, why: str) -> Decision:
    """It holds for all from now on. Needs `insights.write`, and what the change itself needs. Refuses with MoveNotAllowed."""
    row = await _moved(work, decision_id, Verb.keep)
    await trials.end_trials(work, row.id)
    for shop_id in await _shops_to_keep(work, row):
        for thing, variant in variants(row.subject_kind, subject_of(row), shop_id).items():
            await trials.adopt_trial(work, shop_id, thing, variant)
    row.why = why.strip() or None
    work.record(DecisionKept(decision_id=row.id, verdict=verdict))
    return row


async def undo(
    work: Work, decision_id: UUID, *, verdict: str, why: str, guard: str | None = None
) -> Decision:
    """Back to what was before: by a person, or by a guard rail. Needs `insights.write`. Refuses with MoveNotAllowed."""
    row = await _moved(work, decision_id, Verb.undo if guard is None else Verb.stop)
    await trials.end_trials(work, row.id)
    row.why = why.strip() or None
    work.record(DecisionUndone(decision_id=row.id, verdict=verdict, guard=guard))
    return row


async def drop(work: Work, decision_id: UUID) -> Decision:
    """A draft that will not be. Needs `insights.write`. Refuses with MoveNotAllowed."""
    row = await _moved(work, decision_id, Verb.drop)
    work.record(DecisionDropped(decision_id=row.id))
    return row
