"""What became of merged stories: their releases, and what takes one back."""

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0047_story_releases"
down_revision = "0046_suite_runs"


def upgrade() -> None:
    op.add_column("story_works", sa.Column("takes_back", sa.Text(), nullable=True))
    op.create_index("ix_story_works_takes_back", "story_works", ["tenant", "takes_back"])
    op.create_index(
        "ix_story_works_tenant_takes_back",
        "story_works",
        ["tenant", "takes_back"],
        unique=True,
        postgresql_where=sa.text("takes_back IS NOT NULL AND merged IS NOT NULL"),
    )
    op.create_table(
        "story_releases",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("run", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=True),
        sa.Column("version", sa.Text(), nullable=True),
        sa.Column("digest", sa.Text(), nullable=True),
        sa.Column("says", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("staged", sa.DateTime(timezone=True), nullable=True),
        sa.Column("produced", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "run", name="pk_story_releases"),
        sa.ForeignKeyConstraint(
            ["tenant", "run"],
            ["story_works.tenant", "story_works.run"],
            name="fk_story_releases_tenant_story_works",
        ),
    )
    protect("story_releases")
