"""A payment provider for trying out, as unreliable as real ones: it refuses, is late, tells twice and in the wrong order, and
pays without its answer arriving. What it does follows from a seed and the refund's key, so a story told again goes the same
way. What it paid stands in a table of its own, written before it answers: it survives a kill and can be compared with the
books.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel
from sqlalchemy import BigInteger, CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.claims import (
    GatewayAnswer,
    GatewayState,
    PaidAnswer,
    PaymentAsked,
    PaymentStart,
    RefundOrder,
)
from aftercare.connectors.payments import Heard, PushNotSigned
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.json import to_json
from aftercare.kit.tables import Base, Cents, status_type


class Whim(StrEnum):
    """How the sandbox treats a refund. A payment reference that ends in `#` and one of these words orders it."""

    pays = "pays"
    late = "late"
    """Pending at first; tells by a call back that it paid."""
    twice = "twice"
    """Paid, and then tells so two more times."""
    disordered = "disordered"
    """Pending at first; tells that it paid, and after that that it is still pending."""
    loses_answer = "loses_answer"
    """Paid, but the answer to the first asking never arrives."""
    unreachable = "unreachable"
    """Cannot be reached at the first asking; nothing happened then."""
    short = "short"
    """The merchant's balance is too small at the first asking."""
    never = "never"
    """The customer's account is closed: it will never be paid this way."""


# Of 1,000 refunds; the rest is simply paid.
PER_THOUSAND: Mapping[Whim, int] = {
    Whim.late: 100,
    Whim.twice: 40,
    Whim.disordered: 30,
    Whim.loses_answer: 30,
    Whim.unreachable: 40,
    Whim.short: 40,
    Whim.never: 10,
}


class SandboxPayment(Base):
    """What the sandbox knows of one refund. It belongs to no shop: a provider does not know shops."""

    __tablename__ = "sandbox_payment"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="a_sandbox_refund_pays_something"),
        CheckConstraint("(state = 'paid') = (paid_at IS NOT NULL)", name="a_paid_sandbox_refund_says_when"),
        Index("sandbox_payment_payment_ref_idx", "payment_ref"),
        Index("sandbox_payment_calls_at_idx", "calls_at", postgresql_where=text("calls_at IS NOT NULL")),
    )

    key: Mapped[str] = mapped_column(primary_key=True)
    payment_ref: Mapped[str]
    amount_cents: Mapped[Cents] = mapped_column(BigInteger)
    currency: Mapped[str]
    whim: Mapped[Whim] = mapped_column(status_type(Whim, "a_sandbox_refund_has_a_known_whim"))
    state: Mapped[GatewayState] = mapped_column(
        status_type(GatewayState, "a_sandbox_refund_is_in_a_known_state")
    )
    failure: Mapped[str | None]
    asked: Mapped[int] = mapped_column(server_default=text("0"))
    calls: Mapped[list[str]] = mapped_column(server_default=text("'[]'::jsonb"))
    """The states that are still to be told by a call back, in order."""
    calls_at: Mapped[datetime | None]
    first_asked_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]


def whim_of(seed: str, key: str, payment_ref: str) -> Whim:
    ordered = payment_ref.rpartition("#")[2]
    if ordered in Whim.__members__:
        return Whim(ordered)
    dice = int.from_bytes(hashlib.sha256(f"{seed}|{key}".encode()).digest()[:4]) % 1_000
    for whim, share in PER_THOUSAND.items():
        if dice < share:
            return whim
        dice -= share
    return Whim.pays


@dataclass(frozen=True)
class _Plan:
    """What an asking leads to: the state it leaves, what is told, and what is called back later."""

    state: GatewayState
    failure: str | None = None
    final: bool = True
    calls: tuple[GatewayState, ...] = ()
    raises: type[OSError] | None = None


