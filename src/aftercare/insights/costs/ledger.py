"""Writing the ledger: facts become cost lines, many at once, each exactly once.

The ledger is a batch reader of the journal: it goes on from its cursor (transaction, position), below the oldest transaction
still running, and writes the lines of all new facts with one statement, in the transaction that moves the cursor. What is
written twice changes nothing: a fact has one line of a kind and part, and a parcel or call costs once.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from aftercare.insights.costs.efforts import EFFORTS
from aftercare.journal import SYSTEM, House, Work, begin

READER = "costs"
AT_ONCE = 20_000


@dataclass(frozen=True)
class Kept:
    """How many facts were read and lines written."""

    read: int
    lines: int


WINDOW = """
    SELECT transaction::text::bigint AS transaction, position, count(*) OVER () AS many FROM (
      SELECT transaction, position FROM fact
      WHERE (fact.transaction, fact.position) > (CAST(CAST(:transaction AS text) AS xid8), :position) {horizon}
      ORDER BY fact.transaction, fact.position LIMIT :limit
    ) next ORDER BY next.transaction DESC, next.position DESC LIMIT 1
"""
WINDOW_SETTLED = text(WINDOW.format(horizon="AND fact.transaction < pg_snapshot_xmin(pg_current_snapshot())"))
WINDOW_ALL = text(WINDOW.format(horizon=""))

# Each branch of `told` is a kind of cost: who and what it is about, how much of it, and the rate that it is priced by, or the
# amount itself. `goods` is the price of the units that the rate is a share of.
ENTER = text(
    """
    WITH batch AS MATERIALIZED (
      SELECT at, position, name, actor_kind, actor_id, shop_id, data,
        CAST(data->>'case_id' AS uuid) AS case_id, CAST(data->>'claim_id' AS uuid) AS claim_id,
        CAST(data->>'order_id' AS uuid) AS order_id
      FROM fact
      WHERE (fact.transaction, fact.position) > (CAST(CAST(:transaction AS text) AS xid8), :position)
        AND (fact.transaction, fact.position) <= (CAST(CAST(:last_transaction AS text) AS xid8), :last_position)
        AND shop_id IS NOT NULL
        AND (name = ANY(:money) OR name = ANY(:acts) AND actor_kind = 'staff' AND actor_id IS NOT NULL)
    ), efforts AS (
      SELECT * FROM unnest(CAST(:acts AS text[]), CAST(:parts AS text[]), CAST(:caps AS int[]), CAST(:usuals AS int[]))
        AS e(name, part, cap, usual)
    ), acts AS MATERIALIZED (
      SELECT b.at, b.position, b.actor_id, b.shop_id, coalesce(b.case_id, talk.id) AS case_id, b.claim_id, e.part, e.cap, e.usual,
        lag(b.at) OVER (PARTITION BY b.actor_id ORDER BY b.at, b.position) AS own_before
      FROM batch b JOIN efforts e USING (name)
      LEFT JOIN LATERAL (
        SELECT c.id FROM service_case c WHERE b.case_id IS NULL AND c.thread_id = CAST(b.data->>'thread_id' AS uuid)
        ORDER BY c.opened_at DESC LIMIT 1
      ) talk ON true
      WHERE b.actor_kind = 'staff' AND (b.name <> 'message.posted' OR b.data->>'author_kind' = 'staff')
    ), measured AS (
      SELECT a.*, extract(epoch FROM a.at - greatest(coalesce(a.own_before, ledger.at), known.at)) AS took
      FROM acts a
      LEFT JOIN LATERAL (
        SELECT l.at FROM cost_line l WHERE a.own_before IS NULL AND l.account_id = a.actor_id AND l.at <= a.at AND l.turn = 0
          AND l.position < a.position ORDER BY l.at DESC LIMIT 1
      ) ledger ON true
      LEFT JOIN LATERAL (
        SELECT f.at FROM fact_object o JOIN fact f ON f.at = o.at AND f.position = o.position
        WHERE o.object_id IN (a.case_id, a.claim_id) AND (o.at, o.position) < (a.at, a.position)
          AND (f.actor_kind IN ('customer', 'integration') OR f.name IN ('case.opened', 'case.assigned'))
        ORDER BY o.at DESC, o.position DESC LIMIT 1
      ) known ON true
      WHERE a.case_id IS NOT NULL
    ), told AS (
      SELECT position, at, shop_id, case_id, claim_id, CAST(NULL AS uuid) AS order_id, actor_id AS account_id,
        CAST(NULL AS text) AS carrier, 'people' AS kind, part, 'people' AS rate_kind,
        CAST(CASE WHEN took IS NULL OR took > cap THEN usual ELSE floor(took) END AS bigint) AS quantity,
        CAST(NULL AS bigint) AS goods, CAST(NULL AS bigint) AS cents, CAST(NULL AS text) AS currency,
        CAST(NULL AS uuid) AS source_id, CAST(NULL AS uuid) AS product_id
      FROM measured
      UNION ALL
      SELECT t.position, t.at, t.shop_id, t.case_id, NULL, NULL, t.account_id, NULL, k.kind, k.part, k.kind, t.seconds, NULL, NULL,
        NULL, t.call_id, NULL
      FROM (
        -- A call costs when both have happened: it ended, and it belongs to a case.
        SELECT b.position, b.at, k.shop_id, k.case_id, k.account_id, k.id AS call_id,
          CAST(extract(epoch FROM k.ended_at - k.answered_at) AS bigint) AS seconds
        FROM batch b JOIN call k ON k.id = CAST(coalesce(b.data->>'call_id', b.data->>'object_id') AS uuid)
        WHERE (b.name = 'call.ended' OR b.name = 'case.linked' AND b.data->>'object_kind' = 'call')
          AND k.case_id IS NOT NULL AND k.ended_at > k.answered_at
      ) t CROSS JOIN (VALUES ('people', 'calls'), ('telephony', '')) AS k(kind, part)
      UNION ALL
      SELECT position, at, shop_id, case_id, NULL, NULL, NULL, NULL, 'bot', '', 'bot', 1, NULL, NULL, NULL, NULL, NULL
      FROM batch WHERE name = 'assistant.answered'
      UNION ALL
      SELECT b.position, b.at, b.shop_id, b.case_id, b.claim_id, b.order_id, NULL, NULL, 'refund', '', NULL, 1, NULL,
        CAST(b.data->>'amount_cents' AS bigint), b.data->>'currency', NULL, NULL
      FROM batch b WHERE b.name = 'refund.paid'
      UNION ALL
      SELECT b.position, b.at, b.shop_id, m.case_id, m.id, b.order_id, NULL, NULL, 'refund_by_store', '', NULL, 1, NULL,
        CAST(b.data->>'amount_cents' AS bigint), b.data->>'currency', NULL, NULL
      FROM batch b LEFT JOIN LATERAL (
        SELECT m.id, m.case_id FROM claim_line l JOIN claim m ON m.id = l.claim_id WHERE l.order_id = b.order_id
          AND m.platform IS NOT NULL AND m.applied_at <= b.at ORDER BY m.applied_at DESC, m.id DESC LIMIT 1
      ) m ON true
      WHERE b.name = 'order.refunded_by_store'
      UNION ALL
      -- What the customer pays for dearer goods comes by a gateway, or is told by finance alone.
      SELECT b.position, b.at, b.shop_id, b.case_id, b.claim_id, NULL, NULL, NULL, 'difference', '', NULL, 1, NULL,
        -CAST(b.data->>'amount_cents' AS bigint), b.data->>'currency', NULL, NULL
      FROM batch b
      WHERE b.name = 'difference_payment.paid' OR b.name = 'claim.difference_settled' AND NOT EXISTS (
        SELECT FROM difference_payment p WHERE p.claim_id = b.claim_id AND p.paid_at = b.at)
      UNION ALL
      SELECT p.position, p.at, p.shop_id, m.case_id, m.id, s.order_id, NULL, s.carrier, k.kind, k.part, k.kind, 1, NULL, NULL,
        NULL, s.id, NULL
      FROM (
        SELECT DISTINCT ON (data->>'shipment_id') position, at, shop_id, claim_id, CAST(data->>'shipment_id' AS uuid) AS shipment_id
        FROM batch WHERE name = 'parcel.moved' AND claim_id IS NOT NULL AND data->>'was' = 'pending'
          AND data->>'status' NOT IN ('cancelled', 'unknown')
        ORDER BY data->>'shipment_id', position
      ) p JOIN shipment s ON s.id = p.shipment_id JOIN claim m ON m.id = p.claim_id
      JOIN LATERAL (
        SELECT 'freight_back' AS kind, coalesce(s.carrier, '') AS part WHERE s.direction = 'return' AND m.freight_payer = 'shop'
        UNION ALL
        SELECT v.kind, v.part FROM (VALUES ('freight_out', coalesce(s.carrier, '')), ('packaging', '')) AS v(kind, part)
        WHERE s.direction IN ('reship', 'send_back')
      ) k ON true
      UNION ALL
      SELECT d.position, d.at, d.shop_id, d.case_id, d.claim_id, d.order_id, NULL, NULL, k.kind, k.part, k.rate_kind, k.quantity,
        k.goods, NULL, NULL, NULL, d.product_id
      FROM (
        SELECT b.position, b.at, b.shop_id, m.case_id, b.claim_id, l.order_id, l.product_id, m.kind AS claim_kind,
          b.data->>'disposition' AS disposition, CAST(b.data->>'quantity' AS int) AS units, o.unit_price_cents AS price
        FROM batch b JOIN claim m ON m.id = b.claim_id
        JOIN claim_finding g ON g.id = CAST(b.data->>'finding_id' AS uuid) JOIN claim_line l ON l.id = g.claim_line_id
        JOIN order_line o ON o.id = l.order_line_id
        WHERE b.name = 'disposition.decided'
      ) d JOIN LATERAL (
        SELECT 'inspection' AS kind, '' AS part, 'inspection' AS rate_kind, d.units AS quantity, CAST(NULL AS bigint) AS goods
        UNION ALL
        -- A customer's own goods, in for repair or going back, are never ours to lose.
        SELECT v.kind, v.part, v.rate_kind, v.quantity, v.goods FROM (VALUES
          ('goods_back', '', 'goods', -d.units, -d.units * d.price),
          ('goods_written_off', d.disposition, 'goods_written_off', d.units, d.units * d.price)
        ) AS v(kind, part, rate_kind, quantity, goods)
        WHERE d.disposition <> 'send_back' AND d.claim_kind <> 'repair'
      ) k ON true
      UNION ALL
      SELECT b.position, b.at, b.shop_id, b.case_id, b.claim_id, sent.order_id, NULL, NULL, 'goods_out', sent.part, 'goods',
        sent.units, sent.goods, NULL, NULL, NULL, sent.product_id
      FROM batch b JOIN claim m ON m.id = b.claim_id JOIN LATERAL (
        SELECT l.order_id, coalesce(l.new_product_id, l.product_id) AS product_id, l.quantity AS units,
          l.quantity * coalesce(l.new_price_cents, o.unit_price_cents) AS goods,
          CASE WHEN row_number() OVER (ORDER BY l.id) = 1 THEN '' ELSE CAST(row_number() OVER (ORDER BY l.id) AS text) END AS part
        FROM claim_line l JOIN order_line o ON o.id = l.order_line_id WHERE l.claim_id = b.claim_id AND l.quantity > 0
      ) sent ON true
      WHERE b.name = 'claim.reshipped' AND m.kind <> 'repair'
    ), lines AS (
      SELECT t.*, coalesce(t.currency, s.currency) AS money, coalesce(t.product_id, main.product_id) AS about, product.category,
        coalesce(t.order_id, main.order_id) AS of_order
      FROM told t JOIN shop s ON s.id = t.shop_id
      LEFT JOIN LATERAL (
        SELECT l.product_id, l.order_id FROM claim_line l WHERE l.claim_id = t.claim_id
        ORDER BY l.requested_cents DESC, l.id LIMIT 1
      ) main ON true
      LEFT JOIN product ON product.id = coalesce(t.product_id, main.product_id)
      WHERE t.quantity <> 0
    )
    INSERT INTO cost_line (shop_id, case_id, claim_id, order_id, product_id, account_id, carrier, at, kind, part, quantity,
      base_cents, rate_id, amount_cents, currency, position, source_id, entered_at)
    SELECT l.shop_id, l.case_id, l.claim_id, l.of_order, l.about, l.account_id, l.carrier, l.at, l.kind, l.part, l.quantity,
      l.goods, r.id, coalesce(l.cents, cost_of(r.unit, r.amount, l.quantity, l.goods)), l.money, l.position, l.source_id, :now
    FROM lines l LEFT JOIN LATERAL rate_for(l.rate_kind, CASE WHEN l.rate_kind = 'goods' THEN coalesce(l.category, '')
      ELSE l.part END, l.shop_id, l.money, l.at) r ON true
    ORDER BY l.at, l.position
    ON CONFLICT DO NOTHING
    """
)

MONEY_AND_GOODS = (
    "assistant.answered",
    "call.ended",
    "case.linked",
    "claim.difference_settled",
    "claim.reshipped",
    "difference_payment.paid",
    "disposition.decided",
    "order.refunded_by_store",
    "parcel.moved",
    "refund.paid",
)
_VALUES = {
    "money": list(MONEY_AND_GOODS),
    "acts": list(EFFORTS),
    "parts": [effort.part for effort in EFFORTS.values()],
    "caps": [effort.cap for effort in EFFORTS.values()],
    "usuals": [effort.usual for effort in EFFORTS.values()],
}


@dataclass(frozen=True)
class _Cursor:
    transaction: int
    position: int


async def _step(work: Work, cursor: _Cursor, limit: int, *, only_writer: bool) -> tuple[_Cursor, Kept]:
    last = (
        await work.session.execute(
            WINDOW_ALL if only_writer else WINDOW_SETTLED,
            {"transaction": str(cursor.transaction), "position": cursor.position, "limit": limit},
        )
    ).one_or_none()
    if last is None:
        return cursor, Kept(0, 0)
    written = await work.session.execute(
        ENTER,
        _VALUES
        | {
            "transaction": str(cursor.transaction),
            "position": cursor.position,
            "last_transaction": str(last.transaction),
            "last_position": last.position,
            "now": work.now,
        },
    )
    return _Cursor(last.transaction, last.position), Kept(last.many, written.rowcount)  # type: ignore[attr-defined]


CURSOR = text(
    "SELECT transaction::text::bigint AS transaction, position FROM reader WHERE name = :name FOR UPDATE"
)


async def keep_ledger(house: House, *, limit: int = AT_ONCE, only_writer: bool = False) -> Kept:
    """Writes the lines of all facts that are new. Any number may do it at once; one does. `only_writer` is for a process that
    knows that nobody writes beside it."""
    read = lines = 0
    while True:
        async with begin(house, SYSTEM) as work:
            await work.session.execute(
                text("INSERT INTO reader (name) VALUES (:name) ON CONFLICT DO NOTHING"), {"name": READER}
            )
            row = (await work.session.execute(CURSOR, {"name": READER})).one()
            cursor, kept = await _step(
                work, _Cursor(row.transaction, row.position), limit, only_writer=only_writer
            )
            if not kept.read:
                return Kept(read, lines)
            await work.session.execute(
                text(
                    "UPDATE reader SET transaction = CAST(CAST(:transaction AS text) AS xid8), position = :position"
                    " WHERE name = :name"
                ),
                {"name": READER, "transaction": str(cursor.transaction), "position": cursor.position},
            )
        read, lines = read + kept.read, lines + kept.lines
        if kept.read < limit:
            return Kept(read, lines)


async def read_again(house: House, *, limit: int = AT_ONCE, only_writer: bool = False) -> Kept:
    """Reads the whole journal from its beginning and adds the lines that are missing; those that are there stay. For a journal
    that is older than the ledger, or a kind of cost that is new."""
    read = lines = 0
    cursor = _Cursor(0, 0)
    while True:
        async with begin(house, SYSTEM) as work:
            cursor, kept = await _step(work, cursor, limit, only_writer=only_writer)
        read, lines = read + kept.read, lines + kept.lines
        if kept.read < limit:
            return Kept(read, lines)


async def kept_until(work: Work) -> datetime | None:
    """When the newest fact happened that the ledger has read; None before the first."""
    return await work.session.scalar(  # type: ignore[no-any-return]
        text(
            "SELECT f.at FROM reader r JOIN fact f ON f.transaction = r.transaction AND f.position = r.position WHERE r.name = :name"
        ),
        {"name": READER},
    )
