"""Saying something in cases, moving and closing them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from aftercare.cases.events import (
    CaseClosed,
    CaseLinked,
    CasePrioritySet,
    CaseReopened,
    CaseSnoozed,
    CaseSolved,
    CaseStageSet,
    CaseTagged,
)
from aftercare.cases.model import (
    MOVES,
    NO_CLOCK,
    AnswerFirst,
    CaseLink,
    CaseNotFound,
    Closing,
    MoveNotPossible,
    NotClosedBySilence,
    Priority,
    ServiceCase,
    SnoozeInThePast,
    Stage,
    StageNotPossible,
    Status,
    TagsNotPossible,
)
from aftercare.conversations import (
    LEAVING,
    Author,
    Channel,
    ContactNotOfCase,
    MessageKind,
    NewMessage,
    Offers,
    Posted,
    post,
)
from aftercare.journal import Actor, ActorKind, Work
from aftercare.kit.text import one_line
from aftercare.promises import resume_clocks, start_clock, stop_clock, stop_clocks

FIRST_ANSWER, NEXT_ANSWER, RESOLUTION = "case.first_answer", "case.next_answer", "case.resolution"
MOST_TAGS = 20


class CaseView(BaseModel):
    id: UUID
    shop_id: UUID
    number: str
    customer_id: UUID | None
    order_id: UUID | None
    thread_id: UUID
    title: str
    status: Status
    stage: Stage
    priority: Priority
    owner_id: UUID | None
    channel: Channel
    locale: str
    skill: str | None
    tags: list[str]
    opened_at: datetime
    last_message_at: datetime
    answered_at: datetime | None
    waiting_since: datetime | None
    snoozed_until: datetime | None
    solved_at: datetime | None
    closed_at: datetime | None
    closing: Closing | None


async def case_row(work: Work, case_id: UUID, *, lock: bool = False) -> ServiceCase:
    """The row, when the actor may see it; `lock` for whoever changes it. Refuses with CaseNotFound."""
    await work.session.flush()
    case = await work.session.get(ServiceCase, case_id, with_for_update=lock or None, populate_existing=True)
    if case is None or not may_see(work.actor, case.customer_id):
        raise CaseNotFound(case_id=case_id)
    return case


def may_see(actor: Actor, customer_id: UUID | None) -> bool:
    """A case of that customer, in a shop that the actor sees."""
    return customer_id in actor.customers if actor.kind is ActorKind.customer else actor.may("cases.read")


async def get_case(work: Work, case_id: UUID) -> CaseView:
    """Refuses with CaseNotFound what the actor may not see."""
    return view_of(await case_row(work, case_id))


# A case that was merged goes on in another one, and that perhaps in a third.
GOES_ON_IN = text(
    """
    WITH RECURSIVE goes AS (
      SELECT id, 0 AS depth FROM service_case
      WHERE id = CAST(:case_id AS uuid) OR thread_id = CAST(:thread_id AS uuid)
      UNION ALL
      SELECT v.into_case_id, depth + 1 FROM goes JOIN case_move v ON v.case_id = goes.id AND v.kind = 'merged'
        AND v.undone_at IS NULL WHERE depth < 10
    )
    SELECT id FROM goes ORDER BY depth DESC LIMIT 1
    """
)


async def goes_on_in(
    work: Work, *, case_id: UUID | None = None, thread_id: UUID | None = None
) -> UUID | None:
    """The case of this id or thread, or the one that it was merged into; None where there is none."""
    found: UUID | None = await work.session.scalar(GOES_ON_IN, {"case_id": case_id, "thread_id": thread_id})
    return found


def view_of(case: ServiceCase) -> CaseView:
    return CaseView.model_validate(case, from_attributes=True)


async def case_to_change(work: Work, case_id: UUID, permission: str = "cases.write") -> ServiceCase:
    case = await case_row(work, case_id, lock=True)
    work.require(permission)
    return case


def _check_move(case: ServiceCase, verb: str, who: Author) -> None:
    if not any(move.verb == verb and case.status in move.origin and who in move.who for move in MOVES):
        raise MoveNotPossible(verb=verb, status=case.status.value)


def _author(work: Work) -> Author:
    return Author(work.actor.kind.value)


SAY = "SELECT thread_id, customer_id FROM service_case WHERE id = :id"
# With the contact that the customer used last, if it can still be reached, or with the one that was chosen: it wrote here, or
# is the customer's. What the portal said has no contact, and then nothing leaves.
SAY_LEAVING = """
    SELECT c.thread_id, c.customer_id, c.title, c.number, w.contact_id, w.channel, w.account_id FROM service_case c
    LEFT JOIN LATERAL (
      SELECT k.id AS contact_id, k.channel, a.id AS account_id FROM (
        SELECT CAST(:contact_id AS uuid) AS id, CAST(NULL AS uuid) AS account_id, true AS chosen
        WHERE CAST(:contact_id AS uuid) IS NOT NULL
        UNION ALL
        (SELECT m.contact_id, m.account_id, false FROM message m
        WHERE CAST(:contact_id AS uuid) IS NULL AND m.thread_id = c.thread_id AND m.author_kind = 'customer'
        ORDER BY m.sent_at DESC, m.position DESC LIMIT 1)
      ) last
      JOIN contact k ON k.id = last.id AND k.shop_id = c.shop_id
      LEFT JOIN channel_account a ON a.active AND a.id = coalesce(last.account_id, k.account_id, (SELECT o.id
        FROM channel_account o WHERE o.shop_id = k.shop_id AND o.kind = k.channel AND o.active ORDER BY o.created_at LIMIT 1))
      WHERE (CASE WHEN last.chosen THEN k.customer_id = c.customer_id
          OR EXISTS (SELECT FROM message m WHERE m.thread_id = c.thread_id AND m.contact_id = k.id)
          ELSE k.bounced_at IS NULL END)
        AND (a.id IS NOT NULL OR k.channel = 'chat')
    ) w ON true
    WHERE c.id = :id
