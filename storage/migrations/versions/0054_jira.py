"""Jira: what each effect there is found by, and what a tracker tells by itself."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

from storage.migrations.row_security import protect

revision = "0054_jira"
down_revision = "0053_customers_told"

_MOMENT = sa.DateTime(timezone=True)


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "jira_effects",
        _tenant(),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("touches", ARRAY(sa.Text()), nullable=False),
        sa.Column("items", ARRAY(sa.Text()), nullable=False),
        sa.Column("began", _MOMENT, nullable=False),
        sa.Column("is_done", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "grant_id", name="pk_jira_effects"),
    )
    op.create_index("ix_jira_effects_tenant_began", "jira_effects", ["tenant", "began"])
    protect("jira_effects")
    op.create_table(
        "tracker_events",
        _tenant(),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("delivery", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=True),
        sa.Column("item", sa.Text(), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "source", "delivery", name="pk_tracker_events"),
    )
    op.create_index(
        "ix_tracker_events_tenant_source_digest", "tracker_events", ["tenant", "source", "digest"], unique=True
    )
    op.create_index("ix_tracker_events_tenant_at", "tracker_events", ["tenant", "at"])
    protect("tracker_events")
