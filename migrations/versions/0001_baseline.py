"""The schema as of the first release: tables, row-level security, functions, grants, and the job queue's own tables."""

from pathlib import Path

from alembic import op

revision = "0001_1ad192f0"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    script = Path(__file__).with_name("0001_baseline.sql").read_text(encoding="utf-8")
    # Many statements at once: the driver's own `execute` takes them, SQLAlchemy's prepared statements do not.
    op.get_bind().connection.run_async(lambda connection: connection.execute(script))
