"""Migrations arrive at what the models describe, as often and as concurrently as one likes."""

import asyncio
from hashlib import sha256

import asyncpg
import pytest

from aftercare import installation
from aftercare.house import connect
from aftercare.installation import (
    SchemaUnknown,
    install,
    migration_differences,
    months_gaps,
    scratch_database,
    security_gaps,
    upgrade,
)
from aftercare.kit.server import migrations_folder, newest_revision, standing
from aftercare.settings import Settings


async def test_migrations_arrive_at_the_models(server_url: str) -> None:
    assert await migration_differences(server_url) == []


async def test_a_difference_is_named(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_is = installation.schema_script()
    more = [
        "CREATE INDEX fact_cause_idx ON fact (cause)",
        "ALTER TABLE fact DISABLE ROW LEVEL SECURITY",
        "GRANT DELETE ON fact TO aftercare_app",
        "ALTER TABLE delivery DROP CONSTRAINT a_delivery_waits_or_has_failed_or_is_set_aside",
    ]
    monkeypatch.setattr(installation, "schema_script", lambda: [*as_it_is, *more])
    found = await migration_differences(server_url)
    assert [line.split(" differs")[0].split(" is ")[0] for line in found] == [
        "constraint delivery.a_delivery_waits_or_has_failed_or_is_set_aside",
        "grant fact to aftercare_app",
        "index fact_cause_idx",
        "index fact_rest_cause_idx",
        "row-level security fact",
    ]


async def test_shops_are_separated_and_the_journal_has_its_months(server_url: str) -> None:
    assert await security_gaps(server_url) == []
    assert await months_gaps(server_url) == []


async def test_again_it_changes_nothing_and_two_at_once_wait_for_each_other(server_url: str) -> None:
    async with scratch_database(server_url) as url:
        assert await standing(url) is None
        both = await asyncio.gather(upgrade(url), upgrade(url))
        assert sorted(before or "" for before, _ in both) == ["", newest_revision()]
        assert await upgrade(url) == (newest_revision(), newest_revision())
        assert await standing(url) == newest_revision()


async def test_a_database_of_a_version_that_is_not_known_is_left_as_it_is(server_url: str) -> None:
    script = (migrations_folder() / "versions" / "0001_baseline.sql").read_bytes()
    assert newest_revision() == f"0001_{sha256(script).hexdigest()[:8]}"
    async with scratch_database(server_url) as url:
        owner = await connect(url, as_app=False)
        try:
            await owner.execute("CREATE TABLE alembic_version (version_num text)")
            await owner.execute("INSERT INTO alembic_version VALUES ('0001')")
            with pytest.raises(SchemaUnknown) as refused:
                await install(Settings(), url)
            assert refused.value.data == {"revision": "0001"}
            tables = await owner.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        finally:
            await owner.close()
    assert [row["tablename"] for row in tables] == ["alembic_version"]


async def test_an_installation_begins_with_its_roles(server_url: str) -> None:
    async with scratch_database(server_url) as url:
        for _ in range(2):
            await install(Settings(), url)
        connection = await connect(url, as_app=False)
        try:
            names = [row["name"] for row in await connection.fetch("SELECT name FROM role ORDER BY name")]
        finally:
            await connection.close()
    assert names == ["agent", "arbiter", "auditor", "finance", "owner", "supervisor", "warehouse"]


async def test_the_application_can_read_its_revision_but_not_change_it(server_url: str) -> None:
    async with scratch_database(server_url) as url:
        await upgrade(url)
        connection = await connect(url)
        try:
            assert await connection.fetchval("SELECT version_num FROM alembic_version") == newest_revision()
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute("DELETE FROM alembic_version")
        finally:
            await connection.close()
