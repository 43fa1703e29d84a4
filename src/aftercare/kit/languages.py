"""Words across scripts and spellings: traditional characters as simplified ones, English words by their stem, Chinese words
by their sound."""

import re
from functools import lru_cache
from importlib.resources import files
from typing import Any

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
_HAN = re.compile(f"[{HAN}]")

# What many speakers do not tell apart: zh/z, ch/c, sh/s at the beginning; ng/n at the end.
_SOUND_ALIKE = ((re.compile(r"^([zcs])h"), r"\1"), (re.compile(r"(?<=[aei])ng$"), "n"))


@lru_cache(maxsize=1)
def _stemmer() -> Any:
    import snowballstemmer  # which loads the stemmers of two dozen languages

    return snowballstemmer.stemmer("english")


def _table(name: str) -> dict[str, list[str]]:
    """Of OpenCC: each character with its forms in the other script, the usual one first."""
    rows = (files("opencc") / "dictionary" / name).read_text(encoding="utf-8").splitlines()
    pairs = (row.split("\t") for row in rows if "\t" in row)
    return {pair[0]: pair[1].split() for pair in pairs if len(pair[0]) == 1}


@lru_cache(maxsize=1)
def _simple_forms() -> dict[int, str]:
    return {ord(one): forms[0] for one, forms in _table("TSCharacters.txt").items()}


def simplified(text: str) -> str:
    """Character by character: of the same length, so that places in it are places in `text`."""
    return text if text.isascii() else text.translate(_simple_forms())


@lru_cache(maxsize=1)
def _only_traditional() -> frozenset[str]:
    forms = _simple_forms()
    simple = set(forms.values())
    return frozenset(
        chr(code) for code, plain in forms.items() if plain != chr(code) and chr(code) not in simple
    )


@lru_cache(maxsize=1)
def _only_simplified() -> frozenset[str]:
    # What is written in both scripts (真, 只), and what Taiwan and Hong Kong write where OpenCC has an older form (群, 峰), tells nothing.
    both = {
        one
        for name in ("TWVariants.txt", "HKVariants.txt")
        for forms in _table(name).values()
        for one in forms
    }
    return frozenset(
        one for one, forms in _table("STCharacters.txt").items() if one not in forms and one not in both
    )


def is_traditional(text: str) -> bool:
    """Whether it has a character that simplified text does not have."""
    return not _only_traditional().isdisjoint(text)


def is_simplified(text: str) -> bool:
    """Whether it has a character that traditional text does not have."""
    return not _only_simplified().isdisjoint(text)


def is_han(text: str) -> bool:
    return _HAN.search(text) is not None


@lru_cache(maxsize=100_000)
def english_stem(word: str) -> str:
    """Of an English word in small letters, however short."""
    return str(_stemmer().stemWord(word))


def stem(word: str) -> str:
    """Of a word in small letters; what is short or not English stays."""
    return english_stem(word) if len(word) > 3 and word.isascii() and word.isalpha() else word


@lru_cache(maxsize=100_000)
def sound(word: str) -> str:
    """How a Chinese word is spoken, without tones, as one Latin word; syllables that many do not tell apart are the same."""
    from pypinyin import lazy_pinyin  # a large dictionary: read when the first word is sounded out

    return "".join(_alike(syllable) for syllable in lazy_pinyin(simplified(word)))


def _alike(syllable: str) -> str:
    for pattern, plain in _SOUND_ALIKE:
        syllable = pattern.sub(plain, syllable)
    return syllable


def spoken_alike(latin: str) -> str:
    """A word typed as it is spoken (`tuihuo`, `zhuanghuo`) in the form that `sound` gives; syllables are not looked for, so it
    is only as good as the folding of single letters."""
    folded = re.sub(r"([zcs])h", r"\1", latin)
    return re.sub(r"(?<=[aei])ng(?![aeiouv])", "n", folded)
