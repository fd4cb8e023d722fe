"""Canaries, and what their judge judged by."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0030_canaries"
down_revision = "0029_alerts"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "canaries",
        _tenant(),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("action", JSONB(), nullable=False),
        sa.Column("passed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("tick", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", JSONB(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "run", name="pk_canaries"),
        sa.ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"], name="fk_canaries_tenant_runs"),
    )
    op.create_table(
        "canary_ticks",
        _tenant(),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("stable", JSONB(), nullable=False),
        sa.Column("canary", JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "run", "number", name="pk_canary_ticks"),
        sa.ForeignKeyConstraint(
            ["tenant", "run"], ["canaries.tenant", "canaries.run"], name="fk_canary_ticks_tenant_canaries"
        ),
    )
    protect("canaries")
    protect("canary_ticks", "append")
