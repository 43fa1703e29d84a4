"""Posting: what waits is sent, in order per subject, until it is taken; who dies in between has it sent again under the same id.

An address that fails again and again is asked less and less often, one post at a time, until it takes one. After days of
failures, or when it answers that it is gone (410), it is told nothing any more.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import text

from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.kit.json import to_json
from aftercare.notices.webhooks import signing
from aftercare.notices.webhooks.catalogue import details, message
from aftercare.notices.webhooks.events import WebhookGaveUp
from aftercare.notices.webhooks.laying import lay_out
from aftercare.notices.webhooks.ports import PostAnswer, WebhookPoster
from aftercare.notices.webhooks.verbs import said, secrets_of, tried

log = structlog.get_logger()

ATTEMPT_LASTS = timedelta(seconds=30)
"""While one attempt runs nobody begins another; what is older died. Longer than the poster waits for an answer."""
AT_ONCE = 16
"""Posts to one address."""
WEBHOOKS_AT_ONCE = 16
PATIENCE = 4
"""So many failures in a row are taken for bad luck."""
MOST_ATTEMPTS = 18
"""With the waits between them, some three days."""
LONGEST_WAIT = timedelta(hours=6)
GIVE_UP_AFTER = timedelta(days=5)
LOG_KEPT = timedelta(days=30)
TRIES_KEPT = 10
SECONDS_BETWEEN_LOOKS = 0.5
GONE = 410

DUE = text(
    """
    SELECT w.id, w.failures FROM webhook w WHERE w.state = 'on' AND w.next_at <= :now
      AND EXISTS (SELECT FROM webhook_post p WHERE p.webhook_id = w.id AND p.state = 'waiting' AND p.next_at <= :now)
    """
)
# The oldest of each subject; what stands behind one that waits, waits. Skips what another sender has just taken.
TAKE = text(
    """
    WITH due AS (
      SELECT p.id FROM webhook_post p
      WHERE p.webhook_id = :webhook AND p.state = 'waiting' AND p.next_at <= :now
        AND NOT EXISTS (SELECT FROM webhook_post e WHERE e.webhook_id = p.webhook_id AND e.lane = p.lane AND e.state = 'waiting'
          AND (e.transaction, e.position) < (p.transaction, p.position))
      ORDER BY p.transaction, p.position LIMIT :many FOR UPDATE SKIP LOCKED
    ), taken AS (
      UPDATE webhook_post p SET next_at = :until FROM due WHERE p.id = due.id
      RETURNING p.id, p.at, p.position, p.attempts
    )
    SELECT t.id AS post_id, t.attempts, f.position, f.transaction::text::bigint AS transaction, f.at, f.name, f.actor_kind,
      f.shop_id, f.data FROM taken t LEFT JOIN fact f ON f.at = t.at AND f.position = t.position
    ORDER BY f.transaction, f.position
    """
)
WEBHOOK = text(
    """
    SELECT id, shop_id, url, grants, secret, old_secret, old_secret_until, failures, failing_since FROM webhook
    WHERE id = :id AND state = 'on'
    """
)
DELIVERED = text(
    f"""
    UPDATE webhook_post SET state = 'delivered', delivered_at = :now, attempts = attempts + 1, status = :status, error = NULL,
      took_ms = :took, tries = jsonb_path_query_array(tries || CAST(:tried AS jsonb), '$[last - {TRIES_KEPT - 1} to last]')
    WHERE id = :id AND state = 'waiting'
    """  # noqa: S608  # only a number of ours
)
PUT_OFF = text(
    f"""
    UPDATE webhook_post SET state = :state, next_at = :next_at, attempts = attempts + 1, status = :status, error = :error,
      took_ms = :took, tries = jsonb_path_query_array(tries || CAST(:tried AS jsonb), '$[last - {TRIES_KEPT - 1} to last]')
    WHERE id = :id AND state = 'waiting'
    """  # noqa: S608  # only a number of ours
)
WENT_WELL = text(
    """
    UPDATE webhook SET failures = 0, failing_since = NULL, last_error = NULL, last_success_at = :now, next_at = :now WHERE id = :id
    """
)
WENT_WRONG = text(
    """
    UPDATE webhook SET failures = failures + :more, failing_since = coalesce(failing_since, :now), last_error = :error,
      next_at = :next_at WHERE id = :id
    """
)
GIVE_UP = text(
    """
    UPDATE webhook SET state = 'gave_up', off_at = :now, last_error = :error WHERE id = :id AND state = 'on' RETURNING shop_id
    """
)


def wait_after(attempts: int) -> timedelta:
    """5 s, 15 s, 45 s … 6 h, each shortened by chance so that not all come at once."""
    longest = min(timedelta(seconds=5 * 3 ** min(attempts - 1, 12)), LONGEST_WAIT)
    return longest * random.uniform(0.8, 1)


@dataclass(frozen=True)
class Sent:
    """One attempt and what became of it."""

    post_id: UUID
    attempts: int
    """Before this one."""
    at: datetime
    answer: PostAnswer
    took_ms: int


async def post_due(house: House, webhook_id: UUID) -> int:
    """One round to one address: the oldest of each subject, some beside each other. Returns how many were tried."""
    poster: WebhookPoster | None = house.ports.get(WebhookPoster)
    if poster is None:
        return 0
    async with begin(house, SYSTEM) as work:
        webhook = (await work.session.execute(WEBHOOK, {"id": webhook_id})).one_or_none()
        if webhook is None:
            return 0
        rows = (
            await work.session.execute(
                TAKE,
                {
                    "webhook": webhook_id,
                    "now": work.now,
                    "until": work.now + ATTEMPT_LASTS,
                    "many": AT_ONCE if webhook.failures < PATIENCE else 1,
                },
            )
        ).all()
        secrets = secrets_of(house, webhook, work.now)
        bodies = {}
        for row in rows:
            granted = await details(work, webhook.grants, row.data) if webhook.grants else None
            bodies[row.post_id] = to_json(message(row, post_id=row.post_id, granted=granted)).encode()
    sent = await asyncio.gather(
        *(_post(house, poster, webhook.url, secrets, row, bodies[row.post_id]) for row in rows)
    )
    if sent:
        async with begin(house, SYSTEM) as work:
            await _note(work, webhook, sent)
    return len(sent)


async def _post(
    house: House, poster: WebhookPoster, url: str, secrets: Sequence[str], row: Any, body: bytes
) -> Sent:
    at, began = house.clock(), time.monotonic()
    signed = signing.headers(secrets, str(row.post_id), int(at.timestamp()), body)
    try:
        answer = await poster.post(url, signed, body)
    except Exception as failure:
        log.warning("webhook post broke off", post=str(row.post_id), exc_info=failure)
        answer = PostAnswer(None, type(failure).__name__)
    return Sent(row.post_id, row.attempts, at, answer, round((time.monotonic() - began) * 1000))


async def _note(work: Work, webhook: Any, sent: Sequence[Sent]) -> None:
    refused = [one for one in sent if not one.answer.taken]
    for one in sent:
        told = {
            "id": one.post_id,
            "status": one.answer.status,
            "took": one.took_ms,
            "tried": to_json([tried(one.at, one.answer, one.took_ms)]),
        }
        if one.answer.taken:
            await work.session.execute(DELIVERED, {**told, "now": work.now})
        else:
            wait = max(wait_after(one.attempts + 1), one.answer.retry_after or timedelta(0))
            # While nothing at all arrives, the address is to blame and not what is sent.
            spent = one.attempts + 1 >= MOST_ATTEMPTS and webhook.failing_since is None
            put_off = {"state": "dropped" if spent else "waiting", "next_at": work.now + wait}
            await work.session.execute(PUT_OFF, {**told, **put_off, "error": said(one.answer)})
    if len(refused) < len(sent):
        await work.session.execute(WENT_WELL, {"id": webhook.id, "now": work.now})
        return
    failures, last = webhook.failures + len(refused), refused[-1].answer
    rest = wait_after(failures - PATIENCE) if failures > PATIENCE else timedelta(0)
    wrong = {"id": webhook.id, "now": work.now, "error": said(last), "more": len(refused)}
    await work.session.execute(
        WENT_WRONG, {**wrong, "next_at": work.now + max(rest, last.retry_after or rest)}
    )
    since = webhook.failing_since or work.now
    gone = any(one.answer.status == GONE for one in refused)
    if gone or work.now - since >= GIVE_UP_AFTER:
        await _give_up(work, webhook.id, "gone" if gone else "failing", (work.now - since).days, said(last))


async def _give_up(work: Work, webhook_id: UUID, why: Any, days: int, error: str | None) -> None:
    row = (
        await work.session.execute(GIVE_UP, {"id": webhook_id, "now": work.now, "error": error})
    ).one_or_none()
    if row is not None:
        work.record(WebhookGaveUp(webhook_id=webhook_id, shop_id=row.shop_id, why=why, days=days))


class Postman:
    """Looks after all addresses at once, each at its own pace: a slow one keeps no other waiting."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._places = asyncio.Semaphore(WEBHOOKS_AT_ONCE)
        self._at_work: dict[UUID, asyncio.Task[None]] = {}

    async def run(self, leave: asyncio.Event) -> None:
        """Until told to leave; what is being sent is finished."""
        try:
            while not leave.is_set():
                read = await lay_out(self._house)
                await self._send_out()
                if not read:
                    with suppress(TimeoutError):
                        await asyncio.wait_for(leave.wait(), SECONDS_BETWEEN_LOOKS)
        finally:
            await asyncio.gather(*self._at_work.values(), return_exceptions=True)

    async def _send_out(self) -> None:
        async with begin(self._house, SYSTEM) as work:
            due = (await work.session.execute(DUE, {"now": work.now})).all()
        for row in due:
            if row.id not in self._at_work:
                self._at_work[row.id] = asyncio.create_task(self._serve(row.id))

    async def _serve(self, webhook_id: UUID) -> None:
        async with self._places:
            try:
                while await post_due(self._house, webhook_id):
                    pass
            except Exception as failure:
                log.warning("webhook stumbles", webhook=str(webhook_id), exc_info=failure)
                await asyncio.sleep(1)
            finally:
                self._at_work.pop(webhook_id, None)


async def post_webhooks(house: House, leave: asyncio.Event) -> None:
    """What the leading worker does all the time."""
    if WebhookPoster in house.ports:
        await Postman(house).run(leave)
    else:
        await leave.wait()


async def forget_old_posts(work: Work) -> None:
    """The log is kept for some weeks; what waits is kept as long as it waits."""
    await work.session.execute(
        text("DELETE FROM webhook_post WHERE state <> 'waiting' AND next_at < :before AND at < :before"),
        {"before": work.now - LOG_KEPT},
    )


async def drain_webhooks(house: House, *, only_writer: bool = True) -> int:
    """Lays out and posts until nothing is due; for tests and the demo. Returns how many were tried."""
    posts = 0
    while True:
        read = await lay_out(house, only_writer=only_writer)
        async with begin(house, SYSTEM) as work:
            due = (await work.session.execute(DUE, {"now": work.now})).all()
        # What waits behind another may be due and not be sent.
        sent = sum([await post_due(house, row.id) for row in due])
        if not read and not sent:
            return posts
        posts += sent
