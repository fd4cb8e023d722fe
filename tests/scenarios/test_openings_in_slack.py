"""The use cases as people open them in Slack, and what is decided there."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from simulators.slack import Message
from storage.embedded import EmbeddedServer
from tests.office import Office, offices
from tests.scenarios.openings import APPROVAL, OPENINGS, REFUSAL, ROLES, Decision, Opening


@pytest.fixture(scope="module")
async def office(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with offices(server, tmp_path_factory.mktemp("openings")) as open_office:
        yield await open_office()


@pytest.mark.parametrize("opening", OPENINGS, ids=str)
async def test_an_opening_is_answered_in_its_thread(office: Office, opening: Opening) -> None:
    asked = await office.slack.user(opening.who).says(f"/{opening.words}", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    assert opening.answer.lower() in answer.all_text.lower()


@pytest.mark.parametrize("decision", [APPROVAL, REFUSAL], ids=str)
async def test_what_is_decided_stands_on_every_card(office: Office, decision: Decision) -> None:
    slack = office.slack

    def is_about(message: Message, who: str) -> bool:
        return message.channel == slack.user(who).dm.id and decision.subject in message.all_text

    await slack.user(decision.asks).says(f"/{decision.words}", dm=True)
    cards = [
        await slack.wait_for(lambda m, who=who: is_about(m, who) and decision.button in m.buttons)  # type: ignore[misc]
        for who in decision.pressing
    ]
    for who, card in zip(decision.pressing, cards, strict=True):
        await slack.user(who).presses(decision.button, on=card)
        if decision.button == "Deny":
            await slack.user(who).submits(await slack.wait_for_view(slack.user(who)))
    for card in cards:
        await slack.wait_for(lambda m, ts=card.ts: m.ts == ts and decision.answer in m.all_text)  # type: ignore[misc]
        assert decision.button not in card.buttons
    await office.settled()
    assert tuple(role for (role,) in await office.rows(ROLES, whose=decision.whose)) == decision.roles


async def test_the_home_tab_shows_what_waits_runs_and_stands(office: Office) -> None:
    david = office.slack.user("david")
    await david.says("/whoami", dm=True)
    await david.opens_home()
    view = await office.slack.wait_until(lambda: david.home)
    said = str(view.content)
    for part in ("Good to see you, David Lindqvist", "What runs now", "My summaries", "What can I ask?"):
        assert part in said
