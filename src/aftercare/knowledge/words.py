"""The words that texts are found by, how rare each is, and what somebody who mistyped may have meant."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from itertools import islice

from sqlalchemy import text

from aftercare.journal import Work
from aftercare.kit.languages import HAN, is_han, simplified, sound, spoken_alike, stem
from aftercare.kit.text import COMMON, MOST_TOKENS, TOKENIZER, tokens

INDEXED_AS = TOKENIZER * 100 + 1
"""Stored with every entry; the second part grows when `words_of` gives other words for the same text."""

MOST_TERMS = 12
LONGEST_CORRECTED = 40


@lru_cache(maxsize=1)
def asking_words() -> frozenset[str]:
    """Words that make a question of others, and tell nothing about its matter; as stems."""
    listed = (files("aftercare.knowledge") / "asking.txt").read_text(encoding="utf-8")
    return frozenset(stem(word) for word in listed.split())


_HAN_RUN = re.compile(f"[{HAN}]+")
LONGEST_HAN_WORD = 5


def words_of(given: str) -> list[str]:
    """What a text is indexed under: in small letters, simplified, English words as stems; each once. Of Chinese all words of
    the dictionary that can be read in it, since a question may cut it otherwise (退货|运费, 退|货运费)."""
    flat = simplified(given)
    found = dict.fromkeys(stem(token) for token in tokens(flat))
    for run in _HAN_RUN.findall(flat):
        import rjieba  # reads a dictionary as it is loaded

        found.update(dict.fromkeys(word for word in rjieba.cut_all(run) if len(word) > 1))
    return list(found)


def significant(given: str) -> list[str]:
    """What a question is about: its words without those that only ask; all of them when nothing else is there."""
    words = list(dict.fromkeys(stem(token) for token in tokens(simplified(given))))
    return [word for word in words if word not in asking_words()] or words


def quoted(word: str) -> str:
    return "'" + word.replace("\\", "\\\\").replace("'", "''") + "'"


def term(word: str) -> str:
    """A tsquery: identifiers are found by their beginning."""
    return quoted(word) + (":*" if any(letter.isdigit() for letter in word) else "")


def tsvector_of(words: Iterable[str]) -> str:
    return " ".join(quoted(word) for word in islice(dict.fromkeys(words), MOST_TOKENS))


@dataclass(frozen=True)
class Terms:
    """A question ready to be looked for: its words, the rarest first, what each weighs (together 1), and which of them stand
    in any text at all."""

    words: tuple[str, ...]
    weights: tuple[float, ...]
    known: frozenset[str]
    documents: tuple[int, ...]

    @property
    def every(self) -> str:
        return " & ".join(term(word) for word in self.words)

    def rare(self, enough: int = 400) -> str | None:
        """Any of the rarest words, as many of them as some hundreds of texts hold."""
        taken: list[str] = []
        counted = 0
        for word, documents in zip(self.words, self.documents, strict=True):
            taken.append(term(word))
            counted += documents
            if counted >= enough:
                break
        return " | ".join(taken) or None


KNOWN = "SELECT word, documents FROM knowledge_word WHERE word = ANY(:words) AND documents > 0"

SINGLE = 0.5
"""What a single Chinese character weighs of what a word of its rarity does."""


async def understand(work: Work, question: str) -> Terms | None:
    """The question's words, as far as they tell something: Chinese is cut into the words that stand in our own texts. None when
    there is nothing to look for."""
    flat = simplified(question).lower()
    runs = _HAN_RUN.findall(flat)
    others = [stem(token) for token in tokens(_HAN_RUN.sub(" ", flat))]
    windows = {
        run[start : start + size]
        for run in runs
        for size in range(1, LONGEST_HAN_WORD + 1)
        for start in range(len(run) - size + 1)
    }
    found = await work.read(KNOWN, {"words": ["", *others, *windows]})
    documents = {row.word: row.documents for row in found}
    words = [*others, *(word for run in runs for word in cut(run, documents))]
    kept = [word for word in dict.fromkeys(words) if word not in asking_words() and word not in COMMON]
    return _weighed(kept or list(dict.fromkeys(words)), documents)


def cut(run: str, documents: dict[str, int]) -> list[str]:
    """A stretch of Chinese in words that are known, or that only ask: as few characters as possible left alone, then as few
    words as possible, then the more frequent ones."""
    best: list[tuple[float, int, float, list[str]]] = [(0.0, 0, 0.0, [])]
    for end in range(1, len(run) + 1):
        choices = []
        for size in range(1, min(end, LONGEST_HAN_WORD) + 1):
            word = run[end - size : end]
            empty = word in asking_words() or word in COMMON
            if size > 1 and word not in documents and not empty:
                continue
            lonely, many, rare, before = best[end - size]
            alone = 0 if empty or size > 1 else 1
            choices.append(
                (
                    lonely + alone,
                    many + 1,
                    rare - math.log(1 + documents.get(word, 0)),
                    [*before, word],
                )
            )
        best.append(min(choices))
    return best[-1][3]


def _weighed(words: Sequence[str], documents: dict[str, int]) -> Terms | None:
    if not words:
        return None
    total = documents.get("", 0)
    # A word that stands nowhere weighs as much as the rarest: who finds the rest has not found all.
    rarity = {
        word: math.log(1 + (total + 1) / (documents.get(word, 0) + 0.5))
        * (SINGLE if len(word) == 1 and not word.isascii() else 1)
        for word in words
    }
    chosen = sorted(words, key=lambda word: -rarity[word])[:MOST_TERMS]
    whole = sum(rarity[word] for word in chosen)
    return Terms(
        words=tuple(chosen),
        weights=tuple(rarity[word] / whole for word in chosen),
        known=frozenset(word for word in chosen if word in documents),
        documents=tuple(documents.get(word, 0) for word in chosen),
    )


COUNT = text(
    """
    INSERT INTO knowledge_word AS k (word, documents, sound)
    SELECT * FROM unnest(CAST(:words AS text[]), CAST(:counts AS int[]), CAST(:sounds AS text[])) AS t(word, documents, sound)
    ORDER BY word
    ON CONFLICT (word) DO UPDATE SET documents = greatest(0, k.documents + excluded.documents)
    """
)


async def count_words(
    work: Work, more: Iterable[Collection[str]] = (), fewer: Iterable[Collection[str]] = ()
) -> None:
    """Notes the words of texts that can be found from now on, and of those that no longer can. One statement, in the order of
    the words, so that two who publish at once wait for each other."""
    counted: Counter[str] = Counter()
    for texts, sign in ((more, 1), (fewer, -1)):
        for held in texts:
            for word in {*held, ""}:
                counted[word] += sign
    words = sorted(word for word, change in counted.items() if change)
    if not words:
        return
    await work.session.execute(
        COUNT,
        {
            "words": words,
            "counts": [counted[word] for word in words],
            "sounds": [sound(word) if len(word) > 1 and is_han(word) else None for word in words],
        },
    )


# Correcting

_LATIN = re.compile(r"[a-z]{4,}")

SPELT_LIKE = "SELECT typed, word, documents FROM words_spelt_like(CAST(:words AS text[]))"
SPOKEN_LIKE = (
    "SELECT word, documents, sound FROM knowledge_word WHERE sound = ANY(:sounds) AND documents > 0"
    " ORDER BY documents DESC LIMIT 200"
)


async def corrected(work: Work, given: str, *, by_sound: bool = True) -> str | None:
    """The question as it may have been meant; None when nothing better is known. English words by their letters, Chinese
    ones by their sound, also when they were typed as they sound (tuihuo)."""
    flat = simplified(given).casefold()[:LONGEST_CORRECTED]
    latin = [word for word in dict.fromkeys(_LATIN.findall(flat)) if word not in asking_words()]
    windows = [
        run[start : start + size]
        for run in _HAN_RUN.findall(flat)
        for size in (4, 3, 2)
        for start in range(len(run) - size + 1)
    ]
    asked = [*{stem(word) for word in latin}, *windows]
    if not asked:
        return None
    found = await work.read(KNOWN, {"words": asked})
    known = {row.word: row.documents for row in found}
    unknown = [word for word in latin if stem(word) not in known]
    better = flat
    if unknown:
        better = await _respelt(work, better, unknown, by_sound)
    strange = [window for window in windows if window not in known]
    if strange:
        better = await _resounded(work, better, strange, known)
    return better if better != flat else None


async def _respelt(work: Work, flat: str, unknown: Sequence[str], by_sound: bool) -> str:
    sounds = {spoken_alike(word): word for word in unknown}
    for row in await work.read(SPOKEN_LIKE, {"sounds": list(sounds)}) if by_sound else ():
        typed = sounds.pop(row.sound, None)
        if typed is not None:
            flat = re.sub(rf"\b{typed}\b", row.word, flat)
    rest = list(sounds.values())
    if not rest:
        return flat
    best: dict[str, tuple[int, int, str]] = {}
    for row in await work.read(SPELT_LIKE, {"words": [stem(word) for word in rest]}):
        steps = distance(row.typed, row.word)
        if steps <= (1 if len(row.typed) < 6 else 2):
            best[row.typed] = min(best.get(row.typed, (99, 0, "")), (steps, -row.documents, row.word))
    for word in rest:
        if stem(word) in best:
            flat = re.sub(rf"\b{word}\b", best[stem(word)][2], flat)
    return flat


async def _resounded(work: Work, flat: str, strange: Sequence[str], known: dict[str, int]) -> str:
    by_sound = {window: sound(window) for window in strange}
    spoken: dict[str, str] = {}
    for row in await work.read(SPOKEN_LIKE, {"sounds": list(set(by_sound.values()))}):
        spoken.setdefault(row.sound, row.word)
    better, start = "", 0
    while start < len(flat):
        # The longest first: a known word stays, and a strange one that sounds like a known one is replaced by it.
        for size in (4, 3, 2):
            window = flat[start : start + size]
            if len(window) < size:
                continue
            meant = spoken.get(by_sound.get(window, "-"))
            if window in known or (meant is not None and len(meant) == size):
                better += window if window in known else meant or window
                start += size
                break
        else:
            better += flat[start]
            start += 1
    return better


@lru_cache(maxsize=20_000)
def distance(one: str, other: str) -> int:
    """How many letters must be changed, added, dropped or swapped with their neighbour."""
    rows = [list(range(len(other) + 1))]
    for here, letter in enumerate(one, 1):
        row = [here]
        for there, its in enumerate(other, 1):
            least = min(rows[-1][there] + 1, row[-1] + 1, rows[-1][there - 1] + (letter != its))
            if here > 1 and there > 1 and letter == other[there - 2] and one[here - 2] == its:
                least = min(least, rows[-2][there - 2] + 1)
            row.append(least)
        rows.append(row)
    return rows[-1][-1]
