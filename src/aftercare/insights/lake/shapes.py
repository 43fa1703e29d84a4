"""The shapes of the lake: every table, its columns with their types, and where PostgreSQL has them.

A **shape** is told once. From it come the view `lake_<name>` in PostgreSQL, which live tiles ask and the copy reads; the Parquet
files; and the table of Ibis on which expressions are written. All ids are text, instants are UTC, money is in minor units.
Nothing here tells who a person is: customers and staff are ids, and what they wrote, their names and addresses stay behind.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aftercare.kit.tables import APP_ROLE, schema_extra

STRING, INTEGER, NUMBER, TRUTH, INSTANT, DAY = (
    "string",
    "int64",
    "float64",
    "boolean",
    "timestamp('UTC')",
    "date",
)
IN_POSTGRES = {
    STRING: "text",
    INTEGER: "bigint",
    NUMBER: "double precision",
    TRUTH: "boolean",
    INSTANT: "timestamptz",
    DAY: "date",
}


@dataclass(frozen=True)
class Touch:
    """Which rows of a table new facts may have changed: those whose `column` holds what the facts carry in `fact_column`; or in
    their data, when the facts have no such column. `only`: facts of these names."""

    fact_column: str
    column: str
    indexed: str
    """The same in PostgreSQL, as an index knows it."""
    only: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shape:
    """`columns` have their type and their expression over `source`. A table that is touched by nothing is copied whole, when
    `watched` (tables of PostgreSQL) have changed."""

    name: str
    columns: Mapping[str, tuple[str, str]]
    source: str
    touches: tuple[Touch, ...] = ()
    watched: tuple[str, ...] = ()
    month_of: str | None = None
    """The instant by whose month the rows lie in folders."""
    order: tuple[str, ...] = ("id",)

    @property
    def view(self) -> str:
        return f"lake_{self.name}"

    @property
    def types(self) -> dict[str, str]:
        return {name: kind for name, (kind, _) in self.columns.items()}

    @property
    def select(self) -> str:
        columns = ", ".join(
            f'CAST({told} AS {IN_POSTGRES[kind]}) AS "{name}"' for name, (kind, told) in self.columns.items()
        )
        return f"SELECT {columns} FROM {self.source}"

    @property
    def statement(self) -> str:
        # The invoker's rights: row-level security holds for whoever asks the view.
        return f"CREATE VIEW {self.view} WITH (security_invoker = true) AS {self.select}"


def _same(alias: str, **kinds: str) -> dict[str, tuple[str, str]]:
    return {name: (kind, f"{alias}.{name}") for name, kind in kinds.items()}


FACT_TEXTS = (
    "case_id", "claim_id", "order_id", "customer_id", "account_id", "message_id", "refund_id", "shipment_id",
    "product_id", "subject_kind", "subject_id", "clock_id", "currency", "kind", "from_state", "to_state", "mover",
    "channel", "reason", "rule", "author_kind", "how", "outcome", "clock", "stage", "status", "direction",
)  # fmt: skip
FACT_INTEGERS = ("amount_cents", "quantity")
FACT_TRUTHS = ("late", "at_once")
PERSONAL = ("address", "added", "removed")
"""What facts carry that tells of a person, or might: the network address of a refused sign-in, the tags that colleagues write."""
_TAKEN = ", ".join(f"'{key}'" for key in (*FACT_TEXTS, *FACT_INTEGERS, *FACT_TRUTHS, *PERSONAL))

FACTS = Shape(
    "facts",
    {
        **_same("f", at=INSTANT, position=INTEGER, name=STRING, actor_kind=STRING, actor_id=STRING),
        **_same("f", shop_id=STRING, cause=INTEGER),
        **{name: (STRING, f"f.data->>'{name}'") for name in FACT_TEXTS},
        **{name: (INTEGER, f"f.data->>'{name}'") for name in FACT_INTEGERS},
        **{name: (TRUTH, f"f.data->>'{name}'") for name in FACT_TRUTHS},
        # What has no column of its own.
        "data": (STRING, f"f.data - ARRAY[{_TAKEN}]"),
    },
    "fact f",
    month_of="at",
    order=("name", "at", "position"),
)

SHOPS = Shape(
    "shops",
    {
        **_same("s", id=STRING, code=STRING, name=STRING),
        "country": (STRING, "s.market"),
        **_same("s", currency=STRING, time_zone=STRING, locale=STRING, active=TRUTH, created_at=INSTANT),
    },
    "shop s",
    watched=("shop",),
)

ACCOUNTS = Shape(
    "accounts",
    {
        **_same("a", id=STRING, active=TRUTH, created_at=INSTANT),
        "skills": (STRING, "array_to_string(m.skills, ',')"),
        "languages": (STRING, "array_to_string(m.languages, ',')"),
        "capacity": (INTEGER, "m.capacity"),
    },
    "account a LEFT JOIN member m ON m.account_id = a.id",
    watched=("account", "member"),
)

PRODUCTS = Shape(
    "products",
    {
        **_same("p", id=STRING, shop_id=STRING, sku=STRING, title=STRING, category=STRING),
        **_same("p", price_cents=INTEGER, currency=STRING, weight_grams=INTEGER),
        "batch": (STRING, "p.attributes->>'batch'"),
        "supplier": (STRING, "p.attributes->>'supplier'"),
    },
    "product p",
    watched=("product",),
)

CUSTOMERS = Shape(
    "customers",
    {
        **_same("c", id=STRING, shop_id=STRING, locale=STRING, tier=STRING),
        "created_at": (INSTANT, "c.since"),
        "country": (STRING, "c.address->>'country'"),
        "region": (STRING, "coalesce(c.address->>'province', c.address->>'state', c.address->>'city')"),
    },
    "customer c",
    touches=(Touch("customer_id", "id", "c.id"),),
    month_of="created_at",
)

ORDERS = Shape(
    "orders",
    {
        **_same(
            "o", id=STRING, shop_id=STRING, customer_id=STRING, number=STRING, source=STRING, status=STRING
        ),
        "placed_at": (INSTANT, "o.placed_at"),
        "approved_at": (INSTANT, "o.paid_at"),
        "handed_over_at": (INSTANT, "o.shipped_at"),
        **_same("o", promised_at=INSTANT, delivered_at=INSTANT, cancelled_at=INSTANT, confirmed_at=INSTANT),
        "total_cents": (INTEGER, "o.paid_cents"),
        **_same("o", goods_cents=INTEGER, discount_cents=INTEGER, freight_cents=INTEGER, currency=STRING),
        "country": (STRING, "coalesce(o.shipping_address->>'country', s.market)"),
        "region": (
            STRING,
            "coalesce(o.shipping_address->>'province', o.shipping_address->>'state', o.shipping_address->>'city')",
        ),
        "carrier": (STRING, "h.carrier"),
        "review_score": (INTEGER, "v.score"),
    },
    """
    sales_order o JOIN shop s ON s.id = o.shop_id
    LEFT JOIN LATERAL (SELECT carrier FROM shipment WHERE order_id = o.id AND direction = 'outbound'
      ORDER BY announced_at, id LIMIT 1) h ON true
    LEFT JOIN LATERAL (SELECT score FROM order_review WHERE order_id = o.id
      ORDER BY created_on DESC, id DESC LIMIT 1) v ON true
    """,
    touches=(Touch("order_id", "id", "o.id"),),
    month_of="placed_at",
)

ORDER_LINES = Shape(
    "order_lines",
    {
        **_same(
            "l", id=STRING, order_id=STRING, shop_id=STRING, product_id=STRING, sku=STRING, category=STRING
        ),
        **_same("l", quantity=INTEGER),
        "price_cents": (INTEGER, "l.unit_price_cents"),
        **_same("l", discount_cents=INTEGER, freight_cents=INTEGER, paid_cents=INTEGER, currency=STRING),
        "placed_at": (INSTANT, "o.placed_at"),
        "delivered_at": (INSTANT, "coalesce(l.delivered_at, o.delivered_at)"),
    },
    "order_line l JOIN sales_order o ON o.id = l.order_id",
    touches=(Touch("order_id", "order_id", "l.order_id"),),
    month_of="placed_at",
)

CASES = Shape(
    "cases",
    {
        **_same("c", id=STRING, shop_id=STRING, number=STRING, customer_id=STRING, order_id=STRING),
        **_same("c", thread_id=STRING, owner_id=STRING, channel=STRING),
        "topic": (STRING, "t.intent"),
        **_same("c", skill=STRING),
        "tags": (STRING, "array_to_string(c.tags, ',')"),
        **_same("c", status=STRING, stage=STRING, priority=STRING, opened_at=INSTANT, assigned_at=INSTANT),
        "first_answered_at": (INSTANT, "c.answered_at"),
        **_same("c", last_message_at=INSTANT, waiting_since=INSTANT, snoozed_until=INSTANT),
        "due_at": (INSTANT, "CASE WHEN isfinite(c.due_at) AND c.due_at < '9000-01-01Z' THEN c.due_at END"),
        **_same("c", solved_at=INSTANT, closed_at=INSTANT, closing=STRING),
        "reopened": (INTEGER, "coalesce(r.times, 0)"),
        "mood": (STRING, "t.mood"),
        **_same("c", locale=STRING),
    },
    """
    service_case c
    LEFT JOIN (SELECT (data->>'case_id')::uuid AS case_id, count(*) AS times FROM fact WHERE name = 'case.reopened'
      GROUP BY 1) r ON r.case_id = c.id
    LEFT JOIN assistant_talk k ON k.case_id = c.id
    LEFT JOIN LATERAL (SELECT coalesce(corrected_intent, intent) AS intent, mood FROM assistant_turn WHERE talk_id = k.id
      ORDER BY position DESC LIMIT 1) t ON true
    """,
    touches=tuple(
        Touch(column, "id", "c.id") for column in ("case_id", "into_case_id", "new_case_id", "from_case_id")
    ),
    month_of="opened_at",
)

CLAIMS = Shape(
    "claims",
    {
        **_same(
            "m", id=STRING, shop_id=STRING, case_id=STRING, customer_id=STRING, number=STRING, kind=STRING
        ),
        **_same("m", state=STRING, reason=STRING, outcome=STRING, policy=STRING, law=STRING, channel=STRING),
        **_same(
            "m", fault_side=STRING, condition=STRING, remedy=STRING, platform=STRING, freight_payer=STRING
        ),
        **_same("m", before_receipt=TRUTH, withdrawal=TRUTH, in_advance=TRUTH, appealed=TRUTH, edits=INTEGER),
        "market": (STRING, "s.market"),
        **_same("m", applied_at=INSTANT, decided_at=INSTANT, ended_at=INSTANT, moved_at=INSTANT),
        **_same("m", requested_cents=INTEGER, agreed_cents=INTEGER, fee_cents=INTEGER, freight_cents=INTEGER),
        **_same("m", difference_cents=INTEGER, currency=STRING),
    },
    "claim m JOIN shop s ON s.id = m.shop_id",
    touches=(Touch("claim_id", "id", "m.id"),),
    month_of="applied_at",
)

CLAIM_LINES = Shape(
    "claim_lines",
    {
        **_same("l", id=STRING, claim_id=STRING, shop_id=STRING, order_id=STRING, order_line_id=STRING),
        **_same("l", product_id=STRING),
        "category": (STRING, "g.category"),
        **_same("l", quantity=INTEGER, requested_cents=INTEGER),
        "amount_cents": (INTEGER, "l.agreed_cents"),
        **_same("l", received_quantity=INTEGER, accepted_quantity=INTEGER),
        "applied_at": (INSTANT, "m.applied_at"),
    },
    "claim_line l JOIN claim m ON m.id = l.claim_id JOIN order_line g ON g.id = l.order_line_id",
    touches=(Touch("claim_id", "claim_id", "l.claim_id"),),
    month_of="applied_at",
)

REFUNDS = Shape(
    "refunds",
    {
        **_same("r", id=STRING, claim_id=STRING),
        "case_id": (STRING, "m.case_id"),
        **_same("r", shop_id=STRING, order_id=STRING, customer_id=STRING, state=STRING),
        "method": (STRING, "r.provider"),
        **_same(
            "r",
            amount_cents=INTEGER,
            currency=STRING,
            attempts=INTEGER,
            requested_at=INSTANT,
            paid_at=INSTANT,
        ),
    },
    "refund r JOIN claim m ON m.id = r.claim_id",
    touches=(Touch("refund_id", "id", "r.id"),),
    month_of="requested_at",
)

SHIPMENTS = Shape(
    "shipments",
    {
        **_same(
            "h", id=STRING, shop_id=STRING, order_id=STRING, claim_id=STRING, carrier=STRING, direction=STRING
        ),
        **_same("h", way=STRING, status=STRING, status_at=INSTANT),
        "created_at": (INSTANT, "h.announced_at"),
        **_same("h", promised_at=INSTANT, delivered_at=INSTANT, returned_at=INSTANT),
    },
    "shipment h",
    touches=(Touch("shipment_id", "id", "h.id"),),
    month_of="created_at",
)

MOVES_OF_MESSAGES = ("case.merged", "case.split", "case.move_undone")

MESSAGES = Shape(
    "messages",
    {
        **_same("g", id=STRING, thread_id=STRING),
        "case_id": (STRING, "c.id"),
        **_same("g", shop_id=STRING),
        "at": (INSTANT, "g.sent_at"),
        **_same("g", author_kind=STRING),
        "account_id": (STRING, "CASE WHEN g.author_kind = 'staff' THEN g.author_id END"),
        **_same("g", channel=STRING, kind=STRING),
        "length": (INTEGER, "char_length(g.body)"),
    },
    "message g LEFT JOIN service_case c ON c.thread_id = g.thread_id",
    touches=(
        Touch("message_id", "id", "g.id"),
        *(
            Touch(column, "case_id", "c.id", only=("case.opened", *MOVES_OF_MESSAGES))
            for column in ("case_id", "into_case_id", "new_case_id")
        ),
    ),
    month_of="at",
)

CLOCKS = Shape(
    "clocks",
    {
        **_same("k", id=STRING, shop_id=STRING, subject_kind=STRING, subject_id=STRING),
        "case_id": (STRING, "coalesce(m.case_id, CASE WHEN k.subject_kind = 'case' THEN k.subject_id END)"),
        "claim_id": (STRING, "m.id"),
        **_same("k", name=STRING, state=STRING, policy=STRING, started_at=INSTANT, due_at=INSTANT),
        **_same("k", warned_at=INSTANT, ended_at=INSTANT, settled_at=INSTANT),
        "late": (TRUTH, "k.state = 'fired' OR k.state = 'kept' AND k.ended_at > k.due_at"),
        **_same("k", extensions=INTEGER),
    },
    """
    clock k LEFT JOIN refund r ON k.subject_kind = 'refund' AND r.id = k.subject_id
    LEFT JOIN claim m ON m.id = coalesce(r.claim_id, CASE WHEN k.subject_kind = 'claim' THEN k.subject_id END)
    """,
    touches=(Touch("clock_id", "id", "k.id"),),
    month_of="started_at",
)

# What customers gave: `csat` 1 to 5, also as stars at the end of a chat; those for the assistant alone count as `bot` too; `effort` 1 to 7,
# `nps` 0 to 10; `review` 1 to 5, for what they bought.
RATINGS = Shape(
    "ratings",
    {
        **_same(
            "x", id=STRING, shop_id=STRING, case_id=STRING, claim_id=STRING, order_id=STRING, thread_id=STRING
        ),
        **_same(
            "x", customer_id=STRING, question=STRING, score=INTEGER, scale=INTEGER, at=INSTANT, channel=STRING
        ),
        **_same("x", account_id=STRING),
    },
    """
    (
      SELECT t.thread_id::text || q.mark AS id, t.shop_id, c.id AS case_id, NULL::uuid AS claim_id, c.order_id, t.thread_id,
        c.customer_id, q.question, t.stars AS score, 5 AS scale, t.rated_at AS at, c.channel, c.owner_id AS account_id
      FROM conversation_rating t LEFT JOIN service_case c ON c.thread_id = t.thread_id
      -- What nobody but the assistant answered is its own score too.
      CROSS JOIN LATERAL (SELECT '' AS mark, 'csat' AS question UNION ALL SELECT ':bot', 'bot'
        WHERE EXISTS (SELECT FROM assistant_talk k WHERE k.case_id = c.id AND k.handed_over_at IS NULL)
          AND NOT EXISTS (SELECT FROM message g WHERE g.thread_id = t.thread_id AND g.author_kind = 'staff')) q
      UNION ALL
      SELECT a.id::text || ':' || q.question, a.shop_id, a.case_id, a.claim_id, c.order_id, c.thread_id, a.customer_id,
        q.question, q.score, q.scale, a.answered_at, c.channel, c.owner_id
      FROM survey_answer a JOIN service_case c ON c.id = a.case_id
      CROSS JOIN LATERAL (VALUES ('csat', a.satisfied, 5), ('effort', a.effort, 7), ('nps', a.recommend, 10))
        AS q(question, score, scale)
      WHERE q.score IS NOT NULL
      UNION ALL
      SELECT v.id::text, v.shop_id, NULL, NULL, v.order_id, NULL, o.customer_id, 'review', v.score, 5,
        v.created_on::timestamp AT TIME ZONE 'UTC', NULL, NULL
      FROM order_review v JOIN sales_order o ON o.id = v.order_id
    ) x
    """,
    touches=(
        Touch("case_id", "case_id", "x.case_id", only=("survey.answered", "case.opened", *MOVES_OF_MESSAGES)),
        Touch("into_case_id", "case_id", "x.case_id", only=MOVES_OF_MESSAGES),
        Touch("thread_id", "thread_id", "x.thread_id", only=("conversation.rated", "message.posted")),
        Touch("order_id", "order_id", "x.order_id"),
    ),
    month_of="at",
)

TALKS = Shape(
    "talks",
    {
        **_same(
            "k", id=STRING, shop_id=STRING, case_id=STRING, customer_id=STRING, locale=STRING, turns=INTEGER
        ),
        "intent": (STRING, "u.intent"),
        **_same("k", opened_at=INSTANT, last_at=INSTANT, handed_over_at=INSTANT, handed_why=STRING),
    },
    """
    assistant_talk k LEFT JOIN LATERAL (SELECT coalesce(corrected_intent, intent) AS intent FROM assistant_turn
      WHERE talk_id = k.id ORDER BY position LIMIT 1) u ON true
    """,
    touches=(Touch("talk_id", "id", "k.id"),),
    month_of="opened_at",
)

NOTICES = Shape(
    "notices",
    {
        **_same(
            "n", id=STRING, shop_id=STRING, customer_id=STRING, claim_id=STRING, case_id=STRING, fact=STRING
        ),
        **_same("n", template=STRING, state=STRING, attempts=INTEGER),
        "times_sent": (
            INTEGER,
            """(SELECT count(*) FROM fact_object o JOIN fact f ON f.at = o.at AND f.position = o.position
              WHERE o.object_id = n.id AND f.name = 'notice.sent')""",
        ),
        **_same("n", planned_at=INSTANT, sent_at=INSTANT, read_at=INSTANT),
    },
    "notice n",
    touches=(Touch("notice_id", "id", "n.id"),),
    month_of="planned_at",
)

SHAPES: dict[str, Shape] = {
    shape.name: shape
    for shape in (
        FACTS, SHOPS, ACCOUNTS, PRODUCTS, CUSTOMERS, ORDERS, ORDER_LINES, CASES, CLAIMS, CLAIM_LINES, REFUNDS, SHIPMENTS,
        MESSAGES, CLOCKS, RATINGS, TALKS, NOTICES,
    )
}  # fmt: skip


for _shape in SHAPES.values():
    schema_extra(_shape.statement)
    schema_extra(f"GRANT SELECT ON {_shape.view} TO {APP_ROLE}")
