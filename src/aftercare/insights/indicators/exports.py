"""Answers as files: CSV, Parquet and Excel, all with the same columns."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from aftercare.insights.indicators.figures import Figure
from aftercare.insights.indicators.questions import IndicatorAnswer, IndicatorCase
from aftercare.kit.money import digits
from aftercare.kit.sheets import BOM, moment, written

Form = Literal["csv", "parquet", "xlsx"]
MEDIA: dict[Form, str] = {
    "csv": "text/csv; charset=utf-8",
    "parquet": "application/vnd.apache.parquet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

Row = dict[str, Any]


class _Line(BaseModel):
    """One figure in a file. `row` is total, trend or part. Values are in `unit`; money is in whole units of `currency`."""

    indicator: str
    row: Literal["total", "trend", "part"]
    cut: str | None
    key: str | None
    label: str | None
    since: datetime
    until: datetime
    value: float | None
    low: float | None
    high: float | None
    n: int
    numerator: float
    denominator: float
    p90: float | None
    within: float | None
    enough: bool
    unit: str
    currency: str | None


def lines_of(answers: Sequence[IndicatorAnswer]) -> list[Row]:
    found = []
    for one in answers:
        found.append(_line(one, "total", one.figure, one.since, one.until))
        found += [_line(one, "trend", point.figure, point.since, point.until) for point in one.trend]
        found += [
            _line(one, "part", part.figure, one.since, one.until, key=part.key, label=part.label)
            for part in one.parts
        ]
    return [line.model_dump() for line in found]


def _line(
    told: IndicatorAnswer,
    row: Literal["total", "trend", "part"],
    figure: Figure,
    since: datetime,
    until: datetime,
    *,
    key: str | None = None,
    label: str | None = None,
) -> _Line:
    def amount(value: float | None) -> float | None:
        if value is None or told.kind != "money" or told.currency is None:
            return value
        return float(value / 10 ** digits(told.currency))

    return _Line(
        indicator=told.name,
        row=row,
        cut=told.cut if row == "part" else None,
        key=key,
        label=label,
        since=since,
        until=until,
        value=amount(figure.value),
        low=amount(figure.low),
        high=amount(figure.high),
        n=figure.n,
        numerator=amount(figure.numerator) or 0.0,
        denominator=figure.denominator,
        p90=amount(figure.p90),
        within=figure.within,
        enough=figure.enough,
        unit=told.unit if told.kind != "money" else "currency",
        currency=told.currency if told.kind == "money" else None,
    )


def file_of(answers: Sequence[IndicatorAnswer], form: Form, cases: Sequence[IndicatorCase] = ()) -> bytes:
    """All figures of the answers; an Excel file has the definitions and the cases on sheets of their own."""
    rows = lines_of(answers)
    zone = answers[0].time_zone if answers else "UTC"
    if form == "parquet":
        return _parquet(rows)
    rows = [{**row, "since": moment(row["since"], zone), "until": moment(row["until"], zone)} for row in rows]
    if form == "csv":
        return _csv(rows)
    return _excel(answers, rows, cases, zone)


def _parquet(rows: list[Row]) -> bytes:
    import pyarrow
    import pyarrow.parquet

    kinds: dict[Any, Any] = {
        str: pyarrow.string(),
        int: pyarrow.int64(),
        float: pyarrow.float64(),
        bool: pyarrow.bool_(),
        datetime: pyarrow.timestamp("us", "UTC"),
    }
    schema = pyarrow.schema(
        [(name, kinds[_plain(info.annotation)]) for name, info in _Line.model_fields.items()]
    )
    sink = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows, schema=schema), sink, compression="zstd")
    return sink.getvalue()


def _plain(annotation: Any) -> Any:
    """`float` of `float | None`, `str` of a choice of words."""
    if annotation in (str, int, float, bool, datetime):
        return annotation
    inner = [one for one in getattr(annotation, "__args__", ()) if one is not type(None)]
    return inner[0] if inner and isinstance(inner[0], type) else str


def _csv(rows: list[Row]) -> bytes:
    page = io.StringIO(newline="")
    page.write(BOM)
    writer = csv.writer(page, lineterminator="\r\n")
    writer.writerow(_Line.model_fields)
    for row in rows:
        # Numbers stay numbers; a name that begins like a formula does not become one.
        writer.writerow([cell if isinstance(cell, float) else written(cell) for cell in row.values()])
    return page.getvalue().encode()


def _excel(
    answers: Sequence[IndicatorAnswer], rows: list[Row], cases: Sequence[IndicatorCase], zone: str
) -> bytes:
    import xlsxwriter

    sink = io.BytesIO()
    book = xlsxwriter.Workbook(
        sink, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    )
    bold = book.add_format({"bold": True})
    time = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})

    def sheet(name: str, columns: Sequence[str], lines: Sequence[Sequence[Any]]) -> None:
        page = book.add_worksheet(name)
        page.freeze_panes(1, 0)
        page.write_row(0, 0, columns, bold)
        for number, line in enumerate(lines, 1):
            for place, cell in enumerate(line):
                if isinstance(cell, datetime):
                    page.write_datetime(number, place, cell, time)
                elif cell is not None:
                    page.write(number, place, cell)
        page.autofit(420)

    sheet("figures", list(_Line.model_fields), [list(row.values()) for row in rows])
    sheet(
        "definitions",
        ["indicator", "title", "formula", "unit", "good", "target", "share_target", "limit_seconds", "method", "source", "as_of"],
        [
            [one.name, one.title, one.formula, one.unit, one.good, one.target, one.share_target, one.limit_seconds,
             one.method, one.source, moment(one.as_of, zone)]
            for one in answers
        ],
    )  # fmt: skip
    if cases:
        columns = list(IndicatorCase.model_fields)
        lines = [
            [moment(cell, zone) if isinstance(cell, datetime) else str(cell) if name.endswith("_id") and cell else cell
             for name, cell in row.model_dump().items()]
            for row in cases
        ]  # fmt: skip
        sheet("cases", columns, lines)
    book.close()
    return sink.getvalue()
