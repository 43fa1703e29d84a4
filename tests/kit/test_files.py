"""Files: what is taken, what is refused, what stays behind."""

import errno
import hashlib
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from aftercare.kit.errors import Unavailable
from aftercare.kit.files import (
    BytesMissing,
    DiskFull,
    EmptyFile,
    Files,
    StoreAway,
    TooLarge,
    TypeNotAllowed,
    asked_range,
    document_type,
    media_type,
    safe_name,
    serving_headers,
)
from aftercare.kit.uploads import UploadUnreadable, first_file

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + bytes(64)


async def pieces(content: bytes, size: int = 7) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def whole(source: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in source])


def kept(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(str(tmp_path), largest=1_000)


def container(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x02\x00" + brand + bytes(32)


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(32), "image/jpeg"),
        (b"\xff\xd8\xff\xe1\x00\x10Exif\x00\x00" + bytes(32), "image/jpeg"),
        (PNG, "image/png"),
        (b"RIFF\x24\x00\x00\x00WEBPVP8 " + bytes(32), "image/webp"),
        (b"GIF89a\x01\x00\x01\x00" + bytes(32), "image/gif"),
        (container(b"heic"), "image/heic"),
        (container(b"mif1"), "image/heif"),
        (container(b"isom"), "video/mp4"),
        (container(b"mp42"), "video/mp4"),
        (container(b"qt  "), "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm" + bytes(32), "video/webm"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "application/pdf"),
    ],
)
def test_what_a_file_is_its_bytes_say(head: bytes, expected: str) -> None:
    assert media_type(head) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"<html><script>alert(1)</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"MZ\x90\x00" + bytes(64),
        b"\x1a\x45\xdf\xa3\x9f\x42\x82\x88matroska" + bytes(32),
        container(b"avif"),
        b"PK\x03\x04" + bytes(64),
        b"just words",
        b"\x00",
    ],
)
async def test_what_is_not_on_the_list_is_refused_and_nothing_stays(
    files: Files, tmp_path: Path, head: bytes
) -> None:
    with pytest.raises(TypeNotAllowed):
        await files.put(pieces(head))
    assert kept(tmp_path) == []


async def test_the_same_content_is_kept_once_and_comes_back_whole(files: Files, tmp_path: Path) -> None:
    first, second = await files.put(pieces(PNG)), await files.put(pieces(PNG, 1000))
    digest = hashlib.sha256(PNG).hexdigest()
    assert first == second
    assert (first.key, first.sha256, first.bytes, first.media_type) == (
        f"{digest[:2]}/{digest[2:4]}/{digest}",
        digest,
        len(PNG),
        "image/png",
    )
    assert kept(tmp_path) == [tmp_path / first.key]
    assert await whole(await files.read(first.key)) == PNG
    assert await whole(await files.read(first.key, 1, 4)) == b"PNG"
    await files.forget(first.key)
    with pytest.raises(BytesMissing):
        await files.read(first.key)


async def test_too_large_is_refused_before_the_rest_is_read(files: Files, tmp_path: Path) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 300
            yield PNG + bytes(300 - len(PNG))

    with pytest.raises(TooLarge):
        await files.put(endless())
    assert (read, kept(tmp_path)) == (1_200, [])


async def test_empty_and_broken_off(files: Files, tmp_path: Path) -> None:
    async def broken() -> AsyncIterator[bytes]:
        yield PNG
        raise RuntimeError("the line is gone")

    with pytest.raises(EmptyFile):
        await files.put(pieces(b""))
    with pytest.raises(RuntimeError):
        await files.put(broken())
    assert kept(tmp_path) == []


