"""Conformance: what was done against what should be done: skipped, added, repeated, out of order, late, and by whom.

A **model** says what may follow what. It comes from the handbook's table of moves, from a table of pairs in a file, or is the way
that most cases take.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aftercare.insights.process.log import LogUnreadable
from aftercare.insights.process.maps import Ask, Variants
from aftercare.kit import text

if TYPE_CHECKING:
    import ibis.expr.types as ir

Deviant = Literal["skipped", "added", "repeated", "back", "out_of_order", "late", "unfinished", "wrong_hand"]
OUTSIDE = ""
"""What comes before the first activity of a case and after its last."""

EXAMPLES = 5
PEOPLE = 5
UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}


@dataclass(frozen=True)
class Model:
    """`pairs`: what may directly follow what, and within how many seconds if that matters; OUTSIDE begins and ends. `whole`:
    whether an activity that the model does not know is a deviation, or is only not looked at. `hands`: who may do it, where
    that matters."""

    name: str
    pairs: Mapping[tuple[str, str], float | None]
    whole: bool = True
    hands: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @cached_property
    def activities(self) -> frozenset[str]:
        return frozenset(one for pair in self.pairs for one in pair if one != OUTSIDE)

    @cached_property
    def onward(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for from_, to in self.pairs:
            found.setdefault(from_, []).append(to)
        return found

    def between(self, from_: str, to: str) -> list[str] | None:
        """The fewest activities that lead from the one to the other, without the two; None if there is no way."""
        queue = deque([from_])
        came: dict[str, str] = {}
        while queue:
            one = queue.popleft()
            for following in self.onward.get(one, ()):
                if following in came or (following == OUTSIDE and to != OUTSIDE):
                    continue
                came[following] = one
                if following == to:
                    return self._way_back(came, from_, to)
                queue.append(following)
        return None

    @staticmethod
    def _way_back(came: Mapping[str, str], from_: str, to: str) -> list[str]:
        way: list[str] = []
        one = came[to]
        while one != from_:
            way.append(one)
            one = came[one]
        return way[::-1]


@dataclass(frozen=True, slots=True)
class Deviation:
    """`from_` was followed by `to` and must not be. `skipped`: what should have come between. `people`: by whom, most often
    first, with how often. `late`: by how many seconds, in the median."""

    kind: Deviant
    from_: str
    to: str
    skipped: list[str]
    cases: int
    count: int
    people: list[tuple[str, int]]
    examples: list[str]
    late: float | None = None


@dataclass(frozen=True, slots=True)
class Conformance:
    model: str
    cases: int
    conforming: int
    deviations: list[Deviation]

    @property
    def share(self) -> float:
        return self.conforming / self.cases if self.cases else 0.0


def happy_path(found: Variants, share: float = 0.8) -> Model:
    """What most cases do: the commonest ways that together are at least this share of the cases."""
    pairs: dict[tuple[str, str], float | None] = {}
    taken = 0
    used = 0
    for variant in found.shown:
        if used and taken >= share * found.cases:
            break
        way = [OUTSIDE, *variant.activities, OUTSIDE]
        pairs |= dict.fromkeys(pairwise(way))
        taken += variant.cases
        used += 1
    named = "the commonest way" if used == 1 else f"the {used} commonest ways"
    return Model(f"{named} ({taken / max(found.cases, 1):.0%} of the cases)", pairs)


def read_model(path: Path) -> Model:
    """From a CSV with the columns `from`, `to`, and perhaps `within` (90, 15m, 36h, 7d). An empty `from` is where cases begin, an
    empty `to` where they end."""
    try:
        content = text.decode(path.read_bytes())[0].lstrip("\ufeff")
    except OSError as broken:
        raise LogUnreadable(file=path.name, why=str(broken)) from None
    first = content.split("\n", 1)[0]
    rows = csv.DictReader(StringIO(content), delimiter=max((",", ";", "\t"), key=first.count))
    names = {(name or "").strip().casefold(): name for name in rows.fieldnames or ()}
    if "from" not in names or "to" not in names:
        raise LogUnreadable(
            file=path.name, why="a model has the columns from, to and perhaps within", columns=list(names)
        )
    pairs: dict[tuple[str, str], float | None] = {}
    for number, row in enumerate(rows, start=2):
        from_, to = ((row[names[end]] or "").strip() for end in ("from", "to"))
        if not from_ and not to:
            continue
        within = (row[names["within"]] or "").strip() if "within" in names else ""
        try:
            pairs[from_, to] = seconds_of(within) if within else None
        except ValueError as wrong:
            raise LogUnreadable(file=f"{path.name}, line {number}", why=str(wrong)) from None
    if not pairs:
        raise LogUnreadable(file=path.name, why="the model allows nothing")
    return Model(path.name, pairs)


def seconds_of(told: str) -> float:
    """90, 90s, 15m, 36h, 7d, 2w. Anything else is a ValueError in words."""
    found = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)", told.strip().casefold())
    if found is None or (found[2] and found[2] not in UNITS):
        raise ValueError(f"{told!r} is no length of time; write 90s, 15m, 36h, 7d")
    return float(found[1]) * UNITS[found[2] or "s"]


def conform(
    steps: ir.Table, ask: Ask, model: Model, *, open_cases: bool = False, hand: str | None = None
) -> Conformance:
    """`open_cases`: cases may still be under way, so that none is called unfinished. `hand`: the column of who did it, as the
    model's `hands` name them."""
    known = sorted(model.activities)
    foreign = ~steps.activity.isin(known)
    seen = steps
    deviations: list[Deviation] = []
    if ask(steps.filter(foreign).select("nth").limit(1)):
        if model.whole:
            deviations += [
                Deviation("added", *row) for row in _told(steps.filter(foreign), ask, begins_with_to=True)
            ]
        seen = _closed_up(steps.filter(~foreign))
    counted = seen.group_by(["from_activity", "activity"]).agg(count=seen.count())
    happened = {(row["from_activity"] or OUTSIDE, row["activity"]) for row in ask(counted)}
    wrong = sorted(pair for pair in happened if pair not in model.pairs)
    bad = _is_one_of(seen, wrong)
    if wrong:
        for from_, to, skipped, cases, count, people, examples in _told(seen.filter(bad), ask):
            kind, skipped = _kind(model, from_, to)
            deviations.append(Deviation(kind, from_, to, skipped, cases, count, people, examples))
    for within in sorted({seconds for seconds in model.pairs.values() if seconds is not None}):
        pairs = sorted(pair for pair, seconds in model.pairs.items() if seconds == within)
        over = _is_one_of(seen, pairs) & (seen.wait > within)
        bad = bad | over
        beyond = seen.filter(over)
        medians = {
            (row["from_activity"] or OUTSIDE, row["activity"]): row["median"] - within
            for row in ask(
                beyond.group_by(["from_activity", "activity"]).agg(median=beyond.wait.quantile(0.5))
            )
        }
        deviations += [Deviation("late", *row, medians[row[0], row[1]]) for row in _told(beyond, ask)]
    if hand is not None and model.hands:
        made = seen.filter(seen[hand].notnull())
        wrong_hands: dict[str, list[str]] = {}
        for row in ask(made.select("activity", who=made[hand]).distinct()):
            allowed = model.hands.get(row["activity"])
            if allowed is not None and row["who"] not in allowed:
                wrong_hands.setdefault(row["activity"], []).append(row["who"])
        for activity, others in sorted(wrong_hands.items()):
            other = (seen.activity == activity) & seen[hand].isin(sorted(others))
            bad = bad | other
            deviations += [Deviation("wrong_hand", *row) for row in _told(seen.filter(other), ask, of=hand)]
    each = seen.group_by("key").agg(
        deviates=bad.max(),
        last=seen.activity.cast("string").argmax(seen.nth),
        name=seen.case.arbitrary(),
        hand=seen.resource.argmax(seen.nth),
    )
    ends = sorted(from_ for from_, to in model.pairs if to == OUTSIDE)
    unfinished = ~each.last.isin(ends)
    if open_cases or not ends:
        unfinished = unfinished & False
    elif model.pairs:
        left = each.filter(unfinished)
        rows = ask(left.group_by("last").agg(cases=left.count(), examples=left.name.min()))
        for row in sorted(rows, key=lambda row: (-row["cases"], row["last"])):
            hands = left.filter((left["last"] == row["last"]) & left.hand.notnull())
            who = ask(
                hands.group_by("hand")
                .agg(n=hands.count())
                .order_by([lambda t: t.n.desc(), "hand"])
                .limit(PEOPLE)
            )
            skipped = model.between(row["last"], OUTSIDE) or []
            deviations.append(
                Deviation(
                    "unfinished", row["last"], OUTSIDE, skipped, row["cases"], row["cases"],
                    [(one["hand"], one["n"]) for one in who], [row["examples"]],
                )
            )  # fmt: skip
    whole = ask(steps.agg(cases=(steps.nth == 1).sum()))[0]["cases"] or 0
    well = each.filter(~(each.deviates.cast("boolean") | unfinished)).select("key")
    if model.whole:
        strange = steps.filter(foreign).select("key").distinct()
        well = well.anti_join(strange, "key")
    conforming = ask(well.agg(n=well.count()))[0]["n"]
    deviations.sort(key=lambda one: (-one.cases, one.kind, one.from_, one.to))
    return Conformance(model.name, whole, conforming, deviations)


