"""What staff teach, and how a new model comes to serve: trained, tried, and only then promoted."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.assistant import seed
from aftercare.assistant.classifier import Classifier, Example, ModelUnreadable
from aftercare.assistant.events import (
    AssistantCorrected,
    AssistantModelPromoted,
    AssistantModelRefused,
    AssistantModelTrained,
)
from aftercare.assistant.keeping import talk_row
from aftercare.assistant.minds import ASSISTANT, HOUSE_MODEL, Guesses, built_in, mind_of, shelf_of
from aftercare.assistant.model import (
    IntentUnknown,
    Lesson,
    Model,
    ModelIsWorse,
    ModelNotCandidate,
    ModelNotFound,
    ModelState,
    Turn,
    TurnNotFound,
)
from aftercare.assistant.shelf import KeptModel, ModelShelf
from aftercare.assistant.training import train
from aftercare.journal import SYSTEM, Actor, House, PortMissing, Work, begin
from aftercare.kit.text import one_line
from aftercare.trials import Kind, can_be_tried, refuse_on_trial

WORSE_BY = 0.005
"""So much less right on kept-back examples is still as good; noise of a few examples."""
WEEK = timedelta(days=7)
MOST_LESSONS = 50_000
FEWEST_TALKS = 20


class ModelView(BaseModel):
    id: UUID
    name: str
    version: int
    digest: str
    trained_on: str
    examples: int
    intents: int
    scores: dict[str, Any]
    trained_by: UUID | None
    trained_at: datetime
    state: ModelState
    trial: dict[str, Any] | None
    promoted_at: datetime | None


class Trial(BaseModel):
    """A candidate beside the one that serves: on the kept-back examples that neither was trained on here, and on last week's turns
    that staff have corrected or that went well."""

    examples: int
    accuracy: float
    accuracy_before: float
    turns: int
    agreed: float
    """Of last week's turns: understood as staff say, or as before where they said nothing."""
    agreed_before: float
    changed: list[dict[str, str]]
    worse: bool


def known_intent(intent: str | None) -> str | None:
    """None is out of scope. Refuses with IntentUnknown."""
    if intent is None or intent in seed.intents():
        return intent
    raise IntentUnknown(intent=intent)


async def correct(work: Work, turn_id: UUID, intent: str | None) -> None:
    """What was said means this, say staff; it becomes an example. Needs `cases.write`. Refuses with TurnNotFound, IntentUnknown."""
    work.require("cases.write")
    meant = known_intent(intent)
    turn = await work.session.get(Turn, turn_id, with_for_update=True)
    if turn is None:
        raise TurnNotFound(turn_id=turn_id)
    await talk_row(work, turn.talk_id)
    turn.corrected_intent, turn.corrected_by, turn.corrected_at = meant or "", work.actor.id, work.now
    await _put_lesson(work, turn.shop_id, turn.said, meant, turn.id)
    work.record(
        AssistantCorrected(
            shop_id=turn.shop_id,
            turn_id=turn.id,
            talk_id=turn.talk_id,
            intent=meant or "",
            before=turn.intent,
        )
    )


async def teach(work: Work, shop_id: UUID, text: str, intent: str | None) -> None:
    """An example of its own. Needs `cases.write`. Refuses with IntentUnknown, ShopNotFound."""
    work.require("cases.write")
    await identity.get_shop(work, shop_id)
    await _put_lesson(work, shop_id, text, known_intent(intent), None)


async def _put_lesson(work: Work, shop_id: UUID, text: str, intent: str | None, turn_id: UUID | None) -> None:
    said = one_line(text)[:2_000]
    if not said:
        return
    row = {
        "id": work.new_id(),
        "shop_id": shop_id,
        "text": said,
        "intent": intent,
        "turn_id": turn_id,
        "added_by": work.actor.id,
        "added_at": work.now,
    }
    await work.session.execute(
        insert(Lesson)
        .values(row)
        .on_conflict_do_update(
            index_elements=["shop_id", "text"],
            set_={name: row[name] for name in ("intent", "turn_id", "added_by", "added_at")},
        )
    )


