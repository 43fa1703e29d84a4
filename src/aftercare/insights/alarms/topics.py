"""What customers write about: words and pairs of words in messages and reviews, Chinese and English, by the kit's tokenizer.

Only counts leave this module: in how many texts of a day a topic stood, and of how many customers. Words are kept of a topic that rises.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from aftercare.kit.text import COMMON, tokens

LONGEST = 2_000
"""Characters of a text that are read."""
MOST_TOPICS = 60
"""Of a shop, the most frequent ones of the last week, are looked at."""
FEWEST_TEXTS = 3
DULL = COMMON | frozenset(
    [
        "请",
        "请问",
        "谢谢",
        "您好",
        "你好",
        "可以",
        "一下",
        "什么",
        "怎么",
        "如何",
        "已经",
        "还是",
        "没有",
        "有",
        "不",
        "这个",
        "那个",
        "the",
        "i",
        "my",
        "me",
        "you",
        "your",
        "we",
        "it",
        "was",
        "were",
        "be",
        "been",
        "have",
        "has",
        "had",
        "for",
        "with",
        "this",
        "that",
        "not",
        "but",
        "so",
        "very",
        "please",
        "hello",
        "hi",
        "thanks",
        "thank",
        "can",
        "could",
        "would",
        "do",
        "does",
        "did",
        "at",
        "as",
        "are",
        "am",
        "from",
        "by",
        "an",
        "if",
        "will",
        "just",
        "get",
        "got",
        "when",
        "what",
        "how",
        "there",
        "here",
        "they",
        "them",
    ]
)
"""Words that stand in most texts and tell of no matter."""


@dataclass(frozen=True)
class Said:
    """One text of a customer. `about`: the product or carrier that it is about, where that is known."""

    shop_id: UUID
    on: date
    customer_id: UUID | None
    text: str
    about: str = ""


@dataclass
class Topics:
    """`texts`: in how many texts of a day a topic stood; `people`: by how many customers it was said on it; `all_texts`: how many there were."""

    texts: dict[str, Counter[date]] = field(default_factory=lambda: defaultdict(Counter))
    people: dict[str, dict[date, set[UUID]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(set))
    )
    about: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    all_texts: Counter[date] = field(default_factory=Counter)


def topics_in(text: str) -> set[str]:
    """Words of at least two characters, and pairs of words that follow one another."""
    words = [word for word in tokens(text[:LONGEST]) if not word.isdigit()]
    single = {word for word in words if len(word) > 1 and word not in DULL}
    pairs = {
        f"{one} {other}"
        for one, other in itertools.pairwise(words)
        if one not in DULL and other not in DULL and len(one) + len(other) > 2
    }
    return single | pairs


def count(said: Iterable[Said]) -> dict[UUID, Topics]:
    """By shop."""
    found: dict[UUID, Topics] = defaultdict(Topics)
    for one in said:
        topics = found[one.shop_id]
        topics.all_texts[one.on] += 1
        for topic in topics_in(one.text):
            topics.texts[topic][one.on] += 1
            if one.customer_id is not None:
                topics.people[topic][one.on].add(one.customer_id)
            if one.about:
                topics.about[topic][one.about] += 1
    return found


def candidates(topics: Topics, first: date, last: date) -> list[str]:
    """The topics of these days that could have risen: the most frequent, and of those that stand in just the same texts the longest."""
    lately = Counter(
        {
            topic: many
            for topic, days in topics.texts.items()
            if (many := sum(times for day, times in days.items() if first <= day <= last)) >= FEWEST_TEXTS
        }
    )
    kept: list[str] = []
    seen: set[tuple[tuple[date, int], ...]] = set()
    for topic in sorted(lately, key=lambda topic: (-lately[topic], -len(topic), topic)):
        days = tuple(sorted(topics.texts[topic].items()))
        if days not in seen:
            seen.add(days)
            kept.append(topic)
    return kept[:MOST_TOPICS]
