"""The lake: how long it takes to copy everything anew, to copy what is new, and to answer what a dashboard asks.

The world is the one of `growth` (ten facts for each case) with facts, claims, refunds and ratings as life writes them, since
those are what is asked about.
"""

import asyncio
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

from aftercare.insights.lake import Lake, Refreshed, Tables
from aftercare.insights.lake.copying import refresh_folder
from aftercare.insights.lake.manifest import read_manifest
from aftercare.insights.lake.ready import fingerprint
from bench.ground import Ground, owner
from bench.world import PRELUDE, TABLES, sayings, told

if TYPE_CHECKING:
    import ibis.expr.types as ir

FACTS_OF_A_CASE = 10
NEW_FACTS = 10_000
ROUNDS = 20
QUESTION_SECONDS = 1.0
LEFT_OUT = ("words", "facts", "objects")

FACTS_SQL = """
SELECT ensure_fact_month(m) FROM generate_series(:'now'::timestamptz - interval '361 days', :'now'::timestamptz + interval '1 month', interval '1 month') m;
INSERT INTO fact (at, position, name, actor_kind, actor_id, shop_id, data)
SELECT at + (last_at - at) * k / 10, :first + n * 10 + k, name, actor, CASE actor WHEN 'customer' THEN customer_id WHEN 'staff' THEN staff_id END, shop_id,
  jsonb_strip_nulls(jsonb_build_object('case_id', id) || CASE k
    WHEN 0 THEN jsonb_build_object('thread_id', thread_id, 'customer_id', customer_id, 'order_id', order_id, 'channel', channel, 'number', 'AC-' || n)
    WHEN 1 THEN jsonb_build_object('thread_id', thread_id, 'message_id', bench_id(20, n, at), 'customer_id', customer_id, 'author_kind', 'customer', 'channel', channel)
    WHEN 2 THEN jsonb_build_object('subject_id', id, 'subject_kind', 'case', 'clock_id', bench_id(30, n, at), 'clock', 'case.first_answer', 'due_at', at, 'policy', 'default')
    WHEN 3 THEN jsonb_build_object('claim_id', claim_id, 'customer_id', customer_id, 'kind', kind, 'from_state', 'draft', 'to_state', 'pending_merchant', 'mover', 'customer')
    WHEN 4 THEN jsonb_build_object('account_id', staff_id, 'how', 'taken')
    WHEN 5 THEN jsonb_build_object('thread_id', thread_id, 'message_id', bench_id(21, n, at), 'customer_id', customer_id, 'author_kind', 'staff', 'channel', channel)
    WHEN 6 THEN jsonb_build_object('subject_id', id, 'subject_kind', 'case', 'clock_id', bench_id(30, n, at), 'clock', 'case.first_answer', 'due_at', at, 'policy', 'default', 'late', n % 9 = 0)
    WHEN 7 THEN jsonb_build_object('claim_id', claim_id, 'customer_id', customer_id, 'kind', kind, 'from_state', 'pending_merchant', 'to_state', 'approved', 'mover', 'policy', 'rule', 'cn.7-days', 'amount_cents', cents, 'currency', 'CNY')
    WHEN 8 THEN jsonb_build_object('refund_id', bench_id(50, n, at), 'claim_id', claim_id, 'order_id', order_id, 'amount_cents', cents, 'currency', 'CNY', 'method', 'card')
    ELSE jsonb_build_object('customer_id', customer_id, 'account_id', staff_id) END)
FROM (
  SELECT b.*, k, (ARRAY['case.opened', 'message.posted', 'clock.started', 'claim.applied', 'case.assigned', 'message.posted', 'clock.kept',
      'claim.approved', 'refund.paid', 'case.solved'])[1 + k] AS name,
    (ARRAY['customer', 'customer', 'system', 'customer', 'staff', 'staff', 'system', 'system', 'system', 'staff'])[1 + k] AS actor,
    bench_id(7, coalesce(owner, 1), '2025-01-01') AS staff_id, (ARRAY['portal', 'chat', 'email', 'phone'])[1 + n % 4] AS channel,
    (ARRAY['return_refund', 'refund_only', 'exchange', 'repair'])[1 + n % 4] AS kind, 1000 + n % 90000 * 7919 % 90000 AS cents
  FROM bench_case b, generate_series(0, 9) k WHERE k NOT IN (3, 7, 8) OR b.n % 10 < 6
) x;
"""
CLAIMS_SQL = """
INSERT INTO claim (id, shop_id, number, case_id, customer_id, kind, state, reason, fault_side, condition, before_receipt, currency, requested_cents,
  agreed_cents, policy, law, outcome, applied_at, decided_at, ended_at, moved_at, repair_way)
SELECT claim_id, shop_id, 'CL-' || n, id, customer_id, (ARRAY['return_refund', 'refund_only', 'exchange', 'repair'])[1 + n % 4], 'refunded',
  (ARRAY['no_reason', 'defective', 'damaged', 'wrong_item', 'not_as_described'])[1 + n % 5], 'shop', 'as_new', false, 'CNY', 1000 + n % 90000 * 7919 % 90000,
  1000 + n % 90000 * 7919 % 90000, 'default', 'cn', (ARRAY['approve', 'review'])[1 + n % 2], at + interval '1 hour', at + (last_at - at) * 0.7, last_at, last_at, 'mail_in'
FROM bench_case WHERE n % 10 < 6 ORDER BY n;
INSERT INTO claim_line (id, shop_id, claim_id, order_id, order_line_id, product_id, quantity, requested_cents, reserved_cents, agreed_cents)
SELECT bench_id(51, n, at), b.shop_id, claim_id, b.order_id, l.id, bench_id(9, 1 + n % 2400, '2025-01-01'), 1, 1000 + n % 90000 * 7919 % 90000, 1000 + n % 90000 * 7919 % 90000, 1000 + n % 90000 * 7919 % 90000
FROM bench_case b JOIN order_line l ON l.order_id = b.order_id WHERE n % 10 < 6;
INSERT INTO refund (id, shop_id, claim_id, order_id, customer_id, provider, amount_cents, currency, key, state, requested_at, paid_at)
SELECT bench_id(50, n, at), shop_id, claim_id, order_id, customer_id, 'sandbox', 1000 + n % 90000 * 7919 % 90000, 'CNY', 'k' || n, 'paid',
  at + (last_at - at) * 0.7, at + (last_at - at) * 0.8 FROM bench_case WHERE n % 10 < 6;
INSERT INTO survey_answer (id, shop_id, case_id, customer_id, satisfied, effort, recommend, comment, answered_at)
SELECT bench_id(52, n, at), shop_id, id, customer_id, 1 + n % 5, 1 + n % 7, n % 11, '', last_at FROM bench_case WHERE n % 8 = 0;
"""