P = GatewayState
FIRST: Mapping[Whim, _Plan] = {
    Whim.pays: _Plan(P.paid),
    Whim.late: _Plan(P.pending, calls=(P.paid,)),
    Whim.twice: _Plan(P.paid, calls=(P.paid, P.paid)),
    Whim.disordered: _Plan(P.pending, calls=(P.paid, P.pending)),
    Whim.loses_answer: _Plan(P.paid, raises=TimeoutError),
    Whim.unreachable: _Plan(P.failed, "unreachable", False, raises=ConnectionError),
    Whim.short: _Plan(P.failed, "insufficient_balance", False),
    Whim.never: _Plan(P.failed, "account_closed", True),
}
FINAL = frozenset({"account_closed", "more_than_was_paid"})

TAKE = text(
    """
    INSERT INTO sandbox_payment (key, payment_ref, amount_cents, currency, whim, state, first_asked_at)
    VALUES (:key, :payment_ref, :amount, :currency, :whim, 'pending', :now)
    ON CONFLICT (key) DO UPDATE SET asked = sandbox_payment.asked RETURNING whim, state, failure, asked
    """
)
KEEP = text(
    """
    UPDATE sandbox_payment SET asked = asked + 1, state = CAST(:state AS text), failure = :failure, calls = CAST(:calls AS jsonb),
      calls_at = CASE WHEN CAST(:calls AS jsonb) <> '[]' THEN coalesce(calls_at, CAST(:calls_at AS timestamptz)) END,
      paid_at = CASE WHEN CAST(:state AS text) = 'paid' THEN coalesce(paid_at, CAST(:now AS timestamptz)) END WHERE key = :key
    """
)
# A late refund is paid when its time has come, whether or not its call back arrives.
RIPEN = text(
    """
    UPDATE sandbox_payment SET state = 'paid', paid_at = calls_at
    WHERE key = :key AND state = 'pending' AND calls_at <= CAST(:now AS timestamptz) AND calls @> '["paid"]'
    """
)
OTHERS = text(
    """
    SELECT coalesce(sum(amount_cents), 0)::bigint FROM sandbox_payment
    WHERE payment_ref = :payment_ref AND key <> :key AND state <> 'failed'
    """
)
LOCK_PAYMENT = text("SELECT pg_advisory_xact_lock(hashtextextended('sandbox_payment' || :payment_ref, 0))")
DUE = text(
    """
    SELECT key, state, failure, calls FROM sandbox_payment WHERE calls_at <= CAST(:now AS timestamptz)
    ORDER BY calls_at, key LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
TOLD = text(
    """
    UPDATE sandbox_payment SET calls = calls - 0, state = CAST(:state AS text),
      paid_at = CASE WHEN CAST(:state AS text) = 'paid' THEN coalesce(paid_at, CAST(:now AS timestamptz)) END,
      calls_at = CASE WHEN jsonb_array_length(calls) > 1 THEN CAST(:now AS timestamptz) + interval '1 minute' END
    WHERE key = :key
    """
)


class SandboxGateway:
    """`late_by` is how long a late answer takes."""

    def __init__(
        self, house: House, *, seed: str = "sandbox", late_by: timedelta = timedelta(minutes=10)
    ) -> None:
        self._house, self._seed, self._late_by = house, seed, late_by

    async def refund(self, order: RefundOrder) -> GatewayAnswer:
        async with begin(self._house, SYSTEM) as work:
            await work.session.execute(LOCK_PAYMENT, {"payment_ref": order.payment_ref})
            await work.session.execute(RIPEN, {"key": order.key, "now": work.now})
            row = (
                await work.session.execute(
                    TAKE,
                    {
                        "key": order.key,
                        "payment_ref": order.payment_ref,
                        "amount": order.amount_cents,
                        "currency": order.currency,
                        "whim": whim_of(self._seed, order.key, order.payment_ref).value,
                        "now": work.now,
                    },
                )
            ).one()
            plan = await self._plan(work, order, row)
            await work.session.execute(
                KEEP,
                {
                    "key": order.key,
                    "state": plan.state.value,
                    "failure": plan.failure,
                    "calls": to_json([call.value for call in plan.calls]),
                    "calls_at": work.now + self._late_by if plan.calls else None,
                    "now": work.now,
                },
            )
        # Only now, when what was done is kept: so it is lost on the way, and not before it happened.
        if plan.raises is not None:
            raise plan.raises(f"sandbox: no answer about {order.key}")
        return _answer(order.key, plan.state, plan.failure)

    async def start(self, asked: PaymentAsked) -> PaymentStart:
        """A page that pays when it is opened."""
        told = {
            "amount": asked.amount_cents,
            "currency": asked.currency,
            "back": asked.return_url,
            "sign": sign_payment(self._house.secret, asked),
        }
        return PaymentStart(f"/api/sandbox/pay/{asked.key}?{urlencode(told)}", f"sandbox-pay-{asked.key}")

    async def find_payment(self, key: str, reference: str | None) -> PaidAnswer | None:
        """Nothing is kept of a payment: who opens its page has paid, and that was told at once."""
        return None

    async def _plan(self, work: Work, order: RefundOrder, row: Any) -> _Plan:
        if row.asked > 0:
            if row.state == P.failed and row.failure not in FINAL:
                return _Plan(P.paid)
            told = await self._calls(work, order.key)
            return _Plan(P(row.state), row.failure, calls=told)
        others = (
            await work.session.execute(OTHERS, {"payment_ref": order.payment_ref, "key": order.key})
        ).scalar_one()
        if others + order.amount_cents > order.paid_cents:
            return _Plan(P.failed, "more_than_was_paid")
        return FIRST[Whim(row.whim)]

    async def _calls(self, work: Work, key: str) -> tuple[GatewayState, ...]:
        kept = await work.session.execute(
            text("SELECT calls FROM sandbox_payment WHERE key = :key"), {"key": key}
        )
        return tuple(P(call) for call in kept.scalar_one())

    async def find(self, key: str, payment_ref: str) -> GatewayAnswer | None:
        async with begin(self._house, SYSTEM) as work:
            await work.session.execute(RIPEN, {"key": key, "now": work.now})
            row = (
                await work.session.execute(
                    text("SELECT state, failure FROM sandbox_payment WHERE key = :key"), {"key": key}
                )
            ).one_or_none()
        # What could not be reached never heard of it.
        if row is None or row.failure == "unreachable":
            return None
        return _answer(key, P(row.state), row.failure)


def _answer(key: str, state: GatewayState, failure: str | None) -> GatewayAnswer:
    reference = f"sandbox-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    return GatewayAnswer(state, reference, failure, failure is None or failure in FINAL)


async def calls_due(work: Work, limit: int = 100) -> list[Heard]:
    """The call backs that are due by now, one of each refund; taken with this work's commit."""
    heard = []
    for row in (await work.session.execute(DUE, {"now": work.now, "limit": limit})).all():
        said = P(row.calls[0])
        # It may say 'pending' of what is paid, but it never un-pays.
        stands = P.paid if P.paid in (said, P(row.state)) else said
        await work.session.execute(TOLD, {"key": row.key, "state": stands.value, "now": work.now})
        heard.append(Heard(row.key, _answer(row.key, said, row.failure)))
    return heard


async def paid_by_sandbox(work: Work) -> dict[str, int]:
    """What truly left the sandbox, in cents by key: the other side of a reconciliation."""
    rows = await work.session.execute(
        text("SELECT key, amount_cents FROM sandbox_payment WHERE state = 'paid' ORDER BY key")
    )
    return {row.key: row.amount_cents for row in rows}


class SandboxCall(BaseModel):
    """The body of a call back by HTTP."""

    key: str
    state: GatewayState
    failure: str | None = None


def sign_payment(secret: bytes, asked: PaymentAsked) -> str:
    told = "|".join((asked.key, str(asked.amount_cents), asked.currency, asked.return_url))
    return hmac.new(secret, b"sandbox payment|" + told.encode(), hashlib.sha256).hexdigest()


def signature(secret: bytes, payload: bytes) -> str:
    return hmac.new(secret, b"sandbox|" + payload, hashlib.sha256).hexdigest()


def read_call(secret: bytes, payload: bytes, signed: str) -> Heard:
    """Refuses with PushNotSigned."""
    if not hmac.compare_digest(signature(secret, payload).encode(), signed.encode()):
        raise PushNotSigned()
    call = SandboxCall.model_validate_json(payload)
    return Heard(call.key, _answer(call.key, call.state, call.failure))
