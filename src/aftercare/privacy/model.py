"""Erasures: that they happened, who asked, and which files are still to be deleted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.tables import Base, schema_extra


class CustomerErasure(Base):
    """Kept as the proof that a request was answered; it tells nothing of who the customer was."""

    __tablename__ = "customer_erasure"
    __table_args__ = (
        Index("customer_erasure_customer_key", "customer_id", unique=True),
        Index("customer_erasure_shop_idx", "shop_id", "erased_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customer.id"))
    erased_at: Mapped[datetime]
    erased_by: Mapped[UUID | None]
    rows: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """How many rows of each table were changed or went."""
    files: Mapped[list[str]]
    """Where the bytes of the files lay that are still to be deleted."""


schema_extra(
    """
    CREATE OR REPLACE FUNCTION forget_tags_in_facts(cases uuid[]) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = public AS $$
      WITH emptied AS (
        UPDATE fact f SET data = f.data || '{"added": [], "removed": []}'
        FROM fact_object o
        WHERE o.object_id = ANY (cases) AND f.at = o.at AND f.position = o.position AND f.name = 'case.tagged'
          AND (aftercare_all_shops() OR f.shop_id = ANY (aftercare_shops()))
        RETURNING 1)
      SELECT count(*) FROM emptied
    $$
    """
)
"""Tags are the only words of people in the journal, and nobody stops a colleague from writing a name on one. The application cannot change a
fact; this function can empty these two lists, of the actor's own shops, and nothing else."""
