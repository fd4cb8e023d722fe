"""Approvals that were opened in one transaction stand in the order in which they were asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0022_approvals_in_order"
down_revision = "0021_document_sources"


def upgrade() -> None:
    op.add_column("approvals", sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False))
