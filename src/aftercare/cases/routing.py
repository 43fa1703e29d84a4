"""Whose case it becomes: by shop, skill, language, working hours and load; after a while also of other shops' people."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel, Field
from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from aftercare import identity
from aftercare.cases.events import OverflowSet
from aftercare.cases.model import Overflow, OverflowNotPossible
from aftercare.cases.owners import give
from aftercare.cases.verbs import case_row
from aftercare.journal import SYSTEM, House, Work, begin
from aftercare.people import MemberView, available_members
from aftercare.trials import Kind, Who, can_be_tried, refuse_on_trial, variant_for

# Two assignments beside each other would both see the same free hand. Held until this Work commits.
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('cases.routing', 0))")

LOADS = text(
    """
    SELECT o.id, count(c.id) AS load, max(c.assigned_at) AS last_at
    FROM unnest(CAST(:accounts AS uuid[])) AS o(id)
    LEFT JOIN service_case c ON c.owner_id = o.id AND c.status IN ('open', 'waiting_shop', 'waiting_customer')
      AND (c.snoozed_until IS NULL OR c.snoozed_until <= :now)
    GROUP BY o.id
    """
)


async def find_owner(work: Work, case_id: UUID, *, not_to: UUID | None = None) -> UUID | None:
    """Gives the case to whoever carries the smallest part of what they can; among equals to whom none was given for longest.
    With nobody free it stays in the shared queue, and is looked at again when somebody comes or gets free. `not_to`: who has just been
    found to have no time for it."""
    await work.session.execute(ONE_AT_A_TIME)
    case = await case_row(work, case_id, lock=True)
    if not case.queued:
        return None
    best = await _freest(
        work, await available_members(work, case.shop_id, case.skill, case.locale), not_to
    ) or await _freest(work, await of_other_shops(work, case), not_to)
    if best is None:
        return None
    give(work, case, best.account_id, "automatic")
    await work.session.flush()
    return best.account_id


async def loads_of(work: Work, accounts: Sequence[UUID]) -> dict[UUID, tuple[int, datetime | None]]:
    """How many open cases each has, and when the last was given."""
    rows = await work.session.execute(LOADS, {"accounts": list(accounts), "now": work.now})
    return {row.id: (row.load, row.last_at) for row in rows}


async def _freest(work: Work, members: Sequence[MemberView], not_to: UUID | None) -> MemberView | None:
    if not members:
        return None
    loads = await loads_of(work, [member.account_id for member in members])
    free = [
        member
        for member in members
        if loads[member.account_id][0] < member.capacity and member.account_id != not_to
    ]
    return min(
        free,
        key=lambda member: (
            loads[member.account_id][0] / member.capacity,
            loads[member.account_id][1] is not None,
            loads[member.account_id][1] or work.now,
            member.account_id,
        ),
        default=None,
    )


class Waits(Protocol):
    """What is asked of a case that waits for somebody."""

    @property
    def id(self) -> UUID: ...
    @property
    def shop_id(self) -> UUID: ...
    @property
    def customer_id(self) -> UUID | None: ...
    @property
    def skill(self) -> str | None: ...
    @property
    def locale(self) -> str: ...
    @property
    def waiting_since(self) -> datetime | None: ...
    @property
    def opened_at(self) -> datetime: ...


async def of_other_shops(work: Work, case: Waits) -> list[MemberView]:
    """Of the shops that it overflows to, once it has waited long enough; only who may see its own shop."""
    rule = await _rule_for(work, case.shop_id, Who(case.customer_id, case.id))
    since = case.waiting_since or case.opened_at
    if rule is None or work.now - since < timedelta(minutes=rule.after_minutes):
        return []
    may = set(await identity.members_of(work, case.shop_id, "cases.write"))
    found: dict[UUID, MemberView] = {}
    for shop_id in rule.to_shops:
        for member in await available_members(
            work, shop_id, None if rule.any_skill else case.skill, case.locale
        ):
            if member.account_id in may:
                found[member.account_id] = member
    return list(found.values())


ROUTING = "routing"
"""As what the rule is tried; a variant is {'rule': …}, None for waiting."""


async def _rule_for(work: Work, shop_id: UUID, who: Who, *, keep: bool = True) -> "NewOverflow | None":
    tried = await variant_for(work, shop_id, ROUTING, who, keep=keep)
    if tried is not None:
        return _rule(tried)
    row = await work.session.get(Overflow, shop_id, populate_existing=True)
    return None if row is None else NewOverflow.model_validate(row, from_attributes=True)


def _rule(variant: dict[str, Any]) -> "NewOverflow | None":
    return None if variant["rule"] is None else NewOverflow.model_validate(variant["rule"])


QUEUED = text(
    """
    SELECT c.id FROM service_case c JOIN member m ON m.account_id = :account_id
    JOIN member_shop s ON s.account_id = m.account_id AND s.shop_id = c.shop_id
    WHERE c.queued AND c.status IN ('open', 'waiting_shop', 'waiting_customer') AND c.opened_at <= :now
      AND (c.skill IS NULL OR c.skill = ANY(m.skills))
      AND (m.languages = '{}'
        OR split_part(c.locale, '-', 1) IN (SELECT split_part(l, '-', 1) FROM unnest(m.languages) AS l))
    ORDER BY c.due_at, c.id LIMIT 1000
    """
)


async def give_out(work: Work, account_id: UUID) -> int:
    """Somebody has a hand free: what waits and fits is given out, the most pressing first, until it is taken. Returns how
    many cases found an owner."""
    # As it stood at that moment: a story of the past is told in strides, and its later cases may be there already.
    about = {"account_id": account_id, "now": work.now}
    waiting = (await work.session.execute(QUEUED, about)).scalars().all()
    given = 0
    for case_id in waiting:
        if await find_owner(work, case_id) is None:
            break
        given += 1
    return given


WAITING = text(
    """
    SELECT id, shop_id, customer_id, skill, split_part(locale, '-', 1) AS language,
      coalesce(waiting_since, opened_at) AS since
    FROM service_case
    WHERE queued AND status IN ('open', 'waiting_shop', 'waiting_customer') AND opened_at <= :now
    ORDER BY due_at, id LIMIT 1000
    """
)


async def give_out_waiting(house: House) -> int:
    """What waits for an owner is looked at again: a shift has begun somewhere, or it has waited long enough for others. Returns
    how many found one."""
    async with begin(house, SYSTEM) as work:
        waiting = (await work.session.execute(WAITING, {"now": work.now})).all()
        rules = [
            await _rule_for(work, case.shop_id, Who(case.customer_id, case.id), keep=False)
            for case in waiting
        ]
        now = work.now
    given, nobody = 0, set()
    for case, rule in zip(waiting, rules, strict=True):
        overflows = (
            tuple(rule.to_shops)
            if rule is not None and now - case.since >= timedelta(minutes=rule.after_minutes)
            else ()
        )
        alike = (case.shop_id, case.skill, case.language, overflows)
        if alike in nobody:
            continue
        async with begin(house, SYSTEM) as work:
            found = await find_owner(work, case.id)
        if found is None:
            nobody.add(alike)
        else:
            given += 1
    return given


class NewOverflow(BaseModel):
    after_minutes: int = Field(ge=1, le=10_080)
    to_shops: list[UUID] = Field(min_length=1, max_length=50)
    any_skill: bool = False


async def overflow_of(work: Work, shop_id: UUID) -> NewOverflow | None:
    """None: what nobody of the shop can take waits. Needs `promises.read`."""
    work.require("promises.read")
    await identity.get_shop(work, shop_id)
    rule = await work.session.get(Overflow, shop_id, populate_existing=True)
    return None if rule is None else NewOverflow.model_validate(rule, from_attributes=True)


async def set_overflow(work: Work, shop_id: UUID, new: NewOverflow | None) -> None:
    """Needs `promises.write`, for all of these shops. Refuses with OverflowNotPossible, and with OnTrial while a decision about it
    runs."""
    await _may_route(work, shop_id, new)
    await refuse_on_trial(work, ROUTING, shop_id)
    await work.session.execute(delete(Overflow).where(Overflow.shop_id == shop_id))
    if new is not None:
        await work.session.execute(
            insert(Overflow).values(
                shop_id=shop_id, **new.model_dump(), changed_by=work.actor.id, changed_at=work.now
            )
        )
    work.record(
        OverflowSet(
            shop_id=shop_id,
            after_minutes=None if new is None else new.after_minutes,
            shops=[] if new is None else new.to_shops,
        )
    )


async def _may_route(work: Work, shop_id: UUID, new: NewOverflow | None) -> None:
    work.require("promises.write")
    await identity.get_shop(work, shop_id)
    for other in () if new is None else new.to_shops:
        if other == shop_id:
            raise OverflowNotPossible(shop_id=shop_id)
        await identity.get_shop(work, other)


async def _check_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    await _may_route(work, shop_id, _rule(variant))


async def _adopt_variant(work: Work, shop_id: UUID, thing: str, variant: dict[str, Any]) -> None:
    await set_overflow(work, shop_id, _rule(variant))


can_be_tried(Kind(ROUTING, frozenset({"customer", "case"}), _check_variant, _adopt_variant))
