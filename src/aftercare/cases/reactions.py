"""What follows for a case: from words (who waits for whom, clocks), from clocks (the ring), and who becomes its owner."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text

from aftercare.cases.escalation.steps import set_off, wake_steps
from aftercare.cases.events import (
    CaseAssigned,
    CaseClosed,
    CaseLinked,
    CaseOpened,
    CaseReleased,
    CaseSolved,
    CaseTagged,
)
from aftercare.cases.model import SNIPPET, Status
from aftercare.cases.routing import find_owner, give_out
from aftercare.cases.search import index_case, index_message
from aftercare.cases.verbs import (
    FIRST_ANSWER,
    NEXT_ANSWER,
    RESOLUTION,
    note_reopened,
    wind,
)
from aftercare.conversations import Author, MessagePosted
from aftercare.journal import Work, after, within
from aftercare.journal.live import owns
from aftercare.people import MemberChanged
from aftercare.promises import (
    ClockCancelled,
    ClockExtended,
    ClockFired,
    ClockKept,
    ClockPaused,
    ClockResumed,
    ClockStarted,
    ClockWarned,
    pause_clocks,
    resume_clocks,
    start_clock,
    stop_clock,
)

# One statement: what was said last, and by the table of moves who waits for whom now. The first message of a case was
# written down with the case itself, and a message never counts twice.
HEAR = """
    WITH old AS (
      SELECT id, status, answered_at, waiting_since FROM service_case
      WHERE id = :case_id AND last_message_id IS DISTINCT FROM CAST(:message_id AS uuid) FOR UPDATE
    ), said AS (
      SELECT body, sent_at, CAST(:author AS varchar) AS author FROM message WHERE id = CAST(:message_id AS uuid)
    )
    UPDATE service_case c SET
      last_message_at = said.sent_at, last_message_id = :message_id, last_author = said.author,
      last_words = left(regexp_replace(said.body, '\\s+', ' ', 'g'), :snippet),
      status = CASE
        WHEN said.author = 'customer' AND old.status <> 'open' THEN 'waiting_shop'
        WHEN said.author IN ('staff', 'integration') AND old.status IN ('open', 'waiting_shop') THEN 'waiting_customer'
        ELSE old.status END,
      answered_at = CASE WHEN said.author IN ('staff', 'integration') THEN coalesce(old.answered_at, said.sent_at)
        ELSE old.answered_at END,
      waiting_since = CASE said.author WHEN 'customer' THEN coalesce(old.waiting_since, said.sent_at)
        WHEN 'system' THEN old.waiting_since END,
      snoozed_until = CASE WHEN said.author = 'customer' THEN NULL ELSE c.snoozed_until END,
      solved_at = CASE WHEN said.author = 'customer' THEN NULL ELSE c.solved_at END,
      closed_at = CASE WHEN said.author = 'customer' THEN NULL ELSE c.closed_at END,
      closing = CASE WHEN said.author = 'customer' THEN NULL ELSE c.closing END
    FROM old, said WHERE c.id = old.id
    RETURNING old.status, old.answered_at, old.waiting_since, c.status AS now_status, c.shop_id, c.customer_id, c.owner_id
