"""A refresh that is killed in the middle, and writers that never pause: nothing is lost and nothing comes twice."""

import asyncio
import random
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from aftercare.insights.lake import Tables
from aftercare.insights.lake.manifest import read_manifest
from aftercare.journal import SYSTEM, Fact, House, begin
from tests import given
from tests.insights.lake.given import a_lake, as_if_new, differences, holds, refreshed

REFRESH = """
import sys
from pathlib import Path
from aftercare.insights.lake import copying
copying.FACTS_AT_ONCE = 40
print("begins", flush=True)
while True:
    copying.refresh_folder(sys.argv[1], Path(sys.argv[2]))
"""
WRITERS = 4
KILLS = 3


class Ticked(Fact):
    name = "lake_test.ticked"
    number: int


@pytest.mark.slow
async def test_a_killed_refresh_loses_nothing_and_repeats_nothing(own_house: House, tmp_path: Path) -> None:
    lake = a_lake(own_house, tmp_path / "lake")
    shop = await given.a_shop(own_house)
    dice, over, written = random.Random(9), asyncio.Event(), 0

    async def write(number: int) -> None:
        nonlocal written
        while not over.is_set():
            async with begin(own_house, SYSTEM) as work:
                for _ in range(dice.randint(1, 5)):
                    work.record(Ticked(shop_id=shop.id, number=number))
                    written += 1
                if number == 0:
                    # Something slow, so that others overtake it.
                    await work.write_facts()
                    await asyncio.sleep(0.1)
            if number == 1:
                await given.an_order(own_house, shop)
            await asyncio.sleep(0.05)

    writers = [asyncio.create_task(write(number)) for number in range(WRITERS)]
    seen = 0
    for _ in range(KILLS):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            REFRESH,
            own_house.database.url,
            str(lake.folder),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert process.stdout is not None
            assert await process.stdout.readline() == b"begins\n"
            before = read_manifest(lake.folder)
            async with asyncio.timeout(60):
                while read_manifest(lake.folder) == before:  # noqa: ASYNC110  # another process writes it
                    await asyncio.sleep(0.02)
            # Somewhere in one of the increments that follow.
            await asyncio.sleep(dice.random() * 0.5)
        finally:
            process.kill()
            await process.wait()
        standing = read_manifest(lake.folder)
        assert standing is not None
        assert standing.number >= seen
        seen = standing.number
        positions = lake.fetch(Tables().facts.select("position")).column("position").to_pylist()
        assert len(positions) == len(set(positions))
    over.set()
    await asyncio.gather(*writers)
    await refreshed(own_house)
    ticks = Tables().facts.filter(Tables().facts.name == "lake_test.ticked")
    assert lake.fetch(ticks.count().name("n")).to_pylist() == [{"n": written}]
    async with begin(own_house, SYSTEM) as work:
        assert len(lake.fetch(Tables().facts)) == await work.session.scalar(text("SELECT count(*) FROM fact"))
    assert differences(holds(lake), await as_if_new(own_house, tmp_path / "new")) == []
    # What the killed ones had begun is swept away.
    await given.an_order(own_house, shop)
    await refreshed(own_house)
    manifest = read_manifest(lake.folder)
    assert manifest is not None
    lying = {path.relative_to(lake.folder).as_posix() for path in lake.folder.glob("*/**/*.parquet")}
    assert lying == manifest.named() | set(manifest.dropped)