async def lessons(work: Work) -> list[Example]:
    rows = await work.session.execute(
        select(Lesson.text, Lesson.intent).order_by(Lesson.added_at.desc()).limit(MOST_LESSONS)
    )
    return [Example(row.text, row.intent or "", f"lesson {one_line(row.text).casefold()}") for row in rows]


# Training and promoting


async def train_house_model(house: House, actor: Actor = SYSTEM, extra: Sequence[Example] = ()) -> ModelView:
    """Learns from the house's sentences, from what staff taught, and from `extra`; a candidate until it is promoted. No transaction
    is open while it learns. Needs `policies.write`. Refuses with PortMissing where there is no shelf."""
    async with begin(house, actor) as work:
        work.require("policies.write")
        taught = await lessons(work)
    shelf = shelf_of(house)
    if shelf is None:
        raise PortMissing(port=ModelShelf.__name__)
    learn, _ = seed.kept_back([*seed.examples(), *taught, *extra])
    model = await asyncio.to_thread(train, learn)
    kept = await asyncio.to_thread(shelf.put, HOUSE_MODEL, model)
    async with begin(house, actor) as work:
        return await register(work, kept, model)


async def register(work: Work, kept: KeptModel, model: Classifier) -> ModelView:
    """Writes a model of the shelf down: who trained it, on what, how well it does."""
    row = Model(
        id=work.new_id(),
        name=kept.name,
        version=kept.version,
        digest=kept.digest,
        trained_on=str(model.about.get("digest", "")),
        examples=int(model.about.get("examples", 0)),
        intents=len(model.intents),
        scores=dict(model.about.get("kept_back", {})),
        trained_by=work.actor.id,
        trained_at=work.now,
        state=ModelState.candidate,
        trial=None,
        promoted_at=None,
        promoted_by=None,
    )
    work.session.add(row)
    await work.session.flush()
    work.record(AssistantModelTrained(model_id=row.id, version=row.version, examples=row.examples))
    return ModelView.model_validate(row, from_attributes=True)


async def models(work: Work) -> list[ModelView]:
    """Newest first. Needs `policies.read`."""
    work.require("policies.read")
    rows = await work.session.scalars(
        select(Model).order_by(Model.trained_at.desc(), Model.id.desc()).limit(100)
    )
    return [ModelView.model_validate(row, from_attributes=True) for row in rows]


async def model_row(work: Work, name: str, version: int) -> Model:
    row = await work.session.scalar(
        select(Model).where(Model.name == name, Model.version == version).with_for_update()
    )
    if row is None:
        raise ModelNotFound(name=name, version=version)
    return row


async def promote(house: House, actor: Actor, version: int, name: str = HOUSE_MODEL) -> ModelView:
    """Tries a candidate beside the one that serves and lets it serve if it is as good. Needs `policies.write`. A worse one is
    marked refused and answered with ModelIsWorse."""
    async with begin(house, actor) as work:
        work.require("policies.write")
        row = await model_row(work, name, version)
        _refuse_unfit(row)
        await refuse_on_trial(work, ASSISTANT)
        trial = await try_out(work, row)
        row.trial = trial.model_dump(mode="json")
        if trial.worse:
            row.state = ModelState.refused
            work.record(AssistantModelRefused(model_id=row.id, version=row.version))
        else:
            await _serve(work, row)
        await work.session.flush()
        view = ModelView.model_validate(row, from_attributes=True)
    if view.state is ModelState.refused:
        raise ModelIsWorse(**trial.model_dump(mode="json", exclude={"changed", "worse"}))
    return view


def _refuse_unfit(row: Model) -> None:
    if row.state not in (ModelState.candidate, ModelState.retired):
        raise ModelNotCandidate(name=row.name, version=row.version, state=row.state.value)


async def _serve(work: Work, row: Model) -> None:
    serving = await work.session.scalar(
        select(Model).where(Model.name == row.name, Model.state == ModelState.serving).with_for_update()
    )
    if serving is not None:
        serving.state = ModelState.retired
        await work.session.flush()
    row.state, row.promoted_at, row.promoted_by = ModelState.serving, work.now, work.actor.id
    work.record(AssistantModelPromoted(model_id=row.id, version=row.version))


