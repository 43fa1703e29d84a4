"""Forecasts beside naive ones, on public series: calls of a bank by quarter-hour, and the demand for spare parts of cars."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scored:
    """One way on one set. Scores are of windows that took no part in the choice; `seconds` of the whole back-test of it."""

    data: str
    way: str
    taken: str
    mase: float
    rmsse: float
    mae: float
    in_80: str
    in_95: str
    seconds: float


def measure(folder: Path) -> list[Scored]:
    from aftercare.insights.analysis import Forecast, Task, answer
    from aftercare.insights.analysis.frames import read_table

    found: list[Scored] = []
    for name, step in (("bank_calls.csv", "15min"), ("carparts_wide.csv", None)):
        task = Task(kind="forecast", name=name, command=f"aftercare insight forecast {name}", step=step)
        told = answer(task, read_table(folder / name))
        assert isinstance(told, Forecast)
        for one in told.scores:
            found.append(
                Scored(
                    f"{name} ({told.series_number:,} series, {told.examined} of {told.windows} windows of {told.horizon})",
                    f"{one.model}{' (naive)' if one.naive else ''}",
                    "taken" if one.chosen else "",
                    round(one.mase, 3),
                    round(one.rmsse, 3),
                    round(one.mae, 2),
                    "" if one.covered80 is None else f"{one.covered80:.1%}",
                    "" if one.covered95 is None else f"{one.covered95:.1%}",
                    one.seconds,
                )
            )
        found.append(Scored(name, "all of it", "", 0, 0, 0, "", "", round(told.seconds, 1)))
    return found
