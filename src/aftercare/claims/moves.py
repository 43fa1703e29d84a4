"""The table of moves of a claim: which state leads where, by whose hand, for which kind.

Everything that must agree about a claim reads this table: the buttons, the 409 answers, the clocks, the
handbook and the conformance check. It knows no rows and no time; the caller locks, compares and sets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aftercare.claims.conditions import (
    Guard,
    always,
    exchanged_already,
    gives,
    goods_with_customer,
    handed_over,
    must_return_first,
    must_visit,
    not_appealed,
    not_yet_sent_in_advance,
    nothing_due,
    old_goods_due,
    sent_by_parcel,
)
from aftercare.claims.states import (
    ALL_KINDS,
    DISPUTE_STATES,
    GOODS_COME_BACK,
    GOODS_GO_OUT,
    PASSING_STATES,
    PLAIN,
    REPAIRED,
    VISITED,
    ClaimKind,
    ClaimState,
    Mover,
    Place,
    Remedy,
    Variant,
    goods_due,
    seen_in,
)

S, K, M = ClaimState, ClaimKind, Mover


@dataclass(frozen=True)
class Move:
    """One arrow. The same verb may have several, of which at most one fits a kind, state and variant.

    `rank`: 0 is the primary button, 1 a plain one, 2 a quiet one. `needs`: what the caller must hand in
    (see `needs_of`). Clocks follow from the states: see `deadlines.clock_change`.
    """

    name: str
    from_: frozenset[ClaimState]
    to: ClaimState | Place
    who: frozenset[Mover]
    kinds: frozenset[ClaimKind] = ALL_KINDS
    needs: tuple[str, ...] = ()
    rank: int = 1
    guard: Guard = always

    def fits(self, kind: ClaimKind, state: ClaimState, variant: Variant) -> bool:
        return state in self.from_ and kind in self.kinds and self.guard(kind, seen_in(state, variant))


class MoveNotAllowed(Exception):
    """The claim cannot make this move from where it is; `allowed` names what the mover may do instead."""

    def __init__(self, state: ClaimState, move: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{move} is not a move from {state}; allowed: {', '.join(allowed) or 'none'}")
        self.state = state
        self.move = move
        self.allowed = allowed


def _row(
    name: str,
    from_: set[ClaimState],
    to: ClaimState | Place,
    who: set[Mover],
    kinds: frozenset[ClaimKind] = ALL_KINDS,
    needs: tuple[str, ...] = (),
    rank: int = 1,
    guard: Guard = always,
) -> Move:
    return Move(name, frozenset(from_), to, frozenset(who), kinds, needs, rank, guard)


_CARRIED_OUT_FROM = {S.approved, S.accepted, S.ruled_customer, S.unrepairable}
_CARRIES_OUT = {M.system, M.agent, M.arbiter}

MOVES: tuple[Move, ...] = (
    # the request
    _row(
        "apply",
        {S.draft},
        S.pending_merchant,
        {M.customer, M.agent, M.system},
        needs=("lines", "reason"),
        rank=0,
    ),
    _row("edit", {S.pending_merchant}, S.pending_merchant, {M.customer}),
    _row("edit", {S.rejected, S.receipt_refused}, S.pending_merchant, {M.customer}, rank=0),
    _row("approve", {S.pending_merchant}, S.approved, {M.agent, M.system}, needs=("return_address",), rank=0),
    _row("offer", {S.pending_merchant}, S.negotiating, {M.agent}, needs=("offer",)),
    _row("reject", {S.pending_merchant}, S.rejected, {M.agent, M.system}, needs=("reason", "proof")),
    _row("accept_offer", {S.negotiating}, S.approved, {M.customer}, rank=0),
    _row("refuse_offer", {S.negotiating}, S.pending_merchant, {M.customer, M.system}),
    # the remedy begins, or goes on after the goods were judged
    _row(
        "carry_out",
        {S.approved, S.ruled_customer},
        S.awaiting_return,
        _CARRIES_OUT,
        GOODS_COME_BACK,
        rank=0,
        guard=must_return_first,
    ),
    _row(
        "carry_out",
        {S.approved, S.ruled_customer},
        S.visit_booking,
        _CARRIES_OUT,
        VISITED,
        rank=0,
        guard=must_visit,
    ),
    _row("carry_out", _CARRIED_OUT_FROM, S.refunding, _CARRIES_OUT, rank=0, guard=gives(Remedy.refund)),
    _row(
        "carry_out",
        _CARRIED_OUT_FROM,
        S.awaiting_reship,
        _CARRIES_OUT,
        GOODS_GO_OUT,
        rank=0,
        guard=gives(Remedy.reship),
    ),
    _row(
        "carry_out",
        {S.approved, S.accepted, S.ruled_customer},
        S.repairing,
        _CARRIES_OUT,
        REPAIRED,
        rank=0,
        guard=gives(Remedy.repair),
    ),
    _row(
        "carry_out",
        {S.approved, S.accepted, S.ruled_customer},
        S.completed,
        _CARRIES_OUT,
        frozenset({K.exchange}),
        rank=0,
        guard=exchanged_already,
    ),
    _row("carry_out", {S.mediated}, S.approved, {M.system, M.arbiter}, rank=0),
    _row("carry_out", {S.ruled_merchant}, S.closed_ruled, {M.system, M.arbiter}, rank=0),
    _row("carry_out", {S.withdrawn}, Place.before_dispute, {M.system}, rank=0),
    # the goods come back
    _row(
        "ship",
        {S.awaiting_return},
        S.in_transit_back,
        {M.customer, M.agent, M.system},
        GOODS_COME_BACK,
        needs=("waybill",),
        rank=0,
    ),
    _row(
        "receive",
        {S.in_transit_back},
        S.received,
        {M.warehouse, M.agent, M.technician},
        GOODS_COME_BACK,
        needs=("count",),
        rank=0,
    ),
    _row(
        "inspect", {S.received}, S.inspecting, {M.warehouse, M.agent, M.technician}, GOODS_COME_BACK, rank=0
    ),
    _row(
        "accept",
        {S.inspecting},
        S.accepted,
        {M.warehouse, M.agent, M.technician},
        GOODS_COME_BACK,
        ("grades",),
        rank=0,
    ),
    _row(
        "accept_partly",
        {S.inspecting},
        S.partly_accepted,
        {M.warehouse, M.agent, M.technician},
        GOODS_COME_BACK,
        ("grades", "reason", "proof"),
    ),
    _row(
        "refuse_receipt",
        {S.in_transit_back, S.received},
        S.receipt_refused,
        {M.agent},
        GOODS_COME_BACK,
        ("reason", "proof"),
        rank=2,
    ),
    # Whoever grades may find that nothing can be taken; to refuse a parcel unseen is the shop's word.
    _row(
        "refuse_receipt",
        {S.inspecting},
        S.receipt_refused,
        {M.agent, M.warehouse, M.technician},
        GOODS_COME_BACK,
        ("reason", "proof"),
        rank=2,
    ),
    _row(
        "receive_by_clock",
        {S.in_transit_back, S.received, S.inspecting},
        S.accepted,
        {M.system},
        GOODS_COME_BACK,
    ),
    _row("agree_to_part", {S.partly_accepted}, S.accepted, {M.customer, M.system}, GOODS_COME_BACK, rank=0),
    _row(
        "send_back",
        {S.receipt_refused},
        S.sending_back,
        {M.agent, M.warehouse},
        GOODS_COME_BACK,
        ("waybill",),
        rank=0,
    ),
    _row(
        "confirm_sent_back",
        {S.sending_back},
        S.closed_sent_back,
        {M.customer, M.agent, M.warehouse, M.system},
        GOODS_COME_BACK,
        rank=0,
    ),
    # goods go out
    _row(
        "reship",
        {S.awaiting_reship},
        S.reshipped,
        {M.warehouse, M.agent, M.system},
        GOODS_GO_OUT,
        ("waybill", "difference_settled"),
        rank=0,
    ),
    _row(
        "reship",
        {S.ready},
        S.reshipped,
        {M.warehouse, M.agent, M.technician, M.system},
        REPAIRED,
        ("waybill",),
        rank=0,
        guard=sent_by_parcel,
    ),
    _row(
        "hand_over",
        {S.ready},
        S.reshipped,
        {M.technician, M.agent, M.warehouse},
        REPAIRED,
        rank=0,
        guard=handed_over,
    ),
    _row(
        "out_of_stock",
        {S.awaiting_reship},
        S.refunding,
        {M.agent, M.warehouse, M.system},
        GOODS_GO_OUT,
        rank=2,
        guard=nothing_due,
    ),
    # An exchange in advance that cannot be sent is a return: money only once the old goods are back.
    _row(
        "out_of_stock",
        {S.awaiting_reship},
        S.awaiting_return,
        {M.agent, M.warehouse, M.system},
        frozenset({K.exchange}),
        rank=2,
        guard=old_goods_due,
    ),
    _row(
        "confirm",
        {S.reshipped},
        S.completed,
        {M.customer, M.system},
        GOODS_GO_OUT,
        rank=0,
        guard=nothing_due,
    ),
    _row(
        "confirm",
        {S.reshipped},
        S.awaiting_return,
        {M.customer, M.system},
        frozenset({K.exchange}),
        rank=0,
        guard=old_goods_due,
    ),
    # repair
    _row(
        "book_visit",
        {S.visit_booking},
        Place.stay,
        {M.customer, M.agent, M.technician},
        VISITED,
        ("slot",),
        rank=0,
    ),
    _row("check_in", {S.visit_booking}, S.visiting, {M.technician}, VISITED, ("place", "photos"), rank=0),
    _row("start_repair", {S.visiting}, S.repairing, {M.technician}, VISITED, ("diagnosis",), rank=0),
    _row(
        "declare_unrepairable",
        {S.visiting, S.repairing},
        S.unrepairable,
        {M.technician, M.agent},
        REPAIRED,
        ("diagnosis", "reason"),
        rank=2,
    ),
    _row("finish_repair", {S.repairing}, S.ready, {M.technician}, REPAIRED, ("work_done",), rank=0),
    # money
    _row(
        "refund_paid", {S.refunding}, S.refunded, {M.finance, M.system}, needs=("gateway_reference",), rank=0
    ),
    _row("refund_failed", {S.refunding}, S.refund_failed, {M.finance, M.system}, needs=("reason",)),
    _row("retry_refund", {S.refund_failed}, S.refunding, {M.finance, M.system}, rank=0),
    _row("offer_offline", {S.refund_failed}, S.offline_refund, {M.finance, M.agent}, needs=("voucher",)),
    _row("confirm_offline", {S.offline_refund}, S.refunded, {M.customer, M.system}, rank=0),
    _row("deny_offline", {S.offline_refund}, S.refund_failed, {M.customer}, needs=("reason",), rank=2),
    # dispute
    _row(
        "dispute",
        {S.rejected, S.receipt_refused, S.partly_accepted},
        S.disputed,
        {M.customer},
        needs=("reason",),
    ),
    _row(
        "collect_evidence", {S.disputed, S.judging}, S.collecting_evidence, {M.arbiter}, needs=("question",)
    ),
    _row("collect_evidence", {S.collecting_evidence}, Place.stay, {M.arbiter}, needs=("question",)),
    _row("judge", {S.disputed, S.collecting_evidence}, S.judging, {M.arbiter}, rank=0),
    _row("judge_by_clock", {S.collecting_evidence}, S.judging, {M.system}),
    _row("collect_by_clock", {S.disputed}, S.collecting_evidence, {M.system}),
    _row("rule_for_customer", {S.judging}, S.ruled_customer, {M.arbiter}, needs=("reason", "remedy"), rank=0),
    _row("rule_for_merchant", {S.judging}, S.ruled_merchant, {M.arbiter}, needs=("reason",)),
    _row("mediate", {S.judging}, S.mediated, {M.arbiter}, needs=("terms",)),
    _row("appeal", {S.ruled_customer}, S.judging, {M.agent}, needs=("reason", "proof"), guard=not_appealed),
    _row("withdraw_dispute", set(DISPUTE_STATES), S.withdrawn, {M.customer}, rank=2),
    # at any time
    _row(
        "add_evidence",
        {S.pending_merchant, S.negotiating, S.rejected, S.receipt_refused, S.disputed, S.collecting_evidence},
        Place.stay,
        {M.customer, M.agent},
        needs=("proof",),
    ),
    _row(
        "cancel",
        {S.draft, S.pending_merchant, S.negotiating, S.rejected, S.awaiting_reship, S.visit_booking},
        S.cancelled,
        {M.customer},
        rank=2,
        guard=goods_with_customer,
    ),
    # Once the new goods of an exchange in advance are out, the old ones are owed.
    _row(
        "cancel",
        {S.awaiting_return},
        S.cancelled,
        {M.customer},
        GOODS_COME_BACK,
        rank=2,
        guard=not_yet_sent_in_advance,
    ),
    _row(
        "lapse",
        {S.draft, S.rejected, S.awaiting_return, S.receipt_refused, S.sending_back},
        S.closed_lapsed,
        {M.system},
    ),
)


def move(name: str) -> tuple[Move, ...]:
    """All arrows of one verb; KeyError if the desk has no such word."""
    rows = tuple(row for row in MOVES if row.name == name)
    if not rows:
        raise KeyError(name)
    return rows


def allowed(
    kind: ClaimKind, state: ClaimState, mover: Mover | None = None, *, variant: Variant = PLAIN
) -> tuple[Move, ...]:
    """What this mover may do now, in the order of the table; without a mover, what anybody may."""
    return tuple(
        row for row in MOVES if (mover is None or mover in row.who) and row.fits(kind, state, variant)
    )


def check(kind: ClaimKind, state: ClaimState, name: str, mover: Mover, *, variant: Variant = PLAIN) -> Move:
    """The arrow that `name` means here. Raises MoveNotAllowed, which carries the moves that are."""
    rows = allowed(kind, state, mover, variant=variant)
    for row in rows:
        if row.name == name:
            return row
    raise MoveNotAllowed(state, name, tuple(dict.fromkeys(row.name for row in rows)))


def next_actions(
    kind: ClaimKind, state: ClaimState, mover: Mover, *, variant: Variant = PLAIN
) -> tuple[Move, ...]:
    """The buttons of the next-action bar, the primary one first, the quiet ones last."""
    return tuple(sorted(allowed(kind, state, mover, variant=variant), key=lambda row: row.rank))


def onward(kind: ClaimKind, state: ClaimState, *, variant: Variant = PLAIN) -> Move | None:
    """The system's move out of a passing state, to be taken in the same transaction; None elsewhere."""
    if state not in PASSING_STATES:
        return None
    return check(kind, state, "carry_out", M.system, variant=variant)


