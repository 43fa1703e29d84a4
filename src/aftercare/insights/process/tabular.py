"""Logs in tables: CSV in whatever letters, separators and time formats, and Parquet."""

from __future__ import annotations

import codecs
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from aftercare.insights.process.log import EventLog, LogUnreadable, arrange, literal, new_engine, quoted
from aftercare.insights.process.reading import BROKEN, Columns, checked_size, guess, head_of, opened
from aftercare.kit import text
from aftercare.kit.written import is_packed

if TYPE_CHECKING:
    import duckdb

PIECE = 1 << 20
LONGEST_LINE = 4_000_000

FORMATS = (
    "%Y/%m/%d %H:%M:%S.%f", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%Y/%m/%d",
    "%d/%m/%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
    "%m/%d/%Y %H:%M:%S.%f", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M", "%m/%d/%Y",
    "%d.%m.%Y %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
    "%d-%m-%Y %H:%M:%S.%f", "%d-%m-%Y %H:%M:%S", "%d-%m-%Y:%H.%M", "%d-%m-%Y %H:%M", "%d-%m-%Y",
    "%Y-%m-%d %H.%M.%S", "%Y%m%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y.%m.%d %H:%M:%S", "%Y年%m月%d日 %H:%M:%S", "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日", "%a %b %d %H:%M:%S %Y", "%d %b %Y %H:%M:%S", "%d-%b-%Y %H:%M:%S", "%b %d, %Y %I:%M:%S %p",
)  # fmt: skip
"""Tried in this order when a time is not as ISO 8601 has it; the day comes before the month where both would do."""


def read_csv(
    path: Path,
    columns: Columns,
    lifecycle: str | None,
    attributes: bool,
    skip_broken: bool,
    most_bytes: int | None = None,
) -> EventLog:
    import duckdb

    checked_size(path.stat().st_size, path, most_bytes)
    head = head_of(path, PIECE)
    if b"\x00" in head and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise LogUnreadable(file=path.name, why="it is no text")
    if not head.strip():
        raise LogUnreadable(file=path.name, why="it is empty")
    with tempfile.TemporaryDirectory() as scratch:
        plain = _as_utf8(path, head, Path(scratch), most_bytes)
        first = (
            head_of(plain, PIECE).decode("utf-8", "replace").lstrip("\ufeff").lstrip("\r\n").split("\n", 1)[0]
        )
        separator = max((",", ";", "\t", "|"), key=first.count)
        if separator not in first:
            raise LogUnreadable(file=path.name, why="its first line has no columns")
        con = new_engine()
        told = (
            f"read_csv({literal(str(plain))}, all_varchar = true, header = true, delim = {literal(separator)}, quote = '\"',"
            f" escape = '\"', strict_mode = false, null_padding = {str(skip_broken).lower()}, max_line_size = {LONGEST_LINE})"
        )
        try:
            names = [
                row[0]
                for row in con.execute(f"DESCRIBE SELECT * FROM {told}").fetchall()  # noqa: S608
            ]
            found = guess(names, columns, path.name)
            sample = [
                row[0]
                for row in con.execute(
                    f"SELECT {quoted(found['at'])} FROM {told} WHERE {quoted(found['at'])} IS NOT NULL LIMIT 20000"  # noqa: S608
                ).fetchall()
            ]
            time, remarks = _time_of(con, found["at"], sample, columns, path)
            further = [name for name in names if name not in found.values()] if attributes else []
            # Lines are numbered by where they come to lie: to count them while they are read would read them one after the other.
            con.execute(f"CREATE TABLE lines AS {_select(found, time, further, told)}")
            con.execute('CREATE VIEW events AS SELECT *, rowid + 1 AS "row" FROM lines')
        except duckdb.Error as broken:
            why = _plainly(broken, path)
            if "when sniffing" in why:
                why = "rows have more or fewer cells than its first line"
            if not skip_broken:
                why += "; --skip-broken reads what can be read"
            raise LogUnreadable(file=path.name, why=why) from None
    remarks += without_broken(con, path, skip_broken)
    return arrange(con, further, remarks + of_lifecycle(con, lifecycle, path))


