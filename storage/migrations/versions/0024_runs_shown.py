"""When a run's card was shown and is looked at again; an index of the steps that wait for a place or a lock."""

import sqlalchemy as sa
from alembic import op

revision = "0024_runs_shown"
down_revision = "0023_runs"


def upgrade() -> None:
    op.add_column("runs", sa.Column("shown_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("runs", sa.Column("look_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_run_steps_blocked",
        "run_steps",
        ["tenant", "pool", "run"],
        postgresql_where=sa.text("state = 'waiting' AND blocked IS NOT NULL"),
    )
