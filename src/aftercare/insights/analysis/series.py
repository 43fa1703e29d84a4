"""Series as files and tables have them, made even: one value per step, wide or long, with the hours in which a house is closed
left out."""

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from aftercare.insights.analysis.frames import (
    ColumnUnknown,
    NotEnough,
    TableUnreadable,
    as_times,
    kind_of,
    need,
    read_table,
)
from aftercare.kit.written import with_year_first

WHOLE = "all"
"""The name of the one series of a file."""
MOST_SERIES = 5_000
SPARSE = 0.05
"""A grid of which fewer steps than these have a value is none."""
ENOUGH_STEPS = 56
"""How many steps the span of what happened has at least: of days, eight weeks."""
_DAY = pd.Timedelta(days=1)


@dataclass
class Even:
    """Series on one grid. `long` has the columns unique_id, ds (the number of the step) and y; `stamps` says when each step
    of the grid begins. `open_slots`: steps of a day, where the grid leaves out the hours in which nothing is counted."""

    long: pd.DataFrame
    stamps: pd.DatetimeIndex
    step: str
    column: str
    open_slots: int | None
    filled: int
    counts: bool
    left_out: list[str] = field(default_factory=list)
    """Series that are too short, or beyond the most."""

    def ahead(self, horizon: int) -> pd.DatetimeIndex:
        """When the steps after the last begin."""
        last = self.stamps[-1]
        if self.open_slots is None:
            return pd.date_range(last, periods=horizon + 1, freq=_offset(self.step))[1:]
        days = self.stamps.normalize()
        pattern = (self.stamps - days)[days == days.unique()[-2]]
        weekdays = set(days.dayofweek.unique())
        stamps = [last.normalize() + of for of in pattern if last.normalize() + of > last]
        day = last.normalize()
        while len(stamps) < horizon:
            day += _DAY
            if day.dayofweek in weekdays:
                stamps += [day + of for of in pattern]
        return pd.DatetimeIndex(stamps[:horizon])


def read_series(
    frame: pd.DataFrame,
    *,
    time: str | None = None,
    column: str | None = None,
    by: str | None = None,
    every: str | None = None,
    counts: bool = False,
) -> Even:
    """Wide (one column of time, each other one a series) or long (time, value, perhaps the name of the series); without a
    column of numbers rows are counted. `counts`: a step that is not there had nothing. Refuses with ColumnUnknown, NotEnough."""
    time = need(frame, time) if time else _time_column(frame)
    when = as_times(frame[time])
    if when is None:
        written = pd.Series(with_year_first(frame[time].astype(str)), index=frame.index)
        when = pd.to_datetime(written, errors="coerce", format="mixed")
    if when.notna().mean() < 0.5:
        raise ColumnUnknown(column=time, why="not a time")
    if getattr(when.dt, "tz", None) is not None:
        when = when.dt.tz_localize(None)
    others = [str(one) for one in frame.columns if str(one) != time]
    numeric = [one for one in others if pd.api.types.is_numeric_dtype(frame[one])]
    if column is None and by is None and len(numeric) == len(others) and len(others) > 1:
        long = pd.DataFrame({one: frame[one].to_numpy(dtype=float) for one in others})
        long.insert(0, "at", when.to_numpy())
        long = long.dropna(subset=["at"]).melt("at", var_name="unique_id", value_name="y").dropna()
        named = "value"
    else:
        by = (
            need(frame, by)
            if by
            else _series_column(frame, others, numeric, when)
            if column is None
            else None
        )
        named = need(frame, column) if column else next((one for one in numeric if one != by), "")
        long = pd.DataFrame({"at": when.to_numpy()})
        long["unique_id"] = frame[by].astype(str).to_numpy() if by else WHOLE
        long["y"] = pd.to_numeric(frame[named], errors="coerce").to_numpy(dtype=float) if named else 1.0
        if named and long["y"].isna().all():
            raise ColumnUnknown(column=named, why="not numbers")
        long = long.dropna()
        counts = counts or not named
        named = named or "rows"
    if long["at"].nunique() < 8:
        raise NotEnough(steps=int(long["at"].nunique()), needed=8)
    return _even(long, named, every, counts=counts)


