"""Articles with their versions, languages and readers; solutions; questions; and what all of it is found by."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Date, String, Uuid

from aftercare.kit.errors import Invalid, NotFound, Refusal
from aftercare.kit.tables import Base, schema_extra, status_type

DRAFT = 0
"""The version under which the words that are still written on are kept; published ones count from 1."""

LOCALES = ("zh-CN", "zh-TW", "en")

INSTEAD = {"zh-CN": ("zh-TW", "en"), "zh-TW": ("zh-CN", "en"), "en": ("zh-CN", "zh-TW")}
"""In which order other languages stand in for one that an article lacks."""


class Audience(StrEnum):
    public = "public"
    staff = "staff"


class Standing(StrEnum):
    draft = "draft"
    """Never published."""
    published = "published"
    withdrawn = "withdrawn"


class Outcome(StrEnum):
    """What became of a question."""

    found = "found"
    nothing_found = "nothing_found"
    not_helped = "not_helped"
    handed_over = "handed_over"
    """The assistant called a person."""
    answered = "answered"


BAD = frozenset({Outcome.nothing_found, Outcome.not_helped, Outcome.handed_over})


class ArticleNotFound(NotFound):
    """There is no such article, or it is not yours to read."""


class VersionNotFound(NotFound):
    """The article has no such version."""


class ArticleChangedMeanwhile(Refusal):
    """Somebody else has changed this article meanwhile; look at it again."""


class NothingToPublish(Refusal):
    """There is nothing new to publish."""


class NotPublished(Refusal):
    """This article is not published."""


class TextMissing(Invalid):
    """A text needs a title and a body."""


class LinksBroken(Invalid):
    """Some links lead nowhere, or where the readers may not go."""


class SolutionNotFound(NotFound):
    """There is no such solution, or it is not yours to see."""


class Article(Base):
    """What holds for all languages of an article. Without a shop it is the house's, and every shop shows it."""

    __tablename__ = "article"
    __table_args__ = (
        Index("article_changed_idx", "changed_at", "id"),
        Index("article_shop_idx", "shop_id", "changed_at", "id"),
        Index("article_review_idx", "review_on", postgresql_where=text("status = 'published'")),
        CheckConstraint("(status = 'draft') = (version = 0)", name="an_article_is_a_draft_until_published"),
        CheckConstraint(
            "status <> 'withdrawn' OR withdrawn_at IS NOT NULL", name="a_withdrawn_article_knows_when"
        ),
        CheckConstraint(
            "status <> 'published' OR published_at IS NOT NULL", name="a_published_article_knows_when"
        ),
        CheckConstraint("review_days > 0", name="a_review_is_due_after_some_days"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    audience: Mapped[Audience] = mapped_column(status_type(Audience, "an_article_is_for_the_public_or_staff"))
    topic: Mapped[str]
    categories: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    """Of products, as the shop names them."""
    product_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))
    owner_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id"))
    status: Mapped[Standing] = mapped_column(status_type(Standing, "an_article_has_a_known_standing"))
    version: Mapped[int] = mapped_column(server_default=text("0"))
    """The newest published one; 0 before there is any."""
    draft: Mapped[bool] = mapped_column(server_default=text("true"))
    """Its words were changed since they were published."""
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    """Grows with every change, so that two editors notice each other."""
    review_days: Mapped[int | None]
    """So long after publishing or reviewing it is to be looked at again."""
    review_on: Mapped[date | None]
    created_at: Mapped[datetime]
    created_by: Mapped[UUID | None]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class ArticleVersion(Base):
    """One publishing. It never changes."""

    __tablename__ = "article_version"
    __table_args__ = (CheckConstraint("version > 0", name="published_versions_count_from_one"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    published_at: Mapped[datetime]
    published_by: Mapped[UUID | None]
    note: Mapped[str]
    """What changed, for colleagues."""


class ArticleText(Base):
    """The words of one version in one language; version 0 is the draft."""

    __tablename__ = "article_text"

    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    title: Mapped[str]
    summary: Mapped[str]
    body: Mapped[str]
    keywords: Mapped[str]
    """Other words that people use for the matter; searched like the title, never shown."""


class ArticleEntry(Base):
    """What a published text is found by: one row for each language of each published article."""

    __tablename__ = "article_entry"
    __table_args__ = (
        Index("article_entry_title_words_idx", "reach", "title_words", postgresql_using="gin"),
        Index("article_entry_words_idx", "reach", "words", postgresql_using="gin"),
        Index("article_entry_links_idx", "links", postgresql_using="gin"),
    )

    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID | None] = mapped_column(ForeignKey("shop.id"))
    version: Mapped[int]
    reach: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    """Who is shown this text: 'shop|audience|language' for each language that it is read in, its own and those that the
    article lacks; '*' for the house."""
    title: Mapped[str]
    summary: Mapped[str]
    plain: Mapped[str]
    """Its passages without marks, an empty line between them."""
    title_words: Mapped[Any] = mapped_column(TSVECTOR())
    words: Mapped[Any] = mapped_column(TSVECTOR())
    """Of the title too, and of the titles in other languages."""
    links: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))
    """The articles that it leads to."""
    tokenizer: Mapped[int]


