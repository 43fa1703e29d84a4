"""The problem base: what solved a case once, found again by the words of another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import text

from aftercare import identity
from aftercare.journal import ActorKind, Work
from aftercare.kit.paging import Page, page, read_mark
from aftercare.kit.text import clean, one_line
from aftercare.knowledge.articles import article_row
from aftercare.knowledge.events import SolutionKept, SolutionRetired
from aftercare.knowledge.model import SolutionNotFound, TextMissing
from aftercare.knowledge.words import count_words, term, tsvector_of, understand, words_of

SAME_PRODUCT = 0.35
SAME_CATEGORY = 0.15
"""What it adds to the likeness of the words when the matter is about the same goods."""


class NewSolution(BaseModel):
    shop_id: UUID
    problem: Annotated[str, Field(max_length=400), AfterValidator(one_line)]
    remedy: Annotated[str, Field(max_length=8_000), AfterValidator(clean)]
    category: Annotated[str, Field(max_length=80), AfterValidator(one_line)] = ""
    product_ids: Annotated[list[UUID], Field(max_length=200)] = []
    article_id: UUID | None = None
    case_id: UUID | None = None
    locale: str = "zh-CN"
    described: str = ""
    """The customer's own words, to be found by."""


class SolutionView(BaseModel):
    id: UUID
    shop_id: UUID
    problem: str
    remedy: str
    category: str
    product_ids: list[UUID]
    article_id: UUID | None
    article_title: str | None
    case_id: UUID | None
    locale: str
    kept_at: datetime
    kept_by: UUID | None
    retired_at: datetime | None


class LikelySolution(BaseModel):
    """`score`: the share of the weight of the words asked that the solution holds, and a bit more for the same goods."""

    solution: SolutionView
    score: float


async def keep_solution(work: Work, new: NewSolution) -> SolutionView:
    """Whoever calls has shown that the actor may act on the case. Refuses with TextMissing, ArticleNotFound."""
    await identity.get_shop(work, new.shop_id)
    if not new.problem or not new.remedy.strip():
        raise TextMissing()
    if new.article_id is not None:
        await article_row(work, new.article_id)
    words = words_of(f"{new.problem}\n{new.described[:4_000]}")
    solution_id = work.new_id()
    await work.session.execute(
        text(
            "INSERT INTO solution (id, shop_id, problem, remedy, category, product_ids, article_id, case_id, locale, kept_at,"
            " kept_by, words) VALUES (:id, :shop_id, :problem, :remedy, :category, :product_ids, :article_id, :case_id,"
            " :locale, :now, :by, CAST(:words AS tsvector))"
        ),
        {
            **new.model_dump(exclude={"described"}),
            "id": solution_id,
            "now": work.now,
            "by": work.actor.id if work.actor.kind is ActorKind.staff else None,
            "words": tsvector_of(words),
        },
    )
    await count_words(work, [words])
    work.record(
        SolutionKept(
            shop_id=new.shop_id, solution_id=solution_id, case_id=new.case_id, article_id=new.article_id
        )
    )
    return (await solutions_by_id(work, [solution_id]))[solution_id]


async def forget_description(work: Work, case_ids: Sequence[UUID]) -> None:
    """What these cases' customers said is no longer what their solutions are found by: only how colleagues called the problem."""
    rows = (
        await work.session.execute(
            text(
                "SELECT id, problem, tsvector_to_array(words) AS words FROM solution WHERE case_id = ANY(:cases)"
                " ORDER BY id FOR UPDATE"
            ),
            {"cases": list(case_ids)},
        )
    ).all()
    now = {row.id: words_of(row.problem) for row in rows}
    for solution_id, words in now.items():
        await work.session.execute(
            text("UPDATE solution SET words = CAST(:words AS tsvector) WHERE id = :id"),
            {"id": solution_id, "words": tsvector_of(words)},
        )
    await count_words(work, more=now.values(), fewer=[row.words for row in rows])
    await work.session.execute(
        text("DELETE FROM knowledge_word WHERE word = ANY(:words) AND documents = 0 AND word <> ''"),
        {"words": sorted({word for row in rows for word in row.words})},
    )


