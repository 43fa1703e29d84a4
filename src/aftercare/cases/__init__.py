"""Cases: what is asked of us.

A **case** is one matter of one customer, with a thread, an **owner** (or none: it lies in the shared queue), a **status** that
says who waits for whom, and one of seven **stages** from consulted to improved. It is **linked** to claims, parcels and repairs,
whose clocks count in its ring with its own: first answer, next answer, resolution. A case is **solved** when the shop thinks so
and **closed** for a reason; silence is none. The customer's words open it again.
"""

import aftercare.cases.calls.verbs
import aftercare.cases.chat.reactions
import aftercare.cases.reactions  # noqa: F401  # importing registers them
from aftercare.cases.answers import Told, answer, case_values, check_answer, draft_from, tells
from aftercare.cases.arrivals import Incoming, Received, receive
from aftercare.cases.calls.verbs import note_call_in_case
from aftercare.cases.chat.policy import frame_headers
from aftercare.cases.chat.presence import lookers
from aftercare.cases.escalation.steps import escalate, forget_steps, take_due_steps
from aftercare.cases.escalation.words import note_language
from aftercare.cases.events import CaseLinkMoved
from aftercare.cases.followers import desk_notices, follow, followers_of, unfollow, unread, write_note
from aftercare.cases.machine import call_people, count_as_answer, people_have_it
from aftercare.cases.macros import MacroView, NewMacro, macros_of, run_macro, save_macro
from aftercare.cases.merging import merge, moves_of, split, undo_move
from aftercare.cases.model import (
    AnswerFirst,
    AnswerHeldBack,
    CaseMergedAlready,
    CaseNotFound,
    CasesDoNotFit,
    CaseTakenAlready,
    Closing,
    MoveNotPossible,
    NotClosedBySilence,
    NothingToSplit,
    OwnerNotFound,
    Priority,
    Stage,
    StageNotPossible,
    Status,
    Step,
)
from aftercare.cases.opening import NewCase, open_case
from aftercare.cases.owners import assign, hand_over, release, take
from aftercare.cases.queries import Filters, case_page, queue
from aftercare.cases.routing import NewOverflow, give_out_waiting, overflow_of, set_overflow
from aftercare.cases.scheduled import (
    NewPlanned,
    cancel_planned,
    change_planned,
    plan_message,
    planned_in,
    send_planned,
)
from aftercare.cases.search import index_case
from aftercare.cases.solutions import (
    HOLDS_AFTER,
    SolvedAs,
    apply_solution,
    reject_solution,
    solutions_beside,
    solve_as,
)
from aftercare.cases.undoing import undo_ending
from aftercare.cases.verbs import (
    CaseView,
    advance,
    close_case,
    get_case,
    link,
    reopen,
    say,
    set_priority,
    set_stage,
    set_tags,
    snooze,
    solve,
)

__all__ = [
    "HOLDS_AFTER",
    "AnswerFirst",
    "AnswerHeldBack",
    "CaseLinkMoved",
    "CaseMergedAlready",
    "CaseNotFound",
    "CaseTakenAlready",
    "CaseView",
    "CasesDoNotFit",
    "Closing",
    "Filters",
    "Incoming",
    "MacroView",
    "MoveNotPossible",
    "NewCase",
    "NewMacro",
    "NewOverflow",
    "NewPlanned",
    "NotClosedBySilence",
    "NothingToSplit",
    "OwnerNotFound",
    "Priority",
    "Received",
    "SolvedAs",
    "Stage",
    "StageNotPossible",
    "Status",
    "Step",
    "Told",
    "advance",
    "answer",
    "apply_solution",
    "assign",
    "call_people",
    "cancel_planned",
    "case_page",
    "case_values",
    "change_planned",
    "check_answer",
    "close_case",
    "count_as_answer",
    "desk_notices",
    "draft_from",
    "escalate",
    "follow",
    "followers_of",
    "forget_steps",
    "frame_headers",
    "get_case",
    "give_out_waiting",
    "hand_over",
    "index_case",
    "link",
    "lookers",
    "macros_of",
    "merge",
    "moves_of",
    "note_call_in_case",
    "note_language",
    "open_case",
    "overflow_of",
    "people_have_it",
    "plan_message",
    "planned_in",
    "queue",
    "receive",
    "reject_solution",
    "release",
    "reopen",
    "run_macro",
    "save_macro",
    "say",
    "send_planned",
    "set_overflow",
    "set_priority",
    "set_stage",
    "set_tags",
    "snooze",
    "solutions_beside",
    "solve",
    "solve_as",
    "split",
    "take",
    "take_due_steps",
    "tells",
    "undo_ending",
    "undo_move",
    "unfollow",
    "unread",
    "write_note",
]
