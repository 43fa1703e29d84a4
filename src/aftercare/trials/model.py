"""The tables of trials and of whom they met, and the refusals."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, Refusal
from aftercare.kit.tables import Base


class OnTrial(Refusal):
    """A decision about this is running. End it first: what is compared must not change under the comparison."""


class ThingUnknown(Invalid):
    """This cannot be tried, or not with that unit."""


class TrialOfShop(Base):
    """A variant of a thing in one shop. `decision_id` is why, and the salt that draws."""

    __tablename__ = "trial"
    __table_args__ = (
        CheckConstraint("unit IN ('customer', 'case')", name="a_trial_draws_customers_or_cases"),
        CheckConstraint("share IS NULL OR share > 0 AND share < 1", name="a_share_is_a_part_of_all"),
        Index(
            "trial_running_idx", "shop_id", "thing", unique=True, postgresql_where=text("ended_at IS NULL")
        ),
        Index("trial_decision_idx", "decision_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    decision_id: Mapped[UUID]
    thing: Mapped[str]
    variant: Mapped[dict[str, Any]]
    unit: Mapped[str]
    share: Mapped[float | None]
    """None: everybody."""
    since: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class TrialMeeting(Base):
    """Once for each customer or case that came to the thing while it was tried: with the variant, or without."""

    __tablename__ = "trial_meeting"

    decision_id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    case_id: Mapped[UUID | None]
    """In which it came to it."""
    treated: Mapped[bool]
    at: Mapped[datetime]