@dataclass
class Result:
    what: str
    facts: int
    seconds: float
    """Of a copy; of a question the p95."""
    allowed_seconds: float | None
    p50: float | None = None
    first: float | None = None
    """The first time, when nothing had been read before."""
    rows: int | None = None
    megabytes: int | None = None
    """Of the whole process at its largest."""
    processor: float | None = None
    """Seconds of processor time that the copying process took, PostgreSQL's not counted; of a question the median. On a busy machine
    it says more than the clock."""


async def fill(url: str, facts: int) -> None:
    """The world in an empty database."""
    connection = await owner(url)
    try:
        cases, at = facts // FACTS_OF_A_CASE, datetime.now(UTC)
        await told(connection, PRELUDE, cases, at)
        await sayings(connection)
        for name, script in TABLES.items():
            if name not in LEFT_OUT:
                await told(connection, script, cases, at)
        await told(connection, CLAIMS_SQL + FACTS_SQL.replace(":first", "0"), cases, at)
        await connection.execute("SELECT setval('fact_position', $1)", cases * 10 + 100)
        await connection.execute("DROP TABLE bench_case, bench_saying")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def live_on(url: str, facts: int, new: int) -> None:
    """So many facts more, of cases taken from everywhere, most of them recent; and what those facts are about has changed."""
    connection: asyncpg.Connection = await owner(url)
    try:
        await connection.execute("SET session_replication_role = replica")
        await connection.execute(
            """
            CREATE TEMP TABLE chosen AS SELECT id, shop_id, customer_id, owner_id, row_number() OVER () AS n FROM (
              (SELECT * FROM service_case ORDER BY opened_at DESC LIMIT $1 * 9 / 10)
              UNION ALL (SELECT * FROM service_case TABLESAMPLE SYSTEM (5) LIMIT $1 / 10)) c
            """,
            new,
        )
        await connection.execute(
            "UPDATE service_case SET stage = 'followed_up' WHERE id IN (SELECT id FROM chosen)"
        )
        await connection.execute(
            """
            INSERT INTO fact (at, position, name, actor_kind, actor_id, shop_id, data)
            SELECT now(), nextval('fact_position'), 'case.stage_set', 'staff', owner_id, shop_id,
              jsonb_build_object('case_id', id, 'customer_id', customer_id, 'stage', 'followed_up', 'before', 'consulted') FROM chosen
            """
        )
        await connection.execute("DROP TABLE chosen")
    finally:
        await connection.close()


