"""Taking command of an incident, and ending it: by its buttons, and in words."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Mapping

from agents.operations.incident_rows import NoSuchIncident, alerts_of, open_incidents, timeline
from agents.operations.incident_tables import IncidentRow
from agents.operations.incidents import IncidentOver, acknowledge, resolve
from governance.permissions import Refused
from governance.record import intervened
from governance.visibility import EVERYTHING
from handlers.catalogue import may_request
from handlers.conversation.cards import Card, File, Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer, Presses
from handlers.conversation.origin import known
from handlers.conversation.turn import Clicked, Turn
from handlers.operations.incident.card import incident_with_timeline
from handlers.operations.incident.report import incident_report, took

_MOST_EVENTS = 500
_TAKES = re.compile(
    r"\b(?:acknowledge|ack|take (?:over|command)|"
    r"i(?:'ll| will)? take (?:it|this|that|over|inc|the incident))\b",
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\b(?:resolve|close|end\s+(?:the\s+|this\s+)?inc(?:ident)?|"
    r"(?:mark|set) .{0,30}\b(?:resolved|over|closed))\b",
    re.IGNORECASE,
)


def order_of(text: str) -> str | None:
    """What is to be done with an incident, if the words say so: `resolve` or `take_command`."""
    if _ENDS.search(text):
        return "resolve"
    return "take_command" if _TAKES.search(text) else None


async def carry_out(turn: Turn, desk: Desk, order: str, named: str | None) -> Reply:
    """Do it with the incident that is named, or the only one that is open. Raises CannotAnswer."""
    if named is None:
        found = [one.id for one in await open_incidents(desk.tx)]
        if len(found) != 1:
            which = f"These are open: {', '.join(found)}." if found else "No incident is open."
            raise CannotAnswer(f"Which incident? {which}")
        (named,) = found
    return await (_resolve if order == "resolve" else _take)(turn, desk, named)


async def _take(turn: Turn, desk: Desk, id: str) -> Reply:
    person = _demand_may(turn, desk)
    desk.demand_order(f"Take command of {id}")
    incident = await _known(acknowledge(desk.tx, id, person, desk.now), id)
    await intervened(desk.tx, "modified", known(turn).id, id, f"{person} takes command.", desk.now)
    return Reply(
        text=f"{person} has {id} ({incident.service} in {incident.stage}); everybody else on call sees it."
    )


async def _resolve(turn: Turn, desk: Desk, id: str) -> Reply:
    person = _demand_may(turn, desk)
    desk.demand_order(f"Resolve {id}")
    incident = await _known(resolve(desk.tx, id, person, desk.now), id)
    await intervened(desk.tx, "modified", known(turn).id, id, f"{person} ended it.", desk.now)
    alerts, events = await alerts_of(desk.tx, id), await timeline(desk.tx, id, _MOST_EVENTS)
    name = f"incident-{id}.md"
    content = incident_report(incident, alerts, events).encode()
    file = await desk.files.put(desk.tx, name, "text/markdown", content, EVERYTHING)
    shown = incident_with_timeline(incident, alerts, events[-30:], desk.now)
    (card,) = shown.cards
    blocks = (*card.blocks, File(file, name, "Timeline, cause and how long each part took"))
    text = f"{id} is over. {took(incident)}"
    return Reply(text=text, cards=(Card(card.title, blocks, card.tone),), facts=shown.facts)


def _demand_may(turn: Turn, desk: Desk) -> str:
    """The name of who asks. Raises CannotAnswer for those who may only read."""
    person = known(turn)
    may = may_request(person, "incident", desk.modes)
    if isinstance(may, Refused) or not may.acts:
        raise CannotAnswer("Taking command of an incident and ending it is the SRE lead’s. Nothing was done.")
    return person.name


async def _known(doing: Awaitable[IncidentRow], id: str) -> IncidentRow:
    try:
        return await doing
    except NoSuchIncident:
        raise CannotAnswer(
            f"There is no {id}. Ask “what incidents are open?” for those that there are."
        ) from None
    except IncidentOver:
        raise CannotAnswer(f"{id} is over already. Nothing was done.") from None


async def _press_take(turn: Turn, desk: Desk) -> Reply:
    return await _take(turn, desk, _pressed(turn))


async def _press_resolve(turn: Turn, desk: Desk) -> Reply:
    return await _resolve(turn, desk, _pressed(turn))


def _pressed(turn: Turn) -> str:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what.subject


PRESSES: Mapping[str, Presses] = {"take_command": _press_take, "resolve_incident": _press_resolve}
