"""Writing articles: a draft beside what is published, publishing, withdrawing, restoring, comparing, reviewing."""

import difflib
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy import cast, delete, literal, select, text
from sqlalchemy.dialects.postgresql import TSVECTOR, insert

from aftercare import identity
from aftercare.journal import ActorKind, Work
from aftercare.kit.errors import NotAllowed, NotFound
from aftercare.kit.text import clean, one_line
from aftercare.knowledge.events import ArticleDrafted, ArticlePublished, ArticleReviewed, ArticleWithdrawn
from aftercare.knowledge.markdown import LONGEST_BODY, links_of, plain
from aftercare.knowledge.model import (
    DRAFT,
    INSTEAD,
    LOCALES,
    Article,
    ArticleChangedMeanwhile,
    ArticleEntry,
    ArticleNotFound,
    ArticleText,
    ArticleVersion,
    Audience,
    LinksBroken,
    NothingToPublish,
    NotPublished,
    Standing,
    TextMissing,
    VersionNotFound,
)
from aftercare.knowledge.words import INDEXED_AS, count_words, tsvector_of, words_of

Locale = Literal["zh-CN", "zh-TW", "en"]
Line = Annotated[str, AfterValidator(one_line)]
Topic = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,39}$")]
Category = Annotated[str, Field(min_length=1, max_length=80), AfterValidator(one_line)]


class Words(BaseModel):
    """An article in one language. `body` is Markdown; `keywords` are other words that people use for the matter."""

    title: Annotated[Line, Field(max_length=200)]
    summary: Annotated[Line, Field(max_length=400)] = ""
    body: Annotated[str, Field(max_length=LONGEST_BODY), AfterValidator(clean)]
    keywords: Annotated[Line, Field(max_length=400)] = ""


class NewArticle(BaseModel):
    """`shop_id` empty: the house's, shown by every shop."""

    shop_id: UUID | None = None
    audience: Audience = Audience.public
    topic: Topic = "other"
    categories: Annotated[list[Category], Field(max_length=40)] = []
    product_ids: Annotated[list[UUID], Field(max_length=200)] = []
    owner_id: UUID | None = None
    review_days: Annotated[int | None, Field(ge=1, le=3650)] = 180
    texts: dict[Locale, Words] = {}


class ArticleChange(BaseModel):
    """Only what is given changes. Who is shown it, and what it is about, changes at once, without publishing."""

    audience: Audience | None = None
    topic: Topic | None = None
    categories: Annotated[list[Category] | None, Field(max_length=40)] = None
    product_ids: Annotated[list[UUID] | None, Field(max_length=200)] = None
    owner_id: UUID | None = None
    review_days: Annotated[int | None, Field(ge=1, le=3650)] = None
    review_on: date | None = None


class VersionView(BaseModel):
    version: int
    published_at: datetime
    published_by: UUID | None
    published_by_name: str | None
    note: str
    locales: list[str]


class ArticleView(BaseModel):
    """For those who write: `texts` are the words that are written on, `live` those that are shown now."""

    id: UUID
    shop_id: UUID | None
    audience: Audience
    topic: str
    categories: list[str]
    product_ids: list[UUID]
    owner_id: UUID | None
    owner_name: str | None
    status: Standing
    version: int
    draft: bool
    revision: int
    review_days: int | None
    review_on: date | None
    created_at: datetime
    changed_at: datetime
    published_at: datetime | None
    withdrawn_at: datetime | None
    texts: dict[str, Words]
    live: dict[str, Words]
    versions: list[VersionView]


class Difference(BaseModel):
    """One line of a comparison; a changed line is one that was and one that is."""

    how: Literal["same", "was", "is"]
    text: str


def may_read_inside(work: Work) -> bool:
    """Whether articles for staff are the actor's to read."""
    return work.actor.kind is not ActorKind.customer and work.actor.may("knowledge.read")


async def new_article(work: Work, new: NewArticle) -> ArticleView:
    """A draft. Needs `knowledge.write`; for the house also every shop. Refuses with NotAllowed, NotFound (the shop)."""
    work.require("knowledge.write")
    await _check_shop(work, new.shop_id)
    await _check_owner(work, new.owner_id)
    article = Article(
        id=work.new_id(),
        shop_id=new.shop_id,
        audience=new.audience,
        topic=new.topic,
        categories=_once(new.categories),
        product_ids=_once(new.product_ids),
        owner_id=new.owner_id or (work.actor.id if work.actor.kind is ActorKind.staff else None),
        status=Standing.draft,
        version=DRAFT,
        draft=True,
        revision=1,
        review_days=new.review_days,
        created_at=work.now,
        created_by=work.actor.id,
        changed_at=work.now,
    )
    work.session.add(article)
    await work.session.flush()
    for locale, words in new.texts.items():
        await _put_text(work, article, DRAFT, locale, words)
    work.record(ArticleDrafted(shop_id=article.shop_id, article_id=article.id, audience=article.audience))
    return await get_article(work, article.id)