@pytest.mark.parametrize(
    ("number", "refusal", "status"),
    [(errno.ENOSPC, DiskFull, 507), (errno.EDQUOT, DiskFull, 507), (errno.EIO, StoreAway, 503)],
)
async def test_a_full_disk_is_said_clearly(
    files: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    refusal: type[Unavailable],
    status: int,
) -> None:
    def full(*_: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(refusal) as refused:
        await files.put(pieces(PNG))
    assert refused.value.status == status
    assert kept(tmp_path) == []


async def test_a_store_that_is_no_disk(tmp_path: Path) -> None:
    files = Files("memory://uploads", largest=1_000)
    stored = await files.put(pieces(PNG))
    assert await whole(await files.read(stored.key)) == PNG
    assert await whole(await files.read(stored.key, 4)) == PNG[4:]


def photograph(order: str, orientation: int = 6) -> bytes:
    """A JPEG that says where it was taken and which way is up."""
    mark = {"<": b"II*\x00", ">": b"MM\x00*"}[order]
    gps_at = 8 + 2 + 2 * 12 + 4
    first = struct.pack(f"{order}HHHIHHHHIII", 2, 0x0112, 3, 1, orientation, 0, 0x8825, 4, 1, gps_at, 0)
    value_at = gps_at + 2 + 2 * 12 + 4
    gps = struct.pack(f"{order}HHHI4sHHIII", 2, 1, 2, 2, b"N\x00\x00\x00", 2, 5, 3, value_at, 0)
    degrees = struct.pack(f"{order}6I", 31, 1, 14, 1, 5, 1)
    exif = b"Exif\0\0" + mark + struct.pack(f"{order}I", 8) + first + gps + degrees
    return (
        b"\xff\xd8\xff\xe0\x00\x04ab\xff\xe1"
        + struct.pack(">H", len(exif) + 2)
        + exif
        + b"\xff\xda\x00\x02picture\xff\xd9"
    )


@pytest.mark.parametrize("order", ["<", ">"])
async def test_where_a_photograph_was_taken_is_blanked(files: Files, order: str) -> None:
    taken = photograph(order)
    stored = await files.put(pieces(taken))
    back = await whole(await files.read(stored.key))
    assert (len(back), stored.bytes) == (len(taken), len(taken))
    assert stored.sha256 == hashlib.sha256(back).hexdigest() != hashlib.sha256(taken).hexdigest()
    assert struct.pack(f"{order}6I", 31, 1, 14, 1, 5, 1) not in back
    assert struct.pack(f"{order}H", 0x8825) not in back
    assert struct.pack(f"{order}HHIH", 0x0112, 3, 1, 6) in back
    assert back.endswith(b"picture\xff\xd9")


@pytest.mark.parametrize("cut", [20, 40, 60, 90])
async def test_a_damaged_photograph_is_kept_as_it_is(files: Files, cut: int) -> None:
    taken = photograph("<")[:cut]
    stored = await files.put(pieces(taken))
    assert stored.bytes == cut


def test_names_and_headers_cannot_break_out() -> None:
    assert safe_name("../../etc/passwd", "image/png") == "passwd.png"
    assert safe_name('C:\\照片\\漏 "水".exe', "image/jpeg") == '漏 "水".jpg'
    assert safe_name("\r\n", "application/pdf") == "file.pdf"
    headers = serving_headers('漏"\r\nX: 1.jpg', "image/jpeg")
    assert headers["Content-Disposition"] == (
        "inline; filename=\"____X_ 1.jpg\"; filename*=UTF-8''%E6%BC%8F%22%0D%0AX%3A%201.jpg"
    )
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-1", (0, 2)),
        ("bytes=90-", (90, 100)),
        ("bytes=-5", (95, 100)),
        ("bytes=50-500", (50, 100)),
        ("bytes=200-", None),
        ("bytes=9-3", None),
        ("bytes=-", None),
        ("pages=1-2", None),
    ],
)
def test_ranges(header: str | None, expected: tuple[int, int] | None) -> None:
    assert asked_range(header, 100) == expected


FORM = (
    b'--xyz\r\nContent-Disposition: form-data; name="note"\r\n\r\nhello\r\n'
    b'--xyz\r\nContent-Disposition: form-data; name="file"; filename="\xe6\xbc\x8f.png"\r\nContent-Type: text/html\r\n\r\n'
    + PNG
    + b"\r\n--xyz--\r\n"
)


@pytest.mark.parametrize("size", [1, 3, 50, 10_000])
async def test_a_form_is_read_as_it_comes(size: int) -> None:
    upload = await first_file("multipart/form-data; boundary=xyz", pieces(FORM, size))
    assert upload.name == "漏.png"
    assert await whole(upload.pieces) == PNG


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", FORM),
        ("multipart/form-data; boundary=abc", FORM),
        ("multipart/form-data; boundary=xyz", FORM[:40]),
        ("multipart/form-data; boundary=xyz", FORM[:-30]),
    ],
)
async def test_what_is_no_form_is_refused(kind: str, body: bytes) -> None:
    with pytest.raises(UploadUnreadable):
        upload = await first_file(kind, pieces(body))
        await whole(upload.pieces)


@pytest.mark.parametrize(
    ("name", "head", "kind"),
    [
        (
            "报价单.DOCX",
            b"PK\x03\x04",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        ("photos.zip", b"PK\x03\x04", "application/zip"),
        ("old.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/vnd.ms-excel"),
        ("termin.ics", b"BEGIN:VCALENDAR\r\n", "text/calendar"),
        ("说明.txt", "接头漏水".encode("gb18030"), "text/plain"),
    ],
)
def test_documents_are_known_by_ending_and_first_bytes(name: str, head: bytes, kind: str) -> None:
    assert document_type(name, head) == kind
    shown = serving_headers(name, kind)
    assert shown["Content-Disposition"].startswith("attachment; ")
    assert shown["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("invoice.pdf.exe", b"MZ\x90\x00"),
        ("page.html", b"<html><script>"),
        ("picture.svg", b"<svg onload=alert(1)>"),
        ("macro.docm", b"PK\x03\x04"),
        ("really.docx", b"MZ\x90\x00"),
        ("notes.txt", b"MZ\x90\x00\x03"),
        ("run.js", b"alert(1)"),
        ("noending", b"text"),
    ],
)
def test_what_may_do_harm_is_no_document(name: str, head: bytes) -> None:
    with pytest.raises(TypeNotAllowed):
        document_type(name, head)


def test_a_document_keeps_its_own_ending() -> None:
    assert safe_name("../a/报价 单.docx", "application/zip") == "报价 单.docx"
