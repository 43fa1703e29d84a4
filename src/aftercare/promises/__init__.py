"""Promises: what we said and by when.

A **calendar** says when a shop works; **terms** say how long a promise runs, in real or in working time, and when to warn;
a **policy** is terms that hold for a clock of this name from one day on; a **clock** is one promise about one subject: it
runs, may be paused and extended, warns, and ends by being kept, by falling away, or by **firing**, once, when it is due.
Contexts start and stop clocks about their own objects and react to `ClockFired` (`in_order_of="subject_id"`); what follows
from a broken promise is theirs to know.
"""

from aftercare.promises.calendars import (
    CalendarHours,
    CalendarView,
    calendar_named,
    get_calendar,
    make_calendar,
    set_day,
    usual_calendar,
)
from aftercare.promises.clocks import (
    ExtensionUnusable,
    extend_clock,
    fire_due,
    next_due,
    pause_clocks,
    resume_clocks,
    start_clock,
    stop_clock,
    stop_clocks,
    warn_due,
)
from aftercare.promises.events import (
    CalendarChanged,
    CalendarMade,
    CalendarRemoved,
    ClockCancelled,
    ClockExtended,
    ClockFired,
    ClockKept,
    ClockPaused,
    ClockPolicySet,
    ClockPolicyWithdrawn,
    ClockResumed,
    ClockStarted,
    ClockWarned,
)
from aftercare.promises.model import (
    ClockNotRunning,
    ClockState,
    ExtensionUsedUp,
    NoSuchCalendar,
    NoSuchClock,
    NoTermsForClock,
)
from aftercare.promises.policies import (
    Due,
    NewPolicy,
    PolicyView,
    preview_due,
    set_policy,
    terms_for,
    withdraw_policy,
)
from aftercare.promises.queries import (
    ClockView,
    PromiseBoard,
    PromiseDay,
    PromiseNow,
    clocks_of,
    promise_board,
    running_clocks,
)
from aftercare.promises.terms import DEFAULT_TERMS, ClockTerms

__all__ = [
    "DEFAULT_TERMS",
    "CalendarChanged",
    "CalendarHours",
    "CalendarMade",
    "CalendarRemoved",
    "CalendarView",
    "ClockCancelled",
    "ClockExtended",
    "ClockFired",
    "ClockKept",
    "ClockNotRunning",
    "ClockPaused",
    "ClockPolicySet",
    "ClockPolicyWithdrawn",
    "ClockResumed",
    "ClockStarted",
    "ClockState",
    "ClockTerms",
    "ClockView",
    "ClockWarned",
    "Due",
    "ExtensionUnusable",
    "ExtensionUsedUp",
    "NewPolicy",
    "NoSuchCalendar",
    "NoSuchClock",
    "NoTermsForClock",
    "PolicyView",
    "PromiseBoard",
    "PromiseDay",
    "PromiseNow",
    "calendar_named",
    "clocks_of",
    "extend_clock",
    "fire_due",
    "get_calendar",
    "make_calendar",
    "next_due",
    "pause_clocks",
    "preview_due",
    "promise_board",
    "resume_clocks",
    "running_clocks",
    "set_day",
    "set_policy",
    "start_clock",
    "stop_clock",
    "stop_clocks",
    "terms_for",
    "usual_calendar",
    "warn_due",
    "withdraw_policy",
]
