"""Every table with a `shop_id`, also one that nobody has thought of yet: rows of two shops are put in by the database's owner,
and then the application's role, seeing one of the shops, tries to read, add, change, move and remove across."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from aftercare.identity import NewShop, new_shop
from aftercare.journal import NOBODY, SYSTEM, Actor, ActorKind, House, begin
from aftercare.kit.tables import APP_ROLE, Base, shop_tables

OURS, THEIRS = uuid4(), uuid4()

# A value of each type, as SQL; `{n}` is another number each time. Arrays, ranges and the rest are given as '{}' or 'empty'.
VALUES = {
    "bigint": "{n}",
    "boolean": "false",
    "bytea": r"'\x{n:08x}'::bytea",
    "date": "date '2026-03-10' + {n}",
    "double precision": "{n}",
    "inet": "'10.0.0.1'::inet",
    "integer": "{n}",
    "interval": "interval '{n} seconds'",
    "json": "'{{}}'::json",
    "jsonb": "'{{}}'::jsonb",
    "numeric": "{n}",
    "real": "{n}",
    "smallint": "{n}",
    "time without time zone": "time '09:00'",
    "timestamp with time zone": "timestamptz '2026-03-10 04:00+00' + interval '{n} seconds'",
    "tsvector": "''::tsvector",
    "uuid": "gen_random_uuid()",
    "xid8": "'{n}'::xid8",
}

COLUMNS = """
    SELECT a.attname AS name, format_type(a.atttypid, NULL) AS kind, t.typcategory AS category, a.attnotnull AS needed,
      a.atthasdef OR a.attidentity <> '' AS given
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = CAST(:table AS regclass) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
    ORDER BY a.attnum
"""

# Rows made up at random break rules that are not the matter here; this database is thrown away afterwards.
LIFT_RULES = """
    DO $$ DECLARE rule record; BEGIN
      FOR rule IN SELECT conrelid::regclass AS place, conname FROM pg_constraint
        WHERE contype IN ('c', 'f', 'x') AND connamespace = 'public'::regnamespace AND conparentid = 0
      LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', rule.place, rule.conname); END LOOP;
      FOR rule IN SELECT tgrelid::regclass AS place, tgname AS conname FROM pg_trigger WHERE NOT tgisinternal AND tgparentid = 0
      LOOP EXECUTE format('DROP TRIGGER IF EXISTS %I ON %s', rule.conname, rule.place); END LOOP;
    END $$
