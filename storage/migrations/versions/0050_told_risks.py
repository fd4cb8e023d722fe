"""What was told to be at risk, with its likelihood, and what came of it."""

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0050_told_risks"
down_revision = "0049_meetings"


def upgrade() -> None:
    op.create_table(
        "told_risks",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("told", sa.Date(), nullable=False),
        sa.Column("epic", sa.Text(), nullable=False),
        sa.Column("likelihood", sa.Double(), nullable=False),
        sa.Column("came_true", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "item", "due", "told", name="pk_told_risks"),
    )
    op.create_index(
        "ix_told_risks_unjudged",
        "told_risks",
        ["tenant", "due"],
        postgresql_where=sa.text("came_true IS NULL"),
    )
    protect("told_risks")
