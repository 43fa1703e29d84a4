"""One step of a claim: the table of moves applied to a locked row, with its clocks, its fact and what entering a state means."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from aftercare import cases, promises
from aftercare.claims import model
from aftercare.claims.deadlines import clock_change
from aftercare.claims.events import MOVED
from aftercare.claims.model import Claim
from aftercare.claims.moves import (
    Move,
    MoveNotAllowed,
    allowed,
    check,
    destination,
    next_actions,
    onward,
    variant_after,
)
from aftercare.claims.states import SEVEN_STAGE, ClaimState, Mover, Remedy, is_end, waiting_for
from aftercare.journal import Actor, ActorKind, Work

MOVER_PERMISSIONS: tuple[tuple[Mover, str], ...] = (
    (Mover.agent, "claims.decide"),
    (Mover.warehouse, "claims.inspect"),
    (Mover.finance, "refunds.execute"),
    (Mover.arbiter, "claims.arbitrate"),
)


def movers_of(actor: Actor) -> tuple[Mover, ...]:
    """As whom the actor may move a claim."""
    if actor.kind is ActorKind.system:
        return (Mover.system,)
    if actor.kind is ActorKind.customer:
        return (Mover.customer,)
    return tuple(mover for mover, permission in MOVER_PERMISSIONS if actor.may(permission))


def may_see(actor: Actor, claim: Claim) -> bool:
    if actor.kind is ActorKind.customer:
        return claim.customer_id in actor.customers
    return actor.sees(claim.shop_id) and actor.may("claims.read")


async def claim_for(work: Work, claim_id: UUID, *, lock: bool = False) -> Claim:
    """The one way to a claim's row. Refuses with ClaimNotFound what is not there or not the actor's to see."""
    if lock:
        await work.session.flush()
    # Not locked, one that this work has read is as good as read again.
    claim = await work.session.get(Claim, claim_id, with_for_update=lock or None, populate_existing=lock)
    if claim is None or not may_see(work.actor, claim):
        raise model.ClaimNotFound(claim=claim_id)
    return claim


def actions_for(actor: Actor, claim: Claim) -> list[Move]:
    """What the actor may do now, the most likely first; each verb once."""
    if claim.platform is not None:
        return []
    found: dict[str, Move] = {}
    for mover in movers_of(actor):
        for row in next_actions(claim.kind, claim.state, mover, variant=claim.variant):
            found.setdefault(row.name, row)
    return sorted(found.values(), key=lambda row: row.rank)


def move_for(work: Work, claim: Claim, verb: str, mover: Mover | None = None) -> tuple[Move, Mover]:
    """The arrow that the verb means here and as whom the actor takes it. Refuses with MoveNotPossible, which carries the
    moves that are possible, and with KeptElsewhere."""
    if claim.platform is not None:
        raise model.KeptElsewhere(platform=claim.platform)
    movers = (mover,) if mover else movers_of(work.actor)
    for candidate in movers:
        try:
            return check(claim.kind, claim.state, verb, candidate, variant=claim.variant), candidate
        except MoveNotAllowed:
            continue
    raise model.MoveNotPossible(
        state=claim.state.value,
        move=verb,
        allowed=sorted(
            {
                row.name
                for one in movers
                for row in allowed(claim.kind, claim.state, one, variant=claim.variant)
            }
        ),
    )


Entering = Callable[[Work, Claim], Awaitable[None]]
ENTERING: dict[ClaimState, list[tuple[Entering, Callable[[Claim], bool]]]] = {}
"""What happens in the same transaction when a claim enters a state (a refund asked for, stock reserved …), and for which claims."""
ENDING: list[Entering] = []


def on_entering(
    *states: ClaimState, of: Callable[[Claim], bool] = lambda _: True
) -> Callable[[Entering], Entering]:
    def register(function: Entering) -> Entering:
        for state in states:
            ENTERING.setdefault(state, []).append((function, of))
        return function

    return register


def on_ending(function: Entering) -> Entering:
    ENDING.append(function)
    return function


@contextmanager
def written_late(work: Work, late: bool = True) -> Iterator[None]:
    """A claim that moves on several times in one work is written once, when somebody else is to read it, and not before each
    statement in between."""
    session = work.session.sync_session
    before, session.autoflush = session.autoflush, not late
    try:
        yield
    finally:
        session.autoflush = before


async def step(
    work: Work,
    claim: Claim,
    verb: str,
    *,
    mover: Mover | None = None,
    remedy: Remedy | None = None,
    rule: str | None = None,
    **told: Any,
) -> None:
    """Moves the claim, which the caller holds locked, and goes on by itself through states in which nobody waits.
    `told` adds to the fact. Refuses with MoveNotPossible."""
    row, taken_as = move_for(work, claim, verb, mover)
    came_from = claim.state
    to = destination(row, came_from, claim.before_dispute)
    clocks = clock_change(claim.kind, came_from, row, before_dispute=claim.before_dispute)
    if verb == "dispute":
        claim.before_dispute = came_from
    claim.variant = variant_after(row, claim.variant, remedy=remedy)
    claim.state, claim.moved_at = to, work.now
    if is_end(to):
        claim.ended_at = work.now
    work.record(
        MOVED[verb](
            claim_id=claim.id,
            case_id=claim.case_id,
            customer_id=claim.customer_id,
            shop_id=claim.shop_id,
            kind=claim.kind,
            from_state=came_from,
            to_state=to,
            mover=taken_as,
            rule=rule,
            currency=claim.currency,
            amount_cents=told.pop("amount_cents", claim.agreed_cents or claim.requested_cents),
            **told,
        )
    )
    # Decided in the breath in which it is applied for, nobody is promised a decision.
    at_once = claim in work.session.new and bool(told.get("at_once"))
    with written_late(work):
        if clocks.stops and not at_once and came_from is not ClaimState.draft:
            await promises.stop_clocks(
                work,
                claim.id,
                [f"claim.{name}" for name in clocks.stops],
                outcome="cancelled" if verb in ("cancel", "withdraw_dispute") else "kept",
            )
        if clocks.pauses:
            await promises.pause_clocks(work, claim.id, [f"claim.{name}" for name in clocks.pauses])
        if clocks.resumes:
            await promises.resume_clocks(work, claim.id, [f"claim.{name}" for name in clocks.resumes])
        for name in clocks.starts if not (at_once and verb == "apply") else ():
            await start_clock(work, claim, name)
        for name in clocks.starts_if_absent:
            await start_clock(work, claim, name, unless_running=True)
        if to is not came_from:
            moves_on = onward(claim.kind, to, variant=claim.variant) is not None
            await _advance_case(work, claim, passes=moves_on or (at_once and verb == "apply"))
    follows = [entering for entering, of in ENTERING.get(to, ()) if of(claim)] if to is not came_from else []
    if is_end(to):
        follows += ENDING
    if follows:
        await work.session.flush()
        with written_late(work, late=False):
            for function in follows:
                await function(work, claim)
    # Entering may itself have moved the claim on (nothing to pay: refunded at once).
    if claim.state is to and onward(claim.kind, to, variant=claim.variant) is not None:
        await step(work, claim, "carry_out", mover=Mover.system, rule=rule)


async def _advance_case(work: Work, claim: Claim, *, passes: bool) -> None:
    """The case comes as far as the claim. Through a state in which nobody waits it `passes`, and is written once it is where
    somebody does."""
    stage = cases.Stage(SEVEN_STAGE[claim.state])
    passed: list[cases.Stage] = work.session.info.setdefault("passed", {}).setdefault(claim.id, [])
    if passes:
        passed.append(stage)
        return
    waits = waiting_for(claim.kind, claim.state)
    await cases.advance(
        work,
        claim.case_id,
        stage,
        through=passed,
        shop_acts=None if waits == "nobody" else waits in ("shop", "technician"),
    )
    passed.clear()


async def start_clock(work: Work, claim: Claim, name: str, *, unless_running: bool = False) -> None:
    """Starts a clock of the table; the shop's own promise of that name, if it has one, gives the length."""
    if unless_running and any(
        clock.name == f"claim.{name}" for clock in await promises.clocks_of(work, [claim.id])
    ):
        return
    await promises.start_clock(
        work, shop_id=claim.shop_id, subject_kind="claim", subject_id=claim.id, name=f"claim.{name}"
    )
