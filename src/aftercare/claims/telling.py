"""What answers to customers can tell of a claim."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text

from aftercare.cases import Told, tells
from aftercare.claims.queries import claim_card
from aftercare.claims.wording import label
from aftercare.journal import Work
from aftercare.kit.spoken import money

PAID = text(
    "SELECT count(*) AS refunds, count(*) FILTER (WHERE state = 'paid') AS paid FROM refund WHERE claim_id = :id"
)
PARCELS = text(
    "SELECT tracking_number, carrier FROM shipment WHERE claim_id = :id AND tracking_number IS NOT NULL ORDER BY id DESC"
)
MOST = 3
"""Of a case's claims, the newest."""


@tells("claim")
async def tell_claims(work: Work, claims: Collection[UUID], locale: str) -> Sequence[Told]:
    if not work.actor.may("claims.read"):
        return []
    told = []
    for claim_id in list(claims)[:MOST]:
        card = await claim_card(work, claim_id)
        refunds = (await work.session.execute(PAID, {"id": claim_id})).one()
        parcels = (await work.session.execute(PARCELS, {"id": claim_id})).all()
        amount = card.agreed_cents or card.requested_cents
        address = card.return_address or {}
        told.append(
            Told(
                values={
                    "claim": card.number,
                    "claim_kind": label("kind", card.kind, locale),
                    "claim_state": label("state", card.state, locale),
                    "order": card.order_number,
                    "item": card.title,
                    "amount": money(amount, card.currency, locale) if amount else "",
                    "return_address": " ".join(str(part) for part in address.values() if part),
                    "parcel": parcels[0].tracking_number if parcels else "",
                    "carrier": (parcels[0].carrier or "") if parcels else "",
                },
                most_cents=max(amount, card.offer_amount_cents or 0),
                paid=refunds.refunds > 0 and refunds.paid == refunds.refunds,
                own=frozenset({card.number, card.order_number, *(one.tracking_number for one in parcels)}),
            )
        )
    return told
