"""Levers: projects that shall make service cheaper, what they cost, and what they saved by their own dates.

What a case costs is measured over its first three weeks, so that young cases are compared with old ones fairly; only cases that
are that old are compared. *After* are cases opened since the project began; *before* those of a time as long (at most half a
year) that ended three weeks before it began. The saving per case is the change of the touched cases less the change of the
others (`effects`); times the touched cases since the beginning it is what was saved.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import text

from aftercare.insights.costs.effects import Groups, LeverChange, change_of
from aftercare.insights.costs.events import LeverSet, LeverSpent
from aftercare.insights.costs.model import (
    SERVICE,
    Lever,
    LeverKind,
    LeverNotFound,
    LeverSpending,
    ScopeNotPossible,
)
from aftercare.insights.costs.reading import ABOUT
from aftercare.journal import Work
from aftercare.kit.errors import NotAllowed
from aftercare.kit.money import LARGEST_CENTS
from aftercare.kit.text import one_line

HORIZON = timedelta(days=21)
LONGEST = timedelta(days=182)
Name = Annotated[str, AfterValidator(one_line), Field(min_length=1, max_length=120)]
Words = Annotated[str, AfterValidator(one_line), Field(max_length=500)]
Code = Annotated[str, Field(min_length=1, max_length=80)]
Codes = Annotated[list[Code], Field(max_length=50)]


class LeverScope(BaseModel):
    """Which cases: all that are named must hold, of each list any one; an empty list asks nothing. `carriers`: a parcel of the case
    went with one of them. `costs`: which of their costs count."""

    shops: Annotated[list[UUID], Field(max_length=200)] = []
    claim_kinds: Codes = []
    reasons: Codes = []
    channels: Codes = []
    categories: Codes = []
    carriers: Codes = []
    costs: Literal["all", "service"] = "service"

    @property
    def asks(self) -> bool:
        return any(
            (self.shops, self.claim_kinds, self.reasons, self.channels, self.categories, self.carriers)
        )


class NewLever(BaseModel):
    shop_id: UUID | None = None
    name: Name
    kind: LeverKind
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    started_on: date
    ended_on: date | None = None
    scope: LeverScope
    against: LeverScope | None = None
    """None: all other cases of the shops of the scope."""
    words: Words = ""


class NewSpending(BaseModel):
    """Negative undoes what was entered wrongly."""

    spent_on: date
    amount_cents: Annotated[int, Field(ge=-LARGEST_CENTS, le=LARGEST_CENTS)]
    words: Words = ""


class SpendingView(BaseModel):
    spent_on: date
    amount_cents: int
    words: str


class LeverDay(BaseModel):
    """Sums up to this day: spent, and saved (with its interval)."""

    day: date
    spent_cents: int
    saved_cents: int
    low_cents: int
    high_cents: int


class LeverReturn(BaseModel):
    """What came of it. `saved_cents` of `cases` touched since it began, `roi` = (saved − spent) / spent; each with the interval of
    the change. `paid_back_on`: the first day on which as much was saved as spent; `paid_back_expected`: that day lies ahead, at the
    pace so far; null: at this pace never."""

    cases: int
    spent_cents: int
    saved_cents: int | None
    saved_low_cents: int | None
    saved_high_cents: int | None
    roi: float | None
    roi_low: float | None
    roi_high: float | None
    paid_back_on: date | None
    paid_back_expected: bool
    days: list[LeverDay]


class LeverSpan(BaseModel):
    """Days, both included."""

    first: date
    last: date


class LeverView(BaseModel):
    id: UUID
    shop_id: UUID | None
    name: str
    kind: LeverKind
    currency: str
    started_on: date
    ended_on: date | None
    scope: LeverScope
    against: LeverScope | None
    words: str
    spending: list[SpendingView]
    before: LeverSpan
    after: LeverSpan
    """Of the cases that are compared; `after` may be empty (its last day before its first)."""
    change: LeverChange
    returned: LeverReturn


async def set_lever(work: Work, new: NewLever) -> UUID:
    """Needs `insights.write`, for the group also to see every shop. Refuses with ScopeNotPossible."""
    work.require("insights.write")
    if new.shop_id is None and work.actor.shops is not None:
        raise NotAllowed(needed="every shop")
    named = [
        *new.scope.shops,
        *(new.against.shops if new.against else []),
        *([new.shop_id] if new.shop_id else []),
    ]
    if not new.scope.asks or any(not work.actor.sees(shop) for shop in named):
        raise ScopeNotPossible()
    if new.ended_on is not None and new.ended_on <= new.started_on:
        raise ScopeNotPossible(ended_on=new.ended_on)
    row = Lever(
        id=work.new_id(),
        shop_id=new.shop_id,
        name=new.name,
        kind=new.kind,
        currency=new.currency,
        started_on=new.started_on,
        ended_on=new.ended_on,
        scope=new.scope.model_dump(mode="json"),
        against=new.against.model_dump(mode="json") if new.against else None,
        words=new.words,
        made_by=work.actor.id,
        made_at=work.now,
    )
    work.session.add(row)
    work.record(
        LeverSet(lever_id=row.id, shop_id=row.shop_id, kind=row.kind, started_on=row.started_on.isoformat())
    )
    await work.session.flush()
    return row.id


async def end_lever(work: Work, lever_id: UUID, ended_on: date) -> None:
    """Needs `insights.write`. Refuses with LeverNotFound, ScopeNotPossible."""
    work.require("insights.write")
    row = await _lever(work, lever_id, change=True)
    if ended_on <= row.started_on:
        raise ScopeNotPossible(ended_on=ended_on)
    row.ended_on = ended_on
    work.record(
        LeverSet(lever_id=row.id, shop_id=row.shop_id, kind=row.kind, started_on=row.started_on.isoformat())
    )
    await work.session.flush()


async def spend(work: Work, lever_id: UUID, new: NewSpending) -> None:
    """Needs `insights.write`. Refuses with LeverNotFound."""
    work.require("insights.write")
    lever = await _lever(work, lever_id, change=True)
    work.session.add(
        LeverSpending(
            id=work.new_id(),
            shop_id=lever.shop_id,
            lever_id=lever.id,
            spent_on=new.spent_on,
            amount_cents=new.amount_cents,
            words=new.words,
            entered_by=work.actor.id,
            entered_at=work.now,
        )
    )
    work.record(
        LeverSpent(
            lever_id=lever.id, shop_id=lever.shop_id, amount_cents=new.amount_cents, currency=lever.currency
        )
    )
    await work.session.flush()


async def _lever(work: Work, lever_id: UUID, *, change: bool = False) -> Lever:
    found = await work.session.get(Lever, lever_id, populate_existing=True)
    if found is None:
        raise LeverNotFound(lever=lever_id)
    if change and found.shop_id is None and work.actor.shops is not None:
        raise NotAllowed(needed="every shop")
    return found


async def levers(work: Work) -> list[LeverView]:
    """All that the actor may see, newest first, each measured now over the shops that the actor sees. Needs `insights.read`."""
    work.require("insights.read")
    ids = await work.session.scalars(text("SELECT id FROM cost_lever ORDER BY started_on DESC, id"))
    return [await lever(work, lever_id) for lever_id in ids.all()]


async def lever(work: Work, lever_id: UUID) -> LeverView:
    """Needs `insights.read`. Refuses with LeverNotFound."""
    work.require("insights.read")
    row = await _lever(work, lever_id)
    spending = [
        SpendingView.model_validate(one._mapping)
        for one in await work.session.execute(
            text(
                "SELECT spent_on, amount_cents, words FROM cost_lever_spending WHERE lever_id = :lever ORDER BY spent_on, id"
            ),
            {"lever": lever_id},
        )
    ]
    scope = LeverScope.model_validate(row.scope)
    against = LeverScope.model_validate(row.against) if row.against else None
    before, after = windows(row.started_on, row.ended_on, work.now.date())
    groups = Groups(
        *[
            await _case_costs(work, row, scope if touched else against, window, scope)
            for touched in (True, False)
            for window in (before, after)
        ]
    )
    change = await _computed(groups, row.id.int % 2**32)
    last = min(row.ended_on - timedelta(days=1) if row.ended_on else work.now.date(), work.now.date())
    opened = await _opened(work, row, scope, (row.started_on, last))
    return LeverView(
        id=row.id,
        shop_id=row.shop_id,
        name=row.name,
        kind=row.kind,
        currency=row.currency,
        started_on=row.started_on,
        ended_on=row.ended_on,
        scope=scope,
        against=against,
        words=row.words,
        spending=spending,
        before=LeverSpan(first=before[0], last=before[1]),
        after=LeverSpan(first=after[0], last=after[1]),
        change=change,
        returned=returned(change, opened, spending, row.started_on, last),
    )


async def _computed(groups: Groups, seed: int) -> LeverChange:
    from anyio import to_thread

    return await to_thread.run_sync(lambda: change_of(groups, seed=seed))


Window = tuple[date, date]


def windows(started: date, ended: date | None, today: date) -> tuple[Window, Window]:
    """First and last day of the cases before and after."""
    ripe = today - HORIZON
    last = min(ripe, (ended or today) - timedelta(days=1))
    first = max(started, last - LONGEST + timedelta(days=1))
    length = max(last - first + timedelta(days=1), timedelta(days=28))
    until = started - HORIZON
    return (until - min(length, LONGEST) + timedelta(days=1), until), (first, last)


def _matches(scope: LeverScope, values: dict[str, Any], name: str) -> str:
    parts = []
    for given, column in (
        (scope.claim_kinds, "a.claim_kind"),
        (scope.reasons, "a.reason"),
        (scope.channels, "a.channel"),
        (scope.categories, "a.category"),
    ):
        if given:
            key = f"{name}_{column[2:]}"
            parts.append(f"{column} = ANY(:{key})")
            values[key] = list(given)
    if scope.shops:
        parts.append(f"c.shop_id = ANY(:{name}_shops)")
        values[f"{name}_shops"] = list(scope.shops)
    if scope.carriers:
        parts.append(
            f"EXISTS (SELECT FROM cost_line p WHERE p.case_id = c.id AND p.carrier = ANY(:{name}_carriers))"
        )
        values[f"{name}_carriers"] = list(scope.carriers)
    return " AND ".join(parts) or "true"


def _where(
    row: Lever, scope: LeverScope | None, window: Window, touched: LeverScope
) -> tuple[str, dict[str, Any]]:
    """The cases of a group; `scope` None: those that the project does not touch, in the shops in which it does."""
    values: dict[str, Any] = {
        "since": datetime.combine(window[0], datetime.min.time(), UTC),
        "until": datetime.combine(window[1] + timedelta(days=1), datetime.min.time(), UTC),
        "shop": row.shop_id,
        "currency": row.currency,
    }
    parts = [
        "c.opened_at >= :since AND c.opened_at < :until",
        "(CAST(:shop AS uuid) IS NULL OR c.shop_id = :shop)",
        "s.currency = :currency",
    ]
    touching = _matches(touched, values, "touched")
    if scope is None:
        # Only of the same kind of matter: a question without a claim is no comparison for one with a claim.
        others = f"NOT coalesce({touching}, false)"
        if touched.shops and (
            touched.claim_kinds
            or touched.reasons
            or touched.channels
            or touched.categories
            or touched.carriers
        ):
            others += " AND c.shop_id = ANY(:touched_shops)"
        if touched.claim_kinds or touched.reasons or touched.categories:
            others += " AND a.claim_kind IS NOT NULL"
        if touched.carriers:
            others += " AND EXISTS (SELECT FROM cost_line p WHERE p.case_id = c.id AND p.carrier IS NOT NULL)"
        parts.append(others)
    elif scope is touched:
        parts.append(touching)
    else:
        parts.append(f"NOT coalesce({touching}, false) AND {_matches(scope, values, 'other')}")
    return " AND ".join(f"({part})" for part in parts), values


async def _case_costs(
    work: Work, row: Lever, scope: LeverScope | None, window: Window, touched: LeverScope
) -> Sequence[int]:
    where, values = _where(row, scope, window, touched)
    rows = await work.session.scalars(
        text(
            f"""
            SELECT CAST(coalesce(sum(l.amount_cents), 0) AS bigint) FROM service_case c JOIN shop s ON s.id = c.shop_id
            JOIN ({ABOUT}) a ON a.case_id = c.id
            LEFT JOIN cost_line l ON l.case_id = c.id AND l.at < c.opened_at + CAST(:horizon AS interval) AND l.currency = :currency
              AND (CAST(:all AS boolean) OR l.kind = ANY(:kinds))
            WHERE {where} GROUP BY c.id ORDER BY c.id
            """  # noqa: S608  # only our own conditions
        ),
        values
        | {
            "horizon": HORIZON,
            "all": touched.costs == "all",
            "kinds": sorted(kind.value for kind in SERVICE),
        },
    )
    return list(rows)


async def _opened(work: Work, row: Lever, scope: LeverScope, window: Window) -> dict[date, int]:
    where, values = _where(row, scope, window, scope)
    rows = await work.session.execute(
        text(
            f"SELECT CAST(c.opened_at AT TIME ZONE 'UTC' AS date) AS day, count(*) AS cases FROM service_case c"  # noqa: S608
            f" JOIN shop s ON s.id = c.shop_id JOIN ({ABOUT}) a ON a.case_id = c.id WHERE {where} GROUP BY 1"
        ),
        values,
    )
    return {one.day: one.cases for one in rows}


def returned(
    change: LeverChange, opened: dict[date, int], spending: Sequence[SpendingView], started: date, last: date
) -> LeverReturn:
    """From the change per case and the cases of each day since the beginning."""
    cases, spent = sum(opened.values()), sum(one.amount_cents for one in spending)
    if change.change_cents is None or change.low_cents is None or change.high_cents is None:
        return LeverReturn(
            cases=cases,
            spent_cents=spent,
            saved_cents=None,
            saved_low_cents=None,
            saved_high_cents=None,
            roi=None,
            roi_low=None,
            roi_high=None,
            paid_back_on=None,
            paid_back_expected=False,
            days=[],
        )
    # The least saving is that of the dearest change.
    each, least, most = -change.change_cents, -change.high_cents, -change.low_cents
    first = min([started, *[one.spent_on for one in spending]])
    days = [first + timedelta(days=number) for number in range(max((last - first).days + 1, 0))]
    seen = list(accumulate(opened.get(day, 0) for day in days))
    paid = list(accumulate(sum(one.amount_cents for one in spending if one.spent_on == day) for day in days))
    drawn = [
        LeverDay(
            day=day,
            spent_cents=out,
            saved_cents=round(each * many),
            low_cents=round(least * many),
            high_cents=round(most * many),
        )
        for day, many, out in zip(days, seen, paid, strict=True)
    ]
    saved = round(each * cases)
    back, expected = _paid_back(drawn, saved, spent, started, last)
    return LeverReturn(
        cases=cases,
        spent_cents=spent,
        saved_cents=saved,
        saved_low_cents=round(least * cases),
        saved_high_cents=round(most * cases),
        roi=_roi(saved, spent),
        roi_low=_roi(round(least * cases), spent),
        roi_high=_roi(round(most * cases), spent),
        paid_back_on=back,
        paid_back_expected=expected,
        days=drawn,
    )


def _roi(saved: int, spent: int) -> float | None:
    return round((saved - spent) / spent, 4) if spent > 0 else None


def _paid_back(
    days: Sequence[LeverDay], saved: int, spent: int, started: date, last: date
) -> tuple[date | None, bool]:
    """The day from which on what was saved stays at least what was spent; else the day ahead at the pace so far."""
    back: date | None = None
    for day in days:
        if day.day >= started and day.saved_cents >= day.spent_cents and day.saved_cents > 0:
            back = back or day.day
        else:
            back = None
    if back is not None:
        return back, False
    running = (last - started).days + 1
    if saved <= 0 or running <= 0 or spent <= saved:
        return None, False
    ahead = -(-(spent - saved) * running // saved)
    return (last + timedelta(days=ahead), True) if ahead < 3_650 else (None, False)
