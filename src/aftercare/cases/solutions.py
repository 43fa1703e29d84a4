"""What solved earlier cases, beside a new one: the likeliest solutions, applied or rejected, and whether they held.

A solution **held** in a case when the case was solved with it and, within seven days, neither opened again nor followed by
another of the same customer about the same order. Its success rate is the share of the cases that are that old in which it held.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from aftercare.cases.events import (
    CaseClosed,
    CaseEndingUndone,
    CaseOpened,
    CaseReopened,
    CaseSolutionApplied,
    CaseSolutionFailed,
    CaseSolutionRejected,
    CaseSolved,
)
from aftercare.cases.model import ACTIVE, Status
from aftercare.cases.verbs import case_row, get_case, solve
from aftercare.journal import ActorKind, Work, after, within
from aftercare.kit.tables import Base, status_type
from aftercare.kit.text import clean, one_line
from aftercare.knowledge import NewSolution, SolutionView, find_solutions, get_solution, keep_solution

HOLDS_AFTER = timedelta(days=7)
TAKEN_BACK_WITHIN = timedelta(minutes=10)
OFFERED = 3
LOOKED_AT = 20
MOST_GOODS = 5
"""An order of more products does not tell which one the matter is about."""
LONGEST_DESCRIPTION = 600

# Before anything is known of a solution it is taken to hold in two of three cases.
HELD_BEFORE, TRIED_BEFORE = 2, 3


class Failing(StrEnum):
    reopened = "reopened"
    contacted_again = "contacted_again"


class CaseSolution(Base):
    """A solution that an agent has applied to a case, or found not to fit."""

    __tablename__ = "case_solution"
    __table_args__ = (
        Index("case_solution_solution_idx", "solution_id"),
        CheckConstraint(
            "(applied_at IS NULL) <> (rejected_at IS NULL)", name="a_solution_fits_a_case_or_not"
        ),
        CheckConstraint("(failed_at IS NULL) = (failing IS NULL)", name="a_failed_solution_knows_why"),
        CheckConstraint("failed_at IS NULL OR solved_at IS NOT NULL", name="only_what_was_solved_fails"),
    )

    case_id: Mapped[UUID] = mapped_column(ForeignKey("service_case.id"), primary_key=True)
    solution_id: Mapped[UUID] = mapped_column(ForeignKey("solution.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    applied_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
    by: Mapped[UUID | None]
    solved_at: Mapped[datetime | None]
    """When the case was solved with it."""
    failed_at: Mapped[datetime | None]
    failing: Mapped[Failing | None] = mapped_column(
        status_type(Failing, "a_solution_fails_for_a_known_reason")
    )


class Offered(BaseModel):
    """A solution beside a case. `tried` is in how many cases it has had seven days to prove itself, `held` in how many of them
    it did; `waiting`: applied, too early to tell. `likeness` is of the words and the goods, and orders the list together with
    the success rate."""

    solution: SolutionView
    likeness: float
    tried: int
    held: int
    waiting: int
    applied_at: datetime | None


class Beside(BaseModel):
    """`problem` and `remedy`: what would be kept if this case became a solution."""

    solutions: list[Offered]
    problem: str
    remedy: str


class SolvedAs(BaseModel):
    """What is not given is taken from the case: its title as the problem, the shop's last answer as the remedy."""

    problem: Annotated[str, Field(max_length=400), AfterValidator(one_line)] = ""
    remedy: Annotated[str, Field(max_length=8_000), AfterValidator(clean)] = ""
    category: Annotated[str | None, Field(max_length=80)] = None
    product_ids: Annotated[list[UUID] | None, Field(max_length=200)] = None
    article_id: UUID | None = None


MATTER = text(
    """
    SELECT c.shop_id, c.title, c.locale, c.status,
      array(SELECT m.body FROM message m WHERE m.thread_id = c.thread_id AND m.kind = 'message'
        AND m.author_kind = 'customer' ORDER BY m.sent_at LIMIT 3) AS asked,
      coalesce((SELECT m.body FROM message m WHERE m.thread_id = c.thread_id AND m.kind = 'message'
        AND m.author_kind IN ('staff', 'integration') ORDER BY m.sent_at DESC LIMIT 1), '') AS answered,
      array(SELECT DISTINCT l.product_id FROM order_line l WHERE l.order_id = c.order_id
        AND l.product_id IS NOT NULL LIMIT :most) AS product_ids,
      array(SELECT DISTINCT l.category::text FROM order_line l WHERE l.order_id = c.order_id
        AND l.category <> '' LIMIT :most) AS categories
    FROM service_case c WHERE c.id = :id
    """
)

