"""Finding out for the asker: orders, parcels, refunds, claims, rules, articles. Reads only; everything through the front doors of
the contexts, with the asker's own eyes."""

import re
from datetime import date, datetime
from uuid import UUID

from aftercare import claims, knowledge, logistics, shop
from aftercare.assistant import reading, speech
from aftercare.assistant.entities import Kind, named
from aftercare.assistant.model import Outcome
from aftercare.assistant.state import MOST_CHOICES, Answer, Choice, Matter, Talking
from aftercare.claims import AskedLine, ClaimFilter, ClaimKind, ClaimPage, ClaimRow, NewClaim, Option, Reason
from aftercare.kit.errors import NotFound
from aftercare.kit.languages import simplified
from aftercare.kit.text import tokens
from aftercare.knowledge import Passage
from aftercare.shop import LineView, OrderSummary, OrderView

RECENT_ORDERS = 20
SURE_PASSAGE = 0.45
SURE_WITHOUT_TITLE = 0.8
WEAK_PASSAGE = 0.2
LONGEST_PASSAGE = 600
WITH_MONEY = frozenset(
    {
        ClaimKind.return_refund,
        ClaimKind.refund_only,
        ClaimKind.cancel_unshipped,
        ClaimKind.refuse_parcel,
        ClaimKind.compensation,
    }
)


FAULTS = {
    "missing_item": Reason.missing_item,
    "wrong_item": Reason.wrong_item,
    "damaged_item": Reason.damaged,
    "defective": Reason.defective,
}
"""Who pays the freight depends on them."""


_DIGITS = re.compile(r"\d{4,}")
_ANY_DIGITS = re.compile(r"\d+")


class Needed(Exception):
    """Something is missing; the answer asks for it."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer


# Orders and their lines


async def own_orders(talking: Talking) -> list[OrderSummary]:
    """Of the asker, in this shop, the newest first. Needed: to show who it is."""
    actor = talking.work.actor
    if not actor.customers:
        if talking.by_code:
            named_order = talking.heard.first(Kind.order)
            if named_order is not None:
                talking.state.wanted_order = named_order.value
            again = talking.state.awaiting == "verified"
            raise Needed(
                talking.ask(
                    "verified",
                    talking.say("verify_again" if again else "verify"),
                    [Choice(label=talking.say("verify_button"), value="verify")],
                )
            )
        talking.state.awaiting = None
        raise Needed(
            Answer(
                talking.say("sign_in"),
                Outcome.asked,
                [Choice(label=talking.say("sign_in_button"), value="sign_in", url="/sign-in")],
            )
        )
    if talking.orders is not None:
        return talking.orders
    talking.orders = [
        order
        for order in (await shop.orders_of(talking.work, actor.customers, limit=RECENT_ORDERS)).items
        if order.shop_id == talking.shop.id
    ]
    talking.called("orders_of", f"{len(talking.orders)} orders")
    return talking.orders


def order_choice(talking: Talking, order: OrderSummary) -> Choice:
    more = talking.say("more", count=order.lines) if order.lines > 1 else ""
    day = speech.day(order.placed_at.astimezone(talking.zone).date(), talking.locale, talking.today)
    return Choice(
        label=talking.say("order_line", title=order.title[:40], more=more, number=order.number, day=day),
        value=f"order:{order.id}",
    )


async def the_order(talking: Talking, *, prefer: tuple[tuple[str, ...], ...] = ()) -> OrderView:
    """The order in question: named, on the screen, the only one (of the first statuses of `prefer` of which there is any).
    Needed: which."""
    state, named_order = talking.state, talking.heard.first(Kind.order)
    orders = await own_orders(talking)
    orders = [order for order in orders if order.id not in state.ruled_out] or orders
    number = state.wanted_order if named_order is None else named_order.value
    state.wanted_order = None
    if number is not None and state.order_id is None:
        wanted = shop.number_key(number)
        hit = next((order for order in orders if shop.number_key(order.number) == wanted), None)
        if hit is None:
            # 'My order SF123…' names the order by its parcel.
            state.order_id = await _order_of_parcel(talking, orders, number)
        if hit is None and state.order_id is None and orders:
            raise Needed(
                talking.ask(
                    "order",
                    talking.say("order_unknown", number=number),
                    [order_choice(talking, order) for order in orders],
                )
            )
        state.order_id = hit.id if hit else state.order_id
    if state.order_id is None:
        tracked = talking.heard.first(Kind.tracking)
        if tracked is not None:
            state.order_id = await _order_of_parcel(talking, orders, tracked.value)
    if state.order_id is None:
        fitting = _ending_so(talking, orders) or _of_that_day(talking, orders)
        titles = await _titles(talking, fitting or orders)
        if fitting is None:
            tiers = ([order for order in orders if order.status in tier] for tier in prefer)
            fitting = next((tier for tier in tiers if tier), orders)
        meant = named(talking.said, titles) if talking.said else []
        if len(meant) == 1:
            state.order_id = meant[0]
        elif len(fitting) == 1:
            state.order_id = fitting[0].id
        elif not orders:
            raise Needed(talking.answered(talking.say("no_orders")))
        else:
            ordered = sorted(orders, key=lambda order: (order.id not in meant, order not in fitting))
            raise Needed(
                talking.ask(
                    "order", talking.say("which_order"), [order_choice(talking, order) for order in ordered]
                )
            )
    try:
        found = await shop.get_order(talking.work, state.order_id)
    except NotFound:
        state.order_id = None
        raise Needed(talking.answered(talking.say("no_orders"))) from None
    talking.called("get_order", f"{found.number} {found.status.value}", order_id=found.id)
    talking.state.collected["order"] = found.number
    talking.from_("order", found.number, f"/orders/{found.id}")
    return found


async def _titles(talking: Talking, orders: list[OrderSummary]) -> dict[UUID, str]:
    """All goods of each: what is spoken of need not be the first of them."""
    found = {order.id: order.title for order in orders}
    several = [order.id for order in orders if order.lines > 1]
    if several and talking.said:
        for line in await shop.lines_of_orders(talking.work, several):
            found[line.order_id] += f"\n{line.title}"
    return found


async def orders_with(talking: Talking, words: str) -> list[UUID]:
    """The asker's orders with goods that these words name."""
    titles = await _titles(talking, await own_orders(talking))
    return [order_id for order_id, title in titles.items() if reading.speaks_of(words, title)]


