"""Policies: a clock's terms as data, in versions that follow one another, for a shop or for the house."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field, model_validator
from sqlalchemy import text

from aftercare.identity import get_shop
from aftercare.journal import Work
from aftercare.kit.calendars import NeverOpen, WorkingCalendar
from aftercare.promises.calendars import calendar_named, get_calendar, may_write, remembered
from aftercare.promises.events import ClockPolicySet, ClockPolicyWithdrawn
from aftercare.promises.model import HoursUnusable, NoSuchCalendar, NoTermsForClock, PolicyInThePast
from aftercare.promises.terms import DEFAULT_TERMS, ClockTerms, Moment, Words


class NewPolicy(BaseModel):
    """Either `length` or `working_days`. `calendar_id` none: the shop's standard calendar. `valid_from` none: now."""

    name: str = Field(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=80)
    length: timedelta | None = Field(default=None, gt=timedelta(0), le=timedelta(days=3650))
    working_days: int | None = Field(default=None, gt=0, le=3650)
    business: bool = False
    calendar_id: UUID | None = None
    warn_fraction: float = Field(default=0.25, ge=0, lt=1)
    max_extensions: int = Field(default=1, ge=0, le=100)
    valid_from: Moment | None = None
    reason: Words = Field(min_length=1)

    @model_validator(mode="after")
    def _has_one_length(self) -> "NewPolicy":
        if (self.length is None) == (self.working_days is None):
            raise ValueError("a policy has either a length or a number of working days")
        if self.working_days and not self.business:
            raise ValueError("working days are business time")
        return self


class PolicyView(BaseModel):
    id: UUID
    shop_id: UUID | None
    name: str
    version: int
    length_seconds: int | None
    working_days: int | None
    business: bool
    calendar_id: UUID | None
    calendar: str | None
    warn_fraction: float
    max_extensions: int
    valid_from: datetime
    valid_until: datetime | None
    in_force: bool
    reason: str
    set_by: UUID | None
    set_at: datetime


class TermsView(BaseModel):
    """What holds for a clock in a shop now, and where it comes from."""

    name: str
    terms: ClockTerms


@dataclass(frozen=True, slots=True)
class Due:
    """Terms counted out from one moment."""

    due_at: datetime
    warn_at: datetime | None
    length: timedelta
    calendar_id: UUID | None


SELECT = """
    SELECT p.id, p.shop_id, p.name, p.version, CAST(extract(epoch FROM p.length) AS bigint) AS length_seconds, p.working_days,
      p.business, p.calendar_id, c.name AS calendar, p.warn_fraction, p.max_extensions, p.valid_from, p.valid_until,
      p.valid_from <= :now AND (p.valid_until IS NULL OR p.valid_until > :now) AS in_force, p.reason, p.set_by, p.set_at
    FROM clock_policy p LEFT JOIN business_calendar c ON c.id = p.calendar_id
"""

ALL_FOR_SHOP = text(
    """
    SELECT p.name, p.valid_from, p.valid_until, p.version, p.shop_id, p.length, p.working_days, p.business, p.warn_fraction,
      p.max_extensions, c.name AS calendar
    FROM clock_policy p LEFT JOIN business_calendar c ON c.id = p.calendar_id
    WHERE (p.shop_id = :shop OR p.shop_id IS NULL) AND (p.valid_until IS NULL OR p.valid_until > p.valid_from)
    ORDER BY p.shop_id NULLS LAST
    """
)


@dataclass(frozen=True, slots=True)
class _Set:
    """Terms that hold from one day on, until another."""

    valid_from: datetime
    valid_until: datetime | None
    terms: ClockTerms


