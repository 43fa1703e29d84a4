"""What is written down about promises. The reason of an extension is words and stays with the clock."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel

from aftercare.journal import Fact


class OfClock(BaseModel):
    subject_id: UUID
    clock_id: UUID
    subject_kind: str
    clock: str
    """The clock's name: `claim.ship`."""
    due_at: datetime
    policy: str


class ClockStarted(OfClock, Fact):
    name: ClassVar[str] = "clock.started"


class ClockPaused(OfClock, Fact):
    name: ClassVar[str] = "clock.paused"
    public: ClassVar[bool] = True


class ClockResumed(OfClock, Fact):
    name: ClassVar[str] = "clock.resumed"
    public: ClassVar[bool] = True


class ClockExtended(OfClock, Fact):
    name: ClassVar[str] = "clock.extended"
    public: ClassVar[bool] = True

    before: datetime
    """When it was due before."""


class ClockWarned(OfClock, Fact):
    name: ClassVar[str] = "clock.warned"
    public: ClassVar[bool] = True


class ClockKept(OfClock, Fact):
    """The promise was kept, or what was promised was done after all: `late` tells which."""

    name: ClassVar[str] = "clock.kept"

    late: bool


class ClockCancelled(OfClock, Fact):
    """What was promised fell away, or another clock of the same name took its place."""

    name: ClassVar[str] = "clock.cancelled"


class ClockFired(OfClock, Fact):
    """The time is up."""

    name: ClassVar[str] = "clock.fired"
    public: ClassVar[bool] = True


class CalendarMade(Fact):
    name: ClassVar[str] = "calendar.made"

    calendar_id: UUID


class CalendarChanged(Fact):
    name: ClassVar[str] = "calendar.changed"

    calendar_id: UUID
    version: int


class CalendarRemoved(Fact):
    name: ClassVar[str] = "calendar.removed"

    calendar_id: UUID


class ClockPolicySet(Fact):
    name: ClassVar[str] = "clock_policy.set"

    clock_policy_id: UUID
    clock: str
    version: int
    valid_from: datetime


class ClockPolicyWithdrawn(Fact):
    """A shop goes back to the house's policy."""

    name: ClassVar[str] = "clock_policy.withdrawn"

    clock_policy_id: UUID
    clock: str
