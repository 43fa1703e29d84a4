"""Clocks: start, pause, resume, extend, stop; and at the hour warn and fire, many at a time.

The verbs are called by the context that owns the subject, which has checked who asks and holds the subject's lock. A clock
that is due is fired by whoever comes first, once: the row is locked, skipped by others, and changes state in the transaction
that records the fact.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import text

from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.calendars import WorkingCalendar
from aftercare.kit.errors import Invalid
from aftercare.promises.calendars import calendars_by_id
from aftercare.promises.events import (
    ClockCancelled,
    ClockExtended,
    ClockFired,
    ClockKept,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockWarned,
)
from aftercare.promises.model import ClockNotRunning, ExtensionUsedUp, NoSuchClock
from aftercare.promises.policies import between, forward, preview_due, terms_for
from aftercare.promises.terms import ClockTerms

Outcome = Literal["kept", "cancelled"]


class ExtensionUnusable(Invalid):
    """An extension needs a reason and a length, at most as long as the deadline itself."""


TOLD = "id, shop_id, subject_kind, subject_id, name, due_at, policy"

START = f"""
    WITH replaced AS (
      UPDATE clock SET settled_at = :now,
        state = CASE WHEN state = 'fired' THEN 'fired' ELSE 'cancelled' END,
        ended_at = CASE WHEN state = 'fired' THEN ended_at ELSE :now END,
        paused_at = NULL, remaining = NULL, remaining_to_warning = NULL
      WHERE subject_id = :subject_id AND name = :name AND settled_at IS NULL
      RETURNING {TOLD}, state
    ), started AS (
      INSERT INTO clock (id, shop_id, subject_kind, subject_id, name, state, started_at, due_at, warn_at, length, business,
        calendar_id, policy, max_extensions)
      SELECT :id, :shop_id, :subject_kind, :subject_id, :name, 'running', :started_at, :due_at, :warn_at, :length, :business,
        :calendar_id, :policy, :max_extensions
      FROM (SELECT count(*) FROM replaced) AS first
      RETURNING 1
    )
    SELECT r.* FROM replaced r, (SELECT count(*) FROM started) AS done
"""  # noqa: S608  # only our own column names


def _told(row: Any) -> dict[str, Any]:
    """The fields of a fact about the clock in the row."""
    return {
        "shop_id": row.shop_id,
        "subject_id": row.subject_id,
        "clock_id": row.id,
        "subject_kind": row.subject_kind,
        "clock": row.name,
        "due_at": row.due_at,
        "policy": row.policy,
    }


async def start_clock(
    work: Work,
    *,
    shop_id: UUID,
    subject_kind: str,
    subject_id: UUID,
    name: str,
    terms: ClockTerms | None = None,
    started_at: datetime | None = None,
) -> UUID:
    """The new clock's id. Terms not given are the policy's. An open clock of the same name and subject is replaced: it counts
    as cancelled, unless it had fired. `started_at` may lie in the past (a carrier told late) and the clock be due at once.
    The caller holds the subject's lock: two starts of one clock at the same moment would collide. Refuses with
    NoTermsForClock, NoSuchCalendar."""
    terms = terms or await terms_for(work, shop_id, name)
    started_at = started_at or work.now
    due = await preview_due(work, shop_id, terms, started_at)
    clock_id = work.new_id()
    replaced = await work.rows(
        START,
        {
            "id": clock_id,
            "shop_id": shop_id,
            "subject_kind": subject_kind,
            "subject_id": subject_id,
            "name": name,
            "started_at": started_at,
            "due_at": due.due_at,
            "warn_at": due.warn_at,
            "length": due.length,
            "business": terms.business,
            "calendar_id": due.calendar_id,
            "policy": terms.policy,
            "max_extensions": terms.max_extensions,
            "now": work.now,
        },
    )
    for row in replaced:
        if row.state == "cancelled":
            work.record(ClockCancelled(**_told(row)))
    work.record(
        ClockStarted(
            shop_id=shop_id,
            subject_id=subject_id,
            clock_id=clock_id,
            subject_kind=subject_kind,
            clock=name,
            due_at=due.due_at,
            policy=terms.policy,
        )
    )
    return clock_id


STOP = f"""
    UPDATE clock SET settled_at = :now,
      state = CASE WHEN state = 'fired' THEN 'fired' ELSE :outcome END,
      ended_at = CASE WHEN state = 'fired' THEN ended_at ELSE :now END,
      paused_at = NULL, remaining = NULL, remaining_to_warning = NULL
    WHERE subject_id = :subject_id AND settled_at IS NULL AND (CAST(:names AS text[]) IS NULL OR name = ANY(:names))
    RETURNING {TOLD}, state
