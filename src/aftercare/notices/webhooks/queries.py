"""Reading webhooks: the list, the log of what was sent, what can be subscribed to, and the journal itself for those who fetch."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.journal import Work
from aftercare.journal.live import read_mark as read_cursor
from aftercare.kit.paging import LARGEST_PAGE, Page, page, read_mark
from aftercare.notices.webhooks.catalogue import (
    GRANTS,
    SharedFact,
    about,
    checked_patterns,
    fitting,
    shared_facts,
)
from aftercare.notices.webhooks.model import PostState, SharedFactsMarkUnreadable
from aftercare.notices.webhooks.verbs import VIEW, WebhookView, view

MOST_FACTS = 1_000


class Try(BaseModel):
    at: datetime
    status: int | None
    error: str | None
    took_ms: int


class PostView(BaseModel):
    """One line of the log. `at`: when the fact happened."""

    id: UUID
    webhook_id: UUID
    position: int | None
    at: datetime
    fact: str
    lane: UUID
    state: PostState
    attempts: int
    next_at: datetime | None
    status: int | None
    error: str | None
    took_ms: int | None
    delivered_at: datetime | None
    tries: list[Try]


class Sharable(BaseModel):
    """All that can be subscribed to and granted."""

    facts: list[SharedFact]
    grants: list[str]


class SharedEntry(BaseModel):
    """A fact as a webhook would tell it, without details."""

    type: str
    timestamp: datetime
    cursor: str
    shop_id: UUID | None
    actor: str
    data: dict[str, Any]


class SharedPage(BaseModel):
    """`next`: what to send as `after` for what follows, also later, when there is more. `more`: there is more already."""

    items: list[SharedEntry]
    next: str
    more: bool


async def list_webhooks(work: Work) -> list[WebhookView]:
    """Needs `insights.read`."""
    work.require("insights.read")
    rows = await work.session.execute(text(VIEW.format(where="")), {"now": work.now})
    return [WebhookView.model_validate(row._mapping) for row in rows]


async def get_webhook(work: Work, webhook_id: UUID) -> WebhookView:
    """Needs `insights.read`. Refuses with WebhookNotFound."""
    work.require("insights.read")
    return await view(work, webhook_id)


async def list_posts(
    work: Work,
    webhook_id: UUID,
    *,
    state: PostState | None = None,
    fact: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[PostView]:
    """What was sent and what waits, the newest fact first. Needs `insights.read`. Refuses with WebhookNotFound."""
    work.require("insights.read")
    await view(work, webhook_id)
    limit = max(1, min(limit, LARGEST_PAGE))
    begins = read_mark(after, (datetime, UUID))
    rows = (
        await work.session.execute(
            text(
                f"""
                SELECT id, webhook_id, position, at, fact, lane, state, attempts, CASE WHEN state = 'waiting' THEN next_at END AS next_at,
                  status, error, took_ms, delivered_at, tries FROM webhook_post
                WHERE webhook_id = :webhook AND (CAST(:state AS text) IS NULL OR state = :state)
                  AND (CAST(:fact AS text) IS NULL OR fact = :fact) {"AND (at, id) < (:at, :id)" if begins else ""}
                ORDER BY at DESC, id DESC LIMIT :fetch
                """  # noqa: S608  # only our own condition
            ),
            {
                "webhook": webhook_id,
                "state": state,
                "fact": fact,
                "fetch": limit + 1,
                **({"at": begins[0], "id": begins[1]} if begins else {}),
            },
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.at, row.id))
    return Page(items=[PostView.model_validate(row._mapping) for row in kept], next=following)


def sharable() -> Sharable:
    return Sharable(
        facts=[
            SharedFact(
                name=name,
                about=about(fact),
                fields=[field for field in fact.model_fields if field != "shop_id"],
            )
            for name, fact in shared_facts().items()
        ],
        grants=list(GRANTS),
    )


READ_SHARED = text(
    """
    SELECT f.position, f.transaction::text::bigint AS transaction, f.at, f.name, f.actor_kind, f.shop_id, f.data FROM fact f
    WHERE (f.transaction, f.position) > (CAST(CAST(:transaction AS text) AS xid8), :position)
      AND f.transaction < pg_snapshot_xmin(pg_current_snapshot()) AND f.name = ANY(:names)
      AND (CAST(:shop AS uuid) IS NULL OR f.shop_id = :shop)
    ORDER BY f.transaction, f.position LIMIT :fetch
    """
)


async def shared_journal(
    work: Work,
    *,
    after: str | None = None,
    facts: Sequence[str] = (),
    shop_id: UUID | None = None,
    limit: int = 200,
) -> SharedPage:
    """The facts that can be shared, oldest first, each exactly once for who goes on where the last page ended: what commits late is
    never jumped over. Needs `journal.read`. An empty `after` begins at the beginning, as the first run of a script has nothing
    else. Refuses with SharedFactsMarkUnreadable, WebhookFactUnknown."""
    work.require("journal.read")
    cursor = read_cursor(after) if after else (0, 0)
    if cursor is None:
        raise SharedFactsMarkUnreadable(after=after)
    limit = max(1, min(limit, MOST_FACTS))
    names = fitting(checked_patterns(facts)) if facts else list(shared_facts())
    rows = (
        await work.session.execute(
            READ_SHARED,
            {
                "transaction": str(cursor[0]),
                "position": cursor[1],
                "names": names,
                "shop": shop_id,
                "fetch": limit + 1,
            },
        )
    ).all()
    items = [
        SharedEntry(
            type=row.name,
            timestamp=row.at,
            cursor=f"{row.transaction}-{row.position}",
            shop_id=row.shop_id,
            actor=row.actor_kind,
            data=row.data,
        )
        for row in rows[:limit]
    ]
    return SharedPage(
        items=items,
        next=items[-1].cursor if items else f"{cursor[0]}-{cursor[1]}",
        more=len(rows) > limit,
    )