def _closed_up(steps: ir.Table) -> ir.Table:
    """What is left after events were left out, each with what now comes before it."""
    import ibis

    told = ibis.window(group_by="key", order_by="nth")
    before = steps["at"].lag().over(told)
    return steps.mutate(
        from_activity=steps.activity.lag().over(told),
        from_resource=steps.resource.lag().over(told),
        wait=(steps["at"].epoch_seconds() - before.epoch_seconds()).cast("float64"),
    )


def _is_one_of(steps: ir.Table, pairs: Sequence[tuple[str, str]]) -> Any:
    if not pairs:
        return steps.key.isnull()
    came = steps.from_activity.cast("string").fill_null(OUTSIDE) + "\x1f" + steps.activity.cast("string")
    return came.isin([f"{from_}\x1f{to}" for from_, to in pairs])


def _told(
    chosen: ir.Table, ask: Ask, *, begins_with_to: bool = False, of: str = "resource"
) -> Iterable[tuple[str, str, list[str], int, int, list[tuple[str, int]], list[str]]]:
    """Of each pair: from, to, nothing skipped, cases, count, people, examples."""
    from_ = "" if begins_with_to else None
    by = ["activity"] if begins_with_to else ["from_activity", "activity"]
    rows = ask(
        chosen.group_by(by).agg(
            cases=chosen.key.nunique(),
            count=chosen.count(),
            first=chosen.case.min(),
            last=chosen.case.max(),
        )
    )
    hands: dict[tuple[str, str], list[tuple[str, int]]] = {}
    people = chosen.filter(chosen[of].notnull())
    for row in ask(people.group_by([*by, of]).agg(n=people.count())):
        pair = (from_ if from_ is not None else row["from_activity"] or OUTSIDE, row["activity"])
        hands.setdefault(pair, []).append((row[of], row["n"]))
    for row in rows:
        pair = (from_ if from_ is not None else row["from_activity"] or OUTSIDE, row["activity"])
        first = sorted(hands.get(pair, ()), key=lambda one: (-one[1], one[0]))[:PEOPLE]
        yield *pair, [], row["cases"], row["count"], first, sorted({row["first"], row["last"]})


def _kind(model: Model, from_: str, to: str) -> tuple[Deviant, list[str]]:
    if from_ == to:
        return "repeated", []
    ahead, back = model.between(from_, to), model.between(to, from_) if from_ else None
    if ahead is not None and (back is None or len(ahead) <= len(back)):
        return "skipped", ahead
    return ("back", []) if back is not None else ("out_of_order", [])
