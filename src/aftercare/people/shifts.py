"""Working hours of members: weekly shifts in their own time zone, split or past midnight, and days off."""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from aftercare.journal import PermissionMissing, Work
from aftercare.kit.text import one_line
from aftercare.people.events import MemberChanged
from aftercare.people.members import require_staff
from aftercare.people.model import DayOff, Member, MemberNotFound, Shift, ShiftNotPossible

MOST_SHIFTS, MOST_DAYS = 42, 400


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is no time zone")
    return name


class ShiftTimes(BaseModel):
    """`ends` before `begins`: on the next day. Monday is 1."""

    weekday: int = Field(ge=1, le=7)
    begins: time
    ends: time


class OffDay(BaseModel):
    off_on: date
    note: Annotated[str, AfterValidator(one_line), Field(max_length=80)] = ""


class WorkingHours(BaseModel):
    time_zone: Annotated[str, AfterValidator(_zone)] = "Asia/Shanghai"
    shifts: Annotated[list[ShiftTimes], Field(max_length=MOST_SHIFTS)] = []
    days_off: Annotated[list[OffDay], Field(max_length=MOST_DAYS)] = []


async def hours_of(work: Work, account_id: UUID) -> WorkingHours:
    """Refuses with MemberNotFound."""
    require_staff(work)
    if await work.session.get(Member, account_id) is None:
        raise MemberNotFound(account_id=account_id)
    shifts = (
        await work.session.scalars(
            select(Shift).where(Shift.account_id == account_id).order_by(Shift.weekday, Shift.begins)
        )
    ).all()
    off = await work.session.scalars(
        select(DayOff).where(DayOff.account_id == account_id).order_by(DayOff.off_on)
    )
    return WorkingHours(
        time_zone=shifts[0].time_zone if shifts else "Asia/Shanghai",
        shifts=[ShiftTimes.model_validate(one, from_attributes=True) for one in shifts],
        days_off=[OffDay.model_validate(one, from_attributes=True) for one in off],
    )


async def set_hours(work: Work, account_id: UUID, hours: WorkingHours) -> WorkingHours:
    """Exactly these from now on. Needs `users.write`. Refuses with MemberNotFound, ShiftNotPossible."""
    if not work.actor.may("users.write"):
        raise PermissionMissing(permission="users.write")
    member = await work.session.get(Member, account_id, with_for_update=True)
    if member is None:
        raise MemberNotFound(account_id=account_id)
    _check(hours.shifts)
    await work.session.execute(delete(Shift).where(Shift.account_id == account_id))
    await work.session.execute(delete(DayOff).where(DayOff.account_id == account_id))
    if hours.shifts:
        rows = [
            {"id": work.new_id(), "account_id": account_id, "time_zone": hours.time_zone, **one.model_dump()}
            for one in hours.shifts
        ]
        await work.session.execute(insert(Shift), rows)
    if hours.days_off:
        days = {one.off_on: one.note for one in hours.days_off}
        await work.session.execute(
            insert(DayOff),
            [{"account_id": account_id, "off_on": day, "note": note} for day, note in days.items()],
        )
    work.record(MemberChanged(account_id=account_id, working=member.working, capacity=member.capacity))
    return await hours_of(work, account_id)


def _check(shifts: Sequence[ShiftTimes]) -> None:
    """On the line of a week's minutes no two may overlap; Sunday's night goes into Monday."""
    week = 7 * 24 * 60
    taken: list[tuple[int, int]] = []
    for one in shifts:
        begins = (one.weekday - 1) * 1440 + one.begins.hour * 60 + one.begins.minute
        length = (one.ends.hour * 60 + one.ends.minute - one.begins.hour * 60 - one.begins.minute) % 1440
        if not length:
            raise ShiftNotPossible(weekday=one.weekday)
        spans = [(begins, min(begins + length, week))]
        if begins + length > week:
            spans.append((0, begins + length - week))
        if any(start < to and since < end for start, end in spans for since, to in taken):
            raise ShiftNotPossible(weekday=one.weekday)
        taken += spans


NEXT = text(
    """
    SELECT min(b.begins) FROM shift s
    CROSS JOIN LATERAL (SELECT CAST(CAST(:now AS timestamptz) AT TIME ZONE s.time_zone AS date) AS today) here
    CROSS JOIN LATERAL generate_series(0, 21) AS d(days)
    CROSS JOIN LATERAL (SELECT (here.today + d.days + s.begins) AT TIME ZONE s.time_zone AS begins) b
    WHERE s.account_id = ANY(:ids) AND extract(isodow FROM here.today + d.days) = s.weekday AND b.begins > :now
      AND NOT EXISTS (SELECT FROM day_off o WHERE o.account_id = s.account_id AND o.off_on = here.today + d.days)
    """
)


async def next_shift(work: Work, account_ids: Collection[UUID]) -> datetime | None:
    """When the next shift of any of them begins within three weeks; None where that is not known."""
    moment: datetime | None = await work.session.scalar(NEXT, {"ids": list(account_ids), "now": work.now})
    return moment
