"""Text as people and files give it, made comparable: clean characters, contacts, search tokens, unknown encodings.

Search: Chinese is cut into words by rjieba; identifiers (A-123, SO2026/12315, bob@example.test, 12315) stay whole, because a
segmenter would cut them, and are found by their beginning. Index and query must come from the same `TOKENIZER` version.
"""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from itertools import islice

TOKENIZER = 1
"""Stored beside every tsvector; raise it when `tokens` gives other tokens for the same text."""

LONGEST_TOKEN = 120
MOST_TOKENS = 2_000
"""Of one row; PostgreSQL refuses a tsvector of more than a megabyte."""

# What every second sentence holds tells nothing; a query for all words would stumble over it.
COMMON = frozenset(
    [
        "的",
        "了",
        "我",
        "你",
        "您",
        "他",
        "她",
        "它",
        "们",
        "我们",
        "你们",
        "是",
        "在",
        "吗",
        "呢",
        "吧",
        "啊",
        "和",
        "与",
        "及",
        "就",
        "都",
        "也",
    ]
) | frozenset(["a", "an", "and", "in", "is", "it", "of", "on", "or", "the", "to"])

_CONTROL = dict.fromkeys([*range(0x09), 0x0B, 0x0C, *range(0x0E, 0x20), 0x7F, 0xFEFF])
_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")

