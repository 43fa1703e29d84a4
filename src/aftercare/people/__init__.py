"""People: who works here and can take what.

A **member** is an account of staff with its **skills**, **languages**, the shops whose cases it takes, its **capacity** in
open cases, and whether it is **working** now. Its **shifts** say when it works, in its own time zone; who has none works
whenever it has come.
"""

from aftercare.people.events import MemberChanged
from aftercare.people.members import (
    MemberProfile,
    MemberView,
    at_work,
    available_members,
    get_member,
    list_members,
    set_profile,
    set_working,
)
from aftercare.people.model import CapacityNotPossible, MemberNotFound, ShiftNotPossible
from aftercare.people.shifts import (
    OffDay,
    ShiftTimes,
    WorkingHours,
    hours_of,
    next_shift,
    set_hours,
)

__all__ = [
    "CapacityNotPossible",
    "MemberChanged",
    "MemberNotFound",
    "MemberProfile",
    "MemberView",
    "OffDay",
    "ShiftNotPossible",
    "ShiftTimes",
    "WorkingHours",
    "at_work",
    "available_members",
    "get_member",
    "hours_of",
    "list_members",
    "next_shift",
    "set_hours",
    "set_profile",
    "set_working",
]
