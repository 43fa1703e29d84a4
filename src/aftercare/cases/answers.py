"""Answering: texts filled in with what is true of the case, and the check of wording before an answer is sent.

What a claim or another linked object can tell is asked of those who know it: they register with `tells`."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare import identity, logistics
from aftercare.cases.model import AnswerHeldBack, ServiceCase
from aftercare.cases.verbs import NEXT_ANSWER, RESOLUTION, case_row, say
from aftercare.conversations import (
    AnswerTemplateView,
    Channel,
    Finding,
    Known,
    Mentioned,
    MessageKind,
    Posted,
    Severity,
    Topic,
    WordingOverridden,
    answer_template,
    check_words,
    fill_in,
    mentioned,
    named,
    note_used,
    phrases_of,
    speaks_of_money,
    topics_of,
)
from aftercare.identity import ShopView
from aftercare.journal import ActorKind, Work
from aftercare.kit.spoken import left, moment, our_locale
from aftercare.promises import ClockView, clocks_of, preview_due, terms_for
from aftercare.shop import customer_names, lines_of_orders

FIELDS = (
    "customer", "agent", "shop", "case", "matter", "order", "item", "parcel", "carrier", "claim", "claim_kind", "claim_state",
    "amount", "deadline", "left", "return_address", "today",
)  # fmt: skip
"""What a text may name, each empty where nothing is known."""

CLOCKS = {
    Topic.money: ("claim.pay", "claim.retry_pay", "refund.pay", "claim.confirm_offline"),
    Topic.answer: (NEXT_ANSWER,),
    Topic.goods: ("claim.reship", "claim.send_back"),
    Topic.decision: (
        "claim.decide_refund",
        "claim.decide_goods",
        "claim.decide_compensation",
        "claim.judge",
        RESOLUTION,
    ),
}
"""By which clocks a promise about the topic is kept: those that run, else the policy of the first."""


@dataclass(frozen=True)
class Told:
    """What a linked object tells: values of fields; the most money that it gives or asks for; whether that is paid; numbers that
    may be named."""

    values: dict[str, str] = field(default_factory=dict)
    most_cents: int | None = None
    paid: bool = False
    own: frozenset[str] = frozenset()


Teller = Callable[[Work, Collection[UUID], str], Awaitable[Sequence[Told]]]
_TELLERS: dict[str, Teller] = {}


def tells(kind: str) -> Callable[[Teller], Teller]:
    """Registers who can tell of linked objects of this kind, the newest first; nothing of what the actor may not see."""

    def register(function: Teller) -> Teller:
        _TELLERS[kind] = function
        return function

    return register


class Draft(BaseModel):
    """A text as it would be sent: with its empty fields still in it."""

    template_id: UUID | None
    locale: str
    words: str
    empty: list[str]


LINKED = (
    "SELECT object_kind, object_id FROM case_link WHERE case_id = :id ORDER BY linked_at DESC, object_id DESC"
)


async def _told(work: Work, case_id: UUID, locale: str) -> tuple[list[Told], list[UUID]]:
    links = await work.rows(LINKED, {"id": case_id})
    found: list[Told] = []
    for kind, teller in _TELLERS.items():
        ids = [link.object_id for link in links if link.object_kind == kind]
        if ids:
            found += await teller(work, ids, locale)
    return found, [link.object_id for link in links]


async def case_values(work: Work, case_id: UUID, locale: str) -> dict[str, str]:
    """Every field with what is true of the case now, in the language of the locale."""
    case = await case_row(work, case_id)
    owner = await identity.get_shop(work, case.shop_id)
    told, linked = await _told(work, case_id, locale)
    values = dict.fromkeys(FIELDS, "")
    values |= {
        "shop": owner.name,
        "case": case.number,
        "matter": case.title,
        "today": moment(work.now, owner.zone, locale, work.now).rsplit(" ", 1)[0].rstrip(","),
    }
    if case.customer_id is not None:
        values["customer"] = (await customer_names(work, [case.customer_id])).get(case.customer_id, "")
    if work.actor.kind is ActorKind.staff and work.actor.id is not None:
        values["agent"] = (await identity.names_of(work, [work.actor.id])).get(work.actor.id, "")
    if case.order_id is not None:
        lines = await lines_of_orders(work, [case.order_id])
        if lines:
            values |= {"order": lines[0].order_number, "item": lines[0].title}
        else:
            values["order"] = await _order_number(work, case.order_id)
        if work.actor.may("orders.read"):
            for parcel in (await logistics.shipments_of(work, order_id=case.order_id))[:1]:
                values |= {"parcel": parcel.tracking_number or "", "carrier": parcel.carrier or ""}
    running = [clock for clock in await clocks_of(work, [case_id, *linked]) if clock.state == "running"]
    if running:
        due = min(clock.due_at for clock in running)
        values["deadline"] = moment(due, owner.zone, locale, work.now)
        if due > work.now:
            values["left"] = left(due - work.now, locale)
    for one in reversed(told):
        values |= {name: value for name, value in one.values.items() if value and name in values}
    return values


async def _order_number(work: Work, order_id: UUID) -> str:
    found = await work.session.execute(
        text("SELECT number FROM sales_order WHERE id = :id"), {"id": order_id}
    )
    return str(found.scalar_one_or_none() or "")


async def draft_from(work: Work, case_id: UUID, template_id: UUID, locale: str | None = None) -> Draft:
    """The answer text in the language of the case, or in the one that is asked for. Refuses with CaseNotFound,
    AnswerTemplateNotFound."""
    work.require("conversations.write")
    case = await case_row(work, case_id)
    template = await answer_template(work, template_id)
    return await fill_for(work, case, template, our_locale(locale or case.locale))


async def fill_for(work: Work, case: ServiceCase, template: AnswerTemplateView, locale: str) -> Draft:
    filled = fill_in(template.in_language(locale), await case_values(work, case.id, locale))
    return Draft(template_id=template.id, locale=locale, words=filled.words, empty=list(filled.empty))


class Wording(BaseModel):
    """`held`: it is sent only with a reason."""

    findings: list[Finding]
    held: bool


async def check_answer(work: Work, case_id: UUID, words: str) -> Wording:
    """What is wrong with an answer, looked at with what is true of the case. Refuses with CaseNotFound."""
    work.require("conversations.write")
    findings = await _look_at(work, await case_row(work, case_id), words, delays=True)
    return Wording(findings=findings, held=any(finding.severity is Severity.blocks for finding in findings))


async def _look_at(work: Work, case: ServiceCase, words: str, *, delays: bool) -> list[Finding]:
    owner = await identity.get_shop(work, case.shop_id)
    known = await _known(work, case, owner, words, delays=delays)
    return check_words(words, known, await phrases_of(work, case.shop_id))


async def _known(work: Work, case: ServiceCase, owner: ShopView, words: str, *, delays: bool) -> Known:
    """Only what the words make worth asking for."""
    locale = our_locale(case.locale)
    names, topics, money_said = mentioned(words, owner.market), topics_of(words), speaks_of_money(words)
    told: list[Told] = []
    clocks: list[ClockView] = []
    if names.phones or names.emails or names.numbers or topics or money_said or delays:
        told, linked = await _told(work, case.id, locale)
        if topics or money_said or delays:
            clocks = await clocks_of(work, [case.id, *linked])
    sums = [one.most_cents for one in told if one.most_cents is not None]
    own, others = await _whose(work, case, owner, names) if any(vars(names).values()) else (set(), set())
    broken = [clock.due_at for clock in clocks if clock.state == "fired" and clock.settled_at is None]
    currency, paid_cents = await _paid(work, case) if money_said else (owner.currency, None)
    return Known(
        now=work.now,
        zone=owner.zone,
        locale=locale,
        market=owner.market,
        currency=currency,
        most_cents=sum(sums) if sums else paid_cents,
        paid=bool(told) and all(one.paid for one in told),
        due={
            topic: await _due(work, case.shop_id, topic, clocks)
            for topic in (topics | {Topic.money} if money_said else topics)
        },
        broken_since=min(broken) if broken and delays else None,
        own=own | {number for one in told for number in one.own},
        others=others,
    )


async def _due(work: Work, shop_id: UUID, topic: Topic, clocks: Sequence[ClockView]) -> datetime:
    running = [
        clock.due_at
        for clock in clocks
        if clock.name in CLOCKS[topic] and clock.state == "running" and clock.name != NEXT_ANSWER
    ]
    if running:
        return min(running)
    terms = await terms_for(work, shop_id, CLOCKS[topic][0])
    return (await preview_due(work, shop_id, terms, work.now)).due_at


async def _paid(work: Work, case: ServiceCase) -> tuple[str, int | None]:
    if case.order_id is not None:
        row = (
            await work.session.execute(
                text("SELECT currency, paid_cents FROM sales_order WHERE id = :id"), {"id": case.order_id}
            )
        ).one_or_none()
        if row is not None:
            return row.currency, row.paid_cents
    return (await identity.get_shop(work, case.shop_id)).currency, None


WHOSE = text(
    """
    SELECT number_key AS said, customer_id FROM sales_order WHERE shop_id = :shop AND number_key = ANY(:numbers)
    UNION ALL SELECT number, customer_id FROM service_case WHERE shop_id = :shop AND number = ANY(:numbers)
    UNION ALL SELECT phone, id FROM customer WHERE shop_id = :shop AND phone = ANY(:phones)
    UNION ALL SELECT email, id FROM customer WHERE shop_id = :shop AND email = ANY(:emails)
    UNION ALL SELECT address, customer_id FROM contact WHERE shop_id = :shop AND address = ANY(:addresses)
      AND customer_id IS NOT NULL
    """
)
SAID = text(
    "SELECT body FROM message WHERE thread_id = :thread AND author_kind = 'customer' ORDER BY sent_at DESC LIMIT 50"
)
OWN_ORDER = text("SELECT number_key, shipping_address FROM sales_order WHERE id = :id")


async def _whose(
    work: Work, case: ServiceCase, owner: ShopView, names: Mentioned
) -> tuple[set[str], set[str]]:
    """What of it is the customer's or the shop's, and what is another customer's. What the customer has said may be said back."""
    numbers = list(names.numbers)
    rows = await work.session.execute(
        WHOSE,
        {
            "shop": case.shop_id,
            "numbers": numbers,
            "phones": list(names.phones),
            "emails": list(names.emails),
            "addresses": [*names.phones, *names.emails],
        },
    )
    own: set[str] = {named(owner.support_email)} if owner.support_email else set()
    others: set[str] = set()
    for row in rows:
        mine = case.customer_id is not None and row.customer_id == case.customer_id
        (own if mine else others).add(named(row.said))
    parts = [str(value) for value in owner.return_address.values() if isinstance(value, str | int)]
    if case.order_id is not None:
        ordered = (await work.session.execute(OWN_ORDER, {"id": case.order_id})).one_or_none()
        if ordered is not None:
            own.add(named(ordered.number_key))
            parts += [str(value) for value in (ordered.shipping_address or {}).values()]
    parts += (await work.session.scalars(SAID, {"thread": case.thread_id})).all()
    for part in parts:
        theirs = mentioned(part, owner.market)
        own |= {named(one) for one in (*theirs.phones, *theirs.emails, *theirs.numbers)}
    own.add(named(case.number))
    return own, others - own


