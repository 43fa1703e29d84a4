"""What a classifier sees of a text: traditional characters as simplified ones, English words as stems, and pieces of both.

Pieces of words and pieces of characters are two **blocks**, weighted apart: words carry the matter, characters forgive typing.
"""

import re
import unicodedata
from collections.abc import Iterator

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


def plain(text: str) -> str:
    """Small letters, half-width, simplified, contractions written out."""
    flat = simplified(unicodedata.normalize("NFKC", text[:LONGEST]).casefold().replace("’", "'"))
    if "'" in flat or "can" in flat:
        for found, written in _SHORTENED:
            flat = found.sub(written, flat)
    return flat


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
