"""How agents are set."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0048_agent_settings"
down_revision = "0047_story_releases"


def upgrade() -> None:
    op.create_table(
        "agent_settings",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("body", JSONB(), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.Text(), nullable=False),
        sa.Column("paused_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_by", sa.Text(), nullable=True),
        sa.Column("narrowed_by", sa.Text(), nullable=True),
        sa.Column("narrowed_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "agent", name="pk_agent_settings"),
    )
    protect("agent_settings")