RECORD = text(
    """
    SELECT s.solution_id,
      count(*) FILTER (WHERE s.failed_at IS NOT NULL OR s.solved_at <= :proven) AS tried,
      count(*) FILTER (WHERE s.failed_at IS NULL AND s.solved_at <= :proven) AS held,
      count(*) FILTER (WHERE s.applied_at IS NOT NULL AND s.failed_at IS NULL
        AND (s.solved_at IS NULL OR s.solved_at > :proven)) AS waiting,
      max(s.applied_at) FILTER (WHERE s.case_id = :case_id) AS applied_at,
      bool_or(s.case_id = :case_id AND s.rejected_at IS NOT NULL) AS rejected
    FROM case_solution s WHERE s.solution_id = ANY(:ids) GROUP BY s.solution_id
    """
)


async def _matter(work: Work, case_id: UUID) -> Any:
    return (await work.session.execute(MATTER, {"id": case_id, "most": MOST_GOODS + 1})).one()


async def solutions_beside(work: Work, case_id: UUID) -> Beside:
    """The three likeliest solutions of earlier cases, without those rejected here. Needs `cases.read` and `knowledge.read`."""
    await get_case(work, case_id)
    matter = await _matter(work, case_id)
    asked = " ".join(one_line(body) for body in matter.asked)
    few = len(matter.product_ids) <= MOST_GOODS
    found = await find_solutions(
        work,
        f"{matter.title} {asked}"[:LONGEST_DESCRIPTION],
        shop_id=matter.shop_id,
        product_ids=matter.product_ids if few else (),
        categories=matter.categories if few else (),
        limit=LOOKED_AT,
    )
    records = await _records(work, case_id, [one.solution.id for one in found])
    offered: list[tuple[float, Offered]] = []
    for one in found:
        record = records.get(one.solution.id)
        if record is not None and record.rejected:
            continue
        tried, held = (record.tried, record.held) if record else (0, 0)
        offered.append(
            (
                one.score * (held + HELD_BEFORE) / (tried + TRIED_BEFORE),
                Offered(
                    solution=one.solution,
                    likeness=one.score,
                    tried=tried,
                    held=held,
                    waiting=record.waiting if record else 0,
                    applied_at=record.applied_at if record else None,
                ),
            )
        )
    offered.sort(key=lambda one: (one[1].applied_at is not None, one[0]), reverse=True)
    return Beside(
        solutions=[one for _, one in offered[:OFFERED]],
        problem=matter.title,
        remedy=matter.answered,
    )


async def _records(work: Work, case_id: UUID, ids: Sequence[UUID]) -> dict[UUID, Any]:
    rows = await work.session.execute(
        RECORD, {"ids": list(ids), "case_id": case_id, "proven": work.now - HOLDS_AFTER}
    )
    return {row.solution_id: row for row in rows}


NOTE = text(
    """
    INSERT INTO case_solution AS s (case_id, solution_id, shop_id, applied_at, rejected_at, by, solved_at)
    SELECT c.id, :solution_id, c.shop_id, CASE WHEN :fits THEN CAST(:now AS timestamptz) END,
      CASE WHEN NOT :fits THEN CAST(:now AS timestamptz) END, CAST(:by AS uuid),
      CASE WHEN :fits THEN coalesce(c.solved_at, c.closed_at) END
    FROM service_case c WHERE c.id = :case_id
    ON CONFLICT (case_id, solution_id) DO UPDATE SET applied_at = excluded.applied_at, rejected_at = excluded.rejected_at,
      by = excluded.by, solved_at = excluded.solved_at, failed_at = NULL, failing = NULL
    WHERE (s.applied_at IS NULL) <> (excluded.applied_at IS NULL)
    RETURNING s.solution_id
    """
)


async def _note(work: Work, case_id: UUID, solution_id: UUID, *, fits: bool) -> bool:
    noted = await work.session.execute(
        NOTE,
        {
            "case_id": case_id,
            "solution_id": solution_id,
            "fits": fits,
            "now": work.now,
            "by": work.actor.id,
        },
    )
    return noted.one_or_none() is not None


async def apply_solution(work: Work, case_id: UUID, solution_id: UUID) -> None:
    """This is what is done here: it counts for the solution's success rate. Twice is once. Needs `cases.write`."""
    case = await case_row(work, case_id)
    work.require("cases.write")
    solution = await get_solution(work, solution_id)
    if await _note(work, case.id, solution.id, fits=True):
        work.record(CaseSolutionApplied(shop_id=case.shop_id, case_id=case.id, solution_id=solution.id))


async def reject_solution(work: Work, case_id: UUID, solution_id: UUID) -> None:
    """It does not fit here, and is not offered here again; applied before, it no longer counts. Needs `cases.write`."""
    case = await case_row(work, case_id)
    work.require("cases.write")
    solution = await get_solution(work, solution_id)
    if await _note(work, case.id, solution.id, fits=False):
        work.record(CaseSolutionRejected(shop_id=case.shop_id, case_id=case.id, solution_id=solution.id))


