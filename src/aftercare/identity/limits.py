"""Limits kept in PostgreSQL, each counted in a transaction of its own, so that what is refused still counts."""

import math
from datetime import datetime, timedelta

from sqlalchemy import text

from aftercare.identity.keys import keyed
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.errors import TooMany

USE = text(
    """
    INSERT INTO allowance AS a (key, used, ends_at) VALUES (:key, 1, CAST(:now AS timestamptz) + CAST(:per AS interval))
    ON CONFLICT (key) DO UPDATE SET
      used = CASE WHEN a.ends_at <= :now THEN 1 ELSE a.used + 1 END,
      ends_at = CASE WHEN a.ends_at <= :now THEN excluded.ends_at ELSE a.ends_at END
    WHERE a.used < :most OR a.ends_at <= :now
    RETURNING used
    """
)

ATTEMPT = text(
    """
    INSERT INTO sign_in_attempt AS a (key, failures, last_at, blocked_until) VALUES (:key, 1, :now, :now)
    ON CONFLICT (key) DO UPDATE SET
      failures = CASE WHEN a.last_at < :forgiven THEN 1 ELSE a.failures + 1 END,
      last_at = :now,
      blocked_until = CASE
        WHEN a.last_at < :forgiven OR a.failures + 1 < :free THEN :now
        ELSE :now + interval '1 second' * LEAST(power(2, LEAST(a.failures + 1 - :free, 20)), :longest) END
    WHERE a.blocked_until <= :now
    RETURNING failures
    """
)

FREE_FOR_ACCOUNT = 5
"""From this failure on one waits: 1 s, 2 s, 4 s … up to LONGEST_WAIT."""
FREE_FOR_ADDRESS = 20
"""Many people may sit behind one address."""
LONGEST_WAIT = timedelta(minutes=15)
FORGIVEN_AFTER = timedelta(hours=1)


def seconds_until(now: datetime, then: datetime) -> int:
    return max(1, math.ceil((then - now).total_seconds()))


async def limit(house: House, key: str, most: int, per: timedelta) -> None:
    """Uses one of `most` that `key` has in each window of `per`. Refuses with TooMany (`retry_after` seconds).

    Opens its own transaction: call it before you open a Work, not inside one."""
    hidden = keyed(house, "limit", key).hex()
    async with begin(house, SYSTEM) as work:
        now = work.now
        used = await work.session.execute(USE, {"key": hidden, "most": most, "per": per, "now": now})
        if used.one_or_none() is not None:
            return
        ends_at = await work.session.scalar(
            text("SELECT ends_at FROM allowance WHERE key = :key"), {"key": hidden}
        )
    raise TooMany(retry_after=seconds_until(now, ends_at or now))


async def count_attempt(work: Work, key: bytes, free: int) -> None:
    """Counts one attempt as failed until it proves otherwise, so that many at once cannot slip through together.
    Refuses with TooMany while the wait of the last failure runs."""
    counted = await work.session.execute(
        ATTEMPT,
        {
            "key": key,
            "now": work.now,
            "free": free,
            "longest": LONGEST_WAIT.total_seconds(),
            "forgiven": work.now - FORGIVEN_AFTER,
        },
    )
    if counted.one_or_none() is None:
        until = await work.session.scalar(
            text("SELECT blocked_until FROM sign_in_attempt WHERE key = :key"), {"key": key}
        )
        raise TooMany(retry_after=seconds_until(work.now, until or work.now))


async def forgive(work: Work, key: bytes) -> None:
    await work.session.execute(text("DELETE FROM sign_in_attempt WHERE key = :key"), {"key": key})


async def take_back(work: Work, key: bytes) -> None:
    """The attempt succeeded: it alone no longer counts."""
    await work.session.execute(
        text(
            "UPDATE sign_in_attempt SET failures = GREATEST(failures - 1, 0), blocked_until = :now WHERE key = :key"
        ),
        {"key": key, "now": work.now},
    )
