"""What files from anywhere hold, as people and programs write it: packed files, files of another kind, days."""

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path
from typing import IO, cast

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
EMPTY_ZIP = b"PK\x05\x06"

_OTHERS = {
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old kind: save it as CSV",
    b"7z\xbc\xaf": "packed by 7-Zip: unpack it first",
    b"Rar!": "packed by RAR: unpack it first",
    b"BZh": "packed by bzip2: unpack it first",
    b"\xfd7zXZ": "packed by xz: unpack it first",
    b"\x28\xb5\x2f\xfd": "packed by zstd: unpack it first",
}


class NotUnpacked(Exception):
    """Why, in words."""


def other_kind(head: bytes) -> str | None:
    """What a file is by its first bytes, if it is plainly neither text nor packed by gzip or zip."""
    return next((kind for begins, kind in _OTHERS.items() if head.startswith(begins)), None)


def is_packed(head: bytes) -> bool:
    return head.startswith((GZIP, ZIP, EMPTY_ZIP))


def unpacking(source: Path | BytesIO) -> IO[bytes]:
    """The file that lies in this one, packed by gzip, or alone in a zip; or this one. Refuses with NotUnpacked a zip of none or many
    and a workbook; what is broken fails while it is read, with OSError, EOFError, zlib.error or BadZipFile."""
    if isinstance(source, Path):
        with source.open("rb") as file:
            head = file.read(4)
    else:
        head = source.getvalue()[:4]
    if head.startswith(GZIP):
        return cast(IO[bytes], gzip.open(source, "rb"))
    if not head.startswith((ZIP, EMPTY_ZIP)):
        return source.open("rb") if isinstance(source, Path) else source
    try:
        # What was opened in it holds the file until it is closed itself.
        with zipfile.ZipFile(source) as box:
            return box.open(_only_one(box))
    except zipfile.BadZipFile:
        raise NotUnpacked("it is a zip that is broken or not whole") from None
    except (RuntimeError, NotImplementedError) as locked:
        raise NotUnpacked(f"what is in the zip cannot be read: {locked}") from None


def _only_one(box: zipfile.ZipFile) -> str:
    names = [one.filename for one in box.infolist() if not one.is_dir()]
    if "[Content_Types].xml" in names:
        raise NotUnpacked("it is an Excel workbook: save the sheet as CSV")
    # Beside each file stands what only a Mac needs.
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if len(names) != 1:
        told = f": {', '.join(names[:5])}" if names else ""
        raise NotUnpacked(f"it is a zip of {len(names)} files where one is expected{told}; unpack it first")
    return names[0]


def unpacked(raw: bytes) -> bytes:
    """What lies in it, or itself. Refuses with NotUnpacked what is packed in another way, broken, or no text at all."""
    if kind := other_kind(raw):
        raise NotUnpacked(f"it is {kind}")
    if not is_packed(raw):
        return raw
    try:
        with unpacking(BytesIO(raw)) as file:
            return file.read()
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile) as broken:
        raise NotUnpacked(f"it cannot be unpacked: {broken}") from None


_DAY = re.compile(
    r"\s*(\d{1,4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{4}|\d{1,2})(?!\d)(?:\s?[日号號])?(.*)",
    re.ASCII | re.DOTALL,
)


def with_year_first(days: Iterable[str | None]) -> list[str | None]:
    """Days and moments written in numbers, such as 14.3.2026, 3/14/26 or 2026年3月14日 08:00, as 2026-03-14 …; others stay as they are.
    Where the year comes last, the day comes before the month, unless the list as a whole can only be read the other way."""
    texts = list(days)
    found = [None if text is None else _DAY.fullmatch(text) for text in texts]
    last = [one for one in found if one is not None and len(one[1]) <= 2]
    month_first = any(int(one[2]) > 12 for one in last) and not any(int(one[1]) > 12 for one in last)
    told: list[str | None] = []
    for text, one in zip(texts, found, strict=True):
        if one is None or len(one[1]) == 3:
            told.append(text)
            continue
        year, month, day = (one[1], one[2], one[3]) if len(one[1]) == 4 else (one[3], one[2], one[1])
        if month_first and len(one[1]) <= 2:
            month, day = day, month
        told.append(
            f"{int(year) + (2000 if len(year) <= 2 else 0):04d}-{int(month):02d}-{int(day):02d}{one[4]}"
        )
    return told
