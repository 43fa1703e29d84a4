"""Bulk statements: rows travel as one JSON text, so that two rows and ten thousand go the same way in one statement each.

(COPY would be no quicker at these sizes, and PostgreSQL refuses it on tables with row-level security.)
"""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Table, text
from sqlalchemy.dialects import postgresql

from aftercare.journal import Work
from aftercare.kit.json import to_json
from aftercare.kit.tables import Base


def _table(model: type[Base]) -> Table:
    return Base.metadata.tables[model.__tablename__]


@cache
def _types(table: Table) -> dict[str, str]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return {
        column.name: "varchar" if hasattr(column.type, "enums") else column.type.compile(dialect)
        for column in table.columns
    }


def _recordset(table: Table, columns: Iterable[str]) -> str:
    types = _types(table)
    # A tsvector cannot be made from JSON; it travels as text.
    told = ", ".join(f'"{name}" {"text" if types[name] == "TSVECTOR" else types[name]}' for name in columns)
    return f"json_to_recordset(CAST(:rows AS json)) AS r({told})"


def _read(table: Table, column: str) -> str:
    return f'CAST(r."{column}" AS tsvector)' if _types(table)[column] == "TSVECTOR" else f'r."{column}"'


async def insert_rows(work: Work, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    table = _table(model)
    columns = list(rows[0])
    await work.session.execute(
        text(
            f"INSERT INTO {table.name} ({', '.join(columns)})"  # noqa: S608  # names of our own columns
            f" SELECT {', '.join(_read(table, name) for name in columns)} FROM {_recordset(table, columns)}"
        ),
        {"rows": to_json(rows)},
    )


async def update_rows(work: Work, model: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if not rows:
        return
    table = _table(model)
    columns = list(rows[0])
    told = ", ".join(f"{name} = {_read(table, name)}" for name in columns if name != "id")
    await work.session.execute(
        text(
            f"UPDATE {table.name} t SET {told} FROM {_recordset(table, columns)} WHERE t.id = r.id"  # noqa: S608
        ),
        {"rows": to_json(rows)},
    )


async def rows_by_key(
    work: Work, model: type[Base], keys: Sequence[dict[str, Any]], wanted: str
) -> dict[tuple[Any, ...], Any]:
    """Rows by their keys, locked."""
    if not keys:
        return {}
    table = _table(model)
    columns = list(keys[0])
    joined = " AND ".join(f"t.{name} = r.{name}" for name in columns)
    rows = await work.session.execute(
        text(
            f"SELECT {', '.join('t.' + name for name in columns)}, {wanted}"  # noqa: S608
            f" FROM {_recordset(table, columns)} JOIN {table.name} t ON {joined} FOR UPDATE OF t"
        ),
        {"rows": to_json(keys)},
    )
    return {tuple(row[: len(columns)]): row for row in rows}


async def whole_rows(work: Work, model: type[Base], column: str, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    if not ids:
        return []
    table = _table(model)
    chosen = table.select().where(table.c[column].in_(ids)).order_by(table.c.id)
    return [dict(row._mapping) for row in await work.session.execute(chosen)]
