"""A plan under way that is worked out anew: its new draft waits here for its approval."""

import sqlalchemy as sa
from alembic import op

revision = "0012_replanning"
down_revision = "0011_log_names"


def upgrade() -> None:
    op.add_column("plans", sa.Column("replanned", sa.Text(), nullable=True))
