"""Who calls and what of theirs is open; notes of a call in its case; calls that were missed become a matter with a promise."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.cases.escalation.words import note_language
from aftercare.cases.model import Status
from aftercare.cases.opening import NewCase, open_case
from aftercare.cases.owners import take
from aftercare.cases.verbs import case_row, link, say, wind
from aftercare.conversations import (
    AccountNotFound,
    CallMissed,
    CallPlacer,
    CallRecorded,
    CallView,
    Channel,
    ContactView,
    Direction,
    LikelyCustomer,
    MessageKind,
    NewMessage,
    NotDelivered,
    NumberHidden,
    TryLater,
    account_of,
    exchange_of,
    get_call,
    get_contact,
    likely_customers,
    list_calls,
    note_on_call,
    note_placed,
    plan_call,
    post,
    put_call_into,
)
from aftercare.identity import get_shop
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, after, begin
from aftercare.kit.errors import Refusal, Unavailable

MOST_CASES = 20
MOST_EARLIER = 5

TITLES = {"zh-CN": "来电 {number}", "zh-TW": "來電 {number}", "en": "Call from {number}"}
OUTBOUND = {"zh-CN": "去电 {number}", "zh-TW": "去電 {number}", "en": "Call to {number}"}
HIDDEN = {"zh-CN": "（号码未显示）", "zh-TW": "（號碼未顯示）", "en": "(number withheld)"}
MISSED = {
    "zh-CN": "〔未接来电〕{number}，{at}。请于 {by} 前回电。",
    "zh-TW": "〔未接來電〕{number}，{at}。請於 {by} 前回電。",
    "en": "[Missed call] {number}, {at}. To be called back by {by}.",
}
VOICEMAIL = {"zh-CN": "〔语音留言〕", "zh-TW": "〔語音留言〕", "en": "[Voicemail]"}


class CallRefused(Refusal):
    """The exchange does not make this call."""


class ExchangeAway(Unavailable):
    """The exchange cannot be reached right now; please try again in a moment."""


class CallOfAnotherShop(Refusal):
    """This call came to another shop than the case is of."""


class CaseOfCaller(BaseModel):
    """`sure`: of the customer that the number is verified for, or told of by this number before. Otherwise only the number on
    file is the same."""

    id: UUID
    number: str
    title: str
    status: Status
    customer_id: UUID | None
    order_id: UUID | None
    sure: bool


class Pop(BaseModel):
    """What an agent wants to know while it rings."""

    call: CallView
    contact: ContactView | None
    customer_name: str | None
    likely: list[LikelyCustomer]
    cases: list[CaseOfCaller]
    earlier: list[CallView]


OPEN = text(
    """
    SELECT c.id, c.number, c.title, c.status, c.customer_id, c.order_id,
      c.customer_id IS NOT DISTINCT FROM CAST(:customer_id AS uuid) AND c.customer_id IS NOT NULL OR own.id IS NOT NULL AS sure
    FROM service_case c
    LEFT JOIN LATERAL (
      SELECT k.id FROM call k WHERE k.case_id = c.id AND k.contact_id = :contact_id LIMIT 1
    ) own ON true
    WHERE c.shop_id = :shop_id AND c.status IN ('open', 'waiting_shop', 'waiting_customer')
      AND (c.customer_id = ANY(CAST(:customers AS uuid[])) OR own.id IS NOT NULL)
    ORDER BY sure DESC, c.last_message_at DESC NULLS LAST, c.id DESC LIMIT :limit
    """
)


async def screen_pop(work: Work, call_id: UUID) -> Pop:
    """Needs `cases.read`. Refuses with CallNotFound."""
    call = await get_call(work, call_id)
    contact, likely, found, name = None, [], [], None
    earlier: list[CallView] = []
    if call.contact_id is not None:
        contact = await get_contact(work, call.contact_id)
        likely = [] if contact.customer_id else await likely_customers(work, call.contact_id)
        found = await _cases_of(work, call, contact, [one.customer_id for one in likely])
        calls = await list_calls(work, contact_id=call.contact_id, limit=MOST_EARLIER + 1)
        earlier = [one for one in calls if one.id != call.id][:MOST_EARLIER]
        if contact.customer_id is not None:
            name = await work.session.scalar(
                text("SELECT name FROM customer WHERE id = :id"), {"id": contact.customer_id}
            )
    return Pop(call=call, contact=contact, customer_name=name, likely=likely, cases=found, earlier=earlier)


async def _cases_of(
    work: Work, call: CallView, contact: ContactView, likely: Sequence[UUID] = ()
) -> list[CaseOfCaller]:
    customers = [*([contact.customer_id] if contact.customer_id else []), *likely]
    rows = await work.session.execute(
        OPEN,
        {
            "customer_id": contact.customer_id,
            "contact_id": contact.id,
            "shop_id": call.shop_id,
            "customers": customers,
            "limit": MOST_CASES,
        },
    )
    return [CaseOfCaller.model_validate(dict(row._mapping)) for row in rows]


# Into the case


async def put_call_in_case(work: Work, call_id: UUID, case_id: UUID) -> CallView:
    """The call was about this case. Needs `cases.write`. Refuses with CallOfAnotherShop."""
    work.require("cases.write")
    call = await get_call(work, call_id)
    case = await case_row(work, case_id)
    if case.shop_id != call.shop_id:
        raise CallOfAnotherShop(call_id=call_id)
    await put_call_into(work, call_id, case_id)
    await link(work, case_id, "call", call_id)
    await work.write_facts()
    await wind(work, [case_id])
    return await get_call(work, call_id)


async def note_call_in_case(work: Work, call_id: UUID, body: str, case_id: UUID | None = None) -> CallView:
    """What was said, as a note in the thread of the case: the one given, else the call's, else the caller's open one, else a new
    one of whoever notes it. Needs `cases.write`."""
    work.require("cases.write")
    call = await get_call(work, call_id)
    into = case_id or call.case_id or await _sure_case(work, call)
    if into is None:
        into = await _open(work, call)
        if work.actor.kind is ActorKind.staff:
            await take(work, into)
    if into != call.case_id:
        await put_call_in_case(work, call_id, into)
    await note_on_call(work, call_id, body)
    await say(work, into, body, kind=MessageKind.note, channel=Channel.phone)
    return await get_call(work, call_id)


async def _sure_case(work: Work, call: CallView) -> UUID | None:
    if call.contact_id is None:
        return None
    found = await _cases_of(work, call, await get_contact(work, call.contact_id))
    return next((one.id for one in found if one.sure), None)


async def _open(work: Work, call: CallView) -> UUID:
    shop = await get_shop(work, call.shop_id)
    language = note_language(shop)
    titles = TITLES if call.direction is Direction.inbound else OUTBOUND
    case = await open_case(
        work,
        NewCase(
            shop_id=call.shop_id,
            title=titles[language].format(number=call.number or HIDDEN[language]),
            customer_id=call.customer_id,
            channel=Channel.phone,
            locale=shop.locale,
            expects_answer=False,
            find_owner=work.actor.kind is not ActorKind.staff,
        ),
    )
    await work.write_facts()
    return case.id


# Calls that were missed


@after(CallMissed, CallRecorded)
async def file_missed_call(work: Work, fact: CallMissed | CallRecorded) -> None:
    """A call that nobody took becomes a note in the caller's open case, or in a new one, whose ring counts until we have called
    back; what was said to the machine is written beside it."""
    if fact.direction is not Direction.inbound or fact.contact_id is None:
        return
    call = await get_call(work, fact.call_id)
    language = note_language(await get_shop(work, call.shop_id))
    if isinstance(fact, CallRecorded):
        if fact.voicemail and call.case_id is not None:
            said = "\n".join(one for one in (call.voicemail_words, call.voicemail) if one)
            await _note(work, call, call.case_id, f"{VOICEMAIL[language]} {said}")
        return
    if call.call_back is None:
        return
    case_id = call.case_id or await _sure_case(work, call) or await _open(work, call)
    await put_call_in_case(work, call.id, case_id)
    shop = await get_shop(work, call.shop_id)
    by = call.call_back_by
    words = MISSED[language].format(
        number=call.number,
        at=call.started_at.astimezone(shop.zone).strftime("%m-%d %H:%M"),
        by=by.astimezone(shop.zone).strftime("%m-%d %H:%M") if by else "…",
    )
    await _note(work, call, case_id, words)
    await work.session.execute(
        text(
            "UPDATE service_case SET status = 'waiting_shop', snoozed_until = NULL WHERE id = :id AND status = 'waiting_customer'"
        ),
        {"id": case_id},
    )
    await wind(work, [case_id])


async def _note(work: Work, call: CallView, case_id: UUID, body: str) -> None:
    """Bound to the contact, so that the case follows it when it is joined."""
    thread_id: Any = await work.session.scalar(
        text("SELECT thread_id FROM service_case WHERE id = :id"), {"id": case_id}
    )
    await post(
        work,
        NewMessage(
            thread_id=thread_id,
            case_id=case_id,
            body=body,
            kind=MessageKind.note,
            channel=Channel.phone,
            account_id=call.channel_account_id,
            contact_id=call.contact_id,
        ),
    )


# Calling out


async def place_call(
    house: House,
    actor: Actor,
    *,
    shop_id: UUID | None = None,
    number: str | None = None,
    contact_id: UUID | None = None,
    call_id: UUID | None = None,
    case_id: UUID | None = None,
    channel_account_id: UUID | None = None,
) -> CallView:
    """Rings the telephone of whoever asks and connects it with the number, the contact, or whoever made the call. Takes the
    house, since no transaction stays open while the exchange thinks. Refuses with PortMissing, AgentHasNoPhone, NumberHidden,
    AccountNotFound, CallRefused, ExchangeAway."""
    placer: CallPlacer = house.port(CallPlacer)
    async with begin(house, actor) as work:
        if call_id is not None:
            earlier = await get_call(work, call_id)
            shop_id, number, case_id = earlier.shop_id, earlier.number, case_id or earlier.case_id
            channel_account_id = channel_account_id or earlier.channel_account_id
        elif contact_id is not None:
            contact = await get_contact(work, contact_id)
            shop_id, number = contact.shop_id, contact.address
        if case_id is not None:
            shop_id = (await case_row(work, case_id)).shop_id
        if not number:
            raise NumberHidden()
        if channel_account_id is None:
            if shop_id is None:
                raise AccountNotFound()
            channel_account_id = await exchange_of(work, shop_id)
        to, agent = await plan_call(work, channel_account_id, number)
    async with begin(house, SYSTEM) as work:
        exchange = await account_of(work, channel_account_id, Channel.phone)
    try:
        external_id = await placer.place(exchange, agent=agent, to=to)
    except NotDelivered as refused:
        raise CallRefused(said=refused.said) from None
    except (TryLater, OSError) as failure:
        raise ExchangeAway(said=str(failure)[:300]) from None
    async with begin(house, SYSTEM) as work:
        if actor.id is None:
            raise AccountNotFound()
        made = await note_placed(
            work, exchange.id, external_id=external_id, to=to, account_id=actor.id, case_id=case_id
        )
    async with begin(house, actor) as work:
        if case_id is not None:
            await link(work, case_id, "call", made)
        return await get_call(work, made)
