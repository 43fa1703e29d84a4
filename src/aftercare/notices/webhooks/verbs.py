"""Webhooks as people keep them: made, changed, switched, given a new secret, tried, asked to tell again."""

import time
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import delete, select, text

from aftercare import identity
from aftercare.journal import Actor, House, Work, begin
from aftercare.kit.errors import NotAllowed
from aftercare.kit.json import to_json
from aftercare.kit.seals import opened, sealed
from aftercare.kit.text import one_line
from aftercare.notices.webhooks import signing
from aftercare.notices.webhooks.catalogue import checked_grants, checked_patterns, fitting
from aftercare.notices.webhooks.events import (
    WebhookChanged,
    WebhookCreated,
    WebhookRemoved,
    WebhookReplayed,
    WebhookSecretRotated,
    WebhookSwitched,
)
from aftercare.notices.webhooks.laying import begin_reading, lay_out_again
from aftercare.notices.webhooks.model import (
    PostState,
    Webhook,
    WebhookAddressNotPossible,
    WebhookIsOff,
    WebhookNotFound,
    WebhookPost,
    WebhookState,
)
from aftercare.notices.webhooks.ports import PostAnswer, WebhookPoster

PURPOSE = "webhook secrets"
LONGEST_OLD_SECRET = 7 * 24
"""Hours."""
TEST = "webhook.test"

Patterns = Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=60)]
Grants = Annotated[list[Annotated[str, Field(max_length=40)]], Field(max_length=20)]
Name = Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=80)]
Url = Annotated[str, Field(min_length=8, max_length=1_000)]


class NewWebhook(BaseModel):
    """Without a shop it is told of every shop. `facts`: names or patterns (`claim.approved`, `claim.*`, `*`)."""

    shop_id: UUID | None = None
    name: Name
    url: Url
    facts: Patterns
    grants: Grants = []


class WebhookChange(BaseModel):
    """What is None stays."""

    name: Name | None = None
    url: Url | None = None
    facts: Patterns | None = None
    grants: Grants | None = None


class WebhookView(BaseModel):
    """`waiting`: facts on their way. `failing_since`: no success since then."""

    id: UUID
    shop_id: UUID | None
    name: str
    url: str
    facts: list[str]
    grants: list[str]
    state: WebhookState
    created_at: datetime
    off_at: datetime | None
    failures: int
    failing_since: datetime | None
    last_success_at: datetime | None
    last_error: str | None
    old_secret_until: datetime | None
    waiting: int


class WebhookMade(BaseModel):
    """`secret` is shown now and never again."""

    webhook: WebhookView
    secret: str


class WebhookTried(BaseModel):
    """What the address answered to a test."""

    taken: bool
    status: int | None
    error: str | None
    took_ms: int


async def new_webhook(work: Work, new: NewWebhook, *, poster: WebhookPoster | None) -> WebhookMade:
    """Needs `shops.write`; for all shops, also to see them all. Refuses with WebhookAddressNotPossible, WebhookFactUnknown,
    WebhookGrantUnknown."""
    await _may_keep(work, new.shop_id)
    _check_url(poster, new.url)
    grants = _grantable(work, new.grants)
    await begin_reading(work)
    webhook_id, secret = work.new_id(), signing.new_secret()
    row = Webhook(
        id=webhook_id,
        shop_id=new.shop_id,
        name=new.name,
        url=new.url,
        facts=checked_patterns(new.facts),
        grants=grants,
        state=WebhookState.on,
        secret=_sealed(work.house, webhook_id, secret),
        created_by=work.actor.id,
        created_at=work.now,
        told_since=work.now,
        next_at=work.now,
    )
    work.session.add(row)
    work.record(WebhookCreated(webhook_id=webhook_id, shop_id=new.shop_id, facts=row.facts, grants=grants))
    await work.session.flush()
    return WebhookMade(webhook=await view(work, webhook_id), secret=secret)


