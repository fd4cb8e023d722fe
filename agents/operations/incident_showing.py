"""Who is told of incidents, and when: the same message is brought up to date as long as one goes on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_rows import held_alerts, lock_incidents, unknown_services
from agents.operations.incident_tables import AlertRow, IncidentRow
from governance.department_rows import read_department
from governance.directory import deputies, holders, people
from governance.people import Role
from integrations.integration import LOCAL
from integrations.rota.kept import kept
from storage.firings import fire_once
from storage.notices import notify

SHOWN_EVERY = timedelta(seconds=5)
"""The card of an incident that goes on is edited no more often; a change of its state is shown at once."""

INCIDENT = "incident"
UNKNOWN_SERVICES = "alerts_of_unknown_services"
ALERTS_HELD = "alerts_held"
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


@dataclass(frozen=True, slots=True)
class RotaNow:
    """Who is on call by the rota that is kept elsewhere (`title`), if one is: those who are known here, by id;
    how it calls those who are not; and `why` it says nothing, where that is so."""

    title: str
    people: tuple[str, ...]
    unknown: tuple[str, ...]
    why: str | None


async def rota_now(tx: AsyncSession, now: datetime) -> RotaNow | None:
    """What that rota says; None where the department keeps none. Of a rota of several levels, the first that
    somebody known is on."""
    department = await read_department(tx)
    source = department.integrations.get("rota", LOCAL)
    if not isinstance(source, str) or source == LOCAL:
        return None
    said = await kept(tx, source, now)
    active = {one.id for one in await people(tx) if one.active}
    ids = {one.email.casefold(): one.id for one in department.people if one.id in active}
    known = [one for one in said.shifts if one.address in ids]
    first = min((one.level for one in known), default=0)
    told = {ids[one.address] for one in known if one.level == first}
    unknown = {one.name for one in said.shifts if one.address not in ids}
    return RotaNow(said.title, tuple(sorted(told)), tuple(sorted(unknown)), said.why)


async def on_call(tx: AsyncSession, now: datetime) -> tuple[str, ...]:
    """Who is told of incidents: those whom a rota elsewhere names, where the department has one and it knows
    somebody here. Otherwise the SRE leads who are here, and who stands in for those who are away. Where nobody
    holds the role, the engineering directors."""
    rota = await rota_now(tx, now)
    if rota is not None and rota.people:
        return rota.people
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


async def tell_held(tx: AsyncSession, test: str, now: datetime) -> None:
    """Say in one message, which keeps itself true, which alerts a test of ours in production holds back, and
    what became of them."""
    row, _alerts = await held_alerts(tx, test)
    if row.stage == "production":
        ids = {"test": test, "key": f"{ALERTS_HELD}:{test}"}
        await notify(tx, ALERTS_HELD, ids, people=await on_call(tx, now))
