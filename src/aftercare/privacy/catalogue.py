"""What we hold about a customer: of every table whose rows they are, what stays of each column, and what is handed out.

Everything is told over the row `t` and the sets of ids in `SETS`. A new table or column is entered here; a test looks at every
text of every table and fails for one that is neither erased nor known to be harmless.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

SETS: Mapping[str, str] = {
    "contacts": "SELECT id FROM contact WHERE customer_id = :customer",
    "orders": "SELECT id FROM sales_order WHERE customer_id = :customer",
    "cases": "SELECT id FROM service_case WHERE customer_id = :customer"
    " UNION SELECT case_id FROM case_contact WHERE contact_id = ANY(:contacts)",
    "threads": "SELECT id FROM thread WHERE customer_id = :customer"
    " UNION SELECT thread_id FROM service_case WHERE id = ANY(:cases)",
    "messages": "SELECT id FROM message WHERE thread_id = ANY(:threads)",
    "claims": "SELECT id FROM claim WHERE customer_id = :customer OR case_id = ANY(:cases)",
    "shipments": "SELECT id FROM shipment WHERE order_id = ANY(:orders) OR claim_id = ANY(:claims)",
    "calls": "SELECT id FROM call WHERE contact_id = ANY(:contacts) OR case_id = ANY(:cases)",
    "talks": "SELECT id FROM assistant_talk WHERE customer_id = :customer OR case_id = ANY(:cases)",
    "turns": "SELECT id FROM assistant_turn WHERE talk_id = ANY(:talks)",
    "asked": "SELECT q.id FROM knowledge_question q JOIN assistant_turn u ON u.at = q.asked_at AND u.shop_id = q.shop_id"
    " WHERE u.id = ANY(:turns)",
    "files": "SELECT id FROM file WHERE customer_id = :customer"
    " UNION SELECT file_id FROM message_file WHERE message_id = ANY(:messages)"
    " UNION SELECT file_id FROM claim_evidence WHERE claim_id = ANY(:claims) AND file_id IS NOT NULL"
    # The proof of a payment by hand stays with the books.
    " EXCEPT SELECT voucher_file_id FROM refund WHERE voucher_file_id IS NOT NULL",
    "pushes": "SELECT CAST(f.data->>'push_id' AS uuid) FROM fact_object o JOIN fact f ON f.at = o.at AND f.position = o.position"
    " WHERE o.object_id = ANY(:senders) AND f.name = 'channel.pushed'"
    " UNION SELECT p.id FROM channel_push p JOIN contact c ON c.id = ANY(:contacts) AND c.shop_id = p.shop_id"
    " WHERE position(convert_to(ltrim(c.address, '+'), 'UTF8') in p.body) > 0",
}
"""By name, in the order in which they are looked up: each may use those before it."""
SENDERS = (
    "SELECT a.id AS account_id, c.address FROM contact c JOIN channel_account a ON a.shop_id = c.shop_id AND a.kind = c.channel"
    " WHERE c.id = ANY(:contacts)"
)
"""By whom pushes are told in the journal: what comes encrypted is not found by its words."""

_KEPT_BY_LAW = "amounts, days and numbers of what was bought and paid back are kept as the books must be"
NOTHING = "''"
NO_WORDS = "CAST('' AS tsvector)"
EMPTY = "CAST('{}' AS jsonb)"
NULL = "NULL"


@dataclass(frozen=True)
class Holding:
    """The rows of a table that are about a customer. `erased`: what becomes of each column; None: the rows go. `told`: the
    columns that are handed out to the customer; `told_of`: which of the rows."""

    table: str
    whose: str
    erased: Mapping[str, str] | None
    told: str = ""
    told_of: str = "true"
    kept: str = field(default="", compare=False)


def _empty(*columns: str, **more: str) -> dict[str, str]:
    return dict.fromkeys(columns, NOTHING) | more


CATALOGUE: tuple[Holding, ...] = (
    Holding(
        "customer",
        "t.id = :customer",
        _empty(
            "name",
            "tier",
            "content",
            email=NULL,
            phone=NULL,
            address="jsonb_strip_nulls(jsonb_build_object('country', t.address->'country'))",
            erased_at=":now",
        ),
        "external_id name email phone locale tier address since",
        kept="its id, and the shop system's, so that a later import does not bring back what was erased",
    ),
    Holding(
        "contact",
        "t.id = ANY(:contacts)",
        _empty("name", address="'erased:' || t.id"),
        "channel address name verified_at verified_by created_at",
    ),
    Holding(
        "sales_order",
        "t.id = ANY(:orders)",
        _empty(
            "content",
            shipping_address="jsonb_strip_nulls(jsonb_build_object('country', t.shipping_address->'country'))",
            raw=EMPTY,
            tsv="to_tsvector('simple', t.number || ' ' || ltrim(t.number, '#'))",
        ),
        "id number status currency placed_at paid_at shipped_at delivered_at goods_cents discount_cents freight_cents paid_cents"
        " shipping_address",
        kept=_KEPT_BY_LAW,
    ),
    Holding(
        "order_line",
        "t.order_id = ANY(:orders)",
        {
            "attributes": "coalesce((SELECT jsonb_object_agg(a.key, a.value) FROM jsonb_each(t.attributes) a"
            " WHERE jsonb_typeof(a.value) IN ('boolean', 'number')), '{}')"
        },
        "order_id position sku title quantity unit_price_cents paid_cents currency delivered_at attributes",
        kept=_KEPT_BY_LAW,
    ),
    Holding(
        "payment",
        "t.order_id = ANY(:orders)",
        {},
        "order_id method amount_cents currency paid_at",
        kept=_KEPT_BY_LAW,
    ),
    Holding(
        "order_review",
        "t.order_id = ANY(:orders)",
        _empty("title", "body"),
        "order_id score title body created_on",
    ),
    Holding(
        "service_case",
        "t.id = ANY(:cases)",
        _empty("last_words", title="t.number", client_key=NULL, tags="ARRAY[]::varchar[]"),
        "id number title status channel order_id opened_at closed_at",
    ),
    Holding("case_words", "t.case_id = ANY(:cases)", {"words": NO_WORDS}),
    Holding(
        "message",
        "t.id = ANY(:messages)",
        _empty("body", html=NULL, offers=NULL, client_key=NULL, external_id="'erased:' || t.id"),
        "thread_id author_kind channel body sent_at",
        # Notes are the house's own thoughts; who asks for the file is told what was said.
        "t.kind = 'message'",
    ),
    Holding("message_file", "t.message_id = ANY(:messages)", None),
    Holding(
        "message_sending",
        "t.message_id = ANY(:messages)",
        _empty(
            "subject",
            external_id=NULL,
            error=NULL,
            state="CASE WHEN t.state = 'planned' THEN 'failed' ELSE t.state END",
        ),
    ),
    Holding("draft", "t.thread_id = ANY(:threads)", None),
    Holding(
        "planned_message",
        "t.case_id = ANY(:cases)",
        _empty(
            "body",
            "override",
            file_ids="CAST('[]' AS jsonb)",
            state="CASE WHEN t.state = 'planned' THEN 'cancelled' ELSE t.state END",
        ),
    ),
    Holding(
        "conversation_rating",
        "t.thread_id = ANY(:threads) OR t.contact_id = ANY(:contacts)",
        _empty("words"),
        "stars words rated_at",
    ),
    Holding(
        "call",
        "t.id = ANY(:calls)",
        _empty("voicemail_words", "notes", external_id="'erased:' || t.id", recording=NULL, voicemail=NULL),
        "direction state started_at ended_at recording voicemail voicemail_words",
    ),
    Holding(
        "channel_push",
        "t.id = ANY(:pushes)",
        {
            "body": "CAST('' AS bytea)",
            "about": EMPTY,
            "worked_at": "coalesce(t.worked_at, :now)",
            "outcome": "'erased'",
        },
    ),
    Holding(
        "claim",
        "t.id = ANY(:claims)",
        _empty(
            "description",
            rejection=NULL,
            override_reason=NULL,
            client_key=NULL,
            return_address=NULL,
            explanation=EMPTY,
        ),
        "id number case_id kind state reason description currency requested_cents agreed_cents policy law outcome rejection"
        " applied_at decided_at ended_at",
        kept=_KEPT_BY_LAW,
    ),
    Holding(
        "claim_line",
        "t.claim_id = ANY(:claims)",
        {},
        "claim_id order_line_id quantity requested_cents agreed_cents",
        kept=_KEPT_BY_LAW,
    ),
    Holding(
        "claim_evidence",
        "t.claim_id = ANY(:claims)",
        _empty("words", file_id=NULL),
        "claim_id side words added_at",
    ),
    Holding(
        "claim_dispute",
        "t.claim_id = ANY(:claims)",
        _empty("words", question=NULL, ruling_words=NULL, appeal_words=NULL),
        "claim_id words question ruling ruling_words appeal_words opened_at ended_at",
        kept="the ruling itself",
    ),
    Holding(
        "claim_offer",
        "t.claim_id = ANY(:claims)",
        _empty("words"),
        "claim_id state kind amount_cents words made_at",
    ),
    Holding(
        "claim_finding",
        "t.claim_id = ANY(:claims)",
        _empty("words"),
        "claim_id quantity grade accepted words found_at",
    ),
    Holding(
        "withdrawal",
        "t.claim_id = ANY(:claims) OR t.order_id = ANY(:orders)",
        _empty("consumer_name", "contact"),
        "order_id consumer_name contact stated_at",
        kept="that a withdrawal was stated, and when",
    ),
    Holding("foreign_claim", "t.claim_id = ANY(:claims)", {"told": EMPTY}),
    Holding(
        "refund",
        "t.customer_id = :customer",
        {"failure": NULL},
        "claim_id order_id amount_cents currency state requested_at paid_at",
        kept=_KEPT_BY_LAW,
    ),
    Holding(
        "difference_payment",
        "t.claim_id = ANY(:claims)",
        {"address": NULL},
        "claim_id amount_cents currency state paid_at",
        kept=_KEPT_BY_LAW,
    ),
    Holding(
        "wallet_entry", "t.customer_id = :customer", {}, "amount_cents currency entered_at", kept=_KEPT_BY_LAW
    ),
    Holding(
        "shipment",
        "t.id = ANY(:shipments)",
        {"drop_off_code": "CASE WHEN t.drop_off_code IS NOT NULL THEN 'erased' END"},
        "order_id claim_id direction carrier tracking_number status announced_at delivered_at",
        kept="number and carrier of the parcel, as the proof that it was handed over",
    ),
    Holding(
        "tracking_event",
        "t.shipment_id = ANY(:shipments)",
        _empty("text", "place", raw=EMPTY),
        "shipment_id at status text place",
    ),
    Holding(
        "pickup_request",
        "t.shipment_id = ANY(:shipments)",
        {"address": EMPTY, "failed_reason": NULL},
        "status wanted_on address collected_at",
    ),
    Holding(
        "notice",
        "t.customer_id = :customer OR t.case_id = ANY(:cases) OR t.claim_id = ANY(:claims)",
        {
            "data": EMPTY,
            "address": NULL,
            "addressee": NULL,
            "subject": NULL,
            "body": NULL,
            "button": NULL,
            "message_id": NULL,
            "error": NULL,
            "state": "CASE WHEN t.state IN ('planned', 'failed') THEN 'suppressed' ELSE t.state END",
        },
        "fact address subject body sent_at",
    ),
    Holding(
        "survey_answer",
        "t.customer_id = :customer",
        _empty("comment"),
        "satisfied effort recommend comment answered_at",
    ),
    Holding("assistant_talk", "t.id = ANY(:talks)", {"state": EMPTY}),
    Holding("assistant_lesson", "t.turn_id = ANY(:turns)", None),
    Holding(
        "assistant_turn",
        "t.id = ANY(:turns)",
        _empty("said", answer=EMPTY, why=EMPTY),
        "talk_id at said answer",
    ),
    Holding("knowledge_question", "t.id = ANY(:asked)", None),
    Holding(
        "file",
        "t.id = ANY(:files)",
        None,
        "id name media_type bytes uploaded_at",
        "t.shown_to_customer OR t.uploaded_by_kind = 'customer'",
    ),
    Holding("entry_code", "t.customers ? CAST(CAST(:customer AS uuid) AS text)", None),
    Holding(
        "session",
        "t.customers ? CAST(CAST(:customer AS uuid) AS text)",
        {"contact": NULL, "device": NULL, "address": NULL, "closed_at": "coalesce(t.closed_at, :now)"},
    ),
)

SHARED: tuple[tuple[str, str, str], ...] = (
    ("solution", "problem", "t.shop_id = :shop"),
    ("solution", "remedy", "t.shop_id = :shop"),
    ("article_feedback", "words", "t.shop_id = :shop"),
    ("knowledge_question", "words", "t.shop_id = :shop"),
    ("assistant_lesson", "text", "t.shop_id = :shop"),
    ("alarm", "note", "t.shop_id = :shop"),
    ("channel_account", "last_error", "t.shop_id = :shop"),
    ("webhook_post", "error", "t.shop_id = :shop"),
    ("delivery", "error", "true"),
)
"""Table, column and rows of what is written for everybody, in which somebody may have named the customer: name, addresses and
numbers are struck out."""
ALSO_FOUND: Mapping[tuple[str, str], str] = {
    ("solution", "problem"): "words = ts_delete(t.words, tsvector_to_array(CAST(:lexemes AS tsvector)))",
    ("solution", "remedy"): "words = ts_delete(t.words, tsvector_to_array(CAST(:lexemes AS tsvector)))",
    ("knowledge_question", "words"): "tokens = ARRAY[]::varchar[]",
}
"""What such a row is found by goes with the words."""
