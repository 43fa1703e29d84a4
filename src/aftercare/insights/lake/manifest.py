"""What the lake consists of: one file names the parts that count and how far in the journal they reach.

A part that the manifest does not name does not exist, and the manifest is replaced in one stroke: so an increment happened or
it did not. A part that is no longer named stays for a while for those who still read it.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"
LOCK = "lock"
SPILL = "spill"
GRACE_SECONDS = 900
"""How long a part is kept that is no longer named: longer than any question may take."""


@dataclass(frozen=True)
class Part:
    """One Parquet file. `place` is the folder that it lies in, below its table's: rows of one month, of one shop."""

    path: str
    place: str
    rows: int


@dataclass(frozen=True)
class Cursor:
    """How far the journal was read: facts up to this one are in the lake, all of them and none twice."""

    transaction: int = 0
    position: int = 0


@dataclass(frozen=True)
class Manifest:
    number: int
    shape: str
    database: str
    """Which database it is a copy of; another one is copied from its beginning."""
    cursor: Cursor
    refreshed_at: datetime
    """As of when everything up to then is in the lake."""
    whole_at: datetime
    """When all tables were last copied whole."""
    tables: dict[str, tuple[Part, ...]]
    marks: dict[str, str] = field(default_factory=dict)
    """Of tables that are copied whole: how the rows of PostgreSQL looked then."""
    dropped: dict[str, float] = field(default_factory=dict)
    """Parts that are no longer named, with when they were dropped."""

    @classmethod
    def first(cls, at: datetime) -> "Manifest":
        """Of a lake that has nothing yet."""
        return cls(0, "", "", Cursor(), at, at, {})

    def named(self) -> set[str]:
        """The paths of all parts that count."""
        return {part.path for parts in self.tables.values() for part in parts}

    def followed_by(self, tables: dict[str, tuple[Part, ...]], **changes: Any) -> "Manifest":
        """The next one. What it no longer names is dropped now. It has a new number if any table differs."""
        now = datetime.now(UTC).timestamp()
        number = self.number + (tables != self.tables)
        after = replace(self, number=number, tables=tables, **changes)
        dropped = {path: at for path, at in self.dropped.items() if now - at < GRACE_SECONDS}
        return replace(after, dropped=dropped | dict.fromkeys(self.named() - after.named(), now))


def read_manifest(folder: Path) -> Manifest | None:
    """None before the first copy."""
    try:
        told = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    return Manifest(
        number=told["number"],
        shape=told["shape"],
        database=told["database"],
        cursor=Cursor(**told["cursor"]),
        refreshed_at=datetime.fromisoformat(told["refreshed_at"]),
        whole_at=datetime.fromisoformat(told["whole_at"]),
        tables={name: tuple(Part(**part) for part in parts) for name, parts in told["tables"].items()},
        marks=told["marks"],
        dropped=told["dropped"],
    )


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replaces the manifest in one stroke, after its parts are on the disk for good."""
    fresh = folder / f"{MANIFEST}.{os.getpid()}"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, default=datetime.isoformat)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(folder / MANIFEST)
    _settle(folder)


def settle_parts(folder: Path, paths: Iterable[str]) -> None:
    """Makes sure that parts survive a loss of power."""
    folders = set()
    for path in paths:
        _settle(folder / path)
        folders |= {above for above in (folder / path).parents if above == folder or folder in above.parents}
    for each in folders:
        _settle(each)


def _settle(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def alone(folder: Path) -> Iterator[bool]:
    """Whether nobody else refreshes the lake. The kernel lets go of the lock when its holder dies, whatever it dies of."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def sweep(folder: Path, manifest: Manifest | None) -> int:
    """Deletes parts that nobody names: those dropped long enough ago, and what a refresh that died has left. Only for who is
    alone. Returns how many."""
    now = datetime.now(UTC).timestamp()
    kept: set[str] = set()
    if manifest is not None:
        kept = manifest.named() | {path for path, at in manifest.dropped.items() if now - at < GRACE_SECONDS}
    shutil.rmtree(folder / SPILL, ignore_errors=True)
    swept = 0
    for path in [*folder.glob("*/**/*.parquet"), *folder.glob(f"{MANIFEST}.*")]:
        if path.relative_to(folder).as_posix() not in kept:
            path.unlink(missing_ok=True)
            swept += 1
    return swept
