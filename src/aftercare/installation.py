"""What an installation needs before it can serve: the schema at its newest revision, what every installation begins with,
and the journal's partitions of the coming months. And whether it has them.
"""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import Connection, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool
from sqlalchemy.schema import CreateIndex, CreateSequence, CreateTable

from aftercare.identity import seed_roles
from aftercare.journal import SYSTEM, House, begin, ensure_months
from aftercare.kit.database import Database
from aftercare.kit.errors import Refusal
from aftercare.kit.server import connect, leads_on_from, migrations_folder
from aftercare.kit.tables import APP_ROLE, PRELUDE, Base, Xid8, schema_statements, shop_tables
from aftercare.settings import Settings

MONTHS_AHEAD = timedelta(days=62)
NOT_MODELLED = ("pgqueuer", "alembic_version", "fact_")
"""Tables that no model describes: the job queue's, Alembic's own, the journal's partitions."""


class SchemaUnknown(Refusal):
    """The schema of this database is of a version that this one does not know: a newer one, or one from before the first release. A demo is laid anew by `aftercare demo --reset`."""


async def revision_of(connection: AsyncConnection) -> str | None:
    """The revision that the database stands at; None when it has no schema yet."""
    if await connection.scalar(text("SELECT to_regclass('alembic_version')")) is None:
        return None
    revision: str | None = await connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


