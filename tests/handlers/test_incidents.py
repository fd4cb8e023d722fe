"""Incidents in chat: which are open, and what happened in one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import SecretStr

from agents.operations.alert_intake import AlertIntake, store_alerts
from agents.operations.incidents import end_quiet
from handlers.conversation.cards import Bullets, Quote
from integrations.alerts import Delivery
from integrations.alerts.vendors.alertmanager import Alertmanager, AlertmanagerSettings
from integrations.services.vendors.local import LocalCatalogue
from tests import alerts_sent as sent
from tests.handlers.conftest import ACME, Talk, buttons


async def _alerts(talk: Talk, *alerts: dict[str, object], **other: object) -> None:
    source = Alertmanager(AlertmanagerSettings(alertmanager_token=SecretStr(sent.TOKEN)))
    delivery = Delivery(sent.bearer(), sent.alertmanager(*alerts, **other), talk.now)
    async with talk.database.transaction(talk.tenant) as tx:
        await store_alerts(tx, source.receive(delivery), talk.now)
    catalogue = LocalCatalogue(ACME / "services")
    await AlertIntake(talk.database, lambda _: catalogue, lambda: talk.now).take_alerts(talk.tenant)


async def test_without_one_it_says_so(talk: Talk) -> None:
    (reply,) = (await talk.say("nathan", "/incident what incidents are open?")).replies
    assert reply.text == "No incident is open."


async def test_the_open_ones_are_listed(talk: Talk) -> None:
    await _alerts(talk, sent.one(), sent.one("Slow", "checkout"), sent.one("Full", "search"))
    for text in ("what incidents are open?", "incidents", "open incidents", "any incidents right now?", ""):
        (reply,) = (await talk.say("nathan", f"/incident {text}")).replies
        assert reply.text.startswith("2 incidents are open: INC-1 ("), text
        assert "search in production, open" in reply.text


async def test_one_is_shown_with_its_timeline_and_its_alerts_words(talk: Talk) -> None:
    await _alerts(talk, sent.one(), truncatedAlerts=3)
    await _alerts(talk, sent.one("Slow", "checkout"))
    for text in ("show incident INC-1", "INC-1", "what is the status of incident 1?"):
        (reply,) = (await talk.say("nathan", f"/incident {text}")).replies
        (card,) = reply.cards
        assert card.title == "INC-1: orders in production (open)", text
        (events,) = [block for block in card.blocks if isinstance(block, Bullets)]
        assert [item[1] for item in events.items] == [
            ": opened by “HighErrorRate” of orders (alertmanager).",
            ": “Slow” of checkout (alertmanager) joined: a service that it needs has the incident.",
        ]
        (quote,) = [block for block in card.blocks if isinstance(block, Quote)]
        assert quote.text == "orders answers with errors"
        assert "the sender left out 3 further alerts" in str(card.blocks)
        assert reply.key is None  # an answer of its own: it takes no other message's place


async def test_what_is_over_is_named_and_can_be_shown(talk: Talk) -> None:
    await _alerts(talk, sent.one())
    await _alerts(talk, sent.one(status="resolved"))
    talk.now += timedelta(hours=1)
    async with talk.database.transaction(talk.tenant) as tx:
        await end_quiet(tx, talk.now)
    (reply,) = (await talk.say("nathan", "/incident what incidents are open?")).replies
    assert reply.text.startswith("No incident is open. INC-1 (orders in production) ended last, ")
    assert buttons(reply)["ask"].subject == "incident show incident INC-1"
    (shown,) = (await talk.say("nathan", "/incident show incident INC-1")).replies
    assert "over: nothing has fired since." in str(shown.cards)


async def test_one_of_which_an_alert_still_fires_is_not_over_though_its_figures_are_as_usual(
    talk: Talk,
) -> None:
    await _alerts(talk, sent.one(), sent.one("DiskFull"))
    await talk.say("nathan", "/incident mark INC-1 as mitigated")
    await _alerts(talk, sent.one(status="resolved"))
    for fires in (True, False):
        talk.now += timedelta(hours=1)
        async with talk.database.transaction(talk.tenant) as tx:
            await end_quiet(tx, talk.now)
        (reply,) = (await talk.say("nathan", "/incident what incidents are open?")).replies
        assert ("INC-1 (orders in production, mitigated)" in reply.text) is fires
        await _alerts(talk, sent.one("DiskFull", status="resolved"))


async def test_what_a_person_declared_a_person_ends(talk: Talk) -> None:
    await talk.say("nathan", "/incident declare an incident on checkout: customers cannot pay")
    await talk.say("nathan", "/incident mark INC-1 as mitigated")
    talk.now += timedelta(hours=2)
    async with talk.database.transaction(talk.tenant) as tx:
        await end_quiet(tx, talk.now)
    (reply,) = (await talk.say("nathan", "/incident what incidents are open?")).replies
    assert "INC-1 (checkout in production, mitigated)" in reply.text


async def test_one_that_is_not_there_is_said(talk: Talk) -> None:
    (reply,) = (await talk.say("nathan", "/incident show incident INC-99")).replies
    assert reply.text == "There is no INC-99. Ask “what incidents are open?” for those that there are."


async def test_trouble_that_is_told_opens_nothing_and_offers_the_button(talk: Talk) -> None:
    (reply,) = (await talk.say("nathan", "/incident checkout is down!")).replies
    assert "I have opened none" in reply.text
    assert buttons(reply)["ask"].subject == "incident declare an incident on checkout: checkout is down!"
    (listed,) = (await talk.say("nathan", "/incident what incidents are open?")).replies
    assert listed.text == "No incident is open."


async def test_who_may_not_see_them_is_refused(talk: Talk) -> None:
    answer = await talk.say("rachel", "/incident what incidents are open?")
    assert answer.refused is not None
    assert "INC" not in answer.replies[0].text


@pytest.mark.parametrize(
    "started", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1970-01-01T00:00:00Z"]
)
async def test_an_alert_of_a_wrong_clock_is_taken_as_any_other(talk: Talk, started: str) -> None:
    await _alerts(talk, sent.one(startsAt=started))
    (reply,) = (await talk.say("nathan", "/incident show incident INC-1")).replies
    assert reply.cards[0].title == "INC-1: orders in production (open)"
