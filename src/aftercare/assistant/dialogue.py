"""A turn of talk: heard, understood, answered, kept with its reasons."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select

from aftercare import cases, identity, knowledge, shop
from aftercare.assistant import matters, reading, speech
from aftercare.assistant.entities import Setting, entities, named
from aftercare.assistant.events import AssistantAnswered, AssistantHandedOver
from aftercare.assistant.matters import FINDING, Needed
from aftercare.assistant.minds import Mind, mind_of
from aftercare.assistant.model import Mood, Outcome, Switch, Talk, TalkNotFound, Turn, TurnEmpty
from aftercare.assistant.ports import LanguageModel
from aftercare.assistant.starting import PLANS, carry_out, start
from aftercare.assistant.state import Answer, Choice, Heard, NewTurn, Reply, Source, State, Talking
from aftercare.conversations import Channel
from aftercare.identity import ShopView
from aftercare.journal import Actor, ActorKind, House, Work, begin
from aftercare.kit.errors import Refusal
from aftercare.kit.text import clean, one_line

SURE = 0.5
"""From here on it acts on what it understood; below it asks."""
MAYBE = 0.2
MOST_UNSURE = 2
"""So often in a row it asks back; then a person takes over."""
SMALL_TALK = frozenset({"greeting", "thanks", "bye"})
ORDINALS = {
    "一": 1,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "first": 1,
    "second": 2,
    "third": 3,
    "fourth": 4,
    "fifth": 5,
}


async def talk(work: Work, new: NewTurn) -> Reply:
    """Answers one turn, as far as the actor may see and do. Refuses with TurnEmpty, TalkNotFound."""
    text = clean(new.text).strip()
    if not text and not new.choice:
        raise TurnEmpty()
    owner = await identity.get_shop(work, new.shop_id)
    row = await _talk_row(work, new, owner)
    if new.message_id is not None:
        before = await work.session.scalar(select(Turn).where(Turn.message_id == new.message_id))
        if before is not None:
            return reply_of(row, before)
    row.locale = reading.locale_of(text, new.locale or row.locale)
    # The contexts speak the actor's language; whoever writes English is answered in English.
    work.actor = replace(work.actor, locale=row.locale)
    mind = await mind_of(work)
    talking = Talking(
        work=work,
        shop=owner,
        row=row,
        state=State.model_validate(row.state),
        heard=_hear(work, owner, mind, text, new.choice),
        locale=row.locale,
        turn_id=work.new_id(),
        model_helps=await _model_helps(work, owner.id),
    )
    if new.order_id is not None and talking.state.order_id is None:
        talking.state.order_id = new.order_id
    answer = await _answer(talking)
    if talking.handing_over is not None:
        answer = await _hand_over(talking, answer)
    return await _keep(talking, new, text, answer, mind)


def _hear(work: Work, owner: ShopView, mind: Mind, text: str, choice: str | None) -> Heard:
    setting = Setting(work.now.astimezone(ZoneInfo(owner.time_zone)).date(), owner.currency, owner.market)
    return Heard(
        text=text,
        choice=choice,
        guess=mind.classifier.guess(text) if text and choice is None else None,
        entities=entities(text, setting) if text else [],
        mood=reading.mood_of(text),
        urgent=reading.is_urgent(text),
        danger=reading.is_dangerous(text),
    )


# Understanding


async def _answer(talking: Talking) -> Answer:
    state, heard = talking.state, talking.heard
    if talking.row.handed_over_at is not None:
        return Answer(talking.say("still_with_person"), Outcome.silent)
    if heard.text:
        state.collected["words"] = "\n".join(filter(None, [state.collected.get("words", ""), heard.text]))[
            -1_500:
        ]
    if heard.danger:
        talking.intent = "complaint"
        return talking.to_person("danger", talking.say("handed_over_danger"))
    picked = _picked(talking)
    try:
        if picked is not None:
            return await _go_on(talking, picked)
        return await _by_intent(talking)
    except Needed as missing:
        return missing.answer
    except Refusal as refused:
        talking.called("refused", refused.code)
        return talking.to_person("not_possible", talking.say("no_permission", why=refused.title))


def _picked(talking: Talking) -> str | None:
    """The choice that was pressed, or meant by what was typed."""
    state, heard = talking.state, talking.heard
    if heard.choice:
        return heard.choice
    if state.awaiting is None or not heard.text:
        return None
    guess = heard.guess
    flat = one_line(heard.text).casefold()
    if state.awaiting == "confirm":
        if guess is not None and guess.intent in ("yes", "no") and guess.probability >= SURE:
            return guess.intent
        return None
    if state.awaiting == "amount":
        return "amount" if any(one.kind.value == "amount" for one in heard.entities) else None
    if state.awaiting == "quantity":
        count = next(
            (one.value for one in heard.entities if one.kind.value == "quantity"),
            flat if flat.isdigit() else "",
        )
        return f"quantity:{count}" if count else None
    values = list(state.offered)
    place = _ordinal(flat)
    if place is not None and 1 <= place <= len(values):
        return values[place - 1]
    hits: list[str] = named(heard.text, state.offered)
    return hits[0] if len(hits) == 1 else None


def _ordinal(flat: str) -> int | None:
    word = flat.removeprefix("第").removeprefix("the ").removesuffix("个").removesuffix(" one").rstrip(".。")
    return int(word) if word.isdigit() and len(word) < 3 else ORDINALS.get(word)


async def _go_on(talking: Talking, picked: str) -> Answer:
    """With the matter in hand, after a choice."""
    state = talking.state
    what, _, value = picked.partition(":")
    if what == "person":
        talking.intent = "person"
        return talking.to_person("asked", talking.say("handed_over"))
    if what == "intent":
        state.awaiting = None
        if value == "none":
            return _not_understood(talking)
        kept = state.order_id
        state.forget()
        state.order_id = kept
        talking.intent = value
        return await _do(talking)
    talking.intent = state.task or ""
    if what in ("yes", "no"):
        return await _confirmed(talking, what == "yes")
    if what == "amount":
        pass
    elif what == "quantity" and value.isdigit():
        state.quantity = int(value)
        state.collected["quantity"] = value
    elif picked not in state.offered:
        # A button of an earlier turn, or one that never was.
        return _not_understood(talking)
    elif what == "order":
        state.order_id = UUID(value)
    elif what == "line":
        await _pick_lines(talking, value)
    elif what == "kind":
        state.kind = value
    elif what == "claim":
        state.claim_id = UUID(value)
    state.awaiting = None
    state.offered = {}
    return await _do(talking)


async def _pick_lines(talking: Talking, value: str) -> None:
    if value != "all":
        talking.state.line_ids = [UUID(value)]
        return
    order = await matters.the_order(talking)
    talking.state.line_ids = [line.id for line in order.lines]


async def _confirmed(talking: Talking, agreed: bool) -> Answer:
    talking.intent = talking.state.task or "claim_cancel"
    if talking.state.confirming is None:
        talking.intent = "yes" if agreed else "no"
        return _not_understood(talking)
    if agreed:
        return await carry_out(talking)
    return talking.answered(talking.say("cancelled"))


async def _by_intent(talking: Talking) -> Answer:
    guess, state = talking.heard.guess, talking.state
    if guess is None:
        return _not_understood(talking)
    if guess.known and guess.probability >= SURE:
        if guess.intent in ("yes", "no"):
            if state.awaiting:
                return _not_understood(talking)
            return talking.answered(talking.say("thanks"))
        if guess.intent not in (state.task, *SMALL_TALK):
            # Another matter; what was pending is dropped, nothing of it was done.
            state.forget()
        talking.intent = guess.intent
        return await _do(talking)
    # Something was asked, and this may be the answer to it: a number, a product, an order.
    if state.awaiting in ("order", "claim", "line") and talking.heard.entities and state.task:
        talking.intent = state.task
        return await _do(talking)
    found = await _quoted(talking)
    if found is not None:
        return found
    return _not_understood(talking)


async def _quoted(talking: Talking) -> Answer | None:
    """What the help centre says, where it speaks plainly of what was asked."""
    passages = await knowledge.find_passages(
        talking.work, talking.heard.text, locale=talking.locale, shop_id=talking.shop.id
    )
    talking.called("find_passages", f"{len(passages)} passages", question=talking.heard.text[:200])
    least = matters.WEAK_PASSAGE if talking.model_helps else matters.SURE_PASSAGE
    if passages and passages[0].score >= least:
        return await matters.from_articles(talking)
    return None


def _not_understood(talking: Talking) -> Answer:
    state, guess = talking.state, talking.heard.guess
    state.unsure += 1
    if state.unsure > MOST_UNSURE:
        return talking.to_person("unsure", talking.say("handed_over_unsure"))
    likely = [] if guess is None else [(guess.intent, guess.probability), *guess.others]
    offered = [
        intent for intent, probability in likely if probability >= MAYBE / 2 and intent in (*FINDING, *PLANS)
    ][:3]
    outside = guess is not None and not guess.known
    if offered and guess is not None and guess.known:
        choices = [_intent_choice(talking, intent) for intent in offered]
        choices.append(Choice(label=talking.say("none_of_these"), value="intent:none"))
        unsure = state.unsure
        answer = talking.ask("intent", talking.say("did_you_mean"), choices)
        state.unsure = unsure
        return answer
    usual = ("parcel_status", "return_goods", "refund_status", "entitlement")
    text = talking.say("outside") if outside else ""
    return talking.ask(
        "intent",
        f"{text}\n{talking.say('not_understood')}".strip(),
        [_intent_choice(talking, intent) for intent in usual],
    )


def _intent_choice(talking: Talking, intent: str) -> Choice:
    return Choice(label=speech.label("intent", intent, talking.locale), value=f"intent:{intent}")


async def _do(talking: Talking) -> Answer:
    """Whatever this intent needs."""
    intent, state = talking.intent, talking.state
    if intent in SMALL_TALK:
        answer = Answer(talking.say(intent, shop=talking.shop.name), Outcome.answered)
        if intent == "greeting" and state.awaiting is None:
            answer.choices = [
                _intent_choice(talking, one)
                for one in ("parcel_status", "return_goods", "refund_status", "entitlement")
            ]
            state.offered = {choice.value: choice.label for choice in answer.choices}
            state.awaiting = "intent"
        return answer
    if intent == "person":
        return talking.to_person("asked", talking.say("handed_over"))
    if intent == "complaint":
        return talking.to_person("angry", talking.say("handed_over_sorry"))
    state.task = intent
    state.collected["intent"] = intent
    if intent in PLANS:
        return await start(talking)
    if intent in FINDING:
        return await FINDING[intent](talking)
    return await matters.from_articles(talking)


# Keeping


async def _talk_row(work: Work, new: NewTurn, owner: ShopView) -> Talk:
    actor = work.actor
    customer_id = (
        next(iter(actor.customers), None) if len(actor.customers) == 1 else await _customer_in(work, owner)
    )
    if new.talk_id is not None:
        row = await talk_row(work, new.talk_id, lock=True)
        if row.shop_id != owner.id:
            raise TalkNotFound(talk_id=new.talk_id)
        # Somebody who has signed in meanwhile is known from now on.
        row.customer_id = row.customer_id or customer_id
        return row
    if new.case_id is not None:
        await cases.get_case(work, new.case_id)
        existing = await work.session.scalar(
            select(Talk).where(Talk.case_id == new.case_id).with_for_update()
        )
        if existing is not None:
            return existing
    row = Talk(
        id=work.new_id(),
        shop_id=owner.id,
        customer_id=customer_id,
        session_id=actor.session_id,
        case_id=new.case_id,
        locale=speech.known(new.locale or actor.locale),
        state=State().model_dump(mode="json"),
        turns=0,
        opened_at=work.now,
        last_at=work.now,
        handed_over_at=None,
        handed_why=None,
    )
    work.session.add(row)
    await work.session.flush()
    return row


async def _customer_in(work: Work, owner: ShopView) -> UUID | None:
    """Which of the customers that the actor has proven to be is one of this shop."""
    for customer_id in sorted(work.actor.customers):
        if (await shop.get_customer(work, customer_id)).shop_id == owner.id:
            return customer_id
    return None


def may_see(work: Work, row: Talk) -> bool:
    actor = work.actor
    if actor.kind is not ActorKind.customer:
        return actor.may("cases.read")
    if row.customer_id is not None:
        return row.customer_id in actor.customers
    return row.session_id is not None and row.session_id == actor.session_id


async def talk_row(work: Work, talk_id: UUID, *, lock: bool = False) -> Talk:
    """Refuses with TalkNotFound what the actor may not see."""
    row = await work.session.get(Talk, talk_id, with_for_update=lock or None, populate_existing=True)
    if row is None or not may_see(work, row):
        raise TalkNotFound(talk_id=talk_id)
    return row


async def _hand_over(talking: Talking, answer: Answer) -> Answer:
    """The matter goes to people: into the talk's case, or into a new one of the customer's. A guest of whom nothing is known
    is asked to say who it is, since nobody could answer."""
    row, work = talking.row, talking.work
    if row.case_id is None:
        if row.customer_id is None:
            return Answer(
                talking.say("sign_in"),
                Outcome.asked,
                [Choice(label=talking.say("sign_in_button"), value="sign_in", url="/sign-in")],
            )
        row.case_id, number = await _new_case(talking)
        if talking.handing_over == "asked":
            answer.text = talking.say("handed_over_number", number=number)
    row.handed_over_at, row.handed_why = work.now, talking.handing_over
    work.record(
        AssistantHandedOver(
            shop_id=row.shop_id,
            talk_id=row.id,
            case_id=row.case_id,
            customer_id=row.customer_id,
            turn_id=talking.turn_id,
            why=talking.handing_over or "",
        )
    )
    if talking.intent not in ("person", "complaint", "") and talking.handing_over == "unsure":
        await knowledge.note_question(
            work,
            talking.heard.text,
            talking.locale,
            row.shop_id,
            knowledge.Outcome.handed_over,
            source="assistant",
        )
    return answer


async def _model_helps(work: Work, shop_id: UUID) -> bool:
    if work.house.ports.get(LanguageModel) is None:
        return False
    switch = await work.session.get(Switch, shop_id)
    return switch is not None and switch.language_model


async def hand_over_late(work: Work, row: Talk, turn: Turn) -> None:
    """A turn that was left open for the language model, which found nothing either."""
    owner = await identity.get_shop(work, row.shop_id)
    talking = Talking(
        work=work,
        shop=owner,
        row=row,
        state=State.model_validate(row.state),
        heard=Heard(turn.said, None, None, [], turn.mood, bool(turn.why.get("urgent")), False),
        locale=row.locale,
        turn_id=turn.id,
        intent=turn.intent,
        handing_over="unsure",
    )
    answer = await _hand_over(talking, Answer(talking.say("handed_over_unsure"), Outcome.handed_over))
    turn.answer = {
        **turn.answer,
        "text": answer.text,
        "choices": [choice.model_dump() for choice in answer.choices],
        "sources": [],
    }
    turn.outcome = answer.outcome


async def _new_case(talking: Talking) -> tuple[UUID, str]:
    row, text = talking.row, talking.heard.text
    intent = speech.label("intent", talking.state.collected.get("intent", talking.intent), talking.locale)
    opened = await cases.open_case(
        talking.work,
        cases.NewCase(
            shop_id=row.shop_id,
            title=one_line(f"{intent}：{text}" if text else intent)[:200],
            customer_id=row.customer_id,
            order_id=talking.state.order_id,
            channel=Channel.chat,
            locale=talking.locale,
            body=text or intent,
            client_key=f"assistant:{row.id}",
        ),
    )
    return opened.id, opened.number


async def _keep(talking: Talking, new: NewTurn, text: str, answer: Answer, mind: Mind) -> Reply:
    row, work, heard = talking.row, talking.work, talking.heard
    guess = heard.guess
    # What it waits for is found again by the next turn; the rest of the matter stays as it was left.
    row.state = talking.state.model_dump(mode="json")
    row.last_at = work.now
    row.turns += 1
    turn = Turn(
        id=talking.turn_id,
        shop_id=row.shop_id,
        talk_id=row.id,
        position=row.turns,
        message_id=new.message_id,
        at=work.now,
        said=text or talking.state.offered.get(new.choice or "", new.choice or ""),
        answer={
            "text": answer.text,
            "choices": [choice.model_dump() for choice in answer.choices],
            "sources": [source.model_dump() for source in talking.sources],
        },
        intent=talking.intent,
        probability=guess.probability if guess is not None else 1.0,
        mood=heard.mood,
        outcome=answer.outcome,
        why={
            "choice": new.choice,
            "guess": None
            if guess is None
            else {
                "intent": guess.intent,
                "probability": round(guess.probability, 4),
                "in_scope": round(guess.in_scope, 4),
                "known": guess.known,
                "others": [[intent, round(probability, 4)] for intent, probability in guess.others],
            },
            "entities": [
                {"kind": one.kind.value, "value": one.value, "text": one.text} for one in heard.entities
            ],
            "mood": heard.mood.value,
            "urgent": heard.urgent,
            "calls": [call.model_dump() for call in talking.calls],
            "passages": talking.passages,
            "grounding": talking.grounding,
            "open": talking.open,
            "awaiting": talking.state.awaiting,
            "handed_over": talking.handing_over,
        },
        model=mind.called,
        corrected_intent=None,
        corrected_by=None,
        corrected_at=None,
    )
    work.session.add(turn)
    await work.session.flush()
    if answer.outcome is not Outcome.silent:
        work.record(
            AssistantAnswered(
                shop_id=row.shop_id,
                turn_id=turn.id,
                talk_id=row.id,
                case_id=row.case_id,
                customer_id=row.customer_id,
                intent=talking.intent,
                outcome=answer.outcome,
            )
        )
    return reply_of(row, turn)


def reply_of(row: Talk, turn: Turn) -> Reply:
    return Reply(
        talk_id=row.id,
        turn_id=turn.id,
        case_id=row.case_id,
        locale=row.locale,
        text=turn.answer["text"],
        choices=[Choice.model_validate(one) for one in turn.answer["choices"]],
        sources=[Source.model_validate(one) for one in turn.answer["sources"]],
        person=Choice(label=speech.say("person_button", row.locale), value="person"),
        intent=turn.intent,
        outcome=turn.outcome,
    )


async def say_in_case(work: Work, turn: Turn, row: Talk) -> None:
    """Puts an answer into the thread of its case, as the machine's own words, once."""
    if row.case_id is None or turn.outcome is Outcome.silent:
        return
    await cases.say(work, row.case_id, turn.answer["text"], client_key=f"assistant:{turn.id}")


