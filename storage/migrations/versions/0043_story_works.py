"""Stories that agents write: the work, the engineer's moves, and the verdicts on what merging would come to."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0043_story_works"
down_revision = "0041_github"


def upgrade() -> None:
    now = sa.text("now()")
    op.create_table(
        "story_works",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("story", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("discipline", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("brief", JSONB(), nullable=False),
        sa.Column("base_branch", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("branch", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("verdict", JSONB(), nullable=True),
        sa.Column("pull_request", sa.Integer(), nullable=True),
        sa.Column("merged", sa.Text(), nullable=True),
        sa.Column("blocked", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "run", name="pk_story_works"),
        sa.ForeignKeyConstraint(
            ["tenant", "run"], ["runs.tenant", "runs.id"], name="fk_story_works_tenant_runs"
        ),
    )
    op.create_index("ix_story_works_tenant_story", "story_works", ["tenant", "story"])
    op.create_index(
        "ix_story_works_tenant_repository_pull_request", "story_works", ["tenant", "repository", "pull_request"]
    )
    protect("story_works")
    op.create_table(
        "engineering_moves",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("tool", sa.Text(), nullable=False),
        sa.Column("arguments", JSONB(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("edit", JSONB(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("output_tokens", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cost", sa.Numeric(12, 6), server_default=sa.text("0"), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "run", "number", name="pk_engineering_moves"),
        sa.ForeignKeyConstraint(
            ["tenant", "run"],
            ["story_works.tenant", "story_works.run"],
            name="fk_engineering_moves_tenant_story_works",
        ),
    )
    protect("engineering_moves", "append")
    op.create_table(
        "merge_verdicts",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("head", sa.Text(), nullable=False),
        sa.Column("verdict", JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "repository", "base", "head", name="pk_merge_verdicts"),
    )
    protect("merge_verdicts")