async def _check_shop(work: Work, shop_id: UUID | None) -> None:
    if shop_id is not None:
        await identity.get_shop(work, shop_id)
    elif work.actor.shops is not None:
        raise NotAllowed(needed="every shop")


async def _check_owner(work: Work, owner_id: UUID | None) -> None:
    if owner_id is not None and owner_id not in await identity.names_of(work, [owner_id]):
        raise NotFound(account_id=owner_id)


def _once(values: Sequence[UUID] | Sequence[str]) -> list[object]:
    return list(dict.fromkeys(values))


async def article_row(work: Work, article_id: UUID, *, lock: bool = False) -> Article:
    """When the actor may read it; `lock` for whoever changes it, who needs `knowledge.write`. Refuses with ArticleNotFound."""
    await work.session.flush()
    article = await work.session.get(Article, article_id, populate_existing=True)
    if article is None or not _may_see(work, article):
        raise ArticleNotFound(article_id=article_id)
    if lock:
        work.require("knowledge.write")
        await _check_shop(work, article.shop_id)
        article = await work.session.get_one(
            Article, article_id, with_for_update=True, populate_existing=True
        )
    return article


def _may_see(work: Work, article: Article) -> bool:
    if may_read_inside(work):
        return True
    return article.audience is Audience.public and article.status is Standing.published


async def get_article(work: Work, article_id: UUID) -> ArticleView:
    """Everything about it. Needs `knowledge.read`. Refuses with ArticleNotFound."""
    work.require("knowledge.read")
    article = await article_row(work, article_id)
    versions = await _versions(work, article_id)
    names = await identity.names_of(
        work, [one for one in (article.owner_id, *(version.published_by for version in versions)) if one]
    )
    for version in versions:
        version.published_by_name = names.get(version.published_by) if version.published_by else None
    return ArticleView(
        **{
            field: getattr(article, field)
            for field in ArticleView.model_fields
            if field not in ("texts", "live", "versions", "owner_name")
        },
        owner_name=names.get(article.owner_id) if article.owner_id else None,
        texts=await texts_of(work, article_id, DRAFT),
        live=await texts_of(work, article_id, article.version) if article.version else {},
        versions=versions,
    )


async def texts_of(work: Work, article_id: UUID, version: int) -> dict[str, Words]:
    rows = await work.session.execute(
        select(
            ArticleText.locale, ArticleText.title, ArticleText.summary, ArticleText.body, ArticleText.keywords
        )
        .where(ArticleText.article_id == article_id, ArticleText.version == version)
        .order_by(ArticleText.locale)
    )
    found = {
        row.locale: Words.model_construct(
            title=row.title, summary=row.summary, body=row.body, keywords=row.keywords
        )
        for row in rows
    }
    return {locale: found[locale] for locale in LOCALES if locale in found}


async def _versions(work: Work, article_id: UUID) -> list[VersionView]:
    rows = await work.session.execute(
        text(
            """
            SELECT v.version, v.published_at, v.published_by, v.note,
              array(SELECT t.locale FROM article_text t WHERE t.article_id = v.article_id AND t.version = v.version
                ORDER BY t.locale) AS locales
            FROM article_version v WHERE v.article_id = :id ORDER BY v.version DESC LIMIT 500
            """
        ),
        {"id": article_id},
    )
    return [VersionView(**row._mapping, published_by_name=None) for row in rows]


async def read_version(work: Work, article_id: UUID, version: int) -> dict[str, Words]:
    """The words of a version as they were published; 0 gives the draft. Needs `knowledge.read`. Refuses with
    VersionNotFound."""
    work.require("knowledge.read")
    await article_row(work, article_id)
    found = await texts_of(work, article_id, version)
    if not found:
        raise VersionNotFound(article_id=article_id, version=version)
    return found


async def compare(work: Work, article_id: UUID, before: int, after: int, locale: str) -> list[Difference]:
    """Line by line, what one version says and another does not; 0 is the draft. A version that lacks the language counts as
    empty. Refuses with VersionNotFound."""
    was, now = [
        [] if words is None else [words.title, words.summary, *words.body.splitlines()]
        for version in (before, after)
        for words in [(await read_version(work, article_id, version)).get(locale)]
    ]
    told: list[Difference] = []
    for kind, from_was, to_was, from_now, to_now in difflib.SequenceMatcher(
        None, was, now, autojunk=False
    ).get_opcodes():
        if kind == "equal":
            told += [Difference(how="same", text=line) for line in now[from_now:to_now]]
            continue
        told += [Difference(how="was", text=line) for line in was[from_was:to_was]]
        told += [Difference(how="is", text=line) for line in now[from_now:to_now]]
    return told


