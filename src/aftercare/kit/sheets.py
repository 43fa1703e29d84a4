"""Sheets: rows as CSV for spreadsheets, written piece by piece, so that a million rows need no more memory than a thousand.

A sheet begins with a byte order mark, without which Excel misreads Chinese. A text that a spreadsheet would take for a
formula is marked as text with an apostrophe (OWASP, CSV injection); amounts and counts are numbers and stay as they are.
"""

import csv
import io
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Executable

from aftercare.kit.money import digits

BOM = "\ufeff"
ROWS_A_PIECE = 500
BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

Cell = str | int | Decimal | datetime | None


@dataclass(frozen=True)
class Sheet:
    """What is to be written: the file's name, its first row, what to ask the database, and the cells of one of its rows."""

    name: str
    columns: Sequence[str]
    asks: Executable
    row: Callable[[Any], Sequence[Cell]]
    values: dict[str, Any] | None = None


def money(cents: int | None, currency: str) -> Decimal | None:
    """As a number with the decimals of its currency."""
    return None if cents is None else Decimal(cents).scaleb(-digits(currency))


def moment(at: datetime | None, zone: str) -> datetime | None:
    """The time as the clocks of the zone show it."""
    return None if at is None else at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def written(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.isoformat(sep=" ", timespec="seconds")
        case StrEnum():
            return cell.value
        case str():
            # Control characters of the data would break rows or hide a formula.
            text = cell.replace("\x00", "")
            return f"'{text}" if text.lstrip(" \u3000").startswith(BEGINS_A_FORMULA) else text
        case _:
            return str(cell)


async def pieces(columns: Sequence[str], rows: AsyncIterable[Sequence[Cell]]) -> AsyncGenerator[bytes, None]:
    """The sheet as bytes, some hundred rows at a time; the first piece is the heading."""
    page = io.StringIO(newline="")
    writer = csv.writer(page, lineterminator="\r\n")
    page.write(BOM)
    writer.writerow([written(column) for column in columns])
    yield page.getvalue().encode()
    page.seek(0)
    page.truncate()
    held = 0
    async for row in rows:
        writer.writerow([written(cell) for cell in row])
        held += 1
        if held == ROWS_A_PIECE:
            yield page.getvalue().encode()
            page.seek(0)
            page.truncate()
            held = 0
    if held:
        yield page.getvalue().encode()
