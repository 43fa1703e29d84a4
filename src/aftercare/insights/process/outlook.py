"""What comes next and how long it still takes, learned from cases that have ended.

A case stands where its last two activities put it. What ended cases did from there on, and how long that took, is what an open
one is told; of those only the ones that stood there at least as long as it has by now. How wrong this is, is measured on the latest
cases after learning from the earlier ones, and told with it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from aftercare.insights.process.maps import Ask

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy as np
    from numpy.typing import NDArray

FEWEST = 20
"""Ended cases that must have stood there; with fewer nothing is said."""
LEARNED_FROM = 200_000
INSIDE = (0.1, 0.5, 0.9)
ENDS_HERE = ""


@dataclass(frozen=True, slots=True)
class Outlook:
    """`next`: the likeliest next activity, empty if that is the end; `chance`: its share. Seconds that it still takes: the median,
    and between which four of five lie. None where too few have stood there for as long."""

    next: str | None
    chance: float | None
    low: float | None
    median: float | None
    high: float | None
    learned_from: int


@dataclass(frozen=True, slots=True)
class Measured:
    """On the latest fifth of ended cases, learned from those that had ended before. `error`: how far off on average, in seconds; `plain`:
    the same when always the overall median is told. `inside`: the share that lay in the interval (0.8 would be right).
    `next_right` against `next_plain`, when always the commonest of all is told."""

    cases: int
    moments: int
    error: float
    plain: float
    inside: float
    next_right: float
    next_plain: float


@dataclass(frozen=True, slots=True)
class OpenCase:
    case: str
    activity: str
    since: datetime
    waited: float
    outlook: Outlook


@dataclass(slots=True)
class _Place:
    nexts: list[str]
    waits: NDArray[np.float64]
    remaining: NDArray[np.float64]


class Learned:
    """What ended cases did from where they stood."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        import numpy as np

        gathered: dict[tuple[str | None, str | None], list[dict[str, Any]]] = {}
        for row in rows:
            for place in ((row["from_activity"] or "", row["activity"]), (None, row["activity"])):
                gathered.setdefault(place, []).append(row)
        self.places = {
            place: _Place(
                [row["next"] or ENDS_HERE for row in told],
                np.array([row["wait_next"] if row["next"] is not None else np.inf for row in told]),
                np.array([row["remaining"] for row in told], float),
            )
            for place, told in gathered.items()
        }

    def outlook(self, from_activity: str | None, activity: str, waited: float = 0.0) -> Outlook:
        import numpy as np

        few = 0
        for place in ((from_activity or "", activity), (None, activity)):
            known = self.places.get(place)
            if known is None:
                continue
            # Who ended here has no next wait: it does not tell how long one stands here before going on.
            still = (known.waits > waited) if waited > 0 else np.ones(len(known.waits), bool)
            if waited > 0:
                still &= np.isfinite(known.waits)
            few = int(still.sum())
            if few < FEWEST:
                continue
            nexts = Counter(one for one, stands in zip(known.nexts, still, strict=True) if stands)
            following, count = min(nexts.items(), key=lambda one: (-one[1], one[0]))
            low, median, high = np.quantile(known.remaining[still] - waited, INSIDE)
            return Outlook(
                following,
                count / few,
                max(float(low), 0.0),
                max(float(median), 0.0),
                max(float(high), 0.0),
                few,
            )
        return Outlook(None, None, None, None, None, few)


def _seconds(from_: Any, to: Any) -> Any:
    return (to.epoch_seconds() - from_.epoch_seconds()).cast("float64")


def learn(ended: ir.Table, ask: Ask) -> tuple[Learned, Measured | None]:
    """From the steps of ended cases, the latest ones if they are very many. Nothing is measured on fewer than 50 cases."""
    import ibis
    import numpy as np

    told = ibis.window(group_by="key", order_by="nth")
    whole = ibis.window(group_by="key")
    seen = ended.mutate(
        next=ended.activity.cast("string").lead().over(told),
        next_at=ended["at"].lead().over(told),
        ended_at=ended["at"].max().over(whole),
        began_at=ended["at"].min().over(whole),
    )
    rows = ask(
        seen.select(
            "key",
            "from_activity",
            "activity",
            "next",
            "began_at",
            "ended_at",
            wait_next=_seconds(seen["at"], seen.next_at),
            remaining=_seconds(seen["at"], seen.ended_at),
        )
        .order_by(ibis.desc("began_at"))
        .limit(LEARNED_FROM)
    )
    begins = sorted({row["key"]: row["began_at"] for row in rows}.values())
    measured = None
    if len(begins) >= 50:
        cut = begins[len(begins) * 4 // 5]
        # A case that had not ended by then could not have been learned from.
        early = [row for row in rows if row["ended_at"] < cut]
        late = [row for row in rows if row["began_at"] >= cut]
        learned = Learned(early)
        usual = float(np.median([row["remaining"] for row in early])) if early else 0.0
        commonest = Counter(row["next"] or ENDS_HERE for row in early).most_common(1)
        errors, plain, inside, right, right_plain = [], [], 0, 0, 0
        for row in late:
            found = learned.outlook(row["from_activity"], row["activity"])
            if found.median is None or found.low is None or found.high is None:
                continue
            errors.append(abs(found.median - row["remaining"]))
            plain.append(abs(usual - row["remaining"]))
            inside += found.low <= row["remaining"] <= found.high
            right += found.next == (row["next"] or ENDS_HERE)
            right_plain += commonest[0][0] == (row["next"] or ENDS_HERE)
        if errors:
            n = len(errors)
            measured = Measured(
                len({row["key"] for row in late}), n, float(np.mean(errors)), float(np.mean(plain)),
                inside / n, right / n, right_plain / n,
            )  # fmt: skip
    return Learned(rows), measured


def outlooks(learned: Learned, last: Iterable[dict[str, Any]], now: datetime) -> list[OpenCase]:
    """Of open cases by their last step (`case`, `from_activity`, `activity`, `at`)."""
    found = []
    for row in last:
        at = row["at"] if row["at"].tzinfo is not None else row["at"].replace(tzinfo=now.tzinfo)
        waited = max((now - at).total_seconds(), 0.0)
        found.append(
            OpenCase(
                row["case"],
                row["activity"],
                at,
                waited,
                learned.outlook(row["from_activity"], row["activity"], waited),
            )
        )
    return found
