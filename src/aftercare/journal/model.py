"""The journal's tables."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.tables import APP_ROLE, Base, Xid8, schema_extra, status_type

positions = Sequence("fact_position", metadata=Base.metadata, cache=1)


class FactRow(Base):
    """Append-only; UPDATE and DELETE are revoked from the application's role. Partitioned by the month of `at`."""

    __tablename__ = "fact"
    __table_args__ = (
        Index("fact_transaction_position_idx", "transaction", "position"),
        Index("fact_shop_at_idx", "shop_id", "at"),
        Index("fact_name_at_idx", "name", "at"),
        {"postgresql_partition_by": "RANGE (at)"},
    )

    at: Mapped[datetime] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transaction: Mapped[int] = mapped_column(Xid8, server_default=text("pg_current_xact_id()"))
    name: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[UUID | None]
    shop_id: Mapped[UUID | None]
    cause: Mapped[int | None] = mapped_column(BigInteger)
    request_id: Mapped[str | None]
    data: Mapped[dict[str, Any]]


class FactObject(Base):
    """Which objects a fact is about: the index of every timeline."""

    __tablename__ = "fact_object"

    object_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    object_kind: Mapped[str]
    shop_id: Mapped[UUID | None]


class Reader(Base):
    """How far a reader of the journal has come."""

    __tablename__ = "reader"

    name: Mapped[str] = mapped_column(primary_key=True)
    transaction: Mapped[int] = mapped_column(Xid8, server_default=text("'0'::xid8"))
    position: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class DeliveryState(StrEnum):
    waiting = "waiting"
    failed = "failed"
    set_aside = "set_aside"


class Delivery(Base):
    """A fact on its way to one reaction. The row goes when the reaction's own transaction commits, so it is there exactly
    as long as the reaction has not happened. Within a lane (reaction, subject) facts go in order; a failed one holds its
    lane until an operator retries it or sets it aside, and holds no other."""

    __tablename__ = "delivery"
    __table_args__ = (
        Index("delivery_lane_idx", "reaction", "lane", "transaction", "position"),
        Index("delivery_state_idx", "state", "next_at"),
    )

    reaction: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    transaction: Mapped[int] = mapped_column(Xid8)
    at: Mapped[datetime]
    lane: Mapped[UUID]
    state: Mapped[DeliveryState] = mapped_column(
        status_type(DeliveryState, "a_delivery_waits_or_has_failed_or_is_set_aside"), server_default="waiting"
    )
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_at: Mapped[datetime]
    error: Mapped[str | None]


schema_extra(f"REVOKE UPDATE, DELETE, TRUNCATE ON fact, fact_object FROM {APP_ROLE}")
schema_extra(
    """
    CREATE OR REPLACE FUNCTION ensure_fact_month(moment timestamptz) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = public AS $$
    DECLARE
      first date := date_trunc('month', moment AT TIME ZONE 'UTC');
      part text := 'fact_' || to_char(first, 'YYYY_MM');
    BEGIN
      IF to_regclass(part) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('ensure_fact_month'));
        EXECUTE format('CREATE TABLE IF NOT EXISTS %I PARTITION OF fact FOR VALUES FROM (%L) TO (%L)',
          part, first::timestamp AT TIME ZONE 'UTC', (first + interval '1 month')::timestamp AT TIME ZONE 'UTC');
      END IF;
    END $$
    """
)
# Nothing is lost when nobody made the month's partition in time: the rest catches it.
schema_extra("CREATE TABLE IF NOT EXISTS fact_rest PARTITION OF fact DEFAULT")
