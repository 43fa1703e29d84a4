"""What tells of a person stays out of the lake: no column for it, and no word of a fact that nobody has looked at."""

import json
import types
import typing
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from aftercare.insights.lake import SHAPES, Tables
from aftercare.insights.lake.ready import every_table
from aftercare.insights.lake.shapes import FACT_TEXTS, PERSONAL
from aftercare.journal import FACTS, House, begin
from tests import given
from tests.insights.lake.given import a_lake, refreshed

COLUMNS = {
    "facts": "at position name actor_kind actor_id shop_id cause case_id claim_id order_id customer_id account_id message_id refund_id"
    " shipment_id product_id subject_kind subject_id clock_id currency kind from_state to_state mover channel reason rule author_kind how"
    " outcome clock stage status direction amount_cents quantity late at_once data",
    "shops": "id code name country currency time_zone locale active created_at",
    "accounts": "id active created_at skills languages capacity",
    "products": "id shop_id sku title category price_cents currency weight_grams batch supplier",
    "customers": "id shop_id locale tier created_at country region",
}
"""Of the tables that come nearest to people: every column was looked at. A new one is added here after somebody has asked whether
it tells who somebody is."""

OWN = "aftercare.insights."
"""What these tell is of the house itself: targets, rates, reports, alarms, decisions."""
WORDS_FOR_PEOPLE = {
    "address",
    "email",
    "phone",
    "contact",
    "body",
    "text",
    "words",
    "comment",
    "name_of",
    "ip",
    "birthday",
    "street",
    "html",
}
CODES = {
    "before", "carrier", "clock", "code", "condition", "currency", "direction", "disposition", "failure",
    "from_state", "grade", "how", "intent", "kind", "locale", "location", "method", "number", "object_kind",
    "outcome", "platform", "policy", "provider", "reason", "role", "rule", "said", "source", "stands",
    "status", "subject_kind", "template", "thing", "was", "way", "why",
}  # fmt: skip
"""Texts in facts that are codes, or numbers and days in words."""


def test_the_columns_nearest_to_people_are_known() -> None:
    assert {name: " ".join(SHAPES[name].types) for name in COLUMNS} == {
        name: " ".join(columns.split()) for name, columns in COLUMNS.items()
    }


def test_no_column_is_for_a_person() -> None:
    for table in every_table():
        assert not WORDS_FOR_PEOPLE & set(table.types), table.name
        assert "name" not in table.types or table.name in {"facts", "shops", "clocks"}, table.name


def _texts(kind: Any) -> bool:
    """Whether a field may hold any words: text that is no member of a list of words."""
    if isinstance(kind, type) and issubclass(kind, Enum | UUID):
        return False
    inner = typing.get_args(kind)
    if typing.get_origin(kind) is typing.Literal:
        return False
    if isinstance(kind, types.UnionType) or inner:
        return any(_texts(one) for one in inner)
    return kind is str


LISTS_OF_CODES = {
    "added",
    "channels",
    "facts",
    "fields",
    "flaws",
    "grants",
    "locales",
    "removed",
    "scopes",
    "shown",
}


def test_every_text_of_a_fact_is_a_code_or_left_behind() -> None:
    unknown = {
        f"{name}: {field}"
        for name, fact in FACTS.items()
        if fact.__module__.startswith("aftercare.") and not fact.__module__.startswith(OWN)
        for field, told in fact.model_fields.items()
        if _texts(told.annotation) and field not in CODES | LISTS_OF_CODES | set(PERSONAL)
    }
    assert unknown == set(), (
        "Is it a code (add it above), or does it tell of a person (PERSONAL in shapes.py)?"
    )
    assert not set(PERSONAL) & set(FACT_TEXTS)


async def test_what_people_wrote_and_are_called_is_nowhere(own_house: House, tmp_path: Path) -> None:
    lake = a_lake(own_house, tmp_path / "lake")
    shop = await given.a_shop(own_house)
    await given.an_order(own_house, shop, customer="wang.xiaoming")
    async with begin(own_house) as work:
        work.record(FACTS["sign_in.refused"](address="203.0.113.7", reason="password"))
    await refreshed(own_house)
    facts = lake.fetch(Tables().facts).to_pylist()
    assert any(json.loads(row["data"]) == {} and row["reason"] == "password" for row in facts)
    everything = "".join(str(lake.fetch(Tables()[name]).to_pylist()) for name in SHAPES)
    for told in ("王小明", "example.test", "13800000000", "203.0.113.7", "wang.xiaoming"):
        assert told not in everything
