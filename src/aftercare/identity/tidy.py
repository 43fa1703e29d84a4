"""What has served its time goes: contacts and addresses are people's own, and are kept no longer than they are of use."""

from datetime import datetime, timedelta

from sqlalchemy import text

from aftercare.journal import Work

KEPT = {
    "entry_code": ("expires_at", timedelta(days=1)),
    "password_link": ("expires_at", timedelta(days=30)),
    "sign_in_attempt": ("last_at", timedelta(days=1)),
    "allowance": ("ends_at", timedelta(0)),
}
SESSIONS_KEPT = timedelta(days=30)


async def tidy(work: Work) -> int:
    """Removes expired codes, links, counters and sessions; returns how many rows. For the worker, once an hour."""
    gone = 0
    for table, (column, kept) in KEPT.items():
        statement = f"DELETE FROM {table} WHERE {column} < :before"  # noqa: S608  # our own names
        gone += await _delete(work, statement, work.now - kept)
    return gone + await _delete(
        work,
        "DELETE FROM session WHERE expires_at < :before OR closed_at < :before",
        work.now - SESSIONS_KEPT,
    )


async def _delete(work: Work, statement: str, before: datetime) -> int:
    counted = f"WITH gone AS ({statement} RETURNING 1) SELECT count(*) FROM gone"  # noqa: S608  # our own names
    return await work.session.scalar(text(counted), {"before": before}) or 0
