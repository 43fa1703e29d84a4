"""A world to measure in, told straight in SQL: as many cases as wanted, with their customers, orders, words, clocks and facts.

Shops, owners and words are as uneven as in life. What is active is recent; everything lies within the last twelve months, so a
larger world is a denser one. The texts go through the same tokenizer as everybody's.
"""

import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from aftercare.cases.model import BLOCK
from aftercare.identity.keys import digest
from aftercare.identity.sessions import csrf_token
from aftercare.journal import House
from aftercare.kit.text import tsvector_text

SHOPS = 24
STAFF = 60
AGENTS_SHOPS = 5
SAYINGS = 6_000
BUYERS = 4_000
"""Customers with a session each, and a delivered order each of which they may claim."""
UNITS = 1_000

GOODS = ["破壁料理机", "电饭煲", "空气炸锅", "羽绒服", "运动鞋", "连衣裙", "坚果礼盒", "蓝牙耳机", "扫地机器人", "保温杯", "儿童座椅", "床垫", "显示器",
         "行李箱", "牛奶", "洗面奶", "kettle", "headphones", "sweater", "vacuum cleaner", "rice cooker", "sneakers", "monitor", "backpack"]  # fmt: skip
TROUBLES = ["收到就是坏的", "颜色和图片不一样", "尺码偏小", "漏水", "充不进电", "噪音太大", "少发了一件", "包装破损", "味道不对", "屏幕有亮点", "拉链坏了", "迟迟没有发货",
            "物流三天没有更新", "发错货了", "无法开机", "arrived broken", "wrong size", "does not charge", "leaks at the bottom",
            "parcel is late", "colour differs from the picture", "a part is missing"]  # fmt: skip
WISHES = ["想退货退款", "请帮我换一个", "能不能补发", "希望赔偿", "什么时候能处理", "请尽快回复", "可以上门取件吗", "运费谁出", "麻烦开发票", "want my money back",
          "please send a new one", "who pays the freight", "please answer soon", "can it be repaired"]  # fmt: skip
PLACES = ["上海", "北京", "广州", "成都", "杭州", "武汉", "西安", "沈阳", "Berlin", "São Paulo"]


def _sayings(rolls: random.Random) -> list[str]:
    def one(choices: list[str]) -> str:
        return choices[int(len(choices) * rolls.random() ** 2)]

    return [
        f"{one(GOODS)} {one(TROUBLES)}，{one(WISHES)}。{one(PLACES)} 型号 M{int(900 * rolls.random() ** 2) + 100}-{rolls.choice('ABCDEFG')}"
        for _ in range(SAYINGS)
    ]


PRELUDE = f"""
SET session_replication_role = replica;
SELECT setseed(0.42);
CREATE OR REPLACE FUNCTION bench_id(kind int, n bigint, at timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(kind), 3, '0')
    || '8' || lpad(to_hex(n), 15, '0'))::uuid $$;
CREATE UNLOGGED TABLE bench_saying (n int PRIMARY KEY, body text, words tsvector);
CREATE UNLOGGED TABLE bench_case AS
SELECT i AS n, at, bench_id(1, i, at) AS id, bench_id(2, i, at) AS thread_id, bench_id(3, i, at) AS claim_id,
  s AS shop_n, bench_id(4, s, '2025-01-01') AS shop_id,
  c AS customer_n, bench_id(5, c, '2025-01-01') AS customer_id, bench_id(6, 1 + i / 2, '2025-01-01') AS order_id,
  status, owner, saying,
  CASE WHEN status IN ('solved', 'closed') THEN '9999-12-31'::timestamptz
    ELSE :'now'::timestamptz + (random() * 100 - 20) * interval '1 hour' END AS due_at,
  at + random() * interval '5 days' AS last_at
FROM (
  SELECT i, :'now'::timestamptz - interval '360 days' + (i * 360.0 / :cases) * interval '1 day' AS at,
    1 + ((1 + i / 3) % {SHOPS} * 7919 % {SHOPS} * ((1 + i / 3) % {SHOPS} * 7919 % {SHOPS})) / {SHOPS} AS s, 1 + i / 3 AS c,
    CASE WHEN random() < CASE WHEN i > :cases * 0.8 THEN 0.30 ELSE 0.025 END
      THEN (ARRAY['open', 'waiting_shop', 'waiting_customer'])[1 + floor(random() * 3)::int]
      WHEN random() < 0.2 THEN 'solved' ELSE 'closed' END AS status,
    CASE WHEN random() < 0.9 THEN 1 + floor({STAFF} * random() ^ 1.5)::int END AS owner,
    1 + floor({SAYINGS} * random())::int AS saying
  FROM generate_series(1, :cases) i
) x;
CREATE UNIQUE INDEX ON bench_case (n);
ANALYZE bench_case;
"""