def refreshed(url: str, folder: Path, rebuild: bool) -> tuple[Refreshed, int, float]:
    """In a process of its own, with the megabytes that it took at most, and its processor time."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_refresh, (url, folder, rebuild))


def _refresh(url: str, folder: Path, rebuild: bool) -> tuple[Refreshed, int, float]:
    import aftercare.house  # noqa: F401  # all that is kept ready

    began = time.process_time()
    done = refresh_folder(url, folder, rebuild=rebuild)
    took = time.process_time() - began
    return done, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, round(took, 2)


ZONE = "Asia/Shanghai"


def questions(now: datetime) -> Iterator[tuple[str, "ir.Table"]]:
    """What dashboards ask, each over the whole year and all shops unless it says otherwise."""
    import ibis
    from ibis import _

    t = Tables()
    facts, cases, claims = t.facts, t.cases, t.claims

    def day(column: Any) -> Any:
        """The day on the shops' own clocks, as a number, so that every engine answers it in the same way."""
        return (column.epoch_seconds() + 8 * 3600) // 86_400

    yield "facts by day and name", facts.group_by(day=day(facts.at), name=facts.name).agg(n=_.count())
    recent = facts.filter(facts.at >= ibis.timestamp(now - timedelta(days=30)))
    yield (
        "facts of 30 days by hour",
        recent.group_by(hour=recent.at.hour(), name=recent.name).agg(n=_.count()),
    )
    yield (
        "cases by day and channel",
        cases.group_by(day=day(cases.opened_at), channel=cases.channel).agg(n=_.count()),
    )
    answered = cases.mutate(
        waited=cases.first_answered_at.epoch_seconds() - cases.opened_at.epoch_seconds(),
        month=cases.opened_at.truncate("M"),
    )
    yield (
        "first answer, median and p90 by month",
        answered.group_by("month", "shop_id").agg(
            median=_.waited.quantile(0.5), p90=_.waited.quantile(0.9), n=_.waited.count()
        ),
    )
    yield (
        "claims by month, kind, reason",
        claims.group_by(month=claims.applied_at.truncate("M"), kind=claims.kind, reason=claims.reason).agg(
            n=_.count(), cents=_.agreed_cents.sum()
        ),
    )
    refunds = t.refunds.mutate(
        took=t.refunds.paid_at.epoch_seconds() - t.refunds.requested_at.epoch_seconds()
    )
    yield (
        "refunds by week and shop, median time",
        refunds.group_by(week=refunds.requested_at.truncate("W"), shop=refunds.shop_id).agg(
            median=_.took.quantile(0.5), cents=_.amount_cents.sum()
        ),
    )
    assigned = facts.filter(facts.name == "case.assigned")
    yield (
        "cases taken by person and week",
        assigned.group_by(person=assigned.account_id, week=assigned.at.truncate("W")).agg(
            n=_.case_id.nunique()
        ),
    )
    said = t.messages.filter(t.messages.author_kind == "staff")
    yield (
        "answers by person and day",
        said.group_by(person=said.account_id, day=day(said.at)).agg(n=_.count(), cases=_.thread_id.nunique()),
    )
    following = cases.select(
        "customer_id",
        "opened_at",
        "shop_id",
        next=cases.opened_at.lead().over(ibis.window(group_by=cases.customer_id, order_by=cases.opened_at)),
    )
    again = following.next.epoch_seconds() - following.opened_at.epoch_seconds() < 7 * 86_400
    yield (
        "customers who ask again within a week",
        following.group_by(month=following.opened_at.truncate("M")).agg(n=_.count(), again=again.sum()),
    )
    yield (
        "customers heard of by month (distinct)",
        facts.group_by(month=facts.at.truncate("M")).agg(customers=facts.customer_id.nunique()),
    )
    applied = facts.filter(facts.name == "claim.applied").select("claim_id", "shop_id", applied="at")
    approved = facts.filter(facts.name == "claim.approved").select("claim_id", approved="at")
    decided = applied.inner_join(approved, "claim_id").mutate(
        took=lambda row: row.approved.epoch_seconds() - row.applied.epoch_seconds()
    )
    yield (
        "from application to decision, from facts",
        decided.group_by(month=decided.applied.truncate("M")).agg(n=_.count(), median=_.took.quantile(0.5)),
    )
    lines = t.claim_lines.inner_join(t.products, t.claim_lines.product_id == t.products.id)
    yield (
        "products with most claims",
        lines.group_by("product_id", "title")
        .agg(n=_.count(), cents=_.amount_cents.sum())
        .order_by(ibis.desc("n"))
        .limit(20),
    )
    yield (
        "ratings by week and question",
        t.ratings.group_by(week=t.ratings.at.truncate("W"), question=t.ratings.question).agg(
            n=_.count(), mean=_.score.mean()
        ),
    )
    yield (
        "clocks kept by name and day",
        t.clocks.group_by(day=day(t.clocks.started_at), name=t.clocks.name).agg(
            n=_.count(), late=_.late.sum()
        ),
    )
    yield (
        "what was open at the end of each day",
        cases.group_by(opened=day(cases.opened_at), solved=day(cases.solved_at)).agg(n=_.count()),
    )


