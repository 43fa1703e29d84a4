"""Knowledge over HTTP: the help centre, which anybody may read, and the desk of those who write."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, Field

from aftercare import identity
from aftercare.identity import ShopView, limit
from aftercare.journal import SYSTEM, Actor, ActorKind, House, Work, begin
from aftercare.journal.http import ByActor, InHouse, InWork
from aftercare.kit.paging import LARGEST_PAGE, Page
from aftercare.kit.text import clean, one_line
from aftercare.knowledge import articles, queries, questions, reading, solutions
from aftercare.knowledge.articles import (
    ArticleChange,
    ArticleView,
    Difference,
    Locale,
    NewArticle,
    Words,
)
from aftercare.knowledge.markdown import LONGEST_BODY, html_of, links_of
from aftercare.knowledge.model import Audience, Outcome, Standing
from aftercare.knowledge.queries import ArticleRow, Counts, FeedbackView, Filters
from aftercare.knowledge.questions import Gap, GapDraft
from aftercare.knowledge.reading import ArticlePage, Headline, HelpCentre, HelpHome
from aftercare.knowledge.search import Results, Suggestion, search_articles, suggest_titles
from aftercare.knowledge.solutions import SolutionView

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
After = Annotated[str | None, Query(max_length=400)]
Question = Annotated[str, Query(max_length=200), AfterValidator(one_line)]
Reader = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{16,64}$")]
Topic = Annotated[str | None, Query(max_length=40, pattern=r"^[a-z][a-z0-9_-]*$")]

RATINGS_AN_HOUR = 60
QUESTIONS_AN_HOUR = 120


@asynccontextmanager
async def _reading(house: House, request: Request, shop_code: str) -> AsyncIterator[tuple[Work, ShopView]]:
    """A Work that sees this shop and no other, whoever asks."""
    async with begin(house, SYSTEM) as work:
        shop = await identity.find_shop(work, shop_code)
    async with begin(
        house, reading.reader_in(shop), request_id=getattr(request.state, "request_id", None)
    ) as work:
        yield work, shop


def _address(request: Request) -> str | None:
    return request.client.host if request.client else None


@router.get("/help", tags=["help centre"])
async def help_centres(house: InHouse) -> list[HelpCentre]:
    """Shops that have a help centre."""
    async with begin(house, SYSTEM) as work:
        return await reading.help_centres(work)


@router.get("/help/{shop_code}", tags=["help centre"])
async def help_home(house: InHouse, request: Request, shop_code: str, locale: Locale = "zh-CN") -> HelpHome:
    """The front page of a shop's help centre. Anybody may read it."""
    async with _reading(house, request, shop_code) as (work, shop):
        return await reading.help_home(work, shop, locale)


@router.get("/help/{shop_code}/articles", tags=["help centre"])
async def help_articles(
    house: InHouse, request: Request, shop_code: str, topic: Topic = None, locale: Locale = "zh-CN"
) -> list[Headline]:
    """Of a topic, what is read most first."""
    async with _reading(house, request, shop_code) as (work, shop):
        return await reading.articles_about(work, shop, topic, locale)


@router.get("/help/{shop_code}/search", tags=["help centre"])
async def help_search(
    house: InHouse, request: Request, shop_code: str, q: Question, locale: Locale = "zh-CN"
) -> Results:
    """Articles that answer a question, best first, also when it is mistyped."""
    async with _reading(house, request, shop_code) as (work, shop):
        return await search_articles(work, q, shop_id=shop.id, locale=locale)


@router.get("/help/{shop_code}/suggest", tags=["help centre"])
async def help_suggest(
    house: InHouse, request: Request, shop_code: str, q: Question, locale: Locale = "zh-CN"
) -> list[Suggestion]:
    """Titles that hold what was typed so far."""
    async with _reading(house, request, shop_code) as (work, shop):
        return await suggest_titles(work, q, shop_id=shop.id, locale=locale)


class Asked(BaseModel):
    """A search that somebody was done with: nothing was found, or what was found did not help (he went on to ask)."""

    words: Annotated[str, Field(min_length=1, max_length=300), AfterValidator(one_line)]
    locale: Locale = "zh-CN"
    outcome: Literal[Outcome.found, Outcome.nothing_found, Outcome.not_helped]


@router.post("/help/{shop_code}/questions", status_code=204, tags=["help centre"])
async def note_question(house: InHouse, request: Request, shop_code: str, asked: Asked) -> None:
    """Keeps what was searched for, so that what is missing gets written. Telephone and order numbers are left out."""
    await limit(house, f"help-question:{_address(request)}", QUESTIONS_AN_HOUR, timedelta(hours=1))
    async with _reading(house, request, shop_code) as (work, shop):
        await questions.note_question(work, asked.words, asked.locale, shop.id, asked.outcome)


