"""Who declared an incident and does what in it, where it was declared, and what it cost its users.

Timelines name people by their ids, so that somebody who left can be forgotten.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0037_people_in_incidents"
down_revision = "0033_load_ends"

_BY_ID = """
    UPDATE incident_events SET detail = detail - 'who' || jsonb_build_object('by', people.id)
    FROM people
    WHERE people.tenant = incident_events.tenant AND incident_events.kind IN ('acknowledged', 'resolved')
      AND people.name = coalesce(detail ->> 'who', detail ->> 'by')
"""


def upgrade() -> None:
    for name in ("declared_by", "commander", "communications", "scribe"):
        op.add_column("incidents", sa.Column(name, sa.Text(), nullable=True))
    for name in ("updated", "reminded"):
        op.add_column("incidents", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    for name in ("place", "impact"):
        op.add_column("incidents", sa.Column(name, JSONB(), nullable=True))
    op.execute(_BY_ID)