def destination(row: Move, state: ClaimState, before_dispute: ClaimState | None = None) -> ClaimState:
    """Where the move leads. `before_dispute` is the state that `dispute` left; needed only to resume it."""
    if row.to is Place.stay:
        return state
    if row.to is Place.before_dispute:
        if before_dispute is None:
            raise ValueError("a withdrawn dispute goes back to the state before it: give before_dispute")
        return before_dispute
    return row.to


def variant_after(row: Move, variant: Variant, *, remedy: Remedy | None = None) -> Variant:
    """The variant that the claim has after the move. `remedy` is what an arbiter rules or mediates, a
    technician proposes for what cannot be repaired, or a recall gives."""
    if row.name in {"receive", "receive_by_clock", "refuse_receipt"}:
        return replace(variant, goods_back=True)
    if row.name == "out_of_stock":
        return replace(variant, remedy=Remedy.refund, in_advance=False)
    if row.name == "declare_unrepairable":
        # What can't be repaired is paid back or replaced; there is no third way.
        found = Remedy.reship if remedy is Remedy.reship else Remedy.refund
        return replace(variant, remedy=found)
    if row.name == "appeal":
        return replace(variant, appealed=True)
    return replace(variant, remedy=remedy) if remedy is not None else variant


def needs_of(row: Move, kind: ClaimKind, variant: Variant = PLAIN) -> tuple[str, ...]:
    """What the caller must hand in: an approval needs an address only if goods are to come back by parcel,
    a difference is settled only in an exchange."""
    needs = row.needs
    if not goods_due(kind, variant) or kind is K.refuse_parcel:
        needs = tuple(need for need in needs if need != "return_address")
    if kind is not K.exchange:
        needs = tuple(need for need in needs if need != "difference_settled")
    return needs
