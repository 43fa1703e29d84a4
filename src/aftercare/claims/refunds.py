"""Money back: one row and one key per payment, asked of the gateway outside the transaction, settled exactly once."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from aftercare import shop
from aftercare.claims import model
from aftercare.claims.events import RefundContradicted, RefundFailed, RefundRequested, RefundSettled
from aftercare.claims.model import Claim, Refund, RefundState, WalletEntry
from aftercare.claims.parts import lines_of, put_evidence
from aftercare.claims.ports import GatewayAnswer, GatewayState, RefundGateways, RefundOrder
from aftercare.claims.states import ClaimState, Mover
from aftercare.claims.steps import claim_for, move_for, on_entering, step
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.errors import NotFound

WALLET = "wallet"
OFFLINE = "offline"


class RefundNotFound(NotFound):
    """There is no such refund, or it is not yours to see."""


@on_entering(ClaimState.refunding)
async def request_refunds(work: Work, claim: Claim) -> None:
    """Lays out what is owed per order over the payments that came in for it: the original method first, the wallet for what
    no payment covers. A claim that comes here again (a retry) asks for the same refunds, not for new ones."""
    already = list((await work.session.execute(select(Refund).where(Refund.claim_id == claim.id))).scalars())
    if already:
        for refund in already:
            if refund.state is RefundState.failed:
                ask_again(work, claim, refund)
        await refunded_if_all_paid(work, claim)
        return
    owed: dict[UUID, int] = defaultdict(int)
    for row in await lines_of(work, claim.id):
        owed[row.order_id] += row.agreed_cents
    for order_id, cents in (
        await work.session.execute(
            select(model.ClaimFreight.order_id, model.ClaimFreight.cents).where(
                model.ClaimFreight.claim_id == claim.id
            )
        )
    ).all():
        owed[order_id] += cents
    for order_id, cents in sorted(owed.items()):
        await request(work, claim, order_id, cents)
    await work.session.flush()
    await refunded_if_all_paid(work, claim)


async def request_difference(work: Work, claim: Claim) -> None:
    """What the new goods of an exchange cost less goes back."""
    first = (await lines_of(work, claim.id))[0]
    await request(work, claim, first.order_id, -claim.difference_cents)


async def request(work: Work, claim: Claim, order_id: UUID, cents: int) -> None:
    """Shares `cents` over the order's payments, as far as each still covers, under a lock of the order's freight account or
    line accounts which the claim already holds."""
    if cents <= 0:
        return
    await work.session.execute(
        text(
            "SELECT pg_advisory_xact_lock(hashtextextended('refunds of ' || CAST(CAST(:order AS uuid) AS text), 0))"
        ),
        {"order": order_id},
    )
    taken: dict[UUID, int] = {
        row.payment_id: row.cents
        for row in await work.session.execute(
            text(
                "SELECT payment_id, sum(amount_cents)::bigint AS cents FROM refund WHERE order_id = :order"
                " AND payment_id IS NOT NULL GROUP BY payment_id"
            ),
            {"order": order_id},
        )
    }
    left = cents
    for payment in await shop.payments_of(work, order_id):
        part = min(left, payment.amount_cents - taken.get(payment.id, 0))
        if part > 0:
            lay_out(work, claim, order_id, part, payment.provider or WALLET, payment.id, payment.provider_ref)
            left -= part
    if left > 0:
        lay_out(work, claim, order_id, left, WALLET, None, None)


def lay_out(
    work: Work,
    claim: Claim,
    order_id: UUID,
    cents: int,
    provider: str,
    payment_id: UUID | None,
    ref: str | None,
) -> UUID:
    refund_id = work.new_id()
    work.session.add(
        Refund(
            id=refund_id,
            shop_id=claim.shop_id,
            claim_id=claim.id,
            order_id=order_id,
            customer_id=claim.customer_id,
            payment_id=payment_id,
            provider=provider,
            provider_ref=ref,
            amount_cents=cents,
            currency=claim.currency,
            key=f"aftercare-{refund_id.hex}",
            state=RefundState.requested,
            gateway_reference=None,
            failure=None,
            attempts=0,
            failures=0,
            voucher_file_id=None,
            requested_at=work.now,
            asked_at=None,
            paid_at=None,
        )
    )
    work.record(
        RefundRequested(
            refund_id=refund_id,
            claim_id=claim.id,
            order_id=order_id,
            case_id=claim.case_id,
            shop_id=claim.shop_id,
            amount_cents=cents,
            currency=claim.currency,
            method=provider,
        )
    )
    return refund_id


def ask_again(work: Work, claim: Claim, refund: Refund) -> None:
    refund.state, refund.failure = RefundState.requested, None
    work.record(
        RefundRequested(
            refund_id=refund.id,
            claim_id=claim.id,
            order_id=refund.order_id,
            case_id=claim.case_id,
            shop_id=claim.shop_id,
            amount_cents=refund.amount_cents,
            currency=refund.currency,
            method=refund.provider,
        )
    )


async def pay(house: House, refund_id: UUID) -> None:
    """Pays one refund. The gateway is asked outside any transaction, under the refund's own key; whatever happens between,
    asking again under the same key pays once. What cannot be known now is asked after later (`reconcile`)."""
    async with begin(house, SYSTEM) as work:
        refund = await locked(work, refund_id)
        if refund.state not in (RefundState.requested, RefundState.sending):
            return
        if refund.provider == WALLET:
            await enter_wallet(work, refund)
            await settle(
                work, refund, GatewayAnswer(GatewayState.paid, reference=f"wallet-{refund.id.hex[:12]}")
            )
            return
        asked_before = refund.state is RefundState.sending
        refund.state, refund.attempts, refund.asked_at = RefundState.sending, refund.attempts + 1, work.now
        order = await order_for(work, refund)
        provider = refund.provider
    gateway = house.port(RefundGateways).by_provider.get(provider)
    if gateway is None:
        answer = GatewayAnswer(GatewayState.failed, failure="no_gateway")
    else:
        try:
            known = await gateway.find(order.key, order.payment_ref) if asked_before else None
            answer = known or await gateway.refund(order)
        except (TimeoutError, OSError):
            # Nothing is known: it may have been paid. The row stays `sending` and is reconciled.
            return
    async with begin(house, SYSTEM) as work:
        await settle(work, await locked(work, refund_id), answer)


async def order_for(work: Work, refund: Refund) -> RefundOrder:
    paid = next(
        (one for one in await shop.payments_of(work, refund.order_id) if one.id == refund.payment_id), None
    )
    return RefundOrder(
        key=refund.key,
        payment_ref=refund.provider_ref or "",
        amount_cents=refund.amount_cents,
        paid_cents=paid.amount_cents if paid else refund.amount_cents,
        currency=refund.currency,
        reason="requested_by_customer",
        failures=refund.failures,
    )


async def locked(work: Work, refund_id: UUID) -> Refund:
    # The claim is locked first, here and everywhere, so that nobody waits for the other in a circle.
    where = (
        await work.session.execute(select(Refund.claim_id, Refund.shop_id).where(Refund.id == refund_id))
    ).one_or_none()
    if where is None or not work.actor.sees(where.shop_id):
        raise RefundNotFound(refund=refund_id)
    await work.session.execute(select(Claim.id).where(Claim.id == where.claim_id).with_for_update())
    return (
        await work.session.execute(
            select(Refund)
            .where(Refund.id == refund_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one()


async def enter_wallet(work: Work, refund: Refund) -> None:
    work.session.add(
        WalletEntry(
            id=work.new_id(),
            shop_id=refund.shop_id,
            customer_id=refund.customer_id,
            refund_id=refund.id,
            amount_cents=refund.amount_cents,
            currency=refund.currency,
            entered_at=work.now,
        )
    )


async def settle(work: Work, refund: Refund, answer: GatewayAnswer) -> None:
    """Takes the gateway's word, said once, twice, late or out of order: paid stands for ever, and a failure never follows it.
    What the gateway paid after all, while the customer got it another way, is told to finance."""
    if refund.state is RefundState.paid:
        if answer.state is GatewayState.failed and refund.provider not in (WALLET, OFFLINE):
            contradict(work, refund, said="failed", stands="paid")
        elif (
            answer.state is GatewayState.paid
            and refund.provider in (WALLET, OFFLINE)
            and answer.reference != refund.gateway_reference
        ):
            contradict(work, refund, said="paid", stands=refund.provider)
        return
    claim = (await work.session.execute(select(Claim).where(Claim.id == refund.claim_id))).scalar_one()
    about = {
        "refund_id": refund.id,
        "claim_id": claim.id,
        "order_id": refund.order_id,
        "case_id": claim.case_id,
        "shop_id": refund.shop_id,
        "amount_cents": refund.amount_cents,
        "currency": refund.currency,
    }
    if answer.reference:
        refund.gateway_reference = answer.reference
    if answer.state is GatewayState.pending:
        # An old 'pending' that arrives after a failure does not take it back.
        if refund.state in (RefundState.requested, RefundState.sending):
            refund.state = RefundState.pending
    elif answer.state is GatewayState.paid:
        if refund.state is RefundState.offline_offered and refund.provider != OFFLINE:
            contradict(work, refund, said="paid", stands="offline_offered")
        refund.state, refund.failure, refund.paid_at = RefundState.paid, None, work.now
        work.record(RefundSettled(**about, method=refund.provider))
        await work.session.flush()
        await refunded_if_all_paid(work, claim)
    elif refund.state is not RefundState.failed and refund.state is not RefundState.offline_offered:
        refund.state, refund.failure = RefundState.failed, answer.failure or "unknown"
        refund.failures += 1
        work.record(RefundFailed(**about, failure=refund.failure))
        await work.session.flush()
        if claim.state is ClaimState.refunding:
            await step(work, claim, "refund_failed", mover=Mover.system, amount_cents=refund.amount_cents)


def contradict(work: Work, refund: Refund, *, said: str, stands: str) -> None:
    work.record(
        RefundContradicted(
            refund_id=refund.id, claim_id=refund.claim_id, shop_id=refund.shop_id, said=said, stands=stands
        )
    )


async def settle_refund(work: Work, *, key: str, answer: GatewayAnswer) -> bool:
    """What a gateway calls back with. False if no refund has this key (nothing is changed then)."""
    found = (await work.session.execute(select(Refund.id).where(Refund.key == key))).scalar_one_or_none()
    if found is None:
        return False
    await settle(work, await locked(work, found), answer)
    return True


async def refunded_if_all_paid(work: Work, claim: Claim) -> None:
    if claim.state not in (ClaimState.refunding, ClaimState.refund_failed, ClaimState.offline_refund):
        return
    open_ones = (
        await work.session.execute(
            select(Refund.state).where(Refund.claim_id == claim.id, Refund.state != RefundState.paid)
        )
    ).scalars()
    if list(open_ones):
        return
    if claim.state is ClaimState.refund_failed:
        await step(work, claim, "retry_refund", mover=Mover.system)
        return
    verb = "refund_paid" if claim.state is ClaimState.refunding else "confirm_offline"
    await step(work, claim, verb, mover=Mover.system, amount_cents=claim.agreed_cents)


MOST_FAILURES = 3
"""So often the clock has a refund asked for again; after that only people do."""


async def given_up(work: Work, claim: Claim) -> bool:
    most = await work.session.execute(
        select(func.max(Refund.failures)).where(
            Refund.claim_id == claim.id, Refund.state == RefundState.failed
        )
    )
    return (most.scalar_one() or 0) >= MOST_FAILURES


async def retry_refund(work: Work, claim_id: UUID) -> Claim:
    """Finance, or the clock, has the failed refunds of a claim asked for again, under the same keys."""
    claim = await claim_for(work, claim_id, lock=True)
    await step(work, claim, "retry_refund")
    return claim


async def offer_offline(
    work: Work, claim_id: UUID, *, voucher_file_id: UUID | None, words: str = ""
) -> Claim:
    """Where the original way does not work, the shop pays by hand and uploads the voucher; the customer confirms it.
    Refuses with ProofMissing."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "offer_offline")
    if voucher_file_id is None:
        raise model.ProofMissing()
    for refund in await refunds_of(work, [claim.id]):
        if refund.state is not RefundState.paid:
            refund.state, refund.voucher_file_id = RefundState.offline_offered, voucher_file_id
    await put_evidence(work, claim, [voucher_file_id], words)
    await step(work, claim, "offer_offline")
    return claim


