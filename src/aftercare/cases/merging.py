"""One matter in two cases is merged, two matters in one case are split; either can be taken back."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text

from aftercare.cases.events import CaseEndingUndone, CaseLinkMoved, CaseMerged, CaseMoveUndone, CaseSplit
from aftercare.cases.model import (
    ACTIVE,
    SNIPPET,
    CaseMergedAlready,
    CaseMove,
    CaseMoveNotFound,
    CasesDoNotFit,
    Closing,
    MoveKind,
    NothingToSplit,
    ServiceCase,
    Status,
)
from aftercare.cases.opening import NewCase, open_case
from aftercare.cases.search import index_case
from aftercare.cases.solutions import TAKEN_BACK_WITHIN
from aftercare.cases.verbs import FIRST_ANSWER, NEXT_ANSWER, RESOLUTION, case_row, close_case, reopen, wind
from aftercare.journal import Work, after
from aftercare.promises import pause_clocks, start_clock, stop_clock, take_back_clock


class MoveView(BaseModel):
    """`case_id` is where the messages were, `into_case_id` where they went."""

    id: UUID
    kind: MoveKind
    case_id: UUID
    into_case_id: UUID
    messages: int
    moved_at: datetime
    moved_by: UUID | None
    undone_at: datetime | None


# A key that both threads know would clash; its message was sent long ago and no retry of it comes any more.
MOVE_MESSAGES = text(
    """
    WITH moved AS (
      UPDATE message m SET thread_id = :into_thread,
        client_key = CASE WHEN EXISTS (SELECT FROM message o WHERE o.thread_id = :into_thread AND o.client_key = m.client_key)
          THEN NULL ELSE m.client_key END
      WHERE m.thread_id = :from_thread AND (CAST(:ids AS uuid[]) IS NULL OR m.id = ANY(CAST(:ids AS uuid[]))) RETURNING m.id
    ), sendings AS (
      UPDATE message_sending SET thread_id = :into_thread, case_id = :into_case FROM moved
      WHERE message_sending.message_id = moved.id
    ), files AS (
      UPDATE file SET customer_id = t.customer_id FROM thread t
      WHERE t.id = :into_thread AND file.id IN (SELECT mf.file_id FROM message_file mf JOIN moved ON moved.id = mf.message_id)
        AND NOT EXISTS (SELECT FROM message_file mf JOIN message m ON m.id = mf.message_id
          WHERE mf.file_id = file.id AND m.thread_id <> :into_thread AND m.id NOT IN (SELECT id FROM moved))
    )
    SELECT id FROM moved ORDER BY id
    """
)
# A machine answers as long as it offers to call a person; with the words that call one, people have to answer.
# Who waits for whom, from what was said; where nobody waited for words and nobody does now, the matter keeps its turn.
AFRESH = text(
    """
    WITH last AS (
      SELECT id, author_kind, sent_at, body FROM message WHERE thread_id = :thread_id AND kind = 'message'
      ORDER BY sent_at DESC, position DESC LIMIT 1
    ), answered AS (
      SELECT min(sent_at) AS first, max(ARRAY[extract(epoch FROM sent_at), position]) AS last FROM message
      WHERE thread_id = :thread_id AND kind = 'message' AND (author_kind IN ('staff', 'integration')
        OR author_kind = 'system' AND offers -> 'choices' @> '[{"value": "person"}]')
    ), waits AS (
      SELECT min(m.sent_at) AS since FROM message m, answered a WHERE m.thread_id = :thread_id AND m.kind = 'message'
        AND m.author_kind = 'customer' AND (a.last IS NULL OR ARRAY[extract(epoch FROM m.sent_at), m.position] > a.last)
    ), t AS (
      UPDATE thread SET last_message_at = (SELECT sent_at FROM last) WHERE id = :thread_id
    )
    UPDATE service_case c SET
      last_message_at = coalesce((SELECT sent_at FROM last), c.opened_at), last_message_id = (SELECT id FROM last),
      last_author = (SELECT author_kind FROM last),
      last_words = coalesce((SELECT left(regexp_replace(body, '\\s+', ' ', 'g'), :snippet) FROM last), ''),
      answered_at = a.first, waiting_since = CASE WHEN c.status IN ('solved', 'closed') THEN NULL ELSE w.since END,
      status = CASE WHEN c.status NOT IN ('open', 'waiting_shop', 'waiting_customer') THEN c.status
        WHEN w.since IS NOT NULL THEN CASE WHEN a.first IS NULL THEN 'open' ELSE 'waiting_shop' END
        WHEN c.waiting_since IS NULL AND (c.status <> 'open' OR a.first IS NULL) THEN c.status
        WHEN a.first IS NULL THEN 'open' ELSE 'waiting_customer' END
    FROM answered a, waits w WHERE c.id = :id
    RETURNING c.shop_id, c.status, c.answered_at, c.waiting_since
    """
)


async def merge(work: Work, case_id: UUID, into_id: UUID) -> MoveView:
    """All that was said in the first case, and what is linked to it, goes on in the second; the first is closed as a duplicate,
    and answers to it arrive in the second. Needs `cases.write`. Refuses with CasesDoNotFit, CaseMergedAlready."""
    work.require("cases.write")
    case, into = await _both(work, case_id, into_id)
    if case.shop_id != into.shop_id or (
        case.customer_id and into.customer_id and case.customer_id != into.customer_id
    ):
        raise CasesDoNotFit()
    if await _merged(work, case_id) or await _merged(work, into_id):
        raise CaseMergedAlready()
    before, asked = case.status, case.waiting_since is not None
    if into.customer_id is None and case.customer_id is not None:
        into.customer_id = case.customer_id
        await work.session.execute(
            text("UPDATE thread SET customer_id = :customer WHERE id = :id"),
            {"customer": case.customer_id, "id": into.thread_id},
        )
    if into.order_id is None:
        into.order_id = case.order_id
    await work.session.flush()
    moved = await _move_messages(work, case, into, None)
    links = await _move_links(work, case, into)
    if before is not Status.closed:
        await close_case(work, case_id, Closing.duplicate)
    move = await _note_move(work, MoveKind.merged, case, into, moved, links, before)
    work.record(
        CaseMerged(
            shop_id=case.shop_id,
            case_id=case_id,
            into_case_id=into_id,
            customer_id=into.customer_id,
            case_move_id=move.id,
        )
    )
    await stand_as_said(work, case)
    if into.status in (Status.solved, Status.closed) and before in ACTIVE:
        await reopen(work, into_id)
        into.status = before
    elif links and not asked and before is not Status.waiting_customer and into.status in ACTIVE:
        # What came along is ours to act on, though nobody waits for words.
        into.status = Status.waiting_shop
    await stand_as_said(work, into)
    return _view(move)


async def split(work: Work, case_id: UUID, message_ids: Sequence[UUID], title: str) -> MoveView:
    """These messages become a case of their own, of the same customer and channel. Needs `cases.write`. Refuses with
    NothingToSplit, TitleMissing."""
    work.require("cases.write")
    case = await case_row(work, case_id, lock=True)
    wanted = list(dict.fromkeys(message_ids))
    counted = (
        await work.session.execute(
            text(
                "SELECT count(*) FILTER (WHERE id = ANY(CAST(:ids AS uuid[]))) AS chosen, count(*) AS all FROM message"
                " WHERE thread_id = :thread_id AND kind = 'message'"
            ),
            {"ids": wanted, "thread_id": case.thread_id},
        )
    ).one()
    if not wanted or counted.chosen != len(wanted) or counted.chosen == counted.all:
        raise NothingToSplit(chosen=counted.chosen, of=counted.all)
    new = await open_case(
        work,
        NewCase(
            shop_id=case.shop_id,
            title=title,
            customer_id=case.customer_id,
            order_id=None,
            channel=case.channel,
            locale=case.locale,
            priority=case.priority,
            expects_answer=False,
        ),
    )
    fresh = await case_row(work, new.id, lock=True)
    await work.session.execute(
        text(
            "INSERT INTO case_contact (case_id, contact_id, shop_id)"
            " SELECT :new, contact_id, shop_id FROM case_contact WHERE case_id = :id"
        ),
        {"new": new.id, "id": case_id},
    )
    moved = await _move_messages(work, case, fresh, wanted)
    move = await _note_move(work, MoveKind.divided, case, fresh, moved, [], case.status)
    work.record(
        CaseSplit(
            shop_id=case.shop_id,
            case_id=case_id,
            new_case_id=new.id,
            customer_id=case.customer_id,
            case_move_id=move.id,
        )
    )
    await stand_as_said(work, fresh)
    await stand_as_said(work, case)
    return _view(move)


async def undo_move(work: Work, move_id: UUID) -> MoveView:
    """Takes a merging or splitting back: what was moved and is still there returns, and a case that was merged stands as it
    stood. Needs `cases.write`. Refuses with CaseMoveNotFound, and with CaseMergedAlready where one of the two has gone on into
    another case since."""
    work.require("cases.write")
    move = await work.session.get(CaseMove, move_id, with_for_update=True)
    if move is None or move.undone_at is not None:
        raise CaseMoveNotFound(case_move_id=move_id)
    case, into = await _both(work, move.case_id, move.into_case_id)
    move.undone_at = work.now
    await work.session.flush()
    if await _merged(work, case.id) or await _merged(work, into.id):
        raise CaseMergedAlready()
    await _move_messages(work, into, case, [UUID(one) for one in move.message_ids])
    if move.kind is MoveKind.merged:
        await _move_links(work, into, case, only=move.links)
        if case.status is Status.closed and move.status_before is not Status.closed:
            await stand_again(work, case, move.status_before)
    elif into.status is not Status.closed:
        await close_case(work, into.id, Closing.duplicate)
    work.record(
        CaseMoveUndone(shop_id=case.shop_id, case_id=case.id, into_case_id=into.id, case_move_id=move.id)
    )
    await stand_as_said(work, case)
    await stand_as_said(work, into)
    return _view(move)


async def moves_of(work: Work, case_id: UUID) -> list[MoveView]:
    """Mergings and splittings of a case, newest first. Needs `cases.read`."""
    work.require("cases.read")
    await case_row(work, case_id)
    rows = await work.session.scalars(
        select(CaseMove)
        .where((CaseMove.case_id == case_id) | (CaseMove.into_case_id == case_id))
        .order_by(CaseMove.moved_at.desc(), CaseMove.id.desc())
    )
    return [_view(row) for row in rows]


async def _both(work: Work, case_id: UUID, into_id: UUID) -> tuple[ServiceCase, ServiceCase]:
    """Locked in one order, so that two who merge the other way round do not wait for each other."""
    if case_id == into_id:
        raise CasesDoNotFit()
    rows = {one: await case_row(work, one, lock=True) for one in sorted((case_id, into_id))}
    return rows[case_id], rows[into_id]


async def _merged(work: Work, case_id: UUID) -> bool:
    found = await work.session.scalar(
        select(CaseMove.id).where(
            CaseMove.case_id == case_id, CaseMove.kind == MoveKind.merged, CaseMove.undone_at.is_(None)
        )
    )
    return found is not None


async def _move_messages(
    work: Work, case: ServiceCase, into: ServiceCase, ids: Sequence[UUID] | None
) -> list[UUID]:
    rows = await work.session.execute(
        MOVE_MESSAGES,
        {
            "from_thread": case.thread_id,
            "into_thread": into.thread_id,
            "into_case": into.id,
            "ids": None if ids is None else list(ids),
        },
    )
    return list(rows.scalars())


async def _move_links(
    work: Work, case: ServiceCase, into: ServiceCase, only: Sequence[dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Those of the first case that the second had not."""
    wanted = None if only is None else [UUID(link["object_id"]) for link in only]
    rows = await work.session.execute(
        text(
            """
            WITH gone AS (
              DELETE FROM case_link WHERE case_id = :case
                AND (CAST(:only AS uuid[]) IS NULL OR object_id = ANY(CAST(:only AS uuid[])))
              RETURNING object_kind, object_id, shop_id
            )
            INSERT INTO case_link (case_id, object_kind, object_id, shop_id, linked_at)
            SELECT :into, object_kind, object_id, shop_id, :now FROM gone ON CONFLICT DO NOTHING
            RETURNING object_kind, object_id
            """
        ),
        {"case": case.id, "into": into.id, "now": work.now, "only": wanted},
    )
    moved = [{"object_kind": row.object_kind, "object_id": str(row.object_id)} for row in rows]
    for link in moved:
        work.record(
            CaseLinkMoved(
                shop_id=into.shop_id,
                case_id=into.id,
                from_case_id=case.id,
                object_kind=link["object_kind"],
                object_id=UUID(link["object_id"]),
            )
        )
    return moved