def read_parquet(
    path: Path, columns: Columns, lifecycle: str | None, attributes: bool, skip_broken: bool
) -> EventLog:
    import duckdb

    con = new_engine()
    told = f"read_parquet({literal(str(path))}, file_row_number = true)"
    try:
        described = con.execute(f"DESCRIBE SELECT * FROM {told}").fetchall()  # noqa: S608
        kinds = {row[0]: row[1] for row in described if row[0] != "file_row_number"}
        found = guess(list(kinds), columns, path.name)
        at = quoted(found["at"])
        remarks: list[str] = []
        if kinds[found["at"]] == "TIMESTAMP WITH TIME ZONE":
            time = f"make_timestamp(epoch_us({at}))"
        elif kinds[found["at"]].startswith(("TIMESTAMP", "DATE")):
            time = _in_zone(f"CAST({at} AS TIMESTAMP)", columns.zone)
        else:
            sample = [
                str(row[0])
                for row in con.execute(
                    f"SELECT {at} FROM {told} WHERE {at} IS NOT NULL LIMIT 20000"  # noqa: S608
                ).fetchall()
            ]
            time, remarks = _time_of(con, found["at"], sample, columns, path)
        further = [name for name in kinds if name not in found.values()] if attributes else []
        # A view: of a file that lies in columns only those are read that a question needs.
        con.execute(
            f"CREATE VIEW events AS {_select(found, time, further, told, ', file_row_number + 1 AS row')}"
        )
        remarks += without_broken(con, path, skip_broken)
        return arrange(con, further, remarks + of_lifecycle(con, lifecycle, path))
    except duckdb.Error as broken:
        raise LogUnreadable(file=path.name, why=_plainly(broken, path)) from None


def _plainly(broken: Exception, path: Path) -> str:
    """What DuckDB says, without where a copy of the file lay for a moment."""
    first = str(broken).split("\n", 1)[0]
    return re.sub(r"\"?/[^\"\s]*(log\.csv|" + re.escape(path.name) + r")\"?", path.name, first)[:300]


def _select(found: dict[str, str], time: str, further: Sequence[str], told: str, row: str = "") -> str:
    def column(what: str) -> str:
        return f"CAST({quoted(found[what])} AS VARCHAR)" if what in found else "NULL::VARCHAR"

    others = "".join(f", CAST({quoted(name)} AS VARCHAR) AS {quoted(name)}" for name in further)
    parts = [
        f'{column("case")} AS "case"',
        f"{column('activity')} AS activity",
        f'{time} AS "at"',
        f"{column('resource')} AS resource",
        f"{column('lifecycle')} AS lifecycle",
    ]
    return f"SELECT {', '.join(parts)}{row}{others} FROM {told}"  # noqa: S608  # quoted names of the file's own columns


def without_broken(con: duckdb.DuckDBPyConnection, path: Path, skip: bool) -> list[str]:
    broken = '"case" IS NULL OR activity IS NULL OR "at" IS NULL'
    count, first, case, activity, at = con.execute(
        f"""
        SELECT count(*), min("row"), count(*) FILTER ("case" IS NULL), count(*) FILTER (activity IS NULL), count(*) FILTER ("at" IS NULL)
        FROM events WHERE {broken}
        """  # noqa: S608
    ).fetchall()[0]
    if not count:
        return []
    if not skip:
        raise LogUnreadable(
            file=path.name,
            why="rows without case, activity or a time that can be read; --skip-broken leaves them out",
            rows=count,
            first_row=first,
            without={"case": case, "activity": activity, "time": at},
        )
    con.execute(f"ALTER {_kind(con)} events RENAME TO events_read")
    con.execute(f"CREATE VIEW events AS SELECT * FROM events_read WHERE NOT ({broken})")  # noqa: S608
    left = (
        "row without case, activity or time was" if count == 1 else "rows without case, activity or time were"
    )
    return [f"{count:,} {left} left out"]


def of_lifecycle(con: duckdb.DuckDBPyConnection, wanted: str | None, path: Path) -> list[str]:
    found = [
        row[0]
        for row in con.execute(
            "SELECT DISTINCT lifecycle FROM events WHERE lifecycle IS NOT NULL ORDER BY 1 LIMIT 20"
        ).fetchall()
    ]
    if wanted is None:
        return [f"events of all transitions are counted ({', '.join(found)})"] if len(found) > 1 else []
    if wanted.casefold() not in [one.casefold() for one in found]:
        raise LogUnreadable(file=path.name, why=f"no event has the transition {wanted}", transitions=found)
    con.execute(f"ALTER {_kind(con)} events RENAME TO events_whole")
    con.execute(
        f"CREATE VIEW events AS SELECT * FROM events_whole WHERE lower(lifecycle) = {literal(wanted.lower())}"  # noqa: S608
    )
    return [f"only events of the transition {wanted} are counted"]