class KnowledgeWord(Base):
    """A word of what can be found, in how many texts it stands, and how it sounds. The empty word counts all texts."""

    __tablename__ = "knowledge_word"
    __table_args__ = (
        Index(
            "knowledge_word_spelling_idx",
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
        Index("knowledge_word_sound_idx", "sound", postgresql_ops={"sound": "text_pattern_ops"}),
    )

    word: Mapped[str] = mapped_column(primary_key=True)
    documents: Mapped[int]
    sound: Mapped[str | None]
    """Of a Chinese word of two characters or more."""


class ArticleReading(Base):
    """How often an article was read in a shop on a day."""

    __tablename__ = "article_reading"
    __table_args__ = (Index("article_reading_shop_day_idx", "shop_id", "day_on"),)

    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"), primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"), primary_key=True)
    locale: Mapped[str] = mapped_column(primary_key=True)
    day_on: Mapped[date] = mapped_column(Date, primary_key=True)
    views: Mapped[int]


class ArticleFeedback(Base):
    """Whether an article helped one reader; said again, it replaces what was said before."""

    __tablename__ = "article_feedback"
    __table_args__ = (
        Index("article_feedback_once_idx", "article_id", "reader", unique=True),
        Index("article_feedback_recent_idx", "article_id", "given_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    article_id: Mapped[UUID] = mapped_column(ForeignKey("article.id"))
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    """In whose help centre."""
    version: Mapped[int]
    locale: Mapped[str]
    reader: Mapped[str]
    """A keyed hash: tells one reader from another, and nothing else."""
    helped: Mapped[bool]
    words: Mapped[str]
    given_at: Mapped[datetime]


class Solution(Base):
    """What solved a case once and may solve another."""

    __tablename__ = "solution"
    __table_args__ = (
        Index("solution_words_idx", "shop_id", "words", postgresql_using="gin"),
        Index("solution_recent_idx", "shop_id", "kept_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    problem: Mapped[str]
    remedy: Mapped[str]
    """What was done."""
    category: Mapped[str] = mapped_column(server_default=text("''"))
    product_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid()), server_default=text("'{}'"))
    article_id: Mapped[UUID | None] = mapped_column(ForeignKey("article.id"))
    case_id: Mapped[UUID | None]
    """Where it was found."""
    locale: Mapped[str]
    kept_at: Mapped[datetime]
    kept_by: Mapped[UUID | None]
    retired_at: Mapped[datetime | None]
    words: Mapped[Any] = mapped_column(TSVECTOR())


class KnowledgeQuestion(Base):
    """A question as it was asked, without what looks like a person's data, and what became of it."""

    __tablename__ = "knowledge_question"
    __table_args__ = (
        Index("knowledge_question_recent_idx", "shop_id", "asked_at"),
        Index("knowledge_question_asked_idx", "asked_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    shop_id: Mapped[UUID] = mapped_column(ForeignKey("shop.id"))
    words: Mapped[str]
    tokens: Mapped[list[str]] = mapped_column(ARRAY(String()), server_default=text("'{}'"))
    """What it is about; questions that share most of them are one."""
    locale: Mapped[str]
    outcome: Mapped[Outcome] = mapped_column(status_type(Outcome, "a_question_has_a_known_outcome"))
    source: Mapped[str]
    article_id: Mapped[UUID | None] = mapped_column(ForeignKey("article.id"))
    """What was read and did not help, or what was drafted since."""
    drafted: Mapped[bool] = mapped_column(server_default=text("false"))
    asked_at: Mapped[datetime]


# What holds for the whole house is everybody's to read. Changing it takes one who sees all shops.
for _table in ("article", "article_version", "article_text", "article_entry"):
    schema_extra(
        f"CREATE POLICY {_table}_of_the_house_is_known_to_all ON {_table} FOR SELECT USING (shop_id IS NULL)"
    )
    for _verb in ("INSERT", "UPDATE"):
        schema_extra(
            f"CREATE POLICY {_table}_of_the_house_{_verb.lower()}_takes_all_shops ON {_table} AS RESTRICTIVE FOR {_verb}"
            " WITH CHECK (shop_id IS NOT NULL OR (SELECT aftercare_all_shops()))"
        )

schema_extra(
    """
    CREATE OR REPLACE FUNCTION words_spelt_like(asked text[]) RETURNS TABLE (typed text, word text, documents int)
    LANGUAGE sql STABLE SET search_path = public SET pg_trgm.similarity_threshold = '0.22' AS $$
      SELECT t.word, k.word, k.documents FROM unnest(asked) AS t(word)
      CROSS JOIN LATERAL (
        SELECT w.word, w.documents FROM knowledge_word w
        WHERE w.word % t.word AND w.documents > 0 AND w.sound IS NULL AND abs(length(w.word) - length(t.word)) <= 2
        ORDER BY similarity(w.word, t.word) DESC, w.documents DESC LIMIT 20
      ) k
    $$
    """
)

schema_extra(
    """
    CREATE OR REPLACE FUNCTION article_reach(of_shop uuid, inside boolean, reader text) RETURNS varchar[]
    LANGUAGE sql STABLE SET search_path = public AS $$
      SELECT CASE WHEN of_shop IS NULL OR aftercare_all_shops() OR of_shop = ANY (aftercare_shops()) THEN
        array(SELECT concat_ws('|', whose, readers, reader)::varchar
          FROM unnest(array_remove(ARRAY['*', of_shop::text], NULL)) AS whose,
            unnest(CASE WHEN inside THEN ARRAY['public', 'staff'] ELSE ARRAY['public'] END) AS readers)
      END
    $$
    """
)
"""What `article_entry.reach` must hold one of; null, which nothing holds, for a shop that is not the actor's."""

schema_extra(
    """
    CREATE OR REPLACE FUNCTION suggest_articles(of_shop uuid, inside boolean, reader text, begun tsquery, most int)
    RETURNS TABLE (article_id uuid, locale text, title text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      reaches varchar[] := article_reach(of_shop, inside, reader);
    BEGIN
      RETURN QUERY
        WITH hits AS MATERIALIZED (
          SELECT e.article_id, e.locale::text, e.title::text FROM article_entry e
          WHERE e.reach && reaches AND e.title_words @@ begun LIMIT 200
        )
        SELECT h.article_id, h.locale, h.title FROM hits h ORDER BY length(h.title), h.article_id LIMIT most;
    END $$
    """
)

schema_extra(
    """
    CREATE OR REPLACE FUNCTION find_articles(of_shop uuid, inside boolean, reader text, every tsquery, rare tsquery,
      terms tsquery[], weights float8[], most int)
    RETURNS TABLE (article_id uuid, locale text, score float8)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    DECLARE
      reaches varchar[] := article_reach(of_shop, inside, reader);
      hits tid[];
      more tid[];
    BEGIN
      hits := ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.title_words @@ every LIMIT 200);
      IF cardinality(hits) < most THEN
        hits := hits || ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.words @@ every LIMIT 200);
      END IF;
      IF cardinality(hits) < most AND rare IS NOT NULL THEN
        more := ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.title_words @@ rare LIMIT 200);
        hits := hits || more;
        IF cardinality(more) < 200 THEN
          hits := hits || ARRAY(SELECT e.ctid FROM article_entry e WHERE e.reach && reaches AND e.words @@ rare LIMIT 150);
        END IF;
      END IF;
      RETURN QUERY
        SELECT e.article_id, e.locale::text, s.score
        FROM article_entry e, LATERAL (
          SELECT sum(CASE WHEN t.titled THEN t.weight WHEN e.words @@ t.term THEN 0.6 * t.weight ELSE 0 END)
            * (1 + 0.1 * least(1, count(*) FILTER (WHERE t.titled) / greatest(1, length(e.title_words))::float8)) AS score
          FROM (SELECT term, weight, e.title_words @@ term AS titled FROM unnest(terms, weights) AS u(term, weight) OFFSET 0) t
        ) s
        WHERE e.ctid = ANY (hits)
        ORDER BY s.score DESC, (e.shop_id IS NULL), e.article_id DESC LIMIT most;
    END $$
    """
)
"""The best texts for these terms in one language of one shop (or of the house alone): `score` is the share of the terms'
weight that a text holds, the title's words fully, others by six tenths. Few candidates are weighed, found by all words in the
title, by all words anywhere, then by the rarest words: so a search for what everybody writes about costs no more than another.
It restricts itself to the actor's shops, since a text match under row-level security could use no index."""

schema_extra(
    """
    CREATE OR REPLACE FUNCTION find_solutions(of_shop uuid, rare tsquery, terms tsquery[], weights float8[], most int)
    RETURNS TABLE (solution_id uuid, score float8)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public AS $$
    BEGIN
      IF NOT (aftercare_all_shops() OR of_shop = ANY (aftercare_shops())) THEN RETURN; END IF;
      RETURN QUERY
        WITH hits AS MATERIALIZED (
          SELECT s.id, s.words FROM solution s
          WHERE s.shop_id = of_shop AND s.words @@ rare AND s.retired_at IS NULL LIMIT 300
        )
        SELECT h.id, s.score
        FROM hits h, LATERAL (
          SELECT sum(t.weight * CASE WHEN h.words @@ t.term THEN 1.0 ELSE 0 END)::float8 AS score
          FROM unnest(terms, weights) AS t(term, weight)
        ) s
        ORDER BY s.score DESC, h.id DESC LIMIT most;
    END $$
    """
)
