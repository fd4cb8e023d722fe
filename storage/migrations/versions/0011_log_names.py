"""What the audit log calls people: a name that says nothing, and can be taken away from them."""

import sqlalchemy as sa
from alembic import op

revision = "0011_log_names"
down_revision = "0010_sessions"


def upgrade() -> None:
    # Worked out for each row, so whoever is there already gets a name of their own.
    fresh = "('pn_'::text || substr(replace((gen_random_uuid())::text, '-'::text, ''::text), 1, 20))"
    op.add_column("people", sa.Column("log_name", sa.Text(), server_default=sa.text(fresh), nullable=False))
    op.create_unique_constraint("uq_people_tenant_log_name", "people", ["tenant", "log_name"])
