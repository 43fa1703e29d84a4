"""The tables of decisions, their states and moves, and the refusals that need only a row."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Uuid

from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, Cents, schema_extra, status_type


class DecisionState(StrEnum):
    draft = "draft"
    running = "running"
    kept = "kept"
    undone = "undone"
    dropped = "dropped"


OVER = (DecisionState.kept, DecisionState.undone, DecisionState.dropped)


class Verb(StrEnum):
    start = "start"
    drop = "drop"
    go_on = "go_on"
    keep = "keep"
    undo = "undo"
    stop = "stop"
    """By a guard rail; nobody has to be awake."""


class Move(NamedTuple):
    start: DecisionState
    end: DecisionState
    verb: Verb
    who: str


MOVES = (
    Move(DecisionState.draft, DecisionState.running, Verb.start, "insights.write"),
    Move(DecisionState.draft, DecisionState.dropped, Verb.drop, "insights.write"),
    Move(DecisionState.running, DecisionState.running, Verb.go_on, "insights.write"),
    Move(DecisionState.running, DecisionState.kept, Verb.keep, "insights.write"),
    Move(DecisionState.running, DecisionState.undone, Verb.undo, "insights.write"),
    Move(DecisionState.running, DecisionState.undone, Verb.stop, "system"),
)
"""All that can happen to a decision."""


class RollOut(StrEnum):
    all = "all"
    shops = "shops"
    share = "share"
    steps = "steps"


class SubjectKind(StrEnum):
    policy = "policy"
    template = "template"
    answer = "answer"
    routing = "routing"
    bot = "bot"
    other = "other"


class Decision(Base):
    """What was decided, why, on whom, and how it will be known whether it worked. `shops` are those that it touches, with those
    that it is compared with; None means all: only who sees them sees the decision."""

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint(
            "share IS NULL OR share > 0 AND share < 1", name="a_share_leaves_somebody_to_compare_with"
        ),
        CheckConstraint(
            "state IN ('draft', 'dropped') OR started_at IS NOT NULL", name="what_runs_has_begun"
        ),
        CheckConstraint(
            "(state IN ('kept', 'undone', 'dropped')) = (ended_at IS NOT NULL)", name="what_is_over_says_when"
        ),
        CheckConstraint("ends_at > starts_at", name="a_decision_ends_after_it_starts"),
        Index("decision_state_idx", "state", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shops: Mapped[list[UUID] | None] = mapped_column(ARRAY(Uuid()))
    title: Mapped[str]
    hypothesis: Mapped[str]
    indicator: Mapped[str]
    target: Mapped[float]
    """The change that is hoped for: of shares in points of one (0.05), of times and money as a part (-0.1), of scores in points."""
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    cost_cents: Mapped[Cents | None]
    currency: Mapped[str | None]
    subject_kind: Mapped[SubjectKind] = mapped_column(
        status_type(SubjectKind, "a_decision_has_a_known_subject")
    )
    subject: Mapped[dict[str, Any]]
    """What is changed: {'version': 3} of a policy by shop, {'template': …}, {'text': …}."""
    roll_out: Mapped[RollOut] = mapped_column(status_type(RollOut, "a_decision_is_rolled_out_in_a_known_way"))
    share: Mapped[float | None]
    unit: Mapped[str]
    """Who is drawn: customer or case."""
    treated: Mapped[list[dict[str, Any]]]
    """[{'shop_id': …, 'on': date}]: which shops have it, each from its day on."""
    guards: Mapped[list[dict[str, Any]]]
    """[{'indicator': …, 'bound': …, 'side': 'above' | 'below'}]: beyond its bound it is stopped."""
    state: Mapped[DecisionState] = mapped_column(status_type(DecisionState, "a_decision_is_in_a_known_state"))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    planned_units: Mapped[int | None]
    """What the confidence sequence is tightest at; told before anything is seen."""
    why: Mapped[str | None]
    """In words, of whoever ended it."""
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime]


class DecisionReading(Base):
    """What was seen of a running decision at one time. Readings are kept: what is looked at every day must be corrected for that."""

    __tablename__ = "decision_reading"
    __table_args__ = (Index("decision_reading_decision_idx", "decision_id", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    decision_id: Mapped[UUID] = mapped_column(ForeignKey("decision.id"))
    at: Mapped[datetime]
    reading: Mapped[dict[str, Any]]


schema_extra("ALTER TABLE decision ENABLE ROW LEVEL SECURITY")
schema_extra(
    "CREATE POLICY decision_of_own_shops ON decision"
    " USING ((SELECT aftercare_all_shops()) OR shops <@ (SELECT aftercare_shops()))"
)
schema_extra("ALTER TABLE decision_reading ENABLE ROW LEVEL SECURITY")
schema_extra(
    "CREATE POLICY decision_reading_of_own_shops ON decision_reading"
    " USING (EXISTS (SELECT FROM decision d WHERE d.id = decision_id))"
)


class DecisionNotFound(NotFound):
    """There is no such decision, or it touches shops that you do not see."""


class MoveNotAllowed(Refusal):
    """That cannot be done with the decision as it stands."""


class DecisionNotPossible(Invalid):
    """The plan of the decision does not hold together."""


def moves_from(state: DecisionState) -> list[Verb]:
    return [move.verb for move in MOVES if move.start is state and move.who != "system"]
