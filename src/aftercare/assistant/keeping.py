"""Talks and turns as rows, the way to people, and what they are told."""

from uuid import UUID

from sqlalchemy import select

from aftercare import cases, identity, knowledge, shop
from aftercare.assistant import speech
from aftercare.assistant.events import AssistantAnswered, AssistantHandedOver
from aftercare.assistant.minds import Mind
from aftercare.assistant.model import Mood, Outcome, Talk, TalkNotFound, Turn
from aftercare.assistant.state import Answer, Choice, Heard, NewTurn, Reply, Source, State, Talking
from aftercare.conversations import Channel, OfferedChoice, OfferedSource, Offers
from aftercare.identity import ShopView
from aftercare.journal import ActorKind, Work
from aftercare.kit.text import one_line


async def talk_of(work: Work, new: NewTurn, owner: ShopView) -> Talk:
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
        if not new.unknown:
            await cases.get_case(work, new.case_id)
        existing = await work.session.scalar(
            select(Talk).where(Talk.case_id == new.case_id).with_for_update()
        )
        if existing is not None:
            if existing.customer_id is not None and existing.customer_id not in actor.customers:
                # Whose talk it was is somebody else now; nothing of theirs goes on.
                existing.state = State().model_dump(mode="json")
                existing.customer_id = None
            existing.customer_id = existing.customer_id or customer_id
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


async def hand_over(talking: Talking, answer: Answer) -> Answer:
    """The matter goes to people: into the talk's case, or into a new one of the customer's. A guest of whom nothing is known
    is asked to say who it is, since nobody could answer."""
    row, work = talking.row, talking.work
    if row.case_id is None:
        if row.customer_id is None:
            # Nobody is sent to a form before hearing the one thing that cannot wait.
            first = {"danger": "safe_first", "angry": "sorry"}.get(talking.handing_over or "")
            ask = talking.say("sign_in_person")
            return Answer(
                ask if first is None else f"{talking.say(first)}\n{ask}",
                Outcome.asked,
                [Choice(label=talking.say("sign_in_button"), value="sign_in", url="/sign-in")],
            )
        row.case_id, number = await _new_case(talking)
        if talking.handing_over == "asked":
            answer.text = talking.say("handed_over_number", number=number)
    if talking.by_code and row.customer_id is None:
        answer.text = f"{answer.text}\n{talking.say('leave_contact')}"
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
    answer = await hand_over(talking, Answer(talking.say("handed_over_unsure"), Outcome.handed_over))
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


async def keep_turn(talking: Talking, new: NewTurn, text: str, answer: Answer, mind: Mind) -> Reply:
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
        said=text
        or talking.state.offered.get(new.choice or "", new.choice or "")
        or speech.say("files_word", row.locale),
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
    choices = [OfferedChoice.model_validate(one) for one in turn.answer["choices"]]
    if turn.outcome is not Outcome.handed_over:
        choices.append(OfferedChoice(label=speech.say("person_button", row.locale), value="person"))
    sources = [one for one in turn.answer["sources"] if one["url"] is not None]
    await cases.say(
        work,
        row.case_id,
        turn.answer["text"],
        client_key=f"assistant:{turn.id}",
        offers=Offers(
            choices=choices,
            sources=[OfferedSource.model_validate(one) for one in sources],
        ),
        sources_in_words="\n".join(
            speech.say("passage_source", row.locale, title=one["title"])
            for one in sources
            if one["kind"] == "article"
        ),
    )


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
