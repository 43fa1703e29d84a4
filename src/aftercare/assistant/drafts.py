"""What an agent could answer: drafted from what the customer may know, never sent by itself."""

from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare import cases, identity, knowledge, shop
from aftercare.assistant import reading, speech
from aftercare.assistant.dialogue import answer_without_trace
from aftercare.assistant.minds import mind_of
from aftercare.assistant.model import Mood, Outcome
from aftercare.assistant.phrasing import ask
from aftercare.assistant.ports import Asking, Grounding
from aftercare.assistant.queries import switch_of
from aftercare.assistant.state import Source
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, begin

LIKELY_SOLUTION = 0.5
LAST_WORDS = text(
    """
    SELECT m.body FROM message m JOIN service_case c ON c.thread_id = m.thread_id
    WHERE c.id = :case_id AND m.author_kind = 'customer' AND m.kind = 'message' ORDER BY m.sent_at DESC, m.position DESC LIMIT 3
    """
)


class Draft(BaseModel):
    """`sure`: whether it rests on a source; else it is no more than a polite beginning."""

    text: str
    locale: str
    intent: str
    sure: bool
    sources: list[Source]


class Sketch(BaseModel):
    """What a text tells at a glance: for tags, priority and routing of a case."""

    locale: str
    intent: str
    probability: float
    known: bool
    mood: Mood
    urgent: bool
    tags: list[str]


async def sketch(work: Work, words: str, locale: str = "zh-CN") -> Sketch:
    """Looks at a text; keeps nothing."""
    guess = (await mind_of(work)).classifier.guess(words)
    mood, urgent = reading.mood_of(words), reading.is_urgent(words)
    sure = guess.known and guess.probability >= 0.5
    return Sketch(
        locale=reading.locale_of(words, locale),
        intent=guess.intent if sure else "",
        probability=guess.probability,
        known=guess.known,
        mood=mood,
        urgent=urgent,
        tags=[
            *([guess.intent] if sure else []),
            *(["angry"] if mood is Mood.angry else []),
            *(["urgent"] if urgent else []),
        ],
    )


async def draft_reply(house: House, actor: Actor, case_id: UUID) -> Draft:
    """For the customer's last words in a case. Needs `cases.read` and `conversations.write`. Refuses with CaseNotFound."""
    async with begin(house, actor) as work:
        work.require("conversations.write")
        case = await cases.get_case(work, case_id)
        said = list((await work.session.execute(LAST_WORDS, {"case_id": case_id})).scalars())
        name = ""
        if case.customer_id is not None and actor.may("orders.read"):
            name = (await shop.get_customer(work, case.customer_id)).name
        words = said[0][:4_000] if said else case.title
        locale = reading.locale_of(words, case.locale)
        solutions = (
            await knowledge.find_solutions(work, words, shop_id=case.shop_id, limit=3)
            if actor.may("knowledge.read")
            else []
        )
        owner = await identity.get_shop(work, case.shop_id)
    asker = Actor(
        kind=ActorKind.customer,
        id=case.customer_id,
        shops=frozenset({case.shop_id}),
        customers=frozenset({case.customer_id} if case.customer_id else ()),
        locale=locale,
    )
    answer, intent, sources = await answer_without_trace(house, asker, owner, words, order_id=case.order_id)
    body, sure = answer.text, answer.outcome is Outcome.answered and bool(sources)
    if not sure and solutions and solutions[0].score >= LIKELY_SOLUTION:
        best = solutions[0].solution
        body, sure = best.remedy, True
        sources = [Source(kind="rule", title=best.problem[:120])]
    if sure:
        body = await _better_words(house, owner.id, words, body, sources, locale)
    if not sure and answer.outcome is not Outcome.asked:
        body = speech.say("draft_nothing", locale)
    return Draft(
        text=speech.say("draft", locale, name=f" {name}" if name and locale == "en" else name, body=body),
        locale=locale,
        intent=intent,
        sure=sure,
        sources=sources,
    )


async def _better_words(
    house: House, shop_id: UUID, words: str, body: str, sources: list[Source], locale: str
) -> str:
    """The same in the language model's words, where the shop has it help and it keeps to what was found."""
    async with begin(house, SYSTEM) as work:
        switch = await switch_of(work, shop_id)
    if not switch.language_model:
        return body
    grounding = [Grounding(title="; ".join(source.title for source in sources)[:300], text=body)]
    said, _ = await ask(
        house, shop_id, Asking(purpose="draft", locale=locale, question=words[:1_000], grounding=grounding)
    )
    return said or body
