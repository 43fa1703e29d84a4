"""Who works here and can take what."""

from datetime import date, time
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import String

from aftercare.kit.errors import Invalid, NotFound
from aftercare.kit.tables import Base


class MemberNotFound(NotFound):
    """There is no such member of staff, or it is not yours to see."""


class CapacityNotPossible(Invalid):
    """A member of staff can hold between zero and a thousand open cases."""


class Member(Base):
    """What a member of staff knows and can carry. `capacity` is in open cases; who is not `working` gets none."""

    __tablename__ = "member"
    __table_args__ = (
        CheckConstraint(
            "capacity BETWEEN 0 AND 1000", name="a_member_carries_between_none_and_a_thousand_cases"
        ),
    )

    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    skills: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    languages: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    """Without any: all."""
    capacity: Mapped[int] = mapped_column(server_default=text("20"))
    working: Mapped[bool] = mapped_column(server_default=text("false"))


class MemberShop(Base):
    """A shop whose cases the member takes."""

    __tablename__ = "member_shop"
    __table_args__ = (Index("member_shop_shop_idx", "shop_id"),)

    account_id: Mapped[UUID] = mapped_column(ForeignKey("member.account_id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)


class ShiftNotPossible(Invalid):
    """A shift begins and ends at different times of a day, and the shifts of one day do not overlap."""


class Shift(Base):
    """When a member works every week: several a day are a split shift; one that ends before it begins goes past midnight. Without any
    shift, only whether somebody has come to work counts."""

    __tablename__ = "shift"
    __table_args__ = (
        Index("shift_account_idx", "account_id", "weekday"),
        CheckConstraint("weekday BETWEEN 1 AND 7", name="a_shift_is_on_a_day_of_the_week"),
        CheckConstraint("begins <> ends", name="a_shift_takes_some_time"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("member.account_id"))
    weekday: Mapped[int]
    """As in ISO 8601: Monday is 1."""
    begins: Mapped[time]
    ends: Mapped[time]
    time_zone: Mapped[str]


class DayOff(Base):
    """Days on which a member does not work: a holiday, leave, training."""

    __tablename__ = "day_off"

    account_id: Mapped[UUID] = mapped_column(ForeignKey("member.account_id"), primary_key=True)
    off_on: Mapped[date] = mapped_column(primary_key=True)
    """In the time zone of the shifts."""
    note: Mapped[str]
