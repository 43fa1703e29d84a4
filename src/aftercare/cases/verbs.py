"""Opening, owning, moving and closing cases."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.cases.events import (
    CaseAssigned,
    CaseClosed,
    CaseLinked,
    CaseOpened,
    CasePrioritySet,
    CaseReleased,
    CaseReopened,
    CaseSnoozed,
    CaseSolved,
    CaseStageSet,
    CaseTagged,
    How,
)
from aftercare.cases.model import (
    LONGEST_TITLE,
    MOVES,
    NO_CLOCK,
    SNIPPET,
    AnswerFirst,
    CaseLink,
    CaseNotFound,
    CaseTakenAlready,
    Closing,
    MoveNotPossible,
    NotClosedBySilence,
    OwnerNotFound,
    Priority,
    ServiceCase,
    SnoozeInThePast,
    Stage,
    StageNotPossible,
    Status,
    TagsNotPossible,
    TitleMissing,
)
from aftercare.conversations import (
    LEAVING,
    Author,
    Channel,
    ContactNotOfCase,
    MessageKind,
    NewMessage,
    Posted,
    post,
)
from aftercare.journal import Actor, ActorKind, PermissionMissing, Work
from aftercare.kit.text import clean, one_line
from aftercare.promises import start_clock, stop_clock, stop_clocks

FIRST_ANSWER, NEXT_ANSWER, RESOLUTION = "case.first_answer", "case.next_answer", "case.resolution"
MOST_TAGS = 20


class NewCase(BaseModel):
    """`body` is the first message; opened by staff it is their note of what the customer asked. A case that expects no
    answer (one that a claim opens for itself) starts no clock of first answer. The same `client_key` of the same customer
    opens the same case, however often it is sent."""

    shop_id: UUID
    title: str
    customer_id: UUID | None = None
    order_id: UUID | None = None
    channel: Channel = Channel.portal
    locale: str = "zh-CN"
    priority: Priority = Priority.normal
    skill: str | None = None
    tags: list[str] = []
    body: str = ""
    file_ids: list[UUID] = []
    client_key: str | None = None
    expects_answer: bool = True
    find_owner: bool = True
    links: list[tuple[str, UUID]] = []
    """Objects of other contexts, by kind, that belong to it from the beginning."""


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


OPEN = text(
    """
    WITH n AS (SELECT nextval('service_case_number') AS n),
    c AS (
      INSERT INTO service_case (id, shop_id, number, customer_id, order_id, thread_id, title, status, stage, priority,
        channel, locale, skill, tags, opened_at, last_message_at, last_message_id, last_author, last_words, waiting_since,
        due_at, queued, client_key)
      SELECT :id, :shop_id, 'AC-' || CAST(:month AS text) || '-' || lpad(n::text, greatest(6, length(n::text)), '0'),
        :customer_id, :order_id, :thread_id, :title, 'open', 'consulted', :priority, :channel, :locale, :skill, :tags, :now,
        :now, :message_id, :last_author, :last_words, :waiting_since, :no_clock, :queued, :client_key FROM n
      ON CONFLICT (customer_id, client_key) WHERE client_key IS NOT NULL DO NOTHING RETURNING number
    ), t AS (
      INSERT INTO thread (id, shop_id, customer_id, opened_at)
      SELECT CAST(:thread_id AS uuid), CAST(:shop_id AS uuid), CAST(:customer_id AS uuid), CAST(:now AS timestamptz) FROM c
    ), l AS (
      INSERT INTO case_link (case_id, object_kind, object_id, shop_id, linked_at)
      SELECT CAST(:id AS uuid), l.kind, l.id, CAST(:shop_id AS uuid), CAST(:now AS timestamptz)
      FROM c, unnest(CAST(:link_kinds AS text[]), CAST(:link_ids AS uuid[])) AS l(kind, id)
    )
    SELECT number FROM c
    """
)


async def open_case(work: Work, new: NewCase) -> CaseView:
    """Opens a case with its thread, its first message and its clocks. A customer opens only own matters; staff need
    `cases.write`. Refuses with CaseNotFound (not yours), TitleMissing."""
    actor = work.actor
    is_customer = actor.kind is ActorKind.customer
    title = one_line(new.title)
    if not title or len(title) > LONGEST_TITLE:
        raise TitleMissing(most=LONGEST_TITLE)
    if is_customer:
        if new.customer_id not in actor.customers:
            raise CaseNotFound()
    else:
        work.require("cases.write")
    await _check_parties(work, new)
    case_id, thread_id = work.new_id(), work.new_id()
    body = clean(new.body).strip()
    says = bool(body or new.file_ids)
    message_id = work.new_id() if says else None
    row: dict[str, Any] = {
        "id": case_id,
        "thread_id": thread_id,
        "shop_id": new.shop_id,
        "customer_id": new.customer_id,
        "order_id": new.order_id,
        "title": title,
        "priority": new.priority.value,
        "channel": new.channel.value,
        "locale": new.locale,
        "skill": new.skill,
        "tags": _good_tags(new.tags),
        "now": work.now,
        "month": work.now.strftime("%y%m"),
        "message_id": message_id,
        "last_author": Author(actor.kind.value).value if says else None,
        "last_words": one_line(body)[:SNIPPET],
        "waiting_since": work.now if new.expects_answer else None,
        "no_clock": NO_CLOCK,
        "queued": new.find_owner,
        "client_key": new.client_key,
        "link_kinds": [kind for kind, _ in new.links],
        "link_ids": [object_id for _, object_id in new.links],
    }
    number = (await work.session.execute(OPEN, row)).scalar_one_or_none()
    if number is None:
        return await _opened_before(work, new)
    work.record(
        CaseOpened(
            shop_id=new.shop_id,
            case_id=case_id,
            thread_id=thread_id,
            customer_id=new.customer_id,
            order_id=new.order_id,
            channel=new.channel,
            number=number,
        )
    )
    for kind, object_id in new.links:
        work.record(CaseLinked(shop_id=new.shop_id, case_id=case_id, object_kind=kind, object_id=object_id))
    if message_id is not None:
        await post(
            work,
            NewMessage(
                thread_id=thread_id,
                case_id=case_id,
                body=body,
                kind=MessageKind.message if is_customer else MessageKind.note,
                channel=new.channel,
                file_ids=new.file_ids,
            ),
            message_id=message_id,
        )
    clocks = [FIRST_ANSWER, RESOLUTION] if new.expects_answer else [RESOLUTION]
    for name in clocks:
        await start_clock(work, shop_id=new.shop_id, subject_kind="case", subject_id=case_id, name=name)
    return CaseView(
        id=case_id,
        shop_id=new.shop_id,
        number=number,
        customer_id=new.customer_id,
        order_id=new.order_id,
        thread_id=thread_id,
        title=title,
        status=Status.open,
        stage=Stage.consulted,
        priority=new.priority,
        owner_id=None,
        channel=new.channel,
        locale=new.locale,
        skill=new.skill,
        tags=row["tags"],
        opened_at=work.now,
        last_message_at=work.now,
        answered_at=None,
        waiting_since=row["waiting_since"],
        snoozed_until=None,
        solved_at=None,
        closed_at=None,
        closing=None,
    )


async def _opened_before(work: Work, new: NewCase) -> CaseView:
    earlier = await work.session.execute(
        text("SELECT id FROM service_case WHERE customer_id = :customer_id AND client_key = :client_key"),
        {"customer_id": new.customer_id, "client_key": new.client_key},
    )
    return await get_case(work, earlier.scalar_one())


async def _check_parties(work: Work, new: NewCase) -> None:
    """The actor sees the shop, the customer is one of it, and the order is the customer's."""
    if new.customer_id is None and new.order_id is None:
        await identity.get_shop(work, new.shop_id)
        return
    row = (
        await work.session.execute(
            text(
                """
                SELECT (CAST(:customer_id AS uuid) IS NULL OR EXISTS (
                    SELECT FROM customer WHERE id = :customer_id AND shop_id = :shop_id))
                  AND (CAST(:order_id AS uuid) IS NULL OR EXISTS (
                    SELECT FROM sales_order WHERE id = :order_id AND shop_id = :shop_id
                      AND (CAST(:customer_id AS uuid) IS NULL OR customer_id = :customer_id))) AS fits
                """
            ),
            {"customer_id": new.customer_id, "order_id": new.order_id, "shop_id": new.shop_id},
        )
    ).one()
    if not row.fits:
        raise CaseNotFound(shop_id=new.shop_id, customer_id=new.customer_id, order_id=new.order_id)


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


