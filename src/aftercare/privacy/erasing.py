"""Erasing a customer on request (GDPR Art. 17, PIPL Art. 47): one transaction, then the files."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import select, text

from aftercare import cases, knowledge
from aftercare.cases import Closing
from aftercare.conversations import sender_id
from aftercare.journal import SYSTEM, House, Work, after, begin
from aftercare.kit.errors import NotFound, Refusal
from aftercare.kit.files import Files
from aftercare.kit.json import to_json
from aftercare.kit.text import phone_spellings, tsvector_text
from aftercare.privacy.catalogue import ALSO_FOUND, CATALOGUE, SENDERS, SETS, SHARED
from aftercare.privacy.events import CustomerErased
from aftercare.privacy.model import CustomerErasure

STRUCK_OUT = "***"
SHORTEST_NAME = 2
"""A name of one letter is found everywhere and struck out nowhere."""


class MattersOpen(Refusal):
    """Something of this customer is still under way; bring it to its end first, so that goods and money arrive."""


class Erasure(BaseModel):
    """That a customer was erased, when, and by whom."""

    id: UUID
    customer_id: UUID
    erased_at: datetime
    erased_by: UUID | None


class Erased(Erasure):
    """`rows`: how many of each table were emptied or went."""

    rows: dict[str, int]
    files: int


OPEN_MATTERS = text(
    """
    SELECT c.number FROM claim c WHERE c.id = ANY(:claims) AND c.ended_at IS NULL
    UNION SELECT c.number FROM refund r JOIN claim c ON c.id = r.claim_id
      WHERE r.customer_id = :customer AND r.state IN ('requested', 'sending', 'pending', 'offline_offered')
    ORDER BY 1 LIMIT 20
    """
)
KEEP = text(
    """
    INSERT INTO customer_erasure (id, shop_id, customer_id, erased_at, erased_by, rows, files)
    VALUES (:id, :shop, :customer, :now, :by, CAST(:rows AS jsonb), CAST(:files AS jsonb))
    ON CONFLICT (customer_id) DO UPDATE SET erased_at = excluded.erased_at, erased_by = excluded.erased_by,
      rows = excluded.rows, files = customer_erasure.files || excluded.files
    RETURNING id
    """
)


async def erase_customer(work: Work, customer_id: UUID) -> Erased:
    """What tells who the customer is, and every word that was said, is gone with this Work, and the files soon after; what the
    law wants kept stays without words and contacts. Open cases are closed. Needs `customers.privacy`. Refuses with NotFound,
    MattersOpen."""
    work.require("customers.privacy")
    found = await work.session.execute(
        text("SELECT shop_id, name, email, phone FROM customer WHERE id = :id FOR UPDATE"),
        {"id": customer_id},
    )
    customer = found.one_or_none()
    if customer is None:
        raise NotFound(customer_id=customer_id)
    values = await sets_of(work, customer_id)
    open_matters = (await work.session.scalars(OPEN_MATTERS, values)).all()
    if open_matters:
        raise MattersOpen(claims=list(open_matters))
    await _close(work, values["cases"])
    pattern, lexemes = await _literals(work, customer, values["contacts"])
    files = list(await work.session.scalars(text("SELECT key FROM file WHERE id = ANY(:files)"), values))
    rows: dict[str, int] = {}
    for holding in CATALOGUE:
        if holding.erased is None:
            done = f"DELETE FROM {holding.table} t WHERE {holding.whose}"  # noqa: S608  # our own catalogue
        elif holding.erased:
            changes = ", ".join(f"{column} = {to}" for column, to in holding.erased.items())
            done = f"UPDATE {holding.table} t SET {changes} WHERE {holding.whose}"  # noqa: S608
        else:
            continue
        result: Any = await work.session.execute(text(done), values)
        rows[holding.table] = rows.get(holding.table, 0) + int(result.rowcount)
    await work.session.execute(text("SELECT forget_tags_in_facts(:cases)"), {"cases": values["cases"]})
    await _strike_out(work, customer.shop_id, pattern, lexemes)
    await knowledge.forget_description(work, values["cases"])
    work.session.expire_all()
    for case_id in values["cases"]:
        await cases.index_case(work, case_id)
    rows = {table: count for table, count in rows.items() if count}
    kept = {
        "id": work.new_id(),
        "shop": customer.shop_id,
        "customer": customer_id,
        "now": work.now,
        "by": work.actor.id,
        "rows": to_json(rows),
        "files": to_json(sorted(set(files))),
    }
    erasure_id = (await work.session.execute(KEEP, kept)).scalar_one()
    work.record(CustomerErased(shop_id=customer.shop_id, customer_id=customer_id, erasure_id=erasure_id))
    return Erased(
        id=erasure_id,
        customer_id=customer_id,
        erased_at=work.now,
        erased_by=work.actor.id,
        rows=rows,
        files=len(set(files)),
    )


async def sets_of(work: Work, customer_id: UUID) -> dict[str, Any]:
    """The ids that the catalogue speaks of."""
    values: dict[str, Any] = {"customer": customer_id, "now": work.now}
    for name, asks in SETS.items():
        if name == "pushes":
            senders = await work.session.execute(text(SENDERS), values)
            values["senders"] = [sender_id(row.account_id, row.address) for row in senders]
        values[name] = list(await work.session.scalars(text(asks), values))
    return values


async def _close(work: Work, case_ids: Sequence[UUID]) -> None:
    still = await work.session.scalars(
        text("SELECT id FROM service_case WHERE id = ANY(:cases) AND status <> 'closed'"),
        {"cases": list(case_ids)},
    )
    for case_id in still.all():
        await cases.close_case(work, case_id, Closing.withdrawn)
    await work.write_facts()


async def _literals(work: Work, customer: Any, contacts: Sequence[UUID]) -> tuple[str, str]:
    """What tells who the customer is, as a pattern of PostgreSQL, and what it is found by."""
    rows = await work.session.execute(
        text("SELECT address, name FROM contact WHERE id = ANY(:ids)"), {"ids": list(contacts)}
    )
    names, told = [customer.name], [customer.email, customer.phone, *phone_spellings(customer.phone)]
    for row in rows:
        names.append(row.name)
        told += [row.address, *phone_spellings(row.address)]
    literals = {one for one in told if one and len(one) > 3}
    literals |= {name for name in names if len(name) >= SHORTEST_NAME}
    ordered = sorted(literals, key=len, reverse=True)
    return "|".join(re.sub(r"([^\w\s])", r"\\\1", one) for one in ordered), tsvector_text(*ordered)


async def _strike_out(work: Work, shop_id: UUID, pattern: str, lexemes: str) -> None:
    if not pattern:
        return
    for table, column, which in SHARED:
        also = f", {ALSO_FOUND[table, column]}" if (table, column) in ALSO_FOUND else ""
        await work.session.execute(
            text(
                f"UPDATE {table} t SET {column} = regexp_replace(t.{column}, :pattern, :struck_out, 'gi'){also}"  # noqa: S608
                f" WHERE {which} AND t.{column} ~* :pattern"
            ),
            {"pattern": pattern, "struck_out": STRUCK_OUT, "shop": shop_id}
            | ({"lexemes": lexemes} if ":lexemes" in also else {}),
        )
    # The words that a search forgives typing errors in.
    await work.session.execute(
        text("DELETE FROM knowledge_word WHERE word ~* :pattern"), {"pattern": pattern}
    )


@after(CustomerErased, in_order_of="customer_id", outside=True)
async def forget_files(house: House, fact: CustomerErased) -> None:
    """Their bytes, where no other upload has the same."""
    async with begin(house, SYSTEM) as work:
        keys: list[str] = (
            await work.session.execute(
                text("SELECT files FROM customer_erasure WHERE id = :id"), {"id": fact.erasure_id}
            )
        ).scalar_one()
        still = set(
            await work.session.scalars(text("SELECT key FROM file WHERE key = ANY(:keys)"), {"keys": keys})
        )
    if not keys:
        return
    for key in keys:
        if key not in still:
            await house.port(Files).forget(key)
    async with begin(house, SYSTEM) as work:
        await work.session.execute(
            text(
                "UPDATE customer_erasure SET files = (SELECT coalesce(jsonb_agg(k), '[]') FROM jsonb_array_elements_text(files) k"
                " WHERE NOT k = ANY(:keys)) WHERE id = :id"
            ),
            {"id": fact.erasure_id, "keys": keys},
        )


async def erasure_of(work: Work, customer_id: UUID) -> Erasure | None:
    """None: the customer was not erased. For whoever may read orders or cases."""
    if not (work.actor.may("orders.read") or work.actor.may("cases.read")):
        work.require("orders.read")
    row = await work.session.scalar(select(CustomerErasure).where(CustomerErasure.customer_id == customer_id))
    return None if row is None else Erasure.model_validate(row, from_attributes=True)
