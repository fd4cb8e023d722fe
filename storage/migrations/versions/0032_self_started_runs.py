"""Runs that nobody asked for: what the monitoring starts by itself."""

from alembic import op

revision = "0032_self_started_runs"
down_revision = "0031_load_tests"


def upgrade() -> None:
    op.alter_column("runs", "requester", nullable=True)
