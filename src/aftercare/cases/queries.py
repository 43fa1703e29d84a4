"""Queues, counts, and the page of one case."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import exists, select, text

from aftercare.cases.model import (
    MOVES,
    CaseMove,
    CaseNotFound,
    MoveKind,
    Priority,
    ServiceCase,
    Stage,
    Status,
)
from aftercare.cases.search import find_cases
from aftercare.cases.verbs import CaseView, may_see, view_of
from aftercare.conversations import Author, Channel, DraftView, MessageView, message_rows
from aftercare.journal import ActorKind, Entry, Work, timeline
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark
from aftercare.kit.text import one_line
from aftercare.promises import ClockView, clocks_of

MOST_COUNTED = 1_000
MOST_SHOPS_APART = 50


class View(StrEnum):
    """The queues that everybody has."""

    mine = "mine"
    unassigned = "unassigned"
    waiting = "waiting"
    """A customer waits for us."""
    late = "late"
    snoozed = "snoozed"
    active = "active"
    all = "all"


class Sort(StrEnum):
    due = "due"
    """The soonest clock first."""
    recent = "recent"


Word = Annotated[str, Field(max_length=80), AfterValidator(one_line)]


Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=20)]


class Filters(BaseModel):
    """Which cases. `words` are searched for in numbers, titles, names, orders and all that was said. `linked` is a kind of
    object: claim, shipment, repair. `skill` is what the owner must know; `language` is a whole locale, zh-TW, or the
    language of many, en."""

    view: View = View.active
    shop_id: UUID | None = None
    status: Status | None = None
    stage: Stage | None = None
    priority: Priority | None = None
    channel: Channel | None = None
    tag: Word | None = None
    linked: Word | None = None
    skill: Word | None = None
    language: Language | None = None
    owner_id: UUID | None = None
    customer_id: UUID | None = None
    order_id: UUID | None = None
    words: Annotated[str, Field(max_length=200), AfterValidator(one_line)] | None = None
    sort: Sort | None = None


class RingView(BaseModel):
    """The soonest open clock of a case or of what is linked to it. A paused one knows what is left, not when it is due."""

    name: str
    state: str
    started_at: datetime
    due_at: datetime
    warn_at: datetime | None
    left_seconds: int | None


class QueueItem(BaseModel):
    """A row of a queue. `waiting_for` is shop, customer or nobody."""

    id: UUID
    shop_id: UUID
    number: str
    title: str
    status: Status
    stage: Stage
    priority: Priority
    channel: Channel
    tags: list[str]
    customer_id: UUID | None
    customer_name: str | None
    order_id: UUID | None
    owner_id: UUID | None
    owner_name: str | None
    opened_at: datetime
    last_message_at: datetime
    last_author: Author | None
    last_words: str
    waiting_for: str | None
    waiting_since: datetime | None
    snoozed_until: datetime | None
    linked: list[str]
    ring: RingView | None


AWAKE = "(c.snoozed_until IS NULL OR c.snoozed_until <= :now)"
IS_ACTIVE = "c.status IN ('open', 'waiting_shop', 'waiting_customer')"
VIEWS = {
    View.mine: f"c.owner_id = :me AND {IS_ACTIVE} AND {AWAKE}",
    View.unassigned: f"c.owner_id IS NULL AND {IS_ACTIVE} AND {AWAKE}",
    View.waiting: f"{IS_ACTIVE} AND c.status IN ('open', 'waiting_shop') AND {AWAKE}",
    View.late: f"{IS_ACTIVE} AND c.due_at < :now",
    View.snoozed: f"{IS_ACTIVE} AND c.snoozed_until > :now",
    View.active: IS_ACTIVE,
    View.all: "true",
}

_FILTERS = {
    "shop_id": "c.shop_id = :shop_id",
    "status": "c.status = :status",
    "stage": "c.stage = :stage",
    "priority": "c.priority = :priority",
    "channel": "c.channel = :channel",
    "tag": "c.tags @> ARRAY[CAST(:tag AS varchar)]",
    "linked": "EXISTS (SELECT FROM case_link l WHERE l.case_id = c.id AND l.object_kind = :linked)",
    "skill": "c.skill = :skill",
    "language": "(c.locale = :language OR starts_with(c.locale, CAST(:language AS text) || '-'))",
    "owner_id": "c.owner_id = :owner_id",
    "customer_id": "c.customer_id = :customer_id",
    "order_id": "c.order_id = :order_id",
}
_KEYS = {
    Sort.due: ("due_at", "c.due_at, c.id", ">"),
    Sort.recent: ("last_message_at", "c.last_message_at DESC, c.id DESC", "<"),
}

_ITEMS = """
    WITH picked AS MATERIALIZED ({picked})
    SELECT c.id, c.shop_id, c.number, c.title, c.status, c.stage, c.priority, c.channel, c.tags, c.customer_id,
      u.name AS customer_name, c.order_id, c.owner_id, a.name AS owner_name, c.opened_at, c.last_message_at, c.last_author,
      c.last_words,
      CASE WHEN c.status IN ('open', 'waiting_shop') THEN 'shop' WHEN c.status = 'waiting_customer' THEN 'customer' END
        AS waiting_for,
      c.waiting_since, c.snoozed_until, c.due_at,
      array(SELECT DISTINCT l.object_kind FROM case_link l WHERE l.case_id = c.id ORDER BY 1) AS linked,
      k.name AS k_name, k.state AS k_state, k.started_at AS k_started_at, k.due_at AS k_due_at, k.warn_at AS k_warn_at,
      CAST(extract(epoch FROM k.remaining) AS bigint) AS k_left
    FROM picked c LEFT JOIN customer u ON u.id = c.customer_id LEFT JOIN account a ON a.id = c.owner_id
    LEFT JOIN LATERAL (
      SELECT k.* FROM (
        SELECT c.id AS id UNION ALL SELECT l.object_id FROM case_link l WHERE l.case_id = c.id
      ) o JOIN clock k ON k.subject_id = o.id AND k.settled_at IS NULL
      ORDER BY k.state = 'paused', k.due_at, k.id LIMIT 1
    ) k ON true
    ORDER BY {order}
