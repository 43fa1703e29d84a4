"""Knowledge: what we know.

An **article** tells how something is done, in up to three languages, to the **public** or to **staff**, for one shop or (without
one) for the whole house. Its words are written as a **draft** and shown once they are **published** as a **version**; every
version is kept. The **help centre** is where readers of a shop find articles and say whether they **helped**. A **solution** is
what solved a case once; the **problem base** is all of them. A **question** is what somebody wanted to know, and a **gap** is
questions about the same which were answered badly or not at all.
"""

from aftercare.knowledge.articles import (
    ArticleChange,
    ArticleView,
    NewArticle,
    Words,
    change_article,
    compare,
    get_article,
    new_article,
    publish,
    read_version,
    remove_text,
    restore,
    review,
    withdraw,
    write_text,
)
from aftercare.knowledge.model import (
    ArticleChangedMeanwhile,
    ArticleNotFound,
    Audience,
    LinksBroken,
    NothingToPublish,
    NotPublished,
    Outcome,
    SolutionNotFound,
    Standing,
    TextMissing,
    VersionNotFound,
)
from aftercare.knowledge.queries import Filters, feedback_on, list_articles
from aftercare.knowledge.questions import GapDraft, draft_for, forget_questions, list_gaps, note_question
from aftercare.knowledge.reading import help_home, rate_article, read_article, reader_in
from aftercare.knowledge.search import Passage, find_passages, search_articles, suggest_titles
from aftercare.knowledge.solutions import (
    NewSolution,
    SolutionView,
    find_solutions,
    forget_description,
    get_solution,
    keep_solution,
    list_solutions,
)

__all__ = [
    "ArticleChange",
    "ArticleChangedMeanwhile",
    "ArticleNotFound",
    "ArticleView",
    "Audience",
    "Filters",
    "GapDraft",
    "LinksBroken",
    "NewArticle",
    "NewSolution",
    "NotPublished",
    "NothingToPublish",
    "Outcome",
    "Passage",
    "SolutionNotFound",
    "SolutionView",
    "Standing",
    "TextMissing",
    "VersionNotFound",
    "Words",
    "change_article",
    "compare",
    "draft_for",
    "feedback_on",
    "find_passages",
    "find_solutions",
    "forget_description",
    "forget_questions",
    "get_article",
    "get_solution",
    "help_home",
    "keep_solution",
    "list_articles",
    "list_gaps",
    "list_solutions",
    "new_article",
    "note_question",
    "publish",
    "rate_article",
    "read_article",
    "read_version",
    "reader_in",
    "remove_text",
    "restore",
    "review",
    "search_articles",
    "suggest_titles",
    "withdraw",
    "write_text",
]
