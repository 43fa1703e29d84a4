"""Escalation as tables: the rules of a shop or of the house, and the steps that clocks have set off."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.cases.model import Step
from aftercare.kit.tables import Base, schema_extra, status_type


class Doing(StrEnum):
    """What one step does."""

    tell = "tell"
    press = "press"
    reassign = "reassign"
    supervise = "supervise"


class Whom(StrEnum):
    """Whom a step tells. Who is off is never told: for an owner who is off, whoever of the team carries least hears of it."""

    owner = "owner"
    team = "team"
    """Everybody at work who takes such cases."""
    supervisors = "supervisors"


class Pressing(StrEnum):
    """How pressing a step makes the case; never less than it is."""

    next = "next"
    """By one, up to high."""
    high = "high"
    urgent = "urgent"


class EscalationRule(Base):
    """What is done when a clock of this name warns or breaks. Without a shop it holds for every shop that has none of its own."""

    __tablename__ = "escalation_rule"
    __table_args__ = (
        Index(
            "escalation_rule_clock_key", "clock", "shop_id", unique=True, postgresql_nulls_not_distinct=True
        ),
        Index("escalation_rule_shop_id_idx", "shop_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    clock: Mapped[str]
    steps: Mapped[list[dict[str, Any]]]
    version: Mapped[int]
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]


schema_extra(
    "CREATE POLICY escalation_rule_of_the_house_is_known_to_all ON escalation_rule FOR SELECT USING (shop_id IS NULL)"
)
for _verb in ("INSERT", "UPDATE"):
    schema_extra(
        f"CREATE POLICY escalation_rule_of_the_house_{_verb.lower()}_takes_all_shops ON escalation_rule AS RESTRICTIVE"
        f" FOR {_verb} WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()))"
    )


class EscalationStep(Base):
    """One step that a clock has set off, as the rule said then. It is taken once, at `due_at`, unless the clock is settled by
    then; `NO_CLOCK` while it stands still with its clock."""

    __tablename__ = "escalation_step"
    __table_args__ = (
        Index("escalation_step_due_at_idx", "due_at", postgresql_where=text("taken_at IS NULL")),
        Index("escalation_step_waiting_idx", "case_id", postgresql_where=text("waiting")),
        Index("escalation_step_case_id_idx", "case_id"),
        CheckConstraint(
            "NOT (waiting AND taken_at IS NOT NULL)", name="a_step_that_was_taken_waits_for_nobody"
        ),
    )

    clock_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[Step] = mapped_column(
        status_type(Step, "a_step_is_set_off_by_a_warning_or_a_break"), primary_key=True
    )
    nr: Mapped[int] = mapped_column(primary_key=True)
    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    clock: Mapped[str]
    wish: Mapped[dict[str, Any]] = mapped_column(JSONB)
    due_at: Mapped[datetime]
    waiting: Mapped[bool] = mapped_column(server_default=text("false"))
    """Nobody whom it would tell was at work."""
    taken_at: Mapped[datetime | None]
