"""What those who keep the articles look at: the list with what is due, missing or badly rated, and what readers said."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.journal import Work
from aftercare.kit.paging import Page, page, read_mark
from aftercare.knowledge.articles import article_row
from aftercare.knowledge.model import LOCALES, Audience, Standing
from aftercare.knowledge.questions import list_gaps

BADLY = 0.6
"""Below this share of readers whom it helped, of at least `FEW` who said so, an article is badly rated."""
FEW = 3
COUNTED_SINCE = timedelta(days=90)


class Filters(BaseModel):
    """`house` for those without a shop. `missing`: the language that it lacks. `due`: its review is due. `broken`: a published
    text leads to an article that nobody is shown any more."""

    shop_id: UUID | None = None
    house: bool = False
    status: Standing | None = None
    audience: Audience | None = None
    topic: str | None = None
    owner_id: UUID | None = None
    words: str | None = None
    missing: str | None = None
    due: bool = False
    badly: bool = False
    broken: bool = False
    drafts: bool = False


class ArticleRow(BaseModel):
    """`views`, `helped` and `not_helped` of the last ninety days."""

    id: UUID
    shop_id: UUID | None
    title: str
    audience: Audience
    topic: str
    status: Standing
    version: int
    draft: bool
    locales: list[str]
    missing: list[str]
    owner_id: UUID | None
    owner_name: str | None
    review_on: date | None
    due: bool
    changed_at: datetime
    published_at: datetime | None
    views: int
    helped: int
    not_helped: int
    broken: int


class Counts(BaseModel):
    """How many articles each look at the list would show."""

    all: int
    due: int
    badly: int
    broken: int
    drafts: int
    missing: dict[str, int]
    gaps: int


class FeedbackView(BaseModel):
    id: UUID
    shop_id: UUID
    version: int
    locale: str
    helped: bool
    words: str
    given_at: datetime


# The newest words of each: the draft, which stays beside what is published.
LISTED = """
    SELECT a.id, a.shop_id, a.audience, a.topic, a.status, a.version, a.draft, a.owner_id, a.review_on, a.changed_at,
      a.published_at, t.title, t.locales, o.name AS owner_name, coalesce(r.views, 0) AS views,
      coalesce(f.helped, 0) AS helped, coalesce(f.not_helped, 0) AS not_helped, coalesce(b.broken, 0) AS broken,
      coalesce(a.status = 'published' AND a.review_on <= :today, false) AS due
    FROM article a
    LEFT JOIN account o ON o.id = a.owner_id
    CROSS JOIN LATERAL (
      SELECT coalesce((array_agg(t.title ORDER BY t.locale <> :locale, array_position(:locales, t.locale::text)))[1], '') AS title,
        coalesce(array_agg(t.locale::text ORDER BY array_position(:locales, t.locale::text)), '{}') AS locales
      FROM article_text t WHERE t.article_id = a.id AND t.version = 0
    ) t
    LEFT JOIN LATERAL (
      SELECT sum(views) AS views FROM article_reading r WHERE r.article_id = a.id AND r.day_on > :since
    ) r ON true
    LEFT JOIN LATERAL (
      SELECT count(*) FILTER (WHERE helped) AS helped, count(*) FILTER (WHERE NOT helped) AS not_helped
      FROM article_feedback f WHERE f.article_id = a.id AND f.given_at > :since
    ) f ON true
    LEFT JOIN LATERAL (
      SELECT count(*) AS broken FROM article_entry e, unnest(e.links) AS target
      WHERE e.article_id = a.id AND NOT EXISTS (SELECT FROM article_entry led WHERE led.article_id = target)
    ) b ON true
"""
_BADLY = (
    "coalesce(f.helped, 0) + coalesce(f.not_helped, 0) >= :few"
    " AND f.helped < CAST(:badly_below AS float8) * (f.helped + f.not_helped)"
)


_MISSING = ", ".join(
    f"count(*) FILTER (WHERE l.status <> 'withdrawn' AND NOT ('{locale}' = ANY (l.locales))) AS \"{locale}\""
    for locale in LOCALES
)
COUNTED = f"""
    SELECT count(*) AS all, count(*) FILTER (WHERE l.due) AS due, count(*) FILTER (WHERE l.broken > 0) AS broken,
      count(*) FILTER (WHERE l.helped + l.not_helped >= :few
        AND l.helped < CAST(:badly_below AS float8) * (l.helped + l.not_helped)) AS badly,
      count(*) FILTER (WHERE l.draft AND l.status <> 'withdrawn') AS drafts, {_MISSING}
    FROM ({LISTED} WHERE CAST(:shop_id AS uuid) IS NULL OR a.shop_id = :shop_id) l
