"""Reading across contexts for the manager: whose promises, which cases, who carries what, what was done by whom."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare import identity
from aftercare.journal import Entry, Work, audit, timeline
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark

Which = Literal["on_time", "at_risk", "paused", "broken", "kept", "missed"]
"""Open clocks by how they stand, as the board counts them; `kept` and `missed`: those that ended in the period."""

CONDITIONS: dict[Which, str] = {
    "on_time": "k.settled_at IS NULL AND k.state = 'running' AND k.due_at > :now AND k.warned_at IS NULL"
    " AND (k.warn_at IS NULL OR k.warn_at > :now)",
    "at_risk": "k.settled_at IS NULL AND k.state = 'running' AND k.due_at > :now"
    " AND (k.warned_at IS NOT NULL OR k.warn_at <= :now)",
    "paused": "k.settled_at IS NULL AND k.state = 'paused'",
    "broken": "k.settled_at IS NULL AND (k.state = 'fired' OR k.state = 'running' AND k.due_at <= :now)",
    "kept": "k.state = 'kept' AND k.ended_at <= k.due_at AND k.ended_at >= :since AND k.ended_at < :until",
    "missed": "(k.state = 'fired' OR k.state = 'kept' AND k.ended_at > k.due_at)"
    " AND k.ended_at >= :since AND k.ended_at < :until",
}

# A clock runs on a case, a claim or a refund; all three lead to a case.
OF_CASE = """
    LEFT JOIN refund r ON k.subject_kind = 'refund' AND r.id = k.subject_id
    LEFT JOIN claim m ON m.id = coalesce(r.claim_id, CASE WHEN k.subject_kind = 'claim' THEN k.subject_id END)
    LEFT JOIN service_case c ON c.id = coalesce(m.case_id, CASE WHEN k.subject_kind IN ('case', 'service_case') THEN k.subject_id END)
    LEFT JOIN account a ON a.id = c.owner_id
"""


class ClockCase(BaseModel):
    """A promise with the case that it is about. `late_seconds`: by how much it was or is broken."""

    id: UUID
    shop_id: UUID
    name: str
    state: str
    started_at: datetime
    due_at: datetime
    warn_at: datetime | None
    paused_at: datetime | None
    met_at: datetime | None
    late_seconds: int | None
    case_id: UUID | None
    number: str | None
    title: str | None
    owner_id: UUID | None
    owner_name: str | None


class PromisePerson(BaseModel):
    """How the promises on one owner's cases ended in one shop. Without an owner: nobody had taken the case."""

    owner_id: UUID | None
    owner_name: str | None
    shop_id: UUID
    kept: int
    broken: int


