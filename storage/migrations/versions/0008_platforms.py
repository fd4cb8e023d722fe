"""Chat platforms: their people, channels, threads and files; Slack's installations, Teams' conversations."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op

from storage.migrations.row_security import protect

revision = "0008_platforms"
down_revision = "0007_jobs"


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


def upgrade() -> None:
    op.add_column("outbox", sa.Column("attempted", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "platform_users",
        _tenant(),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        _time("checked"),
        sa.PrimaryKeyConstraint("tenant", "identity", name="pk_platform_users"),
    )
    op.create_table(
        "platform_channels",
        _tenant(),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        _time("checked"),
        sa.PrimaryKeyConstraint("tenant", "platform", "channel", name="pk_platform_channels"),
    )
    op.create_table(
        "platform_threads",
        _tenant(),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "platform", "channel", "thread", name="pk_platform_threads"),
        sa.UniqueConstraint(
            "tenant",
            "platform",
            "channel",
            "message",
            name="uq_platform_threads_tenant_platform_channel_message",
        ),
    )
    op.create_table(
        "platform_files",
        _tenant(),
        sa.Column("platform", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("uploaded", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "platform", "account", "file", name="pk_platform_files"),
    )
    op.create_table(
        "slack_installations",
        _tenant(),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("enterprise", sa.Text(), nullable=True),
        sa.Column("org_wide", sa.Boolean(), nullable=False),
        sa.Column("bot_user", sa.Text(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        _time("installed"),
        _time("removed", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "account", name="pk_slack_installations"),
    )
    op.create_table(
        "slack_oauth_states",
        _tenant(),
        sa.Column("state", sa.Text(), nullable=False),
        _time("expires", nullable=True),
        sa.PrimaryKeyConstraint("tenant", "state", name="pk_slack_oauth_states"),
    )
    op.create_table(
        "teams_conversations",
        _tenant(),
        sa.Column("conversation", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("service_url", sa.Text(), nullable=False),
        sa.Column("entra_tenant", sa.Text(), nullable=False),
        sa.Column("bot", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=True),
        sa.Column("team", sa.Text(), nullable=True),
        _time("seen"),
        sa.PrimaryKeyConstraint("tenant", "conversation", name="pk_teams_conversations"),
    )
    op.create_index("ix_teams_conversations_tenant_identity", "teams_conversations", ["tenant", "identity"])
    for table in (
        "platform_users",
        "platform_channels",
        "platform_threads",
        "platform_files",
        "slack_installations",
        "slack_oauth_states",
        "teams_conversations",
    ):
        protect(table)
