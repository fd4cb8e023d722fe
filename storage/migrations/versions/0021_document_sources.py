"""The texts that plans were worked out from, for what was read to be shown beside them."""

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0021_document_sources"
down_revision = "0020_story_groupings"


def upgrade() -> None:
    op.create_table(
        "document_sources",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "digest", name="pk_document_sources"),
    )
    protect("document_sources", "append")