# Letters and digits joined by single marks, or a run with a digit in it.
_IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[-_/.@+:#][A-Za-z0-9]+)+|[A-Za-z]*[0-9][A-Za-z0-9]*", re.ASCII)
_WORD = re.compile(r"\w", re.UNICODE)
_EMAIL = re.compile(r"[^\s@<>\"(),:;\[\]\\]{1,64}@(?:[^\s@.<>\"(),:;\[\]\\]{1,63}\.)+[^\W\d_][\w-]{1,62}")


def clean(text: str) -> str:
    """NFC, without NUL and other control characters (tab and line ends stay), without byte order marks."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", _LONE_SURROGATE.sub("\ufffd", text).translate(_CONTROL))


def one_line(text: str) -> str:
    """Cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


# Contacts

# Calling code, the usual lengths of a national number without its trunk prefix, and that prefix.
_DIALLING: dict[str, tuple[str, range, str]] = {
    "CN": ("86", range(7, 12), "0"),
    "HK": ("852", range(8, 9), ""),
    "MO": ("853", range(8, 9), ""),
    "TW": ("886", range(8, 10), "0"),
    "SG": ("65", range(8, 9), ""),
    "JP": ("81", range(9, 11), "0"),
    "KR": ("82", range(8, 11), "0"),
    "BR": ("55", range(10, 12), "0"),
    "US": ("1", range(10, 11), "1"),
    "CA": ("1", range(10, 11), "1"),
    "GB": ("44", range(9, 11), "0"),
    "UK": ("44", range(9, 11), "0"),
    "IE": ("353", range(7, 10), "0"),
    "DE": ("49", range(6, 12), "0"),
    "AT": ("43", range(6, 14), "0"),
    "CH": ("41", range(9, 10), "0"),
    "FR": ("33", range(9, 10), "0"),
    "NL": ("31", range(9, 10), "0"),
    "BE": ("32", range(8, 10), "0"),
    "ES": ("34", range(9, 10), ""),
    "PT": ("351", range(9, 10), ""),
    "IT": ("39", range(6, 12), ""),
    "PL": ("48", range(9, 10), ""),
    "SE": ("46", range(7, 10), "0"),
    "DK": ("45", range(8, 9), ""),
    "AU": ("61", range(9, 10), "0"),
}


def email(text: str | None) -> str | None:
    """In small letters, without what surrounds it; None when it is no address."""
    address = unicodedata.normalize("NFKC", one_line(text or "")).strip(" <>").casefold()
    address = address.removeprefix("mailto:")
    return address if len(address) <= 254 and _EMAIL.fullmatch(address) else None


def phone(text: str | None, market: str = "CN") -> str | None:
    """`+` and digits with the country's code, the market's own when none was given; None when it is no number."""
    given = unicodedata.normalize("NFKC", one_line(text or ""))
    if not re.fullmatch(r"[+0-9 ()./\-]*", given):
        return None
    digits = "".join(re.findall(r"\d", given))
    if given.startswith("+"):
        return f"+{digits}" if 7 <= len(digits) <= 15 else None
    if digits.startswith("00"):
        return f"+{digits[2:]}" if 7 <= len(digits) - 2 <= 15 else None
    code, lengths, trunk = _DIALLING.get(market.upper(), ("", range(5, 16), ""))
    if not code:
        return digits if len(digits) in lengths else None
    if digits.startswith(code) and len(digits) - len(code) in lengths and len(digits) > lengths[-1]:
        return f"+{digits}"
    national = digits.removeprefix(trunk) if trunk else digits
    return f"+{code}{national}" if len(national) in lengths else None


def contact(text: str, market: str = "CN") -> str | None:
    """An e-mail address or a phone number, whichever it is, normalised."""
    return email(text) if "@" in unicodedata.normalize("NFKC", text) else phone(text, market)


def phone_spellings(normal: str | None) -> list[str]:
    """The ways in which staff type a normalised number into a search box."""
    if not normal or not normal.startswith("+"):
        return [normal] if normal else []
    codes = sorted({code for code, _, _ in _DIALLING.values()}, key=len, reverse=True)
    code = next((code for code in codes if normal[1:].startswith(code)), "")
    return [normal[1:], *([normal[1 + len(code) :]] if code else [])]


# Search


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Identifiers (True) and the stretches between them (False), in order."""
    flat = unicodedata.normalize("NFKC", clean(text)).casefold()
    end = 0
    for found in _IDENTIFIER.finditer(flat):
        yield flat[end : found.start()], False
        yield found.group(), True
        end = found.end()
    yield flat[end:], False


def _words(stretch: str, *, finely: bool) -> Iterator[str]:
    if not stretch.strip():
        return
    import rjieba  # reads a dictionary as it is loaded

    for word in rjieba.cut_for_search(stretch) if finely else rjieba.cut(stretch):
        trimmed = word.strip().strip("_")
        if trimmed and trimmed not in COMMON and _WORD.search(trimmed):
            yield trimmed[:LONGEST_TOKEN]


def _parts(identifier: str) -> list[str]:
    parts = re.findall(r"[a-z0-9]+", identifier)
    return [part for part in parts if len(part) > 1] if len(parts) > 1 else []


def tokens(text: str) -> list[str]:
    """What a text is indexed under, each once, in order of appearance. Long words come with the words inside them,
    identifiers whole and with their parts. Simplified and traditional characters stay as they are."""
    found: dict[str, None] = {}
    for piece, is_identifier in _pieces(text):
        if is_identifier:
            found.update(dict.fromkeys(part[:LONGEST_TOKEN] for part in (piece, *_parts(piece))))
        else:
            found.update(dict.fromkeys(_words(piece, finely=True)))
    return list(found)


def _quoted(token: str) -> str:
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def tsvector_text(*texts: str | None) -> str:
    """The texts' tokens, to be cast to tsvector; of a very long text the first ones."""
    found = dict.fromkeys(token for text in texts if text for token in tokens(text))
    return " ".join(_quoted(token) for token in islice(found, MOST_TOKENS))


def tsquery(text: str, *, every: bool = True) -> str | None:
    """To be cast to tsquery: texts that hold every word, or any; identifiers match by their beginning. None when
    nothing in the text can be searched for."""
    terms: dict[str, None] = {}
    for piece, is_identifier in _pieces(text):
        if is_identifier:
            terms[_quoted(piece[:LONGEST_TOKEN]) + ":*"] = None
        else:
            terms.update(dict.fromkeys(_quoted(word) for word in _words(piece, finely=False)))
    return (" & " if every else " | ").join(terms) or None


# Files of unknown encoding

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
_HANZI_PAIR = re.compile(rb"[\xa1-\xa3\xb0-\xd7][\xa1-\xfe]")


def _western_byte(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stray = error.object[error.start : error.end]
    return "".join(_western(bytes([byte])) for byte in stray), error.end


codecs.register_error("western", _western_byte)


def _western(raw: bytes) -> str:
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def decode(raw: bytes) -> tuple[str, str]:
    """The text of a file and the encoding that it was read in. Nothing is lost and nothing is guessed at random: a byte
    order mark decides; else UTF-8 (a few stray bytes are read as western ones); else GB 18030 if most of its high bytes
    are common Chinese characters; else Windows-1252, with Latin-1 for what that does not know."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if raw.startswith(mark):
            return raw[len(mark) :].decode(
                encoding, "western" if encoding == "utf-8" else "replace"
            ), encoding
    try:
        return raw.decode("utf-8"), "utf-8"
    except UnicodeDecodeError:
        pass
    high = sum(len(run) for run in _HIGH_RUN.findall(raw))
    stray = raw.decode("utf-8", "replace").count("\ufffd")
    if stray * 10 <= high:
        return raw.decode("utf-8", "western"), "utf-8"
    hanzi = sum(2 * len(_HANZI_PAIR.findall(run)) for run in _HIGH_RUN.findall(raw))
    if hanzi * 2 >= high:
        try:
            return raw.decode("gb18030"), "gb18030"
        except UnicodeDecodeError:
            pass
    return _western(raw), "cp1252"
