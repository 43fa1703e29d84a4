"""Answers that are sent later, in the name of who wrote them, unless the customer has written since."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, Field
from sqlalchemy import select, text

from aftercare import identity
from aftercare.cases.answers import answer
from aftercare.cases.answers import check_answer as check_answer_of
from aftercare.cases.events import (
    MessagePlanned,
    PlannedMessageCancelled,
    PlannedMessageHeld,
    PlannedMessageSent,
)
from aftercare.cases.followers import Telling, tell_all
from aftercare.cases.model import (
    AnswerHeldBack,
    DeskKind,
    HeldBecause,
    PlannedInThePast,
    PlannedMessage,
    PlannedMessageNotFound,
    PlannedMessageOver,
    PlannedState,
    ServiceCase,
    Status,
)
from aftercare.cases.verbs import case_row
from aftercare.conversations import LONGEST_BODY, MessageEmpty
from aftercare.journal import SYSTEM, Actor, ActorKind, House, PermissionMissing, Work, begin
from aftercare.kit.errors import Refusal
from aftercare.kit.text import clean

SOONEST, LATEST = timedelta(minutes=1), timedelta(days=90)
AT_ONCE = 200
"""How many are looked up at a time."""


class NewPlanned(BaseModel):
    """`in_any_case`: also when the customer has written since. `override`: why it is sent although the wording would be held
    back."""

    body: Annotated[str, Field(max_length=LONGEST_BODY), AfterValidator(clean)]
    send_at: AwareDatetime
    file_ids: Annotated[list[UUID], Field(max_length=20)] = []
    in_any_case: bool = False
    override: Annotated[str, Field(max_length=1_000), AfterValidator(clean)] = ""


class PlannedView(BaseModel):
    id: UUID
    case_id: UUID
    author_id: UUID
    body: str
    file_ids: list[UUID]
    send_at: datetime
    in_any_case: bool
    state: PlannedState
    held: HeldBecause | None
    message_id: UUID | None
    planned_at: datetime


def _view(row: PlannedMessage) -> PlannedView:
    return PlannedView.model_validate(row, from_attributes=True)


async def _check(work: Work, case_id: UUID, new: NewPlanned) -> None:
    if not work.now + SOONEST <= new.send_at <= work.now + LATEST:
        raise PlannedInThePast(now=work.now)
    if not new.body.strip() and not new.file_ids:
        raise MessageEmpty()
    wording = await check_answer_of(work, case_id, new.body)
    if wording.held and not new.override.strip():
        raise AnswerHeldBack(findings=[one.model_dump(mode="json") for one in wording.findings])


async def plan_message(work: Work, case_id: UUID, new: NewPlanned) -> PlannedView:
    """Keeps the answer until its time. Needs `conversations.write`. Refuses with CaseNotFound, PlannedInThePast,
    AnswerHeldBack, MessageEmpty."""
    work.require("conversations.write")
    case = await case_row(work, case_id)
    if work.actor.kind is not ActorKind.staff or work.actor.id is None:
        raise PermissionMissing(permission="conversations.write")
    await _check(work, case_id, new)
    row = PlannedMessage(
        id=work.new_id(),
        shop_id=case.shop_id,
        case_id=case_id,
        author_id=work.actor.id,
        body=new.body.strip(),
        file_ids=[str(one) for one in new.file_ids],
        override=new.override.strip(),
        send_at=new.send_at,
        in_any_case=new.in_any_case,
        state=PlannedState.planned,
        planned_at=work.now,
    )
    work.session.add(row)
    await work.session.flush()
    _planned(work, row, again=False)
    return _view(row)


def _planned(work: Work, row: PlannedMessage, *, again: bool) -> None:
    work.record(
        MessagePlanned(
            shop_id=row.shop_id,
            case_id=row.case_id,
            planned_message_id=row.id,
            account_id=row.author_id,
            send_at=row.send_at,
            again=again,
        )
    )


async def _own(work: Work, planned_id: UUID) -> PlannedMessage:
    """Locked. The author's, or any for who gives out cases."""
    work.require("conversations.write")
    row = await work.session.get(PlannedMessage, planned_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise PlannedMessageNotFound(planned_message_id=planned_id)
    await case_row(work, row.case_id)
    if row.author_id != work.actor.id and not work.actor.may("cases.assign"):
        raise PermissionMissing(permission="cases.assign")
    if row.state not in (PlannedState.planned, PlannedState.held):
        raise PlannedMessageOver(state=row.state.value)
    return row


async def change_planned(work: Work, planned_id: UUID, new: NewPlanned) -> PlannedView:
    """Other words or another time; one that was held is planned again. Refuses with PlannedMessageNotFound,
    PlannedMessageOver, and as `plan_message`."""
    row = await _own(work, planned_id)
    await _check(work, row.case_id, new)
    row.body, row.file_ids = new.body.strip(), [str(one) for one in new.file_ids]
    row.send_at, row.in_any_case, row.override = new.send_at, new.in_any_case, new.override.strip()
    row.state, row.held, row.planned_at = PlannedState.planned, None, work.now
    await work.session.flush()
    _planned(work, row, again=True)
    return _view(row)


async def cancel_planned(work: Work, planned_id: UUID) -> PlannedView:
    """Refuses with PlannedMessageNotFound, PlannedMessageOver."""
    row = await _own(work, planned_id)
    row.state, row.held = PlannedState.cancelled, None
    await work.session.flush()
    work.record(PlannedMessageCancelled(shop_id=row.shop_id, case_id=row.case_id, planned_message_id=row.id))
    return _view(row)


async def planned_in(work: Work, case_id: UUID) -> list[PlannedView]:
    """What is still to be sent in the case, or was held, the soonest first. Refuses with CaseNotFound."""
    work.require("cases.read")
    await case_row(work, case_id)
    rows: Sequence[PlannedMessage] = (
        await work.session.scalars(
            select(PlannedMessage)
            .where(
                PlannedMessage.case_id == case_id,
                PlannedMessage.state.in_([PlannedState.planned, PlannedState.held]),
            )
            .order_by(PlannedMessage.send_at, PlannedMessage.id)
        )
    ).all()
    return [_view(row) for row in rows]


DUE = text(
    """
    SELECT id, author_id, shop_id FROM planned_message WHERE state = 'planned' AND send_at <= :now
    ORDER BY send_at, id LIMIT :limit
    """
)
# Whoever writes in a thread holds it: behind this the customer's words are either seen or come after ours.
HOLD = text("SELECT id FROM thread WHERE id = :id FOR NO KEY UPDATE")
WROTE = text(
    """
    SELECT EXISTS (SELECT FROM message WHERE thread_id = :id AND author_kind = 'customer' AND kind = 'message' AND sent_at > :since)
    """
)


async def send_planned(house: House) -> int:
    """Whatever is due, each in a Work of its own. Safe to run twice at once. Returns how many were sent."""
    sent = 0
    async with begin(house, SYSTEM) as work:
        due = (await work.session.execute(DUE, {"now": work.now, "limit": AT_ONCE})).all()
    for one in due:
        author = Actor(
            ActorKind.staff,
            one.author_id,
            frozenset({one.shop_id}),
            frozenset({"cases.read", "cases.write", "conversations.write", "claims.read", "orders.read"}),
            role="agent",
        )
        try:
            async with begin(house, author) as work:
                sent += await _send(work, one.id)
        except Refusal:
            async with begin(house, SYSTEM) as work:
                await _hold(work, one.id, HeldBecause.refused)
    return sent


async def _due(work: Work, planned_id: UUID) -> PlannedMessage | None:
    return (
        await work.session.execute(
            select(PlannedMessage)
            .where(
                PlannedMessage.id == planned_id,
                PlannedMessage.state == PlannedState.planned,
                PlannedMessage.send_at <= work.now,
            )
            .with_for_update(skip_locked=True)
        )
    ).scalar_one_or_none()


async def _send(work: Work, planned_id: UUID) -> bool:
    row = await _due(work, planned_id)
    if row is None:
        return False
    case = await work.session.get(ServiceCase, row.case_id)
    if case is None:
        return False
    await work.session.execute(HOLD, {"id": case.thread_id})
    case = await case_row(work, row.case_id)
    able = await identity.members_of(work, row.shop_id, "conversations.write")
    why = None
    if row.author_id not in able:
        why = HeldBecause.author_gone
    elif case.status is Status.closed:
        why = HeldBecause.case_over
    elif not row.in_any_case and await work.session.scalar(
        WROTE, {"id": case.thread_id, "since": row.planned_at}
    ):
        why = HeldBecause.customer_wrote
    if why is not None:
        await _held(work, row, why)
        return False
    posted = await answer(
        work,
        row.case_id,
        row.body,
        file_ids=[UUID(one) for one in row.file_ids],
        client_key=f"planned.{row.id}",
        override=row.override,
    )
    row.state, row.message_id = PlannedState.sent, posted.message_id
    await work.session.flush()
    work.record(
        PlannedMessageSent(
            shop_id=row.shop_id,
            case_id=row.case_id,
            planned_message_id=row.id,
            message_id=posted.message_id,
        )
    )
    return True


async def _hold(work: Work, planned_id: UUID, why: HeldBecause) -> None:
    row = await _due(work, planned_id)
    if row is not None:
        await _held(work, row, why)


async def _held(work: Work, row: PlannedMessage, why: HeldBecause) -> None:
    row.state, row.held = PlannedState.held, why
    await work.session.flush()
    work.record(
        PlannedMessageHeld(
            shop_id=row.shop_id,
            case_id=row.case_id,
            planned_message_id=row.id,
            account_id=row.author_id,
            because=why,
        )
    )
    await tell_all(work, [Telling(row.shop_id, row.case_id, DeskKind.held, row.author_id)])