async def answer(
    work: Work,
    case_id: UUID,
    body: str,
    *,
    html: str | None = None,
    channel: Channel | None = None,
    file_ids: Sequence[UUID] = (),
    client_key: str | None = None,
    contact_id: UUID | None = None,
    template_id: UUID | None = None,
    override: str = "",
) -> Posted:
    """As `say`, after the check of wording, which holds back a person's words and not a machine's. With `override`, the
    reason, it is sent all the same and the reason stands as a note beside it. Refuses with AnswerHeldBack."""
    held: list[Finding] = []
    if work.actor.kind is ActorKind.staff and body.strip():
        work.require("conversations.write")
        findings = await _look_at(work, await case_row(work, case_id), body, delays=False)
        held = [finding for finding in findings if finding.severity is Severity.blocks]
    if held and not override.strip():
        raise AnswerHeldBack(findings=[finding.model_dump(mode="json") for finding in held])
    posted = await say(
        work,
        case_id,
        body,
        html=html,
        channel=channel,
        file_ids=file_ids,
        client_key=client_key,
        contact_id=contact_id,
    )
    if posted.again:
        return posted
    if held:
        await say(work, case_id, override, kind=MessageKind.note)
        case = await case_row(work, case_id)
        work.record(
            WordingOverridden(
                shop_id=case.shop_id,
                case_id=case_id,
                message_id=posted.message_id,
                account_id=work.actor.id,
                flaws=sorted({finding.flaw.value for finding in held}),
            )
        )
    if template_id is not None:
        await note_used(work, template_id)
    return posted
