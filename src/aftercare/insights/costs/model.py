"""The tables of the ledger, its kinds of cost, and the refusals that need only a row."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column

import aftercare.claims  # noqa: F401  # its claims are what lines are about
from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import APP_ROLE, Base, Cents, schema_extra, status_type

line_numbers = Sequence("cost_line_number", metadata=Base.metadata)


class CostKind(StrEnum):
    """What it was spent on. Negative amounts are what came back."""

    people = "people"
    telephony = "telephony"
    bot = "bot"
    inspection = "inspection"
    freight_out = "freight_out"
    freight_back = "freight_back"
    packaging = "packaging"
    parts = "parts"
    refund = "refund"
    refund_by_store = "refund_by_store"
    difference = "difference"
    goods_out = "goods_out"
    goods_back = "goods_back"
    goods_written_off = "goods_written_off"
    carrier_chargeback = "carrier_chargeback"
    supplier_chargeback = "supplier_chargeback"
    insurance = "insurance"
    other = "other"


class CostGroup(StrEnum):
    work = "work"
    parcels = "parcels"
    goods = "goods"
    money = "money"
    recovered = "recovered"
    other = "other"


GROUP_OF: dict[CostKind, CostGroup] = {
    **dict.fromkeys([CostKind.people, CostKind.telephony, CostKind.bot, CostKind.inspection], CostGroup.work),
    **dict.fromkeys([CostKind.freight_out, CostKind.freight_back, CostKind.packaging], CostGroup.parcels),
    **dict.fromkeys(
        [CostKind.parts, CostKind.goods_out, CostKind.goods_back, CostKind.goods_written_off], CostGroup.goods
    ),
    **dict.fromkeys([CostKind.refund, CostKind.refund_by_store, CostKind.difference], CostGroup.money),
    **dict.fromkeys(
        [CostKind.carrier_chargeback, CostKind.supplier_chargeback, CostKind.insurance], CostGroup.recovered
    ),
    CostKind.other: CostGroup.other,
}

SERVICE = frozenset(kind for kind, group in GROUP_OF.items() if group in (CostGroup.work, CostGroup.parcels))
"""What it costs to serve, without the money and goods that a case is about."""

BY_HAND = frozenset(
    {
        CostKind.parts,
        CostKind.packaging,
        CostKind.freight_out,
        CostKind.freight_back,
        CostKind.carrier_chargeback,
        CostKind.supplier_chargeback,
        CostKind.insurance,
        CostKind.goods_written_off,
        CostKind.other,
    }
)
"""What people may enter. Money and people's time come from facts alone."""

COMES_BACK = frozenset(
    {CostKind.carrier_chargeback, CostKind.supplier_chargeback, CostKind.insurance, CostKind.goods_back}
)
"""Amounts of these are at most zero: somebody else bears a part."""


class RateKind(StrEnum):
    people = "people"
    telephony = "telephony"
    bot = "bot"
    inspection = "inspection"
    freight_out = "freight_out"
    freight_back = "freight_back"
    packaging = "packaging"
    goods = "goods"
    """What goods cost us, as a share of their price."""
    goods_written_off = "goods_written_off"
    """What is lost of taken-back goods, as a share of their price, by what becomes of them."""


class RateUnit(StrEnum):
    hour = "hour"
    minute = "minute"
    piece = "piece"
    per_mille = "per_mille"
    """Of the price of the goods."""


UNIT_OF: dict[RateKind, RateUnit] = {
    RateKind.people: RateUnit.hour,
    RateKind.telephony: RateUnit.minute,
    RateKind.bot: RateUnit.piece,
    RateKind.inspection: RateUnit.piece,
    RateKind.freight_out: RateUnit.piece,
    RateKind.freight_back: RateUnit.piece,
    RateKind.packaging: RateUnit.piece,
    RateKind.goods: RateUnit.per_mille,
    RateKind.goods_written_off: RateUnit.per_mille,
}

RATE_OF: dict[CostKind, RateKind] = {
    **{CostKind(kind.value): kind for kind in RateKind if kind is not RateKind.goods},
    CostKind.goods_out: RateKind.goods,
    CostKind.goods_back: RateKind.goods,
}
"""By which rate a line of a kind is priced; kinds that are not here carry their amount themselves."""


