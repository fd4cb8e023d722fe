"""Teams and products that are added in chat are kept beside the department's file."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0027_added_in_chat"
down_revision = "0026_tracker_words"


def upgrade() -> None:
    op.add_column("departments", sa.Column("added", JSONB(), server_default=sa.text("'{}'"), nullable=False))