"""  # noqa: S608  # only our own column names


async def stop_clocks(
    work: Work, subject_id: UUID, names: Collection[str] | None = None, outcome: Outcome = "kept"
) -> int:
    """How many open clocks that stopped. Without names all of the subject's. A clock that had fired stays fired and is settled
    now; kept after it was due, a clock was kept late. Stopping what does not run is no mistake."""
    rows = await work.rows(
        STOP,
        {
            "now": work.now,
            "subject_id": subject_id,
            "names": None if names is None else list(names),
            "outcome": outcome,
        },
    )
    for row in rows:
        if outcome == "kept":
            late = row.state == "fired" or row.due_at < work.now
            work.record(ClockKept(**_told(row), late=late))
        elif row.state != "fired":
            work.record(ClockCancelled(**_told(row)))
    return len(rows)


async def stop_clock(work: Work, *, subject_id: UUID, name: str, outcome: Outcome = "kept") -> bool:
    """Whether one was open. See `stop_clocks`."""
    return bool(await stop_clocks(work, subject_id, [name], outcome))


TAKE_BACK = f"""
    UPDATE clock SET settled_at = NULL, state = CASE WHEN state = 'fired' THEN 'fired' ELSE 'running' END,
      ended_at = CASE WHEN state = 'fired' THEN ended_at END
    WHERE id = (SELECT id FROM clock WHERE subject_id = :subject_id AND name = :name AND settled_at >= :since
        ORDER BY settled_at DESC, id DESC LIMIT 1)
      AND NOT EXISTS (SELECT FROM clock WHERE subject_id = :subject_id AND name = :name AND settled_at IS NULL)
    RETURNING {TOLD}
