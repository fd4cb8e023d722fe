"""Looking back at an incident: its document, and that somebody has read it and agrees."""

from __future__ import annotations

from sqlalchemy import select

from agents.operations.incident_command import IncidentGoesOn, approve_review
from agents.operations.incident_rows import NoSuchIncident
from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from governance.people import Person
from governance.permissions import Refused
from governance.visibility import EVERYTHING
from handlers.catalogue import may_request
from handlers.conversation.cards import Block, Button, Buttons, Card, File, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import known
from handlers.conversation.turn import Turn
from handlers.operations.incident.report import incident_report, took
from handlers.operations.incident.seen import Seen, read_incident

_MOST_EVENTS = 500


async def review(desk: Desk, id: str) -> Reply:
    """The document as it stands now. Raises CannotAnswer."""
    seen = await _read(desk, id)
    file, text = await document(desk, seen)
    is_approved = any(one.kind == "reviewed" for one in seen.events)
    blocks: list[Block] = [Text((text,)), file]
    if seen.incident.state == "resolved" and not is_approved:
        blocks.append(Buttons((Button("Approve", "ask", f"incident approve the review of {id}", "primary"),)))
    return Reply(text=f"{id}: {text}", cards=(Card(f"Review of {id}", tuple(blocks)),))


async def waits_for_review(desk: Desk, id: str) -> bool:
    """Whether this incident is over, and nobody has approved its review."""
    over = select(IncidentRow.id).where(IncidentRow.id == id, IncidentRow.state == "resolved")
    reviewed = select(IncidentEventRow.id).where(
        IncidentEventRow.incident == id, IncidentEventRow.kind == "reviewed"
    )
    return (await desk.tx.execute(over.where(~reviewed.exists()))).first() is not None


async def approve(turn: Turn, desk: Desk, id: str) -> Reply:
    """Put on record that who speaks has read it and agrees. Raises CannotAnswer."""
    demand_may(turn, desk)
    desk.demand_order(f"Approve the review of {id}")
    try:
        await approve_review(desk.tx, id, known(turn).id, desk.now)
    except NoSuchIncident:
        raise CannotAnswer(_missing(id)) from None
    except IncidentGoesOn:
        raise CannotAnswer(f"{id} goes on, so there is nothing to look back at yet.") from None
    desk.memory.about(incident=id)
    return Reply(text=f"The review of {id} is approved by {known(turn).name}.")


def demand_may(turn: Turn, desk: Desk) -> Person:
    """Who asks. Raises CannotAnswer for those who may only read."""
    person = known(turn)
    may = may_request(person, "incident", desk.modes)
    if isinstance(may, Refused) or not may.acts:
        raise CannotAnswer(
            "You may look at this, and change nothing here: taking command of an incident and ending it is the"
            " SRE lead’s. Nothing was done."
        )
    return person


async def document(desk: Desk, seen: Seen) -> tuple[File, str]:
    """The document, kept as a file, and how long things took in a sentence. It has no money in it: a file is
    handed on."""
    name = f"incident-{seen.incident.id}.md"
    content = incident_report(seen).encode()
    file = await desk.files.put(desk.tx, name, "text/markdown", content, EVERYTHING)
    return File(file, name, "Impact, cause, timeline, what helped, and how long each part took"), took(seen)


async def _read(desk: Desk, id: str) -> Seen:
    try:
        return await read_incident(desk, id, _MOST_EVENTS)
    except NoSuchIncident:
        raise CannotAnswer(_missing(id)) from None


def _missing(id: str) -> str:
    return f"There is no {id}. Ask “what incidents are open?” for those that there are."
