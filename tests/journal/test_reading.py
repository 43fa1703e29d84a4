"""What a work reads by the driver itself is what its session would read."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from aftercare.journal import Actor, ActorKind, House, begin
from aftercare.kit.database import DRIVER, positional
from aftercare.kit.http import database_is_away, sqlstate
from aftercare.kit.ids import new_id

SHAPES = (
    "SELECT CAST(:one AS int) AS one, CAST(:two AS text) || '::x' AS two, CAST(:one AS int) + 1 AS three,"
    " jsonb_build_object('a', CAST(:one AS int)) AS data, CAST('{1,2}' AS int[]) AS list,"
    " current_setting('aftercare.shops') AS shops"
)


async def test_rows_are_the_same_before_and_after_the_session_is_used(own_house: House) -> None:
    shop = new_id()
    actor = Actor(kind=ActorKind.staff, shops=frozenset({shop}))
    async with begin(own_house, actor) as work:
        (light,) = await work.read(SHAPES, {"one": 1, "two": "z"})
        await work.session.execute(text("SELECT 1"))
        (heavy,) = await work.read(SHAPES, {"one": 1, "two": "z"})
    assert dict(light._mapping) == dict(heavy._mapping)
    assert (light.one, light.two, light.three, light.data, light.list) == (1, "z::x", 2, {"a": 1}, [1, 2])
    assert UUID(light.shops) == shop
    with pytest.raises(AttributeError):
        light.four  # noqa: B018


async def test_it_changes_nothing_and_leaves_nothing(own_house: House) -> None:
    async with begin(own_house) as work:
        with pytest.raises(DBAPIError) as refused:
            await work.read("DELETE FROM reader RETURNING name", {})
        assert sqlstate(refused.value) == "25006"
    async with begin(own_house) as work:
        assert (await work.read("SELECT 1 AS one", {}))[0].one == 1
    async with begin(own_house) as work:
        assert await work.session.scalar(text("SELECT current_setting('aftercare.shops')")) == "*"


async def test_a_lost_connection_is_the_database_away_and_the_next_reads_again(own_house: House) -> None:
    with pytest.raises(DBAPIError) as lost:
        async with begin(own_house) as work:
            await work.read("SELECT 1 AS one", {})
            assert work._reading is not None
            work._reading._connection.terminate()
            await work.read("SELECT 2 AS two", {})
    assert database_is_away(lost.value)
    async with begin(own_house) as work:
        assert (await work.read("SELECT 1 AS one", {}))[0].one == 1


def test_names_become_numbers_and_casts_stay() -> None:
    assert positional("SELECT :a::int, x::text, :b, :a") == (
        "SELECT $1::int, x::text, $2, $1",
        ("a", "b"),
    )


async def test_what_goes_past_the_session_belongs_to_its_transaction(own_house: House) -> None:
    made = "INSERT INTO reader (name) VALUES (:name) RETURNING name"
    counted = "SELECT count(*) AS many FROM reader WHERE name LIKE 'past %'"
    with pytest.raises(ZeroDivisionError):
        async with begin(own_house) as work:
            first = await work.row(made, {"name": "past one"})  # begins by the session
            assert first.name == "past one"
            assert [row.name for row in await work.rows(made, {"name": "past two"})] == ["past two"]
            session = work.session
            await session.execute(text(made), {"name": "past three"})
            assert (await work.row(counted, {})).many == 3
            raise ZeroDivisionError
    assert DRIVER not in session.info
    async with begin(own_house) as work:
        assert (await work.row(counted, {})).many == 0
        assert await work.row("SELECT 1 FROM reader WHERE name = :name", {"name": "past one"}) is None


async def test_a_broken_rule_past_the_session_is_one_of_the_session(own_house: House) -> None:
    made = "INSERT INTO reader (name) VALUES (:name)"
    with pytest.raises(IntegrityError) as broken:
        async with begin(own_house) as work:
            await work.rows(made, {"name": "twice"})
            await work.rows(made, {"name": "twice"})
    assert broken.value.orig is not None
    assert getattr(broken.value.orig, "sqlstate", "") == "23505"
    assert "twice" not in str(broken.value).partition("DETAIL")[0]