async def _sets_for(work: Work, shop_id: UUID) -> dict[str, list[_Set]]:
    """By clock, the shop's before the house's."""
    found: dict[str, list[_Set]] = {}
    for row in await work.session.execute(ALL_FOR_SHOP, {"shop": shop_id}):
        terms = ClockTerms.model_construct(
            length=row.length or timedelta(0),
            business=row.business,
            working_days=row.working_days or 0,
            calendar=row.calendar,
            warn_before=row.warn_fraction,
            max_extensions=row.max_extensions,
            policy=f"{'house' if row.shop_id is None else 'shop'} v{row.version}",
        )
        found.setdefault(row.name, []).append(_Set(row.valid_from, row.valid_until, terms))
    return found


async def terms_for(work: Work, shop_id: UUID, name: str) -> ClockTerms:
    """The shop's policy, else the house's, else the default; as set at most ten seconds ago, and exactly as this work has
    set it. Refuses with NoTermsForClock."""
    key = ("policies", shop_id, work.actor.sees(shop_id))
    sets = await remembered.recall(work, key, lambda: _sets_for(work, shop_id))
    for one in sets.get(name, ()):
        if one.valid_from <= work.now and (one.valid_until is None or one.valid_until > work.now):
            return one.terms  # type: ignore[no-any-return]
    if name not in DEFAULT_TERMS:
        raise NoTermsForClock(clock=name)
    return DEFAULT_TERMS[name]


async def terms_in_shop(work: Work, shop_id: UUID) -> list[TermsView]:
    """Of every clock that is known, by name. Needs `promises.read`."""
    work.require("promises.read")
    await get_shop(work, shop_id)
    names = set(
        await work.session.scalars(
            text("SELECT DISTINCT name FROM clock_policy WHERE shop_id = :shop OR shop_id IS NULL"),
            {"shop": shop_id},
        )
    )
    found = []
    for name in sorted(names | set(DEFAULT_TERMS)):
        try:
            found.append(TermsView(name=name, terms=await terms_for(work, shop_id, name)))
        except NoTermsForClock:
            continue  # a policy that was withdrawn or is yet to come, for a clock without a default
    return found


async def preview_due(work: Work, shop_id: UUID, terms: ClockTerms, start: datetime) -> Due:
    """When a clock that starts then would be due. Refuses with NoSuchCalendar."""
    if not terms.business:
        return count_out(terms, start, None, None)
    calendar_id, calendar = await calendar_named(work, shop_id, terms.calendar)
    return count_out(terms, start, calendar_id, calendar)


def count_out(
    terms: ClockTerms, start: datetime, calendar_id: UUID | None, calendar: WorkingCalendar | None
) -> Due:
    length = terms.length
    if calendar is not None and terms.working_days:
        length = calendar.hours.working_day * terms.working_days
    to_warning = length * (1 - terms.warn_before)
    return Due(
        due_at=forward(calendar, start, length),
        warn_at=forward(calendar, start, to_warning) if terms.warn_before else None,
        length=length,
        calendar_id=calendar_id,
    )


def forward(calendar: WorkingCalendar | None, start: datetime, length: timedelta) -> datetime:
    """Real time without a calendar. Refuses with HoursUnusable what would take more than 30 years."""
    try:
        return start + length if calendar is None else calendar.add_working_time(start, length)
    except NeverOpen as never:
        raise HoursUnusable(reason=str(never)) from never


async def add_working_time(work: Work, shop_id: UUID, start: datetime, length: timedelta) -> datetime:
    """By when so much was worked in the shop's standard calendar. Refuses with HoursUnusable."""
    if not length:
        return start
    _, calendar = await calendar_named(work, shop_id, None)
    return forward(calendar, start, length)


def between(calendar: WorkingCalendar | None, start: datetime, end: datetime) -> timedelta:
    return end - start if calendar is None else calendar.working_time_between(start, end)