# Writing


async def write_text(
    work: Work, article_id: UUID, locale: str, words: Words, *, revision: int | None = None
) -> ArticleView:
    """Changes the draft in one language; what is published stays. With `revision` it refuses with ArticleChangedMeanwhile
    when the article is no longer the one that was read."""
    article = await article_row(work, article_id, lock=True)
    if revision is not None and revision != article.revision:
        raise ArticleChangedMeanwhile(article_id=article_id, revision=article.revision)
    await _put_text(work, article, DRAFT, locale, words)
    _touch(work, article)
    return await get_article(work, article_id)


async def remove_text(work: Work, article_id: UUID, locale: str) -> ArticleView:
    """The draft no longer has this language; readers keep it until the article is published again."""
    article = await article_row(work, article_id, lock=True)
    await work.session.execute(
        delete(ArticleText).where(
            ArticleText.article_id == article_id, ArticleText.version == DRAFT, ArticleText.locale == locale
        )
    )
    _touch(work, article)
    return await get_article(work, article_id)


async def change_article(work: Work, article_id: UUID, change: ArticleChange) -> ArticleView:
    article = await article_row(work, article_id, lock=True)
    given = change.model_dump(exclude_unset=True)
    await _check_owner(work, given.get("owner_id"))
    for field, value in given.items():
        if value is None and field in ("audience", "topic", "categories", "product_ids"):
            continue
        setattr(article, field, _once(value) if isinstance(value, list) else value)
    if "review_days" in given and "review_on" not in given:
        article.review_on = _next_review(article, work.now)
    article.revision += 1
    article.changed_at = work.now
    await work.session.flush()
    if article.status is Standing.published and "audience" in given:
        await index_article(work, article)
    return await get_article(work, article_id)


async def restore(work: Work, article_id: UUID, version: int) -> ArticleView:
    """The draft says again what that version said. Refuses with VersionNotFound."""
    article = await article_row(work, article_id, lock=True)
    texts = await read_version(work, article_id, version)
    await work.session.execute(
        delete(ArticleText).where(ArticleText.article_id == article_id, ArticleText.version == DRAFT)
    )
    for locale, words in texts.items():
        await _put_text(work, article, DRAFT, locale, words)
    _touch(work, article)
    return await get_article(work, article_id)


def _touch(work: Work, article: Article) -> None:
    article.draft = True
    article.revision += 1
    article.changed_at = work.now


async def _put_text(work: Work, article: Article, version: int, locale: str, words: Words) -> None:
    row = {
        "article_id": article.id,
        "version": version,
        "locale": locale,
        "shop_id": article.shop_id,
        **words.model_dump(),
    }
    statement = insert(ArticleText).values(row)
    await work.session.execute(
        statement.on_conflict_do_update(
            index_elements=["article_id", "version", "locale"],
            set_={field: statement.excluded[field] for field in Words.model_fields},
        )
    )


# Publishing


async def publish(work: Work, article_id: UUID, note: str = "") -> ArticleView:
    """What was drafted is shown from now on, as the next version. Refuses with NothingToPublish, TextMissing (title or body of
    a language), LinksBroken (`links`, by language)."""
    article = await article_row(work, article_id, lock=True)
    texts = await texts_of(work, article_id, DRAFT)
    if not texts or (not article.draft and article.status is Standing.published):
        raise NothingToPublish(article_id=article_id)
    missing = [locale for locale, words in texts.items() if not words.title or not words.body.strip()]
    if missing:
        raise TextMissing(locales=missing)
    broken = await _broken_links(work, article, texts)
    if broken:
        raise LinksBroken(links=broken)
    article.version += 1
    article.status, article.draft = Standing.published, False
    article.published_at, article.withdrawn_at = work.now, None
    article.revision += 1
    article.review_on = _next_review(article, work.now)
    work.session.add(
        ArticleVersion(
            article_id=article.id,
            version=article.version,
            shop_id=article.shop_id,
            published_at=work.now,
            published_by=work.actor.id,
            note=one_line(note)[:400],
        )
    )
    for locale, words in texts.items():
        await _put_text(work, article, article.version, locale, words)
    await work.session.flush()
    await index_article(work, article)
    work.record(
        ArticlePublished(
            shop_id=article.shop_id,
            article_id=article.id,
            version=article.version,
            audience=article.audience,
            locales=list(texts),
        )
    )
    return await get_article(work, article_id)


