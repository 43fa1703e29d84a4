"""What follows: a customer's words in a thread are answered, and a hand-over is told to staff."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select, text

from aftercare import cases
from aftercare.assistant.dialogue import say_in_case, summary
from aftercare.assistant.events import AssistantHandedOver
from aftercare.assistant.model import Mood, Talk, Turn
from aftercare.assistant.phrasing import converse
from aftercare.assistant.queries import switch_of
from aftercare.assistant.state import NewTurn
from aftercare.cases import Priority
from aftercare.conversations import Author, MessageKind, MessagePosted
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, after, begin

TAG = "assistant"
TOO_OLD = timedelta(hours=1)
"""What was said so long ago is for people: a machine that answers yesterday's words is no help."""
WHOSE = text(
    """
    SELECT c.shop_id, c.customer_id, c.owner_id, c.locale, m.body, m.channel, m.sent_at
    FROM service_case c JOIN message m ON m.thread_id = c.thread_id
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
    """Answers as the customer sees things, and says it as the machine. Silent where it is off, where a colleague owns the case
    or has written in it, and once a person was called."""
    async with begin(house, SYSTEM) as work:
        row = (
            await work.session.execute(WHOSE, {"case_id": fact.case_id, "message_id": fact.message_id})
        ).one_or_none()
        if row is None or row.customer_id is None or row.owner_id is not None or not row.body.strip():
            return
        if row.sent_at < work.now - TOO_OLD:
            return
        switch = await switch_of(work, row.shop_id)
        if (
            not switch.active
            or row.channel not in switch.channels
            or await _person_wrote(work, fact.thread_id)
        ):
            return
    asker = Actor(
        kind=ActorKind.customer,
        id=row.customer_id,
        shops=frozenset({row.shop_id}),
        customers=frozenset({row.customer_id}),
        locale=row.locale,
    )
    reply = await converse(
        house,
        asker,
        NewTurn(
            shop_id=row.shop_id,
            case_id=fact.case_id,
            message_id=fact.message_id,
            text=row.body[:4_000],
            locale=row.locale,
        ),
    )
    async with begin(house, SYSTEM) as work:
        await _say(work, reply.turn_id)


async def _say(work: Work, turn_id: UUID) -> None:
    turn = await work.session.get_one(Turn, turn_id)
    await say_in_case(work, turn, await work.session.get_one(Talk, turn.talk_id))


async def _person_wrote(work: Work, thread_id: UUID) -> bool:
    found = await work.session.scalar(
        text(
            "SELECT 1 FROM message WHERE thread_id = :id AND author_kind = 'staff' AND kind = 'message' LIMIT 1"
        ),
        {"id": thread_id},
    )
    return found is not None


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