@router.get("/help/{shop_code}/articles/{article_id}", tags=["help centre"])
async def help_article(
    house: InHouse,
    request: Request,
    actor: ByActor,
    shop_code: str,
    article_id: UUID,
    locale: Locale = "zh-CN",
    reader: Annotated[str | None, Query(pattern=r"^[A-Za-z0-9_-]{16,64}$")] = None,
) -> ArticlePage:
    """One article. `reader` is a random name that the reader's browser keeps, to show what he said of it before."""
    async with _reading(house, request, shop_code) as (work, shop):
        return await reading.read_article(
            work,
            shop,
            article_id,
            locale,
            under=f"/help/{shop.code}",
            reader=_name_of(actor) or reader,
        )


class Rating(BaseModel):
    helped: bool
    words: Annotated[str, Field(max_length=reading.LONGEST_COMMENT), AfterValidator(clean)] = ""
    locale: Locale = "zh-CN"
    reader: Reader
    question: Annotated[str, Field(max_length=300), AfterValidator(one_line)] = ""


@router.post("/help/{shop_code}/articles/{article_id}/feedback", status_code=204, tags=["help centre"])
async def rate_article(
    house: InHouse, request: Request, actor: ByActor, shop_code: str, article_id: UUID, given: Rating
) -> None:
    """Whether it helped. Each reader counts once; said again, it replaces what was said before."""
    await limit(house, f"help-rating:{_address(request)}", RATINGS_AN_HOUR, timedelta(hours=1))
    async with _reading(house, request, shop_code) as (work, shop):
        await reading.rate_article(
            work,
            shop,
            article_id,
            helped=given.helped,
            words=given.words,
            locale=given.locale,
            reader=_name_of(actor) or given.reader,
            question=given.question,
        )


def _name_of(actor: Actor) -> str | None:
    """A customer who is signed in is the same reader in every browser."""
    return str(actor.id) if actor.kind is ActorKind.customer and actor.id is not None else None


# For staff


@router.get("/knowledge/articles", tags=["knowledge"])
async def list_articles(
    work: InWork,
    shop_id: UUID | None = None,
    house: bool = False,
    status: Standing | None = None,
    audience: Audience | None = None,
    topic: Topic = None,
    owner_id: UUID | None = None,
    q: Annotated[
        str | None, Query(max_length=200), AfterValidator(lambda given: given and one_line(given))
    ] = None,
    missing: Locale | None = None,
    due: bool = False,
    badly: Annotated[bool, Query(description="rated badly")] = False,
    broken: Annotated[bool, Query(description="with links that lead nowhere any more")] = False,
    drafts: Annotated[bool, Query(description="with words that are not published")] = False,
    locale: Locale = "zh-CN",
    after: After = None,
    limit: Limit = 50,
) -> Page[ArticleRow]:
    """Articles, the ones changed last first. `locale`: in which language their titles are shown."""
    filters = Filters(
        shop_id=shop_id,
        house=house,
        status=status,
        audience=audience,
        topic=topic,
        owner_id=owner_id,
        words=q or None,
        missing=missing,
        due=due,
        badly=badly,
        broken=broken,
        drafts=drafts,
    )
    return await queries.list_articles(work, filters, locale=locale, after=after, limit=limit)


@router.get("/knowledge/counts", tags=["knowledge"])
async def count_articles(work: InWork, shop_id: UUID | None = None) -> Counts:
    """How many articles are due for review, badly rated, lack a language; and how many gaps there are."""
    return await queries.count_articles(work, shop_id=shop_id)


@router.post("/knowledge/articles", status_code=201, tags=["knowledge"])
async def draft_article(work: InWork, new: NewArticle) -> ArticleView:
    """Begins an article. Nobody is shown it before it is published."""
    return await articles.new_article(work, new)


@router.get("/knowledge/articles/{article_id}", tags=["knowledge"])
async def read_article(work: InWork, article_id: UUID) -> ArticleView:
    """The draft and what is published, with all versions."""
    return await articles.get_article(work, article_id)


@router.patch("/knowledge/articles/{article_id}", tags=["knowledge"])
async def change_article(work: InWork, article_id: UUID, change: ArticleChange) -> ArticleView:
    """Audience, topic, goods, owner, review: holds at once."""
    return await articles.change_article(work, article_id, change)


class TextGiven(Words):
    """With `revision` it is refused when somebody else has changed the article since that one was read."""

    revision: int | None = None


