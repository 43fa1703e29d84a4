"""The help centre: what readers of one shop are shown, and what they say about it."""

import hashlib
import hmac
from datetime import timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from aftercare.identity import ShopView
from aftercare.journal import Actor, ActorKind, Work
from aftercare.kit.text import clean
from aftercare.knowledge.events import ArticleRated
from aftercare.knowledge.markdown import html_of
from aftercare.knowledge.model import INSTEAD, ArticleNotFound, ArticleReading, Outcome
from aftercare.knowledge.questions import note_question

POPULAR_SINCE = timedelta(days=90)
LONGEST_COMMENT = 1_000


class HelpCentre(BaseModel):
    shop_code: str
    shop_name: str


class TopicCount(BaseModel):
    topic: str
    articles: int


class Headline(BaseModel):
    article_id: UUID
    locale: str
    title: str
    summary: str
    topic: str


class HelpHome(BaseModel):
    """The front page of a shop's help centre in one language."""

    shop_code: str
    shop_name: str
    support_email: str | None
    topics: list[TopicCount]
    popular: list[Headline]


class ArticlePage(BaseModel):
    """`instead_of`: the language that was asked for, when the article lacks it and `locale` stands in. `html` is safe to show.
    `helped` is what this reader has said before."""

    article_id: UUID
    version: int
    locale: str
    instead_of: str | None
    locales: list[str]
    topic: str
    title: str
    summary: str
    html: str
    published_at: Any
    helped: bool | None
    related: list[Headline]


def reader_in(shop: ShopView) -> Actor:
    """Anybody who reads in the help centre of a shop: he sees that shop and nothing of it but what is public."""
    return Actor(kind=ActorKind.customer, shops=frozenset({shop.id}))


def reader_key(work: Work, of: str) -> str:
    """Tells one reader from another without saying who it is."""
    return hmac.new(work.house.secret, f"help-reader:{of}".encode(), hashlib.sha256).hexdigest()[:40]


TOPICS = text(
    """
    SELECT a.topic, count(*) AS articles FROM article_entry e JOIN article a ON a.id = e.article_id
    WHERE e.reach && article_reach(:shop_id, false, :locale) GROUP BY a.topic ORDER BY count(*) DESC, a.topic LIMIT 60
    """
)

POPULAR = text(
    """
    SELECT e.article_id, e.locale, e.title, e.summary, a.topic
    FROM (SELECT article_id, sum(views) AS views FROM article_reading
      WHERE shop_id = :shop_id AND day_on > :since GROUP BY article_id ORDER BY 2 DESC LIMIT 60) r
    JOIN article_entry e ON e.article_id = r.article_id JOIN article a ON a.id = e.article_id
    WHERE e.reach && article_reach(:shop_id, false, :locale) ORDER BY r.views DESC, e.article_id LIMIT :most
    """
)

OF_TOPIC = text(
    """
    SELECT e.article_id, e.locale, e.title, e.summary, a.topic
    FROM article_entry e JOIN article a ON a.id = e.article_id
    LEFT JOIN LATERAL (SELECT sum(views) AS views FROM article_reading r
      WHERE r.article_id = a.id AND r.shop_id = :shop_id AND r.day_on > :since) r ON true
    WHERE a.status = 'published' AND (CAST(:topic AS text) IS NULL OR a.topic = :topic)
      AND e.reach && article_reach(:shop_id, false, :locale)
    ORDER BY coalesce(r.views, 0) DESC, a.published_at DESC, e.article_id LIMIT :most
    """
)


async def help_centres(work: Work, *, most: int = 50) -> list[HelpCentre]:
    """The active shops that have published something for their customers, by name. For the system."""
    rows = await work.session.execute(
        text(
            "SELECT s.code AS shop_code, s.name AS shop_name FROM shop s WHERE s.active AND EXISTS (SELECT FROM article a"
            " WHERE a.shop_id = s.id AND a.audience = 'public' AND a.status = 'published') ORDER BY s.name LIMIT :most"
        ),
        {"most": most},
    )
    return [HelpCentre.model_validate(row._mapping) for row in rows]


async def help_home(work: Work, shop: ShopView, locale: str, *, most: int = 6) -> HelpHome:
    """What is read most first; while nobody has read anything, what is newest."""
    asked = {
        "shop_id": shop.id,
        "locale": locale,
        "since": (work.now - POPULAR_SINCE).date(),
        "most": most,
        "topic": None,
    }
    topics = await work.session.execute(TOPICS, {"shop_id": shop.id, "locale": locale})
    rows = (await work.session.execute(POPULAR, {k: v for k, v in asked.items() if k != "topic"})).all()
    if len(rows) < most:
        known = {row.article_id for row in rows}
        more = await work.session.execute(OF_TOPIC, asked)
        rows = [*rows, *(row for row in more if row.article_id not in known)][:most]
    return HelpHome(
        shop_code=shop.code,
        shop_name=shop.name,
        support_email=shop.support_email,
        topics=[TopicCount.model_validate(row._mapping) for row in topics],
        popular=[Headline.model_validate(row._mapping) for row in rows],
    )