def _ending_so(talking: Talking, orders: list[OrderSummary]) -> list[OrderSummary] | None:
    """The order whose number ends with digits that were said: '尾号 0868', or the number without its letters."""
    named_here = talking.heard.entities
    if any(one.kind in (Kind.order, Kind.amount, Kind.phone, Kind.tracking) for one in named_here):
        return None
    for digits in _DIGITS.findall(talking.said):
        found = [order for order in orders if "".join(_ANY_DIGITS.findall(order.number)).endswith(digits)]
        if len(found) == 1:
            return found
    return None


def _of_that_day(talking: Talking, orders: list[OrderSummary]) -> list[OrderSummary] | None:
    """Of 'what I bought yesterday' the orders of that day, or all where none is of it; None when no such thing was said."""
    days = [one for one in talking.heard.entities if one.kind is Kind.day]
    if not days or not reading.speaks_of_buying(talking.heard.text):
        return None
    first, last = min(one.first_day for one in days), max(one.last_day for one in days)
    return [
        order for order in orders if first <= order.placed_at.astimezone(talking.zone).date() <= last
    ] or orders


async def _order_of_parcel(talking: Talking, orders: list[OrderSummary], number: str) -> UUID | None:
    for order in orders:
        for parcel in await logistics.shipments_of(talking.work, order_id=order.id):
            if parcel.tracking_number == number:
                talking.called("shipments_of", number, order_id=order.id)
                return order.id
    return None


async def the_lines(talking: Talking, order: OrderView) -> list[LineView]:
    """The lines in question. Needed: which."""
    state = talking.state
    asked_for = [line for line in order.lines if line.id not in state.ruled_out] or order.lines
    by_id = {line.id: line for line in asked_for}
    chosen = [by_id[one] for one in state.line_ids if one in by_id]
    if chosen:
        return chosen
    if len(asked_for) == 1:
        state.line_ids = [asked_for[0].id]
        return asked_for
    meant = named(talking.said, {line.id: line.title for line in asked_for}) if talking.said else []
    if len(meant) == 1:
        state.line_ids = meant
        return [by_id[meant[0]]]
    raise Needed(
        talking.ask(
            "line",
            talking.say("which_line"),
            [
                Choice(label=f"{line.title[:60]} × {line.quantity}", value=f"line:{line.id}")
                for line in asked_for[: MOST_CHOICES - 1]
            ]
            + [Choice(label=talking.say("all_lines"), value="line:all")],
        )
    )


