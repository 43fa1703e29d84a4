"""Reading promises: the clocks of a list's rows, the clocks that run, the promise board."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.journal import Work
from aftercare.kit.calendars import zone
from aftercare.kit.errors import Invalid
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark
from aftercare.promises.model import ClockState


class PeriodUnusable(Invalid):
    """A period begins before it ends, lasts at most two years, and its days need a time zone."""


class ClockView(BaseModel):
    """`met_at`: when the promise was kept. `left_seconds`: of a paused clock, in its own kind of time. A fired clock whose
    `settled_at` is null is broken and still open."""

    id: UUID
    shop_id: UUID
    subject_kind: str
    subject_id: UUID
    name: str
    state: ClockState
    started_at: datetime
    due_at: datetime
    warn_at: datetime | None
    paused_at: datetime | None
    left_seconds: int | None
    met_at: datetime | None
    settled_at: datetime | None
    business: bool
    policy: str
    extensions: int
    max_extensions: int


class PromiseNow(BaseModel):
    """How the open clocks of one name in one shop stand. `on_time` and `at_risk` (warned or past the warning) still run;
    `broken` are past due and not yet settled."""

    shop_id: UUID
    name: str
    on_time: int
    at_risk: int
    paused: int
    broken: int
    next_due_at: datetime | None


class PromiseDay(BaseModel):
    """Clocks that ended on one day: `kept` in time; `broken` fired or were kept late; `cancelled` fell away."""

    day: date
    shop_id: UUID
    name: str
    kept: int
    broken: int
    cancelled: int


class PromiseBoard(BaseModel):
    now: list[PromiseNow]
    days: list[PromiseDay]


VIEW = """
    id, shop_id, subject_kind, subject_id, name, state, started_at, due_at, warn_at, paused_at,
    CAST(extract(epoch FROM remaining) AS bigint) AS left_seconds,
    CASE WHEN state = 'kept' THEN ended_at END AS met_at, settled_at, business, policy, extensions, max_extensions