"""


async def say(
    work: Work,
    case_id: UUID,
    body: str,
    *,
    html: str | None = None,
    kind: MessageKind = MessageKind.message,
    channel: Channel | None = None,
    file_ids: Sequence[UUID] = (),
    client_key: str | None = None,
    contact_id: UUID | None = None,
    offers: Offers | None = None,
    sources_in_words: str = "",
) -> Posted:
    """Writes into the thread of a case; a customer's words reopen it. What waits for whom, and the clocks, follow. What staff
    say leaves by the way on which the customer wrote last, unless a `channel` or the `contact_id` that it goes to is given.
    `sources_in_words` stands below the words where what is offered cannot be shown as links. Refuses with ContactNotOfCase."""
    asks = work.actor.kind is ActorKind.customer
    leaves = not asks and kind is MessageKind.message and (channel is None or contact_id is not None)
    row = await work.row(SAY_LEAVING if leaves else SAY, {"id": case_id, "contact_id": contact_id})
    if row is None or (asks and row.customer_id not in work.actor.customers):
        raise CaseNotFound(case_id=case_id)
    usual = Channel.portal if asks else Channel.desk
    way: dict[str, Any] = {}
    if leaves and row.contact_id is not None:
        channel = usual = Channel(row.channel)
        if channel in LEAVING:
            way = {
                "account_id": row.account_id,
                "contact_id": row.contact_id,
                "subject": row.title,
                "case_number": row.number,
            }
            body = with_choices(f"{body}\n\n{sources_in_words}".rstrip(), offers)
    elif contact_id is not None:
        raise ContactNotOfCase(contact_id=contact_id)
    posted = await post(
        work,
        NewMessage(
            thread_id=row.thread_id,
            case_id=case_id,
            body=body,
            html=html,
            kind=kind,
            channel=channel or usual,
            file_ids=list(file_ids),
            client_key=client_key,
            offers=offers,
            **way,
        ),
    )
    # What comes next in the same Work finds the case as these words have left it.
    await work.write_facts()
    return posted


def with_choices(body: str, offers: Offers | None) -> str:
    """Where nothing can be pressed, the choices are numbered lines; who answers may write the number."""
    labels = [one.label for one in offers.choices if one.url is None] if offers else []
    return "\n".join([body, *(f"{number}. {label}" for number, label in enumerate(labels, 1))])


# Moving


async def set_stage(work: Work, case_id: UUID, stage: Stage, reason: str = "") -> CaseView:
    """Forward as far as is true; back only with a reason, which is kept as a note."""
    case = await case_to_change(work, case_id)
    if stage is case.stage:
        return view_of(case)
    if case.status is Status.closed and stage.number < Stage.followed_up.number:
        raise StageNotPossible(stage=stage.value, status=case.status.value)
    if stage.number < case.stage.number:
        if not reason.strip():
            raise StageNotPossible(stage=stage.value, before=case.stage.value)
        await say(work, case_id, reason, kind=MessageKind.note)
    _set_stage(work, case, stage)
    return view_of(case)


ADVANCE = """
    WITH old AS (SELECT id, stage FROM service_case WHERE id = :id FOR UPDATE)
    UPDATE service_case c SET
      stage = CASE WHEN old.stage = ANY(:earlier) THEN :stage ELSE old.stage END,
      status = CASE WHEN CAST(:turn AS text) IS NULL OR c.waiting_since IS NOT NULL
        OR c.status NOT IN ('open', 'waiting_shop', 'waiting_customer') THEN c.status ELSE :turn END,
      queued = CASE WHEN :turn = 'waiting_customer' AND c.waiting_since IS NULL THEN false ELSE c.queued END
    FROM old WHERE c.id = old.id
    RETURNING c.shop_id, c.customer_id, old.stage AS before, c.stage AS now_at
