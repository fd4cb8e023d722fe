"""Which incidents a story may follow from."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import IncidentRow
from governance.standing import WindowMode
from governance.tables import WindowRow

REVIEWED_WITHIN = timedelta(days=14)
"""After its end an incident is looked back at for so long; later stories are ordinary ones."""


async def is_linkable(incident: str, tx: AsyncSession) -> bool:
    """Whether this incident, or window of one, goes on or ended lately."""
    window = select(WindowRow.id).where(
        WindowRow.id == incident,
        WindowRow.mode == WindowMode.INCIDENT.value,
        WindowRow.starts <= func.now(),
        WindowRow.ends > func.now(),
    )
    lately = or_(IncidentRow.resolved.is_(None), IncidentRow.resolved > func.now() - REVIEWED_WITHIN)
    row = select(IncidentRow.id).where(IncidentRow.id == incident, lately)
    return (await tx.execute(window.union(row).limit(1))).first() is not None