"""


@dataclass
class Insert:
    """An INSERT of a made-up row; ready but for the shop."""

    table: str
    columns: list[str]
    values: list[str]
    count: int = 0

    def of(self, shop: UUID | None) -> str:
        self.count += 1
        values = [
            (f"'{shop}'::uuid" if shop else "NULL") if column == "shop_id" else value.format(n=self.count)
            for column, value in zip(self.columns, self.values, strict=True)
        ]
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES ({', '.join(values)})"


async def insert_into(connection: AsyncConnection, table: str) -> Insert:
    columns, values = [], []
    for column in await connection.execute(text(COLUMNS), {"table": table}):
        if column.name == "shop_id" or (column.needed and not column.given):
            columns.append(f'"{column.name}"' if column.name != "shop_id" else "shop_id")
            fallback = {"A": "'{{}}'", "R": "'empty'"}.get(column.category, "'x{n}'")
            values.append(VALUES.get(column.kind, f"{fallback}::{column.kind}"))
    return Insert(table, columns, values)


@pytest_asyncio.fixture(loop_scope="session")
async def owner(own_house: House) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(own_house.database.url)
    async with engine.connect() as connection:
        yield await connection.execution_options(isolation_level="AUTOCOMMIT")
    await engine.dispose()


async def rows(session: AsyncSession, statement: str) -> int:
    return int((await session.execute(text(statement))).rowcount)  # type: ignore[attr-defined]


async def refused(house: House, actor: Actor, statement: str) -> bool:
    try:
        async with begin(house, actor) as work:
            await work.session.execute(text(statement))
    except DBAPIError as failure:
        # insufficient_privilege: both 'violates row-level security policy' and 'permission denied'.
        return getattr(failure.orig, "sqlstate", "") == "42501"
    return False


async def changed(house: House, actor: Actor, statement: str) -> int | None:
    """How many rows; None where the role may not do this at all."""
    try:
        async with begin(house, actor) as work:
            return await rows(work.session, statement)
    except DBAPIError as failure:
        if getattr(failure.orig, "sqlstate", "") != "42501":
            raise
        return None


async def test_no_table_is_read_or_written_across_shops(own_house: House, owner: AsyncConnection) -> None:
    us = Actor(ActorKind.staff, uuid4(), frozenset({OURS}))
    await owner.execute(text(LIFT_RULES))
    tables = [table.name for table in shop_tables(Base.metadata)]
    assert {"membership", "fact", "fact_object"} <= set(tables)
    leaks = []
    for table in tables:
        insert = await insert_into(owner, table)
        for shop in (OURS, THEIRS):
            await owner.execute(text(insert.of(shop)))
        seen = f'SELECT shop_id FROM "{table}"'
        for actor, expected in ((us, [OURS]), (NOBODY, []), (SYSTEM, [OURS, THEIRS])):
            async with begin(own_house, actor) as work:
                found = list(await work.session.scalars(text(seen)))
            if sorted(found) != sorted(expected):
                leaks.append(f"{table}: {actor.kind} reads {found}")
        for what, statement in {
            "adds": insert.of(THEIRS),
            "gives away": f"UPDATE \"{table}\" SET shop_id = '{THEIRS}'",
        }.items():
            if not await refused(own_house, us, statement):
                leaks.append(f"{table}: {what}")
        for what, statement in {
            "takes": f"UPDATE \"{table}\" SET shop_id = '{OURS}' WHERE shop_id = '{THEIRS}'",
            "removes": f"DELETE FROM \"{table}\" WHERE shop_id = '{THEIRS}'",
        }.items():
            if await changed(own_house, us, statement) not in (0, None):
                leaks.append(f"{table}: {what}")
        kept = await owner.execute(text(f"SELECT count(*) FROM \"{table}\" WHERE shop_id = '{THEIRS}'"))
        if kept.scalar_one() != 1:
            leaks.append(f"{table}: the other shop's row is gone")
    assert leaks == []


async def test_nothing_with_a_shop_is_open_beside_the_models(
    own_house: House, owner: AsyncConnection
) -> None:
    """Partitions and tables made by hand: row security, or closed to the role. Views must look with the reader's eyes."""
    found = await owner.execute(
        text(
            """
            SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm')
              AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'shop_id')
              AND NOT c.relrowsecurity
              AND NOT (c.relkind = 'v' AND coalesce(c.reloptions::text LIKE '%security_invoker=true%', false))
              AND has_table_privilege(:role, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
            """
        ),
        {"role": APP_ROLE},
    )
    assert [row.relname for row in found] == []


async def test_the_role_of_the_application_owns_nothing(own_house: House, owner: AsyncConnection) -> None:
    role = (
        await owner.execute(
            text(
                "SELECT rolsuper, rolbypassrls, rolcanlogin,"
                " (SELECT count(*) FROM pg_class WHERE relowner = r.oid) AS owned FROM pg_roles r WHERE rolname = :role"
            ),
            {"role": APP_ROLE},
        )
    ).one()
    assert tuple(role) == (False, False, False, 0)
    async with begin(own_house, SYSTEM) as work:
        assert await work.session.scalar(text("SELECT current_user")) == APP_ROLE


async def test_a_shop_is_changed_only_by_who_sees_it(house: House) -> None:
    async with begin(house, SYSTEM) as work:
        shops = [await new_shop(work, NewShop(code=code, name=code)) for code in ("a", "b")]
    us = Actor(ActorKind.staff, uuid4(), frozenset({shops[0].id}))
    async with begin(house, us) as work:
        assert await rows(work.session, "UPDATE shop SET name = 'ours'") == 1
        assert await rows(work.session, "DELETE FROM shop") == 0
    with pytest.raises(DBAPIError, match="row-level security"):
        async with begin(house, us) as work:
            await work.session.execute(
                text(
                    "INSERT INTO shop (id, code, name, market, locale, time_zone, currency, created_at)"
                    " VALUES (gen_random_uuid(), 'c', 'c', 'CN', 'zh-CN', 'UTC', 'CNY', now())"
                )
            )


async def test_nobody_makes_himself_a_member_of_the_whole_group(house: House) -> None:
    us = Actor(ActorKind.staff, uuid4(), frozenset({OURS}))
    assert await refused(
        house,
        us,
        "INSERT INTO membership (id, account_id, role, shop_id)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'owner', NULL)",
    )