class CostRate(Base):
    """What one unit of something costs from a moment on, until the next rate of the same shop, kind, part and currency. Without a
    shop it holds for every shop that has none of its own. `part` narrows it: a carrier, a kind of work, a disposition, a
    category of goods. Never edited: a rate is followed by the next; no amount says that from then on there is none."""

    __tablename__ = "cost_rate"
    __table_args__ = (
        Index(
            "cost_rate_shop_kind_part_currency_valid_from_key",
            "shop_id",
            "kind",
            "part",
            "currency",
            "valid_from",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        CheckConstraint("amount >= 0", name="a_rate_is_not_negative"),
        CheckConstraint("unit <> 'per_mille' OR amount <= 1000", name="a_share_is_at_most_the_whole"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="a_rate_has_a_currency_of_three_letters"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    kind: Mapped[RateKind] = mapped_column(status_type(RateKind, "a_rate_is_of_a_known_kind"))
    part: Mapped[str] = mapped_column(server_default="")
    unit: Mapped[RateUnit] = mapped_column(status_type(RateUnit, "a_rate_is_per_known_unit"))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(18, 4))
    """Minor units of the currency per unit; a thousandth part of the price when per mille."""
    currency: Mapped[str]
    valid_from: Mapped[datetime]
    reason: Mapped[str] = mapped_column(server_default="")
    set_by: Mapped[UUID | None]
    set_at: Mapped[datetime]


class CostLine(Base):
    """What one fact cost. `position` is the fact in the journal; one fact has at most one line of a kind and part. Never edited: a
    line is undone by its counter-line (`turn` one higher), and priced anew by a third (`turn` two higher) of the same fact. No
    amount: it was counted, but there is no rate for it."""

    __tablename__ = "cost_line"
    __table_args__ = (
        Index("cost_line_fact_key", "position", "kind", "part", "turn", unique=True),
        Index(
            "cost_line_reverses_key",
            "reverses_id",
            unique=True,
            postgresql_where=text("reverses_id IS NOT NULL"),
        ),
        Index(
            "cost_line_of_one_thing_key",
            "source_id",
            "kind",
            "part",
            unique=True,
            postgresql_where=text("source_id IS NOT NULL AND turn = 0"),
        ),
        Index("cost_line_case_idx", "case_id", "at"),
        Index(
            "cost_line_shop_at_idx",
            "shop_id",
            "at",
            postgresql_include=["kind", "amount_cents", "currency", "case_id"],
        ),
        Index(
            "cost_line_account_idx",
            "account_id",
            "at",
            postgresql_where=text("account_id IS NOT NULL AND turn = 0"),
        ),
        Index("cost_line_unpriced_idx", "shop_id", "kind", postgresql_where=text("amount_cents IS NULL")),
        CheckConstraint(
            "(mod(turn, 2) = 1) = (reverses_id IS NOT NULL)", name="a_counter_line_names_its_line"
        ),
        CheckConstraint("turn >= 0", name="turns_are_counted_from_nought"),
        CheckConstraint(
            "amount_cents IS NOT NULL OR rate_id IS NULL", name="a_line_without_an_amount_has_no_rate"
        ),
    )

    id: Mapped[int] = mapped_column(
        BigInteger, line_numbers, primary_key=True, server_default=line_numbers.next_value()
    )
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_case.id"))
    claim_id: Mapped[UUID | None] = mapped_column(ForeignKey("claim.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("sales_order.id"))
    product_id: Mapped[UUID | None]
    """Of a claim about several products: the one most money is asked for."""
    account_id: Mapped[UUID | None]
    """Whose time it was, or who entered it."""
    carrier: Mapped[str | None]
    at: Mapped[datetime]
    """When it happened: of a counter-line, too, when that happened which it undoes."""
    kind: Mapped[CostKind] = mapped_column(status_type(CostKind, "a_cost_is_of_a_known_kind"))
    part: Mapped[str] = mapped_column(server_default="")
    quantity: Mapped[int] = mapped_column(BigInteger)
    """Seconds of people and of calls, else pieces."""
    base_cents: Mapped[Cents | None] = mapped_column(BigInteger)
    """The price of the goods, where the rate is a share of it; negative where they come back."""
    rate_id: Mapped[UUID | None] = mapped_column(ForeignKey("cost_rate.id"))
    amount_cents: Mapped[Cents | None] = mapped_column(BigInteger)
    currency: Mapped[str]
    position: Mapped[int] = mapped_column(BigInteger)
    turn: Mapped[int] = mapped_column(server_default=text("0"))
    reverses_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("cost_line.id"))
    corrected_by: Mapped[int | None] = mapped_column(BigInteger)
    """The fact by which it was undone or priced anew."""
    source_id: Mapped[UUID | None]
    """The parcel or call, which costs once however often it is told of."""
    words: Mapped[str] = mapped_column(server_default="")
    by_hand: Mapped[bool] = mapped_column(server_default=text("false"))
    entered_at: Mapped[datetime]


schema_extra(f"REVOKE UPDATE, DELETE, TRUNCATE ON cost_line FROM {APP_ROLE}")
schema_extra(f"REVOKE UPDATE, DELETE, TRUNCATE ON cost_rate FROM {APP_ROLE}")


class LeverKind(StrEnum):
    automation = "automation"
    carrier = "carrier"
    policy = "policy"
    routing = "routing"
    product = "product"
    other = "other"


class Lever(Base):
    """A project that shall make service cheaper. `scope`: the cases that it touches; `against`: the cases that it is compared
    with, by default all others of the same shops. Without a shop it is the group's."""

    __tablename__ = "cost_lever"
    __table_args__ = (
        CheckConstraint("ended_on IS NULL OR ended_on > started_on", name="a_lever_ends_after_it_starts"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="a_lever_has_a_currency_of_three_letters"),
        Index("cost_lever_shop_id_idx", "shop_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    name: Mapped[str]
    kind: Mapped[LeverKind] = mapped_column(status_type(LeverKind, "a_lever_is_of_a_known_kind"))
    currency: Mapped[str]
    started_on: Mapped[date]
    ended_on: Mapped[date | None]
    scope: Mapped[dict[str, Any]]
    against: Mapped[dict[str, Any] | None]
    words: Mapped[str] = mapped_column(server_default="")
    made_by: Mapped[UUID | None]
    made_at: Mapped[datetime]


class LeverSpending(Base):
    """What a lever cost. Append-only: undone by a negative amount."""

    __tablename__ = "cost_lever_spending"
    __table_args__ = (Index("cost_lever_spending_lever_idx", "lever_id", "spent_on"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    lever_id: Mapped[UUID] = mapped_column(ForeignKey("cost_lever.id"))
    spent_on: Mapped[date]
    amount_cents: Mapped[Cents]
    words: Mapped[str] = mapped_column(server_default="")
    entered_by: Mapped[UUID | None]
    entered_at: Mapped[datetime]


schema_extra(f"REVOKE UPDATE, DELETE, TRUNCATE ON cost_lever_spending FROM {APP_ROLE}")

# What holds for the whole group is everybody's to read. Changing it takes one who sees all shops.
for _table in ("cost_rate", "cost_lever", "cost_lever_spending"):
    schema_extra(
        f"CREATE POLICY {_table}_of_the_house_is_known_to_all ON {_table} FOR SELECT USING (shop_id IS NULL)"
    )
    for _verb in ("INSERT", "UPDATE"):
        schema_extra(
            f"CREATE POLICY {_table}_of_the_house_{_verb.lower()}_takes_all_shops ON {_table} AS RESTRICTIVE FOR {_verb}"
            " WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()))"
        )


class CostLineNotFound(NotFound):
    """There is no such cost line, or it is not yours to see."""


class LeverNotFound(NotFound):
    """There is no such project, or it is not yours to see."""


class LineReversed(Refusal):
    """This line is undone already, or is itself a counter-line."""


class FromFactsAlone(Invalid):
    """Costs of this kind come from what happened and are not entered by hand."""


class AmountOfWrongSign(Invalid):
    """What others bear is entered as a negative amount, what we spend as a positive one, and neither as nothing."""


class RateThereAlready(Refusal):
    """From this moment on there is a rate for this already."""


class PeriodNotPossible(Invalid):
    """A period begins before it ends and lasts at most five years."""


class ScopeNotPossible(Invalid):
    """A scope names shops, kinds, reasons, channels, carriers or categories that are there, and at least one of them."""


# How a rate is found and what it makes, in one place for what is written by facts, priced anew, and tried out.
schema_extra(
    """
    CREATE OR REPLACE FUNCTION rate_for(of_kind text, of_part text, of_shop uuid, of_currency text, moment timestamptz)
    RETURNS TABLE (id uuid, unit text, amount numeric) LANGUAGE sql STABLE AS $$
      SELECT f.id, f.unit, f.amount FROM (
        SELECT r.id, r.unit, r.amount FROM cost_rate r
        WHERE r.kind = of_kind AND r.currency = of_currency AND r.part IN (of_part, '')
          AND (r.shop_id = of_shop OR r.shop_id IS NULL) AND r.valid_from <= moment
        ORDER BY (r.shop_id IS NOT NULL) DESC, (r.part <> '') DESC, r.valid_from DESC LIMIT 1
      ) f WHERE f.amount IS NOT NULL
    $$
    """
)
schema_extra(
    """
    CREATE OR REPLACE FUNCTION cost_of(unit text, amount numeric, quantity bigint, goods bigint)
    RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
      SELECT CAST(round(CASE unit WHEN 'hour' THEN amount * quantity / 3600 WHEN 'minute' THEN amount * quantity / 60
        WHEN 'piece' THEN amount * quantity WHEN 'per_mille' THEN amount * goods / 1000 END) AS bigint)
    $$
    """
)
schema_extra(
    """
    CREATE OR REPLACE VIEW lake_cost_lines WITH (security_invoker = true) AS
    SELECT CAST(l.id AS text) AS id, l.shop_id, l.case_id, l.claim_id, l.order_id, l.product_id, l.account_id, l.carrier, l.at,
      l.kind, l.part, l.quantity, l.rate_id, l.amount_cents, l.currency, l.position, l.turn, l.entered_at
    FROM cost_line l
    """
)
schema_extra(f"GRANT SELECT ON lake_cost_lines TO {APP_ROLE}")