TABLES = {
    "shops": f"""
INSERT INTO shop (id, code, name, market, locale, time_zone, currency, return_address, created_at)
SELECT bench_id(4, s, '2025-01-01'), 'bench-' || s, '店铺 ' || s, 'CN', 'zh-CN', 'Asia/Shanghai', 'CNY',
  '{{"name": "售后部", "phone": "021-55550101", "line": "上海市嘉定区曹安公路 4988 号"}}', '2025-01-01'
FROM generate_series(1, {SHOPS}) s;
INSERT INTO account (id, email, name, locale, created_at)
SELECT bench_id(7, a, '2025-01-01'), 'agent' || a || '@bench.test', '客服 ' || a, 'zh-CN', '2025-01-01'
FROM generate_series(1, {STAFF}) a;
INSERT INTO membership (id, account_id, role, shop_id)
SELECT bench_id(8, a * 100 + s, '2025-01-01'), bench_id(7, a, '2025-01-01'), 'supervisor', bench_id(4, 1 + (a + s) % {SHOPS}, '2025-01-01')
FROM generate_series(1, {STAFF} - 1) a, generate_series(0, {AGENTS_SHOPS} - 1) s;
INSERT INTO membership (id, account_id, role) VALUES (bench_id(8, 0, '2025-01-01'), bench_id(7, {STAFF}, '2025-01-01'), 'owner');
""",
    "customers": """
INSERT INTO customer (id, shop_id, external_id, name, email, phone, locale, content, since)
SELECT customer_id, min(shop_id::text)::uuid, 'c' || customer_n, '顾客 ' || customer_n, 'c' || customer_n || '@bench.test',
  '+86138' || lpad(customer_n::text, 8, '0'), 'zh-CN', '', '2025-01-01'
FROM bench_case GROUP BY customer_id, customer_n;
INSERT INTO product (id, shop_id, external_id, sku, title, category, price_cents, currency, content)
SELECT bench_id(9, p, '2025-01-01'), bench_id(4, 1 + p % 24, '2025-01-01'), 'p' || p, 'SKU-' || p, '商品 ' || p, 'appliances', 9900, 'CNY', ''
FROM generate_series(1, 2400) p;
""",
    "orders": """
INSERT INTO sales_order (id, shop_id, number, number_key, external_id, source, customer_id, status, currency, placed_at, paid_at,
  shipped_at, delivered_at, goods_cents, discount_cents, freight_cents, paid_cents, content, tsv, tokenizer)
SELECT DISTINCT ON (order_id) order_id, shop_id, 'SO' || n, 'so' || n, 'o' || n, 'bench', customer_id, 'delivered', 'CNY', at, at, at, at,
  19900, 0, 0, 19900, '', array_to_tsvector(ARRAY['so' || n]), 1
FROM bench_case ORDER BY order_id, n;
INSERT INTO order_line (id, shop_id, order_id, position, external_id, sku, title, category, quantity, unit_price_cents, discount_cents,
  freight_cents, paid_cents, currency)
SELECT DISTINCT ON (order_id) bench_id(10, n, '2025-01-01'), shop_id, order_id, 1, '1', 'SKU-1', '商品', 'appliances', 1, 19900, 0, 0, 19900, 'CNY'
FROM bench_case ORDER BY order_id, n;
""",
    "cases": """
INSERT INTO thread (id, shop_id, customer_id, opened_at, last_message_at)
SELECT thread_id, shop_id, customer_id, at, last_at FROM bench_case ORDER BY n;
INSERT INTO service_case (id, shop_id, number, customer_id, order_id, thread_id, title, status, stage, priority, owner_id, assigned_at,
  channel, locale, tags, opened_at, last_message_at, last_author, last_words, answered_at, waiting_since, due_at, solved_at, closed_at, closing)
SELECT c.id, shop_id, 'AC-' || to_char(at, 'YYMM') || '-' || lpad(c.n::text, greatest(6, length(c.n::text)), '0'), customer_id, order_id, thread_id,
  left(s.body, 60), status, CASE status WHEN 'closed' THEN 'evaluated' ELSE 'consulted' END, 'normal',
  bench_id(7, owner, '2025-01-01'), CASE WHEN owner IS NOT NULL THEN at END, 'portal', 'zh-CN', ARRAY['return_refund'], at, last_at, 'customer',
  s.body, CASE WHEN status <> 'open' THEN at END, CASE WHEN status IN ('open', 'waiting_shop') THEN last_at END, due_at,
  CASE WHEN status IN ('solved', 'closed') THEN last_at END, CASE status WHEN 'closed' THEN last_at END, CASE status WHEN 'closed' THEN 'confirmed' END
FROM bench_case c JOIN bench_saying s ON s.n = c.saying ORDER BY c.n;
SELECT setval('service_case_number', :cases);
INSERT INTO case_link (case_id, object_kind, object_id, shop_id, linked_at)
SELECT id, 'claim', claim_id, shop_id, at FROM bench_case WHERE n % 10 < 6 ORDER BY n;
""",
    "words": f"""
INSERT INTO case_words (case_id, shop_id, block, words)
SELECT c.id, shop_id, c.n / {BLOCK}, s.words || t.words || array_to_tsvector(ARRAY['ac-' || to_char(at, 'YYMM') || '-' || lpad(c.n::text, 6, '0'),
  'c' || customer_n || '@bench.test', '138' || lpad(customer_n::text, 8, '0'), 'so' || c.n])
FROM bench_case c JOIN bench_saying s ON s.n = c.saying JOIN bench_saying t ON t.n = 1 + (c.saying * 31 + c.n) % {SAYINGS} ORDER BY c.n;
""",
    "messages": f"""
INSERT INTO message (id, shop_id, thread_id, author_kind, author_id, kind, channel, body, sent_at)
SELECT bench_id(20 + k, c.n, at), shop_id, thread_id, (ARRAY['customer', 'staff'])[1 + k % 2],
  CASE WHEN k % 2 = 0 THEN customer_id ELSE bench_id(7, coalesce(owner, 1), '2025-01-01') END, CASE k WHEN 3 THEN 'note' ELSE 'message' END,
  'portal', s.body, at + (last_at - at) * k / 4
FROM bench_case c, generate_series(0, 3) k, LATERAL (SELECT body FROM bench_saying s WHERE s.n = 1 + (c.saying + k * 7) % {SAYINGS}) s ORDER BY c.n, k;
""",
    "clocks": """
INSERT INTO clock (id, shop_id, subject_kind, subject_id, name, state, started_at, due_at, warn_at, ended_at, settled_at, length, business, policy, max_extensions)
SELECT bench_id(30, n, at), shop_id, 'case', id, 'case.first_answer', 'kept', at, at + interval '4 hours', NULL, at + interval '1 hour', at + interval '1 hour',
  interval '1 hour', true, 'default', 1 FROM bench_case ORDER BY n;
INSERT INTO clock (id, shop_id, subject_kind, subject_id, name, state, started_at, due_at, warn_at, ended_at, settled_at, length, business, policy, max_extensions)
SELECT bench_id(31, n, at), shop_id, 'case', id, 'case.resolution',
  CASE WHEN over THEN 'kept' WHEN due_at < :'now' THEN 'fired' ELSE 'running' END, least(at, due_at), due, NULL,
  CASE WHEN over THEN last_at WHEN due_at < :'now' THEN due_at END, CASE WHEN over THEN last_at END, interval '3 days', true, 'default', 1
FROM (SELECT *, status IN ('solved', 'closed') AS over, CASE WHEN status IN ('solved', 'closed') THEN at + interval '6 days' ELSE due_at END AS due FROM bench_case) c ORDER BY n;
INSERT INTO clock (id, shop_id, subject_kind, subject_id, name, state, started_at, due_at, warn_at, ended_at, settled_at, length, business, policy, max_extensions)
SELECT bench_id(32, n, at), shop_id, 'claim', claim_id, 'claim.ship', CASE WHEN over THEN 'kept' ELSE 'running' END, least(at, due), due, NULL,
  CASE WHEN over THEN last_at END, CASE WHEN over THEN last_at END, interval '7 days', false, 'default', 1
FROM (SELECT *, status IN ('solved', 'closed') AS over,
  CASE WHEN status IN ('solved', 'closed') THEN at + interval '7 days' ELSE greatest(due_at, :'now') + interval '1 day' END AS due FROM bench_case) c
WHERE n % 10 < 6 ORDER BY n;
""",
    "facts": """
SELECT ensure_fact_month(m) FROM generate_series(:'now'::timestamptz - interval '361 days', :'now'::timestamptz + interval '1 month', interval '1 month') m;
INSERT INTO fact (at, position, name, actor_kind, actor_id, shop_id, data)
SELECT at + (last_at - at) * k / 10, n * 10 + k, (ARRAY['case.opened', 'message.posted', 'clock.started', 'claim.applied', 'message.posted', 'clock.kept',
  'case.assigned', 'message.posted', 'claim.approved', 'case.stage_set'])[1 + k], CASE k % 3 WHEN 0 THEN 'customer' WHEN 1 THEN 'staff' ELSE 'system' END,
  CASE k % 3 WHEN 0 THEN customer_id WHEN 1 THEN bench_id(7, coalesce(owner, 1), '2025-01-01') END, shop_id,
  jsonb_build_object('case_id', id, 'customer_id', customer_id, 'claim_id', claim_id, 'amount_cents', 19900)
FROM bench_case, generate_series(0, 9) k ORDER BY n, k;
SELECT setval('fact_position', :cases * 10 + 100);
""",
    "objects": """
INSERT INTO fact_object (object_id, at, position, object_kind, shop_id)
SELECT CASE o WHEN 0 THEN id WHEN 1 THEN customer_id ELSE claim_id END, at + (last_at - at) * k / 10, n * 10 + k,
  CASE o WHEN 0 THEN 'case' WHEN 1 THEN 'customer' ELSE 'claim' END, shop_id
FROM bench_case, generate_series(0, 9) k, generate_series(0, 2) o WHERE o = 0 OR (o = 1 AND k IN (0, 3, 8)) OR (o = 2 AND k IN (3, 8) AND n % 10 < 6) ORDER BY n, k, o;
""",
}

