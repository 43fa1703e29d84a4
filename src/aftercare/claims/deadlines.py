"""The clocks of a claim as rules: which state starts them, how long they run, what happens at zero.

Lengths are defaults; a shop's promise or a marketplace's own deadline replaces them when the clock is set.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from aftercare.claims.moves import Move, check, destination
from aftercare.claims.states import (
    ALL_KINDS,
    DISPUTE_STATES,
    PLAIN,
    ClaimKind,
    ClaimState,
    Mover,
    Place,
    Variant,
)

S, K = ClaimState, ClaimKind


class StartsOn(StrEnum):
    """`entry`: with the state. The others: when the carrier, or the shop's own scan, says so."""

    entry = "entry"
    signed_by_shop = "signed_by_shop"
    delivered_to_customer = "delivered_to_customer"


@dataclass(frozen=True)
class ClockRule:
    """`on_zero` names the system's move; None means that people are alarmed and the clock is late.
    `business`: the length counts the shop's business time only. `warn_before`: when to warn whoever it waits
    for. A clock runs on through all its `states` and stops when the claim leaves them."""

    name: str
    states: frozenset[ClaimState]
    kinds: frozenset[ClaimKind]
    length: timedelta
    on_zero: str | None
    warn_before: timedelta
    starts_on: StartsOn = StartsOn.entry
    business: bool = False
    may_be_extended: bool = True


def _rule(
    name: str,
    states: set[ClaimState],
    length: timedelta,
    on_zero: str | None,
    warn_before: timedelta,
    kinds: frozenset[ClaimKind] = ALL_KINDS,
    starts_on: StartsOn = StartsOn.entry,
    business: bool = False,
    may_be_extended: bool = True,
) -> ClockRule:
    return ClockRule(
        name, frozenset(states), kinds, length, on_zero, warn_before, starts_on, business, may_be_extended
    )


_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_MONEY_ONLY = frozenset({K.refund_only, K.cancel_unshipped})

CLOCKS: tuple[ClockRule, ...] = (
    _rule("send_draft", {S.draft}, 7 * _DAY, "lapse", _DAY, may_be_extended=False),
    _rule("decide_refund", {S.pending_merchant}, 48 * _HOUR, "approve", 12 * _HOUR, _MONEY_ONLY),
    _rule(
        "decide_goods",
        {S.pending_merchant},
        48 * _HOUR,
        "approve",
        12 * _HOUR,
        ALL_KINDS - _MONEY_ONLY - {K.compensation},
    ),
    # Silence never gives away money beyond what was paid for goods.
    _rule(
        "decide_compensation", {S.pending_merchant}, 48 * _HOUR, None, 12 * _HOUR, frozenset({K.compensation})
    ),
    _rule("answer", {S.negotiating}, 48 * _HOUR, "refuse_offer", 12 * _HOUR),
    _rule("answer_part", {S.partly_accepted}, 48 * _HOUR, "agree_to_part", 12 * _HOUR),
    _rule("dispute", {S.rejected, S.receipt_refused}, 7 * _DAY, "lapse", 2 * _DAY),
    _rule("ship", {S.awaiting_return}, 7 * _DAY, "lapse", 2 * _DAY),
    _rule("transit_back", {S.in_transit_back}, 20 * _DAY, None, 5 * _DAY),
    _rule(
        "receive",
        {S.in_transit_back, S.received, S.inspecting},
        10 * _DAY,
        "receive_by_clock",
        2 * _DAY,
        starts_on=StartsOn.signed_by_shop,
    ),
    _rule("send_back", {S.sending_back}, 20 * _DAY, "lapse", 5 * _DAY),
    _rule("reship", {S.awaiting_reship}, 7 * _DAY, "out_of_stock", 5 * _DAY),
    _rule("transit_out", {S.reshipped}, 20 * _DAY, None, 5 * _DAY),
    _rule("confirm", {S.reshipped}, 10 * _DAY, "confirm", 2 * _DAY, starts_on=StartsOn.delivered_to_customer),
    _rule("book_visit", {S.visit_booking}, 3 * _DAY, None, _DAY),
    _rule("visit", {S.visiting}, _DAY, None, 6 * _HOUR),
    _rule("repair", {S.repairing}, 15 * _DAY, None, 3 * _DAY),
    _rule("return_repaired", {S.ready}, 3 * _DAY, None, _DAY),
    _rule("pay", {S.refunding}, _DAY, None, 4 * _HOUR, may_be_extended=False),
    _rule("retry_pay", {S.refund_failed}, _DAY, "retry_refund", 4 * _HOUR, may_be_extended=False),
    _rule("confirm_offline", {S.offline_refund}, 7 * _DAY, "confirm_offline", 2 * _DAY),
    _rule("take_up", {S.disputed}, _DAY, "collect_by_clock", 4 * _HOUR),
    _rule("evidence", {S.collecting_evidence}, 48 * _HOUR, "judge_by_clock", 12 * _HOUR),
    _rule("judge", {S.judging}, 3 * _DAY, None, _DAY),
    _rule("appeal", {S.ruled_customer}, 48 * _HOUR, "carry_out", 12 * _HOUR, may_be_extended=False),
)