def view_of(case: ServiceCase) -> CaseView:
    return CaseView.model_validate(case, from_attributes=True)


async def _change(work: Work, case_id: UUID, permission: str = "cases.write") -> ServiceCase:
    case = await case_row(work, case_id, lock=True)
    work.require(permission)
    return case


def _check_move(case: ServiceCase, verb: str, who: Author) -> None:
    if not any(move.verb == verb and case.status in move.origin and who in move.who for move in MOVES):
        raise MoveNotPossible(verb=verb, status=case.status.value)


def _author(work: Work) -> Author:
    return Author(work.actor.kind.value)


SAY = text("SELECT thread_id, customer_id FROM service_case WHERE id = :id")
# With the contact that the customer used last, if it can still be reached, or with the one that was chosen: it wrote here, or
# is the customer's. What the portal said has no contact, and then nothing leaves.
SAY_LEAVING = text(
    """
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
      LEFT JOIN channel_account a ON a.id = coalesce(last.account_id, k.account_id) AND a.active
      WHERE (CASE WHEN last.chosen THEN k.customer_id = c.customer_id
          OR EXISTS (SELECT FROM message m WHERE m.thread_id = c.thread_id AND m.contact_id = k.id)
          ELSE k.bounced_at IS NULL END)
        AND (a.id IS NOT NULL OR k.channel = 'chat')
    ) w ON true
    WHERE c.id = :id
    """
)


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
) -> Posted:
    """Writes into the thread of a case; a customer's words reopen it. What waits for whom, and the clocks, follow. What staff
    say leaves by the way on which the customer wrote last, unless a `channel` or the `contact_id` that it goes to is given.
    Refuses with ContactNotOfCase."""
    asks = work.actor.kind is ActorKind.customer
    leaves = not asks and kind is MessageKind.message and (channel is None or contact_id is not None)
    row = (
        await work.session.execute(
            SAY_LEAVING if leaves else SAY, {"id": case_id, **({"contact_id": contact_id} if leaves else {})}
        )
    ).one_or_none()
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
            **way,
        ),
    )
    # What comes next in the same Work finds the case as these words have left it.
    await work.write_facts()
    return posted


