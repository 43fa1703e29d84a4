"""Claims: how we put it right.

A **claim** (售后单) asks to put right what is wrong with order lines by quantity; it is of a **kind**, stands in a **state**, and
makes **moves** from one table. The **policy** and the law decide what is open and what is decided by itself. An **offer** is
the shop's other proposal; a **finding** what the warehouse saw; a **refund** money on its way back under one key; a
**dispute** goes to the arbiter of the marketplace.
"""

import aftercare.claims.reactions  # registers what follows from facts
import aftercare.claims.telling  # noqa: F401  # registers what answers can tell of claims
from aftercare.claims.applications import (
    BY_POLICY,
    AskedLine,
    Edit,
    NewClaim,
    add_evidence,
    apply,
    cancel,
    edit,
)
from aftercare.claims.circumstances import Reason
from aftercare.claims.decisions import (
    NewOffer,
    accept_offer,
    approve,
    offer,
    refuse_offer,
    reject,
    settle_difference,
)
from aftercare.claims.differences import (
    NoDifferenceDue,
    PaymentAway,
    ask_after_payment,
    pay_difference,
    settle_payment,
    unheard_payments,
)
from aftercare.claims.disputes import (
    appeal,
    ask_for_evidence,
    dispute,
    force,
    judge,
    mediate,
    rule_for_customer,
    rule_for_merchant,
    withdraw_dispute,
)
from aftercare.claims.events import MOVED
from aftercare.claims.handbook import followings
from aftercare.claims.lists import ClaimFilter, ClaimRow, claim_list
from aftercare.claims.mirrors import Mirrored, MirroredClaim, mirror
from aftercare.claims.model import Grade
from aftercare.claims.options import Option, options
from aftercare.claims.policies import (
    NewWithdrawal,
    publish_policy,
    save_policy,
    stated_withdrawal,
    try_policy,
    withdraw,
)
from aftercare.claims.policies import policies as policy_versions
from aftercare.claims.policy import ReplayReport
from aftercare.claims.ports import (
    GatewayAnswer,
    GatewayState,
    PaidAnswer,
    PaymentAsked,
    PaymentGateway,
    PaymentGateways,
    PaymentStart,
    RefundGateway,
    RefundGateways,
    RefundOrder,
)
from aftercare.claims.queries import ClaimCard, ClaimPage, claim_card, claim_page
from aftercare.claims.refunds import (
    confirm_offline,
    deny_offline,
    offer_offline,
    reconcile,
    retry_refund,
    settle_refund,
    to_wallet,
    unknown_refunds,
)
from aftercare.claims.returns import (
    Counted,
    Graded,
    WayBack,
    agree_to_part,
    confirm,
    confirm_sent_back,
    inspect,
    out_of_stock,
    receive,
    refuse_receipt,
    reship,
    send_back,
    ship,
)
from aftercare.claims.rulebook import default_policy
from aftercare.claims.states import ClaimKind, ClaimState, Remedy, RepairWay, is_end
from aftercare.claims.wording import label

__all__ = [
    "BY_POLICY",
    "MOVED",
    "AskedLine",
    "ClaimCard",
    "ClaimFilter",
    "ClaimKind",
    "ClaimPage",
    "ClaimRow",
    "ClaimState",
    "Counted",
    "Edit",
    "GatewayAnswer",
    "GatewayState",
    "Grade",
    "Graded",
    "Mirrored",
    "MirroredClaim",
    "NewClaim",
    "NewOffer",
    "NewWithdrawal",
    "NoDifferenceDue",
    "Option",
    "PaidAnswer",
    "PaymentAsked",
    "PaymentAway",
    "PaymentGateway",
    "PaymentGateways",
    "PaymentStart",
    "Reason",
    "RefundGateway",
    "RefundGateways",
    "RefundOrder",
    "Remedy",
    "RepairWay",
    "ReplayReport",
    "WayBack",
    "accept_offer",
    "add_evidence",
    "agree_to_part",
    "appeal",
    "apply",
    "approve",
    "ask_after_payment",
    "ask_for_evidence",
    "cancel",
    "claim_card",
    "claim_list",
    "claim_page",
    "confirm",
    "confirm_offline",
    "confirm_sent_back",
    "default_policy",
    "deny_offline",
    "dispute",
    "edit",
    "followings",
    "force",
    "inspect",
    "is_end",
    "judge",
    "label",
    "mediate",
    "mirror",
    "offer",
    "offer_offline",
    "options",
    "out_of_stock",
    "pay_difference",
    "policy_versions",
    "publish_policy",
    "receive",
    "reconcile",
    "refuse_offer",
    "refuse_receipt",
    "reject",
    "reship",
    "retry_refund",
    "rule_for_customer",
    "rule_for_merchant",
    "save_policy",
    "send_back",
    "settle_difference",
    "settle_payment",
    "settle_refund",
    "ship",
    "stated_withdrawal",
    "to_wallet",
    "try_policy",
    "unheard_payments",
    "unknown_refunds",
    "withdraw",
    "withdraw_dispute",
]
