"""What a database holds of the demo, looked at without loading the program: a second start needs no more."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

from aftercare.kit.server import connect


@cache
def read(name: str) -> dict[str, Any]:
    return tomllib.loads((files("aftercare.demo") / f"{name}.toml").read_text(encoding="utf-8"))


GROUPS = (("qinghe-home", "shanye-food"), ("sulu-wear", "qinghe-europe"))
"""Shops that are told together, each group by its own process; about half of the year each."""


def sign_ins() -> list[tuple[str, str, str]]:
    """Role, e-mail, password."""
    return [(row[0], row[2], row[6]) for row in read("people")["staff"]]


class Standing(StrEnum):
    empty = "empty"
    half = "half"
    """A telling was broken off."""
    whole = "whole"
    foreign = "foreign"
    """Shops of somebody else are in there."""


@dataclass(frozen=True)
class Whole:
    """A year that was told to its end. `entries`: an order of each shop and its contact, to enter the portal with. `reported`: what
    the group noticed and published is there as well."""

    orders: int
    claims: int
    cases: int
    facts: int
    entries: list[tuple[str, str]]
    reported: bool
    sign_ins: list[tuple[str, str, str]] = field(default_factory=sign_ins)

    def __iter__(self) -> Iterator[str]:
        """Lines to print."""
        yield f"{self.orders:,} orders · {self.claims:,} claims · {self.cases:,} cases · {self.facts:,} facts"
        yield ""
        for role, email, password in self.sign_ins:
            yield f"{role:<12} {email:<34} {password}"
        yield ""
        yield "Enter the portal with an order number and its contact; the code lies in outbox/:"
        for number, contact in self.entries:
            yield f"{number:<24} {contact}"


COUNTS = """
    SELECT (SELECT count(*) FROM sales_order) AS orders, (SELECT count(*) FROM claim) AS claims,
      (SELECT count(*) FROM service_case) AS cases, (SELECT count(*) FROM message) AS messages,
      (SELECT count(*) FROM fact) AS facts
"""
ENTRIES = """
    SELECT DISTINCT ON (s.code) o.number, coalesce(c.email, c.phone) AS contact FROM sales_order o
    JOIN customer c ON c.id = o.customer_id JOIN shop s ON s.id = o.shop_id
    WHERE o.status = 'delivered' ORDER BY s.code, o.delivered_at DESC, o.id
"""


FINISH = (
    # The worker goes on where the story ends, and so does the ledger of costs.
    """
    INSERT INTO reader (name, transaction, position)
    SELECT name, transaction, position FROM unnest(ARRAY['relay', 'costs']) AS name, (
      SELECT transaction, position FROM fact ORDER BY transaction DESC, position DESC LIMIT 1
    ) last
    ON CONFLICT (name) DO UPDATE SET transaction = excluded.transaction, position = excluded.position
    """,
    # In the story people answered what was said in the portal.
    "UPDATE assistant_switch SET channels = jsonb_build_array('chat', 'portal')",
    """
    UPDATE shop SET settings = settings || '{"told": true}'::jsonb WHERE code = 'qinghe-home'
    """,
)


async def finish(url: str) -> None:
    """From here on the story is whole. The planner learns what there is now."""
    connection = await connect(url, as_app=False)
    try:
        await connection.execute("SELECT set_config('aftercare.shops', '*', false)")
        async with connection.transaction():
            for statement in FINISH:
                await connection.execute(statement)
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


def standing_of(shops: dict[str, bool]) -> Standing:
    """`shops`: by code, whether each is marked as told."""
    ours = {shop["code"] for shop in read("catalogue")["shop"]}
    if any(shops.values()):
        return Standing.whole
    if shops.keys() - ours:
        return Standing.foreign
    return Standing.half if shops else Standing.empty


async def look(url: str) -> tuple[Standing, Whole | None]:
    """Of a database with a schema."""
    connection = await connect(url)
    try:
        await connection.execute("SELECT set_config('aftercare.shops', '*', false)")
        rows = await connection.fetch(
            "SELECT code, settings ->> 'told' AS told, settings ->> 'reported' AS reported FROM shop"
        )
        standing = standing_of({row["code"]: row["told"] == "true" for row in rows})
        if standing is not Standing.whole:
            return standing, None
        counts = await connection.fetchrow(COUNTS)
        entries = await connection.fetch(ENTRIES)
    finally:
        await connection.close()
    named = {name: counts[name] for name in ("orders", "claims", "cases", "facts")}
    return standing, Whole(
        **named,
        entries=[(row["number"], row["contact"]) for row in entries],
        reported=any(row["reported"] == "true" for row in rows),
    )


async def told_in(url: str) -> Whole | None:
    """None unless the whole story is there."""
    return (await look(url))[1]
