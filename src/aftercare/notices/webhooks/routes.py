"""Webhooks over HTTP, the shapes of what they tell, and the journal for integrators who fetch."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.notices.webhooks import queries, verbs
from aftercare.notices.webhooks.catalogue import schema_of
from aftercare.notices.webhooks.model import PostState
from aftercare.notices.webhooks.ports import WebhookPoster
from aftercare.notices.webhooks.queries import MOST_FACTS, PostView, Sharable, SharedPage
from aftercare.notices.webhooks.verbs import (
    LONGEST_OLD_SECRET,
    NewWebhook,
    Patterns,
    WebhookChange,
    WebhookMade,
    WebhookTried,
    WebhookView,
)

router = APIRouter(tags=["sharing"])

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
After = Annotated[str | None, Query(max_length=400)]
FactName = Annotated[str, Field(max_length=80)]


class NewSecret(BaseModel):
    """For how long the old secret signs beside the new one."""

    old_for_hours: Annotated[int, Field(ge=0, le=LONGEST_OLD_SECRET)] = 24


class Switch(BaseModel):
    on: bool


class ReplayAsked(BaseModel):
    """From when to when (without an end: until now), and which of the facts that it is told."""

    since: AwareDatetime
    until: AwareDatetime | None = None
    facts: Patterns | None = None


class Replayed(BaseModel):
    posts: int


@router.get("/webhooks")
async def list_webhooks(work: InWork) -> list[WebhookView]:
    """Needs `insights.read`."""
    return await queries.list_webhooks(work)


@router.post("/webhooks", status_code=201)
async def create_webhook(work: InWork, house: InHouse, new: NewWebhook) -> WebhookMade:
    """Its secret is shown in this answer only. Needs `shops.write`."""
    return await verbs.new_webhook(work, new, poster=house.ports.get(WebhookPoster))


@router.get("/webhooks/facts")
async def list_sharable_facts(work: InWork) -> Sharable:
    """Which facts can be subscribed to, and which details granted. Needs `insights.read`."""
    work.require("insights.read")
    return queries.sharable()


@router.get("/webhooks/facts/{name}/schema")
async def read_fact_schema(work: InWork, name: FactName) -> dict[str, Any]:
    """The JSON schema of the message about one kind of fact. Needs `insights.read`."""
    work.require("insights.read")
    return schema_of(name)


@router.get("/webhooks/{webhook_id}")
async def read_webhook(work: InWork, webhook_id: UUID) -> WebhookView:
    """Needs `insights.read`."""
    return await queries.get_webhook(work, webhook_id)


@router.patch("/webhooks/{webhook_id}")
async def change_webhook(
    work: InWork, house: InHouse, webhook_id: UUID, change: WebhookChange
) -> WebhookView:
    """Needs `shops.write`."""
    return await verbs.change_webhook(work, webhook_id, change, poster=house.ports.get(WebhookPoster))


@router.delete("/webhooks/{webhook_id}", status_code=204)
async def remove_webhook(work: InWork, webhook_id: UUID) -> None:
    """With its log. Needs `shops.write`."""
    await verbs.remove_webhook(work, webhook_id)


@router.post("/webhooks/{webhook_id}/secret")
async def rotate_webhook_secret(work: InWork, webhook_id: UUID, asked: NewSecret) -> WebhookMade:
    """A new secret; the old one signs too for a while. Needs `shops.write`."""
    return await verbs.rotate_secret(work, webhook_id, old_for_hours=asked.old_for_hours)


@router.post("/webhooks/{webhook_id}/switch")
async def switch_webhook(work: InWork, webhook_id: UUID, switch: Switch) -> WebhookView:
    """Needs `shops.write`."""
    return await verbs.switch_webhook(work, webhook_id, on=switch.on)


@router.post("/webhooks/{webhook_id}/test")
async def try_webhook(house: InHouse, actor: ByActor, webhook_id: UUID) -> WebhookTried:
    """Sends `webhook.test` now and tells what was answered. Needs `shops.write`."""
    return await verbs.send_test(house, actor, webhook_id)


@router.post("/webhooks/{webhook_id}/replay")
async def replay_webhook(work: InWork, webhook_id: UUID, asked: ReplayAsked) -> Replayed:
    """Tells again what had happened, under the ids that it had. Needs `shops.write`."""
    posts = await verbs.replay(work, webhook_id, asked.since, until=asked.until, facts=asked.facts)
    return Replayed(posts=posts)


@router.get("/webhooks/{webhook_id}/posts")
async def list_webhook_posts(
    work: InWork,
    webhook_id: UUID,
    state: PostState | None = None,
    fact: Annotated[str | None, Query(max_length=80)] = None,
    after: After = None,
    limit: Limit = 50,
) -> Page[PostView]:
    """The log: what was sent, what waits, each attempt. Needs `insights.read`."""
    return await queries.list_posts(work, webhook_id, state=state, fact=fact, after=after, limit=limit)


@router.get("/journal/facts")
async def read_shared_facts(
    work: InWork,
    after: Annotated[str | None, Query(max_length=60)] = None,
    fact: Annotated[list[FactName] | None, Query(max_length=60)] = None,
    shop_id: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=MOST_FACTS)] = 200,
) -> SharedPage:
    """What happened, oldest first, each fact exactly once for who goes on with `next`. Needs `journal.read`."""
    return await queries.shared_journal(work, after=after, facts=fact or (), shop_id=shop_id, limit=limit)
