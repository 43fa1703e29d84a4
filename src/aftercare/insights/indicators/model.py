"""Targets as a table, and what is refused about them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

import aftercare.identity  # noqa: F401  # its shops are what targets are for
from aftercare.kit.errors import Invalid
from aftercare.kit.tables import Base, schema_extra


class TargetNotPossible(Invalid):
    """A target is for all shops, for those of a market, or for one shop; and it lies where the indicator can."""


class IndicatorTarget(Base):
    """What an indicator shall be, for a group of shops: all of them, those of a market, or one. The narrowest counts; where there is
    none, the catalogue's own."""

    __tablename__ = "indicator_target"
    __table_args__ = (
        Index(
            "indicator_target_place_key",
            "indicator",
            "shop_id",
            "market",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("shop_id IS NULL OR market IS NULL", name="a_target_is_for_a_shop_or_a_market"),
        CheckConstraint("share BETWEEN 0 AND 1", name="a_part_within_the_limit_is_a_share"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    indicator: Mapped[str]
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    market: Mapped[str | None]
    value: Mapped[float | None]
    share: Mapped[float | None]
    set_by: Mapped[UUID | None]
    set_at: Mapped[datetime]


# What holds for many shops is everybody's to read. Changing it takes one who sees all shops.
schema_extra(
    "CREATE POLICY indicator_target_of_many_is_known_to_all ON indicator_target FOR SELECT USING (shop_id IS NULL)"
)
for _verb, _check in (("INSERT", "WITH CHECK"), ("UPDATE", "USING"), ("DELETE", "USING")):
    schema_extra(
        f"CREATE POLICY indicator_target_of_many_{_verb.lower()}_takes_all_shops ON indicator_target AS RESTRICTIVE FOR {_verb}"
        f" {_check} (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()))"
    )