async def summary(work: Work, row: Talk) -> str:
    """What a colleague must know who takes over."""
    turns = list(
        await work.session.scalars(
            select(Turn).where(Turn.talk_id == row.id).order_by(Turn.position.desc()).limit(12)
        )
    )
    state = State.model_validate(row.state)
    locale = row.locale
    collected = [
        f"{name} {value}" for name, value in state.collected.items() if name not in ("words", "intent")
    ]
    spoken = [
        f"{speech.say('customer', locale)}：{one_line(turn.said)[:300]}\n{speech.say('assistant', locale)}：{one_line(turn.answer['text'])[:300]}"
        for turn in reversed(turns)
    ]
    moods = [turn.mood for turn in turns]
    mood = Mood.angry if Mood.angry in moods[:3] else moods[0] if moods else Mood.neutral
    return speech.say(
        "summary",
        locale,
        intent=speech.label(
            "intent", state.collected.get("intent", turns[0].intent if turns else ""), locale
        ),
        why=speech.label("why", row.handed_why or "asked", locale),
        mood=speech.label("mood", mood.value, locale),
        collected=", ".join(collected) or speech.say("summary_nothing", locale),
        talk="\n".join(spoken),
    )


class _Undone(Exception):
    """What was only tried leaves no trace."""


async def answer_without_trace(
    house: House, asker: Actor, owner: ShopView, text: str, *, order_id: UUID | None = None
) -> tuple[Answer, str, list[Source]]:
    """What would be answered to a first turn, with its intent and sources; nothing is kept and nobody is told."""
    kept: list[tuple[Answer, str, list[Source]]] = []
    try:
        async with begin(house, asker) as work:
            row = await _talk_row(work, NewTurn(shop_id=owner.id, text=text, locale=asker.locale), owner)
            mind = await mind_of(work)
            talking = Talking(
                work=work,
                shop=owner,
                row=row,
                state=State(order_id=order_id),
                heard=_hear(work, owner, mind, text, None),
                locale=speech.known(asker.locale),
                turn_id=work.new_id(),
            )
            kept.append((await _answer(talking), talking.intent, talking.sources))
            raise _Undone
    except _Undone:
        pass
    return kept[0]
