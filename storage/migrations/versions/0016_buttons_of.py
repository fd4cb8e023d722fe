"""Buttons are found by what they are about: a decided approval is brought up to date wherever it is shown."""

from alembic import op

revision = "0016_buttons_of"
down_revision = "0014_fetching"


def upgrade() -> None:
    op.create_index("ix_buttons_tenant_subject", "buttons", ["tenant", "subject"])
