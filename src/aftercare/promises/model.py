"""Calendars, policies and clocks as tables, and what is refused about them."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, schema_extra, status_type


class BusinessCalendar(Base):
    """When a shop works. Without a shop it is the house's, which every shop may use."""

    __tablename__ = "business_calendar"
    __table_args__ = (
        UniqueConstraint("shop_id", "name", postgresql_nulls_not_distinct=True),
        CheckConstraint("jsonb_array_length(week) = 7", name="a_week_has_seven_days"),
        CheckConstraint("version > 0", name="a_calendar_counts_its_versions"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    name: Mapped[str]
    time_zone: Mapped[str]
    country: Mapped[str | None]
    subdivision: Mapped[str | None]
    week: Mapped[list[list[str]]] = mapped_column(JSONB)
    """Seven lists of spans such as "09:00-12:00", Monday first."""
    version: Mapped[int] = mapped_column(server_default=text("1"))
    changed_at: Mapped[datetime]


class CalendarDay(Base):
    """A day on which a calendar is closed or open by exception."""

    __tablename__ = "calendar_day"
    __table_args__ = (Index("calendar_day_shop_id_idx", "shop_id"),)

    calendar_id: Mapped[UUID] = mapped_column(
        ForeignKey("business_calendar.id", ondelete="CASCADE"), primary_key=True
    )
    day_on: Mapped[date] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    open: Mapped[bool]
    note: Mapped[str] = mapped_column(server_default="")


class ClockPolicy(Base):
    """What a clock's terms are, from when until when. A version never changes, it is only followed by the next. Without a shop
    it holds for every shop that has none of its own."""

    __tablename__ = "clock_policy"
    __table_args__ = (
        Index(
            "clock_policy_name_shop_id_version_key",
            "name",
            "shop_id",
            "version",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index(
            "clock_policy_name_shop_id_open_ended_key",
            "name",
            "shop_id",
            unique=True,
            postgresql_where=text("valid_until IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint(
            "(length IS NULL) <> (working_days IS NULL)", name="a_policy_has_a_length_or_working_days"
        ),
        CheckConstraint("length > interval '0'", name="a_policy_runs_for_some_time"),
        CheckConstraint("working_days > 0", name="a_policy_runs_for_some_days"),
        CheckConstraint("working_days IS NULL OR business", name="working_days_are_business_time"),
        CheckConstraint("warn_fraction >= 0 AND warn_fraction < 1", name="a_warning_leaves_part_of_the_time"),
        CheckConstraint("max_extensions >= 0", name="extensions_are_counted_from_nought"),
        CheckConstraint(
            "valid_until IS NULL OR valid_until >= valid_from", name="a_policy_does_not_end_before_it_begins"
        ),
        Index("clock_policy_shop_id_idx", "shop_id"),
        Index("clock_policy_calendar_id_idx", "calendar_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    name: Mapped[str]
    version: Mapped[int]
    length: Mapped[timedelta | None]
    working_days: Mapped[int | None]
    business: Mapped[bool]
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_calendar.id"))
    warn_fraction: Mapped[float]
    max_extensions: Mapped[int]
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime | None]
    """Before this moment; null while nothing follows. A version replaced before its day has come never held."""
    reason: Mapped[str]
    set_by: Mapped[UUID | None]
    set_at: Mapped[datetime]


class ClockState(StrEnum):
    running = "running"
    paused = "paused"
    kept = "kept"
    fired = "fired"
    cancelled = "cancelled"


class Clock(Base):
    """One promise about one subject. It ends by being kept, by falling away, or by firing when it is due. A fired clock stays
    open (`settled_at` is null) until what was promised is done after all or falls away."""

    __tablename__ = "clock"
    __table_args__ = (
        Index("clock_due_at_id_idx", "due_at", "id", postgresql_where=text("state = 'running'")),
        Index(
            "clock_shop_id_due_at_id_idx",
            "shop_id",
            "due_at",
            "id",
            postgresql_where=text("state = 'running'"),
        ),
        Index(
            "clock_warn_at_idx", "warn_at", postgresql_where=text("state = 'running' AND warned_at IS NULL")
        ),
        Index("clock_subject_id_idx", "subject_id"),
        # One open clock of a name at a time: what was promised last is what counts.
        Index(
            "clock_subject_id_name_open_key",
            "subject_id",
            "name",
            unique=True,
            postgresql_where=text("settled_at IS NULL"),
        ),
        Index("clock_ended_at_idx", "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
        CheckConstraint("due_at >= started_at", name="a_clock_is_due_after_it_starts"),
        CheckConstraint("warn_at IS NULL OR warn_at <= due_at", name="a_clock_warns_before_it_is_due"),
        CheckConstraint(
            "(state = 'paused') = (paused_at IS NOT NULL) AND (state = 'paused') = (remaining IS NOT NULL)",
            name="a_paused_clock_and_no_other_knows_what_is_left",
        ),
        CheckConstraint(
            "(state IN ('running', 'paused')) = (ended_at IS NULL)", name="a_clock_that_counts_has_not_ended"
        ),
        CheckConstraint(
            "state <> 'fired' OR ended_at = due_at", name="a_clock_that_fired_ended_when_it_was_due"
        ),
        CheckConstraint(
            "CASE WHEN state IN ('kept', 'cancelled') THEN settled_at IS NOT NULL"
            " WHEN state = 'fired' THEN true ELSE settled_at IS NULL END",
            name="a_kept_or_cancelled_clock_is_settled_and_one_that_counts_is_not",
        ),
        CheckConstraint(
            "extensions <= max_extensions", name="a_clock_is_extended_no_more_often_than_allowed"
        ),
        CheckConstraint(
            "(extensions > 0) = (extension_reason IS NOT NULL)", name="an_extended_clock_says_why"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    subject_kind: Mapped[str]
    subject_id: Mapped[UUID]
    name: Mapped[str]
    state: Mapped[ClockState] = mapped_column(
        status_type(ClockState, "a_clock_is_running_paused_kept_fired_or_cancelled"), server_default="running"
    )
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    """Of a paused clock: when it was due before the pause."""
    warn_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]
    remaining: Mapped[timedelta | None]
    """What is left of a paused clock, in its own kind of time."""
    remaining_to_warning: Mapped[timedelta | None]
    ended_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    length: Mapped[timedelta]
    business: Mapped[bool]
    calendar_id: Mapped[UUID | None] = mapped_column(ForeignKey("business_calendar.id"))
    """Null for business time: the usual hours of a shop that has no calendar."""
    policy: Mapped[str]
    extensions: Mapped[int] = mapped_column(server_default=text("0"))
    max_extensions: Mapped[int]
    extension_reason: Mapped[str | None]


# What holds for the whole house is everybody's to read. Changing it takes one who sees all shops.
for _table in ("business_calendar", "calendar_day", "clock_policy"):
    schema_extra(
        f"CREATE POLICY {_table}_of_the_house_is_known_to_all ON {_table} FOR SELECT USING (shop_id IS NULL)"
    )
    for _verb in ("INSERT", "UPDATE"):
        schema_extra(
            f"CREATE POLICY {_table}_of_the_house_{_verb.lower()}_takes_all_shops ON {_table} AS RESTRICTIVE FOR {_verb}"
            " WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()))"
        )


class NoSuchClock(NotFound):
    """There is no such clock, or it is not yours to see."""


class NoSuchCalendar(NotFound):
    """There is no such calendar, or it is not yours to see."""


class NoTermsForClock(NotFound):
    """Nobody has said how long this clock runs."""


class ClockNotRunning(Refusal):
    """This clock does not run any more."""


class ExtensionUsedUp(Refusal):
    """This deadline has been extended as often as the policy allows."""


class CalendarNameTaken(Refusal):
    """There is a calendar of this name already."""


class CalendarChangedMeanwhile(Refusal):
    """Somebody else has changed this calendar meanwhile; look at it again."""


class CalendarInUse(Refusal):
    """Clocks or policies count by this calendar; it cannot be removed."""


class HoursUnusable(Invalid):
    """These working hours cannot be."""


class PolicyInThePast(Invalid):
    """A policy holds from now or later; what was promised before stays as it was."""
