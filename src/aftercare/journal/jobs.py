"""Workers as the journal knows them: each says every few seconds that it lives, so that others can tell."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.journal.work import Work
from aftercare.kit.tables import Base

FORGOTTEN_AFTER = timedelta(days=1)


class WorkerBeat(Base):
    """One row per worker process. Its times are the database's own, which all processes share."""

    __tablename__ = "worker_beat"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    host: Mapped[str]
    leads: Mapped[bool]
    started_at: Mapped[datetime] = mapped_column(server_default=func.now())
    seen_at: Mapped[datetime]


async def beat(work: Work, worker_id: UUID, *, host: str, leads: bool) -> None:
    await work.session.execute(
        text(
            "INSERT INTO worker_beat (id, host, leads, seen_at) VALUES (:id, :host, :leads, now())"
            " ON CONFLICT (id) DO UPDATE SET leads = excluded.leads, seen_at = excluded.seen_at"
        ),
        {"id": worker_id, "host": host, "leads": leads},
    )


async def forget_beats(work: Work, worker_id: UUID | None = None) -> None:
    """Of one worker that leaves, or of all that have been silent for a day."""
    await work.session.execute(
        text("DELETE FROM worker_beat WHERE id = :id OR seen_at < now() - CAST(:silent AS interval)"),
        {"id": worker_id, "silent": FORGOTTEN_AFTER},
    )


async def last_beat(work: Work) -> timedelta | None:
    """How long ago the liveliest worker was heard; None if never."""
    silence: timedelta | None = await work.session.scalar(
        text("SELECT now() - max(seen_at) FROM worker_beat")
    )
    return silence


async def deliveries_by_state(work: Work) -> dict[str, int]:
    rows = await work.session.execute(text("SELECT state, count(*) AS number FROM delivery GROUP BY state"))
    return {"waiting": 0, "failed": 0, "set_aside": 0} | {row.state: row.number for row in rows}
