"""Which addresses a mail server did not take, kept beside that it took the message."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0055_smtp_refused"
down_revision = "0054_jira"


def upgrade() -> None:
    none = sa.text("'[]'::jsonb")
    op.add_column("smtp_sends", sa.Column("refused", JSONB(), server_default=none, nullable=False))
