"""The report of an import: what was read, what became of it, what was refused and why."""

import csv
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from aftercare.shop.intake import Count, Taken

MOST_KEPT = 1_000

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def no_progress(_doing: str, _done: int, _all: int) -> None:
    """For who does not watch."""


@dataclass(frozen=True, slots=True)
class Refused:
    """`line` is where the row begins in the file; `field` is empty when the row as a whole is meant."""

    file: str
    line: int
    field: str
    reason: str


@dataclass(slots=True)
class ImportReport:
    """Counts by table: `read` and `refused` count rows of files, the others what they became. The first thousand refusals
    are in `refusals`; with `folder`, all of them go to a CSV file of that name as well."""

    source: str
    folder: Path | None = None
    counts: dict[str, Count] = field(default_factory=dict)
    refusals: list[Refused] = field(default_factory=list)
    refused: int = 0
    refusals_file: Path | None = None
    seconds: float = 0.0
    _open: IO[str] | None = field(default=None, repr=False)

    def of(self, table: str) -> Count:
        return self.counts.setdefault(table, Count())

    def refuse(self, table: str, file: str, line: int, cell: str, reason: str) -> None:
        self.of(table).refused += 1
        self.refused += 1
        if len(self.refusals) < MOST_KEPT:
            self.refusals.append(Refused(file, line, cell, reason))
        if self.folder is None:
            return
        if self._open is None:
            self.folder.mkdir(parents=True, exist_ok=True)
            number = 1
            while True:
                self.refusals_file = self.folder / f"refused-{self.source}-{number}.csv"
                try:
                    self._open = self.refusals_file.open("x", encoding="utf-8", newline="")
                    break
                except FileExistsError:
                    number += 1
            csv.writer(self._open).writerow(["file", "line", "field", "reason"])
        csv.writer(self._open).writerow([file, line, cell, reason])

    def take(self, taken: Taken, **tables: str) -> None:
        """Adds what became of the rows, under the names that the source has for the tables."""
        for kind, table in tables.items():
            self.of(table).add(getattr(taken, kind))

    def close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None

    def __enter__(self) -> "ImportReport":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()
