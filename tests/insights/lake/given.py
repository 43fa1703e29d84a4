"""A lake for a house in tests, and all that it holds."""

import asyncio
from pathlib import Path

import pyarrow
from sqlalchemy import text

from aftercare.insights.lake import Lake, Refreshed, Tables, refresh
from aftercare.insights.lake.ready import every_table
from aftercare.journal import SYSTEM, House, begin


def a_lake(house: House, folder: Path) -> Lake:
    lake = Lake(folder)
    house.ports = {**house.ports, Lake: lake}
    return lake


def holds(lake: Lake) -> dict[str, pyarrow.Table]:
    """Every row of every table, in order; also of what is kept ready."""
    return {
        table.name: lake.fetch(Tables()[table.name]).sort_by(
            [(column, "ascending") for column in table.types]
        )
        for table in every_table()
    }


async def refreshed(house: House, *, rebuild: bool = False) -> Refreshed:
    """A refresh that misses nothing: facts count once no older transaction runs, of any test on this server."""
    async with asyncio.timeout(60):
        while True:
            async with begin(house, SYSTEM) as work:
                unsettled = await work.session.scalar(
                    text(
                        "SELECT count(*) FROM fact WHERE transaction >= pg_snapshot_xmin(pg_current_snapshot())"
                    )
                )
            if not unsettled:
                return await refresh(house, rebuild=rebuild)
            await asyncio.sleep(0.05)


async def as_if_new(house: House, folder: Path) -> dict[str, pyarrow.Table]:
    """What a lake would hold that was made from nothing now."""
    before = house.ports
    try:
        lake = a_lake(house, folder)
        await refreshed(house)
        return holds(lake)
    finally:
        house.ports = before


def differences(one: dict[str, pyarrow.Table], other: dict[str, pyarrow.Table]) -> list[str]:
    return [
        f"{name}: {len(one[name])} rows and {len(other[name])}"
        for name in one.keys() | other.keys()
        if not one[name].equals(other[name])
    ]
