"""Tables that come from anywhere, made ready: encodings, separators, what kind each column is."""

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import pandas as pd

from aftercare.insights.analysis.answers import ColumnKind, DataLookedAt
from aftercare.kit.errors import Invalid
from aftercare.kit.text import decode
from aftercare.kit.written import NotUnpacked, unpacked, with_year_first

FEW = 30
"""So many different values make a category, however few rows there are."""
_TIMELIKE = re.compile(r"\d{2,4}[-/.年]\s?\d{1,2}|\d{1,2}:\d{2}")
_THOUSANDS = r"-?(\d{1,3}(,\d{3})+|\d+)(\.\d+)?"
_DECIMAL_COMMA = r"-?(\d{1,3}(\.\d{3})+|\d+)(,\d+)?"
_MISSING = ["", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "-", "—"]


class TableUnreadable(Invalid):
    """The file is not a table that can be read; expected CSV with a line of column names, or Parquet."""


class ColumnUnknown(Invalid):
    """There is no such column."""


class NotEnough(Invalid):
    """There is too little data for a statement that would hold."""


def read_table(path: Path) -> pd.DataFrame:
    """CSV in any usual encoding and separator, or Parquet; also packed. Refuses with TableUnreadable."""
    try:
        raw = unpacked(path.read_bytes())
    except NotUnpacked as refused:
        raise TableUnreadable(file=path.name, reason=str(refused)) from None
    if not raw.strip():
        raise TableUnreadable(file=path.name, reason="it is empty")
    if raw.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<", b"{", b"[{")):
        raise TableUnreadable(file=path.name, reason="it is XML or JSON, no table")
    if raw[:4] == b"PAR1":
        try:
            return pd.read_parquet(io.BytesIO(raw))
        except (OSError, ValueError) as broken:
            raise TableUnreadable(file=path.name, reason=str(broken)) from None
    content, encoding = decode(raw)
    if b"\x00" in raw and not encoding.startswith("utf-16"):
        raise TableUnreadable(file=path.name, reason="it is no text")
    content = content.replace("\x00", "").lstrip("\ufeff")
    first = content.lstrip("\r\n").split("\n", 1)[0]
    separator = max((",", ";", "\t", "|"), key=first.count)
    try:
        frame = pd.read_csv(
            io.StringIO(content), sep=separator, na_values=_MISSING, keep_default_na=False, low_memory=False
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as broken:
        raise TableUnreadable(file=path.name, reason=str(broken)) from broken
    if not len(frame) or not len(frame.columns):
        raise TableUnreadable(file=path.name, reason="no rows")
    frame.columns = [str(column).strip() for column in frame.columns]
    for column in frame.columns[frame.dtypes.map(pd.api.types.is_object_dtype)]:
        frame[column] = _numbers(frame[column])
    return frame


def _numbers(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """1,234.50 and 1.234,50 as numbers, when the whole column is written so."""
    known = column.dropna().astype(str).str.strip()
    if not len(known):
        return column
    for written, between, point in ((_THOUSANDS, ",", "."), (_DECIMAL_COMMA, ".", ",")):
        if known.str.fullmatch(written).all():
            plainly = known.str.replace(between, "", regex=False).str.replace(point, ".", regex=False)
            return plainly.astype(float).reindex(column.index)
    return column


def digest(frame: pd.DataFrame) -> str:
    columns = "\x1f".join(str(column) for column in frame.columns)
    hashed = pd.util.hash_pandas_object(frame, index=False).to_numpy().tobytes()
    return hashlib.sha256(columns.encode() + hashed).hexdigest()[:16]


def data_of(frame: pd.DataFrame, name: str, time: str | None = None, *, own: bool = False) -> DataLookedAt:
    found = as_times(frame[time]) if time else None
    times = pd.to_datetime(pd.Series(dtype="datetime64[ns]") if found is None else found, utc=True).dropna()
    return DataLookedAt(
        name=name,
        own=own,
        rows=len(frame),
        since=times.min().to_pydatetime() if len(times) else None,
        until=times.max().to_pydatetime() if len(times) else None,
        digest=digest(frame),
    )


def need(frame: pd.DataFrame, column: str) -> str:
    """The column under its own spelling. Refuses with ColumnUnknown."""
    if column in frame.columns:
        return column
    folded = {str(one).casefold(): str(one) for one in frame.columns}
    if column.casefold() not in folded:
        raise ColumnUnknown(column=column, columns=[str(one) for one in frame.columns][:50])
    return folded[column.casefold()]


def as_times(column: "pd.Series[Any]") -> "pd.Series[Any] | None":
    """The column as instants, if nearly all of it is."""
    if pd.api.types.is_datetime64_any_dtype(column):
        return column
    if not (pd.api.types.is_object_dtype(column) or pd.api.types.is_string_dtype(column)):
        return None
    known = column.dropna()
    sample = known.head(200).astype(str)
    if not len(sample) or sample.str.contains(_TIMELIKE).mean() < 0.9 or sample.str.len().max() > 40:
        return None
    written = column if sample.str.match(r"\d{4}-").all() else _with_year_first(column)
    times = pd.to_datetime(written, errors="coerce", format="mixed", utc=sample.str.contains("[+Z]").any())
    return times if times.notna().sum() >= 0.95 * len(known) else None


def _with_year_first(column: "pd.Series[Any]") -> "pd.Series[Any]":
    texts = [None if pd.isna(one) else str(one) for one in column]
    return pd.Series(with_year_first(texts), index=column.index, dtype="object")


def kind_of(column: "pd.Series[Any]") -> ColumnKind:
    known = column.dropna()
    if not len(known):
        return "empty"
    different = known.nunique()
    if pd.api.types.is_bool_dtype(known) or (different <= 2 and pd.api.types.is_numeric_dtype(known)):
        return "flag"
    if pd.api.types.is_numeric_dtype(known):
        whole = pd.api.types.is_integer_dtype(known)
        named = bool(re.search(r"(^|_)(id|no|number|code|sku|编号|单号)$", str(column.name), re.IGNORECASE))
        return "id" if whole and named and different > 0.9 * len(known) else "number"
    if as_times(column) is not None:
        return "time"
    words = known.astype(str)
    if different <= max(FEW, len(known) // 50) and words.str.len().median() <= 60:
        return "flag" if different == 2 else "category"
    spaced = words.str.contains(r"\s|[\u4e00-\u9fff]{5,}", regex=True).mean()
    return "text" if spaced > 0.3 or words.str.len().median() > 40 else "id"


def kinds(frame: pd.DataFrame) -> dict[str, ColumnKind]:
    return {str(column): kind_of(frame[column]) for column in frame.columns}


def groups_of(column: "pd.Series[Any]", most: int = 12, least: int = 5) -> "pd.Series[Any]":
    """Categories with the rare ones put together as '…', and numbers cut at their quartiles."""
    if (
        pd.api.types.is_numeric_dtype(column)
        and not pd.api.types.is_bool_dtype(column)
        and column.nunique() > most
    ):
        return pd.qcut(column, 4, duplicates="drop").astype(str).where(column.notna())
    named = column.astype("object").where(column.notna())
    named = named.map(lambda value: None if value is None or value != value else plain(value))
    counts = named.value_counts()
    kept = counts[counts >= least].head(most).index
    return named.where(named.isin(kept) | named.isna(), "…")


def plain(value: Any) -> str:
    """A value as somebody would write it: 3 instead of 3.0."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