async def confirm_offline(work: Work, claim_id: UUID) -> Claim:
    """The customer has the money (or said nothing for seven days)."""
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "confirm_offline")
    await settle_offline(work, claim)
    return claim


async def settle_offline(work: Work, claim: Claim) -> None:
    for refund in await refunds_of(work, [claim.id]):
        if refund.state is RefundState.offline_offered:
            refund.provider = OFFLINE
            await settle(work, refund, GatewayAnswer(GatewayState.paid, reference="voucher"))


async def deny_offline(work: Work, claim_id: UUID, *, words: str) -> Claim:
    """The customer has not got the money."""
    if not words.strip():
        raise model.ReasonMissing()
    claim = await claim_for(work, claim_id, lock=True)
    for refund in await refunds_of(work, [claim.id]):
        if refund.state is RefundState.offline_offered:
            refund.state, refund.failure = RefundState.failed, "offline_denied"
    await step(work, claim, "deny_offline")
    return claim


async def to_wallet(work: Work, claim_id: UUID) -> Claim:
    """Failed refunds go into the customer's store credit instead. Needs `claims.money`."""
    work.require("claims.money")
    claim = await claim_for(work, claim_id, lock=True)
    move_for(work, claim, "retry_refund")
    for refund in await refunds_of(work, [claim.id]):
        if refund.state is RefundState.failed:
            refund.provider, refund.payment_id = WALLET, None
    await work.session.flush()
    await step(work, claim, "retry_refund")
    return claim


