"""From facts to posts: a reader of the journal lays out what each webhook is to be told, exactly once, in the journal's order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.notices.webhooks.catalogue import fitting, shared_facts, subject_fields
from aftercare.notices.webhooks.model import Webhook

READER = "webhooks"
FACTS_AT_ONCE = 5_000

HERE = text(
    """
    SELECT f.transaction::text::bigint AS transaction, f.position FROM fact f
    WHERE f.transaction < pg_snapshot_xmin(pg_current_snapshot()) ORDER BY f.transaction DESC, f.position DESC LIMIT 1
    """
)
CURSOR = text(
    "SELECT transaction::text::bigint AS transaction, position FROM reader WHERE name = :name FOR UPDATE"
)
BEGIN = text(
    """
    INSERT INTO reader (name, transaction, position)
    VALUES (:name, CAST(CAST(:transaction AS text) AS xid8), :position) ON CONFLICT DO NOTHING
    """
)
ADVANCE = text(
    "UPDATE reader SET transaction = CAST(CAST(:transaction AS text) AS xid8), position = :position WHERE name = :name"
)
# The last of the next facts, below the oldest transaction that still runs.
LAST = """
    SELECT n.transaction::text::bigint AS transaction, n.position, n.number FROM (
      SELECT f.transaction, f.position, row_number() OVER (ORDER BY f.transaction, f.position) AS number FROM fact f
      WHERE (f.transaction, f.position) > (CAST(CAST(:transaction AS text) AS xid8), :position) {horizon}
      ORDER BY f.transaction, f.position LIMIT :limit
    ) n ORDER BY n.number DESC LIMIT 1
"""
LAST_SETTLED = text(LAST.format(horizon="AND f.transaction < pg_snapshot_xmin(pg_current_snapshot())"))
LAST_OF_ALL = text(LAST.format(horizon=""))
# The id is a hash of webhook and position: the same whenever it is laid out.
LAY = """
    WITH wanted AS (
      SELECT w.webhook_id, w.shop_id, w.since, s.name, s.fields FROM unnest(CAST(:webhooks AS uuid[]), CAST(:shops AS uuid[]),
        CAST(:since AS timestamptz[]), CAST(:names AS int[])) AS w(webhook_id, shop_id, since, subscription)
      JOIN unnest(CAST(:subscriptions AS int[]), CAST(:facts AS text[]), CAST(:fields AS text[])) AS s(subscription, name, fields)
        USING (subscription)
    )
    INSERT INTO webhook_post (id, webhook_id, shop_id, position, transaction, at, fact, lane, next_at)
    SELECT CAST(md5(w.webhook_id || ':' || f.position) AS uuid), w.webhook_id, w.shop_id, f.position, f.transaction, f.at, f.name,
      coalesce((SELECT CAST(f.data ->> u.field AS uuid) FROM unnest(string_to_array(w.fields, ',')) WITH ORDINALITY AS u(field, n)
        WHERE f.data ? u.field ORDER BY u.n LIMIT 1), f.shop_id, CAST('00000000-0000-0000-0000-000000000000' AS uuid)), :now
    FROM fact f JOIN wanted w ON w.name = f.name AND (w.shop_id IS NULL OR w.shop_id = f.shop_id) AND f.at >= w.since
    WHERE {which}
    ON CONFLICT (webhook_id, position) DO {again}
"""
LAY_NEXT = text(
    LAY.format(
        which="(f.transaction, f.position) > (CAST(CAST(:transaction AS text) AS xid8), :position)"
        " AND (f.transaction, f.position) <= (CAST(CAST(:to_transaction AS text) AS xid8), :to_position)",
        again="NOTHING",
    )
)
LAY_AGAIN = text(
    LAY.format(
        # What the reader has not come to yet, it will lay out itself.
        which="(CAST(:until AS timestamptz) IS NULL OR f.at < :until) AND (f.transaction, f.position) <= (SELECT r.transaction, r.position FROM reader r WHERE r.name = :reader)",
        again="UPDATE SET state = 'waiting', attempts = 0, next_at = excluded.next_at, delivered_at = NULL",
    )
)
LISTENING = text("SELECT id, shop_id, facts, told_since FROM webhook WHERE state = 'on' ORDER BY id")


@dataclass(frozen=True)
class Wish:
    """What one webhook is to be told."""

    webhook_id: UUID
    shop_id: UUID | None
    since: datetime
    names: Sequence[str]


def _values(wishes: Sequence[Wish]) -> dict[str, Any]:
    lines = [(number, name) for number, wish in enumerate(wishes) for name in wish.names]
    known = shared_facts()
    return {
        "webhooks": [wish.webhook_id for wish in wishes],
        "shops": [wish.shop_id for wish in wishes],
        "since": [wish.since for wish in wishes],
        "names": list(range(len(wishes))),
        "subscriptions": [number for number, _ in lines],
        "facts": [name for _, name in lines],
        "fields": [",".join(subject_fields(known[name])) for _, name in lines],
    }


async def begin_reading(work: Work) -> None:
    """From where the journal ends now, unless somebody reads already."""
    here = (await work.session.execute(HERE)).one_or_none()
    await work.session.execute(
        BEGIN,
        {
            "name": READER,
            "transaction": str(here.transaction) if here else "0",
            "position": here.position if here else 0,
        },
    )


async def lay_out(house: House, *, only_writer: bool = False) -> int:
    """The next facts of the journal, to everybody who is to be told. `only_writer` is for a process that knows that nobody writes
    beside it. Returns how many facts were read."""
    async with begin(house, SYSTEM) as work:
        cursor = (await work.session.execute(CURSOR, {"name": READER})).one_or_none()
        if cursor is None:
            return 0
        upto = (
            await work.session.execute(
                LAST_OF_ALL if only_writer else LAST_SETTLED,
                {
                    "transaction": str(cursor.transaction),
                    "position": cursor.position,
                    "limit": FACTS_AT_ONCE,
                },
            )
        ).one_or_none()
        if upto is None:
            return 0
        listening = (await work.session.execute(LISTENING)).all()
        wishes = [Wish(row.id, row.shop_id, row.told_since, fitting(row.facts)) for row in listening]
        if wishes:
            await work.session.execute(
                LAY_NEXT,
                {
                    **_values(wishes),
                    "now": work.now,
                    "transaction": str(cursor.transaction),
                    "position": cursor.position,
                    "to_transaction": str(upto.transaction),
                    "to_position": upto.position,
                },
            )
        await work.session.execute(
            ADVANCE, {"name": READER, "transaction": str(upto.transaction), "position": upto.position}
        )
        return int(upto.number)


async def lay_out_again(
    work: Work, webhook: Webhook, names: Sequence[str], since: datetime, until: datetime | None
) -> int:
    """What had happened in between; what was delivered waits again. Returns how many posts."""
    wish = Wish(webhook.id, webhook.shop_id, since, names)
    done = await work.session.execute(
        LAY_AGAIN, {**_values([wish]), "now": work.now, "until": until, "reader": READER}
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
