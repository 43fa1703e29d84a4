"""Process diagnosis: the work as it really went.

A **log** has **events**: an activity, of a case, at a time, by somebody. A **step** is an event with what came before it. The **map** tells
what followed what, how often and after how long; a **variant** is one way from beginning to end; a **deviation** is where a case left
the **model**, that is the handbook's table of moves, a table of allowed pairs, or the way that most take. Logs come from files or from
our own journal, and are asked by the same expressions. The heavy libraries are loaded with the first question.
"""

from aftercare.insights.process.asking import Asked, Group, asked_of, asked_of_journal, export_log, outlook_of
from aftercare.insights.process.comparison import GroupTooSmall, causes, compare
from aftercare.insights.process.conformance import (
    Deviation,
    Model,
    conform,
    happy_path,
    read_model,
    seconds_of,
)
from aftercare.insights.process.diagnosis import Bottleneck, HandOver, Loop, bottlenecks, hand_overs, loops
from aftercare.insights.process.journal import OBJECTS, Selection
from aftercare.insights.process.log import EventLog, LogEmpty, LogUnreadable, NoActivityColumn, log_of
from aftercare.insights.process.maps import Edge, Node, as_dot, map_of, variants_of
from aftercare.insights.process.objects import journal_of
from aftercare.insights.process.outlook import learn
from aftercare.insights.process.reading import Columns, read_log
from aftercare.insights.process.replay import replay

__all__ = [
    "OBJECTS",
    "Asked",
    "Bottleneck",
    "Columns",
    "Deviation",
    "Edge",
    "EventLog",
    "Group",
    "GroupTooSmall",
    "HandOver",
    "LogEmpty",
    "LogUnreadable",
    "Loop",
    "Model",
    "NoActivityColumn",
    "Node",
    "Selection",
    "as_dot",
    "asked_of",
    "asked_of_journal",
    "bottlenecks",
    "causes",
    "compare",
    "conform",
    "export_log",
    "hand_overs",
    "happy_path",
    "journal_of",
    "learn",
    "log_of",
    "loops",
    "map_of",
    "outlook_of",
    "read_log",
    "read_model",
    "replay",
    "seconds_of",
    "variants_of",
]