async def promise_cases(
    work: Work,
    which: Which,
    since: datetime,
    until: datetime,
    *,
    name: str | None = None,
    shop_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[ClockCase]:
    """The clocks behind one number of the board, soonest due first; of ended ones the newest first. Needs `promises.read`."""
    work.require("promises.read")
    limit = max(1, min(limit, LARGEST_PAGE))
    begins = read_mark(after, (datetime, UUID))
    down = which in ("kept", "missed")
    conditions = [
        CONDITIONS[which],
        "(CAST(:name AS text) IS NULL OR k.name = :name)",
        "(CAST(:shop AS uuid) IS NULL OR k.shop_id = :shop)",
    ]
    values: dict[str, Any] = {
        "now": work.now,
        "since": since,
        "until": until,
        "name": name,
        "shop": shop_id,
        "fetch": limit + 1,
    }
    if begins is not None:
        conditions.append(f"(k.due_at, k.id) {'<' if down else '>'} (:due_at, :id)")
        values |= {"due_at": begins[0], "id": begins[1]}
    order = "k.due_at DESC, k.id DESC" if down else "k.due_at, k.id"
    rows = (
        await work.session.execute(
            text(
                f"""
                SELECT k.id, k.shop_id, k.name, k.state, k.started_at, k.due_at, k.warn_at, k.paused_at,
                  CASE WHEN k.state = 'kept' THEN k.ended_at WHEN k.state = 'fired' THEN k.settled_at END AS met_at,
                  CASE WHEN k.state = 'fired' OR k.state = 'kept' AND k.ended_at > k.due_at OR k.state = 'running' AND k.due_at <= :now
                    THEN CAST(extract(epoch FROM CASE k.state WHEN 'kept' THEN k.ended_at ELSE coalesce(k.settled_at, :now) END
                      - k.due_at) AS bigint) END AS late_seconds,
                  c.id AS case_id, coalesce(m.number, c.number) AS number, c.title, c.owner_id, a.name AS owner_name
                FROM clock k {OF_CASE} WHERE {" AND ".join(conditions)} ORDER BY {order} LIMIT :fetch
                """  # noqa: S608  # only our own conditions
            ),
            values,
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.due_at, row.id))
    return Page(items=[ClockCase.model_validate(row._mapping) for row in kept], next=following)


async def promise_people(
    work: Work, since: datetime, until: datetime, *, name: str | None = None, shop_id: UUID | None = None
) -> list[PromisePerson]:
    """Who kept and broke what ended in the period, most broken first. Needs `promises.read`."""
    work.require("promises.read")
    rows = await work.session.execute(
        text(
            f"""
            SELECT c.owner_id, a.name AS owner_name, k.shop_id,
              count(*) FILTER (WHERE k.state = 'kept' AND k.ended_at <= k.due_at) AS kept,
              count(*) FILTER (WHERE k.state = 'fired' OR k.ended_at > k.due_at) AS broken
            FROM clock k {OF_CASE}
            WHERE k.ended_at >= :since AND k.ended_at < :until AND k.state IN ('kept', 'fired')
              AND (CAST(:name AS text) IS NULL OR k.name = :name) AND (CAST(:shop AS uuid) IS NULL OR k.shop_id = :shop)
            GROUP BY 1, 2, 3 ORDER BY broken DESC, kept DESC, 2, 3 LIMIT 200
            """  # noqa: S608  # only our own join
        ),
        {"since": since, "until": until, "name": name, "shop": shop_id},
    )
    return [PromisePerson.model_validate(row._mapping) for row in rows]


Age = Literal["hours4", "day", "days3", "week", "older"]


class LoadCell(BaseModel):
    """Open cases of one shop and owner (null: nobody's) and age since they were opened. `waiting`: a customer waits for us;
    `late`: a clock is past due."""

    shop_id: UUID
    owner_id: UUID | None
    age: Age
    cases: int
    waiting: int
    late: int


class Bearer(BaseModel):
    """Who works in these shops, with the open cases carried now. `capacity` null: no profile, so nothing is routed there."""

    account_id: UUID
    name: str
    working: bool
    capacity: int | None
    cases: int
    waiting: int
    late: int
    waiting_since: datetime | None


class QueueLoad(BaseModel):
    """`waiting_*`: of the customers who wait for an answer now, how long they have waited."""

    cells: list[LoadCell]
    people: list[Bearer]
    waiting: int
    waiting_median_seconds: int | None
    waiting_p90_seconds: int | None
    waiting_longest_seconds: int | None


ACTIVE = "c.status IN ('open', 'waiting_shop', 'waiting_customer') AND (CAST(:shop AS uuid) IS NULL OR c.shop_id = :shop)"
WAITS = "c.status IN ('open', 'waiting_shop') AND (c.snoozed_until IS NULL OR c.snoozed_until <= :now)"

CELLS = f"""
    SELECT c.shop_id, c.owner_id,
      CASE WHEN c.opened_at > CAST(:now AS timestamptz) - interval '4 hours' THEN 'hours4' WHEN c.opened_at > CAST(:now AS timestamptz) - interval '1 day' THEN 'day'
        WHEN c.opened_at > CAST(:now AS timestamptz) - interval '3 days' THEN 'days3' WHEN c.opened_at > CAST(:now AS timestamptz) - interval '7 days' THEN 'week'
        ELSE 'older' END AS age,
      count(*) AS cases, count(*) FILTER (WHERE {WAITS}) AS waiting, count(*) FILTER (WHERE c.due_at < :now) AS late
    FROM service_case c WHERE {ACTIVE} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""  # noqa: S608  # only our own conditions

PEOPLE = f"""
    SELECT a.id AS account_id, a.name, coalesce(w.working, false) AS working, w.capacity,
      count(c.id) AS cases, count(c.id) FILTER (WHERE {WAITS}) AS waiting, count(c.id) FILTER (WHERE c.due_at < :now) AS late,
      min(c.waiting_since) FILTER (WHERE {WAITS}) AS waiting_since
    FROM account a LEFT JOIN member w ON w.account_id = a.id LEFT JOIN service_case c ON c.owner_id = a.id AND {ACTIVE}
    WHERE c.id IS NOT NULL OR a.active AND w.account_id IS NOT NULL AND EXISTS (
      SELECT FROM member_shop s WHERE s.account_id = a.id AND (CAST(:shop AS uuid) IS NULL OR s.shop_id = :shop))
    GROUP BY a.id, a.name, w.working, w.capacity ORDER BY cases DESC, a.name
"""  # noqa: S608  # only our own conditions

WAITING = f"""
    SELECT count(*) AS waiting, extract(epoch FROM percentile_cont(0.5) WITHIN GROUP (ORDER BY CAST(:now AS timestamptz) - c.waiting_since)) AS median,
      extract(epoch FROM percentile_cont(0.9) WITHIN GROUP (ORDER BY CAST(:now AS timestamptz) - c.waiting_since)) AS p90,
      extract(epoch FROM max(CAST(:now AS timestamptz) - c.waiting_since)) AS longest
    FROM service_case c WHERE {ACTIVE} AND {WAITS} AND c.waiting_since IS NOT NULL
"""  # noqa: S608  # only our own conditions


async def queue_load(work: Work, *, shop_id: UUID | None = None) -> QueueLoad:
    """Needs `insights.read`."""
    work.require("insights.read")
    values = {"now": work.now, "shop": shop_id}
    cells = await work.session.execute(text(CELLS), values)
    people = await work.session.execute(text(PEOPLE), values)
    waiting = (await work.session.execute(text(WAITING), values)).one()

    def seconds(value: Any) -> int | None:
        return None if value is None else round(value)

    return QueueLoad(
        cells=[LoadCell.model_validate(row._mapping) for row in cells],
        people=[Bearer.model_validate(row._mapping) for row in people],
        waiting=waiting.waiting,
        waiting_median_seconds=seconds(waiting.median),
        waiting_p90_seconds=seconds(waiting.p90),
        waiting_longest_seconds=seconds(waiting.longest),
    )


Subject = Literal["claims", "cases", "orders"]


class Newest(BaseModel):
    """When the newest order was placed or the last word spoken, null where there is nothing yet; and what there is any of."""

    at: datetime | None
    there_are: list[Subject]


async def newest(work: Work) -> Newest:
    """Of what the asker sees: pages begin where there is something, also where years were imported. Needs `insights.read`."""
    work.require("insights.read")
    row = (
        await work.session.execute(
            text(
                "SELECT greatest((SELECT placed_at FROM sales_order ORDER BY placed_at DESC, id DESC LIMIT 1),"
                " (SELECT last_message_at FROM service_case ORDER BY last_message_at DESC, id DESC LIMIT 1)) AS at,"
                " EXISTS (SELECT FROM claim) AS claims, EXISTS (SELECT FROM service_case) AS cases,"
                " EXISTS (SELECT FROM sales_order) AS orders"
            )
        )
    ).one()
    held = {"claims": row.claims, "cases": row.cases, "orders": row.orders}
    return Newest(at=row.at, there_are=[subject for subject in get_args(Subject) if held[subject]])


class ClaimCell(BaseModel):
    """Claims applied for on one day, by one word of the dimension asked for. Money in minor units of one currency."""

    day: date
    word: str
    claims: int
    currency: str
    refunded_cents: int


Cut = Literal["kind", "state", "reason", "shop"]
COLUMNS: dict[Cut, str] = {
    "kind": "m.kind",
    "state": "m.state",
    "reason": "m.reason",
    "shop": "CAST(m.shop_id AS text)",
}


async def claim_cells(
    work: Work,
    cut: Cut,
    since: datetime,
    until: datetime,
    *,
    shop_id: UUID | None = None,
    time_zone: str = "Asia/Shanghai",
) -> list[ClaimCell]:
    """Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(
        text(
            f"""
            SELECT CAST(m.applied_at AT TIME ZONE :zone AS date) AS day, {COLUMNS[cut]} AS word, m.currency, count(*) AS claims,
              CAST(coalesce(sum((SELECT sum(r.amount_cents) FROM refund r WHERE r.claim_id = m.id AND r.state = 'paid')), 0)
                AS bigint) AS refunded_cents
            FROM claim m WHERE m.applied_at >= :since AND m.applied_at < :until
              AND (CAST(:shop AS uuid) IS NULL OR m.shop_id = :shop)
            GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """  # noqa: S608  # only our own columns
        ),
        {"since": since, "until": until, "shop": shop_id, "zone": time_zone},
    )
    return [ClaimCell.model_validate(row._mapping) for row in rows]


class AuditLine(Entry):
    """`actor_name`: of members of staff."""

    actor_name: str | None = None


async def audit_trail(
    work: Work,
    *,
    names: Sequence[str] = (),
    actor_id: UUID | None = None,
    object_id: UUID | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: str | None = None,
    limit: int = 100,
) -> Page[AuditLine]:
    """The journal with the names of who did it, newest first; with `object_id` all about that one thing and no other filter.
    Needs `journal.read`."""
    work.require("journal.read")
    limit = max(1, min(limit, LARGEST_PAGE))
    if object_id is not None:
        found = await timeline(work, object_id, after=after, limit=limit)
    else:
        found = await audit(
            work, names=names, actor_id=actor_id, since=since, until=until, after=after, limit=limit
        )
    people = await identity.names_of(
        work, {entry.actor_id for entry in found.items if entry.actor_kind == "staff" and entry.actor_id}
    )
    return Page(
        items=[
            AuditLine(**entry.model_dump(), actor_name=people.get(entry.actor_id) if entry.actor_id else None)
            for entry in found.items
        ],
        next=found.next,
    )
