"""What could be done about lines: every kind of claim, open or not, with its money."""

from zoneinfo import ZoneInfo

from pydantic import BaseModel

from aftercare import identity
from aftercare.claims.applications import NewClaim, lines_for, measure
from aftercare.claims.entitlements import entitlements
from aftercare.claims.queries import entitlement_views
from aftercare.claims.states import ClaimKind
from aftercare.claims.wording import label
from aftercare.journal import Work
from aftercare.kit.errors import Refusal


class Option(BaseModel):
    """One way to put it right, with what it would bring. `closed_why` where it is not open."""

    kind: ClaimKind
    label: str
    open: bool
    amount_cents: int
    """At most."""
    proposed_cents: int | None
    """Of a price that has fallen: by how much, if that is known. Asked for where nobody names an amount."""
    currency: str
    freight_payer: str
    automatic: bool
    evidence_needed: list[str]
    until: str | None
    why: str
    usual_days: int


USUAL_DAYS = {
    ClaimKind.cancel_unshipped: 1,
    ClaimKind.refund_only: 2,
    ClaimKind.return_refund: 8,
    ClaimKind.exchange: 10,
    ClaimKind.resend: 5,
    ClaimKind.repair: 15,
    ClaimKind.refuse_parcel: 8,
    ClaimKind.compensation: 2,
}


async def options(work: Work, new: NewClaim) -> list[Option]:
    """What would be possible for these lines and this reason, best first, with the money of each. Files nothing; `kind` of
    what is asked is not looked at."""
    found: list[Option] = []
    lines = await lines_for(work, new.model_copy(update={"kind": ClaimKind.compensation}))
    owner = await identity.get_shop(work, lines[0].shop_id)
    today = work.now.astimezone(ZoneInfo(owner.time_zone)).date()
    entitled = await entitlements(work, [line.id for line in lines], new.reason)
    for kind in USUAL_DAYS:
        views = [
            next(
                view
                for view in entitlement_views(entitled[line.id], work.actor.locale, today)
                if view.kind is kind
            )
            for line in lines
        ]
        closed = next((view for view in views if not view.open), None)
        amount, proposed = 0, None
        automatic = False
        if closed is None:
            try:
                measured = await measure(
                    work, new.model_copy(update={"kind": kind, "client_key": None}), lines, at_most=True
                )
            except Refusal:
                continue
            amount, automatic = measured.total_cents, measured.outcome.value == "approve"
            proposed = measured.proposed_cents
        first = closed or views[0]
        found.append(
            Option(
                kind=kind,
                label=label("kind", kind, work.actor.locale),
                open=closed is None,
                amount_cents=amount,
                proposed_cents=proposed,
                currency=lines[0].currency,
                freight_payer=first.freight_payer,
                automatic=automatic,
                evidence_needed=sorted({need for view in views for need in view.evidence_needed}),
                until=first.until.isoformat() if first.until else None,
                why=first.why.sentence,
                usual_days=USUAL_DAYS[kind],
            )
        )
    return sorted(found, key=lambda one: (not one.open, not one.automatic, -one.amount_cents, one.usual_days))