async def list_policies(
    work: Work, *, shop_id: UUID | None = None, name: str | None = None, history: bool = False
) -> list[PolicyView]:
    """The house's and the shops' policies, newest version first; without `history` only those in force or to come.
    Needs `promises.read`."""
    work.require("promises.read")
    rows = await work.session.execute(
        text(
            SELECT
            + " WHERE (CAST(:shop AS uuid) IS NULL OR p.shop_id = :shop OR p.shop_id IS NULL)"
            + " AND (CAST(:name AS text) IS NULL OR p.name = :name)"
            + " AND (:history OR p.valid_until IS NULL OR (p.valid_until > :now AND p.valid_until > p.valid_from))"
            + " ORDER BY p.name, p.shop_id NULLS FIRST, p.version DESC"
        ),
        {"now": work.now, "shop": shop_id, "name": name, "history": history},
    )
    return [PolicyView.model_validate(row._mapping) for row in rows]


REPLACE = text(
    """
    UPDATE clock_policy SET valid_until = greatest(valid_from, :from)
    WHERE name = :name AND shop_id IS NOT DISTINCT FROM :shop AND (valid_until IS NULL OR valid_until > :from)
    RETURNING id
    """
)


async def set_policy(work: Work, shop_id: UUID | None, new: NewPolicy) -> PolicyView:
    """The next version, from `valid_from` on; whatever was set for later than that never comes to hold. Clocks that run keep
    the terms that they started with. Refuses with PolicyInThePast, NoSuchCalendar, NotFound."""
    may_write(work, shop_id)
    if shop_id is not None:
        await get_shop(work, shop_id)
    valid_from = new.valid_from or work.now
    if valid_from < work.now:
        raise PolicyInThePast(valid_from=valid_from, now=work.now)
    if new.calendar_id is not None:
        calendar = await get_calendar(work, new.calendar_id)
        if calendar.shop_id not in (None, shop_id):
            raise NoSuchCalendar(calendar_id=new.calendar_id)
    which = {"name": new.name, "shop": shop_id}
    await work.session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
        {"key": f"clock_policy {shop_id} {new.name}"},
    )
    await work.session.execute(REPLACE, which | {"from": valid_from})
    remembered.forget_with(work)
    policy_id = work.new_id()
    version: int = (
        await work.session.execute(
            text(
                """
                INSERT INTO clock_policy (id, shop_id, name, version, length, working_days, business, calendar_id,
                  warn_fraction, max_extensions, valid_from, reason, set_by, set_at)
                SELECT :id, :shop, CAST(:name AS text), coalesce(max(version), 0) + 1, :length, :working_days, :business, :calendar_id,
                  :warn_fraction, :max_extensions, :from, :reason, :set_by, :now
                FROM clock_policy WHERE name = :name AND shop_id IS NOT DISTINCT FROM :shop
                RETURNING version
                """
            ),
            {
                **which,
                **new.model_dump(exclude={"name", "valid_from"}),
                "id": policy_id,
                "from": valid_from,
                "set_by": work.actor.id,
                "now": work.now,
            },
        )
    ).scalar_one()
    work.record(
        ClockPolicySet(
            clock_policy_id=policy_id, clock=new.name, version=version, valid_from=valid_from, shop_id=shop_id
        )
    )
    return await _get(work, policy_id)


async def withdraw_policy(work: Work, shop_id: UUID | None, name: str) -> None:
    """From now on the house's policy holds, or the default. Harmless when there is nothing to withdraw."""
    may_write(work, shop_id)
    if shop_id is not None:
        await get_shop(work, shop_id)
    withdrawn = await work.session.scalars(REPLACE, {"name": name, "shop": shop_id, "from": work.now})
    remembered.forget_with(work)
    for policy_id in withdrawn:
        work.record(ClockPolicyWithdrawn(clock_policy_id=policy_id, clock=name, shop_id=shop_id))


async def _get(work: Work, policy_id: UUID) -> PolicyView:
    row: Any = (
        await work.session.execute(text(SELECT + " WHERE p.id = :id"), {"id": policy_id, "now": work.now})
    ).one()
    return PolicyView.model_validate(row._mapping)
