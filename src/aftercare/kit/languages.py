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


@lru_cache(maxsize=1)
def _simple_forms() -> dict[int, str]:
    """From the tables of OpenCC; of several meanings the first."""
    rows = (files("opencc") / "dictionary" / "TSCharacters.txt").read_text(encoding="utf-8").splitlines()
    pairs = (row.split("\t") for row in rows if "\t" in row)
    return {ord(pair[0]): pair[1].split()[0] for pair in pairs if len(pair[0]) == 1}


def simplified(text: str) -> str:
    """Character by character: of the same length, so that places in it are places in `text`."""
    return text if text.isascii() else text.translate(_simple_forms())


def is_han(text: str) -> bool:
    return _HAN.search(text) is not None


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Of a word in small letters; what is not English stays."""
    return _stemmer().stemWord(word) if len(word) > 3 and word.isascii() and word.isalpha() else word


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
