"""What answers an open incident: the fact `in_incident` of the authority matrix."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from governance.people import Actor
from governance.standing import WindowMode
from governance.tables import OverrideRow, WindowRow
from integrations.deployments import Target

FRESH = timedelta(minutes=10)
"""For so long the response stands by a remedy that it has worked out."""


async def in_incident(target: Target, actor: Actor, tx: AsyncSession) -> bool:
    """Whether an incident stands at this target, or one whose computed cause this service is, or that it is
    part of the remedy of; or one was declared by a window.

    For what the response does by itself none of that is enough: it must have worked this remedy out just now,
    and nothing may have held it up since. What is carried out late was worked out from figures of another time,
    and people are asked.
    """
    if actor.kind == "agent" and actor.requester is None and actor.identity is None:
        return (await tx.execute(_fresh_remedy(target).limit(1))).first() is not None
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


def _fresh_remedy(target: Target) -> Select[str]:
    held_up = select(OverrideRow.id).where(
        OverrideRow.kind.in_(("halt", "freeze")), OverrideRow.ended > IncidentEventRow.at
    )
    return (
        select(IncidentEventRow.incident)
        .join(
            IncidentRow,
            (IncidentRow.tenant == IncidentEventRow.tenant) & (IncidentRow.id == IncidentEventRow.incident),
        )
        .where(
            IncidentRow.state != "resolved",
            IncidentRow.stage == target.stage.value,
            IncidentEventRow.kind == "remedy",
            IncidentEventRow.detail["service"].astext == target.service,
            IncidentEventRow.at > func.clock_timestamp() - FRESH,
            ~held_up.exists(),
        )
    )
