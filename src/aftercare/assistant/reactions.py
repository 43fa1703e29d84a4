"""What follows: a customer's words in a thread are answered, and a hand-over is told to staff."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text

from aftercare import cases
from aftercare.assistant.events import AssistantHandedOver
from aftercare.assistant.keeping import say_in_case, summary
from aftercare.assistant.model import Mood, Outcome, Talk, Turn
from aftercare.assistant.phrasing import converse
from aftercare.assistant.queries import switch_of
from aftercare.assistant.state import NewTurn
from aftercare.cases import Priority
from aftercare.conversations import (
    Author,
    Channel,
    ContactJoined,
    MessageKind,
    MessagePosted,
    Verified,
    answers_chats,
)
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, after, begin

TAG = "assistant"
TOO_OLD = timedelta(hours=1)
"""What was said so long ago is for people: a machine that answers yesterday's words is no help."""
WHOSE = text(
    """
    SELECT c.shop_id, c.customer_id, c.locale, m.body, m.channel, m.sent_at, m.contact_id,
      k.customer_id AS written_by
    FROM service_case c JOIN message m ON m.thread_id = c.thread_id LEFT JOIN contact k ON k.id = m.contact_id
    WHERE c.id = :case_id AND m.id = :message_id
    """
)


@after(
    MessagePosted,
    in_order_of="thread_id",
    outside=True,
    when=lambda fact: fact.author_kind is Author.customer and fact.case_id is not None,
)
async def answer_thread(house: House, fact: MessagePosted) -> None:
    """Answers as the customer sees things, and says it as the machine. Silent where it is off, where a colleague has taken the
    case or written in it, and once a person was called."""
    async with begin(house, SYSTEM) as work:
        row = (
            await work.session.execute(WHOSE, {"case_id": fact.case_id, "message_id": fact.message_id})
        ).one_or_none()
        if row is None or fact.case_id is None:
            return
        switch = await switch_of(work, row.shop_id)
        if not switch.active or row.channel not in switch.channels:
            return
        if await cases.people_have_it(work, fact.case_id):
            return
        # Words of somebody unknown in a customer's case: people put them there, and the case's own matters are not theirs to hear.
        stranger = row.customer_id != row.written_by and row.contact_id is not None
        if stranger or row.sent_at < work.now - TOO_OLD:
            await cases.call_people(work, fact.case_id)
            return
    reply = await converse(
        house,
        _asker(row.shop_id, row.customer_id, row.locale),
        NewTurn(
            shop_id=row.shop_id,
            case_id=fact.case_id,
            message_id=fact.message_id,
            text=row.body[:4_000],
            files=not row.body.strip(),
            locale=row.locale,
            unknown=row.customer_id is None,
            by_code=row.customer_id is None and row.channel == Channel.chat,
        ),
    )
    async with begin(house, SYSTEM) as work:
        await _say(work, reply.turn_id)


def _asker(shop_id: UUID, customer_id: UUID | None, locale: str) -> Actor:
    """Who has shown nobody who it is may see what everybody may."""
    return Actor(
        kind=ActorKind.customer,
        id=customer_id,
        shops=frozenset({shop_id}),
        customers=frozenset() if customer_id is None else frozenset({customer_id}),
        locale=locale,
    )


async def _say(work: Work, turn_id: UUID) -> None:
    turn = await work.session.get_one(Turn, turn_id)
    row = await work.session.get_one(Talk, turn.talk_id)
    await say_in_case(work, turn, row)
    if row.case_id is None:
        return
    if turn.outcome in (Outcome.answered, Outcome.asked, Outcome.acted):
        await cases.count_as_answer(work, row.case_id)
    if turn.outcome in (Outcome.acted, Outcome.handed_over):
        await cases.call_people(work, row.case_id)


VERIFIED = text(
    """
    SELECT t.id, t.case_id, t.state ->> 'awaiting' AS awaiting, t.locale, last.id AS turn_id,
      last.why ->> 'choice' AS choice
    FROM contact k
    JOIN LATERAL (SELECT thread_id FROM message WHERE contact_id = k.id ORDER BY sent_at DESC, position DESC LIMIT 1) m ON true
    JOIN service_case c ON c.thread_id = m.thread_id AND c.customer_id = k.customer_id
    JOIN assistant_talk t ON t.case_id = c.id
    JOIN assistant_turn last ON last.talk_id = t.id AND last.position = t.turns
    WHERE k.id = :contact_id AND k.customer_id = :customer_id
    """
)


@after(
    ContactJoined,
    in_order_of="contact_id",
    outside=True,
    when=lambda fact: fact.how in (Verified.code, Verified.signed_in),
)
async def go_on_verified(house: House, fact: ContactJoined) -> None:
    """Who was asked who it is, and has shown it, need not ask again."""
    about = {"contact_id": fact.contact_id, "customer_id": fact.customer_id}
    async with begin(house, SYSTEM) as work:
        row = (await work.session.execute(VERIFIED, about)).one_or_none()
        if row is None or fact.shop_id is None or await cases.people_have_it(work, row.case_id):
            return
    turn_id = row.turn_id
    if row.awaiting == "verified":
        asker = _asker(fact.shop_id, fact.customer_id, row.locale)
        new = NewTurn(shop_id=fact.shop_id, case_id=row.case_id, choice="verified", locale=row.locale)
        turn_id = (await converse(house, asker, new)).turn_id
    elif row.choice != "verified":
        return
    async with begin(house, SYSTEM) as work:
        await _say(work, turn_id)


@answers_chats
async def answers_at_once(work: Work, shop_id: UUID, channel: Channel) -> bool:
    switch = await switch_of(work, shop_id)
    return switch.active and channel in switch.channels


@after(AssistantHandedOver, in_order_of="case_id")
async def tell_staff(work: Work, fact: AssistantHandedOver) -> None:
    """A note that says how it stands, a tag, and a priority that fits mood and danger."""
    row = await work.session.get_one(Talk, fact.talk_id)
    await cases.say(
        work,
        fact.case_id,
        await summary(work, row),
        kind=MessageKind.note,
        client_key=f"assistant:handover:{fact.turn_id}",
    )
    case = await cases.get_case(work, fact.case_id)
    intents = await work.session.scalars(
        select(Turn.intent)
        .where(Turn.talk_id == row.id, Turn.intent != "")
        .order_by(Turn.position.desc())
        .limit(3)
    )
    about = [intent for intent in intents if intent not in ("person", "greeting", "thanks", "yes", "no")][:1]
    await cases.set_tags(work, fact.case_id, list(dict.fromkeys([*case.tags, TAG, *about])))
    turns = list(
        await work.session.execute(
            select(Turn.mood, Turn.why).where(Turn.talk_id == row.id).order_by(Turn.position)
        )
    )
    wanted = priority_of(
        fact.why, any(mood is Mood.angry for mood, _ in turns), any(why.get("urgent") for _, why in turns)
    )
    if wanted is not None and case.priority is Priority.normal:
        await cases.set_priority(work, fact.case_id, wanted)


def priority_of(why: str, angry: bool, urgent: bool) -> Priority | None:
    """None leaves it as it is."""
    if why == "danger":
        return Priority.urgent
    return Priority.high if angry or urgent or why == "angry" else None
