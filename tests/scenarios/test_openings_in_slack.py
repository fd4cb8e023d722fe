"""The seven use cases as people open them in Slack: taken up, refused, or honestly not there yet."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from storage.embedded import EmbeddedServer
from tests.office import Office, offices

OPENINGS = (
    ("david", "build_feature Build the customer dashboard feature from PRD-2025-Q1-Dashboard", "Planning"),
    ("amanda", "blockers Why is the checkout feature delayed across teams?", "not there yet"),
    ("carlos", "compliance_report Generate SOC2 Type II evidence for Q3 2025", "not there yet"),
    ("nathan", "capacity_plan Analyze Black Friday capacity requirements", "not there yet"),
    ("nathan", "incident payment is slow", "not there yet"),
    ("rachel", "feature_request Acme Corp needs SAML SSO integration by Q2 for renewal", "not there yet"),
    ("amanda", "optimisation_report what can be optimised?", "not there yet"),
    ("rachel", "build_feature Build the customer dashboard from PRD-2025-Q1-Dashboard", "I did nothing"),
    ("rachel", "halt_agents stop all agents now", "I did nothing"),
    ("david", "freeze Freeze all deployments", "I did nothing"),
)


@pytest.fixture(scope="module")
async def office(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    async with offices(server, tmp_path_factory.mktemp("openings")) as open_office:
        yield await open_office()


@pytest.mark.parametrize(("who", "words", "said"), OPENINGS)
async def test_an_opening_is_answered_in_its_thread(office: Office, who: str, words: str, said: str) -> None:
    asked = await office.slack.user(who).says(f"/{words}", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    assert said.lower() in answer.all_text.lower()


async def test_the_home_tab_shows_what_waits_runs_and_stands(office: Office) -> None:
    david = office.slack.user("david")
    await david.says("/whoami", dm=True)
    await david.opens_home()
    view = await office.slack.wait_until(lambda: david.home)
    said = str(view.content)
    for part in ("Good to see you, David Lindqvist", "What runs now", "My summaries", "What can I ask?"):
        assert part in said
