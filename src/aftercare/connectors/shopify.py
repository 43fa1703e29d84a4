"""Shopify: webhooks of orders, refunds and fulfilments, checked, each taken in once and in whatever order they come.

Prices without tax get it added: what the customer paid for a line is what a claim may give back. Where tax does not divide
by the units, the unit price is rounded up and the line's discount takes the cents back.
Source: https://shopify.dev/docs/api/webhooks
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aftercare.identity import ShopView
from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit import money
from aftercare.kit import text as words
from aftercare.kit.errors import Invalid, NotSignedIn
from aftercare.shop import (
    CustomerRecord,
    LineRecord,
    OrderRecord,
    OrderStatus,
    PaymentRecord,
    ProductRecord,
    StoreRefundRecord,
    first_time,
    note_parcel,
    note_store_refund,
    take_in,
)

SOURCE = "shopify"
ORDER_TOPICS = frozenset(
    {"orders/create", "orders/updated", "orders/cancelled", "orders/paid", "orders/fulfilled"}
)
FULFILMENT_TOPICS = frozenset({"fulfillments/create", "fulfillments/update"})
TOPICS = ORDER_TOPICS | FULFILMENT_TOPICS | {"refunds/create"}
PAID = frozenset({"paid", "partially_refunded", "refunded"})
GONE = frozenset({"success"})


class SignatureNotRight(NotSignedIn):
    """This push was not signed by the store."""


class PushUnreadable(Invalid):
    """This push is not in the form that the store sends."""


def signed_by(secret: str, raw: bytes, signature: str) -> bool:
    """Whether the header `X-Shopify-Hmac-Sha256` fits the raw body; takes the same time either way."""
    wanted = hmac.new(secret.encode(), raw, hashlib.sha256).digest()
    try:
        given = base64.b64decode(signature.encode("ascii", "replace"), validate=True)
    except (binascii.Error, ValueError):
        given = b""
    return hmac.compare_digest(wanted, given)


def actor_for(shop: ShopView) -> Actor:
    return Actor(
        kind=ActorKind.integration,
        shops=frozenset({shop.id}),
        permissions=frozenset({"orders.import"}),
        role=SOURCE,
    )


async def take_push(
    house: House,
    shop: ShopView,
    *,
    topic: str,
    event_id: str | None,
    raw: bytes,
    request_id: str | None = None,
) -> bool:
    """Takes in a push whose signature was checked. False when it was known or is none of our business. Refuses with
    PushUnreadable, and with OrderNotKnownYet (404) what came before its order: the store sends it again."""
    if topic not in TOPICS:
        return False
    body = _read(raw)
    async with begin(house, actor_for(shop), request_id=request_id) as work:
        key = words.one_line(event_id or "")[:200] or hashlib.sha256(raw).hexdigest()
        if not await first_time(work, shop.id, SOURCE, key, topic):
            return False
        try:
            if topic in ORDER_TOPICS:
                customer, products, order = order_records(body, shop)
                refunds = [store_refund(each, order.currency) for each in body.get("refunds") or []]
            elif topic in FULFILMENT_TOPICS:
                order_id, lines, shipped_at, delivered_at = _parcel(body)
            else:
                order_id, currency = str(body["order_id"]), _refund_currency(body, shop)
                refunds = [store_refund(body, currency)]
        except (
            KeyError,
            ValueError,
            TypeError,
            AttributeError,
            ArithmeticError,
            money.MoneyNotPossible,
        ) as wrong:
            raise PushUnreadable(topic=topic, reason=f"{type(wrong).__name__}: {wrong}"[:200]) from wrong
        if topic in ORDER_TOPICS:
            await take_in(work, customers=[customer], products=products, orders=[order])
            order_id = order.external_id
        elif topic in FULFILMENT_TOPICS:
            if shipped_at is not None:
                await note_parcel(
                    work,
                    shop.id,
                    SOURCE,
                    order_id,
                    lines=lines,
                    shipped_at=shipped_at,
                    delivered_at=delivered_at,
                )
            return True
        for refund in refunds:
            if refund is not None:
                await note_store_refund(work, shop.id, SOURCE, order_id, refund)
    return True


def _no_number(told: str) -> Any:
    raise ValueError(f"{told} is no number")


def _read(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(words.decode(raw)[0], parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, RecursionError) as broken:
        raise PushUnreadable(reason=str(broken)[:200]) from None
    if not isinstance(body, dict):
        raise PushUnreadable(reason="is not an object")
    return body


def _at(told: Any) -> datetime | None:
    if not told:
        return None
    moment = datetime.fromisoformat(str(told))
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset")
    return moment.astimezone(UTC)


def _needed_at(told: Any) -> datetime:
    moment = _at(told)
    if moment is None:
        raise ValueError("a moment is missing")
    return moment


def _text(told: Any, longest: int = 500) -> str:
    return words.one_line(str(told))[:longest] if told not in (None, False) else ""


def _cents(told: Any, currency: str) -> int:
    cents = money.cents(str(told), currency) if told not in (None, "") else 0
    if cents < 0:
        raise ValueError(f"{told} is negative")
    return cents


def _tax(told: Mapping[str, Any], currency: str) -> int:
    return sum(_cents(tax.get("price"), currency) for tax in told.get("tax_lines") or [])


def order_records(
    body: Mapping[str, Any], shop: ShopView
) -> tuple[CustomerRecord, list[ProductRecord], OrderRecord]:
    """A Shopify order in our words. Raises KeyError, ValueError or TypeError for what is none."""
    currency = _text(body.get("currency") or shop.currency, 3)
    lines, products = _lines(body, currency, shop)
    taxed = bool(body.get("taxes_included"))
    freight = sum(
        _cents(each.get("discounted_price", each.get("price")), currency)
        + (0 if taxed else _tax(each, currency))
        for each in body.get("shipping_lines") or []
    )
    total = _cents(body.get("total_price"), currency)
    financial = body.get("financial_status")
    if financial in PAID:
        paid = total
    elif financial == "partially_paid":
        paid = max(0, total - _cents(body.get("total_outstanding"), currency))
    else:
        paid = 0
    created_at = _needed_at(body["created_at"])
    paid_at = (_at(body.get("processed_at")) or created_at) if financial in PAID else None
    shipped = [line.shipped_at for line in lines]
    delivered = [line.delivered_at for line in lines]
    shipped_at = max((at for at in shipped if at), default=None) if lines and all(shipped) else None
    delivered_at = max((at for at in delivered if at), default=None) if lines and all(delivered) else None
    cancelled_at = _at(body.get("cancelled_at"))
    if cancelled_at:
        status = OrderStatus.cancelled
    elif delivered_at:
        status = OrderStatus.delivered
    elif shipped_at:
        status = OrderStatus.shipped
    else:
        status = OrderStatus.paid if paid_at else OrderStatus.awaiting_payment
    customer = _customer(body, shop)
    gateways = body.get("payment_gateway_names") or [body.get("gateway") or ""]
    order_id = str(body["id"])
    order = OrderRecord(
        shop_id=shop.id,
        source=SOURCE,
        external_id=order_id,
        number=_text(body.get("name") or body.get("order_number") or order_id, 100),
        customer=customer.external_id,
        status=status,
        currency=currency,
        placed_at=created_at,
        lines=tuple(lines),
        payments=(PaymentRecord(order_id, _text(gateways[0], 50), paid, SOURCE, order_id, paid_at=paid_at),)
        if paid
        else (),
        freight_cents=freight,
        paid_cents=paid,
        paid_at=paid_at,
        shipped_at=shipped_at,
        delivered_at=delivered_at,
        cancelled_at=cancelled_at,
        shipping_address=_address(body.get("shipping_address") or {}),
        raw={"financial_status": financial, "fulfillment_status": body.get("fulfillment_status")},
        source_updated_at=_at(body.get("updated_at")),
    )
    return customer, products, order


def _lines(
    body: Mapping[str, Any], currency: str, shop: ShopView
) -> tuple[list[LineRecord], list[ProductRecord]]:
    told: Sequence[Mapping[str, Any]] = body["line_items"]
    grosses = [_cents(each["price"], currency) * int(each["quantity"]) for each in told]
    discounts = [_line_discount(each, currency) for each in told]
    # Older stores tell discounts of the whole order only.
    missing = max(0, _cents(body.get("total_discounts"), currency) - sum(discounts))
    nets = [gross - discount for gross, discount in zip(grosses, discounts, strict=True)]
    nets = money.discounted(nets, min(missing, sum(nets)))
    taxes = [0] * len(told)
    if not body.get("taxes_included"):
        taxes = [_tax(each, currency) for each in told]
        if not any(taxes):
            of_freight = sum(_tax(each, currency) for each in body.get("shipping_lines") or [])
            taxes = money.share(max(0, _cents(body.get("total_tax"), currency) - of_freight), nets)
    parcels = [parcel for each in body.get("fulfillments") or [] if (parcel := _parcel(each))[2]]
    lines: list[LineRecord] = []
    products: dict[str, ProductRecord] = {}
    for each, gross, net, tax in zip(told, grosses, nets, taxes, strict=True):
        line_id, quantity = str(each["id"]), int(each["quantity"])
        if quantity < 1:
            continue
        unit = -(-(gross + tax) // quantity)
        own = [parcel for parcel in parcels if line_id in parcel[1]]
        sku, title = _text(each.get("sku"), 100), _text(each.get("name") or each.get("title"))
        product = str(each.get("variant_id") or each.get("product_id") or sku) or None
        attributes = {"digital": True} if each.get("requires_shipping") is False else {}
        lines.append(
            LineRecord(
                external_id=line_id,
                product=product,
                sku=sku,
                title=title,
                quantity=quantity,
                unit_price_cents=unit,
                discount_cents=unit * quantity - net - tax,
                shipped_at=max((parcel[2] for parcel in own if parcel[2]), default=None),
                delivered_at=max((parcel[3] for parcel in own if parcel[3]), default=None),
                attributes=attributes | ({"custom_made": True} if each.get("properties") else {}),
            )
        )
        if product:
            products[product] = ProductRecord(
                shop_id=shop.id,
                external_id=product,
                sku=sku,
                title=title,
                currency=currency,
                price_cents=unit,
                weight_grams=int(each["grams"]) if each.get("grams") else None,
                attributes=attributes,
            )
    return lines, list(products.values())


def _line_discount(told: Mapping[str, Any], currency: str) -> int:
    allocations = told.get("discount_allocations")
    if allocations:
        return sum(_cents(each.get("amount"), currency) for each in allocations)
    return _cents(told.get("total_discount"), currency)


def _customer(body: Mapping[str, Any], shop: ShopView) -> CustomerRecord:
    told: Mapping[str, Any] = body.get("customer") or {}
    address: Mapping[str, Any] = body.get("shipping_address") or body.get("billing_address") or {}
    email = words.email(body.get("email") or body.get("contact_email") or told.get("email"))
    country = _text(address.get("country_code"), 2) or shop.market
    phone = words.phone(body.get("phone") or told.get("phone") or address.get("phone"), country)
    name = " ".join(_text(told.get(part)) for part in ("first_name", "last_name")).strip()
    return CustomerRecord(
        shop_id=shop.id,
        external_id=str(told.get("id") or email or phone or f"order-{body['id']}"),
        name=name or _text(address.get("name")) or email or "Customer",
        email=email,
        phone=phone,
        locale=_text(body.get("customer_locale"), 20) or shop.locale,
        address=_address(told.get("default_address") or address),
    )


def _address(told: Mapping[str, Any]) -> dict[str, Any]:
    named = {
        "country": told.get("country_code") or told.get("country"),
        "region": told.get("province_code") or told.get("province"),
        "city": told.get("city"),
        "street": ", ".join(
            part for part in (_text(told.get("address1")), _text(told.get("address2"))) if part
        ),
        "postal_code": told.get("zip"),
        "recipient": told.get("name"),
        "phone": told.get("phone"),
    }
    return {name: text for name, value in named.items() if (text := _text(value))}


def _parcel(body: Mapping[str, Any]) -> tuple[str, frozenset[str], datetime | None, datetime | None]:
    """(order, lines, when it left, when it arrived); a fulfilment that is pending or failed has not left."""
    lines = frozenset(str(each["id"]) for each in body.get("line_items") or [])
    left = _needed_at(body["created_at"]) if body.get("status") in GONE else None
    arrived = body.get("shipment_status") == "delivered" and left is not None
    return (
        str(body["order_id"]),
        lines,
        left,
        _needed_at(body.get("updated_at") or body["created_at"]) if arrived else None,
    )


def _refund_currency(body: Mapping[str, Any], shop: ShopView) -> str:
    told = next(
        (each.get("currency") for each in body.get("transactions") or [] if each.get("currency")), None
    )
    return _text(told or shop.currency, 3)


def store_refund(body: Mapping[str, Any], currency: str) -> StoreRefundRecord | None:
    """None when no money went back: a refund in Shopify may be a cancelled line only."""
    amount = sum(
        _cents(each.get("amount"), currency)
        for each in body.get("transactions") or []
        if each.get("kind") == "refund" and each.get("status") == "success"
    )
    lines: dict[str, tuple[int, int]] = {}
    for each in body.get("refund_line_items") or []:
        line_id, units = str(each["line_item_id"]), int(each.get("quantity") or 0)
        told = each.get("subtotal")
        if told is None:
            cents = _cents((each.get("line_item") or {}).get("price"), currency) * units
        else:
            cents = _cents(told, currency) + _cents(each.get("total_tax"), currency)
        known = lines.get(line_id, (0, 0))
        lines[line_id] = (known[0] + units, known[1] + cents)
    if not amount and not lines:
        return None
    return StoreRefundRecord(str(body["id"]), amount, _needed_at(body["created_at"]), lines)
