"""What is noted of incidents that go on, minute by minute: updates that are due, what stopped the agents."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_rows import add_event, lock_incidents, open_incidents
from agents.operations.incident_showing import on_call
from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from governance.department_rows import read_department
from governance.directory import people
from governance.standing import FreezeKind
from governance.tables import OverrideRow
from storage.notices import notify

UPDATE_DUE = "incident_update_due"
"""A kind of notice."""

_STOPPED, _GOES_ON = "stopped", "goes on"


async def look_after(tx: AsyncSession, now: datetime) -> None:
    """Note halts and freezes in the timelines of incidents that go on, and remind who commands one, or
    those on call where nobody does, when no update came for too long."""
    await lock_incidents(tx)
    going_on = await open_incidents(tx)
    if not going_on:
        return
    rules = (await read_department(tx)).incidents
    for incident in going_on:
        await note_overrides(tx, incident, now)
        if now - _last_heard(incident) >= rules.every(incident.severity) and _waits(incident):
            incident.reminded = now
            known = {one.id for one in await people(tx) if one.active}
            who = (incident.commander,) if incident.commander in known else await on_call(tx, now)
            ids = {"incident": incident.id, "key": f"{UPDATE_DUE}:{incident.id}:{now.isoformat()}"}
            await notify(tx, UPDATE_DUE, ids, people=who)


def _waits(incident: IncidentRow) -> bool:
    """What alerts opened and is mitigated ends by itself."""
    return incident.state == "open" or incident.declared_by is not None


def _last_heard(incident: IncidentRow) -> datetime:
    moments = (incident.detected, incident.acknowledged, incident.updated, incident.reminded)
    return max(one for one in moments if one is not None)


async def note_overrides(tx: AsyncSession, incident: IncidentRow, now: datetime) -> None:
    """Write into its timeline, once each, what halts and freezes stood in the way of its response, and when
    they ended. The caller holds `lock_incidents`."""
    noted = select(IncidentEventRow.kind, IncidentEventRow.detail["override"].astext).where(
        IncidentEventRow.incident == incident.id, IncidentEventRow.kind.in_((_STOPPED, _GOES_ON))
    )
    known = {(kind, override) for kind, override in await tx.execute(noted)}
    for row in (await tx.execute(_in_the_way(incident, now))).scalars().all():
        what = "halt" if row.kind == "halt" else _scope(row)
        if (_STOPPED, row.id) not in known:
            detail = {"override": row.id, "what": what, "by": row.made_by, "reason": row.reason}
            add_event(tx, incident, _STOPPED, detail, max(row.made, incident.detected))
            incident.to_show = True
        ended = row.ended or row.expires
        if ended is not None and ended <= now and (_GOES_ON, row.id) not in known:
            add_event(tx, incident, _GOES_ON, {"override": row.id, "what": what, "by": row.ended_by}, ended)
            incident.to_show = True


def _in_the_way(incident: IncidentRow, now: datetime) -> Select[OverrideRow]:
    freezes = OverrideRow.scope.in_((FreezeKind.EVERYTHING, FreezeKind.DEPLOYMENTS))
    own = (OverrideRow.scope == FreezeKind.SERVICE) & (OverrideRow.subject == incident.service)
    ended = OverrideRow.ended
    return (
        select(OverrideRow)
        .where(
            or_(OverrideRow.kind == "halt", (OverrideRow.kind == "freeze") & or_(freezes, own)),
            OverrideRow.made <= now,
            or_(ended.is_(None), ended > incident.detected),
            or_(OverrideRow.expires.is_(None), OverrideRow.expires > incident.detected),
        )
        .order_by(OverrideRow.made)
    )


def _scope(row: OverrideRow) -> str:
    if row.scope == FreezeKind.SERVICE:
        return f"the service {row.subject}"
    return row.scope
