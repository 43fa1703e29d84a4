"""The table of moves: no dead end, nothing unreachable, every clock's move legal, one appeal."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from aftercare.claims import moves
from aftercare.claims.deadlines import CLOCKS, StartsOn, clock_change, clock_rule, clocks_of, zero_move
from aftercare.claims.handbook import Spot, beginnings, every_step
from aftercare.claims.moves import (
    MOVES,
    Move,
    MoveNotAllowed,
    allowed,
    check,
    destination,
    needs_of,
    next_actions,
    onward,
    variant_after,
)
from aftercare.claims.states import (
    END_STATES,
    PASSING_STATES,
    PLAIN,
    SEVEN_STAGE,
    WAITING_FOR,
    ClaimKind,
    ClaimState,
    Mover,
    Place,
    Remedy,
    RepairWay,
    Variant,
    is_end,
    waiting_for,
)

S, K, M = ClaimState, ClaimKind, Mover


GRAPHS: dict[ClaimKind, dict[Spot, list[Spot]]] = {
    kind: {spot: [after for _, after in outs] for spot, outs in every_step(kind).items()}
    for kind in ClaimKind
}
every_kind = pytest.mark.parametrize("kind", list(ClaimKind))


def test_every_state_is_reached_by_some_kind() -> None:
    assert {spot[0] for graph in GRAPHS.values() for spot in graph} == set(ClaimState)


@every_kind
def test_no_reachable_dead_end_and_every_spot_reaches_an_end(kind: ClaimKind) -> None:
    graph = GRAPHS[kind]
    backwards: dict[Spot, set[Spot]] = {spot: set() for spot in graph}
    for spot, afters in graph.items():
        assert is_end(spot[0]) == (not [after for after in afters if after[0] is not spot[0]]), spot
        for after in afters:
            backwards[after].add(spot)
    finishing = {spot for spot in graph if is_end(spot[0])}
    queue = list(finishing)
    while queue:
        for before in backwards[queue.pop()] - finishing:
            finishing.add(before)
            queue.append(before)
    assert finishing == set(graph)


@every_kind
def test_every_beginning_can_reach_its_good_end(kind: ClaimKind) -> None:
    for variant in beginnings(kind):
        seen: set[Spot] = set()
        queue: list[Spot] = [(S.draft, variant, None)]
        while queue:
            spot = queue.pop()
            if spot not in seen:
                seen.add(spot)
                queue += GRAPHS[kind][spot]
        good = S.completed if kind in {K.exchange, K.resend, K.repair} else S.refunded
        if kind is K.recall and variant.remedy in {Remedy.reship, Remedy.repair}:
            good = S.completed
        assert good in {spot[0] for spot in seen}, variant


@every_kind
def test_every_waiting_state_has_a_clock_and_its_move_is_the_systems(kind: ClaimKind) -> None:
    for state, variant, _ in GRAPHS[kind]:
        rules = clocks_of(kind, state)
        if is_end(state) or state in PASSING_STATES:
            assert rules == ()
            continue
        assert any(one.starts_on is StartsOn.entry for one in rules) or state in {S.received, S.inspecting}
        for one in rules:
            row = zero_move(kind, state, one, variant=variant)
            assert row is None or M.system in row.who
            assert row is None or row.to is not Place.stay


@every_kind
def test_a_passing_state_has_exactly_one_way_on(kind: ClaimKind) -> None:
    for state, variant, before in GRAPHS[kind]:
        row = onward(kind, state, variant=variant)
        assert (row is not None) == (state in PASSING_STATES)
        if row is not None:
            assert destination(row, state, before) is not state


@every_kind
def test_a_verb_means_one_arrow(kind: ClaimKind) -> None:
    for state, variant, _ in GRAPHS[kind]:
        names = [row.name for row in allowed(kind, state, variant=variant)]
        assert len(names) == len(set(names)), (state, variant, names)


def test_every_arrow_is_used() -> None:
    used = {
        MOVES.index(row)
        for kind, graph in GRAPHS.items()
        for state, variant, _ in graph
        for row in allowed(kind, state, variant=variant)
    }
    assert used == set(range(len(MOVES)))


def test_every_state_waits_for_somebody_and_has_a_stage() -> None:
    assert set(WAITING_FOR) == set(SEVEN_STAGE) == set(ClaimState)
    assert {state for state, who in WAITING_FOR.items() if who == "nobody"} == END_STATES | PASSING_STATES
    assert waiting_for(K.refuse_parcel, S.awaiting_return) == "carrier"
    assert waiting_for(K.return_refund, S.awaiting_return) == "customer"


def walk(kind: ClaimKind, names: list[str], variant: Variant = PLAIN) -> list[ClaimState]:
    """The states that one passes; passing states go on by themselves, each name is taken by whoever may."""
    state, before, path = S.draft, None, [S.draft]
    for name in names:
        row = next(row for row in allowed(kind, state, variant=variant) if row.name == name)
        before = state if name == "dispute" else before
        state, variant = destination(row, state, before), variant_after(row, variant)
        path.append(state)
        while (on := onward(kind, state, variant=variant)) is not None:
            state = destination(on, state, before)
            path.append(state)
    return path


def test_a_return_goes_the_documented_way() -> None:
    assert walk(
        K.return_refund, ["apply", "approve", "ship", "receive", "inspect", "accept", "refund_paid"]
    ) == [
        S.draft,
        S.pending_merchant,
        S.approved,
        S.awaiting_return,
        S.in_transit_back,
        S.received,
        S.inspecting,
        S.accepted,
        S.refunding,
        S.refunded,
    ]


@pytest.mark.parametrize(
    ("kind", "variant", "names", "end"),
    [
        (K.cancel_unshipped, Variant(), "apply approve refund_paid", S.refunded),
        (K.refund_only, Variant(), "apply approve refund_failed retry_refund refund_paid", S.refunded),
        (K.refund_only, Variant(), "apply approve refund_failed offer_offline confirm_offline", S.refunded),
        (K.compensation, Variant(), "apply offer accept_offer refund_paid", S.refunded),
        (K.resend, Variant(), "apply approve reship confirm", S.completed),
        (K.resend, Variant(), "apply approve out_of_stock refund_paid", S.refunded),
        (K.return_refund, Variant(keep_goods=True), "apply approve refund_paid", S.refunded),
        (K.refuse_parcel, Variant(), "apply approve ship receive inspect accept refund_paid", S.refunded),
        (K.exchange, Variant(), "apply approve ship receive inspect accept reship confirm", S.completed),
        (
            K.exchange,
            Variant(in_advance=True),
            "apply approve reship confirm ship receive inspect accept",
            S.completed,
        ),
        (
            K.exchange,
            Variant(in_advance=True),
            "apply approve out_of_stock ship receive inspect accept refund_paid",
            S.refunded,
        ),
        (
            K.repair,
            Variant(),
            "apply approve ship receive inspect accept finish_repair reship confirm",
            S.completed,
        ),
        (
            K.repair,
            Variant(repair_way=RepairWay.on_site),
            "apply approve book_visit check_in start_repair finish_repair hand_over confirm",
            S.completed,
        ),
        (
            K.repair,
            Variant(repair_way=RepairWay.on_site),
            "apply approve check_in declare_unrepairable refund_paid",
            S.refunded,
        ),
        (
            K.return_refund,
            Variant(),
            "apply reject dispute judge rule_for_customer carry_out ship receive inspect accept refund_paid",
            S.refunded,
        ),
        (
            K.return_refund,
            Variant(),
            "apply approve ship refuse_receipt dispute judge rule_for_customer carry_out refund_paid",
            S.refunded,
        ),
        (
            K.return_refund,
            Variant(),
            "apply approve ship refuse_receipt edit approve refund_paid",
            S.refunded,
        ),
        (
            K.return_refund,
            Variant(),
            "apply approve ship refuse_receipt send_back confirm_sent_back",
            S.closed_sent_back,
        ),
        (K.return_refund, Variant(), "apply reject dispute judge rule_for_merchant", S.closed_ruled),
        (K.return_refund, Variant(), "apply reject dispute judge mediate", S.awaiting_return),
        (K.return_refund, Variant(), "apply reject dispute withdraw_dispute", S.rejected),
        (
            K.return_refund,
            Variant(),
            "apply approve ship receive inspect accept_partly dispute withdraw_dispute",
            S.partly_accepted,
        ),
        (
            K.return_refund,
            Variant(),
            "apply approve ship receive inspect accept_partly agree_to_part",
            S.refunding,
        ),
        (
            K.recall,
            Variant(remedy=Remedy.repair),
            "apply approve ship receive_by_clock finish_repair reship confirm",
            S.completed,
        ),
    ],
)
def test_ways_through(kind: ClaimKind, variant: Variant, names: str, end: ClaimState) -> None:
    assert walk(kind, names.split(), variant)[-1] is end


def test_a_merchant_appeals_once() -> None:
    variant = Variant()
    row = check(K.refund_only, S.ruled_customer, "appeal", M.agent, variant=variant)
    assert row.to is S.judging
    with pytest.raises(MoveNotAllowed) as refused:
        check(K.refund_only, S.ruled_customer, "appeal", M.agent, variant=variant_after(row, variant))
    assert refused.value.allowed == ("carry_out",)


def test_a_refusal_names_what_is_allowed() -> None:
    with pytest.raises(MoveNotAllowed) as refused:
        check(K.return_refund, S.refunding, "cancel", M.customer)
    assert (refused.value.state, refused.value.move, refused.value.allowed) == (S.refunding, "cancel", ())
    with pytest.raises(MoveNotAllowed) as refused:
        check(K.refund_only, S.pending_merchant, "approve", M.customer)
    assert refused.value.allowed == ("edit", "add_evidence", "cancel")
    with pytest.raises(KeyError):
        moves.move("teleport")
    assert [row.to for row in moves.move("hand_over")] == [S.reshipped]


def test_buttons_come_primary_first() -> None:
    assert [row.name for row in next_actions(K.return_refund, S.pending_merchant, M.agent)] == [
        "approve",
        "offer",
        "reject",
        "add_evidence",
    ]
    assert [row.name for row in next_actions(K.return_refund, S.rejected, M.customer)] == [
        "edit",
        "dispute",
        "add_evidence",
        "cancel",
    ]
    assert next_actions(K.return_refund, S.refunded, M.customer) == ()


def test_new_goods_once_sent_cannot_be_kept_with_the_old_ones() -> None:
    advance = Variant(in_advance=True)
    assert "cancel" in {row.name for row in allowed(K.exchange, S.awaiting_return, M.customer)}
    assert "cancel" not in {
        row.name for row in allowed(K.exchange, S.awaiting_return, M.customer, variant=advance)
    }


def test_an_approval_needs_an_address_only_if_goods_come_back() -> None:
    approve = check(K.return_refund, S.pending_merchant, "approve", M.agent)
    assert needs_of(approve, K.return_refund) == ("return_address",)
    assert needs_of(approve, K.return_refund, Variant(keep_goods=True)) == ()
    assert needs_of(approve, K.refund_only) == ()
    assert needs_of(check(K.exchange, S.awaiting_reship, "reship", M.warehouse), K.exchange) == (
        "waybill",
        "difference_settled",
    )


def test_a_withdrawn_dispute_needs_the_state_before() -> None:
    row = check(K.refund_only, S.withdrawn, "carry_out", M.system)
    assert destination(row, S.withdrawn, S.rejected) is S.rejected
    with pytest.raises(ValueError, match="before_dispute"):
        destination(row, S.withdrawn)


def test_clocks_start_run_on_pause_and_stop() -> None:
    kind = K.return_refund

    def change(state: ClaimState, name: str, mover: Mover, **more: ClaimState) -> tuple[tuple[str, ...], ...]:
        found = clock_change(kind, state, check(kind, state, name, mover), **more)
        return found.starts, found.may_start, found.stops, found.pauses, found.resumes

    assert change(S.draft, "apply", M.customer) == (("decide_goods",), (), ("send_draft",), (), ())
    assert change(S.pending_merchant, "edit", M.customer) == (
        ("decide_goods",),
        (),
        ("decide_goods",),
        (),
        (),
    )
    assert change(S.pending_merchant, "add_evidence", M.customer) == ((), (), (), (), ())
    assert change(S.awaiting_return, "ship", M.customer) == (
        ("transit_back",),
        ("receive",),
        ("ship",),
        (),
        (),
    )
    assert change(S.in_transit_back, "receive", M.warehouse) == ((), (), ("transit_back",), (), ())
    assert change(S.received, "inspect", M.warehouse) == ((), (), (), (), ())
    assert change(S.inspecting, "accept", M.warehouse) == ((), (), ("receive",), (), ())
    assert change(S.rejected, "dispute", M.customer) == (("take_up",), (), (), ("dispute",), ())
    assert change(S.withdrawn, "carry_out", M.system, before_dispute=S.rejected) == (
        (),
        (),
        (),
        (),
        ("dispute",),
    )
    assert change(S.judging, "rule_for_customer", M.arbiter) == (
        ("appeal",),
        (),
        ("judge", "dispute", "answer_part"),
        (),
        (),
    )


def test_the_shops_own_scan_starts_no_second_receive_clock() -> None:
    # The carrier's 'signed' started it already; starting afresh would give the shop its days twice.
    change = clock_change(
        K.return_refund, S.in_transit_back, check(K.return_refund, S.in_transit_back, "receive", M.agent)
    )
    assert change.starts_if_absent == ("receive",)


def test_default_lengths_are_the_documented_ones() -> None:
    hours = {one.name: int(one.length.total_seconds() // 3600) for one in CLOCKS}
    assert {name: hours[name] for name in ("decide_refund", "decide_goods", "answer", "evidence", "pay")} == {
        "decide_refund": 48,
        "decide_goods": 48,
        "answer": 48,
        "evidence": 48,
        "pay": 24,
    }
    assert {name: hours[name] // 24 for name in ("ship", "receive", "dispute", "confirm")} == {
        "ship": 7,
        "receive": 10,
        "dispute": 7,
        "confirm": 10,
    }
    assert len({one.name for one in CLOCKS}) == len(CLOCKS)
    assert clock_rule("receive").starts_on is StartsOn.signed_by_shop
    with pytest.raises(KeyError):
        clock_rule("nap")


class RandomWalk(RuleBasedStateMachine):
    """Whoever does whatever in whatever order stays inside what was explored, and clocks balance."""

    @initialize(kind=st.sampled_from(ClaimKind), pick=st.integers(0, 1000))
    def begin(self, kind: ClaimKind, pick: int) -> None:
        self.kind = kind
        choices = beginnings(kind)
        self.variant = choices[pick % len(choices)]
        self.state, self.before = S.draft, None
        self.running, self.paused, self.appeals = {"send_draft"}, set[str](), 0

    @rule(name=st.sampled_from(sorted({row.name for row in MOVES})), mover=st.sampled_from(Mover))
    def try_a_move(self, name: str, mover: Mover) -> None:
        try:
            row = check(self.kind, self.state, name, mover, variant=self.variant)
        except MoveNotAllowed:
            return
        self.take(row)

    @rule(pick=st.integers(0, 1000))
    def take_some_move(self, pick: int) -> None:
        rows = allowed(self.kind, self.state, variant=self.variant)
        if rows:
            self.take(rows[pick % len(rows)])

    def take(self, row: Move) -> None:
        before: ClaimState | None = self.state if row.name == "dispute" else self.before
        change = clock_change(self.kind, self.state, row, before_dispute=before)
        self.appeals += row.name == "appeal"
        self.variant = variant_after(row, self.variant)
        self.state, self.before = destination(row, self.state, before), before  # type: ignore[assignment]
        self.running -= set(change.stops) | set(change.pauses)
        self.paused = (self.paused | set(change.pauses)) - set(change.stops) - set(change.resumes)
        self.running |= set(change.starts) | set(change.starts_if_absent) | set(change.resumes)

    @invariant()
    def stays_on_the_map_and_on_the_clock(self) -> None:
        assert (self.state, self.variant, self.before) in GRAPHS[self.kind]
        assert self.appeals <= 1
        names = {one.name for one in clocks_of(self.kind, self.state)}
        assert self.running <= names
        if not is_end(self.state) and self.state not in PASSING_STATES:
            assert self.running
        if is_end(self.state):
            assert not self.paused


TestRandomWalk = RandomWalk.TestCase
TestRandomWalk.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
