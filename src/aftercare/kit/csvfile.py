"""CSV as the world writes it: byte order marks, odd encodings, NUL bytes, CRLF, quoted line ends, ragged rows."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from aftercare.kit import text
from aftercare.kit.errors import Invalid

LONGEST_FIELD = 1_000_000


class ColumnsMissing(Invalid):
    """The file lacks columns that are needed; nothing of it was taken in."""


class FileEmpty(Invalid):
    """The file is empty; it needs at least a line with the names of its columns."""


class FileUnreadable(Invalid):
    """The file is not in the form that was expected; nothing of it was taken in."""


@dataclass(frozen=True, slots=True)
class Row:
    """`line` is the line of the file on which the row begins. `cells` are cleaned and stripped; `trouble` says why the
    row cannot be read, and then the cells may be wrong."""

    line: int
    cells: dict[str, str]
    trouble: str | None = None


def read_rows(
    raw: bytes, file: str, needed: Sequence[str], optional: Sequence[str] | None = None
) -> Iterator[Row]:
    """The rows of a file with a header. Columns are found by name, in any order and case; those not named are left out
    (all are kept when `optional` is None). Separators may be comma, semicolon or tab. Blank lines are no rows.

    Refuses with FileEmpty and ColumnsMissing before the first row."""
    content, _ = text.decode(raw)
    content = content.replace("\x00", "")
    first = content.lstrip("\ufeff\r\n").split("\n", 1)[0]
    separator = max((",", ";", "\t"), key=first.count)
    csv.field_size_limit(LONGEST_FIELD)
    reader = csv.reader(io.StringIO(content, newline=""), delimiter=separator)
    header = next((row for row in reader if any(cell.strip() for cell in row)), None)
    if header is None:
        raise FileEmpty(file=file)
    names = [text.one_line(cell).lower() for cell in header]
    missing = [name for name in needed if name not in names]
    if missing:
        raise ColumnsMissing(file=file, columns=missing, found=names[:50])
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise ColumnsMissing(file=file, columns=[], twice=twice)
    wanted = [
        (index, name)
        for index, name in enumerate(names)
        if name and (optional is None or name in needed or name in optional)
    ]
    return _rows(reader, len(names), wanted)


def _rows(
    reader: Any,
    width: int,
    wanted: list[tuple[int, str]],
) -> Iterator[Row]:
    clean = text.clean
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as broken:
            yield Row(line, {}, f"cannot be read: {broken}")
            continue
        if len(cells) != width:
            if not any(cell.strip() for cell in cells):
                continue
            yield Row(
                line,
                {name: clean(cells[index]).strip() for index, name in wanted if index < len(cells)},
                f"has {len(cells)} cells where the header has {width}",
            )
            continue
        if width == 1 and not cells[0].strip():
            continue
        yield Row(line, {name: clean(cells[index]).strip() for index, name in wanted})