BUYERS_SQL = f"""
INSERT INTO customer (id, shop_id, external_id, name, email, phone, locale, content, since)
SELECT bench_id(40, b, '2025-01-01'), bench_id(4, 1 + b % {AGENTS_SHOPS}, '2025-01-01'), 'b' || b, '买家 ' || b, 'b' || b || '@bench.test', '+86139' || lpad(b::text, 8, '0'),
  'zh-CN', '', '2025-01-01' FROM generate_series(1, {BUYERS}) b;
INSERT INTO sales_order (id, shop_id, number, number_key, external_id, source, customer_id, status, currency, placed_at, paid_at,
  shipped_at, delivered_at, auto_confirm_at, goods_cents, discount_cents, freight_cents, paid_cents, content, tsv, tokenizer)
SELECT bench_id(41, b, '2025-01-01'), bench_id(4, 1 + b % {AGENTS_SHOPS}, '2025-01-01'), 'BO' || b, 'bo' || b, 'b' || b, 'bench', bench_id(40, b, '2025-01-01'),
  'delivered', 'CNY', n - interval '5 days', n - interval '5 days', n - interval '4 days', n - interval '1 day', n + interval '9 days',
  9900 * {UNITS}, 0, 0, 9900 * {UNITS}, '', array_to_tsvector(ARRAY['bo' || b]), 1
FROM generate_series(1, {BUYERS}) b, (SELECT :'now'::timestamptz AS n) t;
INSERT INTO order_line (id, shop_id, order_id, position, external_id, product_id, sku, title, category, quantity, unit_price_cents, discount_cents,
  freight_cents, paid_cents, currency)
SELECT bench_id(42, b, '2025-01-01'), bench_id(4, 1 + b % {AGENTS_SHOPS}, '2025-01-01'), bench_id(41, b, '2025-01-01'), 1, '1', bench_id(9, 24 + b % {AGENTS_SHOPS}, '2025-01-01'), 'SKU-' || b,
  '破壁料理机 L18', 'appliances', {UNITS}, 9900, 0, 0, 9900 * {UNITS}, 'CNY'
FROM generate_series(1, {BUYERS}) b;
INSERT INTO payment (id, shop_id, order_id, external_id, method, provider, provider_ref, amount_cents, currency, paid_at)
SELECT bench_id(43, b, '2025-01-01'), bench_id(4, 1 + b % {AGENTS_SHOPS}, '2025-01-01'), bench_id(41, b, '2025-01-01'), '1', 'card', 'sandbox', 'pay-' || b, 9900 * {UNITS}, 'CNY', :'now'
FROM generate_series(1, {BUYERS}) b;
INSERT INTO shipment (id, shop_id, direction, way, order_id, carrier, tracking_number, status, announced_at, secret)
SELECT bench_id(44, b, '2025-01-01'), bench_id(4, 1, '2025-01-01'), 'outbound', 'waybill', bench_id(41, b, '2025-01-01'), 'shunfeng', 'SF' || lpad(b::text, 12, '0'), 'pending', :'now', 'secret-' || b
FROM generate_series(1, {BUYERS}) b;
"""


