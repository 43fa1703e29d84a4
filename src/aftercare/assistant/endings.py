"""How a talk ends: a customer said thank you or goodbye and nothing more, so what the assistant answered alone is solved."""

from datetime import timedelta

from sqlalchemy import text

from aftercare import cases
from aftercare.journal import Work

NOTHING_MORE_FOR = timedelta(hours=1)
LOOKED_BACK = timedelta(days=7)
AT_ONCE = 200
# What hangs on a case, a claim above all, ends in its own time; what people have taken or answered, they end. A thank-you while
# a yes was waited for is no end: it was asked for again.
SAID_GOODBYE = text(
    """
    SELECT c.id FROM shop s
    CROSS JOIN LATERAL (
      SELECT talk_id, position, at FROM assistant_turn WHERE shop_id = s.id AND intent IN ('thanks', 'bye')
        AND at > CAST(:now AS timestamptz) - CAST(:looked_back AS interval)
        AND at <= CAST(:now AS timestamptz) - CAST(:nothing_more AS interval)
        AND outcome = 'answered' AND mood <> 'angry'
    ) t
    JOIN assistant_talk k ON k.id = t.talk_id AND k.turns = t.position AND k.handed_over_at IS NULL
    JOIN service_case c ON c.id = k.case_id AND c.status = 'waiting_customer' AND c.owner_id IS NULL
    WHERE NOT EXISTS (SELECT FROM case_link WHERE case_id = c.id)
      AND NOT EXISTS (SELECT FROM message WHERE thread_id = c.thread_id AND author_kind = 'staff' AND kind = 'message')
    ORDER BY t.at LIMIT :at_once
    FOR UPDATE OF c SKIP LOCKED
    """
)


async def end_talks(work: Work) -> int:
    """Solves the cases whose customer said thank you or goodbye an hour ago, was answered, and has said nothing since,
    where nobody else had a hand in it. Whoever writes again opens the case again. Returns how many."""
    over = {"now": work.now, "looked_back": LOOKED_BACK, "nothing_more": NOTHING_MORE_FOR, "at_once": AT_ONCE}
    ended = (await work.session.scalars(SAID_GOODBYE, over)).all()
    for case_id in ended:
        await cases.solve(work, case_id)
    return len(ended)
