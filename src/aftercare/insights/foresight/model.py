"""Foresight's tables: the models with how good they are, the chances that stand, and products that fail more often.

What a model has learned lies in a file under its name and version; the row tells how good it is. Models are of the whole
installation and name no shop; chances belong to the shop of what they are about.
"""

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

import aftercare.shop  # noqa: F401  # its products are what fails
from aftercare.kit.tables import Base, status_type


class Foretells(StrEnum):
    """What a model tells the chance of."""

    order_approved = "order_approved"
    """An order arrives late, as seen since its approval."""
    order_handed_over = "order_handed_over"
    """The same, as seen since the carrier has it."""
    case_late = "case_late"
    """A promise of the case will be broken."""
    case_reopened = "case_reopened"
    case_escalated = "case_escalated"
    case_disputed = "case_disputed"
    customer_leaves = "customer_leaves"


class ModelState(StrEnum):
    serving = "serving"
    replaced = "replaced"
    refused = "refused"
    """Not good enough on the latest weeks, or worse there than the one that serves."""


class Silent(StrEnum):
    """Why nothing is told of a kind."""

    too_few = "too_few"
    """To learn from, or to be tried on."""
    chance = "chance"
    """By its order it cannot be told from chance: 0.5 lies in the interval of the AUC."""
    plain_share = "plain_share"
    """It is no truer than telling everybody the same share."""


def why_silent(tried: Mapping[str, Any]) -> Silent | None:
    """What keeps a model with these scores from serving; None when nothing does."""
    if tried.get("auc_low") is None:
        return Silent.too_few
    if tried["auc_low"] <= 0.5:
        return Silent.chance
    return Silent.plain_share if tried["brier"] >= tried["brier_plain"] else None


class ForesightModel(Base):
    """`scores`: how a model of this kind, learned from all but the latest weeks, did on them; `compared`: how the one that served
    did on the same."""

    __tablename__ = "foresight_model"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        Index("foresight_model_serving_idx", "name", unique=True, postgresql_where=text("state = 'serving'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[Foretells] = mapped_column(status_type(Foretells, "a_model_foretells_something_known"))
    version: Mapped[int]
    state: Mapped[ModelState] = mapped_column(status_type(ModelState, "a_model_serves_or_does_not"))
    digest: Mapped[str]
    learned_from: Mapped[int]
    happened: Mapped[int]
    known_at: Mapped[datetime]
    trained_at: Mapped[datetime]
    scores: Mapped[dict[str, Any]]
    compared: Mapped[dict[str, Any] | None]


class ForesightWatch(Base):
    """One day of a model that serves: what came in beside what was learned from, and how true the chances of late were."""

    __tablename__ = "foresight_watch"

    model_id: Mapped[UUID] = mapped_column(ForeignKey("foresight_model.id"), primary_key=True)
    on_day: Mapped[date] = mapped_column(primary_key=True)
    count: Mapped[int]
    chance_drift: Mapped[float]
    drift: Mapped[dict[str, Any]]
    ended: Mapped[int]
    """Of the last weeks, what has ended since."""
    brier: Mapped[float | None]
    brier_plain: Mapped[float | None]


class ForesightChance(Base):
    """The chance that stands for something open. `usual`: how often it happens at all."""

    __tablename__ = "foresight_chance"
    __table_args__ = (
        Index("foresight_chance_shop_idx", "shop_id", "name", "chance"),
        Index("foresight_chance_name_idx", "name", "chance"),
        Index("foresight_chance_subject_idx", "subject_id"),
        CheckConstraint("chance BETWEEN 0 AND 1", name="a_chance_lies_between_never_and_surely"),
    )

    name: Mapped[Foretells] = mapped_column(
        status_type(Foretells, "a_chance_is_of_something_known"), primary_key=True
    )
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    model_id: Mapped[UUID] = mapped_column(ForeignKey("foresight_model.id"))
    chance: Mapped[float]
    usual: Mapped[float]
    why: Mapped[list[dict[str, Any]]]
    due_at: Mapped[datetime | None]
    """By when it would happen."""
    told_at: Mapped[datetime]


class ForesightProduct(Base):
    """A product, or one batch of it, that fails more often than before. `low` and `high` hold the rate with 95 %; `q` is the share of
    false finds that one accepts with it."""

    __tablename__ = "foresight_product"
    __table_args__ = (Index("foresight_product_shop_idx", "shop_id", "q"),)

    product_id: Mapped[UUID] = mapped_column(ForeignKey("product.id"), primary_key=True)
    batch: Mapped[str] = mapped_column(primary_key=True)
    """Empty: the product as a whole."""
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    since: Mapped[date]
    units: Mapped[int]
    failed: Mapped[int]
    units_before: Mapped[int]
    failed_before: Mapped[int]
    low: Mapped[float]
    high: Mapped[float]
    p: Mapped[float]
    q: Mapped[float]
    rises: Mapped[bool]
    told_at: Mapped[datetime]


class ForesightRound(Base):
    """When the worker last learned, and last told chances."""

    __tablename__ = "foresight_round"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
