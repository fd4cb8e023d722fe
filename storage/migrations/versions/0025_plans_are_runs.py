"""Plans are carried out by runs: the steps of their own go."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0025_plans_are_runs"
down_revision = "0024_runs_shown"


def upgrade() -> None:
    op.drop_table("plan_steps")
    op.add_column("plans", sa.Column("run", sa.Text(), nullable=True))
    op.add_column("plans", sa.Column("blocked", JSONB(), server_default=sa.text("'[]'"), nullable=False))
