"""The same expressions, asked of DuckDB, of PostgreSQL and of a real local Spark: the same answers."""

import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import duckdb
import ibis
import pyarrow
import pytest
from ibis import _

from aftercare.insights.lake import Lake, Tables, live_answer, local
from aftercare.insights.lake.engines import TRUNCATED
from aftercare.journal import SYSTEM, House, begin
from aftercare.settings import Insight
from tests.conftest import Clock
from tests.insights.lake.given import a_lake, refreshed
from tests.insights.lake.living import Life

ZONE = "Asia/Shanghai"


def seconds(later: Any, earlier: Any) -> Any:
    return later.epoch_seconds() - earlier.epoch_seconds()


def expressions() -> Iterator[tuple[str, ibis.Table]]:
    """What dashboards are made of."""
    t = Tables()
    facts, cases, claims = t.facts, t.cases, t.claims
    yield "counts", facts.group_by("name", "actor_kind").agg(n=_.count(), cases=_.case_id.nunique())
    yield (
        "days of a place",
        facts.group_by(day=local(facts.at, ZONE).date(), shop_id=facts.shop_id).agg(
            n=_.count(), cents=_.amount_cents.sum()
        ),
    )
    yield (
        "months, weeks and days of UTC",
        facts.group_by(
            month=facts.at.truncate("M"), week=facts.at.truncate("W"), day=facts.at.truncate("D")
        ).agg(n=_.count(), customers=_.customer_id.nunique()),
    )
    there = cases.inner_join(t.shops, cases.shop_id == t.shops.id)
    yield (
        "months and hours by the clock of each shop",
        there.group_by(
            month=local(there.opened_at, there.time_zone).truncate("M").cast("date"),
            hour=local(there.opened_at, there.time_zone).hour(),
        ).agg(n=_.count()),
    )
    yield (
        "medians and quantiles, exactly",
        claims.mutate(took=seconds(claims.moved_at, claims.applied_at))
        .group_by("kind")
        .agg(
            median=_.took.quantile(0.5),
            p90=_.took.quantile(0.9),
            mean=_.requested_cents.mean(),
            n=_.took.count(),
        ),
    )
    following = cases.select(
        "shop_id",
        "number",
        gap=seconds(
            cases.opened_at.lead().over(
                ibis.window(group_by=cases.shop_id, order_by=[cases.opened_at, cases.number])
            ),
            cases.opened_at,
        ),
        nth=ibis.row_number().over(
            ibis.window(group_by=cases.shop_id, order_by=[cases.opened_at, cases.number])
        ),
    )
    yield "windows", following
    decided = facts.filter(facts.name.startswith("claim.")).select("claim_id", "at", "to_state")
    yield (
        "joins, conditions and nothing",
        claims.left_join(decided, claims.id == decided.claim_id)
        .group_by(state=_.state)
        .agg(
            n=_.count(),
            moved=_.to_state.notnull().sum(),
            first=_.at.min(),
            share=(_.to_state == "approved").ifelse(1, 0).mean(),
        ),
    )
    late = t.clocks.group_by("name").agg(n=_.count(), late=_.late.sum(), open=_.ended_at.isnull().sum())
    yield "clocks", late.filter(late.n > 1).order_by(ibis.desc("n"), "name").limit(5)


def test_moments_are_cut_as_duckdb_cuts_them() -> None:
    units = ("minute", "hour", "day", "week", "month", "quarter", "year")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(TRUNCATED)
        connection.execute(
            "CREATE TABLE moments AS SELECT make_timestamptz((hash(i) % 8000000000000000)::BIGINT - 4000000000000000) AS moment FROM range(10000) t(i)"
        )
        for unit in units:
            ((equal,),) = connection.execute(
                "SELECT count(*) FROM moments"
                " WHERE date_trunc($unit, moment) = system.main.date_trunc($unit, moment)",
                {"unit": unit},
            ).fetchall()
            assert equal == 10_000, unit


def same(one: pyarrow.Table, other: pyarrow.Table) -> bool:
    """Equal but for the order of rows, and for the last digits of what was divided."""

    def rounded(rows: pyarrow.Table) -> list[tuple[Any, ...]]:
        told = [
            tuple(round(value, 6) if isinstance(value, float) else value for value in row.values())
            for row in rows.to_pylist()
        ]
        return sorted(told, key=str)

    return one.schema.equals(other.schema) and rounded(one) == rounded(other)


async def test_live_tiles_answer_as_the_lake_does(own_house: House, clock: Clock, tmp_path: Path) -> None:
    lake = a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _round in range(5):
        await life.step()
    await refreshed(own_house)
    async with begin(own_house, SYSTEM) as work:
        for what, expression in expressions():
            found = lake.fetch(expression)
            assert len(found), what
            assert same(found, await live_answer(work, expression)), what


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("pyspark") is None or shutil.which("java") is None, reason="no Spark or no Java here"
)
@pytest.mark.filterwarnings("ignore")
async def test_spark_answers_as_duckdb_does(own_house: House, clock: Clock, tmp_path: Path) -> None:
    duck = a_lake(own_house, tmp_path / "lake")
    life = await Life.begin(own_house, clock)
    for _round in range(5):
        await life.step()
    await refreshed(own_house)
    spark = Lake(
        duck.folder,
        Insight(
            engine="spark",
            spark_master="local[2]",
            spark={"spark.driver.memory": "512m", "spark.local.dir": str(tmp_path)},
        ),
    )
    try:
        for what, expression in expressions():
            assert same(duck.fetch(expression), await spark.answer(expression)), what
        # A refresh is seen by the session that is open.
        await life.step()
        await refreshed(own_house)
        count = Tables().facts.count().name("n")
        assert spark.fetch(count).equals(duck.fetch(count))
        empty = Tables().talks
        assert len(spark.fetch(empty)) == len(duck.fetch(empty)) == 0
    finally:
        spark.close()
        from pyspark.sql import SparkSession

        if (session := SparkSession.getActiveSession()) is not None:
            session.stop()