@asynccontextmanager
async def _owner(url: str) -> AsyncIterator[AsyncConnection]:
    """A connection with the rights of the database's owner."""
    engine = create_async_engine(url, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


async def upgrade(url: str) -> tuple[str | None, str]:
    """Brings the schema to the newest revision; gives the revisions before and after. Two at once wait for each other. Refuses with
    SchemaUnknown."""
    async with _owner(url) as connection:
        await connection.execute(text("SELECT pg_advisory_lock(hashtext('aftercare migrations'))"))
        before = await revision_of(connection)
        if not leads_on_from(before):
            raise SchemaUnknown(revision=before)
        await connection.commit()
        await connection.run_sync(_run_migrations)
        await connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {APP_ROLE}"))
        await connection.execute(text(f"GRANT SELECT ON alembic_version TO {APP_ROLE}"))
        await connection.commit()
        after = await revision_of(connection)
        await connection.execute(text("SELECT pg_advisory_unlock(hashtext('aftercare migrations'))"))
    return before, after or ""


def _run_migrations(connection: Connection) -> None:
    # Alembic, here and below, is loaded where it is used: most starts have nothing to migrate.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


async def seed(house: House) -> None:
    """What every installation begins with; again it changes nothing."""
    async with begin(house, SYSTEM) as work:
        await seed_roles(work)
        await ensure_months(work, work.now, work.now + MONTHS_AHEAD)


async def install(settings: Settings, url: str) -> tuple[str | None, str]:
    """Schema and seeds; for `aftercare migrate` and the first start."""
    revisions = await upgrade(url)
    database = Database(url, pool_size=1)
    try:
        await seed(House(database, secret=settings.secret))
    finally:
        await database.close()
    return revisions


# The schema as text, and its comparison.


def schema_script() -> list[str]:
    """Every statement that makes the schema out of an empty database, in order and always the same."""
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    made: list[str] = []

    def ddl(element: CreateSequence | CreateTable | CreateIndex) -> None:
        made.append(
            "\n".join(line.rstrip() for line in str(element.compile(dialect=dialect)).strip().splitlines())
        )

    for sequence in sorted(Base.metadata._sequences.values(), key=lambda sequence: sequence.name):
        ddl(CreateSequence(sequence))
    for table in Base.metadata.sorted_tables:
        ddl(CreateTable(table))
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            ddl(CreateIndex(index))
    return [*PRELUDE, *made, queue_script(), *schema_statements(Base.metadata)]


def queue_script() -> str:
    """The tables of the job queue, as the installed pgqueuer wants them."""
    from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment

    return QueryBuilderEnvironment().build_install_query()


CATALOGUE = """
    SELECT 'column' AS kind, table_name || '.' || column_name AS name,
      concat_ws(' ', format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN 'not null' END,
        pg_get_expr(d.adbin, d.adrelid)) AS told
    FROM information_schema.columns c
    JOIN pg_attribute a ON a.attrelid = format('%I.%I', table_schema, table_name)::regclass AND a.attname = column_name
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE table_schema = 'public'
    UNION ALL SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid) FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
    UNION ALL SELECT 'policy', tablename || '.' || policyname,
      concat_ws(' ', permissive, roles::text, cmd, qual, with_check) FROM pg_policies WHERE schemaname = 'public'
    UNION ALL SELECT 'row-level security', relname, concat_ws(' ', relrowsecurity, relforcerowsecurity) FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
    UNION ALL SELECT 'table', relname, concat_ws(' ', relkind::text, pg_get_partkeydef(oid)) FROM pg_class
      WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'S', 'v', 'm')
    UNION ALL SELECT 'view', c.relname, concat_ws(' ', c.reloptions::text, pg_get_viewdef(c.oid)) FROM pg_class c
      WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'v'
    UNION ALL SELECT 'grant', relname || ' to ' || CASE WHEN a.grantee = 0 THEN 'public' ELSE a.grantee::regrole::text END,
      string_agg(a.privilege_type, ' ' ORDER BY a.privilege_type) FROM pg_class, aclexplode(relacl) a
      WHERE relnamespace = 'public'::regnamespace GROUP BY relname, a.grantee
    UNION ALL SELECT 'function', p.oid::regprocedure::text,
      pg_get_functiondef(p.oid) || coalesce(p.proacl::text, '') FROM pg_proc p
      WHERE p.pronamespace = 'public'::regnamespace AND p.prokind = 'f'
      AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION ALL SELECT 'trigger', tgrelid::regclass::text || '.' || tgname, pg_get_triggerdef(oid) FROM pg_trigger
      WHERE NOT tgisinternal
    UNION ALL SELECT 'type', t.typname, string_agg(e.enumlabel, ' ' ORDER BY e.enumsortorder)
      FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
    UNION ALL SELECT 'extension', extname, '' FROM pg_extension
"""


async def _catalogue(url: str) -> dict[tuple[str, str], str]:
    connection = await connect(url, as_app=False)
    try:
        rows = await connection.fetch(CATALOGUE)
    finally:
        await connection.close()
    return {
        (row["kind"], row["name"]): row["told"] or ""
        for row in rows
        if not row["name"].startswith("alembic_version")
    }


@asynccontextmanager
async def scratch_database(url: str) -> AsyncIterator[str]:
    """An empty database beside the one of `url`, gone afterwards. Needs the right to make databases."""
    name = f"aftercare_check_{uuid4().hex[:12]}"
    admin = await connect(url, as_app=False)
    try:
        await admin.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            await admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    finally:
        await admin.close()


async def lay(url: str) -> None:
    """The schema straight from the models, without migrations."""
    connection = await connect(url, as_app=False)
    try:
        await connection.execute(";\n".join(schema_script()))
    finally:
        await connection.close()


def _metadata_differences(connection: Connection) -> Iterable[str]:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    ischema_names.setdefault("xid8", Xid8)  # which SQLAlchemy would not recognise
    context = MigrationContext.configure(
        connection,
        opts={
            "include_name": lambda name, kind, _parents: (
                kind != "table" or not (name or "").startswith(NOT_MODELLED) or name in Base.metadata.tables
            )
        },
    )
    return [str(difference) for difference in compare_metadata(context, Base.metadata)]


async def migration_differences(url: str) -> list[str]:
    """Where a database that was migrated differs from what the models describe: tables, checks, policies, grants, functions.
    Works in scratch databases on the server of `url`."""
    async with scratch_database(url) as migrated, scratch_database(url) as laid:
        await upgrade(migrated)
        await lay(laid)
        async with _owner(migrated) as connection:
            differences = list(await connection.run_sync(_metadata_differences))
        have, want = await _catalogue(migrated), await _catalogue(laid)
    for kind, name in sorted(have.keys() | want.keys()):
        was, should = have.get((kind, name)), want.get((kind, name))
        if was is None:
            differences.append(f"{kind} {name} is missing in the migrations")
        elif should is None:
            differences.append(f"{kind} {name} is in no model")
        elif was != should:
            differences.append(f"{kind} {name} differs: migrations say {was!r}, models say {should!r}")
    return differences


async def security_gaps(url: str) -> list[str]:
    """Tables of shops that PostgreSQL does not separate, and rights that the application must not have. In a scratch
    database on the server of `url`."""
    async with scratch_database(url) as migrated:
        await upgrade(migrated)
        connection = await connect(migrated, as_app=False)
        try:
            separated = {
                row["relname"]
                for row in await connection.fetch(
                    "SELECT relname FROM pg_class c WHERE relrowsecurity AND EXISTS"
                    " (SELECT FROM pg_policy WHERE polrelid = c.oid)"
                )
            }
            owned = await connection.fetch(
                "SELECT relname FROM pg_class WHERE pg_get_userbyid(relowner) = $1", APP_ROLE
            )
            altered = await connection.fetch(
                "SELECT t AS relname, p FROM unnest(ARRAY['fact', 'fact_object', 'fact_rest']) t,"
                " unnest(ARRAY['UPDATE', 'DELETE', 'TRUNCATE']) p WHERE has_table_privilege($1, t, p)",
                APP_ROLE,
            )
        finally:
            await connection.close()
    return [
        *(
            f"{table.name} is not separated by shop"
            for table in shop_tables(Base.metadata)
            if table.name not in separated
        ),
        *(f"{APP_ROLE} owns {row['relname']}" for row in owned),
        *(f"{APP_ROLE} has {row['p']} on {row['relname']}" for row in altered),
    ]


async def months_gaps(url: str) -> list[str]:
    """The coming months for which a new installation's journal has no partition. In a scratch database on the server of
    `url`."""
    async with scratch_database(url) as fresh:
        await upgrade(fresh)
        database = Database(fresh, pool_size=1)
        try:
            house = House(database)
            await seed(house)
            async with begin(house, SYSTEM) as work:
                missing = await work.session.scalars(
                    text(
                        "SELECT to_char(m, 'YYYY-MM') FROM generate_series("
                        "date_trunc('month', CAST(:now AS timestamptz)), :last, interval '1 month') m"
                        " WHERE to_regclass('fact_' || to_char(m, 'YYYY_MM')) IS NULL"
                    ),
                    {"now": work.now, "last": work.now + MONTHS_AHEAD},
                )
                return [f"no partition for {month}" for month in missing]
        finally:
            await database.close()
