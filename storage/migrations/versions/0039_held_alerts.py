"""Since when an alert is held by a test of ours, and for how long a test may hold one."""

import sqlalchemy as sa
from alembic import op

revision = "0039_held_alerts"
down_revision = "0038_capacity_plans"


def upgrade() -> None:
    op.add_column("alerts", sa.Column("held", sa.DateTime(timezone=True), nullable=True))
    op.add_column("announced_tests", sa.Column("holds_seconds", sa.Integer(), nullable=True))
