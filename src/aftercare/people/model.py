"""Who works here and can take what."""

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