async def solve_as(work: Work, case_id: UUID, how: SolvedAs) -> SolutionView:
    """The case is solved, and how becomes a solution for others. Needs `cases.write`. Refuses with TextMissing when there is
    no answer to take the remedy from, AnswerFirst, ArticleNotFound."""
    case = await case_row(work, case_id, lock=True)
    work.require("cases.write")
    matter = await _matter(work, case_id)
    few = len(matter.product_ids) <= MOST_GOODS
    categories = matter.categories if few else []
    kept = await keep_solution(
        work,
        NewSolution(
            shop_id=case.shop_id,
            problem=how.problem or matter.title,
            remedy=how.remedy.strip() or matter.answered[:8_000],
            category=how.category if how.category is not None else (categories[0] if categories else ""),
            product_ids=how.product_ids
            if how.product_ids is not None
            else (matter.product_ids if few else []),
            article_id=how.article_id,
            case_id=case.id,
            locale=matter.locale,
            described="\n".join(matter.asked),
        ),
    )
    await _note(work, case.id, kept.id, fits=True)
    work.record(CaseSolutionApplied(shop_id=case.shop_id, case_id=case.id, solution_id=kept.id))
    if case.status in ACTIVE:
        await solve(work, case.id)
    return kept


# Whether they held


@within(CaseSolved, CaseClosed)
async def begin_to_prove(work: Work, fact: CaseSolved | CaseClosed) -> None:
    await work.session.execute(
        text(
            "UPDATE case_solution SET solved_at = :now WHERE case_id = :case_id AND applied_at IS NOT NULL"
            " AND failed_at IS NULL AND solved_at IS NULL"
        ),
        {"case_id": fact.case_id, "now": work.now},
    )


FAIL = text(
    """
    UPDATE case_solution s SET failed_at = :at, failing = :failing
    WHERE s.case_id = ANY(:cases) AND s.failed_at IS NULL AND s.solved_at > CAST(:at AS timestamptz) - CAST(:within AS interval)
      AND s.solved_at <= :at
    RETURNING s.case_id, s.solution_id, s.shop_id
    """
)

# What we called solved by a slip, and took back, was not solved with it and has not failed.
UNPROVEN = text(
    "UPDATE case_solution SET solved_at = NULL WHERE case_id = :case_id AND failed_at IS NULL AND solved_at > :moments_ago"
)

EARLIER = text(
    """
    SELECT n.opened_at, array(
      SELECT o.id FROM service_case o WHERE o.customer_id = n.customer_id AND o.id <> n.id
        AND o.opened_at < n.opened_at AND o.order_id IS NOT DISTINCT FROM n.order_id
        AND EXISTS (SELECT FROM case_solution s WHERE s.case_id = o.id)) AS cases
    FROM service_case n WHERE n.id = :case_id AND EXISTS (
      SELECT FROM clock k WHERE k.subject_id = n.id AND k.name = 'case.first_answer')
    """
)


async def _fail(work: Work, cases: Sequence[UUID], at: datetime, failing: Failing) -> None:
    failed = await work.session.execute(
        FAIL, {"cases": list(cases), "at": at, "failing": failing.value, "within": HOLDS_AFTER}
    )
    for row in failed:
        work.record(
            CaseSolutionFailed(
                shop_id=row.shop_id,
                case_id=row.case_id,
                solution_id=row.solution_id,
                failing=failing.value,
            )
        )


async def _take_back(work: Work, case_id: UUID) -> None:
    await work.session.execute(UNPROVEN, {"case_id": case_id, "moments_ago": work.now - TAKEN_BACK_WITHIN})


@within(CaseEndingUndone)
async def prove_anew(work: Work, fact: CaseEndingUndone) -> None:
    if fact.status is not Status.solved:
        await _take_back(work, fact.case_id)


@within(CaseReopened)
async def fail_when_reopened(work: Work, fact: CaseReopened) -> None:
    if work.actor.kind is not ActorKind.customer:
        await _take_back(work, fact.case_id)
    await _fail(work, [fact.case_id], work.now, Failing.reopened)


@after(CaseOpened, when=lambda fact: fact.customer_id is not None)
async def fail_when_asked_again(work: Work, fact: CaseOpened) -> None:
    """Only a question counts: a case that a claim opens for itself may be part of the solution."""
    row = (await work.session.execute(EARLIER, {"case_id": fact.case_id})).one_or_none()
    if row is not None and row.cases:
        await _fail(work, row.cases, row.opened_at, Failing.contacted_again)
