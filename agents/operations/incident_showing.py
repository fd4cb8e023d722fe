"""Who is told of incidents, and when: the same message is brought up to date as long as one goes on."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_rows import lock_incidents, unknown_services
from agents.operations.incident_tables import AlertRow, IncidentRow
from governance.department_rows import read_department
from governance.directory import deputies, holders, people
from governance.people import Role
from storage.firings import fire_once
from storage.notices import notify

SHOWN_EVERY = timedelta(seconds=5)
"""The card of an incident that goes on is edited no more often; a change of its state is shown at once."""

INCIDENT = "incident"
UNKNOWN_SERVICES = "alerts_of_unknown_services"
"""Kinds of notices."""


async def show(tx: AsyncSession, incident: IncidentRow, now: datetime) -> None:
    """Tell those who are on call, and the place where it was declared; who has the incident's card already sees
    it change."""
    incident.to_show, incident.shown = False, now
    ids = {"incident": incident.id, "key": f"incident:{incident.id}"}
    await notify(tx, INCIDENT, ids, place=incident.place, people=await _told(tx, incident, now))


async def _told(tx: AsyncSession, incident: IncidentRow, now: datetime) -> tuple[str, ...]:
    parts = (incident.commander, incident.communications, incident.scribe)
    known = {one.id for one in await people(tx) if one.active}
    return tuple(sorted({*await on_call(tx, now), *known.intersection(filter(None, parts))}))


async def show_changed(tx: AsyncSession, now: datetime) -> bool:
    """Show incidents whose cards are behind and were not shown just now. Returns whether any stay behind."""
    await lock_incidents(tx)
    behind = (await tx.execute(select(IncidentRow).where(IncidentRow.to_show))).scalars().all()
    for incident in behind:
        if incident.shown is None or incident.shown <= now - SHOWN_EVERY:
            await show(tx, incident, now)
    return any(incident.to_show for incident in behind)


async def on_call(tx: AsyncSession, now: datetime) -> tuple[str, ...]:
    """Who is told of incidents: the SRE leads who are here, and who stands in for those who are away. Where
    nobody holds the role, the engineering directors."""
    leads = {one.id for one in await holders(tx, [Role.SRE_LEAD])}
    away = leads & (await read_department(tx)).absent_at(now)
    standing_in = {person for person, others in (await deputies(tx, now)).items() if others & away}
    told = (leads - away) | standing_in or leads
    return tuple(sorted(told or {one.id for one in await holders(tx, [Role.ENGINEERING_DIRECTOR])}))


async def tell_unknown(tx: AsyncSession, row: AlertRow, now: datetime) -> None:
    """Say that an alert is about a service that the catalogue does not have: in one message a day (UTC), which
    names at most MOST_UNKNOWN."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    names = await unknown_services(tx, now)
    if row.service not in names or not await fire_once(tx, f"{UNKNOWN_SERVICES}:{row.service}", today):
        return  # one too many for today, or said already
    ids = {"day": now.isoformat(), "key": f"{UNKNOWN_SERVICES}:{today.date().isoformat()}"}
    await notify(tx, UNKNOWN_SERVICES, ids, people=await on_call(tx, now))
