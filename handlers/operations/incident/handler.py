"""`incident`: which are open, what happened in one; declaring one, its parts, updates, end and review."""

from __future__ import annotations

import re

from agents.operations.incident_rows import NoSuchIncident, alert_counts, lately_ended, open_incidents
from governance.people import Role
from governance.permissions import reads
from handlers.conversation.answers import not_built
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.conversation.handler import Asked, CannotAnswer, Group, Handler, Risk
from handlers.conversation.helps_now import helps_now
from handlers.conversation.turn import Turn
from handlers.operations.incident import command, declaring
from handlers.operations.incident.card import incident_with_timeline, incidents_card, none_open
from handlers.operations.incident.orders import Kind, read_order
from handlers.operations.incident.seen import read_incident

_MOST_EVENTS = 30

_ID = re.compile(r"\b(?:inc|incident)[\s#-]*(?P<number>[0-9]{1,9})\b", re.IGNORECASE | re.ASCII)

_ORDERS = re.compile(
    r"^\W*open\s+(?:an?\b|the\b|incident\b)|\b(?:declare|start|create|raise|log|update|post|note|page|assign|mark"
    r"|set|take|hand|escalate|downgrade|upgrade|resolve|close|cancel|reopen|approve|review|sign|command)\b",
    re.IGNORECASE,
)
"""Signs that something is to be done with an incident, and not to be seen."""

_ASKS = re.compile(
    r"\b(?:what|which|any|list|show|see|how|where|when|timeline|status|details?|tell|(?:is|are) there"
    r"|open incidents)\b",
    re.IGNORECASE,
)

_ALONE = re.compile(r"\W*(?:(?:the|all|open)\s+)*(?:incidents?|inc)?[\s#-]*[0-9]*\W*", re.IGNORECASE)


async def answer(turn: Turn, asked: Asked, desk: Desk) -> Reply:
    """Do what is ordered; else show one incident with its timeline, or all that are open."""
    text = asked.text
    named = _ID.search(text)
    id = named and f"INC-{int(named['number'])}"
    order = read_order(text)
    if order is not None:
        if order.kind is Kind.DECLARE:
            return await declaring.carry_out(turn, desk, order, text)
        return await command.carry_out(turn, desk, order, id)
    if id is None and declaring.TROUBLE.search(text) and not _ASKS.search(text):
        return await declaring.offer(turn, desk, text)
    if _ORDERS.search(text) or not (_ASKS.search(text) or _ALONE.fullmatch(text)):
        return not_built(HANDLER, await helps_now(turn, desk, HANDLER.name, text))
    if id is not None:
        return await _one(turn, desk, id)
    found = await open_incidents(desk.tx)
    if not found:
        return none_open(next(iter(await lately_ended(desk.tx, 1)), None), turn.person, desk.now)
    counts = await alert_counts(desk.tx, [one.id for one in found])
    return incidents_card(found, counts, turn.person, desk.now)


async def _one(turn: Turn, desk: Desk, id: str) -> Reply:
    try:
        seen = await read_incident(desk, id, _MOST_EVENTS)
    except NoSuchIncident:
        raise CannotAnswer(
            f"There is no {id}. Ask “what incidents are open?” for those that there are."
        ) from None
    desk.memory.about(incident=id)
    return incident_with_timeline(seen, desk.now, with_money=command.with_money(turn))


HANDLER = Handler(
    name="incident",
    purpose="Declare, command, update, resolve or review an incident",
    example="declare an incident, checkout is down",
    group=Group.STOP,
    permission=reads(Role.SRE_LEAD),
    answer=answer,
    presses=command.PRESSES,
    risk=Risk.ACTS,
)
