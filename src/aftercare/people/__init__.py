"""People: who works here and can take what.

A **member** is an account of staff with its **skills**, **languages**, the shops whose cases it takes, its **capacity** in
open cases, and whether it is **working** now.
"""

from aftercare.people.events import MemberChanged
from aftercare.people.members import (
    MemberProfile,
    MemberView,
    available_members,
    get_member,
    list_members,
    set_profile,
    set_working,
)
from aftercare.people.model import CapacityNotPossible, MemberNotFound

__all__ = [
    "CapacityNotPossible",
    "MemberChanged",
    "MemberNotFound",
    "MemberProfile",
    "MemberView",
    "available_members",
    "get_member",
    "list_members",
    "set_profile",
    "set_working",
]
