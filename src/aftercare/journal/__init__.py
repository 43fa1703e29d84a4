"""Journal: what happened, who did it, what follows.

**Work** is one actor doing one thing in one transaction; **Fact** is what a verb states to have happened; a **reaction**
is what follows from a fact, within the same transaction or after it; a **delivery** is a fact on its way to a reaction; a
**timeline** is all facts about an object. Other packages open works with `begin`, define facts, register reactions, and read
timelines; only the worker relays.
"""

import aftercare.journal.jobs
import aftercare.journal.model  # noqa: F401  # its tables are reached through SQL; importing registers them
from aftercare.journal.actors import NOBODY, SYSTEM, Actor, ActorKind
from aftercare.journal.facts import FACTS, Fact
from aftercare.journal.memory import Memory
from aftercare.journal.queries import Entry, FailedDelivery, audit, ensure_months, failed_deliveries, timeline
from aftercare.journal.reactions import AFTER, Reaction, after, within
from aftercare.journal.relay import Lane, drain, lanes_waiting, relay, retry, run_lane, set_aside
from aftercare.journal.work import House, PermissionMissing, PortMissing, Work, begin

__all__ = [
    "AFTER",
    "FACTS",
    "NOBODY",
    "SYSTEM",
    "Actor",
    "ActorKind",
    "Entry",
    "Fact",
    "FailedDelivery",
    "House",
    "Lane",
    "Memory",
    "PermissionMissing",
    "PortMissing",
    "Reaction",
    "Work",
    "after",
    "audit",
    "begin",
    "drain",
    "ensure_months",
    "failed_deliveries",
    "lanes_waiting",
    "relay",
    "retry",
    "run_lane",
    "set_aside",
    "timeline",
    "within",
]
