"""Incidents as rows: opened, joined and ended by alerts, each change in its timeline and on its card.

Who changes an incident holds `lock_incidents`, taken before any row of these tables: what is decided from
the open ones still holds when it is written, so that any number of alerts at once make one incident.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.announced_tests import test_of
from agents.operations.incident_opening import (
    FLAPS_WITHIN,
    Decision,
    Member,
    Open,
    Outcome,
    Reason,
    Scene,
    Target,
    decide,
    worse,
)
from agents.operations.incident_rows import (
    add_event,
    incident_for_update,
    lock_incidents,
    new_incident,
    open_incidents,
    record_ended,
    record_opened,
)
from agents.operations.incident_showing import show, show_changed, tell_held, tell_unknown
from agents.operations.incident_tables import AlertRow, IncidentAlertRow, IncidentRow
from agents.operations.response import response_run
from integrations.alerts import Alert, AlertStatus
from storage.database import tenant_of


async def open_or_join(
    tx: AsyncSession, row: AlertRow, target: Target | None, needs: Mapping[str, frozenset[str]], now: datetime
) -> Decision:
    """Let a stored alert, under `lock_incidents`, do what it does, and write down what that was.

    `target` is the service that it is about by the catalogue, `needs` what the services of open incidents need.
    """
    alert = alert_of(row)
    decision = decide(alert, await _scene(tx, row, target, needs, now), now)
    if decision.outcome is Outcome.OPENED and target is not None:
        incident = await _open(tx, row, alert, target, decision, now)
        row.incident, row.outcome, row.why = incident.id, decision.outcome, decision.why
    elif decision.incident is not None and decision.outcome is not Outcome.IGNORED:
        await _change(tx, await incident_for_update(tx, decision.incident), row, target, decision, now)
    if decision.outcome is not Outcome.OPENED and not _says_the_same(row, decision):
        row.incident, row.outcome, row.why = decision.incident, decision.outcome, decision.why
    await _hold(tx, row, decision, now)
    if alert.status is AlertStatus.RESOLVED:
        await _end_held(tx, alert, now)
    elif decision.why is Reason.UNKNOWN_SERVICE:
        await tell_unknown(tx, row, now)
    return decision


async def _hold(tx: AsyncSession, row: AlertRow, decision: Decision, now: datetime) -> None:
    """Hold an alert back for a test of ours, or say what became of one that was held."""
    if decision.outcome is Outcome.HELD:
        row.state, row.test, row.held = "held", decision.test, row.held or now
    else:
        row.state = "taken"
    if row.held is not None and row.test is not None:
        await tell_held(tx, row.test, now)


def _says_the_same(row: AlertRow, decision: Decision) -> bool:
    """Whether an alert is told again that has opened or joined this incident: that stays what it came to."""
    return decision.outcome is Outcome.NOTHING_NEW and row.incident == decision.incident and bool(row.outcome)


def alert_of(row: AlertRow) -> Alert:
    """The alert that a row holds."""
    values = {one.name: getattr(row, one.name) for one in fields(Alert)}
    return Alert(**values | {"status": AlertStatus(row.status)})


async def _scene(
    tx: AsyncSession, row: AlertRow, target: Target | None, needs: Mapping[str, frozenset[str]], now: datetime
) -> Scene:
    over = select(func.max(AlertRow.told)).where(
        AlertRow.source == row.source,
        AlertRow.fingerprint == row.fingerprint,
        AlertRow.status == AlertStatus.RESOLVED,
    )
    over_at = (await tx.execute(over)).scalar()
    if target is None:
        return Scene(None, await _open_ones(tx, row, needs), over_at)
    ended = select(IncidentRow.id, IncidentRow.resolved).where(
        IncidentRow.service == target.service, IncidentRow.stage == row.stage, IncidentRow.state == "resolved"
    )
    before = (await tx.execute(ended.order_by(IncidentRow.resolved.desc()).limit(1))).first()
    return Scene(
        target=target,
        incidents=await _open_ones(tx, row, needs),
        over_at=over_at,
        before=None if before is None or before[1] is None else (before[0], before[1]),
        test=await test_of(tx, row, target.service, now),
    )


async def _open_ones(tx: AsyncSession, row: AlertRow, needs: Mapping[str, frozenset[str]]) -> tuple[Open, ...]:
    """The open incidents as this alert finds them; of their alerts no more is read than that takes, for there
    may be hundreds."""
    rows = await open_incidents(tx)
    if not rows:
        return ()
    ids = [one.id for one in rows]
    joined = select(IncidentAlertRow.incident, IncidentAlertRow.service).where(
        IncidentAlertRow.incident.in_(ids)
    )
    services = {one.id: {one.service} for one in rows}
    for incident, service in await tx.execute(joined.distinct()):
        services[incident].add(service)
    own = select(IncidentAlertRow).where(
        IncidentAlertRow.incident.in_(ids),
        IncidentAlertRow.source == row.source,
        IncidentAlertRow.fingerprint == row.fingerprint,
    )
    members = {
        one.incident: Member(one.firing, one.told, one.ended) for one in (await tx.execute(own)).scalars()
    }
    return tuple(
        Open(
            id=one.id,
            number=one.number,
            service=one.service,
            stage=one.stage,
            services=frozenset(services[one.id]),
            calls=needs.get(one.service, frozenset()),
            member=members.get(one.id),
        )
        for one in rows
    )


async def _open(
    tx: AsyncSession, row: AlertRow, alert: Alert, target: Target, decision: Decision, now: datetime
) -> IncidentRow:
    incident = await new_incident(
        tx,
        service=target.service,
        stage=alert.stage,
        severity=alert.severity,
        title=alert.name,
        started=min(alert.started, now),
        detected=row.received,
        linked=decision.linked,
    )
    tx.add(_member(incident, row, target.service))
    detail = {**_told(row, target.service), **({"linked": decision.linked} if decision.linked else {})}
    add_event(tx, incident, "opened", detail, now)
    await record_opened(tx, incident, detail, f"An alert of {alert.source} fires.")
    await response_run.begin(tx, incident)
    await show(tx, incident, now)
    return incident


async def _change(
    tx: AsyncSession,
    incident: IncidentRow,
    row: AlertRow,
    target: Target | None,
    decision: Decision,
    now: datetime,
) -> None:
    """Join, end or confirm an alert of an open incident."""
    key = (tenant_of(tx), incident.id, row.source, row.fingerprint)
    member = await tx.get(IncidentAlertRow, key)
    was_firing = member is not None and member.firing
    if member is None:
        if target is None:
            raise ValueError("an alert that joins has a target")
        member = _member(incident, row, target.service)
        tx.add(member)
    detail = _told(row, member.service)
    if row.status == AlertStatus.RESOLVED:
        if was_firing:
            await _end_member(tx, incident, member, row, detail, now)
        return
    member.firing, member.told, member.alert = True, max(member.told, row.told), row.id
    if was_firing:
        return  # the sender says that it goes on, and nothing else is new
    member.started, member.ended = row.started, None
    incident.severity = worse(incident.severity, row.severity)
    if decision.outcome is Outcome.JOINED:
        incident.started = min(incident.started, row.started)
        add_event(tx, incident, "joined", detail | {"why": decision.why}, now)
        incident.to_show = True
    if incident.state == "mitigated":
        incident.state, incident.mitigated = "open", None
        add_event(tx, incident, "fires again", detail, now)
        await show(tx, incident, now)


async def _end_member(
    tx: AsyncSession,
    incident: IncidentRow,
    member: IncidentAlertRow,
    row: AlertRow,
    detail: dict[str, Any],
    now: datetime,
) -> None:
    member.firing, member.told, member.ended = False, row.told, min(row.ended or now, now)
    add_event(tx, incident, "ended", detail, now)
    incident.to_show = True
    await tx.flush()
    firing = select(func.count()).where(IncidentAlertRow.incident == incident.id, IncidentAlertRow.firing)
    if incident.state == "open" and (await tx.execute(firing)).scalar() == 0:
        incident.state, incident.mitigated = "mitigated", now
        add_event(tx, incident, "mitigated", {}, now)
        await show(tx, incident, now)


def _member(incident: IncidentRow, row: AlertRow, service: str) -> IncidentAlertRow:
    return IncidentAlertRow(
        incident=incident.id,
        source=row.source,
        fingerprint=row.fingerprint,
        alert=row.id,
        name=row.name,
        service=service,
        firing=True,
        told=row.told,
        started=row.started,
    )


def _told(row: AlertRow, service: str) -> dict[str, Any]:
    said = {"alert": row.name, "service": service, "source": row.source, "row": row.id}
    return said | ({"left_out": row.left_out} if row.left_out else {})


async def _end_held(tx: AsyncSession, alert: Alert, now: datetime) -> None:
    """What was held back by a test and is over by now never becomes an incident."""
    held = (
        AlertRow.source == alert.source,
        AlertRow.fingerprint == alert.fingerprint,
        AlertRow.state == "held",
        AlertRow.told <= alert.told,
    )
    ended = update(AlertRow).where(*held).values(state="taken").returning(AlertRow.test)
    for test in set((await tx.execute(ended)).scalars()):
        if test is not None:
            await tell_held(tx, test, now)


async def end_quiet(tx: AsyncSession, now: datetime) -> None:
    """End incidents that are mitigated and none of whose alerts has fired for as long as one may flap; show
    what cards are behind. What a person declared, a person ends; what an alert still fires of goes on, though
    its figures are as usual."""
    await lock_incidents(tx)
    mitigated = IncidentRow.state == "mitigated", IncidentRow.mitigated <= now - FLAPS_WITHIN
    fires = exists().where(
        IncidentAlertRow.tenant == IncidentRow.tenant,
        IncidentAlertRow.incident == IncidentRow.id,
        IncidentAlertRow.firing | (IncidentAlertRow.ended > now - FLAPS_WITHIN),
    )
    quiet = (*mitigated, IncidentRow.declared_by.is_(None), ~fires)
    for incident in (await tx.execute(select(IncidentRow).where(*quiet))).scalars().all():
        incident.state, incident.resolved = "resolved", now
        add_event(tx, incident, "resolved", {}, now)
        await record_ended(tx, incident, "No alert of it fires any more.")
        await show(tx, incident, now)
    await show_changed(tx, now)
