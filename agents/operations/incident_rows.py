"""Incidents, their alerts and timelines, as they are read and written on; and the lock for
changing one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_opening import Reason
from agents.operations.incident_tables import (
    AlertRow,
    AnnouncedTestRow,
    IncidentAlertRow,
    IncidentEventRow,
    IncidentRow,
)
from governance.audit.entries import Absence, Entry, EntryKind, NotApplicable
from governance.audit.log import record
from governance.people import Actor
from storage.database import locked, tenant_of

MOST_UNKNOWN = 20
"""Services that the catalogue does not have, of one day, that are named."""
MOST_HELD_SHOWN = 10

_MONITORING = Actor("system", "alerts")


class NoSuchIncident(LookupError):
    """No incident has this id."""


async def lock_incidents(tx: AsyncSession) -> None:
    """Until `tx` ends nobody else opens, changes or ends an incident of this company."""
    lock = text("SELECT pg_advisory_xact_lock(hashtextextended('incidents/' || :tenant, 0))")
    await tx.execute(lock, {"tenant": tenant_of(tx)})


async def new_incident(
    tx: AsyncSession,
    *,
    service: str,
    stage: str,
    severity: str,
    title: str,
    started: datetime,
    detected: datetime,
    linked: str | None,
    **other: Any,
) -> IncidentRow:
    """The row of an incident that is opened, under `lock_incidents`, with the next number. `other` are further
    columns."""
    last = (await tx.execute(select(func.max(IncidentRow.number)))).scalar()
    number = (last or 0) + 1
    incident = IncidentRow(
        id=f"INC-{number}",
        number=number,
        service=service,
        stage=stage,
        state="open",
        severity=severity,
        title=title,
        started=started,
        detected=detected,
        linked=linked,
        to_show=False,
        **other,
    )
    tx.add(incident)
    await tx.flush()
    return incident


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


async def record_opened(tx: AsyncSession, incident: IncidentRow, detail: Mapping[str, Any], why: str) -> None:
    """An incident that an alert opened, into the audit log."""
    await record(tx, _entry("incident.opened", incident, _MONITORING, detail, why))


async def record_declared(tx: AsyncSession, incident: IncidentRow, by: Actor, words: str) -> None:
    """An incident that somebody declared, in their words, into the audit log."""
    await record(tx, _entry("incident.declared", incident, by, {}, words or "declared by hand"))


async def record_ended(tx: AsyncSession, incident: IncidentRow, why: str) -> None:
    """The end of an incident that nobody ended, into the audit log."""
    await record(tx, _entry("incident.ended", incident, _MONITORING, {}, why))


async def record_by_operator(tx: AsyncSession, incident: IncidentRow, by: Actor, what: str, why: str) -> None:
    """What was done about an incident from the command line, into the audit log."""
    await record(tx, _entry("incident.operated", incident, by, {"did": what}, why))


def _entry(type_: str, incident: IncidentRow, actor: Actor, detail: Mapping[str, Any], why: str) -> Entry:
    nothing = NotApplicable(not_applicable=Absence.NOTHING_CHANGES)
    return Entry(
        kind=EntryKind.SYSTEM,
        type=type_,
        actor=actor,
        subject=incident.id,
        details={**detail, "service": incident.service, "stage": incident.stage},
        rationale=why,
        approvals=NotApplicable(not_applicable=Absence.NO_APPROVAL_NEEDED),
        impact=nothing,
        rollback_plan=nothing,
        artifacts=NotApplicable(not_applicable=Absence.NO_ARTIFACTS),
    )


async def timeline(tx: AsyncSession, incident: str, limit: int) -> Sequence[IncidentEventRow]:
    """The last `limit` events of an incident, in order of time: some are written down a minute later."""
    query = select(IncidentEventRow).where(IncidentEventRow.incident == incident)
    last = (await tx.execute(query.order_by(IncidentEventRow.number.desc()).limit(limit))).scalars().all()
    return sorted(last, key=lambda one: (one.at, one.number))


async def held_alerts(tx: AsyncSession, test: str) -> tuple[AnnouncedTestRow, Sequence[AlertRow]]:
    """An announced test, and what it has held back, in the order in which it came in. Raises NoResultFound."""
    row = (await tx.execute(select(AnnouncedTestRow).where(AnnouncedTestRow.id == test))).scalar_one()
    alerts = select(AlertRow).where(AlertRow.test == test, AlertRow.held.is_not(None)).order_by(AlertRow.number)
    return row, (await tx.execute(alerts.limit(MOST_HELD_SHOWN))).scalars().all()


async def unknown_services(tx: AsyncSession, now: datetime) -> tuple[str, ...]:
    """What alerts of this day (UTC) call services that the catalogue does not have: the first MOST_UNKNOWN."""
    since = now.replace(hour=0, minute=0, second=0, microsecond=0)
    query = select(AlertRow.service).where(
        AlertRow.why == Reason.UNKNOWN_SERVICE, AlertRow.received >= since, AlertRow.received <= now
    )
    first = query.group_by(AlertRow.service).order_by(func.min(AlertRow.number)).limit(MOST_UNKNOWN)
    return tuple((await tx.execute(first)).scalars())
