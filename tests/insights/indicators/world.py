"""A small world as the lake tells it, row by row, and the three engines that may be asked about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from tempfile import gettempdir
from typing import Any

import ibis
import pyarrow

from aftercare.insights.indicators.counting import find
from aftercare.insights.indicators.definitions import definition
from aftercare.insights.indicators.questions import Asked, Engine, Question
from aftercare.insights.indicators.targets import Target
from aftercare.insights.indicators.times import Grain
from aftercare.insights.lake import SHAPES, Tables

SINCE, UNTIL = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
NOW = datetime(2026, 4, 15, tzinfo=UTC)
MARCH = Question(SINCE, UNTIL, grain=Grain.week)

Row = dict[str, Any]


def uid(kind: int, number: int) -> str:
    return f"{kind:08x}-0000-7000-8000-{number:012x}"


A, B = uid(1, 1), uid(1, 2)
CASE, CLAIM, ORDER, PRODUCT, ACCOUNT, CUSTOMER, LINE = 2, 3, 4, 5, 6, 7, 8
MEI, BO = uid(ACCOUNT, 1), uid(ACCOUNT, 2)
KETTLE, SHIRT = uid(PRODUCT, 1), uid(PRODUCT, 2)


def at(day: int, hour: float = 0, month: int = 3) -> datetime:
    return datetime(2026, month, day, tzinfo=UTC) + timedelta(hours=hour)


def case(number: int, shop: str, opened: datetime, **more: Any) -> Row:
    return {"id": uid(CASE, number), "shop_id": shop, "number": f"C{number}", "opened_at": opened, **more}


def fact(name: str, when: datetime, shop: str, **more: Any) -> Row:
    return {"name": name, "at": when, "shop_id": shop, **more}


def world() -> dict[str, list[Row]]:
    c = [uid(CASE, number) for number in range(8)]
    m = [uid(CLAIM, number) for number in range(8)]
    o = [uid(ORDER, number) for number in range(6)]
    people = [uid(CUSTOMER, number) for number in range(8)]
    facts = [
        *(
            fact("case.opened", when, shop, case_id=c[number])
            for number, shop, when in (
                (1, A, at(2, 2)), (2, A, at(6)), (3, B, at(10)), (4, A, at(20)), (5, A, at(20, month=2)), (6, A, at(12)),
            )
        ),
        fact("case.solved", at(2, 10), A, case_id=c[1]),
        fact("case.closed", at(5), A, case_id=c[1]),
        fact("case.solved", at(8, 12), A, case_id=c[2]),
        fact("case.reopened", at(9), A, case_id=c[2]),
        fact("case.solved", at(10), A, case_id=c[2]),
        fact("case.closed", at(20, 1), A, case_id=c[4]),
        # Called solved, and closed, by a slip that was taken back at once.
        fact("case.solved", at(28, month=2), A, case_id=c[5]),
        fact("case.ending_undone", at(28, 0.1, month=2), A, case_id=c[5], status="waiting_customer"),
        fact("case.closed", at(4), A, case_id=c[1]),
        fact("case.ending_undone", at(4, 0.1), A, case_id=c[1], status="solved"),
        fact("case.solved", at(3), A, case_id=c[5]),
        fact("case.solved", at(13), A, case_id=c[6]),
        fact("case.escalated", at(11), B, case_id=c[3]),
        fact("logistics_warning.published", at(8), A),
        fact("logistics_warning.published", at(25), B),
        fact("claim.disputed", at(5), A, case_id=c[1], claim_id=m[1]),
        fact("claim.accepted", at(4), A, case_id=c[1], claim_id=m[1], actor_id=MEI),
        fact("claim.received_by_clock", at(16), A, case_id=c[2], claim_id=m[2]),
    ]  # fmt: skip
    facts = sorted(facts, key=lambda one: one["at"])
    for position, one in enumerate(facts, 1):
        one["position"] = position
    return {
        "shops": [
            {"id": A, "name": "青岚", "country": "CN", "currency": "CNY", "time_zone": "Asia/Shanghai"},
            {"id": B, "name": "Verde", "country": "BR", "currency": "BRL", "time_zone": "America/Sao_Paulo"},
        ],
        "products": [
            {"id": KETTLE, "shop_id": A, "title": "水壶", "category": "appliances", "supplier": "S1", "batch": "B1"},
            {"id": SHIRT, "shop_id": A, "title": "衬衫", "category": "clothing", "supplier": "S2"},
        ],
        "facts": facts,
        "cases": [
            case(1, A, at(2, 2), customer_id=people[1], order_id=o[1], channel="chat", topic="refund", owner_id=MEI,
                 solved_at=at(2, 10), closed_at=at(5), closing="confirmed"),
            case(2, A, at(6), customer_id=people[1], order_id=o[1], channel="portal", topic="refund", owner_id=BO, solved_at=at(10)),
            case(3, B, at(10), customer_id=people[2], channel="email"),
            case(4, A, at(20), customer_id=people[3], channel="email", closed_at=at(20, 1), closing="spam"),
            case(5, A, at(20, month=2), customer_id=people[5], channel="chat", topic="parcel", owner_id=MEI, solved_at=at(3)),
            case(6, A, at(12), customer_id=people[6], channel="chat", owner_id=BO, solved_at=at(13)),
        ],
        "claims": [
            {"id": m[1], "shop_id": A, "case_id": c[1], "number": "R1", "kind": "return_refund", "state": "refunded",
             "reason": "defective", "outcome": "manual", "channel": "portal", "applied_at": at(2, 3), "decided_at": at(2, 5),
             "ended_at": at(4, 3)},
            {"id": m[2], "shop_id": A, "case_id": c[2], "number": "R2", "kind": "exchange", "state": "reshipped",
             "reason": "wrong_size", "outcome": "approve", "channel": "portal", "applied_at": at(6, 1), "decided_at": at(6, 1)},
            {"id": m[3], "shop_id": B, "case_id": c[3], "number": "R3", "kind": "refund_only", "state": "refunded",
             "reason": "damaged", "outcome": "approve", "channel": "api", "applied_at": at(10), "decided_at": at(10),
             "ended_at": at(10) + timedelta(seconds=300)},
            {"id": m[4], "shop_id": A, "case_id": c[6], "number": "R4", "kind": "repair", "state": "cancelled",
             "reason": "defective", "outcome": "manual", "channel": "portal", "applied_at": at(12), "ended_at": at(12, 5)},
            {"id": m[5], "shop_id": A, "case_id": c[6], "number": "R5", "kind": "repair", "state": "draft",
             "reason": "defective", "outcome": "manual", "channel": "portal", "applied_at": at(13)},
            {"id": m[6], "shop_id": A, "case_id": c[2], "number": "R6", "kind": "repair", "state": "pending_merchant",
             "reason": "no_reason", "outcome": "manual", "channel": "chat", "applied_at": at(15)},
        ],
        "claim_lines": [
            {"id": uid(LINE, number), "claim_id": m[claim], "shop_id": shop, "product_id": product, "category": category,
             "quantity": quantity, "requested_cents": 100, "applied_at": when}
            for number, claim, shop, product, category, quantity, when in (
                (1, 1, A, KETTLE, "appliances", 1, at(2, 3)), (2, 2, A, SHIRT, "clothing", 1, at(6, 1)),
                (3, 3, B, KETTLE, "appliances", 2, at(10)), (4, 4, A, KETTLE, "appliances", 1, at(12)),
                (5, 5, A, KETTLE, "appliances", 9, at(13)),
            )
        ],
        "refunds": [
            {"id": uid(9, 1), "claim_id": m[1], "case_id": c[1], "shop_id": A, "state": "paid", "method": "sandbox",
             "requested_at": at(4), "paid_at": at(4) + timedelta(seconds=300)},
            {"id": uid(9, 2), "claim_id": m[3], "case_id": c[3], "shop_id": B, "state": "failed", "method": "stripe",
             "requested_at": at(10) + timedelta(seconds=240)},
        ],
        "clocks": [
            {"id": uid(10, 1), "shop_id": A, "case_id": c[1], "name": "case.first_answer", "state": "kept",
             "started_at": at(2, 2), "due_at": at(2, 3), "ended_at": at(2, 2) + timedelta(seconds=600), "late": False},
            {"id": uid(10, 2), "shop_id": B, "case_id": c[3], "name": "case.first_answer", "state": "fired",
             "started_at": at(10), "due_at": at(10, 1), "ended_at": at(10, 1), "settled_at": at(10, 5), "late": True},
            {"id": uid(10, 3), "shop_id": A, "case_id": c[6], "name": "case.first_answer", "state": "running",
             "started_at": at(12), "due_at": at(12, 1)},
            {"id": uid(10, 4), "shop_id": A, "case_id": c[4], "name": "case.first_answer", "state": "cancelled",
             "started_at": at(20), "due_at": at(20, 1), "ended_at": at(20, 1)},
            {"id": uid(10, 5), "shop_id": A, "case_id": c[2], "name": "case.next_answer", "state": "kept",
             "started_at": at(7), "due_at": at(7, 4), "ended_at": at(7, 1), "late": False},
        ],
        "messages": [
            {"id": uid(11, number), "case_id": c[of], "shop_id": A, "at": when, "author_kind": who, "kind": kind}
            for number, (of, when, who, kind) in enumerate(
                (
                    (1, at(2, 3), "staff", "message"), (5, at(1), "customer", "message"), (5, at(1, 1), "staff", "message"),
                    (5, at(1, 2), "staff", "note"), (5, at(9), "staff", "message"), (6, at(12, 1), "staff", "message"),
                    (6, at(12, 2), "system", "message"),
                )
            )
        ],
        "ratings": [
            {"id": f"x{number}", "shop_id": shop, "case_id": c[of] if of else None, "claim_id": m[of] if question == "nps" else None,
             "order_id": None if of else o[1], "question": question, "score": score, "at": when, "channel": channel}
            for number, (question, of, shop, score, when, channel) in enumerate(
                (
                    ("csat", 1, A, 5, at(6), "chat"), ("csat", 2, A, 2, at(11), "portal"), ("chat", 6, A, 4, at(13), "chat"),
                    ("bot", 3, B, 5, at(10), "chat"), ("nps", 1, A, 10, at(6), "chat"), ("nps", 2, A, 3, at(11), "portal"),
                    ("effort", 1, A, 6, at(6), "chat"), ("effort", 2, A, 3, at(11), "portal"), ("review", 0, A, 4, at(9), None),
                )
            )
        ],
        "talks": [
            {"id": uid(12, 1), "shop_id": A, "intent": "refund_status", "opened_at": at(2)},
            {"id": uid(12, 2), "shop_id": A, "intent": "talk_to_person", "opened_at": at(3), "handed_over_at": at(3)},
        ],
        "notices": [
            {"id": uid(13, number), "shop_id": A, "template": "refund_paid", "state": state, "times_sent": times, "planned_at": at(4)}
            for number, (state, times) in enumerate((("sent", 1), ("failed", 0), ("suppressed", 0), ("sent", 2)))
        ],
        "orders": [
            {"id": o[number], "shop_id": A, "number": f"SO{number}", "status": status, "placed_at": at(1, 1), "promised_at": promised,
             "delivered_at": delivered, "currency": "CNY", "carrier": carrier, "region": "上海"}
            for number, status, promised, delivered, carrier in (
                (1, "delivered", at(5), at(4), "sf"), (2, "delivered", at(6), at(7), "yunda"), (3, "shipped", at(20), None, "sf"),
                (4, "cancelled", at(5), None, None),
            )
        ],
        "order_lines": [
            {"id": uid(14, number), "order_id": o[number], "shop_id": A, "product_id": product, "category": category,
             "quantity": quantity, "paid_cents": 100, "placed_at": at(1, 1)}
            for number, product, category, quantity in (
                (1, KETTLE, "appliances", 2), (2, SHIRT, "clothing", 3), (3, KETTLE, "appliances", 5), (4, SHIRT, "clothing", 7),
            )
        ],
        "cost_lines": [
            {"shop_id": A, "case_id": c[of], "claim_id": m[1] if kind.startswith("goods") else None, "at": at(14), "kind": kind,
             "quantity": quantity, "amount_cents": cents, "currency": "CNY", "carrier": None}
            for of, kind, quantity, cents in (
                (1, "people", 600, 700), (1, "refund", 1, 10_000), (2, "people", 1_200, 1_400), (1, "goods_back", -1, -6_200),
                (1, "goods_written_off", 1, 1_240), (6, "people", 60, 70), (2, "bot", 1, None),
            )
        ],
    }  # fmt: skip


LEDGER = {
    "shop_id": "uuid", "case_id": "uuid", "claim_id": "uuid", "order_id": "uuid", "product_id": "uuid", "account_id": "uuid",
    "at": "timestamp('UTC')", "kind": "string", "carrier": "string", "quantity": "int64", "amount_cents": "int64",
    "currency": "string",
}  # fmt: skip


def tables() -> Iterator[tuple[str, dict[str, str], list[Row]]]:
    told = world()
    for shape in SHAPES.values():
        if shape.name != "cost_lines":
            yield shape.view, shape.types, told.get(shape.name, [])
    yield "lake_cost_lines", LEDGER, told["cost_lines"]


class Duck:
    """DuckDB with the world in memory. `source` is "live" so that the ledger is asked too."""

    source: Any = "live"
    dialect: Any = "duckdb"
    as_of = NOW
    forms: Any = None

    def __init__(self, shops: Any = None) -> None:
        import duckdb

        self._connection = duckdb.connect(config={"autoinstall_known_extensions": False})
        self._connection.execute("SET TimeZone = 'UTC'")
        self.tables = Tables(shops)
        kinds = {
            "string": "VARCHAR",
            "int64": "BIGINT",
            "float64": "DOUBLE",
            "boolean": "BOOLEAN",
            "uuid": "UUID",
            "date": "DATE",
        }
        for name, types, rows in tables():
            columns = ", ".join(
                f'"{column}" {kinds.get(kind, "TIMESTAMPTZ")}' for column, kind in types.items()
            )
            self._connection.execute(f"CREATE TABLE {name} ({columns})")
            if rows:
                marks = ", ".join("?" for _ in types)
                values = [[row.get(column) for column in types] for row in rows]
                self._connection.executemany(f"INSERT INTO {name} VALUES ({marks})", values)
        self.backend = ibis.duckdb.from_connection(self._connection)

    async def run(self, expression: Any) -> pyarrow.Table:
        return self.backend.to_pyarrow(expression.as_table())

    async def rows(self, sql: str) -> list[Row]:
        told = self._connection.execute(sql)
        names = [column[0] for column in told.description or ()]
        return [dict(zip(names, row, strict=True)) for row in told.fetchall()]


@contextmanager
def spark() -> Iterator[Any]:
    """Spark in a process of its own, with the world as views."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[2]").appName("world").config("spark.ui.enabled", "false")
        .config("spark.sql.warehouse.dir", gettempdir()).config("spark.sql.session.timeZone", "UTC").config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1").getOrCreate()
    )  # fmt: skip
    kinds = {
        "int64": "BIGINT",
        "float64": "DOUBLE",
        "boolean": "BOOLEAN",
        "timestamp('UTC')": "TIMESTAMP",
        "date": "DATE",
    }
    own = session.newSession()
    for name, types, rows in tables():
        schema = ", ".join(f"`{column}` {kinds.get(kind, 'STRING')}" for column, kind in types.items())
        values = [[row.get(column) for column in types] for row in rows]
        own.createDataFrame(values, schema).createOrReplaceTempView(name)
    backend = ibis.pyspark.connect(own)

    class Spark:
        source: Any = "live"
        dialect: Any = "pyspark"
        as_of = NOW
        tables = Tables(None)
        forms: Any = None

        async def run(self, expression: Any) -> pyarrow.Table:
            return backend.to_pyarrow(expression.as_table())

        async def rows(self, sql: str) -> list[Row]:
            return [row.asDict() for row in own.sql(sql).collect()]

    yield Spark()
    session.stop()


async def told(
    engine: Engine, name: str, question: Question = MARCH, *, enough: int = 1, now: datetime = NOW
) -> Any:
    """The answer, told from so few on that a small world has one."""
    defined = definition(name).model_copy(update={"enough": enough})
    return await find(
        Asked(defined, question, now), engine, Target(defined.target, defined.share_target), "en"
    )
