"""Incidents, their alerts and timelines, as they are read and written on; and the lock of whoever changes
one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_opening import Reason
from agents.operations.incident_tables import AlertRow, IncidentAlertRow, IncidentEventRow, IncidentRow
from storage.database import locked, tenant_of

MOST_UNKNOWN = 20
"""Services that the catalogue does not have, of one day, that are named."""


class NoSuchIncident(LookupError):
    """No incident has this id."""


async def lock_incidents(tx: AsyncSession) -> None:
    """Until `tx` ends nobody else opens, changes or ends an incident of this company."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('incidents/' || :tenant, 0))")
    await tx.execute(lock, {"tenant": tenant_of(tx)})


async def incident_for_update(tx: AsyncSession, incident: str) -> IncidentRow:
    """An incident, locked until `tx` ends. Raises NoSuchIncident."""
    row = (await tx.execute(locked(select(IncidentRow).where(IncidentRow.id == incident)))).scalar()
    if row is None:
        raise NoSuchIncident(incident)
    return row


async def incident_by_id(tx: AsyncSession, incident: str) -> IncidentRow:
    """An incident. Raises NoSuchIncident."""
    row = (await tx.execute(select(IncidentRow).where(IncidentRow.id == incident))).scalar()
    if row is None:
        raise NoSuchIncident(incident)
    return row


async def open_incidents(tx: AsyncSession) -> Sequence[IncidentRow]:
    """Those that are not over, oldest first."""
    query = select(IncidentRow).where(IncidentRow.state != "resolved").order_by(IncidentRow.number)
    return (await tx.execute(query)).scalars().all()


async def lately_ended(tx: AsyncSession, limit: int) -> Sequence[IncidentRow]:
    """Those that ended last, the newest end first."""
    query = select(IncidentRow).where(IncidentRow.state == "resolved")
    return (await tx.execute(query.order_by(IncidentRow.resolved.desc()).limit(limit))).scalars().all()


async def alerts_of(tx: AsyncSession, incident: str) -> Sequence[tuple[IncidentAlertRow, AlertRow]]:
    """An incident's alerts as they stand, each with the row that it came in as last; the oldest first."""
    query = (
        select(IncidentAlertRow, AlertRow)
        .join(AlertRow, (AlertRow.id == IncidentAlertRow.alert) & (AlertRow.tenant == IncidentAlertRow.tenant))
        .where(IncidentAlertRow.incident == incident)
        .order_by(AlertRow.number)
    )
    return [(member, alert) for member, alert in (await tx.execute(query)).all()]


async def alert_counts(tx: AsyncSession, incidents: Sequence[str]) -> Mapping[str, int]:
    """How many alerts each of these incidents has."""
    query = select(IncidentAlertRow.incident, func.count()).where(IncidentAlertRow.incident.in_(incidents))
    found = await tx.execute(query.group_by(IncidentAlertRow.incident))
    return dict(found.all())


def add_event(
    tx: AsyncSession, incident: IncidentRow, kind: str, detail: Mapping[str, Any], at: datetime
) -> None:
    """Write something into an incident's timeline."""
    event = f"ie_{secrets.token_hex(8)}"
    tx.add(IncidentEventRow(id=event, incident=incident.id, at=at, kind=kind, detail=dict(detail)))


async def timeline(tx: AsyncSession, incident: str, limit: int) -> Sequence[IncidentEventRow]:
    """The last `limit` events of an incident, in order."""
    query = select(IncidentEventRow).where(IncidentEventRow.incident == incident)
    last = (await tx.execute(query.order_by(IncidentEventRow.number.desc()).limit(limit))).scalars().all()
    return last[::-1]


async def unknown_services(tx: AsyncSession, now: datetime) -> tuple[str, ...]:
    """What alerts of this day (UTC) call services that the catalogue does not have: the first MOST_UNKNOWN."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(AlertRow.service).where(
        AlertRow.why == Reason.UNKNOWN_SERVICE, AlertRow.received >= since, AlertRow.received <= now
    )
    first = query.group_by(AlertRow.service).order_by(func.min(AlertRow.number)).limit(MOST_UNKNOWN)
    return tuple((await tx.execute(first)).scalars())