async def _check_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    """A candidate that is as good as the one that serves may meet customers before it serves all. Refuses with ModelNotFound,
    ModelNotCandidate, ModelIsWorse."""
    work.require("policies.write")
    row = await model_row(work, HOUSE_MODEL, int(variant["version"]))
    _refuse_unfit(row)
    if row.trial is None:
        row.trial = (await try_out(work, row)).model_dump(mode="json")
    if row.trial["worse"]:
        raise ModelIsWorse(**{key: row.trial[key] for key in ("accuracy", "accuracy_before")})


async def _adopt_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    """One model serves all shops: adopted in one, it is adopted."""
    work.require("policies.write")
    row = await model_row(work, HOUSE_MODEL, int(variant["version"]))
    if row.state is not ModelState.serving:
        await _serve(work, row)


can_be_tried(Kind(ASSISTANT, frozenset({"customer", "case"}), _check_variant, _adopt_variant))


async def try_out(work: Work, row: Model) -> Trial:
    """How a candidate does beside the one that serves. Refuses with ModelNotFound when its file is gone or was changed."""
    shelf = shelf_of(work.house)
    candidate: Classifier | None = None
    if (
        shelf is not None
        and row.version in shelf.versions(row.name)
        and shelf.digest(row.name, row.version) == row.digest
    ):
        try:
            candidate = await asyncio.to_thread(shelf.get, row.name, row.version)
        except ModelUnreadable:
            candidate = None
    if candidate is None:
        raise ModelNotFound(name=row.name, version=row.version)
    serving = (await mind_of(work)).classifier
    _, keep = seed.kept_back([*seed.examples(), *await lessons(work)])
    inside = [example for example in keep if example.intent]
    turns = await _last_week(work)
    now, before = await asyncio.to_thread(
        _answers, candidate, serving, [*(one.text for one in inside), *(turn[0] for turn in turns)]
    )
    wanted = [*(one.intent for one in inside), *(turn[1] for turn in turns)]
    right = [answer == want for answer, want in zip(now, wanted, strict=True)]
    right_before = [answer == want for answer, want in zip(before, wanted, strict=True)]
    cut = len(inside)
    accuracy, accuracy_before = _share(right[:cut]), _share(right_before[:cut])
    agreed, agreed_before = _share(right[cut:]), _share(right_before[cut:])
    changed = [
        {"text": text, "before": old, "now": new, "wanted": want}
        for (text, want), old, new in zip(turns, before[cut:], now[cut:], strict=True)
        if old != new
    ]
    worse = accuracy < accuracy_before - WORSE_BY or (
        len(turns) >= FEWEST_TALKS and agreed < agreed_before - 2 * WORSE_BY
    )
    return Trial(
        examples=cut,
        accuracy=accuracy,
        accuracy_before=accuracy_before,
        turns=len(turns),
        agreed=agreed,
        agreed_before=agreed_before,
        changed=changed[:50],
        worse=worse,
    )


def _answers(candidate: Guesses, serving: Guesses, texts: Sequence[str]) -> tuple[list[str], list[str]]:
    return [one.intent for one in candidate.guesses(texts)], [one.intent for one in serving.guesses(texts)]


def _share(right: Sequence[bool]) -> float:
    return sum(right) / len(right) if right else 1.0


async def _last_week(work: Work) -> list[tuple[str, str]]:
    """What was said in the last seven days and what it meant: staff's word, else what was understood with good confidence."""
    rows = await work.session.execute(
        select(Turn.said, Turn.intent, Turn.corrected_intent)
        .where(
            Turn.at >= work.now - WEEK,
            Turn.why["guess"].astext != "null",
            func.coalesce(Turn.corrected_intent, Turn.intent) != "",
            Turn.corrected_intent.is_not(None)
            | ((Turn.probability >= 0.7) & (Turn.why["guess"]["intent"].astext == Turn.intent)),
        )
        .order_by(Turn.at.desc())
        .limit(5_000)
    )
    return [(row.said, row.corrected_intent or row.intent) for row in rows]


async def start_with(house: House) -> None:
    """Learns the built-in sentences before the first customer asks."""
    await built_in(house)
