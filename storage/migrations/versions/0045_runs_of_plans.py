"""Which plan a run is done for, and for how long workers had its steps.

Of a story that agents write, which commit they made last, and since when it has a place among the open pull
requests of its repository.
"""

import sqlalchemy as sa
from alembic import op

revision = "0045_runs_of_plans"
down_revision = "0044_retention"


def upgrade() -> None:
    op.add_column("runs", sa.Column("plan", sa.Text(), nullable=True))
    op.create_index("ix_runs_tenant_plan", "runs", ["tenant", "plan"])
    op.add_column("run_steps", sa.Column("taken", sa.DateTime(timezone=True), nullable=True))
    op.add_column("run_steps", sa.Column("worked", sa.Double(), server_default=sa.text("0"), nullable=False))
    op.add_column("story_works", sa.Column("written", sa.Text(), nullable=True))
    op.add_column("story_works", sa.Column("opens", sa.DateTime(timezone=True), nullable=True))
