"""What a classifier sees of a text: traditional characters as simplified ones, English words as stems, and pieces of both.

Pieces of words and pieces of characters are two **blocks**, weighted apart: words carry the matter, characters forgive typing.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from typing import Any

VERSION = 1
"""Stored with every model; raise it when the same text gives other pieces."""

LONGEST = 2_000
"""Characters of a text that are looked at."""

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
HAN = re.compile(f"[{_HAN}]")
_PIECE = re.compile(rf"[{_HAN}]+|[^\W_]+|[?!¿¡$€£¥%]", re.UNICODE)
_SHORTENED = (
    (re.compile(r"\bcan['’]?t\b|\bcannot\b"), "can not"),
    (re.compile(r"\bwon['’]?t\b"), "will not"),
    (re.compile(r"n['’]t\b"), " not"),
    (re.compile(r"['’](s|m|re|ve|ll|d)\b"), r" \1"),
)
_DIGITS = re.compile(r"\d+")


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer  # which loads the stemmers of two dozen languages

    return snowballstemmer.stemmer("english")


@lru_cache(maxsize=1)
def _simplified() -> dict[int, str]:
    """Character by character, from the tables of OpenCC; of several meanings the first."""
    rows = (files("opencc") / "dictionary" / "TSCharacters.txt").read_text(encoding="utf-8").splitlines()
    pairs = (row.split("\t") for row in rows if "\t" in row)
    return {ord(pair[0]): pair[1].split()[0] for pair in pairs if len(pair[0]) == 1}


@lru_cache(maxsize=1)
def _only_traditional() -> frozenset[str]:
    """Characters that simplified text does not have."""
    table = _simplified()
    simple = set(table.values())
    return frozenset(
        chr(code) for code, plain in table.items() if plain != chr(code) and chr(code) not in simple
    )


@lru_cache(maxsize=1)
def _only_simplified() -> frozenset[str]:
    """Characters that traditional text does not have."""
    table = _simplified()
    return frozenset(plain for code, plain in table.items() if plain != chr(code) and ord(plain) not in table)


def simplified(text: str) -> str:
    return text.translate(_simplified())


def traditional_characters(text: str) -> int:
    """How many characters only traditional text has."""
    known = _only_traditional()
    return sum(character in known for character in text)


def simplified_characters(text: str) -> int:
    """How many characters only simplified text has."""
    known = _only_simplified()
    return sum(character in known for character in text)


def plain(text: str) -> str:
    """Small letters, half-width, simplified, contractions written out."""
    flat = unicodedata.normalize("NFKC", text[:LONGEST]).casefold().replace("’", "'")
    if not flat.isascii():
        flat = simplified(flat)
    if "'" in flat or "can" in flat:
        for found, written in _SHORTENED:
            flat = found.sub(written, flat)
    return flat


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


def _words(flat: str) -> list[str]:
    found: list[str] = []
    for piece in _PIECE.findall(flat):
        if HAN.match(piece):
            import rjieba  # reads a dictionary as it is loaded

            found += rjieba.cut(piece)
        elif piece.isascii() and piece.isalpha():
            found.append(_stem(piece))
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


def _character_pieces(flat: str) -> Iterator[str]:
    """Two to five letters within a word, its ends marked; one to four Chinese characters in a row."""
    for piece in _PIECE.findall(flat):
        if HAN.match(piece):
            sizes, marked = range(1, 5), piece
        else:
            sizes, marked = range(2, 6), f" {piece} "
        for size in sizes:
            for start in range(len(marked) - size + 1):
                yield marked[start : start + size]
            if size >= len(marked):
                break


def pieces(text: str) -> tuple[list[str], list[str], list[str]]:
    """The blocks: words alone, words in a row, characters."""
    flat = plain(text)
    words = _words(flat)
    return words, list(_word_pieces(words)), list(_character_pieces(flat))
