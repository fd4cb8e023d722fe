"""What people were shown of causes of delay."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0052_delay_reports"
down_revision = "0051_roadmaps"


def upgrade() -> None:
    op.create_table(
        "delay_reports",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("wanted", JSONB(), nullable=False),
        sa.Column("remedies", JSONB(), nullable=False),
        sa.Column("made", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_delay_reports"),
    )
    op.create_index("ix_delay_reports_tenant_thread_made", "delay_reports", ["tenant", "thread", "made"])
    protect("delay_reports")