async def _note_move(
    work: Work,
    kind: MoveKind,
    case: ServiceCase,
    into: ServiceCase,
    moved: Sequence[UUID],
    links: list[dict[str, Any]],
    before: Status,
) -> CaseMove:
    move = CaseMove(
        id=work.new_id(),
        shop_id=case.shop_id,
        kind=kind,
        case_id=case.id,
        into_case_id=into.id,
        message_ids=[str(one) for one in moved],
        links=links,
        status_before=before,
        moved_at=work.now,
        moved_by=work.actor.id,
        undone_at=None,
    )
    work.session.add(move)
    await work.session.flush()
    return move


async def stand_as_said(work: Work, case: ServiceCase) -> None:
    """The case as what is now said in it has it; the clock of the answer runs from when the customer began to wait."""
    await work.session.flush()
    waited = case.waiting_since
    row = (
        await work.session.execute(AFRESH, {"id": case.id, "thread_id": case.thread_id, "snippet": SNIPPET})
    ).one()
    await work.session.refresh(case)
    name = FIRST_ANSWER if row.answered_at is None else NEXT_ANSWER
    if row.waiting_since is None and waited is not None:
        await stop_clock(work, subject_id=case.id, name=FIRST_ANSWER)
        await stop_clock(work, subject_id=case.id, name=NEXT_ANSWER)
    elif row.waiting_since is not None and row.waiting_since != waited and Status(row.status) in ACTIVE:
        await start_clock(
            work,
            shop_id=case.shop_id,
            subject_kind="case",
            subject_id=case.id,
            name=name,
            started_at=row.waiting_since,
        )
    await wind(work, [case.id])


