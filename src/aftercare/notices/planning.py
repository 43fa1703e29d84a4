"""A notice is planned in the transaction of its fact: one statement for all facts that were written at once, and nothing is
looked up or worded yet."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from aftercare.journal import Fact, Work
from aftercare.kit.json import to_json
from aftercare.notices.events import NoticePlanned
from aftercare.notices.rules import rules_by_fact

# A shop that the fact names may be gone.
PLAN = """
    INSERT INTO notice (id, shop_id, customer_id, claim_id, case_id, position, fact, data, template, next_at, planned_at)
    SELECT p.id, s.id, p.customer_id, p.claim_id, p.case_id, p.position, p.fact, p.data::jsonb, p.template, :now, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:shops AS uuid[]), CAST(:customers AS uuid[]), CAST(:claims AS uuid[]),
      CAST(:cases AS uuid[]), CAST(:positions AS bigint[]), CAST(:facts AS text[]), CAST(:data AS text[]),
      CAST(:templates AS text[]))
      AS p(id, shop_id, customer_id, claim_id, case_id, position, fact, data, template)
    LEFT JOIN shop s ON s.id = p.shop_id
"""
COLUMNS = ("ids", "shops", "customers", "claims", "cases", "positions", "facts", "data", "templates")


async def plan(work: Work, facts: Sequence[Fact]) -> None:
    """Plans what the rules ask for."""
    rows: list[tuple[Any, ...]] = []
    for fact in facts:
        data = fact.data()
        for rule in rules_by_fact().get(fact.name, ()):
            if not rule.asks(data):
                continue
            notice_id = work.new_id()
            rows.append(
                (
                    notice_id,
                    fact.shop_id,
                    getattr(fact, "customer_id", None),
                    claim_of(data),
                    getattr(fact, "case_id", None),
                    work.position_of(fact),
                    fact.name,
                    to_json(data),
                    rule.template,
                )
            )
            work.record(NoticePlanned(notice_id=notice_id, shop_id=fact.shop_id), because=fact)
    if rows:
        columns = zip(COLUMNS, map(list, zip(*rows, strict=True)), strict=True)
        await work.rows(PLAN, {**dict(columns), "now": work.now})


def claim_of(data: dict[str, Any]) -> UUID | None:
    named = data.get("claim_id") or (data.get("subject_id") if data.get("subject_kind") == "claim" else None)
    return UUID(named) if named else None
