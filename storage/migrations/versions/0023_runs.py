"""Runs and their steps: work that outlives a request, and the locks that steps hold."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0023_runs"
down_revision = "0022_approvals_in_order"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def _at(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    op.create_table(
        "runs",
        _tenant(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'running'"), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("place", JSONB(), nullable=True),
        sa.Column("turn", sa.Text(), nullable=True),
        sa.Column("shown", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        _at("ended"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_runs"),
    )
    op.create_index("ix_runs_tenant_state", "runs", ["tenant", "state"])
    op.create_table(
        "run_steps",
        _tenant(),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("args", JSONB(), nullable=False),
        sa.Column("depends_on", JSONB(), nullable=False),
        sa.Column("locks", JSONB(), nullable=False),
        sa.Column("pool", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        _at("lease"),
        _at("wake"),
        sa.Column("cursor", JSONB(), nullable=True),
        sa.Column("result", JSONB(), nullable=True),
        sa.Column("effect", sa.Text(), nullable=True),
        sa.Column("blocked", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        _at("started"),
        _at("finished"),
        sa.PrimaryKeyConstraint("tenant", "run", "key", name="pk_run_steps"),
        sa.ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"], name="fk_run_steps_tenant_runs"),
    )
    op.create_index("ix_run_steps_tenant_state_lease", "run_steps", ["tenant", "state", "lease"])
    op.create_index("ix_run_steps_tenant_effect", "run_steps", ["tenant", "effect"])
    op.create_table(
        "step_locks",
        _tenant(),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", name="pk_step_locks"),
    )
    op.add_column("effects", sa.Column("run", sa.Text(), nullable=True))
    for table in ("runs", "run_steps", "step_locks"):
        protect(table)
