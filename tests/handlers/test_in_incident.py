"""The fact `in_incident`: what people may do in an open incident, and what the response does by itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from agents.operations.incident_rows import add_event, incident_for_update, lock_incidents
from agents.operations.response.limits import in_incident
from governance.people import Actor
from integrations.deployments import Stage, Target
from tests.handlers.conftest import Talk

ORDERS = Target("orders", Stage.PRODUCTION)
NATHAN, SRE = Actor("person", "nathan"), Actor("agent", "sre")


async def declared(talk: Talk) -> None:
    talk.now = datetime.now(UTC)
    await talk.say("nathan", "/incident declare an incident on orders: customers cannot pay")


async def remedy(talk: Talk, *, ago: timedelta = timedelta(0), service: str = "orders") -> None:
    async with talk.database.transaction(talk.tenant) as tx:
        await lock_incidents(tx)
        row = await incident_for_update(tx, "INC-1")
        detail = {"service": service, "what": "Roll back", "type": "deployments.roll_back", "why": "worse"}
        add_event(tx, row, "remedy", detail, datetime.now(UTC) - ago)


async def answers(talk: Talk, actor: Actor, target: Target = ORDERS) -> bool:
    async with talk.database.transaction(talk.tenant) as tx:
        return await in_incident(target, actor, tx)


async def test_a_person_answers_an_incident_that_is_open_there(talk: Talk) -> None:
    assert not await answers(talk, NATHAN)
    await declared(talk)
    assert await answers(talk, NATHAN)
    assert not await answers(talk, NATHAN, Target("orders", Stage.STAGING))
    assert not await answers(talk, NATHAN, Target("search", Stage.PRODUCTION))
    await talk.say("nathan", "/incident resolve INC-1")
    assert not await answers(talk, NATHAN)


async def test_the_response_does_what_it_has_just_worked_out_and_no_more(talk: Talk) -> None:
    await declared(talk)
    assert not await answers(talk, SRE)
    await remedy(talk, service="search")
    assert not await answers(talk, SRE)
    await remedy(talk, ago=timedelta(minutes=11))
    assert not await answers(talk, SRE)
    await remedy(talk)
    assert await answers(talk, SRE)
    await talk.say("nathan", "/incident resolve INC-1")
    assert not await answers(talk, SRE)


async def test_what_was_held_up_meanwhile_is_asked_for(talk: Talk) -> None:
    await declared(talk)
    await remedy(talk, ago=timedelta(minutes=1))
    await talk.say("nathan", "/freeze freeze orders")
    await talk.say("nathan", "/unfreeze unfreeze orders")
    assert not await answers(talk, SRE)
    await remedy(talk)
    assert await answers(talk, SRE)
