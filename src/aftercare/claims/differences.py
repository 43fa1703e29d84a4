"""What the new goods of an exchange cost more: paid by the customer through a gateway, once and to the cent, and given back
when the exchange does not come about.

A payment has one key for its life, under which the gateway is asked, answers and calls back. The gateway is asked outside of
any transaction; what it says is believed only if amount and currency are those that were asked for.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, text

from aftercare import shop
from aftercare.claims import model
from aftercare.claims.decisions import mark_difference_settled
from aftercare.claims.events import DifferencePaid
from aftercare.claims.model import Claim, DifferencePayment, PaymentState
from aftercare.claims.parts import lines_of
from aftercare.claims.ports import PaidAnswer, PaymentAsked, PaymentGateways, PaymentStart
from aftercare.claims.refunds import lay_out
from aftercare.claims.states import ClaimKind, ClaimState, is_end
from aftercare.claims.steps import claim_for, on_ending
from aftercare.journal import SYSTEM, Actor, House, Work, begin
from aftercare.kit.errors import Refusal, Unavailable

HOLDS_FOR = timedelta(hours=1)
"""After this a page of payment may have gone; the customer then begins a payment of its own."""
UNDER_WAY = (PaymentState.asked, PaymentState.started)
ASKED_AFTER_FOR = timedelta(hours=26)
"""No page of payment of a gateway stays open for longer."""


class NoDifferenceDue(Refusal):
    """There is no difference to pay for this claim now."""


class PaymentAway(Unavailable):
    """The payment provider does not answer right now; please try again in a moment."""


async def pay_difference(house: House, actor: Actor, claim_id: UUID, *, return_url: str) -> DifferencePayment:
    """Begins the payment of what an exchange costs more, or goes on with the one that is under way. Refuses with
    ClaimNotFound, NoDifferenceDue, PortMissing or PaymentAway."""
    gateways = house.port(PaymentGateways).by_provider
    async with begin(house, actor) as work:
        claim = await claim_for(work, claim_id, lock=True)
        if not due(claim):
            raise NoDifferenceDue(claim=claim_id)
        payment = await _under_way(work, claim)
        if payment is None:
            provider = await _provider(work, claim, set(gateways))
            payment = DifferencePayment(
                id=work.new_id(),
                shop_id=claim.shop_id,
                claim_id=claim.id,
                provider=provider,
                # As long as the shortest of the gateways allows (WeChat Pay: 32 characters).
                key=work.new_id().hex,
                amount_cents=claim.difference_cents,
                currency=claim.currency,
                state=PaymentState.asked,
                address=None,
                gateway_reference=None,
                begun_at=work.now,
                asked_at=None,
                paid_at=None,
                refund_id=None,
            )
            work.session.add(payment)
            await work.session.flush()
        number = claim.number
    if payment.state is PaymentState.started:
        return payment
    asked = PaymentAsked(
        key=payment.key,
        amount_cents=payment.amount_cents,
        currency=payment.currency,
        title=number,
        return_url=return_url,
    )
    try:
        start = await gateways[payment.provider].start(asked)
    except (TimeoutError, OSError) as failure:
        raise PaymentAway(error=type(failure).__name__) from failure
    async with begin(house, actor) as work:
        return await _started(work, payment.id, start)


def due(claim: Claim) -> bool:
    return (
        claim.kind is ClaimKind.exchange
        and claim.platform is None
        and claim.difference_cents > 0
        and claim.difference_settled_at is None
        and claim.decided_at is not None
        and claim.rejection is None
        and not is_end(claim.state)
    )


async def _under_way(work: Work, claim: Claim) -> DifferencePayment | None:
    """The payment that goes on; one for another amount, or begun too long ago, is left behind."""
    found = await work.session.scalars(
        select(DifferencePayment).where(
            DifferencePayment.claim_id == claim.id, DifferencePayment.state.in_(UNDER_WAY)
        )
    )
    goes_on: DifferencePayment | None = None
    for payment in found:
        same = (payment.amount_cents, payment.currency) == (claim.difference_cents, claim.currency)
        if same and payment.begun_at > work.now - HOLDS_FOR:
            goes_on = payment
        else:
            payment.state = PaymentState.left
    await work.session.flush()
    return goes_on


async def _provider(work: Work, claim: Claim, known: set[str]) -> str:
    """The way the order was paid, if that gateway is connected here, else any that is."""
    for row in await lines_of(work, claim.id):
        for payment in await shop.payments_of(work, row.order_id):
            if payment.provider in known:
                return payment.provider
    if not known:
        raise PaymentAway(error="no gateway")
    return min(known)


async def _started(work: Work, payment_id: UUID, start: PaymentStart) -> DifferencePayment:
    payment = await _locked(work, DifferencePayment.id == payment_id)
    assert payment is not None  # noqa: S101  # nobody deletes payments
    # A call back may have been quicker than the answer.
    if payment.state is PaymentState.asked:
        payment.state, payment.address = PaymentState.started, start.address
        payment.gateway_reference = payment.gateway_reference or start.reference
        await work.session.flush()
    return payment


async def _locked(work: Work, which: object) -> DifferencePayment | None:
    # The claim first, here as everywhere, so that nobody waits for the other in a circle.
    claim_id = await work.session.scalar(select(DifferencePayment.claim_id).where(which))  # type: ignore[arg-type]
    if claim_id is None:
        return None
    await work.session.execute(select(Claim.id).where(Claim.id == claim_id).with_for_update())
    return (
        await work.session.execute(
            select(DifferencePayment)
            .where(which)  # type: ignore[arg-type]
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    ).scalar_one_or_none()


async def settle_payment(work: Work, *, key: str, answer: PaidAnswer) -> bool:
    """What a gateway calls back with, once, twice or late. False if no payment has this key. What is paid too late goes
    back the way it came, at once. Refuses with AmountNotPossible what is not to the cent what was asked for."""
    payment = await _locked(work, DifferencePayment.key == key)
    if payment is None or not work.actor.sees(payment.shop_id):
        return False
    if payment.state in (PaymentState.paid, PaymentState.given_back):
        return True
    if not answer.paid:
        if payment.state in UNDER_WAY:
            payment.state = PaymentState.failed
        return True
    if (answer.amount_cents, answer.currency.upper()) != (payment.amount_cents, payment.currency):
        raise model.AmountNotPossible(asked=payment.amount_cents, paid=answer.amount_cents)
    claim = (await work.session.execute(select(Claim).where(Claim.id == payment.claim_id))).scalar_one()
    payment.state, payment.paid_at = PaymentState.paid, work.now
    payment.gateway_reference = answer.reference or payment.gateway_reference
    work.record(
        DifferencePaid(
            difference_payment_id=payment.id,
            claim_id=claim.id,
            case_id=claim.case_id,
            customer_id=claim.customer_id,
            shop_id=claim.shop_id,
            provider=payment.provider,
            amount_cents=payment.amount_cents,
            currency=payment.currency,
        )
    )
    if due(claim) and payment.amount_cents == claim.difference_cents:
        mark_difference_settled(work, claim)
    else:
        await _give_back(work, claim, payment)
    await work.session.flush()
    return True


async def unheard_payments(work: Work, *, limit: int = 100) -> list[UUID]:
    """Payments that were begun, and of which no gateway has called back how they ended: also those left behind, which may be
    paid all the same. Each is asked after a minute, then less and less often."""
    rows = await work.session.scalars(
        select(DifferencePayment.id)
        .where(
            DifferencePayment.state.in_((*UNDER_WAY, PaymentState.left)),
            DifferencePayment.begun_at > work.now - ASKED_AFTER_FOR,
            text(
                "coalesce(asked_at, begun_at) <= CAST(:now AS timestamptz)"
                " - greatest(interval '1 minute', (CAST(:now AS timestamptz) - begun_at) / 8)"
            ).bindparams(now=work.now),
        )
        .order_by(func.coalesce(DifferencePayment.asked_at, DifferencePayment.begun_at))
        .limit(limit)
    )
    return list(rows)


async def ask_after_payment(house: House, payment_id: UUID) -> None:
    """Asks the gateway what became of a payment whose call back may have been lost."""
    async with begin(house, SYSTEM) as work:
        payment = await _locked(work, DifferencePayment.id == payment_id)
        if payment is None or payment.state not in (*UNDER_WAY, PaymentState.left):
            return
        payment.asked_at = work.now
        provider, key, reference = payment.provider, payment.key, payment.gateway_reference
    gateway = house.port(PaymentGateways).by_provider.get(provider)
    try:
        answer = await gateway.find_payment(key, reference) if gateway else None
    except (TimeoutError, OSError):
        return
    if answer is not None:
        async with begin(house, SYSTEM) as work:
            await settle_payment(work, key=key, answer=answer)


async def _give_back(work: Work, claim: Claim, payment: DifferencePayment) -> None:
    """Through the refunds, under a key of its own, by the way it came."""
    order_id = (await lines_of(work, claim.id))[0].order_id
    refund_id = lay_out(
        work,
        claim,
        order_id,
        payment.amount_cents,
        payment.provider,
        None,
        payment.gateway_reference or payment.key,
    )
    # The refund's row goes first: the payment points at it.
    await work.session.flush()
    payment.refund_id = refund_id
    payment.state = PaymentState.given_back


@on_ending
async def give_difference_back(work: Work, claim: Claim) -> None:
    """The exchange did not come about: cancelled, lapsed, ruled otherwise, or money instead of goods."""
    if claim.state is ClaimState.completed:
        return
    found = await work.session.scalars(
        select(DifferencePayment)
        .where(DifferencePayment.claim_id == claim.id, DifferencePayment.state == PaymentState.paid)
        .with_for_update()
    )
    for payment in found:
        await _give_back(work, claim, payment)
