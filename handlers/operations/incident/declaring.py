"""Declaring an incident: what somebody sees is opened, looked at as any other, and opened once."""

from __future__ import annotations

import re

from agents.operations.incident_command import Declaration, declare
from governance.places import Audience
from handlers.conversation.cards import Button, Buttons, Card, Reply, Text
from handlers.conversation.desk import Desk
from handlers.conversation.handler import CannotAnswer
from handlers.conversation.origin import place_json
from handlers.conversation.subjects import service_meant
from handlers.conversation.turn import Turn
from handlers.operations.incident.card import incident_card
from handlers.operations.incident.command import with_money
from handlers.operations.incident.orders import Order
from handlers.operations.incident.review import demand_may
from handlers.operations.incident.seen import read_incident
from handlers.operations.targets import stage_of
from integrations.deployments import Stage
from integrations.services import NoSuchService

_MOST_EVENTS = 30
TROUBLE = re.compile(
    r"\b(?:down|outage|failing|fails?|broken|unavailable|not working|unreachable|production incident)\b",
    re.IGNORECASE,
)
"""Signs that somebody tells of an incident, and declares none yet."""


async def carry_out(turn: Turn, desk: Desk, order: Order, text: str) -> Reply:
    """Open it, or say which one there is already. Raises CannotAnswer."""
    person = demand_may(turn, desk)
    service = await service_meant(desk, order.head) or await service_meant(desk, text)
    if service is None:
        raise CannotAnswer(
            "Which service? Say “declare an incident on orders: what is wrong”. Nothing was done."
        )
    stage = stage_of(text) or Stage.PRODUCTION
    desk.demand_order(f"Declare an incident on {service} in {stage}")
    public = turn.place.audience in (Audience.DIRECT, Audience.PUBLIC)
    said = Declaration(
        service=service,
        stage=stage.value,
        severity=order.severity,
        words=order.words,
        by=person.id,
        actor=turn.actor,
        needs=await _needs(desk, service),
        place=None if public else place_json(turn.place),
    )
    incident, opened = await declare(desk.tx, said, desk.now)
    desk.memory.about(incident=incident.id, service=service)
    shown = incident_card(
        await read_incident(desk, incident.id, _MOST_EVENTS), desk.now, with_money=with_money(turn)
    )
    if not opened:
        text = f"{incident.id} is open for {service} in {stage} already, so I opened no second one."
        told = f"{text} Your words stand in its timeline."
        return Reply(text=told, cards=shown.cards, facts=shown.facts)
    text = f"{incident.id} is open for {service} in {stage}. I look for myself now, and those on call are told."
    return Reply(text=text, cards=shown.cards, facts=shown.facts, key=shown.key)


async def _needs(desk: Desk, service: str) -> frozenset[str]:
    try:
        return frozenset((await desk.ports.services.service(service)).depends_on)
    except NoSuchService:
        return frozenset()


async def offer(turn: Turn, desk: Desk, text: str) -> Reply:
    """Somebody tells of trouble: the one button that declares it. Raises CannotAnswer."""
    demand_may(turn, desk)
    service = await service_meant(desk, text)
    if service is None:
        raise CannotAnswer(
            "Which service? Say “declare an incident on orders: what is wrong”. Nothing was done."
        )
    said = f"Is this an incident? I have opened none. The button declares one on {service}, with your words."
    words = f"incident declare an incident on {service}: {text.strip()}"
    buttons = Buttons((Button("Declare it", "ask", words[:1_000], "danger"),))
    return Reply(text=said, cards=(Card(f"An incident on {service}?", (Text((said,)), buttons), "waiting"),))
