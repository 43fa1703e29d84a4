"""The facts of claims: one for each verb of the table of moves, and those of money and goods."""

from typing import ClassVar, Literal
from uuid import UUID

from aftercare.claims.states import ClaimKind, ClaimState, Mover
from aftercare.journal import Fact


class ClaimMoved(Fact):
    """What every move of a claim tells. `rule` names the policy, law or clock that decided, if no person did. `at_once`: the
    policy decided the application in the breath in which it was made; told of the application and of the decision."""

    name: ClassVar[str] = "claim.moved"
    public: ClassVar[bool] = True
    claim_id: UUID
    case_id: UUID
    customer_id: UUID
    kind: ClaimKind
    from_state: ClaimState
    to_state: ClaimState
    mover: Mover
    rule: str | None = None
    at_once: bool | None = None
    amount_cents: int | None = None
    currency: str | None = None


# The past tense of each verb is the fact's name.
PAST = {
    "apply": "applied",
    "edit": "edited",
    "approve": "approved",
    "offer": "offered",
    "reject": "rejected",
    "accept_offer": "offer_accepted",
    "refuse_offer": "offer_refused",
    "carry_out": "carried_out",
    "ship": "return_shipped",
    "receive": "received",
    "inspect": "inspection_begun",
    "accept": "accepted",
    "accept_partly": "accepted_partly",
    "agree_to_part": "part_agreed",
    "refuse_receipt": "receipt_refused",
    "receive_by_clock": "received_by_clock",
    "send_back": "sent_back",
    "confirm_sent_back": "sent_back_confirmed",
    "reship": "reshipped",
    "hand_over": "handed_over",
    "out_of_stock": "out_of_stock",
    "confirm": "confirmed",
    "book_visit": "visit_booked",
    "check_in": "checked_in",
    "start_repair": "repair_started",
    "declare_unrepairable": "declared_unrepairable",
    "finish_repair": "repair_finished",
    "refund_paid": "refunded",
    "refund_failed": "refund_failed",
    "retry_refund": "refund_retried",
    "offer_offline": "offline_offered",
    "confirm_offline": "offline_confirmed",
    "deny_offline": "offline_denied",
    "dispute": "disputed",
    "collect_evidence": "evidence_asked",
    "collect_by_clock": "evidence_opened_by_clock",
    "judge": "judging_begun",
    "judge_by_clock": "judging_begun_by_clock",
    "rule_for_customer": "ruled_for_customer",
    "rule_for_merchant": "ruled_for_merchant",
    "mediate": "mediated",
    "appeal": "appealed",
    "withdraw_dispute": "dispute_withdrawn",
    "add_evidence": "evidence_added",
    "cancel": "cancelled",
    "lapse": "lapsed",
}

MOVED: dict[str, type[ClaimMoved]] = {
    verb: type(
        f"Claim{past.title().replace('_', '')}",
        (ClaimMoved,),
        {"__module__": __name__, "name": f"claim.{past}"},
    )
    for verb, past in PAST.items()
}
"""The fact of each verb: `MOVED["approve"].name` is `claim.approved`."""


class ClaimStranded(Fact):
    """The system is to approve and cannot, by the policy or (then `clock_id` is given) at the end of a clock; people must."""

    name: ClassVar[str] = "claim.stranded"
    claim_id: UUID
    case_id: UUID
    clock_id: UUID | None = None
    why: Literal["no_return_address"]


class RefundRequested(Fact):
    """Money is to be paid back; the reaction that pays it asks the gateway under the refund's own key."""

    name: ClassVar[str] = "refund.requested"
    refund_id: UUID
    claim_id: UUID
    order_id: UUID
    case_id: UUID
    amount_cents: int
    currency: str
    method: str


class RefundSettled(Fact):
    """A refund was paid; exactly once in its life."""

    name: ClassVar[str] = "refund.paid"
    public: ClassVar[bool] = True
    refund_id: UUID
    claim_id: UUID
    order_id: UUID
    case_id: UUID
    amount_cents: int
    currency: str
    method: str


class RefundFailed(Fact):
    name: ClassVar[str] = "refund.failed"
    refund_id: UUID
    claim_id: UUID
    order_id: UUID
    case_id: UUID
    amount_cents: int
    currency: str
    failure: str


class RefundContradicted(Fact):
    """The gateway said something that cannot be true beside what it said before; finance looks."""

    name: ClassVar[str] = "refund.contradicted"
    refund_id: UUID
    claim_id: UUID
    said: str
    stands: str


class DispositionDecided(Fact):
    """What becomes of received units; stock is posted from it."""

    name: ClassVar[str] = "disposition.decided"
    claim_id: UUID
    finding_id: UUID
    product_id: UUID | None
    quantity: int
    grade: str
    disposition: str


class DifferenceDue(Fact):
    """The customer owes a price difference before the new goods of an exchange leave."""

    name: ClassVar[str] = "claim.difference_due"
    public: ClassVar[bool] = True
    claim_id: UUID
    case_id: UUID
    customer_id: UUID
    amount_cents: int
    currency: str


class DifferenceSettled(Fact):
    name: ClassVar[str] = "claim.difference_settled"
    public: ClassVar[bool] = True
    claim_id: UUID
    case_id: UUID
    customer_id: UUID
    amount_cents: int
    currency: str


class DifferencePaid(Fact):
    """Money came in for the difference of an exchange; whether it settles it or goes back at once, other facts say."""

    name: ClassVar[str] = "difference_payment.paid"
    difference_payment_id: UUID
    claim_id: UUID
    case_id: UUID
    customer_id: UUID
    provider: str
    amount_cents: int
    currency: str


class WithdrawalStated(Fact):
    """A consumer withdrew from a distance contract through the withdrawal function (Directive 2011/83/EU art. 11a)."""

    name: ClassVar[str] = "withdrawal.stated"
    public: ClassVar[bool] = True
    withdrawal_id: UUID
    order_id: UUID
    claim_id: UUID
    customer_id: UUID


class ClaimMirrored(Fact):
    """Another platform, which keeps the claim, has told where it stands; `from_state` is None when it is new to us."""

    name: ClassVar[str] = "claim.mirrored"
    claim_id: UUID
    case_id: UUID
    customer_id: UUID
    kind: ClaimKind
    platform: str
    code: str
    from_state: ClaimState | None = None
    to_state: ClaimState


class PolicyPublished(Fact):
    name: ClassVar[str] = "policy.published"
    policy_id: UUID
    version: int
