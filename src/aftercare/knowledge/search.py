"""Finding articles by what somebody asks, in Chinese of both scripts and English, also mistyped."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from aftercare.journal import Work
from aftercare.kit.languages import HAN, is_han, simplified, spoken_alike, stem
from aftercare.kit.text import one_line
from aftercare.knowledge.model import Audience
from aftercare.knowledge.words import Terms, corrected, quoted, significant, term, understand

LONGEST_QUESTION = 200
ENOUGH = 0.6
"""A best text that holds less of what was asked makes us look for another spelling."""
EXCERPT = 90
"""Chinese characters; twice as many of others."""


class Piece(BaseModel):
    """Of a text in which what was asked for is marked."""

    text: str
    hit: bool


class Hit(BaseModel):
    """`instead_of`: the language that was asked for, when the article lacks it and another stands in."""

    article_id: UUID
    locale: str
    instead_of: str | None
    topic: str
    audience: Audience
    title: list[Piece]
    excerpt: list[Piece]
    score: float


class Results(BaseModel):
    """`corrected`: what was looked for instead, when the question seemed mistyped."""

    items: list[Hit]
    corrected: str | None


class Suggestion(BaseModel):
    article_id: UUID
    title: str


class Passage(BaseModel):
    """A piece of an article that speaks of a question. `score` is the share of the question's weight that it holds, 0 to 1;
    `url` leads to the article in the help centre, under its front address."""

    article_id: UUID
    version: int
    locale: str
    title: str
    text: str
    url: str
    score: float


FIND = (
    "SELECT article_id, locale, score FROM find_articles(CAST(:shop_id AS uuid), :inside, :locale, CAST(:every AS tsquery),"
    " CAST(:rare AS tsquery), CAST(CAST(:terms AS text[]) AS tsquery[]), CAST(:weights AS float8[]), :most)"
)

SHOWN = """
    SELECT e.article_id, e.locale, e.version, a.topic, a.audience, e.title, e.summary, e.plain
    FROM unnest(CAST(:ids AS uuid[]), CAST(:locales AS text[])) AS asked(id, locale)
    JOIN article_entry e ON e.article_id = asked.id AND e.locale = asked.locale
    JOIN article a ON a.id = e.article_id
