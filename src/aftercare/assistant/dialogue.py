"""A turn of talk: heard, understood, answered, kept with its reasons."""

from dataclasses import replace
from uuid import UUID

from sqlalchemy import select

from aftercare import identity
from aftercare.assistant import reading, speech
from aftercare.assistant.hearing import hear
from aftercare.assistant.keeping import hand_over, keep_turn, reply_of, talk_of
from aftercare.assistant.minds import mind_of
from aftercare.assistant.model import Switch, Turn, TurnEmpty
from aftercare.assistant.ports import LanguageModel
from aftercare.assistant.state import Answer, NewTurn, Reply, Source, State, Talking
from aftercare.assistant.switching import SURE
from aftercare.assistant.understanding import find_answer, not_for_ever, told_sorry, with_wishes
from aftercare.identity import ShopView
from aftercare.journal import Actor, House, Work, begin
from aftercare.kit.text import clean
from aftercare.trials import Who


async def talk(work: Work, new: NewTurn) -> Reply:
    """Answers one turn, as far as the actor may see and do. Refuses with TurnEmpty, TalkNotFound."""
    text = clean(new.text).strip()
    if not text and not new.choice and not new.files:
        raise TurnEmpty()
    owner = await identity.get_shop(work, new.shop_id)
    row = await talk_of(work, new, owner)
    if new.message_id is not None:
        before = await work.session.scalar(select(Turn).where(Turn.message_id == new.message_id))
        if before is not None:
            return reply_of(row, before)
    state = State.model_validate(row.state)
    if row.turns == 0:
        row.locale = new.locale or row.locale
    # What stands on a button, the name of goods above all, is not the customer's own language.
    offered = state.offered.values()
    if text not in offered and reading.without_words(text, "\n".join(offered)):
        row.locale = reading.locale_of(text, row.locale, new.locale)
    # The contexts speak the actor's language; whoever writes English is answered in English.
    work.actor = replace(work.actor, locale=row.locale)
    # Which model it is matters only where there are words to understand.
    who = Who(row.customer_id, row.case_id) if text and not new.choice else None
    mind = await mind_of(work, owner.id, who)
    wants = await work.session.get(Switch, owner.id)
    talking = Talking(
        work=work,
        shop=owner,
        row=row,
        state=state,
        heard=hear(work, owner, mind, text, new.choice),
        mind=mind,
        locale=row.locale,
        turn_id=work.new_id(),
        model_helps=wants is not None
        and wants.language_model
        and work.house.ports.get(LanguageModel) is not None,
        sure=SURE if wants is None else wants.sure,
        by_code=new.by_code,
    )
    if new.order_id is not None and talking.state.order_id is None:
        talking.state.order_id = new.order_id
    answer = not_for_ever(talking, await find_answer(talking))
    answer = await with_wishes(talking, told_sorry(talking, answer))
    if talking.handing_over is not None:
        answer = await hand_over(talking, answer)
    return await keep_turn(talking, new, text, answer, mind)


class _Undone(Exception):
    """What was only tried leaves no trace."""


async def answer_without_trace(
    house: House, asker: Actor, owner: ShopView, text: str, *, order_id: UUID | None = None
) -> tuple[Answer, str, list[Source]]:
    """What would be answered to a first turn, with its intent and sources; nothing is kept and nobody is told."""
    kept: list[tuple[Answer, str, list[Source]]] = []
    try:
        async with begin(house, asker) as work:
            row = await talk_of(work, NewTurn(shop_id=owner.id, text=text, locale=asker.locale), owner)
            mind = await mind_of(work)
            talking = Talking(
                work=work,
                shop=owner,
                row=row,
                state=State(order_id=order_id),
                heard=hear(work, owner, mind, text, None),
                locale=speech.known(asker.locale),
                turn_id=work.new_id(),
            )
            kept.append((await find_answer(talking), talking.intent, talking.sources))
            raise _Undone
    except _Undone:
        pass
    return kept[0]
