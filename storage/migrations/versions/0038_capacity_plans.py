"""Capacity plans that are kept: what they foresaw, for how long they hold, and what was reserved by them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0038_capacity_plans"
down_revision = "0037_people_in_incidents"


def upgrade() -> None:
    empty = sa.text("'[]'")
    op.create_table(
        "capacity_plans",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replicas", sa.Integer(), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("begins", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step_seconds", sa.Integer(), nullable=False),
        sa.Column("expected", JSONB(), server_default=empty, nullable=False),
        sa.Column("low", JSONB(), server_default=empty, nullable=False),
        sa.Column("high", JSONB(), server_default=empty, nullable=False),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_capacity_plans"),
    )
    op.create_index(
        "ix_capacity_plans_tenant_service_created", "capacity_plans", ["tenant", "service", "created"]
    )
    protect("capacity_plans", "append")
    op.add_column("capacity_reservations", sa.Column("plan", sa.Text(), nullable=True))