def read_days(
    path: Path, *, time: str | None = None, column: str | None = None, by: str | None = None
) -> dict[str, list[tuple[date, float]]]:
    """Days and numbers of each group of a file: of the columns told; else of date (or the first that reads as times), value (or the only
    numbers) and group (if there is one). Refuses with ColumnUnknown, TableUnreadable."""
    frame = read_table(path)
    names = {str(one).casefold(): str(one) for one in frame.columns}
    on = need(frame, time) if time else names.get("date") or _time_column(frame)
    days = as_times(frame[on])
    if days is None:
        raise ColumnUnknown(column=on, why="not a time; another one is said with --time")
    by = need(frame, by) if by else names.get("group")
    numeric = [
        one for one in names.values() if one not in (on, by) and pd.api.types.is_numeric_dtype(frame[one])
    ]
    value = (
        need(frame, column) if column else names.get("value") or (numeric[0] if len(numeric) == 1 else None)
    )
    if value is None:
        raise ColumnUnknown(
            why="which one holds the numbers is said with --column", columns=list(names.values())[:50]
        )
    values = pd.to_numeric(frame[value], errors="coerce")
    broken = (days.isna() | values.isna()).to_numpy().nonzero()[0]
    if len(broken):
        raise TableUnreadable(
            file=path.name,
            reason="rows without a day or a number",
            rows=len(broken),
            first_row=int(broken[0]) + 1,
        )
    groups: dict[str, list[tuple[date, float]]] = {}
    named = frame[by].fillna("").astype(str).str.strip() if by else [""] * len(frame)
    for group, day, number in zip(named, days.dt.date, values, strict=True):
        groups.setdefault(group, []).append((day, float(number)))
    for group, rows in groups.items():
        if len({day for day, _ in rows}) < len(rows):
            raise TableUnreadable(
                file=path.name,
                reason="a day stands there twice; what tells series apart is said with --by",
                group=group,
            )
    return groups


def _time_column(frame: pd.DataFrame) -> str:
    for column in frame.columns:
        if kind_of(frame[column]) == "time" or (
            column == frame.columns[0] and as_times(frame[column]) is not None
        ):
            return str(column)
    raise ColumnUnknown(why="none reads as times", columns=[str(one) for one in frame.columns][:50])


def _series_column(
    frame: pd.DataFrame, others: list[str], numeric: list[str], when: "pd.Series[Any]"
) -> str | None:
    """The column that names the series of a long table: the one whose values make the instants single."""
    known = when.notna()
    if when[known].is_unique:
        return None
    when, frame = when[known], frame[known]
    for one in others:
        if one in numeric and frame[one].nunique() > 1_000:
            continue
        if frame[one].nunique() > 1 and not pd.DataFrame({"t": when, "s": frame[one]}).duplicated().any():
            return one
    return None


def _offset(step: str) -> Any:
    return pd.tseries.frequencies.to_offset(step)


def step_of(times: pd.DatetimeIndex) -> str:
    """The usual distance of two instants, as pandas writes it. Where no distance is usual, for the instants are those at which
    something happened, a step of the calendar that is long enough for the span."""
    at = times.unique().sort_values()
    apart = pd.Series(at).diff().dropna()
    usual = apart.mode().iloc[0]
    middle = apart.median()
    span = at[-1] - at[0]
    if len(at) < span / usual * SPARSE:
        for step in ("1D", "1h", "15min", "1min", "1s"):
            if span >= ENOUGH_STEPS * pd.Timedelta(step):
                return step
    for step, low, high in (("MS", 27.5, 31.5), ("QS", 89, 93), ("YS", 364, 367)):
        if low <= middle / _DAY <= high:
            return step
    if usual == 7 * _DAY:
        return f"W-{times[0].strftime('%a').upper()}"
    if usual >= _DAY:
        return f"{max(1, round(usual / _DAY))}D"
    return str(pd.tseries.frequencies.to_offset(usual).freqstr)


