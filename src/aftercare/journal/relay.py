"""The relay turns facts into deliveries, and deliveries into reactions.

It reads by the cursor (transaction, position) below the oldest transaction still running, so that a fact committed late by
a slow writer is never jumped over. A delivery row lives exactly as long as its reaction has not happened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from aftercare.journal.actors import SYSTEM
from aftercare.journal.facts import FACTS
from aftercare.journal.reactions import AFTER, Reaction
from aftercare.journal.work import House, Work, begin

log = structlog.get_logger()

MOST_ATTEMPTS = 8
CURSOR = "relay"
SHARES = tuple(UUID(int=number) for number in range(4))
"""A reaction that takes many facts at once has its lanes in so many shares, each of which is run by one at a time."""
BATCHES_AT_ONCE = 10
"""A share that has more waiting is queued again, so that a worker that is told to stop need not finish all of it."""

READ = """
    SELECT position, transaction::text::bigint AS transaction, at, name, shop_id, data FROM fact
    WHERE (fact.transaction, fact.position) > (CAST(CAST(:transaction AS text) AS xid8), :position) {horizon}
    ORDER BY fact.transaction, fact.position LIMIT :limit
"""
READ_SETTLED = text(READ.format(horizon="AND fact.transaction < pg_snapshot_xmin(pg_current_snapshot())"))
READ_ALL = text(READ.format(horizon=""))

DELIVER = text(
    """
    INSERT INTO delivery (reaction, position, transaction, at, lane, next_at)
    SELECT d.reaction, d.position, d.transaction::text::xid8, d.at, d.lane, d.at
    FROM unnest(CAST(:reactions AS text[]), CAST(:positions AS bigint[]), CAST(:transactions AS bigint[]),
                CAST(:ats AS timestamptz[]), CAST(:lanes AS uuid[])) AS d(reaction, position, transaction, at, lane)
    ON CONFLICT DO NOTHING
    """
)


@dataclass(frozen=True)
class Lane:
    """The facts of one subject on their way to one reaction; or of all subjects of a share, when it takes many at once."""

    reaction: str
    subject: UUID

    @property
    def shared(self) -> "Lane":
        """What runs it: itself, or its share."""
        reaction = AFTER.get(self.reaction)
        if reaction is None or reaction.in_batches_of is None:
            return self
        return Lane(self.reaction, SHARES[self.subject.int % len(SHARES)])


@dataclass(frozen=True)
class Relayed:
    read: int
    lanes: list[Lane]


def _listeners() -> dict[str, list[Reaction]]:
    by_fact: dict[str, list[Reaction]] = {}
    for reaction in AFTER.values():
        for name in reaction.facts:
            by_fact.setdefault(name, []).append(reaction)
    return by_fact


CURSOR_ROW = text(
    "SELECT transaction::text::bigint AS transaction, position FROM reader WHERE name = :name FOR UPDATE"
)


async def relay(work: Work, *, limit: int = 5_000, only_writer: bool = False) -> Relayed:
    """One step: reads the next facts and lays out their deliveries. `only_writer` is for a process that knows that nobody
    writes beside it (the demo, tests): it may read what its own open transaction wrote."""
    cursor = (await work.session.execute(CURSOR_ROW, {"name": CURSOR})).one_or_none()
    if cursor is None:
        await work.session.execute(
            text("INSERT INTO reader (name) VALUES (:name) ON CONFLICT DO NOTHING"), {"name": CURSOR}
        )
        cursor = (await work.session.execute(CURSOR_ROW, {"name": CURSOR})).one()
    rows = (
        await work.session.execute(
            READ_ALL if only_writer else READ_SETTLED,
            {"transaction": str(cursor.transaction), "position": cursor.position, "limit": limit},
        )
    ).all()
    if not rows:
        return Relayed(0, [])
    by_fact = _listeners()
    deliveries: list[tuple[str, int, int, datetime, UUID]] = []
    for row in rows:
        listeners = by_fact.get(row.name)
        if not listeners:
            continue
        fact = FACTS[row.name].read(row.data, row.shop_id)
        for reaction in listeners:
            if reaction.when is not None and not reaction.when(fact):
                continue
            lane = fact.subject(reaction.in_order_of) or fact.subject() or UUID(int=0)
            deliveries.append((reaction.name, row.position, row.transaction, row.at, lane))
    if deliveries:
        columns = list(zip(*deliveries, strict=True))
        await work.session.execute(
            DELIVER,
            dict(
                zip(
                    ("reactions", "positions", "transactions", "ats", "lanes"),
                    map(list, columns),
                    strict=True,
                )
            ),
        )
    last = rows[-1]
    await work.session.execute(
        text(
            "UPDATE reader SET transaction = CAST(CAST(:transaction AS text) AS xid8), position = :position WHERE name = :name"
        ),
        {"name": CURSOR, "transaction": str(last.transaction), "position": last.position},
    )
    lanes = {Lane(reaction, lane).shared: None for reaction, _, _, _, lane in deliveries}
    return Relayed(len(rows), list(lanes))


# With its fact, and whether more waits behind it: what comes in later is queued as a lane of its own.
NEXT_IN_LANE = text(
    """
    WITH next AS (
      SELECT position, at, state, next_at, attempts, count(*) OVER () > 1 AS more FROM (
        SELECT * FROM delivery WHERE reaction = :reaction AND lane = :lane AND state <> 'set_aside'
        ORDER BY transaction, position LIMIT 2
      ) two ORDER BY transaction, position LIMIT 1
    )
    SELECT next.*, f.name, f.shop_id, f.data, f.request_id FROM next LEFT JOIN fact f
    ON f.at = next.at AND f.position = next.position
    """
)
LOCK_LANE = text(
    "SELECT pg_advisory_xact_lock(hashtextextended(:reaction || CAST(CAST(:lane AS uuid) AS text), 0))"
)
DONE = text("DELETE FROM delivery WHERE reaction = :reaction AND position = :position")


@dataclass(frozen=True)
class Ran:
    """How a lane was left: `ran` reactions happened; `again_at` when the next attempt is due, if one waits."""

    ran: int
    again_at: datetime | None


async def run_lane(house: House, lane: Lane) -> Ran:
    """Runs what waits in the lane, in order, until it is empty, not yet due, or held by a failure. A share is left when it is
    empty, or after a number of batches."""
    if lane.subject in SHARES and lane.shared == lane:
        return await _run_share(house, lane)
    return await _run_one_by_one(house, lane)


async def _run_one_by_one(house: House, lane: Lane) -> Ran:
    ran = 0
    while True:
        outcome = await _run_next(house, lane)
        if outcome is None or isinstance(outcome, datetime):
            return Ran(ran, outcome)
        ran += 1
        if not outcome:
            return Ran(ran, None)


async def _run_next(house: House, lane: Lane) -> bool | datetime | None:
    """When one ran, whether more waits; None when nothing can run; else when the next attempt is due."""
    reaction = AFTER.get(lane.reaction)
    if reaction is None:
        return None
    which = {"reaction": lane.reaction, "lane": lane.subject}
    position: int | None = None
    try:
        async with begin(house, SYSTEM) as work:
            # An advisory lock, not a row lock: it takes no transaction id, so a slow reaction never holds the relay up.
            await work.session.execute(LOCK_LANE, which | {"lane": lane.shared.subject})
            row = (await work.session.execute(NEXT_IN_LANE, which)).one_or_none()
            if row is None or row.state == "failed":
                return None
            if row.attempts > 0 and row.next_at > house.clock():
                return row.next_at  # type: ignore[no-any-return]
            position = row.position
            fact = FACTS[row.name].read(row.data, row.shop_id)
            work.cause, work.request_id = row.position, row.request_id
            if reaction.outside:
                await reaction.run(house, fact)
            else:
                await reaction.run(work, fact)
            await work.session.execute(DONE, {"reaction": lane.reaction, "position": row.position})
        return bool(row.more)
    except Exception as failure:
        if position is None:
            raise
        return await _note_failure(house, lane, position, failure)


IN_SHARE = f"get_byte(uuid_send(d.lane), 15) % {len(SHARES)} = :share"  # the same as in Lane.shared

# Lanes in which something has failed are run one by one. `position` alone says roughly what is oldest, by an index; what has an
# older one of its own lane before it that is not among these waits for the next batch.
NEXT_IN_SHARE = text(
    f"""
    WITH next AS (
      SELECT position, transaction, at, lane FROM delivery d
      WHERE reaction = :reaction AND state = 'waiting' AND attempts = 0 AND {IN_SHARE}
        AND NOT EXISTS (SELECT FROM delivery h WHERE h.reaction = d.reaction AND h.lane = d.lane AND h.attempts > 0
          AND h.state <> 'set_aside')
      ORDER BY position LIMIT :many
    )
    SELECT d.position, d.lane, f.name, f.shop_id, f.data, f.request_id FROM next d
    JOIN fact f ON f.at = d.at AND f.position = d.position
    WHERE NOT EXISTS (SELECT FROM delivery e WHERE e.reaction = :reaction AND e.lane = d.lane AND e.state = 'waiting'
      AND (e.transaction, e.position) < (d.transaction, d.position) AND e.position NOT IN (SELECT position FROM next))
    ORDER BY d.transaction, d.position
    """  # noqa: S608  # only our own condition
)
HELD_IN_SHARE = text(
    f"""
    SELECT lane, min(next_at) AS next_at FROM delivery d
    WHERE reaction = :reaction AND state = 'waiting' AND attempts > 0 AND {IN_SHARE} GROUP BY lane ORDER BY 2
    """  # noqa: S608  # only our own condition
)
ALL_DONE = text("DELETE FROM delivery WHERE reaction = :reaction AND position = ANY(:positions)")


async def _run_share(house: House, lane: Lane) -> Ran:
    reaction, ran = AFTER[lane.reaction], 0
    for _ in range(BATCHES_AT_ONCE):
        rows, happened = await _run_batch(house, reaction, lane)
        if happened:
            ran += len(rows)
        else:
            for subject in dict.fromkeys(row.lane for row in rows):
                ran += (await _run_one_by_one(house, Lane(lane.reaction, subject))).ran
        if len(rows) < (reaction.in_batches_of or 1):
            break
    else:
        return Ran(ran, house.clock())
    async with begin(house, SYSTEM) as work:
        held = (await work.session.execute(HELD_IN_SHARE, _which(lane))).all()
    again = [row.next_at for row in held if row.next_at > work.now]
    for row in held:
        if row.next_at <= work.now:
            left = await _run_one_by_one(house, Lane(lane.reaction, row.lane))
            ran += left.ran
            again += [left.again_at] if left.again_at is not None else []
    return Ran(ran, min(again, default=None))


def _which(lane: Lane) -> dict[str, Any]:
    return {"reaction": lane.reaction, "share": SHARES.index(lane.subject)}


async def _run_batch(house: House, reaction: Reaction, lane: Lane) -> tuple[Sequence[Any], bool]:
    """What was next, and whether the reaction has happened to all of it or to none."""
    rows: Sequence[Any] = ()
    try:
        async with begin(house, SYSTEM) as work:
            await work.session.execute(LOCK_LANE, {"reaction": lane.reaction, "lane": lane.subject})
            found = await work.session.execute(
                NEXT_IN_SHARE, {**_which(lane), "many": reaction.in_batches_of}
            )
            rows = found.all()
            if rows:
                facts = [FACTS[row.name].read(row.data, row.shop_id) for row in rows]
                for row, fact in zip(rows, facts, strict=True):
                    work.follows(fact, row.position, row.request_id)
                await reaction.run_batch(work, facts)
                await work.session.execute(
                    ALL_DONE, {"reaction": lane.reaction, "positions": [row.position for row in rows]}
                )
    except Exception as failure:
        if not rows:
            raise
        log.warning(
            "a batch failed: one by one now", reaction=lane.reaction, facts=len(rows), error=repr(failure)
        )
        return rows, False
    return rows, True


async def _note_failure(house: House, lane: Lane, position: int, failure: Exception) -> datetime | None:
    log.warning(
        "reaction failed", reaction=lane.reaction, position=position, error=repr(failure), exc_info=failure
    )
    async with begin(house, SYSTEM) as work:
        row = (
            await work.session.execute(
                text(
                    """
                    UPDATE delivery SET attempts = attempts + 1, error = :error,
                      state = CASE WHEN attempts + 1 >= :most THEN 'failed' ELSE state END,
                      next_at = CAST(:now AS timestamptz) + LEAST(interval '1 second' * power(3, attempts), interval '1 hour')
                    WHERE reaction = :reaction AND position = :position RETURNING state, next_at
                    """
                ),
                {
                    "error": f"{type(failure).__name__}: {failure}"[:2000],
                    "most": MOST_ATTEMPTS,
                    "reaction": lane.reaction,
                    "position": position,
                    "now": house.clock(),
                },
            )
        ).one_or_none()
    return None if row is None or row.state == "failed" else row.next_at


async def lanes_waiting(work: Work, *, idle_for: timedelta, limit: int = 1_000) -> Sequence[Lane]:
    """Lanes whose next delivery has been due for `idle_for`: what a killed worker left, or a retry that came due."""
    rows = await work.session.execute(
        LANES_WAITING,
        {
            "before": work.now - idle_for,
            "limit": limit,
            "batched": [name for name, reaction in AFTER.items() if reaction.in_batches_of is not None],
            "shares": list(SHARES),
        },
    )
    return [Lane(row.reaction, row.lane) for row in rows]


LANES_WAITING = text(
    f"""
    SELECT DISTINCT reaction, CASE WHEN reaction = ANY(:batched)
      THEN (CAST(:shares AS uuid[]))[1 + get_byte(uuid_send(d.lane), 15) % {len(SHARES)}] ELSE lane END AS lane
    FROM delivery d WHERE state = 'waiting' AND next_at <= :before
      AND NOT EXISTS (SELECT FROM delivery f WHERE f.reaction = d.reaction AND f.lane = d.lane AND f.state = 'failed')
    LIMIT :limit
    """  # noqa: S608  # only how many shares there are
)


async def drain(house: House, *, only_writer: bool = True) -> int:
    """Relays and runs until nothing is left that can run; for the demo, tests and `aftercare journal drain`. Returns how
    many reactions ran."""
    ran = 0
    while True:
        async with begin(house, SYSTEM) as work:
            relayed = await relay(work, only_writer=only_writer)
            lanes = relayed.lanes or (
                [] if relayed.read else await lanes_waiting(work, idle_for=timedelta(0))
            )
        ran_now = sum([(await run_lane(house, lane)).ran for lane in lanes])
        if not ran_now and not relayed.read:
            return ran
        ran += ran_now


async def retry(work: Work, reaction: str, position: int) -> Lane | None:
    """Lets a failed or set-aside delivery run again. None when there is no such delivery any more."""
    return await _put(work, reaction, position, "waiting")


async def set_aside(work: Work, reaction: str, position: int) -> Lane | None:
    """Takes a failed delivery out of its lane, so that what waits behind it goes on."""
    return await _put(work, reaction, position, "set_aside")


async def _put(work: Work, reaction: str, position: int, state: str) -> Lane | None:
    row = (
        await work.session.execute(
            text(
                """
                UPDATE delivery SET state = :state, attempts = 0, next_at = :now
                WHERE reaction = :reaction AND position = :position AND state IN ('failed', 'set_aside') RETURNING lane
                """
            ),
            {"state": state, "reaction": reaction, "position": position, "now": work.now},
        )
    ).one_or_none()
    return None if row is None else Lane(reaction, row.lane)
