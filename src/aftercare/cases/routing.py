"""Whose case it becomes: by shop, skill, language and load."""

from uuid import UUID

from sqlalchemy import text

from aftercare.cases.verbs import case_row, give
from aftercare.journal import Work
from aftercare.people import available_members

# Two assignments beside each other would both see the same free hand. Held until this Work commits.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('cases.routing', 0))")

LOADS = text(
    """
    SELECT o.id, count(c.id) AS load, max(c.assigned_at) AS last_at
    FROM unnest(CAST(:accounts AS uuid[])) AS o(id)
    LEFT JOIN service_case c ON c.owner_id = o.id AND c.status IN ('open', 'waiting_shop', 'waiting_customer')
      AND (c.snoozed_until IS NULL OR c.snoozed_until <= :now)
    GROUP BY o.id
    """
)


async def find_owner(work: Work, case_id: UUID, *, not_to: UUID | None = None) -> UUID | None:
    """Gives the case to whoever carries the smallest part of what they can; among equals to whom none was given for longest.
    With nobody free it stays in the shared queue, and is looked at again when somebody comes or gets free. `not_to`: who has just been
    found to have no time for it."""
    await work.session.execute(ONE_AT_A_TIME)
    case = await case_row(work, case_id, lock=True)
    if not case.queued:
        return None
    members = await available_members(work, case.shop_id, case.skill, case.locale)
    if not members:
        return None
    rows = await work.session.execute(
        LOADS, {"accounts": [member.account_id for member in members], "now": work.now}
    )
    loads = {row.id: (row.load, row.last_at) for row in rows}
    free = [
        member
        for member in members
        if loads[member.account_id][0] < member.capacity and member.account_id != not_to
    ]
    if not free:
        return None
    best = min(
        free,
        key=lambda member: (
            loads[member.account_id][0] / member.capacity,
            loads[member.account_id][1] is not None,
            loads[member.account_id][1] or work.now,
            member.account_id,
        ),
    )
    give(work, case, best.account_id, "automatic")
    await work.session.flush()
    return best.account_id


QUEUED = text(
    """
    SELECT c.id FROM service_case c JOIN member m ON m.account_id = :account_id
    JOIN member_shop s ON s.account_id = m.account_id AND s.shop_id = c.shop_id
    WHERE c.queued AND c.status IN ('open', 'waiting_shop', 'waiting_customer')
      AND (c.skill IS NULL OR c.skill = ANY(m.skills))
      AND (m.languages = '{}'
        OR split_part(c.locale, '-', 1) IN (SELECT split_part(l, '-', 1) FROM unnest(m.languages) AS l))
    ORDER BY c.due_at, c.id LIMIT 1000
    """
)


async def give_out(work: Work, account_id: UUID) -> int:
    """Somebody has a hand free: what waits and fits is given out, the most pressing first, until it is taken. Returns how
    many cases found an owner."""
    waiting = (await work.session.execute(QUEUED, {"account_id": account_id})).scalars().all()
    given = 0
    for case_id in waiting:
        if await find_owner(work, case_id) is None:
            break
        given += 1
    return given