async def refunds_of(work: Work, claim_ids: Sequence[UUID]) -> list[Refund]:
    rows = await work.session.execute(
        select(Refund).where(Refund.claim_id.in_(claim_ids)).order_by(Refund.requested_at, Refund.id)
    )
    return list(rows.scalars())


async def unknown_refunds(
    work: Work, *, older_than: timedelta = timedelta(minutes=2), limit: int = 100
) -> list[UUID]:
    """Refunds of which the gateway has not said how they ended, those first that were asked after longest ago. What a bank
    takes days for is asked after less and less often, at last every hour."""
    rows = await work.session.execute(
        select(Refund.id)
        .where(
            Refund.state.in_((RefundState.sending, RefundState.pending)),
            text(
                "asked_at <= CAST(:now AS timestamptz) - CASE WHEN state = 'sending' THEN CAST(:least AS interval) ELSE"
                " greatest(CAST(:least AS interval), least((CAST(:now AS timestamptz) - requested_at) / 8, interval '1 hour')) END"
            ).bindparams(now=work.now, least=older_than),
        )
        .order_by(Refund.asked_at)
        .limit(limit)
    )
    return list(rows.scalars())


async def reconcile(house: House, refund_id: UUID) -> None:
    """Asks the gateway what became of a refund, and asks for it again if the gateway never heard of it."""
    async with begin(house, SYSTEM) as work:
        refund = await locked(work, refund_id)
        if refund.state not in (RefundState.sending, RefundState.pending):
            return
        state, provider, order = refund.state, refund.provider, await order_for(work, refund)
        if state is RefundState.pending:
            refund.asked_at = work.now
    if state is RefundState.sending:
        await pay(house, refund_id)
        return
    gateway = house.port(RefundGateways).by_provider.get(provider)
    try:
        answer = await gateway.find(order.key, order.payment_ref) if gateway else None
    except (TimeoutError, OSError):
        return
    if answer is not None:
        async with begin(house, SYSTEM) as work:
            await settle(work, await locked(work, refund_id), answer)
