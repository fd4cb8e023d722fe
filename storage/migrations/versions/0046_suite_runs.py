"""What suites ran of the product; what a model was used for, and at what price."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.app_role import APP_ROLE
from storage.migrations.row_security import protect

revision = "0046_suite_runs"
down_revision = "0045_runs_of_plans"

_TENANT = sa.text("current_setting('app.tenant')")


def upgrade() -> None:
    op.create_table(
        "suite_runs",
        sa.Column("tenant", sa.Text(), server_default=_TENANT, nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("tree", sa.Text(), nullable=False),
        sa.Column("passed", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("covered", sa.Integer(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("files", JSONB(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "repository", "tree", name="pk_suite_runs"),
    )
    op.create_index(
        "ix_suite_runs_with_files",
        "suite_runs",
        ["tenant", "at"],
        postgresql_where=sa.text("files IS NOT NULL"),
    )
    op.create_index("ix_suite_runs_tenant_repository_at", "suite_runs", ["tenant", "repository", "at"])
    protect("suite_runs")
    op.create_table(
        "model_uses",
        sa.Column("tenant", sa.Text(), server_default=_TENANT, nullable=False),
        sa.Column("number", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=False),
        sa.Column("output_tokens", sa.Integer(), nullable=False),
        sa.Column("cost", sa.Numeric(12, 6), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name="pk_model_uses"),
        sa.ForeignKeyConstraint(
            ["tenant", "run"], ["runs.tenant", "runs.id"], name="fk_model_uses_tenant_runs"
        ),
    )
    op.create_index("ix_model_uses_tenant_run", "model_uses", ["tenant", "run"])
    op.create_index("ix_model_uses_tenant_at", "model_uses", ["tenant", "at"])
    op.create_index("ix_model_uses_tenant_role_at", "model_uses", ["tenant", "role", "at"])
    op.create_index("ix_model_uses_tenant_role_subject", "model_uses", ["tenant", "role", "subject"])
    protect("model_uses", "append")
    op.execute(f"GRANT DELETE ON model_uses TO {APP_ROLE}")
