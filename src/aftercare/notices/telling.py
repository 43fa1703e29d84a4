"""What a notice tells, looked up through the front doors when it is worded: who, about what, how much, until when."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from aftercare import cases, claims, conversations, identity, promises, shop
from aftercare.claims import ClaimKind
from aftercare.identity import ShopView
from aftercare.journal import Work
from aftercare.kit.spoken import left, moment, money, our_locale
from aftercare.notices.model import Notice
from aftercare.notices.rules import rule_of
from aftercare.notices.wording import exact_moment, texts

# Where the amount of a claim is money that comes back; that of an exchange is only what the goods are worth.
MONEY_BACK = frozenset(
    {
        ClaimKind.cancel_unshipped,
        ClaimKind.refund_only,
        ClaimKind.return_refund,
        ClaimKind.refuse_parcel,
        ClaimKind.compensation,
    }
)
ALWAYS_MONEY = frozenset(
    {"refund.paid", "claim.refund_failed", "claim.difference_due", "claim.difference_settled"}
)
LONGEST_QUOTE = 600


@dataclass(frozen=True)
class Told:
    """`address` None: no e-mail reaches them."""

    shop: ShopView | None
    customer_id: UUID | None
    addressee: str
    address: str | None
    locale: str
    fields: Mapping[str, str]


async def look_up(work: Work, notice: Notice) -> Told:
    if notice.fact == "entry_code.issued":
        return await _entry_code(work, notice)
    data = notice.data
    fields: dict[str, str] = {}
    owner = await identity.get_shop(work, notice.shop_id) if notice.shop_id else None
    customer_id = notice.customer_id
    card = await claims.claim_card(work, notice.claim_id) if notice.claim_id else None
    order = None
    if card is not None:
        customer_id = card.customer_id
    elif data.get("order_id"):
        order = await shop.get_order(work, UUID(data["order_id"]))
        customer_id = order.customer.id
    elif customer_id is None and notice.case_id is not None:
        customer_id = (await cases.get_case(work, notice.case_id)).customer_id
    customer = await shop.get_customer(work, customer_id) if customer_id else None
    locale = our_locale(customer.locale if customer else None, owner.locale if owner else "zh-CN")
    fields["shop"] = owner.name if owner else ""
    fields["customer"] = customer.name if customer else ""
    address = customer.email if customer else None
    if order is not None:
        fields |= {"number": order.number, "order": order.number, "title": order.lines[0].title}
    if card is not None:
        fields |= _of_claim(card, data, locale)
    if data.get("amount_cents") and (card is None or tells_amount(notice.fact, card.kind)):
        fields["amount"] = money(data["amount_cents"], data["currency"], locale)
    fields["method"] = str(data.get("method", ""))
    if owner is not None:
        fields |= await _time_left(work, notice, owner, locale)
    if notice.fact == "message.posted":
        fields["words"] = await _message(work, notice)
    if notice.fact == "withdrawal.stated" and owner is not None:
        said = await claims.stated_withdrawal(work, UUID(data["withdrawal_id"]))
        bought = await shop.get_order(work, said.order_id)
        page = await claims.claim_page(work, said.claim_id)
        fields |= {
            "consumer": said.consumer_name,
            "contact": said.contact,
            "order": bought.number,
            "goods": "; ".join(f"{line.title} × {line.quantity}" for line in page.lines),
            "moment": exact_moment(said.stated_at, owner.zone, locale),
        }
        # The receipt goes where the consumer said, which need not be where the shop usually writes to.
        address = said.contact if "@" in said.contact else address
    return Told(owner, customer_id, fields["customer"], address, locale, fields)


def tells_amount(fact: str, kind: ClaimKind) -> bool:
    return kind in MONEY_BACK or fact in ALWAYS_MONEY


def _of_claim(card: claims.ClaimCard, data: dict[str, Any], locale: str) -> dict[str, str]:
    return {
        "number": card.number,
        "order": card.order_number,
        "title": card.title,
        "quantity": str(card.quantity),
        "kind": claims.label("kind", card.kind, locale),
        "reason": card.rejection if card.rejection and card.rejection != claims.BY_POLICY else "",
        "words": card.offer_words or "",
        "offered": money(card.offer_amount_cents, card.currency, locale) if card.offer_amount_cents else "",
        "question": card.question or "",
        "address": address_text(card.return_address),
    }


def address_text(address: Mapping[str, Any] | None) -> str:
    """Who and how to reach them on the first line, where on the second; whatever a shop calls the parts."""
    if not address:
        return ""
    person = [address.get(name) for name in ("name", "contact", "phone", "telephone")]
    named = {"name", "contact", "phone", "telephone"}
    place = [value for name, value in address.items() if name not in named]
    lines = (
        " ".join(str(part) for part in parts if isinstance(part, str | int) and part)
        for parts in (person, place)
    )
    return "\n".join(line for line in lines if line)


async def _time_left(work: Work, notice: Notice, owner: ShopView, locale: str) -> dict[str, str]:
    data = notice.data
    if notice.fact in ("clock.warned", "clock.extended"):
        due = datetime.fromisoformat(data["due_at"])
        words = texts(locale)
        return {
            "until": moment(due, owner.zone, locale, work.now),
            "left": left(due - work.now, locale),
            "todo": words["clock"].get(data["clock"], ""),
            "otherwise": words["otherwise"].get(data["clock"], ""),
        }
    names = rule_of(notice.template).until
    if not names or notice.claim_id is None:
        return {}
    for clock in await promises.clocks_of(work, [notice.claim_id]):
        if clock.name in names and clock.state == "running":
            return {"until": moment(clock.due_at, owner.zone, locale, work.now)}
    return {}


async def _message(work: Work, notice: Notice) -> str:
    """The words of the message, shortened; empty when many others came after it."""
    said = await conversations.messages(work, UUID(notice.data["thread_id"]), limit=50)
    body = next((one.body for one in said.items if str(one.id) == notice.data["message_id"]), "").strip()
    return body if len(body) <= LONGEST_QUOTE else body[:LONGEST_QUOTE].rstrip() + "…"


async def _entry_code(work: Work, notice: Notice) -> Told:
    code_id = UUID(notice.data["entry_code_id"])
    whom = await identity.entry_addressee(work, code_id)
    owner = await identity.get_shop(work, notice.shop_id) if notice.shop_id else None
    fields = {
        "shop": owner.name if owner else "Aftercare",
        "code": await identity.entry_code_text(work, code_id),
    }
    address = whom.contact if "@" in whom.contact else None
    return Told(owner, None, "", address, our_locale(whom.locale), fields)