"""


async def advance(
    work: Work,
    case_id: UUID,
    stage: Stage,
    *,
    shop_acts: bool | None = None,
    through: Sequence[Stage] = (),
) -> None:
    """At least this stage: moves forward, never back. `through`: the stages that it came through on the way, each of which is
    told. `shop_acts` says whose turn it is in the matter; a customer who waits
    for an answer to words keeps the turn with us. For what follows by itself from claims, repairs and surveys: whoever calls
    has shown that the actor may act on those, so no permission for cases is asked."""
    furthest = max(*through, stage, key=lambda one: one.number) if through else stage
    row = await work.row(
        ADVANCE,
        {
            "id": case_id,
            "stage": furthest.value,
            "earlier": [one.value for one in Stage if one.number < furthest.number],
            "turn": None if shop_acts is None else ("waiting_shop" if shop_acts else "waiting_customer"),
        },
    )
    if row is None:
        return
    before = Stage(row.before)
    for one in (*through, stage):
        if one.number > before.number:
            work.record(
                CaseStageSet(
                    shop_id=row.shop_id,
                    case_id=case_id,
                    customer_id=row.customer_id,
                    stage=one,
                    before=before,
                )
            )
            before = one


def _set_stage(work: Work, case: ServiceCase, stage: Stage) -> None:
    work.record(
        CaseStageSet(
            shop_id=case.shop_id,
            case_id=case.id,
            customer_id=case.customer_id,
            stage=stage,
            before=case.stage,
        )
    )
    case.stage = stage


async def set_priority(work: Work, case_id: UUID, priority: Priority) -> CaseView:
    case = await case_to_change(work, case_id)
    if case.priority is not priority:
        work.record(
            CasePrioritySet(shop_id=case.shop_id, case_id=case.id, priority=priority, before=case.priority)
        )
        case.priority = priority
    return view_of(case)


async def set_tags(work: Work, case_id: UUID, tags: Sequence[str]) -> CaseView:
    """Exactly these tags from now on."""
    case = await case_to_change(work, case_id)
    wanted = good_tags(tags)
    added, removed = sorted(set(wanted) - set(case.tags)), sorted(set(case.tags) - set(wanted))
    if added or removed:
        case.tags = wanted
        work.record(CaseTagged(shop_id=case.shop_id, case_id=case.id, added=added, removed=removed))
    return view_of(case)


def good_tags(tags: Sequence[str]) -> list[str]:
    good = sorted({one_line(tag).casefold() for tag in tags} - {""})
    if len(good) > MOST_TAGS or any(len(tag) > 40 for tag in good):
        raise TagsNotPossible(most=MOST_TAGS)
    return good


async def snooze(work: Work, case_id: UUID, until: datetime | None) -> CaseView:
    """Out of the queues until then, or until the customer writes; None wakes it. Its clocks run on."""
    case = await case_to_change(work, case_id)
    if until is not None and until <= work.now:
        raise SnoozeInThePast(now=work.now)
    if case.snoozed_until != until:
        case.snoozed_until = until
        work.record(CaseSnoozed(shop_id=case.shop_id, case_id=case.id, until=until))
    return view_of(case)


async def solve(work: Work, case_id: UUID, *, unanswered: bool = False) -> CaseView:
    """We think that it is solved; the clock of resolution stops. Refuses with AnswerFirst while the customer waits for an
    answer; with `unanswered` there is none to give (a thank-you), and the clock of the answer is neither kept nor broken."""
    case = await case_to_change(work, case_id)
    _check_move(case, "solve", _author(work))
    if case.waiting_since is not None:
        if not unanswered:
            raise AnswerFirst(waiting_since=case.waiting_since)
        await stop_clocks(work, case.id, [FIRST_ANSWER, NEXT_ANSWER], outcome="cancelled")
    case.status, case.solved_at, case.snoozed_until, case.queued = Status.solved, work.now, None, False
    case.waiting_since = None
    work.record(
        CaseSolved(
            shop_id=case.shop_id, case_id=case.id, customer_id=case.customer_id, account_id=case.owner_id
        )
    )
    await work.session.flush()
    await _end_pause(work, case.id)
    await stop_clock(work, subject_id=case.id, name=RESOLUTION)
    return view_of(case)


async def _end_pause(work: Work, case_id: UUID) -> None:
    """A clock that stood still while the customer was waited for knows only when it was due before; stopped as it is, it would
    be late by all that time."""
    await resume_clocks(work, case_id, names=[RESOLUTION])


async def close_case(work: Work, case_id: UUID, closing: Closing) -> CaseView:
    """Ends the case for a reason. A customer may confirm or withdraw; `followed_up` needs the stage. Refuses with
    MoveNotPossible, NotClosedBySilence."""
    case = await case_row(work, case_id, lock=True)
    who = _author(work)
    if who is not Author.customer:
        work.require("cases.write")
    elif closing not in (Closing.confirmed, Closing.withdrawn):
        raise MoveNotPossible(verb="close", closing=closing.value)
    _check_move(case, "close", who)
    if closing is Closing.followed_up and case.stage.number < Stage.followed_up.number:
        raise NotClosedBySilence(stage=case.stage.value)
    case.status, case.closing, case.closed_at = Status.closed, closing, work.now
    case.snoozed_until, case.waiting_since, case.queued = None, None, False
    work.record(
        CaseClosed(
            shop_id=case.shop_id,
            case_id=case.id,
            customer_id=case.customer_id,
            account_id=case.owner_id,
            closing=closing,
        )
    )
    await work.session.flush()
    await _end_pause(work, case.id)
    if closing in (Closing.confirmed, Closing.followed_up):
        await stop_clock(work, subject_id=case.id, name=RESOLUTION)
    await stop_clocks(work, case.id, outcome="cancelled")
    return view_of(case)


async def reopen(work: Work, case_id: UUID) -> CaseView:
    """Takes up a solved or closed case again: we are to act, and the clock of resolution starts anew."""
    case = await case_row(work, case_id, lock=True)
    if work.actor.kind is not ActorKind.customer:
        work.require("cases.write")
    _check_move(case, "reopen", _author(work))
    before = case.status
    case.status, case.closed_at, case.closing, case.solved_at = Status.waiting_shop, None, None, None
    await work.session.flush()
    await note_reopened(work, case.id, case.shop_id, case.customer_id, case.owner_id, before)
    return view_of(case)


async def note_reopened(
    work: Work, case_id: UUID, shop_id: UUID, customer_id: UUID | None, owner_id: UUID | None, before: Status
) -> None:
    work.record(
        CaseReopened(
            shop_id=shop_id, case_id=case_id, customer_id=customer_id, account_id=owner_id, before=before
        )
    )
    await start_clock(work, shop_id=shop_id, subject_kind="case", subject_id=case_id, name=RESOLUTION)


async def link(work: Work, case_id: UUID, kind: str, object_id: UUID) -> None:
    """The object belongs to the case: the case's page shows it and its clocks count in the case's ring. Twice is once."""
    case = await case_row(work, case_id)
    done = await work.session.execute(
        insert(CaseLink)
        .values(
            case_id=case.id, object_kind=kind, object_id=object_id, shop_id=case.shop_id, linked_at=work.now
        )
        .on_conflict_do_nothing()
        .returning(CaseLink.object_id)
    )
    if done.one_or_none() is not None:
        work.record(CaseLinked(shop_id=case.shop_id, case_id=case.id, object_kind=kind, object_id=object_id))


WIND = """
    UPDATE service_case c SET due_at = s.due_at
    FROM (
      SELECT o.case_id, coalesce(min(k.due_at), :no_clock) AS due_at
      FROM (
        SELECT case_id, case_id AS id FROM unnest(CAST(:cases AS uuid[])) AS given(case_id)
        UNION SELECT case_id, case_id FROM case_link WHERE object_id = ANY(:objects)
        UNION SELECT l.case_id, l.object_id FROM case_link l WHERE l.case_id = ANY(:cases)
          OR l.case_id IN (SELECT case_id FROM case_link WHERE object_id = ANY(:objects))
      ) o
      LEFT JOIN clock k ON k.subject_id = o.id AND k.settled_at IS NULL AND k.state <> 'paused'
      GROUP BY o.case_id ORDER BY o.case_id
    ) s
    WHERE c.id = s.case_id AND c.due_at <> s.due_at
"""


async def wind(work: Work, cases: Collection[UUID], objects: Collection[UUID] = ()) -> None:
    """Notes on the cases, and on those that the objects are linked to, when the soonest of their clocks, and of what is linked
    to them, ends."""
    await work.rows(WIND, {"cases": list(cases), "objects": list(objects), "no_clock": NO_CLOCK})
