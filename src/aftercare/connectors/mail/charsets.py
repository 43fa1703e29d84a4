"""Bytes of mails become text: in the charset that they name, in the larger one that is meant by it, or, where the label is wrong,
in the one that fits."""

import base64
import binascii
import codecs
import re
from collections.abc import Iterator
from email.quoprimime import header_decode

from aftercare.kit.text import clean

LONGEST_HEADER = 20_000
"""Characters; what is longer is cut."""

# What is written, and what is meant: senders name the small set and use the large one.
_MEANT = {
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "x-gbk": "gb18030",
    "gbk": "gb18030",
    "cp936": "gb18030",
    "ms936": "gb18030",
    "euc-cn": "gb18030",
    "gb-18030": "gb18030",
    "big5": "big5hkscs",
    "big5-hkscs": "big5hkscs",
    "x-big5": "big5hkscs",
    "cn-big5": "big5hkscs",
    "cp950": "big5hkscs",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "ksc5601": "cp949",
    "euc-kr": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "x-sjis": "cp932",
    "sjis": "cp932",
    "windows-31j": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-9": "cp1254",
    "iso-8859-8-i": "iso-8859-8",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "utf8": "utf-8",
    "utf-8mb4": "utf-8",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "koi8": "koi8-r",
}
# One byte for each letter: these decode anything, so what is not theirs is found out otherwise.
_TAKES_ANYTHING = re.compile(
    r"cp125\d|iso-?8859|us-ascii|ascii|latin|unknown|default|x-user|binary|8bit|7bit|^$", re.IGNORECASE
)
_TEXT_ONLY = frozenset(
    "ascii big5 big5hkscs cp037 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864"
    " cp865 cp866 cp869 cp874 cp932 cp949 cp950 cp1006 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258"
    " euc_jp euc_jis_2004 euc_jisx0213 euc_kr gb2312 gbk gb18030 hz iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004"
    " iso2022_jp_3 iso2022_jp_ext iso2022_kr latin_1 iso8859-1 iso8859-2 iso8859-3 iso8859-4 iso8859-5 iso8859-6 iso8859-7 iso8859-8"
    " iso8859-9 iso8859-10 iso8859-11 iso8859-13 iso8859-14 iso8859-15 iso8859-16 johab koi8-r koi8-t koi8-u kz1048 mac-cyrillic"
    " mac-greek mac-iceland mac-latin2 mac-roman mac-turkish ptcp154 shift_jis shift_jis_2004 shift_jisx0213 utf-32 utf-32-be"
    " utf-32-le utf-16 utf-16-be utf-16-le utf-7 utf-8 utf-8-sig tis-620".replace("_", "-").split()
)

_HANZI_GB = re.compile(rb"(?:[\xb0-\xd7][\xa1-\xfe])")
_HANZI_BIG5 = re.compile(rb"(?:[\xa4-\xc6][\x40-\x7e\xa1-\xfe])")
_HIGH = re.compile(rb"[\x80-\xff]")
_KANA_EUC = re.compile(rb"[\xa4\xa5][\xa1-\xf6]")
_CYRILLIC_KOI8 = re.compile(rb"[\xc0-\xdf]")
_COMMON_HAN = re.compile(r"[的是我你在有不了這这個个們们請请问問好订訂单單货貨退换換款客服收到谢謝发發没沒]")


def charset(label: str | None) -> str | None:
    """The codec that is meant by a label; None for one that is unknown or no charset of text."""
    name = (label or "").strip().strip("\"'").lower()
    name = _MEANT.get(name, name)
    try:
        codec = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    return codec.name if codec.name.replace("_", "-") in _TEXT_ONLY else None


def to_text(raw: bytes, label: str | None) -> str:
    """Never fails; what cannot be read is marked."""
    if not raw:
        return ""
    codec = charset(label)
    if codec is not None and not _TAKES_ANYTHING.search(codec):
        if codec.startswith("iso2022") and b"\x1b" not in raw and _HIGH.search(raw):
            return to_text(raw, None)
        if codec.startswith("iso2022") or codec in ("utf-7", "hz"):
            return _lenient(raw, codec)
        try:
            return raw.decode(codec)
        except (UnicodeDecodeError, ValueError):
            if codec != "utf-8" and (other := _strict(raw, "utf-8")) is not None:
                return other
            text = raw.decode(codec, "replace")
            if text.count("\ufffd") * 8 <= len(_HIGH.findall(raw)):
                return text
            return _best(raw) or text
    if (text_ := _strict(raw, "utf-8")) is not None and (codec is None or _HIGH.search(raw)):
        return text_
    if b"\x1b$" in raw or b"\x1b(J" in raw:
        return _lenient(raw, "iso2022_jp_ext")
    almost = raw.decode("utf-8", "replace")
    if codec is None and almost.count("\ufffd") * 10 <= len(_HIGH.findall(raw)):
        return almost
    return _best(raw, codec) or raw.decode(codec or "cp1252", "replace")


