"""The words of a claim: its kinds, its states, who moves it, and what its moves depend on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum


class ClaimKind(StrEnum):
    cancel_unshipped = "cancel_unshipped"
    refund_only = "refund_only"
    return_refund = "return_refund"
    exchange = "exchange"
    resend = "resend"
    repair = "repair"
    refuse_parcel = "refuse_parcel"
    recall = "recall"
    compensation = "compensation"


class ClaimState(StrEnum):
    draft = "draft"
    pending_merchant = "pending_merchant"
    negotiating = "negotiating"
    rejected = "rejected"
    approved = "approved"
    awaiting_return = "awaiting_return"
    in_transit_back = "in_transit_back"
    received = "received"
    inspecting = "inspecting"
    accepted = "accepted"
    partly_accepted = "partly_accepted"
    receipt_refused = "receipt_refused"
    sending_back = "sending_back"
    awaiting_reship = "awaiting_reship"
    reshipped = "reshipped"
    visit_booking = "visit_booking"
    visiting = "visiting"
    repairing = "repairing"
    unrepairable = "unrepairable"
    ready = "ready"
    refunding = "refunding"
    refund_failed = "refund_failed"
    offline_refund = "offline_refund"
    disputed = "disputed"
    collecting_evidence = "collecting_evidence"
    judging = "judging"
    ruled_customer = "ruled_customer"
    ruled_merchant = "ruled_merchant"
    mediated = "mediated"
    withdrawn = "withdrawn"
    completed = "completed"
    refunded = "refunded"
    cancelled = "cancelled"
    closed_lapsed = "closed_lapsed"
    closed_ruled = "closed_ruled"
    closed_sent_back = "closed_sent_back"


class Mover(StrEnum):
    customer = "customer"
    agent = "agent"
    warehouse = "warehouse"
    finance = "finance"
    technician = "technician"
    arbiter = "arbiter"
    system = "system"


class Place(StrEnum):
    """A destination that is not one state: `stay` keeps the state, `before_dispute` is the state that
    `dispute` left; the caller stores it on the claim then, and gives it to `destination`."""

    stay = "stay"
    before_dispute = "before_dispute"


class RepairWay(StrEnum):
    mail_in = "mail_in"
    on_site = "on_site"
    in_store = "in_store"


class Remedy(StrEnum):
    refund = "refund"
    reship = "reship"
    repair = "repair"


@dataclass(frozen=True)
class Variant:
    """What the table needs to know of a claim besides its kind; `variant_after` keeps it true move by move.

    `in_advance`: the new goods of an exchange leave before the old ones are back. `remedy`: what is given, if
    not the usual of the kind (recall, ruling, unrepairable, out of stock). `goods_back`: the shop has the
    goods. `keep_goods`: nothing has to come back. `appealed`: the one appeal is used up.
    """

    in_advance: bool = False
    repair_way: RepairWay = RepairWay.mail_in
    remedy: Remedy | None = None
    goods_back: bool = False
    keep_goods: bool = False
    appealed: bool = False


PLAIN = Variant()

S, K, M = ClaimState, ClaimKind, Mover

ALL_KINDS = frozenset(ClaimKind)
GOODS_COME_BACK = frozenset({K.return_refund, K.exchange, K.repair, K.refuse_parcel, K.recall})
GOODS_GO_OUT = frozenset({K.exchange, K.resend, K.repair, K.recall})
VISITED = frozenset({K.repair})
REPAIRED = frozenset({K.repair, K.recall})

END_STATES = frozenset(
    {S.completed, S.refunded, S.cancelled, S.closed_lapsed, S.closed_ruled, S.closed_sent_back}
)
# Nobody waits here: the caller takes the one move of `onward` in the same transaction.
PASSING_STATES = frozenset(
    {S.approved, S.accepted, S.unrepairable, S.ruled_merchant, S.mediated, S.withdrawn}
)
DISPUTE_STATES = frozenset({S.disputed, S.collecting_evidence, S.judging})

_SHOP_HAS_GOODS = frozenset(
    {S.received, S.inspecting, S.accepted, S.partly_accepted, S.receipt_refused, S.sending_back}
)


def remedies_of(kind: ClaimKind) -> frozenset[Remedy]:
    """What a ruling, an offer or a technician may give without making it another kind of claim."""
    if kind in {K.repair, K.recall}:
        return frozenset(Remedy)
    if kind in {K.exchange, K.resend}:
        return frozenset({Remedy.refund, Remedy.reship})
    return frozenset({Remedy.refund})


def usual_remedy(kind: ClaimKind) -> Remedy:
    if kind in {K.exchange, K.resend}:
        return Remedy.reship
    return Remedy.repair if kind is K.repair else Remedy.refund


def goods_due(kind: ClaimKind, variant: Variant) -> bool:
    """The customer still has goods that this claim must bring back to the shop."""
    if kind not in GOODS_COME_BACK or variant.goods_back or variant.keep_goods:
        return False
    return not (kind is K.repair and variant.repair_way is RepairWay.on_site)


def is_end(state: ClaimState) -> bool:
    return state in END_STATES


WAITING_FOR: dict[ClaimState, str] = {
    **dict.fromkeys(
        [S.draft, S.negotiating, S.rejected, S.awaiting_return, S.partly_accepted, S.receipt_refused],
        "customer",
    ),
    **dict.fromkeys([S.reshipped, S.offline_refund, S.collecting_evidence], "customer"),
    **dict.fromkeys(
        [S.pending_merchant, S.received, S.inspecting, S.awaiting_reship, S.refund_failed], "shop"
    ),
    S.ruled_customer: "shop",
    S.in_transit_back: "carrier",
    S.sending_back: "carrier",
    S.refunding: "gateway",
    **dict.fromkeys([S.visit_booking, S.visiting, S.repairing, S.ready], "technician"),
    **dict.fromkeys([S.disputed, S.judging], "arbiter"),
    **dict.fromkeys([*PASSING_STATES, *END_STATES], "nobody"),
}


def waiting_for(kind: ClaimKind, state: ClaimState) -> str:
    """customer | shop | carrier | gateway | technician | arbiter | nobody."""
    # A refused parcel turns round by itself; its customer has nothing to send.
    if kind is K.refuse_parcel and state is S.awaiting_return:
        return "carrier"
    return WAITING_FOR[state]


SEVEN_STAGE: dict[ClaimState, str] = {
    S.draft: "consulted",
    S.pending_merchant: "diagnosed",
    **dict.fromkeys([S.negotiating, S.rejected, S.approved, S.visit_booking], "offered"),
    **dict.fromkeys([*DISPUTE_STATES, S.ruled_merchant, S.mediated, S.withdrawn], "offered"),
    **dict.fromkeys(
        [S.awaiting_return, S.in_transit_back, S.received, S.inspecting, S.accepted], "carried_out"
    ),
    **dict.fromkeys([S.partly_accepted, S.receipt_refused, S.sending_back, S.awaiting_reship], "carried_out"),
    **dict.fromkeys(
        [S.visiting, S.repairing, S.unrepairable, S.ready, S.refunding, S.refund_failed], "carried_out"
    ),
    S.ruled_customer: "carried_out",
    **dict.fromkeys([S.reshipped, S.offline_refund], "followed_up"),
    **dict.fromkeys(END_STATES, "evaluated"),
}


def seen_in(state: ClaimState, variant: Variant) -> Variant:
    return (
        replace(variant, goods_back=True) if state in _SHOP_HAS_GOODS and not variant.goods_back else variant
    )