def clock_rule(name: str) -> ClockRule:
    """KeyError if there is no such clock."""
    for rule in CLOCKS:
        if rule.name == name:
            return rule
    raise KeyError(name)


def clocks_of(kind: ClaimKind, state: ClaimState) -> tuple[ClockRule, ...]:
    return tuple(rule for rule in CLOCKS if state in rule.states and kind in rule.kinds)


def zero_move(
    kind: ClaimKind, state: ClaimState, rule: ClockRule, *, variant: Variant = PLAIN
) -> Move | None:
    """What the system does when the clock reaches zero; None: it only alarms."""
    return None if rule.on_zero is None else check(kind, state, rule.on_zero, Mover.system, variant=variant)


@dataclass(frozen=True)
class ClockChange:
    """What a move does to the clocks, by name. `starts`: afresh, even if one of that name ran. `starts_if_absent`:
    unless it runs. `may_start`: to be started by the carrier's word (see StartsOn). Stopping or resuming what does not run is no mistake."""

    starts: tuple[str, ...] = ()
    starts_if_absent: tuple[str, ...] = ()
    may_start: tuple[str, ...] = ()
    stops: tuple[str, ...] = ()
    pauses: tuple[str, ...] = ()
    resumes: tuple[str, ...] = ()


def clock_change(
    kind: ClaimKind, state: ClaimState, row: Move, *, before_dispute: ClaimState | None = None
) -> ClockChange:
    """What taking this arrow from `state` does to the clocks of the claim."""
    if row.to is Place.stay:
        # More evidence asked for means the full time for it; the other words don't buy time.
        return ClockChange(starts=("evidence",) if row.name == "collect_evidence" else ())
    to = destination(row, state, before_dispute)
    left = {rule.name: rule for rule in clocks_of(kind, state)}
    entered = {rule.name: rule for rule in clocks_of(kind, to)}
    if row.to is Place.before_dispute:
        return ClockChange(resumes=tuple(entered))
    goes_on = set(left) & set(entered) if row.name != "edit" else set()
    fresh = [rule for name, rule in entered.items() if name not in goes_on]
    starts: tuple[str, ...] = tuple(rule.name for rule in fresh if rule.starts_on is StartsOn.entry)
    # The shop's own scan, or a repair handed over, needs no carrier to say so.
    if_absent = {"receive": ("receive",), "hand_over": ("confirm",)}.get(row.name, ())
    waiting = tuple(rule.name for rule in fresh if rule.starts_on is not StartsOn.entry)
    gone: tuple[str, ...] = tuple(name for name in left if name not in goes_on)
    if row.name == "dispute":
        return ClockChange(starts=starts, pauses=gone)
    if state in DISPUTE_STATES and to not in DISPUTE_STATES and to is not S.withdrawn:
        # Whatever was paused for the dispute is over once it is ruled or settled.
        gone = (*gone, "dispute", "answer_part")
    may_start = tuple(name for name in waiting if name not in if_absent)
    return ClockChange(starts=starts, starts_if_absent=if_absent, may_start=may_start, stops=gone)
