"""What is told of knowledge."""

from typing import ClassVar
from uuid import UUID

from aftercare.journal import Fact
from aftercare.knowledge.model import Audience, Outcome


class ArticleDrafted(Fact):
    name: ClassVar[str] = "article.drafted"
    article_id: UUID
    audience: Audience


class ArticlePublished(Fact):
    name: ClassVar[str] = "article.published"
    article_id: UUID
    version: int
    audience: Audience
    locales: list[str]


class ArticleWithdrawn(Fact):
    name: ClassVar[str] = "article.withdrawn"
    article_id: UUID
    version: int


class ArticleReviewed(Fact):
    """Somebody has looked at it and found it right."""

    name: ClassVar[str] = "article.reviewed"
    article_id: UUID
    version: int


class ArticleRated(Fact):
    """`shop_id` is the shop in whose help centre it was read."""

    name: ClassVar[str] = "article.rated"
    article_id: UUID
    version: int
    locale: str
    helped: bool


class SolutionKept(Fact):
    name: ClassVar[str] = "solution.kept"
    solution_id: UUID
    case_id: UUID | None = None
    article_id: UUID | None = None


class SolutionRetired(Fact):
    name: ClassVar[str] = "solution.retired"
    solution_id: UUID


class QuestionUnanswered(Fact):
    """A question that we did not answer well."""

    name: ClassVar[str] = "question.unanswered"
    knowledge_question_id: UUID
    outcome: Outcome
    locale: str