def _kind(con: duckdb.DuckDBPyConnection) -> str:
    views = con.execute("SELECT count(*) FROM duckdb_views() WHERE view_name = 'events'").fetchall()
    return "VIEW" if views[0][0] else "TABLE"


def _in_zone(time: str, zone: str) -> str:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        raise LogUnreadable(file="", why=f"there is no time zone {zone}") from None
    return time if zone == "UTC" else f"timezone('UTC', timezone({literal(zone)}, {time}))"


def _time_of(
    con: duckdb.DuckDBPyConnection, column: str, sample: list[str], told: Columns, path: Path
) -> tuple[str, list[str]]:
    """The expression that reads this column's times, by what its first rows look like; and what is to be known about it."""
    name = quoted(column)
    if not sample:
        raise LogUnreadable(file=path.name, why=f"no row has anything in the column {column}")
    if told.time_format is not None:
        zoned = "%z" in told.time_format.lower()
        read = f"try_strptime({name}, {literal(told.time_format)})"
        return (f"make_timestamp(epoch_us({read}))" if zoned else _in_zone(read, told.zone)), []
    con.execute("CREATE OR REPLACE TEMP TABLE sample(t VARCHAR)")
    con.executemany("INSERT INTO sample VALUES (?)", [(one,) for one in sample[:2000]])

    def fits(expression: str) -> float:
        return float(
            con.execute(f"SELECT count({expression}) / count(*) FROM sample").fetchall()[0][0]  # noqa: S608
        )

    offset = r"[0-9]([+-][0-9]{2}:?[0-9]{2}|Z|[+-][0-9]{2})$"
    iso = "try_cast(t AS TIMESTAMP)"
    # What is best is taken even if some rows cannot be read: those are told by their number then.
    best, chosen = fits("try_cast(t AS TIMESTAMPTZ)"), ""
    zoned = fits(f"CASE WHEN regexp_matches(t, '{offset}') AND length(t) > 12 THEN 1 END") > 0
    digits = fits("CASE WHEN regexp_matches(t, '^[0-9]{9,16}([.][0-9]+)?$') THEN 1 END")
    remarks: list[str] = []
    if digits > max(best, 0.99):
        longest = max(len(one.split(".")[0]) for one in sample)
        factor = 1_000_000 if longest <= 11 else 1_000 if longest <= 14 else 1
        return f"make_timestamp((try_cast({name} AS DOUBLE) * {factor})::BIGINT)", [
            "times are counted from 1970"
        ]
    if best < 1:
        for form in FORMATS:
            share = fits(f"try_strptime(t, {literal(form)})")
            if share > best:
                best, chosen = share, form
    if best == 0:
        raise LogUnreadable(
            file=path.name,
            why=f"the times in {column} cannot be read; say their format with --time-format",
            example=sample[0],
        )
    if chosen:
        if (
            chosen.startswith("%d/%m/")
            and fits(f"try_strptime(t, {literal(chosen.replace('%d/%m', '%m/%d'))})") == best
        ):
            remarks.append("days and months could be told apart by no date: the day is taken to come first")
        return _in_zone(f"try_strptime({name}, {literal(chosen)})", told.zone), remarks
    if zoned:
        return f"make_timestamp(epoch_us(try_cast({name} AS TIMESTAMPTZ)))", remarks
    return _in_zone(iso.replace("t AS", f"{name} AS"), told.zone), remarks


def _as_utf8(path: Path, head: bytes, scratch: Path, most_bytes: int | None) -> Path:
    """The file itself if it is UTF-8 and not packed; else a copy that is."""
    with path.open("rb") as file:
        packed = is_packed(file.read(4))
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif _is_utf8(path):
        if not packed:
            return path
        encoding = "utf-8"
    else:
        # Cut between lines, so that no letter is cut.
        encoding = text.decode(head if len(head) < PIECE else head[: head.rfind(b"\n") + 1] or head)[1]
    copy = scratch / "log.csv"
    size = 0
    try:
        with opened(path) as file, copy.open("w", encoding="utf-8", newline="") as out:
            reader = codecs.getreader(encoding)(file, "replace")
            while piece := reader.read(PIECE):
                size += len(piece)
                checked_size(size, path, most_bytes)
                out.write(piece)
    except (*BROKEN, UnicodeError) as broken:
        raise LogUnreadable(file=path.name, why=str(broken)) from None
    return copy


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with opened(path) as file:
            while piece := file.read(PIECE):
                if not piece.isascii() or decoder.getstate()[0]:
                    decoder.decode(piece)
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    except BROKEN as broken:
        raise LogUnreadable(file=path.name, why=str(broken)) from None
    return True