def title_of(order: OrderView) -> str:
    return order.lines[0].title[:60] if order.lines else order.number


# Parcels


async def parcel_status(talking: Talking) -> Answer:
    order = await the_order(talking, prefer=(("shipped", "paid"), ("delivered",)))
    parcels = await logistics.shipments_of(talking.work, order_id=order.id)
    talking.called("shipments_of", f"{len(parcels)} parcels", order_id=order.id)
    outward = [
        parcel
        for parcel in parcels
        if parcel.direction is logistics.Direction.outbound and parcel.status != "cancelled"
    ]
    if not outward:
        lines = [
            talking.say(
                "parcel_none",
                number=order.number,
                title=title_of(order),
                status=order.status.name_in(talking.locale),
            )
        ]
        if order.status.value in ("paid", "shipped"):
            lines.append(_promised(talking, order.promised_at) or talking.say("parcel_ships"))
        return talking.answered("\n".join(lines))
    said: list[str] = []
    choices: list[Choice] = []
    for parcel in outward[:3]:
        carrier = logistics.carrier_called(parcel.carrier) if parcel.carrier else None
        said.append(
            talking.say(
                "parcel",
                number=order.number,
                title=title_of(order),
                carrier=carrier.name_in(talking.locale) if carrier else parcel.carrier or "—",
                tracking=parcel.tracking_number or "—",
                status=parcel.status.name_in(talking.locale),
            )
        )
        if parcel.delivered_at is not None:
            said.append(talking.say("parcel_delivered", at=_moment(talking, parcel.delivered_at)))
            choices.append(
                Choice(label=talking.say("parcel_button_not_received"), value="intent:not_received")
            )
        else:
            if parcel.events and parcel.events[0].text:
                latest = parcel.events[0]
                said.append(
                    talking.say("parcel_last", at=_moment(talking, latest.at), text=latest.text[:200])
                )
            if parcel.late:
                said.append(talking.say("parcel_late"))
            else:
                said.append(_promised(talking, parcel.promised_at or order.promised_at) or "")
        talking.from_("parcel", parcel.tracking_number or order.number, parcel.tracking_path)
    order_id = order.id
    answer = talking.answered("\n".join(part for part in said if part), *choices[:1])
    # 'I did not receive it' goes on with the same order.
    talking.state.order_id = order_id if choices else None
    return answer


def _moment(talking: Talking, at: datetime) -> str:
    return speech.moment(at, talking.zone, talking.locale, talking.work.now)


def _promised(talking: Talking, at: datetime | None) -> str | None:
    if at is None or at < talking.work.now:
        return None
    return talking.say(
        "parcel_promised", day=speech.day(at.astimezone(talking.zone).date(), talking.locale, talking.today)
    )


# Claims and refunds


async def own_claims(talking: Talking) -> list[ClaimRow]:
    await own_orders(talking)
    found = (
        await claims.claim_list(talking.work, ClaimFilter(shop_id=talking.shop.id), limit=RECENT_ORDERS)
    ).items
    talking.called("claim_list", f"{len(found)} claims")
    return found


async def the_claim(talking: Talking, *, only_open: bool = True) -> ClaimPage | None:
    """The claim in question; None when there is none. Needed: which."""
    state = talking.state
    if state.claim_id is None:
        rows = await own_claims(talking)
        asked = talking.heard.first(Kind.claim)
        ordered = talking.heard.first(Kind.order)
        if asked is not None:
            hit = next((row for row in rows if row.number == asked.value), None)
            if hit is None:
                raise Needed(talking.answered(talking.say("claim_unknown", number=asked.value)))
            rows = [hit]
        elif ordered is not None:
            order = await the_order(talking)
            listed = await claims.claim_list(
                talking.work, ClaimFilter(order_id=order.id), limit=RECENT_ORDERS
            )
            rows = listed.items or rows
        rows = [row for row in rows if row.id not in state.ruled_out] or rows
        is_open = [row for row in rows if not claims.is_end(row.state)]
        rows = is_open or ([] if only_open and asked is None else rows[:1])
        if not rows:
            return None
        if len(rows) > 1:
            raise Needed(
                talking.ask(
                    "claim",
                    talking.say("claim_which"),
                    [
                        Choice(
                            label=talking.say(
                                "claim_line",
                                number=row.number,
                                kind=row.kind_label,
                                title=row.title[:40],
                                state=row.state_label,
                            ),
                            value=f"claim:{row.id}",
                        )
                        for row in rows
                    ],
                )
            )
        state.claim_id = rows[0].id
    try:
        page = await claims.claim_page(talking.work, state.claim_id)
    except NotFound:
        state.claim_id = None
        return None
    talking.called("claim_page", f"{page.number} {page.state.value}", claim_id=page.id)
    state.collected["claim"] = page.number
    talking.from_("claim", page.number, f"/claims/{page.id}")
    return page


