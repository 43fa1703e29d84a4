"""Alembic's entry. `aftercare migrate` hands a connection in; the models come from the house."""

from alembic import context
from sqlalchemy import Connection

import aftercare.house  # noqa: F401  # registers every table
from aftercare.kit.tables import Base


def run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=Base.metadata, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()


run(context.config.attributes["connection"])
