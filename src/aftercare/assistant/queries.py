"""Reading talks: what was said, and why the assistant said what it said."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, tuple_

from aftercare.assistant.keeping import talk_row
from aftercare.assistant.model import Mood, Outcome, Switch, Talk, Turn
from aftercare.assistant.switching import SURE
from aftercare.journal import ActorKind, Work
from aftercare.kit.paging import Page, page, read_mark


class TurnView(BaseModel):
    """`why` is for staff: customers get an empty one."""

    id: UUID
    talk_id: UUID
    position: int
    at: datetime
    said: str
    answer: dict[str, Any]
    intent: str
    probability: float
    mood: Mood
    outcome: Outcome
    why: dict[str, Any]
    model: str
    corrected_intent: str | None


class TalkView(BaseModel):
    id: UUID
    shop_id: UUID
    customer_id: UUID | None
    case_id: UUID | None
    locale: str
    opened_at: datetime
    last_at: datetime
    handed_over_at: datetime | None
    handed_why: str | None
    turns: list[TurnView]


class TurnLine(BaseModel):
    """A turn in the list of staff."""

    id: UUID
    talk_id: UUID
    shop_id: UUID
    case_id: UUID | None
    at: datetime
    said: str
    intent: str
    probability: float
    outcome: Outcome
    mood: Mood
    corrected_intent: str | None


class SwitchView(BaseModel):
    shop_id: UUID
    active: bool
    channels: list[str]
    language_model: bool
    sure: float


async def get_talk(work: Work, talk_id: UUID) -> TalkView:
    """Refuses with TalkNotFound what the actor may not see."""
    row = await talk_row(work, talk_id)
    turns = await work.session.scalars(select(Turn).where(Turn.talk_id == talk_id).order_by(Turn.position))
    is_staff = work.actor.kind is not ActorKind.customer
    return TalkView(
        **{name: getattr(row, name) for name in TalkView.model_fields if name != "turns"},
        turns=[
            TurnView.model_validate(turn, from_attributes=True).model_copy(
                update={} if is_staff else {"why": {}, "model": "", "corrected_intent": None}
            )
            for turn in turns
        ],
    )


async def talk_of_case(work: Work, case_id: UUID) -> TalkView | None:
    """Needs `cases.read`."""
    work.require("cases.read")
    found = await work.session.scalar(select(Talk.id).where(Talk.case_id == case_id))
    return await get_talk(work, found) if found is not None else None


async def list_turns(
    work: Work,
    *,
    shop_id: UUID | None = None,
    intent: str | None = None,
    outcome: Outcome | None = None,
    below: float | None = None,
    uncorrected: bool = False,
    after: str | None = None,
    limit: int = 50,
) -> Page[TurnLine]:
    """Newest first; `below`: only those understood with less confidence. Needs `cases.read`."""
    work.require("cases.read")
    chosen = select(Turn, Talk.case_id).join(Talk, Talk.id == Turn.talk_id)
    for wanted, condition in (
        (shop_id, Turn.shop_id == shop_id),
        (intent, Turn.intent == intent),
        (outcome, Turn.outcome == outcome),
        (below, Turn.probability < (below or 0)),
        (uncorrected or None, Turn.corrected_at.is_(None)),
    ):
        if wanted is not None:
            chosen = chosen.where(condition)
    begins = read_mark(after, (datetime, UUID))
    if begins:
        chosen = chosen.where(tuple_(Turn.at, Turn.id) < (begins[0], begins[1]))
    rows = (
        await work.session.execute(chosen.order_by(Turn.at.desc(), Turn.id.desc()).limit(limit + 1))
    ).all()
    kept, following = page(rows, limit, lambda row: (row[0].at, row[0].id))
    return Page(
        items=[
            TurnLine(
                case_id=case_id,
                **{name: getattr(turn, name) for name in TurnLine.model_fields if name != "case_id"},
            )
            for turn, case_id in kept
        ],
        next=following,
    )


async def switch_of(work: Work, shop_id: UUID) -> SwitchView:
    """Off, where nobody has switched it."""
    row = await work.session.get(Switch, shop_id)
    if row is None:
        return SwitchView(shop_id=shop_id, active=False, channels=[], language_model=False, sure=SURE)
    return SwitchView.model_validate(row, from_attributes=True)
