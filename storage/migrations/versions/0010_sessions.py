"""The dashboard's sign-in: sessions, and sign-ins under way."""

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.migrations.row_security import protect

revision = "0010_sessions"
down_revision = "0009_digests"


def _tenant() -> sa.Column[str]:
    return sa.Column(
        "tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False
    )


def _time(name: str, default: str | None = None) -> sa.Column[datetime]:
    said = sa.text(default) if default else None
    return sa.Column(name, sa.DateTime(timezone=True), server_default=said, nullable=False)


def upgrade() -> None:
    op.create_table(
        "web_sessions",
        _tenant(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        _time("created", "now()"),
        _time("seen", "now()"),
        _time("expires"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_web_sessions"),
    )
    op.create_index("ix_web_sessions_tenant_person", "web_sessions", ["tenant", "person"])
    op.create_index("ix_web_sessions_tenant_expires", "web_sessions", ["tenant", "expires"])
    op.create_table(
        "web_sign_ins",
        _tenant(),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("kept", JSONB(), nullable=False),
        sa.Column("then", sa.Text(), nullable=False),
        _time("expires"),
        sa.PrimaryKeyConstraint("tenant", "id", name="pk_web_sign_ins"),
    )
    op.create_index("ix_web_sign_ins_tenant_expires", "web_sign_ins", ["tenant", "expires"])
    protect("web_sessions")
    protect("web_sign_ins")