async def _claim_for(talking: Talking, order: OrderView, lines: list[LineView]) -> ClaimPage | None:
    """The newest claim for these goods that is under way, or was paid."""
    wanted = {line.id for line in lines}
    for row in (
        await claims.claim_list(talking.work, ClaimFilter(order_id=order.id), limit=RECENT_ORDERS)
    ).items:
        page = await claims.claim_page(talking.work, row.id)
        counts = not page.ended or page.refunded_cents > 0
        if counts and wanted & {line.order_line_id for line in page.lines}:
            return page
    return None


async def claim_of(talking: Talking, order: OrderView, lines: list[LineView]) -> str | None:
    """Why nothing is open, mostly: there is a claim for these goods already."""
    page = await _claim_for(talking, order, lines)
    return None if page is None else _already(talking, page)


def _already(talking: Talking, page: ClaimPage) -> str:
    talking.from_("claim", page.number, f"/claims/{page.id}")
    return talking.say(
        "claim_already",
        number=page.number,
        kind=page.kind_label,
        title=page.lines[0].title[:40],
        state=page.state_label,
    )


async def claim_status(talking: Talking) -> Answer:
    page = await the_claim(talking, only_open=False)
    if page is None:
        return talking.answered(talking.say("claim_none"))
    said = [
        talking.say(
            "claim_state",
            number=page.number,
            kind=page.kind_label,
            title=page.lines[0].title[:60],
            state=page.state_label,
        )
    ]
    if page.waiting_for == "customer" and page.actions:
        said.append(talking.say("claim_you", action=page.actions[0].label))
    elif not page.ended:
        said.append(talking.say("claim_shop"))
        running = [clock for clock in page.clocks if clock.state.value == "running"]
        if running:
            said.append(talking.say("claim_due", at=_moment(talking, min(clock.due_at for clock in running))))
    if page.rejection and page.rejection != claims.BY_POLICY:
        said.append(talking.say("claim_rejected", why=page.rejection))
    said += [_refund_words(talking, page)] if page.refunds else []
    return talking.answered("\n".join(said))


async def refund_status(talking: Talking) -> Answer:
    page = await the_claim(talking, only_open=False)
    if page is None:
        found = await knowledge.find_passages(
            talking.work, talking.heard.text, locale=talking.locale, shop_id=talking.shop.id
        )
        if found and speaks_of(found[0], talking.heard.text):
            # Asked before there is any: how it would be.
            return await from_articles(talking)
        choices = [
            Choice(label=speech.label("intent", intent, talking.locale), value=f"intent:{intent}")
            for intent in ("return_goods", "cancel_order")
        ]
        return talking.answered(talking.say("refund_none"), *choices)
    return talking.answered(_refund_words(talking, page))


def _refund_words(talking: Talking, page: ClaimPage) -> str:
    if not page.refunds:
        return talking.say("refund_before", number=page.number, kind=page.kind_label, state=page.state_label)
    said: list[str] = []
    for refund in page.refunds:
        amount = speech.money(refund.amount_cents, refund.currency, talking.locale)
        if refund.paid_at is not None:
            said.append(
                talking.say(
                    "refund_paid", number=page.number, amount=amount, at=_moment(talking, refund.paid_at)
                )
            )
        else:
            said.append(talking.say("refund_open", number=page.number, amount=amount, state=page.state_label))
    return "\n".join(said)


async def claim_cancel(talking: Talking) -> Answer:
    page = await the_claim(talking)
    if page is None:
        return talking.answered(talking.say("claim_none_open"))
    if not any(action.verb == "cancel" for action in page.actions):
        return talking.answered(talking.say("claim_no_cancel", number=page.number, state=page.state_label))
    return talking.confirm(
        talking.say(
            "claim_cancel_confirm", number=page.number, kind=page.kind_label, title=page.lines[0].title[:60]
        ),
        "cancel_claim",
        claim_id=page.id,
        number=page.number,
    )