"""


@within(MessagePosted)
async def hear(work: Work, fact: MessagePosted) -> None:
    if fact.case_id is None:
        return
    row = await work.row(
        HEAR,
        {
            "case_id": fact.case_id,
            "message_id": fact.message_id,
            "author": fact.author_kind.value,
            "snippet": SNIPPET,
        },
    )
    if row is None:
        return
    case_id, before, shop_id = fact.case_id, Status(row.status), row.shop_id
    if fact.author_kind is Author.customer:
        if before in (Status.solved, Status.closed):
            await note_reopened(work, case_id, shop_id, row.customer_id, row.owner_id, before)
        elif before is Status.waiting_customer:
            await resume_clocks(work, case_id, names=[RESOLUTION])
        if row.waiting_since is None:
            name = NEXT_ANSWER if row.answered_at is not None else FIRST_ANSWER
            await start_clock(work, shop_id=shop_id, subject_kind="case", subject_id=case_id, name=name)
    elif fact.author_kind is not Author.system:
        if row.waiting_since is not None:
            name = NEXT_ANSWER if row.answered_at is not None else FIRST_ANSWER
            await stop_clock(work, subject_id=case_id, name=name)
        if before in (Status.open, Status.waiting_shop):
            await pause_clocks(work, case_id, names=[RESOLUTION])


Wound = CaseLinked | ClockStarted | ClockPaused | ClockResumed | ClockExtended | ClockKept | ClockCancelled


@within(
    CaseLinked,
    ClockStarted,
    ClockPaused,
    ClockResumed,
    ClockExtended,
    ClockKept,
    ClockCancelled,
    together=True,
)
async def wind_ring(work: Work, facts: Sequence[Wound]) -> None:
    """Clocks of cases, or of what is linked to them. One that fires stays due until it is settled: nothing to note."""
    cases, objects = set(), set()
    for fact in facts:
        if isinstance(fact, CaseLinked):
            cases.add(fact.case_id)
        elif fact.subject_kind == "case":
            cases.add(fact.subject_id)
        else:
            objects.add(fact.subject_id)
    await wind(work, cases, objects)
    if going_on := [fact.clock_id for fact in facts if isinstance(fact, ClockResumed)]:
        await wake_steps(work, clocks=going_on)


OWN = text(
    """
    SELECT c.id, l.object_id FROM service_case c LEFT JOIN case_link l ON l.case_id = c.id
    WHERE c.customer_id = ANY(:customers) ORDER BY c.opened_at DESC LIMIT 1000
    """
)


@after(CaseOpened)
async def assign_automatically(work: Work, fact: CaseOpened) -> None:
    await find_owner(work, fact.case_id)


@after(CaseSolved, CaseClosed)
async def give_what_waits(work: Work, fact: CaseSolved | CaseClosed) -> None:
    """Its owner has a hand free."""
    if fact.account_id is not None:
        await give_out(work, fact.account_id)


@after(CaseAssigned)
async def give_to_who_handed_over(work: Work, fact: CaseAssigned) -> None:
    if fact.from_account_id is not None:
        await give_out(work, fact.from_account_id)


@after(MemberChanged)
async def give_to_who_came(work: Work, fact: MemberChanged) -> None:
    if fact.working:
        await give_out(work, fact.account_id)
        await wake_steps(work, waiting=True)


@after(CaseReleased)
async def give_to_somebody_else(work: Work, fact: CaseReleased) -> None:
    """Who was late with it does not get it again; what was put back by hand waits until somebody takes it."""
    await find_owner(work, fact.case_id, not_to=fact.account_id)


LINKED = text(
    """
    SELECT object_id AS subject, case_id FROM case_link WHERE object_id = ANY(:subjects)
    UNION ALL SELECT id, case_id FROM call WHERE id = ANY(:subjects) AND case_id IS NOT NULL
    """
)


def _presses(fact: ClockWarned | ClockFired) -> bool:
    """What the end of another clock means for a case, whoever owns the clock knows."""
    return isinstance(fact, ClockWarned) or fact.subject_kind in ("case", "call")


@after(ClockWarned, ClockFired, in_order_of="subject_id", when=_presses, in_batches_of=500)
async def press_on(work: Work, facts: Sequence[ClockWarned | ClockFired]) -> None:
    """A clock of the case itself, or of what is linked to it, warned or ran out: its rule's steps begin."""
    case_of = {fact.subject_id: fact.subject_id for fact in facts if fact.subject_kind == "case"}
    others = [fact.subject_id for fact in facts if fact.subject_kind != "case"]
    if others:
        rows = await work.session.execute(LINKED, {"subjects": others})
        case_of |= {row.subject: row.case_id for row in rows}
    await set_off(work, facts, case_of)


@after(CaseOpened, CaseTagged)
async def make_findable(work: Work, fact: CaseOpened | CaseTagged) -> None:
    await index_case(work, fact.case_id)


@after(MessagePosted)
async def make_words_findable(work: Work, fact: MessagePosted) -> None:
    if fact.case_id is not None:
        await index_message(work, fact.case_id, fact.message_id)


@owns
async def own_cases(work: Work, customers: Iterable[UUID]) -> list[UUID]:
    """What a customer may hear of: own cases and what is linked to them."""
    rows = await work.session.execute(OWN, {"customers": list(customers)})
    return [identity for row in rows for identity in (row.id, row.object_id) if identity is not None]
