"""What those on call are told without having asked: an incident, and alerts that none can be opened for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agents.operations.incident_reminders import UPDATE_DUE
from agents.operations.incident_rows import (
    MOST_UNKNOWN,
    NoSuchIncident,
    held_alerts,
    incident_by_id,
    unknown_services,
)
from agents.operations.incident_showing import ALERTS_HELD, INCIDENT, UNKNOWN_SERVICES
from governance.people import Person
from governance.permissions import Refused
from handlers.catalogue import may_request
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind
from handlers.operations.incident.card import incident_card, unknown_services_card, update_due_card
from handlers.operations.incident.held_card import alerts_held_card
from handlers.operations.incident.seen import read_incident

_MOST_EVENTS = 30


async def _incident(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    try:
        seen = await read_incident(desk, ids["incident"], _MOST_EVENTS)
    except NoSuchIncident:
        return None
    desk.memory.about(incident=seen.incident.id)
    return incident_card(seen, desk.now, with_money=_may_see_money(desk, person))


def _may_see_money(desk: Desk, person: Person | None) -> bool:
    """Whether this goes to somebody alone who may read incidents."""
    return person is not None and not isinstance(may_request(person, "incident", desk.modes), Refused)


async def _update_due(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    try:
        incident = await incident_by_id(desk.tx, ids["incident"])
    except NoSuchIncident:
        return None
    if incident.state == "resolved":
        return None
    desk.memory.about(incident=incident.id)
    return update_due_card(incident, desk.department.incidents.every(incident.severity), ids["key"])


async def _unknown(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    day = datetime.fromisoformat(ids["day"])
    names = await unknown_services(desk.tx, max(day, desk.now) if desk.now.date() == day.date() else day)
    return unknown_services_card(names, MOST_UNKNOWN, desk.now, ids["key"]) if names else None


async def _held(desk: Desk, ids: Mapping[str, Any], person: Person | None) -> Reply | None:
    test, alerts = await held_alerts(desk.tx, ids["test"])
    if not alerts:
        return None
    return alerts_held_card(test, alerts, person, ids["key"])


NOTICES = (
    NoticeKind(INCIDENT, _incident, urgent="incident"),
    NoticeKind(UPDATE_DUE, _update_due, urgent="incident"),
    NoticeKind(UNKNOWN_SERVICES, _unknown, urgent="blocker"),
    NoticeKind(ALERTS_HELD, _held, urgent="incident"),
)