"""  # noqa: S608  # our own words


def _asked(work: Work, locale: str) -> dict[str, Any]:
    return {
        "today": work.now.date(),
        "since": work.now - COUNTED_SINCE,
        "locale": locale,
        "locales": list(LOCALES),
    }


async def list_articles(
    work: Work,
    filters: Filters,
    *,
    locale: str = "zh-CN",
    after: str | None = None,
    limit: int = 50,
) -> Page[ArticleRow]:
    """The ones changed last first; those for which a review is due, the longest due first. Needs `knowledge.read`."""
    work.require("knowledge.read")
    where, asked = ["true"], _asked(work, locale)
    for column in ("shop_id", "status", "audience", "topic", "owner_id"):
        value = getattr(filters, column)
        if value is not None:
            where.append(f"a.{column} = :{column}")
            asked[column] = value
    if filters.house:
        where.append("a.shop_id IS NULL")
    if filters.words:
        where.append(
            "EXISTS (SELECT FROM article_text w WHERE w.article_id = a.id AND w.version IN (0, a.version)"
            " AND strpos(lower(w.title), lower(:words)) > 0)"
        )
        asked["words"] = filters.words
    if filters.missing:
        where.append("a.status <> 'withdrawn' AND NOT (CAST(:missing AS text) = ANY (t.locales))")
        asked["missing"] = filters.missing
    if filters.due:
        where.append("a.status = 'published' AND a.review_on <= :today")
    if filters.drafts:
        where.append("a.draft AND a.status <> 'withdrawn'")
    if filters.badly:
        where.append(_BADLY)
        asked |= {"few": FEW, "badly_below": BADLY}
    if filters.broken:
        where.append("b.broken > 0")
    begins = read_mark(after, (datetime, UUID))
    if begins:
        where.append("(a.changed_at, a.id) < (:changed_at, CAST(:id AS uuid))")
        asked["changed_at"], asked["id"] = begins
    order = "a.changed_at DESC, a.id DESC"
    found = await work.session.execute(
        text(f"{LISTED} WHERE {' AND '.join(where)} ORDER BY {order} LIMIT :most"),
        {**asked, "most": limit + 1},
    )
    kept, following = page(found.all(), limit, lambda row: (row.changed_at, row.id))
    return Page(items=[_row(row) for row in kept], next=following)


def _row(row: Any) -> ArticleRow:
    missing = [locale for locale in LOCALES if locale not in row.locales]
    return ArticleRow.model_validate({**row._mapping, "missing": missing})


async def count_articles(work: Work, *, shop_id: UUID | None = None) -> Counts:
    """Needs `knowledge.read`."""
    work.require("knowledge.read")
    row = (
        await work.session.execute(
            text(COUNTED), {**_asked(work, "zh-CN"), "few": FEW, "badly_below": BADLY, "shop_id": shop_id}
        )
    ).one()
    counted = row._mapping
    return Counts(
        all=counted["all"],
        due=counted["due"],
        badly=counted["badly"],
        broken=counted["broken"],
        drafts=counted["drafts"],
        missing={locale: counted[locale] for locale in LOCALES},
        gaps=len(await list_gaps(work, shop_id=shop_id, most=200)),
    )


async def feedback_on(
    work: Work, article_id: UUID, *, after: str | None = None, limit: int = 50
) -> Page[FeedbackView]:
    """What readers said, the newest first. Needs `knowledge.read`. Refuses with ArticleNotFound."""
    work.require("knowledge.read")
    await article_row(work, article_id)
    begins = read_mark(after, (datetime, UUID))
    rows = (
        await work.session.execute(
            text(
                "SELECT id, shop_id, version, locale, helped, words, given_at FROM article_feedback"
                " WHERE article_id = :article_id"
                " AND (CAST(:at AS timestamptz) IS NULL OR (given_at, id) < (:at, CAST(:id AS uuid)))"
                " ORDER BY given_at DESC, id DESC LIMIT :most"
            ),
            {
                "article_id": article_id,
                "at": begins[0] if begins else None,
                "id": begins[1] if begins else None,
                "most": limit + 1,
            },
        )
    ).all()
    kept, following = page(rows, limit, lambda row: (row.given_at, row.id))
    return Page(items=[FeedbackView.model_validate(row._mapping) for row in kept], next=following)
