"""A machine that answers a case by itself: its answers count, and people are called when it needs them."""

from uuid import UUID

from sqlalchemy import text

from aftercare.cases.routing import find_owner
from aftercare.cases.verbs import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION
from aftercare.journal import Work
from aftercare.promises import pause_clocks, stop_clock

ANSWER = text(
    """
    WITH old AS (SELECT id, status, answered_at, waiting_since FROM service_case WHERE id = :id FOR UPDATE)
    UPDATE service_case c SET
      status = CASE WHEN old.status IN ('open', 'waiting_shop') THEN 'waiting_customer' ELSE old.status END,
      answered_at = coalesce(old.answered_at, :now), waiting_since = NULL
    FROM old WHERE c.id = old.id
    RETURNING old.status, old.answered_at, old.waiting_since
    """
)
CALL = text(
    """
    UPDATE service_case SET queued = true
    WHERE id = :id AND owner_id IS NULL AND status IN ('open', 'waiting_shop', 'waiting_customer')
    """
)
ENGAGED = text(
    """
    SELECT c.owner_id IS NOT NULL AND coalesce((
        SELECT f.data ->> 'how' FROM fact_object o JOIN fact f ON (f.at, f.position) = (o.at, o.position)
        WHERE o.object_id = c.id AND f.name = 'case.assigned' ORDER BY o.at DESC, o.position DESC LIMIT 1
      ) <> 'automatic', true)
      OR EXISTS (SELECT FROM message m WHERE m.thread_id = c.thread_id AND m.author_kind = 'staff' AND m.kind = 'message')
    FROM service_case c WHERE c.id = :id
    """
)


async def count_as_answer(work: Work, case_id: UUID) -> None:
    """What a machine has said last answers the customer: now it is the customer's turn."""
    row = (await work.session.execute(ANSWER, {"id": case_id, "now": work.now})).one_or_none()
    if row is None:
        return
    if row.waiting_since is not None:
        await stop_clock(
            work, subject_id=case_id, name=NEXT_ANSWER if row.answered_at is not None else FIRST_ANSWER
        )
    if row.status in ("open", "waiting_shop"):
        await pause_clocks(work, case_id, names=[RESOLUTION])


async def call_people(work: Work, case_id: UUID) -> None:
    """Somebody shall have it, if nobody has: who is free now, or comes next."""
    await work.session.execute(CALL, {"id": case_id})
    await find_owner(work, case_id)


async def people_have_it(work: Work, case_id: UUID) -> bool:
    """Somebody took it or was given it by hand, or has written to the customer."""
    return bool(await work.session.scalar(ENGAGED, {"id": case_id}))
