"""What retention deletes, found by its age; the right to delete what a canary was judged by; what a rota that
is kept elsewhere said last."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.app_role import APP_ROLE
from storage.migrations.row_security import protect

revision = "0044_retention"
down_revision = "0043_story_works"


def upgrade() -> None:
    op.execute(f"GRANT DELETE ON canary_ticks TO {APP_ROLE}")
    op.create_index("ix_canary_ticks_tenant_at", "canary_ticks", ["tenant", "at"])
    op.create_index("ix_alerts_tenant_why_received", "alerts", ["tenant", "why", "received"])
    op.create_index("ix_incident_alerts_tenant_alert", "incident_alerts", ["tenant", "alert"])
    op.create_index("ix_announced_tests_tenant_ends", "announced_tests", ["tenant", "ends"])
    op.create_index("ix_files_tenant_name_created", "files", ["tenant", "name", "created"])
    op.create_index(
        "ix_load_tests_with_seconds",
        "load_tests",
        ["tenant", "created"],
        postgresql_where=sa.text("seconds <> '[]'::jsonb"),
    )
    op.create_table(
        "rotas",
        sa.Column("tenant", sa.Text(), server_default=sa.text("current_setting('app.tenant')"), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("asked", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shifts", JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "source", name="pk_rotas"),
    )
    protect("rotas")
