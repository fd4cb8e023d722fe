"""What people say that a document's statements are, kept for when it is read again."""

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0019_reading_corrections"
down_revision = "0018_acts"


def upgrade() -> None:
    op.create_table(
        "reading_corrections",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("sense", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "document", "statement", name="pk_reading_corrections"),
    )
    protect("reading_corrections")
