"""The embedded calendar, what goes out by SMTP, and the meetings that people asked for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.app_role import APP_ROLE
from storage.migrations.row_security import protect

revision = "0049_meetings"
down_revision = "0048_agent_settings"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def upgrade() -> None:
    now = sa.text("now()")
    op.create_table(
        "calendar_events",
        _tenant(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("organiser", JSONB(), nullable=False),
        sa.Column("guests", JSONB(), nullable=False),
        sa.Column("addresses", ARRAY(sa.Text()), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("pre_read", JSONB(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("cancelled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_calendar_events"),
    )
    op.create_index("ix_calendar_events_tenant_starts", "calendar_events", ["tenant", "starts"])
    protect("calendar_events")
    op.create_table(
        "calendar_changes",
        _tenant(),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "grant_id", name="pk_calendar_changes"),
        sa.ForeignKeyConstraint(
            ["tenant", "event"],
            ["calendar_events.tenant", "calendar_events.id"],
            name="fk_calendar_changes_tenant_calendar_events",
        ),
    )
    op.create_index("ix_calendar_changes_tenant_event", "calendar_changes", ["tenant", "event"])
    protect("calendar_changes", "append")
    op.execute(f"GRANT DELETE ON calendar_changes TO {APP_ROLE}")
    op.create_table(
        "smtp_sends",
        _tenant(),
        sa.Column("grant_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "grant_id", name="pk_smtp_sends"),
    )
    op.create_index("ix_smtp_sends_tenant_at", "smtp_sends", ["tenant", "at"])
    protect("smtp_sends")
    op.create_table(
        "meetings",
        _tenant(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("organiser", sa.Text(), nullable=False),
        sa.Column("people", JSONB(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("pre_read", JSONB(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("run", sa.Text(), nullable=True),
        sa.Column("created", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_meetings"),
    )
    op.create_index("ix_meetings_tenant_starts", "meetings", ["tenant", "starts"])
    op.create_index("ix_meetings_tenant_run", "meetings", ["tenant", "run"])
    protect("meetings")
