"""After an incident: its review is approved in its thread, and the story that follows is made, and linked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from agents.operations.incident_rows import add_event, incident_for_update
from agents.operations.incident_tables import IncidentEventRow, IncidentRow
from bot.tables import FileRow
from governance.tables import EffectRow
from handlers.catalogue import find_handlers
from handlers.conversation.router import Router
from handlers.language.mood import Mood
from handlers.language.recognition import Recognition
from tests.handlers.conftest import Deaf, Talk

DECLARED = "/incident declare an incident on orders: order history is slow"
APPROVED = "Approved. Add query optimization to the backlog as P0"


class Hears(Deaf):
    """Understands who wants a story."""

    async def recognise(self, text: str) -> Recognition:
        if "backlog" not in text:
            return await super().recognise(text)
        return Recognition("add_to_backlog", 0.99, (), Mood.REQUEST, 0.99)


@pytest.fixture
async def over(talk: Talk) -> Talk:
    """An incident of orders that is over, in its thread."""
    talk.router = Router(find_handlers(), Hears(), Hears())
    await talk.say("nathan", DECLARED)
    async with talk.database.transaction(talk.tenant) as tx:
        incident = await incident_for_update(tx, "INC-1")
        seen = {"state": "slow", "requests": 300.0, "failed": 0.0, "p95": 2.4, "usual_p95": 0.12}
        add_event(tx, incident, "seen", {**seen, "usual_failed": 0.0}, talk.now)
        cause = {
            "service": "orders",
            "share": 0.71,
            "subject": "orders’ own waiting",
            "of": "the added waiting",
        }
        came = {"version": "4.18.1", "change": "deployed", "seconds_before": 40, "commit": "abc123"}
        add_event(tx, incident, "cause", {**cause, **came, "story": "CARD-1234"}, talk.now)
    await talk.say("nathan", "/incident resolve INC-1")
    async with talk.database.transaction(talk.tenant) as tx:  # the gate looks at the database's own clock
        await tx.execute(update(IncidentRow).values(resolved=func.now()))
    return talk


async def _made(talk: Talk) -> EffectRow:
    async with talk.database.transaction(talk.tenant) as tx:
        made = EffectRow.action_type.startswith("tracker.create")
        return (await tx.execute(select(EffectRow).where(made))).scalar_one()


async def _kinds(talk: Talk) -> list[str]:
    async with talk.database.transaction(talk.tenant) as tx:
        return list(
            (await tx.execute(select(IncidentEventRow.kind).order_by(IncidentEventRow.number))).scalars()
        )


async def test_approved_and_the_story_in_one_message(over: Talk) -> None:
    review, story = (await over.say("nathan", APPROVED)).replies
    assert review.text == "The review of INC-1 is approved by Nathan Adebayor."
    assert "It is linked to INC-1." in story.text
    effect = await _made(over)
    assert effect.state == "ready"  # an SRE lead links it to an incident: nobody else is asked
    body = effect.body
    assert (body["type"], body["incident"]) == ("tracker.create_urgent_story", "INC-1")
    draft = body["draft"]
    assert (draft["title"], draft["priority"]) == ("Query optimization", "P0")
    assert draft["acceptance"] == [
        "A performance test of orders at the load of INC-1 keeps the 95th percentile of latency at its usual"
        " 120 ms (it was 2,400 ms)."
    ]
    assert (
        "Follows from INC-1 (orders in production). Orders’ own waiting explained 71% of the added waiting"
        in (draft["description"])
    )
    assert "4.18.1 of orders came 40 s before (commit abc123, CARD-1234)" in draft["description"]
    assert (await _kinds(over))[-2:] == ["reviewed", "story"]
    (again,) = (await over.say("nathan", "/incident review of INC-1")).replies
    assert "INC-1" in again.text
    document = await _document(over)
    assert "- Query optimization as P0, being made" in document
    assert "Nathan Adebayor approved the review." in document


async def _document(talk: Talk) -> str:
    async with talk.database.transaction(talk.tenant) as tx:
        query = select(FileRow.content).where(FileRow.name == "incident-INC-1.md")
        return max((bytes(one).decode() for one in (await tx.execute(query)).scalars()), key=len)


async def test_who_is_no_sre_links_it_and_the_product_owner_is_asked(over: Talk) -> None:
    answer = await over.say("amanda", "/add_to_backlog Add query optimization to the backlog as P0")
    effect = await _made(over)
    assert effect.state == "parked"
    assert effect.body["incident"] == "INC-1"
    assert "P0" in answer.replies[0].text


async def test_elsewhere_a_p0_follows_from_no_incident(over: Talk) -> None:
    words = "/add_to_backlog Add query optimization to the backlog as P0 for team Alpha"
    await over.say("nathan", words, thread="other")
    effect = await _made(over)
    assert (effect.state, effect.body["incident"]) == ("parked", None)


async def test_weeks_later_the_thread_alone_links_nothing(over: Talk) -> None:
    over.now += timedelta(days=30)
    words = "/add_to_backlog Add query optimization to the backlog as P0 for team Alpha"
    await over.say("nathan", words)
    assert (await _made(over)).body["incident"] is None


async def test_an_incident_of_long_ago_makes_no_story_urgent(over: Talk) -> None:
    async with over.database.transaction(over.tenant) as tx:
        long_ago = func.now() - timedelta(days=40)
        await tx.execute(update(IncidentRow).values(resolved=long_ago))
    words = "/add_to_backlog Add query optimization to the backlog as P0 for team Alpha, linked to INC-1"
    await over.say("nathan", words, thread="other")
    effect = await _made(over)
    assert (effect.state, effect.body["incident"]) == ("parked", None)


async def test_approved_is_no_review_while_it_goes_on_and_no_second_one(talk: Talk) -> None:
    await talk.say("nathan", DECLARED)
    await talk.say("nathan", "Approved.")
    assert await _kinds(talk) == ["declared"]
    await talk.say("nathan", "/incident resolve INC-1")
    refused = await talk.say("amanda", "Approved.")
    assert "SRE lead’s" in refused.replies[0].text
    await talk.say("nathan", "Approved.")
    await talk.say("nathan", "Approved.")
    assert await _kinds(talk) == ["declared", "resolved", "reviewed"]
