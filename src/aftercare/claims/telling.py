"""What answers to customers can tell of a claim."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.cases import Told, tells
from aftercare.claims.queries import claim_cards
from aftercare.claims.wording import label, state_label
from aftercare.journal import Work
from aftercare.kit.spoken import money

PAID = text(
    "SELECT claim_id, bool_and(state = 'paid') AS paid FROM refund WHERE claim_id = ANY(:ids) GROUP BY claim_id"
)
PARCELS = text(
    "SELECT claim_id, tracking_number, carrier FROM shipment WHERE claim_id = ANY(:ids) AND tracking_number IS NOT NULL"
    " ORDER BY id DESC"
)
MOST = 3
"""Of a case's claims, the newest."""


@tells("claim")
async def tell_claims(work: Work, claims: Collection[UUID], locale: str) -> Sequence[Told]:
    if not work.actor.may("claims.read"):
        return []
    newest = list(claims)[:MOST]
    cards = await claim_cards(work, newest)
    paid = {row.claim_id: row.paid for row in await work.session.execute(PAID, {"ids": newest})}
    parcels_of: dict[UUID, list[Any]] = {}
    for row in await work.session.execute(PARCELS, {"ids": newest}):
        parcels_of.setdefault(row.claim_id, []).append(row)
    told = []
    for card in cards:
        parcels = parcels_of.get(card.id, [])
        amount = card.agreed_cents or card.requested_cents
        address = card.return_address or {}
        told.append(
            Told(
                values={
                    "claim": card.number,
                    "claim_kind": label("kind", card.kind, locale),
                    "claim_state": state_label(card.kind, card.state, locale),
                    "order": card.order_number,
                    "item": card.title,
                    "amount": money(amount, card.currency, locale) if amount else "",
                    "return_address": " ".join(str(part) for part in address.values() if part),
                    "parcel": parcels[0].tracking_number if parcels else "",
                    "carrier": (parcels[0].carrier or "") if parcels else "",
                },
                most_cents=max(amount, card.offer_amount_cents or 0),
                paid=paid.get(card.id, False),
                own=frozenset({card.number, card.order_number, *(one.tracking_number for one in parcels)}),
            )
        )
    return told