async def stand_again(work: Work, case: ServiceCase, status: Status) -> None:
    """The end of the case was a slip: it stands again as it stood. Who waited for an answer waits again, since when they did;
    the clock of resolution goes on as if it had not been stopped, or anew where that was long ago."""
    ended = (case.solved_at if status in ACTIVE else None) or case.closed_at or work.now
    case.status, case.closed_at, case.closing = status, None, None
    if status in ACTIVE:
        case.solved_at = None
    await work.session.flush()
    work.record(
        CaseEndingUndone(
            shop_id=case.shop_id,
            case_id=case.id,
            customer_id=case.customer_id,
            account_id=case.owner_id,
            status=status,
        )
    )
    await stand_as_said(work, case)
    if case.status not in ACTIVE:
        return
    lately = work.now - ended <= TAKEN_BACK_WITHIN
    if not (lately and await take_back_clock(work, subject_id=case.id, name=RESOLUTION, since=ended)):
        await start_clock(
            work, shop_id=case.shop_id, subject_kind="case", subject_id=case.id, name=RESOLUTION
        )
    if case.status is Status.waiting_customer and case.answered_at is not None:
        await pause_clocks(work, case.id, names=[RESOLUTION])


def _view(move: CaseMove) -> MoveView:
    return MoveView(
        id=move.id,
        kind=move.kind,
        case_id=move.case_id,
        into_case_id=move.into_case_id,
        messages=len(move.message_ids),
        moved_at=move.moved_at,
        moved_by=move.moved_by,
        undone_at=move.undone_at,
    )


@after(CaseMerged, CaseSplit, CaseMoveUndone)
async def make_both_findable(work: Work, fact: CaseMerged | CaseSplit | CaseMoveUndone) -> None:
    other = fact.new_case_id if isinstance(fact, CaseSplit) else fact.into_case_id
    for case_id in (fact.case_id, other):
        await index_case(work, case_id)
