"""Files: uploads on a disk or in any object store that fsspec knows, kept once per content.

What a file is, its bytes say; its name and what the sender claims are not asked. Pictures, short films and PDF are taken,
all else is refused, but for documents that come with a mail or a message. Positions on a map are blanked in photographs (JPEG) before they are kept.
"""

import asyncio
import errno
import hashlib
import os
import re
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any, ClassVar, TypeVar
from urllib.parse import quote
from uuid import uuid4

import fsspec
import puremagic
from fsspec.implementations.local import LocalFileSystem

from aftercare.kit.errors import Invalid, NotFound, Unavailable
from aftercare.kit.photographs import blank_position
from aftercare.kit.text import one_line

T = TypeVar("T")

PIECE = 256 * 1024
HEAD = 4096
LONGEST_NAME = 120

EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/heif": ".heif",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
}
"""The allow list, with the ending under which each type is handed out."""

_OPEN_XML = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"
DOCUMENTS: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".docx": (f"{_OPEN_XML}.wordprocessingml.document", (b"PK\x03\x04",)),
    ".xlsx": (f"{_OPEN_XML}.spreadsheetml.sheet", (b"PK\x03\x04",)),
    ".pptx": (f"{_OPEN_XML}.presentationml.presentation", (b"PK\x03\x04",)),
    ".odt": (f"{_OPEN}.text", (b"PK\x03\x04",)),
    ".ods": (f"{_OPEN}.spreadsheet", (b"PK\x03\x04",)),
    ".odp": (f"{_OPEN}.presentation", (b"PK\x03\x04",)),
    ".zip": ("application/zip", (b"PK\x03\x04", b"PK\x05\x06")),
    ".doc": ("application/msword", (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    ".xls": ("application/vnd.ms-excel", (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    ".ppt": ("application/vnd.ms-powerpoint", (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",)),
    ".rtf": ("application/rtf", (b"{\\rtf",)),
    ".txt": ("text/plain", ()),
    ".log": ("text/plain", ()),
    ".md": ("text/plain", ()),
    ".csv": ("text/csv", ()),
    ".ics": ("text/calendar", ()),
    ".vcf": ("text/vcard", ()),
    ".mp3": ("audio/mpeg", (b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")),
    ".wav": ("audio/wav", (b"RIFF",)),
    ".ogg": ("audio/ogg", (b"OggS",)),
    ".amr": ("audio/amr", (b"#!AMR",)),
}
"""What is taken besides where somebody writes to us: by its ending, if its first bytes agree; with none given it must be text.
Handed out to be saved, never shown."""
_NO_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

# An ISO container (HEIC, MP4, MOV) names what it is in its first box; puremagic knows only some of the names.
_BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx"), "image/heic"),
    **dict.fromkeys((b"mif1", b"msf1"), "image/heif"),
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso4", b"iso5", b"iso6", b"mp41", b"mp42", b"avc1", b"dash", b"M4V ", b"MSNV"),
        "video/mp4",
    ),
    b"qt  ": "video/quicktime",
}


class TypeNotAllowed(Invalid):
    """Only pictures (JPEG, PNG, WebP, GIF, HEIC), films (MP4, MOV, WebM) and PDF can be uploaded."""

    status: ClassVar[int] = 415


class TooLarge(Invalid):
    """This file is too large."""

    status: ClassVar[int] = 413


class EmptyFile(Invalid):
    """This file is empty."""


class DiskFull(Unavailable):
    """There is no room left for files at the moment; nothing was kept."""

    status: ClassVar[int] = 507


class StoreAway(Unavailable):
    """The file store cannot be reached right now; please try again in a moment."""


class BytesMissing(NotFound):
    """The file is known but its content is no longer there."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A content that is kept: `key` finds it again, `sha256` is of the bytes as they are kept."""

    key: str
    sha256: str
    bytes: int
    media_type: str


def media_type(head: bytes) -> str:
    """The type of a content by its first bytes. Refuses with TypeNotAllowed."""
    if head[4:8] == b"ftyp":
        found = _BRANDS.get(head[8:12], "")
    else:
        try:
            found = puremagic.magic_string(head)[0].mime_type
        except (puremagic.PureError, ValueError, IndexError):
            found = ""
        if found == "image/jpeg" and not head.startswith(b"\xff\xd8\xff"):
            found = ""
        if found in ("video/webm", "video/x-matroska", "application/x-matroska"):
            found = "video/webm" if b"webm" in head[:64] else ""
    if found not in EXTENSIONS:
        raise TypeNotAllowed(found=found or "unknown")
    return found


def document_type(name: str, head: bytes) -> str:
    """The type of a document by the ending of its name, where its first bytes agree. Refuses with TypeNotAllowed."""
    ending = os.path.splitext(name.lower())[1]
    kind, begins = DOCUMENTS.get(ending, ("", ()))
    agrees = head.startswith(begins) if begins else not _NO_TEXT.search(head)
    if not kind or not agrees:
        raise TypeNotAllowed(found=ending or "unknown")
    return kind


def safe_name(name: str, kind: str) -> str:
    """The name without folders and control characters, ending as its true type does."""
    stem = re.split(r"[/\\]", one_line(name))[-1].strip(". ")
    ending = EXTENSIONS.get(kind) or os.path.splitext(stem.lower())[1]
    stem = re.sub(r"\.[A-Za-z0-9]{1,5}$", "", stem)[:LONGEST_NAME] or "file"
    return stem + ending


def _kind_of(head: bytes, document: str | None) -> str:
    try:
        return media_type(head)
    except TypeNotAllowed:
        if document is None:
            raise
        return document_type(document, head)


class Files:
    """One store. `url` is a folder or any address that fsspec knows; `largest` is in bytes. Also the port under which a
    house finds its files: `house.port(Files)`."""

    def __init__(self, url: str, *, largest: int = 50 * 1024 * 1024, **options: Any) -> None:
        self.largest = largest
        self._system, self._root = fsspec.core.url_to_fs(url, **options)
        self._local = isinstance(self._system, LocalFileSystem)

    async def put(self, source: AsyncIterable[bytes], document: str | None = None) -> Stored:
        """Keeps the content; the same content is kept once. `document`: its name, where documents are taken as well. Refuses with
        TooLarge as soon as it is, with TypeNotAllowed, EmptyFile, DiskFull or StoreAway; then nothing stays behind."""
        try:
            spool, path = await asyncio.to_thread(self._open_spool)
        except OSError as failure:
            raise _plainly(failure) from failure
        try:
            digest, size, head = hashlib.sha256(), 0, b""
            async for piece in source:
                size += len(piece)
                if size > self.largest:
                    raise TooLarge(largest_bytes=self.largest)
                if len(head) < HEAD:
                    head += piece[: HEAD - len(head)]
                digest.update(piece)
                await asyncio.to_thread(spool.write, piece)
            if size == 0:
                raise EmptyFile()
            kind = _kind_of(head, document)
            return await self._asked(self._settle, spool, path, kind, size, digest.hexdigest())
        except OSError as failure:
            raise _plainly(failure) from failure
        finally:
            await asyncio.to_thread(_discard, spool, path)

    async def keep(self, source: AsyncIterable[bytes], kind: str) -> Stored:
        """Keeps what the house has made itself, of whatever type and size. Refuses with DiskFull or StoreAway."""
        try:
            spool, path = await asyncio.to_thread(self._open_spool)
        except OSError as failure:
            raise _plainly(failure) from failure
        try:
            digest, size = hashlib.sha256(), 0
            async for piece in source:
                size += len(piece)
                digest.update(piece)
                await asyncio.to_thread(spool.write, piece)
            return await self._asked(self._settle, spool, path, kind, size, digest.hexdigest())
        except OSError as failure:
            raise _plainly(failure) from failure
        finally:
            await asyncio.to_thread(_discard, spool, path)

    async def read(self, key: str, start: int = 0, end: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `start` up to but not including `end`. Refuses with BytesMissing before the first piece."""
        try:
            source = await self._asked(self._system.open, self._at(key), "rb")
        except FileNotFoundError:
            raise BytesMissing(key=key) from None
        return _pieces(source, start, end)

    async def forget(self, key: str) -> None:
        """Deletes the content. Whoever calls knows that nothing else is kept under the same key."""
        with suppress(FileNotFoundError):
            await self._asked(self._system.rm_file, self._at(key))

    async def forget_if_older(self, key: str, moment: datetime) -> bool:
        """Deletes the content unless it was put here (again) since `moment`; tells whether it did."""
        try:
            put_at = await self._asked(self._system.modified, self._at(key))
        except FileNotFoundError:
            return False
        if put_at.replace(tzinfo=put_at.tzinfo or UTC) >= moment:
            return False
        await self.forget(key)
        return True

    async def forget_broken_off(self, moment: datetime) -> int:
        """Deletes what uploads of before `moment` left behind that died half-way; returns how many."""
        return await asyncio.to_thread(self._sweep, moment.timestamp())

    async def _asked(self, question: Callable[..., T], *given: Any) -> T:
        """Asks the store. Raises FileNotFoundError; refuses with DiskFull or StoreAway for every other failure of it."""
        try:
            return await asyncio.to_thread(question, *given)
        except FileNotFoundError:
            raise
        except OSError as failure:
            raise _plainly(failure) from failure
        except Exception as failure:
            # Object stores fail in families of their own: those of botocore are no OSErrors.
            if self._local:
                raise
            raise StoreAway(reason=type(failure).__name__) from failure

    def _sweep(self, before: float) -> int:
        swept = 0
        for path in self._incoming().glob("aftercare-*"):
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    path.unlink()
                    swept += 1
        return swept

    def _incoming(self) -> Path:
        return Path(self._root) / "incoming" if self._local else Path(tempfile.gettempdir())

    def _at(self, key: str) -> str:
        return f"{self._root}/{key}"

    def _open_spool(self) -> tuple[IO[bytes], Path]:
        """On a disk it lies beside its final place, so that settling is a rename."""
        folder = self._incoming()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = folder / f"aftercare-{uuid4().hex}"
        return path.open("x+b"), path

    def _settle(self, spool: IO[bytes], path: Path, kind: str, size: int, sha256: str) -> Stored:
        if kind == "image/jpeg" and blank_position(spool):
            spool.flush()
            with path.open("rb") as blanked:
                sha256 = hashlib.file_digest(blanked, "sha256").hexdigest()
        spool.flush()
        key = f"{sha256[:2]}/{sha256[2:4]}/{sha256}"
        place = self._at(key)
        if not self._local:
            self._system.put_file(str(path), place)
        elif self._system.exists(place):
            # Wanted anew: what was about to be forgotten is young again.
            os.utime(place)
        else:
            os.fsync(spool.fileno())
            Path(place).parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
        return Stored(key, sha256, size, kind)


def _discard(spool: IO[bytes], path: Path) -> None:
    with suppress(OSError):
        spool.close()
    path.unlink(missing_ok=True)


def _plainly(failure: OSError) -> Unavailable:
    if failure.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return DiskFull()
    return StoreAway(reason=type(failure).__name__)


async def _pieces(source: IO[bytes], start: int, end: int | None) -> AsyncIterator[bytes]:
    try:
        await asyncio.to_thread(source.seek, start)
        left = None if end is None else end - start
        while left is None or left > 0:
            piece = await asyncio.to_thread(source.read, PIECE if left is None else min(PIECE, left))
            if not piece:
                return
            if left is not None:
                left -= len(piece)
            yield piece
    finally:
        await asyncio.to_thread(source.close)


_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def asked_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The one range of a Range header as (start, end), end not included; None when the whole is meant, also where the
    header cannot be understood. Films do not play on telephones without it."""
    found = _RANGE.fullmatch(header or "")
    if found is None or not (found[1] or found[2]):
        return None
    if not found[1]:
        start, end = max(0, size - int(found[2])), size
    else:
        start, end = int(found[1]), min(size, int(found[2]) + 1) if found[2] else size
    return (start, end) if start < end else None


def serving_headers(name: str, kind: str) -> dict[str, str]:
    """Headers under which a stranger's file may be handed out: never sniffed, never run, never framed. Pictures, films and
    PDF are shown, everything else is saved, under a name that cannot break out of the header."""
    ascii_name = re.sub(r'[^A-Za-z0-9._ -]|["\\]', "_", name)
    return {
        "Content-Type": kind,
        "X-Content-Type-Options": "nosniff",
        "Content-Disposition": f"{'inline' if kind in EXTENSIONS else 'attachment'}; filename=\"{ascii_name}\"; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Cache-Control": "private, max-age=86400, immutable",
        "Accept-Ranges": "bytes",
    }
