"""Clocks: many promises fall due at once, and a real worker works them off: rung, relayed, reacted to."""

import asyncio
import multiprocessing
import time
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.ground import Ground, owner
from bench.relay import run_worker

SECONDS_ALLOWED = 60.0

DUE = """
INSERT INTO clock (id, shop_id, subject_kind, subject_id, name, state, started_at, due_at, length, business, policy, max_extensions)
SELECT gen_random_uuid(), s.id, 'claim', gen_random_uuid(), 'claim.ship', 'running', $1::timestamptz - interval '8 days',
  $1::timestamptz - interval '1 second' * (n % 600), interval '7 days', false, 'default', 1
FROM generate_series(1, $2::int) n, LATERAL (SELECT id FROM shop OFFSET n % (SELECT count(*) FROM shop) LIMIT 1) s
"""
LEFT = """
SELECT (SELECT count(*) FROM clock WHERE state = 'running') AS running, (SELECT count(*) FROM delivery) AS deliveries,
  (SELECT count(*) FROM fact f WHERE f.name = 'clock.fired') AS fired
"""


@dataclass
class Result:
    """`rung` when every clock had fired, `seconds` when every reaction had run as well."""

    clocks: int
    rung_seconds: float
    seconds: float
    per_second: float
    allowed_seconds: float


async def _measure(ground: Ground, database: str, clocks: int) -> Result:
    url = ground.url(database)
    connection = await owner(url)
    try:
        for number in range(8):
            await connection.execute(
                "INSERT INTO shop (id, code, name, market, locale, time_zone, currency, created_at)"
                " VALUES (gen_random_uuid(), $1, $1, 'CN', 'zh-CN', 'Asia/Shanghai', 'CNY', now())",
                f"clock-{number}",
            )
        await connection.execute(DUE, datetime.now(UTC), clocks)
        await connection.execute("ANALYZE")
        worker = multiprocessing.get_context("spawn").Process(target=run_worker, args=(url,))
        began, rung = time.monotonic(), 0.0
        worker.start()
        try:
            while time.monotonic() - began < 10 * SECONDS_ALLOWED:
                await asyncio.sleep(0.25)
                left = await connection.fetchrow(LEFT)
                if not rung and left["running"] == 0:
                    rung = time.monotonic() - began
                behind = await connection.fetchval(
                    "SELECT count(*) FROM fact f, reader r WHERE r.name = 'relay' AND (f.transaction, f.position) > (r.transaction, r.position)"
                )
                if rung and left["fired"] == clocks and left["deliveries"] == 0 and behind == 0:
                    break
            took = time.monotonic() - began
        finally:
            worker.terminate()
            await asyncio.to_thread(worker.join, 30)
    finally:
        await connection.close()
    return Result(clocks, round(rung, 1), round(took, 1), round(clocks / took, 1), SECONDS_ALLOWED)


def measure(ground: Ground, clocks: int) -> Result:
    """From the start of the worker on."""
    database = "bench_clocks"
    ground.drop(database)
    ground.make(database)
    try:
        return asyncio.run(_measure(ground, database, clocks))
    finally:
        ground.drop(database)
