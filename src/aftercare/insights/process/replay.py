"""What happened in a time, told so that it can be shown moving: every case a token on the map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aftercare.insights.process.maps import Ask

if TYPE_CHECKING:
    import ibis.expr.types as ir

MOST_CASES = 400
MOST_MOVES = 8_000


@dataclass(frozen=True, slots=True)
class Replay:
    """`moves`: the number of a case, and of the activities from and to which it went, and the seconds after `since` when it left
    the one and reached the other. Of `cases` only `shown` move, chosen by their key, so the same ones each time."""

    since: datetime
    until: datetime
    activities: list[str]
    cases: int
    shown: int
    moves: list[tuple[int, int, int, int, int]]


def replay(steps: ir.Table, ask: Ask, since: datetime, until: datetime) -> Replay:
    moved = steps.filter(
        (steps["at"].epoch_seconds() >= int(since.timestamp()))
        & (steps["at"].epoch_seconds() < int(until.timestamp()))
        & steps.wait.notnull()
    )
    cases = ask(moved.agg(n=moved.key.nunique()))[0]["n"]
    every = max(1, -(-cases // MOST_CASES))
    chosen = moved.filter(moved.key % every == 0) if every > 1 else moved
    rows = ask(
        chosen.select(
            "key",
            "nth",
            "from_activity",
            "activity",
            "wait",
            reached=chosen["at"].epoch_seconds().cast("float64"),
        )
        .order_by(["reached", "key", "nth"])
        .limit(MOST_MOVES)
    )
    activities = sorted({row[end] for row in rows for end in ("from_activity", "activity")})
    number = {activity: place for place, activity in enumerate(activities)}
    keys: dict[int, int] = {}
    zero = int(since.timestamp())
    moves = []
    for row in rows:
        reached = round(row["reached"]) - zero
        left = max(0, round(row["reached"] - row["wait"]) - zero)
        key = keys.setdefault(row["key"], len(keys))
        moves.append((key, number[row["from_activity"]], number[row["activity"]], left, reached))
    return Replay(since.astimezone(UTC), until.astimezone(UTC), activities, cases, len(keys), moves)
