"""The run that responds to an incident: begun when one is opened, written into its timeline as it goes on."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from agents.operations.incident_rows import add_event, incident_for_update, lock_incidents, timeline
from agents.operations.incident_showing import show
from agents.operations.incident_tables import IncidentRow
from agents.work import runs
from agents.work.kinds import NewStep, RunKind, find_kinds
from agents.work.tables import RunRow
from integrations.deployments import Stage

SUBJECT = "service:"
LOOK_KIND, VERIFY_KIND = "incident_look", "incident_verify"
CAUSE_KIND, REMEDY_KIND = "incident_cause", "incident_remedy"
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


async def _changed(tx: AsyncSession, run: RunRow) -> None:
    """Its incident's card is behind. A response that failed is told as such, once: the incidents' lock is taken
    after the run's, as its steps do."""
    id = run.title.partition(":")[0]
    if run.state != "failed":
        await tx.execute(update(IncidentRow).where(IncidentRow.id == id).values(to_show=True))
        return
    await lock_incidents(tx)
    incident = await incident_for_update(tx, id)
    last = next(iter(await timeline(tx, id, 1)), None)
    if incident.state == "resolved" or (last is not None and last.kind == "for a person"):
        return
    now = datetime.now(UTC)
    add_event(
        tx, incident, "for a person", {"why": f"I could not go on: {run.why or 'a step of mine failed.'}"}, now
    )
    await show(tx, incident, now)


RUN = RunKind("incident_response", _changed)