"""


def _view(row: Any) -> ClockView:
    # Our own columns: a list of clocks is not checked a second time.
    fields = {field: getattr(row, field) for field in ClockView.model_fields}
    return ClockView.model_construct(**fields | {"state": ClockState(row.state)})


async def clocks_of(work: Work, subject_ids: Collection[UUID], *, ended: bool = False) -> list[ClockView]:
    """The open clocks of the subjects, soonest first, in one statement; with `ended` all that ever were. Whoever calls has
    shown that the actor may see the subjects."""
    if not subject_ids:
        return []
    rows = await work.read(
        f"SELECT {VIEW} FROM clock WHERE subject_id = ANY(:subjects)"  # noqa: S608  # only our own column names
        + ("" if ended else " AND settled_at IS NULL")
        + " ORDER BY due_at, id",
        {"subjects": list(subject_ids)},
    )
    return [_view(row) for row in rows]


async def open_clocks(work: Work, clock_ids: Collection[UUID]) -> dict[UUID, ClockView]:
    """Those of the clocks that what they wait for has not settled yet; one that fired is still open."""
    rows = await work.session.execute(
        text(f"SELECT {VIEW} FROM clock WHERE id = ANY(:ids) AND settled_at IS NULL"),  # noqa: S608
        {"ids": list(clock_ids)},
    )
    return {row.id: _view(row) for row in rows}


async def running_clocks(
    work: Work,
    *,
    shop_id: UUID | None = None,
    name: str | None = None,
    due_before: datetime | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ClockView]:
    """Soonest first. Needs `promises.read`."""
    work.require("promises.read")
    limit = max(1, min(limit, LARGEST_PAGE))
    begins = read_mark(after, (datetime, UUID))
    conditions, values = ["state = 'running'"], {"fetch": limit + 1}  # type: tuple[list[str], dict[str, Any]]
    if shop_id is not None:
        conditions.append("shop_id = :shop")
        values["shop"] = shop_id
    if name is not None:
        conditions.append("name = :name")
        values["name"] = name
    if due_before is not None:
        conditions.append("due_at < :before")
        values["before"] = due_before
    if begins is not None:
        conditions.append("(due_at, id) > (:due_at, :id)")
        values |= {"due_at": begins[0], "id": begins[1]}
    rows = (
        await work.session.execute(
            text(
                f"SELECT {VIEW} FROM clock WHERE {' AND '.join(conditions)} ORDER BY due_at, id LIMIT :fetch"  # noqa: S608
            ),
            values,
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.due_at, row.id))
    return Page(items=[_view(row) for row in kept], next=following)


async def broken_clocks(
    work: Work,
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None = None,
    name: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ClockView]:
    """The clocks that the board counts as broken from `since` to before `until`, newest first. Needs `promises.read`."""
    work.require("promises.read")
    limit = max(1, min(limit, LARGEST_PAGE))
    begins = read_mark(after, (datetime, UUID))
    rows = (
        await work.session.execute(
            text(
                f"SELECT {VIEW}, ended_at FROM clock"  # noqa: S608  # only our own conditions
                " WHERE ended_at >= :since AND ended_at < :until"
                " AND (state = 'fired' OR state = 'kept' AND ended_at > due_at)"
                " AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop)"
                " AND (CAST(:name AS text) IS NULL OR name = :name)"
                + (" AND (ended_at, id) < (:ended_at, :id)" if begins else "")
                + " ORDER BY ended_at DESC, id DESC LIMIT :fetch"
            ),
            {
                "since": since,
                "until": until,
                "shop": shop_id,
                "name": name,
                "fetch": limit + 1,
                **({"ended_at": begins[0], "id": begins[1]} if begins else {}),
            },
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.ended_at, row.id))
    return Page(items=[_view(row) for row in kept], next=following)


async def clocks_that_ran(
    work: Work,
    name: str,
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None = None,
    most: int = 20_000,
) -> list[ClockView]:
    """Of one name, those that were open at any time from `since` to before `until`, newest first."""
    rows = await work.session.execute(
        text(
            f"SELECT {VIEW} FROM clock WHERE name = :name AND started_at < :until"  # noqa: S608
            " AND (settled_at IS NULL OR settled_at >= :since)"
            " AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop) ORDER BY due_at DESC LIMIT :most"
        ),
        {"name": name, "since": since, "until": until, "shop": shop_id, "most": most},
    )
    return [_view(row) for row in rows]


NOW = text(
    """
    SELECT shop_id, name,
      count(*) FILTER (WHERE state = 'running' AND due_at > :now
        AND warned_at IS NULL AND (warn_at IS NULL OR warn_at > :now)) AS on_time,
      count(*) FILTER (WHERE state = 'running' AND due_at > :now
        AND (warned_at IS NOT NULL OR warn_at <= :now)) AS at_risk,
      count(*) FILTER (WHERE state = 'paused') AS paused,
      count(*) FILTER (WHERE state = 'fired' OR state = 'running' AND due_at <= :now) AS broken,
      min(due_at) FILTER (WHERE state = 'running' AND due_at > :now) AS next_due_at
    FROM clock WHERE settled_at IS NULL AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop)
    GROUP BY shop_id, name ORDER BY name, shop_id
    """
)

DAYS = text(
    """
    SELECT CAST(ended_at AT TIME ZONE :zone AS date) AS day, shop_id, name,
      count(*) FILTER (WHERE state = 'kept' AND ended_at <= due_at) AS kept,
      count(*) FILTER (WHERE state = 'fired' OR state = 'kept' AND ended_at > due_at) AS broken,
      count(*) FILTER (WHERE state = 'cancelled') AS cancelled
    FROM clock WHERE ended_at >= :since AND ended_at < :until AND (CAST(:shop AS uuid) IS NULL OR shop_id = :shop)
    GROUP BY 1, 2, 3 ORDER BY 1, 3, 2
    """
)


async def promise_board(
    work: Work,
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None = None,
    time_zone: str = "Asia/Shanghai",
) -> PromiseBoard:
    """How the promises stand now, and how they ended per day of `time_zone`, from `since` to before `until`. A broken promise
    counts on the day on which it was due, one kept late on the day on which it was kept. Needs `promises.read`; refuses with
    PeriodUnusable."""
    work.require("promises.read")
    try:
        zone(time_zone)
        usable = since < until <= since + timedelta(days=732)
    except (ValueError, TypeError, OverflowError):
        usable = False
    if not usable:
        raise PeriodUnusable(since=since, until=until, time_zone=time_zone)
    now = await work.session.execute(NOW, {"now": work.now, "shop": shop_id})
    days = await work.session.execute(
        DAYS, {"since": since, "until": until, "zone": time_zone, "shop": shop_id}
    )
    return PromiseBoard(
        now=[PromiseNow.model_validate(row._mapping) for row in now],
        days=[PromiseDay.model_validate(row._mapping) for row in days],
    )
