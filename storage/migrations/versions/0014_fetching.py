"""Fetching a job from a long queue takes no longer than from a short one.

Procrastinate asks, for each job that waits, whether another holds its lock, with no index that begins with
the lock; and having no figures about a table that is mostly empty, the planner sorts all that waits instead
of taking the first of the index that has their order. With 550 jobs waiting one fetch read 8,368 pages.
"""

from alembic import op

revision = "0014_fetching"
down_revision = "0013_file_offers"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX countersign_jobs_lock ON procrastinate_jobs (lock) WHERE status IN ('todo', 'doing')"
    )
    for setting in ("enable_sort", "enable_bitmapscan"):
        op.execute(f"ALTER FUNCTION procrastinate_fetch_job_v2(varchar[], bigint) SET {setting} = off")