async def claim_change(talking: Talking) -> Answer:
    page = await the_claim(talking)
    if page is None:
        return talking.answered(talking.say("claim_none_open"))
    possible = any(action.verb == "edit" for action in page.actions)
    key = "claim_change" if possible else "claim_no_change"
    return talking.answered(talking.say(key, number=page.number, state=page.state_label))


async def ship_back(talking: Talking) -> Answer:
    rows = [row for row in await own_claims(talking) if row.state is claims.ClaimState.awaiting_return]
    if not rows:
        return talking.answered(talking.say("ship_back_none"))
    if talking.state.claim_id is None and len(rows) == 1:
        talking.state.claim_id = rows[0].id
    page = await the_claim(talking)
    if page is None or not page.return_address:
        return talking.answered(talking.say("ship_back_none"))
    sent = talking.heard.first(Kind.tracking) or talking.heard.first(Kind.order)
    orders = {shop.number_key(order.number) for order in await own_orders(talking)}
    if sent is not None and shop.number_key(sent.value) not in orders:
        to_claim = Choice(label=talking.say("ship_back_button"), value="claim_page", url=f"/claims/{page.id}")
        return talking.answered(
            talking.say("ship_back_sent", number=page.number, tracking=sent.value), to_claim
        )
    address = "\n".join(str(part) for part in page.return_address.values() if part)
    return talking.answered(talking.say("ship_back", number=page.number, address=address))


# What is possible


async def possible(
    talking: Talking, lines: list[LineView], quantity: int | None, reason: Reason
) -> list[Option]:
    found = await claims.options(
        talking.work,
        NewClaim(
            kind=ClaimKind.compensation,
            lines=[
                AskedLine(order_line_id=line.id, quantity=min(quantity or line.quantity, line.quantity))
                for line in lines
            ],
            reason=reason,
        ),
    )
    talking.called(
        "options",
        ", ".join(one.kind.value for one in found if one.open) or "nothing open",
        reason=reason.value,
        lines=", ".join(line.sku for line in lines),
    )
    for option in found:
        if option.open:
            talking.from_("rule", option.why)
    return found


def kind_words(talking: Talking, option: Option) -> str:
    """Its name, and what comes back where that is known."""
    if not option.amount_cents or option.kind not in WITH_MONEY - {ClaimKind.compensation}:
        return option.label
    amount = speech.money(option.amount_cents, option.currency, talking.locale)
    return talking.say("kind_money", kind=option.label, amount=amount)


async def entitlement(talking: Talking) -> Answer:
    order = await the_order(talking, prefer=(("delivered",), ("shipped",)))
    lines = await the_lines(talking, order)
    said: list[str] = []
    # Of the warranty is asked what is open when something breaks, not what is open to everybody.
    reason = Reason.defective if reading.speaks_of_warranty(talking.said) else Reason.no_reason
    for line in lines[:5]:
        found = [
            one
            for one in await possible(talking, [line], None, reason)
            if one.kind is not ClaimKind.compensation
        ]
        is_open = [one for one in found if one.open]
        if reason is Reason.defective:
            is_open = [one for one in is_open if one.kind is ClaimKind.repair] or is_open
        if not is_open:
            under_way = await claim_of(talking, order, [line])
            said.append(
                under_way
                or talking.say(
                    "entitled_none",
                    title=line.title[:60],
                    number=order.number,
                    why=_why_closed(found),
                )
            )
            continue
        listed = [
            talking.say(
                "entitled_line",
                kind=kind_words(talking, one),
                until=_until_when(talking, one),
                why=one.why,
            )
            for one in is_open
        ]
        said.append(
            talking.say("entitled", title=line.title[:60], number=order.number, list="\n".join(listed))
        )
    return talking.answered("\n\n".join(said))


def _why_closed(found: list[Option]) -> str:
    """Of a return if there is one, since that is what is asked for most."""
    of_return = next((one for one in found if one.kind is ClaimKind.return_refund), None)
    return of_return.why if of_return else found[0].why if found else ""


def _until(talking: Talking, iso: str) -> str:
    return speech.day(date.fromisoformat(iso), talking.locale, talking.today)


def _until_when(talking: Talking, option: Option) -> str:
    """The end, unless the sentence of the rule says it as well."""
    if option.until is None:
        return ""
    day = _until(talking, option.until)
    return "" if day in option.why else talking.say("entitled_until", day=day)


