"""The handbook and the diagram of each kind of claim, written from the table of moves and its clocks."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

from aftercare.claims.deadlines import ClockRule, StartsOn, clocks_of, zero_move
from aftercare.claims.moves import Move, allowed, destination, needs_of, onward, variant_after
from aftercare.claims.states import (
    PASSING_STATES,
    SEVEN_STAGE,
    ClaimKind,
    ClaimState,
    Mover,
    Place,
    Remedy,
    RepairWay,
    Variant,
    is_end,
    remedies_of,
    waiting_for,
)
from aftercare.claims.wording import label

Spot = tuple[ClaimState, Variant, ClaimState | None]
Steps = dict[Spot, tuple[tuple[Move, Spot], ...]]


def beginnings(kind: ClaimKind) -> tuple[Variant, ...]:
    """Every variant that a claim of this kind may start as."""
    ways = list(RepairWay) if kind is ClaimKind.repair else [RepairWay.mail_in]
    advance = [False, True] if kind is ClaimKind.exchange else [False]
    remedies = [None, *sorted(remedies_of(kind))] if kind is ClaimKind.recall else [None]
    return tuple(
        Variant(in_advance=early, repair_way=way, remedy=remedy, keep_goods=keep)
        for early, way, remedy, keep in product(advance, ways, remedies, [False, True])
        # Goods that come first while the old ones are kept are a resend, not an exchange.
        if not (early and keep)
    )


def every_step(kind: ClaimKind) -> Steps:
    """All that can ever happen to a claim of this kind: each reachable (state, variant, state before a dispute)
    and the moves out of it. In the order of discovery, which is roughly the order of the work."""
    steps: Steps = {}
    queue = deque[Spot]((ClaimState.draft, variant, None) for variant in beginnings(kind))
    while queue:
        spot = queue.popleft()
        if spot not in steps:
            steps[spot] = tuple(_out_of(kind, spot))
            queue.extend(after for _, after in steps[spot])
    return steps


def _out_of(kind: ClaimKind, spot: Spot) -> list[tuple[Move, Spot]]:
    state, variant, before = spot
    found: list[tuple[Move, Spot]] = []
    for row in allowed(kind, state, variant=variant):
        kept = state if row.name == "dispute" else before
        gives: list[Remedy | None] = [None]
        if row.name in {"rule_for_customer", "mediate"}:
            gives += sorted(remedies_of(kind))
        if row.name == "declare_unrepairable":
            gives = [Remedy.refund, Remedy.reship]
        to = destination(row, state, kept)
        found += [(row, (to, variant_after(row, variant, remedy=remedy), kept)) for remedy in gives]
    return found


@dataclass(frozen=True)
class Followings:
    """Which moves a claim of a kind may begin and end with, which may follow which, and who may make them. `ours`: its clocks that
    run while it waits for anybody but the customer."""

    begins: frozenset[str]
    pairs: frozenset[tuple[str, str]]
    ends: frozenset[str]
    who: Mapping[str, frozenset[Mover]]
    ours: frozenset[str]


@cache
def followings(kind: ClaimKind) -> Followings:
    """The table of moves, told by what may come after what."""
    steps = every_step(kind)
    into: dict[Spot, set[str]] = {}
    who: dict[str, frozenset[Mover]] = {}
    for outs in steps.values():
        for row, after in outs:
            into.setdefault(after, set()).add(row.name)
            who[row.name] = who.get(row.name, frozenset()) | row.who
    return Followings(
        begins=frozenset(
            row.name for spot, outs in steps.items() if spot[0] is ClaimState.draft for row, _ in outs
        ),
        pairs=frozenset(
            (before, row.name)
            for spot, outs in steps.items()
            for row, _ in outs
            for before in into.get(spot, ())
        ),
        ends=frozenset(name for spot, names in into.items() if is_end(spot[0]) for name in names),
        who=who,
        ours=frozenset(
            rule.name
            for state in ClaimState
            for rule in clocks_of(kind, state)
            if not any(waiting_for(each, state) == "customer" for each in ClaimKind)
        ),
    )


def mermaid(kind: ClaimKind, locale: str) -> str:
    """A mermaid state diagram; moves that stay where they are don't show."""
    steps = every_step(kind)
    arrows: dict[tuple[ClaimState, ClaimState], dict[str, None]] = {}
    for (state, _, _), outs in steps.items():
        for row, (to, _, _) in outs:
            if to is not state:
                arrows.setdefault((state, to), {})[label("move", row.name, locale, "staff")] = None
    states = list(dict.fromkeys(state for state, _, _ in steps))
    lines = ["stateDiagram-v2", "    [*] --> draft"]
    lines += [f'    state "{label("state", state, locale, "staff")}" as {state}' for state in states]
    for (state, to), names in arrows.items():
        lines.append(f"    {state} --> {to}: {' / '.join(names)}")
    lines += [f"    {state} --> [*]" for state in states if is_end(state)]
    return "\n".join(lines) + "\n"


