"""From facts to numbers: what the lake and PostgreSQL say of the same house, that facts change it, and files of it."""

import asyncio
import csv
import io
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from aftercare import insights
from aftercare.insights.indicators import Grain, Question, answers, answers_from, definitions
from aftercare.insights.indicators.exports import file_of
from aftercare.insights.lake import open_folder
from aftercare.journal import House, begin
from tests import given
from tests.conftest import NOON, Clock
from tests.insights.given import claims_decided_after, manager
from tests.insights.lake.given import a_lake, refreshed

NAMES = (
    "csat", "first_answer", "claim_decision", "automation", "contacts", "disputes", "backlog", "resolved_once", "clocks_kept",
    "notices_right", "return_rate", "cost_per_case",
)  # fmt: skip
MONTH = Question(NOON - timedelta(days=30), NOON + timedelta(days=30), grain=Grain.week)


@pytest.fixture
def with_lake(own_house: House, tmp_path: Path) -> House:
    a_lake(own_house, tmp_path / "lake")
    return own_house


async def test_facts_change_the_numbers_and_nothing_else_does(
    with_lake: House, clock: Clock, tmp_path: Path
) -> None:
    house = with_lake
    shop, other = await given.a_shop(house), await given.a_shop(house)
    boss = manager(shop)

    async def told() -> dict[str, Any]:
        async with begin(house, boss) as work:
            return {one.name: one for one in await answers(work, NAMES, MONTH, locale="en")}

    before = await told()
    assert {one.source for one in before.values()} == {"live"}
    assert {name for name, one in before.items() if one.figure.value} == set()

    await claims_decided_after(house, clock, shop, *([2] * 12), *([30] * 8))
    await claims_decided_after(house, clock, other, 1, 1)
    live = await told()
    await refreshed(house)
    copied = await told()
    assert {one.source for one in copied.values() if not definitions()[one.name].ledger} == {"lake"}
    for name, one in live.items():
        same = copied[name].model_dump(exclude={"source", "as_of"})
        assert same == one.model_dump(exclude={"source", "as_of"}), name
    assert (copied["claim_decision"].figure.within, copied["claim_decision"].figure.n) == (0.6, 20)
    changed = {
        name for name, one in copied.items() if one.figure.denominator != before[name].figure.denominator
    }
    assert {
        "claim_decision",
        "automation",
        "contacts",
        "disputes",
        "backlog",
        "return_rate",
        "notices_right",
    } <= changed
    assert "csat" not in changed

    # One more, and the next copy tells it; until then what was told stays.
    await claims_decided_after(house, clock, shop, 1)
    assert (await told())["claim_decision"].figure.n == 20
    await refreshed(house)
    assert (await told())["claim_decision"].figure.n == 21
    async with begin(house, boss) as work:
        cases = await insights.cases_behind(work, "claim_decision", MONTH, which="missed")
    assert [case.value for case in cases] == [30 * 3600] * 8
    assert {case.shop_id for case in cases} == {shop.id}

    # Without a house: every shop, and the same numbers.
    with open_folder(tmp_path / "lake") as lake:
        (alone,) = await answers_from(lake, ["claim_decision"], replace(MONTH, cut="shop"))
    assert {part.key: part.figure.n for part in alone.parts} == {str(shop.id): 21, str(other.id): 2}
    from aftercare.cli import app

    command = [
        "insight",
        "indicator",
        "claim_decision",
        "--lake",
        str(tmp_path / "lake"),
        "--since",
        "2026-02-10",
        "--until",
        "2026-04-01",
    ]
    done = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--csv"])
    assert done.exit_code == 0, done.output
    total = next(csv.DictReader(io.StringIO(done.stdout)))
    assert (total["row"], total["n"], total["numerator"]) == ("total", "23", "15.0")
    wrong = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--cut", "carrier"])
    assert wrong.exit_code == 2


async def test_files_hold_what_was_told(house: House, clock: Clock) -> None:
    shop = await given.a_shop(house)
    await claims_decided_after(house, clock, shop, *([2] * 12), *([30] * 8))
    async with begin(house, manager(shop)) as work:
        found = await answers(work, ["claim_decision", "csat"], replace(MONTH, cut="shop"), locale="zh-CN")
        cases = await insights.cases_behind(work, "claim_decision", MONTH)
    rows = list(csv.DictReader(io.StringIO(file_of(found, "csv").decode("utf-8-sig"))))
    table = pyarrow.parquet.read_table(io.BytesIO(file_of(found, "parquet")))
    assert [row["row"] for row in rows] == table["row"].to_pylist()
    total = table.to_pylist()[0]
    assert (total["indicator"], total["value"], total["n"], total["within"], total["enough"]) == (
        "claim_decision", 7200.0, 20, 0.6, True,
    )  # fmt: skip
    assert (rows[0]["value"], rows[0]["low"], rows[0]["since"]) == ("7200.0", "7200.0", "2026-02-08 12:00:00")
    assert [row["label"] for row in rows if row["row"] == "part"] == [shop.name]
    book = file_of(found, "xlsx", cases)
    assert book[:2] == b"PK"
    import zipfile

    with zipfile.ZipFile(io.BytesIO(book)) as packed:
        text = packed.read("xl/sharedStrings.xml").decode() + packed.read("xl/workbook.xml").decode()
    assert "售后决定用时" in text
    assert all(sheet in text for sheet in ('name="figures"', 'name="definitions"', 'name="cases"'))
    assert cases[0].claim_number in text if cases[0].claim_number else False
