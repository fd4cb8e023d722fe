"""An organisation of several workspaces (Enterprise Grid): one installation, everybody of it at home."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from governance.directory import person_by_id
from governance.places import Audience, Place
from simulators.slack import FakeSlack, events
from simulators.slack.rendered import user_json
from storage.embedded import EmbeddedServer
from tests.office import Office, offices

GROUP, ACME, EAST = "E0GROUP", "T0ACME", "T0EAST"


@pytest.fixture(scope="module")
async def office(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Office]:
    """The department is at home in one workspace; Amanda has an account in the other."""
    async with (
        await FakeSlack.start(enterprise=GROUP, installed=False) as slack,
        offices(server, tmp_path_factory.mktemp("office")) as open_office,
    ):
        slack.add_workspace(EAST, "East", enterprise=GROUP)
        slack.install(GROUP)
        slack.admin.adds("amanda.east", team=EAST, email=slack.user("amanda").user.email)
        yield await open_office(slack)


async def _direct(office: Office, person: str) -> Place | None:
    async with office.installation.database.statements(office.tenant) as tx:
        return await office.installation.adapters["slack"].direct(tx, await person_by_id(tx, person))


async def _linked(office: Office, user: str) -> list[str]:
    query = "SELECT person FROM identities WHERE identity LIKE :like"
    return [person for (person,) in await office.rows(query, like=f"slack:%/{user}")]


@pytest.mark.parametrize(("who", "name"), [("david", "David"), ("amanda.east", "Amanda")])
async def test_people_of_every_workspace_are_answered_as_who_they_are(
    office: Office, who: str, name: str
) -> None:
    asked = await office.slack.user(who).says("/whoami", dm=True)
    answer = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts)
    assert name in answer.all_text


async def test_who_has_not_spoken_yet_is_found_by_their_address(office: Office) -> None:
    place = await _direct(office, "carlos")
    assert place is not None
    assert place.channel == f"{GROUP}/{ACME}/{office.slack.user('carlos').dm.id}"


async def test_a_channel_is_found_by_its_name(office: Office) -> None:
    async with office.installation.database.statements(office.tenant) as tx:
        place = await office.installation.adapters["slack"].channel(tx, "releases")
    assert place is not None
    assert place.channel == f"{GROUP}/{ACME}/{office.slack.channel('releases').id}"
    assert place.audience is Audience.DEPARTMENT


async def test_a_button_works_for_a_member_from_another_workspace(office: Office) -> None:
    east = office.slack.user("amanda.east")
    office.slack.channel("engineering").members.append(east.id)
    asked = await office.slack.user("david").says("@bot /status", channel="engineering")
    card = await office.slack.wait_for(lambda m: m.thread_ts == asked.ts and m.buttons)
    await east.presses(card.buttons[0], on=card)
    await office.settled()
    pressed = await office.rows("SELECT identity, what->>'token' FROM inbox WHERE what->>'kind' = 'clicked'")
    assert [(identity, bool(token)) for identity, token in pressed] == [
        (f"slack:{GROUP}/{EAST}/{east.id}", True)
    ]
    assert not [m for m in office.slack.messages() if "no longer connected" in m.all_text]


async def test_who_leaves_speaks_as_nobody_in_every_workspace(office: Office) -> None:
    east = office.slack.user("amanda.east")
    await east.says("/whoami", dm=True)
    await office.settled()
    assert set(await _linked(office, east.id)) == {"amanda"}
    east.user.deleted = True
    gone = {"type": "user_change", "user": user_json(office.slack.state, east.user)}
    # In the name of another workspace than she spoke from.
    await events.announce(office.slack, ACME, gone)
    assert await _linked(office, east.id) == []


@pytest.mark.parametrize("is_said_to_be_shared", [True, False])
async def test_another_companys_organisation_is_foreign_whatever_address_it_gives_its_people(
    office: Office, is_said_to_be_shared: bool
) -> None:
    slack = office.slack
    team = f"T9X{is_said_to_be_shared:d}"
    slack.add_workspace(team, "Elsewhere", enterprise="E9ELSEWHERE")
    mallory = slack.admin.adds(f"mallory{team}", team=team, email=slack.user("david").user.email)
    channel = slack.channel("releases")
    channel.members.append(mallory.id)
    channel.is_ext_shared = is_said_to_be_shared
    asked = await slack.user(mallory.handle).says("@bot /status", channel="releases")
    answer = await slack.wait_for(lambda m: m.thread_ts == asked.ts)
    refused = ("I did nothing", "I cannot answer that here")  # the second where it is known who reads along
    assert any(words in answer.all_text for words in refused)
    assert "stories" not in answer.all_text
    await slack.user(mallory.handle).runs("/eng /whoami", channel="releases")
    await office.settled()
    assert await _linked(office, mallory.id) == []