# Owning


async def take(work: Work, case_id: UUID) -> CaseView:
    """The acting member of staff becomes the owner. Refuses with CaseTakenAlready when somebody else is."""
    case = await _change(work, case_id)
    me = work.actor.id
    if me is None or work.actor.kind is not ActorKind.staff:
        raise OwnerNotFound()
    if case.owner_id is not None and case.owner_id != me:
        raise CaseTakenAlready(owner_id=case.owner_id)
    if case.owner_id is None:
        give(work, case, me, "taken")
    return view_of(case)


async def assign(work: Work, case_id: UUID, account_id: UUID) -> CaseView:
    """Gives the case to somebody, whoever had it. Needs `cases.assign`. Refuses with OwnerNotFound."""
    case = await _change(work, case_id, "cases.assign")
    await _check_owner(work, case.shop_id, account_id)
    if case.owner_id != account_id:
        give(work, case, account_id, "assigned")
    return view_of(case)


async def hand_over(work: Work, case_id: UUID, account_id: UUID, note: str) -> CaseView:
    """The owner passes the case on, with a note that says how it stands."""
    case = await _change(work, case_id)
    if case.owner_id != work.actor.id and not work.actor.may("cases.assign"):
        raise PermissionMissing(permission="cases.assign")
    await _check_owner(work, case.shop_id, account_id)
    if note.strip():
        await say(work, case_id, note, kind=MessageKind.note)
    if case.owner_id != account_id:
        give(work, case, account_id, "handed_over")
    return view_of(case)


async def release(work: Work, case_id: UUID) -> CaseView:
    """Puts the case back into the shared queue, where it stays until somebody takes it."""
    case = await _change(work, case_id)
    if case.owner_id is not None:
        if case.owner_id != work.actor.id and not work.actor.may("cases.assign"):
            raise PermissionMissing(permission="cases.assign")
        work.record(CaseReleased(shop_id=case.shop_id, case_id=case.id, account_id=case.owner_id))
        case.owner_id = case.assigned_at = None
    case.queued = False
    return view_of(case)


def give(work: Work, case: ServiceCase, account_id: UUID, how: How) -> None:
    work.record(
        CaseAssigned(
            shop_id=case.shop_id,
            case_id=case.id,
            account_id=account_id,
            from_account_id=case.owner_id,
            how=how,
        )
    )
    case.owner_id, case.assigned_at, case.queued = account_id, work.now, False


