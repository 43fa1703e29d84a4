"""Alarms: what is unusual in the numbers and in what customers say, told once, looked after by somebody, closed with a reason.

A **watched** series is of a shop, day by day: claims of a product, missed promises of a carrier, bad reviews, a topic in messages and reviews, and any
indicator of the catalogue for which there is a **rule**. A day that is over is **judged** by what is usual on such a day, and each hour what has come by what is usual in it; what is unusual enough becomes an **alarm** with a picture, a
**playbook** and an owner. A **crisis** is mood x reach x speed: many, angry, and suddenly so. Nobody but the worker raises alarms;
people are told of them once.

The libraries behind it are loaded when days are judged, not with this package.
"""

from aftercare.insights.alarms.detecting import change_points, replayed, series, threshold
from aftercare.insights.alarms.events import AlarmsTold
from aftercare.insights.alarms.hours import replay_hours
from aftercare.insights.alarms.keeping import keep, look_back
from aftercare.insights.alarms.model import (
    AlarmClosedAlready,
    AlarmNotFound,
    AlarmState,
    CloseReason,
    Severity,
)
from aftercare.insights.alarms.naming import what_of
from aftercare.insights.alarms.noticing import Told, replay
from aftercare.insights.alarms.playbooks import NewPlaybook, playbooks_of, set_playbook
from aftercare.insights.alarms.ports import AlarmLetter, AlarmPost
from aftercare.insights.alarms.queries import alarm, alarms, count_alarms
from aftercare.insights.alarms.telling import told_to_me
from aftercare.insights.alarms.verbs import acknowledge, close
from aftercare.insights.alarms.watched import watch_of

__all__ = [
    "AlarmClosedAlready",
    "AlarmLetter",
    "AlarmNotFound",
    "AlarmPost",
    "AlarmState",
    "AlarmsTold",
    "CloseReason",
    "NewPlaybook",
    "Severity",
    "Told",
    "acknowledge",
    "alarm",
    "alarms",
    "change_points",
    "close",
    "count_alarms",
    "keep",
    "look_back",
    "playbooks_of",
    "replay",
    "replay_hours",
    "replayed",
    "series",
    "set_playbook",
    "threshold",
    "told_to_me",
    "watch_of",
    "what_of",
]
