"""What can be shared: which facts, by which patterns, in which shape, with which details beside the ids."""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.journal import FACTS, Fact, Work
from aftercare.notices.webhooks.model import WebhookFactUnknown, WebhookGrantUnknown

OF_THE_HOUSE = frozenset(
    [
        "account",
        "entry",
        "entry_code",
        "membership",
        "password",
        "password_link",
        "recovery_code",
        "role",
        "session",
        "sign_in",
        "token",
        "totp",
        "webhook",
    ]
)
"""First words of facts that are nobody's business outside: who signs in, who may do what, and what webhooks do themselves."""

PATTERN = re.compile(r"(\*|[a-z_]+\.\*|[a-z_]+\.[a-z_]+)")

GRANTS: dict[str, str] = {
    "order_number": "o.number",
    "case_number": "c.number",
    "claim_number": "m.number",
    "product_sku": "p.sku",
    "product_title": "p.title",
    "customer_name": "u.name",
    "customer_email": "u.email",
    "customer_phone": "u.phone",
}
"""Details by the name under which they are told, and where they come from."""

DETAILS = """
    SELECT {columns}
    FROM (SELECT CAST(:claim AS uuid) AS claim, CAST(:case AS uuid) AS case_, CAST(:order AS uuid) AS order_,
      CAST(:customer AS uuid) AS customer, CAST(:product AS uuid) AS product) i
    LEFT JOIN claim m ON m.id = i.claim
    LEFT JOIN service_case c ON c.id = coalesce(i.case_, m.case_id)
    LEFT JOIN sales_order o ON o.id = coalesce(i.order_, c.order_id)
    LEFT JOIN customer u ON u.id = coalesce(i.customer, m.customer_id, c.customer_id, o.customer_id)
    LEFT JOIN product p ON p.id = i.product
"""


class SharedFact(BaseModel):
    """One kind of fact that can be subscribed to; `fields` are those of `data`."""

    name: str
    about: str
    fields: list[str]


@cache
def shared_facts() -> dict[str, type[Fact]]:
    """By name, in order."""
    return {name: fact for name, fact in sorted(FACTS.items()) if name.split(".")[0] not in OF_THE_HOUSE}


def fitting(patterns: Iterable[str]) -> list[str]:
    """The names of the shared facts that the patterns mean."""
    known, found = shared_facts(), set[str]()
    for pattern in patterns:
        if pattern == "*":
            found.update(known)
        elif pattern.endswith(".*"):
            found.update(name for name in known if name.startswith(pattern[:-1]))
        elif pattern in known:
            found.add(pattern)
    return sorted(found)


def checked_patterns(patterns: Iterable[str]) -> list[str]:
    """Each once. Refuses with WebhookFactUnknown what means no fact."""
    given = list(dict.fromkeys(patterns))
    for pattern in given:
        if not PATTERN.fullmatch(pattern) or not fitting([pattern]):
            raise WebhookFactUnknown(fact=pattern)
    if not given:
        raise WebhookFactUnknown(fact="")
    return given


def checked_grants(grants: Iterable[str]) -> list[str]:
    """Each once. Refuses with WebhookGrantUnknown."""
    given = set(grants)
    for grant in sorted(given):
        if grant not in GRANTS:
            raise WebhookGrantUnknown(grant=grant)
    return [grant for grant in GRANTS if grant in given]


def about(fact: type[Fact]) -> str:
    """Its first sentence, or nothing where the name says it all."""
    said = fact.__doc__ if fact.__doc__ and fact.__doc__ != Fact.__doc__ else ""
    return " ".join(said.split())


def subject_fields(fact: type[Fact]) -> list[str]:
    """The fields that may name the fact's subject, the first that has a value does."""
    return [field for field in fact.model_fields if field.endswith("_id") and field != "shop_id"]


def schema_of(name: str) -> dict[str, Any]:
    """JSON schema of the message about one kind of fact. Refuses with WebhookFactUnknown."""
    fact = shared_facts().get(name)
    if fact is None:
        raise WebhookFactUnknown(fact=name)
    data = fact.model_json_schema(mode="serialization")
    data.get("properties", {}).pop("shop_id", None)
    definitions = data.pop("$defs", None)
    data["required"] = [field for field in data.get("required", []) if field != "shop_id"]
    data.pop("description", None)
    text_or_null = {"type": ["string", "null"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": name,
        **({"description": about(fact)} if about(fact) else {}),
        "type": "object",
        "properties": {
            "id": {"type": "string", "format": "uuid", "description": "The same however often it is sent."},
            "type": {"const": name},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened."},
            "cursor": {
                "type": "string",
                "description": "Its place in the journal: `after` of GET /api/journal/facts.",
            },
            "shop_id": {"type": ["string", "null"], "format": "uuid"},
            "actor": {"enum": ["customer", "staff", "integration", "system"]},
            "data": data,
            "granted": {
                "type": "object",
                "description": "Only in messages of webhooks to which details were granted.",
                "properties": dict.fromkeys(GRANTS, text_or_null),
            },
        },
        "required": ["type", "timestamp", "cursor", "shop_id", "actor", "data"],
        **({"$defs": definitions} if definitions else {}),
    }


def message(
    row: Any, *, post_id: UUID | None = None, granted: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A fact of the journal as the outside is told it."""
    told: dict[str, Any] = {} if post_id is None else {"id": post_id}
    told |= {
        "type": row.name,
        "timestamp": row.at,
        "cursor": f"{row.transaction}-{row.position}",
        "shop_id": row.shop_id,
        "actor": row.actor_kind,
        "data": row.data,
    }
    return told if granted is None else {**told, "granted": granted}


async def details(work: Work, grants: Iterable[str], data: Mapping[str, Any]) -> dict[str, Any]:
    """What was granted about the objects of a fact; only what there is."""
    wanted = [grant for grant in grants if grant in GRANTS]
    if not wanted:
        return {}
    row = (
        await work.session.execute(
            text(DETAILS.format(columns=", ".join(f"{GRANTS[grant]} AS {grant}" for grant in wanted))),
            {kind: data.get(f"{kind}_id") for kind in ("claim", "case", "order", "customer", "product")},
        )
    ).one()
    return {grant: value for grant, value in row._mapping.items() if value is not None}
