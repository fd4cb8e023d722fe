"""How Jira is reached: as whom, what the doctor says of it, and that no secret gets into words."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from governance.visibility import EVERYTHING
from integrations.integration import Surroundings
from integrations.tracker import StoryQuery, TrackerError
from integrations.tracker.vendors.jira.api import NoAccess
from simulators.jira import CLIENT_ID, CLIENT_SECRET, CLOUD_ID, TOKEN, FakeJira, Fault
from storage.database import Database
from storage.look import Away
from tests.integrations.jira.world import WITHIN, opened, settings, vendor
from tests.integrations.tracker_drafts import draft, grant


def by_client(jira: FakeJira, secret: str = CLIENT_SECRET) -> dict[str, object]:
    return {
        "jira_email": None,
        "jira_api_token": None,
        "jira_client_id": CLIENT_ID,
        "jira_client_secret": secret,
        "jira_cloud_id": CLOUD_ID,
        "jira_gateway_url": jira.url,
        "jira_auth_url": jira.url,
    }


async def said(jira: FakeJira, database: Database, tenant: str, **other: object) -> list[tuple[str, str]]:
    around = Surroundings(database, tenant, Path(), {}, Path(), settings(jira, **other))
    return [(one.state, one.says) for one in await vendor().check(around)]


async def test_a_service_account_works_through_the_gateway(
    jira: FakeJira, database: Database, tenant: str
) -> None:
    async with opened(jira, database, tenant, **by_client(jira)) as tracker:
        assert (await tracker.create_story(grant(), draft())).id == "SHOP-1"
        first = set(jira.tokens)
        jira.tokens.clear()  # taken back: a new one is fetched, and nobody notices
        assert len((await tracker.stories(EVERYTHING, StoryQuery())).items) == 1
        assert len(first) == 1
        assert jira.tokens
        assert not first & jira.tokens


async def test_wrong_credentials_are_said_without_them(
    jira: FakeJira, database: Database, tenant: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with opened(jira, database, tenant, jira_api_token="a-wrong-token-9931") as tracker:
        with pytest.raises(NoAccess, match="does not take our credentials: see JIRA_API_TOKEN") as refused:
            await tracker.stories(EVERYTHING, StoryQuery())
    async with opened(jira, database, tenant, **by_client(jira, "a-wrong-secret-9931")) as tracker:
        with pytest.raises(NoAccess, match="see JIRA_CLIENT_ID and JIRA_CLIENT_SECRET") as second:
            await tracker.stories(EVERYTHING, StoryQuery())
    assert "9931" not in caplog.text + str(refused.value) + str(second.value) + repr(tracker)


async def test_words_of_jiras_never_hold_our_token(jira: FakeJira, database: Database, tenant: str) -> None:
    async with opened(jira, database, tenant) as tracker:
        told = {"errorMessages": [f"Basic {TOKEN} is odd " * 40]}
        jira.faults.append(Fault("POST", "/rest/api/3/issue$", answer=(400, told, {})))
        with pytest.raises(TrackerError, match="Basic … is odd") as refused:
            await tracker.create_story(grant(), draft())
        assert TOKEN not in str(refused.value)
        assert len(str(refused.value)) < 400
        assert TOKEN not in repr(tracker)


async def test_the_doctor_says_that_it_is_well(jira: FakeJira, database: Database, tenant: str) -> None:
    assert await said(jira, database, tenant) == [("well", "it answers, and shows SHOP")]


async def test_the_doctor_says_what_is_missing(jira: FakeJira, database: Database, tenant: str) -> None:
    jira.state.add_project("BARE", points=False, time=False)
    del jira.state.statuses["10103"]
    places = {"jira_projects": "SHOP,BARE", "jira_webhook_secrets": None}
    found = await said(jira, database, tenant, **places)
    assert found[0] == ("well", "it answers, and shows SHOP, BARE")
    assert {says for state, says in found[1:] if state == "advice"} == {
        "BARE has no story points: our estimates stand in a property, and Jira’s points are not read",
        "BARE has no scrum board, so no sprints",
        "no status in Jira is “blocked” here; JIRA_STATUSES can name one",
        "tells nothing by itself: set JIRA_WEBHOOK_SECRETS to let it post to /tracker/jira",
    }
    jira.hidden.add("BARE")
    assert await said(jira, database, tenant, **places) == [
        ("wrong", "not there, or not shown to us: BARE; see JIRA_PROJECTS")
    ]


async def test_the_doctor_says_that_it_does_not_answer(jira: FakeJira, database: Database, tenant: str) -> None:
    assert (await said(jira, database, tenant, jira_api_token="wrong-wrong"))[0][0] == "wrong"
    jira.faults.append(Fault("GET", "/rest/api/3/myself", answer=(500, {}, {}), times=9))
    assert await said(jira, database, tenant) == [("wrong", "Jira answered 500")]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"jira_url": "http://jira.example.com"}, "https address"),
        ({"jira_url": "https://me:secret@jira.example.com"}, "https address"),
        ({"jira_projects": "shop"}, "projects’ keys"),
        ({"jira_projects": ""}, "projects’ keys"),
        ({"jira_teams": "alpha"}, "name=value"),
        ({"jira_teams": "alpha=shop"}, "must name a project"),
        ({"jira_teams": "alpha=PAY"}, "JIRA_PROJECTS does not name PAY"),
        ({"jira_statuses": "Ready=ripe"}, "ripe"),
        ({"jira_priorities": "Urgent=P9"}, "P9"),
        ({"jira_api_token": None}, "needs JIRA_EMAIL and JIRA_API_TOKEN"),
        ({"jira_client_id": "c", "jira_client_secret": "s", "jira_cloud_id": "i"}, "or else JIRA_CLIENT_ID"),
        ({"jira_hours_per_point": 0}, "greater than 0"),
        ({"jira_webhook_secrets": "short"}, "at least 16"),
    ],
)
def test_settings_that_are_wrong_are_refused(wrong: dict[str, object], says: str) -> None:
    fake = FakeJira(url="https://acme.atlassian.net")
    with pytest.raises(ValidationError, match=says) as refused:
        settings(fake, **wrong)
    assert TOKEN not in str(refused.value)


def test_statuses_and_priorities_are_what_the_settings_say() -> None:
    fake = FakeJira(url="https://acme.atlassian.net")
    told = settings(fake, jira_statuses="Ready to go=scheduled, On Hold=blocked", jira_priorities="Urgent=P0")
    assert {name: value.value for name, value in told.statuses.items()} == {
        "ready to go": "scheduled",
        "on hold": "blocked",
    }
    assert told.priorities["urgent"].value == "P0"
    assert SecretStr(TOKEN) == told.jira_api_token
    assert list(told.teams) == ["alpha", "beta"]
    without = settings(fake, **WITHIN | {"jira_teams": "", "jira_products": ""})
    assert (list(without.teams), list(without.products)) == (["shop"], ["shop"])


async def test_a_site_that_is_away_is_said_to_be(database: Database, tenant: str) -> None:
    async with opened(FakeJira(url="http://127.0.0.1:9"), database, tenant) as tracker:
        with pytest.raises(Away, match="Jira cannot be reached"):
            await tracker.stories(EVERYTHING, StoryQuery())
        leave = grant()
        with pytest.raises(Away):
            await tracker.create_story(leave, draft())
        assert await tracker.what_happened(leave.id) is None
