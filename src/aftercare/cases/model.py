"""What is asked of us: service cases, what they are linked to, the views that staff keep."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, Sequence, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import String, Uuid

from aftercare.conversations import Author, Channel
from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, schema_extra, status_type

BLOCK = 1_000
"""How many cases one block of `case_words` holds."""

NO_CLOCK = datetime(9999, 12, 31, tzinfo=UTC)
"""`due_at` of a case on which no clock runs: it sorts last without a NULL in the key."""

LONGEST_TITLE = 200
SNIPPET = 140


class Status(StrEnum):
    open = "open"
    """Nobody has answered yet."""
    waiting_shop = "waiting_shop"
    waiting_customer = "waiting_customer"
    solved = "solved"
    closed = "closed"


ACTIVE = frozenset({Status.open, Status.waiting_shop, Status.waiting_customer})


class Stage(StrEnum):
    """The seven stages, in their order."""

    consulted = "consulted"
    diagnosed = "diagnosed"
    offered = "offered"
    carried_out = "carried_out"
    followed_up = "followed_up"
    evaluated = "evaluated"
    improved = "improved"

    @property
    def number(self) -> int:
        return _STAGES[self]


_STAGES = {stage: number for number, stage in enumerate(Stage)}


class Priority(StrEnum):
    low = "low"
    normal = "normal"
    high = "high"
    urgent = "urgent"


class Step(StrEnum):
    """How far a clock has driven its case."""

    warned = "warned"
    broken = "broken"


class Closing(StrEnum):
    """Why a case may be closed. Silence is not among them."""

    confirmed = "confirmed"
    """The customer said that it is settled."""
    followed_up = "followed_up"
    """We asked after it was carried out, and nothing is left to do."""
    withdrawn = "withdrawn"
    duplicate = "duplicate"
    spam = "spam"


class CaseNotFound(NotFound):
    """There is no such case, or it is not yours to see."""


class CaseTakenAlready(Refusal):
    """A colleague has taken this case already."""


class MoveNotPossible(Refusal):
    """The case does not stand where this could be done."""


class EndedTooLongAgo(Refusal):
    """Only what was ended moments ago is taken back; open the case again instead."""


class NotClosedBySilence(Refusal):
    """A case is closed after we followed up or the customer confirmed, not by silence."""


class StageNotPossible(Refusal):
    """A stage is gone back from only with a reason, and not at all once the case is closed."""


class AnswerFirst(Refusal):
    """The customer still waits for an answer; write one before calling the case solved."""


class OwnerNotFound(Invalid):
    """This colleague cannot own the case: no such account here."""


class SnoozeInThePast(Invalid):
    """Choose a moment in the future."""


class TitleMissing(Invalid):
    """A case needs a title of at most two hundred characters."""


class TagsNotPossible(Invalid):
    """A case has at most twenty tags of at most forty characters."""


class CasesDoNotFit(Invalid):
    """Only cases of one shop and one customer can be merged, and a case not with itself."""


class CaseMergedAlready(Refusal):
    """This case has been merged into another one."""


class NothingToSplit(Invalid):
    """Choose messages of this case, but not all of them."""


class CaseMoveNotFound(NotFound):
    """There is no such merging or splitting, or it was taken back."""


class ViewNotFound(NotFound):
    """There is no such view, or it is not yours."""


@dataclass(frozen=True)
class Move:
    """One line of the table of moves: `verb` takes a case from any of `origin` to `to`."""

    verb: str
    origin: frozenset[Status]
    to: Status
    who: frozenset[Author]


_CUSTOMER = frozenset({Author.customer})
_STAFF = frozenset({Author.staff, Author.integration, Author.system})
_ANYBODY = frozenset(Author)

MOVES = (
    Move("ask", frozenset(Status), Status.waiting_shop, _CUSTOMER),
    Move(
        "answer",
        frozenset({Status.open, Status.waiting_shop, Status.solved}),
        Status.waiting_customer,
        _STAFF,
    ),
    Move("solve", ACTIVE, Status.solved, _STAFF),
    Move("close", frozenset(Status) - {Status.closed}, Status.closed, _ANYBODY),
    Move("reopen", frozenset({Status.solved, Status.closed}), Status.waiting_shop, _ANYBODY),
)
"""The one table of moves between statuses; buttons, refusals and the handbook are read from it."""


def moves_of(status: Status, who: Author) -> list[str]:
    """The verbs that this actor could use now."""
    return [move.verb for move in MOVES if status in move.origin and who in move.who]


numbers = Sequence("service_case_number", metadata=Base.metadata, cache=1)

IS_ACTIVE = text("status IN ('open', 'waiting_shop', 'waiting_customer')")


class ServiceCase(Base):
    __tablename__ = "service_case"
    __table_args__ = (
        Index("service_case_number_idx", "number", unique=True),
        Index("service_case_thread_idx", "thread_id", unique=True),
        Index("service_case_customer_idx", "customer_id", "opened_at"),
        Index("service_case_order_idx", "order_id"),
        # A retry of the same opening finds the first one instead of doubling it.
        Index(
            "service_case_opened_once_idx",
            "customer_id",
            "client_key",
            unique=True,
            postgresql_where=text("client_key IS NOT NULL"),
        ),
        Index("service_case_recent_idx", "last_message_at", "id"),
        Index("service_case_shop_recent_idx", "shop_id", "last_message_at", "id"),
        Index("service_case_due_idx", "due_at", "id", postgresql_where=IS_ACTIVE),
        Index("service_case_shop_due_idx", "shop_id", "due_at", "id", postgresql_where=IS_ACTIVE),
        Index("service_case_owner_due_idx", "owner_id", "due_at", "id", postgresql_where=IS_ACTIVE),
        Index(
            "service_case_unowned_idx",
            "shop_id",
            "due_at",
            "id",
            postgresql_where=text(
                "owner_id IS NULL AND status IN ('open', 'waiting_shop', 'waiting_customer')"
            ),
        ),
        Index(
            "service_case_shop_skill_due_idx",
            "shop_id",
            "skill",
            "due_at",
            "id",
            postgresql_where=text(
                "skill IS NOT NULL AND status IN ('open', 'waiting_shop', 'waiting_customer')"
            ),
        ),
        Index("service_case_queued_idx", "shop_id", "due_at", "id", postgresql_where=text("queued")),
        CheckConstraint("NOT queued OR owner_id IS NULL", name="a_queued_case_has_no_owner"),
        CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="a_closed_case_knows_when"),
        CheckConstraint("(closed_at IS NULL) = (closing IS NULL)", name="a_closed_case_knows_why"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    number: Mapped[str]
    customer_id: Mapped[UUID | None] = mapped_column(ForeignKey("customer.id"))
    order_id: Mapped[UUID | None] = mapped_column(ForeignKey("sales_order.id"))
    thread_id: Mapped[UUID] = mapped_column(ForeignKey("thread.id"))
    title: Mapped[str]
    status: Mapped[Status] = mapped_column(status_type(Status, "a_case_has_a_known_status"))
    stage: Mapped[Stage] = mapped_column(status_type(Stage, "a_case_stands_in_one_of_seven_stages"))
    priority: Mapped[Priority] = mapped_column(status_type(Priority, "a_case_has_a_known_priority"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    assigned_at: Mapped[datetime | None]
    queued: Mapped[bool] = mapped_column(server_default=text("false"))
    """It waits for an owner to be found automatically."""
    channel: Mapped[Channel] = mapped_column(status_type(Channel, "a_case_comes_by_a_known_channel"))
    locale: Mapped[str]
    skill: Mapped[str | None]
    """What its owner must know; None for a matter that everybody handles."""
    tags: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    client_key: Mapped[str | None]
    opened_at: Mapped[datetime]
    last_message_at: Mapped[datetime]
    last_message_id: Mapped[UUID | None]
    last_author: Mapped[Author | None] = mapped_column(
        status_type(Author, "the_last_word_is_a_customers_staffs_or_a_machines")
    )
    last_words: Mapped[str] = mapped_column(server_default=text("''"))
    answered_at: Mapped[datetime | None]
    """When staff first answered."""
    waiting_since: Mapped[datetime | None]
    """Since when the customer has waited for us."""
    due_at: Mapped[datetime]
    """When the soonest running clock ends; `NO_CLOCK` when none runs."""
    snoozed_until: Mapped[datetime | None]
    solved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    closing: Mapped[Closing | None] = mapped_column(
        status_type(Closing, "a_case_is_closed_for_a_known_reason")
    )


class CaseLink(Base):
    """An object of another context that belongs to the case: a claim, a parcel, a repair."""

    __tablename__ = "case_link"
    __table_args__ = (Index("case_link_object_idx", "object_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"), primary_key=True)
    object_kind: Mapped[str] = mapped_column(primary_key=True)
    object_id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    linked_at: Mapped[datetime]


class CaseEscalation(Base):
    """A clock has made its case more pressing; each step of each clock once."""

    __tablename__ = "case_escalation"

    clock_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[Step] = mapped_column(
        status_type(Step, "a_case_is_escalated_by_a_known_step"), primary_key=True
    )
    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    escalated_at: Mapped[datetime]


CELLS = "ARRAY[block * 4, block / 4 * 4 + 1, block / 16 * 4 + 2, block / 64 * 4 + 3]"
"""The cells that a block lies in: itself, its four blocks, its sixteen, its sixty-four. The last two bits tell which."""


class CaseWords(Base):
    """What a case can be found by. A table of its own: the case's row changes with every message, its words rarely."""

    __tablename__ = "case_words"
    # Shops and cells as arrays of one and four: several of them are asked for in one scan, and each is a list of its own.
    __table_args__ = (
        Index(
            "case_words_idx", "words", text("(ARRAY[shop_id])"), text(f"({CELLS})"), postgresql_using="gin"
        ),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    block: Mapped[int]
    """Grows with the running number of the case."""
    words: Mapped[Any] = mapped_column(TSVECTOR())


def _newest(*conditions: str) -> str:
    """Fenced, so that nothing but the index of words is read, however many cases the planner expects."""
    return (
        f"WITH held AS MATERIALIZED (SELECT w.case_id FROM case_words w WHERE {' AND '.join(conditions)})"  # noqa: S608
        " SELECT h.case_id FROM held h ORDER BY h.case_id DESC LIMIT wanted"
    )


_HOLDS, _OF_SHOPS, _IN_CELLS, _OLDER = (
    "w.words @@ query",
    "ARRAY[w.shop_id] && shops",
    f"{CELLS} && cells",
    "w.block < high",
)

schema_extra(
    f"""
    CREATE OR REPLACE FUNCTION find_cases(query tsquery, most int) RETURNS TABLE (case_id uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    #variable_conflict use_column
    DECLARE
      every boolean := aftercare_all_shops();
      shops uuid[] := aftercare_shops();
      newest int := (SELECT last_value / {BLOCK} + 1 FROM service_case_number);
      high int := newest;
      low int := newest - 2;
      wanted int := most;
      found int;
      place int;
      level int;
      cells int[];
    BEGIN
      WHILE low >= newest / 4 LOOP
        place := high;
        cells := ARRAY[]::int[];
        WHILE place > low LOOP
          level := 0;
          WHILE level < 3 AND place % (4 << 2 * level) = 0 AND place - (4 << 2 * level) >= low LOOP
            level := level + 1;
          END LOOP;
          place := place - (1 << 2 * level);
          cells := cells || ((place >> 2 * level) * 4 + level);
        END LOOP;
        IF every THEN
          RETURN QUERY {_newest(_HOLDS, _IN_CELLS)};
        ELSE
          RETURN QUERY {_newest(_HOLDS, _IN_CELLS, _OF_SHOPS)};
        END IF;
        GET DIAGNOSTICS found = ROW_COUNT;
        wanted := wanted - found;
        IF wanted = 0 THEN
          RETURN;
        END IF;
        high := low;
        low := low - ((newest - low) * least(greatest(1.25 * wanted / greatest(most - wanted, 1), 0.5), 31))::int;
      END LOOP;
      IF every THEN
        RETURN QUERY {_newest(_HOLDS, _OLDER)};
      ELSE
        RETURN QUERY {_newest(_HOLDS, _OLDER, _OF_SHOPS)};
      END IF;
    END $$
    """  # noqa: S608  # only our own conditions
)
"""A tsvector match is not leakproof, so under row-level security no index would serve it; the function restricts itself to
the actor's shops. It looks through the newest one or two thousand cases, then through as many older ones as should hold the
rest, and so on, never through the same twice: a search does not grow with the years. A turn that would reach into the oldest
quarter looks through all that is left: so do rare words at their second or third turn, and few cases hold them. What lies
between `low` and `high` is told to the index in the largest cells that fit."""


class MoveKind(StrEnum):
    merged = "merged"
    divided = "divided"


class CaseMove(Base):
    """What was said went from one case into another, because both were one matter or one was two. Kept so that it can be
    taken back."""

    __tablename__ = "case_move"
    __table_args__ = (
        Index("case_move_case_idx", "case_id", "moved_at"),
        Index("case_move_into_case_idx", "into_case_id", "moved_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    kind: Mapped[MoveKind] = mapped_column(status_type(MoveKind, "cases_are_merged_or_split"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    into_case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    message_ids: Mapped[list[str]]
    links: Mapped[list[dict[str, Any]]]
    """What was linked to the first case and not yet to the second."""
    status_before: Mapped[Status] = mapped_column(status_type(Status, "a_moved_case_had_a_known_status"))
    moved_at: Mapped[datetime]
    moved_by: Mapped[UUID | None]
    undone_at: Mapped[datetime | None]


class CaseContact(Base):
    """The case has its customer only through this contact; when the contact turns out to be somebody else's it has none."""

    __tablename__ = "case_contact"
    __table_args__ = (Index("case_contact_contact_idx", "contact_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"), primary_key=True)
    contact_id: Mapped[UUID] = mapped_column(ForeignKey("contact.id"))
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))


class SavedView(Base):
    """A filter of the queue that a member of staff keeps under a name."""

    __tablename__ = "saved_view"
    __table_args__ = (Index("saved_view_account_idx", "account_id", "position"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    position: Mapped[int]
    filters: Mapped[dict[str, Any]]


class AnswerHeldBack(Refusal):
    """Something in this answer should not be said; change it, or say why it is sent all the same."""


class MacroNotFound(NotFound):
    """There is no such macro, or it is not yours."""


class MacroNotPossible(Invalid):
    """A macro answers at most once, and ends with what closes the matter."""


class PlannedMessageNotFound(NotFound):
    """There is no such planned message, or it is not yours to see."""


class PlannedMessageOver(Refusal):
    """This message was sent, or is not to be sent any more."""


class PlannedInThePast(Invalid):
    """Choose a moment between a minute and ninety days from now."""


class PlannedState(StrEnum):
    planned = "planned"
    sent = "sent"
    held = "held"
    """Its time came, and it was not sent; its author knows why."""
    cancelled = "cancelled"


class HeldBecause(StrEnum):
    customer_wrote = "customer_wrote"
    author_gone = "author_gone"
    case_over = "case_over"
    refused = "refused"


class DeskKind(StrEnum):
    """Why a member of staff is told something at the desk."""

    mentioned = "mentioned"
    replied = "replied"
    """The customer wrote in a case that one follows."""
    held = "held"
    """A planned message was not sent."""
    warned = "warned"
    """A clock of the case comes near its end."""
    escalated = "escalated"
    solved = "solved"


class Macro(Base):
    """Several actions on a case under one name; of the whole shop, or of its owner alone."""

    __tablename__ = "macro"
    __table_args__ = (Index("macro_shop_idx", "shop_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    name: Mapped[str]
    steps: Mapped[list[dict[str, Any]]]
    used: Mapped[int] = mapped_column(server_default=text("0"))
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]


class PlannedMessage(Base):
    """An answer that is sent later, in the name of its author."""

    __tablename__ = "planned_message"
    __table_args__ = (
        Index("planned_message_case_idx", "case_id", "send_at"),
        Index("planned_message_due_idx", "send_at", postgresql_where=text("state = 'planned'")),
        CheckConstraint("(state = 'sent') = (message_id IS NOT NULL)", name="a_sent_plan_has_its_message"),
        CheckConstraint("(state = 'held') = (held IS NOT NULL)", name="a_held_plan_knows_why"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    author_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    body: Mapped[str]
    file_ids: Mapped[list[str]]
    override: Mapped[str]
    """Why it is sent although the check of wording would hold it back."""
    send_at: Mapped[datetime]
    in_any_case: Mapped[bool]
    """Also when the customer has written since it was planned."""
    state: Mapped[PlannedState] = mapped_column(
        status_type(PlannedState, "a_planned_message_is_in_a_known_state")
    )
    held: Mapped[HeldBecause | None] = mapped_column(
        status_type(HeldBecause, "a_plan_is_held_for_a_known_reason")
    )
    message_id: Mapped[UUID | None]
    planned_at: Mapped[datetime]
    """When it was written, or changed last: what the customer said later makes it out of date."""


class CaseFollower(Base):
    """A member of staff who wants to hear of a case that may be somebody else's."""

    __tablename__ = "case_follower"
    __table_args__ = (Index("case_follower_account_idx", "account_id"),)

    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"), primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    since: Mapped[datetime]


class DeskNotice(Base):
    """What a member of staff is told at the desk."""

    __tablename__ = "desk_notice"
    __table_args__ = (
        Index("desk_notice_account_idx", "account_id", "told_at", "id"),
        Index("desk_notice_unread_idx", "account_id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id"))
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"))
    kind: Mapped[DeskKind] = mapped_column(status_type(DeskKind, "a_desk_is_told_for_a_known_reason"))
    by_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    told_at: Mapped[datetime]
    read_at: Mapped[datetime | None]


class OverflowNotPossible(Invalid):
    """A shop's cases overflow to the people of other shops, after a minute to a week."""


class Overflow(Base):
    """Whose people take a shop's cases when nobody of its own has been free for so long."""

    __tablename__ = "routing_overflow"
    __table_args__ = (
        CheckConstraint("after_minutes BETWEEN 1 AND 10080", name="a_case_overflows_within_a_week"),
    )

    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    after_minutes: Mapped[int]
    to_shops: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))
    """Shops, whose members then take them, as far as they may see the case's shop."""
    any_skill: Mapped[bool]
    """Then also of those who do not know the skill."""
    changed_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
