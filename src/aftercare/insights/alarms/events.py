"""What is told of alarms."""

from typing import ClassVar
from uuid import UUID

from aftercare.insights.alarms.model import CloseReason, Severity
from aftercare.journal import Fact


class AlarmRaised(Fact):
    name: ClassVar[str] = "alarm.raised"
    alarm_id: UUID
    series: str
    severity: Severity


class AlarmWorsened(Fact):
    """It has become more serious."""

    name: ClassVar[str] = "alarm.worsened"
    alarm_id: UUID
    series: str
    severity: Severity


class AlarmAcknowledged(Fact):
    name: ClassVar[str] = "alarm.acknowledged"
    alarm_id: UUID
    account_id: UUID | None = None


class AlarmClosed(Fact):
    name: ClassVar[str] = "alarm.closed"
    alarm_id: UUID
    reason: CloseReason


class PlaybookSet(Fact):
    name: ClassVar[str] = "playbook.set"
    playbook_id: UUID
    code: str
    locale: str


class IndicatorWatched(Fact):
    """Alarms are raised of it from now on; `owner_id`: whose they are."""

    name: ClassVar[str] = "alarm.indicator_watched"
    alarm_rule_id: UUID
    indicator: str
    cut_by: str
    owner_id: UUID | None = None


class IndicatorUnwatched(Fact):
    name: ClassVar[str] = "alarm.indicator_unwatched"
    alarm_rule_id: UUID
    indicator: str
    cut_by: str


class AlarmsTold(Fact):
    """Somebody has new alarms to look at; `alarm_round_id` says which."""

    name: ClassVar[str] = "alarm.told"
    account_id: UUID
    alarm_round_id: UUID
    many: int
