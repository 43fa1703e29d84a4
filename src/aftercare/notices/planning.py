"""A notice is planned in the transaction of its fact: one statement, and nothing is looked up or worded yet."""

from typing import Any
from uuid import UUID

from sqlalchemy import text

from aftercare.journal import Fact, Work
from aftercare.kit.json import to_json
from aftercare.notices.events import NoticePlanned
from aftercare.notices.rules import rules_by_fact

# The fact was written by this very transaction; its position makes that one fact is told once.
PLAN = text(
    """
    INSERT INTO notice (id, shop_id, customer_id, claim_id, case_id, position, fact, data, template, next_at, planned_at)
    SELECT CAST(:id AS uuid), (SELECT id FROM shop WHERE id = :shop_id), CAST(:customer_id AS uuid), CAST(:claim_id AS uuid),
      CAST(:case_id AS uuid), f.position, f.name, f.data, CAST(:template AS text), f.at, f.at
    FROM fact_object o JOIN fact f ON f.at = o.at AND f.position = o.position
    WHERE o.object_id = :about AND o.at = :now AND f.at = :now AND f.name = :fact
      AND f.transaction = pg_current_xact_id()
      AND f.data = CAST(:data AS jsonb)
      AND NOT EXISTS (SELECT FROM notice n WHERE n.position = f.position AND n.template = :template)
    ORDER BY f.position LIMIT 1
    """
)


class FactNotFound(RuntimeError):
    """The fact that asks for a notice cannot be seen by who stated it, so the notice would be lost."""


async def plan(work: Work, fact: Fact) -> None:
    """Plans what the rules ask for. Raises FactNotFound, and so undoes the change, rather than lose a notice."""
    data = fact.data()
    for rule in rules_by_fact().get(fact.name, ()):
        if not rule.asks(data):
            continue
        notice_id = work.new_id()
        planned: Any = await work.session.execute(
            PLAN,
            {
                "id": notice_id,
                "shop_id": fact.shop_id,
                "customer_id": getattr(fact, "customer_id", None),
                "claim_id": claim_of(data),
                "case_id": getattr(fact, "case_id", None),
                "about": fact.subject(),
                "now": work.now,
                "fact": fact.name,
                "data": to_json(data),
                "template": rule.template,
            },
        )
        if planned.rowcount != 1:
            raise FactNotFound(f"{fact.name} about {fact.subject()}")
        work.record(NoticePlanned(notice_id=notice_id, shop_id=fact.shop_id))


def claim_of(data: dict[str, Any]) -> UUID | None:
    named = data.get("claim_id") or (data.get("subject_id") if data.get("subject_kind") == "claim" else None)
    return UUID(named) if named else None
