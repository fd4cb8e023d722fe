"""Procrastinate's own schema, and the rights that deferring and working need."""

from alembic import op
from procrastinate.schema import SchemaManager

from storage.app_role import APP_ROLE

revision = "0007_jobs"
down_revision = "0006_agents"

_TABLES = "procrastinate_jobs, procrastinate_events, procrastinate_workers, procrastinate_periodic_defers"


def upgrade() -> None:
    # The driver reads % as a placeholder; Procrastinate's own text doubles none of them.
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {_TABLES} TO {APP_ROLE}")
    op.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE}")
