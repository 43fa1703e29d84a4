"""The assistant over HTTP: talking, and staff looking into it, correcting it, teaching it."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, Field

from aftercare import identity
from aftercare.assistant import drafts, learning, queries, seed, speech, switching
from aftercare.assistant.drafts import Draft, Sketch
from aftercare.assistant.learning import ModelView
from aftercare.assistant.model import Outcome, TurnEmpty
from aftercare.assistant.phrasing import converse
from aftercare.assistant.queries import SwitchView, TalkView, TurnLine
from aftercare.assistant.state import NewTurn, Reply
from aftercare.conversations import Channel
from aftercare.identity import limit
from aftercare.journal import SYSTEM, Actor, ActorKind, begin
from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.kit.text import clean

router = APIRouter(tags=["assistant"])

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
After = Annotated[str | None, Query(max_length=400)]
Words = Annotated[str, Field(max_length=4_000), AfterValidator(clean)]
TURNS_AN_HOUR = 120


class Said(BaseModel):
    """One turn. `visitor` is made by a guest's own screen and is the key to his talk; who has signed in needs none."""

    talk_id: UUID | None = None
    text: Words = ""
    choice: str | None = Field(default=None, max_length=200)
    order_id: UUID | None = None
    case_id: UUID | None = None
    locale: str | None = Field(default=None, pattern=r"^[a-z]{2}(-[A-Z]{2})?$")
    visitor: UUID | None = None


class Correction(BaseModel):
    """Without an intent: it was out of scope."""

    intent: str | None = Field(default=None, max_length=60)


class Lesson(BaseModel):
    shop_id: UUID
    text: Annotated[str, Field(min_length=1, max_length=2_000), AfterValidator(clean)]
    intent: str | None = Field(default=None, max_length=60)


class Switching(BaseModel):
    active: bool
    channels: list[Channel] | None = None
    language_model: bool = False
    sure: float = Field(default=switching.SURE, ge=0.3, le=0.95)


class IntentView(BaseModel):
    intent: str
    label: str


@router.post("/assistant/{shop_code}/talk")
async def talk_to_assistant(
    house: InHouse, request: Request, actor: ByActor, shop_code: str, said: Said
) -> Reply:
    """Says something to the shop's assistant, or presses a button of its last answer. Anybody may; what it shows and does is what
    who asks may see and do."""
    if not said.text.strip() and not said.choice:
        raise TurnEmpty()
    if actor.kind is not ActorKind.customer:
        actor = Actor(kind=ActorKind.customer, locale=actor.locale)
    who = actor.id or said.visitor or (request.client.host if request.client else "")
    await limit(house, f"assistant:{who}", TURNS_AN_HOUR, timedelta(hours=1))
    async with begin(house, SYSTEM) as work:
        owner = await identity.find_shop(work, shop_code)
    if not actor.customers:
        actor = Actor(
            kind=ActorKind.customer,
            shops=frozenset({owner.id}),
            session_id=said.visitor,
            locale=said.locale or actor.locale,
        )
    turn = NewTurn(shop_id=owner.id, **said.model_dump(exclude={"visitor"}))
    return await converse(house, actor, turn, request_id=getattr(request.state, "request_id", None))


@router.get("/assistant/talks/{talk_id}")
async def get_talk(work: InWork, talk_id: UUID) -> TalkView:
    """A talk with its turns; for staff with the reasons of each answer."""
    return await queries.get_talk(work, talk_id)


@router.get("/cases/{case_id}/assistant")
async def talk_of_case(work: InWork, case_id: UUID) -> TalkView | None:
    """What the assistant talked in a case, and why. Needs `cases.read`."""
    return await queries.talk_of_case(work, case_id)


@router.get("/assistant/turns")
async def list_assistant_turns(
    work: InWork,
    shop_id: UUID | None = None,
    intent: Annotated[str | None, Query(max_length=60)] = None,
    outcome: Outcome | None = None,
    below: Annotated[float | None, Query(ge=0, le=1)] = None,
    uncorrected: bool = False,
    after: After = None,
    limit: Limit = 50,
) -> Page[TurnLine]:
    """Newest first; `below` finds those it was least sure of. Needs `cases.read`."""
    return await queries.list_turns(
        work,
        shop_id=shop_id,
        intent=intent,
        outcome=outcome,
        below=below,
        uncorrected=uncorrected,
        after=after,
        limit=limit,
    )


@router.post("/assistant/turns/{turn_id}/correct", status_code=204)
async def correct_assistant_turn(work: InWork, turn_id: UUID, meant: Correction) -> None:
    """Says what a turn really meant; the next model learns from it. Needs `cases.write`."""
    await learning.correct(work, turn_id, meant.intent)


@router.post("/assistant/lessons", status_code=204)
async def teach_assistant(work: InWork, lesson: Lesson) -> None:
    """Gives an example of what a text means. Needs `cases.write`."""
    await learning.teach(work, lesson.shop_id, lesson.text, lesson.intent)


@router.get("/assistant/intents")
async def list_intents(actor: ByActor) -> list[IntentView]:
    """What the assistant can tell apart, in the reader's language."""
    return [IntentView(intent=one, label=speech.label("intent", one, actor.locale)) for one in seed.intents()]


@router.get("/assistant/models")
async def list_assistant_models(work: InWork) -> list[ModelView]:
    """Newest first. Needs `policies.read`."""
    return await learning.models(work)


@router.post("/assistant/models", status_code=201)
async def train_assistant_model(house: InHouse, actor: ByActor) -> ModelView:
    """Learns anew, with everything that staff taught; it serves once it is promoted. Takes seconds. Needs `policies.write`."""
    return await learning.train_house_model(house, actor)


@router.post("/assistant/models/{version}/promote")
async def promote_assistant_model(house: InHouse, actor: ByActor, version: int) -> ModelView:
    """Tries a model beside the one that serves, on kept-back examples and last week's talks; a worse one is refused (409).
    Needs `policies.write`."""
    return await learning.promote(house, actor, version)


@router.get("/assistant/switches/{shop_id}")
async def get_assistant_switch(work: InWork, shop_id: UUID) -> SwitchView:
    """Whether the assistant answers by itself in a shop, and where. Needs `policies.read`."""
    work.require("policies.read")
    return await queries.switch_of(work, shop_id)


@router.put("/assistant/switches/{shop_id}")
async def switch_assistant(work: InWork, shop_id: UUID, wanted: Switching) -> SwitchView:
    """Needs `policies.write`."""
    await switching.switch(
        work,
        shop_id,
        active=wanted.active,
        channels=wanted.channels,
        language_model=wanted.language_model,
        sure=wanted.sure,
    )
    return await queries.switch_of(work, shop_id)


@router.post("/cases/{case_id}/draft-reply")
async def draft_reply(house: InHouse, actor: ByActor, case_id: UUID) -> Draft:
    """A draft of an answer to the customer's last words; nothing is sent. Needs `conversations.write`."""
    return await drafts.draft_reply(house, actor, case_id)


class Glance(BaseModel):
    text: Words
    locale: str = Field(default="zh-CN", pattern=r"^[a-z]{2}(-[A-Z]{2})?$")


@router.post("/assistant/sketch")
async def sketch_text(work: InWork, glance: Glance) -> Sketch:
    """Intent, mood, language and tags of a text. Needs `cases.read`."""
    work.require("cases.read")
    return await drafts.sketch(work, glance.text, glance.locale)
