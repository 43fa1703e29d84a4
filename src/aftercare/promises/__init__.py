"""Promises: what we said and by when.

A **calendar** says when a shop works; **terms** say how long a promise runs, in real or in working time, and when to warn;
a **policy** is terms that hold for a clock of this name from one day on; a **clock** is one promise about one subject: it
runs, may be paused and extended, warns, and ends by being kept, by falling away, or by **firing**, once, when it is due.
Contexts start and stop clocks about their own objects and react to `ClockFired` (`in_order_of="subject_id"`); what follows
from a broken promise is theirs to know.
"""

from aftercare.promises.calendars import CalendarHours, calendar_named, make_calendar, set_day
from aftercare.promises.clocks import (
    ExtensionUnusable,
    extend_clock,
    fire_due,
    next_due,
    pause_clocks,
    resume_clocks,
    ring,
    start_clock,
    stop_clock,
    stop_clocks,
    take_back_clock,
    warn_due,
)
from aftercare.promises.events import (
    ClockCancelled,
    ClockExtended,
    ClockFired,
    ClockKept,
    ClockPaused,
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
    NewPolicy,
    add_working_time,
    preview_due,
    set_policy,
    terms_for,
    withdraw_policy,
)
from aftercare.promises.queries import (
    ClockView,
    PromiseDay,
    PromiseNow,
    broken_clocks,
    clocks_of,
    clocks_that_ran,
    open_clocks,
    promise_board,
    running_clocks,
)
from aftercare.promises.terms import DEFAULT_TERMS, ClockTerms

__all__ = [
    "DEFAULT_TERMS",
    "CalendarHours",
    "ClockCancelled",
    "ClockExtended",
    "ClockFired",
    "ClockKept",
    "ClockNotRunning",
    "ClockPaused",
    "ClockResumed",
    "ClockStarted",
    "ClockState",
    "ClockTerms",
    "ClockView",
    "ClockWarned",
    "ExtensionUnusable",
    "ExtensionUsedUp",
    "NewPolicy",
    "NoSuchCalendar",
    "NoSuchClock",
    "NoTermsForClock",
    "PromiseDay",
    "PromiseNow",
    "add_working_time",
    "broken_clocks",
    "calendar_named",
    "clocks_of",
    "clocks_that_ran",
    "extend_clock",
    "fire_due",
    "make_calendar",
    "next_due",
    "open_clocks",
    "pause_clocks",
    "preview_due",
    "promise_board",
    "resume_clocks",
    "ring",
    "running_clocks",
    "set_day",
    "set_policy",
    "start_clock",
    "stop_clock",
    "stop_clocks",
    "take_back_clock",
    "terms_for",
    "warn_due",
    "withdraw_policy",
]
