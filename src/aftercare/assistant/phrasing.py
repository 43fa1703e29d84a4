"""The language model's part: better words for what was found, and answers that the built-in path left open. No transaction is
open while it thinks; where it is away, over its budget or not grounded, the built-in answer stands."""

import asyncio
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm.attributes import flag_modified

from aftercare import identity
from aftercare.assistant.dialogue import talk
from aftercare.assistant.grounds import complaints, gives_orders
from aftercare.assistant.keeping import hand_over_late, reply_of
from aftercare.assistant.model import Outcome, Spending, Switch, Talk, Turn
from aftercare.assistant.ports import Asking, Grounding, LanguageModel, LanguageModelAway, Said
from aftercare.assistant.state import NewTurn, Reply
from aftercare.journal import SYSTEM, Actor, House, Work, begin

log = structlog.get_logger()

SECONDS = 8
TURNS_TOLD = 6
LONGEST_GROUNDING = 4_000


async def converse(house: House, actor: Actor, new: NewTurn, request_id: str | None = None) -> Reply:
    """One turn of talk, with the language model's help where the shop wants it."""
    async with begin(house, actor, request_id=request_id) as work:
        reply = await talk(work, new)
        asking = await _asking(work, reply.turn_id)
    if asking is None:
        return reply
    said, why = await ask(house, new.shop_id, asking)
    async with begin(house, actor, request_id=request_id) as work:
        return await _settle(work, reply.turn_id, said, why, asking)


async def _asking(work: Work, turn_id: UUID) -> Asking | None:
    """What to ask the model about a turn; None where there is nothing to ask, or it was asked already."""
    turn = await work.session.get_one(Turn, turn_id)
    given = turn.why.get("grounding")
    if not given or "language_model" in turn.why or work.house.ports.get(LanguageModel) is None:
        return None
    switch = await work.session.get(Switch, turn.shop_id)
    if switch is None or not switch.language_model:
        return None
    earlier = list(
        await work.session.scalars(
            select(Turn)
            .where(Turn.talk_id == turn.talk_id, Turn.position < turn.position)
            .order_by(Turn.position.desc())
            .limit(TURNS_TOLD // 2)
        )
    )
    row = await work.session.get_one(Talk, turn.talk_id)
    history: list[tuple[Literal["customer", "assistant"], str]] = []
    for one in reversed(earlier):
        history += [("customer", one.said[:500]), ("assistant", one.answer["text"][:500])]
    return Asking(
        purpose="answer",
        locale=row.locale,
        question=turn.said[:1_000],
        grounding=[Grounding(title=one["title"], text=one["text"][:LONGEST_GROUNDING]) for one in given],
        history=history,
    )


async def ask(house: House, shop_id: UUID, asking: Asking) -> tuple[str | None, str]:
    """The model's words if they may be shown, and in a word what came of it. Never raises for what the model does."""
    model: LanguageModel | None = house.ports.get(LanguageModel)
    if model is None:
        return None, "none"
    handed = [asking.question, *(said for _, said in asking.history)]
    handed += [f"{one.title}\n{one.text}" for one in asking.grounding]
    if any(gives_orders(text) for text in handed):
        return None, "somebody speaks to the machine"
    if not await _within_budget(house, shop_id, model):
        return None, "over the budget of the day"
    try:
        async with asyncio.timeout(SECONDS):
            said: Said = await model.ask(asking)
    except (LanguageModelAway, TimeoutError) as away:
        log.info("language model away", said=str(away)[:200])
        return None, "away"
    await _spent(house, shop_id, said.tokens)
    if said.text is None:
        return None, "no answer in what it was given"
    wrong = complaints(said.text, asking.question, asking.grounding, asking.locale)
    if wrong:
        log.info("language model not grounded", why=wrong[:5])
        return None, f"not grounded: {', '.join(wrong[:5])}"[:300]
    return said.text.strip(), "grounded"


async def _settle(work: Work, turn_id: UUID, said: str | None, why: str, asking: Asking) -> Reply:
    turn = await work.session.get_one(Turn, turn_id, with_for_update=True)
    row = await work.session.get_one(Talk, turn.talk_id, with_for_update=True)
    told: dict[str, Any] = {"outcome": why}
    if said is not None:
        told["instead_of"] = turn.answer["text"]
        turn.answer = {**turn.answer, "text": said}
        if turn.why.get("open"):
            turn.outcome = Outcome.answered
    elif turn.why.get("open") and row.handed_over_at is None:
        await hand_over_late(work, row, turn)
    turn.why = {**turn.why, "language_model": told}
    flag_modified(turn, "why")
    await work.session.flush()
    return reply_of(row, turn)


# Budget


async def _within_budget(house: House, shop_id: UUID, model: LanguageModel) -> bool:
    async with begin(house, SYSTEM) as work:
        row = await work.session.get(Spending, (shop_id, await _day(work, shop_id)))
        return row is None or row.tokens < model.tokens_a_day


async def _spent(house: House, shop_id: UUID, tokens: int) -> None:
    async with begin(house, SYSTEM) as work:
        statement = insert(Spending).values(
            shop_id=shop_id, day=await _day(work, shop_id), tokens=tokens, calls=1
        )
        await work.session.execute(
            statement.on_conflict_do_update(
                index_elements=["shop_id", "day"],
                set_={"tokens": Spending.tokens + tokens, "calls": Spending.calls + 1},
            )
        )


async def _day(work: Work, shop_id: UUID) -> str:
    owner = await identity.get_shop(work, shop_id)
    return work.now.astimezone(ZoneInfo(owner.time_zone)).date().isoformat()
