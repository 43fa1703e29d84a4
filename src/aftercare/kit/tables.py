"""Tables: one declarative base, the column types that the house agrees on, and row-level security made from the models.

Every table with a `shop_id` is separated by PostgreSQL itself: the shops that an actor may see are set per transaction
(`aftercare.shops`), and a forgotten WHERE does not leak. The application connects under `APP_ROLE`, which owns nothing.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Enum, MetaData, String, Table, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.types import UserDefinedType

from aftercare.kit.server import APP_ROLE as APP_ROLE

NAMES = {
    "ix": "%(table_name)s_%(column_0_N_name)s_idx",
    "uq": "%(table_name)s_%(column_0_N_name)s_key",
    "ck": "%(constraint_name)s",
    "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    "pk": "%(table_name)s_pkey",
}


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        str: String(),
        dict[str, Any]: JSONB(),
        list[str]: JSONB(),
        list[dict[str, Any]]: JSONB(),
    }


Cents = Annotated[int, mapped_column(BigInteger)]
"""Money in minor units of the `currency` beside it."""


def status_type(choices: type[StrEnum], sentence: str) -> Enum:
    """A text column whose CHECK allows just the members of `choices`; `sentence` names the constraint."""
    return Enum(
        choices,
        name=sentence,
        native_enum=False,
        create_constraint=True,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


# Statements that a context needs beside its tables (partitions, functions, revokes), in order of registration.
_extras: list[str] = []


def schema_extra(statement: str) -> None:
    """Registers one SQL statement that `schema_statements` issues after the tables exist."""
    _extras.append(statement)


SHOPS_FUNCTIONS = [
    """
    CREATE OR REPLACE FUNCTION aftercare_all_shops() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT coalesce(current_setting('aftercare.shops', true), '') = '*' $$
    """,
    """
    CREATE OR REPLACE FUNCTION aftercare_shops() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT CASE WHEN coalesce(current_setting('aftercare.shops', true), '') IN ('', '*') THEN '{}'::uuid[]
                 ELSE string_to_array(current_setting('aftercare.shops', true), ',')::uuid[] END $$
    """,
]


def shop_tables(metadata: MetaData) -> list[Table]:
    """The tables that a shop owns rows of: all that have a `shop_id`."""
    return [table for table in metadata.sorted_tables if "shop_id" in table.columns]


def security_statements(table: Table) -> list[str]:
    """Row-level security of one table. The sub-selects make PostgreSQL look the setting up once per statement, not per row."""
    seen = "(SELECT aftercare_all_shops()) OR shop_id = ANY ((SELECT aftercare_shops())::uuid[])"
    written = f"shop_id IS NULL OR {seen}" if table.columns["shop_id"].nullable else seen
    return [
        f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY",
        f"CREATE POLICY {table.name}_of_own_shops ON {table.name} USING ({seen}) WITH CHECK ({written})",
    ]


def schema_statements(metadata: MetaData) -> list[str]:
    """All that the database needs beyond the tables themselves, in the order in which it must be issued."""
    statements = [statement for table in shop_tables(metadata) for statement in security_statements(table)]
    statements += [
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE}",
        f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}",
    ]
    return statements + _extras


ROLE_STATEMENT = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP_ROLE}') THEN CREATE ROLE {APP_ROLE} NOLOGIN; END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$
"""

PRELUDE = [
    ROLE_STATEMENT,
    f"GRANT {APP_ROLE} TO CURRENT_USER",
    "CREATE EXTENSION IF NOT EXISTS btree_gin",
    "CREATE EXTENSION IF NOT EXISTS pg_trgm",
    *SHOPS_FUNCTIONS,
]
"""Issued before the tables are made."""