"""


def _shops(work: Work, filters: Filters) -> Sequence[UUID] | None:
    """The shops to look into one by one, each along its own index; None where one index serves all of it."""
    if filters.shop_id is not None or filters.words or filters.view is View.mine:
        return None
    shops = work.actor.shops
    return None if shops is None or not 1 <= len(shops) <= MOST_SHOPS_APART else sorted(shops)


async def wanted_cases(work: Work, filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """What the filters ask of a case `c`, as conditions of SQL and their values."""
    conditions, values = [VIEWS[filters.view]], {}  # type: tuple[list[str], dict[str, Any]]
    if ":me" in conditions[0]:
        values["me"] = work.actor.id
    if ":now" in conditions[0]:
        values["now"] = work.now
    given = filters.model_dump(exclude={"view", "words", "sort"}, exclude_none=True, mode="python")
    for name, value in given.items():
        conditions.append(_FILTERS[name])
        values[name] = value.value if isinstance(value, StrEnum) else value
    if filters.words:
        conditions.append("c.id = ANY(:found)")
        values["found"] = await find_cases(work, filters.words)
    return conditions, values


async def queue(
    work: Work, filters: Filters, *, after: str | None = None, limit: int = 25
) -> tuple[list[dict[str, Any]], str | None]:
    """One page of a queue in one statement, as bare columns in the shape of QueueItem, and the mark of the next. Needs
    `cases.read`."""
    work.require("cases.read")
    sort = filters.sort or (Sort.recent if filters.view is View.all or filters.words else Sort.due)
    column, order, beyond = _KEYS[sort]
    conditions, values = await wanted_cases(work, filters)
    values["fetch"] = min(limit, LARGEST_PAGE) + 1
    begins = read_mark(after, (datetime, UUID))
    if begins:
        conditions.append(f"(c.{column}, c.id) {beyond} (:key, :key_id)")
        values |= {"key": begins[0], "key_id": begins[1]}
    picked = f"SELECT c.* FROM service_case c WHERE {' AND '.join(conditions)} ORDER BY {order} LIMIT :fetch"  # noqa: S608
    shops = _shops(work, filters)
    if shops is not None and len(shops) == 1:
        picked = picked.replace("WHERE ", "WHERE c.shop_id = :shop AND ", 1)
        values["shop"] = shops[0]
    elif shops is not None:
        one = picked.replace("WHERE ", "WHERE c.shop_id = s.id AND ", 1)
        picked = f"SELECT c.* FROM unnest(CAST(:shops AS uuid[])) AS s(id), LATERAL ({one}) c ORDER BY {order} LIMIT :fetch"  # noqa: S608
        values["shops"] = list(shops)
    rows = await work.read(_ITEMS.format(picked=picked, order=order), values)
    kept, following = page(rows, values["fetch"] - 1, lambda row: (getattr(row, column), row.id))
    return [_item(row._mapping) for row in kept], following


def _item(row: Any) -> dict[str, Any]:
    item = {name: row[name] for name in _PLAIN}
    item["ring"] = (
        None
        if row["k_name"] is None
        else {
            "name": row["k_name"],
            "state": row["k_state"],
            "started_at": row["k_started_at"],
            "due_at": row["k_due_at"],
            "warn_at": row["k_warn_at"],
            "left_seconds": row["k_left"],
        }
    )
    return item


_PLAIN = [name for name in QueueItem.model_fields if name != "ring"]


class Counts(BaseModel):
    """How many cases each queue holds, counted up to a thousand: 1001 means more than that."""

    mine: int
    unassigned: int
    waiting: int
    late: int
    snoozed: int
    active: int


async def counts(work: Work, shop_id: UUID | None = None) -> Counts:
    """Needs `cases.read`."""
    work.require("cases.read")
    of_shop = " AND c.shop_id = :shop_id" if shop_id else ""
    parts = [
        f"(SELECT count(*) FROM (SELECT FROM service_case c WHERE {VIEWS[View(name)]}{of_shop} LIMIT {MOST_COUNTED + 1}) x)"  # noqa: S608
        f" AS {name}"
        for name in Counts.model_fields
    ]
    values: dict[str, Any] = {"me": work.actor.id, "now": work.now}
    if shop_id:
        values["shop_id"] = shop_id
    row = (await work.session.execute(text("SELECT " + ", ".join(parts)), values)).one()
    return Counts.model_validate(row._mapping)


# The page of one case


class CustomerView(BaseModel):
    id: UUID
    name: str
    email: str | None
    phone: str | None
    locale: str
    tier: str
    since: datetime
    cases: int
    """How many cases this customer has had, this one included."""


class LinkView(BaseModel):
    object_kind: str
    object_id: UUID
    linked_at: datetime


class CasePage(BaseModel):
    """Everything beside the thread. `actions` are the verbs that this actor may use now, the likeliest first. `before` is
    the mark of what was said before the first of `messages`."""

    case: CaseView
    owner_name: str | None
    customer: CustomerView | None
    order_ids: list[UUID]
    links: list[LinkView]
    clocks: list[ClockView]
    messages: list[MessageView]
    before: str | None
    draft: DraftView | None
    actions: list[str]


CASE_PAGE = f"""
    SELECT {", ".join(f"c.{name}" for name in CaseView.model_fields)},
      (SELECT name FROM account WHERE id = c.owner_id) AS owner_name,
      (SELECT to_jsonb(u) FROM (SELECT id, name, email, phone, locale, tier, since,
        (SELECT count(*) FROM service_case WHERE customer_id = c.customer_id) AS cases
        FROM customer WHERE id = c.customer_id) u) AS customer,
      array(SELECT id FROM sales_order WHERE customer_id = c.customer_id ORDER BY placed_at DESC, id DESC LIMIT 50)
        AS order_ids,
      coalesce((SELECT jsonb_agg(to_jsonb(l) ORDER BY l.linked_at, l.object_id) FROM (SELECT object_kind, object_id,
        linked_at FROM case_link WHERE case_id = c.id) l), '[]') AS links,
      (SELECT to_jsonb(d) FROM (SELECT body, kind, updated_at FROM draft WHERE account_id = CAST(:me AS uuid)
        AND thread_id = c.thread_id) d) AS draft,
      EXISTS (SELECT FROM case_move WHERE case_id = c.id AND kind = 'merged' AND undone_at IS NULL) AS merged
    FROM service_case c WHERE c.id = :id
