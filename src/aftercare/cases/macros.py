"""Macros: several actions on a case at once, or none of them."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, TypeAdapter
from sqlalchemy import delete, or_, select, text

from aftercare import identity
from aftercare.cases.answers import Wording, answer, case_values, check_answer, fill_for
from aftercare.cases.events import MacroRemoved, MacroRun, MacroSet
from aftercare.cases.model import Macro, MacroNotFound, MacroNotPossible, Priority, ServiceCase, Stage
from aftercare.cases.owners import assign, release, take
from aftercare.cases.verbs import (
    CaseView,
    case_row,
    get_case,
    say,
    set_priority,
    set_stage,
    set_tags,
    snooze,
    solve,
)
from aftercare.conversations import LONGEST_BODY, MessageKind, answer_template, fill_in
from aftercare.journal import ActorKind, Work
from aftercare.kit.spoken import our_locale
from aftercare.kit.text import clean, one_line

Words = Annotated[str, Field(min_length=1, max_length=LONGEST_BODY), AfterValidator(clean)]
Tag = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(one_line)]


class AnswerStep(BaseModel):
    do: Literal["answer"]
    template_id: UUID


class NoteStep(BaseModel):
    """Fields in `{{ }}` are filled in, as in answers."""

    do: Literal["note"]
    words: Words


class TagStep(BaseModel):
    do: Literal["tag"]
    add: list[Tag] = Field(default=[], max_length=20)
    remove: list[Tag] = Field(default=[], max_length=20)


class PriorityStep(BaseModel):
    do: Literal["priority"]
    priority: Priority


class StageStep(BaseModel):
    do: Literal["stage"]
    stage: Stage


class GiveStep(BaseModel):
    """To a colleague, to whoever runs it (`me`), or back into the shared queue."""

    do: Literal["give"]
    to: Literal["me", "queue"] | UUID


class SnoozeStep(BaseModel):
    do: Literal["snooze"]
    hours: int = Field(ge=1, le=24 * 90)


class SolveStep(BaseModel):
    do: Literal["solve"]


Step = Annotated[
    AnswerStep | NoteStep | TagStep | PriorityStep | StageStep | GiveStep | SnoozeStep | SolveStep,
    Field(discriminator="do"),
]
STEPS: TypeAdapter[list[Step]] = TypeAdapter(list[Step])


class NewMacro(BaseModel):
    """`shared`: everybody in the shop uses it."""

    name: Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=60)]
    shared: bool = False
    steps: Annotated[list[Step], Field(min_length=1, max_length=12)]


class MacroView(BaseModel):
    id: UUID
    shop_id: UUID
    name: str
    shared: bool
    steps: list[Step]
    used: int
    changed_at: datetime


class MacroPreview(BaseModel):
    """`answer`: what the customer would read, None where it does not answer."""

    answer: str | None
    empty: list[str]
    wording: Wording | None


class MacroRan(BaseModel):
    """`again`: the same press had arrived before; then nothing happened this time."""

    case: CaseView
    message_id: UUID | None
    again: bool


def _view(row: Macro) -> MacroView:
    return MacroView(
        id=row.id,
        shop_id=row.shop_id,
        name=row.name,
        shared=row.owner_id is None,
        steps=STEPS.validate_python(row.steps),
        used=row.used,
        changed_at=row.changed_at,
    )


def _me(work: Work) -> UUID:
    work.require("cases.write")
    if work.actor.kind is not ActorKind.staff or work.actor.id is None:
        raise MacroNotFound()
    return work.actor.id


async def macros_of(work: Work, shop_id: UUID) -> list[MacroView]:
    """The shop's and one's own, what is used most first."""
    me = _me(work)
    rows = await work.session.scalars(
        select(Macro)
        .where(Macro.shop_id == shop_id, or_(Macro.owner_id.is_(None), Macro.owner_id == me))
        .order_by(Macro.used.desc(), Macro.name, Macro.id)
    )
    return [_view(row) for row in rows]


async def _macro(work: Work, macro_id: UUID, *, lock: bool = False) -> Macro:
    me = _me(work)
    row = await work.session.get(Macro, macro_id, with_for_update=lock or None, populate_existing=True)
    if row is None or row.owner_id not in (None, me):
        raise MacroNotFound(macro_id=macro_id)
    return row


def _check(steps: Sequence[Step]) -> None:
    doing = [step.do for step in steps]
    if doing.count("answer") > 1 or ("solve" in doing and doing.index("solve") != len(doing) - 1):
        raise MacroNotPossible(steps=doing)


async def save_macro(work: Work, shop_id: UUID, new: NewMacro, macro_id: UUID | None = None) -> MacroView:
    """One's own; one for the shop needs `notices.write`. Refuses with MacroNotFound, MacroNotPossible,
    AnswerTemplateNotFound."""
    me = _me(work)
    await identity.get_shop(work, shop_id)
    if new.shared:
        work.require("notices.write")
    _check(new.steps)
    for step in new.steps:
        if isinstance(step, AnswerStep):
            await answer_template(work, step.template_id)
    if macro_id is None:
        row = Macro(id=work.new_id(), shop_id=shop_id, used=0)
        work.session.add(row)
    else:
        row = await _macro(work, macro_id, lock=True)
        if row.owner_id is None:
            work.require("notices.write")
        if row.shop_id != shop_id:
            raise MacroNotFound(macro_id=macro_id)
    row.owner_id = None if new.shared else me
    row.name, row.steps = new.name, STEPS.dump_python(list(new.steps), mode="json")
    row.changed_by, row.changed_at = me, work.now
    await work.session.flush()
    work.record(MacroSet(shop_id=shop_id, macro_id=row.id, shared=new.shared))
    return _view(row)


async def remove_macro(work: Work, macro_id: UUID) -> None:
    """One's own; the shop's needs `notices.write`. Refuses with MacroNotFound."""
    row = await _macro(work, macro_id, lock=True)
    if row.owner_id is None:
        work.require("notices.write")
    await work.session.execute(delete(Macro).where(Macro.id == macro_id))
    work.record(MacroRemoved(shop_id=row.shop_id, macro_id=macro_id))


async def _words(work: Work, case: ServiceCase, steps: Sequence[Step]) -> tuple[str | None, list[str]]:
    for step in steps:
        if isinstance(step, AnswerStep):
            template = await answer_template(work, step.template_id)
            filled = await fill_for(work, case, template, our_locale(case.locale))
            return filled.words, filled.empty
    return None, []


async def preview_macro(work: Work, macro_id: UUID, case_id: UUID) -> MacroPreview:
    """What it would say here. Refuses with MacroNotFound, CaseNotFound."""
    macro = await _macro(work, macro_id)
    case = await case_row(work, case_id)
    if case.shop_id != macro.shop_id:
        raise MacroNotFound(macro_id=macro_id)
    words, empty = await _words(work, case, STEPS.validate_python(macro.steps))
    return MacroPreview(
        answer=words,
        empty=empty,
        wording=None if words is None else await check_answer(work, case_id, words),
    )


USED = text("UPDATE macro SET used = used + 1 WHERE id = :id")
SENT_BEFORE = text("SELECT id FROM message WHERE thread_id = :thread AND client_key = ANY(:keys) LIMIT 1")


async def run_macro(
    work: Work, macro_id: UUID, case_id: UUID, *, key: str, words: str | None = None, override: str = ""
) -> MacroRan:
    """Every step in its order, in one transaction: where one is refused nothing has happened. `words` stand for the answer where
    the agent has changed it; `key` is made by who presses. Refuses with what its steps refuse with."""
    macro = await _macro(work, macro_id)
    case = await case_row(work, case_id, lock=True)
    if case.shop_id != macro.shop_id:
        raise MacroNotFound(macro_id=macro_id)
    steps = STEPS.validate_python(macro.steps)
    keys = [f"{key}.{number}" for number in range(len(steps))]
    before = await work.session.execute(SENT_BEFORE, {"thread": case.thread_id, "keys": keys})
    if (sent := before.scalar_one_or_none()) is not None:
        return MacroRan(case=await get_case(work, case_id), message_id=sent, again=True)
    message_id = None
    for step, step_key in zip(steps, keys, strict=True):
        if isinstance(step, AnswerStep):
            said = words if words is not None else (await _words(work, case, [step]))[0] or ""
            posted = await answer(
                work, case_id, said, client_key=step_key, template_id=step.template_id, override=override
            )
            message_id = posted.message_id
        elif isinstance(step, NoteStep):
            filled = fill_in(step.words, await case_values(work, case_id, our_locale(case.locale)))
            await say(work, case_id, filled.words, kind=MessageKind.note, client_key=step_key)
        else:
            await _act(work, case_id, step)
    await work.session.execute(USED, {"id": macro_id})
    work.record(MacroRun(shop_id=macro.shop_id, case_id=case_id, macro_id=macro_id, account_id=work.actor.id))
    return MacroRan(case=await get_case(work, case_id), message_id=message_id, again=False)


async def _act(
    work: Work, case_id: UUID, step: TagStep | PriorityStep | StageStep | GiveStep | SnoozeStep | SolveStep
) -> None:
    if isinstance(step, TagStep):
        tags = set((await get_case(work, case_id)).tags) | {tag.casefold() for tag in step.add}
        await set_tags(work, case_id, sorted(tags - {tag.casefold() for tag in step.remove}))
    elif isinstance(step, PriorityStep):
        await set_priority(work, case_id, step.priority)
    elif isinstance(step, StageStep):
        if step.stage.number > (await get_case(work, case_id)).stage.number:
            await set_stage(work, case_id, step.stage)
    elif isinstance(step, SnoozeStep):
        await snooze(work, case_id, work.now + timedelta(hours=step.hours))
    elif isinstance(step, SolveStep):
        await solve(work, case_id)
    elif step.to == "queue":
        await release(work, case_id)
    elif step.to == "me":
        owner = (await get_case(work, case_id)).owner_id
        if owner in (None, work.actor.id) or not work.actor.may("cases.assign"):
            await take(work, case_id)
        else:
            await assign(work, case_id, _me(work))
    else:
        await assign(work, case_id, step.to)
