"""What people's words set going, to be corrected or taken back in words."""

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0018_acts"
down_revision = "0016_buttons_of"


def upgrade() -> None:
    op.create_table(
        "acts",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_back", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_acts"),
    )
    op.create_index("ix_acts_tenant_person_at", "acts", ["tenant", "person", "at"])
    protect("acts")