"""  # noqa: S608  # only our own column names


async def case_page(work: Work, case_id: UUID) -> CasePage:
    """All that the screen of one case shows; a customer's has no notes, no owner's tools and no colleagues. Refuses with
    CaseNotFound."""
    me = work.actor.id if work.actor.kind is ActorKind.staff else None
    found = await work.read(CASE_PAGE, {"id": case_id, "me": me})
    if not found or not may_see(work.actor, found[0].customer_id):
        raise CaseNotFound(case_id=case_id)
    row = found[0]
    case = CaseView.model_validate(dict(row._mapping))
    links = [LinkView.model_validate(link) for link in row.links]
    said, before = await message_rows(work, case.thread_id)
    return CasePage.model_construct(
        case=case,
        owner_name=row.owner_name,
        customer=None if row.customer is None else CustomerView.model_validate(row.customer),
        order_ids=row.order_ids,
        links=links,
        clocks=await clocks_of(work, [case.id, *(link.object_id for link in links)]),
        messages=[MessageView.model_validate(row) for row in said],
        before=before,
        draft=None if row.draft is None else DraftView.model_validate(row.draft),
        actions=actions(work, case, merged=row.merged),
    )


def actions(work: Work, case: CaseView, *, merged: bool = False) -> list[str]:
    """From the table of moves and what else stands open to this actor. What was merged goes on in another case: an answer
    given here would stand apart from what it answers."""
    actor = work.actor
    who = Author(actor.kind.value)
    by_table = [move.verb for move in MOVES if case.status in move.origin and who in move.who]
    if actor.kind is ActorKind.customer:
        return [verb if verb != "ask" else "say" for verb in by_table if verb != "reopen"] or ["say"]
    if not actor.may("cases.write") or (merged and case.status is Status.closed):
        return []
    possible = ["say", "note"] if actor.may("conversations.write") else []
    if case.owner_id is None and actor.kind is ActorKind.staff:
        possible.append("take")
    elif case.owner_id == actor.id or actor.may("cases.assign"):
        possible += ["hand_over", "release"]
    if actor.may("cases.assign"):
        possible.append("assign")
    if "solve" in by_table:
        possible.append("solve" if case.waiting_since is None else "solve_unanswered")
    if case.status is not Status.closed:
        possible += ["set_stage", "set_priority", "set_tags", "snooze"]
    return possible + [verb for verb in ("close", "reopen") if verb in by_table]


SEEN = "SELECT customer_id, array(SELECT object_id FROM case_link WHERE case_id = :id) AS linked FROM service_case WHERE id = :id"


async def case_timeline(
    work: Work, case_id: UUID, *, after: str | None = None, limit: int = 100
) -> Page[Entry]:
    """What happened to the case and to what is linked to it, newest first; a customer sees what is public."""
    found = await work.read(SEEN, {"id": case_id})
    if not found or not may_see(work.actor, found[0].customer_id):
        raise CaseNotFound(case_id=case_id)
    case = found[0]
    return await timeline(
        work,
        case_id,
        *case.linked,
        after=after,
        limit=min(limit, LARGEST_PAGE),
        public=work.actor.kind is ActorKind.customer,
    )


async def cases_of(work: Work, customers: Sequence[UUID], *, limit: int = 50) -> list[CaseView]:
    """A customer's matters, the open ones first; what was merged into another is no matter of its own."""
    over = ServiceCase.status.in_([Status.solved, Status.closed])
    merged = exists().where(
        CaseMove.case_id == ServiceCase.id, CaseMove.kind == MoveKind.merged, CaseMove.undone_at.is_(None)
    )
    rows = await work.session.scalars(
        select(ServiceCase)
        .where(ServiceCase.customer_id.in_(customers), ~merged)
        .order_by(over, ServiceCase.last_message_at.desc(), ServiceCase.id.desc())
        .limit(limit)
    )
    return [view_of(case) for case in rows]