"""  # noqa: S608  # only our own column names


async def take_back_clock(work: Work, *, subject_id: UUID, name: str, since: datetime) -> bool:
    """What stopped a clock, then or later, was a slip: it goes on, due when it was, and at once if that has passed. Whether there
    was one."""
    rows = await work.rows(TAKE_BACK, {"subject_id": subject_id, "name": name, "since": since})
    for row in rows:
        work.record(ClockResumed(**_told(row)))
    return bool(rows)


COUNTING = text(
    f"""
    SELECT {TOLD}, state, warn_at, warned_at, remaining, remaining_to_warning, business, calendar_id FROM clock
    WHERE subject_id = :subject_id AND settled_at IS NULL AND state = :state
      AND (CAST(:names AS text[]) IS NULL OR name = ANY(:names))
    ORDER BY id FOR UPDATE
    """  # noqa: S608  # only our own column names
)

PAUSE = text(
    """
    UPDATE clock c SET state = 'paused', paused_at = :now, remaining = p.remaining, remaining_to_warning = p.to_warning
    FROM unnest(CAST(:ids AS uuid[]), CAST(:remaining AS interval[]), CAST(:to_warning AS interval[]))
      AS p(id, remaining, to_warning) WHERE c.id = p.id
    """
)

RESUME = text(
    """
    UPDATE clock c SET state = 'running', paused_at = NULL, remaining = NULL, remaining_to_warning = NULL,
      due_at = p.due_at, warn_at = coalesce(p.warn_at, least(c.warn_at, p.due_at))
    FROM unnest(CAST(:ids AS uuid[]), CAST(:due_at AS timestamptz[]), CAST(:warn_at AS timestamptz[]))
      AS p(id, due_at, warn_at) WHERE c.id = p.id
    """
)


async def _calendars(work: Work, rows: Sequence[Any]) -> dict[UUID, WorkingCalendar | None]:
    """By clock; None for one that counts real time."""
    found = await calendars_by_id(work, {(row.shop_id, row.calendar_id) for row in rows if row.business})
    return {row.id: found[row.shop_id, row.calendar_id] if row.business else None for row in rows}


async def pause_clocks(work: Work, subject_id: UUID, names: Collection[str] | None = None) -> int:
    """How many stood still. What is left is kept in the clock's own kind of time. One that is due already is not saved by a
    pause: it fires."""
    rows = [
        row
        for row in (
            await work.session.execute(
                COUNTING,
                {
                    "subject_id": subject_id,
                    "state": "running",
                    "names": None if names is None else list(names),
                },
            )
        ).all()
        if row.due_at > work.now
    ]
    if not rows:
        return 0
    calendars = await _calendars(work, rows)
    await work.session.execute(
        PAUSE,
        {
            "now": work.now,
            "ids": [row.id for row in rows],
            "remaining": [between(calendars[row.id], work.now, row.due_at) for row in rows],
            "to_warning": [
                None
                if row.warn_at is None or row.warned_at is not None
                else max(between(calendars[row.id], work.now, row.warn_at), timedelta(0))
                for row in rows
            ],
        },
    )
    for row in rows:
        work.record(ClockPaused(**_told(row)))
    return len(rows)


async def resume_clocks(work: Work, subject_id: UUID, names: Collection[str] | None = None) -> int:
    """How many go on, each with a new due time."""
    rows = (
        await work.session.execute(
            COUNTING,
            {"subject_id": subject_id, "state": "paused", "names": None if names is None else list(names)},
        )
    ).all()
    if not rows:
        return 0
    calendars = await _calendars(work, rows)
    due = {row.id: forward(calendars[row.id], work.now, row.remaining) for row in rows}
    await work.session.execute(
        RESUME,
        {
            "ids": list(due),
            "due_at": list(due.values()),
            "warn_at": [
                None
                if row.remaining_to_warning is None
                else forward(calendars[row.id], work.now, row.remaining_to_warning)
                for row in rows
            ],
        },
    )
    for row in rows:
        work.record(ClockResumed(**_told(row) | {"due_at": due[row.id]}))
    return len(rows)


async def extend_clock(work: Work, clock_id: UUID, by: timedelta, reason: str) -> datetime:
    """The new due time; `by` is in the clock's own kind of time. A paused clock gets more to go on with, and the due time
    that it would have now. Refuses with NoSuchClock, ClockNotRunning (also when it is due), ExtensionUsedUp,
    ExtensionUnusable."""
    row = (
        await work.session.execute(
            text(
                f"SELECT {TOLD}, state, warn_at, warned_at, paused_at, remaining, remaining_to_warning, length, business,"  # noqa: S608
                " calendar_id, extensions, max_extensions FROM clock WHERE id = :id FOR UPDATE"
            ),
            {"id": clock_id},
        )
    ).one_or_none()
    if row is None:
        raise NoSuchClock(clock_id=clock_id)
    if row.state not in ("running", "paused") or (row.state == "running" and row.due_at <= work.now):
        raise ClockNotRunning(clock_id=clock_id, state=row.state, due_at=row.due_at)
    if row.extensions >= row.max_extensions:
        raise ExtensionUsedUp(clock_id=clock_id, allowed=row.max_extensions)
    if not reason.strip() or not timedelta(0) < by <= row.length:
        raise ExtensionUnusable(longest_seconds=int(row.length.total_seconds()))
    calendar = (await _calendars(work, [row]))[row.id]
    due_at = forward(calendar, row.due_at, by)
    warn_at = None if row.warn_at is None else forward(calendar, row.warn_at, by)
    warned_at = row.warned_at if warn_at is None or warn_at <= (row.paused_at or work.now) else None
    to_warning = None
    if row.state == "paused" and warn_at is not None and warned_at is None:
        to_warning = between(calendar, row.paused_at, warn_at)
    await work.session.execute(
        text(
            "UPDATE clock SET due_at = :due_at, warn_at = :warn_at, warned_at = :warned_at, remaining = remaining + :by,"
            " remaining_to_warning = :to_warning, extensions = extensions + 1, extension_reason = :reason WHERE id = :id"
        ),
        {
            "id": clock_id,
            "due_at": due_at,
            "warn_at": warn_at,
            "warned_at": warned_at,
            "to_warning": to_warning,
            "by": by,
            "reason": reason.strip(),
        },
    )
    work.record(ClockExtended(**_told(row) | {"due_at": due_at}, before=row.due_at))
    return due_at


FIRE = text(
    f"""
    WITH due AS (
      SELECT id FROM clock WHERE state = 'running' AND due_at <= :now
      ORDER BY due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE clock SET state = 'fired', ended_at = due_at WHERE id = ANY(ARRAY(SELECT id FROM due))
    RETURNING {TOLD}
    """  # noqa: S608  # only our own column names
)

WARN = text(
    f"""
    WITH due AS (
      SELECT id FROM clock WHERE state = 'running' AND warned_at IS NULL AND warn_at <= :now AND due_at > :now
      ORDER BY warn_at LIMIT :limit FOR UPDATE SKIP LOCKED
    )
    UPDATE clock SET warned_at = :now WHERE id = ANY(ARRAY(SELECT id FROM due))
    RETURNING {TOLD}
    """  # noqa: S608  # only our own column names
)


async def fire_due(work: Work, limit: int = 5000) -> int:
    """Fires clocks that are due, those due longest first; call again until it returns 0. Two workers at once share the work,
    and what a crash rolls back is due again."""
    return await _ring(work, FIRE, ClockFired, limit)


async def warn_due(work: Work, limit: int = 5000) -> int:
    """Warns once of each clock whose warning has come and that is not due yet."""
    return await _ring(work, WARN, ClockWarned, limit)


async def _ring(work: Work, statement: Any, fact: type[ClockFired] | type[ClockWarned], limit: int) -> int:
    rows = (await work.session.execute(statement, {"now": work.now, "limit": limit})).all()
    # Ours and typed already: checking thousands once more would cost more than the update.
    for row in sorted(rows, key=lambda row: (row.due_at, row.id)):
        work.record(fact.model_construct(**_told(row)))
    return len(rows)


async def ring(house: House, *, limit: int = 5000) -> int:
    """How many clocks warned or fired: all that is due, in batches, each in a Work of its own. What the worker calls."""
    rung = 0
    for verb in (fire_due, warn_due):
        while True:
            async with begin(house, SYSTEM) as work:
                now = await verb(work, limit)
            rung += now
            if now < limit:
                break
    return rung


async def next_due(work: Work) -> datetime | None:
    """When the next clock is due or warns: how long a worker may sleep."""
    moment: datetime | None = await work.session.scalar(
        text(
            "SELECT least((SELECT min(due_at) FROM clock WHERE state = 'running'),"
            " (SELECT min(warn_at) FROM clock WHERE state = 'running' AND warned_at IS NULL AND warn_at < due_at))"
        )
    )
    return moment