def handbook(locale: str) -> str:
    """Markdown: per kind one table with each step's owner, moves, clock and what happens at zero."""
    parts = [f"# {label('handbook', 'title', locale)}\n"]
    for kind in ClaimKind:
        parts.append(f"## {label('kind', kind, locale)}\n")
        parts.append(_table(kind, locale))
        parts.append(f"```mermaid\n{mermaid(kind, locale)}```\n")
    return "\n".join(parts)


def _table(kind: ClaimKind, locale: str) -> str:
    heads = [
        label("handbook", head, locale) for head in ("step", "stage", "owner", "moves", "clock", "at_zero")
    ]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|---|---|"]
    spots: dict[ClaimState, list[Spot]] = {}
    steps = every_step(kind)
    for spot in steps:
        spots.setdefault(spot[0], []).append(spot)
    for state in sorted(spots, key=list(ClaimState).index):
        seen = spots[state]
        rules = clocks_of(kind, state)
        at_zero = [_at_zero(kind, rule, seen, locale) for rule in rules]
        lines.append(
            "| "
            + " | ".join(
                [
                    label("state", state, locale, "staff"),
                    label("stage", SEVEN_STAGE[state], locale),
                    label("who", waiting_for(kind, state), locale),
                    _moves(kind, state, seen, steps, locale),
                    "<br>".join(_clock(rule, locale) for rule in rules),
                    "<br>".join(at_zero),
                ]
            )
            + " |"
        )
    return "\n".join(lines) + "\n"


def _moves(kind: ClaimKind, state: ClaimState, seen: list[Spot], steps: Steps, locale: str) -> str:
    if is_end(state):
        return label("handbook", "end", locale)
    if state in PASSING_STATES:
        targets = {
            _target(row, state, locale): None
            for spot in seen
            if (row := onward(kind, state, variant=spot[1])) is not None
        }
        return f"{label('handbook', 'at_once', locale)} → {' / '.join(targets)}"
    comma, join = label("handbook", "comma", locale), label("handbook", "join", locale)
    needed: dict[Move, dict[str, None]] = {}
    for spot in seen:
        for row, _ in steps[spot]:
            needed.setdefault(row, {}).update(dict.fromkeys(needs_of(row, kind, spot[1])))
    said: dict[str, None] = {}
    for row, needs in needed.items():
        inside = comma.join(label("who", mover, locale) for mover in Mover if mover in row.who)
        if needs:
            named = comma.join(label("need", need, locale) for need in needs)
            inside += f"{join}{label('handbook', 'needs', locale)} {named}"
        text = label("move", row.name, locale, "staff") + label("handbook", "open", locale) + inside
        said[f"{text}{label('handbook', 'close', locale)} → {_target(row, state, locale)}"] = None
    return "<br>".join(said)


def _target(row: Move, state: ClaimState, locale: str) -> str:
    if row.to is Place.before_dispute:
        return label("handbook", "before_dispute", locale)
    return label("state", destination(row, state), locale, "staff")


def _clock(rule: ClockRule, locale: str) -> str:
    text = f"{label('clock', rule.name, locale)} {_length(rule, locale)}"
    more = []
    if rule.starts_on is not StartsOn.entry:
        more.append(label("handbook", rule.starts_on, locale))
    if rule.business:
        more.append(label("handbook", "business", locale))
    if not more:
        return text
    inside = label("handbook", "comma", locale).join(more)
    return text + label("handbook", "open", locale) + inside + label("handbook", "close", locale)


def _length(rule: ClockRule, locale: str) -> str:
    """Whole days are told in days, as everywhere; a day of working time has not 24 hours."""
    hours = int(rule.length.total_seconds() // 3600)
    unit, count = ("days", hours // 24) if hours % 24 == 0 and not rule.business else ("hours", hours)
    return label("handbook", unit, locale).format(n=count)


def _at_zero(kind: ClaimKind, rule: ClockRule, seen: list[Spot], locale: str) -> str:
    said: dict[str, None] = {}
    for state, variant, _ in seen:
        row = zero_move(kind, state, rule, variant=variant)
        if row is None:
            return label("handbook", "alarm", locale)
        said[f"{label('move', row.name, locale, 'staff')} → {_target(row, state, locale)}"] = None
    return " / ".join(said)
