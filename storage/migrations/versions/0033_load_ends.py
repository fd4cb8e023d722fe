"""When a load test's generator was seen to send no more."""

import sqlalchemy as sa
from alembic import op

revision = "0033_load_ends"
down_revision = "0032_self_started_runs"


def upgrade() -> None:
    op.add_column("load_tests", sa.Column("stood", sa.DateTime(timezone=True), nullable=True))
