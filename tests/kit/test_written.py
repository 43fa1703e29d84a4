"""Files and days as people write them."""

import gzip
import io
import zipfile
from pathlib import Path

import pytest

from aftercare.kit.written import NotUnpacked, unpacked, unpacking, with_year_first


def a_zip(**files: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as box:
        for name, content in files.items():
            box.writestr(name, content)
    return held.getvalue()


def test_what_is_packed_alone_is_read(tmp_path: Path) -> None:
    for raw in (b"a,b\n", gzip.compress(b"a,b\n"), a_zip(a=b"a,b\n")):
        assert unpacked(raw) == b"a,b\n"
        path = tmp_path / "file"
        path.write_bytes(raw)
        with unpacking(path) as file:
            assert file.read() == b"a,b\n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (a_zip(a=b"1", b=b"2"), "a zip of 2 files where one is expected: a, b; unpack it first"),
        (a_zip(), "a zip of 0 files where one is expected; unpack it first"),
        (a_zip(**{"[Content_Types].xml": b"<Types/>"}), "an Excel workbook: save the sheet as CSV"),
        (a_zip(a=b"1" * 500)[:60], "broken or not whole"),
        (gzip.compress(b"a,b\n")[:15], "cannot be unpacked"),
        (b"%PDF-1.7", "it is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "save it as CSV"),
    ],
    ids=("two files", "no file", "workbook", "half a zip", "half a gzip", "PDF", "old workbook"),
)
def test_what_cannot_be_unpacked_is_told(raw: bytes, why: str) -> None:
    with pytest.raises(NotUnpacked) as refused:
        unpacked(raw)
    assert why in str(refused.value)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (["2026-03-14", "2026-3-4T08:00Z", None, "soon"], ["2026-03-14", "2026-03-04T08:00Z", None, "soon"]),
        (["14/03/2026", "01/04/2026 8:30"], ["2026-03-14", "2026-04-01 8:30"]),
        (["03/14/2026", "04/01/2026 8:30 PM"], ["2026-03-14", "2026-04-01 8:30 PM"]),
        (["1.4.26", "2.4.26"], ["2026-04-01", "2026-04-02"]),
        (["2026年3月14日 08:00", "2026/3/4"], ["2026-03-14 08:00", "2026-03-04"]),
    ],
)
def test_days_get_their_year_first(written: list[str | None], told: list[str | None]) -> None:
    """Where the year comes last, the whole list tells whether day or month comes first; else it is the day."""
    assert with_year_first(written) == told
