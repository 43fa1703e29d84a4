"""Clocks: many promises fall due at once, and a real worker works them off: rung, relayed, reacted to."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.ground import Ground, owner
from bench.relay import working
from bench.requests import a_world

SECONDS_ALLOWED = 60.0

DUE = """
WITH due AS (
  UPDATE clock k SET state = 'running', ended_at = NULL, settled_at = NULL, started_at = $1::timestamptz - interval '4 days',
    due_at = $1::timestamptz - interval '1 second' * (random() * 600)
  FROM (SELECT id FROM clock WHERE name = 'case.resolution' ORDER BY id DESC LIMIT $2) newest WHERE k.id = newest.id
  RETURNING k.subject_id
)
UPDATE service_case c SET status = 'waiting_shop', waiting_since = $1::timestamptz - interval '4 days', closed_at = NULL, closing = NULL
FROM due WHERE c.id = due.subject_id
"""
LEFT = """
SELECT (SELECT count(*) FROM clock WHERE state = 'running' AND due_at <= $1) AS due,
  EXISTS (SELECT FROM delivery) AS waiting,
  EXISTS (SELECT FROM fact f, reader r WHERE r.name = 'relay' AND f.transaction >= r.transaction AND (f.transaction, f.position) > (r.transaction, r.position))
    AS unread
"""


@dataclass
class Result:
    """`rung_seconds` until every clock had fired, `seconds` until every reaction had run as well, and what followed from it."""

    clocks: int
    rung_seconds: float
    seconds: float
    per_second: float
    allowed_seconds: float


async def _measure(ground: Ground, database: str, clocks: int) -> Result:
    url = ground.url(database)
    connection = await owner(url)
    try:
        # Neither what the world told long ago nor other clocks of it are to be worked off.
        await connection.execute(
            "UPDATE clock SET due_at = due_at + interval '30 days' WHERE state = 'running'"
        )
        await connection.execute(
            "INSERT INTO reader SELECT 'relay', max(transaction), max(position) FROM fact"
        )
        await connection.execute(DUE, datetime.now(UTC), clocks)
        await connection.execute("ANALYZE")
        began, rung = time.monotonic(), 0.0
        with working(url, ground.home / "home"):
            while time.monotonic() - began < 10 * SECONDS_ALLOWED:
                await asyncio.sleep(0.25)
                left = await connection.fetchrow(LEFT, datetime.now(UTC))
                if not rung and left["due"] == 0:
                    rung = time.monotonic() - began
                if rung and not left["waiting"] and not left["unread"]:
                    break
            took = time.monotonic() - began
    finally:
        await connection.close()
    return Result(clocks, round(rung, 1), round(took, 1), round(clocks / took, 1), SECONDS_ALLOWED)


def measure(ground: Ground, clocks: int) -> Result:
    """From the start of the worker on."""
    world, _ = a_world(ground, max(10_000, 2 * clocks))
    database = "bench_clocks"
    ground.copy(world, database)
    try:
        return asyncio.run(_measure(ground, database, clocks))
    finally:
        ground.drop(database)
