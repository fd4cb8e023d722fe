"""GitHub: what each effect there is found by, and what a code host tells by itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0041_github"
down_revision = "0040_code_host"

_MOMENT = sa.DateTime(timezone=True)


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "github_effects",
        _tenant(),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("marks", JSONB(), nullable=False),
        sa.Column("content", sa.Integer(), nullable=False),
        sa.Column("began", _MOMENT, nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.Column("says", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "grant_id", name="pk_github_effects"),
    )
    op.create_index("ix_github_effects_tenant_began", "github_effects", ["tenant", "began"])
    protect("github_effects")
    op.create_table(
        "code_events",
        _tenant(),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("repository", sa.Text(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("branch", sa.Text(), nullable=True),
        sa.Column("sha", sa.Text(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "source", "delivery", name="pk_code_events"),
    )
    op.create_index(
        "ix_code_events_tenant_source_digest", "code_events", ["tenant", "source", "digest"], unique=True
    )
    op.create_index("ix_code_events_tenant_at", "code_events", ["tenant", "at"])
    protect("code_events")