BY_ID = """
    SELECT s.id, s.shop_id, s.problem, s.remedy, s.category, s.product_ids, s.article_id, s.case_id, s.locale, s.kept_at,
      s.kept_by, s.retired_at,
      (SELECT e.title FROM article_entry e WHERE e.article_id = s.article_id
        ORDER BY e.locale <> s.locale, e.locale DESC LIMIT 1) AS article_title
    FROM solution s
"""


async def solutions_by_id(work: Work, ids: Sequence[UUID]) -> dict[UUID, SolutionView]:
    rows = await work.session.execute(text(f"{BY_ID} WHERE s.id = ANY(:ids)"), {"ids": list(ids)})
    return {row.id: SolutionView.model_validate(row._mapping) for row in rows}


async def get_solution(work: Work, solution_id: UUID) -> SolutionView:
    """Refuses with SolutionNotFound."""
    work.require("knowledge.read")
    found = await solutions_by_id(work, [solution_id])
    if solution_id not in found:
        raise SolutionNotFound(solution_id=solution_id)
    return found[solution_id]


FIND = text(
    "SELECT solution_id, score FROM find_solutions(:shop_id, CAST(:rare AS tsquery), CAST(CAST(:terms AS text[]) AS tsquery[]),"
    " CAST(:weights AS float8[]), :most)"
)


async def find_solutions(
    work: Work,
    words: str,
    *,
    shop_id: UUID,
    product_ids: Sequence[UUID] = (),
    categories: Sequence[str] = (),
    limit: int = 20,
) -> list[LikelySolution]:
    """Of the shop, what was about the most alike first. Needs `knowledge.read`."""
    work.require("knowledge.read")
    terms = await understand(work, words)
    rare = terms.rare() if terms else None
    if terms is None or rare is None:
        return []
    found = await work.session.execute(
        FIND,
        {
            "shop_id": shop_id,
            "rare": rare,
            "terms": [term(word) for word in terms.words],
            "weights": list(terms.weights),
            "most": 3 * limit,
        },
    )
    scores = {row.solution_id: row.score for row in found}
    solutions = await solutions_by_id(work, list(scores))
    goods, kinds = set(product_ids), set(categories)

    def likeness(one: SolutionView) -> float:
        same = SAME_PRODUCT if goods & set(one.product_ids) else SAME_CATEGORY if one.category in kinds else 0
        return float(scores[one.id]) + same

    best = sorted(solutions.values(), key=lambda one: (likeness(one), one.kept_at), reverse=True)
    return [LikelySolution(solution=one, score=round(likeness(one), 4)) for one in best[:limit]]


async def list_solutions(
    work: Work, *, shop_id: UUID | None = None, after: str | None = None, limit: int = 50
) -> Page[SolutionView]:
    """The newest first, without those that are retired. Needs `knowledge.read`."""
    work.require("knowledge.read")
    begins = read_mark(after, (datetime, UUID))
    rows = (
        await work.session.execute(
            text(
                f"{BY_ID} WHERE s.retired_at IS NULL AND (CAST(:shop_id AS uuid) IS NULL OR s.shop_id = :shop_id)"
                " AND (CAST(:at AS timestamptz) IS NULL OR (s.kept_at, s.id) < (:at, CAST(:id AS uuid)))"
                " ORDER BY s.kept_at DESC, s.id DESC LIMIT :most"
            ),
            {
                "shop_id": shop_id,
                "at": begins[0] if begins else None,
                "id": begins[1] if begins else None,
                "most": limit + 1,
            },
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.kept_at, row.id))
    return Page(items=[SolutionView.model_validate(row._mapping) for row in kept], next=following)


async def retire_solution(work: Work, solution_id: UUID) -> None:
    """It is offered no more; what it did stays counted. Needs `knowledge.write`. Twice is once."""
    work.require("knowledge.write")
    solution = await get_solution(work, solution_id)
    done = await work.session.execute(
        text(
            "UPDATE solution SET retired_at = :now WHERE id = :id AND retired_at IS NULL"
            " RETURNING tsvector_to_array(words) AS words"
        ),
        {"id": solution_id, "now": work.now},
    )
    row = done.one_or_none()
    if row is not None:
        await count_words(work, fewer=[row.words])
        work.record(SolutionRetired(shop_id=solution.shop_id, solution_id=solution_id))