async def told(connection: asyncpg.Connection, script: str, cases: int, now: datetime | None = None) -> None:
    """Runs a script of this world."""
    at = (now or datetime.now(UTC)).replace(microsecond=0)
    await connection.execute(script.replace(":'now'", f"'{at.isoformat()}'").replace(":cases", str(cases)))


async def sayings(connection: asyncpg.Connection) -> None:
    """What is said in it, after the prelude."""
    said = _sayings(random.Random(7))
    await connection.executemany(
        "INSERT INTO bench_saying VALUES ($1, $2, CAST(CAST($3 AS text) AS tsvector))",
        [(number, body, tsvector_text(body)) for number, body in enumerate(said, 1)],
    )


ALL_OPEN = """
UPDATE bench_case SET status = (ARRAY['open', 'waiting_shop', 'waiting_customer'])[1 + n % 3],
  due_at = :'now'::timestamptz + (random() * 100 - 20) * interval '1 hour';
"""


async def tell(
    connection: asyncpg.Connection, cases: int, now: datetime | None = None, *, all_open: bool = False
) -> None:
    """Fills an empty database; the connection must be the superuser's. Drops what only the telling needed."""
    at = now or datetime.now(UTC)
    await told(connection, PRELUDE, cases, at)
    if all_open:
        await told(connection, ALL_OPEN, cases, at)
    await sayings(connection)
    for script in (*TABLES.values(), BUYERS_SQL):
        await told(connection, script, cases, at)
    await connection.execute("DROP TABLE bench_case, bench_saying")
    await connection.execute("VACUUM ANALYZE")


@dataclass(frozen=True)
class SignedIn:
    """Somebody with a session, as headers."""

    headers: dict[str, str]


async def sign_in(
    connection: asyncpg.Connection,
    house: House,
    name: str,
    *,
    account: UUID | None = None,
    customer: tuple[UUID, UUID] | None = None,
) -> SignedIn:
    """A session, put there without a password; `customer` is the customer and the shop."""
    session_id, token = house_id(name), f"bench-{name}-".ljust(43, "x")
    await connection.execute(
        "INSERT INTO session (id, token_hash, kind, account_id, customers, shops, locale, opened_at, seen_at, expires_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, 'zh-CN', now(), now(), now() + interval '7 days')"
        " ON CONFLICT (token_hash) DO UPDATE SET seen_at = now() + interval '10 minutes'",
        session_id, digest(token), "staff" if account else "customer", account,
        json.dumps([str(customer[0])] if customer else []), json.dumps([str(customer[1])] if customer else []),
    )  # fmt: skip
    return SignedIn({"cookie": f"aftercare_session={token}", "x-csrf-token": csrf_token(house, session_id)})


def house_id(name: str) -> UUID:
    return UUID(bytes=digest(name)[:16], version=4)