async def return_freight(talking: Talking) -> Answer:
    if not talking.work.actor.customers:
        return await from_articles(talking)
    order = await the_order(talking, prefer=(("delivered",), ("shipped",)))
    lines = await the_lines(talking, order)
    line = lines[0]
    fault = talking.state.fault
    found = await possible(talking, [line], None, FAULTS[fault] if fault else Reason.no_reason)
    parts = [
        talking.say(f"freight_line_{one.freight_payer}", kind=one.label)
        for one in found
        if one.open
        and one.kind in (ClaimKind.return_refund, ClaimKind.exchange, ClaimKind.repair)
        and one.freight_payer in ("shop", "customer")
    ]
    page = None if parts else await _claim_for(talking, order, [line])
    if page is not None and page.freight_payer in ("shop", "customer"):
        pays = talking.say(f"freight_line_{page.freight_payer}", kind=page.kind_label)
        return talking.answered(f"{_already(talking, page)}\n{pays}")
    if not parts:
        return await from_articles(talking)
    joint = "; " if talking.locale == "en" else "；"
    return talking.answered(talking.say("freight_answer", title=line.title[:60], list=joint.join(parts)))


async def change_address(talking: Talking) -> Answer:
    order = await the_order(talking, prefer=(("paid", "awaiting_payment"), ("shipped",)))
    if order.shipped_at is not None:
        return talking.answered(talking.say("address_shipped", number=order.number))
    return talking.to_person("needs_person", talking.say("address_not"))


# What is written


QUESTIONS = frozenset(
    re.findall(r"\w+", "怎么 如何 怎样 什么 多久 几天 可以 能不能 你们 how what when where who")
)
"""What stands in every question tells nothing of its matter."""


def speaks_of(passage: Passage, asked: str) -> bool:
    """Whether an article is about what was asked: its words are there, and its title has one of them, unless nearly all are."""
    if passage.score < SURE_PASSAGE:
        return False
    title = set(tokens(simplified(passage.title)))
    words = {word for word in tokens(simplified(asked)) if len(word) > 1}
    return bool((words & title) - QUESTIONS) or (passage.score >= SURE_WITHOUT_TITLE and len(words) > 2)


async def from_articles(talking: Talking) -> Answer:
    """The help centre's own words, or a person."""
    asked = talking.heard.text or speech.label("intent", talking.intent, talking.locale)
    found = await knowledge.find_passages(talking.work, asked, locale=talking.locale, shop_id=talking.shop.id)
    talking.called("find_passages", f"{len(found)} passages", question=asked[:200])
    talking.passages = [
        {
            "article_id": str(one.article_id),
            "version": one.version,
            "title": one.title,
            "score": round(one.score, 3),
        }
        for one in found
    ]
    talking.grounding = [{"title": one.title, "text": one.text} for one in found]
    if found and speaks_of(found[0], asked):
        best = found[0]
        talking.from_("article", best.title, best.url)
        text = best.text if len(best.text) <= LONGEST_PASSAGE else best.text[:LONGEST_PASSAGE].rstrip() + "…"
        await knowledge.note_question(
            talking.work,
            asked,
            talking.locale,
            talking.shop.id,
            knowledge.Outcome.answered,
            source="assistant",
            article_id=best.article_id,
        )
        return talking.answered(text)
    if found and talking.model_helps and found[0].score >= WEAK_PASSAGE:
        talking.open = True
        talking.from_("article", found[0].title, found[0].url)
        return Answer(talking.say("handed_over_unsure"), Outcome.asked)
    talking.grounding = []
    return talking.to_person("unsure", talking.say("handed_over_unsure"))


async def needs_person(talking: Talking) -> Answer:
    key = {"invoice": "invoice", "payment_problem": "payment"}[talking.intent]
    if talking.intent == "invoice":
        answer = await from_articles(talking)
        if answer.outcome is Outcome.answered:
            return answer
    if talking.work.actor.customers:
        await the_order(talking)
    return talking.to_person("needs_person", talking.say(key))


FINDING: dict[str, Matter] = {
    "parcel_status": parcel_status,
    "shipping_time": parcel_status,
    "claim_status": claim_status,
    "refund_status": refund_status,
    "claim_cancel": claim_cancel,
    "claim_change": claim_change,
    "ship_back": ship_back,
    "entitlement": entitlement,
    "return_freight": return_freight,
    "change_address": change_address,
    "how_to": from_articles,
    "invoice": needs_person,
    "payment_problem": needs_person,
}
