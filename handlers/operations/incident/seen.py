"""An incident as a person reads it: its row with all that its card and its document are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from agents.operations.incident_impact import Impact, impact_of
from agents.operations.incident_learning import Alike, Record, alike_to, records
from agents.operations.incident_rows import alerts_of, incident_by_id, timeline
from agents.operations.incident_showing import RotaNow, rota_now
from agents.operations.incident_tables import AlertRow, IncidentAlertRow, IncidentEventRow, IncidentRow
from governance.effects import outcome_of
from governance.incident_rules import FailedRequestPrice
from governance.tables import EffectRow
from handlers.conversation.desk import Desk
from handlers.conversation.wording import names_of_people

Alerts = Sequence[tuple[IncidentAlertRow, AlertRow]]

_MOST_ALIKE = 3


@dataclass(frozen=True, slots=True)
class Story:
    """A story that follows from an incident: its id once the tracker has it, and the state of what makes it."""

    title: str
    priority: str
    id: str | None
    state: str


@dataclass(frozen=True, slots=True)
class Seen:
    """`price` is what a failed request costs; it is shown to those alone who may see revenue, where they alone
    read. `names` are those of people, by id. `rota` is what a rota elsewhere says, where there is one."""

    incident: IncidentRow
    alerts: Alerts
    events: Sequence[IncidentEventRow]
    names: Mapping[str, str]
    impact: Impact | None
    price: FailedRequestPrice | None
    alike: tuple[Alike, ...]
    records: tuple[Record, ...]
    stories: tuple[Story, ...]
    rota: RotaNow | None = None


async def read_incident(desk: Desk, id: str, most_events: int) -> Seen:
    """The incident as it stands, with its last events. Raises NoSuchIncident."""
    incident = await incident_by_id(desk.tx, id)
    events = await timeline(desk.tx, id, most_events)
    return Seen(
        incident=incident,
        alerts=await alerts_of(desk.tx, id),
        events=events,
        names=await names_of_people(desk.tx),
        impact=impact_of(incident),
        price=desk.department.incidents.impact.get(incident.service),
        alike=await alike_to(desk.tx, incident, _MOST_ALIKE),
        records=await records(desk.tx),
        stories=await _stories(desk, events),
        rota=await rota_now(desk.tx, desk.now),
    )


async def _stories(desk: Desk, events: Sequence[IncidentEventRow]) -> tuple[Story, ...]:
    told = {one.detail["effect"]: one.detail for one in events if one.kind == "story"}
    if not told:
        return ()
    query = select(EffectRow).where(EffectRow.id.in_(told))
    rows = {row.id: row for row in (await desk.tx.execute(query)).scalars()}
    stories = []
    for effect, detail in told.items():
        made = outcome_of(rows[effect]) if effect in rows else None
        state = rows[effect].state if effect in rows else "unknown"
        stories.append(
            Story(detail["title"], detail["priority"], None if made is None else made.reference, state)
        )
    return tuple(stories)
