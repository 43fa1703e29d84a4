"""The intents that come with the house, and sentences that say them, from `intents.toml`."""

import hashlib
import itertools
import re
import tomllib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from importlib.resources import files

from aftercare.assistant.classifier import Example

OUTSIDE = "outside"
MOST_OF_A_PATTERN = 20
"""So that no pattern outweighs the others; they are spread evenly over all its combinations."""

KEPT_BACK_ONE_IN = 20

_PLAINEST = re.compile(r"\w+ (?:zh-CN|zh-TW|en) 0")
_CHOICE = re.compile(r"\(([^()]*)\)")


@lru_cache(maxsize=1)
def _table() -> dict[str, dict[str, list[str]]]:
    return tomllib.loads((files("aftercare.assistant") / "intents.toml").read_text(encoding="utf-8"))


def intents() -> list[str]:
    return [name for name in _table() if name != OUTSIDE]


def sentences(pattern: str) -> list[str]:
    """All combinations, in order."""
    parts = _CHOICE.split(pattern)
    options = [part.split("|") if place % 2 else [part] for place, part in enumerate(parts)]
    return list(dict.fromkeys("".join(chosen).strip() for chosen in itertools.product(*options)))


def _spread(found: list[str], most: int) -> Iterator[str]:
    if len(found) <= most:
        yield from found
        return
    for number in range(most):
        # A step that shares no factor with the length would be nicer still; evenly spread is enough.
        yield found[number * (len(found) - 1) // (most - 1)]


@lru_cache(maxsize=1)
def english_words() -> frozenset[str]:
    """All that stand in the sentences."""
    said = (pattern for locales in _table().values() for pattern in locales.get("en", []))
    return frozenset(word for pattern in said for word in re.findall(r"[a-z]+", pattern.casefold()))


def examples(*, most: int = MOST_OF_A_PATTERN) -> list[Example]:
    return [
        Example(said, "" if intent == OUTSIDE else intent, f"{intent} {locale} {number}")
        for intent, locales in _table().items()
        for locale, patterns in locales.items()
        for number, pattern in enumerate(patterns)
        for said in _spread(sentences(pattern), most)
    ]


def kept_back(found: Sequence[Example]) -> tuple[list[Example], list[Example]]:
    """What models of the house learn from, and the twentieth that none of them ever sees, to try each new one on. Which it is
    depends on the group alone, so that it stays the same when others are added. The plainest pattern of an intent, its first, is
    always learned."""
    learn: list[Example] = []
    keep: list[Example] = []
    for one in found:
        drawn = hashlib.sha256((one.group or one.text).encode()).digest()[0]
        back = drawn % KEPT_BACK_ONE_IN == 0 and not _PLAINEST.fullmatch(one.group)
        (keep if back else learn).append(one)
    return learn, keep