def _next_review(article: Article, now: datetime) -> date | None:
    return None if article.review_days is None else now.date() + timedelta(days=article.review_days)


async def _broken_links(work: Work, article: Article, texts: dict[str, Words]) -> dict[str, list[str]]:
    """Links to nowhere, to what is not published, and from what the public reads to what only staff may."""
    leads = {locale: links_of(words.body) for locale, words in texts.items()}
    wanted = {target for targets, _ in leads.values() for target in targets}
    good = set(
        await work.session.scalars(
            select(Article.id).where(
                Article.id.in_(wanted),
                (Article.status == Standing.published) | (Article.id == article.id),
                (Article.audience == Audience.public) | (article.audience is Audience.staff),
                Article.shop_id.is_(None) | (Article.shop_id == article.shop_id),
            )
        )
    )
    return {
        locale: bad
        for locale, (targets, nowhere) in leads.items()
        if (bad := [*nowhere, *(f"article:{target}" for target in targets if target not in good)])
    }


async def withdraw(work: Work, article_id: UUID) -> ArticleView:
    """Nobody is shown it any more; its versions stay, and publishing shows it again. Refuses with NotPublished."""
    article = await article_row(work, article_id, lock=True)
    if article.status is not Standing.published:
        raise NotPublished(article_id=article_id)
    article.status, article.withdrawn_at, article.draft = Standing.withdrawn, work.now, True
    article.review_on = None
    article.revision += 1
    article.changed_at = work.now
    await work.session.flush()
    await index_article(work, article)
    work.record(ArticleWithdrawn(shop_id=article.shop_id, article_id=article.id, version=article.version))
    return await get_article(work, article_id)


async def review(work: Work, article_id: UUID, next_on: date | None = None) -> ArticleView:
    """It was looked at and is right; it is due again on `next_on`, else after its usual time. Refuses with NotPublished."""
    article = await article_row(work, article_id, lock=True)
    if article.status is not Standing.published:
        raise NotPublished(article_id=article_id)
    article.review_on = next_on or _next_review(article, work.now)
    article.revision += 1
    work.record(ArticleReviewed(shop_id=article.shop_id, article_id=article.id, version=article.version))
    return await get_article(work, article_id)


# What a published text is found by

ENTRIES_OUT = text(
    "DELETE FROM article_entry WHERE article_id = :id RETURNING tsvector_to_array(words) AS words"
)


async def index_article(work: Work, article: Article) -> None:
    """Writes anew what the article is found by; nothing while it is not published."""
    gone = await work.session.execute(ENTRIES_OUT, {"id": article.id})
    before = [row.words for row in gone]
    entries = (
        entries_of(
            article.id,
            article.shop_id,
            article.audience,
            article.version,
            await texts_of(work, article.id, article.version),
        )
        if article.status is Standing.published
        else []
    )
    for entry in entries:
        await work.session.execute(insert(ArticleEntry).values(entry.row))
    await count_words(work, [entry.words for entry in entries], before)


class Entry(BaseModel):
    row: dict[str, object]
    words: list[str]


def entries_of(
    article_id: UUID, shop_id: UUID | None, audience: Audience, version: int, texts: dict[str, Words]
) -> list[Entry]:
    """The rows of `article_entry` for these texts."""
    made: list[Entry] = []
    for locale, words in texts.items():
        titled = words_of(f"{words.title}\n{words.keywords}")
        others = [other.title for its, other in texts.items() if its != locale]
        shown = plain(words.body)
        held = list(dict.fromkeys([*titled, *words_of("\n".join((words.summary, shown, *others)))]))
        targets, _ = links_of(words.body)
        row: dict[str, object] = {
            "article_id": article_id,
            "locale": locale,
            "shop_id": shop_id,
            "version": version,
            "reach": [f"{shop_id or '*'}|{audience}|{reader}" for reader in readers_of(locale, texts)],
            "title": words.title,
            "summary": words.summary,
            "plain": shown,
            "title_words": _vector(titled),
            "words": _vector(held),
            "links": targets,
            "tokenizer": INDEXED_AS,
        }
        made.append(Entry.model_construct(row=row, words=held))
    return made


def readers_of(locale: str, written: "dict[str, Words]") -> list[str]:
    """The languages whose readers are shown the text in `locale`: its own, and those that the article lacks."""
    return [
        reader
        for reader in LOCALES
        if reader == locale
        or (reader not in written and next(one for one in INSTEAD[reader] if one in written) == locale)
    ]


def _vector(words: Sequence[str]) -> object:
    return cast(literal(tsvector_of(words)), TSVECTOR)
