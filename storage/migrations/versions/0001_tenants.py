"""Tenants: the companies whose rows everything else is."""

import sqlalchemy as sa
from alembic import op

from storage.app_role import APP_ROLE

revision = "0001_tenants"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "tenants",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_sample", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("created", sa.DateTime(timezone=True), nullable=False, server_default=sa.text("now()")),
    )
    op.execute(f"GRANT SELECT, INSERT ON tenants TO {APP_ROLE}")
