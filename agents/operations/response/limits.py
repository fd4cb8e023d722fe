"""What answers an open incident: the fact `in_incident` of the authority matrix."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from governance.standing import WindowMode
from governance.tables import WindowRow
from integrations.deployments import Target


async def in_incident(target: Target, tx: AsyncSession) -> bool:
    """Whether an incident stands at this target, or one whose computed cause this service is, or that it is
    part of the remedy of; or one was declared by a window."""
    window = select(WindowRow.id).where(
        WindowRow.mode == WindowMode.INCIDENT.value, WindowRow.starts <= func.now(), WindowRow.ends > func.now()
    )
    if (await tx.execute(window.limit(1))).first() is not None:
        return True
    of_cause = select(IncidentEventRow.incident).where(
        IncidentEventRow.kind.in_(("cause", "remedy")),
        IncidentEventRow.detail["service"].astext == target.service,
    )
    incident = select(IncidentRow.id).where(
        IncidentRow.state != "resolved",
        IncidentRow.stage == target.stage.value,
        or_(IncidentRow.service == target.service, IncidentRow.id.in_(of_cause)),
    )
    return (await tx.execute(incident.limit(1))).first() is not None
