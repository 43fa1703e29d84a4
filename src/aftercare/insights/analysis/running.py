"""One analysis in a process of its own: a table and a question come in, progress and the answer go out. The libraries that
count weigh a quarter of a gigabyte and hold the processor for seconds; neither is for a process that serves or relays.

`python -m aftercare.insights.analysis.running` reads one line of JSON and then Parquet, and writes lines of JSON."""

import io
import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field

from aftercare.insights.analysis.answers import Answer, Kind
from aftercare.kit.errors import Refusal

if TYPE_CHECKING:
    import pandas as pd


def read_table(path: Path) -> "pd.DataFrame":
    """Of a file of any of the forms that are known."""
    from aftercare.insights.analysis import frames

    return frames.read_table(path)


def read_days(
    path: Path, *, time: str | None, column: str | None, by: str | None
) -> dict[str, list[tuple[date, float]]]:
    from aftercare.insights.analysis import series

    return series.read_days(path, time=time, column=column, by=by)


class Task(BaseModel):
    """How a table is looked at; what is None is guessed."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    name: str
    """Of the data."""
    own: bool = False
    command: str
    column: str | None = None
    by: str | None = None
    columns: list[str] | None = None
    text: list[str] | None = None
    time: str | None = None
    step: str | None = None
    seasons: list[int] | None = None
    horizon: int | None = Field(None, ge=1, le=5_000)
    groups: int | None = Field(None, ge=2, le=30)
    identity: str | None = None
    counts: bool = False
    linear: bool = False


def answer(task: Task, frame: "pd.DataFrame", progress: Any = lambda _: None) -> Answer:
    """Refuses with NotEnough, ColumnUnknown."""
    from aftercare.insights.analysis.frames import ColumnUnknown, as_times, data_of, kind_of

    time = task.time
    if time is None:
        time = next((str(one) for one in frame.columns if kind_of(frame[one]) == "time"), None)
    known = time if time is not None and as_times(frame[time]) is not None else None
    data = data_of(frame, task.name, known, own=task.own)
    match task.kind:
        case "describe":
            from aftercare.insights.analysis.describing import describe

            if task.column is None:
                raise ColumnUnknown(why="none was named", columns=[str(one) for one in frame.columns][:50])
            return describe(frame, task.column, task.by, data, task.command)
        case "correlate":
            from aftercare.insights.analysis.correlating import correlate

            return correlate(frame, task.columns, data, task.command, linear=task.linear)
        case "cluster":
            from aftercare.insights.analysis.clustering import cluster

            return cluster(
                frame,
                data,
                task.command,
                text=task.text,
                features=task.columns,
                groups=task.groups,
                identity=task.identity,
                progress=progress,
            )
        case "forecast":
            from aftercare.insights.analysis.forecasting import forecast
            from aftercare.insights.analysis.series import read_series

            even = read_series(
                frame, time=task.time, column=task.column, by=task.by, every=task.step, counts=task.counts
            )
            return forecast(
                even, data, task.command, seasons=task.seasons, horizon=task.horizon, progress=progress
            )


def main() -> None:
    import pandas as pd

    def tell(kind: str, value: Any) -> None:
        sys.stdout.write(json.dumps({kind: value}, ensure_ascii=False) + "\n")
        sys.stdout.flush()

    task = Task.model_validate_json(sys.stdin.buffer.readline())
    frame = pd.read_parquet(io.BytesIO(sys.stdin.buffer.read()))
    try:
        found = answer(task, frame, lambda share: tell("progress", round(share, 3)))
    except Refusal as refused:
        from aftercare.kit.json import plain

        data = json.loads(json.dumps(refused.data, default=plain))
        tell("refused", {"code": refused.code, "title": refused.title, "data": data})
    else:
        tell("answer", found.model_dump(mode="json"))


if __name__ == "__main__":
    main()