@router.put("/knowledge/articles/{article_id}/texts/{locale}", tags=["knowledge"])
async def write_text(work: InWork, article_id: UUID, locale: Locale, given: TextGiven) -> ArticleView:
    """The draft in one language."""
    words = Words.model_validate(given.model_dump(exclude={"revision"}))
    return await articles.write_text(work, article_id, locale, words, revision=given.revision)


@router.delete("/knowledge/articles/{article_id}/texts/{locale}", tags=["knowledge"])
async def remove_text(work: InWork, article_id: UUID, locale: Locale) -> ArticleView:
    """The draft no longer has this language."""
    return await articles.remove_text(work, article_id, locale)


class Publishing(BaseModel):
    note: Annotated[str, Field(max_length=400), AfterValidator(one_line)] = ""


@router.post("/knowledge/articles/{article_id}/publish", tags=["knowledge"])
async def publish_article(work: InWork, article_id: UUID, given: Publishing) -> ArticleView:
    """The draft becomes the next version, which is shown from now on."""
    return await articles.publish(work, article_id, given.note)


@router.post("/knowledge/articles/{article_id}/withdraw", tags=["knowledge"])
async def withdraw_article(work: InWork, article_id: UUID) -> ArticleView:
    """Nobody is shown it any more."""
    return await articles.withdraw(work, article_id)


class Restoring(BaseModel):
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


@router.post("/knowledge/articles/{article_id}/restore", tags=["knowledge"])
async def restore_article(work: InWork, article_id: UUID, given: Restoring) -> ArticleView:
    """The draft says again what an earlier version said."""
    return await articles.restore(work, article_id, given.version)


class Reviewing(BaseModel):
    next_on: date | None = None


@router.post("/knowledge/articles/{article_id}/review", tags=["knowledge"])
async def review_article(work: InWork, article_id: UUID, given: Reviewing) -> ArticleView:
    """It was looked at and is right."""
    return await articles.review(work, article_id, given.next_on)


Version = Annotated[int, Query(ge=0, le=2**31 - 1, description="0 is the draft")]


@router.get("/knowledge/articles/{article_id}/compare", tags=["knowledge"])
async def compare_versions(
    work: InWork, article_id: UUID, before: Version, after: Version, locale: Locale = "zh-CN"
) -> list[Difference]:
    """Line by line, what one version says and another does not."""
    return await articles.compare(work, article_id, before, after, locale)


@router.get("/knowledge/articles/{article_id}/feedback", tags=["knowledge"])
async def article_feedback(
    work: InWork, article_id: UUID, after: After = None, limit: Limit = 50
) -> Page[FeedbackView]:
    """What readers said."""
    return await queries.feedback_on(work, article_id, after=after, limit=limit)


class Drafted(BaseModel):
    body: Annotated[str, Field(max_length=LONGEST_BODY), AfterValidator(clean)]


class Preview(BaseModel):
    """`broken`: links that lead nowhere that we know of."""

    html: str
    broken: list[str]


@router.post("/knowledge/preview", tags=["knowledge"])
async def preview(work: InWork, given: Drafted) -> Preview:
    """How a text will look."""
    work.require("knowledge.read")
    return Preview(html=html_of(given.body, ""), broken=links_of(given.body)[1])


@router.get("/knowledge/search", tags=["knowledge"])
async def search_knowledge(
    work: InWork, q: Question, shop_id: UUID | None = None, locale: Locale = "zh-CN", limit: Limit = 10
) -> Results:
    """For colleagues: also the articles for staff."""
    return await search_articles(work, q, shop_id=shop_id, locale=locale, inside=True, limit=min(limit, 50))


@router.get("/knowledge/gaps", tags=["knowledge"])
async def list_gaps(work: InWork, shop_id: UUID | None = None, locale: Locale | None = None) -> list[Gap]:
    """Questions that were answered badly or not at all, those about the same together, the most frequent first."""
    return await questions.list_gaps(work, shop_id=shop_id, locale=locale)


@router.post("/knowledge/gaps/draft", status_code=201, tags=["knowledge"])
async def draft_for_gap(work: InWork, wanted: GapDraft) -> ArticleView:
    """A draft that holds the questions; they leave the list."""
    return await questions.draft_for(work, wanted)


@router.get("/knowledge/solutions", tags=["knowledge"])
async def list_solutions(
    work: InWork, shop_id: UUID | None = None, after: After = None, limit: Limit = 50
) -> Page[SolutionView]:
    """The problem base, the newest first."""
    return await solutions.list_solutions(work, shop_id=shop_id, after=after, limit=limit)


@router.post("/knowledge/solutions/{solution_id}/retire", status_code=204, tags=["knowledge"])
async def retire_solution(work: InWork, solution_id: UUID) -> None:
    """It is offered no more."""
    await solutions.retire_solution(work, solution_id)