"""


class _Found(BaseModel):
    terms: Any
    rows: list[Any]
    scores: dict[UUID, float]
    corrected: str | None


async def _find(
    work: Work, question: str, *, shop_id: UUID | None, locale: str, inside: bool, limit: int
) -> _Found | None:
    asked = one_line(question)[:LONGEST_QUESTION]
    terms = await understand(work, asked)
    if terms is None:
        return None
    best = await _score(work, terms, shop_id, locale, inside, limit)
    meant = None
    if (not best or best[0].score < ENOUGH) and (
        other := await corrected(work, asked, by_sound=spoken_in_chinese(locale))
    ) is not None:
        others = await understand(work, other)
        found = await _score(work, others, shop_id, locale, inside, limit) if others else []
        if others and found and (not best or found[0].score > best[0].score):
            best, terms, meant = found, others, other
    if not best:
        return None
    rows = await work.read(
        SHOWN, {"ids": [row.article_id for row in best], "locales": [row.locale for row in best]}
    )
    shown = {row.article_id: row for row in rows}
    return _Found(
        terms=terms,
        rows=[shown[row.article_id] for row in best if row.article_id in shown],
        scores={row.article_id: min(1.0, row.score) for row in best},
        corrected=meant,
    )


async def _score(
    work: Work, terms: Terms, shop_id: UUID | None, locale: str, inside: bool, limit: int
) -> Sequence[Any]:
    if not terms.known and not any(":*" in term(word) for word in terms.words):
        return []
    return await work.read(
        FIND,
        {
            "shop_id": shop_id,
            "inside": inside,
            "locale": locale,
            "every": terms.every,
            "rare": terms.rare(),
            "terms": [term(word) for word in terms.words],
            "weights": list(terms.weights),
            "most": limit,
        },
    )


async def search_articles(
    work: Work, question: str, *, shop_id: UUID | None, locale: str, inside: bool = False, limit: int = 10
) -> Results:
    """Published articles of the shop (without one: of the house) and of the house, best first, each in the reader's language
    or in the one that stands in for it. `inside` includes those for staff, and needs `knowledge.read`."""
    if inside:
        work.require("knowledge.read")
    found = await _find(work, question, shop_id=shop_id, locale=locale, inside=inside, limit=limit)
    if found is None:
        return Results(items=[], corrected=None)
    words = frozenset(found.terms.words)
    return Results(
        items=[
            Hit(
                article_id=row.article_id,
                locale=row.locale,
                instead_of=None if row.locale == locale else locale,
                topic=row.topic,
                audience=row.audience,
                title=marked(row.title, words),
                excerpt=excerpt(row.summary, row.plain, found.terms),
                score=round(found.scores[row.article_id], 4),
            )
            for row in found.rows
        ],
        corrected=None if found.corrected is None else _in_full(found.corrected, found.rows),
    )


_ENGLISH = re.compile(r"[a-z]{3,}")


def _in_full(meant: str, rows: Sequence[Any]) -> str:
    """English words are known by their stems; a reader is shown them as they stand in what was found."""
    written = dict.fromkeys(
        word for row in rows for word in _ENGLISH.findall(f"{row.title} {row.plain}".casefold())
    )
    whole = {stem(word): word for word in reversed(written)}
    return _ENGLISH.sub(
        lambda found: found.group() if found.group() in written else whole.get(found.group(), found.group()),
        meant,
    )


async def find_passages(
    work: Work,
    question: str,
    *,
    locale: str,
    shop_id: UUID | None,
    audience: Audience = Audience.public,
    limit: int = 3,
) -> list[Passage]:
    """The pieces of articles that speak most of the question, one of each article. For staff's articles too with the audience
    `staff`, which needs `knowledge.read`."""
    inside = audience is Audience.staff
    if inside:
        work.require("knowledge.read")
    found = await _find(work, question, shop_id=shop_id, locale=locale, inside=inside, limit=limit)
    if found is None:
        return []
    return [
        Passage(
            article_id=row.article_id,
            version=row.version,
            locale=row.locale,
            title=row.title,
            text=best_passage(row.summary, row.plain, found.terms),
            url=f"/help/{row.article_id}",
            score=round(found.scores[row.article_id], 4),
        )
        for row in found.rows
    ]


SUGGEST = "SELECT article_id, title FROM suggest_articles(CAST(:shop_id AS uuid), :inside, :locale, CAST(:begun AS tsquery), :most)"
SOUNDS = "SELECT word FROM knowledge_word WHERE sound LIKE :begun AND documents > 0 ORDER BY documents DESC LIMIT 8"


async def suggest_titles(
    work: Work, begun: str, *, shop_id: UUID | None, locale: str, inside: bool = False, limit: int = 6
) -> list[Suggestion]:
    """Titles that hold what was typed so far, the last word also unfinished, or as it sounds (tuih: 退货). Where there is none,
    those of the articles that a search for it would find: it may be mistyped, or said in other words."""
    if inside:
        work.require("knowledge.read")
    words = significant(one_line(begun)[:LONGEST_QUESTION])
    if not words or (len(words[-1]) < 2 and words[-1].isascii()):
        return []
    *whole, last = words
    # A stem is no beginning of what is typed on: "refunde" begins "refunded", its stem is "refund".
    typed = re.findall(r"[a-z]+$", begun.casefold())
    choices = {last, *typed}
    if typed and len(typed[0]) > 2 and spoken_in_chinese(locale):
        sounded = await work.read(SOUNDS, {"begun": f"{spoken_alike(typed[0])}%"})
        choices.update(row.word for row in sounded)
    query = " & ".join([*(quoted(word) for word in whole), "(" + " | ".join(_begun(choices)) + ")"])
    found = await work.read(
        SUGGEST, {"shop_id": shop_id, "inside": inside, "locale": locale, "begun": query, "most": limit}
    )
    if found:
        return [Suggestion(article_id=row.article_id, title=row.title) for row in found]
    near = await _find(work, begun, shop_id=shop_id, locale=locale, inside=inside, limit=limit)
    if near is None:
        return []
    return [
        Suggestion(article_id=row.article_id, title=row.title)
        for row in near.rows
        if near.scores[row.article_id] >= ENOUGH
    ]


def spoken_in_chinese(locale: str) -> bool:
    """Whoever reads English does not type how Chinese words sound: 'shiping' is no 视频."""
    return locale.startswith("zh")


def _begun(words: Iterable[str]) -> list[str]:
    return [f"{quoted(word)}:*" for word in sorted(words)]


# What is shown of a text

_LATIN_WORD = re.compile(r"[A-Za-z]+")


def _places(given: str, words: Collection[str]) -> list[tuple[int, int]]:
    """Where the words stand in a text, from and until, in order and not overlapping."""
    flat = "".join(low if len(low := letter.lower()) == 1 else letter for letter in simplified(given))
    found: list[tuple[int, int]] = []
    for word in words:
        if word.isascii() and word.isalpha():
            continue
        start = flat.find(word)
        while start >= 0:
            found.append((start, start + len(word)))
            start = flat.find(word, start + 1)
    for match in _LATIN_WORD.finditer(flat):
        if stem(match.group()) in words:
            found.append(match.span())
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if joined and begin <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((begin, end))
    return joined


def marked(given: str, words: Collection[str]) -> list[Piece]:
    pieces: list[Piece] = []
    end = 0
    for begin, until in _places(given, words):
        if begin > end:
            pieces.append(Piece(text=given[end:begin], hit=False))
        pieces.append(Piece(text=given[begin:until], hit=True))
        end = until
    if end < len(given):
        pieces.append(Piece(text=given[end:], hit=False))
    return pieces


def best_passage(summary: str, plain: str, terms: Terms) -> str:
    """The piece that holds most of what was asked; of equals the first."""
    choices = [*([summary] if summary else []), *plain.split("\n\n")]
    weights = dict(zip(terms.words, terms.weights, strict=True))

    def held(passage: str) -> float:
        flat = simplified(passage).lower()
        latin = {stem(word) for word in _LATIN_WORD.findall(flat)}
        return sum(
            weight
            for word, weight in weights.items()
            if (word in latin if word.isascii() and word.isalpha() else word in flat)
        )

    return max(choices, key=held)


def excerpt(summary: str, plain: str, terms: Terms) -> list[Piece]:
    """Some of the passage that holds most of what was asked, around the first of it, marked."""
    passage = one_line(best_passage(summary, plain, terms))
    longest = EXCERPT if is_han(passage) else 2 * EXCERPT
    words = frozenset(terms.words)
    if len(passage) > longest:
        places = _places(passage, words)
        begin = max(0, min(places[0][0] - longest // 4 if places else 0, len(passage) - longest))
        if begin:
            # Not in the middle of a word.
            begin = re.compile(rf"[\s{HAN}，。；、]|$").search(passage, begin).start()  # type: ignore[union-attr]
        cut = passage[begin : begin + longest].strip()
        passage = f"{'…' if begin else ''}{cut}{'…' if begin + longest < len(passage) else ''}"
    return marked(passage, words)
