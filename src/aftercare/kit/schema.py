"""Lays the schema that the models describe into an empty database; what migrations must arrive at as well."""

from sqlalchemy import MetaData
from sqlalchemy.ext.asyncio import AsyncConnection

from aftercare.kit.tables import PRELUDE, schema_statements


async def lay_schema(connection: AsyncConnection, metadata: MetaData) -> None:
    """Needs the rights of the database's owner."""
    for statement in PRELUDE:
        await connection.exec_driver_sql(statement)
    await connection.run_sync(metadata.create_all)
    for statement in schema_statements(metadata):
        await connection.exec_driver_sql(statement)
