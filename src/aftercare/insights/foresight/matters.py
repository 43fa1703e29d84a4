"""Cases as foresight sees them: each at several moments of its life, by what was known then, and what became of it.

A case is looked at when it is ten minutes, one, three, seven and fourteen days old, as long as it is open, and then now.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sqlalchemy import text

from aftercare.insights.foresight.glances import Glances
from aftercare.insights.foresight.history import History, seconds
from aftercare.insights.foresight.model import Foretells
from aftercare.journal import Work

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

AGES = (timedelta(minutes=10), timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=14))
WITHIN = 14.0
"""Days after a glance in which what is foretold happens, or does not. Only when they are over is it known: else what happens would be
known sooner than what does not, and the latest weeks would look worse than they are."""
MOST = 40_000
REASONS: dict[str, tuple[str, ...]] = {
    "age": ("age",),
    "waiting": ("waiting", "unanswered"),
    "messages": ("customer_messages", "staff_messages"),
    "standstill": ("since_move", "moves"),
    "clock": ("hours_to_due", "elapsed", "warned", "fired"),
    "hands": ("assignments",),
    "kind": ("kind_share", "has_claim", "claims"),
    "reason": ("reason_share",),
    "amount": ("amount",),
    "channel": ("channel_share",),
    "customer": ("earlier_cases", "earlier_disputes", "earlier_reopened"),
    "shop": ("shop_share", "shop_open"),
    "before": ("disputed_before", "reopened_before", "escalated_before"),
    "calendar": ("weekday", "hour"),
}
REASON_OF = {feature: reason for reason, features in REASONS.items() for feature in features}

CASES = """
    SELECT c.id, c.shop_id, c.customer_id, c.channel, c.opened_at, coalesce(c.closed_at, c.solved_at) AS ended_at,
      m.kind, m.reason, m.requested_cents, coalesce(m.claims, 0) AS claims, m.applied_at
    FROM service_case c LEFT JOIN LATERAL (
      SELECT min(k.kind) AS kind, min(k.reason) AS reason, max(k.requested_cents) AS requested_cents, count(*) AS claims,
        min(k.applied_at) AS applied_at FROM claim k WHERE k.case_id = c.id) m ON true
    WHERE c.opened_at >= :since ORDER BY c.opened_at DESC LIMIT :most
"""
NAMES = (
    "message.posted", "case.reopened", "case.escalated", "claim.disputed", "claim.appealed", "case.assigned", "case.solved",
    "case.closed", "case.stage_set",
)  # fmt: skip
EVENTS = """
    SELECT (f.data->>'case_id')::uuid AS case_id, f.at, f.name, f.data->>'author_kind' AS author
    FROM fact f WHERE f.name = ANY (:names) AND f.at >= :since AND f.data ? 'case_id'
"""
CLOCKS = """
    SELECT coalesce(m.case_id, k.subject_id) AS case_id, k.started_at, k.due_at, k.ended_at, k.warned_at,
      CASE WHEN k.state = 'fired' OR k.state = 'kept' AND k.ended_at > k.due_at OR k.state = 'running' AND k.due_at < :now
        THEN k.due_at END AS broken_at
    FROM clock k LEFT JOIN refund r ON k.subject_kind = 'refund' AND r.id = k.subject_id
    LEFT JOIN claim m ON m.id = coalesce(r.claim_id, CASE WHEN k.subject_kind = 'claim' THEN k.subject_id END)
    WHERE k.started_at >= :since
