"""Decisions: what was changed on purpose, on whom, and whether it worked.

A **decision** has a hypothesis, an indicator with a **target**, an owner, a cost, a **roll-out** (all at once, some shops, a share
drawn by lot, or shop after shop), **guard rails** that stop it, and an end. A **reading** is what was seen of it at one time: its
**effect** with an interval, by the method that fits the roll-out, and the **advice** to keep, undo or go on. Who is drawn is a hash of
the decision and the unit, so that everybody draws alike. Policies, words of templates, routing rules and models of the assistant are put on
**trial** for real: whom the decision gives them to gets them, and it is kept who did.
"""

from aftercare.insights.decisions.model import (
    MOVES,
    DecisionNotFound,
    DecisionNotPossible,
    DecisionState,
    MoveNotAllowed,
    RollOut,
    SubjectKind,
    Verb,
)
from aftercare.insights.decisions.planning import power_of_mean, power_of_values
from aftercare.insights.decisions.scales import Scale
from aftercare.insights.decisions.verbs import (
    GuardRail,
    NewDecision,
    Subject,
    TreatedShop,
    drop,
    get_decision,
    go_on,
    keep,
    plan,
    start,
    undo,
)
from aftercare.insights.decisions.verdicts import change
from aftercare.insights.decisions.watching import (
    DecisionLine,
    DecisionView,
    decision_view,
    decisions,
    read_now,
    watch_decisions,
)

__all__ = [
    "MOVES",
    "DecisionLine",
    "DecisionNotFound",
    "DecisionNotPossible",
    "DecisionState",
    "DecisionView",
    "GuardRail",
    "MoveNotAllowed",
    "NewDecision",
    "RollOut",
    "Scale",
    "Subject",
    "SubjectKind",
    "TreatedShop",
    "Verb",
    "change",
    "decision_view",
    "decisions",
    "drop",
    "get_decision",
    "go_on",
    "keep",
    "plan",
    "power_of_mean",
    "power_of_values",
    "read_now",
    "start",
    "undo",
    "watch_decisions",
]
