"""Metrics of the embedded platform: the replicas that are scraped, and what they said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0028_metrics"
down_revision = "0027_added_in_chat"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "metric_targets",
        _tenant(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("series", JSONB(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_metric_targets"),
    )
    op.create_table(
        "metric_scrapes",
        _tenant(),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("samples", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "target", "at", name="pk_metric_scrapes"),
        sa.ForeignKeyConstraint(
            ["tenant", "target"],
            ["metric_targets.tenant", "metric_targets.id"],
            name="fk_metric_scrapes_tenant_target",
        ),
    )
    op.create_index("ix_metric_scrapes_tenant_at", "metric_scrapes", ["tenant", "at"])
    for table in ("metric_targets", "metric_scrapes"):
        protect(table)
