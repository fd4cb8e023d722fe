"""Load tests: what was ruled on, seen and shown; and reservations of capacity."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0031_load_tests"
down_revision = "0030_canaries"


def upgrade() -> None:
    op.create_table(
        "load_tests",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("replicas", sa.Integer(), nullable=False),
        sa.Column("action", JSONB(), nullable=False),
        sa.Column("announced", sa.Text(), nullable=False),
        sa.Column("seconds", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=True),
        sa.Column("result", JSONB(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "run", name="pk_load_tests"),
        sa.ForeignKeyConstraint(
            ["tenant", "run"], ["runs.tenant", "runs.id"], name="fk_load_tests_tenant_runs"
        ),
    )
    op.create_index("ix_load_tests_tenant_service_created", "load_tests", ["tenant", "service", "created"])
    protect("load_tests")
    op.create_table(
        "capacity_reservations",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("hours", sa.Integer(), nullable=False),
        sa.Column("price", sa.Numeric(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("priced", sa.Text(), nullable=False),
        sa.Column("load_test", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_capacity_reservations"),
    )
    protect("capacity_reservations", "append")
