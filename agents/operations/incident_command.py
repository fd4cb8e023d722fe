"""What people do about an incident: declare it, share its parts, say how it goes, end it, look back at it.

As with alerts, who changes an incident holds `lock_incidents`. People stand in it by their ids.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_opening import LINKED_WITHIN, worse
from agents.operations.incident_reminders import note_overrides
from agents.operations.incident_rows import (
    add_event,
    incident_for_update,
    lock_incidents,
    new_incident,
    open_incidents,
    record_declared,
)
from agents.operations.incident_showing import show
from agents.operations.incident_tables import IncidentAlertRow, IncidentRow
from agents.operations.response import response_run
from governance.people import Actor


class Part(StrEnum):
    """Who does what while an incident goes on: the columns of `IncidentRow`."""

    COMMANDER = "commander"
    COMMUNICATIONS = "communications"
    SCRIBE = "scribe"


class IncidentOver(Exception):
    """The incident is resolved already."""


class IncidentGoesOn(Exception):
    """The incident is not resolved yet."""


@dataclass(frozen=True, slots=True)
class Declaration:
    """What somebody says is wrong. `by` is who the timeline names, `actor` who the log does. `needs` are the
    services that this one needs, `place` is where it was said (a Place as JSON); `severity` may be empty."""

    service: str
    stage: str
    severity: str
    words: str
    by: str
    actor: Actor
    needs: frozenset[str]
    place: Mapping[str, Any] | None


async def declare(tx: AsyncSession, said: Declaration, now: datetime) -> tuple[IncidentRow, bool]:
    """Open an incident by hand, or join the one that is open there. Returns it, and whether it was opened."""
    await lock_incidents(tx)
    here = [one for one in await open_incidents(tx) if one.stage == said.stage]
    services = await _services_of(tx, here)
    same = next((one for one in here if said.service in services[one.id]), None)
    detail = {"by": said.by, "words": said.words}
    if same is not None:
        same.severity = worse(same.severity, said.severity) if same.severity else said.severity
        same.updated = now
        add_event(tx, same, "declared again", detail, now)
        await show(tx, same, now)
        return same, False
    needed = next((one.id for one in here if not services[one.id].isdisjoint(said.needs)), None)
    incident = await new_incident(
        tx,
        service=said.service,
        stage=said.stage,
        severity=said.severity,
        title="declared by hand",
        started=now,
        detected=now,
        linked=needed or await _before(tx, said, now),
        declared_by=said.by,
        place=None if said.place is None else dict(said.place),
    )
    add_event(tx, incident, "declared", detail, now)
    await record_declared(tx, incident, said.actor, said.words)
    await response_run.begin(tx, incident)
    await show(tx, incident, now)
    return incident, True


async def _services_of(tx: AsyncSession, incidents: list[IncidentRow]) -> dict[str, set[str]]:
    """Each incident's own service, and those whose alerts have joined it."""
    found = {one.id: {one.service} for one in incidents}
    joined = select(IncidentAlertRow.incident, IncidentAlertRow.service).where(
        IncidentAlertRow.incident.in_(found)
    )
    for incident, service in await tx.execute(joined.distinct()):
        found[incident].add(service)
    return found


async def _before(tx: AsyncSession, said: Declaration, now: datetime) -> str | None:
    ended = select(IncidentRow.id).where(
        IncidentRow.service == said.service,
        IncidentRow.stage == said.stage,
        IncidentRow.resolved > now - LINKED_WITHIN,
    )
    last: str | None = (await tx.execute(ended.order_by(IncidentRow.resolved.desc()).limit(1))).scalar()
    return last


async def give_part(tx: AsyncSession, id: str, part: Part, person: str, by: str, now: datetime) -> IncidentRow:
    """From now on `person` has this part; who had it has it no more. Raises NoSuchIncident,
    IncidentOver."""
    incident = await _going_on(tx, id)
    setattr(incident, part.value, person)
    if part is Part.COMMANDER:
        incident.acknowledged = incident.acknowledged or now
        add_event(tx, incident, "acknowledged", {"by": person, "given_by": by}, now)
    else:
        add_event(tx, incident, "part", {"part": part.value, "person": person, "by": by}, now)
    await show(tx, incident, now)
    return incident


async def add_update(tx: AsyncSession, id: str, words: str, by: str, now: datetime) -> IncidentRow:
    """Write into its timeline how it goes, in somebody's words. Raises NoSuchIncident, IncidentOver."""
    incident = await _going_on(tx, id)
    incident.updated = now
    add_event(tx, incident, "update", {"by": by, "words": words}, now)
    await show(tx, incident, now)
    return incident


async def set_severity(tx: AsyncSession, id: str, severity: str, by: str, now: datetime) -> IncidentRow:
    """Say how bad it is. Raises NoSuchIncident, IncidentOver."""
    incident = await _going_on(tx, id)
    detail = {"by": by, "from": incident.severity, "to": severity}
    incident.severity = severity
    add_event(tx, incident, "severity", detail, now)
    await show(tx, incident, now)
    return incident


async def mitigate(tx: AsyncSession, id: str, by: str, now: datetime) -> IncidentRow:
    """Say that its users are well again. Raises NoSuchIncident, IncidentOver."""
    incident = await _going_on(tx, id)
    incident.state, incident.updated, incident.mitigated = "mitigated", now, incident.mitigated or now
    add_event(tx, incident, "mitigated", {"by": by}, now)
    await show(tx, incident, now)
    return incident


async def resolve(tx: AsyncSession, id: str, by: str, now: datetime) -> IncidentRow:
    """End it, whatever still fires, and whatever the response was about to do. Raises NoSuchIncident,
    IncidentOver."""
    await response_run.end_response(tx, id, Actor("person", by), now)
    incident = await _going_on(tx, id)
    await note_overrides(tx, incident, now)
    incident.state, incident.resolved = "resolved", now
    add_event(tx, incident, "resolved", {"by": by}, now)
    await show(tx, incident, now)
    return incident


async def add_story(
    tx: AsyncSession, id: str, effect: str, title: str, priority: str, by: str, now: datetime
) -> None:
    """Note a story that follows from it; `effect` is what makes it. Raises NoSuchIncident."""
    await lock_incidents(tx)
    incident = await incident_for_update(tx, id)
    detail = {"by": by, "effect": effect, "title": title, "priority": priority}
    add_event(tx, incident, "story", detail, now)
    incident.to_show = True


async def approve_review(tx: AsyncSession, id: str, by: str, now: datetime) -> IncidentRow:
    """Somebody has read what happened, and agrees. Raises NoSuchIncident, IncidentGoesOn."""
    await lock_incidents(tx)
    incident = await incident_for_update(tx, id)
    if incident.state != "resolved":
        raise IncidentGoesOn(id)
    add_event(tx, incident, "reviewed", {"by": by}, now)
    incident.to_show = True
    return incident


async def _going_on(tx: AsyncSession, id: str) -> IncidentRow:
    await lock_incidents(tx)
    incident = await incident_for_update(tx, id)
    if incident.state == "resolved":
        raise IncidentOver(id)
    return incident
