"""What people order about an incident that there is: its parts, updates, its end; by buttons, and in words."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from agents.operations.incident_command import (
    IncidentOver,
    Part,
    add_update,
    give_part,
    mitigate,
    resolve,
    set_severity,
)
from agents.operations.incident_impact import count_impact, keep_impact
from agents.operations.incident_rows import NoSuchIncident, incident_by_id, open_incidents
from agents.operations.incident_tables import IncidentRow
from governance.people import Person
from governance.permissions import Refused
from governance.places import Audience
from governance.record import intervened
from handlers.catalogue import may_request
from handlers.conversation.cards import Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer, Presses
from handlers.conversation.origin import known
from handlers.conversation.subjects import people_named
from handlers.conversation.turn import Clicked, Turn
from handlers.operations.incident.card import incident_with_timeline, update_button
from handlers.operations.incident.orders import LONGEST, Kind, Order
from handlers.operations.incident.people_words import DOES
from handlers.operations.incident.review import approve, demand_may, document, review
from handlers.operations.incident.seen import read_incident
from integrations.metrics import MetricsError
from storage.look import Away

_MOST_EVENTS = 500
_SHOWN_EVENTS = 30


def with_money(turn: Turn) -> bool:
    """Whether revenue may be shown: to somebody alone. Whoever reads incidents may see what they cost."""
    return turn.place.audience is Audience.DIRECT


async def carry_out(turn: Turn, desk: Desk, order: Order, named: str | None) -> Reply:
    """Do it with the incident that is named, the thread's, or the only one that is open. Raises
    CannotAnswer."""
    id = await which(desk, named)
    desk.memory.about(incident=id)
    match order.kind:
        case Kind.PART if order.part is not None:
            return await _give(turn, desk, id, order.part, await _whom(turn, desk, order.head))
        case Kind.UPDATE:
            return await _update(turn, desk, id, order.words)
        case Kind.SEVERITY:
            return await _severity(turn, desk, id, order.severity)
        case Kind.MITIGATED:
            return await _mitigate(turn, desk, id)
        case Kind.REVIEW:
            return await review(desk, id)
        case Kind.APPROVE_REVIEW:
            return await approve(turn, desk, id)
        case Kind.REOPEN:
            raise CannotAnswer(
                f"An incident that is over stays over. Declare a new one; it will be linked to {id}."
            )
        case _:
            return await _resolve(turn, desk, id)


async def which(desk: Desk, named: str | None) -> str:
    """The incident that is meant. Raises CannotAnswer."""
    if named is not None:
        return named
    if "incident" in desk.memory.topic:
        return desk.memory.topic["incident"]
    found = [one.id for one in await open_incidents(desk.tx)]
    if len(found) != 1:
        said = f"These are open: {', '.join(found)}." if found else "No incident is open."
        raise CannotAnswer(f"Which incident? {said}")
    return found[0]


async def _whom(turn: Turn, desk: Desk, text: str) -> Person:
    """Whoever is named; who speaks, where they speak of themselves or nobody is named. Raises CannotAnswer."""
    speaker = known(turn)
    words = f" {text.casefold()} "
    if any(word in words for word in (" i ", " i'", " i’", " me ", " myself ")):
        return speaker
    named = await people_named(desk, text)
    if len(named) > 1:
        raise CannotAnswer("One person at a time: who takes it?")
    return named[0] if named else speaker


async def _give(turn: Turn, desk: Desk, id: str, part: Part, person: Person) -> Reply:
    by = demand_may(turn, desk)
    _demand_can(desk, part, person)
    desk.demand_order(f"Give {DOES[part]} in {id} to {person.name}")
    incident = await _known(give_part(desk.tx, id, part, person.id, by.id, desk.now), id)
    await intervened(desk.tx, "modified", by.id, id, f"{DOES[part]} given", desk.now)
    where = f"{id} ({incident.service} in {incident.stage})"
    if part is Part.COMMANDER:
        return Reply(text=f"{person.name} has {where}; everybody else on call sees it.")
    return Reply(text=f"{person.name} takes {DOES[part]} in {where}.")


def _demand_can(desk: Desk, part: Part, person: Person) -> None:
    """Raises CannotAnswer for somebody who could not do what the part takes."""
    may = may_request(person, "incident", desk.modes)
    if isinstance(may, Refused) or (part is Part.COMMANDER and not may.acts):
        takes = "ends incidents" if part is Part.COMMANDER else "reads incidents"
        raise CannotAnswer(
            f"{person.name} is nobody who {takes}, so this part is not theirs. Nothing was done."
        )


async def _update(turn: Turn, desk: Desk, id: str, words: str) -> Reply:
    person = known(turn)
    incident = await _read(desk, id)
    if person.id not in (incident.commander, incident.communications, incident.scribe):
        demand_may(turn, desk)
    words = words.strip()[:LONGEST]
    if not words:
        text = f"What is new in {id}? Say “update {id}: …”, or fill it in."
        return Reply(text=text, cards=(Card(f"{id}: update", (Text((text,)), Buttons((update_button(id),)))),))
    desk.demand_order(f"Write into the timeline of {id}: {words}")
    await _known(add_update(desk.tx, id, words, person.id, desk.now), id)
    return Reply(text=f"It stands in the timeline of {id}: “{words}” Everybody who has its card sees it.")


async def _severity(turn: Turn, desk: Desk, id: str, severity: str) -> Reply:
    person = demand_may(turn, desk)
    desk.demand_order(f"Call {id} {severity}")
    await _known(set_severity(desk.tx, id, severity, person.id, desk.now), id)
    minutes = round(desk.department.incidents.every(severity).total_seconds() / 60)
    return Reply(text=f"{id} is {severity} from now on: an update is due every {minutes} minutes.")


async def _mitigate(turn: Turn, desk: Desk, id: str) -> Reply:
    person = demand_may(turn, desk)
    desk.demand_order(f"Call {id} mitigated")
    incident = await _known(mitigate(desk.tx, id, person.id, desk.now), id)
    then = "It stays open until somebody ends it."
    if incident.declared_by is None:
        then = "It ends by itself when nothing has fired for ten minutes."
    return Reply(text=f"{id} is mitigated. {then}")


async def _resolve(turn: Turn, desk: Desk, id: str) -> Reply:
    person = demand_may(turn, desk)
    desk.demand_order(f"Resolve {id}")
    await _count(turn, desk, await _read(desk, id))
    await _known(resolve(desk.tx, id, person.id, desk.now), id)
    await intervened(desk.tx, "modified", person.id, id, "ended", desk.now)
    seen = await read_incident(desk, id, _MOST_EVENTS)
    file, text = await document(desk, seen)
    shown = incident_with_timeline(seen, desk.now, with_money=with_money(turn))
    (card,) = shown.cards
    blocks = (*card.blocks, file)
    return Reply(text=f"{id} is over. {text}", cards=(Card(card.title, blocks, card.tone),), facts=shown.facts)


async def _count(turn: Turn, desk: Desk, incident: IncidentRow) -> None:
    """What it cost, until now; what was counted before stands where it cannot be looked up."""
    try:
        impact = await count_impact(desk.ports.metrics, incident, turn.at)
    except (MetricsError, Away):
        return
    if impact is not None:
        await keep_impact(desk.tx, incident.id, impact)


async def _read(desk: Desk, id: str) -> IncidentRow:
    return await _known(incident_by_id(desk.tx, id), id)


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
    return await _give(turn, desk, _pressed(turn).subject, Part.COMMANDER, known(turn))


async def _press_resolve(turn: Turn, desk: Desk) -> Reply:
    return await _resolve(turn, desk, _pressed(turn).subject)


async def _press_update(turn: Turn, desk: Desk) -> Reply:
    return await _update(turn, desk, _pressed(turn).subject, str(_pressed(turn).values.get("words", "")))


def _pressed(turn: Turn) -> Clicked:
    if not isinstance(turn.what, Clicked):
        raise TypeError("a press is a click")
    return turn.what


PRESSES: Mapping[str, Presses] = {
    "take_command": _press_take,
    "resolve_incident": _press_resolve,
    "update_incident": _press_update,
}
