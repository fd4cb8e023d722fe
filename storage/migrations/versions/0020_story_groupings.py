"""What people say of which statements of a document are one story, kept for when it is read again."""

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0020_story_groupings"
down_revision = "0019_reading_corrections"


def upgrade() -> None:
    op.create_table(
        "story_groupings",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("cut", sa.Boolean(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "document", "statement", name="pk_story_groupings"),
    )
    protect("story_groupings")