async def _check_owner(work: Work, shop_id: UUID, account_id: UUID) -> None:
    known = await work.session.execute(
        text(
            "SELECT 1 FROM account a WHERE a.id = :id AND a.active AND EXISTS (SELECT FROM membership m"
            " WHERE m.account_id = a.id AND (m.shop_id IS NULL OR m.shop_id = :shop_id))"
        ),
        {"id": account_id, "shop_id": shop_id},
    )
    if known.one_or_none() is None:
        raise OwnerNotFound(account_id=account_id)


# Moving


async def set_stage(work: Work, case_id: UUID, stage: Stage, reason: str = "") -> CaseView:
    """Forward as far as is true; back only with a reason, which is kept as a note."""
    case = await _change(work, case_id)
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


ADVANCE = text(
    """
    WITH old AS (SELECT id, stage FROM service_case WHERE id = :id FOR UPDATE)
    UPDATE service_case c SET
      stage = CASE WHEN old.stage = ANY(:earlier) THEN :stage ELSE old.stage END,
      status = CASE WHEN CAST(:turn AS text) IS NULL OR c.waiting_since IS NOT NULL
        OR c.status NOT IN ('open', 'waiting_shop', 'waiting_customer') THEN c.status ELSE :turn END,
      queued = CASE WHEN :turn = 'waiting_customer' AND c.waiting_since IS NULL THEN false ELSE c.queued END
    FROM old WHERE c.id = old.id
    RETURNING c.shop_id, c.customer_id, old.stage AS before, c.stage AS now_at
    """
)


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
    row = (
        await work.session.execute(
            ADVANCE,
            {
                "id": case_id,
                "stage": furthest.value,
                "earlier": [one.value for one in Stage if one.number < furthest.number],
                "turn": None if shop_acts is None else ("waiting_shop" if shop_acts else "waiting_customer"),
            },
        )
    ).one_or_none()
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
    case = await _change(work, case_id)
    if case.priority is not priority:
        work.record(
            CasePrioritySet(shop_id=case.shop_id, case_id=case.id, priority=priority, before=case.priority)
        )
        case.priority = priority
    return view_of(case)


async def set_tags(work: Work, case_id: UUID, tags: Sequence[str]) -> CaseView:
    """Exactly these tags from now on."""
    case = await _change(work, case_id)
    wanted = _good_tags(tags)
    added, removed = sorted(set(wanted) - set(case.tags)), sorted(set(case.tags) - set(wanted))
    if added or removed:
        case.tags = wanted
        work.record(CaseTagged(shop_id=case.shop_id, case_id=case.id, added=added, removed=removed))
    return view_of(case)


def _good_tags(tags: Sequence[str]) -> list[str]:
    good = sorted({one_line(tag).casefold() for tag in tags} - {""})
    if len(good) > MOST_TAGS or any(len(tag) > 40 for tag in good):
        raise TagsNotPossible(most=MOST_TAGS)
    return good


async def snooze(work: Work, case_id: UUID, until: datetime | None) -> CaseView:
    """Out of the queues until then, or until the customer writes; None wakes it. Its clocks run on."""
    case = await _change(work, case_id)
    if until is not None and until <= work.now:
        raise SnoozeInThePast(now=work.now)
    if case.snoozed_until != until:
        case.snoozed_until = until
        work.record(CaseSnoozed(shop_id=case.shop_id, case_id=case.id, until=until))
    return view_of(case)


async def solve(work: Work, case_id: UUID) -> CaseView:
    """We think that it is solved; the clock of resolution stops. Refuses with AnswerFirst while the customer waits for an
    answer."""
    case = await _change(work, case_id)
    _check_move(case, "solve", _author(work))
    if case.waiting_since is not None:
        raise AnswerFirst(waiting_since=case.waiting_since)
    case.status, case.solved_at, case.snoozed_until, case.queued = Status.solved, work.now, None, False
    work.record(
        CaseSolved(
            shop_id=case.shop_id, case_id=case.id, customer_id=case.customer_id, account_id=case.owner_id
        )
    )
    await work.session.flush()
    await stop_clock(work, subject_id=case.id, name=RESOLUTION)
    return view_of(case)


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


WIND = text(
    """
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
)


async def wind(work: Work, cases: Collection[UUID], objects: Collection[UUID] = ()) -> None:
    """Notes on the cases, and on those that the objects are linked to, when the soonest of their clocks, and of what is linked
    to them, ends."""
    await work.session.execute(WIND, {"cases": list(cases), "objects": list(objects), "no_clock": NO_CLOCK})
