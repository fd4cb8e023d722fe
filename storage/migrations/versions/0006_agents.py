"""Agents: plans and their steps."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0006_agents"
down_revision = "0005_tracker"


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("changes", sa.Text(), nullable=True),
        sa.Column("draft", sa.Text(), nullable=True),
        sa.Column("previous", sa.Text(), nullable=True),
        sa.Column("original", sa.Text(), nullable=True),
        sa.Column("approval", sa.Text(), nullable=True),
        sa.Column("notifications", JSONB, nullable=False),
        sa.Column("epic", sa.Text(), nullable=True),
        sa.Column("budget_hours", sa.Double(), nullable=True),
        sa.Column("used_hours", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.Column("warned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("place", JSONB, nullable=True),
        sa.Column("thread", sa.Text(), nullable=True),
        sa.Column("turn", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("changed", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_plans"),
    )
    op.create_index("ix_plans_tenant_state", "plans", ["tenant", "state"])
    op.create_index("ix_plans_tenant_thread", "plans", ["tenant", "thread"])
    op.create_table(
        "plan_steps",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "plan"], ["plans.tenant", "plans.id"], name="fk_plan_steps_tenant_plan"
        ),
        sa.PrimaryKeyConstraint("tenant", "plan", "key", name="pk_plan_steps"),
    )
    for table in ("plans", "plan_steps"):
        protect(table)
