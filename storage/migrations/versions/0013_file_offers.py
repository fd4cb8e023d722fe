"""Files offered in Teams' personal chats."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0013_file_offers"
down_revision = "0012_replanning"


def upgrade() -> None:
    op.create_table(
        "teams_file_offers",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'new'"), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("upload", JSONB(), nullable=True),
        sa.Column("made", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("answered", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_teams_file_offers"),
        sa.UniqueConstraint(
            "tenant", "conversation", "file", name="uq_teams_file_offers_tenant_conversation_file"
        ),
    )
    protect("teams_file_offers")