async def articles_about(
    work: Work, shop: ShopView, topic: str | None, locale: str, *, most: int = 100
) -> list[Headline]:
    """Of one topic, what is read most first."""
    rows = await work.session.execute(
        OF_TOPIC,
        {
            "shop_id": shop.id,
            "locale": locale,
            "since": (work.now - POPULAR_SINCE).date(),
            "most": most,
            "topic": topic,
        },
    )
    return [Headline.model_validate(row._mapping) for row in rows]


PAGE = text(
    """
    SELECT e.locale, e.version, a.topic, a.published_at, t.title, t.summary, t.body
    FROM article a JOIN article_entry e ON e.article_id = a.id
    JOIN article_text t ON t.article_id = e.article_id AND t.version = e.version AND t.locale = e.locale
    WHERE a.id = :id AND a.audience = 'public' AND a.status = 'published'
      AND (a.shop_id IS NULL OR a.shop_id = :shop_id)
    """
)


async def read_article(
    work: Work, shop: ShopView, article_id: UUID, locale: str, *, under: str, reader: str | None = None
) -> ArticlePage:
    """The article as readers of this shop see it; it counts as read. `under` is the address of the help centre. Refuses with
    ArticleNotFound."""
    rows = {
        row.locale: row for row in await work.session.execute(PAGE, {"id": article_id, "shop_id": shop.id})
    }
    if not rows:
        raise ArticleNotFound(article_id=article_id)
    shown = next(rows[one] for one in (locale, *INSTEAD[locale]) if one in rows)
    statement = insert(ArticleReading).values(
        article_id=article_id, shop_id=shop.id, locale=shown.locale, day_on=work.now.date(), views=1
    )
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["article_id", "shop_id", "locale", "day_on"],
            set_={"views": ArticleReading.views + 1},
        )
    )
    helped = None
    if reader is not None:
        helped = await work.session.scalar(
            text("SELECT helped FROM article_feedback WHERE article_id = :id AND reader = :reader"),
            {"id": article_id, "reader": reader_key(work, reader)},
        )
    related = await articles_about(work, shop, shown.topic, locale, most=5)
    return ArticlePage(
        article_id=article_id,
        version=shown.version,
        locale=shown.locale,
        instead_of=None if shown.locale == locale else locale,
        locales=sorted(rows),
        topic=shown.topic,
        title=shown.title,
        summary=shown.summary,
        html=html_of(shown.body, under),
        published_at=shown.published_at,
        helped=helped,
        related=[one for one in related if one.article_id != article_id][:4],
    )


RATE = text(
    """
    INSERT INTO article_feedback AS f (id, article_id, shop_id, version, locale, reader, helped, words, given_at)
    SELECT :id, a.id, :shop_id, a.version, :locale, :reader, :helped, :words, :now FROM article a
    WHERE a.id = :article_id AND a.audience = 'public' AND a.status = 'published'
      AND (a.shop_id IS NULL OR a.shop_id = :shop_id)
    ON CONFLICT (article_id, reader) DO UPDATE SET version = excluded.version, locale = excluded.locale,
      helped = excluded.helped, words = CASE WHEN excluded.words = '' AND f.helped = excluded.helped THEN f.words
        ELSE excluded.words END, given_at = excluded.given_at
    WHERE f.shop_id = excluded.shop_id
    RETURNING f.version, (SELECT o.helped FROM article_feedback o WHERE o.article_id = f.article_id
      AND o.reader = f.reader) AS before
    """
)


async def rate_article(
    work: Work,
    shop: ShopView,
    article_id: UUID,
    *,
    helped: bool,
    words: str = "",
    locale: str,
    reader: str,
    question: str = "",
) -> None:
    """What one reader says; said again it replaces what was said before. `question` is what he had searched for: a text that did
    not help is a gap. Refuses with ArticleNotFound."""
    row = (
        await work.session.execute(
            RATE,
            {
                "id": work.new_id(),
                "article_id": article_id,
                "shop_id": shop.id,
                "locale": locale,
                "reader": reader_key(work, reader),
                "helped": helped,
                "words": clean(words).strip()[:LONGEST_COMMENT],
                "now": work.now,
            },
        )
    ).one_or_none()
    if row is None:
        raise ArticleNotFound(article_id=article_id)
    if row.before is helped:
        return
    work.record(
        ArticleRated(
            shop_id=shop.id, article_id=article_id, version=row.version, locale=locale, helped=helped
        )
    )
    if not helped and (question or words).strip():
        await note_question(
            work,
            question or words,
            locale,
            shop.id,
            Outcome.not_helped,
            source="help",
            article_id=article_id,
        )
