"""The use cases as people open them in Teams, and what is decided there."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest

from simulators.teams import Message
from storage.embedded import EmbeddedServer
from tests.office import TeamsOffice, teams_office
from tests.scenarios.openings import APPROVAL, OPENINGS, REFUSAL, ROLES, Decision, Opening


@pytest.fixture(scope="module")
async def office(
    server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[TeamsOffice]:
    async with teams_office(server, tmp_path_factory.mktemp("openings")) as opened:
        yield opened


@pytest.mark.parametrize("opening", OPENINGS, ids=str)
async def test_an_opening_is_answered_in_the_chat(office: TeamsOffice, opening: Opening) -> None:
    # A chat has no threads: a plan that was asked for before may come in between.
    asked = await office.person(opening.who).says(f"/{opening.words}")
    await office.teams.wait_for(
        lambda each: (
            each.conversation == asked.conversation and opening.answer.lower() in each.all_text.lower()
        ),
        after=asked,
    )


@pytest.mark.parametrize("decision", [APPROVAL, REFUSAL], ids=str)
async def test_what_is_decided_stands_on_every_card(office: TeamsOffice, decision: Decision) -> None:
    for who in decision.pressing:
        await office.answered(await office.person(who).says("/whoami"))
    await office.person(decision.asks).says(f"/{decision.words}")
    cards = {who: await office.teams.wait_for(_is_open(office, decision, who)) for who in decision.pressing}
    for who, card in cards.items():
        delivery = await office.person(who).presses(decision.button, card)
        if decision.button == "Deny":
            await office.person(who).submits(delivery.answer, card, {})
    for card in cards.values():
        await office.teams.wait_for(lambda m, card=card: m is card and decision.answer in m.all_text)  # type: ignore[misc]
        assert f'"{decision.button}"' not in json.dumps(card.card)
    await office.settled()
    assert tuple(role for (role,) in await office.rows(ROLES, whose=decision.whose)) == decision.roles


def _is_open(office: TeamsOffice, decision: Decision, who: str):
    chat = office.person(who).chat.id

    def is_it(message: Message) -> bool:
        here = message.conversation == chat and decision.subject in message.all_text
        return here and f'"{decision.button}"' in json.dumps(message.card)

    return is_it