def _even(long: pd.DataFrame, column: str, every: str | None, *, counts: bool) -> Even:
    step = every or step_of(pd.DatetimeIndex(long["at"]))
    offset = _offset(step)
    if isinstance(offset, pd.tseries.offsets.Tick):
        long["at"] = long["at"].dt.floor(offset)
    else:
        long["at"] = (
            long["at"]
            .dt.to_period(offset.name.replace("MS", "M").replace("QS", "Q").replace("YS", "Y"))
            .dt.start_time
        )
        if step.startswith("W-"):
            offset = _offset(f"W-{long['at'].min().strftime('%a').upper()}")
            step = offset.freqstr
        elif step.startswith(("QS", "YS")):
            step = "QS-JAN" if step.startswith("QS") else "YS-JAN"
            offset = _offset(step)
    long = long.groupby(["unique_id", "at"], as_index=False, sort=True)["y"].sum()
    grid = pd.date_range(long["at"].min(), long["at"].max(), freq=offset)
    open_slots = _open_slots(long, step)
    if open_slots is not None:
        grid = pd.DatetimeIndex(np.sort(long["at"].unique()))
    place = pd.Series(np.arange(len(grid)), index=grid)
    long["ds"] = place.reindex(long["at"]).to_numpy()
    long = long.dropna(subset=["ds"])
    wide = long.pivot(index="ds", columns="unique_id", values="y").reindex(np.arange(len(grid)))
    left_out: list[str] = []
    if wide.shape[1] > MOST_SERIES:
        kept = wide.sum().sort_values(ascending=False).index[:MOST_SERIES]
        left_out = [str(one) for one in wide.columns.difference(kept)]
        wide = wide[kept]
    missing = int(wide.isna().sum().sum())
    if counts:
        wide = wide.fillna(0.0)
        filled = 0
    else:
        inside = wide.interpolate(limit_area="inside")
        filled = int((inside.notna() & wide.isna()).sum().sum()) if missing else 0
        wide = inside
    even = wide.melt(ignore_index=False, var_name="unique_id", value_name="y").dropna().reset_index()
    even = even[["unique_id", "ds", "y"]].sort_values(["unique_id", "ds"], ignore_index=True)
    even["unique_id"] = even["unique_id"].astype(str)
    # A series that ended earlier is not forecast from its end: what happened since is not known.
    last = even.groupby("unique_id")["ds"].transform("max")
    ended = sorted(even.loc[last < len(grid) - 1, "unique_id"].unique())
    even = even[last == len(grid) - 1].reset_index(drop=True)
    even["ds"] = even["ds"].astype(int)
    if not len(even):
        raise NotEnough(series=0)
    return Even(even, grid, step, column, open_slots, filled, counts, left_out + ended)


def _open_slots(long: pd.DataFrame, step: str) -> int | None:
    """How many steps a day has, where every day has the same ones but not all that fit into 24 hours."""
    offset = _offset(step)
    if not isinstance(offset, pd.tseries.offsets.Tick) or pd.Timedelta(offset) >= _DAY:
        return None
    stamps = pd.DatetimeIndex(long["at"].unique()).sort_values()
    by_day = pd.Series(1, index=stamps).groupby(stamps.normalize()).sum()
    usual = int(by_day.mode().iloc[0])
    whole = int(_DAY / pd.Timedelta(offset))
    even = (by_day.iloc[:-1] == usual).mean() if len(by_day) > 1 else 0.0
    return usual if len(by_day) >= 5 and even >= 0.97 and usual < whole else None


def seasons_of(even: Even) -> list[int]:
    """The lengths, in steps, that the calendar suggests and that the history holds at least three times (a year twice)."""
    n = int(even.long.groupby("unique_id").size().max())
    offset = _offset(even.step)
    found: list[int] = []
    if isinstance(offset, pd.tseries.offsets.Tick) and pd.Timedelta(offset) < _DAY:
        days = even.stamps.normalize().unique()
        day = even.open_slots or int(_DAY / pd.Timedelta(offset))
        week = day * (len(days.dayofweek.unique()) if even.open_slots else 7)
        found = [length for length in (day, week) if n >= 3 * length]
    elif even.step in ("1D", "D"):
        found = [7] if n >= 21 else []
    elif even.step.startswith("W"):
        found = [52] if n >= 104 + 4 else []
    elif even.step.startswith("MS"):
        found = [12] if n >= 27 else []
    elif even.step.startswith("QS"):
        found = [4] if n >= 12 else []
    return sorted(set(found))


def horizon_of(even: Even, seasons: list[int]) -> int:
    """How far ahead, when nobody says: one day of quarter-hours, four weeks of days, half a year of months."""
    n = int(even.long.groupby("unique_id").size().max())
    if seasons and seasons[0] > 7 and not even.step.startswith(("MS", "W")):
        wanted = seasons[0]
    else:
        wanted = {"MS": 6, "QS-JAN": 4}.get(even.step, 28 if even.step in ("1D", "D") else 8)
    return max(1, min(wanted, n // 6))
