"""What those on call are told without having asked: an incident, and alerts that none can be opened for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agents.operations.incident_rows import (
    MOST_UNKNOWN,
    NoSuchIncident,
    alerts_of,
    incident_by_id,
    timeline,
    unknown_services,
)
from agents.operations.incident_showing import INCIDENT, UNKNOWN_SERVICES
from governance.people import Person
from handlers.conversation.cards import Reply
from handlers.conversation.desk import Desk
from handlers.notices import NoticeKind
from handlers.operations.incident.card import incident_card, unknown_services_card

_MOST_EVENTS = 30


async def _incident(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    try:
        incident = await incident_by_id(desk.tx, ids["incident"])
    except NoSuchIncident:
        return None
    alerts, events = await alerts_of(desk.tx, incident.id), await timeline(desk.tx, incident.id, _MOST_EVENTS)
    return incident_card(incident, alerts, events, desk.now)


async def _unknown(desk: Desk, ids: Mapping[str, Any], _person: Person | None) -> Reply | None:
    day = datetime.fromisoformat(ids["day"])
    names = await unknown_services(desk.tx, max(day, desk.now) if desk.now.date() == day.date() else day)
    return unknown_services_card(names, MOST_UNKNOWN, desk.now, ids["key"]) if names else None


NOTICES = (
    NoticeKind(INCIDENT, _incident, urgent="incident"),
    NoticeKind(UNKNOWN_SERVICES, _unknown, urgent="blocker"),
)
