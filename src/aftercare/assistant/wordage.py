"""What a classifier sees of a text: traditional characters as simplified ones, English words as stems, and pieces of both.

Pieces of words and pieces of characters are two **blocks**, weighted apart: words carry the matter, characters forgive typing.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from string import ascii_lowercase

from aftercare.kit.languages import HAN, english_stem, is_han, simplified

VERSION = 2
"""Stored with every model; raise it when the same text gives other pieces."""

LONGEST = 2_000
"""Characters of a text that are looked at."""

NEAR = 10
"""So many words further the other word of a pair may stand."""
WORDS_PAIRED = 40
"""Of a long text only the beginning is paired; there are ten times as many pairs as words."""

_PIECE = re.compile(rf"[{HAN}]+|[^\W_]+|[?!¿¡$€£¥%]", re.UNICODE)
_SHORTENED = (
    (re.compile(r"\bcan['’]?t\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon['’]?t\b"), "will not"),
    (re.compile(r"n['’]t\b"), " not"),
    (re.compile(r"['’](s|m|re|ve|ll|d)\b"), r" \1"),
)
_DIGITS = re.compile(r"\d+")
_LONG_WORD = re.compile(r"\b[A-Za-z]{4,20}\b")


def plain(text: str) -> str:
    """Small letters, half-width, simplified, contractions written out."""
    flat = simplified(unicodedata.normalize("NFKC", text[:LONGEST]).casefold().replace("’", "'"))
    if "'" in flat or "can" in flat:
        for found, written in _SHORTENED:
            flat = found.sub(written, flat)
    return flat


def respelt(text: str, known: Collection[str]) -> str:
    """English words that are not known with the one slip of the keyboard taken back that makes a known one of them, where only one
    does: a letter too many, too few, another, or two that changed places."""
    return _LONG_WORD.sub(lambda found: _respelt(found.group(), known), text)


def _respelt(word: str, known: Collection[str]) -> str:
    flat = word.casefold()
    if flat in known:
        return word
    # The first letter is seldom the wrong one.
    splits = [(flat[:at], flat[at:]) for at in range(1, len(flat) + 1)]
    near = {left + right[1:] for left, right in splits if right}
    near |= {left + right[1] + right[0] + right[2:] for left, right in splits if len(right) > 1}
    near |= {left + letter + right[1:] for left, right in splits if right for letter in ascii_lowercase}
    near |= {left + letter + right for left, right in splits for letter in ascii_lowercase}
    meant = [one for one in near if one in known]
    return meant[0] if len(meant) == 1 else word


def _words(flat: str) -> list[str]:
    found: list[str] = []
    for piece in _PIECE.findall(flat):
        if is_han(piece[0]):
            import rjieba  # reads a dictionary as it is loaded

            found += rjieba.cut(piece)
        elif piece.isascii() and piece.isalpha():
            found.append(english_stem(piece))
        else:
            # Numbers tell by their length, not by their value.
            found.append(_DIGITS.sub(lambda digits: "0" * min(len(digits.group()), 6), piece))
    return found


def _word_pieces(words: list[str]) -> Iterator[str]:
    """One to three words in a row."""
    yield from words
    for size in (2, 3):
        for start in range(len(words) - size + 1):
            yield " ".join(words[start : start + size])


def _pairs(words: list[str]) -> Iterator[str]:
    """Two words that stand near each other, in whatever order: 'card … not … arrive' says the same turned round."""
    few = words[:WORDS_PAIRED]
    for place, word in enumerate(few):
        for other in few[place + 1 : place + 1 + NEAR]:
            if other != word:
                yield "+".join(sorted((word, other)))


def _character_pieces(flat: str) -> Iterator[str]:
    """Two to five letters within a word, its ends marked; one to four Chinese characters in a row."""
    for piece in _PIECE.findall(flat):
        if is_han(piece[0]):
            sizes, marked = range(1, 5), piece
        else:
            sizes, marked = range(2, 6), f" {piece} "
        for size in sizes:
            for start in range(len(marked) - size + 1):
                yield marked[start : start + size]
            if size >= len(marked):
                break


def pieces(text: str) -> tuple[list[str], list[str], list[str], list[str]]:
    """The blocks: words alone, words in a row, characters, pairs of words."""
    flat = plain(text)
    words = _words(flat)
    return words, list(_word_pieces(words)), list(_character_pieces(flat)), list(_pairs(words))
