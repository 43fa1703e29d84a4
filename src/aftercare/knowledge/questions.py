"""Questions that were answered badly or not at all, put together where they are about the same, with a way to a draft."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy import text

from aftercare.journal import Work
from aftercare.kit.text import one_line
from aftercare.knowledge.articles import ArticleView, Line, Locale, NewArticle, Words, new_article, write_text
from aftercare.knowledge.events import QuestionUnanswered
from aftercare.knowledge.model import BAD, KnowledgeQuestion, Outcome
from aftercare.knowledge.words import significant

LONGEST_KEPT = 300
LOOKED_BACK = timedelta(days=90)
KEPT = timedelta(days=400)
MOST_LOOKED_AT = 5_000
MOST_EXAMPLES = 5
ALIKE = 0.5
"""Two questions are one when they share at least this part of all their words."""

# Addresses, telephone and order numbers: a question is kept for its matter, not for who asked.
_PERSONAL = re.compile(r"\S+@\S+|\+?\d[\d\s()-]{5,}\d|\b(?=\w*\d)[A-Za-z0-9-]{8,}\b")


class Gap(BaseModel):
    """Questions about the same. `asked` counts all of them, `badly` those without a good answer; `question_ids` are of the
    latter, newest first."""

    shop_id: UUID
    words: list[str]
    asked: int
    badly: int
    outcomes: dict[str, int]
    locales: dict[str, int]
    examples: list[str]
    last_asked_at: datetime
    question_ids: list[UUID]
    article_id: UUID | None
    """What was read and did not help."""


class GapDraft(BaseModel):
    """A draft for some questions, in the language in which most of them were asked."""

    shop_id: UUID
    question_ids: list[UUID]
    title: Line = ""
    locale: Locale = "zh-CN"


def without_persons(given: str) -> str:
    return one_line(_PERSONAL.sub("…", one_line(given)))[:LONGEST_KEPT]


async def note_question(
    work: Work,
    words: str,
    locale: str,
    shop_id: UUID,
    outcome: Outcome,
    *,
    source: str = "help",
    article_id: UUID | None = None,
) -> None:
    """Keeps what was asked and what became of it; without what looks like an address, a telephone or an order number. For
    searches, assistants, whoever answers questions. A question of no words is not kept."""
    kept = without_persons(words)
    tokens = significant(kept)[:20]
    if not tokens:
        return
    question = KnowledgeQuestion(
        id=work.new_id(),
        shop_id=shop_id,
        words=kept,
        tokens=tokens,
        locale=locale,
        outcome=outcome,
        source=source,
        article_id=article_id,
        drafted=False,
        asked_at=work.now,
    )
    work.session.add(question)
    await work.session.flush()
    if outcome in BAD:
        work.record(
            QuestionUnanswered(
                shop_id=shop_id, knowledge_question_id=question.id, outcome=outcome, locale=locale
            )
        )


RECENT = text(
    """
    SELECT id, shop_id, words, tokens, locale, outcome, article_id, asked_at FROM knowledge_question
    WHERE asked_at > :since AND NOT drafted AND (CAST(:shop_id AS uuid) IS NULL OR shop_id = :shop_id)
      AND (CAST(:locale AS text) IS NULL OR locale = :locale)
    ORDER BY asked_at DESC, id DESC LIMIT :most
    """
)


def grouped(rows: Sequence[Any]) -> list[list[Any]]:
    """Each question goes to the group of its shop whose first one it is most like, if it is like it at all."""
    firsts: list[frozenset[str]] = []
    groups: list[list[Any]] = []
    holding: dict[tuple[UUID, str], list[int]] = {}
    for row in rows:
        tokens = frozenset(row.tokens)
        near = Counter(number for token in tokens for number in holding.get((row.shop_id, token), ()))
        best, share = None, 0.0
        for number, common in near.items():
            alike = common / len(tokens | firsts[number])
            if alike > share:
                best, share = number, alike
        if best is None or share < ALIKE:
            best = len(groups)
            firsts.append(tokens)
            groups.append([])
            for token in tokens:
                holding.setdefault((row.shop_id, token), []).append(best)
        groups[best].append(row)
    return groups


async def list_gaps(
    work: Work, *, shop_id: UUID | None = None, locale: str | None = None, most: int = 50
) -> list[Gap]:
    """Of the last ninety days, what was answered badly most often first. Needs `knowledge.read`."""
    work.require("knowledge.read")
    rows = await work.session.execute(
        RECENT,
        {
            "since": work.now - LOOKED_BACK,
            "shop_id": shop_id,
            "locale": locale,
            "most": MOST_LOOKED_AT,
        },
    )
    gaps = [_gap(group) for group in grouped(rows.all())]
    return sorted(
        (gap for gap in gaps if gap.badly), key=lambda gap: (gap.badly, gap.last_asked_at), reverse=True
    )[:most]


def _gap(rows: Sequence[Any]) -> Gap:
    bad = [row for row in rows if Outcome(row.outcome) in BAD]
    counted = Counter(token for row in rows for token in row.tokens)
    return Gap(
        shop_id=rows[0].shop_id,
        words=[word for word, _ in counted.most_common(6)],
        asked=len(rows),
        badly=len(bad),
        outcomes=dict(Counter(row.outcome for row in rows)),
        locales=dict(Counter(row.locale for row in rows)),
        examples=list(dict.fromkeys(row.words for row in bad))[:MOST_EXAMPLES],
        last_asked_at=rows[0].asked_at,
        question_ids=[row.id for row in bad][:200],
        article_id=next((row.article_id for row in bad if row.article_id is not None), None),
    )


DRAFTED = text(
    """
    UPDATE knowledge_question SET drafted = true, article_id = :article_id
    WHERE id = ANY(:ids) AND shop_id = :shop_id AND NOT drafted RETURNING words
    """
)


async def draft_for(work: Work, wanted: GapDraft) -> ArticleView:
    """A draft with the questions in it, which leave the list of gaps. Needs `knowledge.write`."""
    work.require("knowledge.write")
    article = await new_article(work, NewArticle(shop_id=wanted.shop_id, texts={}))
    told = await work.session.execute(
        DRAFTED, {"ids": wanted.question_ids, "shop_id": wanted.shop_id, "article_id": article.id}
    )
    examples = list(dict.fromkeys(told.scalars()))[:10]
    body = "\n".join(f"> {example}" + "\n>" for example in examples) or "…"
    title = wanted.title or (examples[0] if examples else "…")
    return await write_text(work, article.id, wanted.locale, Words(title=title[:200], body=body))


async def forget_questions(work: Work) -> int:
    """Those that are too old to tell anything go; returns how many."""
    gone = await work.session.execute(
        text("DELETE FROM knowledge_question WHERE asked_at < :before RETURNING id"),
        {"before": work.now - KEPT},
    )
    return len(gone.all())
