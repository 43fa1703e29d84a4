"""What was talked, turn by turn, and why; what staff taught; which models there are; where the assistant is on."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, status_type


class Outcome(StrEnum):
    """What became of a turn."""

    answered = "answered"
    asked = "asked"
    """Something was missing, or it has to be confirmed first."""
    acted = "acted"
    """Something was started, changed or cancelled."""
    handed_over = "handed_over"
    silent = "silent"
    """A person has the matter; nothing was said."""


class Mood(StrEnum):
    angry = "angry"
    neutral = "neutral"
    glad = "glad"


class ModelState(StrEnum):
    candidate = "candidate"
    serving = "serving"
    retired = "retired"
    refused = "refused"


class TalkNotFound(NotFound):
    """There is no such talk, or it is not yours to see."""


class TurnNotFound(NotFound):
    """There is no such turn, or it is not yours to see."""


class TurnEmpty(Invalid):
    """A turn needs words or a choice."""


class IntentUnknown(Invalid):
    """There is no such intent."""


class ModelNotFound(NotFound):
    """There is no such model."""


class ModelIsWorse(Refusal):
    """On what was kept back, or on last week's talks, this model does worse than the one that serves."""


class ModelNotCandidate(Refusal):
    """This model was refused or has been replaced."""


class Talk(Base):
    """One conversation with the assistant. `state` is what it has understood so far and waits for."""

    __tablename__ = "assistant_talk"
    __table_args__ = (
        Index("assistant_talk_customer_idx", "customer_id", "last_at"),
        Index("assistant_talk_shop_idx", "shop_id", "last_at"),
        Index(
            "assistant_talk_case_idx", "case_id", unique=True, postgresql_where=text("case_id IS NOT NULL")
        ),
        CheckConstraint(
            "(handed_over_at IS NULL) = (handed_why IS NULL)", name="a_talk_is_handed_over_for_a_reason"
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    session_id: Mapped[UUID | None]
    """Of a guest: only who has the same session goes on."""
    case_id: Mapped[UUID | None] = mapped_column(ForeignKey("service_case.id"))
    locale: Mapped[str]
    state: Mapped[dict[str, Any]]
    turns: Mapped[int] = mapped_column(server_default=text("0"))
    opened_at: Mapped[datetime]
    last_at: Mapped[datetime]
    handed_over_at: Mapped[datetime | None]
    handed_why: Mapped[str | None]


class Turn(Base):
    """What was said to the assistant, what it answered, and why. `why` holds intent, probability, entities, passages, calls."""

    __tablename__ = "assistant_turn"
    __table_args__ = (
        UniqueConstraint("talk_id", "position", name="assistant_turn_position_key"),
        Index(
            "assistant_turn_message_idx",
            "message_id",
            unique=True,
            postgresql_where=text("message_id IS NOT NULL"),
        ),
        Index("assistant_turn_shop_idx", "shop_id", "at"),
        Index("assistant_turn_intent_idx", "shop_id", "intent", "at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    talk_id: Mapped[UUID] = mapped_column(ForeignKey("assistant_talk.id"))
    position: Mapped[int]
    message_id: Mapped[UUID | None]
    """What it answers, where that was said in a thread."""
    at: Mapped[datetime]
    said: Mapped[str]
    answer: Mapped[dict[str, Any]]
    intent: Mapped[str]
    probability: Mapped[float]
    mood: Mapped[Mood] = mapped_column(status_type(Mood, "a_mood_is_a_known_one"))
    outcome: Mapped[Outcome] = mapped_column(status_type(Outcome, "a_turn_has_a_known_outcome"))
    why: Mapped[dict[str, Any]]
    model: Mapped[str]
    corrected_intent: Mapped[str | None]
    corrected_by: Mapped[UUID | None]
    corrected_at: Mapped[datetime | None]


class Lesson(Base):
    """An example that staff gave: what a text means. Without an intent it is out of scope."""

    __tablename__ = "assistant_lesson"
    __table_args__ = (
        Index("assistant_lesson_shop_idx", "shop_id", "added_at"),
        UniqueConstraint("shop_id", "text", name="assistant_lesson_text_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    text: Mapped[str]
    intent: Mapped[str | None]
    turn_id: Mapped[UUID | None] = mapped_column(ForeignKey("assistant_turn.id"))
    added_by: Mapped[UUID | None]
    added_at: Mapped[datetime]


class Model(Base):
    """A trained model: who trained it, on what, how well it does, whether it serves."""

    __tablename__ = "assistant_model"
    __table_args__ = (
        UniqueConstraint("name", "version", name="assistant_model_version_key"),
        Index("assistant_model_serving_idx", "name", unique=True, postgresql_where=text("state = 'serving'")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    digest: Mapped[str]
    """SHA-256 of the file."""
    trained_on: Mapped[str]
    """Digest of the examples."""
    examples: Mapped[int]
    intents: Mapped[int]
    scores: Mapped[dict[str, Any]]
    trained_by: Mapped[UUID | None]
    trained_at: Mapped[datetime]
    state: Mapped[ModelState] = mapped_column(status_type(ModelState, "a_model_is_in_a_known_state"))
    trial: Mapped[dict[str, Any] | None]
    """How it did beside the one that served when it was tried."""
    promoted_at: Mapped[datetime | None]
    promoted_by: Mapped[UUID | None]


class Switch(Base):
    """Whether the assistant answers in a shop, and on which channels."""

    __tablename__ = "assistant_switch"
    __table_args__ = (
        CheckConstraint("sure BETWEEN 0.3 AND 0.95", name="a_threshold_is_neither_guess_nor_certainty"),
    )

    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    active: Mapped[bool]
    channels: Mapped[list[str]]
    language_model: Mapped[bool] = mapped_column(server_default=text("false"))
    sure: Mapped[float] = mapped_column(server_default=text("0.5"))
    """From this probability on it acts on what it understood; below it asks."""
    changed_at: Mapped[datetime]
    changed_by: Mapped[UUID | None]


class Spending(Base):
    """What the language model has cost a shop on one day, in tokens."""

    __tablename__ = "assistant_spending"

    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    day: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[int]
    calls: Mapped[int]
