"""Reading the journal: timelines, the audit trail, what failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.journal.facts import FACTS
from aftercare.journal.work import Work
from aftercare.kit.paging import Page, page, read_mark


class Entry(BaseModel):
    """One line of a timeline or of the audit trail."""

    position: int
    at: datetime
    name: str
    actor_kind: str
    actor_id: UUID | None
    shop_id: UUID | None
    cause: int | None
    data: dict[str, Any]


TIMELINE = """
    SELECT f.position, f.at, f.name, f.actor_kind, f.actor_id, f.shop_id, f.cause, f.data
    FROM (SELECT at, position FROM fact_object WHERE object_id = ANY(:objects) {after}
          GROUP BY at, position ORDER BY at DESC, position DESC LIMIT :fetch) o
    JOIN fact f ON f.at = o.at AND f.position = o.position
    {names} ORDER BY f.at DESC, f.position DESC
"""


async def timeline(
    work: Work, *objects: UUID, after: str | None = None, limit: int = 100, public: bool = False
) -> Page[Entry]:
    """All facts about the objects, newest first. `public` leaves only what the customer may see. Whoever calls has
    already shown that the actor may see the objects."""
    begins = read_mark(after, (datetime, int))
    sql = TIMELINE.format(
        after="AND (at, position) < (:at, :position)" if begins else "",
        names="WHERE f.name = ANY(:names)" if public else "",
    )
    rows = await work.read(
        sql,
        {
            "objects": list(objects),
            "fetch": limit + 1,
            **({"at": begins[0], "position": begins[1]} if begins else {}),
            **({"names": [name for name, fact in FACTS.items() if fact.public]} if public else {}),
        },
    )
    # With names left out, a page may be shorter than asked; it still ends where the unfiltered page ended.
    kept, following = page(rows, limit, lambda row: (row.at, row.position))
    # Our own columns: nothing to check a second time.
    return Page(items=[Entry.model_construct(**row._mapping) for row in kept], next=following)


async def audit(
    work: Work,
    *,
    names: Sequence[str] = (),
    actor_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[Entry]:
    """The whole journal as the actor may see it, newest first. Needs `journal.read`."""
    work.require("journal.read")
    begins = read_mark(after, (datetime, int))
    conditions, values = ["true"], {"fetch": limit + 1}  # type: tuple[list[str], dict[str, Any]]
    for given, condition, value in (
        (bool(names), "name = ANY(:names)", {"names": list(names)}),
        (actor_id is not None, "actor_id = :actor_id", {"actor_id": actor_id}),
        (since is not None, "at >= :since", {"since": since}),
        (until is not None, "at < :until", {"until": until}),
        (
            begins is not None,
            "(at, position) < (:at, :position)",
            dict(zip(("at", "position"), begins or (), strict=False)),
        ),
    ):
        if given:
            conditions.append(condition)
            values |= value
    rows = (
        await work.session.execute(
            text(
                "SELECT position, at, name, actor_kind, actor_id, shop_id, cause, data FROM fact WHERE "  # noqa: S608  # only our own conditions
                + " AND ".join(conditions)
                + " ORDER BY at DESC, position DESC LIMIT :fetch"
            ),
            values,
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.at, row.position))
    return Page(items=[Entry.model_validate(row._mapping) for row in kept], next=following)


class FailedDelivery(BaseModel):
    reaction: str
    position: int
    fact: str
    at: datetime
    state: str
    attempts: int
    error: str | None
    held_behind: int
    """How many later facts of the same subject wait behind it."""


async def failed_deliveries(work: Work, *, limit: int = 200) -> list[FailedDelivery]:
    """Reactions that gave up or were set aside, newest first. Needs `journal.operate`."""
    work.require("journal.operate")
    rows = await work.session.execute(
        text(
            """
            SELECT d.reaction, d.position, f.name AS fact, d.at, d.state, d.attempts, d.error,
              (SELECT count(*) FROM delivery w WHERE w.reaction = d.reaction AND w.lane = d.lane AND w.state = 'waiting')
                AS held_behind
            FROM delivery d JOIN fact f ON f.at = d.at AND f.position = d.position
            WHERE d.state IN ('failed', 'set_aside') ORDER BY d.transaction DESC, d.position DESC LIMIT :limit
            """
        ),
        {"limit": limit},
    )
    return [FailedDelivery.model_validate(row._mapping) for row in rows]


async def ensure_months(work: Work, first: datetime, last: datetime) -> None:
    """Makes the journal's monthly partitions from `first` to `last`, both included."""
    await work.session.execute(
        text(
            "SELECT ensure_fact_month(m) FROM generate_series(date_trunc('month', CAST(:first AS timestamptz)), :last,"
            " interval '1 month') AS m"
        ),
        {"first": first, "last": last},
    )