async def change_webhook(
    work: Work, webhook_id: UUID, change: WebhookChange, *, poster: WebhookPoster | None
) -> WebhookView:
    """Needs `shops.write`. Refuses as `new_webhook` does."""
    row = await _locked(work, webhook_id)
    if change.name is not None:
        row.name = change.name
    if change.url is not None:
        _check_url(poster, change.url)
        row.url = change.url
    if change.facts is not None:
        row.facts = checked_patterns(change.facts)
    if change.grants is not None:
        row.grants = _grantable(work, change.grants, had=row.grants)
    work.record(WebhookChanged(webhook_id=row.id, shop_id=row.shop_id, facts=row.facts, grants=row.grants))
    await work.session.flush()
    return await view(work, webhook_id)


async def rotate_secret(work: Work, webhook_id: UUID, *, old_for_hours: int = 24) -> WebhookMade:
    """From now on messages carry two signatures, until the old secret ends. Needs `shops.write`."""
    row = await _locked(work, webhook_id)
    hours, secret = max(0, min(old_for_hours, LONGEST_OLD_SECRET)), signing.new_secret()
    row.old_secret, row.old_secret_until = (
        (row.secret, work.now + timedelta(hours=hours)) if hours else (None, None)
    )
    row.secret = _sealed(work.house, row.id, secret)
    work.record(WebhookSecretRotated(webhook_id=row.id, shop_id=row.shop_id, old_for_hours=hours))
    await work.session.flush()
    return WebhookMade(webhook=await view(work, webhook_id), secret=secret)


async def switch_webhook(work: Work, webhook_id: UUID, *, on: bool) -> WebhookView:
    """What happens while it is off is not told, unless it is asked for afterwards. Needs `shops.write`."""
    row = await _locked(work, webhook_id)
    if on != (row.state is WebhookState.on):
        row.state = WebhookState.on if on else WebhookState.off
        row.off_at = None if on else work.now
        if on:
            row.told_since, row.next_at = work.now, work.now
            row.failures, row.failing_since, row.last_error = 0, None, None
        work.record(WebhookSwitched(webhook_id=row.id, shop_id=row.shop_id, on=on))
        await work.session.flush()
    return await view(work, webhook_id)


async def remove_webhook(work: Work, webhook_id: UUID) -> None:
    """With its log. Needs `shops.write`."""
    row = await _locked(work, webhook_id)
    work.record(WebhookRemoved(webhook_id=row.id, shop_id=row.shop_id))
    await work.session.execute(delete(Webhook).where(Webhook.id == row.id))


async def replay(
    work: Work,
    webhook_id: UUID,
    since: datetime,
    *,
    until: datetime | None = None,
    facts: list[str] | None = None,
) -> int:
    """Tells again what had happened from `since` on (of these facts only), in order and under the same ids; what waits already
    goes first where it is older. Returns how many. Needs `shops.write`. Refuses with WebhookIsOff, WebhookFactUnknown."""
    row = await _locked(work, webhook_id)
    if row.state is not WebhookState.on:
        raise WebhookIsOff(webhook_id=webhook_id)
    subscribed = fitting(row.facts)
    asked = subscribed if facts is None else fitting(checked_patterns(facts))
    posts = await lay_out_again(work, row, [name for name in asked if name in subscribed], since, until)
    row.next_at = work.now
    work.record(WebhookReplayed(webhook_id=row.id, shop_id=row.shop_id, posts=posts))
    return posts


