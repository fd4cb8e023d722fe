"""The run that responds to an incident: begun when one is opened, written into its timeline as it goes on."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import RunRow
from integrations.deployments import Stage

SUBJECT = "service:"
LOOK_KIND, VERIFY_KIND = "incident_look", "incident_verify"
CAUSE_KIND, ROLL_BACK_KIND = "incident_cause", "incident_roll_back"
MOST_TRIES = 2
"""Remedies without effect before it is a person's."""


async def begin(tx: AsyncSession, incident: IncidentRow) -> None:
    """Begin to respond to an incident, where it is known which environment it is in. Nobody asked for it, so
    its actions are the monitoring's own."""
    if incident.stage not in {one.value for one in Stage}:
        return
    first = NewStep("look", LOOK_KIND, "Look whether it is so", args_of(incident))
    await runs.begin(
        tx,
        find_kinds(),
        RUN.name,
        f"{incident.id}: {incident.service} in {incident.stage}",
        (first,),
        requester=None,
        subject=f"{SUBJECT}{incident.service}",
    )


def args_of(incident: IncidentRow) -> dict[str, str]:
    """What each step is told of the incident."""
    return {
        "incident": incident.id,
        "service": incident.service,
        "stage": incident.stage,
        "started": incident.started.isoformat(),
    }


async def bad_versions(tx: AsyncSession) -> frozenset[tuple[str, str]]:
    """The versions, by service, that were brought shortly before incidents that they explain."""
    query = select(IncidentEventRow.detail).where(IncidentEventRow.kind == "cause")
    found = (await tx.execute(query)).scalars()
    return frozenset(
        (detail["service"], detail["version"]) for detail in found if detail.get("version") is not None
    )


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    """Its incident's card is behind: the sweep and the next alert bring it up to date."""
    incident = run.title.partition(":")[0]
    await tx.execute(update(IncidentRow).where(IncidentRow.id == incident).values(to_show=True))


RUN = RunKind("incident_response", _changed)
