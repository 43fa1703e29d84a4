"""Sheets: what a spreadsheet must not run, and how little is held at once."""

import csv
import io
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from aftercare.kit.sheets import ROWS_A_PIECE, Cell, moment, money, pieces, written


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("=HYPERLINK(\"http://evil\")", "'=HYPERLINK(\"http://evil\")"),
        ("+8613800000000", "'+8613800000000"),
        ("-1+cmd|' /C calc'!A0", "'-1+cmd|' /C calc'!A0"),
        ("@SUM(1)", "'@SUM(1)"),
        ("\t=1", "'\t=1"),
        ("  =1", "'  =1"),
        ("　＝1", "'　＝1"),
        ("\x00=1", "'=1"),
        ("破壁机", "破壁机"),
        ("0012", "0012"),
        ("", ""),
        (None, ""),
        (-5, "-5"),
        (money(-1_250, "CNY"), "-12.50"),
        (money(1_250, "JPY"), "1250"),
        (money(None, "CNY"), ""),
        (moment(datetime(2026, 3, 10, 4, 0, tzinfo=UTC), "Asia/Shanghai"), "2026-03-10 12:00:00"),
        (Decimal("0.10"), "0.10"),
    ],
)  # fmt: skip
def test_a_cell_is_text_or_number_and_never_a_formula(cell: Cell, expected: str) -> None:
    assert written(cell) == expected


async def test_rows_come_in_pieces_after_a_byte_order_mark() -> None:
    asked = 0

    async def rows() -> AsyncIterator[Sequence[Cell]]:
        nonlocal asked
        for number in range(ROWS_A_PIECE * 3 + 1):
            asked += 1
            yield number, 'He said "no",\nand left'

    came: list[bytes] = []
    most_ahead = 0
    async for piece in pieces(["编号", "=话"], rows()):
        came.append(piece)
        most_ahead = max(most_ahead, asked - ROWS_A_PIECE * (len(came) - 1))
    assert came[0] == "\ufeff编号,'=话\r\n".encode()
    assert (len(came), most_ahead) == (5, 0)
    read = list(csv.reader(io.StringIO(b"".join(came).decode("utf-8-sig"), newline="")))
    assert len(read) == ROWS_A_PIECE * 3 + 2
    assert read[-1] == [str(ROWS_A_PIECE * 3), 'He said "no",\nand left']
