"""Speaking first: people are reached in their own chat, which is opened or installed where there is none."""

from __future__ import annotations

import uuid

import pytest

from bot.platforms.adapter import PlatformAway
from governance.directory import person_by_id
from governance.places import Audience, Place
from simulators.teams import Human
from tests.office import TeamsOffice


async def _direct(office: TeamsOffice, person: str) -> Place | None:
    adapter = office.installation.adapters["teams"]
    async with office.installation.database.statements(office.tenant) as tx:
        return await adapter.direct(tx, await person_by_id(tx, person))


async def _link(office: TeamsOffice, person: str) -> Human:
    """Somebody whose account in Teams is known, and who has no chat with the bot."""
    human = office.teams.world.add_person(f"{person}-{uuid.uuid4().hex[:6]}")
    await office.rows(
        "INSERT INTO identities (identity, person) VALUES (:identity, :person) RETURNING 1",
        identity=f"teams:{office.teams.world.tenant}/{human.id}",
        person=person,
    )
    return human


async def test_whoever_has_a_chat_is_reached_there(empty_office: TeamsOffice) -> None:
    human = await _link(empty_office, "owen.tregarth")
    await empty_office.person(human.name).says("/status")
    created = empty_office.teams.faults.count("create")
    place = await _direct(empty_office, "owen.tregarth")
    assert place == Place("teams", f"a:1-{human.name}", "main", Audience.DIRECT)
    assert empty_office.teams.faults.count("create") == created


async def test_whoever_is_in_a_team_with_the_bot_gets_a_chat(empty_office: TeamsOffice) -> None:
    human = await _link(empty_office, "lucia.ferrand")
    channel = empty_office.teams.world.add_channel("rota", ["david", human.name], team="lucia")
    await empty_office.person("david").says("@bot /status", to=channel)
    place = await _direct(empty_office, "lucia.ferrand")
    assert place == Place("teams", f"a:1-{human.name}", "main", Audience.DIRECT)
    assert await _direct(empty_office, "lucia.ferrand") == place, "and keeps it"


async def test_whoever_has_not_the_app_gets_it_installed(empty_office: TeamsOffice) -> None:
    human = await _link(empty_office, "pavel.hruska")
    await empty_office.person("david").says("/status")
    place = await _direct(empty_office, "pavel.hruska")
    assert place == Place("teams", f"a:1-{human.name}", "main", Audience.DIRECT)
    assert human.name in empty_office.teams.graph.installed


@pytest.mark.parametrize("why", ["forbidden", "not in the catalogue"])
async def test_who_cannot_be_reached_is_not_tried_each_time(
    empty_office: TeamsOffice, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = {"forbidden": "farida.haddadi", "not in the catalogue": "jonas.ekberg"}[why]
    await _link(empty_office, person)
    await empty_office.person("david").says("/status")
    monkeypatch.setattr(empty_office.teams.world, "in_catalogue", why == "forbidden")
    monkeypatch.setattr(empty_office.teams.graph, "forbidden", {"installing"} if why == "forbidden" else set())
    assert await _direct(empty_office, person) is None
    created = empty_office.teams.faults.count("create")
    assert await _direct(empty_office, person) is None
    assert empty_office.teams.faults.count("create") == created


async def test_while_teams_is_away_it_is_tried_again(empty_office: TeamsOffice) -> None:
    await _link(empty_office, "mei.tanemori")
    await empty_office.person("david").says("/status")
    empty_office.teams.faults.add("create", 503)
    with pytest.raises(PlatformAway):
        await _direct(empty_office, "mei.tanemori")
    assert await _direct(empty_office, "mei.tanemori") is not None


async def test_who_has_not_spoken_yet_is_found_by_their_address(empty_office: TeamsOffice) -> None:
    await empty_office.person("david").says("/status")
    assert await _direct(empty_office, "adaeze.nwosu") == Place(
        "teams", "a:1-adaeze.nwosu", "main", Audience.DIRECT
    )


async def test_who_is_not_in_teams_is_not_looked_for_each_time(empty_office: TeamsOffice) -> None:
    await empty_office.person("david").says("/status")
    del empty_office.teams.world.people["greta.holmstrom"]
    assert await _direct(empty_office, "greta.holmstrom") is None
    asked = empty_office.teams.faults.count("graph")
    assert await _direct(empty_office, "greta.holmstrom") is None
    assert empty_office.teams.faults.count("graph") == asked


async def test_a_channel_is_known_by_name_once_somebody_spoke_to_the_bot_there(
    own_office: TeamsOffice,
) -> None:
    async def channel(name: str) -> Place | None:
        async with own_office.installation.database.statements(own_office.tenant) as tx:
            return await own_office.installation.adapters["teams"].channel(tx, name)

    assert await channel("releases") is None
    releases = own_office.teams.world.named("releases")
    await own_office.answered(await own_office.person("david").says("@bot /status", to=releases))
    place = await channel("releases")
    assert place
    assert (place.channel, place.audience) == (releases.id, Audience.DEPARTMENT)
    assert place.thread.startswith("new-")


async def test_whoever_adds_the_bot_is_welcomed_once_and_known_from_then_on(own_office: TeamsOffice) -> None:
    helena = own_office.person("helena")
    await helena.adds_bot()
    welcome = await own_office.teams.wait_for(lambda each: each.conversation == helena.chat.id)
    assert "in your own words" in welcome.all_text
    await own_office.settled()
    assert len(helena.chat.messages) == 1
    await helena.presses("What can you do?", welcome)
    await own_office.teams.wait_for(lambda each: "What you can ask me" in each.all_text, after=welcome)
    assert await _direct(own_office, "helena") == Place("teams", "a:1-helena", "main", Audience.DIRECT)
