"""Members of staff over HTTP."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from aftercare.journal.http import InWork
from aftercare.people import members, shifts
from aftercare.people.members import MemberProfile, MemberView
from aftercare.people.shifts import WorkingHours

router = APIRouter(prefix="/members", tags=["people"])


class Presence(BaseModel):
    working: bool


@router.get("")
async def list_members(work: InWork) -> list[MemberView]:
    """Whom one shares a shop with."""
    return await members.list_members(work)


@router.get("/{account_id}")
async def read_member(work: InWork, account_id: UUID) -> MemberView:
    return await members.get_member(work, account_id)


@router.put("/{account_id}")
async def set_profile(work: InWork, account_id: UUID, profile: MemberProfile) -> MemberView:
    return await members.set_profile(work, account_id, profile)


@router.put("/{account_id}/working", status_code=204)
async def set_working(work: InWork, account_id: UUID, presence: Presence) -> None:
    """Comes to work, or leaves."""
    await members.set_working(work, account_id, presence.working)


@router.get("/{account_id}/hours")
async def read_hours(work: InWork, account_id: UUID) -> WorkingHours:
    """Weekly shifts and days off."""
    return await shifts.hours_of(work, account_id)


@router.put("/{account_id}/hours")
async def set_hours(work: InWork, account_id: UUID, hours: WorkingHours) -> WorkingHours:
    """Needs `users.write`."""
    return await shifts.set_hours(work, account_id, hours)
