"""What is told of people."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact


class MemberChanged(Fact):
    """Skills, languages, capacity, shops or presence changed: somebody may have become free."""

    name: ClassVar[str] = "member.changed"
    account_id: UUID
    working: bool
    capacity: int
