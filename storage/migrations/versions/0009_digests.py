"""Digests: who gets which summary where and when, quiet hours, what was told; and subscriptions."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0009_digests"
down_revision = "0008_platforms"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(
        name,
        sa.DateTime(timezone=True),
        server_default=None if nullable else sa.text("now()"),
        nullable=nullable,
    )


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def upgrade() -> None:
    op.add_column("notices", sa.Column("platforms", JSONB, server_default=sa.text("'[]'"), nullable=False))
    op.add_column("notices", _time("held_until", nullable=True))
    op.create_index("ix_notices_tenant_held_until", "notices", ["tenant", "held_until"])
    op.create_table(
        "digest_settings",
        _tenant(),
        _text("recipient"),
        _text("kind"),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("days", JSONB, nullable=False),
        _text("time_zone", nullable=True),
        sa.Column("platforms", JSONB, nullable=False),
        _time("paused_until", nullable=True),
        _text("channel", nullable=True),
        _text("set_by"),
        _time("changed"),
        sa.PrimaryKeyConstraint("tenant", "recipient", "kind", name="pk_digest_settings"),
    )
    op.create_table(
        "digest_changes",
        _tenant(),
        _text("id"),
        _text("recipient"),
        _text("made_by"),
        sa.Column("before", JSONB, nullable=False),
        _time("made"),
        _time("undone", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_digest_changes"),
    )
    op.create_index(
        "ix_digest_changes_tenant_recipient_made", "digest_changes", ["tenant", "recipient", "made"]
    )
    op.create_table(
        "quiet_hours",
        _tenant(),
        _text("person"),
        sa.Column("starts", sa.Time(), nullable=False),
        sa.Column("ends", sa.Time(), nullable=False),
        _text("time_zone", nullable=True),
        sa.Column("blockers_pierce", sa.Boolean(), nullable=False),
        _time("changed"),
        sa.PrimaryKeyConstraint("tenant", "person", name="pk_quiet_hours"),
    )
    op.create_table(
        "told_blockers",
        _tenant(),
        _text("subject"),
        _time("found"),
        sa.PrimaryKeyConstraint("tenant", "subject", name="pk_told_blockers"),
    )
    op.create_table(
        "looked_through",
        _tenant(),
        _text("name"),
        _time("until"),
        sa.PrimaryKeyConstraint("tenant", "name", name="pk_looked_through"),
    )
    op.create_table(
        "subscriptions",
        _tenant(),
        _text("id"),
        _text("person"),
        _text("kind"),
        _text("subject"),
        _text("name"),
        _text("event"),
        sa.Column("each_time", sa.Boolean(), nullable=False),
        sa.Column("seen", JSONB, nullable=False),
        _time("made"),
        _time("fired", nullable=True),
        _time("ended", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_subscriptions"),
    )
    op.create_index("ix_subscriptions_tenant_ended", "subscriptions", ["tenant", "ended"])
    op.create_index("ix_subscriptions_tenant_person", "subscriptions", ["tenant", "person"])
    for table in (
        "digest_settings",
        "digest_changes",
        "quiet_hours",
        "told_blockers",
        "looked_through",
        "subscriptions",
    ):
        protect(table)
