"""What one can do with an alarm: take it, hand it on, close it with a reason."""

from uuid import UUID

from sqlalchemy import select

from aftercare import identity
from aftercare.insights.alarms.events import AlarmAcknowledged, AlarmClosed
from aftercare.insights.alarms.model import (
    Alarm,
    AlarmClosedAlready,
    AlarmNotFound,
    AlarmState,
    CloseReason,
)
from aftercare.insights.alarms.telling import hand_to
from aftercare.journal import Work
from aftercare.kit.text import clean

LONGEST_NOTE = 2_000


async def _row(work: Work, alarm_id: UUID) -> Alarm:
    row = await work.session.scalar(select(Alarm).where(Alarm.id == alarm_id).with_for_update())
    if row is None or not work.actor.sees(row.shop_id):
        raise AlarmNotFound(alarm_id=alarm_id)
    return row


async def acknowledge(work: Work, alarm_id: UUID, owner_id: UUID | None = None) -> None:
    """Somebody looks after it: the given colleague, or who says so. Again with another owner it is handed on, and they are told. Needs `insights.write`.
    Refuses with AlarmNotFound, AlarmClosedAlready, AccountNotFound."""
    work.require("insights.write")
    row = await _row(work, alarm_id)
    if row.state is AlarmState.closed:
        raise AlarmClosedAlready(alarm_id=alarm_id)
    owner = owner_id or work.actor.id
    if owner_id is not None and owner_id != work.actor.id:
        await identity.get_account(work, owner_id)
    if row.state is AlarmState.acknowledged and row.owner_id == owner:
        return
    row.state, row.owner_id = AlarmState.acknowledged, owner
    row.acknowledged_at = row.acknowledged_at or work.now
    if owner is not None and owner != work.actor.id:
        await hand_to(work, row, owner)
    work.record(AlarmAcknowledged(shop_id=row.shop_id, alarm_id=row.id, account_id=owner))


async def close(work: Work, alarm_id: UUID, reason: CloseReason, note: str = "") -> None:
    """Needs `insights.write`. Refuses with AlarmNotFound, AlarmClosedAlready."""
    work.require("insights.write")
    row = await _row(work, alarm_id)
    if row.state is AlarmState.closed:
        raise AlarmClosedAlready(alarm_id=alarm_id)
    row.state, row.close_reason, row.closed_at = AlarmState.closed, reason, work.now
    row.closed_by, row.note = work.actor.id, clean(note)[:LONGEST_NOTE]
    work.record(AlarmClosed(shop_id=row.shop_id, alarm_id=row.id, reason=reason))