async def send_test(house: House, actor: Actor, webhook_id: UUID) -> WebhookTried:
    """Sends a message of the kind `webhook.test` now, once, also while the webhook is off. Needs `shops.write`."""
    poster = house.port(WebhookPoster)
    async with begin(house, actor) as work:
        row = await _locked(work, webhook_id)
        url, secrets, shop_id = row.url, secrets_of(house, row, work.now), row.shop_id
        post_id, now = work.new_id(), work.now
    told = {
        "id": post_id,
        "type": TEST,
        "timestamp": now,
        "cursor": "0-0",
        "shop_id": shop_id,
        "actor": "staff",
        "data": {"webhook_id": webhook_id},
    }
    body, began = to_json(told).encode(), time.monotonic()
    answer = await poster.post(url, signing.headers(secrets, str(post_id), int(now.timestamp()), body), body)
    took = round((time.monotonic() - began) * 1000)
    async with begin(house, actor) as work:
        if await work.session.get(Webhook, webhook_id) is not None:
            work.session.add(
                WebhookPost(
                    id=post_id,
                    webhook_id=webhook_id,
                    shop_id=shop_id,
                    at=now,
                    fact=TEST,
                    lane=post_id,
                    state=PostState.delivered if answer.taken else PostState.dropped,
                    attempts=1,
                    next_at=now,
                    status=answer.status,
                    error=said(answer),
                    took_ms=took,
                    delivered_at=now if answer.taken else None,
                    tries=[tried(now, answer, took)],
                )
            )
    return WebhookTried(taken=answer.taken, status=answer.status, error=said(answer), took_ms=took)


def said(answer: PostAnswer) -> str | None:
    """Why it was not taken, in a line."""
    if answer.taken:
        return None
    return (answer.error or f"answered {answer.status}")[:300]


def tried(at: datetime, answer: PostAnswer, took_ms: int) -> dict[str, Any]:
    return {"at": at.isoformat(), "status": answer.status, "error": said(answer), "took_ms": took_ms}


def secrets_of(house: House, row: Any, now: datetime) -> list[str]:
    """Those that are valid, the newest first. Refuses with SealBroken."""
    of = row.id.bytes
    kept = [row.secret]
    if row.old_secret is not None and row.old_secret_until > now:
        kept.append(row.old_secret)
    return [opened(house.secret, PURPOSE, one, of=of).decode() for one in kept]


def _sealed(house: House, webhook_id: UUID, secret: str) -> bytes:
    return sealed(house.secret, PURPOSE, secret.encode(), of=webhook_id.bytes)


def _check_url(poster: WebhookPoster | None, url: str) -> None:
    if poster is not None and not poster.may_post_to(url):
        raise WebhookAddressNotPossible(url=url)


def _grantable(work: Work, grants: list[str], had: list[str] | None = None) -> list[str]:
    """Nobody grants what he may not read himself."""
    checked = checked_grants(grants)
    if set(checked) - set(had or []):
        for permission in ("orders.read", "cases.read", "claims.read"):
            work.require(permission)
    return checked


async def _may_keep(work: Work, shop_id: UUID | None) -> None:
    work.require("shops.write")
    if shop_id is not None:
        await identity.get_shop(work, shop_id)
    elif work.actor.shops is not None:
        raise NotAllowed(needed="every shop")


async def _locked(work: Work, webhook_id: UUID) -> Webhook:
    """Refuses with WebhookNotFound, PermissionMissing."""
    work.require("shops.write")
    row = await work.session.scalar(select(Webhook).where(Webhook.id == webhook_id).with_for_update())
    if row is None:
        raise WebhookNotFound(webhook_id=webhook_id)
    return row


VIEW = """
    SELECT w.id, w.shop_id, w.name, w.url, w.facts, w.grants, w.state, w.created_at, w.off_at, w.failures, w.failing_since,
      w.last_success_at, w.last_error, CASE WHEN w.old_secret_until > :now THEN w.old_secret_until END AS old_secret_until,
      (SELECT count(*) FROM webhook_post p WHERE p.webhook_id = w.id AND p.state = 'waiting') AS waiting
    FROM webhook w {where} ORDER BY w.created_at, w.id
"""


async def view(work: Work, webhook_id: UUID) -> WebhookView:
    rows = await work.session.execute(
        text(VIEW.format(where="WHERE w.id = :id")), {"now": work.now, "id": webhook_id}
    )
    row = rows.one_or_none()
    if row is None:
        raise WebhookNotFound(webhook_id=webhook_id)
    return WebhookView.model_validate(row._mapping)
