"""The tables of alarms: what was noticed, who looks after it, and what is to be done then."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

import aftercare.identity  # noqa: F401  # its shops and accounts
from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, status_type


class AlarmState(StrEnum):
    open = "open"
    acknowledged = "acknowledged"
    """Somebody looks after it."""
    closed = "closed"


class Severity(StrEnum):
    notable = "notable"
    serious = "serious"
    crisis = "crisis"


class CloseReason(StrEnum):
    put_right = "put_right"
    expected = "expected"
    """It was meant to be so: a sale, a test."""
    false_alarm = "false_alarm"
    passed = "passed"
    """It went by without anybody doing anything."""


class AlarmNotFound(NotFound):
    """There is no such alarm, or it is not yours to see."""


class AlarmClosedAlready(Refusal):
    """This alarm is closed."""


class AlarmRuleNotPossible(Invalid):
    """This indicator cannot be watched, or not in these parts; or it is watched everywhere already."""


class PlaybookUnknown(NotFound):
    """There is no such playbook."""


class PlaybookNotPossible(Invalid):
    """A playbook has a title and one to twenty steps, in a language that we speak."""


class Alarm(Base):
    """Something unusual that goes on. While it is open it grows with each day on which it is seen again; `series` and `cut` say what
    was watched and what within it. `group_key`: alarms that tell of the same."""

    __tablename__ = "alarm"
    __table_args__ = (
        Index(
            "alarm_one_open_of_a_kind_idx",
            "shop_id",
            "series",
            "cut",
            unique=True,
            postgresql_where=text("state <> 'closed'"),
        ),
        Index("alarm_shop_idx", "shop_id", "raised_at", "id"),
        Index("alarm_recent_idx", "raised_at", "id"),
        CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="a_closed_alarm_knows_when"),
        CheckConstraint("(closed_at IS NULL) = (close_reason IS NULL)", name="a_closed_alarm_knows_why"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    series: Mapped[str]
    cut: Mapped[str] = mapped_column(server_default=text("''"))
    """A carrier's code, a product's id, a topic."""
    label: Mapped[str] = mapped_column(server_default=text("''"))
    """The same as people call it."""
    group_key: Mapped[str]
    playbook: Mapped[str]
    severity: Mapped[Severity] = mapped_column(status_type(Severity, "an_alarm_is_of_a_known_severity"))
    state: Mapped[AlarmState] = mapped_column(status_type(AlarmState, "an_alarm_is_in_a_known_state"))
    since_on: Mapped[date]
    last_on: Mapped[date]
    window_days: Mapped[int]
    value: Mapped[float]
    expected: Mapped[float]
    low: Mapped[float]
    high: Mapped[float]
    p: Mapped[float]
    details: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    """Of a crisis: mood, reach and speed; of a topic: what it is about."""
    points: Mapped[list[dict[str, Any]]]
    """The last days with what is usual, for the picture."""
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    raised_at: Mapped[datetime]
    acknowledged_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[UUID | None]
    close_reason: Mapped[CloseReason | None] = mapped_column(
        status_type(CloseReason, "an_alarm_is_closed_for_a_known_reason")
    )
    note: Mapped[str] = mapped_column(server_default=text("''"))


class Playbook(Base):
    """What to do at an alarm of a kind, in one language, as a shop has written it. The house's own are in `playbooks.toml`."""

    __tablename__ = "alarm_playbook"
    __table_args__ = (UniqueConstraint("shop_id", "code", "locale"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    code: Mapped[str]
    locale: Mapped[str]
    title: Mapped[str]
    steps: Mapped[list[str]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]


class AlarmRule(Base):
    """An indicator that a shop has watched besides what is watched everywhere; `cut_by`: in each of its parts. Its alarms are the owner's."""

    __tablename__ = "alarm_rule"
    __table_args__ = (UniqueConstraint("shop_id", "indicator", "cut_by"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    indicator: Mapped[str]
    cut_by: Mapped[str] = mapped_column(server_default=text("''"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    set_by: Mapped[UUID | None]
    set_at: Mapped[datetime]


class AlarmTelling(Base):
    """Somebody was told of an alarm at the desk; again, and so unread again, when it has become a crisis. `round_id`: all that they were
    told at once, which is one letter."""

    __tablename__ = "alarm_telling"
    __table_args__ = (
        Index("alarm_telling_account_idx", "account_id", "told_at", "alarm_id"),
        Index("alarm_telling_round_idx", "round_id"),
    )

    alarm_id: Mapped[UUID] = mapped_column(ForeignKey("alarm.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    round_id: Mapped[UUID]
    told_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class AlarmWatch(Base):
    """How far a shop's days have been looked at."""

    __tablename__ = "alarm_watch"

    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    looked_on: Mapped[date]
    looked_at: Mapped[datetime]
    series: Mapped[int]
    """How many were watched."""