def _strict(raw: bytes, codec: str) -> str | None:
    try:
        return raw.decode(codec)
    except (UnicodeDecodeError, ValueError):
        return None


def _lenient(raw: bytes, codec: str) -> str:
    """Mail programs write half-width and vendor's characters that the standard set has not."""
    if (text := _strict(raw, codec)) is not None:
        return text
    return _japanese(raw) if codec.startswith("iso2022_jp") else raw.decode(codec, "replace")


_SHIFT = re.compile(rb"\x1b(?:\$[@B]|\([BJI]|\$\(D)")


def _japanese(raw: bytes) -> str:
    """ISO-2022-JP with the vendor's rows (circled digits and the like): each stretch as Windows has it."""
    parts: list[str] = []
    at, mode = 0, b"\x1b(B"
    for found in [*_SHIFT.finditer(raw), None]:
        piece = raw[at : found.start() if found else len(raw)]
        if mode in (b"\x1b$@", b"\x1b$B"):
            parts.append(b"".join(_shifted(piece)).decode("cp932", "replace"))
        elif mode == b"\x1b(I":
            parts.append(bytes(byte | 0x80 for byte in piece).decode("cp932", "replace"))
        elif mode == b"\x1b$(D":
            parts.append("\ufffd" * (len(piece) // 2))
        else:
            parts.append(piece.decode("ascii", "replace"))
        if found:
            mode, at = found[0], found.end()
    return "".join(parts)


def _shifted(piece: bytes) -> Iterator[bytes]:
    """JIS rows and cells as Shift JIS bytes (JIS X 0208, annex 1)."""
    for row, cell in zip(piece[::2], piece[1::2], strict=False):
        if not (0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E):
            yield b"?"
            continue
        high = ((row - 0x21) >> 1) + 0x81
        high += 0x40 if high > 0x9F else 0
        low = cell + 31 + (1 if cell >= 96 else 0) if row % 2 else cell + 126
        yield bytes((high, low))


def _best(raw: bytes, told: str | None = None) -> str | None:
    """Of the charsets that mails are mostly mislabelled from, the one that makes most sense. None when the label is right."""
    high = len(_HIGH.findall(raw))
    if not high:
        return None
    if len(_KANA_EUC.findall(raw)) * 6 >= high and (text := _strict(raw, "euc_jp")) is not None:
        return text
    if high * 3 >= len(raw) or high >= 8:
        for codec, pairs in (("gb18030", _HANZI_GB), ("big5hkscs", _HANZI_BIG5)):
            if 2 * len(pairs.findall(raw)) >= high * 0.7:
                text = _strict(raw, codec)
                if text is not None and (_COMMON_HAN.search(text) or high >= 40):
                    return text
        if told is None and len(_CYRILLIC_KOI8.findall(raw)) * 2 >= high:
            return raw.decode("koi8-r", "replace")
    if told is None:
        return _strict(raw, "cp1252") or raw.decode("latin-1")
    return None


_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]{0,4000}?)\?=", re.DOTALL)
_BETWEEN = re.compile(r"(\?=)[ \t\r\n]+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")


def header_text(raw: str) -> str:
    """A header line as people read it: encoded words decoded, also such as are cut in the middle of a character, raw bytes of
    any charset read, folding taken away. Never fails."""
    raw = raw[:LONGEST_HEADER]
    if not raw.isascii():
        raw = to_text(raw.encode("utf-8", "surrogateescape"), None)
    if "=?" in raw:
        raw = _words_decoded(_BETWEEN.sub(r"\1", raw))
    return " ".join(clean(raw).split())


def _words_decoded(raw: str) -> str:
    """Neighbouring words in one charset are put together as bytes first."""
    parts: list[str] = []
    pending, label, at = b"", "", 0
    for found in _WORD.finditer(raw):
        between = raw[at : found.start()]
        if between or found[1].lower() != label:
            parts.append(to_text(pending, label) if pending else "")
            parts.append(between)
            pending = b""
        label = found[1].lower()
        pending += _word_bytes(found[2], found[3])
        at = found.end()
    if pending:
        parts.append(to_text(pending, label.split("*")[0]))
    return "".join(parts) + raw[at:]


def _word_bytes(how: str, payload: str) -> bytes:
    if how in "bB":
        kept = re.sub(r"[^A-Za-z0-9+/]", "", payload)
        try:
            return base64.b64decode(kept + "=" * (-len(kept) % 4))
        except (binascii.Error, ValueError):
            return base64.b64decode(kept[: len(kept) - len(kept) % 4]) if len(kept) >= 4 else b""
    return header_decode(payload).encode("latin-1", "replace")
