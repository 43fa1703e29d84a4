"""Starting a claim in talk: which order, which goods, how many, how to put it right, and not before a yes."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from aftercare import claims
from aftercare.assistant import reading, speech
from aftercare.assistant.entities import Kind
from aftercare.assistant.matters import (
    FAULTS,
    WITH_MONEY,
    claim_of,
    kind_words,
    possible,
    the_lines,
    the_order,
)
from aftercare.assistant.model import Outcome
from aftercare.assistant.state import Answer, Choice, Talking
from aftercare.claims import AskedLine, ClaimKind, NewClaim, Option, Reason
from aftercare.kit.errors import Refusal
from aftercare.shop import LineView, OrderView


@dataclass(frozen=True)
class Plan:
    """What somebody with this intent means: why, and the kinds of claim that fit, the likeliest first."""

    reason: Reason
    kinds: tuple[ClaimKind, ...]
    orders: tuple[tuple[str, ...], ...] = (("delivered",), ("shipped",), ("confirmed",))
    """What is spoken of is most likely an order of these, the first of which there is any."""


K = ClaimKind
ANY_AGE = (("delivered", "confirmed", "shipped"),)
PLANS: dict[str, Plan] = {
    "return_goods": Plan(Reason.no_reason, (K.return_refund, K.cancel_unshipped, K.refuse_parcel)),
    "exchange": Plan(Reason.wrong_size, (K.exchange,)),
    "repair": Plan(Reason.defective, (K.repair,), ANY_AGE),
    "missing_item": Plan(Reason.missing_item, (K.resend, K.refund_only)),
    "wrong_item": Plan(Reason.wrong_item, (K.exchange, K.return_refund)),
    "damaged_item": Plan(Reason.damaged, (K.refund_only, K.return_refund, K.exchange, K.resend)),
    "defective": Plan(Reason.defective, (K.exchange, K.return_refund, K.repair), ANY_AGE),
    "not_received": Plan(Reason.not_received, (K.resend, K.refund_only)),
    "cancel_order": Plan(Reason.no_reason, (K.cancel_unshipped, K.refuse_parcel), (("paid",), ("shipped",))),
    "price_protection": Plan(Reason.price_dropped, (K.compensation,)),
}
WITH_FREIGHT = frozenset({K.return_refund, K.exchange, K.repair})


async def start(talking: Talking) -> Answer:
    """One step further towards a claim: asks for what is missing, or for the yes."""
    plan, state = PLANS[talking.intent], talking.state
    state.task = talking.intent
    state.collected["intent"] = talking.intent
    _collect(talking)
    order = await the_order(talking, prefer=plan.orders)
    lines = order.lines if talking.intent == "cancel_order" else await the_lines(talking, order)
    if talking.intent == "cancel_order":
        state.line_ids = [line.id for line in lines]
    bought = sum(line.quantity for line in lines)
    if state.quantity is not None and state.quantity > bought:
        state.quantity = None
    if (
        len(lines) == 1
        and lines[0].quantity > 1
        and state.quantity is None
        # Who waits for the parcel waits for all of it.
        and talking.intent not in ("cancel_order", "not_received")
    ):
        line = lines[0]
        return talking.ask(
            "quantity",
            talking.say("how_many", title=line.title[:60], bought=line.quantity),
            [
                Choice(label=str(many), value=f"quantity:{many}")
                for many in range(1, min(line.quantity, 5) + 1)
            ],
        )
    plan = _fitting_reason(talking, plan)
    if state.kind is None and reading.wants_money_only(talking.heard.text):
        state.kind = K.refund_only.value
    found = await possible(talking, lines, state.quantity, plan.reason)
    by_kind = {option.kind: option for option in found}
    fitting = [by_kind[kind] for kind in plan.kinds if kind in by_kind and by_kind[kind].open]
    if state.kind is not None:
        chosen = by_kind.get(ClaimKind(state.kind))
        fitting = [chosen] if chosen is not None and chosen.open else []
    if not fitting and talking.intent == "not_received":
        # The parcel counts as handed over: somebody has to ask the carrier.
        return talking.to_person("needs_person", talking.say("not_received_person"))
    if not fitting:
        return await _closed(talking, order, lines, plan, found)
    if len(fitting) > 1:
        return talking.ask(
            "kind",
            talking.say("which_kind", title=_titles(lines)),
            [_kind_choice(talking, option) for option in fitting],
        )
    return _checked(talking, lines, plan, fitting[0])


def _fitting_reason(talking: Talking, plan: Plan) -> Plan:
    """An exchange is for the size only where a size was spoken of; what is wrong with the goods may be told later than the wish."""
    fault = talking.state.fault
    if fault in FAULTS and talking.intent not in FAULTS:
        return replace(plan, reason=FAULTS[fault])
    if plan.reason is Reason.wrong_size and not reading.speaks_of_size(
        f"{talking.state.trouble}\n{talking.heard.text}"
    ):
        return replace(plan, reason=Reason.no_reason)
    return plan


def _collect(talking: Talking) -> None:
    state = talking.state
    counted, amount = talking.heard.first(Kind.quantity), talking.heard.first(Kind.amount)
    if counted is not None and (state.quantity is None or state.confirming is not None):
        state.quantity = int(counted.value)
        state.collected["quantity"] = counted.value
    if amount is not None:
        state.amount_cents = amount.cents
        state.collected["amount"] = amount.value
    for one in talking.heard.entities:
        if one.kind in (Kind.day, Kind.tracking, Kind.phone, Kind.email):
            state.collected[one.kind.value] = one.value


def _titles(lines: list[LineView]) -> str:
    return "、".join(line.title[:40] for line in lines[:3])


def _kind_choice(talking: Talking, option: Option) -> Choice:
    return Choice(label=kind_words(talking, option), value=f"kind:{option.kind.value}")


async def _closed(
    talking: Talking, order: OrderView, lines: list[LineView], plan: Plan, found: list[Option]
) -> Answer:
    wanted = talking.state.kind or plan.kinds[0].value
    closed = next((option for option in found if option.kind.value == wanted), None)
    label = closed.label if closed else claims.label("kind", wanted, talking.locale)
    under_way = await claim_of(talking, order, lines)
    if under_way is not None and not any(option.open for option in found):
        text = under_way
    elif closed is not None:
        text = talking.say("not_open", title=_titles(lines), kind=label, why=closed.why)
        talking.from_("rule", closed.why)
    else:
        text = under_way or talking.say("not_open_now", title=_titles(lines), kind=label)
    others = [option for option in found if option.open and option.kind is not K.compensation]
    talking.state.kind = None
    if not others:
        return talking.answered(f"{text}\n{talking.say('closed_what_else')}")
    return talking.ask(
        "kind", f"{text}\n{talking.say('open_instead')}", [_kind_choice(talking, option) for option in others]
    )


def _checked(talking: Talking, lines: list[LineView], plan: Plan, option: Option) -> Answer:
    state = talking.state
    amount = option.amount_cents
    if option.kind is K.compensation:
        amount = state.amount_cents or option.proposed_cents or 0
        if not amount:
            return talking.ask("amount", talking.say("price_amount"), [])
    state.kind = option.kind.value
    state.collected["kind"] = option.kind.value
    needs = [speech.label("evidence", need, talking.locale) for need in option.evidence_needed]
    joint = ", " if talking.locale == "en" else "、"
    quantity = sum(min(state.quantity or line.quantity, line.quantity) for line in lines)
    text = talking.say(
        "start_confirm",
        title=_titles(lines),
        quantity=quantity,
        kind=option.label,
        reason=claims.label("reason", plan.reason, talking.locale),
        money=talking.say("start_money", amount=speech.money(amount, option.currency, talking.locale))
        if amount and option.kind in WITH_MONEY
        else "",
        freight=talking.say(f"start_freight_{option.freight_payer}")
        if option.kind in WITH_FREIGHT and option.freight_payer in ("shop", "customer")
        else "",
        evidence=talking.say("start_evidence", needs=joint.join(needs)) if needs else "",
        automatic=talking.say("start_automatic") if option.automatic else "",
        why=option.why,
    )
    return talking.confirm(
        text,
        "start_claim",
        kind=option.kind.value,
        reason=plan.reason.value,
        lines=",".join(f"{line.id}={min(state.quantity or line.quantity, line.quantity)}" for line in lines),
        amount=amount if option.kind is K.compensation else "",
        expected=amount,
        key=f"assistant:{talking.row.id}:{talking.row.turns}",
    )


async def carry_out(talking: Talking) -> Answer:
    """What was confirmed, once: the key makes a second yes find the first claim."""
    confirmed = talking.state.confirming or {}
    # What is done changes how they stand.
    talking.orders = None
    try:
        async with talking.work.session.begin_nested():
            if confirmed.get("verb") == "cancel_claim":
                return await _cancel(talking, confirmed)
            return await _start(talking, confirmed)
    except Refusal as refused:
        talking.called(str(confirmed.get("verb")), refused.code)
        return talking.to_person("not_possible", talking.say("start_refused", why=refused.title))


async def _cancel(talking: Talking, confirmed: dict[str, Any]) -> Answer:
    claim = await claims.cancel(talking.work, UUID(confirmed["claim_id"]))
    talking.called("cancel", claim.number, claim_id=claim.id)
    talking.from_("claim", claim.number, f"/claims/{claim.id}")
    text = talking.say("claim_cancelled", number=claim.number)
    talking.state.forget()
    return Answer(text, Outcome.acted)


async def _start(talking: Talking, confirmed: dict[str, Any]) -> Answer:
    pairs = (part.split("=") for part in confirmed["lines"].split(","))
    # No case of its own: the talk's case, where there is one, is the case of the claim.
    claim = await claims.apply(
        talking.work,
        NewClaim(
            kind=ClaimKind(confirmed["kind"]),
            lines=[AskedLine(order_line_id=UUID(line_id), quantity=int(many)) for line_id, many in pairs],
            reason=Reason(confirmed["reason"]),
            description=talking.state.trouble,
            asked_cents=int(confirmed["amount"]) if confirmed.get("amount") else None,
            channel="chat",
            case_id=talking.row.case_id,
            client_key=confirmed["key"],
        ),
    )
    page = await claims.claim_page(talking.work, claim.id)
    talking.called("apply", f"{page.number} {page.state.value}", kind=page.kind.value)
    if talking.row.case_id is None:
        talking.row.case_id = page.case_id
    following = (
        "start_next_ship"
        if page.state is claims.ClaimState.awaiting_return
        else "start_next_done"
        if page.waiting_for != "shop"
        else "start_next_wait"
    )
    text = talking.say("start_done", number=page.number, state=page.state_label, next=talking.say(following))
    talking.from_("claim", page.number, f"/claims/{page.id}")
    talking.state.forget()
    talking.state.collected["claim"] = page.number
    talking.state.trouble = ""
    return Answer(text, Outcome.acted)
