"""What somebody may have meant whose search found nothing: one slip of the finger, or a character that sounds the same.

The index itself is the dictionary: every spelling that is one slip away is looked up in it at once, in one query. So nothing is
kept beside it, nothing is suggested that would not be found, and nothing of another shop or of an erased person.
"""

import asyncio
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from sqlalchemy import text

from aftercare.cases.search import newest_that_hold
from aftercare.journal import Work
from aftercare.kit.languages import HAN, is_han, simplified, sound
from aftercare.kit.text import one_line, tokens, tsquery

LONGEST_ASKED = 60
MOST_SPELLINGS = 900
MOST_LOOKED_AT = 50

# A run of Chinese, a number or code, a word of Latin letters: each is mistyped in its own way.
_TERM = re.compile(
    rf"(?<![{HAN}])[{HAN}]{{2,8}}(?![{HAN}])|(?=[a-z._/@+:#-]*[0-9])[a-z0-9][a-z0-9._/@+:#-]{{4,40}}|[a-z]{{4,16}}",
    re.IGNORECASE | re.ASCII,
)
_DIGITS = "0123456789"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

HELD = text(
    """
    SELECT array(SELECT word FROM unnest(tsvector_to_array(w.words)) AS word WHERE word = ANY(CAST(:tokens AS text[]))) AS held
    FROM case_words w WHERE w.case_id = ANY(:ids)
    """
)


async def what_was_meant(work: Work, words: str) -> str | None:
    """The words with what seems mistyped put right, so that a case holds all of them; None when a case holds them as they are,
    or nothing near them is known. Needs `cases.read`."""
    work.require("cases.read")
    asked = unicodedata.normalize("NFKC", one_line(words))
    if not asked or len(asked) > LONGEST_ASKED or await _is_found(work, asked):
        return None
    better = asked
    for term in dict.fromkeys(_TERM.findall(asked)):
        if not await _is_found(work, term) and (meant := await _nearest(work, term.casefold())) is not None:
            better = better.replace(term, meant.upper() if term.isupper() else meant)
    return better if better != asked and await _is_found(work, better) else None


async def _is_found(work: Work, words: str) -> bool:
    for asked in dict.fromkeys((words, simplified(words))):
        query = tsquery(asked)
        if query is not None and await newest_that_hold(work, query, most=1):
            return True
    return False


async def _nearest(work: Work, term: str) -> str | None:
    """The spelling beside it that the most of the newest cases hold."""
    # Some hundred spellings, and once a large dictionary of sounds: not where others wait.
    spellings = await asyncio.to_thread(_spellings, term)
    if not any(spellings.values()):
        return None
    found = await newest_that_hold(
        work, " | ".join(_all_of(held) for held in spellings.values() if held), most=MOST_LOOKED_AT
    )
    if not found:
        return None
    every = list({token for held in spellings.values() for token in held})
    rows = await work.session.execute(HELD, {"ids": found, "tokens": every})
    counted: Counter[str] = Counter()
    for row in rows:
        held = set(row.held)
        counted.update(one for one, needed in spellings.items() if needed and held.issuperset(needed))
    # Of equals the first, which is the likelier slip.
    return max(counted, key=counted.__getitem__) if counted else None


def _spellings(term: str) -> dict[str, list[str]]:
    return {one: tokens(one) for one in islice(dict.fromkeys(spelt_like(term)), MOST_SPELLINGS)}


def _all_of(held: list[str]) -> str:
    return (
        "(" + " & ".join("'" + token.replace("\\", "\\\\").replace("'", "''") + "'" for token in held) + ")"
    )


def spelt_like(term: str) -> Iterator[str]:
    """What a slip away from a term could have been meant, the likelier slips first: of Chinese another character of the same
    sound; of a number or a word two signs swapped, one too many, one wrong, one missing."""
    if is_han(term):
        yield from _sounding_alike(term)
        return
    signs = _DIGITS if any(sign.isdigit() for sign in term) else _LETTERS
    for at in range(len(term) - 1):
        if term[at] != term[at + 1]:
            yield term[:at] + term[at + 1] + term[at] + term[at + 2 :]
    for at, sign in enumerate(term):
        if sign in signs:
            yield term[:at] + term[at + 1 :]
    for at, sign in enumerate(term):
        if sign in signs:
            yield from (term[:at] + other + term[at + 1 :] for other in signs if other != sign)
    for at in range(len(term) + 1):
        yield from (term[:at] + other + term[at:] for other in signs)


def _sounding_alike(term: str) -> Iterator[str]:
    for at, character in enumerate(term):
        for other in _characters_by_sound().get(sound(character), ()):
            if other != character:
                yield term[:at] + other + term[at + 1 :]


@lru_cache(maxsize=1)
def _characters_by_sound() -> dict[str, tuple[str, ...]]:
    """The characters of both scripts that stand in everyday texts and names."""
    common: dict[str, None] = {}
    for encoding, high in (("gb2312", range(0xB0, 0xF8)), ("big5", range(0xA4, 0xC7))):
        for first in high:
            for second in range(0x40, 0xFF):
                character = bytes((first, second)).decode(encoding, "ignore")
                if len(character) == 1 and is_han(character):
                    common[character] = None
    by_sound: dict[str, list[str]] = {}
    for character in common:
        by_sound.setdefault(sound(character), []).append(character)
    return {spoken: tuple(characters) for spoken, characters in by_sound.items()}
