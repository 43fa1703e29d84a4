"""Our own journal as XES and as OCEL 2.0: facts with the objects that they are about."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from aftercare.insights.process.asking import written
from aftercare.insights.process.journal import CASE_FACTS, CLAIM_FACTS, STAGE_SET, JournalLog
from aftercare.insights.process.ocel import write_ocel
from aftercare.insights.process.xes import write_xes

if TYPE_CHECKING:
    import ibis.expr.types as ir

OBJECTS = {
    "claim_id": "claim",
    "case_id": "case",
    "order_id": "order",
    "customer_id": "customer",
    "refund_id": "refund",
    "shipment_id": "shipment",
    "account_id": "account",
}
OF_EVENTS = {
    "amount_cents": "integer",
    "currency": "string",
    "rule": "string",
    "mover": "string",
    "resource": "string",
}
OTHER_FACTS = ("refund.requested", "refund.paid", "refund.failed", "disposition.decided")


def write_journal(log: JournalLog, out: Path, form: Literal["xes", "ocel"]) -> int:
    """Writes what the log selects, whole or not at all; returns how many events."""
    with written(out) as file:
        if form == "xes":
            return write_xes(file, _traces(log))
        objects, events = _ocel(log)
        kinds: dict[str, dict[str, str]] = {}
        for _, kind, attributes in objects:
            kinds.setdefault(kind, {}).update(dict.fromkeys(attributes, "string"))
        names = sorted({kind for _, kind, _, _, _ in events})
        return write_ocel(
            file, objects, events, object_attributes=kinds, event_attributes=dict.fromkeys(names, OF_EVENTS)
        )


def _traces(log: JournalLog) -> Iterator[tuple[str, dict[str, Any], list[dict[str, Any]]]]:
    steps = log.steps
    attributes = {row["case"]: row for row in log.ask(log.cases.drop("key"))}
    rows = log.ask(steps.select("case", "activity", "at", "resource", "nth").order_by(["case", "nth"]))
    begin = 0
    for place in range(1, len(rows) + 1):
        if place == len(rows) or rows[place]["case"] != rows[begin]["case"]:
            name = rows[begin]["case"]
            told = {
                key: value
                for key, value in attributes.get(name, {}).items()
                if key in (*log.chosen.attributes, "shop_id", "late") and value is not None
            }
            yield (
                name,
                told,
                [
                    {"activity": row["activity"], "at": row["at"], "resource": row["resource"]}
                    for row in rows[begin:place]
                ],
            )
            begin = place


def _ocel(
    log: JournalLog,
) -> tuple[
    list[tuple[str, str, dict[str, Any]]],
    list[tuple[str, str, datetime, dict[str, Any], list[tuple[str, str]]]],
]:
    """Every fact of the selected claims, cases or orders, with all objects that it names. Customers are ids and no more."""
    import ibis

    chosen = log.steps.select("case").distinct()
    facts: ir.Table = log.tables.facts
    facts = facts.filter(
        facts[log.chosen.id].isin(chosen.case) & facts.name.isin([*CLAIM_FACTS, *CASE_FACTS, *OTHER_FACTS])
    )
    rows = log.ask(
        facts.select(
            "position", "name", "stage", "at", "amount_cents", "currency", "rule", "mover", *OBJECTS,
            resource=ibis.ifelse(
                facts.actor_kind.isin(["staff", "integration"]), facts.actor_id, facts.actor_kind
            ),
        ).order_by(["at", "position"])
    )  # fmt: skip
    if log.chosen.of == "orders":
        rows += _moments(log)
        rows.sort(key=lambda row: (row["at"], str(row["position"])))
    known: dict[str, tuple[str, dict[str, Any]]] = {}
    events: list[tuple[str, str, datetime, dict[str, Any], list[tuple[str, str]]]] = []
    for row in rows:
        about = [
            (f"{kind}:{row[column]}", kind) for column, kind in OBJECTS.items() if row[column] is not None
        ]
        for identity, kind in about:
            known.setdefault(identity, (kind, {}))
        name = f"{row['name']}:{row['stage']}" if row["name"] == STAGE_SET and row["stage"] else row["name"]
        events.append(
            (f"fact:{row['position']}", name, row["at"], {key: row[key] for key in OF_EVENTS}, about)
        )
    for kind, table, columns in (
        ("claim", log.tables.claims, ("kind", "state", "reason", "outcome", "channel", "shop_id")),
        ("case", log.tables.cases, ("status", "stage", "priority", "channel", "topic", "shop_id")),
        ("order", log.tables.orders, ("status", "country", "region", "carrier", "source", "shop_id")),
    ):
        ids = [identity.partition(":")[2] for identity, (of, _) in known.items() if of == kind]
        if ids:
            for told in log.ask(table.filter(table.id.isin(ids)).select("id", *columns)):
                known[f"{kind}:{told['id']}"][1].update(
                    {column: told[column] for column in columns if told[column] is not None}
                )
    return [(identity, kind, attributes) for identity, (kind, attributes) in known.items()], events


def _moments(log: JournalLog) -> list[dict[str, Any]]:
    """What happened to orders, in the form of facts."""
    steps = log.ask(log.steps.select("case", "activity", "at", "nth"))
    nothing = dict.fromkeys([*OBJECTS, *OF_EVENTS, "stage"])
    return [
        {
            **nothing,
            "position": f"{row['case']}:{row['nth']}",
            "name": row["activity"],
            "at": row["at"],
            "order_id": row["case"],
        }
        for row in steps
    ]