def ask(folder: Path, facts: int, now: datetime) -> Iterator[Result]:
    lake = Lake(folder)
    try:
        lake.fetch(Tables().shops)
        for what, expression in questions(now):
            times, worked = [], []
            for _round in range(ROUNDS + 1):
                began, idle = time.perf_counter(), time.process_time()
                rows = lake.fetch(expression)
                times.append(time.perf_counter() - began)
                worked.append(time.process_time() - idle)
            first, *again = times
            yield Result(
                what,
                facts,
                round(statistics.quantiles(again, n=20)[-1], 3),
                QUESTION_SECONDS,
                p50=round(statistics.median(again), 3),
                first=round(first, 3),
                rows=len(rows),
                processor=round(statistics.median(worked[1:]), 3),
            )
    finally:
        lake.close()


def measure(
    ground: Ground,
    facts: int,
    *,
    again: bool = False,
    show: Callable[[Result], None] = lambda _result: None,
) -> list[Result]:
    """`again`: only the questions, of the lake that is there from the last time, if its tables are still as they are now."""
    database, url = f"bench_lake_{facts}", ground.url(f"bench_lake_{facts}")
    folder = ground.home / database
    known = ground.cluster.psql("SELECT count(*) FROM pg_database WHERE datname = :'name'", name=database)
    if known.strip() == "0":
        ground.drop(f"{database}_new")
        ground.make(f"{database}_new")
        asyncio.run(fill(ground.url(f"{database}_new"), facts))
        ground.cluster.psql(f'ALTER DATABASE "{database}_new" RENAME TO "{database}"')
    results: list[Result] = []

    def keep(result: Result) -> None:
        results.append(result)
        show(result)

    seen = read_manifest(folder) if again else None
    if seen is not None and seen.shape == fingerprint():
        for result in ask(folder, facts, datetime.now(UTC)):
            keep(result)
        return results
    done, megabytes, worked = refreshed(url, folder, True)
    size = sum(path.stat().st_size for path in folder.glob("*/**/*.parquet")) // 2**20
    keep(
        Result(
            f"everything anew ({size} MB)",
            done.facts,
            done.seconds,
            None,
            rows=done.rows,
            megabytes=megabytes,
            processor=worked,
        )
    )
    for new in (NEW_FACTS, NEW_FACTS // 100):
        asyncio.run(live_on(url, facts, new))
        done, megabytes, worked = refreshed(url, folder, False)
        keep(
            Result(
                f"what is new: {new:,} facts",
                done.facts,
                done.seconds,
                None,
                rows=done.rows,
                megabytes=megabytes,
                processor=worked,
            )
        )
    for result in ask(folder, facts, datetime.now(UTC)):
        keep(result)
    return results