"""


class CaseBook:
    """The cases of the last months and what happened in them."""

    def __init__(
        self, cases: pd.DataFrame, events: pd.DataFrame, clocks: pd.DataFrame, now: datetime
    ) -> None:
        self.cases, self.events, self.clocks, self.now = cases, events, clocks, now

    def outcome(self, name: Foretells) -> pd.DataFrame:
        """When it happened: case_id, at."""
        if name is Foretells.case_late:
            broken = self.clocks[self.clocks.broken_at.notna()]
            return broken[["case_id", "broken_at"]].rename(columns={"broken_at": "at"})
        facts = {
            Foretells.case_reopened: ("case.reopened",),
            Foretells.case_escalated: ("case.escalated",),
            Foretells.case_disputed: ("claim.disputed", "claim.appealed"),
        }[name]
        return self.events[self.events.name.isin(facts)][["case_id", "at"]]


async def case_book(work: Work, since: datetime, most: int = MOST) -> CaseBook:
    """Needs `insights.read`."""
    work.require("insights.read")

    async def rows(sql: str, *moments: str, **values: Any) -> pd.DataFrame:
        found = await work.session.execute(text(sql), {"since": since, **values})
        frame = pd.DataFrame(found.all(), columns=list(found.keys()))
        for moment in moments:
            frame[moment] = pd.to_datetime(frame[moment], utc=True).astype("datetime64[ns, UTC]")
        for column in frame:
            if column.endswith("_id") or column == "id":
                frame[column] = frame[column].astype(str)
        return frame

    cases = await rows(CASES, "opened_at", "ended_at", "applied_at", most=most)
    events = await rows(EVENTS, "at", names=list(NAMES))
    clocks = await rows(CLOCKS, "started_at", "due_at", "ended_at", "warned_at", "broken_at", now=work.now)
    return CaseBook(cases, events, clocks, work.now)


def _looked_at(book: CaseBook) -> pd.DataFrame:
    """Each case at its moments: those of the past and, when it is open, now."""
    now = pd.Timestamp(book.now).as_unit("ns")
    ended = book.cases.ended_at.fillna(now + pd.Timedelta(days=1))
    looks = []
    for age in AGES:
        at = book.cases.opened_at + age
        looks.append(book.cases.assign(at=at, is_now=False)[(at < ended) & (at < now)])
    looks.append(book.cases.assign(at=now, is_now=True)[book.cases.ended_at.isna()])
    every = pd.concat(looks)
    every["at"] = every["at"].astype("datetime64[ns, UTC]")
    return every.sort_values(["at", "id"], kind="stable").reset_index(drop=True)


def glances_of(book: CaseBook, name: Foretells) -> Glances:
    """What was known at each look, and whether the case was then late (re-opened, escalated, disputed) within a fortnight."""
    looks, now = _looked_at(book), book.now
    at = looks["at"]
    outcome = book.outcome(name)
    after = History(outcome.case_id, outcome["at"], np.ones(len(outcome)))
    until = at + pd.Timedelta(days=WITHIN)
    so_far = after.before(looks.id, at)[0]
    happens = after.before(looks.id, until)[0] - so_far > 0
    over = (until <= pd.Timestamp(now)).to_numpy()
    happened: Numbers = np.where(over & ~looks.is_now, happens.astype(float), np.nan)
    known_at = until
    made = _features(book, looks, happened, known_at)
    about = pd.DataFrame({"subject": looks.id, "shop": looks.shop_id, "at": at, "is_now": looks.is_now})
    return Glances(made, about, happened, known_at, REASON_OF)


def _features(
    book: CaseBook, looks: pd.DataFrame, happened: Numbers, known_at: pd.Series[Any]
) -> pd.DataFrame:
    at, events = looks["at"], book.events
    now = seconds(at)
    made = pd.DataFrame(index=looks.index)

    def counted(rows: pd.DataFrame, moment: str = "at") -> Numbers:
        return History(rows.case_id, rows[moment], np.ones(len(rows))).before(looks.id, at)[0]

    def latest(rows: pd.DataFrame) -> Numbers:
        """Seconds of the last one before the look; NaN without one."""
        if rows.empty:
            return np.full(len(looks), np.nan)
        ordered = rows[["case_id", "at"]].sort_values("at").rename(columns={"at": "was"})
        asked = pd.DataFrame({"case_id": looks.id, "at": at, "row": looks.index}).sort_values("at")
        found = pd.merge_asof(
            asked, ordered, left_on="at", right_on="was", by="case_id", allow_exact_matches=False
        )
        return seconds(found.set_index("row").was.reindex(looks.index))

    def named(*names: str) -> pd.DataFrame:
        return events[events.name.isin(names)]

    said = named("message.posted")
    by_customer, by_us = said[said.author == "customer"], said[said.author != "customer"]
    made["age"] = np.log1p((now - seconds(looks.opened_at)) / 3600)
    made["customer_messages"], made["staff_messages"] = counted(by_customer), counted(by_us)
    asked, answered = latest(by_customer), latest(by_us)
    unanswered = np.nan_to_num(asked, nan=-1) > np.nan_to_num(answered, nan=-1)
    made["unanswered"] = unanswered.astype(float)
    made["waiting"] = np.where(unanswered, np.log1p(np.maximum(now - asked, 0) / 3600), 0.0)
    moved = latest(events)
    made["since_move"] = np.log1p(np.nan_to_num(now - moved, nan=0.0).clip(0) / 3600)
    made["moves"] = counted(events)
    made["assignments"] = counted(named("case.assigned"))
    made["reopened_before"] = counted(named("case.reopened"))
    made["escalated_before"] = counted(named("case.escalated"))
    made["disputed_before"] = counted(named("claim.disputed"))

    clocks = book.clocks
    made["warned"] = counted(clocks[clocks.warned_at.notna()], "warned_at")
    made["fired"] = counted(clocks[clocks.broken_at.notna()], "broken_at")
    running = looks[["id", "at"]].reset_index().merge(clocks, left_on="id", right_on="case_id")
    running = running[
        (running.started_at < running["at"]) & (running.ended_at.isna() | (running.ended_at > running["at"]))
    ]
    running["left"] = (running.due_at - running["at"]).dt.total_seconds() / 3600
    whole = (running.due_at - running.started_at).dt.total_seconds() / 3600
    running["elapsed"] = 1 - running.left / whole.clip(lower=0.1)
    soonest = running.groupby("index")[["left", "elapsed"]].agg({"left": "min", "elapsed": "max"})
    made["hours_to_due"] = soonest.left.clip(-100, 1_000).reindex(looks.index)
    made["elapsed"] = soonest.elapsed.clip(-1, 3).reindex(looks.index)

    applied = (looks.applied_at < at).to_numpy()
    made["has_claim"] = applied.astype(float)
    made["claims"] = np.where(applied, looks.claims, 0)
    made["amount"] = np.where(applied, np.log1p(looks.requested_cents.astype(float).fillna(0)), 0.0)
    usual = History(pd.Series("", index=looks.index), known_at, happened).mean(
        pd.Series("", index=looks.index), at, 0.1, 20
    )
    for column, of in (("kind", looks.kind), ("reason", looks.reason), ("channel", looks.channel)):
        told = pd.Series(
            np.where(applied | (column == "channel"), of.fillna("").astype(str), ""), index=looks.index
        )
        made[f"{column}_share"] = History(told, known_at, happened).mean(told, at, usual, 10)
    made["shop_share"] = History(looks.shop_id, known_at, happened).mean(looks.shop_id, at, usual, 10)
    opened = History(book.cases.shop_id, book.cases.opened_at, np.ones(len(book.cases)))
    ended = History(book.cases.shop_id, book.cases.ended_at, np.ones(len(book.cases)))
    made["shop_open"] = np.log1p(
        np.maximum(opened.before(looks.shop_id, at)[0] - ended.before(looks.shop_id, at)[0], 0)
    )
    whose = looks.customer_id.astype(str)
    all_whose = book.cases.customer_id.astype(str)
    made["earlier_cases"] = (
        History(all_whose, book.cases.opened_at, np.ones(len(book.cases))).before(whose, at)[0] - 1
    )
    of_case = all_whose.set_axis(book.cases.id)
    for column, fact in (("earlier_disputes", "claim.disputed"), ("earlier_reopened", "case.reopened")):
        rows = named(fact)
        theirs = of_case.reindex(rows.case_id).set_axis(rows.index).fillna("")
        made[column] = History(theirs, rows["at"], np.ones(len(rows))).before(whose, at)[0]
    made["weekday"], made["hour"] = at.dt.dayofweek, at.dt.hour
    return made.astype(float)
