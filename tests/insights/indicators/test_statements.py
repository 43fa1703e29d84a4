"""What is compiled once waits for the next process."""

import re
from datetime import UTC, datetime
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pytest

from aftercare.insights.indicators import statements
from aftercare.insights.indicators.statements import Forms, blank_instant
from aftercare.insights.indicators.times import Instant

KEY = ("visits", None, 30)
SINCE = {"since": datetime(2026, 3, 1, tzinfo=UTC)}


def visits() -> ir.Table:
    table = ibis.table({"at": "timestamp('UTC')", "who": "string"}, name="visits")
    return table.filter(table["at"] >= blank_instant(Instant("since")))


def files(folder: Path) -> list[Path]:
    return list(folder.rglob("*.json"))


def nothing() -> ir.Table:
    raise AssertionError("it was compiled again")


async def test_another_process_reads_what_was_compiled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await Forms().get(KEY, "duckdb", visits, tmp_path)
    assert first is not None
    told = first.told(SINCE)
    assert "TIMESTAMPTZ '2026-03-01 00:00:00+00:00'" in told

    # Its blanks are called otherwise.
    blank = statements.BLANK.pattern.replace(statements.MARK, "told_another")
    monkeypatch.setattr(statements, "MARK", "told_another")
    monkeypatch.setattr(statements, "BLANK", re.compile(blank, re.IGNORECASE))
    again = await Forms().get(KEY, "duckdb", nothing, tmp_path)
    assert again is not None
    assert (again.told(SINCE), again.columns) == (told, frozenset({"at", "who"}))


async def test_a_file_that_is_broken_is_made_anew(tmp_path: Path) -> None:
    await Forms().get(KEY, "duckdb", visits, tmp_path)
    (kept,) = files(tmp_path)
    kept.write_text('{"mark"')
    await Forms().get(KEY, "duckdb", visits, tmp_path)
    assert await Forms().get(KEY, "duckdb", nothing, tmp_path) is not None


async def test_of_another_version_nothing_is_read_and_nothing_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Forms().get(KEY, "duckdb", visits, tmp_path / "forms")
    monkeypatch.setattr(statements, "_sources", lambda: "another")
    await Forms().get(KEY, "duckdb", visits, tmp_path / "forms")
    assert [kept.parent.name for kept in files(tmp_path)] == ["another"]


async def test_a_folder_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "forms").write_text("")
    assert await Forms().get(KEY, "duckdb", visits, tmp_path / "forms") is not None
    assert (tmp_path / "forms").read_text() == ""
